//! borg: `list --json`, and `info --json --last N` where there is an archive that was not looked at yet, since that takes
//! a lock and a cache. The cache is the agent's own, so that nobody else's is touched.

use std::collections::{BTreeMap, VecDeque};
use std::path::Path;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde::Deserialize;

use crate::agent::backups::elements::Elements;
use crate::agent::backups::gather::{Gather, Snapshot};
use crate::agent::backups::tool::{self, Ended, Failure, Opened};
use crate::agent::child::End;
use crate::fleet::backups::Trouble;
use crate::fleet::words::{SafeText, Timestamp};

/// The newest archives, which are looked at one by one.
const NEWEST: usize = 8;

/// What is known of archives that were looked at, by id.
pub type Details = BTreeMap<String, Snapshot>;

#[derive(Deserialize)]
struct Archive {
    #[serde(default)]
    id: String,
    name: String,
    /// When it began; a list says it a second time, as `time`.
    start: String,
    end: Option<String>,
    hostname: Option<String>,
    command_line: Option<CommandLine>,
    stats: Option<Stats>,
}

/// A list in 1.x, a text in 2.
#[derive(Deserialize)]
#[serde(untagged)]
enum CommandLine {
    Words(Vec<String>),
    Line(serde::de::IgnoredAny),
}

#[derive(Deserialize)]
struct Stats {
    original_size: Option<u64>,
    deduplicated_size: Option<u64>,
    nfiles: Option<u64>,
}

/// With `--log-json`, each message is one.
#[derive(Deserialize)]
struct Message {
    message: String,
    #[serde(default)]
    levelname: String,
    #[serde(default)]
    msgid: String,
}

/// Reads all archives into `gather`; gives what borg said besides.
///
/// # Errors
/// Why it could not be read.
pub async fn read(
    opened: &Opened,
    dir: &Path,
    zone: &TimeZone,
    details: &mut Details,
    gather: &mut Gather<'_>,
) -> Result<String, Failure> {
    let mut newest: VecDeque<(String, Snapshot)> = VecDeque::new();
    let args = ["--log-json", "--lock-wait", "20", "list", "--json", "--consider-checkpoints"];
    let mut elements = Elements::new(|object: &[u8]| {
        newest.push_back(archive(object, zone)?);
        if newest.len() > NEWEST
            && let Some((id, listed)) = newest.pop_front()
        {
            gather.add(details.get(&id).cloned().unwrap_or(listed));
        }
        Ok(())
    });
    let ended = tool::run("borg", &args, environment(opened, dir), opened, &mut elements).await?;
    let fault = elements.fault();
    let mut words = judged(&ended, fault)?;
    if newest.iter().any(|(id, _)| !details.contains_key(id)) {
        match look(opened, dir, zone, newest.len()).await {
            Ok(seen) => {
                let kept = |id: &String| newest.iter().any(|(newest, _)| newest == id);
                *details = seen.into_iter().filter(|(id, _)| kept(id)).collect();
            }
            // The list says what counts; the rest is said to be missing.
            Err((_, why)) => words.push_str(&format!("\nsizes are not known: {}", why.as_str())),
        }
    }
    for (id, listed) in newest {
        let seen = details.get(&id).cloned();
        gather.add(seen.map_or_else(|| listed.clone(), |seen| Snapshot { unfinished: listed.unfinished, ..seen }));
    }
    Ok(words)
}

async fn look(opened: &Opened, dir: &Path, zone: &TimeZone, last: usize) -> Result<Details, Failure> {
    let mut seen = Details::new();
    let last = last.to_string();
    let args = ["--log-json", "--lock-wait", "20", "info", "--json", "--last", last.as_str()];
    let mut elements = Elements::new(|object: &[u8]| {
        let (id, snapshot) = archive(object, zone)?;
        if seen.len() < NEWEST {
            seen.insert(id, snapshot);
        }
        Ok(())
    });
    let ended = tool::run("borg", &args, environment(opened, dir), opened, &mut elements).await?;
    let fault = elements.fault();
    judged(&ended, fault)?;
    Ok(seen)
}

