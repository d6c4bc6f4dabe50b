//! The rules on single imports: layers, siblings, what the pure part must not know, who talks to the terminal.

use super::Violation;
use super::imports::Import;
use super::tree::{Target, Tree};

/// A file of more lines has more than one job.
pub(super) const LONGEST_FILE: usize = 1000;

/// A folder of `src/` and what it may import besides itself.
const LAYERS: &[(&str, &[&str])] = &[
    ("lib", &["agent", "console", "fleet", "link", "settings", "trust", "wire"]),
    ("base", &[]),
    ("main", &["lib", "cli"]),
    ("cli", &["agent", "hub", "console", "link", "wire", "trust", "settings", "fleet"]),
    ("agent", &["link", "wire", "trust", "settings", "fleet"]),
    ("hub", &["link", "wire", "trust", "settings", "fleet"]),
    ("console", &["link", "wire", "trust", "settings", "fleet"]),
    ("link", &["wire", "trust", "settings", "fleet"]),
    ("wire", &["fleet"]),
    ("trust", &["fleet"]),
    ("settings", &["fleet"]),
    ("fleet", &[]),
];

/// Part of the tree, what it must not use, why. A name matches a whole path or the front of it; the first part whose
/// exceptions cover the file is skipped.
struct Ban {
    /// Files whose path begins so.
    within: &'static str,
    /// But not those whose path begins with one of these.
    except: &'static [&'static str],
    names: &'static [&'static str],
    why: &'static str,
}

const BANS: &[Ban] = &[
    Ban {
        within: "fleet/",
        except: &[],
        names: &[
            "tokio",
            "tokio_stream",
            "tokio_util",
            "futures_util",
            "tonic",
            "tonic_prost",
            "tonic_health",
            "prost",
            "prost_types",
            "hyper_util",
            "axum",
            "tower",
            "rustls",
            "ratatui",
            "crossterm",
            "rusqlite",
            "nix",
            "procfs",
            "ring",
        ],
        why: "fleet is pure: no runtime, no wire format, no terminal, no database, no operating system",
    },
    Ban {
        within: "fleet/",
        except: &[],
        names: &["std::fs", "std::net", "std::process", "std::env", "std::thread", "std::io"],
        why: "fleet is pure: no input and output",
    },
    Ban {
        within: "fleet/",
        except: &[],
        names: &[
            "std::time::Instant",
            "std::time::SystemTime",
            "jiff::Timestamp::now",
            "jiff::Zoned::now",
            "jiff::tz::TimeZone::system",
        ],
        why: "fleet reads no clock and no zone of the machine: it is told the time",
    },
    Ban {
        within: "",
        except: &["console/terminal/"],
        names: &["crossterm", "ratatui::crossterm", "ratatui::init", "ratatui::restore", "ratatui::DefaultTerminal"],
        why: "only console/terminal talks to the terminal",
    },
    Ban {
        within: "console/",
        except: &["console/terminal/"],
        names: &["std::io::stdin", "std::io::stdout", "std::io::stderr"],
        why: "only console/terminal talks to the terminal",
    },
    Ban {
        within: "",
        except: &["cli/", "main.rs"],
        names: &["std::print", "std::println", "std::eprint", "std::eprintln"],
        why: "only a verb of the command line prints; the rest logs through tracing or returns an error",
    },
    Ban { within: "", except: &[], names: &["std::dbg"], why: "dbg! is for the desk" },
    Ban { within: "", except: &["hub/"], names: &["rusqlite"], why: "only the hub keeps a database, behind its ports" },
];

/// Files that must not know a part of their own folder: (importers, imported, why).
const WALLS: &[(&str, &str, &str)] = &[
    ("console/screens/", "console/app", "screens get their own state and replicas, return effects, never see App"),
    ("hub/core/", "hub/journal/sqlite", "the core knows the journal by its port"),
    ("hub/core/", "hub/history/", "the core knows only ports"),
    ("hub/core/", "hub/notices/", "the core knows only ports"),
];

pub(super) fn broken(tree: &Tree, imports: &[Import]) -> Vec<Violation> {
    let mut violations = Vec::new();
    for file in &tree.files {
        let folder = first(&file.path);
        if !LAYERS.iter().any(|(layer, _)| *layer == folder) {
            let rule = format!("`{folder}` is no part of the house: give it a layer in DESIGN's map and in this test");
            violations.push(Violation { path: file.path.clone(), line: 1, rule });
        }
    }
    for import in imports {
        let from = &tree.files[import.from].path;
        let rules = match &import.target {
            Target::File(target) | Target::Module(target) => between(from, &tree.files[*target].path),
            Target::Outside(path) => outside(from, path),
        };
        let twice_up = import.path.windows(2).any(|pair| pair[0] == "super" && pair[1] == "super");
        let rules = rules.into_iter().chain(twice_up.then(|| "`super::super`: write `crate::…`".to_owned()));
        violations.extend(rules.map(|rule| Violation {
            path: from.clone(),
            line: import.line,
            rule: format!("{rule} (`{}`)", import.path.join("::")),
        }));
    }
    violations
}

/// The first part of a path, without `.rs`.
fn first(path: &str) -> &str {
    let part = path.split('/').next().unwrap_or(path);
    part.strip_suffix(".rs").unwrap_or(part)
}

fn between(from: &str, to: &str) -> Vec<String> {
    let mut rules = Vec::new();
    let (above, below) = (first(from), first(to));
    let allowed = LAYERS.iter().find(|(layer, _)| *layer == above).map_or(&[][..], |(_, allowed)| allowed);
    if above != below && !allowed.contains(&below) {
        rules.push(format!("{above} must not import {below}: imports point only to the right"));
    }
    if above == "fleet" && below == "fleet" {
        rules.extend(inside_fleet(from, to));
    }
    for (importers, imported, why) in WALLS {
        if from.starts_with(importers) && to.starts_with(imported) {
            rules.push(format!("{importers} must not import {imported}: {why}"));
        }
    }
    rules
}

fn inside_fleet(from: &str, to: &str) -> Option<String> {
    let part = |path: &str| first(path.strip_prefix("fleet/").unwrap_or(path)).to_owned();
    let rank = |part: &str| match part {
        "mod" => 6,
        "rules" => 5,
        "derived" => 4,
        "state" => 3,
        "fact" => 2,
        "words" => 0,
        _domain => 1,
    };
    let (above, below) = (part(from), part(to));
    match rank(&above).cmp(&rank(&below)) {
        _ if above == below => None,
        std::cmp::Ordering::Greater => None,
        std::cmp::Ordering::Equal => Some(format!("domain {above} must not import domain {below}")),
        std::cmp::Ordering::Less => Some(format!(
            "fleet::{above} must not import fleet::{below}: rules → derived → state → {{fact, domains}} → words"
        )),
    }
}

fn outside(from: &str, path: &[String]) -> Vec<String> {
    let written = path.join("::");
    let matches = |name: &str| {
        written.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
            // `core` and `alloc` are names of the same things.
            || written.strip_prefix("core::").is_some_and(|rest| name.strip_prefix("std::") == Some(rest))
    };
    BANS.iter()
        .filter(|ban| from.starts_with(ban.within) && !ban.except.iter().any(|part| from.starts_with(part)))
        .filter_map(|ban| Some((ban, ban.names.iter().find(|name| matches(name))?)))
        .map(|(ban, name)| format!("must not use {name}: {}", ban.why))
        .collect()
}
