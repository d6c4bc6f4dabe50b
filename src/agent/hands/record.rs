//! Which commands were begun here and how they ended, on disk, so that none is ever started twice: not when it is said
//! again, not after a kill, not after a power cut.
//!
//! A file of lines, appended to. What begins a command is flushed to the disk before its program starts, many at once
//! with one flush; what ends it need not be, since a command that was begun and has no end is told as lost.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;
use bytes::Bytes;
use tokio::sync::oneshot;

use crate::fleet::words::{ActionId, CommandId, HostId, Timestamp};

/// How long a command is remembered: longer than a hub may ask for it again.
const REMEMBERED: Duration = Duration::from_secs(8 * 24 * 60 * 60);
/// The most commands that are remembered.
const MOST: usize = 20_000;
/// A file longer than this is written anew at the next start.
const LONG: u64 = 4 << 20;

/// A command on a host; a swarm has many hosts.
pub type Key = (HostId, ActionId);

/// What is known of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// Its number, for people.
    pub command: CommandId,
    /// When it was begun (wall clock of the host).
    pub begun: Timestamp,
    /// How it ended, as the encoded fact; `None` while it runs.
    pub ended: Option<Bytes>,
    /// Whether the fact is in the outbox.
    pub told: bool,
}

/// The record of one process. Dropping it ends its thread.
#[derive(Debug)]
pub struct Record {
    known: Mutex<HashMap<Key, Known>>,
    lines: Sender<Line>,
}

struct Line {
    text: String,
    /// Told once it is on disk; `None` where nobody waits for that.
    flushed: Option<oneshot::Sender<io::Result<()>>>,
}

impl Record {
    /// Opens the record in `folder`, or begins one. A line that a crash left half-written is not read.
    ///
    /// # Errors
    /// What the disk says.
    pub fn open(folder: &Path, now: Timestamp) -> io::Result<Self> {
        let path = folder.join("commands");
        let (mut known, length, whole) = match std::fs::read(&path) {
            Ok(bytes) => read(&bytes),
            Err(error) if error.kind() == io::ErrorKind::NotFound => (HashMap::new(), 0, true),
            Err(error) => return Err(error),
        };
        let before = known.len();
        forget_old(&mut known, now);
        if length > LONG || known.len() < before || !whole {
            write_anew(&path, &known)?;
        }
        let file = OpenOptions::new().create(true).append(true).mode(0o600).open(&path)?;
        file.sync_all()?;
        File::open(folder)?.sync_all()?;
        let (lines, inbox) = channel();
        std::thread::Builder::new().name("hands".to_owned()).spawn(move || write(file, &inbox))?;
        Ok(Self { known: Mutex::new(known), lines })
    }

    /// What is known of a command.
    #[must_use]
    pub fn get(&self, key: Key) -> Option<Known> {
        self.known().get(&key).cloned()
    }

    /// Commands that were begun and have not ended, or whose end has not been told.
    #[must_use]
    pub fn unfinished(&self) -> Vec<(Key, Known)> {
        self.known().iter().filter(|(_, known)| !known.told).map(|(key, known)| (*key, known.clone())).collect()
    }

    /// Writes down that a command begins; when this returns it survives a power cut.
    ///
    /// # Errors
    /// What the disk says: the program must not be started.
    pub async fn begin(&self, key: Key, command: CommandId, at: Timestamp) -> io::Result<()> {
        let (flushed, done) = oneshot::channel();
        self.append(begun(key, command, at), Some(flushed));
        done.await.unwrap_or_else(|_| Err(io::Error::other("the record is closed")))?;
        self.known().insert(key, Known { command, begun: at, ended: None, told: false });
        Ok(())
    }

    /// Writes down how a command ended. One that was never begun never will be.
    pub fn end(&self, key: Key, command: CommandId, at: Timestamp, fact: &Bytes) {
        let mut known = self.known();
        let entry = known.entry(key).or_insert(Known { command, begun: at, ended: None, told: false });
        entry.ended = Some(fact.clone());
        let text = ended(key, entry.command, entry.begun, fact);
        drop(known);
        self.append(text, None);
    }

