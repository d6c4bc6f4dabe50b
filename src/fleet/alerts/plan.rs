//! Who is told of an alert next, when, and who was told.

use crate::fleet::words::{SafeText, Timestamp};

/// The most people an alert remembers having told.
pub const MOST_TOLD: usize = 32;

/// What an escalation policy holds for an open alert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The policy's name; empty where none speaks of the alert.
    pub policy: SafeText,
    /// The next notice, unless the alert ends or somebody takes it first.
    pub next: Option<NextNotice>,
    /// Why no notice comes, or why the last step reached nobody; empty otherwise.
    pub why: SafeText,
}

/// A notice to come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NextNotice {
    /// When (wall time).
    pub at: Timestamp,
    /// The step of the policy; the first is 1.
    pub step: u32,
    /// The round; the first is 1.
    pub round: u32,
    /// Receivers as the policy names them: a person, `schedule:NAME` or `channel:NAME`.
    pub to: Vec<SafeText>,
}

/// Somebody who was told of an alert since it opened; they hear of its end, too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The person, or `channel:NAME`.
    pub to: SafeText,
    /// When last.
    pub at: Timestamp,
    /// At which step last.
    pub step: u32,
}

/// Something to be said about an alert at a time: "tell Acme at 08:00".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reminder {
    /// When (wall time).
    pub at: Timestamp,
    /// Who promised it.
    pub by: SafeText,
    /// What.
    pub text: SafeText,
}
