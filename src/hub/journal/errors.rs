//! What can go wrong with the journal: at opening, at a commit (fatal), at reading.

use std::path::PathBuf;

use thiserror::Error;

use crate::fleet::words::{BlobId, FleetId, Revision};

/// Why a journal could not be opened. Nothing was changed unless the message says so.
#[derive(Debug, Error)]
pub enum OpenError {
    /// The file or its directory can't be used.
    #[error("{doing} {path}: {source}; check the path, its owner and its permissions", path = path.display())]
    Io {
        /// What was tried.
        doing: &'static str,
        /// Where.
        path: PathBuf,
        /// The operating system's answer.
        source: std::io::Error,
    },
    /// SQLite refused.
    #[error("{doing} {path}: {source}", path = path.display())]
    Sqlite {
        /// What was tried.
        doing: &'static str,
        /// Where.
        path: PathBuf,
        /// SQLite's answer.
        source: rusqlite::Error,
    },
    /// The file is something else.
    #[error("{path} is not a Watchfloor journal; move it away or point --data at another directory", path = path.display())]
    NotAJournal {
        /// Where.
        path: PathBuf,
    },
    /// A newer program has written it.
    #[error(
        "{path} has schema {found}, this program knows up to {known}: it was written by a newer Watchfloor; \
         run that version, or restore the copy *.before-schema-{} that was made when it was upgraded", known + 1,
        path = path.display()
    )]
    FromTheFuture {
        /// Where.
        path: PathBuf,
        /// The schema in the file.
        found: u32,
        /// The newest schema this program knows.
        known: u32,
    },
    /// A step of the migration failed and was rolled back.
    #[error(
        "migrating {path} to schema {to}: {source}; the journal is as it was before this step, a copy lies at {copy}",
        path = path.display(), copy = copy.display()
    )]
    Migration {
        /// Where.
        path: PathBuf,
        /// The step that failed.
        to: u32,
        /// The copy made before migrating.
        copy: PathBuf,
        /// SQLite's answer.
        source: rusqlite::Error,
    },
    /// It belongs to another fleet.
    #[error(
        "{path} belongs to fleet {found}, but the certificates of this hub are those of fleet {expected}; \
         restore the certificates and the journal from the same backup", path = path.display()
    )]
    OtherFleet {
        /// Where.
        path: PathBuf,
        /// The fleet in the file.
        found: FleetId,
        /// The fleet of the hub that opens it.
        expected: FleetId,
    },
    /// Head and entries disagree.
    #[error(
        "{path}: the newest entry is {newest}, but {head} were confirmed ({what}); entries were removed or damaged: \
         restore the data directory from a backup, or ask support with a copy of the file", path = path.display()
    )]
    Head {
        /// Where.
        path: PathBuf,
        /// The newest entry in the table.
        newest: Revision,
        /// The confirmed head.
        head: Revision,
        /// What does not fit.
        what: &'static str,
    },
    /// No random numbers from the operating system.
    #[error("the operating system gave no random numbers for the journal's epoch; try again")]
    NoRandomness,
}

/// A commit failed. Always fatal: end the process without confirming anything.
#[derive(Debug, Error)]
pub enum CommitError {
    /// SQLite or the disk below it refused.
    #[error("committing to {path}: {source}; nothing of it was confirmed, the hub must restart", path = path.display())]
    Storage {
        /// Where.
        path: PathBuf,
        /// SQLite's answer.
        source: rusqlite::Error,
    },
    /// The caller's entries do not follow the head: a fault of the program.
    #[error("an entry of revision {found} was given where {expected} follows; this is a fault of the program")]
    OutOfOrder {
        /// The revision that would follow.
        expected: Revision,
        /// The revision given.
        found: Revision,
    },
    /// An earlier commit failed.
    #[error("{path}: an earlier commit failed, so none is accepted; the hub must restart", path = path.display())]
    Poisoned {
        /// Where.
        path: PathBuf,
    },
    /// No random numbers from the operating system.
    #[error("the operating system gave no random numbers for a new epoch; the hub must restart")]
    NoRandomness,
    /// The thread that commits has ended, which it does only by a fault of the program.
    #[error("the journal's thread has ended; nothing more is confirmed, the hub must restart")]
    NoWriter,
}

impl CommitError {
    /// Whether the disk (or a quota) is full, so that the user can be told to make room.
    #[must_use]
    pub fn is_full(&self) -> bool {
        matches!(self, Self::Storage { source: rusqlite::Error::SqliteFailure(code, _), .. }
            if code.code == rusqlite::ErrorCode::DiskFull)
    }
}

/// Why a read gave no answer. Not fatal for the hub; the caller passes it on.
#[derive(Debug, Error)]
pub enum ReadError {
    /// SQLite or the disk below it refused.
    #[error("reading {path}: {source}", path = path.display())]
    Storage {
        /// Where.
        path: PathBuf,
        /// SQLite's answer.
        source: rusqlite::Error,
    },
    /// What is on disk is not what was stored.
    #[error("{path}: {what} is damaged; restore the data directory from a backup", path = path.display())]
    Corrupt {
        /// Where.
        path: PathBuf,
        /// Which record.
        what: Damaged,
    },
}

/// A record that does not fit its hash.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Damaged {
    /// An entry, or the hash stored with it, or the gap where it should be.
    #[error("entry {0}")]
    Entry(Revision),
    /// A state row.
    #[error("the row {key} of state table {table}")]
    Row {
        /// The caller's table number.
        table: u8,
        /// The key in hexadecimal digits.
        key: String,
    },
    /// A blob.
    #[error("blob {0}")]
    Blob(BlobId),
    /// The record that names fleet, epoch and head.
    #[error("the head")]
    Head,
}
