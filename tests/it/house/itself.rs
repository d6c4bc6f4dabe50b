//! The check, checked: small trees with one fault each.

use super::{Source, check, listed};

/// A tree of the files given, with the `mod` lines that make it whole.
fn tree(files: &[(&str, &str)]) -> Vec<Source> {
    let mut texts: std::collections::BTreeMap<String, String> = std::collections::BTreeMap::new();
    texts.insert("lib.rs".into(), String::new());
    for (path, text) in files {
        texts.entry((*path).into()).or_default().push_str(text);
        let mut path = (*path).to_owned();
        while path != "lib.rs" && path != "main.rs" {
            let stem = path.strip_suffix("/mod.rs").or_else(|| path.strip_suffix(".rs")).unwrap();
            let (folder, name) = stem.rsplit_once('/').unwrap_or(("", stem));
            let above = if folder.is_empty() { "lib.rs".to_owned() } else { format!("{folder}/mod.rs") };
            let line = format!("\npub mod {name};");
            let text = texts.entry(above.clone()).or_default();
            if !text.contains(&format!("mod {name};")) {
                text.push_str(&line);
            }
            path = above;
        }
    }
    texts.into_iter().map(|(path, text)| Source { path, text }).collect()
}

#[track_caller]
fn clean(files: &[(&str, &str)]) {
    let violations = check(&tree(files));
    assert!(violations.is_empty(), "{}", listed(&violations));
}

/// Exactly one line breaks a rule: `at` is `path:line`, `rule` part of what is said.
#[track_caller]
fn broken(files: &[(&str, &str)], at: &str, rule: &str) {
    let violations = check(&tree(files));
    let shown = listed(&violations);
    assert_eq!(violations.len(), 1, "expected one violation at {at}: {shown}");
    assert!(shown.contains(&format!("{at}: ")) && shown.contains(rule), "expected {at}: …{rule}…, got {shown}");
}

const STATE: (&str, &str) = ("fleet/state.rs", "pub struct Fleet;");
const HUB: (&str, &str) = ("hub/mod.rs", "pub struct Hub;");
const LINK: (&str, &str) = ("link/mod.rs", "pub struct Link;");

#[test]
fn imports_to_the_right_pass() {
    clean(&[
        ("main.rs", "fn main() { watchfloor::cli::run() }"),
        ("cli/mod.rs", "use crate::hub::Hub; use crate::fleet::state::Fleet; pub fn run() {}"),
        ("hub/core.rs", "use crate::link; type L = link::Link; type F = crate::fleet::state::Fleet;"),
        (
            "fleet/rules/decide.rs",
            "use crate::fleet::state::Fleet; use crate::fleet::alerts; use crate::fleet::words::*;",
        ),
        ("fleet/state.rs", "use crate::fleet::alerts::Alerts;"),
        ("fleet/alerts/mod.rs", "use crate::fleet::words::Severity; pub struct Alerts;"),
        ("fleet/words/mod.rs", "pub struct Severity;"),
        STATE,
        HUB,
        LINK,
    ]);
}

#[test]
fn an_import_to_the_left_is_found_however_it_is_written() {
    for text in [
        "use crate::hub::Hub;",
        "use crate::{hub::{self}};",
        "pub use crate::hub::Hub as Centre;",
        "fn f() { let _ = crate::hub::Hub; }",
        "fn f(_: &crate::hub::Hub) {}",
        "fn f() { use super::hub::Hub; let _: Hub; }",
        "type H = super::hub::Hub;",
        "fn f() { vec![super::hub::Hub]; }",
        "fn f() { assert!(matches!(0, x if x == crate::hub::Hub)); }",
        "macro_rules! m { () => { $crate::hub::Hub } }",
        "#[derive(crate::hub::Hub)] struct S;",
        "mod inner { type H = super::super::hub::Hub; }",
        "use crate::hub::*;",
        "#[cfg(test)] mod tests { use crate::hub::Hub; }",
    ] {
        let files = [("link/mod.rs", text), HUB];
        let violations = check(&tree(&files));
        assert!(
            violations
                .iter()
                .any(|v| v.path == "link/mod.rs" && v.line == 1 && v.rule.contains("link must not import hub")),
            "{text}: {}",
            listed(&violations)
        );
    }
}

