//! `config show|reload`: what the hub makes of its configuration.

use serde::Serialize;

use crate::cli::arguments::{ConfigVerb, Fleets};
use crate::cli::config_check;
use crate::cli::exit::Failure;
use crate::cli::host_named::{NamedHost, find_host};
use crate::cli::id::{HostArgument, id};
use crate::cli::output::{self, Output};
use crate::cli::query::{Answer, ask};
use crate::cli::reach::reach_one;
use crate::cli::send::send_verb;
use crate::cli::table::{Cell, Column};
use crate::fleet::words::SafeText;
use crate::fleet::words::duration::exact;
use crate::settings::directories::Directories;
use crate::wire::pb::act_request::Verb;
use crate::wire::pb::query_request::Kind;
use crate::wire::pb::{AssignedCheck, QueryRequest, ReloadConfiguration};

const COLUMNS: [Column; 7] = [
    Column::new("CHECK"),
    Column::shrinking("KIND"),
    Column::right("EVERY"),
    Column::right("TRIES"),
    Column::shrinking("WARNING"),
    Column::shrinking("CRITICAL"),
    Column::shrinking("FROM"),
];

/// A check that a host gets, as `--json` prints it.
#[derive(Debug, PartialEq, Serialize)]
struct AssignedJson {
    fleet: String,
    host: String,
    host_id: String,
    check: String,
    kind: String,
    arguments: Vec<String>,
    interval_seconds: u64,
    retry_interval_seconds: u64,
    attempts: u32,
    timeout_seconds: u64,
    warning: Option<String>,
    critical: Option<String>,
    layer: String,
    file: String,
    line: u32,
}

/// Does it.
///
/// # Errors
/// Several fleets are meant, the one can't be reached, its hub refuses, or a file is wrong.
pub async fn run(verb: &ConfigVerb, directories: &Directories) -> Result<(), Failure> {
    match verb {
        ConfigVerb::Check { data } => {
            config_check::run(&Directories::configuration_of(data.as_ref().unwrap_or(&directories.hub)))
        }
        ConfigVerb::Show { host, json, fleets } => show(host, *json, fleets, directories).await,
        ConfigVerb::Reload { fleets } => {
            let mut link = reach_one(fleets, directories, None, "a reload").await?;
            let reply = send_verb(&mut link, Verb::ReloadConfiguration(ReloadConfiguration {})).await?;
            let changes: Vec<String> =
                reply.changes.iter().map(|change| format!("  {}\n", SafeText::new(change).as_str())).collect();
            match changes.as_slice() {
                [] => output::print(&format!("{}: read again; nothing changed\n", link.name)),
                _ => output::print(&format!(
                    "{}: applied (revision {})\n{}",
                    link.name,
                    reply.revision,
                    changes.concat()
                )),
            }
        }
    }
}

async fn show(named: &HostArgument, json: bool, fleets: &Fleets, directories: &Directories) -> Result<(), Failure> {
    let host = find_host(named, fleets, directories, Some("a host's configuration")).await?;
    let name = host.id.to_string();
    let request = QueryRequest { kind: Kind::Configuration.into(), id: host.id.0, name, ..QueryRequest::default() };
    let answer = ask(&host.link, request).await.map_err(|error| host.link.failure(&error))?;
    if json {
        return output::json(&answer.assigned.iter().map(|check| to_json(&host, check)).collect::<Vec<_>>());
    }
    let text = format!("{} ({})\n", host.name.as_str(), id(&host.link.name, host.id));
    output::print(&text)?;
    let rows: Vec<Vec<Cell>> = answer.assigned.iter().map(to_row).collect();
    Output::of_environment().table(&COLUMNS, &rows, "no check applies to this host")?;
    explain(&answer)
}

fn explain(answer: &Answer) -> Result<(), Failure> {
    let lines: Vec<String> = answer.lines.iter().map(|line| format!("{}\n", line.as_str())).collect();
    if lines.is_empty() { Ok(()) } else { output::print(&format!("\n{}", lines.concat())) }
}

fn to_json(host: &NamedHost, check: &AssignedCheck) -> AssignedJson {
    AssignedJson {
        fleet: host.link.name.clone(),
        host: host.name.as_str().to_owned(),
        host_id: id(&host.link.name, host.id),
        check: safe(&check.name),
        kind: safe(&check.kind),
        arguments: check.arguments.iter().map(|argument| safe(argument)).collect(),
        interval_seconds: check.interval / 1000,
        retry_interval_seconds: check.retry_interval / 1000,
        attempts: check.attempts,
        timeout_seconds: check.timeout / 1000,
        warning: check.warning.as_deref().map(safe),
        critical: check.critical.as_deref().map(safe),
        layer: safe(&check.layer),
        file: safe(&check.file),
        line: check.line,
    }
}

fn to_row(check: &AssignedCheck) -> Vec<Cell> {
    let kind = [std::slice::from_ref(&check.kind), &check.arguments].concat().join(" ");
    // What is built in has no line.
    let from = match check.line {
        0 => check.file.clone(),
        line => format!("{}:{line} ({})", check.file, check.layer),
    };
    vec![
        Cell::plain(&check.name),
        Cell::plain(kind),
        Cell::plain(exact(std::time::Duration::from_millis(check.interval))),
        Cell::plain(check.attempts.to_string()),
        Cell::plain(check.warning.as_deref().unwrap_or("-")),
        Cell::plain(check.critical.as_deref().unwrap_or("-")),
        Cell::quiet(from),
    ]
}

fn safe(text: &str) -> String {
    SafeText::new(text).as_str().to_owned()
}
