//! Checks that change their mind too often to be believed: their alerts are held back until they have come to rest, and
//! rest is a time.

use std::time::Duration;

use crate::fleet::checks::flapping::{is_flapping, quiet_results, rests_after, shifted};
use crate::fleet::checks::{CheckStatus, Event as CheckEvent};
use crate::fleet::identity::Audience;
use crate::fleet::state::{Event, Fleet};
use crate::fleet::words::{CheckName, CheckState, HostId, Now, Timestamp};

/// A result as it came.
#[derive(Clone, Copy, Debug)]
pub struct Newest {
    /// What it found.
    pub state: CheckState,
    /// When the host measured it, by the host's clock.
    pub measured_at: Timestamp,
    /// The time between two results at most.
    pub interval: Duration,
}

/// The window of a check after its newest result. The time between two results is the host's: what comes late all at
/// once did not happen at once. A host whose clock was set back can't say, so that the hub's time counts.
#[must_use]
pub fn ring_after(old: Option<&CheckStatus>, newest: Newest, now: Now) -> u32 {
    let Some(old) = old else { return 0 };
    let elapsed = match newest.measured_at >= old.measured_at {
        true => newest.measured_at.since(old.measured_at),
        false => now.wall.since(old.changed_at),
    };
    shifted(old.ring, quiet_results(elapsed, newest.interval), newest.state != old.state)
}

/// Whether the check flaps with this window; `None`: as it did before.
#[must_use]
pub fn turned(old: Option<&CheckStatus>, ring: u32) -> Option<bool> {
    let before = old.is_some_and(|old| old.flapping);
    Some(is_flapping(ring, before)).filter(|flapping| *flapping != before)
}

/// The event by which a check begins or ends to flap; [`follow`](super::follow) holds back or frees its alert.
#[must_use]
pub fn turn(host: HostId, check: &CheckName, flapping: bool) -> Event {
    Event::Checks(CheckEvent::Flapping { host, check: check.clone(), flapping })
}

/// When a flapping check has come to rest if nothing more is heard of it. Before its newest transition by more than a
/// result it can't be: the clock was set back, nobody knows by how much, and it rests now.
fn rests_at(check: &CheckStatus, now: Now) -> Timestamp {
    let interval = Duration::from_millis(check.interval_ms);
    if check.changed_at.since(now.wall) > interval {
        return now.wall;
    }
    check.changed_at + rests_after(check.ring, interval)
}

/// Checks that have come to rest by now, at most `most` at a time.
#[must_use]
pub fn judge(fleet: &Fleet, now: Now, most: usize) -> Vec<(Audience, Event)> {
    let rested = fleet.checks.flapping().filter(|check| rests_at(check, now) <= now.wall).take(most);
    rested.map(|check| (fleet.audience_of_host(check.host), turn(check.host, &check.check, false))).collect()
}

/// The next time at which [`judge`] may find something.
#[must_use]
pub fn next_judgement(fleet: &Fleet, now: Now) -> Option<Timestamp> {
    fleet.checks.flapping().map(|check| rests_at(check, now)).min()
}
