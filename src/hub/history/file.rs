//! One file of blocks in SQLite: the series it names, and a row a block.

use std::collections::HashMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, OptionalExtension};

use super::errors::HistoryError;
use super::tiers::Name;
use crate::fleet::words::HostId;

/// Marks the file as ours (`WFHS`).
const APPLICATION_ID: i32 = 0x5746_4853;
/// The layout of the tables; a file lives for days or months, so a new layout is a new kind of file, never migrated.
const LAYOUT: i32 = 1;
/// Three to five usual blocks fit a page, so few spill over.
const PAGE: i64 = 16_384;

const TABLES: &str = "
    CREATE TABLE series(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
    CREATE TABLE blocks(host INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL, bytes BLOB NOT NULL) STRICT;
    CREATE INDEX blocks_by_host ON blocks(host, first, last);
    CREATE TABLE rolled(start INTEGER PRIMARY KEY) STRICT;";

/// An open file.
pub struct BlockFile {
    /// Which it is.
    pub name: Name,
    /// Where it lies.
    pub path: PathBuf,
    connection: Connection,
}

impl BlockFile {
    /// Opens a file for writing, or makes it.
    pub fn write(folder: &Path, name: Name) -> Result<Self, HistoryError> {
        let path = name.path(folder);
        let fail = HistoryError::sqlite(&path);
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&path, flags).map_err(fail)?;
        let file = Self { name, path: path.clone(), connection };
        match file.settle().map_err(fail)? {
            true => Ok(file),
            false => Err(HistoryError::NotOurs { path }),
        }
    }

    /// Opens a file for writing, or makes it; what can't be used is moved aside first, so that history goes on.
    pub fn write_or_replace(folder: &Path, name: Name) -> Result<Self, HistoryError> {
        match Self::write(folder, name) {
            Err(error) if error.is_the_files_fault() => {
                tracing::error!("{error}; it is moved aside as *.damaged");
                set_aside(folder, name)?;
                Self::write(folder, name)
            }
            file => file,
        }
    }

    /// Opens a file for reading; `None` if there is none (any more).
    pub fn read(folder: &Path, name: Name) -> Result<Option<Self>, HistoryError> {
        let path = name.path(folder);
        if !path.exists() {
            return Ok(None);
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let open = || -> rusqlite::Result<_> {
            let connection = Connection::open_with_flags(&path, flags)?;
            connection.busy_timeout(Duration::from_secs(2))?;
            connection.pragma_update(None, "cache_size", -512)?;
            connection.pragma_update(None, "trusted_schema", false)?;
            let kind = kind(&connection)?;
            Ok((connection, kind))
        };
        match open() {
            Ok((connection, (APPLICATION_ID, LAYOUT))) => Ok(Some(Self { name, path, connection })),
            Ok((_, (0, 0))) => Ok(None), // just being made
            Ok(_) => Err(HistoryError::NotOurs { path }),
            Err(_) if !path.exists() => Ok(None),
            Err(error) => Err(HistoryError::sqlite(&path)(error)),
        }
    }

    /// Losing the newest minutes in a power cut is fine, a file that can't be read any more is not: hence a
    /// write-ahead log, and fsync only when it is moved into the file.
    fn settle(&self) -> rusqlite::Result<bool> {
        let file = &self.connection;
        file.busy_timeout(Duration::from_secs(2))?;
        let kind = kind(file)?;
        let empty: bool = file.query_row("SELECT count(*) = 0 FROM sqlite_schema", [], |row| row.get(0))?;
        if kind != (APPLICATION_ID, LAYOUT) && !(empty && kind == (0, 0)) {
            return Ok(false);
        }
        file.pragma_update(None, "page_size", PAGE)?;
        file.pragma_update(None, "journal_mode", "WAL")?;
        file.pragma_update(None, "synchronous", "NORMAL")?;
        file.pragma_update(None, "cache_size", -1024)?;
        file.pragma_update(None, "wal_autocheckpoint", 64)?;
        file.pragma_update(None, "journal_size_limit", 1 << 20)?;
        file.pragma_update(None, "trusted_schema", false)?;
        if empty {
            let transaction = file.unchecked_transaction()?;
            transaction.execute_batch(TABLES)?;
            transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
            transaction.pragma_update(None, "user_version", LAYOUT)?;
            transaction.commit()?;
        }
        Ok(true)
    }

    /// Does all of `work` or nothing.
    pub fn whole<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T, HistoryError>) -> Result<T, HistoryError> {
        self.execute("BEGIN IMMEDIATE")?;
        let done = work(self).and_then(|done| self.execute("COMMIT").map(|()| done));
        if done.is_err() && !self.connection.is_autocommit() {
            self.execute("ROLLBACK")?;
        }
        done
    }

    fn execute(&self, sql: &str) -> Result<(), HistoryError> {
        self.connection.execute_batch(sql).map_err(HistoryError::sqlite(&self.path))
    }

    /// The number of a series in this file, new or known.
    pub fn number(&self, series: &str) -> Result<u64, HistoryError> {
        let number = || -> rusqlite::Result<i64> {
            let known = self
                .connection
                .prepare_cached("SELECT id FROM series WHERE name = ?1")?
                .query_row([series], |row| row.get(0))
                .optional()?;
            match known {
                Some(number) => Ok(number),
                None => self.connection.prepare_cached("INSERT INTO series(name) VALUES (?1)")?.insert([series]),
            }
        };
        number().map(i64::cast_unsigned).map_err(HistoryError::sqlite(&self.path))
    }

    /// The names of all series in this file by number.
    pub fn series(&self) -> Result<HashMap<u64, String>, HistoryError> {
        let read = || -> rusqlite::Result<_> {
            let mut statement = self.connection.prepare_cached("SELECT id, name FROM series")?;
            statement.query_map([], |row| Ok((row.get::<_, i64>(0)?.cast_unsigned(), row.get(1)?)))?.collect()
        };
        read().map_err(HistoryError::sqlite(&self.path))
    }

    /// Adds a block.
    pub fn append(&self, host: HostId, first: i64, last: i64, bytes: &[u8]) -> Result<(), HistoryError> {
        self.connection
            .prepare_cached("INSERT INTO blocks(host, first, last, bytes) VALUES (?1, ?2, ?3, ?4)")
            .and_then(|mut statement| statement.execute((host.0.cast_signed(), first, last, bytes)))
            .map(drop)
            .map_err(HistoryError::sqlite(&self.path))
    }

    /// Removes a host's blocks that begin in a stretch, before they are made again.
    pub fn remove(&self, host: HostId, begin: Range<i64>) -> Result<(), HistoryError> {
        self.connection
            .prepare_cached("DELETE FROM blocks WHERE host = ?1 AND first >= ?2 AND first < ?3")
            .and_then(|mut statement| statement.execute((host.0.cast_signed(), begin.start, begin.end)))
            .map(drop)
            .map_err(HistoryError::sqlite(&self.path))
    }

    /// Walks a host's blocks that begin in `begin` and end at or after `until`, in order, as (first moment, bytes).
    pub fn blocks(
        &self,
        host: HostId,
        begin: Range<i64>,
        until: i64,
        mut visit: impl FnMut(i64, &[u8]),
    ) -> Result<(), HistoryError> {
        let mut walk = || -> rusqlite::Result<()> {
            let mut statement = self.connection.prepare_cached(
                "SELECT first, bytes FROM blocks WHERE host = ?1 AND first >= ?2 AND first < ?3 AND last >= ?4 ORDER BY first",
            )?;
            let mut rows = statement.query((host.0.cast_signed(), begin.start, begin.end, until))?;
            while let Some(row) = rows.next()? {
                visit(row.get(0)?, row.get_ref(1)?.as_blob()?);
            }
            Ok(())
        };
        walk().map_err(HistoryError::sqlite(&self.path))
    }

    /// The hosts that have blocks.
    pub fn hosts(&self) -> Result<Vec<HostId>, HistoryError> {
        let read = || -> rusqlite::Result<_> {
            let mut statement = self.connection.prepare("SELECT DISTINCT host FROM blocks ORDER BY host")?;
            statement.query_map([], |row| Ok(HostId(row.get::<_, i64>(0)?.cast_unsigned())))?.collect()
        };
        read().map_err(HistoryError::sqlite(&self.path))
    }

    /// Says that a stretch of fine history has been summed up here.
    pub fn mark_rolled(&self, start: i64) -> Result<(), HistoryError> {
        self.connection
            .execute("INSERT OR IGNORE INTO rolled(start) VALUES (?1)", [start])
            .map(drop)
            .map_err(HistoryError::sqlite(&self.path))
    }

    /// The stretches that have been summed up here.
    pub fn rolled(&self) -> Result<Vec<i64>, HistoryError> {
        let read = || -> rusqlite::Result<_> {
            self.connection
                .prepare("SELECT start FROM rolled ORDER BY start")?
                .query_map([], |row| row.get(0))?
                .collect()
        };
        read().map_err(HistoryError::sqlite(&self.path))
    }

    /// Puts the write-ahead log away: nothing will be added. A reader in the way only leaves the log beside it.
    pub fn finish(self) {
        if let Err(error) = self.connection.pragma_update(None, "journal_mode", "DELETE") {
            tracing::debug!("{} keeps its log for now: {error}", self.path.display());
        }
    }
}