fn environment(opened: &Opened, dir: &Path) -> Vec<(String, String)> {
    let own = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    vec![
        own("BORG_REPO", &opened.repository),
        // without one it would ask the terminal
        own("BORG_PASSPHRASE", opened.password.as_deref().unwrap_or_default()),
        own("BORG_CACHE_DIR", &tool::below(dir, "borg/cache")),
        own("BORG_SECURITY_DIR", &tool::below(dir, "borg/security")),
        // what was never seen before is read all the same: reading trusts nothing
        own("BORG_RELOCATED_REPO_ACCESS_IS_OK", "yes"),
        own("BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK", "yes"),
        own("BORG_EXIT_CODES", "modern"),
        own("BORG_RSH", "ssh -oBatchMode=yes"),
    ]
}

/// A time without a zone is the host's, as borg prints it.
fn moment(text: &str, zone: &TimeZone) -> Result<Timestamp, String> {
    if let Ok(at) = text.parse::<jiff::Timestamp>() {
        return Ok(Timestamp(at.as_millisecond()));
    }
    let local: DateTime = text.parse().map_err(|_| format!("{text:?} is no time"))?;
    let at = local.to_zoned(zone.clone()).map_err(|_| format!("{text:?} is no time"))?;
    Ok(Timestamp(at.timestamp().as_millisecond()))
}

fn archive(object: &[u8], zone: &TimeZone) -> Result<(String, Snapshot), String> {
    let printed: Archive =
        serde_json::from_slice(object).map_err(|error| format!("an archive can't be read: {error}"))?;
    let at = moment(printed.end.as_deref().unwrap_or(&printed.start), zone)?;
    let unfinished = printed.name.ends_with(".checkpoint") || printed.name.contains(".checkpoint.");
    let stats = printed.stats.as_ref();
    let snapshot = Snapshot {
        at,
        name: printed.name,
        host: printed.hostname.filter(|host| !host.is_empty()),
        paths: printed.command_line.and_then(paths),
        size: stats.and_then(|stats| stats.original_size),
        added: stats.and_then(|stats| stats.deduplicated_size),
        files: stats.and_then(|stats| stats.nfiles),
        unfinished,
    };
    Ok((printed.id, snapshot))
}

/// What the archive was asked to hold: the whole paths behind its name. `None` where that does not say everything.
fn paths(command: CommandLine) -> Option<Vec<String>> {
    let CommandLine::Words(words) = command else { return None };
    if words.iter().any(|word| word.starts_with("--paths-from") || word.starts_with("--pattern")) {
        return None;
    }
    let create = words.iter().position(|word| word == "create")?;
    let name = words.iter().skip(create).position(|word| word.contains("::"))? + create;
    let named: Vec<String> = words.into_iter().skip(name + 1).filter(|word| !word.starts_with('-')).collect();
    (!named.is_empty() && named.iter().all(|path| path.starts_with('/'))).then_some(named)
}

/// What its end and words mean: 0 is well, 1 and 100 to 127 are warnings.
fn judged(ended: &Ended, fault: Option<String>) -> Result<String, Failure> {
    if let Some((trouble, words)) = tool::by_end(ended.end) {
        return Err((trouble, SafeText::new(&words)));
    }
    let (trouble, words) = meaning(&ended.words);
    match (ended.end, fault) {
        (End::Exited(0 | 1 | 100..=127), None) => Ok(words),
        (End::Exited(0) | End::PrintedTooMuch, Some(fault)) => {
            Err((Trouble::Garbage, SafeText::line_within(&fault, 400)))
        }
        (End::Exited(code), _) => {
            Err((trouble.or_else(|| by_code(code)).unwrap_or(Trouble::Failed), SafeText::line_within(&words, 400)))
        }
        (_, fault) => Err((Trouble::Garbage, SafeText::new(&fault.unwrap_or_default()))),
    }
}

/// The trouble and the plain words of messages.
fn meaning(stderr: &str) -> (Option<Trouble>, String) {
    let (mut trouble, mut words) = (None, Vec::new());
    for line in stderr.lines() {
        match serde_json::from_str::<Message>(line) {
            Ok(message) => {
                let serious = matches!(message.levelname.as_str(), "ERROR" | "CRITICAL");
                trouble = trouble
                    .or_else(|| by_id(&message.msgid))
                    .or_else(|| (serious && tool::is_network(&message.message)).then_some(Trouble::Unreachable));
                if serious || message.levelname == "WARNING" {
                    words.push(message.message);
                }
            }
            Err(_) if tool::is_network(line) => {
                trouble = trouble.or(Some(Trouble::Unreachable));
                words.push(line.to_owned());
            }
            Err(_) => words.push(line.to_owned()),
        }
    }
    (trouble, words.join("; "))
}

