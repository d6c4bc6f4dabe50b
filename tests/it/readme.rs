//! The keys in README are those of the key map.

use std::path::PathBuf;

use watchfloor::console::keymap::Keymap;

use crate::fixtures;

const BEGIN: &str = "<!-- keys: made from the action table; `UPDATE_FIXTURES=1 tests/run` writes it anew -->\n";
const END: &str = "<!-- end of keys -->";

#[test]
fn the_keys_in_readme_are_those_of_the_key_map() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = text.split_once(BEGIN).expect("README marks where the keys begin");
    let (_, after) = rest.split_once(END).expect("README marks where the keys end");
    let keys = Keymap::built_in().unwrap().reference_markdown();
    let sections = keys.find("\n## ").and_then(|at| keys.get(at..)).expect("the reference has sections");
    let keys = sections.replace("\n## ", "\n### ");
    let now = format!("{before}{BEGIN}\n{}\n\n{END}{after}", keys.trim());
    if fixtures::updating() {
        std::fs::write(&path, &now).unwrap();
    }
    assert!(
        std::fs::read_to_string(&path).unwrap() == now,
        "the keys in README are not those of the key map: write them anew with UPDATE_FIXTURES=1"
    );
}
