//! What can happen to an alert.

use super::{Acknowledgement, Escalation, External, Hold, Plan, Reminder, Snooze, Subject};
use crate::fleet::words::{AlertId, CheckState, ClientId, HostId, NoticeId, SafeText, SiteId, Timestamp};
use std::sync::Arc;

/// A fact of a decision about one alert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A hard problem opened it.
    Opened {
        /// Its new number.
        alert: AlertId,
        /// Whose problem.
        client: ClientId,
        /// Where.
        site: Option<SiteId>,
        /// On which host.
        host: Option<HostId>,
        /// About what.
        subject: Subject,
        /// Unknown, warning or critical.
        level: CheckState,
        /// In words.
        summary: SafeText,
    },
    /// The problem came back soon after it was resolved: the same alert, with its acknowledgement.
    Reopened {
        /// Which.
        alert: AlertId,
        /// Its level now.
        level: CheckState,
        /// In words.
        summary: SafeText,
    },
    /// Its level or its words changed while open.
    LevelChanged {
        /// Which.
        alert: AlertId,
        /// Its level now.
        level: CheckState,
        /// In words.
        summary: SafeText,
        /// Whether it got worse.
        worse: bool,
    },
    /// The problem ended, or a person closed it.
    Resolved {
        /// Which.
        alert: AlertId,
        /// Closed by a person.
        by_hand: bool,
        /// What was said.
        note: Option<SafeText>,
    },
    /// Somebody took it.
    Acknowledged {
        /// Which.
        alert: AlertId,
        /// Who, how long, with which note.
        acknowledgement: Acknowledgement,
    },
    /// An acknowledgement ended by a rule.
    AcknowledgementEnded {
        /// Which.
        alert: AlertId,
        /// `worse`, `expired` or `resolved`.
        why: String,
    },
    /// Its owner put it aside for a while.
    Snoozed {
        /// Which.
        alert: AlertId,
        /// Who, until when.
        snooze: Snooze,
    },
    /// The snooze ended; the alert is as it was before.
    SnoozeEnded {
        /// Which.
        alert: AlertId,
    },
    /// Brought to the next step.
    Escalated {
        /// Which.
        alert: AlertId,
        /// The step reached.
        escalation: Escalation,
        /// What was said.
        note: Option<SafeText>,
    },
    /// Nobody has it any more.
    Released {
        /// Which.
        alert: AlertId,
        /// Who gave it back.
        by: SafeText,
        /// To whom it was offered; nobody when `None`.
        to: Option<SafeText>,
        /// What was said.
        note: Option<SafeText>,
    },
    /// A note was written.
    Noted {
        /// Which.
        alert: AlertId,
        /// By whom.
        by: SafeText,
        /// What.
        note: SafeText,
    },
    /// It left the fleet's state; the journal still has it.
    Archived {
        /// Which.
        alert: AlertId,
    },
    /// A rule holds it back from now on.
    Held {
        /// Which.
        alert: AlertId,
        /// Why.
        hold: Hold,
    },
    /// A reason to hold it back is gone.
    HoldEnded {
        /// Which.
        alert: AlertId,
        /// Which reason.
        hold: Hold,
    },
    /// Who is told next was found, or changed.
    Planned {
        /// Which.
        alert: AlertId,
        /// Who, when, or why nobody.
        plan: Box<Plan>,
    },
    /// A notice about it was queued for these people, and this comes next.
    Notified {
        /// Which.
        alert: AlertId,
        /// The step that was due.
        step: u32,
        /// The notices that tell of it.
        notices: Vec<NoticeId>,
        /// Persons, and channels as `channel:NAME`.
        to: Vec<SafeText>,
        /// What comes next.
        plan: Box<Plan>,
    },
    /// Those who were told of it are told that it ended.
    RecoveryTold {
        /// Which.
        alert: AlertId,
        /// The notices that tell of it.
        notices: Vec<NoticeId>,
    },
    /// Somebody wants to say something about it at a time.
    ReminderSet {
        /// Which.
        alert: AlertId,
        /// What, when, who.
        reminder: Box<Reminder>,
    },
    /// A reminder's time came, or it was taken back.
    ReminderEnded {
        /// Which.
        alert: AlertId,
        /// The one at this time,
        at: Timestamp,
        /// of this person.
        by: SafeText,
        /// Whether its time came.
        came: bool,
    },
    /// Another system described it, or describes it differently.
    Described {
        /// Which.
        alert: AlertId,
        /// What it says.
        external: Arc<External>,
    },
}

impl Event {
    /// The alert it is about.
    #[must_use]
    pub const fn alert(&self) -> AlertId {
        match self {
            Self::Opened { alert, .. }
            | Self::Reopened { alert, .. }
            | Self::LevelChanged { alert, .. }
            | Self::Resolved { alert, .. }
            | Self::Acknowledged { alert, .. }
            | Self::AcknowledgementEnded { alert, .. }
            | Self::Snoozed { alert, .. }
            | Self::SnoozeEnded { alert }
            | Self::Escalated { alert, .. }
            | Self::Released { alert, .. }
            | Self::Noted { alert, .. }
            | Self::Archived { alert }
            | Self::Held { alert, .. }
            | Self::HoldEnded { alert, .. }
            | Self::Planned { alert, .. }
            | Self::Notified { alert, .. }
            | Self::RecoveryTold { alert, .. }
            | Self::ReminderSet { alert, .. }
            | Self::ReminderEnded { alert, .. }
            | Self::Described { alert, .. } => *alert,
        }
    }
}
