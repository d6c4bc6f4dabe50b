//! The journal as its users meet it: kept, found again, and honest about damage.

use std::io::{BufRead, BufReader, Write};
use std::ops::ControlFlow;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, LazyLock};

use bytes::Bytes;
use proptest::prelude::*;
use rusqlite::Connection;

use super::faults::FailingJournal;
use super::*;
use crate::fleet::words::{FleetId, Revision, Timestamp};

fn fleet() -> FleetId {
    FleetId::new("abcdefghij")
}

fn open(path: &Path) -> SqliteJournal {
    SqliteJournal::open(path, &fleet()).unwrap()
}

fn entry(revision: u64) -> EntryRecord {
    EntryRecord {
        revision: Revision(revision),
        at: Timestamp(1_000 * revision.cast_signed()),
        bytes: Bytes::from(format!("entry {revision} ").repeat(1 + revision as usize % 7)),
        subjects: vec![format!("alert/{}", revision % 3), "fleet".to_owned(), "fleet".to_owned()],
    }
}

/// A commit of `count` entries from `first`, with a row that must always equal the head.
fn batch(first: u64, count: u64) -> Commit {
    let last = first + count - 1;
    let bytes = Bytes::from(format!("output {first}"));
    Commit {
        entries: (first..=last).map(entry).collect(),
        rows: vec![
            RowChange { table: 1, key: b"head".to_vec(), value: Some(Bytes::from(last.to_string())) },
            RowChange { table: 2, key: first.to_be_bytes().to_vec(), value: Some(Bytes::from(vec![7; 300])) },
        ],
        blobs: vec![BlobRecord { id: blob_id(&bytes), kind: 1, at: Timestamp(5), bytes }],
    }
}

fn filled(path: &Path, batches: u64) -> SqliteJournal {
    let mut journal = open(path);
    (0..batches).for_each(|n| journal.commit(&batch(1 + n * 5, 5)).unwrap());
    journal
}

fn row(reader: &dyn JournalReader, table: u8, key: &[u8]) -> Option<Vec<u8>> {
    let mut found = None;
    reader
        .rows(&mut |t, k, value| {
            if t == table && k == key {
                found = Some(value.to_vec());
            }
            ControlFlow::Continue(())
        })
        .unwrap();
    found
}

type RowSeen = (u8, Vec<u8>, Vec<u8>);

/// Everything a reader could be told, for comparing.
fn content(reader: &dyn JournalReader) -> Result<(Vec<StoredEntry>, Vec<RowSeen>), ReadError> {
    let mut rows = Vec::new();
    reader.rows(&mut |table, key, value| {
        rows.push((table, key.to_vec(), value.to_vec()));
        ControlFlow::Continue(())
    })?;
    Ok((reader.entries(Revision(1), usize::MAX, usize::MAX)?, rows))
}

fn numbers(entries: &[StoredEntry]) -> Vec<u64> {
    entries.iter().map(|entry| entry.revision.0).collect()
}

#[test]
fn what_was_committed_is_there_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let journal = filled(&path, 4);
    let before = journal.meta().clone();
    drop(journal);

    let journal = open(&path);
    assert_eq!(*journal.meta(), before);
    assert_eq!(before.head, Revision(20));
    let reader = journal.reader();
    let entries = reader.entries(Revision(1), 1000, usize::MAX).unwrap();
    assert_eq!(entries.len(), 20);
    for (stored, given) in entries.iter().zip((1..).map(entry)) {
        assert_eq!((stored.revision, stored.at, &stored.bytes), (given.revision, given.at, &given.bytes));
    }
    assert_eq!(row(&*reader, 1, b"head").unwrap(), b"20");
    assert_eq!(reader.blob(blob_id(b"output 6")).unwrap().unwrap(), "output 6");
    assert_eq!(reader.blob(blob_id(b"never stored")).unwrap(), None);
    assert_eq!(reader.verify().unwrap(), Verified { entries: 20, rows: 5, blobs: 4 });
    assert_eq!(reader.meta().unwrap(), before);
}

