//! `checks`: the checks of all fleets that are meant with their newest results, worst first.

use std::cmp::Reverse;

use serde::Serialize;

use crate::cli::arguments::Checks;
use crate::cli::exit::Failure;
use crate::cli::fleet_filter::FleetFilter;
use crate::cli::gather::{Gathered, Part, gather};
use crate::cli::id::id;
use crate::cli::json::rfc3339;
use crate::cli::output::{self, Output};
use crate::cli::table::{Cell, Column};
use crate::cli::tones;
use crate::fleet::checks::CheckStatus;
use crate::fleet::words::duration::compact;
use crate::settings::directories::Directories;
use crate::wire::pb::QueryRequest;
use crate::wire::pb::query_request::Kind;

const COLUMNS: [Column; 6] = [
    Column::new("STATE"),
    Column::right("FOR"),
    Column::new("TRY"),
    Column::shrinking("HOST"),
    Column::shrinking("CHECK"),
    Column::shrinking("SUMMARY"),
];
/// As above, with the fleet in front.
const MIXED: [Column; 7] =
    [Column::shrinking("FLEET"), COLUMNS[0], COLUMNS[1], COLUMNS[2], COLUMNS[3], COLUMNS[4], COLUMNS[5]];

/// A check as `--json` prints it.
#[derive(Debug, PartialEq, Serialize)]
struct CheckJson {
    fleet: String,
    host: Option<String>,
    host_id: String,
    client: Option<String>,
    site: Option<String>,
    check: String,
    state: &'static str,
    hard: bool,
    attempt: u32,
    max_attempts: u32,
    stale: bool,
    flapping: bool,
    since: String,
    summary: String,
    perfdata: String,
    interval_seconds: u64,
}

/// Does it.
///
/// # Errors
/// Wrong usage, or a fleet that could not be asked.
pub async fn run(verb: &Checks, directories: &Directories) -> Result<(), Failure> {
    let filter = FleetFilter::of_arguments(&verb.filter)?;
    let request = QueryRequest { kind: Kind::Checks.into(), ..QueryRequest::default() };
    let gathered = gather(&verb.fleets, directories, &filter, request).await?;
    if !gathered.is_nothing() {
        show(&gathered, verb.json)?;
    }
    gathered.finish()
}

fn show(gathered: &Gathered, json: bool) -> Result<(), Failure> {
    let mut rows: Vec<(&Part, &CheckStatus)> = gathered
        .parts
        .iter()
        .flat_map(|part| part.answer.fleet.checks.all().map(move |check| (part, check.as_ref())))
        .collect();
    rows.sort_by(|(part, check), (other, second)| order(part, check).cmp(&order(other, second)));
    if json {
        let checks: Vec<CheckJson> = rows.into_iter().map(|(part, check)| to_json(part, check)).collect();
        return output::json(&checks);
    }
    let is_mixed = gathered.is_mixed();
    let rows: Vec<Vec<Cell>> = rows.into_iter().map(|(part, check)| to_row(part, check, is_mixed)).collect();
    let columns: &[Column] = if is_mixed { &MIXED } else { &COLUMNS };
    let empty =
        "no check: hosts report theirs once they are linked; ask with another filter, or see `watchfloor hosts`";
    Output::of_environment().table(columns, &rows, empty)
}

/// Worst first; what is stale before what is well, for nobody knows.
fn order<'r>(part: &'r Part, check: &'r CheckStatus) -> impl Ord + use<'r> {
    let host = part.answer.host_name(check.host);
    (Reverse((check.state.gravity(), check.stale)), host, &part.fleet, check.host, &check.check)
}

fn to_json(part: &Part, check: &CheckStatus) -> CheckJson {
    let host = part.answer.fleet.hosts.hosts.get(&check.host);
    CheckJson {
        fleet: part.fleet.clone(),
        host: host.map(|host| host.name.as_str().to_owned()),
        host_id: id(&part.fleet, check.host),
        client: host.map(|host| host.client.to_string()),
        site: host.map(|host| host.site.to_string()),
        check: check.check.to_string(),
        state: check.state.word(),
        hard: check.hard,
        attempt: check.attempt,
        max_attempts: check.max_attempts,
        stale: check.stale,
        flapping: check.flapping,
        since: rfc3339(check.since),
        summary: check.summary.as_str().to_owned(),
        perfdata: check.perfdata.as_str().to_owned(),
        interval_seconds: check.interval_ms / 1000,
    }
}

fn to_row(part: &Part, check: &CheckStatus, is_mixed: bool) -> Vec<Cell> {
    let host = part.answer.host_name(check.host).map_or_else(|| format!("host {}", check.host), ToString::to_string);
    let attempt = match (check.flapping, check.hard) {
        (true, _) => "flaps".to_owned(),
        (false, true) => String::new(),
        (false, false) => format!("{}/{}", check.attempt, check.max_attempts),
    };
    let row = [
        tones::check_state(check.state, check.stale),
        Cell::plain(compact(part.answer.hub_time.since(check.since))),
        Cell::quiet(attempt),
        Cell::plain(host),
        Cell::plain(check.check.as_str()),
        Cell::plain(&check.summary),
    ];
    is_mixed.then(|| Cell::plain(&part.fleet)).into_iter().chain(row).collect()
}
