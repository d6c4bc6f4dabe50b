//! The bell of this seat: it rings for alerts that nobody has, until somebody has them.

use std::time::{Duration, Instant};

use crate::settings::console::{Bell as Settings, Ring};

/// Never oftener than this, whatever arrives.
const LEAST: Duration = Duration::from_secs(3);
/// Quiet ends by itself: who forgot it must not miss the night.
const QUIET: Duration = Duration::from_secs(60 * 60);

/// So long "I am awake" holds: a long night's shift.
pub const AWAKE: Duration = Duration::from_secs(8 * 60 * 60);

/// When the bell rings.
#[derive(Debug, Default)]
pub struct Bell {
    /// How it is set.
    pub settings: Settings,
    quiet_until: Option<Instant>,
    awake_until: Option<Instant>,
    rung: Option<Instant>,
    /// New alerts the last time: critical and warning.
    heard: (u32, u32),
}

impl Bell {
    /// Whether it is to ring now, with so many alerts that nobody has: critical ones, and warnings.
    pub fn rings(&mut self, new: (u32, u32), now: Instant) -> bool {
        let more = |ring: Ring, count: u32, heard: u32| ring != Ring::Off && count > heard;
        let arrived =
            more(self.settings.critical, new.0, self.heard.0) || more(self.settings.warning, new.1, self.heard.1);
        let last = |ring: Ring, count: u32| ring == Ring::Repeat && count > 0;
        let lasts = last(self.settings.critical, new.0) || last(self.settings.warning, new.1);
        let rests = |at_least: Duration| self.rung.is_none_or(|rung| now.saturating_duration_since(rung) >= at_least);
        // Who is awake and looks need not be told of each.
        let (least, every) = match self.awake(now) {
            Some(_) => (self.settings.awake.max(LEAST), self.settings.awake.max(self.settings.every)),
            None => (LEAST, self.settings.every.max(LEAST)),
        };
        let rings = (arrived && rests(least)) || (lasts && rests(every));
        // What arrives while it may not ring again yet is heard with the next one.
        if rings || !arrived || self.quiet(now).is_some() {
            self.heard = new;
        }
        if !rings || self.quiet(now).is_some() {
            return false;
        }
        self.rung = Some(now);
        true
    }

    /// Makes it quiet for an hour, or lets it ring again; whether it is quiet now.
    pub fn toggle(&mut self, now: Instant) -> bool {
        self.quiet_until = if self.quiet(now).is_some() { None } else { Some(now + QUIET) };
        self.quiet_until.is_some()
    }

    /// Lets it ring only once in a while, or as it is set again; how often at most, where it was the former.
    pub fn doze(&mut self, now: Instant) -> Option<Duration> {
        self.awake_until = if self.awake(now).is_some() { None } else { Some(now + AWAKE) };
        self.awake_until.map(|_| self.settings.awake)
    }

    /// How long it rings only once in a while yet.
    #[must_use]
    pub fn awake(&self, now: Instant) -> Option<Duration> {
        self.awake_until.map(|until| until.saturating_duration_since(now)).filter(|left| !left.is_zero())
    }

    /// How long it is quiet yet.
    #[must_use]
    pub fn quiet(&self, now: Instant) -> Option<Duration> {
        self.quiet_until.map(|until| until.saturating_duration_since(now)).filter(|left| !left.is_zero())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_rings_until_somebody_has_it_at_a_bounded_rate() {
        let now = Instant::now();
        let mut bell = Bell::default();
        let rings = |bell: &mut Bell, new, from: u64, to: u64| -> Vec<u64> {
            (from..to).filter(|second| bell.rings(new, now + Duration::from_secs(*second))).collect()
        };
        assert!(rings(&mut bell, (0, 0), 0, 10).is_empty(), "nothing is new");
        assert_eq!(rings(&mut bell, (2, 0), 10, 80), [10, 40, 70], "critical: again every half minute");
        assert!(rings(&mut bell, (0, 0), 80, 200).is_empty(), "somebody has it");
        assert_eq!(rings(&mut bell, (0, 1), 200, 300), [200], "a warning once");
        // a storm rings no oftener
        let storm =
            (300..320_u32).filter(|second| bell.rings((0, *second), now + Duration::from_secs((*second).into())));
        assert_eq!(storm.count(), 7);
    }

    #[test]
    fn quiet_is_of_this_seat_and_ends_by_itself() {
        let now = Instant::now();
        let mut bell = Bell::default();
        assert!(bell.toggle(now) && bell.quiet(now) == Some(QUIET));
        assert!(!bell.rings((3, 0), now) && !bell.rings((3, 0), now + QUIET / 2));
        assert!(bell.rings((3, 0), now + QUIET), "critical ones that nobody has ring again");
        bell.toggle(now + QUIET);
        assert!(!bell.toggle(now + QUIET) && bell.rings((4, 0), now + QUIET * 2));
    }

    #[test]
    fn who_is_awake_hears_a_storm_once_in_a_while_and_no_longer_than_a_shift() {
        let now = Instant::now();
        let mut bell = Bell::default();
        assert_eq!(bell.doze(now), Some(Duration::from_secs(300)));
        let at = |second: u32| now + Duration::from_secs(second.into());
        let rung: Vec<u32> = (0..900).filter(|second| bell.rings((1 + second, 0), at(*second))).collect();
        assert_eq!(rung, [0, 300, 600], "a new critical alert each second");
        assert_eq!(bell.awake(now + AWAKE), None);
        assert!(bell.rings((2_000, 0), now + AWAKE) && bell.rings((2_001, 0), now + AWAKE + LEAST));
        bell.doze(now + AWAKE);
        assert_eq!(bell.doze(now + AWAKE), None, "the same key ends it");
    }

    #[test]
    fn what_is_off_never_rings() {
        let now = Instant::now();
        let settings = Settings { critical: Ring::Off, warning: Ring::Off, ..Settings::default() };
        let mut bell = Bell { settings, ..Bell::default() };
        assert!(!bell.rings((5, 5), now) && !bell.rings((9, 9), now + QUIET));
    }
}
