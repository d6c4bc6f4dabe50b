//! Room on the journal's file system, asked before deciding: a reserve file keeps the last of it for us, so that what
//! is decided already can still be committed when others have filled the disk.

use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use nix::fcntl::posix_fallocate;
use nix::sys::statvfs::statvfs;

/// Bytes held back by the reserve file.
pub const RESERVE: u64 = 64 << 20;
/// With fewer free bytes beside the reserve, nothing new is decided: room for two full batches and their log.
const LOW: u64 = 16 << 20;
/// Free bytes beyond reserve and `LOW` before deciding again, so that the verdict does not flap.
const SLACK: u64 = 16 << 20;

/// Whether there is room to decide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// There is; `free` bytes beside the reserve.
    Enough {
        /// Bytes an unprivileged user may still write.
        free: u64,
    },
    /// There is not: decide nothing new, go on reading, ask again in a second.
    NoSpace {
        /// Bytes an unprivileged user may still write.
        free: u64,
        /// Bytes that must be free before the hub decides again.
        needed: u64,
        /// Where.
        path: PathBuf,
        /// Why, where it is not just a full disk.
        cause: Option<String>,
    },
}

impl Verdict {
    /// Whether there is room.
    #[must_use]
    pub const fn is_enough(&self) -> bool {
        matches!(self, Self::Enough { .. })
    }
}

/// Asks the operating system for the free bytes at a path.
type Probe = Box<dyn FnMut(&Path) -> io::Result<u64> + Send>;

/// Watches the room on one file system and holds its reserve.
pub struct Space {
    folder: PathBuf,
    reserve: PathBuf,
    size: u64,
    held: bool,
    probe: Probe,
}

impl Space {
    /// Watches the file system of a folder; the reserve file `reserve` is made in it at the first [`Space::check`].
    #[must_use]
    pub fn new(folder: &Path) -> Self {
        Self::with(folder, RESERVE, Box::new(free_bytes))
    }

    fn with(folder: &Path, size: u64, probe: Probe) -> Self {
        let reserve = folder.join("reserve");
        let held = reserve.metadata().is_ok_and(|file| file.len() == size);
        Self { folder: folder.to_owned(), reserve, size, held, probe }
    }

    /// The verdict now. Cheap (one call of the operating system), except when it makes or gives up the reserve.
    pub fn check(&mut self) -> Verdict {
        let free = match (self.probe)(&self.folder) {
            Ok(free) => free,
            Err(error) => return self.refuse(0, LOW, Some(format!("reading its free space: {error}"))),
        };
        if self.held && free >= LOW {
            return Verdict::Enough { free };
        }
        if self.held {
            // what is decided already needs the room now
            if let Err(error) = std::fs::remove_file(&self.reserve) {
                tracing::error!("giving up the reserve {}: {error}", self.reserve.display());
            }
            self.held = false;
            return self.refuse(free, self.size + LOW + SLACK, None);
        }
        let needed = self.size + LOW + SLACK;
        if free < needed {
            return self.refuse(free, needed, None);
        }
        match hold(&self.reserve, self.size) {
            Ok(()) => {
                self.held = true;
                Verdict::Enough { free: free - self.size }
            }
            Err(error) => {
                let _ = std::fs::remove_file(&self.reserve);
                self.refuse(free, needed, Some(format!("making the reserve file: {error}")))
            }
        }
    }

    fn refuse(&self, free: u64, needed: u64, cause: Option<String>) -> Verdict {
        Verdict::NoSpace { free, needed, path: self.folder.clone(), cause }
    }
}

/// Bytes an unprivileged user may still write on the file system of a path.
fn free_bytes(path: &Path) -> io::Result<u64> {
    let stat = statvfs(path)?;
    Ok(stat.blocks_available().saturating_mul(stat.fragment_size()))
}

fn hold(path: &Path, size: u64) -> io::Result<()> {
    let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    posix_fallocate(&file, 0, i64::try_from(size).unwrap_or(i64::MAX))?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    const SIZE: u64 = 1 << 16;

    fn space(folder: &Path, free: &Arc<AtomicU64>) -> Space {
        let free = Arc::clone(free);
        Space::with(folder, SIZE, Box::new(move |_| Ok(free.load(Ordering::Relaxed))))
    }

    #[test]
    fn a_full_disk_gives_up_the_reserve_and_room_brings_it_back() {
        let folder = tempfile::tempdir().unwrap();
        let reserve = folder.path().join("reserve");
        let free = Arc::new(AtomicU64::new(1 << 30));
        let mut space = space(folder.path(), &free);
        assert!(space.check().is_enough());
        assert_eq!(reserve.metadata().unwrap().len(), SIZE);

        free.store(LOW - 1, Ordering::Relaxed);
        assert!(!space.check().is_enough());
        assert!(!reserve.exists(), "the reserve is given to what is decided already");
        free.store(LOW + SIZE, Ordering::Relaxed);
        let Verdict::NoSpace { free: seen, needed, .. } = space.check() else { panic!("must not flap") };
        assert!(seen < needed);

        free.store(needed, Ordering::Relaxed);
        assert!(space.check().is_enough(), "it resumes by itself");
        assert!(reserve.exists());
    }

    #[test]
    fn without_room_for_a_reserve_nothing_is_decided_from_the_start() {
        let folder = tempfile::tempdir().unwrap();
        let free = Arc::new(AtomicU64::new(LOW + SIZE / 2));
        assert!(!space(folder.path(), &free).check().is_enough());
    }

    #[test]
    fn an_unreadable_folder_is_no_space_and_says_why() {
        let folder = tempfile::tempdir().unwrap();
        let gone = folder.path().join("gone");
        let Verdict::NoSpace { cause: Some(cause), path, .. } = Space::new(&gone).check() else { panic!("no verdict") };
        assert!(cause.contains("No such file") && path == gone, "{cause}");
    }

    #[test]
    fn the_real_file_system_holds_a_real_reserve() {
        let folder = tempfile::tempdir().unwrap();
        let mut space = Space::with(folder.path(), 1 << 20, Box::new(free_bytes));
        if space.check().is_enough() {
            use std::os::unix::fs::MetadataExt;
            let blocks = folder.path().join("reserve").metadata().unwrap().blocks();
            assert!(blocks * 512 >= 1 << 20, "allocated, not sparse");
        }
    }
}
