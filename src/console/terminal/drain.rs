//! How fast a slow terminal takes bytes, learned from writes that had to wait. Pure: it is told the time.
//!
//! A pseudo-terminal holds some 17 kB, and says nothing of how much of that has gone on. Over a line of 25 kB/s that is
//! most of a second of frames nobody wants to see any more, in front of the one that answers a key. Two writes in a row
//! that waited for room give the rate; from then on a frame is sent when the one before should be through.

use std::time::{Duration, Instant};

/// A write that took so long waited for room, and not for its turn on a busy machine.
const WAITED: Duration = Duration::from_millis(80);
/// The same where the terminal is known to be slow.
const WAITED_AGAIN: Duration = Duration::from_millis(20);
/// Two that waited are of one flood when no more than this lies between them.
const FLOOD: Duration = Duration::from_secs(5);
/// What a pseudo-terminal holds when a write has to wait (Linux).
const HELD: f64 = 17_000.0;
/// No frame waits longer than this for what may be a stall that is over.
const WAIT_MOST: Duration = Duration::from_millis(1_000);
/// A terminal that takes so many bytes a second needs no care.
const FAST: f64 = 1_000_000.0;
/// So long after it was full, the line may have become faster:
const CALM: Duration = Duration::from_secs(4);
/// each thousand bytes that did not have to wait then raise the rate by this part.
const RISE: f64 = 0.05;

/// The rate at which a terminal takes bytes, where that is known, and how many should be on their way.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Drain {
    rate: Option<f64>,
    /// Bytes on their way, at a time.
    backlog: Option<(f64, Instant)>,
    /// When the terminal was full last, and the bytes sent since.
    full: Option<(Instant, f64)>,
}

impl Drain {
    /// Bytes were written, which took so long.
    pub(super) fn written(&mut self, bytes: usize, took: Duration, now: Instant) {
        let bytes = bytes as f64;
        let since_full = self.full.map(|(at, sent)| (now.saturating_duration_since(at), sent + bytes));
        if took < if self.rate.is_some() { WAITED_AGAIN } else { WAITED } {
            self.full = self.full.map(|(at, sent)| (at, sent + bytes));
            self.backlog = Some((self.backlog_at(now) + bytes, now));
            let calm = since_full.is_none_or(|(span, _)| span > CALM);
            let rise = if calm { RISE * (bytes / 1_000.0).min(1.0) } else { 0.0 };
            let risen = self.rate.map(|rate| rate * (1.0 + rise));
            self.rate = risen.filter(|rate| *rate < FAST);
            return;
        }
        // It was full then and is now: what was sent between has gone through.
        if let Some((span, sent)) = since_full.filter(|(span, _)| *span <= FLOOD && !span.is_zero()) {
            self.rate = Some(sent / span.as_secs_f64()).filter(|rate| *rate < FAST);
            self.backlog = Some((HELD, now));
        }
        self.full = Some((now, 0.0));
    }

    /// When what was sent should be through; `None` where the terminal takes all at once.
    pub(super) fn through_at(&self) -> Option<Instant> {
        let (rate, (backlog, at)) = (self.rate?, self.backlog?);
        at.checked_add(Duration::try_from_secs_f64(backlog / rate).unwrap_or(WAIT_MOST).min(WAIT_MOST))
    }

    fn backlog_at(&self, now: Instant) -> f64 {
        let Some((backlog, at)) = self.backlog else { return 0.0 };
        let gone = self.rate.unwrap_or(FAST) * now.saturating_duration_since(at).as_secs_f64();
        (backlog - gone).max(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A pseudo-terminal before a line of some bytes a second: a write waits while there is no room.
    struct Line {
        rate: f64,
        held: f64,
        now: Instant,
    }

    impl Line {
        fn pass(&mut self, span: Duration) {
            self.held = (self.held - self.rate * span.as_secs_f64()).max(0.0);
            self.now += span;
        }

        /// Writes as soon as the drain allows; returns the bytes that stood before these.
        fn write(&mut self, drain: &mut Drain, bytes: usize) -> f64 {
            let wait = drain.through_at().map_or(Duration::ZERO, |at| at.saturating_duration_since(self.now));
            self.pass(wait.max(Duration::from_millis(16)));
            let before = self.held;
            let over = (self.held + bytes as f64 - HELD).max(0.0);
            let took = Duration::from_secs_f64(over / self.rate);
            self.pass(took);
            self.held += bytes as f64;
            drain.written(bytes, took, self.now);
            before
        }
    }

    #[test]
    fn a_flood_fills_a_slow_line_once_and_then_keeps_it_empty() {
        let (mut drain, mut line) = (Drain::default(), Line { rate: 25_000.0, held: 0.0, now: Instant::now() });
        let before: Vec<f64> = (0..60).map(|_| line.write(&mut drain, 3_000)).collect();
        assert!(before[..8].iter().any(|held| *held > 12_000.0), "nothing is known at first: {before:?}");
        let mean = before[10..].iter().sum::<f64>() / 50.0;
        assert!(mean < 2_500.0, "then a frame hardly waits for another: {mean}, {before:?}");
    }

    #[test]
    fn a_fast_terminal_is_never_held_up_not_even_after_one_hiccup() {
        let (mut drain, now) = (Drain::default(), Instant::now());
        for turn in 0..100 {
            let took = if turn == 50 { Duration::from_millis(200) } else { Duration::from_micros(40) };
            drain.written(3_000, took, now + Duration::from_millis(turn * 250));
            assert_eq!(drain.through_at(), None);
        }
    }

    #[test]
    fn a_line_that_has_become_fast_is_believed_soon() {
        let (mut drain, mut line) = (Drain::default(), Line { rate: 25_000.0, held: 0.0, now: Instant::now() });
        for _ in 0..40 {
            line.write(&mut drain, 3_000);
        }
        line.rate = 10_000_000.0;
        let begin = line.now;
        for _ in 0..150 {
            line.write(&mut drain, 3_000);
        }
        let took = line.now - begin;
        assert!(took < Duration::from_secs(8), "150 frames took {took:?}");
        assert_eq!(drain.through_at(), None);
    }

    #[test]
    fn a_stall_holds_up_no_frame_for_more_than_a_second() {
        let (mut drain, now) = (Drain::default(), Instant::now());
        for second in [10, 14] {
            drain.written(300, Duration::from_secs(4), now + Duration::from_secs(second));
        }
        let through = drain.through_at().unwrap();
        assert!(through <= now + Duration::from_secs(15), "{:?}", through - now);
    }
}
