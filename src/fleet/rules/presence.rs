//! Whether a host lives: up, off (expected), silent, down, left. The hub alone decides it.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::fleet::alerts::Subject;
use crate::fleet::configuration::{AssignTarget, Configuration, HoursBasis, Silence, SilenceLimits};
use crate::fleet::hosts::{self, Host, HostState};
use crate::fleet::identity::Audience;
use crate::fleet::profile;
use crate::fleet::rules::alerting::{self, Problem};
use crate::fleet::rules::decision::{Answer, Decision, Refusal, by_rule};
use crate::fleet::rules::ledger::Counters;
use crate::fleet::rules::live::Live;
use crate::fleet::rules::results::{present, speaking};
use crate::fleet::state::{Event, Fleet};
use crate::fleet::words::{CheckState, HostId, Instant, Now, SafeText, Timestamp, duration};

/// Limits shorter than these would judge the network, not the host.
const LEAST_SILENT: Duration = Duration::from_secs(3);
const LEAST_DOWN: Duration = Duration::from_secs(5);
/// An agent's promise counts up to this long, so that no host can talk itself out of being watched.
const LONGEST_PROMISE: Duration = Duration::from_secs(60);
/// How long a PC may stay switched off after its expected hours have begun.
const MORNING: Duration = Duration::from_secs(15 * 60);
/// Expected hours begin and end on whole minutes.
const MINUTE_MS: i64 = 60_000;

/// A host as configuration sees it.
#[must_use]
pub fn target_of(host: &Host) -> AssignTarget<'_> {
    AssignTarget {
        host: host.name.as_str(),
        client: &host.client,
        site: &host.site,
        class: host.class,
        tags: host.tags.iter().map(String::as_str).collect(),
    }
}

/// How long the hub waits after its start before it judges silence: two heartbeats.
#[must_use]
pub fn wait_after_start(configuration: &Configuration) -> Duration {
    configuration.heartbeat * 2
}

/// The hub process began. A fleet without a name gets one.
#[must_use]
pub fn start(fleet: &Fleet, live: &Live, version: &SafeText, name: &SafeText, now: Now) -> Decision {
    let waits_until = now.wall + wait_after_start(&live.configuration);
    let started = profile::Event::HubStarted { version: version.clone(), waits_until };
    let named = fleet.profile.name.as_str().is_empty().then(|| profile::Event::Renamed { name: name.clone() });
    let events = [started].into_iter().chain(named).map(|event| (Audience::EVERYONE, Event::Profile(event)));
    by_rule("start", events.collect())
}

/// A heartbeat came: the host is up, and an alert about its silence ends.
///
/// # Errors
/// The host is not in the registry, or was retired.
pub fn hear(fleet: &Fleet, live: &Live, host: HostId, now: Now) -> Result<Decision, Refusal> {
    let host = present(fleet, host)?;
    let mut events = Vec::new();
    if host.state != HostState::Up {
        let reason = match host.state {
            HostState::Left => "came back after a goodbye",
            HostState::Off => "switched on",
            HostState::Down | HostState::Silent => "heartbeat is back",
            HostState::Unknown | HostState::Up => "heartbeat arrives",
        };
        events.push(change(host, live, HostState::Up, reason.to_owned(), Some(now)));
        let recovered = alerting::recover(fleet, &host.client, &Subject::Host(host.id));
        events.extend(alerting::for_client(&host.client, recovered));
    }
    Ok(Decision { actor: speaking(host), events, answer: Answer::default() })
}

