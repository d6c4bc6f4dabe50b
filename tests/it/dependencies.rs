//! The supply chain as `deny.toml` wants it, and a reason beside every dependency; needs no tool and no network.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use toml::{Table, Value};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn text(file: &str) -> String {
    fs::read_to_string(root().join(file)).unwrap_or_else(|e| panic!("{file}: {e}"))
}

fn table(file: &str) -> Table {
    text(file).parse().unwrap_or_else(|e| panic!("{file}: {e}"))
}

fn strings(value: &Value) -> Vec<String> {
    value.as_array().unwrap().iter().map(|item| item.as_str().unwrap().to_owned()).collect()
}

fn locked() -> Vec<Table> {
    let lock = table("Cargo.lock");
    lock["package"].as_array().unwrap().iter().map(|package| package.as_table().unwrap().clone()).collect()
}

#[test]
fn no_banned_crate_is_in_the_tree() {
    let deny = table("deny.toml");
    let bans = deny["bans"]["deny"].as_array().unwrap();
    let names: BTreeSet<&str> = bans.iter().map(|ban| ban["crate"].as_str().unwrap()).collect();
    for must in ["aws-lc-sys", "openssl-sys", "libdbus-sys"] {
        assert!(names.contains(must), "deny.toml no longer bans {must}");
    }
    assert!(bans.iter().all(|ban| ban.get("reason").is_some()), "every ban says why");
    let found: Vec<String> = locked()
        .iter()
        .map(|package| package["name"].as_str().unwrap().to_owned())
        .filter(|name| names.contains(name.as_str()))
        .collect();
    assert!(found.is_empty(), "Cargo.lock holds what deny.toml bans: {found:?} (cargo tree --target all -i NAME)");
}

#[test]
fn every_crate_comes_from_one_registry() {
    let mut sources = BTreeSet::new();
    for package in locked() {
        let name = package["name"].as_str().unwrap().to_owned();
        match package.get("source").and_then(Value::as_str) {
            Some(source) => {
                assert!(source.starts_with("registry+"), "{name} comes from {source}");
                assert!(package.contains_key("checksum"), "{name} has no checksum");
                sources.insert(source.to_owned());
            }
            None => assert!(
                ["watchfloor", "watchfloor-base", "watchfloor-proto"].contains(&name.as_str()),
                "{name} comes from a path"
            ),
        }
    }
    assert_eq!(sources.len(), 1, "more than one registry: {sources:?}");
}

/// Whether a licence expression (SPDX, and the older `A/B`) can be met with the allowed ones.
fn met(expression: &str, allowed: &BTreeSet<String>) -> bool {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ").replace(" WITH ", "+with+");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut at = 0;
    let answer = either(&words, &mut at, allowed);
    answer && at == words.len()
}

fn either(words: &[&str], at: &mut usize, allowed: &BTreeSet<String>) -> bool {
    let mut answer = both(words, at, allowed);
    while words.get(*at) == Some(&"OR") {
        *at += 1;
        answer |= both(words, at, allowed);
    }
    answer
}

fn both(words: &[&str], at: &mut usize, allowed: &BTreeSet<String>) -> bool {
    let mut answer = one(words, at, allowed);
    while words.get(*at) == Some(&"AND") {
        *at += 1;
        answer &= one(words, at, allowed);
    }
    answer
}

fn one(words: &[&str], at: &mut usize, allowed: &BTreeSet<String>) -> bool {
    let Some(word) = words.get(*at) else { return false };
    *at += 1;
    if *word == "(" {
        let answer = either(words, at, allowed);
        *at += 1;
        return answer;
    }
    allowed.contains(*word)
}

#[test]
fn licence_expressions_are_read_as_spdx_says() {
    let allowed: BTreeSet<String> = ["MIT", "ISC"].map(str::to_owned).into();
    for (expression, expected) in [
        ("MIT", true),
        ("GPL-3.0", false),
        ("GPL-3.0 OR MIT", true),
        ("GPL-3.0/MIT", true),
        ("MIT AND ISC", true),
        ("MIT AND GPL-3.0", false),
        ("(GPL-3.0 OR MIT) AND ISC", true),
        ("GPL-3.0 OR MIT AND Zlib", false),
        ("MIT WITH Some-exception", false),
        ("", false),
    ] {
        assert_eq!(met(expression, &allowed), expected, "{expression}");
    }
}

#[test]
fn every_licence_is_allowed() {
    let deny = table("deny.toml");
    let allowed: BTreeSet<String> = strings(&deny["licenses"]["allow"]).into_iter().collect();
    let exceptions = deny["licenses"]["exceptions"].as_array().unwrap();
    // Cargo itself says which crates a build takes: features and platform are resolved.
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["tree", "--offline", "--locked", "--all-features", "--edges", "normal,build,dev", "--prefix", "none"])
        .args(["--format", "{p}|{l}"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    // An empty line parts one package of the workspace from the next.
    let tree = String::from_utf8(output.stdout).unwrap();
    let lines: BTreeSet<&str> = tree.lines().filter(|line| !line.is_empty()).collect();
    assert!(lines.len() > 100, "only {} crates listed", lines.len());
    let mut refused = Vec::new();
    for line in &lines {
        let (package, licence) = line.split_once('|').unwrap_or((line, ""));
        let name = package.split(' ').next().unwrap_or(package);
        let mut here = allowed.clone();
        for exception in exceptions.iter().filter(|exception| exception["crate"].as_str() == Some(name)) {
            here.extend(strings(&exception["allow"]));
        }
        // Cargo marks a crate that it lists again with (*).
        if !met(licence.trim_end_matches(" (*)"), &here) {
            refused.push(format!("{name}: {licence:?}"));
        }
    }
    assert!(refused.is_empty(), "licences that deny.toml does not allow: {refused:#?}");
}

#[test]
fn every_dependency_says_why() {
    let manifests = text("Cargo.toml") + &text("src/Cargo.toml") + &text("proto/Cargo.toml");
    let mut silent = Vec::new();
    let (mut inside, mut reasoned) = (false, false);
    for line in manifests.lines().map(str::trim) {
        if line.starts_with('[') {
            inside = line.trim_matches(['[', ']']).ends_with("dependencies");
            reasoned = false;
        } else if line.is_empty() {
            reasoned = false;
        } else if line.starts_with('#') {
            reasoned = true;
        } else if inside && line.contains('=') && !reasoned && !line.contains(" # ") && !line.contains("  #") {
            silent.push(line.to_owned());
        }
    }
    assert!(silent.is_empty(), "dependencies without a reason beside or above them: {silent:#?}");
}
