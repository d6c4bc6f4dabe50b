//! Who is on duty by a schedule.

use crate::fleet::words::{SafeText, Timestamp};

/// Who is on duty by one schedule, and who stands in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Duty {
    /// Who is on duty.
    pub roster: Roster,
    /// Who stands in, now and later, in the order they were given; the last one counts.
    pub overrides: Vec<Override>,
}

/// Who is on duty now and next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Roster {
    /// The schedule, by name.
    pub schedule: SafeText,
    /// The place by whose clock duty is handed over, an IANA name.
    pub zone: SafeText,
    /// Who is on duty, by name; empty for nobody.
    pub now: Vec<SafeText>,
    /// Since when without a break, as far as the schedule tells (wall time).
    pub since: Timestamp,
    /// Who is from `changes_at` on; empty for nobody.
    pub next: Vec<SafeText>,
    /// When that comes (wall time); `None` where no change can be foreseen.
    pub changes_at: Option<Timestamp>,
}

/// Somebody stands in on a schedule for a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Override {
    /// Its number, unique in the fleet.
    pub id: u64,
    /// Who stands in.
    pub person: SafeText,
    /// From when (wall time).
    pub from: Timestamp,
    /// Until when (wall time), not included.
    pub until: Timestamp,
    /// Who said so.
    pub by: SafeText,
    /// What they said.
    pub note: SafeText,
}
