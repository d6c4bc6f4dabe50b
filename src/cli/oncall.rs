//! `oncall`: who is on call now and next, at the time of their place; and duty swapped by hand.

use jiff::tz::TimeZone;
use serde::Serialize;

use crate::cli::arguments::{Fleets, OnCall, OnCallVerb, Standing};
use crate::cli::exit::Failure;
use crate::cli::fleet_filter::FleetFilter;
use crate::cli::gather::{Gathered, Part, gather};
use crate::cli::id::{NumberArgument, id};
use crate::cli::json::{rfc3339, rfc3339_or_null};
use crate::cli::output::{self, Output};
use crate::cli::reach::reach_one;
use crate::cli::send::send_verb;
use crate::cli::table::{Cell, Column, Tone};
use crate::fleet::oncall::{Duty, Override, Person, Policy};
use crate::fleet::words::{SafeText, Timestamp};
use crate::settings::directories::Directories;
use crate::wire::pb::act_request::Verb;
use crate::wire::pb::query_request::Kind;
use crate::wire::pb::{EndOverride, OverrideDuty, QueryRequest};

const COLUMNS: [Column; 5] = [
    Column::shrinking("SCHEDULE"),
    Column::shrinking("NOW"),
    Column::new("SINCE"),
    Column::shrinking("NEXT"),
    Column::new("FROM"),
];
const OVERRIDES: [Column; 7] = [
    Column::new("OVERRIDE"),
    Column::shrinking("SCHEDULE"),
    Column::shrinking("PERSON"),
    Column::new("FROM"),
    Column::new("UNTIL"),
    Column::new("BY"),
    Column::shrinking("NOTE"),
];

/// Who is on call in one fleet, as `--json` prints it.
#[derive(Debug, Serialize)]
struct OnCallJson {
    fleet: String,
    schedules: Vec<ScheduleJson>,
    people: Vec<PersonJson>,
    policies: Vec<PolicyJson>,
}

#[derive(Debug, Serialize)]
struct ScheduleJson {
    schedule: String,
    timezone: String,
    now: Vec<String>,
    since: String,
    next: Vec<String>,
    changes_at: Option<String>,
    overrides: Vec<OverrideJson>,
}

#[derive(Debug, Serialize)]
struct OverrideJson {
    id: String,
    person: String,
    from: String,
    until: String,
    by: String,
    note: String,
}

#[derive(Debug, Serialize)]
struct PersonJson {
    person: String,
    name: String,
    timezone: String,
    channels: Vec<String>,
    identities: Vec<String>,
    on_duty: bool,
    hands_over_to: Option<String>,
}

#[derive(Debug, Serialize)]
struct PolicyJson {
    policy: String,
    steps: Vec<StepJson>,
    repeat_seconds: u64,
    rounds: u32,
}

#[derive(Debug, Serialize)]
struct StepJson {
    after_seconds: u64,
    to: Vec<String>,
}

/// Does it.
///
/// # Errors
/// Wrong usage, a fleet that could not be asked, or a change its hub refused.
pub async fn run(verb: &OnCall, directories: &Directories) -> Result<(), Failure> {
    match &verb.verb {
        None => list(verb.json, &verb.fleets, directories).await,
        Some(OnCallVerb::Take { schedule, when }) => stand_in(schedule, None, when, directories).await,
        Some(OnCallVerb::Give { schedule, person, when }) => stand_in(schedule, Some(person), when, directories).await,
        Some(OnCallVerb::End { id, fleets }) => end(id, fleets, directories).await,
    }
}

async fn stand_in(
    schedule: &str,
    person: Option<&String>,
    when: &Standing,
    directories: &Directories,
) -> Result<(), Failure> {
    let mut link = reach_one(&when.fleets, directories, None, "who is on duty").await?;
    let begins = when.from.unwrap_or(link.hub_time());
    let until = when.until.or(when.span.map(|span| begins + span));
    let request = OverrideDuty {
        schedule: schedule.to_owned(),
        person: person.cloned().unwrap_or_default(),
        from: when.from.map_or(0, |from| from.0),
        until: until.map_or(0, |until| until.0),
        note: when.message.clone().unwrap_or_default(),
    };
    let reply = send_verb(&mut link, Verb::OverrideDuty(request)).await?;
    let number = reply.done.first().copied().unwrap_or_default();
    let who = person.map_or("you stand", |person| person.as_str());
    let stands = if person.is_some() { " stands" } else { "" };
    let number = id(&link.name, number);
    output::print(&format!("{who}{stands} in on {schedule}; `watchfloor oncall end {number}` takes it back\n"))
}

async fn end(named: &NumberArgument, fleets: &Fleets, directories: &Directories) -> Result<(), Failure> {
    let mut link = reach_one(fleets, directories, named.fleet.as_deref(), "an override's number").await?;
    send_verb(&mut link, Verb::EndOverride(EndOverride { id: named.number })).await?;
    output::print(&format!("override {} ended\n", id(&link.name, named.number)))
}

async fn list(json: bool, fleets: &Fleets, directories: &Directories) -> Result<(), Failure> {
    let request = QueryRequest { kind: Kind::OnCall.into(), ..QueryRequest::default() };
    let gathered = gather(fleets, directories, &FleetFilter::default(), request).await?;
    if !gathered.is_nothing() {
        if json {
            output::json(&gathered.parts.iter().map(to_json).collect::<Vec<_>>())?;
        } else {
            show(&gathered)?;
        }
    }
    gathered.finish()
}

