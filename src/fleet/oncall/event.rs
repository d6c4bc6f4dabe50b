//! What can happen to people, duty and policies.

use super::{Override, Person, Policy, Roster};
use crate::fleet::words::SafeText;

/// A fact of a decision about who is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A person came into being, or is described differently; what they offered stays.
    PersonDescribed(Box<Person>),
    /// The configuration knows them no more.
    PersonRemoved {
        /// Whom.
        person: SafeText,
    },
    /// A policy came into being, or changed.
    PolicyDescribed(Box<Policy>),
    /// The configuration knows it no more.
    PolicyRemoved {
        /// Which.
        policy: SafeText,
    },
    /// A schedule came into being, or somebody else is on duty by it, now or next.
    DutyChanged(Box<Roster>),
    /// The configuration knows the schedule no more.
    ScheduleRemoved {
        /// Which.
        schedule: SafeText,
    },
    /// Somebody stands in.
    Overridden {
        /// On which schedule.
        schedule: SafeText,
        /// Who, and when.
        over: Override,
    },
    /// Somebody stands in no more.
    OverrideEnded {
        /// On which schedule.
        schedule: SafeText,
        /// Which override.
        id: u64,
    },
    /// A person offered all they own to another.
    HandOverOffered {
        /// Who.
        from: SafeText,
        /// To whom.
        to: SafeText,
        /// What they said.
        note: SafeText,
    },
    /// The offer counts no more.
    HandOverEnded {
        /// Whose.
        from: SafeText,
        /// To whom it was.
        to: SafeText,
        /// Whether it was accepted; else who it was made to is no more.
        accepted: bool,
    },
}