#[test]
fn pages_meet_without_gap_or_overlap_in_both_directions() {
    let folder = tempfile::tempdir().unwrap();
    let journal = filled(&folder.path().join("journal"), 4);
    let reader = journal.reader();

    let mut up = Vec::new();
    while let page = reader.entries(Revision(up.len() as u64 + 1), 3, usize::MAX).unwrap()
        && !page.is_empty()
    {
        assert!(page.len() <= 3);
        up.extend(numbers(&page));
    }
    assert_eq!(up, (1..=20).collect::<Vec<_>>());
    assert_eq!(numbers(&reader.entries(Revision(4), 100, 1).unwrap()), [4], "one entry even beyond the limit of bytes");

    let mut down = Vec::new();
    let mut before = None;
    while let page = reader.by_subject("alert/1", before, 2).unwrap()
        && let Some(last) = page.last()
    {
        before = Some(last.revision);
        down.extend(numbers(&page));
    }
    assert_eq!(down, [19, 16, 13, 10, 7, 4, 1]);
    assert_eq!(numbers(&reader.by_subject("fleet", None, 3).unwrap()), [20, 19, 18], "a doubled subject counts once");
    assert!(reader.by_subject("alert/%", None, 3).unwrap().is_empty());
    assert_eq!(numbers(&reader.latest(None, 2).unwrap()), [20, 19]);
    assert_eq!(numbers(&reader.latest(Some(Revision(2)), 9).unwrap()), [1]);
}

#[test]
fn rows_are_replaced_removed_and_walked_in_key_order() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = open(&folder.path().join("journal"));
    let change = |table, key: &[u8], value: Option<&'static str>| RowChange {
        table,
        key: key.to_vec(),
        value: value.map(Bytes::from),
    };
    let rows = vec![change(2, b"a", Some("1")), change(1, b"b", Some("2")), change(1, b"a", Some("3"))];
    journal.commit(&Commit { rows, ..Commit::default() }).unwrap();
    let rows = vec![change(2, b"a", None), change(1, b"b", Some("4")), change(9, b"never there", None)];
    journal.commit(&Commit { rows, ..Commit::default() }).unwrap();
    let (_, rows) = content(&*journal.reader()).unwrap();
    assert_eq!(rows, [(1, b"a".to_vec(), b"3".to_vec()), (1, b"b".to_vec(), b"4".to_vec())]);
    assert_eq!(journal.meta().head, Revision(0), "a mark without an entry moves no revision");
}

#[test]
fn the_epoch_is_kept_until_a_new_one_is_drawn() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let mut journal = filled(&path, 1);
    let first = journal.meta().epoch;
    assert_ne!(first.0, 0);
    let second = journal.draw_new_epoch().unwrap();
    assert_ne!(second, first);
    drop(journal);
    let journal = open(&path);
    assert_eq!((journal.meta().epoch, journal.meta().head), (second, Revision(5)));
    assert_ne!(open(&folder.path().join("other")).meta().epoch, second);
}

#[test]
fn blobs_go_by_kind_and_age_and_storing_again_prolongs() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = open(&folder.path().join("journal"));
    let blob = |text: &'static str, kind, at| BlobRecord {
        id: blob_id(text.as_bytes()),
        kind,
        at: Timestamp(at),
        bytes: Bytes::from(text),
    };
    let blobs = vec![blob("old", 2, 10), blob("kept", 1, 10), blob("again", 2, 10), blob("new", 2, 90)];
    journal.commit(&Commit { blobs, ..Commit::default() }).unwrap();
    journal.commit(&Commit { blobs: vec![blob("again", 2, 80)], ..Commit::default() }).unwrap();
    assert_eq!(journal.drop_blobs(2, Timestamp(50), 10).unwrap(), 1);
    let reader = journal.reader();
    let there = |text: &str| reader.blob(blob_id(text.as_bytes())).unwrap().is_some();
    assert_eq!(["old", "kept", "again", "new"].map(there), [false, true, true, true]);
    assert_eq!(reader.blob_kind(blob_id(b"kept")).unwrap(), Some(1));
    assert_eq!(reader.blob_kind(blob_id(b"old")).unwrap(), None);
    assert_eq!(journal.bound_blobs(2, 8, 10).unwrap(), 0, "they take 8 bytes together");
    assert_eq!(journal.bound_blobs(2, 7, 10).unwrap(), 1);
    assert_eq!(["kept", "again", "new"].map(there), [true, false, true], "the oldest went");
}

