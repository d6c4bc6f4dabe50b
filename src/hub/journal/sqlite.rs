//! The journal in one SQLite file: write-ahead log, synchronous FULL, one writer.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use ring::rand::{SecureRandom, SystemRandom};
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, TransactionBehavior};

use super::chain::{Hash, genesis, link, row_sum};
use super::checkpoint::Checkpointer;
use super::copied;
use super::errors::{CommitError, OpenError};
use super::port::{Commit, Journal, JournalReader, Meta};
use super::reader::{SqliteReader, integer, read_meta, revision_column};
use super::schema::{self, MIGRATIONS};
use crate::fleet::words::{Epoch, FleetId, Revision, Timestamp};

/// Page cache of the writer in KiB.
const CACHE_KIB: i64 = 8 * 1024;
/// Pages in the write-ahead log before a commit itself moves them into the file: far more than the checkpoint thread
/// usually leaves. Only then, with no commit in between, the log can begin anew under lasting load.
const CHECKPOINT_PAGES: i64 = 16_000;
/// The write-ahead log is cut back to this many bytes after a burst.
const LOG_KEPT: i64 = 16 << 20;

/// The writing end of the SQLite journal. An exclusive lock of the data directory, taken by the caller, makes sure
/// that there is one.
pub struct SqliteJournal {
    // before the writing connection, so that this closes last and can put the log away
    checkpointer: Checkpointer,
    reader: Arc<SqliteReader>,
    connection: Connection,
    path: PathBuf,
    meta: Meta,
    failed: bool,
}

impl SqliteJournal {
    /// Opens the journal of a fleet, or makes one with a new epoch; an older schema is migrated, after a copy. A file
    /// that was restored from a backup gets a new epoch.
    ///
    /// # Errors
    /// [`OpenError`] names the path and what to do; the journal is then as it was.
    pub fn open(path: &Path, fleet: &FleetId) -> Result<Self, OpenError> {
        let fail = |doing| move |source| OpenError::Sqlite { doing, path: path.to_owned(), source };
        create_private(path)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut connection = Connection::open_with_flags(path, flags).map_err(fail("opening"))?;
        connection.busy_timeout(Duration::from_secs(5)).map_err(fail("opening"))?;
        schema::recognise(&connection, path, MIGRATIONS)?;
        settle(&connection).map_err(fail("opening"))?;
        schema::migrate(&mut connection, path, MIGRATIONS)?;
        empty_log(&connection, path).map_err(fail("taking over the write-ahead log of"))?;
        let mut meta = match read_meta(&connection).map_err(fail("reading the head of"))? {
            Some(meta) => meta,
            None => {
                let epoch = draw(Epoch(0)).ok_or(OpenError::NoRandomness)?;
                let meta = begin(&mut connection, fleet, epoch).map_err(fail("beginning"))?;
                empty_log(&connection, path).map_err(fail("beginning"))?;
                meta
            }
        };
        if meta.fleet != *fleet {
            return Err(OpenError::OtherFleet { path: path.to_owned(), found: meta.fleet, expected: fleet.clone() });
        }
        check_head(&connection, path, &meta)?;
        let note = |source| OpenError::Io { doing: "reading the note beside", path: path.to_owned(), source };
        if copied::is_copy(path).map_err(note)? {
            meta.epoch = draw(meta.epoch).ok_or(OpenError::NoRandomness)?;
            set_epoch(&connection, meta.epoch).map_err(fail("beginning a new epoch in"))?;
            tracing::warn!("{}: restored from a backup or moved here; all that watch begin anew", path.display());
        }
        if let Err(error) = copied::note(path) {
            tracing::warn!("{}: which file this is could not be noted: {error}", path.display());
        }
        sync_folder(path)?;
        let reader = Arc::new(SqliteReader::new(path));
        let checkpointer = Checkpointer::start(path).map_err(fail("opening"))?;
        Ok(Self { checkpointer, reader, connection, path: path.to_owned(), meta, failed: false })
    }

