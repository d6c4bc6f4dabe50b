//! `checks.toml`: which checks which hosts get.

use crate::fleet::configuration::{CheckDefinition, Provenance, Selector};
use crate::settings::check_fields::{self, ReadCheck};
use crate::settings::problem::Problems;
use crate::settings::reader::{Names, Reader, Section};
use crate::settings::scope;

/// More rules than this would make resolving them slow on every enrolment.
const MOST_RULES: usize = 5000;
const OF_FLEET: [&str; 11] = [
    "name",
    "contact",
    "line",
    "contract",
    "hours",
    "timezone",
    "heartbeat",
    "sampling",
    "silent_after",
    "down_after",
    "history",
];

/// Reads the file; what could be read is given along with the problems.
pub(super) fn read(file: &str, text: &str) -> (Vec<CheckDefinition>, Problems) {
    let reader = Reader::new(file, text, (&OF_FLEET, "fleet.toml"));
    let mut found: Vec<(Selector, ReadCheck)> = Vec::new();
    reader.read(|top| {
        scope_of(top, &Selector::default(), &mut found);
        for (client, mut section) in scope::clients(top) {
            let selector = Selector { client: Some(client), ..Selector::default() };
            scope_of(&mut section, &selector, &mut found);
            for (site, mut section) in scope::sites(&mut section) {
                let selector = Selector { site: Some(site), ..selector.clone() };
                scope_of(&mut section, &selector, &mut found);
                section.refuse_unknown();
            }
            section.refuse_unknown();
        }
    });
    if found.len() > MOST_RULES {
        reader.note(0, "", format!("there are {} rules", found.len()), format!("write at most {MOST_RULES}"));
    }
    // In the order of the file, whatever the nesting.
    found.sort_by_key(|(_, check)| check.line);
    let (selectors, checks): (Vec<_>, Vec<_>) = found.into_iter().unzip();
    check_fields::refuse_inconsistent(&reader, &checks);
    let definitions = selectors
        .into_iter()
        .zip(checks)
        .map(|(selector, check)| CheckDefinition {
            name: check.name,
            source: Provenance { file: file.to_owned(), line: check.line, layer: selector.layer() },
            selector,
            fields: check.fields,
        })
        .collect();
    (definitions, reader.into_problems())
}

fn scope_of(section: &mut Section<'_>, selector: &Selector, found: &mut Vec<(Selector, ReadCheck)>) {
    checks_of(section, selector, found);
    for (selector, mut below) in scope::narrower(section, selector) {
        checks_of(&mut below, &selector, found);
        below.refuse_unknown();
    }
}

fn checks_of(section: &mut Section<'_>, selector: &Selector, found: &mut Vec<(Selector, ReadCheck)>) {
    for (name, mut check) in section.named("check", Names::Plain) {
        found.push((selector.clone(), check_fields::read(&name, &mut check, true)));
    }
}
