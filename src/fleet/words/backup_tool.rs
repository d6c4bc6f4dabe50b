//! The programs that make backups.

use std::fmt;

/// A program whose repositories an agent can read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BackupTool {
    /// restic: snapshots.
    #[default]
    Restic,
    /// BorgBackup: archives.
    Borg,
}

impl BackupTool {
    /// All tools.
    pub const ALL: [Self; 2] = [Self::Restic, Self::Borg];

    /// The word of configuration and contract, which is also the program's name: `restic`, `borg`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Restic => "restic",
            Self::Borg => "borg",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|tool| tool.word() == word)
    }
}

impl fmt::Display for BackupTool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}
