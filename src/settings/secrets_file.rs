//! The hub's secrets by name, `DIR/secrets.toml`, and the table `[secrets]` that an agent's file has too.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::settings::problem::Problems;
use crate::settings::reader::{Names, Reader, Section, read_file};
use crate::settings::secret::{OF_HUB, SecretSource, Secrets};

/// The secrets of the hub whose data lies in `data`; none where there is no file.
///
/// # Errors
/// All problems of the file.
pub fn load(data: &Path) -> Result<Secrets, Problems> {
    match read_file(&data.join(OF_HUB))? {
        Some(text) => parse(&text),
        None => Ok(Secrets::of(OF_HUB, BTreeMap::new())),
    }
}

fn parse(text: &str) -> Result<Secrets, Problems> {
    let reader = Reader::new(OF_HUB, text, (&[], ""));
    let mut found = BTreeMap::new();
    reader.read(|top| found = sources(top));
    let problems = reader.into_problems();
    if problems.is_empty() { Ok(Secrets::of(OF_HUB, found)) } else { Err(problems) }
}

/// The table `[secrets]`.
pub(super) fn sources(top: &mut Section<'_>) -> BTreeMap<String, SecretSource> {
    let mut sources = BTreeMap::new();
    for (name, mut section) in top.named("secrets", Names::Secret) {
        if let Some(source) = secret(&mut section) {
            sources.insert(name, source);
        }
        section.refuse_unknown();
    }
    sources
}

fn secret(section: &mut Section<'_>) -> Option<SecretSource> {
    let file = section.parsed("file", "the path of a file", |path| {
        if path.starts_with('/') {
            return Ok(SecretSource::File(PathBuf::from(path)));
        }
        Err((format!("{path:?} is no whole path"), "write a path that begins with /".to_owned()))
    });
    let command = section.strings("command").map(SecretSource::Command);
    let environment = section.string("env", "the name of a variable").map(SecretSource::Environment);
    let one_of = "write one of { file = \"/PATH\" }, { command = [\"PROGRAM\", \"ARG\"] }, { env = \"VARIABLE\" }";
    if command.as_ref().is_some_and(|command| matches!(command, SecretSource::Command(words) if words.is_empty())) {
        section.problem("command", "the command is empty", one_of);
    }
    let mut sources = [file, command, environment].into_iter().flatten();
    let first = sources.next();
    if sources.next().is_some() {
        section.problem("", "the secret has more than one source", one_of);
    } else if first.is_none() && ["file", "command", "env"].iter().all(|key| !section.has(key)) {
        section.problem("", "the secret has no source", one_of);
    }
    first
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hub_has_secrets_of_its_own() {
        let secrets = parse("[secrets]\nA = { env = \"X\" }\n").unwrap();
        assert_eq!(secrets.names().collect::<Vec<_>>(), ["A"]);
        let error = secrets.resolve("B").unwrap_err().to_string();
        assert_eq!(error, "secrets.toml has no secret B: add it under [secrets]");
        let problems = parse("[secret]\nA = \"hunter2\"\n").unwrap_err().to_string();
        assert!(problems.starts_with("secrets.toml:1: ") && !problems.contains("hunter2"), "{problems}");
        assert_eq!(load(Path::new("/nonexistent")).unwrap().names().count(), 0);
    }
}
