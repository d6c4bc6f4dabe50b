//! `notices`: what went out to whom, and whether it arrived; `notice test`: a page that must be answered.

use serde::Serialize;

use crate::cli::arguments::{NoticeVerb, Notices};
use crate::cli::exit::Failure;
use crate::cli::fleet_filter::FleetFilter;
use crate::cli::gather::{Gathered, gather};
use crate::cli::id::id;
use crate::cli::json::rfc3339;
use crate::cli::output::{self, Output};
use crate::cli::reach::reach_one;
use crate::cli::send::send_verb;
use crate::cli::table::{Cell, Column, Tone};
use crate::fleet::notices::{Notice, State};
use crate::fleet::words::duration::compact;
use crate::fleet::words::{NoticeId, SafeText, Timestamp};
use crate::settings::directories::Directories;
use crate::wire::pb::act_request::Verb;
use crate::wire::pb::query_request::Kind;
use crate::wire::pb::{QueryRequest, TestNotice};

const COLUMNS: [Column; 8] = [
    Column::new("ID"),
    Column::new("STATE"),
    Column::right("AGE"),
    Column::new("KIND"),
    Column::shrinking("TO"),
    Column::shrinking("BY"),
    Column::right("ALERTS"),
    Column::shrinking("WORDS"),
];

/// A notice as scripts see it.
#[derive(Debug, Serialize)]
struct NoticeJson {
    fleet: String,
    id: String,
    kind: &'static str,
    state: &'static str,
    to: String,
    channels: Vec<String>,
    channel: Option<String>,
    client: Option<String>,
    severity: &'static str,
    alerts: Vec<String>,
    count: u32,
    step: u32,
    round: u32,
    note: String,
    queued_at: String,
    since: String,
    words: String,
}

/// Lists them, the newest first.
///
/// # Errors
/// A fleet could not be asked.
pub async fn run(verb: &Notices, directories: &Directories) -> Result<(), Failure> {
    let request = QueryRequest { kind: Kind::Notices.into(), limit: verb.limit, ..QueryRequest::default() };
    let gathered = gather(&verb.fleets, directories, &FleetFilter::of_arguments(&[])?, request).await?;
    if !gathered.is_nothing() {
        show(&gathered, verb.json)?;
    }
    gathered.finish()
}

fn show(gathered: &Gathered, json: bool) -> Result<(), Failure> {
    let mut rows: Vec<(&str, Timestamp, &Notice)> = Vec::new();
    for part in &gathered.parts {
        let notices = part.answer.fleet.notices.notices.values();
        rows.extend(notices.map(|notice| (part.fleet.as_str(), part.answer.hub_time, notice.as_ref())));
    }
    rows.sort_by(|a, b| (b.2.queued_at, b.2.id, a.0).cmp(&(a.2.queued_at, a.2.id, b.0)));
    if json {
        return output::json(&rows.iter().map(|(fleet, _, notice)| notice_json(fleet, notice)).collect::<Vec<_>>());
    }
    let rows: Vec<Vec<Cell>> = rows.iter().map(|row| to_row(row, gathered.is_mixed())).collect();
    Output::of_environment().table(&COLUMNS, &rows, "no notice")
}

fn notice_json(fleet: &str, notice: &Notice) -> NoticeJson {
    NoticeJson {
        fleet: fleet.to_owned(),
        id: id(fleet, notice.id),
        kind: notice.kind.word(),
        state: notice.state.word(),
        to: notice.to.as_str().to_owned(),
        channels: notice.channels.iter().map(|channel| channel.as_str().to_owned()).collect(),
        channel: notice.in_use().map(|channel| channel.as_str().to_owned()),
        client: notice.client.as_ref().map(ToString::to_string),
        severity: notice.severity.word(),
        alerts: notice.alerts.iter().map(|alert| id(fleet, alert)).collect(),
        count: notice.count,
        step: notice.step,
        round: notice.round,
        note: notice.note.as_str().to_owned(),
        queued_at: rfc3339(notice.queued_at),
        since: rfc3339(notice.since),
        words: notice.words.as_str().to_owned(),
    }
}

fn to_row((fleet, now, notice): &(&str, Timestamp, &Notice), is_mixed: bool) -> Vec<Cell> {
    let tone = match notice.state {
        State::Failed => Tone::Critical,
        State::Waiting => Tone::Warning,
        State::Delivered | State::Answered => Tone::Good,
        State::Sent => Tone::Plain,
    };
    vec![
        Cell::plain(if is_mixed { id(fleet, notice.id) } else { notice.id.to_string() }),
        Cell::new(notice.state.word(), tone),
        Cell::plain(compact(now.since(notice.queued_at))),
        Cell::plain(notice.kind.word()),
        Cell::plain(&notice.to),
        Cell::plain(notice.in_use().map_or("", SafeText::as_str)),
        Cell::plain(notice.count.to_string()),
        Cell::plain(&notice.words),
    ]
}

/// Sends a test page.
///
/// # Errors
/// No such person, or the hub refuses.
pub async fn test(verb: &NoticeVerb, directories: &Directories) -> Result<(), Failure> {
    let NoticeVerb::Test { person, fleets } = verb;
    let mut link = reach_one(fleets, directories, None, "a test page without its fleet").await?;
    let reply = send_verb(&mut link, Verb::TestNotice(TestNotice { person: person.clone() })).await?;
    let notice = reply.done.first().map(|notice| id(&link.name, NoticeId(*notice))).unwrap_or_default();
    output::print(&format!(
        "test page {notice} to {} is on its way; `watchfloor notices` says when it is answered\n",
        SafeText::line(person).as_str()
    ))
}
