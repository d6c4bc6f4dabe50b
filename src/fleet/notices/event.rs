//! What can happen to a notice.

use super::Notice;
use crate::fleet::words::{NoticeId, SafeText};

/// A fact of a decision about one notice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// It is to be sent.
    Queued(Box<Notice>),
    /// A channel has taken it.
    Sent {
        /// Which.
        notice: NoticeId,
        /// What the channel said.
        receipt: SafeText,
    },
    /// The channel says that it arrived.
    Delivered {
        /// Which.
        notice: NoticeId,
        /// What the channel said.
        receipt: SafeText,
    },
    /// The channel in use did not take it, so the next one is tried.
    FellOver {
        /// Which.
        notice: NoticeId,
        /// The channel whose turn it is now, counted from 0.
        channel: u32,
        /// Why the one before did not.
        why: SafeText,
    },
    /// No channel took it.
    Failed {
        /// Which.
        notice: NoticeId,
        /// What the last one said.
        why: SafeText,
    },
    /// The receiver answered.
    Answered {
        /// Which.
        notice: NoticeId,
        /// Who.
        by: SafeText,
        /// How: a link, a reply, a channel's name.
        how: SafeText,
    },
    /// It left the fleet's state; the journal still has it.
    Archived {
        /// Which.
        notice: NoticeId,
    },
}

impl Event {
    /// The notice it is about.
    #[must_use]
    pub fn notice(&self) -> NoticeId {
        match self {
            Self::Queued(notice) => notice.id,
            Self::Sent { notice, .. }
            | Self::Delivered { notice, .. }
            | Self::FellOver { notice, .. }
            | Self::Failed { notice, .. }
            | Self::Answered { notice, .. }
            | Self::Archived { notice } => *notice,
        }
    }
}
