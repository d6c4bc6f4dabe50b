//! The hub's time as a host knows it: what the hub said at the welcome, and how long ago that was. Counted by a clock that
//! nobody sets and that goes on while the machine sleeps.

use std::time::Duration;

use nix::time::{ClockId, clock_gettime};

use crate::fleet::words::Timestamp;

/// The hub's clock since a welcome.
#[derive(Clone, Copy, Debug)]
pub struct HubClock {
    said: Timestamp,
    at: Duration,
}

impl HubClock {
    /// The hub said just now that it is this late.
    #[must_use]
    pub fn said(hub_time: i64) -> Self {
        Self { said: Timestamp(hub_time), at: since_boot() }
    }

    /// The hub's time now.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.said + since_boot().saturating_sub(self.at)
    }
}

fn since_boot() -> Duration {
    clock_gettime(ClockId::CLOCK_BOOTTIME).map_or(Duration::ZERO, Duration::from)
}
