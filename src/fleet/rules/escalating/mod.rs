//! Who is told of an alert that nobody has: planned when it opens or comes back, said when its time comes, repeated
//! until somebody has it, and taken back when it ends.
//!
//! [`follow`] stands behind every decision, so that no rule can open or give back an alert without a plan.

mod by_hand;
mod planning;
mod roster;
mod telling;
mod test_page;
#[cfg(test)]
mod tests;

pub use by_hand::{ring, step_of};
pub use planning::{adopt, follow};
pub use telling::{limits, next_recovery, recoveries, reminders, tell};
pub use test_page::test;

use std::time::Duration;

/// After what held an alert back has ended, its check has this long to say that it is well again.
pub const RECHECK: Duration = Duration::from_secs(15);
/// Unplanned alerts that one look goes through; with more of them, the next look goes through the next.
const LOOKED_AT: usize = 2_000;
/// Alerts that one entry tells of.
const MOST_TOLD_AT_ONCE: usize = 5_000;
/// Notices about different clients or severities that one receiver gets within one gathering time; more become one.
const MOST_APART: usize = 5;
/// A policy that reaches nobody is tried again after this long at least.
const LEAST_REPEAT: Duration = Duration::from_secs(60);
