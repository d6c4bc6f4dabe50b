//! Who is told of an alert that nobody has: planned when it opens or comes back, said when its time comes, repeated
//! until somebody has it, and taken back when it ends.
//!
//! [`follow`] stands behind every decision, so that no rule can open or give back an alert without a plan.

mod bounds;
mod by_hand;
mod clock;
mod planning;
mod roster;
mod telling;
mod test_page;
#[cfg(test)]
mod tests;

pub use by_hand::{ring, step_of};
pub use clock::follow_clock;
pub use planning::{adopt, follow};
pub use telling::{limits, next_recovery, recoveries, reminders, tell};
pub use test_page::test;

pub use bounds::RECHECK;
