//! A person brings alerts to their next step now.

use std::sync::Arc;

use crate::fleet::alerts::{Alert, NextNotice};
use crate::fleet::identity::Audience;
use crate::fleet::notices::Kind;
use crate::fleet::rules::escalating::roster::policy_of;
use crate::fleet::rules::escalating::telling::{Pace, Tale};
use crate::fleet::rules::ledger::Counters;
use crate::fleet::rules::live::Live;
use crate::fleet::state::{self, Fleet};
use crate::fleet::words::{Now, SafeText};

/// Rings the next step of these alerts, whoever has them: an owner keeps an alert, and somebody else hears of it too.
pub fn ring<'f>(
    fleet: &'f Fleet,
    counters: &mut Counters,
    live: &Live,
    alerts: &[&'f Arc<Alert>],
    note: &SafeText,
    now: Now,
) -> Vec<(Audience, state::Event)> {
    let oncall = &live.configuration.oncall;
    let mut tale = Tale::new(fleet, oncall, now);
    tale.note = note.clone();
    for alert in alerts {
        let planned = alert.plan.as_deref();
        let policy = planned.and_then(|plan| oncall.policy(plan.policy.as_str()));
        let Some(policy) = policy.or_else(|| policy_of(fleet, live, alert, now)) else { continue };
        let next = planned.and_then(|plan| plan.next.clone());
        // A policy that is through begins again: the person asks for it.
        let next = next.unwrap_or(NextNotice { at: now.wall, step: 1, round: 1, to: Vec::new() });
        tale.step(alert, policy, &next, Pace::Now);
    }
    tale.tell(counters, Kind::Problem)
}

/// The step that a person's escalation reaches: the policy's next one, or one more than the last.
#[must_use]
pub fn step_of(alert: &Alert) -> u32 {
    let planned = alert.plan.as_deref().filter(|plan| !plan.policy.as_str().is_empty());
    match planned {
        Some(plan) => plan.next.as_ref().map_or(1, |next| next.step),
        None => alert.step().saturating_add(1),
    }
}
