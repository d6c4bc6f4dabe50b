//! When the next frame is due. Pure: it is told the time.

use std::time::{Duration, Instant};

/// The shortest time between two frames.
pub const FRAME_MIN: Duration = Duration::from_millis(16);
/// The shortest time between two frames that only show that data or time moved on.
pub const PASSIVE_MIN: Duration = Duration::from_millis(250);

/// Why a frame is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// Data or time moved on; it may wait a little.
    Passive,
    /// A person did something and waits for what follows.
    Person,
}

/// Decides when to paint: at once after a pause, never faster than the terminal takes frames.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pace {
    wanted: Option<Cause>,
    last: Option<Instant>,
    took: Duration,
}

impl Pace {
    /// Asks for a frame.
    pub fn want(&mut self, cause: Cause) {
        self.wanted = self.wanted.max(Some(cause));
    }

    /// Whether a frame is asked for.
    #[must_use]
    pub const fn is_wanted(&self) -> bool {
        self.wanted.is_some()
    }

    /// A frame was painted, or found to look as before.
    pub const fn painted(&mut self, at: Instant) {
        self.wanted = None;
        self.last = Some(at);
    }

    /// The last frame took this long to reach the terminal.
    pub const fn flushed(&mut self, took: Duration) {
        self.took = took;
    }

    /// When the frame asked for is due; `None` if none is. A time in the past means now.
    #[must_use]
    pub fn next_frame_at(&self, now: Instant) -> Option<Instant> {
        let least = match self.wanted? {
            Cause::Person => FRAME_MIN,
            Cause::Passive => PASSIVE_MIN,
        };
        let pause = least.max(self.took.saturating_mul(2));
        Some(self.last.and_then(|last| last.checked_add(pause)).unwrap_or(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn nothing_is_due_while_nothing_changed() {
        let start = Instant::now();
        let mut pace = Pace::default();
        assert_eq!(pace.next_frame_at(start), None);
        pace.want(Cause::Person);
        pace.painted(start);
        assert_eq!(pace.next_frame_at(start + ms(10_000)), None);
    }

    #[test]
    fn the_first_key_after_a_pause_paints_at_once_and_a_flood_every_sixteen_milliseconds() {
        let start = Instant::now();
        let mut pace = Pace::default();
        pace.painted(start);
        pace.want(Cause::Person);
        assert!(pace.next_frame_at(start + ms(500)).unwrap() <= start + ms(500));
        pace.painted(start + ms(500));
        pace.want(Cause::Person);
        assert_eq!(pace.next_frame_at(start + ms(501)), Some(start + ms(516)));
    }

    #[test]
    fn data_alone_paints_four_times_a_second_and_a_key_overtakes_it() {
        let start = Instant::now();
        let mut pace = Pace::default();
        pace.painted(start);
        pace.want(Cause::Passive);
        assert_eq!(pace.next_frame_at(start + ms(1)), Some(start + ms(250)));
        pace.want(Cause::Person);
        pace.want(Cause::Passive);
        assert_eq!(pace.next_frame_at(start + ms(1)), Some(start + ms(16)));
    }

    #[test]
    fn a_slow_terminal_gets_fewer_frames() {
        let start = Instant::now();
        let mut pace = Pace::default();
        pace.painted(start);
        pace.flushed(ms(400));
        pace.want(Cause::Person);
        assert_eq!(pace.next_frame_at(start + ms(1)), Some(start + ms(800)));
    }
}
