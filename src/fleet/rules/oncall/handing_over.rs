//! Handing over: who leaves offers all they own, who comes accepts it.

use crate::fleet::alerts::{Acknowledgement, Alert, Event as AlertEvent, Snooze};
use crate::fleet::identity::Audience;
use crate::fleet::oncall::{Event, Person};
use crate::fleet::rules::alerting::for_client;
use crate::fleet::rules::decision::{Answer, Refusal};
use crate::fleet::rules::input::Asker;
use crate::fleet::rules::oncall::{named_person, person_of, told};
use crate::fleet::state::{self, Fleet};
use crate::fleet::words::{Now, SafeText};

type Outcome = (Vec<(Audience, state::Event)>, Answer);

/// Decides that who asks offers all they own to somebody. A newer offer takes the place of an older one.
///
/// # Errors
/// Who asks is no person of the configuration, or the other is none.
pub fn offer(fleet: &Fleet, asker: &Asker, to: &SafeText, note: &SafeText) -> Result<Outcome, Refusal> {
    let from = person_of(fleet, asker)?;
    let to = named_person(fleet, to)?;
    if from.name == to.name {
        return Err(Refusal::Invalid("this would hand over to yourself; name who comes after you".to_owned()));
    }
    let event = Event::HandOverOffered { from: from.name.clone(), to: to.name.clone(), note: note.clone() };
    let owned = fleet.alerts.open().filter(|alert| owns(from, alert)).map(|alert| alert.id.0).collect();
    Ok((vec![told(event)], Answer { done: owned, ..Answer::default() }))
}

/// Decides that who asks takes over what was offered to them, by `from` or by everyone: acknowledgements and snoozes
/// become theirs, as long and at the level they were. Who is limited to one client takes over that client's.
///
/// # Errors
/// Nobody offered them anything.
pub fn accept(fleet: &Fleet, asker: &Asker, from: Option<&SafeText>, now: Now) -> Result<Outcome, Refusal> {
    let me = person_of(fleet, asker)?;
    let offered = fleet.oncall.people.values().filter(|person| {
        person.offer.as_ref().is_some_and(|offer| offer.to == me.name) && from.is_none_or(|from| *from == person.name)
    });
    let givers: Vec<&Person> = offered.map(|person| &**person).collect();
    if givers.is_empty() {
        let by = from.map_or_else(|| "nobody has".to_owned(), |from| format!("{} has not", from.as_str()));
        return Err(Refusal::NotFound(format!(
            "{by} offered you anything; they offer it with `watchfloor handover to {}`",
            me.name.as_str()
        )));
    }
    let mut answer = Answer::default();
    let mut events: Vec<(Audience, state::Event)> = Vec::new();
    for alert in fleet.alerts.open() {
        if asker.scope.as_ref().is_some_and(|scope| *scope != alert.client) {
            continue;
        }
        let moved = moved(alert, &givers, asker, now);
        if !moved.is_empty() {
            answer.done.push(alert.id.0);
            events.extend(for_client(&alert.client, moved));
        }
    }
    events.extend(
        givers
            .into_iter()
            .map(|giver| told(Event::HandOverEnded { from: giver.name.clone(), to: me.name.clone(), accepted: true })),
    );
    Ok((events, answer))
}

fn owns(person: &Person, alert: &Alert) -> bool {
    let acknowledged = alert.acknowledgement.as_ref().is_some_and(|ack| person.is(ack.by.as_str()));
    acknowledged || alert.snooze.as_ref().is_some_and(|snooze| person.is(snooze.by.as_str()))
}

fn moved(alert: &Alert, givers: &[&Person], asker: &Asker, now: Now) -> Vec<AlertEvent> {
    let theirs = |owner: &SafeText| givers.iter().any(|giver| giver.is(owner.as_str()));
    let (by, at) = (asker.name.clone(), now.wall);
    let acknowledgement = alert.acknowledgement.as_ref().filter(|ack| theirs(&ack.by));
    let acknowledged = acknowledgement.map(|ack| AlertEvent::Acknowledged {
        alert: alert.id,
        acknowledgement: Acknowledgement { by: by.clone(), at, ..ack.clone() },
    });
    // An acknowledgement ends a snooze, so one that stands beside it is said again.
    let snooze = alert.snooze.as_ref().filter(|snooze| theirs(&snooze.by) || acknowledged.is_some());
    let snoozed = snooze.map(|snooze| {
        let snooze = if theirs(&snooze.by) { Snooze { by, at, ..snooze.clone() } } else { snooze.clone() };
        AlertEvent::Snoozed { alert: alert.id, snooze }
    });
    acknowledged.into_iter().chain(snoozed).collect()
}
