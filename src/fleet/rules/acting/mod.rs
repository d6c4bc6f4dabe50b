//! What people ask for: on one alert, on many, on all that a filter matches; one request, failures by id.

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use crate::fleet::alerts::{Acknowledgement, Alert, Escalation, Event as AlertEvent, Reminder, Snooze, Subject, Until};
use crate::fleet::backups::Event as BackupEvent;
use crate::fleet::checks;
use crate::fleet::derived::select::AlertRow;
use crate::fleet::identity::{Audience, Role};
use crate::fleet::rules::decision::{Answer, Decision, Refusal};
use crate::fleet::rules::input::{Action, Asker, MOST_TARGETS, Targets, Verb};
use crate::fleet::rules::ledger::Ledger;
use crate::fleet::rules::live::Live;
use crate::fleet::rules::{administering, alerting, backups, commanding, escalating, oncall, windows};
use crate::fleet::state::{Event, Fleet};
use crate::fleet::words::filter::Filter;
use crate::fleet::words::{AlertId, CheckName, HostId, JobName, Now, Revision, SafeText, Timestamp};

/// The longest that something can be put aside or held until a time: what is to rest longer is closed, or its check
/// changed.
pub const LONGEST_HOLD: Duration = Duration::from_secs(366 * 24 * 60 * 60);
/// The most reminders of one alert.
pub const MOST_REMINDERS: usize = 16;

/// Decides an action. A repeat is answered from the ledger before this is asked.
///
/// # Errors
/// The asker may not do it, the request is wrong, or it does not fit the state any more.
pub fn act(fleet: &Fleet, ledger: &Ledger, live: &Live, action: &Action, now: Now) -> Result<Decision, Refusal> {
    let asker = &action.asker;
    let needed = action.verb.needs();
    let silences = asker.role == Role::Intake && action.verb.is_of_a_silence();
    if !asker.role.includes(needed) && !silences {
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
        | Verb::Remind { .. }
        | Verb::Unremind
        | Verb::Escalate { .. }
        | Verb::Release { .. }
        | Verb::Snooze { .. }
        | Verb::Note { .. }
        | Verb::Close { .. }
        | Verb::CheckNow { host: None, .. } => on_alerts(fleet, ledger, live, action, now)?,
        Verb::Run(request) => commanding::run(fleet, ledger, live, action, request, now)?,
        Verb::Cancel(command) => commanding::cancel(fleet, asker, *command)?,
        Verb::ReviewBackups => backups::reviewing::review(fleet, action)?,
        Verb::OpenWindow(request) => windows::opening::open(fleet, ledger, asker, request, now)?,
        Verb::CloseWindow { window, note } => windows::opening::close(fleet, asker, *window, note, now)?,
        Verb::ChangeWindow { window, until, longer } => {
            windows::opening::change(fleet, asker, *window, *until, *longer, now)?
        }
        Verb::TestNotice(person) => escalating::test(&mut ledger.counters.clone(), live, asker, person, now)?,
        Verb::OverrideDuty(request) => {
            oncall::standing_in::override_duty(fleet, ledger, &live.configuration, asker, request, now)?
        }
        Verb::EndOverride(id) => oncall::standing_in::end_override(fleet, &live.configuration, asker, *id, now)?,
        Verb::HandOver { to, note } => oncall::handing_over::offer(fleet, asker, to, note)?,
        Verb::AcceptHandOver { from } => oncall::handing_over::accept(fleet, asker, from.as_ref(), now)?,
        verb => administering::administer(fleet, ledger, asker, verb, now)?,
    };
    let events = if action.dry_run { Vec::new() } else { events };
    Ok(Decision { actor: asker.actor(), events, answer })
}

type Outcome = (Vec<(Audience, Event)>, Answer);

fn on_alerts(fleet: &Fleet, ledger: &Ledger, live: &Live, action: &Action, now: Now) -> Result<Outcome, Refusal> {
    refuse_senseless(&action.verb, now)?;
    let mut answer = Answer::default();
    let mut events = Vec::new();
    let chosen = match &action.targets {
        Targets::Ids(ids) => named(fleet, &action.asker, ids, &mut answer)?,
        Targets::Hosts(_) => {
            return Err(Refusal::Invalid(format!("{} acts on alerts, not on hosts", action.verb.word())));
        }
        Targets::Filter { filter, expected } => matching(fleet, live, action, filter, *expected, now, &mut answer)?,
    };
    let mut escalated = Vec::new();
    for alert in chosen {
        match on_alert(fleet, live, alert, action, now, &mut answer) {
            Ok(done) => {
                answer.done.push(alert.id.0);
                escalated.push(alert);
                let audience = Audience::of_client(alert.client.clone());
                events.extend(done.into_iter().map(|event| (audience.clone(), event)));
            }
            Err(why) => answer.failed.push((alert.id.0, why)),
        }
    }
    if let Verb::Escalate { note } = &action.verb {
        events.extend(escalating::ring(fleet, &mut ledger.counters.clone(), live, &escalated, note, now));
    }
    Ok((events, answer))
}

