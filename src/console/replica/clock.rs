//! Hub time between two frames.

use std::time::{Duration, Instant};

use crate::fleet::words::Timestamp;

/// How long a frame's time counts at least. Two such spans are kept, so a hub whose clock was set back is believed
/// after a minute at most.
const SPAN: Duration = Duration::from_secs(30);

/// The hub's wall clock as this console reckons it. Frames are late by what the network takes, so the least late of the
/// last while counts, and time does not jump back when one frame is slower than another.
#[derive(Clone, Debug, Default)]
pub struct HubClock {
    best: Option<Sighting>,
    before: Option<Sighting>,
    since: Option<Instant>,
}

/// The hub's time when it was heard.
#[derive(Clone, Copy, Debug)]
struct Sighting {
    at: Instant,
    hub: Timestamp,
}

impl Sighting {
    fn reckon(&self, now: Instant) -> Timestamp {
        match now.checked_duration_since(self.at) {
            Some(later) => self.hub + later,
            None => self.hub - self.at.duration_since(now),
        }
    }
}

impl HubClock {
    /// A frame that carried `hub` arrived at `at`.
    pub fn heard(&mut self, hub: Timestamp, at: Instant) {
        if self.since.is_none_or(|since| at.saturating_duration_since(since) >= SPAN) {
            self.before = self.best.take();
            self.since = Some(at);
        }
        if self.best.is_none_or(|best| hub > best.reckon(at)) {
            self.best = Some(Sighting { at, hub });
        }
    }

    /// Forgets what was heard: the hub's clock jumped, or it is another hub.
    pub fn reset(&mut self) {
        *self = Self::default();
    }

    /// The hub's time now; `None` when it was never heard.
    #[must_use]
    pub fn now(&self, now: Instant) -> Option<Timestamp> {
        [self.best, self.before].iter().flatten().map(|sighting| sighting.reckon(now)).max()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hub_time_runs_on_and_late_frames_do_not_set_it_back() {
        let start = Instant::now();
        let at = |ms: u64| start + Duration::from_millis(ms);
        let mut clock = HubClock::default();
        assert_eq!(clock.now(start), None);
        clock.heard(Timestamp(1_000_000), at(50));
        assert_eq!(clock.now(at(2_050)), Some(Timestamp(1_002_000)));
        clock.heard(Timestamp(1_002_000), at(2_400));
        assert_eq!(clock.now(at(2_400)), Some(Timestamp(1_002_350)), "this one was 350 ms later than the first");
        clock.heard(Timestamp(1_004_000), at(4_010));
        assert_eq!(clock.now(at(4_010)), Some(Timestamp(1_004_000)), "this one was faster than the first");
    }

    #[test]
    fn a_hub_that_set_its_clock_back_is_believed_in_the_end() {
        let start = Instant::now();
        let mut clock = HubClock::default();
        clock.heard(Timestamp(10_000_000), start);
        for second in 1..=70 {
            clock.heard(Timestamp(1_000_000 + second * 1_000), start + Duration::from_secs(second.unsigned_abs()));
        }
        assert_eq!(clock.now(start + Duration::from_secs(70)), Some(Timestamp(1_070_000)));
    }
}