#[test]
fn an_entry_out_of_order_is_refused_and_ends_the_journal() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let mut journal = filled(&path, 1);
    let error = journal.commit(&batch(7, 1)).unwrap_err();
    assert!(matches!(error, CommitError::OutOfOrder { expected: Revision(6), found: Revision(7) }), "{error}");
    assert!(matches!(journal.commit(&batch(6, 1)), Err(CommitError::Poisoned { .. })));
    assert!(matches!(journal.commit(&Commit::default()), Err(CommitError::Poisoned { .. })));
    drop(journal);
    assert_eq!(open(&path).meta().head, Revision(5));
}

#[test]
fn a_full_disk_fails_the_commit_whole_and_reading_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let mut journal = filled(&path, 2);
    let pages = journal.limit_pages(1) + 4;
    journal.limit_pages(pages);
    let mut next = 11;
    let error = loop {
        match journal.commit(&batch(next, 5)) {
            Ok(()) => next += 5,
            Err(error) => break error,
        }
        assert!(next < 10_000, "the disk never filled");
    };
    assert!(error.is_full(), "{error}");
    assert!(matches!(journal.commit(&batch(next, 5)), Err(CommitError::Poisoned { .. })), "never tried again");
    assert_eq!(journal.reader().verify().unwrap().entries, next - 1);
    drop(journal);
    let mut journal = open(&path);
    assert_eq!(journal.meta().head, Revision(next - 1));
    journal.commit(&batch(next, 5)).unwrap();
}

#[test]
fn a_failing_fsync_is_fatal_and_not_retried() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = FailingJournal::after(1, open(&folder.path().join("journal")));
    journal.commit(&batch(1, 5)).unwrap();
    let error = journal.commit(&batch(6, 5)).unwrap_err();
    assert!(error.to_string().contains("nothing of it was confirmed"), "{error}");
    assert!(!error.is_full());
    assert!(matches!(journal.commit(&batch(6, 5)), Err(CommitError::Poisoned { .. })));
    assert_eq!(journal.reader().meta().unwrap().head, Revision(5));
}

#[test]
fn a_journal_of_another_fleet_or_no_journal_at_all_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    drop(filled(&path, 1));
    let error = SqliteJournal::open(&path, &FleetId::new("zzzzzzzzzz")).err().unwrap();
    assert!(matches!(error, OpenError::OtherFleet { .. }), "{error}");

    let text = folder.path().join("text");
    std::fs::write(&text, "certainly not a database, but long enough to have a header of one ".repeat(40)).unwrap();
    let before = std::fs::read(&text).unwrap();
    assert!(matches!(SqliteJournal::open(&text, &fleet()), Err(OpenError::NotAJournal { .. })));
    assert_eq!(std::fs::read(&text).unwrap(), before);

    let missing = folder.path().join("no/such/folder/journal");
    let error = SqliteJournal::open(&missing, &fleet()).err().unwrap();
    assert!(error.to_string().contains("no/such/folder"), "{error}");
}

#[test]
fn only_the_owner_may_read_it() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let _open = filled(&path, 1);
    for name in ["journal", "journal-wal", "journal-shm"] {
        let mode = folder.path().join(name).metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{name}: {mode:o}");
    }
}

