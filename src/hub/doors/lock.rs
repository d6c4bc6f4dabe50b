//! The exclusive lock on the hub's data directory: whoever holds it serves.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use crate::trust::files::{self, FileError};

const FILE: &str = "hub.lock";

/// Why the lock was not got.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another hub serves this directory.
    #[error("{holder} serves {dir} already: use it with --data {dir}, or stop it first", holder = holder(.pid), dir = .dir.display())]
    Held {
        /// The data directory.
        dir: PathBuf,
        /// Its process id, as far as known.
        pid: Option<u32>,
    },
    /// The directory cannot be made.
    #[error(transparent)]
    Directory(#[from] FileError),
    /// The file system refused.
    #[error("cannot lock {path}: {source}; the data directory must lie on a local file system", path = .path.display())]
    Io {
        /// The lock's file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

fn holder(pid: &Option<u32>) -> String {
    pid.map_or_else(|| "another hub".to_owned(), |pid| format!("the hub with process id {pid}"))
}

/// The lock; held until dropped, and let go by the system however the process ends.
#[derive(Debug)]
pub struct DataLock {
    _file: File,
}

impl DataLock {
    /// Takes the lock on a data directory, which is made (0700) where it is missing. Does not wait.
    ///
    /// # Errors
    /// When another process, or another hub of this process, holds it.
    pub fn acquire(dir: &Path) -> Result<Self, LockError> {
        files::make_private_dir(dir)?;
        let path = dir.join(FILE);
        let failed = |source| LockError::Io { path: path.clone(), source };
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut pid = String::new();
                let _ = file.take(32).read_to_string(&mut pid);
                return Err(LockError::Held { dir: dir.to_owned(), pid: pid.trim().parse().ok() });
            }
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        // The id is for the error message of others only; the lock is the system's.
        file.set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| writeln!(file, "{}", std::process::id()))
            .map_err(failed)?;
        Ok(Self { _file: file })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_holder_at_a_time_and_the_other_is_told_who() {
        let home = tempfile::tempdir().unwrap();
        let dir = home.path().join("hub");
        let held = DataLock::acquire(&dir).unwrap();
        let error = DataLock::acquire(&dir).unwrap_err();
        assert!(matches!(error, LockError::Held { pid: Some(pid), .. } if pid == std::process::id()), "{error:?}");
        assert!(error.to_string().contains("--data"), "{error}");
        drop(held);
        DataLock::acquire(&dir).expect("given back");
    }
}
