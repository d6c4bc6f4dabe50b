//! How many bytes a second go to the terminal, for those who pay for them.

use std::time::{Duration, Instant};

/// The seconds a rate is measured over.
const SECONDS: usize = 5;

/// Counts bytes in whole seconds and gives the mean of the last five.
#[derive(Clone, Copy, Debug)]
pub struct ByteRate {
    start: Instant,
    /// Bytes by second modulo the length.
    by_second: [u64; SECONDS],
    newest: u64,
    total: u64,
}

impl ByteRate {
    /// Begins to count at a time.
    #[must_use]
    pub const fn new(start: Instant) -> Self {
        Self { start, by_second: [0; SECONDS], newest: 0, total: 0 }
    }

    /// Counts bytes sent at a time.
    pub fn add(&mut self, bytes: usize, now: Instant) {
        let second = self.advance(now);
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        self.total = self.total.saturating_add(bytes);
        if let Some(slot) = self.by_second.get_mut(slot(second)) {
            *slot = slot.saturating_add(bytes);
        }
    }

    /// Bytes a second over the last five seconds.
    #[must_use]
    pub fn per_second(mut self, now: Instant) -> u64 {
        let second = self.advance(now);
        self.by_second.iter().sum::<u64>() / (second + 1).min(SECONDS as u64)
    }

    /// All bytes since the start.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.total
    }

    fn advance(&mut self, now: Instant) -> u64 {
        let second = now.saturating_duration_since(self.start).as_secs().max(self.newest);
        for gone in (self.newest + 1..=second).rev().take(SECONDS) {
            if let Some(slot) = self.by_second.get_mut(slot(gone)) {
                *slot = 0;
            }
        }
        self.newest = second;
        second
    }
}

impl Default for ByteRate {
    fn default() -> Self {
        Self::new(Instant::now())
    }
}

fn slot(second: u64) -> usize {
    usize::try_from(second % SECONDS as u64).unwrap_or(0)
}

/// A rate in a few characters: `0 B/s`, `180 B/s`, `4.2 kB/s`, `1.3 MB/s`.
#[must_use]
pub fn rate_text(per_second: u64) -> String {
    const THOUSAND: u64 = 1_000;
    let tenths = |unit: u64, name: &str| format!("{}.{} {name}/s", per_second / unit, per_second % unit * 10 / unit);
    match per_second {
        0..THOUSAND => format!("{per_second} B/s"),
        THOUSAND..1_000_000 => tenths(THOUSAND, "kB"),
        _ => tenths(1_000_000, "MB"),
    }
}

/// A pause so long that the rate is zero again.
pub const RATE_WINDOW: Duration = Duration::from_secs(SECONDS as u64);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_the_mean_of_five_seconds_and_falls_to_zero() {
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        let mut rate = ByteRate::new(start);
        rate.add(1_000, at(100));
        assert_eq!(rate.per_second(at(200)), 1_000);
        rate.add(500, at(1_500));
        assert_eq!(rate.per_second(at(4_900)), 300);
        assert_eq!(rate.per_second(at(5_100)), 100);
        assert_eq!(rate.per_second(at(3_600_000)), 0);
        assert_eq!(rate.total(), 1_500);
    }

    #[test]
    fn rates_are_short() {
        assert_eq!(rate_text(0), "0 B/s");
        assert_eq!(rate_text(999), "999 B/s");
        assert_eq!(rate_text(4_260), "4.2 kB/s");
        assert_eq!(rate_text(1_300_000), "1.3 MB/s");
    }
}
