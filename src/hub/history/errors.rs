//! What can go wrong with history. None of it stops the hub: charts have a gap, and health says why.

use std::path::{Path, PathBuf};

use thiserror::Error;

use super::column::Unreadable;
use crate::fleet::words::HostId;

/// Why a piece of history could not be written or read.
#[derive(Debug, Error)]
pub enum HistoryError {
    /// The folder or a file in it can't be used.
    #[error("history {path}: {source}; check the path, its owner and its permissions", path = path.display())]
    Io {
        /// Where.
        path: PathBuf,
        /// The operating system's answer.
        source: std::io::Error,
    },
    /// SQLite refused.
    #[error("history file {path}: {source}", path = path.display())]
    Sqlite {
        /// Where.
        path: PathBuf,
        /// SQLite's answer.
        source: rusqlite::Error,
    },
    /// The file is something else, or of a newer program.
    #[error("history file {path} is not one this version can use; move it away or delete it", path = path.display())]
    NotOurs {
        /// Where.
        path: PathBuf,
    },
    /// What is on disk is not what was stored.
    #[error("history file {path}: a block of host {host} is damaged and passed over", path = path.display())]
    Damaged {
        /// Where.
        path: PathBuf,
        /// Whose block.
        host: HostId,
    },
    /// The file system is nearly full.
    #[error("history {path}: only {free} bytes are free; samples are dropped until there are {needed}", path = path.display())]
    NoSpace {
        /// Where.
        path: PathBuf,
        /// Bytes free.
        free: u64,
        /// Bytes that must be free.
        needed: u64,
    },
}

impl HistoryError {
    /// For `map_err` on SQLite's answers about a file.
    pub(super) fn sqlite(path: &Path) -> impl Fn(rusqlite::Error) -> Self + Copy {
        move |source| Self::Sqlite { path: path.to_owned(), source }
    }

    /// For `map_err` on a block that did not read.
    pub(super) fn damaged(path: &Path, host: HostId) -> impl Fn(Unreadable) -> Self + Copy {
        move |Unreadable| Self::Damaged { path: path.to_owned(), host }
    }

    /// Whether the file itself, not the disk or a moment's lock, is what is wrong.
    pub(super) fn is_the_files_fault(&self) -> bool {
        match self {
            Self::NotOurs { .. } => true,
            Self::Sqlite { source: rusqlite::Error::SqliteFailure(failure, _), .. } => {
                matches!(failure.code, rusqlite::ErrorCode::DatabaseCorrupt | rusqlite::ErrorCode::NotADatabase)
            }
            _ => false,
        }
    }
}
