//! When to dial again: full jitter, so that a fleet that lost its hub does not come back as one.

use std::time::Duration;

use ring::rand::SecureRandom;

use crate::fleet::hosts::{LONGEST_REDIAL, SHORT_OUTAGE};

/// The first bound of a wait.
const BASE: Duration = Duration::from_millis(500);
/// The longest wait in the first minute of an outage: a hub that restarts is back with all its agents at once.
const CAP_EARLY: Duration = Duration::from_secs(5);
/// The longest wait afterwards.
const CAP_LATE: Duration = LONGEST_REDIAL;
/// How long the first kind of outage is.
const EARLY: Duration = SHORT_OUTAGE;
/// The shortest wait, so that an unlucky draw is no busy loop.
const FLOOR: Duration = Duration::from_millis(50);
/// A link that lasted less is no end of an outage: the hub may accept and drop us again and again.
const LASTED: Duration = Duration::from_secs(10);

/// The waits between attempts. It reads no clock and draws no number itself.
#[derive(Clone, Debug, Default)]
pub struct Backoff {
    failures: u32,
}

impl Backoff {
    /// How long to wait after an attempt failed, `outage` after the link was last up. `random` is drawn from `0.0..1.0`.
    pub fn failed(&mut self, outage: Duration, random: f64) -> Duration {
        let cap = if outage < EARLY { CAP_EARLY } else { CAP_LATE };
        let bound = BASE.saturating_mul(1_u32.checked_shl(self.failures.min(16)).unwrap_or(u32::MAX)).min(cap);
        self.failures = self.failures.saturating_add(1);
        let random = if random.is_finite() { random.clamp(0.0, 1.0) } else { 1.0 };
        bound.mul_f64(random).max(FLOOR)
    }

    /// A link that had been up ended after `lasted`. Whether that ended the outage: then the waits begin anew.
    pub fn ended(&mut self, lasted: Duration) -> bool {
        let held = lasted >= LASTED;
        if held {
            self.failures = 0;
        }
        held
    }
}

/// A number from `0.0..1.0` of the system's random source; 0.5 where it fails, which jitter can live with.
#[must_use]
pub fn system_random() -> f64 {
    let mut bytes = [0; 4];
    match ring::rand::SystemRandom::new().fill(&mut bytes) {
        Ok(()) => f64::from(u32::from_le_bytes(bytes)) / (f64::from(u32::MAX) + 1.0),
        Err(_) => 0.5,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn bounds_double_up_to_the_cap_of_the_hour() {
        let mut backoff = Backoff::default();
        let early: Vec<_> = (0..6).map(|_| backoff.failed(Duration::ZERO, 1.0).as_millis()).collect();
        assert_eq!(early, [500, 1000, 2000, 4000, 5000, 5000]);
        let late: Vec<_> = (0..4).map(|_| backoff.failed(EARLY, 1.0).as_secs()).collect();
        assert_eq!(late, [32, 60, 60, 60]);
        assert!(!backoff.ended(Duration::from_secs(1)), "a link dropped at once is no recovery");
        assert_eq!(backoff.failed(EARLY, 1.0), CAP_LATE);
        assert!(backoff.ended(LASTED));
        assert_eq!(backoff.failed(Duration::ZERO, 1.0), BASE);
    }

    proptest! {
        #[test]
        fn every_wait_is_within_floor_and_cap(failures in 0_u32.., outage in 0_u64..1_000_000, random in any::<f64>()) {
            let wait = Backoff { failures }.failed(Duration::from_secs(outage), random);
            prop_assert!(wait >= FLOOR);
            let cap = if outage < 60 { CAP_EARLY } else { CAP_LATE };
            prop_assert!(wait <= cap);
        }
    }

    #[test]
    fn waits_are_spread() {
        let waits: std::collections::BTreeSet<u128> =
            (0..100).map(|_| Backoff { failures: 4 }.failed(Duration::ZERO, system_random()).as_millis()).collect();
        assert!(waits.len() > 50, "{waits:?}");
        assert!(waits.iter().all(|wait| *wait < 5000));
    }
}