#[test]
fn readers_see_whole_commits_while_the_writer_writes() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = filled(&folder.path().join("journal"), 1);
    let reader: Arc<dyn JournalReader> = journal.reader();
    let readers: Vec<_> = (0..6)
        .map(|_| {
            let reader = Arc::clone(&reader);
            std::thread::spawn(move || {
                loop {
                    let mut marked = 0;
                    let head = reader
                        .rows(&mut |table, _, value| {
                            if table == 1 {
                                marked = std::str::from_utf8(value).unwrap().parse().unwrap();
                            }
                            ControlFlow::Continue(())
                        })
                        .unwrap();
                    assert_eq!(head, Revision(marked), "rows and head are of one moment");
                    if marked == 300 {
                        return;
                    }
                }
            })
        })
        .collect();
    (1..60).for_each(|n| journal.commit(&batch(1 + n * 5, 5)).unwrap());
    readers.into_iter().for_each(|reader| reader.join().unwrap());
}

/// Changes the closed file with SQL, as someone would who wants history to read differently.
fn tampered(path: &Path, sql: &str) -> Result<Verified, String> {
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("journal");
    std::fs::copy(path, &copy).unwrap();
    Connection::open(&copy).unwrap().execute_batch(sql).unwrap();
    let journal = SqliteJournal::open(&copy, &fleet()).map_err(|error| error.to_string())?;
    journal.reader().verify().map_err(|error| error.to_string())
}

#[test]
fn an_edited_entry_row_or_blob_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    drop(filled(&path, 4));
    for (sql, what) in [
        ("UPDATE entries SET bytes = x'00' WHERE revision = 7", "entry 7 is damaged"),
        ("UPDATE entries SET at = at + 1 WHERE revision = 9", "entry 9 is damaged"),
        ("UPDATE entries SET hash = zeroblob(32) WHERE revision = 1", "entry 1 is damaged"),
        ("UPDATE entries SET hash = x'' WHERE revision = 3", "entry 3 is damaged"),
        ("DELETE FROM entries WHERE revision = 12", "entry 12 is damaged"),
        ("DELETE FROM entries WHERE revision >= 19", "the newest entry is 18, but 20 were confirmed"),
        ("UPDATE entries SET hash = zeroblob(32) WHERE revision = 20", "their hashes differ"),
        ("UPDATE state SET value = x'3939' WHERE tbl = 1", "the row 68656164 of state table 1 is damaged"),
        ("UPDATE blobs SET bytes = x'00' WHERE rowid = 2", "blob "),
        ("DELETE FROM meta", "the newest entry is 20, but 0 were confirmed"),
    ] {
        let error = tampered(&path, sql).expect_err(sql);
        assert!(error.contains(what), "{sql}: {error}");
    }
    assert_eq!(tampered(&path, "SELECT 1").unwrap().entries, 20);
}

#[test]
fn a_damaged_entry_is_never_handed_out() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let journal = filled(&path, 4);
    Connection::open(&path).unwrap().execute("UPDATE entries SET bytes = x'00' WHERE revision = 10", []).unwrap();
    let reader = journal.reader();
    for refused in [
        reader.entries(Revision(8), 100, usize::MAX),
        reader.entries(Revision(10), 1, usize::MAX),
        reader.latest(None, 100),
        reader.by_subject("alert/1", None, 100),
    ] {
        let error = refused.unwrap_err().to_string();
        assert!(error.contains("entry 10 is damaged; restore"), "{error}");
    }
    assert_eq!(reader.entries(Revision(11), 100, usize::MAX).unwrap().len(), 10, "the rest stays readable");
    assert_eq!(numbers(&reader.latest(None, 2).unwrap()), [20, 19]);
}