#[test]
fn siblings_do_not_import_each_other() {
    let console = ("console/mod.rs", "\n\nuse crate::hub::Hub;");
    broken(&[console, HUB], "console/mod.rs:3", "console must not import hub");
    let trust = ("trust/mod.rs", "use crate::wire::Entry;");
    broken(&[trust, ("wire/mod.rs", "pub struct Entry;")], "trust/mod.rs:1", "trust must not import wire");
}

#[test]
fn nobody_imports_the_binary_or_a_new_folder_unasked() {
    broken(&[("shared/mod.rs", "")], "shared/mod.rs:1", "no part of the house");
    broken(&[("main.rs", "use watchfloor::hub::Hub;"), HUB], "main.rs:1", "main must not import hub");
}

#[test]
fn the_order_inside_fleet_holds() {
    let hosts = ("fleet/hosts/mod.rs", "pub struct Hosts;");
    let alerts = ("fleet/alerts/mod.rs", "use crate::fleet::hosts::Hosts;");
    broken(&[alerts, hosts], "fleet/alerts/mod.rs:1", "domain alerts must not import domain hosts");
    let words = ("fleet/words/ids.rs", "type H = crate::fleet::hosts::Hosts;");
    broken(&[words, hosts], "fleet/words/ids.rs:1", "fleet::words must not import fleet::hosts");
    let state = ("fleet/state.rs", "use crate::fleet::rules::decide;");
    broken(&[state, ("fleet/rules/mod.rs", "pub fn decide() {}")], "fleet/state.rs:1", "rules → derived → state");
    let domain = ("fleet/hosts/host.rs", "use super::super::state::Fleet;");
    let violations = check(&tree(&[domain, STATE]));
    assert_eq!(violations.len(), 2, "the layer, and super::super: {}", listed(&violations));
}

#[test]
fn fleet_is_pure() {
    for (text, name) in [
        ("use tokio::time;", "tokio"),
        ("use std::fs;", "std::fs"),
        ("use std::{io::Write, fmt};", "std::io"),
        ("use std::time; fn now() { time::SystemTime::now(); }", "std::time::SystemTime"),
        ("fn now() { ::std::time::Instant::now(); }", "std::time::Instant"),
        ("#[derive(prost::Message)] struct M;", "prost"),
        ("async fn f() { tokio::select! { _ = f() => {} } }", "tokio"),
    ] {
        broken(&[("fleet/state.rs", text)], "fleet/state.rs:1", &format!("must not use {name}:"));
    }
    clean(&[("fleet/state.rs", "use std::time::Duration; use std::collections::BTreeMap; use jiff::Timestamp;")]);
}

#[test]
fn only_console_terminal_talks_to_the_terminal() {
    let terminal = ("console/terminal/mod.rs", "use crossterm::event; fn f() { std::io::stdout(); }");
    clean(&[terminal]);
    let app = "console/app.rs";
    broken(&[(app, "use crossterm::event;")], "console/app.rs:1", "only console/terminal");
    broken(&[(app, "use ratatui::crossterm::event;")], "console/app.rs:1", "only console/terminal");
    broken(&[(app, "use std::io; fn f() { io::stdout(); }")], "console/app.rs:1", "std::io::stdout");
    broken(&[(app, "fn f() { println!(\"x\"); }")], "console/app.rs:1", "std::println");
    broken(&[("hub/mod.rs", "fn f() { if true { eprintln!(\"x\") } }")], "hub/mod.rs:1", "std::eprintln");
    clean(&[("cli/mod.rs", "fn f() { println!(\"x\"); }")]);
}

#[test]
fn walls_inside_a_folder_hold() {
    let app = ("console/app/mod.rs", "pub struct App;");
    let screen = ("console/screens/alerts.rs", "use crate::console::app::App;");
    broken(&[screen, app], "console/screens/alerts.rs:1", "never see App");
    let core = ("hub/core/task.rs", "use crate::hub::journal::Sqlite;");
    let journal = ("hub/journal/mod.rs", "mod sqlite; pub use sqlite::Sqlite; pub mod port;");
    let files = [core, journal, ("hub/journal/sqlite.rs", "pub struct Sqlite;"), ("hub/journal/port.rs", "")];
    broken(&files, "hub/core/task.rs:1", "the core knows the journal by its port");
}

