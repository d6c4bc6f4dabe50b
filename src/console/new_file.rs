//! Files that the person asks for: new ones in the current directory, never over one that is there.

use std::io::{ErrorKind, Write};
use std::path::Path;

use crate::console::theme::Role;

/// Writes a file that must not be there yet, and says what came of it.
#[must_use]
pub fn write_new(folder: &Path, name: &str, bytes: &[u8]) -> (Role, String) {
    let path = folder.join(name);
    let made = std::fs::OpenOptions::new().write(true).create_new(true).open(&path);
    match made.and_then(|mut file| file.write_all(bytes)) {
        Ok(()) => (Role::Ok, format!("written: {}", path.display())),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            (Role::Failed, format!("{} is there already and was left as it is: move it away", path.display()))
        }
        Err(error) => (Role::Failed, format!("{} could not be written: {error}", path.display())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_there_is_left_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(write_new(folder.path(), "a.txt", b"one").0, Role::Ok);
        let (role, text) = write_new(folder.path(), "a.txt", b"two");
        assert!(role == Role::Failed && text.contains("a.txt is there already"), "{text}");
        assert_eq!(std::fs::read(folder.path().join("a.txt")).unwrap(), b"one");
        assert_eq!(write_new(&folder.path().join("none"), "a.txt", b"").0, Role::Failed);
    }
}
