//! How an attempt to send ends: with a receipt, or with an error that says whether another may succeed.

use std::error::Error;
use std::time::Duration;

use crate::fleet::words::SafeText;

/// An attempt that takes longer has failed; the next one may succeed.
pub const LONGEST_ATTEMPT: Duration = Duration::from_secs(20);
/// Bytes kept of what the other end said.
pub(super) const WORDS_MAX: usize = 300;

/// What the other end said when it took the message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt(pub SafeText);

/// Why it did not.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{words}", words = .words.as_str())]
pub struct DeliveryError {
    /// Whether another attempt may succeed. If not, the receiver's next channel has its turn at once.
    pub retry: bool,
    /// What failed, and what to do where that is known. Holds no secret.
    pub words: SafeText,
}

impl DeliveryError {
    /// It may succeed next time.
    #[must_use]
    pub fn passing(words: &str) -> Self {
        Self { retry: true, words: SafeText::line_within(words, WORDS_MAX) }
    }

    /// It will not succeed before somebody mends something.
    #[must_use]
    pub fn lasting(words: &str) -> Self {
        Self { retry: false, words: SafeText::line_within(words, WORDS_MAX) }
    }
}

impl Receipt {
    pub(super) fn new(words: &str) -> Self {
        Self(SafeText::line_within(words, WORDS_MAX))
    }
}

/// An error with what is behind it, each once.
pub(super) fn explain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let words = error.to_string();
        if !text.contains(&words) {
            text = format!("{text}: {words}");
        }
        cause = error.source();
    }
    text
}
