//! One ping.

use std::time::Duration;

use crate::fleet::words::{ClientId, PingName, SafeText, SiteId, Timestamp};

/// What is expected of a ping.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    /// Its name.
    pub name: PingName,
    /// Whose job it is.
    pub client: ClientId,
    /// Where.
    pub site: Option<SiteId>,
    /// The name of the host it runs on.
    pub host: Option<SafeText>,
    /// It succeeds this often.
    pub period: Duration,
    /// It may be late by so much, and run for so long.
    pub grace: Duration,
}

/// How a ping stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// Nothing was heard of it yet.
    New,
    /// It succeeded in time.
    Up,
    /// It runs.
    Started,
    /// It did not succeed in time.
    Late,
    /// It failed, or ran for too long.
    Failed,
}

/// What a job says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// It begins.
    Start,
    /// It ended well.
    Success,
    /// It failed, with this exit code where it has one.
    Failure(Option<u8>),
}

/// A run under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// What tells it from others; empty where it says nothing.
    pub id: SafeText,
    /// When it began.
    pub started_at: Timestamp,
}

/// What a job elsewhere says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ping {
    /// What is expected.
    pub description: Description,
    /// Since when.
    pub described_at: Timestamp,
    /// How it stands.
    pub state: State,
    /// Since when.
    pub since: Timestamp,
    /// When it began last.
    pub last_start: Option<Timestamp>,
    /// When it succeeded last.
    pub last_success: Option<Timestamp>,
    /// How long its last run took that said when it began.
    pub last_took: Option<Duration>,
    /// Runs under way, oldest first.
    pub runs: Vec<Run>,
    /// The end of what it sent last.
    pub tail: SafeText,
}

impl Ping {
    /// One that nothing was heard of.
    #[must_use]
    pub fn new(description: Description, at: Timestamp) -> Self {
        Self {
            description,
            described_at: at,
            state: State::New,
            since: at,
            last_start: None,
            last_success: None,
            last_took: None,
            runs: Vec::new(),
            tail: SafeText::default(),
        }
    }

    /// When it must have succeeded again.
    #[must_use]
    pub fn due(&self) -> Timestamp {
        self.last_success.unwrap_or(self.described_at) + self.description.period + self.description.grace
    }

    /// When the run that began first must have ended.
    #[must_use]
    pub fn overrun(&self) -> Option<Timestamp> {
        self.runs.iter().map(|run| run.started_at + self.description.grace).min()
    }

    pub(super) fn stand(&mut self, state: State, at: Timestamp) {
        if self.state != state {
            (self.state, self.since) = (state, at);
        }
    }
}

impl State {
    /// All states, worst first.
    pub const ALL: [Self; 5] = [Self::Failed, Self::Late, Self::New, Self::Started, Self::Up];

    /// `new`, `up`, `started`, `late` or `failed`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Up => "up",
            Self::Started => "started",
            Self::Late => "late",
            Self::Failed => "failed",
        }
    }
}

impl Signal {
    /// `start`, `success` or `failure`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Success => "success",
            Self::Failure(_) => "failure",
        }
    }
}
