//! A journal that fails on purpose, for the tests of those who commit.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::errors::{CommitError, OpenError};
use super::port::{Commit, Journal, JournalReader, Meta};
use crate::fleet::words::{Epoch, FleetId, Timestamp};

/// Passes everything on until a set number of commits, then fails as SQLite does when fsync returns EIO.
pub struct FailingJournal<J> {
    inner: J,
    good: usize,
    failed: bool,
}

impl<J: Journal> FailingJournal<J> {
    /// A journal whose first `good` commits succeed.
    pub fn after(good: usize, inner: J) -> Self {
        Self { inner, good, failed: false }
    }

    fn refuse(&mut self) -> CommitError {
        let path = PathBuf::from("failing");
        if std::mem::replace(&mut self.failed, true) {
            return CommitError::Poisoned { path };
        }
        let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_IOERR_FSYNC);
        CommitError::Storage { path, source: rusqlite::Error::SqliteFailure(code, None) }
    }
}

impl<J: Journal> Journal for FailingJournal<J> {
    fn meta(&self) -> &Meta {
        self.inner.meta()
    }

    fn commit(&mut self, commit: &Commit) -> Result<(), CommitError> {
        match self.good.checked_sub(1) {
            Some(rest) => {
                self.good = rest;
                self.inner.commit(commit)
            }
            None => Err(self.refuse()),
        }
    }

    fn draw_new_epoch(&mut self) -> Result<Epoch, CommitError> {
        if self.good == 0 { Err(self.refuse()) } else { self.inner.draw_new_epoch() }
    }

    fn drop_blobs(&mut self, kind: u8, before: Timestamp, limit: usize) -> Result<usize, CommitError> {
        if self.good == 0 { Err(self.refuse()) } else { self.inner.drop_blobs(kind, before, limit) }
    }

    fn bound_blobs(&mut self, kind: u8, most: u64, limit: usize) -> Result<usize, CommitError> {
        if self.good == 0 { Err(self.refuse()) } else { self.inner.bound_blobs(kind, most, limit) }
    }

    fn reader(&self) -> Arc<dyn JournalReader> {
        self.inner.reader()
    }
}

/// The journal as it is on disk, for tests of those who know only the port.
pub type Real = crate::hub::journal::SqliteJournal;

/// Opens one.
pub fn real(path: &Path, fleet: &FleetId) -> Result<Real, OpenError> {
    Real::open(path, fleet)
}
