//! Escalation policies.

use std::time::Duration;

use crate::fleet::words::SafeText;

/// Who is told of an alert that nobody takes, after how long, how often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Its name.
    pub name: SafeText,
    /// The steps.
    pub steps: Vec<Step>,
    /// From the last step to the first one of the next round.
    pub repeat: Duration,
    /// How often the steps are gone through.
    pub rounds: u32,
}

/// One step of a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// After the step before.
    pub after: Duration,
    /// Who is told: a person, `schedule:NAME` or `channel:NAME`.
    pub to: Vec<SafeText>,
}