/// Refuses what would be wrong on any alert.
fn refuse_senseless(verb: &Verb, now: Now) -> Result<(), Refusal> {
    let holds = |end: Timestamp, what: &str| {
        if end <= now.wall {
            Err(Refusal::Invalid(format!("the time {what} has passed; give a later one")))
        } else if end.since(now.wall) > LONGEST_HOLD {
            Err(Refusal::Invalid(format!("the time {what} is more than a year ahead; give an earlier one")))
        } else {
            Ok(())
        }
    };
    match verb {
        Verb::Acknowledge { until: Until::Time(end), .. } => holds(*end, "it is to hold until"),
        Verb::Remind { text, .. } if text.as_str().trim().is_empty() => {
            Err(Refusal::Invalid("the reminder is empty; say what to be told".to_owned()))
        }
        Verb::Remind { at, .. } => holds(*at, "it is to be said at"),
        Verb::Snooze { until, .. } => holds(*until, "it is to come back at"),
        Verb::Note { note } if note.as_str().trim().is_empty() => {
            Err(Refusal::Invalid("the note is empty; say something".to_owned()))
        }
        _ => Ok(()),
    }
}

/// The alerts of these numbers, oldest first; what is not there, or not for this asker, fails by its number.
fn named<'f>(
    fleet: &'f Fleet,
    asker: &Asker,
    ids: &[AlertId],
    answer: &mut Answer,
) -> Result<Vec<&'f Arc<Alert>>, Refusal> {
    if ids.is_empty() {
        return Err(Refusal::Invalid("no alert is named; name one or more ids, or a filter with --where".to_owned()));
    }
    if ids.len() > MOST_TARGETS {
        return Err(Refusal::Invalid(format!(
            "{} ids in one request; name at most {MOST_TARGETS}, or use a filter",
            ids.len()
        )));
    }
    let mut sorted = ids.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    let find = |id: AlertId| {
        let alert = fleet.alerts.alerts.get(&id).filter(|alert| in_scope(asker, alert));
        if alert.is_none() {
            answer.failed.push((id.0, format!("there is no alert {id}; `watchfloor alerts --all` lists them")));
        }
        alert
    };
    Ok(sorted.into_iter().filter_map(find).collect())
}

/// The open alerts that a filter matches now, oldest first, without those the operator can't have meant.
fn matching<'f>(
    fleet: &'f Fleet,
    live: &Live,
    action: &Action,
    filter: &Filter,
    expected: Option<u64>,
    now: Now,
    answer: &mut Answer,
) -> Result<Vec<&'f Arc<Alert>>, Refusal> {
    let name = fleet.profile.name.as_str();
    let matches = |alert: &&'f Arc<Alert>| {
        let row =
            AlertRow { fleet, fleet_name: name, alert, last_seen: live.seen_of(fleet, alert.host), now: now.wall };
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

