//! `ping list`: the jobs that ping, worst first, with their URLs.

use serde::Serialize;

use crate::cli::arguments::{Fleets, PingVerb};
use crate::cli::exit::Failure;
use crate::cli::json::{rfc3339, rfc3339_or_null};
use crate::cli::output::{self, Output};
use crate::cli::query::{Answer, ask};
use crate::cli::reach::reach_one;
use crate::cli::table::{Cell, Column};
use crate::fleet::pings::{Ping, State};
use crate::fleet::words::duration::{compact, exact};
use crate::settings::directories::Directories;
use crate::wire::pb::QueryRequest;
use crate::wire::pb::query_request::Kind;

const COLUMNS: [Column; 7] = [
    Column::new("STATE"),
    Column::right("SUCCESS"),
    Column::right("EVERY"),
    Column::right("GRACE"),
    Column::shrinking("CLIENT"),
    Column::shrinking("NAME"),
    Column::new("URL"),
];

/// A ping as `--json` prints it.
#[derive(Debug, PartialEq, Serialize)]
struct PingJson {
    fleet: String,
    name: String,
    client: String,
    site: Option<String>,
    host: Option<String>,
    state: &'static str,
    state_since: String,
    period_seconds: u64,
    grace_seconds: u64,
    last_start_at: Option<String>,
    last_success_at: Option<String>,
    last_took_seconds: Option<f64>,
    due_at: String,
    runs: usize,
    output: String,
    url: Option<String>,
}

/// Does it.
///
/// # Errors
/// Wrong usage, or a fleet that could not be asked.
pub async fn run(verb: &PingVerb, directories: &Directories) -> Result<(), Failure> {
    let PingVerb::List { json, fleets } = verb;
    list(*json, fleets, directories).await
}

async fn list(json: bool, fleets: &Fleets, directories: &Directories) -> Result<(), Failure> {
    let link = reach_one(fleets, directories, None, "the list of pings").await?;
    let request = QueryRequest { kind: Kind::Pings.into(), ..QueryRequest::default() };
    let answer = ask(&link, request).await.map_err(|error| link.failure(&error))?;
    let mut pings: Vec<&Ping> = answer.fleet.pings.pings.values().map(AsRef::as_ref).collect();
    pings.sort_by_key(|ping| (State::ALL.iter().position(|state| *state == ping.state), &ping.description.name));
    if json {
        let pings: Vec<PingJson> = pings.into_iter().map(|ping| to_json(&link.name, &answer, ping)).collect();
        return output::json(&pings);
    }
    let rows: Vec<Vec<Cell>> = pings.into_iter().map(|ping| to_row(&answer, ping)).collect();
    let empty = "no ping: write [pings.NAME] with a period into pings.toml of the hub's configuration";
    Output::of_environment().table(&COLUMNS, &rows, empty)
}

fn url<'a>(answer: &'a Answer, ping: &Ping) -> Option<&'a str> {
    answer.ping_urls.get(&ping.description.name).map(|url| url.as_str())
}

fn to_json(fleet: &str, answer: &Answer, ping: &Ping) -> PingJson {
    let description = &ping.description;
    PingJson {
        fleet: fleet.to_owned(),
        name: description.name.to_string(),
        client: description.client.to_string(),
        site: description.site.as_ref().map(ToString::to_string),
        host: description.host.as_ref().map(ToString::to_string),
        state: ping.state.word(),
        state_since: rfc3339(ping.since),
        period_seconds: description.period.as_secs(),
        grace_seconds: description.grace.as_secs(),
        last_start_at: rfc3339_or_null(ping.last_start),
        last_success_at: rfc3339_or_null(ping.last_success),
        last_took_seconds: ping.last_took.map(|took| took.as_secs_f64()),
        due_at: rfc3339(ping.due()),
        runs: ping.runs.len(),
        output: ping.tail.as_str().to_owned(),
        url: url(answer, ping).map(str::to_owned),
    }
}

fn to_row(answer: &Answer, ping: &Ping) -> Vec<Cell> {
    let description = &ping.description;
    let success = ping.last_success.map_or_else(|| "never".to_owned(), |at| compact(answer.hub_time.since(at)));
    vec![
        Cell::plain(ping.state.word()),
        Cell::plain(success),
        Cell::plain(exact(description.period)),
        Cell::plain(exact(description.grace)),
        Cell::plain(description.client.to_string()),
        Cell::plain(description.name.to_string()),
        Cell::plain(url(answer, ping).unwrap_or("for operators, where the hub has an HTTP port")),
    ]
}
