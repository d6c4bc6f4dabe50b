//! Reading the SQLite journal: a few read-only connections, and a check of every hash on the way out.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::{Condvar, Mutex, PoisonError};

use bytes::Bytes;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, Row};

use super::chain::{Hash, blob_id, genesis, link, row_sum};
use super::errors::{Damaged, ReadError};
use super::port::{JournalReader, Meta, StoredEntry, Verified, Visit};
use crate::fleet::words::{BlobId, Epoch, FleetId, Revision, Timestamp};

/// Connections at most; a fifth reader waits for one of four. Each costs about 1 MiB.
const CONNECTIONS: usize = 4;
/// Page cache of a reading connection in KiB; readers mostly pass through once.
const CACHE_KIB: i64 = 1024;
/// A page of entries read newest first ends after this many bytes.
const PAGE_BYTES: usize = 4 << 20;
/// A page of entries has at most this many, whatever was asked for.
const PAGE_ENTRIES: usize = 10_000;

/// The reading end of the SQLite journal.
pub struct SqliteReader {
    path: PathBuf,
    pool: Mutex<Pool>,
    returned: Condvar,
}

#[derive(Default)]
struct Pool {
    idle: Vec<Connection>,
    lent: usize,
}

impl SqliteReader {
    /// A reader of the journal file; connections are opened when first needed.
    pub fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), pool: Mutex::default(), returned: Condvar::new() }
    }

    fn with<T>(&self, read: impl FnOnce(&Connection) -> Result<T, Fault>) -> Result<T, ReadError> {
        let lent = {
            let mut pool = self.pool.lock().unwrap_or_else(PoisonError::into_inner);
            while pool.lent >= CONNECTIONS {
                pool = self.returned.wait(pool).unwrap_or_else(PoisonError::into_inner);
            }
            pool.lent += 1;
            pool.idle.pop()
        };
        let mut lease = Lease { reader: self, connection: lent };
        let connection = match lease.connection.take() {
            Some(connection) => connection,
            None => self.open().map_err(|source| ReadError::Storage { path: self.path.clone(), source })?,
        };
        let answer = read(lease.connection.insert(connection));
        answer.map_err(|fault| match fault {
            Fault::Sqlite(source) => ReadError::Storage { path: self.path.clone(), source },
            Fault::Damaged(what) => ReadError::Corrupt { path: self.path.clone(), what },
        })
    }

    fn open(&self) -> rusqlite::Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.path, flags)?;
        connection.busy_timeout(std::time::Duration::from_secs(5))?;
        connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
        connection.pragma_update(None, "mmap_size", 0)?;
        connection.pragma_update(None, "trusted_schema", false)?;
        connection.pragma_update(None, "cell_size_check", true)?;
        Ok(connection)
    }
}

/// Gives the connection back however the reading ends.
struct Lease<'a> {
    reader: &'a SqliteReader,
    connection: Option<Connection>,
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        let mut pool = self.reader.pool.lock().unwrap_or_else(PoisonError::into_inner);
        pool.lent -= 1;
        pool.idle.extend(self.connection.take());
        self.reader.returned.notify_one();
    }
}

