//! Notices that the journal's file is a copy: restored from a backup, or moved to another disk. A note beside it says
//! which file it was. A copy may lack what peers have seen, and go on with other entries under the same revisions, so
//! its history counts as another one. What no file tells (a machine set back to a snapshot, a backup written over the
//! file itself) is noticed only by peers that know more than the hub.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

/// Whether this is another file than the note beside it names; without a note it is the one.
///
/// # Errors
/// The journal's file or the note can't be read.
pub fn is_copy(journal: &Path) -> io::Result<bool> {
    match std::fs::read_to_string(note_of(journal)) {
        Ok(noted) => Ok(noted.trim_end() != file(journal)?),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Notes which file the journal is, unless that is noted already.
///
/// # Errors
/// The note can't be written.
pub fn note(journal: &Path) -> io::Result<()> {
    let (path, file) = (note_of(journal), file(journal)?);
    if std::fs::read_to_string(&path).is_ok_and(|noted| noted.trim_end() == file) {
        return Ok(());
    }
    let new = path.with_extension("file.new");
    let mut out = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
    writeln!(out, "{file}")?;
    out.sync_all()?;
    std::fs::rename(new, path)
}

fn note_of(journal: &Path) -> PathBuf {
    journal.with_extension("file")
}

/// What no copy shares with its original: the number of the file, and its birth where the file system keeps it, for
/// numbers are given again.
fn file(journal: &Path) -> io::Result<String> {
    let file = std::fs::metadata(journal)?;
    let born = file.created().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
    Ok(format!("{} {}", file.ino(), born.map_or(0, |born| born.as_nanos())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_is_told_from_its_original_and_a_rename_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let (journal, other) = (folder.path().join("journal.db"), folder.path().join("other.db"));
        std::fs::write(&journal, "entries").unwrap();
        assert!(!is_copy(&journal).unwrap(), "nothing was noted yet");
        note(&journal).unwrap();
        note(&journal).unwrap();
        assert!(!is_copy(&journal).unwrap());
        std::fs::rename(&journal, &other).unwrap();
        std::fs::copy(&other, &journal).unwrap();
        assert!(is_copy(&journal).unwrap());
        note(&journal).unwrap();
        assert!(!is_copy(&journal).unwrap());
        std::fs::remove_file(&journal).unwrap();
        std::fs::rename(&other, &journal).unwrap();
        assert!(is_copy(&journal).unwrap(), "the copy was the journal since");
    }
}
