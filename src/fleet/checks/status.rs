//! The state of one check on one host, as every replica holds it.

use crate::fleet::words::{BlobId, CheckName, CheckState, HostId, SafeText, Timestamp};

/// The state of one check on one host: its last transition. A newer reading may know newer words and numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckStatus {
    /// On which host.
    pub host: HostId,
    /// Which check.
    pub check: CheckName,
    /// What it found.
    pub state: CheckState,
    /// Whether the result is confirmed (hard) or still being retried (soft).
    pub hard: bool,
    /// Which attempt this is, 1 for the first.
    pub attempt: u32,
    /// After how many attempts a problem is hard.
    pub max_attempts: u32,
    /// Results stopped coming: the state above is old.
    pub stale: bool,
    /// Since when it is in this state (hub time).
    pub since: Timestamp,
    /// The first line.
    pub summary: SafeText,
    /// Performance data as the check printed it.
    pub perfdata: SafeText,
    /// Milliseconds between two results at most.
    pub interval_ms: u64,
    /// Long output, if there is any.
    pub output: Option<BlobId>,
    /// Its last results, up to its newest transition: see [`flapping`](super::flapping).
    pub ring: u32,
    /// When its newest transition came (hub time).
    pub changed_at: Timestamp,
    /// When the host measured that, by the host's clock.
    pub measured_at: Timestamp,
    /// Whether it changes its mind too often to be believed.
    pub flapping: bool,
}
