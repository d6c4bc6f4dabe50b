//! The house's import rule, held on parsed code.
//!
//! ```text
//! cli → {agent, hub, console} → link → {wire, trust, settings} → fleet
//! inside fleet: rules → derived → state → {fact, domains} → words
//! ```
//!
//! Every `use`, `pub use` and inline path counts, inside macros too; `super::` and `self::` are resolved, and a name
//! that a module only re-exports counts as an import of the file that defines it. A `mod` line is no import.

mod cycles;
mod imports;
mod itself;
mod rules;
mod tree;

use std::fs;
use std::path::Path;

use tree::Tree;

/// One file of the tree, its path below the source root with `/`.
#[derive(Clone, Debug)]
struct Source {
    path: String,
    text: String,
}

/// What is wrong, where, by which rule.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Violation {
    path: String,
    line: usize,
    rule: String,
}

impl std::fmt::Display for Violation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.rule)
    }
}

/// Everything wrong with a tree of sources, in order of file and line.
fn check(sources: &[Source]) -> Vec<Violation> {
    let (tree, mut violations) = Tree::build(sources);
    let imports = imports::of(&tree);
    violations.extend(rules::broken(&tree, &imports));
    violations.extend(cycles::found(&tree, &imports));
    violations.sort();
    violations.dedup();
    violations
}

fn read(directory: &Path) -> Vec<Source> {
    let mut sources = Vec::new();
    let mut folders = vec![directory.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for item in fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display())) {
            let path = item.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(directory).unwrap().to_str().unwrap().replace('\\', "/");
                sources.push(Source { path: name, text: fs::read_to_string(&path).unwrap() });
            }
        }
    }
    sources.sort_by(|a, b| a.path.cmp(&b.path));
    sources
}

fn listed(violations: &[Violation]) -> String {
    violations.iter().map(|violation| format!("\n  {violation}")).collect()
}

#[test]
fn imports_point_only_to_the_right() {
    let sources = read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"));
    assert!(sources.len() > 100, "only {} files found: the check would prove nothing", sources.len());
    let violations = check(&sources);
    assert!(violations.is_empty(), "{} broken:{}", violations.len(), listed(&violations));
}

#[test]
fn no_file_passes_a_thousand_lines() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let long: Vec<String> = ["src", "tests", "benches"]
        .iter()
        .flat_map(|folder| read(&root.join(folder)).into_iter().map(move |source| (folder, source)))
        .filter(|(_, source)| source.text.lines().count() > rules::LONGEST_FILE)
        .map(|(folder, source)| format!("{folder}/{}: {} lines", source.path, source.text.lines().count()))
        .collect();
    assert!(long.is_empty(), "files of more than {} lines: {long:#?}", rules::LONGEST_FILE);
}