fn show(gathered: &Gathered) -> Result<(), Failure> {
    let mixed = gathered.is_mixed();
    let duties = || {
        let parts = gathered.parts.iter();
        parts.flat_map(|part| part.answer.fleet.oncall.duties.values().map(move |duty| (part, duty.as_ref())))
    };
    let rows: Vec<Vec<Cell>> = duties().map(|(part, duty)| to_row(part, duty, mixed)).collect();
    let empty = "no on-call schedule: write [schedules.NAME] into policies.toml of the hub's configuration";
    let out = Output::of_environment();
    out.table(&COLUMNS, &rows, empty)?;
    let overrides: Vec<Vec<Cell>> = duties()
        .flat_map(|(part, duty)| duty.overrides.iter().map(move |over| override_row(part, duty, over, mixed)))
        .collect();
    if overrides.is_empty() {
        return Ok(());
    }
    output::print("\n")?;
    out.table(&OVERRIDES, &overrides, "")
}

fn named(part: &Part, name: &str, mixed: bool) -> String {
    if mixed { id(&part.fleet, name) } else { name.to_owned() }
}

fn to_row(part: &Part, duty: &Duty, mixed: bool) -> Vec<Cell> {
    let roster = &duty.roster;
    let nobody = || Cell::new("nobody", Tone::Warning);
    let from = match roster.changes_at {
        Some(at) => Cell::plain(local(at, part.answer.hub_time, roster.zone.as_str())),
        None => Cell::quiet("-"),
    };
    let next = match roster.changes_at {
        None => Cell::quiet("-"),
        Some(_) if roster.next.is_empty() => nobody(),
        Some(_) => Cell::plain(people(part, &roster.next)),
    };
    vec![
        Cell::plain(named(part, roster.schedule.as_str(), mixed)),
        if roster.now.is_empty() { nobody() } else { Cell::plain(people(part, &roster.now)) },
        Cell::quiet(local(roster.since, part.answer.hub_time, roster.zone.as_str())),
        next,
        from,
    ]
}

fn override_row(part: &Part, duty: &Duty, over: &Override, mixed: bool) -> Vec<Cell> {
    let zone = duty.roster.zone.as_str();
    let now = part.answer.hub_time;
    vec![
        Cell::plain(named(part, &over.id.to_string(), mixed)),
        Cell::plain(&duty.roster.schedule),
        Cell::plain(&over.person),
        Cell::plain(local(over.from, now, zone)),
        Cell::plain(local(over.until, now, zone)),
        Cell::quiet(&over.by),
        Cell::plain(&over.note),
    ]
}

/// The names on their doors.
fn people(part: &Part, names: &[SafeText]) -> String {
    let full = |name: &SafeText| {
        let person = part.answer.fleet.oncall.people.get(name);
        match person.map(|person| &person.full_name).filter(|full| *full != name) {
            Some(full) => format!("{name} ({full})"),
            None => name.to_string(),
        }
    };
    names.iter().map(full).collect::<Vec<_>>().join(", ")
}

/// A moment by the clock of a place: `Mon 09:00 CET`, with the date where it is further than six days off.
fn local(at: Timestamp, now: Timestamp, zone: &str) -> String {
    let zone = TimeZone::get(zone).or_else(|_| TimeZone::try_system()).unwrap_or(TimeZone::UTC);
    let moment = jiff::Timestamp::from_millisecond(at.0).unwrap_or_default().to_zoned(zone);
    let is_near = at.since(now).max(now.since(at)) < std::time::Duration::from_secs(6 * 86_400);
    let form = if is_near { "%a %H:%M %Z" } else { "%Y-%m-%d %H:%M %Z" };
    moment.strftime(form).to_string()
}

fn strings(names: &[SafeText]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}

fn to_json(part: &Part) -> OnCallJson {
    let oncall = &part.answer.fleet.oncall;
    let schedule = |duty: &Duty| ScheduleJson {
        schedule: duty.roster.schedule.to_string(),
        timezone: duty.roster.zone.to_string(),
        now: strings(&duty.roster.now),
        since: rfc3339(duty.roster.since),
        next: strings(&duty.roster.next),
        changes_at: rfc3339_or_null(duty.roster.changes_at),
        overrides: duty.overrides.iter().map(|over| override_json(part, over)).collect(),
    };
    let person = |person: &Person| PersonJson {
        person: person.name.to_string(),
        name: person.full_name.to_string(),
        timezone: person.zone.to_string(),
        channels: strings(&person.channels),
        identities: strings(&person.identities),
        on_duty: oncall.is_on_duty(&person.name),
        hands_over_to: person.offer.as_ref().map(|offer| offer.to.to_string()),
    };
    let policy = |policy: &Policy| PolicyJson {
        policy: policy.name.to_string(),
        steps: policy
            .steps
            .iter()
            .map(|step| StepJson { after_seconds: step.after.as_secs(), to: strings(&step.to) })
            .collect(),
        repeat_seconds: policy.repeat.as_secs(),
        rounds: policy.rounds,
    };
    OnCallJson {
        fleet: part.fleet.clone(),
        schedules: oncall.duties.values().map(|duty| schedule(duty)).collect(),
        people: oncall.people.values().map(|known| person(known)).collect(),
        policies: oncall.policies.values().map(|known| policy(known)).collect(),
    }
}

fn override_json(part: &Part, over: &Override) -> OverrideJson {
    OverrideJson {
        id: id(&part.fleet, over.id),
        person: over.person.to_string(),
        from: rfc3339(over.from),
        until: rfc3339(over.until),
        by: over.by.to_string(),
        note: over.note.to_string(),
    }
}
