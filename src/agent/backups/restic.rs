//! restic: `snapshots --json`, of any version. It takes no lock, so that it neither waits for a backup nor hinders one.

use std::path::Path;

use serde::Deserialize;

use crate::agent::backups::elements::Elements;
use crate::agent::backups::gather::{Gather, Snapshot};
use crate::agent::backups::tool::{self, Failure, Opened};
use crate::agent::child::End;
use crate::fleet::backups::Trouble;
use crate::fleet::words::{SafeText, Timestamp};

#[derive(Deserialize)]
struct Printed {
    time: jiff::Timestamp,
    #[serde(default)]
    paths: Vec<String>,
    #[serde(default)]
    hostname: String,
    #[serde(default)]
    id: String,
    #[serde(default)]
    short_id: String,
    /// From 0.17 on.
    summary: Option<Summary>,
}

#[derive(Deserialize)]
struct Summary {
    backup_end: Option<jiff::Timestamp>,
    #[serde(default)]
    total_files_processed: u64,
    #[serde(default)]
    total_bytes_processed: u64,
    #[serde(default)]
    data_added: u64,
    data_added_packed: Option<u64>,
}

/// From 0.17 on, errors come as JSON too.
#[derive(Deserialize)]
struct ExitError {
    message: String,
}

/// Reads all snapshots into `gather`; gives what restic said besides.
///
/// # Errors
/// Why it could not be read.
pub async fn read(opened: &Opened, dir: &Path, gather: &mut Gather<'_>) -> Result<String, Failure> {
    let cache = tool::below(dir, "restic");
    let mut environment = vec![("RESTIC_REPOSITORY".to_owned(), opened.repository.clone())];
    environment.extend(opened.password.iter().map(|password| ("RESTIC_PASSWORD".to_owned(), password.clone())));
    let args = ["snapshots", "--json", "--no-lock", "--cache-dir", cache.as_str()];
    let mut elements = Elements::new(|object: &[u8]| {
        gather.add(snapshot(object)?);
        Ok(())
    });
    let ended = tool::run("restic", &args, environment, opened, &mut elements).await?;
    if let Some((trouble, words)) = tool::by_end(ended.end) {
        return Err((trouble, SafeText::new(&words)));
    }
    match (ended.end, elements.fault()) {
        (End::Exited(0), None) => Ok(ended.words),
        (End::Exited(0) | End::PrintedTooMuch, Some(fault)) => {
            Err((Trouble::Garbage, SafeText::line_within(&fault, 400)))
        }
        (End::Exited(code), _) => Err((trouble(code, &ended.words), shortened(&ended.words))),
        (_, fault) => Err((Trouble::Garbage, SafeText::new(&fault.unwrap_or_default()))),
    }
}

fn snapshot(object: &[u8]) -> Result<Snapshot, String> {
    let printed: Printed =
        serde_json::from_slice(object).map_err(|error| format!("a snapshot can't be read: {error}"))?;
    let moment = |at: jiff::Timestamp| Timestamp(at.as_millisecond());
    let summary = printed.summary.as_ref();
    Ok(Snapshot {
        at: moment(summary.and_then(|summary| summary.backup_end).unwrap_or(printed.time)),
        name: if printed.short_id.is_empty() { printed.id.chars().take(8).collect() } else { printed.short_id },
        host: (!printed.hostname.is_empty()).then_some(printed.hostname),
        paths: Some(printed.paths),
        size: summary.map(|summary| summary.total_bytes_processed),
        added: summary.map(|summary| summary.data_added_packed.unwrap_or(summary.data_added)),
        files: summary.map(|summary| summary.total_files_processed),
        unfinished: false,
    })
}

/// By code from 0.17 on, by words before; a code that is not known is a failure.
fn trouble(code: i32, words: &str) -> Trouble {
    let says = |text: &str| words.contains(text);
    match code {
        10 => Trouble::NoRepository,
        11 => Trouble::Locked,
        12 => Trouble::WrongPassword,
        _ if tool::is_network(words) => Trouble::Unreachable,
        _ if says("wrong password or no key found") => Trouble::WrongPassword,
        _ if says("an empty password is not a password") => Trouble::WrongPassword,
        _ if says("already locked") || says("unable to create lock") => Trouble::Locked,
        _ if says("Is there a repository at") || says("repository does not exist") => Trouble::NoRepository,
        _ => Trouble::Failed,
    }
}

/// The line that says what went wrong.
fn shortened(words: &str) -> SafeText {
    let lines: Vec<String> = words
        .lines()
        .map(|line| serde_json::from_str::<ExitError>(line).map_or_else(|_| line.to_owned(), |error| error.message))
        .collect();
    let fatal = lines.iter().find(|line| line.starts_with("Fatal:")).or(lines.first());
    SafeText::line_within(fatal.map_or("it said nothing", |line| line.trim_start_matches("Fatal:").trim()), 400)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_and_new_snapshots_are_read() {
        let old = br#"{"time":"2026-11-26T21:50:01.727439891+01:00","tree":"f1","paths":["/etc"],"hostname":"vm","id":"1b282bd7723471ad"}"#;
        let read = snapshot(old).unwrap();
        assert_eq!((read.at, read.name.as_str(), read.size), (Timestamp(1_795_726_201_727), "1b282bd7", None));
        let new = br#"{"time":"2026-11-26T21:50:01Z","paths":["/etc"],"hostname":"vm","short_id":"1b","program_version":"restic 0.18.0",
            "summary":{"backup_start":"2026-11-26T21:50:01Z","backup_end":"2026-11-26T22:50:01Z","files_new":1,
            "data_added":9,"data_added_packed":7,"total_files_processed":3,"total_bytes_processed":5}}"#;
        let read = snapshot(new).unwrap();
        assert_eq!(
            (read.at, read.size, read.added, read.files),
            (Timestamp(1_795_733_401_000), Some(5), Some(7), Some(3))
        );
        for hostile in [&b"{}"[..], b"{\"time\":\"yesterday\"}", b"{\"time\":\"2026-11-26T21:50:01\",\"paths\":[]}"] {
            assert!(snapshot(hostile).is_err(), "a time without its zone is no time");
        }
    }

    #[test]
    fn failures_have_reasons_by_code_or_by_words() {
        for (code, words, reason) in [
            (1, "Fatal: wrong password or no key found", Trouble::WrongPassword),
            (12, "Fatal: wrong password or no key found", Trouble::WrongPassword),
            (10, "", Trouble::NoRepository),
            (11, "unable to create lock in backend: repository is already locked", Trouble::Locked),
            (
                1,
                "Fatal: unable to open config file: stat r/config: no such file or directory\nIs there a repository at the following location?\nr",
                Trouble::NoRepository,
            ),
            (
                1,
                "Fatal: unable to open config file: dial tcp 127.0.0.1:9: connect: connection refused\nIs there a repository at the following location?",
                Trouble::Unreachable,
            ),
            (1, "Fatal: pack file damaged", Trouble::Failed),
            (99, "", Trouble::Failed),
        ] {
            assert_eq!(trouble(code, words), reason, "{code} {words}");
        }
        assert_eq!(shortened("x\nFatal: broken\nmore").as_str(), "broken");
        assert_eq!(
            shortened(r#"{"message_type":"exit_error","code":12,"message":"Fatal: no key"}"#).as_str(),
            "no key"
        );
    }
}
