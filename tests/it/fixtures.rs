//! Files that tests compare with, written anew where `UPDATE_FIXTURES=1` is set.

use std::path::PathBuf;

/// Where fixtures lie.
pub fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

/// Whether fixtures are to be written anew.
pub fn updating() -> bool {
    std::env::var_os("UPDATE_FIXTURES").is_some_and(|value| value == "1")
}

/// The fixture's bytes; where they are to be written anew, `made` becomes the fixture first.
pub fn bytes(name: &str, made: impl FnOnce() -> Vec<u8>) -> Vec<u8> {
    let path = path(name);
    if updating() {
        std::fs::write(&path, made()).unwrap_or_else(|error| panic!("writing {}: {error}", path.display()));
    }
    std::fs::read(&path)
        .unwrap_or_else(|error| panic!("reading {}: {error}; make it with UPDATE_FIXTURES=1", path.display()))
}

/// Fails with the lines in which `now` differs from the fixture.
pub fn assert_same_lines(name: &str, now: &str, hint: &str) {
    let kept = bytes(name, || now.into());
    let kept = String::from_utf8(kept).unwrap_or_else(|error| panic!("{name}: {error}"));
    let gone: Vec<&str> = kept.lines().filter(|line| !now.lines().any(|other| other == *line)).collect();
    let new: Vec<&str> = now.lines().filter(|line| !kept.lines().any(|other| other == *line)).collect();
    assert!(
        kept == now,
        "{name} differs.\nonly in the fixture:\n  {}\nonly now:\n  {}\n{hint}",
        gone.join("\n  "),
        new.join("\n  ")
    );
}
