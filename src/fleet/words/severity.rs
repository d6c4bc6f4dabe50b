//! What a check found and how grave an alert is.

use std::fmt;

/// The result of a check. The order of gravity is `ok < unknown < warning < critical` ([`CheckState::gravity`]).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CheckState {
    /// Not measured yet.
    #[default]
    Pending,
    /// Within its thresholds.
    Ok,
    /// Could not be measured, or measured as something that is no number.
    Unknown,
    /// Past its warning threshold.
    Warning,
    /// Past its critical threshold.
    Critical,
}

/// How grave an alert is: `warning` also stands for a problem of state unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Someone should look.
    Warning,
    /// Someone must act now.
    Critical,
}

impl CheckState {
    /// All states, least grave first.
    pub const ALL: [Self; 5] = [Self::Pending, Self::Ok, Self::Unknown, Self::Warning, Self::Critical];

    /// The word of the contract: `ok`, `warning`, `critical`, `unknown`, `pending`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Ok => "ok",
            Self::Unknown => "unknown",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }

    /// Reads the word of the contract.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }

    /// Whether this is a problem: unknown, warning or critical.
    #[must_use]
    pub const fn is_problem(self) -> bool {
        matches!(self, Self::Unknown | Self::Warning | Self::Critical)
    }

    /// 0 pending and ok, 1 unknown, 2 warning, 3 critical.
    #[must_use]
    pub const fn gravity(self) -> u8 {
        match self {
            Self::Pending | Self::Ok => 0,
            Self::Unknown => 1,
            Self::Warning => 2,
            Self::Critical => 3,
        }
    }

    /// The severity of an alert about this state; `None` where it is no problem.
    #[must_use]
    pub const fn severity(self) -> Option<Severity> {
        match self {
            Self::Pending | Self::Ok => None,
            Self::Unknown | Self::Warning => Some(Severity::Warning),
            Self::Critical => Some(Severity::Critical),
        }
    }
}

impl Severity {
    /// `warning` or `critical`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}

impl fmt::Display for CheckState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}
