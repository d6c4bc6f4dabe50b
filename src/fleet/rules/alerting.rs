//! What a problem, its change and its end do to the alert about it.

use std::time::Duration;

use crate::fleet::alerts::{Alert, Event, Subject, Until};
use crate::fleet::identity::Audience;
use crate::fleet::rules::ledger::Counters;
use crate::fleet::state::{self, Fleet};
use crate::fleet::words::{CheckState, ClientId, HostId, Now, SafeText, SiteId};

/// What fails again within this time after its resolution reopens the same alert, with its acknowledgement.
pub const REOPENS_WITHIN: Duration = Duration::from_secs(10 * 60);

/// A problem that is certain (hard).
#[derive(Clone, Copy, Debug)]
pub struct Problem<'a> {
    /// Whose.
    pub client: &'a ClientId,
    /// Where.
    pub site: Option<&'a SiteId>,
    /// On which host.
    pub host: Option<HostId>,
    /// About what.
    pub subject: &'a Subject,
    /// Unknown, warning or critical.
    pub level: CheckState,
    /// In words.
    pub summary: &'a SafeText,
}

/// The events by which a problem opens, reopens or changes its alert.
pub fn report(fleet: &Fleet, counters: &mut Counters, problem: Problem<'_>, now: Now) -> Vec<Event> {
    let Problem { client, subject, level, summary, .. } = problem;
    let Some(alert) = fleet.alerts.about(client, subject) else {
        return vec![open(counters, problem)];
    };
    let Some(resolved_at) = alert.resolved_at else {
        return change(alert, level, summary);
    };
    // A clock that was set back must not make an old alert look fresh, nor a fresh one old: within the window either way.
    let apart = now.wall.since(resolved_at).max(resolved_at.since(now.wall));
    if alert.closed_by_hand || apart > REOPENS_WITHIN {
        return vec![open(counters, problem)];
    }
    let mut events = vec![Event::Reopened { alert: alert.id, level, summary: summary.clone() }];
    if level.gravity() > alert.level.gravity() {
        events.extend(end_until_worse(alert));
    }
    events
}

/// The events by which the end of a problem ends its alert: always, whatever holds the alert back.
#[must_use]
pub fn recover(fleet: &Fleet, client: &ClientId, subject: &Subject) -> Vec<Event> {
    match fleet.alerts.about(client, subject) {
        Some(alert) if alert.is_open() => resolve(alert, false, None),
        _ => Vec::new(),
    }
}

/// The events that end an open alert. A snooze ends with it; the acknowledgement stays for a reopening.
#[must_use]
pub fn resolve(alert: &Alert, by_hand: bool, note: Option<SafeText>) -> Vec<Event> {
    let mut events = vec![Event::Resolved { alert: alert.id, by_hand, note }];
    if alert.snooze.is_some() {
        events.push(Event::SnoozeEnded { alert: alert.id });
    }
    events
}

/// Puts alert events under the audience of their client.
pub fn for_client(client: &ClientId, events: Vec<Event>) -> impl Iterator<Item = (Audience, state::Event)> {
    events.into_iter().map(move |event| (Audience::of_client(client.clone()), state::Event::Alerts(event)))
}

fn open(counters: &mut Counters, problem: Problem<'_>) -> Event {
    Event::Opened {
        alert: counters.next_alert(),
        client: problem.client.clone(),
        site: problem.site.cloned(),
        host: problem.host,
        subject: problem.subject.clone(),
        level: problem.level,
        summary: problem.summary.clone(),
    }
}

fn change(alert: &Alert, level: CheckState, summary: &SafeText) -> Vec<Event> {
    if level == alert.level && *summary == alert.summary {
        return Vec::new();
    }
    let worse = level.gravity() > alert.level.gravity();
    let mut events = vec![Event::LevelChanged { alert: alert.id, level, summary: summary.clone(), worse }];
    if worse {
        events.extend(end_until_worse(alert));
        if alert.snooze.is_some() {
            events.push(Event::SnoozeEnded { alert: alert.id });
        }
    }
    events
}

fn end_until_worse(alert: &Alert) -> Option<Event> {
    let held = alert.acknowledgement.as_ref()?;
    (held.until == Until::Worse).then(|| Event::AcknowledgementEnded { alert: alert.id, why: "worse".to_owned() })
}
