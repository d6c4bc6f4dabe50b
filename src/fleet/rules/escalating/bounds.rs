//! How long, how many.

use std::time::Duration;

/// After what held an alert back has ended, its check has this long to say that it is well again.
pub const RECHECK: Duration = Duration::from_secs(15);
/// Unplanned alerts that one look goes through; with more of them, the next look goes through the next.
pub const LOOKED_AT: usize = 2_000;
/// Alerts that one entry tells of.
pub const MOST_TOLD_AT_ONCE: usize = 5_000;
/// Plans that are moved with the clock, in one entry.
pub const MOST_MOVED: usize = 20_000;
/// Notices about different clients or severities that one receiver gets within one gathering time; more become one.
pub const MOST_APART: usize = 5;
/// A policy that reaches nobody is tried again after this long at least.
pub const LEAST_REPEAT: Duration = Duration::from_secs(60);
