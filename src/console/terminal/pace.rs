//! When the next frame is due. Pure: it is told the time.

use std::time::{Duration, Instant};

use super::drain::Drain;

/// The shortest time between two frames that keys ask for, and before one that shows what became of a key.
pub const FRAME_MIN: Duration = Duration::from_millis(16);
/// The shortest time between two frames that only show that data or time moved on.
pub const PASSIVE_MIN: Duration = Duration::from_millis(250);

/// Why a frame is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// Data or time moved on; it may wait a little.
    Passive,
    /// What a person asked for is there: an act ended, a filter went through all rows.
    Outcome,
    /// A person did something, and sees by the frame that it was taken.
    Person,
}

/// Decides when to paint: at once after a pause, never faster than the terminal takes frames.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pace {
    wanted: Option<Cause>,
    last: Option<Instant>,
    /// The last frame that a person's own doing asked for: what the program painted by itself holds up no key.
    last_of_person: Option<Instant>,
    took: Duration,
    drain: Drain,
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
        if let Some(Cause::Person) = self.wanted {
            self.last_of_person = Some(at);
        }
        self.wanted = None;
        self.last = Some(at);
    }

    /// The last frame, of so many bytes, took this long to reach the terminal.
    pub fn flushed(&mut self, bytes: usize, took: Duration, now: Instant) {
        self.took = took;
        self.drain.written(bytes, took, now);
    }

    /// When the frame asked for is due; `None` if none is. A time in the past means now.
    #[must_use]
    pub fn next_frame_at(&self, now: Instant) -> Option<Instant> {
        let (last, least) = match self.wanted? {
            Cause::Person => (self.last_of_person, FRAME_MIN),
            Cause::Outcome => (self.last, FRAME_MIN),
            Cause::Passive => (self.last, PASSIVE_MIN),
        };
        let paused = last.and_then(|last| last.checked_add(least));
        let taken = self.last.and_then(|last| last.checked_add(self.took.saturating_mul(2)));
        Some(paused.max(taken).max(self.drain.through_at()).unwrap_or(now))
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
        assert!(pace.next_frame_at(start + ms(1)).unwrap() <= start + ms(1), "nobody saw a key before");
    }

    #[test]
    fn an_outcome_waits_for_the_frame_before_it_and_holds_up_no_key() {
        let start = Instant::now();
        let mut pace = Pace::default();
        pace.want(Cause::Person);
        pace.painted(start);
        pace.want(Cause::Outcome);
        assert_eq!(pace.next_frame_at(start + ms(1)), Some(start + ms(16)));
        pace.painted(start + ms(50));
        pace.want(Cause::Person);
        assert_eq!(pace.next_frame_at(start + ms(51)), Some(start + ms(50)));
    }

    #[test]
    fn a_slow_terminal_gets_fewer_frames() {
        let start = Instant::now();
        let mut pace = Pace::default();
        pace.painted(start);
        pace.flushed(300, ms(400), start);
        pace.want(Cause::Person);
        assert_eq!(pace.next_frame_at(start + ms(1)), Some(start + ms(800)));
    }
}
