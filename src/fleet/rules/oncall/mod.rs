//! On call: who is on duty, who stands in, what goes from one shift to the next.

pub mod handing_over;
pub mod placing;
pub mod standing_in;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use crate::fleet::alerts::Event as AlertEvent;
use crate::fleet::configuration::{Configuration, Cover, OnCallSchedule, rota};
use crate::fleet::identity::Audience;
use crate::fleet::oncall::{Event, Override, Person, Roster};
use crate::fleet::rules::alerting::for_client;
use crate::fleet::rules::decision::Refusal;
use crate::fleet::rules::input::Asker;
use crate::fleet::state::{self, Fleet};
use crate::fleet::words::nearest::nearest;
use crate::fleet::words::{SafeText, Timestamp};

fn told(event: Event) -> (Audience, state::Event) {
    (Audience::EVERYONE, state::Event::OnCall(event))
}

/// The zone by its name; empty where it has none, so that nobody takes another clock for it.
fn zone_name(zone: &jiff::tz::TimeZone) -> SafeText {
    SafeText::new(zone.iana_name().unwrap_or_default())
}

/// Who is on duty by a schedule, with those who stand in; `known` is what was found last.
fn roster(schedule: &OnCallSchedule, overrides: &[Override], known: Option<&Roster>, at: Timestamp) -> Roster {
    let covers: Vec<Cover> = overrides
        .iter()
        .map(|over| Cover { person: over.person.clone(), from: over.from, until: over.until })
        .collect();
    let now: Vec<SafeText> = rota::on_duty(schedule, &covers, at).into_iter().collect();
    let next = rota::next_on_duty(schedule, &covers, at);
    // Who was away and is back meanwhile has not been there all the time.
    let goes_on = known.filter(|known| known.now == now && known.changes_at.is_none_or(|change| change > at));
    let since = goes_on.map(|known| known.since).unwrap_or_else(|| rota::since(schedule, &covers, at).unwrap_or(at));
    Roster {
        schedule: schedule.name.clone(),
        zone: zone_name(&schedule.zone),
        now,
        since,
        changes_at: next.as_ref().map(|(change, _)| *change),
        next: next.and_then(|(_, person)| person).into_iter().collect(),
    }
}

/// The events by which these rosters count from now on: with them what those who leave duty still own comes back.
fn changed(fleet: &Fleet, configuration: &Configuration, rosters: Vec<Roster>) -> Vec<(Audience, state::Event)> {
    let mut events = shift_ended(fleet, configuration, &rosters);
    events.extend(rosters.into_iter().map(|roster| told(Event::DutyChanged(Box::new(roster)))));
    events
}

/// What members of a rotation acknowledged who leave duty, and are on no other: what somebody off shift still owns is not
/// owned.
fn shift_ended(fleet: &Fleet, configuration: &Configuration, rosters: &[Roster]) -> Vec<(Audience, state::Event)> {
    let mut after: BTreeSet<&SafeText> = rosters.iter().flat_map(|roster| &roster.now).collect();
    let unchanged = fleet
        .oncall
        .duties
        .values()
        .filter(|duty| rosters.iter().all(|roster| roster.schedule != duty.roster.schedule));
    after.extend(unchanged.flat_map(|duty| &duty.roster.now));
    let is_member = |person: &SafeText| {
        let mut layers = configuration.oncall.schedules.iter().flat_map(|schedule| &schedule.layers);
        layers.any(|layer| layer.members.contains(person))
    };
    let left: Vec<&Person> = rosters
        .iter()
        .filter_map(|roster| fleet.oncall.duties.get(&roster.schedule))
        .flat_map(|duty| &duty.roster.now)
        .collect::<BTreeSet<_>>()
        .into_iter()
        .filter(|person| !after.contains(person) && is_member(person))
        .filter_map(|person| fleet.oncall.people.get(person).map(|person| &**person))
        .collect();
    if left.is_empty() {
        return Vec::new();
    }
    let theirs = |owner: &SafeText| left.iter().any(|person| person.is(owner.as_str()));
    let owned = fleet.alerts.open().filter(|alert| alert.acknowledgement.as_ref().is_some_and(|ack| theirs(&ack.by)));
    let ended = |alert| vec![AlertEvent::AcknowledgementEnded { alert, why: "shift ended".to_owned() }];
    owned.flat_map(|alert| for_client(&alert.client, ended(alert.id))).collect()
}

/// The person who asks.
fn person_of<'f>(fleet: &'f Fleet, asker: &Asker) -> Result<&'f Person, Refusal> {
    fleet.oncall.person_of(asker.name.as_str()).map(|person| &**person).ok_or_else(|| {
        Refusal::NotFound(format!(
            "no person of policies.toml is {name}; add identities = [\"{name}\"] to the person you are",
            name = asker.name.as_str()
        ))
    })
}

/// The person of this name, with a suggestion where there is none.
fn named_person<'f>(fleet: &'f Fleet, name: &SafeText) -> Result<&'f Person, Refusal> {
    fleet.oncall.people.get(name).map(|person| &**person).ok_or_else(|| {
        let known = fleet.oncall.people.keys().map(SafeText::as_str);
        unknown("person", name.as_str(), nearest(name.as_str(), known))
    })
}

fn unknown(what: &str, name: &str, near: Option<&str>) -> Refusal {
    let fix = near.map_or_else(
        || "`watchfloor oncall` lists them".to_owned(),
        |near| format!("did you mean {near}? `watchfloor oncall` lists them"),
    );
    Refusal::NotFound(format!("there is no {what} {name}; {fix}"))
}

fn refuse_scoped(asker: &Asker, what: &str) -> Result<(), Refusal> {
    match &asker.scope {
        None => Ok(()),
        Some(_) => Err(Refusal::NotPermitted(format!(
            "{} is limited to one client; {what} concerns the whole fleet, ask somebody who sees all of it",
            asker.name.as_str()
        ))),
    }
}
