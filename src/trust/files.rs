//! Files that hold keys: readable by their owner only, and never half written.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// The largest file of this module in bytes; a chain of three certificates and a key takes 3 KiB.
const LARGEST: u64 = 256 * 1024;

/// Why a file of keys or certificates could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The operating system refused.
    #[error("{doing} {path}: {source}", path = .path.display())]
    Io {
        /// What was attempted, as `cannot write`.
        doing: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Others than the owner could read a private key.
    #[error(
        "{path} holds a private key that others can read (mode {mode:o}): run `chmod 600 {path}`, and enrol anew if somebody may have copied it",
        path = .path.display()
    )]
    TooOpen {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The file is far larger than anything written here.
    #[error("{path} is larger than {LARGEST} bytes and cannot be what was stored there: restore it from a backup", path = .0.display())]
    TooLarge(PathBuf),
}

impl FileError {
    /// Whether the file does not exist.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Io { source, .. } if source.kind() == io::ErrorKind::NotFound)
    }
}

fn failed(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> FileError {
    let path = path.to_owned();
    move |source| FileError::Io { doing, path, source }
}

/// Makes a directory, and those above it, for its owner only (0700). One that exists keeps its mode.
///
/// # Errors
/// When the system refuses.
pub fn make_private_dir(dir: &Path) -> Result<(), FileError> {
    DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(failed("cannot make the directory", dir))
}

/// Writes a file for its owner only (0600), whole or not at all: a reader sees the old bytes or the new ones, also
/// after a power cut.
///
/// # Errors
/// When the system refuses; the old file then still stands.
pub fn write_private(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    let mut partial = path.as_os_str().to_owned();
    partial.push(format!(".partial-{}", std::process::id()));
    let partial = PathBuf::from(partial);
    let written = write_new(&partial, bytes).and_then(|()| {
        fs::rename(&partial, path).map_err(failed("cannot replace", path))?;
        sync_parent(path)
    });
    if written.is_err() {
        let _ = fs::remove_file(&partial);
    }
    written
}

fn write_new(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    let _ = fs::remove_file(path); // left by a process of the same id that was killed
    let mut file =
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(failed("cannot make", path))?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(failed("cannot write", path))
}

/// Makes renames and new files of a file's directory durable.
///
/// # Errors
/// When the system refuses.
pub fn sync_parent(path: &Path) -> Result<(), FileError> {
    let dir = match path.parent() {
        Some(dir) if !dir.as_os_str().is_empty() => dir,
        _ => Path::new("."),
    };
    File::open(dir).and_then(|dir| dir.sync_all()).map_err(failed("cannot sync the directory", dir))
}

/// Removes a file; that there is none is no error.
///
/// # Errors
/// When the system refuses.
pub fn remove(path: &Path) -> Result<(), FileError> {
    match fs::remove_file(path) {
        Ok(()) => sync_parent(path),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(failed("cannot remove", path)(error)),
    }
}

/// Reads a file that holds a private key; one that others can read is refused.
///
/// # Errors
/// When the file is missing, readable by others, too large or unreadable.
pub fn read_private(path: &Path) -> Result<Vec<u8>, FileError> {
    let (file, mode) = open(path)?;
    if mode & 0o077 != 0 {
        return Err(FileError::TooOpen { path: path.to_owned(), mode });
    }
    read(file, path)
}

/// Reads a file without secrets.
///
/// # Errors
/// When the file is missing, too large or unreadable.
pub fn read_public(path: &Path) -> Result<Vec<u8>, FileError> {
    read(open(path)?.0, path)
}

fn open(path: &Path) -> Result<(File, u32), FileError> {
    let file = File::open(path).map_err(failed("cannot open", path))?;
    let mode = file.metadata().map_err(failed("cannot read", path))?.permissions().mode() & 0o7777;
    Ok((file, mode))
}

fn read(file: File, path: &Path) -> Result<Vec<u8>, FileError> {
    let mut bytes = Vec::new();
    file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(failed("cannot read", path))?;
    if u64::try_from(bytes.len()).is_ok_and(|len| len <= LARGEST) {
        Ok(bytes)
    } else {
        Err(FileError::TooLarge(path.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_private_and_whole() {
        let dir = tempfile::tempdir().unwrap();
        let keys = dir.path().join("a/keys");
        make_private_dir(&keys).unwrap();
        assert_eq!(fs::metadata(&keys).unwrap().permissions().mode() & 0o777, 0o700);
        let path = keys.join("key.pem");
        write_private(&path, b"old").unwrap();
        write_private(&path, b"new").unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(read_private(&path).unwrap(), b"new");
        assert_eq!(fs::read_dir(&keys).unwrap().count(), 1, "no partial file stays behind");
    }

    #[test]
    fn a_key_others_can_read_is_refused_with_the_cure() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key.pem");
        write_private(&path, b"key").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        let error = read_private(&path).unwrap_err().to_string();
        assert!(error.contains("chmod 600"), "{error}");
        assert_eq!(read_public(&path).unwrap(), b"key");
    }

    #[test]
    fn missing_and_oversized_files_are_told_apart() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key.pem");
        assert!(read_private(&path).unwrap_err().is_missing());
        File::create(&path).unwrap().set_len(LARGEST + 1).unwrap();
        assert!(matches!(read_public(&path), Err(FileError::TooLarge(_))));
    }
}
