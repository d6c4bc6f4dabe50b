//! One message to one receiver.

use std::time::Duration;

use crate::fleet::words::{AlertId, ClientId, NoticeId, SafeText, Severity, Timestamp};

/// Alerts that one notice names; it counts the others.
pub const MOST_NAMED: usize = 500;

/// How long a channel has to take a notice before the receiver's next one is tried.
pub const FALLS_OVER_AFTER: Duration = Duration::from_secs(60);

/// How long a notice that is over is still listed; the journal keeps it.
pub const KEPT_AFTER_END: Duration = Duration::from_secs(24 * 60 * 60);

/// What a notice is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Alerts that nobody has.
    Problem,
    /// Alerts that ended.
    Recovery,
    /// Something somebody wanted to be reminded of.
    Reminder,
    /// A test page that must be answered.
    Test,
    /// A sign of life to an outside dead-man switch.
    Watchdog,
}

impl Kind {
    /// `problem`, `recovery`, `reminder`, `test` or `watchdog`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Problem => "problem",
            Self::Recovery => "recovery",
            Self::Reminder => "reminder",
            Self::Test => "test",
            Self::Watchdog => "watchdog",
        }
    }
}

/// How far a notice has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// No channel has taken it yet.
    #[default]
    Waiting,
    /// A channel has taken it.
    Sent,
    /// The channel says that it arrived.
    Delivered,
    /// The receiver answered.
    Answered,
    /// No channel took it.
    Failed,
}

impl State {
    /// `waiting`, `sent`, `delivered`, `answered` or `failed`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Sent => "sent",
            Self::Delivered => "delivered",
            Self::Answered => "answered",
            Self::Failed => "failed",
        }
    }
}

/// One message to one receiver, about one alert or many.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Its number; with the fleet's id the key by which a receiver knows a repeat.
    pub id: NoticeId,
    /// What it is for.
    pub kind: Kind,
    /// The person, or `channel:NAME`.
    pub to: SafeText,
    /// The channels to try, in this order.
    pub channels: Vec<SafeText>,
    /// Which of them is in use, counted from 0.
    pub channel: u32,
    /// The client whose alerts these are; `None` for none, or several.
    pub client: Option<ClientId>,
    /// The gravest of them.
    pub severity: Severity,
    /// The alerts it names, at most [`MOST_NAMED`].
    pub alerts: Vec<AlertId>,
    /// How many alerts it is about.
    pub count: u32,
    /// The step of the policy; 0 where no policy sent it.
    pub step: u32,
    /// The round of the policy.
    pub round: u32,
    /// What is to be said beside: a reminder's text, a person's words.
    pub note: SafeText,
    /// When it was queued.
    pub queued_at: Timestamp,
    /// Since when it is at this channel and in this state.
    pub since: Timestamp,
    /// How far it has come.
    pub state: State,
    /// What the last failed attempt said, or the receipt.
    pub words: SafeText,
}

impl Notice {
    /// The channel in use.
    #[must_use]
    pub fn in_use(&self) -> Option<&SafeText> {
        self.channels.get(usize::try_from(self.channel).ok()?)
    }

    /// When time alone changes it: the next channel's turn, or it leaves the state.
    #[must_use]
    pub fn timer(&self) -> Timestamp {
        match self.state {
            State::Waiting => self.since + FALLS_OVER_AFTER,
            State::Sent | State::Delivered | State::Answered | State::Failed => self.since + KEPT_AFTER_END,
        }
    }
}