enum Fault {
    Sqlite(rusqlite::Error),
    Damaged(Damaged),
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl Fault {
    /// Where SQLite itself finds its file damaged, the record that was wanted is what the reader needs to know.
    fn located(self, what: Damaged) -> Self {
        match self {
            Self::Sqlite(rusqlite::Error::SqliteFailure(failure, _))
                if matches!(failure.code, ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) =>
            {
                Self::Damaged(what)
            }
            Self::Sqlite(
                rusqlite::Error::InvalidColumnType(..)
                | rusqlite::Error::IntegralValueOutOfRange(..)
                | rusqlite::Error::FromSqlConversionFailure(..),
            ) => Self::Damaged(what),
            other => other,
        }
    }
}

/// A revision or id as SQLite keeps it.
pub fn integer(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn rows_at_most(limit: usize) -> i64 {
    integer(limit.min(PAGE_ENTRIES) as u64)
}

/// Reads a revision; what is negative can't be one.
pub fn revision_column(row: &Row<'_>, column: usize) -> rusqlite::Result<Revision> {
    let number: i64 = row.get(column)?;
    u64::try_from(number).map(Revision).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(column, number))
}

/// Reads the one row of meta; `None` in a journal that has none yet.
pub fn read_meta(connection: &Connection) -> rusqlite::Result<Option<Meta>> {
    let schema = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    connection
        .prepare_cached("SELECT fleet, epoch, head, head_hash FROM meta WHERE id = 0")?
        .query_row([], |row| {
            Ok(Meta {
                fleet: FleetId::new(row.get::<_, String>(0)?),
                epoch: Epoch(row.get::<_, i64>(1)?.cast_unsigned()),
                head: revision_column(row, 2)?,
                head_hash: row.get(3)?,
                schema,
            })
        })
        .optional()
}

fn meta(connection: &Connection) -> Result<Meta, Fault> {
    read_meta(connection)
        .map_err(|error| Fault::from(error).located(Damaged::Head))?
        .ok_or(Fault::Damaged(Damaged::Head))
}

fn blob_column<'row>(row: &'row Row<'_>, column: usize) -> rusqlite::Result<&'row [u8]> {
    Ok(match row.get_ref(column)? {
        ValueRef::Blob(bytes) => bytes,
        _ => &[],
    })
}

/// Reads `revision, at, hash, bytes` and checks them against the hash before.
fn checked(row: &Row<'_>, wanted: Revision, before: &Hash) -> Result<(StoredEntry, Hash), Fault> {
    let damaged = Damaged::Entry(wanted);
    let parts = || -> rusqlite::Result<_> {
        Ok((revision_column(row, 0)?, Timestamp(row.get(1)?), blob_column(row, 2)?, blob_column(row, 3)?))
    };
    let (revision, at, stored, bytes) = parts().map_err(|error| Fault::from(error).located(damaged.clone()))?;
    let hash = link(before, revision, at, bytes);
    if revision != wanted || stored != hash {
        return Err(Fault::Damaged(damaged));
    }
    Ok((StoredEntry { revision, at, bytes: Bytes::copy_from_slice(bytes) }, hash))
}

fn upwards(
    connection: &Connection,
    from: Revision,
    limit: usize,
    bytes: usize,
) -> Result<(Vec<StoredEntry>, Hash), Fault> {
    let mut wanted = from.max(Revision(1));
    let before = Revision(wanted.0 - 1);
    let mut hash: Hash = if before.0 == 0 {
        genesis(&meta(connection)?.fleet)
    } else {
        let found = connection
            .prepare_cached("SELECT hash FROM entries WHERE revision = ?1")?
            .query_row([integer(before.0)], |row| row.get(0))
            .optional()
            .map_err(|error| Fault::from(error).located(Damaged::Entry(before)))?;
        match found {
            Some(hash) => hash,
            None if meta(connection)?.head >= before => return Err(Fault::Damaged(Damaged::Entry(before))),
            None => return Ok((Vec::new(), Hash::default())),
        }
    };
    let mut statement = connection.prepare_cached(
        "SELECT revision, at, hash, bytes FROM entries WHERE revision >= ?1 ORDER BY revision LIMIT ?2",
    )?;
    let mut rows = statement.query((integer(wanted.0), rows_at_most(limit)))?;
    let mut entries = Vec::new();
    let mut taken = 0;
    while let Some(row) = rows.next().map_err(|error| Fault::from(error).located(Damaged::Entry(wanted)))? {
        let (entry, next) = checked(row, wanted, &hash)?;
        taken += entry.bytes.len();
        entries.push(entry);
        hash = next;
        wanted = wanted.next();
        if taken >= bytes {
            break;
        }
    }
    Ok((entries, hash))
}

/// Takes rows of `revision, at, hash, bytes, hash before, wanted revision`, newest first.
fn downwards(rows: &mut rusqlite::Rows<'_>, first: &Hash) -> Result<Vec<StoredEntry>, Fault> {
    let mut entries = Vec::new();
    let mut taken = 0;
    while let Some(row) = rows.next()? {
        let wanted = revision_column(row, 5)?;
        let before = match blob_column(row, 4)?.try_into() {
            Ok(hash) => hash,
            Err(_) if wanted == Revision(1) => *first,
            Err(_) => return Err(Fault::Damaged(Damaged::Entry(Revision(wanted.0.saturating_sub(1))))),
        };
        let (entry, _) = checked(row, wanted, &before)?;
        taken += entry.bytes.len();
        entries.push(entry);
        if taken >= PAGE_BYTES {
            break;
        }
    }
    Ok(entries)
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn walk_rows(connection: &Connection, visit: &mut Visit<'_>) -> Result<u64, Fault> {
    let mut statement = connection.prepare_cached("SELECT tbl, key, sum, value FROM state ORDER BY tbl, key")?;
    let mut rows = statement.query([])?;
    let mut seen = 0;
    while let Some(row) = rows.next()? {
        let (key, sum, value) = (blob_column(row, 1)?, blob_column(row, 2)?, blob_column(row, 3)?);
        let table = row.get::<_, i64>(0)?;
        match u8::try_from(table) {
            Ok(table) if sum == row_sum(table, key, value) => {
                seen += 1;
                if visit(table, key, value).is_break() {
                    break;
                }
            }
            _ => {
                let table = u8::try_from(table).unwrap_or(u8::MAX);
                return Err(Fault::Damaged(Damaged::Row { table, key: hexadecimal(key) }));
            }
        }
    }
    Ok(seen)
}

fn check_blobs(connection: &Connection, after: i64) -> Result<Option<(i64, u64)>, Fault> {
    let mut statement =
        connection.prepare_cached("SELECT rowid, id, bytes FROM blobs WHERE rowid > ?1 ORDER BY rowid LIMIT 256")?;
    let mut rows = statement.query([after])?;
    let (mut last, mut seen) = (None, 0);
    while let Some(row) = rows.next()? {
        let id = BlobId(blob_column(row, 1)?.try_into().unwrap_or_default());
        if blob_id(blob_column(row, 2)?) != id {
            return Err(Fault::Damaged(Damaged::Blob(id)));
        }
        last = Some(row.get(0)?);
        seen += 1;
    }
    Ok(last.map(|last| (last, seen)))
}

impl JournalReader for SqliteReader {
    fn meta(&self) -> Result<Meta, ReadError> {
        self.with(meta)
    }

    fn entries(&self, from: Revision, limit: usize, limit_bytes: usize) -> Result<Vec<StoredEntry>, ReadError> {
        self.with(|connection| Ok(upwards(connection, from, limit, limit_bytes)?.0))
    }

    fn by_subject(&self, subject: &str, before: Option<Revision>, limit: usize) -> Result<Vec<StoredEntry>, ReadError> {
        self.with(|connection| {
            let first = genesis(&meta(connection)?.fleet);
            let mut statement = connection.prepare_cached(
                "SELECT e.revision, e.at, e.hash, e.bytes, p.hash, s.revision FROM subjects s
                 LEFT JOIN entries e ON e.revision = s.revision LEFT JOIN entries p ON p.revision = s.revision - 1
                 WHERE s.subject = ?1 AND s.revision < ?2 ORDER BY s.revision DESC LIMIT ?3",
            )?;
            let below = before.map_or(i64::MAX, |revision| integer(revision.0));
            let mut rows = statement.query((subject, below, rows_at_most(limit)))?;
            downwards(&mut rows, &first)
        })
    }

    fn latest(&self, before: Option<Revision>, limit: usize) -> Result<Vec<StoredEntry>, ReadError> {
        self.with(|connection| {
            let first = genesis(&meta(connection)?.fleet);
            let mut statement = connection.prepare_cached(
                "SELECT e.revision, e.at, e.hash, e.bytes, p.hash, e.revision FROM entries e
                 LEFT JOIN entries p ON p.revision = e.revision - 1
                 WHERE e.revision < ?1 ORDER BY e.revision DESC LIMIT ?2",
            )?;
            let below = before.map_or(i64::MAX, |revision| integer(revision.0));
            let mut rows = statement.query((below, rows_at_most(limit)))?;
            downwards(&mut rows, &first)
        })
    }

    fn rows(&self, visit: &mut Visit<'_>) -> Result<Revision, ReadError> {
        self.with(|connection| {
            let view = connection.unchecked_transaction()?;
            let head = meta(&view)?.head;
            walk_rows(&view, visit)?;
            Ok(head)
        })
    }

    fn blob(&self, id: BlobId) -> Result<Option<Bytes>, ReadError> {
        self.with(|connection| {
            let found: Option<Vec<u8>> = connection
                .prepare_cached("SELECT bytes FROM blobs WHERE id = ?1")?
                .query_row([id.0], |row| row.get(0))
                .optional()
                .map_err(|error| Fault::from(error).located(Damaged::Blob(id)))?;
            match found {
                Some(bytes) if blob_id(&bytes) != id => Err(Fault::Damaged(Damaged::Blob(id))),
                found => Ok(found.map(Bytes::from)),
            }
        })
    }

    fn blob_kind(&self, id: BlobId) -> Result<Option<u8>, ReadError> {
        self.with(|connection| {
            let mut statement = connection.prepare_cached("SELECT kind FROM blobs WHERE id = ?1")?;
            let found = statement.query_row([id.0], |row| row.get(0)).optional();
            found.map_err(|error| Fault::from(error).located(Damaged::Blob(id)))
        })
    }

    /// In pages, so that a long walk holds no view open and the write-ahead log can be emptied meanwhile.
    fn verify(&self) -> Result<Verified, ReadError> {
        let goal = self.meta()?;
        let mut verified = Verified::default();
        let mut next = Revision(1);
        while next <= goal.head {
            let rest = usize::try_from(goal.head.0 - verified.entries).unwrap_or(usize::MAX);
            let (page, hash) = self.with(|connection| upwards(connection, next, rest, PAGE_BYTES))?;
            let Some(last) = page.last() else {
                return Err(ReadError::Corrupt { path: self.path.clone(), what: Damaged::Entry(next) });
            };
            if last.revision == goal.head && hash != goal.head_hash {
                return Err(ReadError::Corrupt { path: self.path.clone(), what: Damaged::Head });
            }
            verified.entries += page.len() as u64;
            next = last.revision.next();
        }
        verified.rows = self.with(|connection| walk_rows(connection, &mut |_, _, _| ControlFlow::Continue(())))?;
        let mut after = i64::MIN;
        while let Some((last, seen)) = self.with(|connection| check_blobs(connection, after))? {
            after = last;
            verified.blobs += seen;
        }
        Ok(verified)
    }
}
