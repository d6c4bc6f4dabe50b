//! What one run of a check found.

use crate::fleet::checks::perfdata::Perfdata;
use crate::fleet::words::{CheckState, SafeText};

/// What one run of a check found. Its texts are safe to show.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CheckResult {
    /// The verdict of this run alone, before attempts are counted.
    pub state: CheckState,
    /// The first line.
    pub summary: SafeText,
    /// The further lines; mostly empty.
    pub long_text: SafeText,
    /// The measured values.
    pub perfdata: Vec<Perfdata>,
}

impl CheckResult {
    /// A result of one line.
    #[must_use]
    pub fn new(state: CheckState, summary: &str) -> Self {
        Self { state, summary: SafeText::new(summary), ..Self::default() }
    }

    /// A check that could not be made, and why.
    #[must_use]
    pub fn unknown(reason: &str) -> Self {
        Self::new(CheckState::Unknown, reason)
    }

    /// The same result with measured values.
    #[must_use]
    pub fn with_perfdata(self, perfdata: Vec<Perfdata>) -> Self {
        Self { perfdata, ..self }
    }
}
