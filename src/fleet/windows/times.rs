//! When a window counts: once, or again and again.

use super::occurrence::Occurrence;
use super::recurrence::Recurrence;
use crate::fleet::words::Timestamp;

/// When.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Times {
    /// One time.
    Once(Occurrence),
    /// Times that come again.
    Recurring(Box<Recurrence>),
}

impl Times {
    /// The first occurrence that ends after `at`: the one under way, or the next; `None` when it is over.
    #[must_use]
    pub fn ending_after(&self, at: Timestamp) -> Option<Occurrence> {
        match self {
            Self::Once(one) => Some(*one).filter(|one| one.until > at),
            Self::Recurring(recurrence) => recurrence.ending_after(at),
        }
    }

    /// The first occurrence that begins at `at` or later.
    #[must_use]
    pub fn beginning_from(&self, at: Timestamp) -> Option<Occurrence> {
        match self {
            Self::Once(one) => Some(*one).filter(|one| one.from >= at),
            Self::Recurring(recurrence) => recurrence.beginning_from(at),
        }
    }

    /// When the last of it ends; `None` where it comes for ever.
    #[must_use]
    pub fn ends_for_good(&self) -> Option<Timestamp> {
        match self {
            Self::Once(one) => Some(one.until),
            Self::Recurring(recurrence) => recurrence.ends_for_good(),
        }
    }
}