fn on_alert(
    fleet: &Fleet,
    live: &Live,
    alert: &Alert,
    action: &Action,
    now: Now,
    answer: &mut Answer,
) -> Result<Vec<Event>, String> {
    let (id, by, at, level) = (alert.id, action.asker.name.clone(), now.wall, alert.level);
    let after_its_end =
        matches!(action.verb, Verb::Note { .. } | Verb::CheckNow { .. } | Verb::Remind { .. } | Verb::Unremind);
    if !alert.is_open() && !after_its_end {
        return Err("it is resolved already; nothing is left to do".to_owned());
    }
    let said = |note: &SafeText| (!note.as_str().is_empty()).then(|| note.clone());
    let event = match &action.verb {
        Verb::Acknowledge { until, limit, note } => {
            let expires = expiry(live, *until, alert, now);
            let limit = limit.clone();
            let acknowledgement = Acknowledgement { by, at, until: *until, note: note.clone(), level, expires, limit };
            AlertEvent::Acknowledged { alert: id, acknowledgement }
        }
        Verb::Escalate { note } => {
            AlertEvent::Escalated { alert: id, escalation: next_step(alert, action, now)?, note: said(note) }
        }
        Verb::Remind { .. } if alert.reminders.len() >= MOST_REMINDERS => {
            return Err(format!("it has {MOST_REMINDERS} reminders; take one back first"));
        }
        Verb::Remind { at, .. } if alert.reminders.iter().any(|other| other.at == *at && other.by == by) => {
            return Err("you are to be reminded of it at that time already".to_owned());
        }
        Verb::Remind { at, text } => {
            let reminder = Box::new(Reminder { at: *at, by, text: text.clone() });
            AlertEvent::ReminderSet { alert: id, reminder }
        }
        Verb::Unremind => {
            let mine = alert.reminders.iter().filter(|reminder| reminder.by == by);
            let ended = mine.map(|reminder| {
                let (at, by) = (reminder.at, by.clone());
                Event::Alerts(AlertEvent::ReminderEnded { alert: id, at, by, came: false })
            });
            let ended: Vec<Event> = ended.collect();
            if ended.is_empty() {
                return Err("you have no reminder about it; `watchfloor alert ID` lists them".to_owned());
            }
            return Ok(ended);
        }
        Verb::Release { .. } if alert.owner().is_none() => {
            return Err("nobody has it, so there is nothing to release".to_owned());
        }
        Verb::Release { to, note } => AlertEvent::Released { alert: id, by, to: to.clone(), note: said(note) },
        Verb::Snooze { until, note } => {
            let snooze = Snooze { by, at, until: *until, note: note.clone(), level };
            AlertEvent::Snoozed { alert: id, snooze }
        }
        Verb::Note { note } => AlertEvent::Noted { alert: id, by, note: note.clone() },
        Verb::Close { note } => {
            return Ok(alerting::resolve(alert, true, said(note)).into_iter().map(Event::Alerts).collect());
        }
        Verb::CheckNow { .. } => return check_again(fleet, alert, answer).map(|event| vec![event]),
        verb => return Err(format!("{} does not act on alerts", verb.word())),
    };
    Ok(vec![Event::Alerts(event)])
}

/// When an acknowledgement ends although nothing got worse. What was said explicitly holds as it was said.
fn expiry(live: &Live, until: Until, alert: &Alert, now: Now) -> Option<Timestamp> {
    match until {
        Until::Worse => {
            live.configuration.oncall.acknowledgement_timeouts.of(alert.severity()).map(|span| now.wall + span)
        }
        Until::Resolved | Until::Time(_) => None,
    }
}

/// The next step of an alert, unless somebody has brought it on since the operator looked. The entry's revision is
/// filled in when the event is applied.
fn next_step(alert: &Alert, action: &Action, now: Now) -> Result<Escalation, String> {
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
    let by = action.asker.name.clone();
    Ok(Escalation { step: escalating::step_of(alert), at: now.wall, by, revision: Revision::default() })
}

fn check_again(fleet: &Fleet, alert: &Alert, answer: &mut Answer) -> Result<Event, String> {
    let host = alert.host.ok_or("it is about no host, so there is nothing to check")?;
    if fleet.hosts.hosts.get(&host).is_none_or(|known| known.is_retired()) {
        return Err("its host was retired, so there is nothing to check".to_owned());
    }
    if let Subject::Backup(name) = &alert.subject {
        let job = fleet.backups.named(&JobName::from(name.as_str()));
        let job = job.ok_or("its backup job is not configured any more, so there is nothing to read")?;
        answer.read_now.push((host, name.to_string()));
        return Ok(Event::Backups(BackupEvent::Asked { job: job.id() }));
    }
    let check = alert.subject.check().cloned();
    Ok(Event::Checks(checks::Event::Asked { host, check }))
}

fn check_host(fleet: &Fleet, asker: &Asker, id: HostId, check: Option<&CheckName>) -> Result<Outcome, Refusal> {
    let host = fleet
        .hosts
        .hosts
        .get(&id)
        .filter(|host| !host.is_retired() && asker.scope.as_ref().is_none_or(|scope| *scope == host.client))
        .ok_or_else(|| Refusal::NotFound(format!("there is no host {id}; `watchfloor hosts` lists them")))?;
    let job = check.and_then(|name| fleet.backups.named(&JobName::from(name.as_str())));
    let job = job.filter(|job| job.description.host == Some(id));
    if let Some(check) = check
        && fleet.checks.get(id, check).is_none()
        && job.is_none()
    {
        return Err(Refusal::NotFound(format!(
            "host {} has no check or backup job {check}; `watchfloor checks host:{}` and `watchfloor backups host:{}` list them",
            host.name.as_str(),
            host.name.as_str(),
            host.name.as_str()
        )));
    }
    let mut answer = Answer { done: vec![id.0], ..Answer::default() };
    let event = match job {
        Some(job) => {
            answer.read_now.push((id, job.description.name.to_string()));
            Event::Backups(BackupEvent::Asked { job: job.id() })
        }
        None => Event::Checks(checks::Event::Asked { host: id, check: check.cloned() }),
    };
    Ok((vec![(Audience::of_client(host.client.clone()), event)], answer))
}
