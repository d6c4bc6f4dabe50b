//! `backups`: the backup jobs of all fleets that are meant, worst first.

use serde::Serialize;

use crate::cli::arguments::Backups;
use crate::cli::exit::Failure;
use crate::cli::fleet_filter::FleetFilter;
use crate::cli::gather::{Gathered, Part, gather};
use crate::cli::id::id;
use crate::cli::json::{rfc3339, rfc3339_or_null, seconds};
use crate::cli::output::{self, Output};
use crate::cli::table::{Cell, Column};
use crate::cli::tones;
use crate::fleet::backups::{Job, Trouble};
use crate::fleet::words::duration::{compact, exact};
use crate::fleet::words::{SafeText, Timestamp};
use crate::settings::directories::Directories;
use crate::wire::pb::QueryRequest;
use crate::wire::pb::query_request::Kind;

const COLUMNS: [Column; 9] = [
    Column::new("ID"),
    Column::new("STATE"),
    Column::right("AGE"),
    Column::right("EVERY"),
    Column::right("RESTORABLE"),
    Column::right("READ"),
    Column::shrinking("HOST"),
    Column::shrinking("JOB"),
    Column::shrinking("WHY"),
];

/// A backup job as `--json` prints it.
#[derive(Debug, PartialEq, Serialize)]
struct BackupJson {
    id: String,
    fleet: String,
    client: Option<String>,
    site: Option<String>,
    host: String,
    job: String,
    tool: &'static str,
    repository: String,
    paths: Vec<String>,
    state: &'static str,
    state_since: String,
    why: String,
    age_seconds: Option<u64>,
    every_seconds: u64,
    grace_seconds: u64,
    due_at: Option<String>,
    last_success_at: Option<String>,
    oldest_at: Option<String>,
    restorable: u64,
    size_bytes: Option<u64>,
    added_bytes: Option<u64>,
    read_at: Option<String>,
    trouble: Option<&'static str>,
    /// When a backup was proven restorable. Null, since nothing is known of it: neither restic nor borg keeps in the
    /// repository when it was checked, and no backup was restored for proof.
    verified: Option<String>,
    reviewed: Vec<ReviewJson>,
}

#[derive(Debug, PartialEq, Serialize)]
struct ReviewJson {
    by: String,
    at: String,
}

/// Does it.
///
/// # Errors
/// Wrong usage, or a fleet that could not be asked.
pub async fn run(verb: &Backups, directories: &Directories) -> Result<(), Failure> {
    let filter = FleetFilter::of_arguments(&verb.filter)?;
    let request = QueryRequest { kind: Kind::Backups.into(), ..QueryRequest::default() };
    let gathered = gather(&verb.fleets, directories, &filter, request).await?;
    if !gathered.is_nothing() {
        show(&gathered, verb.json)?;
    }
    gathered.finish()
}

fn show(gathered: &Gathered, json: bool) -> Result<(), Failure> {
    let mut rows: Vec<(&Part, &Job)> = gathered
        .parts
        .iter()
        .flat_map(|part| part.answer.fleet.backups.jobs.values().map(move |job| (part, job.as_ref())))
        .collect();
    rows.sort_by(|(part, job), (other, second)| order(part, job).cmp(&order(other, second)));
    if json {
        let jobs: Vec<BackupJson> = rows.into_iter().map(|(part, job)| to_json(part, job)).collect();
        return output::json(&jobs);
    }
    let rows: Vec<Vec<Cell>> = rows.into_iter().map(|(part, job)| to_row(part, job, gathered.is_mixed())).collect();
    let empty =
        "no backup job: write [[backup]] into backups.toml of the hub's configuration, or ask with another filter";
    Output::of_environment().table(&COLUMNS, &rows, empty)
}

/// Worst first, then as people look for them.
fn order<'r>(part: &'r Part, job: &'r Job) -> impl Ord + use<'r> {
    let description = &job.description;
    (job.state.rank(), &description.client, &description.host_name, &description.name, &part.fleet)
}

/// When its repository was read last (hub time).
fn read_at(part: &Part, job: &Job) -> Option<Timestamp> {
    part.answer.readings.get(&job.description.name)?.at
}

fn to_json(part: &Part, job: &Job) -> BackupJson {
    let description = &job.description;
    let found = job.found.as_ref();
    let live = part.answer.readings.get(&description.name).and_then(|reading| reading.trouble.as_ref());
    let trouble = live.map(|(trouble, _)| *trouble).or(found.and_then(|found| found.trouble));
    BackupJson {
        id: id(&part.fleet, job.id()),
        fleet: part.fleet.clone(),
        client: description.client.as_ref().map(ToString::to_string),
        site: description.site.as_ref().map(ToString::to_string),
        host: description.host_name.as_str().to_owned(),
        job: description.name.to_string(),
        tool: description.tool.word(),
        repository: description.repository.as_str().to_owned(),
        paths: description.paths.iter().map(|path| path.as_str().to_owned()).collect(),
        state: job.state.word(),
        state_since: rfc3339(job.since),
        why: job.why.as_str().to_owned(),
        age_seconds: job.last_success.map(|at| seconds(part.answer.hub_time.since(at))),
        every_seconds: seconds(description.every),
        grace_seconds: seconds(description.grace),
        due_at: rfc3339_or_null(job.due()),
        last_success_at: rfc3339_or_null(job.last_success),
        oldest_at: rfc3339_or_null(found.and_then(|found| found.oldest)),
        restorable: job.restorable(),
        size_bytes: found.and_then(|found| found.size),
        added_bytes: found.and_then(|found| found.added),
        read_at: rfc3339_or_null(read_at(part, job)),
        trouble: trouble.map(Trouble::word),
        verified: None,
        reviewed: job
            .reviews
            .iter()
            .map(|review| ReviewJson { by: review.by.as_str().to_owned(), at: rfc3339(review.at) })
            .collect(),
    }
}

fn to_row(part: &Part, job: &Job, is_mixed: bool) -> Vec<Cell> {
    let now = part.answer.hub_time;
    let description = &job.description;
    let number = if is_mixed { id(&part.fleet, job.id()) } else { job.id().to_string() };
    let age = job.age(now).map_or_else(|| "-".to_owned(), compact);
    let read = read_at(part, job).map_or_else(|| "-".to_owned(), |at| compact(now.since(at)));
    let why: &SafeText = &job.why;
    vec![
        Cell::plain(number),
        tones::backup_state(job.state),
        Cell::plain(age),
        Cell::quiet(exact(description.every)),
        Cell::plain(job.restorable().to_string()),
        Cell::quiet(read),
        Cell::plain(&description.host_name),
        Cell::plain(description.name.as_str()),
        Cell::plain(why),
    ]
}
