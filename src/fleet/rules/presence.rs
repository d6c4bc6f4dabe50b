//! Whether a host lives: up, off (expected), silent, down, left. The hub alone decides it.

use std::time::Duration;

use crate::fleet::alerts::Subject;
use crate::fleet::configuration::{AssignTarget, Configuration, Silence};
use crate::fleet::hosts::{self, Host, HostState};
use crate::fleet::identity::Audience;
use crate::fleet::profile;
use crate::fleet::rules::alerting::{self, Problem};
use crate::fleet::rules::decision::{Answer, Decision, Refusal, by_rule};
use crate::fleet::rules::ledger::Counters;
use crate::fleet::rules::live::{HostLive, Live};
use crate::fleet::rules::results::speaking;
use crate::fleet::state::{Event, Fleet};
use crate::fleet::words::{CheckState, HostId, Instant, Now, SafeText, duration};

/// Limits shorter than these would judge the network, not the host.
const LEAST_SILENT: Duration = Duration::from_secs(3);
const LEAST_DOWN: Duration = Duration::from_secs(5);
/// An agent's promise counts up to this long, so that no host can talk itself out of being watched.
const LONGEST_PROMISE: Duration = Duration::from_secs(60);
/// How long a PC may stay switched off after its expected hours have begun.
const MORNING: Duration = Duration::from_secs(15 * 60);

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

/// The hub process began.
#[must_use]
pub fn start(version: &SafeText, live: &Live, now: Now) -> Decision {
    let waits_until = now.wall + wait_after_start(&live.configuration);
    let event = profile::Event::HubStarted { version: version.clone(), waits_until };
    by_rule("start", vec![(Audience::EVERYONE, Event::Profile(event))])
}

/// A heartbeat came: the host is up, and an alert about its silence ends.
///
/// # Errors
/// The host is not in the registry, or was retired.
pub fn hear(fleet: &Fleet, live: &Live, host: HostId, now: Now) -> Result<Decision, Refusal> {
    let host = known(fleet, host)?;
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

/// The agent ended in good order: a server's host has left, a PC is off as PCs are.
///
/// # Errors
/// The host is not in the registry, or was retired.
pub fn part(fleet: &Fleet, live: &Live, host: HostId, reason: &SafeText, now: Now) -> Result<Decision, Refusal> {
    let host = known(fleet, host)?;
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
    let mut events = Vec::new();
    for host in
        fleet.hosts.hosts.values().filter_map(|host| verdict(host, live, now).map(|verdict| (host, verdict))).take(most)
    {
        let (host, (state, reason)) = host;
        if state == HostState::Down {
            let summary = SafeText::new(&reason);
            let problem = Problem {
                client: &host.client,
                site: Some(&host.site),
                host: Some(host.id),
                subject: &Subject::Host(host.id),
                level: CheckState::Critical,
                summary: &summary,
            };
            events.push(change(host, live, state, reason, None));
            events.extend(alerting::for_client(&host.client, alerting::report(fleet, counters, problem, now)));
        } else {
            events.push(change(host, live, state, reason, None));
        }
    }
    events
}

/// The next moment at which [`judge`] may find something, by the monotonic clock.
#[must_use]
pub fn next_judgement(fleet: &Fleet, live: &Live, now: Now) -> Option<Instant> {
    let next = |host: &Host| {
        let limits = limits(host, live);
        let anchor = anchor(host.id, live);
        match host.state {
            HostState::Left | HostState::Down => None,
            HostState::Up | HostState::Unknown if never_seen(host, live) => None,
            HostState::Up | HostState::Unknown => Some(anchor + limits.silent_after),
            HostState::Silent => Some((anchor + limits.down_after).max(now.mono)),
            HostState::Off => {
                let hours = live.configuration.expected_hours(&target_of(host));
                if hours.is_expected(now.wall) {
                    return Some(now.mono);
                }
                let change = hours.next_change_after(now.wall)?;
                Some(now.mono + change.since(now.wall))
            }
        }
    };
    fleet.hosts.hosts.values().filter_map(|host| next(host)).min()
}

fn verdict(host: &Host, live: &Live, now: Now) -> Option<(HostState, String)> {
    if matches!(host.state, HostState::Left | HostState::Down) || never_seen(host, live) {
        return None;
    }
    let limits = limits(host, live);
    let quiet = now.mono.since(anchor(host.id, live));
    let hours = || live.configuration.expected_hours(&target_of(host));
    match host.state {
        HostState::Up | HostState::Unknown if quiet >= limits.silent_after => {
            if hours().is_expected(now.wall) {
                Some((HostState::Silent, format!("no heartbeat for {}", duration::short(quiet))))
            } else {
                Some((HostState::Off, "no heartbeat, outside its expected hours".to_owned()))
            }
        }
        HostState::Silent => {
            // Waking up is granted to a PC whose hours have just begun; everything else is down at its limit.
            let since_off = host.state_reason.starts_with(MORNING_REASON);
            let limit = if since_off { MORNING } else { limits.down_after };
            let quiet = if since_off { now.wall.since(host.state_since) } else { quiet };
            if !hours().is_expected(now.wall) {
                Some((HostState::Off, "no heartbeat, outside its expected hours".to_owned()))
            } else if quiet >= limit {
                Some((HostState::Down, format!("no heartbeat for {}", duration::short(quiet))))
            } else {
                None
            }
        }
        HostState::Off if hours().is_expected(now.wall) => {
            Some((HostState::Silent, format!("{MORNING_REASON}, not heard from yet")))
        }
        _ => None,
    }
}

const MORNING_REASON: &str = "expected hours have begun";

/// From when silence counts: the last heartbeat, or the start of this hub process where there was none since.
fn anchor(host: HostId, live: &Live) -> Instant {
    live.last_seen(host).map_or(live.started.mono, |seen| seen.mono)
}

/// A host that enrolled but was never heard from is unknown, not down: its agent has not been started yet.
fn never_seen(host: &Host, live: &Live) -> bool {
    host.state == HostState::Unknown && host.last_seen.is_none() && live.last_seen(host.id).is_none()
}

fn limits(host: &Host, live: &Live) -> Silence {
    let configured = live.configuration.silence(&target_of(host));
    let promised = live.hosts.get(&host.id).and_then(|known: &HostLive| known.promised);
    let limits = match promised {
        // The agent beats at another pace than configured (a swarm does): count in its heartbeats.
        Some(promised) if promised != live.configuration.heartbeat => {
            let promised = promised.min(LONGEST_PROMISE.max(live.configuration.heartbeat));
            Silence::of(live.configuration.silence, promised)
        }
        _ => configured,
    };
    Silence { silent_after: limits.silent_after.max(LEAST_SILENT), down_after: limits.down_after.max(LEAST_DOWN) }
}

fn change(host: &Host, live: &Live, state: HostState, reason: String, seen: Option<Now>) -> (Audience, Event) {
    let last_seen = seen.or_else(|| live.last_seen(host.id)).map(|seen| seen.wall).or(host.last_seen);
    let event = hosts::Event::StateChanged { host: host.id, state, reason, last_seen };
    (Audience::of_client(host.client.clone()), Event::Hosts(event))
}

fn known(fleet: &Fleet, id: HostId) -> Result<&Host, Refusal> {
    match fleet.hosts.hosts.get(&id) {
        Some(host) if !host.is_retired() => Ok(host),
        _ => Err(Refusal::NotPermitted(format!("host {id} is not of this fleet, or was retired; enrol it again"))),
    }
}
