//! One time a window counts.

use crate::fleet::words::Timestamp;

/// From when until when (wall time; the end not included).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Occurrence {
    /// It begins.
    pub from: Timestamp,
    /// It has ended.
    pub until: Timestamp,
}

impl Occurrence {
    /// Whether this moment is within.
    #[must_use]
    pub fn contains(self, at: Timestamp) -> bool {
        self.from <= at && at < self.until
    }
}
