//! Whether a host lives: up, off (expected), silent, down, left. The hub alone decides it.

mod line;
#[cfg(test)]
mod line_tests;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::time::Duration;

use crate::fleet::alerts::Subject;
use crate::fleet::configuration::{AssignTarget, Configuration, HoursBasis, Silence, SilenceLimits};
use crate::fleet::hosts::{
    self, HOURS_BEGUN, Host, HostState, LONGEST_REDIAL, SHORT_OUTAGE, behind_line, line_is_back,
};
use crate::fleet::identity::Audience;
use crate::fleet::profile;
use crate::fleet::rules::alerting::{self, Problem};
use crate::fleet::rules::decision::{Answer, Decision, Refusal, by_rule};
use crate::fleet::rules::ledger::Counters;
use crate::fleet::rules::live::Live;
use crate::fleet::rules::presence::line::{Line, Member, lines};
use crate::fleet::rules::results::{present, speaking};
use crate::fleet::state::{Event, Fleet};
use crate::fleet::words::{CheckState, ClientId, HostId, Instant, Now, SafeText, SiteId, Timestamp, duration};

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

/// How much longer than [`wait_after_start`] a host that has not dialled in may be silent after the hub was `away`: its
/// agent may be waiting to dial again, and then has one heartbeat to be heard.
#[must_use]
pub fn redial_grace(configuration: &Configuration, away: Duration) -> Duration {
    if away <= SHORT_OUTAGE {
        return Duration::ZERO;
    }
    (LONGEST_REDIAL + configuration.heartbeat).saturating_sub(wait_after_start(configuration))
}

/// How long the hub waits after its start before it judges silence: two heartbeats.
#[must_use]
pub fn wait_after_start(configuration: &Configuration) -> Duration {
    configuration.heartbeat * 2
}

/// The hub process began. A fleet without a name gets one.
#[must_use]
pub fn start(fleet: &Fleet, live: &Live, version: &SafeText, name: &SafeText, now: Now) -> Decision {
    let waits_until = now.wall + wait_after_start(&live.configuration) + live.redial;
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
        events.extend(line_lives(fleet, &host.client, &host.site));
    }
    Ok(Decision { actor: speaking(host), events, answer: Answer::default() })
}

/// Whoever is heard proves that the line of their site lives, so that an alert about it ends.
fn line_lives(fleet: &Fleet, client: &ClientId, site: &SiteId) -> impl Iterator<Item = (Audience, Event)> {
    let recovered = alerting::recover(fleet, client, &Subject::Site(site.clone()));
    alerting::for_client(client, recovered)
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
        events.extend(line_lives(fleet, &host.client, &host.site));
    }
    Ok(Decision { actor: speaking(host), events, answer: Answer::default() })
}

/// What silence has become certain now, at most `most` hosts at a time.
pub fn judge(fleet: &Fleet, counters: &mut Counters, live: &Live, now: Now, most: usize) -> Vec<(Audience, Event)> {
    let mut judge = Judge::new(fleet, live, now);
    let mut events = line::judge(fleet, counters, &judge.lines, now);
    let certain = fleet.hosts.hosts.values().filter_map(|host| match judge.outlook(host) {
        Outlook::Now(state, reason) => Some((host, state, reason)),
        Outlook::From(_) | Outlook::Never => None,
    });
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
    let mut judge = Judge::new(fleet, live, now);
    let next = fleet.hosts.hosts.values().filter_map(|host| match judge.outlook(host) {
        Outlook::Now(..) => Some(now.mono),
        Outlook::From(when) => Some(when),
        Outlook::Never => None,
    });
    let hosts = next.min();
    judge.lines.values().filter_map(|line| line.due).chain(hosts).min()
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
    /// Of sites at which a host is silent.
    lines: BTreeMap<(&'a ClientId, &'a SiteId), Line>,
}

impl<'a> Judge<'a> {
    fn new(fleet: &'a Fleet, live: &'a Live, now: Now) -> Self {
        let shortest_said = live.configuration.shortest_silence_said().unwrap_or(Duration::MAX);
        let mut judge = Self { live, now, shortest_said, hours: BTreeMap::new(), lines: BTreeMap::new() };
        judge.lines = lines(fleet, live, now, |host| judge.member(host));
        judge
    }

    /// What a host says about the line of its site; `None`: nothing, it was not up or is not expected.
    fn member(&mut self, host: &'a Host) -> Option<Member> {
        let counts = matches!(host.state, HostState::Up | HostState::Silent) && !host.waits_for_morning();
        if !counts || !self.hours(host).expected {
            return None;
        }
        let known = self.live.hosts.get(&host.id);
        let pace = self.pace(known.and_then(|known| known.promised));
        let anchor = self.anchor(known.and_then(|known| known.last_seen));
        let is_silent = host.state == HostState::Silent;
        let silent_at = is_silent.then(|| anchor + self.limits(host, pace).silent_after);
        Some(Member { silent_at, anchor, pace, waits_for_line: host.waits_for_line() })
    }

    fn line(&self, host: &'a Host) -> Option<&Line> {
        self.lines.get(&(&host.client, &host.site))
    }

    fn outlook(&mut self, host: &'a Host) -> Outlook {
        match host.state {
            HostState::Left | HostState::Down => Outlook::Never,
            HostState::Up | HostState::Unknown => self.of_heard(host),
            HostState::Silent => self.of_silent(host),
            HostState::Off if self.hours(host).expected => Outlook::Now(HostState::Silent, HOURS_BEGUN.to_owned()),
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
        // Who has not dialled in yet is not even silent before their time has come.
        let held = wait_after_start(&self.live.configuration) + self.live.redial;
        let least = if seen.is_none() { least.max(self.live.started.mono + held) } else { least };
        if self.now.mono < least {
            return Outlook::From(least);
        }
        let silent = anchor + self.limits(host, pace).silent_after;
        if self.now.mono < silent {
            return Outlook::From(silent);
        }
        if self.hours(host).expected {
            let quiet = self.quiet(seen);
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
        let quiet = self.quiet(seen);
        let pace = self.pace(known.and_then(|known| known.promised));
        let limits = self.limits(host, pace);
        let line = self.line(host);
        if line.is_some_and(|line| line.dead) {
            // The line is the problem: what is behind it is not judged until the line is back.
            return match host.is_behind_line() {
                true => Outlook::From(self.next_minute()),
                false => Outlook::Now(HostState::Silent, behind_line(&host.site)),
            };
        }
        if host.is_behind_line() {
            return Outlook::Now(HostState::Silent, line_is_back(&host.site));
        }
        let silent = anchor + limits.silent_after;
        let counted = line.map_or(anchor, |line| line.counted_from(anchor, silent, host.waits_for_line()));
        let mut down = counted + limits.down_after;
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
        if let Some(until) = self.line(host).and_then(|line| line.holds(counted, silent, pace, self.now.mono)) {
            return Outlook::From(until.min(self.next_minute()));
        }
        Outlook::Now(HostState::Down, format!("no heartbeat for {quiet}"))
    }

    /// From when silence counts: the last heartbeat, or the start of this hub process where there was none since, and
    /// then the time that its agent may wait to dial again.
    fn anchor(&self, seen: Option<Now>) -> Instant {
        seen.map_or(self.live.started.mono + self.live.redial, |seen| seen.mono)
    }

    /// For how long nothing was heard, in words.
    fn quiet(&self, seen: Option<Now>) -> String {
        duration::short(self.now.mono.since(seen.unwrap_or(self.live.started).mono))
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
