//! How restless a check is, as Icinga 2 counts it: its last 20 results, each a slot that says whether the state was
//! another than before, the newest slots with more weight. It flaps above 30 %, and has come to rest at 25 % or less.
//!
//! Only transitions are kept: the results between them were alike, one an interval, so that what the window is at any
//! time follows from the window at the newest transition and the time since. The end of flapping is a time.

use std::time::Duration;

/// Results that count.
pub const SLOTS: u32 = 20;
/// All slots of a window.
const MASK: u32 = (1 << SLOTS) - 1;
/// It begins above this, in hundredths of a slot: 30 % of 20 slots.
const START_ABOVE: u32 = 600;
/// It ends at this or below: 25 %.
const END_AT: u32 = 500;

/// The window after one more result: `quiet` results alike went before it.
#[must_use]
pub const fn shifted(ring: u32, quiet: u32, changed: bool) -> u32 {
    let ring = if quiet >= SLOTS { 0 } else { (ring << quiet) & MASK };
    ((ring << 1) | changed as u32) & MASK
}

/// The sum of the weights of slots with a change, in hundredths: 0.80 for the oldest to 1.18 for the newest.
#[must_use]
pub fn weight(ring: u32) -> u32 {
    (0..SLOTS).filter(|age| ring & (1 << age) != 0).map(|age| 118 - 2 * age).sum()
}

/// How restless it is in per cent.
#[must_use]
pub fn percent(ring: u32) -> u32 {
    weight(ring) / SLOTS
}

/// Whether a check with this window flaps, if it did or did not until now.
#[must_use]
pub fn is_flapping(ring: u32, until_now: bool) -> bool {
    weight(ring) > if until_now { END_AT } else { START_ABOVE }
}

/// How long after its newest transition a check has come to rest if no other comes.
#[must_use]
pub fn rests_after(ring: u32, interval: Duration) -> Duration {
    let quiet = (0..=SLOTS).find(|quiet| weight(if *quiet >= SLOTS { 0 } else { (ring << quiet) & MASK }) <= END_AT);
    interval.saturating_mul(quiet.unwrap_or(SLOTS))
}

/// How many results alike lie within a time.
#[must_use]
pub fn quiet_results(elapsed: Duration, interval: Duration) -> u32 {
    let interval = interval.as_millis().max(1);
    // The result that ends the time is none of them.
    u32::try_from((elapsed.as_millis() / interval).saturating_sub(1)).unwrap_or(u32::MAX).min(SLOTS)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Results in a row, `x` for another state than before.
    fn ring(results: &str) -> u32 {
        results.chars().fold(0, |ring, result| shifted(ring, 0, result == 'x'))
    }

    #[test]
    fn the_newest_changes_weigh_most() {
        for (results, expected) in [
            ("", 0),
            ("x", 118),
            ("x...................", 80),
            ("x....................", 0),
            ("xxxxxxxxxxxxxxxxxxxx", 1_980),
            ("xx", 234),
        ] {
            assert_eq!(weight(ring(results)), expected, "{results}");
        }
        assert_eq!(percent(ring("xxxxxxxxxxxxxxxxxxxx")), 99);
    }

    #[test]
    fn it_begins_above_thirty_per_cent_and_ends_at_twenty_five() {
        assert!(!is_flapping(ring("xxxxx"), false), "28.5 %");
        assert!(is_flapping(ring("xxxxx"), true), "between both it is as before");
        assert!(is_flapping(ring("xxxxxx"), false));
        assert!(!is_flapping(ring("xxxx"), true), "23 %");
    }

    #[test]
    fn it_comes_to_rest_after_the_results_that_push_the_changes_out() {
        let minute = Duration::from_secs(60);
        let all = ring("xxxxxxxxxxxxxxxxxxxx");
        let rest = rests_after(all, minute);
        let quiet = u32::try_from(rest.as_secs() / 60).unwrap();
        assert!(weight((all << quiet) & MASK) <= END_AT && weight((all << (quiet - 1)) & MASK) > END_AT);
        assert_eq!(rests_after(ring("x"), minute), Duration::ZERO);
        assert_eq!(rests_after(all, Duration::MAX), Duration::MAX, "an absurd interval is no overflow");
    }

    #[test]
    fn time_between_two_transitions_counts_as_results_alike() {
        let minute = Duration::from_secs(60);
        for (elapsed, expected) in [(0, 0), (10, 0), (60, 0), (119, 0), (120, 1), (600, 9), (86_400, SLOTS)] {
            assert_eq!(quiet_results(Duration::from_secs(elapsed), minute), expected, "{elapsed}");
        }
        assert_eq!(quiet_results(minute, Duration::ZERO), SLOTS);
        assert_eq!(shifted(ring("xxxxx"), SLOTS, true), 1);
    }
}
