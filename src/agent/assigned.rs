//! The last assignment, kept on disk so that the agent works without a hub.

use std::path::{Path, PathBuf};

use prost::Message as _;

use crate::trust::files::{FileError, write_private};
use crate::wire::configuration::{Assigned, decode_assignment};
use crate::wire::error::WireError;
use crate::wire::pb;

/// The file of the last assignment.
#[derive(Clone, Debug)]
pub struct AssignmentFile(PathBuf);

impl AssignmentFile {
    /// The file `assignment` in `dir`.
    #[must_use]
    pub fn in_dir(dir: &Path) -> Self {
        Self(dir.join("assignment"))
    }

    /// The assignment kept; `None` where there is none, or none this version can read: the hub sends it again.
    #[must_use]
    pub fn load(&self) -> Option<Assigned> {
        let bytes = std::fs::read(&self.0).ok()?;
        decode_assignment(pb::Assignment::decode(bytes.as_slice()).ok()?).ok()
    }

    /// Reads an assignment that came of the hub, and keeps it as it came: a later version may read more of it.
    ///
    /// # Errors
    /// The assignment is wrong; the old one stays. A disk that takes nothing is no error of the assignment.
    pub fn store(&self, message: pb::Assignment) -> Result<(Assigned, Result<(), FileError>), WireError> {
        let bytes = message.encode_to_vec();
        let assigned = decode_assignment(message)?;
        Ok((assigned, write_private(&self.0, &bytes)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::checks::fixtures::assigned;
    use crate::fleet::configuration::{Assignment, CheckKind};
    use crate::wire::{assignment_hash, encode_assignment};

    #[test]
    fn what_came_is_there_after_a_restart_and_damage_is_none() {
        let dir = tempfile::tempdir().unwrap();
        let file = AssignmentFile::in_dir(dir.path());
        assert_eq!(file.load(), None);
        let checks = vec![assigned("disk", CheckKind::Disk { mount: "*".into() }, "90", "95")];
        let assignment = Assignment { checks, ..Assignment::default() };
        let (stored, written) = file.store(encode_assignment(&assignment)).unwrap();
        written.unwrap();
        assert_eq!((&stored.assignment, stored.hash), (&assignment, assignment_hash(&assignment)));
        assert_eq!(file.load(), Some(stored.clone()));
        assert!(file.store(pb::Assignment::default()).is_err());
        assert_eq!(file.load(), Some(stored), "the old one stays");
        std::fs::write(dir.path().join("assignment"), b"\xff\xff").unwrap();
        assert_eq!(file.load(), None);
    }
}
