//! `alerts`: the alerts of all fleets that are meant, the most urgent first.

use std::cmp::Reverse;

use crate::cli::alert_json::{AlertJson, alert_json};
use crate::cli::arguments::Alerts;
use crate::cli::exit::Failure;
use crate::cli::fleet_filter::FleetFilter;
use crate::cli::gather::{Gathered, Part, gather};
use crate::cli::id::id;
use crate::cli::output::{self, Output};
use crate::cli::table::{Cell, Column};
use crate::cli::tones;
use crate::fleet::alerts::{Alert, Subject};
use crate::fleet::words::duration::compact;
use crate::fleet::words::spoken_id::spoken_id;
use crate::settings::directories::Directories;
use crate::wire::pb::QueryRequest;
use crate::wire::pb::query_request::Kind;

const COLUMNS: [Column; 10] = [
    Column::new("ID"),
    Column::new("SAY"),
    Column::new("SEV"),
    Column::new("LANE"),
    Column::right("AGE"),
    Column::shrinking("CLIENT"),
    Column::shrinking("HOST"),
    Column::shrinking("WHAT"),
    Column::shrinking("OWNER"),
    Column::shrinking("SUMMARY"),
];

/// Does it.
///
/// # Errors
/// Wrong usage, or a fleet that could not be asked.
pub async fn run(verb: &Alerts, directories: &Directories) -> Result<(), Failure> {
    let filter = FleetFilter::of_arguments(&verb.filter)?;
    let request = QueryRequest { kind: Kind::Alerts.into(), all: verb.all, ..QueryRequest::default() };
    let gathered = gather(&verb.fleets, directories, &filter, request).await?;
    if !gathered.is_nothing() {
        let empty = if verb.filter.is_empty() && !verb.all { "no open alert" } else { "no alert matches" };
        show(&gathered, verb.json, empty)?;
    }
    gathered.finish()
}

fn show(gathered: &Gathered, json: bool, empty: &str) -> Result<(), Failure> {
    let mut rows: Vec<(&Part, &Alert)> = gathered
        .parts
        .iter()
        .flat_map(|part| part.answer.fleet.alerts.alerts.values().map(move |alert| (part, alert.as_ref())))
        .collect();
    rows.sort_by(|(part, alert), (other, second)| order(part, alert).cmp(&order(other, second)));
    if json {
        let alerts: Vec<AlertJson> =
            rows.into_iter().map(|(part, alert)| alert_json(&part.fleet, &part.answer, alert)).collect();
        return output::json(&alerts);
    }
    let rows: Vec<Vec<Cell>> = rows.into_iter().map(|(part, alert)| to_row(part, alert, gathered.is_mixed())).collect();
    Output::of_environment().table(&COLUMNS, &rows, empty)
}

/// Open before resolved, then by lane and gravity, the oldest first; resolved ones newest first.
fn order<'r>(part: &'r Part, alert: &'r Alert) -> impl Ord + use<'r> {
    let resolved = alert.resolved_at.map(Reverse);
    let urgency = alert.is_open().then(|| (alert.lane(), Reverse(alert.severity()), Reverse(alert.level.gravity())));
    (!alert.is_open(), urgency, resolved, alert.opened_at, &part.fleet, alert.id)
}

fn to_row(part: &Part, alert: &Alert, is_mixed: bool) -> Vec<Cell> {
    let host = alert.host.map(|host| {
        part.answer.host_name(host).map_or_else(|| format!("host {host}"), |name| name.as_str().to_owned())
    });
    let state = if alert.is_open() { tones::lane(alert.lane()) } else { Cell::quiet("resolved") };
    vec![
        Cell::plain(if is_mixed { id(&part.fleet, alert.id) } else { alert.id.to_string() }),
        Cell::quiet(spoken_id(alert.id)),
        if alert.is_open() { tones::severity(alert.severity()) } else { Cell::quiet(alert.severity().word()) },
        state,
        Cell::plain(compact(part.answer.hub_time.since(alert.opened_at))),
        Cell::plain(alert.client.as_str()),
        Cell::plain(host.as_deref().unwrap_or("-")),
        Cell::plain(what(alert)),
        Cell::plain(alert.owner().map_or("-", |owner| owner.as_str())),
        Cell::plain(&alert.summary),
    ]
}

/// What it is about, beside the host's name.
#[must_use]
pub fn what(alert: &Alert) -> String {
    match &alert.subject {
        Subject::Check { check, .. } => check.to_string(),
        Subject::Host(_) => "host".to_owned(),
        Subject::Site(site) => format!("site {site}"),
        Subject::Backup(job) => format!("backup {}", job.as_str()),
        Subject::External { source, .. } => source.as_str().to_owned(),
    }
}