/// The bytes of a journal of eight commits: first with all of them in the file, then with all of them in the log.
static FILES: LazyLock<(Vec<u8>, Vec<u8>, Vec<u8>)> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let journal = filled(&path, 8);
    let file = std::fs::read(&path).unwrap();
    let log = std::fs::read(folder.path().join("journal-wal")).unwrap();
    drop(journal);
    (std::fs::read(&path).unwrap(), file, log)
});

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever bit of the file flips: it is found, or what it hit was no part of the content.
    #[test]
    fn no_flipped_bit_changes_what_is_read(place in 0.0..1.0_f64, bit in 0_u8..8) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let mut bytes = FILES.0.clone();
        let at = (bytes.len() as f64 * place) as usize;
        bytes[at] ^= 1 << bit;
        std::fs::write(&path, &bytes).unwrap();
        if let Ok(journal) = SqliteJournal::open(&path, &fleet())
            && let reader = journal.reader()
            && reader.verify().is_ok()
            && let Ok((entries, rows)) = content(&*reader)
        {
            prop_assert_eq!(entries.len(), 40, "byte {} bit {}", at, bit);
            let same = entries.iter().zip((1..).map(entry)).all(|(read, given)| read.bytes == given.bytes && read.at == given.at);
            prop_assert!(same && rows.len() == 9, "byte {} bit {}", at, bit);
        }
    }

    /// A power cut tears the end of the write-ahead log: what remains is whole commits from the beginning.
    #[test]
    fn a_torn_log_is_a_prefix_of_whole_commits(keep in 0.0..1.0_f64, garbage in proptest::collection::vec(any::<u8>(), 0..5000)) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let mut log = FILES.2.clone();
        log.truncate((log.len() as f64 * keep) as usize);
        log.extend(garbage);
        std::fs::write(&path, &FILES.1).unwrap();
        std::fs::write(folder.path().join("journal-wal"), log).unwrap();
        let torn = open(&path);
        let head = torn.meta().head;
        prop_assert_eq!(head.0 % 5, 0);
        let reader = torn.reader();
        prop_assert_eq!(reader.verify().unwrap().entries, head.0);
        prop_assert_eq!(row(&*reader, 1, b"head"), (head.0 > 0).then(|| head.0.to_string().into_bytes()));
    }
}

const CHILD: &str = "WATCHFLOOR_TEST_JOURNAL_CHILD";

/// Not a test by itself: the process that [`killed_at_any_moment_nothing_confirmed_is_lost`] kills.
#[test]
fn child_that_commits_until_it_is_killed() {
    let Ok(path) = std::env::var(CHILD) else { return };
    let mut journal = open(Path::new(&path));
    let mut out = std::io::stdout();
    for size in (1..9).cycle() {
        journal.commit(&batch(journal.meta().head.0 + 1, size)).unwrap();
        writeln!(out, "durable {}", journal.meta().head).unwrap();
        out.flush().unwrap();
    }
}

#[test]
fn killed_at_any_moment_nothing_confirmed_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let mut confirmed = 0;
    for round in 0..30 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "hub::journal::tests::child_that_commits_until_it_is_killed", "--nocapture"])
            .env(CHILD, &path)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let wanted = 1 + round * 7 % 60;
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let durable = |line: String| line.split("durable ").nth(1).and_then(|number| number.parse::<u64>().ok());
        for _ in 0..wanted {
            confirmed = lines.by_ref().find_map(durable).expect("the child commits");
        }
        child.kill().unwrap();
        confirmed = lines.filter_map(durable).last().unwrap_or(confirmed);
        child.wait().unwrap();

        let journal = open(&path);
        let head = journal.meta().head;
        assert!(head.0 >= confirmed, "{confirmed} were confirmed, {head} are there");
        assert!(head.0 <= confirmed + 8, "at most the one commit under way is there beyond");
        assert_eq!(journal.reader().verify().unwrap().entries, head.0);
        assert_eq!(row(&*journal.reader(), 1, b"head").unwrap(), head.to_string().into_bytes());
    }
}

#[test]
fn the_id_of_a_blob_is_its_sha256() {
    assert_eq!(blob_id(b"abc").to_string(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}
