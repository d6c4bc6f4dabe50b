//! What can happen to backup jobs.

use super::{Days, Description, Found, State};
use crate::fleet::words::{BlobId, CheckState, JobId, SafeText, Timestamp};

/// A fact of a decision about one job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// It came into being, or is described differently.
    Described(Box<Description>),
    /// Nobody promises it any more.
    Removed {
        /// Which.
        job: JobId,
    },
    /// Its host found something else in the repository than before.
    Read {
        /// Which.
        job: JobId,
        /// What.
        found: Box<Found>,
        /// The days with it.
        days: Days,
        /// Its snapshots and what the tool said.
        output: Option<BlobId>,
    },
    /// What is known of it means something else now.
    Judged {
        /// Which.
        job: JobId,
        /// How it stands.
        state: State,
        /// Why, in words.
        why: SafeText,
        /// The level of its alert; `None` for no alert.
        alarm: Option<CheckState>,
        /// After its host's absence nothing is held against it before this.
        spared_until: Option<Timestamp>,
    },
    /// A person has looked at it.
    Reviewed {
        /// Which.
        job: JobId,
        /// Who.
        by: SafeText,
    },
    /// Somebody asked for it to be read now.
    Asked {
        /// Which.
        job: JobId,
    },
}

impl Event {
    /// The job it is about.
    #[must_use]
    pub fn job(&self) -> JobId {
        match self {
            Self::Described(description) => description.id,
            Self::Removed { job }
            | Self::Read { job, .. }
            | Self::Judged { job, .. }
            | Self::Reviewed { job, .. }
            | Self::Asked { job } => *job,
        }
    }
}