    /// Lets the file grow no further than this many pages, as a full disk does; returns the limit in force.
    #[cfg(test)]
    pub fn limit_pages(&mut self, pages: u32) -> u32 {
        self.connection.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |row| row.get(0)).unwrap()
    }

    /// Runs one write; the first failure closes the journal for all later ones.
    fn fatal<T>(&mut self, write: impl FnOnce(&mut Self) -> Result<T, Failure>) -> Result<T, CommitError> {
        if self.failed {
            return Err(CommitError::Poisoned { path: self.path.clone() });
        }
        write(self).map_err(|failure| {
            self.failed = true;
            match failure {
                Failure::Sqlite(source) => CommitError::Storage { path: self.path.clone(), source },
                Failure::Other(error) => error,
            }
        })
    }

    fn write(&mut self, commit: &Commit) -> Result<(), Failure> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut head = self.meta.head;
        let mut hash = self.meta.head_hash;
        {
            let mut store = transaction
                .prepare_cached("INSERT INTO blobs(id, kind, stored_at, bytes) VALUES (?1, ?2, ?3, ?4)
                    ON CONFLICT(id) DO UPDATE SET kind = min(kind, excluded.kind), stored_at = max(stored_at, excluded.stored_at)")?;
            for blob in &commit.blobs {
                store.execute((blob.id.0, blob.kind, blob.at.0, &blob.bytes[..]))?;
            }
            let mut append =
                transaction.prepare_cached("INSERT INTO entries(revision, at, hash, bytes) VALUES (?1, ?2, ?3, ?4)")?;
            let mut index =
                transaction.prepare_cached("INSERT OR IGNORE INTO subjects(subject, revision) VALUES (?1, ?2)")?;
            for entry in &commit.entries {
                if entry.revision != head.next() {
                    return Err(CommitError::OutOfOrder { expected: head.next(), found: entry.revision }.into());
                }
                hash = link(&hash, entry.revision, entry.at, &entry.bytes);
                append.execute((integer(entry.revision.0), entry.at.0, hash, &entry.bytes[..]))?;
                for subject in &entry.subjects {
                    index.execute((subject, integer(entry.revision.0)))?;
                }
                head = entry.revision;
            }
            let mut put = transaction.prepare_cached(
                "INSERT INTO state(tbl, key, sum, value) VALUES (?1, ?2, ?3, ?4)
                    ON CONFLICT(tbl, key) DO UPDATE SET sum = excluded.sum, value = excluded.value",
            )?;
            let mut remove = transaction.prepare_cached("DELETE FROM state WHERE tbl = ?1 AND key = ?2")?;
            for row in &commit.rows {
                match &row.value {
                    Some(value) => {
                        put.execute((row.table, &row.key, row_sum(row.table, &row.key, value), &value[..]))?
                    }
                    None => remove.execute((row.table, &row.key))?,
                };
            }
            if head != self.meta.head {
                transaction
                    .prepare_cached("UPDATE meta SET head = ?1, head_hash = ?2 WHERE id = 0")?
                    .execute((integer(head.0), hash))?;
            }
        }
        transaction.commit()?;
        self.meta.head = head;
        self.meta.head_hash = hash;
        Ok(())
    }
}

impl Journal for SqliteJournal {
    fn meta(&self) -> &Meta {
        &self.meta
    }

    fn commit(&mut self, commit: &Commit) -> Result<(), CommitError> {
        if commit.entries.is_empty() && commit.rows.is_empty() && commit.blobs.is_empty() && !self.failed {
            return Ok(());
        }
        self.fatal(|journal| {
            journal.write(commit)?;
            let entries = commit.entries.iter().map(|entry| entry.bytes.len());
            let rows = commit.rows.iter().map(|row| row.value.as_ref().map_or(0, Bytes::len));
            let bytes = entries.chain(rows).chain(commit.blobs.iter().map(|blob| blob.bytes.len())).sum();
            journal.checkpointer.wrote(commit.entries.len() * 2 + commit.rows.len() + commit.blobs.len(), bytes)?;
            Ok(())
        })
    }

    fn draw_new_epoch(&mut self) -> Result<Epoch, CommitError> {
        self.fatal(|journal| {
            let epoch = draw(journal.meta.epoch).ok_or(CommitError::NoRandomness)?;
            set_epoch(&journal.connection, epoch)?;
            journal.meta.epoch = epoch;
            Ok(epoch)
        })
    }

    fn drop_blobs(&mut self, kind: u8, before: Timestamp, limit: usize) -> Result<usize, CommitError> {
        self.fatal(|journal| {
            let mut statement = journal.connection.prepare_cached(
                "DELETE FROM blobs WHERE rowid IN
                    (SELECT rowid FROM blobs WHERE kind = ?1 AND stored_at < ?2 ORDER BY stored_at LIMIT ?3)",
            )?;
            Ok(statement.execute((kind, before.0, integer(limit as u64)))?)
        })
    }