/// The agent ended in good order: a server's host has left, a PC outside its expected hours is off as PCs are.
///
/// # Errors
/// The host is not in the registry, or was retired.
pub fn part(fleet: &Fleet, live: &Live, host: HostId, reason: &SafeText, now: Now) -> Result<Decision, Refusal> {
    let host = present(fleet, host)?;
    let expected = live.configuration.expected_hours(&target_of(host)).is_expected(now.wall);
    let state = if expected { HostState::Left } else { HostState::Off };
    let mut events = Vec::new();
    if host.state != state {
        events.push(change(host, live, state, format!("said goodbye: {}", reason.as_str()), None));
        let recovered = alerting::recover(fleet, &host.client, &Subject::Host(host.id));
        events.extend(alerting::for_client(&host.client, recovered));
    }
    Ok(Decision { actor: speaking(host), events, answer: Answer::default() })
}

/// What silence has become certain now, at most `most` hosts at a time.
pub fn judge(fleet: &Fleet, counters: &mut Counters, live: &Live, now: Now, most: usize) -> Vec<(Audience, Event)> {
    let mut judge = Judge::new(live, now);
    let certain = fleet.hosts.hosts.values().filter_map(|host| match judge.outlook(host) {
        Outlook::Now(state, reason) => Some((host, state, reason)),
        Outlook::From(_) | Outlook::Never => None,
    });
    let mut events = Vec::new();
    for (host, state, reason) in certain.take(most) {
        let summary = SafeText::new(&reason);
        events.push(change(host, live, state, reason, None));
        if state == HostState::Down {
            let problem = Problem {
                client: &host.client,
                site: Some(&host.site),
                host: Some(host.id),
                subject: &Subject::Host(host.id),
                level: CheckState::Critical,
                summary: &summary,
            };
            events.extend(alerting::for_client(&host.client, alerting::report(fleet, counters, problem, now)));
        }
    }
    events
}

/// The next moment at which [`judge`] may find something, by the monotonic clock.
#[must_use]
pub fn next_judgement(fleet: &Fleet, live: &Live, now: Now) -> Option<Instant> {
    let mut judge = Judge::new(live, now);
    let next = fleet.hosts.hosts.values().filter_map(|host| match judge.outlook(host) {
        Outlook::Now(..) => Some(now.mono),
        Outlook::From(when) => Some(when),
        Outlook::Never => None,
    });
    next.min()
}

/// What time alone makes of a host.
enum Outlook {
    /// It changes now, for this reason.
    Now(HostState, String),
    /// It does not change before this moment.
    From(Instant),
    /// Only a sign of life changes it.
    Never,
}

/// The hours of all hosts alike, at one moment.
#[derive(Clone, Copy)]
struct Hours {
    /// Whether they are expected to run.
    expected: bool,
    /// When their hours began, if that was within the last [`MORNING`].
    begun: Option<Timestamp>,
}

/// Judges hosts at one moment. Each tick it looks at every host, so it asks for a host's rules only where they matter.
struct Judge<'a> {
    live: &'a Live,
    now: Now,
    /// No host is silent sooner than this, unless it beats faster than configured.
    shortest_said: Duration,
    hours: BTreeMap<HoursBasis<'a>, Hours>,
}

impl<'a> Judge<'a> {
    fn new(live: &'a Live, now: Now) -> Self {
        let shortest_said = live.configuration.shortest_silence_said().unwrap_or(Duration::MAX);
        Self { live, now, shortest_said, hours: BTreeMap::new() }
    }

    fn outlook(&mut self, host: &'a Host) -> Outlook {
        match host.state {
            HostState::Left | HostState::Down => Outlook::Never,
            HostState::Up | HostState::Unknown => self.of_heard(host),
            HostState::Silent => self.of_silent(host),
            HostState::Off if self.hours(host).expected => {
                Outlook::Now(HostState::Silent, "expected hours have begun, not heard from yet".to_owned())
            }
            HostState::Off => Outlook::From(self.next_minute()),
        }
    }