#[test]
fn a_re_export_counts_as_the_file_that_defines() {
    // Through two re-exports, a rename, a glob and an alias of a module.
    let files = [
        ("fleet/words/mod.rs", "pub use ids::*; pub use time::Stamp as When;"),
        ("fleet/words/ids.rs", "pub struct HostId; type W = crate::fleet::words::When;"),
        ("fleet/words/time.rs", "use crate::fleet::words as w; pub struct Stamp; type H = w::HostId;"),
    ];
    let violations = check(&tree(&files));
    assert_eq!(violations.len(), 2, "one circle of two files: {}", listed(&violations));
    assert!(violations.iter().all(|v| v.rule.contains("fleet/words/ids.rs → fleet/words/time.rs")));
}

#[test]
fn circles_of_files_are_found() {
    let files = [
        ("hub/a.rs", "use crate::hub::b::B; pub struct A;"),
        ("hub/b.rs", "\nuse crate::hub::c::C; pub struct B;"),
        ("hub/c.rs", "\n\ntype A = super::a::A; pub struct C;"),
    ];
    let violations = check(&tree(&files));
    let shown = listed(&violations);
    assert_eq!(violations.len(), 3, "{shown}");
    for at in ["hub/a.rs:1", "hub/b.rs:2", "hub/c.rs:3"] {
        assert!(shown.contains(at), "{at} in {shown}");
    }
    assert!(shown.contains("circle of files: hub/a.rs → hub/b.rs → hub/c.rs → hub/a.rs"), "{shown}");
}

#[test]
fn a_module_file_and_its_part_are_a_circle_only_if_both_import() {
    let part = ("hub/doors/peer.rs", "use crate::hub::doors::Door; pub struct Peer;");
    clean(&[("hub/doors/mod.rs", "pub mod peer; pub struct Door;"), part]);
    let files = [("hub/doors/mod.rs", "pub mod peer; pub use peer::Peer; pub struct Door;"), part];
    assert_eq!(check(&tree(&files)).len(), 2);
}

#[test]
fn circles_of_folders_are_found_where_no_files_make_one() {
    let files = [
        ("hub/watch/feed.rs", "use crate::hub::core::head::Head;"),
        ("hub/watch/outlet.rs", "pub struct Outlet;"),
        ("hub/core/task.rs", "use crate::hub::watch::outlet::Outlet;"),
        ("hub/core/head.rs", "pub struct Head;"),
    ];
    let violations = check(&tree(&files));
    assert_eq!(violations.len(), 2, "{}", listed(&violations));
    assert!(violations.iter().all(|v| v.rule.contains("circle of folders: hub/core/ → hub/watch/ → hub/core/")));
}

#[test]
fn tests_may_close_a_circle_but_not_break_a_layer() {
    let parse = ("hub/parse.rs", "use crate::hub::key::Key; pub fn parse() {}");
    let key = ("hub/key.rs", "pub struct Key; #[cfg(test)] mod tests { use crate::hub::parse::parse; }");
    clean(&[parse, key]);
    let tests = ("hub/mod.rs", "#[cfg(test)] mod tests; pub use parse::parse;");
    clean(&[tests, parse, ("hub/key.rs", "pub struct Key;"), ("hub/tests.rs", "use crate::hub::parse;")]);
}

#[test]
fn a_name_of_the_file_hides_a_crate() {
    // `prost` here is a module of ours, not the crate.
    clean(&[("fleet/words/mod.rs", "mod prost { pub struct M; } type M = prost::M;")]);
}

#[test]
fn files_that_nothing_compiles_are_found() {
    let mut sources = tree(&[HUB]);
    sources.push(Source { path: "hub/lost.rs".into(), text: String::new() });
    let violations = check(&sources);
    assert_eq!(listed(&violations), "\n  hub/lost.rs:1: no `mod` line names this file: nothing compiles it");
    sources.push(Source { path: "hub/torn.rs".into(), text: "fn (".into() });
    assert!(check(&sources).iter().any(|v| v.path == "hub/torn.rs" && v.rule.contains("does not parse")));
}
