//! One backup job.

use std::time::Duration;

use super::{Days, Found, State};
use crate::fleet::words::{
    BackupTool, BlobId, CheckState, ClientId, HostId, JobId, JobName, SafeText, SiteId, Timestamp,
};

/// What was configured, and where the fleet found its host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    /// Its number.
    pub id: JobId,
    /// Its name, unique in the fleet.
    pub name: JobName,
    /// Whose; `None` where its host is not known and nothing else says it.
    pub client: Option<ClientId>,
    /// Where its host stands.
    pub site: Option<SiteId>,
    /// Its host; `None` while no such host, or more than one, is enrolled.
    pub host: Option<HostId>,
    /// The host's name as configured.
    pub host_name: SafeText,
    /// What makes the backups.
    pub tool: BackupTool,
    /// Where they lie, without any password in it.
    pub repository: SafeText,
    /// What should be in them; everything they hold where empty.
    pub paths: Vec<SafeText>,
    /// A backup is promised at least this often.
    pub every: Duration,
    /// How much older it may be before somebody is told.
    pub grace: Duration,
}

/// A backup job: what is promised, what was found, and what that means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// What is promised.
    pub description: Description,
    /// When it was described first (hub time).
    pub described_at: Timestamp,
    /// What was found last; `None` before the first reading.
    pub found: Option<Found>,
    /// When the newest whole backup was taken that was ever seen, restorable still or not.
    pub last_success: Option<Timestamp>,
    /// How it stands.
    pub state: State,
    /// Since when (hub time).
    pub since: Timestamp,
    /// Why, in words.
    pub why: SafeText,
    /// The level of the alert about it, as far as the rule goes; a person may have closed that.
    pub alarm: Option<CheckState>,
    /// After its host's absence nothing is held against it before this.
    pub spared_until: Option<Timestamp>,
    /// What was there to be restored, by day.
    pub days: Days,
    /// Its snapshots and what the tool said, if anything was read.
    pub output: Option<BlobId>,
    /// Each person's last review, the oldest first.
    pub reviews: Vec<Review>,
}

/// Somebody has looked at it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Review {
    /// Who.
    pub by: SafeText,
    /// When.
    pub at: Timestamp,
}

impl Job {
    /// A job that nothing is known of yet.
    #[must_use]
    pub fn new(description: Description, at: Timestamp) -> Self {
        Self {
            description,
            described_at: at,
            found: None,
            last_success: None,
            state: State::Unknown,
            since: at,
            why: SafeText::new("not read yet"),
            alarm: None,
            spared_until: None,
            days: Days::default(),
            output: None,
            reviews: Vec::new(),
        }
    }

    /// Its number.
    #[must_use]
    pub const fn id(&self) -> JobId {
        self.description.id
    }

    /// Snapshots that can be restored, as last read.
    #[must_use]
    pub fn restorable(&self) -> u64 {
        self.found.as_ref().map_or(0, |found| found.restorable)
    }

    /// When the newest whole backup that can be restored was taken.
    #[must_use]
    pub fn newest(&self) -> Option<Timestamp> {
        self.found.as_ref().and_then(|found| found.newest)
    }

    /// The age of what can be restored; `None` where nothing can.
    #[must_use]
    pub fn age(&self, now: Timestamp) -> Option<Duration> {
        self.newest().map(|newest| now.since(newest))
    }

    /// When the next backup is due; `None` where there was none yet.
    #[must_use]
    pub fn due(&self) -> Option<Timestamp> {
        self.newest().map(|newest| newest + self.description.every)
    }

    /// When this person looked at it last.
    #[must_use]
    pub fn reviewed(&self, by: &SafeText) -> Option<Timestamp> {
        self.reviews.iter().find(|review| review.by == *by).map(|review| review.at)
    }

    /// Whether it has news for this person: another state or another backup since they looked.
    #[must_use]
    pub fn is_news_to(&self, by: &SafeText) -> bool {
        let changed = self.newest().map_or(self.since, |newest| newest.max(self.since));
        self.reviewed(by).is_none_or(|looked| looked < changed)
    }
}