    fn of_heard(&mut self, host: &'a Host) -> Outlook {
        let known = self.live.hosts.get(&host.id);
        let seen = known.and_then(|known| known.last_seen);
        // A host that enrolled but was never heard from is unknown, not down: its agent has not been started yet.
        if seen.is_none() && host.last_seen.is_none() && host.state == HostState::Unknown {
            return Outlook::Never;
        }
        let anchor = self.anchor(seen);
        let pace = self.pace(known.and_then(|known| known.promised));
        let derived = Silence::of(SilenceLimits::default(), pace).silent_after;
        let least = anchor + derived.min(self.shortest_said).max(LEAST_SILENT);
        if self.now.mono < least {
            return Outlook::From(least);
        }
        let silent = anchor + self.limits(host, pace).silent_after;
        if self.now.mono < silent {
            return Outlook::From(silent);
        }
        if self.hours(host).expected {
            let quiet = duration::short(self.now.mono.since(anchor));
            Outlook::Now(HostState::Silent, format!("no heartbeat for {quiet}"))
        } else {
            off()
        }
    }

    fn of_silent(&mut self, host: &'a Host) -> Outlook {
        let hours = self.hours(host);
        if !hours.expected {
            return off();
        }
        let known = self.live.hosts.get(&host.id);
        let seen = known.and_then(|known| known.last_seen);
        let anchor = self.anchor(seen);
        let mut down = anchor + self.limits(host, self.pace(known.and_then(|known| known.promised))).down_after;
        // A PC that was off when its hours began is given time to be switched on. One that was seen at a time yet to come
        // was seen before the clock was set back, nobody knows when.
        let seen = seen.map(|seen| seen.wall).or(host.last_seen);
        if let Some(begun) = hours.begun
            && seen.is_none_or(|seen| seen < begun || seen > self.now.wall)
        {
            down = down.max(self.now.mono + (begun + MORNING).since(self.now.wall));
        }
        if self.now.mono < down {
            return Outlook::From(down.min(self.next_minute()));
        }
        let quiet = duration::short(self.now.mono.since(anchor));
        Outlook::Now(HostState::Down, format!("no heartbeat for {quiet}"))
    }

    /// From when silence counts: the last heartbeat, or the start of this hub process where there was none since.
    fn anchor(&self, seen: Option<Now>) -> Instant {
        seen.map_or(self.live.started.mono, |seen| seen.mono)
    }

    /// The time between two heartbeats of a host: what its agent promised (a swarm beats at its own), or configured.
    fn pace(&self, promised: Option<Duration>) -> Duration {
        let configured = self.live.configuration.heartbeat;
        promised.map_or(configured, |promised| promised.min(LONGEST_PROMISE.max(configured)))
    }

    fn limits(&self, host: &Host, pace: Duration) -> Silence {
        let mut limits = self.live.configuration.silence_at(&target_of(host), pace);
        if pace > self.live.configuration.heartbeat {
            // A limit set for the configured pace is no limit for a slower one.
            let least = Silence::of(SilenceLimits::default(), pace);
            limits.silent_after = limits.silent_after.max(least.silent_after);
            limits.down_after = limits.down_after.max(least.down_after);
        }
        Silence { silent_after: limits.silent_after.max(LEAST_SILENT), down_after: limits.down_after.max(LEAST_DOWN) }
    }

    fn hours(&mut self, host: &'a Host) -> Hours {
        let configuration = &self.live.configuration;
        let wall = self.now.wall;
        let basis = configuration.hours_basis(&target_of(host));
        *self.hours.entry(basis).or_insert_with(|| {
            let hours = configuration.hours_by(&basis);
            let before = wall - MORNING;
            let begun = if hours.is_expected(before) { None } else { hours.next_change_after(before) };
            Hours { expected: hours.is_expected(wall), begun: begun.filter(|begun| *begun <= wall) }
        })
    }

    fn next_minute(&self) -> Instant {
        let gone = self.now.wall.0.rem_euclid(MINUTE_MS);
        self.now.mono + Duration::from_millis((MINUTE_MS - gone).unsigned_abs())
    }
}

fn off() -> Outlook {
    Outlook::Now(HostState::Off, "no heartbeat, outside its expected hours".to_owned())
}

