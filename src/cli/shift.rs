//! `shift`: what happened since a shift began, as text for a mail to who comes after.

use std::fmt::Write as _;

use jiff::tz::TimeZone;
use serde::Serialize;

use crate::cli::alert_json::{AlertJson, alert_json};
use crate::cli::alerts::what;
use crate::cli::arguments::Shift;
use crate::cli::event_words::{short_clock, wall_clock};
use crate::cli::exit::Failure;
use crate::cli::fleet_filter::FleetFilter;
use crate::cli::gather::{Part, gather};
use crate::cli::id::id;
use crate::cli::json::rfc3339;
use crate::cli::output;
use crate::fleet::alerts::Alert;
use crate::fleet::words::spoken_id::spoken_id;
use crate::fleet::words::{AlertId, SafeText, Timestamp};
use crate::settings::directories::Directories;
use crate::settings::hub::system_zone;
use crate::wire::pb::query_request::Kind;
use crate::wire::pb::{QueryRequest, ShiftLog};

/// More of what closed than this is counted, not listed, as text.
const SHOWN: usize = 50;

/// A shift as `--json` prints it.
#[derive(Debug, Serialize)]
struct ShiftJson {
    fleet: String,
    since: String,
    person: Option<String>,
    opened: Vec<String>,
    closed: Vec<String>,
    owned: Vec<String>,
    owned_by_others: Vec<String>,
    snoozed: Vec<String>,
    unowned: Vec<String>,
    notes: Vec<NoteJson>,
    alerts: Vec<AlertJson>,
}

#[derive(Debug, Serialize)]
struct NoteJson {
    at: String,
    by: String,
    alert: String,
    note: String,
}

/// Does it.
///
/// # Errors
/// Wrong usage, or a fleet that could not be asked.
pub async fn run(verb: &Shift, directories: &Directories) -> Result<(), Failure> {
    let before = verb.since.map_or(0, |since| u64::try_from(since.0).unwrap_or_default());
    let request = QueryRequest { kind: Kind::Shift.into(), before, ..QueryRequest::default() };
    let gathered = gather(&verb.fleets, directories, &FleetFilter::default(), request).await?;
    if !gathered.is_nothing() {
        if verb.json {
            output::json(&gathered.parts.iter().map(to_json).collect::<Vec<_>>())?;
        } else {
            let texts: Vec<String> = gathered.parts.iter().map(|part| text(part, &system_zone())).collect();
            output::print(&texts.join("\n"))?;
        }
    }
    gathered.finish()
}

fn log(part: &Part) -> ShiftLog {
    part.answer.shift.clone().unwrap_or_default()
}

fn to_json(part: &Part) -> ShiftJson {
    let log = log(part);
    let ids = |list: &[u64]| list.iter().map(|number| id(&part.fleet, number)).collect::<Vec<_>>();
    ShiftJson {
        fleet: part.fleet.clone(),
        since: rfc3339(Timestamp(log.since)),
        person: (!log.person.is_empty()).then(|| SafeText::line(&log.person).to_string()),
        opened: ids(&log.opened),
        closed: ids(&log.closed),
        owned: ids(&log.owned),
        owned_by_others: ids(&log.owned_by_others),
        snoozed: ids(&log.snoozed),
        unowned: ids(&log.unowned),
        notes: log
            .notes
            .iter()
            .map(|note| NoteJson {
                at: rfc3339(Timestamp(note.at)),
                by: SafeText::line(&note.by).to_string(),
                alert: id(&part.fleet, note.alert),
                note: SafeText::new(&note.note).to_string(),
            })
            .collect(),
        alerts: part
            .answer
            .fleet
            .alerts
            .alerts
            .values()
            .map(|alert| alert_json(&part.fleet, &part.answer, alert))
            .collect(),
    }
}

/// The text of one fleet's shift.
fn text(part: &Part, zone: &TimeZone) -> String {
    let (log, now) = (log(part), part.answer.hub_time);
    let clock = |at: Timestamp| short_clock(at, now, zone);
    let person = SafeText::line(&log.person);
    let whose = if person.is_empty() { String::new() } else { format!(" of {person}") };
    let mut text = format!(
        "Shift{whose} on {}, {} until {}\n{} opened, {} closed, {} open without an owner\n",
        part.fleet,
        wall_clock(Timestamp(log.since), zone),
        clock(now),
        log.opened.len(),
        log.closed.len(),
        log.unowned.len(),
    );
    let mine = if person.is_empty() { "Owned by you".to_owned() } else { format!("Owned by {person}") };
    let lists = [
        ("Open, nobody has it", &log.unowned),
        (mine.as_str(), &log.owned),
        ("Owned by others", &log.owned_by_others),
        ("Put aside, back soonest first", &log.snoozed),
        ("Closed", &log.closed),
    ];
    for (title, list) in lists {
        if list.is_empty() {
            continue;
        }
        // Writing to a String cannot fail.
        let _ = writeln!(text, "\n{title}:");
        for number in list.iter().take(SHOWN) {
            let _ = writeln!(text, "  {}", line(part, AlertId(*number), &clock));
        }
        if list.len() > SHOWN {
            let _ = writeln!(text, "  and {} more", list.len() - SHOWN);
        }
    }
    if !log.notes.is_empty() {
        text.push_str("\nNotes:\n");
    }
    for note in &log.notes {
        let (by, said) = (SafeText::line(&note.by), SafeText::line(&note.note));
        let _ = writeln!(text, "  {} {} {by}: {said}", clock(Timestamp(note.at)), spoken_id(AlertId(note.alert)));
    }
    text
}

fn line(part: &Part, number: AlertId, clock: &dyn Fn(Timestamp) -> String) -> String {
    let Some(alert) = part.answer.fleet.alerts.alerts.get(&number) else {
        return format!("{} went to the archive; `watchfloor alert {number}` tells of it", spoken_id(number));
    };
    let alert: &Alert = alert;
    let host =
        alert.host.and_then(|host| part.answer.host_name(host)).map_or_else(String::new, |name| format!("{name} "));
    let mut line = format!(
        "{} {} {} {host}{}: {} (since {})",
        spoken_id(number),
        alert.level,
        alert.client,
        what(alert),
        alert.summary,
        clock(alert.opened_at)
    );
    if let Some(owner) = alert.owner().filter(|_| alert.is_open()) {
        let _ = write!(line, ", {owner}");
    }
    if let Some(snooze) = &alert.snooze {
        let _ = write!(line, ", back {}", clock(snooze.until));
    }
    line
}
