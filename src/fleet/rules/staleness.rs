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
    let changed = outlooks(fleet, live).filter(|(check, from)| (now.mono >= *from) != check.stale);
    changed
        .take(most)
        .map(|(check, from)| {
            let stale = now.mono >= from;
            let event = CheckEvent::Stale { host: check.host, check: check.check.clone(), stale };
            (fleet.audience_of_host(check.host), Event::Checks(event))
        })
        .collect()
}

/// The next moment at which [`judge`] may find something, by the monotonic clock.
#[must_use]
pub fn next_judgement(fleet: &Fleet, live: &Live, now: Now) -> Option<Instant> {
    outlooks(fleet, live)
        .filter_map(|(check, from)| match check.stale {
            false => Some(from),
            // A result came after all.
            true => (now.mono < from).then_some(now.mono),
        })
        .min()
}

/// All checks, and from when each is stale unless another result comes: counted from the newest result, or from the
/// start of this hub process where there was none since. Fleet and live knowledge are walked side by side, in the order
/// both have.
fn outlooks<'f>(fleet: &'f Fleet, live: &'f Live) -> impl Iterator<Item = (&'f CheckStatus, Instant)> {
    let mut hosts = live.hosts.iter().peekable();
    fleet.checks.checks.iter().flat_map(move |(host, checks)| {
        while hosts.next_if(|(known, _)| *known < host).is_some() {}
        let known = hosts.next_if(|(known, _)| *known == host).map(|(_, known)| known);
        let mut readings = known.into_iter().flat_map(|known| &known.readings).peekable();
        checks.values().map(move |check| {
            while readings.next_if(|(name, _)| **name < check.check).is_some() {}
            let reading = readings.next_if(|(name, _)| **name == check.check).map(|(_, reading)| reading);
            let newest = reading.map_or(live.started.mono + live.redial, |reading| reading.at.mono);
            (&**check, newest + Duration::from_millis(check.interval_ms.saturating_mul(2)) + LATE)
        })
    })
}

#[cfg(test)]
mod tests {
    use crate::fleet::rules::fixture::{World, min, s};
    use crate::fleet::words::{CheckState, HostId};

    fn stale(world: &World, host: HostId, check: &str) -> bool {
        world.fleet.checks.get(host, &check.into()).unwrap().stale
    }

    #[test]
    fn results_that_stop_coming_are_stale_and_one_that_comes_is_fresh() {
        let mut world = World::new();
        let (web, db) = (world.server("web"), world.server("db"));
        for check in ["cpu", "disk", "load"] {
            world.hard(web, check, CheckState::Ok);
            world.hard(db, check, CheckState::Critical);
        }
        world.pass_beating(min(10), &[web, db]);
        assert!(!stale(&world, web, "disk"), "readings keep it fresh");

        // The agent lives, its checks hang: the interval is a minute.
        let quiet = s(2 * 60 + 30);
        world.live.hosts.get_mut(&web).unwrap().readings.remove(&"cpu".into());
        world.pass(quiet - s(1));
        assert!(!stale(&world, web, "disk") && stale(&world, web, "cpu"), "no reading since the hub's start");
        world.pass(s(1));
        assert!(stale(&world, web, "disk") && stale(&world, db, "load"));
        assert_eq!(world.fleet.checks.get(web, &"disk".into()).unwrap().state, CheckState::Ok, "the last known state");
        assert!(world.open().len() >= 3, "what is stale is no recovery");

        world.beat(web);
        world.settle();
        assert!(!stale(&world, web, "disk") && !stale(&world, web, "cpu") && stale(&world, db, "load"));
        world.check();
    }

    #[test]
    fn after_a_start_the_hub_gives_results_time_to_arrive() {
        let mut world = World::new();
        let web = world.server("web");
        world.hard(web, "disk", CheckState::Ok);
        world.pass_beating(min(60), &[web]);
        world.restart();
        world.pass(s(149));
        assert!(!stale(&world, web, "disk"));
        world.pass(s(1));
        assert!(stale(&world, web, "disk"));
    }

    #[test]
    fn a_set_wall_clock_makes_nothing_stale() {
        for by in [86_400_000, -86_400_000] {
            let mut world = World::new();
            let web = world.server("web");
            world.hard(web, "disk", CheckState::Ok);
            world.set_clock(by);
            world.pass_beating(min(2), &[web]);
            assert!(!stale(&world, web, "disk"));
        }
    }
}