/// Both marks in one look, because another thread may just be making the file.
fn kind(connection: &Connection) -> rusqlite::Result<(i32, i32)> {
    connection
        .query_row("SELECT * FROM pragma_application_id, pragma_user_version", [], |row| Ok((row.get(0)?, row.get(1)?)))
}

/// Deletes a file of history with what SQLite keeps beside it.
///
/// # Errors
/// When the file itself can't be deleted.
pub fn unlink(folder: &Path, name: Name) -> Result<(), HistoryError> {
    let path = name.path(folder);
    std::fs::remove_file(&path).map_err(|source| HistoryError::Io { path: path.clone(), source })?;
    for companion in ["-wal", "-shm"] {
        let mut beside = path.clone().into_os_string();
        beside.push(companion);
        let _ = std::fs::remove_file(beside); // usually there is none
    }
    Ok(())
}

fn set_aside(folder: &Path, name: Name) -> Result<(), HistoryError> {
    let path = name.path(folder);
    let mut aside = path.clone().into_os_string();
    aside.push(".damaged");
    std::fs::rename(&path, &aside).map_err(|source| HistoryError::Io { path: path.clone(), source })?;
    for companion in ["-wal", "-shm"] {
        let mut beside = path.clone().into_os_string();
        beside.push(companion);
        let _ = std::fs::remove_file(beside); // belongs to the damaged file only
    }
    Ok(())
}
