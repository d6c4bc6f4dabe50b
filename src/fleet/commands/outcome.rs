//! How a command stands, or ended, on one host.

use std::fmt;
use std::time::Duration;

use crate::fleet::words::{BlobId, ClientId, SafeText, Timestamp};

/// Where a command stands on one host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OutcomeState {
    /// Its turn has not come.
    Queued,
    /// The host had no link when its turn came: the program was not started and will not be.
    Offline,
    /// Sent to the host.
    Running,
    /// The program ended with code 0.
    Ok,
    /// The program ended with another code, or could not be started.
    Failed,
    /// A signal ended the program, and not one of ours.
    Signalled,
    /// It ran past its deadline and was killed with all it had started.
    TimedOut,
    /// Its turn never came: the host left the fleet, or the command arrived too late to be meant any more.
    Skipped,
    /// Somebody cancelled it, before it started or by having it killed.
    Cancelled,
    /// Nobody knows how it ended: the agent or its machine went away meanwhile.
    Lost,
    /// The host does not let it be started.
    Denied,
}

/// What was kept of one of a program's output streams.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Kept {
    /// Where its bytes lie; `None` when nothing was printed.
    pub blob: Option<BlobId>,
    /// Bytes printed.
    pub printed: u64,
    /// Bytes of those that were kept, the first and the last.
    pub kept: u64,
    /// The same for outputs that differ in no more than numbers, times and the host's name; 0 where it is not known.
    pub shape: u64,
}

/// How a command stands, or ended, on one host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The host's client.
    pub client: ClientId,
    /// Where it stands.
    pub state: OutcomeState,
    /// It runs, and somebody wants it cancelled; the host has not confirmed yet.
    pub cancelling: bool,
    /// When it was sent to the host (hub time).
    pub started_at: Option<Timestamp>,
    /// When the hub knew its end (hub time).
    pub ended_at: Option<Timestamp>,
    /// The program's exit code.
    pub code: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
    /// What it printed.
    pub stdout: Kept,
    /// What it printed to standard error.
    pub stderr: Kept,
    /// The rule that denied it, why it could not be started, or how it was lost; empty where there is nothing to say.
    pub why: SafeText,
    /// How long the program ran by the host's clock.
    pub took: Option<Duration>,
}

/// How a program ended on a host, as its agent tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The end.
    pub state: OutcomeState,
    /// The program's exit code.
    pub code: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
    /// What it printed.
    pub stdout: Kept,
    /// What it printed to standard error.
    pub stderr: Kept,
    /// The rule that denied it, why it could not be started, or how it was lost.
    pub why: SafeText,
    /// How long the program ran by the host's clock.
    pub took: Option<Duration>,
}

impl OutcomeState {
    /// All states, in the order of the command line.
    pub const ALL: [Self; 11] = [
        Self::Queued,
        Self::Offline,
        Self::Running,
        Self::Ok,
        Self::Failed,
        Self::Signalled,
        Self::TimedOut,
        Self::Skipped,
        Self::Cancelled,
        Self::Lost,
        Self::Denied,
    ];

    /// The word of the command line.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Offline => "offline",
            Self::Running => "running",
            Self::Ok => "ok",
            Self::Failed => "failed",
            Self::Signalled => "signalled",
            Self::TimedOut => "timed_out",
            Self::Skipped => "skipped",
            Self::Cancelled => "cancelled",
            Self::Lost => "lost",
            Self::Denied => "denied",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }

    /// Whether nothing more is waited for; what was lost may still be found when its agent comes back.
    #[must_use]
    pub const fn is_end(self) -> bool {
        !matches!(self, Self::Queued | Self::Running)
    }
}

impl fmt::Display for OutcomeState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

impl Kept {
    /// Whether something in the middle was left out.
    #[must_use]
    pub const fn is_truncated(&self) -> bool {
        self.printed > self.kept
    }
}

impl Outcome {
    /// Its turn has not come.
    #[must_use]
    pub fn queued(client: ClientId) -> Self {
        Self {
            client,
            state: OutcomeState::Queued,
            cancelling: false,
            started_at: None,
            ended_at: None,
            code: None,
            signal: None,
            stdout: Kept::default(),
            stderr: Kept::default(),
            why: SafeText::default(),
            took: None,
        }
    }

    /// Whether some of the output was left out.
    #[must_use]
    pub const fn is_truncated(&self) -> bool {
        self.stdout.is_truncated() || self.stderr.is_truncated()
    }

    pub(super) fn become_state(&mut self, state: OutcomeState, why: &SafeText, at: Timestamp) {
        self.state = state;
        self.why = why.clone();
        if state == OutcomeState::Running {
            self.started_at = Some(at);
        }
        self.ended_at = state.is_end().then_some(at);
    }

    pub(super) fn take(&mut self, report: &Report, at: Timestamp) {
        self.become_state(report.state, &report.why, at);
        self.code = report.code;
        self.signal = report.signal;
        self.stdout = report.stdout;
        self.stderr = report.stderr;
        self.took = report.took;
    }
}
