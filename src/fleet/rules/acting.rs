//! What people ask for: on one alert, on many, on all that a filter matches; one request, failures by id.

use std::sync::Arc;

use crate::fleet::alerts::{Acknowledgement, Alert, Escalation, Event as AlertEvent, Snooze, Until};
use crate::fleet::checks;
use crate::fleet::identity::Audience;
use crate::fleet::rules::decision::{Answer, Decision, Refusal};
use crate::fleet::rules::input::{Action, Asker, Targets, Verb};
use crate::fleet::rules::ledger::Ledger;
use crate::fleet::rules::select::AlertRow;
use crate::fleet::rules::{administering, alerting};
use crate::fleet::state::{Event, Fleet};
use crate::fleet::words::filter::Filter;
use crate::fleet::words::{AlertId, CheckName, HostId, Now, Revision, SafeText};

/// The most alerts one request may name.
pub const MOST_TARGETS: usize = 10_000;

/// Decides an action. A repeat is answered from the ledger before this is asked.
///
/// # Errors
/// The asker may not do it, the request is wrong, or it does not fit the state any more.
pub fn act(fleet: &Fleet, ledger: &Ledger, action: &Action, now: Now) -> Result<Decision, Refusal> {
    let asker = &action.asker;
    let needed = action.verb.needs();
    if !asker.role.includes(needed) {
        return Err(Refusal::NotPermitted(format!(
            "{} asks for the role {needed}, and {} is {}; ask an admin of the fleet for it",
            action.verb.word(),
            asker.name.as_str(),
            asker.role
        )));
    }
    let (events, answer) = match &action.verb {
        Verb::CheckNow { host: Some(host), check } => check_host(fleet, asker, *host, check.as_ref())?,
        Verb::Acknowledge { .. }
        | Verb::Escalate { .. }
        | Verb::Release { .. }
        | Verb::Snooze { .. }
        | Verb::Note { .. }
        | Verb::Close { .. }
        | Verb::CheckNow { host: None, .. } => on_alerts(fleet, action, now)?,
        verb => administering::administer(fleet, ledger, asker, verb, now)?,
    };
    let events = if action.dry_run { Vec::new() } else { events };
    Ok(Decision { actor: asker.actor(), events, answer })
}

type Outcome = (Vec<(Audience, Event)>, Answer);

fn on_alerts(fleet: &Fleet, action: &Action, now: Now) -> Result<Outcome, Refusal> {
    let mut answer = Answer::default();
    let mut events = Vec::new();
    for target in targets(fleet, action, now, &mut answer)? {
        match on_alert(target, action, now, &mut answer) {
            Ok(done) => {
                answer.done.push(target.id.0);
                let audience = Audience::of_client(target.client.clone());
                events.extend(done.into_iter().map(|event| (audience.clone(), event)));
            }
            Err(why) => answer.failed.push((target.id.0, why)),
        }
    }
    Ok((events, answer))
}

/// Finds the alerts an action is about, oldest first; what can't be found fails by its id.
fn targets<'f>(
    fleet: &'f Fleet,
    action: &Action,
    now: Now,
    answer: &mut Answer,
) -> Result<Vec<&'f Arc<Alert>>, Refusal> {
    match &action.targets {
        Targets::Ids(ids) if ids.is_empty() => {
            Err(Refusal::Invalid("no alert is named; name one or more ids, or a filter with --where".to_owned()))
        }
        Targets::Ids(ids) if ids.len() > MOST_TARGETS => Err(Refusal::Invalid(format!(
            "{} ids in one request; name at most {MOST_TARGETS}, or use a filter",
            ids.len()
        ))),
        Targets::Ids(ids) => {
            let mut sorted = ids.clone();
            sorted.sort_unstable();
            sorted.dedup();
            Ok(sorted.into_iter().filter_map(|id| named(fleet, &action.asker, id, answer)).collect())
        }
        Targets::Filter { filter, expected } => matching(fleet, action, filter, *expected, now, answer),
    }
}

fn named<'f>(fleet: &'f Fleet, asker: &Asker, id: AlertId, answer: &mut Answer) -> Option<&'f Arc<Alert>> {
    let alert = fleet.alerts.alerts.get(&id).filter(|alert| in_scope(asker, alert));
    if alert.is_none() {
        answer.failed.push((id.0, format!("there is no alert {id}; `watchfloor alerts --all` lists them")));
    }
    alert
}

fn matching<'f>(
    fleet: &'f Fleet,
    action: &Action,
    filter: &Filter,
    expected: Option<u64>,
    now: Now,
    answer: &mut Answer,
) -> Result<Vec<&'f Arc<Alert>>, Refusal> {
    let name = fleet.profile.name.as_str();
    let matches = |alert: &&'f Arc<Alert>| {
        let last_seen = alert.host.and_then(|id| fleet.hosts.hosts.get(&id)).and_then(|host| host.last_seen);
        let row = AlertRow { fleet, fleet_name: name, alert, last_seen, now: now.wall };
        in_scope(&action.asker, alert) && filter.matches(&row)
    };
    let mut chosen = Vec::new();
    for alert in fleet.alerts.open().filter(matches) {
        if is_newer(alert, action.seen) {
            answer.left_out.push((alert.id.0, "opened or got worse after you looked".to_owned()));
        } else {
            chosen.push(alert);
        }
    }
    if let Some(expected) = expected
        && chosen.len() as u64 != expected
    {
        return Err(Refusal::Conflict(format!(
            "the filter matches {} alerts now, not the {expected} expected; look again and repeat with --expect {}",
            chosen.len(),
            chosen.len()
        )));
    }
    Ok(chosen)
}

