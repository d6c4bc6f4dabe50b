//! Time as the core sees it: it never reads a clock, it is told [`Now`].

use std::ops::{Add, Sub};
use std::time::Duration;

/// Wall time in milliseconds since 1970-01-01T00:00:00Z. Windows, snoozes and everything shown use it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

/// Monotonic time of one hub process in milliseconds. Presence and running deadlines count it; it means nothing
/// in another process, so it is never stored without the wall time beside it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(pub u64);

/// Both clocks, read once for one decision.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Now {
    /// Wall time.
    pub wall: Timestamp,
    /// Monotonic time.
    pub mono: Instant,
}

impl Timestamp {
    /// Whole milliseconds from `earlier` to `self`; zero when `earlier` is later.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

impl Add<Duration> for Timestamp {
    type Output = Self;
    fn add(self, span: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(span.as_millis()).unwrap_or(i64::MAX)))
    }
}

impl Sub<Duration> for Timestamp {
    type Output = Self;
    fn sub(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(span.as_millis()).unwrap_or(i64::MAX)))
    }
}

impl Instant {
    /// Milliseconds from `earlier` to `self`; zero when `earlier` is later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for Instant {
    type Output = Self;
    fn add(self, span: Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(span.as_millis()).unwrap_or(u64::MAX)))
    }
}

impl Now {
    /// The moment `span` before this one, as far back as the clocks go.
    #[must_use]
    pub fn before(self, span: Duration) -> Self {
        let ms = u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
        Self { wall: self.wall - span, mono: Instant(self.mono.0.saturating_sub(ms)) }
    }

    /// The same moment moved on by `span`, for tests and simulations.
    #[must_use]
    pub fn after(self, span: Duration) -> Self {
        Self { wall: self.wall + span, mono: self.mono + span }
    }
}
