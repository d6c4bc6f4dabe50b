//! When an alert is to be told next, and to whom.

use std::collections::BTreeSet;

use crate::fleet::alerts::{Alert, Alerts, Event, Lane, NextNotice, Plan, Subject};
use crate::fleet::checks;
use crate::fleet::configuration::{Policy, Receiver, Step};
use crate::fleet::hosts::HostState;
use crate::fleet::identity::Audience;
use crate::fleet::rules::escalating::bounds::{LOOKED_AT, RECHECK};
use crate::fleet::rules::escalating::roster::policy_of;
use crate::fleet::rules::live::Live;
use crate::fleet::state::{self, Fleet};
use crate::fleet::words::{Now, SafeText, Timestamp};

/// Adds to a decision what it means for the plans of its alerts: whatever now stands in nobody's hands gets one.
pub fn follow(fleet: &Fleet, live: &Live, events: &mut Vec<(Audience, state::Event)>, now: Now) {
    if live.configuration.oncall.policies.is_empty() {
        return;
    }
    let mut touched = BTreeSet::new();
    for (_, event) in events.iter() {
        if let state::Event::Alerts(event) = event
            && may_bring_back(event)
        {
            touched.insert(event.alert());
        }
    }
    if touched.is_empty() {
        return;
    }
    // Those alerts alone, as they will be when the events are applied.
    let mut after = Alerts::default();
    for alert in touched.iter().filter_map(|id| fleet.alerts.alerts.get(id)) {
        after.restore(Alert::clone(alert));
    }
    for (_, event) in events.iter() {
        if let state::Event::Alerts(event) = event
            && touched.contains(&event.alert())
        {
            after.apply(event, fleet.revision.next(), now.wall);
        }
    }
    for id in touched {
        let Some(alert) = after.alerts.get(&id).filter(|alert| waits(alert)) else { continue };
        let before = fleet.alerts.alerts.get(&id);
        // What counts down already and got no graver goes on counting.
        let counts = before.is_some_and(|before| waits(before) && before.plan.is_some());
        let graver = before.is_some_and(|before| alert.severity() > before.severity());
        if counts && !graver {
            continue;
        }
        let held_before = before.is_some_and(|before| before.is_open() && before.lane() == Lane::Muted);
        let asked = (held_before && !graver).then(|| recheck(fleet, alert)).flatten();
        let at = if asked.is_some() { now.wall + RECHECK } else { now.wall };
        if let Some(policy) = policy_of(fleet, live, alert, now) {
            let audience = Audience::of_client(alert.client.clone());
            let plan = Box::new(first(policy, at));
            events.extend(asked.map(|asked| (audience.clone(), state::Event::Checks(asked))));
            events.push((audience, state::Event::Alerts(Event::Planned { alert: id, plan })));
        }
    }
}

/// Plans for alerts that have none: they opened before there was a policy for them.
pub fn adopt(fleet: &Fleet, live: &Live, now: Now, most: usize) -> Vec<(Audience, state::Event)> {
    if live.configuration.oncall.policies.is_empty() {
        return Vec::new();
    }
    let looks = fleet.alerts.unplanned_count().div_ceil(LOOKED_AT).max(1);
    // Which of the looks this is goes by the clock: over the seconds every alert has its turn.
    let turn = usize::try_from(now.mono.0 / 1_000).unwrap_or(0) % looks;
    let looked_at = fleet.alerts.unplanned().skip(turn * LOOKED_AT).take(LOOKED_AT);
    let planned = looked_at.filter_map(|alert| {
        let plan = Box::new(first(policy_of(fleet, live, alert, now)?, now.wall));
        let event = Event::Planned { alert: alert.id, plan };
        Some((Audience::of_client(alert.client.clone()), state::Event::Alerts(event)))
    });
    planned.take(most).collect()
}

/// The first step of a policy.
pub fn first(policy: &Policy, at: Timestamp) -> Plan {
    let next = policy.steps.first().map(|step| notice(step, 1, 1, at + step.after));
    let why = if next.is_some() { SafeText::default() } else { SafeText::new("the policy has no step") };
    Plan { policy: policy.name.clone(), next, why }
}

/// What comes after a step of a policy: the next one, the first of the next round, or nothing any more.
pub fn after(policy: &Policy, step: u32, round: u32, at: Timestamp) -> Plan {
    let following = usize::try_from(step).ok().and_then(|step| policy.steps.get(step));
    let next = match following {
        Some(following) => Some(notice(following, step.saturating_add(1), round, at + following.after)),
        None if round < policy.rounds => {
            policy.steps.first().map(|first| notice(first, 1, round.saturating_add(1), at + policy.repeat))
        }
        None => None,
    };
    let why = match next {
        Some(_) => SafeText::default(),
        None => SafeText::new(&format!("policy {} is through: {} rounds", policy.name.as_str(), policy.rounds)),
    };
    Plan { policy: policy.name.clone(), next, why }
}

fn notice(said: &Step, step: u32, round: u32, at: Timestamp) -> NextNotice {
    NextNotice { at, step, round, to: said.to.iter().map(Receiver::text).collect() }
}

/// Whether it stands in nobody's hands.
pub fn waits(alert: &Alert) -> bool {
    alert.is_open() && alert.lane() == Lane::New
}

/// Whether an event may leave its alert in nobody's hands.
const fn may_bring_back(event: &Event) -> bool {
    matches!(
        event,
        Event::Opened { .. }
            | Event::Reopened { .. }
            | Event::LevelChanged { .. }
            | Event::AcknowledgementEnded { .. }
            | Event::SnoozeEnded { .. }
            | Event::Released { .. }
            | Event::HoldEnded { .. }
    )
}

/// Has the check of an alert run again before anybody is told: what failed while it was held back may be well by now.
fn recheck(fleet: &Fleet, alert: &Alert) -> Option<checks::Event> {
    let Subject::Check { host, check } = &alert.subject else { return None };
    let is_up = fleet.hosts.hosts.get(host).is_some_and(|host| host.state == HostState::Up);
    is_up.then(|| checks::Event::Asked { host: *host, check: Some(check.clone()) })
}
