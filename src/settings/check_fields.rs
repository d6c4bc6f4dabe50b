//! The fields of one check, as a hub's and an agent's files write them.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::fleet::configuration::{CheckFields, Kind};
use crate::fleet::words::CheckName;
use crate::fleet::words::nearest::nearest;
use crate::settings::reader::{Reader, Section};

const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_secs(86_400);

/// What one section says about one check, with the places of its keys for what is found out later.
pub(super) struct ReadCheck {
    pub(super) name: CheckName,
    pub(super) fields: CheckFields,
    pub(super) line: u32,
    path: String,
    lines: BTreeMap<&'static str, u32>,
}

/// Reads a check's section; `layered` where other layers may come before and after it.
pub(super) fn read(name: &str, section: &mut Section<'_>, layered: bool) -> ReadCheck {
    let kinds = Kind::ALL.map(Kind::word);
    let mut fields = CheckFields {
        kind: section.word("kind", &kinds, Kind::from_word),
        mount: section.parsed("mount", "a mount point", mount),
        process: section.string("process", "the file name of a program"),
        program: section.parsed("program", "the file name of a plugin", program),
        args: section.strings("args"),
        interval: section.duration("interval", SECOND..=DAY),
        retry_interval: section.duration("retry_interval", SECOND..=DAY),
        attempts: section.count("attempts", 1..=100),
        timeout: section.duration("timeout", Duration::from_millis(100)..=Duration::from_secs(600)),
        warning: range(section, "warning"),
        critical: range(section, "critical"),
        ..CheckFields::default()
    };
    if layered {
        fields.enabled = section.flag("enabled");
        fields.enforced = section.flag("enforced").unwrap_or(false);
        fields.reason = section.text("reason");
    }
    section.refuse_unknown();
    let lines = ["kind", "mount", "process", "program", "args", "warning", "critical"];
    ReadCheck {
        name: CheckName::from(name),
        fields,
        line: section.line(),
        path: section.path().to_owned(),
        lines: lines.into_iter().filter_map(|key| section.line_of(key).map(|line| (key, line))).collect(),
    }
}

fn mount(text: &str) -> Result<String, (String, String)> {
    if text.starts_with(['/', '*']) {
        return Ok(text.to_owned());
    }
    Err((
        format!("{text:?} is no mount point"),
        "write a path from the root, \"/srv\" or \"/srv/*\", or \"*\"".to_owned(),
    ))
}

fn program(text: &str) -> Result<String, (String, String)> {
    let is_path = text.contains('/');
    if (is_path && !text.starts_with('/')) || text.split('/').any(|part| part == "..") {
        let fix = "write the plugin's file name, \"check_http\", or its whole path without \"..\"";
        return Err((format!("{text:?} is neither a file name nor a whole path"), fix.to_owned()));
    }
    if !is_path && text.contains(char::is_whitespace) {
        return Err((format!("{text:?} has spaces in it"), "put each argument in args = [\"…\"]".to_owned()));
    }
    Ok(text.to_owned())
}

fn range(section: &mut Section<'_>, key: &'static str) -> Option<Option<String>> {
    let text = section.number_or_text(key, "a range, 90 or \"10:90\"")?;
    if text == "none" {
        return Some(None);
    }
    match text.parse::<crate::fleet::checks::Range>() {
        Ok(_) => Some(Some(text)),
        Err(_) => {
            let fix = "write what is fine: 90 (0 to 90), \"10:\" (10 or more), \"10:90\" (between), \"@10:90\" (not between), or \"none\"";
            section.problem(key, format!("{text:?} is no range"), fix);
            None
        }
    }
}

/// Notes what can only be seen with all sections at hand: a check whose kind nobody says, a parameter of another kind.
pub(super) fn refuse_inconsistent(reader: &Reader<'_>, checks: &[ReadCheck]) {
    let mut by_name: BTreeMap<&CheckName, Vec<&ReadCheck>> = BTreeMap::new();
    for check in checks {
        by_name.entry(&check.name).or_default().push(check);
    }
    for (name, rules) in by_name {
        let mut kinds: Vec<Kind> = rules.iter().filter_map(|rule| rule.fields.kind).collect();
        kinds.extend(Kind::from_word(name.as_str()));
        let says = |key: &str| rules.iter().any(|rule| rule.lines.contains_key(key));
        if kinds.is_empty() {
            if let Some(first) = rules.first().filter(|_| !says("kind")) {
                let words = Kind::ALL.map(Kind::word);
                let fix = match nearest(name.as_str(), words) {
                    Some(word) => format!("did you mean {word}? Else add kind = one of {}", words.join(", ")),
                    None => format!("add kind = one of {}", words.join(", ")),
                };
                reader.note(first.line, &first.path, format!("nothing says what {name} measures"), fix);
            }
            continue;
        }
        for rule in &rules {
            rule.refuse_foreign_parameters(reader, &kinds);
        }
        let needs = |kind: Kind, key: &str| {
            let rule = rules.iter().find(|rule| rule.fields.kind == Some(kind)).or(rules.first());
            if let Some(rule) = rule
                && kinds.contains(&kind)
                && !says(key)
            {
                let fix = format!("add {key} = \"…\" to [{}]", rule.path);
                reader.note(rule.line, &rule.path, format!("a {} check needs its {key}", kind.word()), fix);
            }
        };
        needs(Kind::Process, "process");
        needs(Kind::Plugin, "program");
    }
}

impl ReadCheck {
    fn refuse_foreign_parameters(&self, reader: &Reader<'_>, kinds: &[Kind]) {
        let fields = &self.fields;
        let own = fields.kind.map_or_else(|| kinds.to_vec(), |kind| vec![kind]);
        let parameters = [
            ("mount", fields.mount.is_some(), Kind::Disk),
            ("process", fields.process.is_some(), Kind::Process),
            ("program", fields.program.is_some(), Kind::Plugin),
            ("args", fields.args.is_some(), Kind::Plugin),
        ];
        for (key, is_set, kind) in parameters {
            if is_set && !own.contains(&kind) {
                let words: Vec<_> = own.iter().map(|kind| kind.word()).collect();
                let what =
                    format!("{key} belongs to kind {}, this check is of kind {}", kind.word(), words.join(" or "));
                self.note(reader, key, what, format!("remove {key}, or write kind = \"{}\"", kind.word()));
            }
        }
        for (key, is_set) in [("warning", fields.warning.is_some()), ("critical", fields.critical.is_some())] {
            if is_set && own.iter().all(|kind| *kind == Kind::Plugin) {
                let fix = format!("remove {key} and pass the plugin's own option in args");
                self.note(reader, key, "a plugin judges its value itself".to_owned(), fix);
            }
        }
    }

    fn note(&self, reader: &Reader<'_>, key: &str, what: String, fix: String) {
        let line = self.lines.get(key).copied().unwrap_or(self.line);
        reader.note(line, &format!("{}.{key}", self.path), what, fix);
    }
}