    fn bound_blobs(&mut self, kind: u8, most: u64, limit: usize) -> Result<usize, CommitError> {
        self.fatal(|journal| {
            let mut statement = journal.connection.prepare_cached(
                "DELETE FROM blobs WHERE rowid IN (SELECT rowid FROM
                    (SELECT rowid, stored_at,
                        sum(length(bytes)) OVER (ORDER BY stored_at DESC, rowid DESC) AS together
                        FROM blobs WHERE kind = ?1)
                    WHERE together > ?2 ORDER BY stored_at LIMIT ?3)",
            )?;
            Ok(statement.execute((kind, integer(most), integer(limit as u64)))?)
        })
    }

    fn reader(&self) -> Arc<dyn JournalReader> {
        self.reader.clone()
    }
}

enum Failure {
    Sqlite(rusqlite::Error),
    Other(CommitError),
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl From<CommitError> for Failure {
    fn from(error: CommitError) -> Self {
        Self::Other(error)
    }
}

/// A random epoch that differs from `old` and is never 0, so that a peer without one is told apart.
fn draw(old: Epoch) -> Option<Epoch> {
    let random = SystemRandom::new();
    let mut bytes = [0; 8];
    loop {
        random.fill(&mut bytes).ok()?;
        let epoch = Epoch(u64::from_le_bytes(bytes));
        if epoch.0 != 0 && epoch != old {
            return Some(epoch);
        }
    }
}

fn set_epoch(connection: &Connection, epoch: Epoch) -> rusqlite::Result<()> {
    connection.execute("UPDATE meta SET epoch = ?1 WHERE id = 0", [epoch.0.cast_signed()]).map(drop)
}

/// Only the hub's user may read the history; SQLite gives its companion files the same mode.
fn create_private(path: &Path) -> Result<(), OpenError> {
    OpenOptions::new()
        .read(true)
        .append(true)
        .create(true)
        .mode(0o600)
        .open(path)
        .map(drop)
        .map_err(|source| OpenError::Io { doing: "opening the journal", path: path.to_owned(), source })
}

fn sync_folder(path: &Path) -> Result<(), OpenError> {
    let folder = path.parent().unwrap_or(path);
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(|source| OpenError::Io {
        doing: "making durable the directory",
        path: folder.to_owned(),
        source,
    })
}

fn settle(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
    connection.pragma_update(None, "mmap_size", 0)?; // damage through mappings was seen in the field
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
    connection.pragma_update(None, "journal_size_limit", LOG_KEPT)?;
    Ok(())
}

/// Moves what a dead process left in the write-ahead log into the file. After a failed fsync the log may be whole in
/// the kernel's memory but not on disk, with nothing left to say so; written anew into the file, it is fsynced anew.
fn empty_log(connection: &Connection, path: &Path) -> rusqlite::Result<()> {
    match connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0)) {
        Ok(false) => {}
        Ok(true) => tracing::warn!("{}: another program is reading the journal; close it", path.display()),
        // Readers are served from the log as it is; the hub decides nothing before there is room.
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::DiskFull) => {
            tracing::warn!("{}: its write-ahead log stays as it is: {error}", path.display());
        }
        Err(error) => return Err(error),
    }
    Ok(())
}

fn begin(connection: &mut Connection, fleet: &FleetId, epoch: Epoch) -> rusqlite::Result<Meta> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute(
        "INSERT INTO meta(id, fleet, epoch, head, head_hash) VALUES (0, ?1, ?2, 0, ?3)",
        (fleet.as_str(), epoch.0.cast_signed(), genesis(fleet)),
    )?;
    transaction.commit()?;
    read_meta(connection)?.ok_or(rusqlite::Error::QueryReturnedNoRows)
}

/// The newest entry must be the confirmed head: an end that was cut off is noticed at once.
fn check_head(connection: &Connection, path: &Path, meta: &Meta) -> Result<(), OpenError> {
    let newest: Option<(Revision, Hash)> = connection
        .query_row("SELECT revision, hash FROM entries ORDER BY revision DESC LIMIT 1", [], |row| {
            Ok((revision_column(row, 0)?, row.get(1)?))
        })
        .optional()
        .map_err(|source| OpenError::Sqlite { doing: "reading the newest entry of", path: path.to_owned(), source })?;
    let (newest, hash) = newest.unwrap_or_else(|| (Revision(0), genesis(&meta.fleet)));
    let what = match (newest == meta.head, hash == meta.head_hash) {
        (true, true) => return Ok(()),
        (false, _) => "their numbers differ",
        (true, false) => "their hashes differ",
    };
    Err(OpenError::Head { path: path.to_owned(), newest, head: meta.head, what })
}
