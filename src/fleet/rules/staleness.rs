//! When results of a check stop coming, its state is old: stale, never shown as fresh.

use std::time::Duration;

use crate::fleet::checks::{CheckStatus, Event as CheckEvent};
use crate::fleet::identity::Audience;
use crate::fleet::rules::live::Live;
use crate::fleet::state::{Event, Fleet};
use crate::fleet::words::{Instant, Now};

/// Besides twice its interval, a result may be late by this: the time of a run, of a reconnect.
const LATE: Duration = Duration::from_secs(30);

/// Checks whose staleness changed by now, at most `most` at a time.
#[must_use]
pub fn judge(fleet: &Fleet, live: &Live, now: Now, most: usize) -> Vec<(Audience, Event)> {
    fleet
        .checks
        .all()
        .filter_map(|check| {
            let stale = now.mono >= stale_from(check, live);
            (stale != check.stale).then_some((check, stale))
        })
        .take(most)
        .map(|(check, stale)| {
            let event = CheckEvent::Stale { host: check.host, check: check.check.clone(), stale };
            (fleet.audience_of_host(check.host), Event::Checks(event))
        })
        .collect()
}

/// From when a check is stale unless another result comes.
#[must_use]
pub fn stale_from(check: &CheckStatus, live: &Live) -> Instant {
    let newest = live
        .hosts
        .get(&check.host)
        .and_then(|host| host.readings.get(&check.check))
        .map_or(live.started.mono, |reading| reading.at.mono);
    newest + Duration::from_millis(check.interval_ms.saturating_mul(2)) + LATE
}