    /// Writes down that the end of a command is in the outbox.
    pub fn told(&self, key: Key) {
        if let Some(known) = self.known().get_mut(&key) {
            known.told = true;
        }
        self.append(told(key), None);
    }

    /// Waits until all that was written down is on disk.
    ///
    /// # Errors
    /// What the disk says.
    pub async fn flush(&self) -> io::Result<()> {
        let (flushed, done) = oneshot::channel();
        self.append(String::new(), Some(flushed));
        done.await.unwrap_or_else(|_| Err(io::Error::other("the record is closed")))
    }

    fn append(&self, text: String, flushed: Option<oneshot::Sender<io::Result<()>>>) {
        // the thread ends with us
        let _ = self.lines.send(Line { text, flushed });
    }

    fn known(&self) -> MutexGuard<'_, HashMap<Key, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes lines, as many as wait with one flush.
fn write(mut file: File, inbox: &Receiver<Line>) {
    while let Ok(first) = inbox.recv() {
        let mut text = String::new();
        let mut waiting = Vec::new();
        for line in std::iter::once(first).chain(inbox.try_iter()) {
            text.push_str(&line.text);
            waiting.extend(line.flushed);
        }
        let mut done = file.write_all(text.as_bytes());
        if done.is_ok() && !waiting.is_empty() {
            done = file.sync_data();
        }
        if let Err(error) = &done {
            tracing::error!(%error, "the record of commands cannot be written");
            // what was written of it ends here, so that the next line is whole
            let _ = file.write_all(b"\n");
        }
        for flushed in waiting {
            let told = done.as_ref().map(|_| ()).map_err(|error| io::Error::new(error.kind(), error.to_string()));
            let _ = flushed.send(told);
        }
    }
}

fn begun((host, key): Key, command: CommandId, at: Timestamp) -> String {
    format!("begun {host} {:032x} {command} {}\n", key.0, at.0)
}

fn ended((host, key): Key, command: CommandId, at: Timestamp, fact: &Bytes) -> String {
    format!("ended {host} {:032x} {command} {} {}\n", key.0, at.0, BASE64.encode(fact))
}

fn told((host, key): Key) -> String {
    format!("told {host} {:032x}\n", key.0)
}

/// What the lines say, how long they are, and whether each could be read.
fn read(bytes: &[u8]) -> (HashMap<Key, Known>, u64, bool) {
    let mut known = HashMap::new();
    let mut whole = bytes.is_empty() || bytes.ends_with(b"\n");
    for line in bytes.split_inclusive(|byte| *byte == b'\n').filter(|line| line.ends_with(b"\n")) {
        let text = std::str::from_utf8(line).unwrap_or_default();
        whole &= read_line(text.trim_end(), &mut known).is_some();
    }
    (known, bytes.len() as u64, whole)
}

fn read_line(line: &str, known: &mut HashMap<Key, Known>) -> Option<()> {
    let mut words = line.split(' ');
    let word = words.next()?;
    let key = (HostId(words.next()?.parse().ok()?), ActionId(u128::from_str_radix(words.next()?, 16).ok()?));
    if word == "told" {
        known.get_mut(&key)?.told = true;
        return Some(());
    }
    let (command, begun) = (CommandId(words.next()?.parse().ok()?), Timestamp(words.next()?.parse().ok()?));
    let ended = match word {
        "begun" => None,
        "ended" => Some(Bytes::from(BASE64.decode(words.next()?).ok()?)),
        _ => return None,
    };
    known.insert(key, Known { command, begun, ended, told: false });
    Some(())
}

/// Forgets what no hub asks for any more; what has not been told stays.
fn forget_old(known: &mut HashMap<Key, Known>, now: Timestamp) {
    known.retain(|_, known| !known.told || known.begun + REMEMBERED > now);
    if known.len() > MOST {
        let mut times: Vec<Timestamp> = known.values().map(|known| known.begun).collect();
        times.sort_unstable();
        let oldest = times.get(times.len() - MOST).copied().unwrap_or_default();
        known.retain(|_, known| !known.told || known.begun >= oldest);
    }
}

/// A crash leaves the old file or the new one.
fn write_anew(path: &Path, known: &HashMap<Key, Known>) -> io::Result<()> {
    let mut text = String::new();
    for (key, known) in known {
        match &known.ended {
            None => text.push_str(&begun(*key, known.command, known.begun)),
            Some(fact) => text.push_str(&ended(*key, known.command, known.begun, fact)),
        }
        if known.told {
            let _ = write!(text, "{}", told(*key));
        }
    }
    let new: PathBuf = path.with_extension("new");
    let mut file = OpenOptions::new().create(true).write(true).truncate(true).mode(0o600).open(&new)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(&new, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_800_000_000_000);
    const KEY: Key = (HostId(7), ActionId(u128::MAX - 1));

    fn open(folder: &Path) -> Record {
        Record::open(folder, NOW).unwrap()
    }

    #[tokio::test]
    async fn what_was_begun_is_known_after_a_kill_and_what_was_told_is_done() {
        let folder = tempfile::tempdir().unwrap();
        let record = open(folder.path());
        record.begin(KEY, CommandId(3), NOW).await.unwrap();
        let fact = Bytes::from_static(b"how it ended");
        let other = (HostId(7), ActionId(1));
        record.begin(other, CommandId(4), NOW).await.unwrap();
        record.end(other, CommandId(4), NOW, &fact);
        // flushes what came before it, as nothing waits for the end
        record.begin((HostId(8), ActionId(2)), CommandId(5), NOW).await.unwrap();
        drop(record);

        let again = open(folder.path());
        let known = Known { command: CommandId(3), begun: NOW, ended: None, told: false };
        assert_eq!(again.get(KEY), Some(known));
        assert_eq!(again.get(other).and_then(|known| known.ended), Some(fact));
        assert_eq!(again.unfinished().len(), 3);
        again.told(other);
        again.begin((HostId(9), ActionId(9)), CommandId(6), NOW).await.unwrap();
        drop(again);
        assert_eq!(open(folder.path()).unfinished().len(), 3, "one is told, one was begun");
    }

    #[tokio::test]
    async fn a_line_cut_off_at_any_byte_costs_that_line_only() {
        let folder = tempfile::tempdir().unwrap();
        let record = open(folder.path());
        record.begin(KEY, CommandId(3), NOW).await.unwrap();
        record.end(KEY, CommandId(3), NOW, &Bytes::from_static(b"over"));
        record.begin((HostId(8), ActionId(2)), CommandId(5), NOW).await.unwrap();
        drop(record);
        let path = folder.path().join("commands");
        let whole = std::fs::read(&path).unwrap();
        for length in 0..whole.len() {
            std::fs::write(&path, &whole[..length]).unwrap();
            let record = open(folder.path());
            let lines = whole[..length].iter().filter(|byte| **byte == b'\n').count();
            assert_eq!(record.get(KEY).is_some(), lines >= 1, "{length}");
            assert_eq!(record.get(KEY).is_some_and(|known| known.ended.is_some()), lines >= 2, "{length}");
            // and what is begun next is not glued to it
            record.begin((HostId(9), ActionId(9)), CommandId(6), NOW).await.unwrap();
            drop(record);
            assert!(open(folder.path()).get((HostId(9), ActionId(9))).is_some(), "{length}");
        }
    }

    #[tokio::test]
    async fn what_is_old_and_told_is_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let record = open(folder.path());
        for n in 0..3 {
            record.begin((HostId(1), ActionId(n)), CommandId(1), NOW).await.unwrap();
        }
        record.end((HostId(1), ActionId(0)), CommandId(1), NOW, &Bytes::new());
        record.told((HostId(1), ActionId(0)));
        record.begin((HostId(2), ActionId(0)), CommandId(1), NOW).await.unwrap();
        drop(record);
        let later = Record::open(folder.path(), NOW + REMEMBERED).unwrap();
        assert_eq!(later.get((HostId(1), ActionId(0))), None);
        assert!(later.get((HostId(1), ActionId(1))).is_some(), "never told: kept");
    }
}
