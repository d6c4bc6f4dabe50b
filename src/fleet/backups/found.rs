//! What a host found in a repository.

use crate::fleet::words::{SafeText, Timestamp};

/// What can be restored, as a host read it from the repository. Times are the tool's own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// When it was read, by the host's clock.
    pub at: Timestamp,
    /// Why it could not be read; then the rest is empty.
    pub trouble: Option<Trouble>,
    /// The tool's words about the trouble, or what is odd about the snapshots; empty where nothing is.
    pub words: SafeText,
    /// Snapshots that can be restored.
    pub restorable: u64,
    /// When the newest snapshots were taken by which all promised paths can be restored.
    pub newest: Option<Timestamp>,
    /// When the newest snapshot of any promised path was taken.
    pub freshest: Option<Timestamp>,
    /// When the oldest snapshot was taken.
    pub oldest: Option<Timestamp>,
    /// A promised path that the newest snapshots lack.
    pub missing: Option<SafeText>,
    /// Bytes of the newest snapshot, where the tool says it.
    pub size: Option<u64>,
    /// Bytes that the newest snapshot added to the repository, where the tool says it.
    pub added: Option<u64>,
}

/// Why a repository could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Trouble {
    /// There is no repository where it should be.
    NoRepository,
    /// The password does not open it.
    WrongPassword,
    /// The host has no such secret, or it can't be had.
    NoSecret,
    /// The host lacks the tool.
    NoTool,
    /// What the tool printed is not what it prints: damaged, cut short, or made up.
    Garbage,
    /// The tool failed; its words say how.
    Failed,
    /// Somebody else holds the repository; it passes.
    Locked,
    /// The tool took too long; it passes.
    TimedOut,
    /// The repository's machine does not answer; it passes.
    Unreachable,
}

impl Trouble {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::NoRepository,
        Self::WrongPassword,
        Self::NoSecret,
        Self::NoTool,
        Self::Garbage,
        Self::Failed,
        Self::Locked,
        Self::TimedOut,
        Self::Unreachable,
    ];

    /// One word, for scripts.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::NoRepository => "no_repository",
            Self::WrongPassword => "wrong_password",
            Self::NoSecret => "no_secret",
            Self::NoTool => "no_tool",
            Self::Garbage => "garbage",
            Self::Failed => "failed",
            Self::Locked => "locked",
            Self::TimedOut => "timed_out",
            Self::Unreachable => "unreachable",
        }
    }

    /// What it means, for people.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::NoRepository => "there is no repository",
            Self::WrongPassword => "the password does not open the repository",
            Self::NoSecret => "the host does not have the password",
            Self::NoTool => "the host lacks the program",
            Self::Garbage => "what the program printed can't be read",
            Self::Failed => "the repository can't be read",
            Self::Locked => "the repository is locked",
            Self::TimedOut => "reading took too long",
            Self::Unreachable => "the repository does not answer",
        }
    }

    /// Whether it passes by itself: what was read before still counts until it is old.
    #[must_use]
    pub const fn passes(self) -> bool {
        matches!(self, Self::Locked | Self::TimedOut | Self::Unreachable)
    }

    /// Whether it says that nothing can be restored; otherwise nothing is known.
    #[must_use]
    pub const fn is_loss(self) -> bool {
        matches!(self, Self::NoRepository | Self::WrongPassword | Self::Failed)
    }

    /// Whether it is about the repository, which other jobs may share, and not about the host.
    #[must_use]
    pub const fn is_of_repository(self) -> bool {
        !matches!(self, Self::NoSecret | Self::NoTool)
    }
}
