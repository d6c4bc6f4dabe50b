//! What time alone brings about.

use std::time::Duration;

use crate::fleet::alerts::{Alert, Event as AlertEvent, Until};
use crate::fleet::identity::Audience;
use crate::fleet::profile;
use crate::fleet::rules::alerting::for_client;
use crate::fleet::rules::decision::{Decision, by_rule};
use crate::fleet::rules::ledger::Ledger;
use crate::fleet::rules::live::Live;
use crate::fleet::rules::{presence, staleness};
use crate::fleet::state::{Event, Fleet};
use crate::fleet::words::{Instant, Now};

/// The most changes one entry holds; the rest comes with the next.
const MOST_AT_ONCE: usize = 1_000;

/// How often staleness is looked at: it is counted in minutes.
const STALENESS_EVERY: Duration = Duration::from_secs(5);

/// Decides what is due now: one rule at a time, so that an entry has one cause. No events: nothing is due.
#[must_use]
pub fn due(fleet: &Fleet, ledger: &Ledger, live: &Live, now: Now) -> Decision {
    let events = alert_timers(fleet, now);
    if !events.is_empty() {
        return by_rule("timers", events);
    }
    if waits(fleet, live, now) {
        return by_rule("start", Vec::new());
    }
    if fleet.profile.waits_until.is_some() {
        return by_rule("start", vec![(Audience::EVERYONE, Event::Profile(profile::Event::JudgingBegan))]);
    }
    let events = presence::judge(fleet, &mut ledger.counters.clone(), live, now, MOST_AT_ONCE);
    if !events.is_empty() {
        return by_rule("presence", events);
    }
    by_rule("staleness", staleness::judge(fleet, live, now, MOST_AT_ONCE))
}

/// The next moment, by the monotonic clock, at which [`due`] may find something; never more than a few seconds ahead,
/// since windows and snoozes follow the wall clock, which may be set.
#[must_use]
pub fn next_due(fleet: &Fleet, live: &Live, now: Now) -> Instant {
    let latest = now.mono + STALENESS_EVERY;
    let timer = fleet.alerts.next_due().map(|when| now.mono + when.since(now.wall));
    let judgement = if waits(fleet, live, now) || fleet.profile.waits_until.is_some() {
        Some(live.started.mono + presence::wait_after_start(&live.configuration))
    } else {
        presence::next_judgement(fleet, live, now)
    };
    timer.into_iter().chain(judgement).chain([latest]).min().unwrap_or(latest).max(now.mono)
}

/// Whether the hub still waits after its start. The monotonic clock counts, so that a set wall clock can't end it.
fn waits(fleet: &Fleet, live: &Live, now: Now) -> bool {
    fleet.profile.waits_until.is_some()
        && now.mono.since(live.started.mono) < presence::wait_after_start(&live.configuration)
}

fn alert_timers(fleet: &Fleet, now: Now) -> Vec<(Audience, Event)> {
    fleet
        .alerts
        .due(now.wall)
        .take(MOST_AT_ONCE)
        .flat_map(|alert| for_client(&alert.client, ended(alert, now)))
        .collect()
}

fn ended(alert: &Alert, now: Now) -> Vec<AlertEvent> {
    if !alert.is_open() {
        return vec![AlertEvent::Archived { alert: alert.id }];
    }
    let mut events = Vec::new();
    if alert.snooze.as_ref().is_some_and(|snooze| snooze.until <= now.wall) {
        events.push(AlertEvent::SnoozeEnded { alert: alert.id });
    }
    if let Some(held) = &alert.acknowledgement
        && let Until::Time(end) = held.until
        && end <= now.wall
    {
        events.push(AlertEvent::AcknowledgementEnded { alert: alert.id, why: "expired".to_owned() });
    }
    events
}
