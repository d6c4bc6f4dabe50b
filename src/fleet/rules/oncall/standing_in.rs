//! Duty swapped by hand: somebody stands in on a schedule for a while.

use std::time::Duration;

use crate::fleet::configuration::{Configuration, rota};
use crate::fleet::identity::Audience;
use crate::fleet::oncall::{Event, MOST_OVERRIDES, Override};
use crate::fleet::rules::decision::{Answer, Refusal};
use crate::fleet::rules::input::{Asker, DutyRequest};
use crate::fleet::rules::ledger::Ledger;
use crate::fleet::rules::oncall::{changed, named_person, person_of, refuse_scoped, roster, told, unknown};
use crate::fleet::state::{self, Fleet};
use crate::fleet::words::nearest::nearest;
use crate::fleet::words::{Now, SafeText};

/// How long somebody stands in where nothing says when: where no handoff can be foreseen.
const USUAL: Duration = Duration::from_secs(8 * 60 * 60);
/// The longest that somebody stands in: what lasts longer belongs into the file.
const LONGEST: Duration = Duration::from_secs(92 * 24 * 60 * 60);

type Outcome = (Vec<(Audience, state::Event)>, Answer);

/// Decides that somebody stands in; the answer has the number of the override.
///
/// # Errors
/// There is no such schedule or person, or the time is none.
pub fn override_duty(
    fleet: &Fleet,
    ledger: &Ledger,
    configuration: &Configuration,
    asker: &Asker,
    request: &DutyRequest,
    now: Now,
) -> Result<Outcome, Refusal> {
    refuse_scoped(asker, "who is on duty")?;
    let name = &request.schedule;
    let schedules = || configuration.oncall.schedules.iter().map(|schedule| schedule.name.as_str());
    let schedule = configuration.oncall.schedule(name.as_str());
    let (Some(schedule), Some(duty)) = (schedule, fleet.oncall.duties.get(name)) else {
        return Err(unknown("on-call schedule", name.as_str(), nearest(name.as_str(), schedules())));
    };
    let person = match &request.person {
        Some(person) => named_person(fleet, person)?,
        None => person_of(fleet, asker)?,
    };
    let from = request.from.unwrap_or(now.wall);
    let until = request
        .until
        .or_else(|| rota::next_change(schedule, &[], from).filter(|change| change.since(from) <= LONGEST))
        .unwrap_or(from + USUAL);
    let invalid = |why: &str| Err(Refusal::Invalid(why.to_owned()));
    if until <= now.wall {
        return invalid("the time it is to end at has passed; give a later one");
    }
    if until <= from {
        return invalid("it is to end before it begins; give a later end, or an earlier beginning");
    }
    if until.since(now.wall) > LONGEST {
        return invalid("it would last for more than three months; give an earlier end, or change the schedule's file");
    }
    if duty.overrides.len() >= MOST_OVERRIDES {
        return Err(Refusal::Conflict(format!(
            "{MOST_OVERRIDES} overrides of {} wait already; end one with `watchfloor oncall end ID`",
            name.as_str()
        )));
    }
    let id = ledger.counters.clone().next_duty_override();
    let over =
        Override { id, person: person.name.clone(), from, until, by: asker.name.clone(), note: request.note.clone() };
    let mut overrides = duty.overrides.clone();
    overrides.push(over.clone());
    let mut events = vec![told(Event::Overridden { schedule: name.clone(), over })];
    let after = roster(schedule, &overrides, Some(&duty.roster), now.wall);
    if after != duty.roster {
        events.extend(changed(fleet, configuration, vec![after]));
    }
    Ok((events, Answer { done: vec![id], ..Answer::default() }))
}

/// Decides that somebody stands in no more.
///
/// # Errors
/// There is no such override.
pub fn end_override(
    fleet: &Fleet,
    configuration: &Configuration,
    asker: &Asker,
    id: u64,
    now: Now,
) -> Result<Outcome, Refusal> {
    refuse_scoped(asker, "who is on duty")?;
    let Some((duty, over)) = fleet.oncall.find_override(id) else {
        return Err(Refusal::NotFound(format!("there is no override {id}; `watchfloor oncall` lists them")));
    };
    let name: &SafeText = &duty.roster.schedule;
    let mut events = vec![told(Event::OverrideEnded { schedule: name.clone(), id: over.id })];
    if let Some(schedule) = configuration.oncall.schedule(name.as_str()) {
        let overrides: Vec<Override> = duty.overrides.iter().filter(|known| known.id != id).cloned().collect();
        let after = roster(schedule, &overrides, Some(&duty.roster), now.wall);
        if after != duty.roster {
            events.extend(changed(fleet, configuration, vec![after]));
        }
    }
    Ok((events, Answer { done: vec![id], ..Answer::default() }))
}
