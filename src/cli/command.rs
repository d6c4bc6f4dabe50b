//! `command ID`: one command with what it printed.

use crate::cli::arguments::Command as Verb;
use crate::cli::command_follow::follow;
use crate::cli::command_json::with_hosts;
use crate::cli::command_output::{Printed, fetch, groups};
use crate::cli::commands::counts;
use crate::cli::exit::Failure;
use crate::cli::id::id;
use crate::cli::output;
use crate::cli::query::{Answer, ask, name_hosts};
use crate::cli::reach::reach_one;
use crate::fleet::commands::{self, Commands};
use crate::fleet::state::Event;
use crate::fleet::words::CommandId;
use crate::settings::directories::Directories;
use crate::wire::pb::QueryRequest;
use crate::wire::pb::query_request::Kind;

/// Does it.
///
/// # Errors
/// Several fleets are meant, the one can't be asked, or has no such command.
pub async fn run(verb: &Verb, directories: &Directories) -> Result<(), Failure> {
    let what = "a command's number without its fleet";
    let mut link = reach_one(&verb.fleets, directories, verb.id.fleet.as_deref(), what).await?;
    let number = CommandId(verb.id.number);
    let request = QueryRequest { kind: Kind::Command.into(), id: number.0, ..QueryRequest::default() };
    let mut answer = ask(&link, request).await.map_err(|error| link.failure(&error))?;
    if answer.fleet.commands.is_empty() {
        answer.fleet.commands = from_journal(&answer);
        // Without the names the numbers serve.
        let _ = name_hosts(&link, &mut answer).await;
    } else if verb.wait {
        answer.fleet = follow(&mut link, number, |_, _, _| Ok(())).await?;
    }
    let known = answer.fleet.commands.get(number).cloned();
    let command = known.ok_or_else(|| Failure::failed(format!("there is no command {}", id(&link.name, number))))?;
    let printed = fetch(&link, &command, Printed::new()).await.map_err(|error| link.failure(&error))?;
    if verb.json {
        return output::json(&with_hosts(&link.name, &answer.fleet, &command, &printed));
    }
    output::print(&format!(
        "command {} by {}, {}: {}\n{}\n\n{}",
        id(&link.name, number),
        command.by.as_str(),
        command.state().word(),
        command.argv.shown().as_str(),
        counts(command.tally()),
        groups(&answer.fleet, &command, &printed)
    ))
}

/// A command that left the fleet's state is what its entries made of it.
fn from_journal(answer: &Answer) -> Commands {
    let mut commands = Commands::default();
    let mut entries: Vec<_> = answer.entries.iter().collect();
    entries.sort_by_key(|entry| entry.revision);
    for entry in entries {
        for (_, event) in &entry.events {
            if let Event::Commands(event) = event
                && !matches!(event, commands::Event::Archived { .. })
            {
                commands.apply(event, entry.at);
            }
        }
    }
    commands
}
