//! The two clocks of a hub process.

use std::time::{Duration, Instant as StdInstant, SystemTime, UNIX_EPOCH};

use crate::fleet::words::{Instant, Now, Timestamp};

/// A jump of the wall clock is an entry from this size on; less is the clock being disciplined.
const JUMP: Duration = Duration::from_secs(5);

/// Reads both clocks and notices when the wall clock jumps against the monotonic one.
#[derive(Clone, Debug)]
pub struct Clock {
    start: StdInstant,
    /// Wall minus monotonic milliseconds, as of the last look.
    offset_ms: Option<i64>,
}

impl Default for Clock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock {
    /// A clock whose monotonic time begins at one hour, so that spans can be subtracted from it.
    #[must_use]
    pub fn new() -> Self {
        Self { start: StdInstant::now(), offset_ms: None }
    }

    /// Both clocks.
    #[must_use]
    pub fn now(&self) -> Now {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let wall = Timestamp(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX));
        let mono = self.start.elapsed() + Duration::from_secs(3600);
        Now { wall, mono: Instant(u64::try_from(mono.as_millis()).unwrap_or(u64::MAX)) }
    }

    /// By how many milliseconds the wall clock has jumped since the last look, if it has.
    pub fn jump(&mut self, now: Now) -> Option<i64> {
        let offset = now.wall.0.saturating_sub_unsigned(now.mono.0);
        let before = self.offset_ms.replace(offset)?;
        let by = offset.saturating_sub(before);
        (by.unsigned_abs() >= JUMP.as_millis() as u64).then_some(by)
    }

    /// The moment of the process clock at which monotonic time reaches `at`.
    #[must_use]
    pub fn moment(&self, at: Instant) -> StdInstant {
        self.start + Duration::from_millis(at.0).saturating_sub(Duration::from_secs(3600))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_clock_is_noticed_once_and_drift_is_not() {
        let mut clock = Clock::new();
        let now = clock.now();
        assert_eq!(clock.jump(now), None, "the first look has nothing to compare with");
        let later = now.after(Duration::from_secs(60));
        assert_eq!(clock.jump(later), None);
        let drifted = Now { wall: later.wall + Duration::from_secs(2), mono: later.mono };
        assert_eq!(clock.jump(drifted), None);
        let set = Now { wall: drifted.wall + Duration::from_secs(86_400), mono: drifted.mono };
        assert_eq!(clock.jump(set), Some(86_400_000));
        assert_eq!(clock.jump(set), None);
    }
}
