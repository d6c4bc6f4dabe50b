//! `run --where FILTER -- PROGRAM ARG…`: start a program on hosts and follow it to its end.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::sleep;

use crate::cli::arguments::Run;
use crate::cli::command_follow::{follow, name};
use crate::cli::command_json::with_hosts;
use crate::cli::command_output::{Printed, counted, fetch, groups};
use crate::cli::commands::counts;
use crate::cli::exit::Failure;
use crate::cli::fleet_filter::FleetFilter;
use crate::cli::id::id;
use crate::cli::output;
use crate::cli::query::ask;
use crate::cli::reach::{FleetLink, reach};
use crate::cli::send::{action_id, send, send_verb};
use crate::fleet::commands::{Outcome, OutcomeState, fold_names};
use crate::fleet::state::Fleet;
use crate::fleet::words::{CommandId, HostId};
use crate::settings::directories::Directories;
use crate::wire::pb::act_request::Verb;
use crate::wire::pb::query_request::Kind;
use crate::wire::pb::targets::{Filter, Kind as TargetKind};
use crate::wire::pb::{self, ActReply, ActRequest, QueryRequest, Targets};

/// How long a second Ctrl-C is waited for after the first.
const SECOND_THOUGHT: Duration = Duration::from_secs(2);

/// Does it.
///
/// # Errors
/// Wrong usage, the hub refuses, or it did not end well on every host.
pub async fn run(verb: &Run, directories: &Directories) -> Result<(), Failure> {
    let filter = FleetFilter::parse(&verb.filter)?;
    if filter.rest().is_empty() {
        return Err(Failure::usage("--where is empty: write '*' if every host is meant"));
    }
    let mut meant = reach(&verb.fleets, directories, &BTreeSet::new()).await?;
    meant.links.retain(|link| filter.admits(&link.name));
    meant.missed.retain(|missed| filter.admits(&missed.name));
    let mut link = meant.only("run")?;
    let reply = ask_for(&mut link, verb, filter.rest()).await?;
    if verb.dry_run {
        return tell_trial(&link, verb, &reply).await;
    }
    let number = CommandId(reply.command);
    let named = id(&link.name, number);
    if !verb.json {
        output::print(&format!("command {named} on {}\n", counted(reply.done.len())))?;
    }
    let fleet = follow_or_leave(&mut link, number, verb.json).await?;
    let command = fleet.commands.get(number).map(Arc::clone);
    let command = command.ok_or_else(|| Failure::failed(format!("the hub no longer knows command {named}")))?;
    let printed = fetch(&link, &command, Printed::new()).await.map_err(|error| link.failure(&error))?;
    let tally = command.tally();
    if verb.json {
        output::json(&with_hosts(&link.name, &fleet, &command, &printed))?;
    } else {
        output::print(&format!("\n{}\n{}: {}\n", groups(&fleet, &command, &printed), named, counts(tally)))?;
    }
    if tally.count(OutcomeState::Ok) == tally.targets() {
        return Ok(());
    }
    Err(Failure::failed(format!("command {named} did not end well on every host: {}", counts(tally))))
}

async fn ask_for(link: &mut FleetLink, verb: &Run, filter: &str) -> Result<ActReply, Failure> {
    let run = pb::Run {
        argv: verb.argv.clone(),
        shell: verb.shell,
        window: verb.window.unwrap_or(0),
        timeout: u64::try_from(verb.timeout.as_millis()).unwrap_or(u64::MAX),
    };
    let request = ActRequest {
        id: action_id()?.to_vec().into(),
        seen: link.hello.revision,
        targets: Some(Targets {
            kind: Some(TargetKind::Filter(Filter { filter: filter.to_owned(), expected: verb.expect })),
        }),
        dry_run: verb.dry_run,
        verb: Some(Verb::Run(run)),
    };
    send(link, request).await.map_err(|error| link.failure(&error))
}

async fn tell_trial(link: &FleetLink, verb: &Run, reply: &ActReply) -> Result<(), Failure> {
    if verb.json {
        let ids: Vec<String> = reply.done.iter().map(|host| id(&link.name, host)).collect();
        return output::json(&serde_json::json!({
            "fleet": link.name, "dry_run": true, "argv": verb.argv, "targets": ids.len(), "host_ids": ids,
        }));
    }
    let request = QueryRequest { kind: Kind::Hosts.into(), ..QueryRequest::default() };
    let fleet = ask(link, request).await.map_err(|error| link.failure(&error))?.fleet;
    let names: Vec<String> = reply.done.iter().map(|host| name(&fleet, HostId(*host))).collect();
    let folded = fold_names(names.iter().map(String::as_str));
    output::print(&format!("would start on {}: {folded}\n", counted(names.len())))
}

/// Follows it to its end. Ctrl-C leaves it running and says its id; a second one cancels it.
async fn follow_or_leave(link: &mut FleetLink, number: CommandId, json: bool) -> Result<Fleet, Failure> {
    let named = id(&link.name, number);
    let mut interrupted = signal(SignalKind::interrupt()).map_err(Failure::failed)?;
    let mut canceller = link.again();
    let told = |fleet: &Fleet, host: HostId, outcome: &Outcome| {
        if json { Ok(()) } else { output::print(&format!("{}\n", line(fleet, host, outcome))) }
    };
    let following = follow(link, number, told);
    tokio::pin!(following);
    loop {
        tokio::select! {
            fleet = &mut following => return fleet,
            _ = interrupted.recv() => {
                eprintln!("\nwatchfloor: command {named} goes on; Ctrl-C again cancels it, `watchfloor command {named} --wait` follows it");
                if !second(&mut interrupted).await {
                    return Err(Failure::failed(format!("command {named} was left running")));
                }
                send_verb(&mut canceller, Verb::Cancel(pb::Cancel { command: number.0 })).await?;
                eprintln!("watchfloor: cancelling command {named}");
            }
        }
    }
}

async fn second(interrupted: &mut Signal) -> bool {
    tokio::select! {
        _ = interrupted.recv() => true,
        () = sleep(SECOND_THOUGHT) => false,
    }
}

fn line(fleet: &Fleet, host: HostId, outcome: &Outcome) -> String {
    let how = match (outcome.code, outcome.signal) {
        (_, Some(signal)) => format!(" (signal {signal})"),
        (Some(code), None) if outcome.state == OutcomeState::Failed => format!(" (code {code})"),
        _ => String::new(),
    };
    let took = outcome.took.map_or_else(String::new, |took| format!("  {:.2} s", took.as_secs_f64()));
    let why = if outcome.why.is_empty() { String::new() } else { format!("  {}", outcome.why.as_str()) };
    format!("{}: {}{how}{took}{why}", name(fleet, host), outcome.state)
}
