//! The exclusive lock on the hub's data directory: whoever holds it serves.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};
use std::time::{Duration, SystemTime};

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
    file: Arc<File>,
    away: Duration,
}

/// Notes in the lock's file that its holder lives.
#[derive(Clone, Debug)]
pub struct Pulse(Weak<File>);

impl Pulse {
    /// Notes it; nothing happens once the lock is given back. A file system that keeps no times costs no more than a
    /// longer wait after a start.
    pub fn beat(&self) {
        if let Some(file) = self.0.upgrade() {
            let _ = file.set_modified(SystemTime::now());
        }
    }
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
        let modified = file.metadata().and_then(|file| file.modified()).map_err(failed)?;
        let away = SystemTime::now().duration_since(modified).unwrap_or_default();
        // The id is for the error message of others only; the lock is the system's.
        file.set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| writeln!(file, "{}", std::process::id()))
            .map_err(failed)?;
        Ok(Self { file: Arc::new(file), away })
    }

    /// For how long nobody held it, as far as its holder's [`Pulse`] says; zero where it is new.
    #[must_use]
    pub const fn away(&self) -> Duration {
        self.away
    }

    /// What notes that the holder lives.
    #[must_use]
    pub fn pulse(&self) -> Pulse {
        Pulse(Arc::downgrade(&self.file))
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

    #[test]
    fn it_tells_how_long_nobody_held_it() {
        let home = tempfile::tempdir().unwrap();
        let held = DataLock::acquire(home.path()).unwrap();
        assert!(held.away() < Duration::from_secs(60), "a new one");
        let pulse = held.pulse();
        let age = |by: u64| {
            let file = OpenOptions::new().write(true).open(home.path().join(FILE)).unwrap();
            file.set_modified(SystemTime::now() - Duration::from_secs(by)).unwrap();
        };
        age(500);
        pulse.beat();
        drop(held);
        let held = DataLock::acquire(home.path()).unwrap();
        assert!(held.away() < Duration::from_secs(60), "{:?}", held.away());
        drop(held);
        age(500);
        pulse.beat();
        let away = DataLock::acquire(home.path()).unwrap().away().as_secs();
        assert!((500..560).contains(&away), "who gave it back beats no more: {away}");
    }
}
