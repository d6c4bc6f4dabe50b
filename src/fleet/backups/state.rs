//! How a backup job stands: by what can be restored of it now, never by whether a program ran.

use std::fmt;

/// How a job stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// Everything promised can be restored, as fresh as promised.
    Ok,
    /// Some of the promised paths can be restored as fresh as promised, others can not.
    Partial,
    /// Older than promised, but within its grace.
    Late,
    /// Older than promised and its grace.
    Overdue,
    /// Nothing can be restored, although something could once or should: the repository is gone, empty or closed.
    Failed,
    /// Nothing was ever there to be restored.
    Never,
    /// Not known: nobody has looked, or not for long.
    #[default]
    Unknown,
}

impl State {
    /// All states, in the order of the contract.
    pub const ALL: [Self; 7] =
        [Self::Ok, Self::Partial, Self::Late, Self::Overdue, Self::Failed, Self::Never, Self::Unknown];

    /// All states in the order lists show them, worst first.
    pub const WORST_FIRST: [Self; 7] =
        [Self::Failed, Self::Overdue, Self::Never, Self::Partial, Self::Unknown, Self::Late, Self::Ok];

    /// The word of the contract: `ok`, `partial`, `late`, `overdue`, `failed`, `never`, `unknown`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Partial => "partial",
            Self::Late => "late",
            Self::Overdue => "overdue",
            Self::Failed => "failed",
            Self::Never => "never",
            Self::Unknown => "unknown",
        }
    }

    /// Its place among [`Self::WORST_FIRST`].
    #[must_use]
    pub const fn rank(self) -> u8 {
        match self {
            Self::Failed => 0,
            Self::Overdue => 1,
            Self::Never => 2,
            Self::Partial => 3,
            Self::Unknown => 4,
            Self::Late => 5,
            Self::Ok => 6,
        }
    }

    /// As of a check's state: 0 ok and late, 1 unknown, 2 partial, 3 what can't be restored as promised.
    #[must_use]
    pub const fn gravity(self) -> u8 {
        match self {
            Self::Ok | Self::Late => 0,
            Self::Unknown => 1,
            Self::Partial => 2,
            Self::Overdue | Self::Failed | Self::Never => 3,
        }
    }

    /// Whether it may be marked reviewed together with others: what needs a second look may not.
    #[must_use]
    pub const fn is_reviewed_in_bulk(self) -> bool {
        !matches!(self, Self::Partial | Self::Unknown | Self::Never)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_is_whole_and_ranks_follow_it() {
        let ranks: Vec<u8> = State::WORST_FIRST.iter().map(|state| state.rank()).collect();
        assert_eq!(ranks, [0, 1, 2, 3, 4, 5, 6]);
        assert!(State::ALL.iter().all(|state| State::WORST_FIRST.contains(state)));
    }
}
