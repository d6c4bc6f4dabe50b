//! What can happen to a check.

use crate::fleet::words::{BlobId, CheckName, CheckState, HostId, SafeText, Timestamp};

/// A fact of a decision about one check on one host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Its state, hardness or attempt changed.
    Changed {
        /// On which host.
        host: HostId,
        /// Which check.
        check: CheckName,
        /// What it found.
        state: CheckState,
        /// Whether that is confirmed.
        hard: bool,
        /// Which attempt.
        attempt: u32,
        /// After how many attempts a problem is hard.
        max_attempts: u32,
        /// The first line.
        summary: SafeText,
        /// Performance data as printed.
        perfdata: SafeText,
        /// Milliseconds between two results at most.
        interval_ms: u64,
        /// Long output, if there is any.
        output: Option<BlobId>,
        /// When the host measured it, by the host's clock.
        measured_at: Timestamp,
        /// Its last results, this one included: see [`flapping`](super::flapping).
        ring: u32,
    },
    /// Results stopped coming, or came back.
    Stale {
        /// On which host.
        host: HostId,
        /// Which check.
        check: CheckName,
        /// Whether it is stale now.
        stale: bool,
    },
    /// It no longer runs on this host.
    Removed {
        /// On which host.
        host: HostId,
        /// Which check.
        check: CheckName,
    },
    /// It began to change its mind too often to be believed, or came to rest.
    Flapping {
        /// On which host.
        host: HostId,
        /// Which check.
        check: CheckName,
        /// Whether it is flapping now.
        flapping: bool,
    },
    /// Somebody asked for it to run now.
    Asked {
        /// On which host.
        host: HostId,
        /// Which check; all of the host when `None`.
        check: Option<CheckName>,
    },
}

impl Event {
    /// The host it is about.
    #[must_use]
    pub const fn host(&self) -> HostId {
        match self {
            Self::Changed { host, .. }
            | Self::Stale { host, .. }
            | Self::Removed { host, .. }
            | Self::Flapping { host, .. }
            | Self::Asked { host, .. } => *host,
        }
    }
}