fn by_id(id: &str) -> Option<Trouble> {
    Some(match id {
        "Repository.DoesNotExist" | "Repository.InvalidRepository" | "Repository.ParentPathDoesNotExist" => {
            Trouble::NoRepository
        }
        "PassphraseWrong" | "PasswordRetriesExceeded" | "NoPassphraseFailure" | "KeyfileNotFoundError" => {
            Trouble::WrongPassword
        }
        "LockTimeout" | "LockError" | "LockErrorT" | "LockFailed" => Trouble::Locked,
        "ConnectionClosed" | "ConnectionClosedWithHint" | "ConnectionBrokenWithHint" => Trouble::Unreachable,
        _ => return None,
    })
}

/// The codes that borg 1.4 gives where it is asked to, and borg 2 always.
const fn by_code(code: i32) -> Option<Trouble> {
    Some(match code {
        13 | 15 | 18 => Trouble::NoRepository,
        42 | 50 | 52 | 53 => Trouble::WrongPassword,
        70..=73 => Trouble::Locked,
        80 | 81 => Trouble::Unreachable,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_without_a_zone_are_the_hosts_own() {
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let at = |text: &str| moment(text, &zone).unwrap().0;
        assert_eq!(at("2026-11-26T21:50:12.000000"), at("2026-11-26T20:50:12Z"));
        assert_eq!(at("2026-07-26T21:50:12"), at("2026-07-26T19:50:12+00:00"));
        assert!(moment("now", &zone).is_err());
    }

    #[test]
    fn archives_of_each_generation_are_read() {
        let listed = br#"{"archive":"one","id":"08","name":"one","start":"2026-11-26T21:50:12.000000","time":"2026-11-26T21:50:12.000000"}"#;
        let (id, read) = archive(listed, &TimeZone::UTC).unwrap();
        assert_eq!((id.as_str(), read.paths, read.unfinished), ("08", None, false));
        let info = br#"{"command_line":["/usr/bin/borg","create","--exclude","/x/y","/b::n","/etc","/srv/www"],"end":"2026-11-26T22:50:12.000000",
            "hostname":"vm","id":"08","name":"n.checkpoint.1","start":"2026-11-26T21:50:12.000000",
            "stats":{"compressed_size":12,"deduplicated_size":686,"nfiles":2,"original_size":6}}"#;
        let (_, read) = archive(info, &TimeZone::UTC).unwrap();
        assert_eq!(read.paths.unwrap(), ["/etc", "/srv/www"]);
        assert_eq!((read.size, read.added, read.files, read.unfinished), (Some(6), Some(686), Some(2), true));
        let line = br#"{"command_line":"borg create x /etc","id":"1","name":"n","start":"2026-11-26T21:50:12+01:00"}"#;
        assert!(archive(line, &TimeZone::UTC).unwrap().1.paths.is_none());
        let relative =
            br#"{"command_line":["borg","create","b::n","src"],"id":"1","name":"n","start":"2026-11-26T21:50:12"}"#;
        assert!(archive(relative, &TimeZone::UTC).unwrap().1.paths.is_none(), "nobody knows where src was");
    }

    #[test]
    fn failures_have_reasons_by_id_or_by_code() {
        let ended = |code, words: &str| Ended { end: End::Exited(code), words: words.to_owned() };
        let wrong = r#"{"type": "log_message", "message": "passphrase supplied in BORG_PASSPHRASE is incorrect.", "levelname": "ERROR", "msgid": "PassphraseWrong"}"#;
        let reason = |ended: Ended| judged(&ended, None).unwrap_err().0;
        assert_eq!(reason(ended(2, wrong)), Trouble::WrongPassword);
        assert_eq!(reason(ended(13, "")), Trouble::NoRepository);
        assert_eq!(reason(ended(73, "")), Trouble::Locked);
        assert_eq!(
            reason(ended(2, "Remote: ssh: connect to host store port 22: Connection refused")),
            Trouble::Unreachable
        );
        assert_eq!(reason(ended(2, "")), Trouble::Failed);
        assert!(judged(&ended(1, ""), None).is_ok() && judged(&ended(107, ""), None).is_ok(), "warnings");
        assert_eq!(judged(&ended(0, ""), Some("cut".to_owned())).unwrap_err().0, Trouble::Garbage);
    }
}