fn change(host: &Host, live: &Live, state: HostState, reason: String, seen: Option<Now>) -> (Audience, Event) {
    let last_seen = seen.or_else(|| live.last_seen(host.id)).map(|seen| seen.wall).or(host.last_seen);
    let event = hosts::Event::StateChanged { host: host.id, state, reason, last_seen };
    (Audience::of_client(host.client.clone()), Event::Hosts(event))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::fleet::rules::fixture::{BEAT, MONDAY_TEN, NONE, World, min, s, text};
    use crate::fleet::rules::input::Input;
    use crate::fleet::words::{AlertId, HostClass};
    use HostState::{Down, Left, Off, Silent, Unknown, Up};

    const DAY_MS: i64 = 86_400_000;
    /// Monday, 20:00 UTC: nobody works.
    const MONDAY_EIGHT_PM: Timestamp = Timestamp(MONDAY_TEN.0 + 10 * 3_600_000);

    fn at(wall: Timestamp) -> World {
        let mut world = World::started(wall);
        world.pass(BEAT * 2);
        world
    }

    fn goodbye(world: &mut World, host: HostId) {
        world.feed(Input::Goodbye { host, reason: text("shutting down") }).unwrap();
    }

    #[test]
    fn a_host_whose_heartbeat_stops_is_silent_and_down_within_25_seconds() {
        let mut world = World::new();
        let web = world.server("web");
        world.pass_beating(min(2), &[web]);
        world.pass(s(14));
        assert_eq!(world.host(web).state, Up);
        world.pass(s(2));
        assert_eq!((world.host(web).state, world.open()), (Silent, NONE.to_vec()), "silence alone rings nobody");
        world.pass(s(9));
        assert_eq!((world.host(web).state, world.open()), (Down, vec![1]));
        let alert = world.about_host(web).unwrap();
        assert_eq!((alert.level, alert.host), (CheckState::Critical, Some(web)));
        let seen = world.host(web).last_seen.unwrap();
        assert_eq!(world.now.wall.since(seen), s(25), "the last heartbeat, not the moment it was judged");

        world.pass(min(60));
        assert_eq!(world.open(), [1]);
        world.beat(web);
        assert_eq!((world.host(web).state, world.open()), (Up, NONE.to_vec()));
        world.check();
    }

    #[test]
    fn a_heartbeat_between_silence_and_judgement_ends_the_silence() {
        let mut world = World::new();
        let web = world.server("web");
        world.pass(s(20));
        assert_eq!(world.host(web).state, Silent);
        world.beat(web);
        world.pass(s(14));
        assert_eq!((world.host(web).state, world.open()), (Up, NONE.to_vec()));
    }

    #[test]
    fn a_goodbye_is_told_apart() {
        let mut world = World::new();
        let web = world.server("web");
        goodbye(&mut world, web);
        assert_eq!(world.host(web).state, Left);
        assert!(world.host(web).state_reason.contains("goodbye") && !world.host(web).is_retired());
        world.pass(min(60));
        assert_eq!((world.host(web).state, world.open()), (Left, NONE.to_vec()));
        world.beat(web);
        assert_eq!(world.host(web).state, Up);
    }

    #[test]
    fn a_goodbye_ends_the_alert_about_silence() {
        let mut world = World::new();
        let web = world.server("web");
        world.pass(s(30));
        assert_eq!(world.open(), [1]);
        goodbye(&mut world, web);
        assert_eq!((world.host(web).state, world.open()), (Left, NONE.to_vec()));
    }

    #[test]
    fn a_pc_outside_its_hours_is_off_and_opens_nothing() {
        let mut world = at(MONDAY_EIGHT_PM);
        let (pc, laptop) =
            (world.host_of("pc", "acme", HostClass::Workstation), world.host_of("lap", "acme", HostClass::Laptop));
        world.pass(s(16));
        assert_eq!((world.host(pc).state, world.host(laptop).state), (Off, Off));
        world.pass(min(60 * 4));
        assert_eq!((world.host(pc).state, world.open()), (Off, NONE.to_vec()));
        world.beat(pc);
        assert_eq!(world.host(pc).state, Up, "switched on at night");
        goodbye(&mut world, pc);
        assert_eq!(world.host(pc).state, Off);
        world.check();
    }

    #[test]
    fn a_pc_that_dies_within_its_hours_is_down() {
        let mut world = World::new();
        let pc = world.host_of("pc", "acme", HostClass::Workstation);
        world.pass(s(25));
        assert_eq!((world.host(pc).state, world.open()), (Down, vec![1]));
    }

    #[test]
    fn a_pc_gets_a_quarter_of_an_hour_to_be_switched_on_in_the_morning() {
        let eight = Timestamp(MONDAY_TEN.0 + 22 * 3_600_000);
        let mut world = at(Timestamp(eight.0 - 300_000));
        let (late, missing) =
            (world.host_of("a", "acme", HostClass::Workstation), world.host_of("b", "acme", HostClass::Workstation));
        world.pass(eight.since(world.now.wall) - s(1));
        assert_eq!(world.host(late).state, Off);
        world.pass(s(1));
        assert_eq!(world.host(late).state, Silent);
        world.pass(min(14));
        world.restart();
        world.pass(s(59));
        assert_eq!((world.host(missing).state, world.open()), (Silent, NONE.to_vec()), "a restart takes no time away");
        world.beat(late);
        world.pass(s(1));
        assert_eq!((world.host(missing).state, world.host(late).state), (Down, Up));
        world.pass(s(24));
        assert_eq!(world.host(late).state, Down, "one that was switched on is judged as all are");
        assert_eq!(world.open().len(), 2);
    }

    #[test]
    fn a_silent_pc_whose_hours_end_is_off() {
        let six = Timestamp(MONDAY_TEN.0 + 8 * 3_600_000);
        let mut world = at(Timestamp(six.0 - 40_000));
        let pc = world.host_of("pc", "acme", HostClass::Workstation);
        world.pass(s(18));
        assert_eq!(world.host(pc).state, Silent);
        world.pass(s(2));
        assert_eq!((world.host(pc).state, world.open()), (Off, NONE.to_vec()));
    }

    #[test]
    fn a_host_that_was_never_heard_from_stays_unknown() {
        let mut world = World::new();
        let new = world.enrolled("new", "acme", HostClass::Server);
        world.pass(min(24 * 60));
        assert_eq!((world.host(new).state, world.open()), (Unknown, NONE.to_vec()));
        world.restart();
        world.pass(min(10));
        assert_eq!((world.host(new).state, world.open()), (Unknown, NONE.to_vec()));
    }

    #[test]
    fn after_its_start_the_hub_waits_two_heartbeats_says_so_and_then_judges() {
        let mut world = World::new();
        let (back, gone) = (world.server("back"), world.server("gone"));
        world.pass_beating(min(1), &[back, gone]);
        world.now = world.now.after(min(60));
        world.restart();
        let until = world.fleet.profile.waits_until.unwrap();
        assert_eq!(until.since(world.now.wall), BEAT * 2, "a replica can say until when");
        world.pass(s(19));
        assert_eq!((world.host(back).state, world.host(gone).state), (Up, Up), "not judged");
        world.beat(back);
        world.pass(s(1));
        assert_eq!(world.fleet.profile.waits_until, None);
        world.pass(s(5));
        assert_eq!((world.host(back).state, world.host(gone).state), (Up, Down));
        assert_eq!(world.open(), [1]);
        world.check();
    }

    #[test]
    fn a_set_wall_clock_neither_ends_the_wait_nor_changes_what_lives() {
        for by in [DAY_MS, -DAY_MS] {
            let mut world = World::new();
            let (web, dead) = (world.server("web"), world.server("dead"));
            world.pass_beating(s(30), &[web]);
            assert_eq!(world.host(dead).state, Down);
            world.set_clock(by);
            world.pass(s(5));
            assert_eq!((world.host(web).state, world.host(dead).state), (Up, Down));
            world.pass_beating(min(5), &[web]);
            assert_eq!((world.host(web).state, world.open()), (Up, vec![1]));
            world.pass(s(25));
            assert_eq!(world.host(web).state, Down, "and silence is still noticed");

            world.restart();
            world.pass(s(1));
            world.set_clock(by);
            assert!(world.fleet.profile.waits_until.is_some());
            world.pass(s(19));
            assert!(world.fleet.profile.waits_until.is_none());
            world.check();
        }
    }

    #[test]
    fn a_clock_set_by_a_day_in_the_morning_puts_no_pc_down() {
        for by in [DAY_MS, -DAY_MS] {
            // Wednesday before eight, so that a day either way is a workday.
            let mut world = at(Timestamp(MONDAY_TEN.0 + 46 * 3_600_000 - 60_000));
            let pc = world.host_of("pc", "acme", HostClass::Workstation);
            world.pass(min(6));
            assert_eq!(world.host(pc).state, Silent);
            world.set_clock(by);
            world.pass(min(5));
            assert_eq!((world.host(pc).state, world.open()), (Silent, NONE.to_vec()));
            world.beat(pc);
            assert_eq!(world.host(pc).state, Up);
        }
    }

    #[test]
    fn a_swarm_is_judged_at_its_own_pace() {
        let mut world = World::new();
        let (slow, fast, liar) = (world.server("slow"), world.server("fast"), world.server("liar"));
        let mut promise = |host, span| world.live.hosts.get_mut(&host).unwrap().promised = Some(span);
        promise(slow, s(30));
        promise(fast, s(2));
        promise(liar, min(60 * 24));
        world.pass(s(5));
        assert_eq!((world.host(fast).state, world.host(slow).state), (Down, Up), "never judged sooner than 5 s");
        world.pass(s(41));
        assert_eq!(world.host(slow).state, Silent);
        world.pass(s(22));
        assert_eq!((world.host(slow).state, world.host(liar).state), (Down, Up));
        world.pass(min(2));
        assert_eq!(world.host(liar).state, Down, "a promise counts up to a minute");
    }

    #[test]
    fn a_limit_set_for_the_configured_pace_does_not_judge_a_slower_one() {
        let mut world = World::new();
        let mut configuration = Configuration::default();
        configuration.silence.silent_after = Some(s(12));
        configuration.silence.down_after = Some(s(90));
        world.live.configuration = Arc::new(configuration);
        let (usual, slow) = (world.server("usual"), world.server("slow"));
        world.live.hosts.get_mut(&slow).unwrap().promised = Some(s(30));
        world.pass(s(13));
        assert_eq!((world.host(usual).state, world.host(slow).state), (Silent, Up));
        world.pass(s(70));
        assert_eq!((world.host(usual).state, world.host(slow).state), (Silent, Silent), "the longer limit counts");
        world.pass(s(8));
        assert_eq!((world.host(usual).state, world.host(slow).state), (Down, Down));
    }

    #[test]
    fn a_whole_site_that_goes_silent_is_told_in_bounded_entries() {
        let mut world = World::new();
        let hosts: Vec<HostId> = (0..1_500).map(|number| world.server(&format!("h{number}"))).collect();
        let before = world.entries.len();
        world.pass(s(30));
        assert!(hosts.iter().all(|host| world.host(*host).state == Down));
        assert_eq!(world.open().len(), hosts.len());
        assert!(world.entries[before..].iter().all(|entry| entry.events.len() <= 2_000));
        assert_eq!(world.alert(AlertId(1_500)).host, Some(hosts[1_499]));
    }
}