/// Whether it opened or got worse after the operator looked. A client that has not looked (revision 0) names what the
/// filter matches now.
const fn is_newer(alert: &Alert, seen: Revision) -> bool {
    seen.0 > 0 && alert.worsened.0 > seen.0
}

fn in_scope(asker: &Asker, alert: &Alert) -> bool {
    asker.scope.as_ref().is_none_or(|scope| *scope == alert.client)
}

fn on_alert(alert: &Alert, action: &Action, now: Now, answer: &mut Answer) -> Result<Vec<Event>, String> {
    let by = &action.asker.name;
    let id = alert.id;
    if !alert.is_open() && !matches!(action.verb, Verb::Note { .. } | Verb::CheckNow { .. }) {
        return Err("it is resolved already; nothing is left to do".to_owned());
    }
    let alerts = |events: Vec<AlertEvent>| Ok(events.into_iter().map(Event::Alerts).collect());
    let said = |note: &SafeText| (!note.as_str().is_empty()).then(|| note.clone());
    match &action.verb {
        Verb::Acknowledge { until, note } => {
            if let Until::Time(end) = until
                && *end <= now.wall
            {
                return Err("the time it is to hold until has passed; give a later one".to_owned());
            }
            let acknowledgement = Acknowledgement { by: by.clone(), at: now.wall, until: *until, note: note.clone() };
            alerts(vec![AlertEvent::Acknowledged { alert: id, acknowledgement }])
        }
        Verb::Escalate { note } => {
            if let Some(last) = &alert.escalation
                && action.seen.0 > 0
                && last.revision > action.seen
            {
                return Err(format!(
                    "{} has escalated it to step {} since you looked; look again before you ring another step",
                    last.by.as_str(),
                    last.step
                ));
            }
            // The revision is filled in when the event is applied.
            let escalation =
                Escalation { step: alert.step() + 1, at: now.wall, by: by.clone(), revision: Revision::default() };
            alerts(vec![AlertEvent::Escalated { alert: id, escalation, note: said(note) }])
        }
        Verb::Release { to, note } => {
            if alert.owner().is_none() {
                return Err("nobody has it, so there is nothing to release".to_owned());
            }
            alerts(vec![AlertEvent::Released { alert: id, by: by.clone(), to: to.clone(), note: said(note) }])
        }
        Verb::Snooze { until, note } => {
            if *until <= now.wall {
                return Err("the time it is to come back at has passed; give a later one".to_owned());
            }
            let snooze = Snooze { by: by.clone(), at: now.wall, until: *until, note: note.clone() };
            alerts(vec![AlertEvent::Snoozed { alert: id, snooze }])
        }
        Verb::Note { note } if note.as_str().trim().is_empty() => Err("the note is empty; say something".to_owned()),
        Verb::Note { note } => alerts(vec![AlertEvent::Noted { alert: id, by: by.clone(), note: note.clone() }]),
        Verb::Close { note } => alerts(alerting::resolve(alert, true, said(note))),
        Verb::CheckNow { .. } => {
            let host = alert.host.ok_or("it is about no host, so there is nothing to check")?;
            let check = alert.subject.check().cloned();
            answer.check_now.push((host, check.as_ref().map_or_else(String::new, ToString::to_string)));
            Ok(vec![Event::Checks(checks::Event::Asked { host, check })])
        }
        verb => Err(format!("{} does not act on alerts", verb.word())),
    }
}

fn check_host(fleet: &Fleet, asker: &Asker, id: HostId, check: Option<&CheckName>) -> Result<Outcome, Refusal> {
    let host = fleet
        .hosts
        .hosts
        .get(&id)
        .filter(|host| !host.is_retired() && asker.scope.as_ref().is_none_or(|scope| *scope == host.client))
        .ok_or_else(|| Refusal::NotFound(format!("there is no host {id}; `watchfloor hosts` lists them")))?;
    if let Some(check) = check
        && fleet.checks.get(id, check).is_none()
    {
        return Err(Refusal::NotFound(format!(
            "host {} has no check {check}; `watchfloor checks host:{}` lists them",
            host.name.as_str(),
            host.name.as_str()
        )));
    }
    let event = checks::Event::Asked { host: id, check: check.cloned() };
    let answer = Answer {
        done: vec![id.0],
        check_now: vec![(id, check.map_or_else(String::new, ToString::to_string))],
        ..Answer::default()
    };
    Ok((vec![(Audience::of_client(host.client.clone()), Event::Checks(event))], answer))
}
