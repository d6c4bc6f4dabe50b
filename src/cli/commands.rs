//! `commands`: what was asked for, the newest first.

use crate::cli::arguments::Commands;
use crate::cli::command_json::command_json;
use crate::cli::exit::Failure;
use crate::cli::fleet_filter::FleetFilter;
use crate::cli::gather::{Gathered, gather};
use crate::cli::id::id;
use crate::cli::output::{self, Output};
use crate::cli::table::{Cell, Column, Tone};
use crate::fleet::commands::{Command, CommandState, Tally};
use crate::fleet::words::Timestamp;
use crate::fleet::words::duration::compact;
use crate::settings::directories::Directories;
use crate::wire::commands::decode_summary;
use crate::wire::pb::QueryRequest;
use crate::wire::pb::query_request::Kind;

const COLUMNS: [Column; 7] = [
    Column::new("ID"),
    Column::new("STATE"),
    Column::right("AGE"),
    Column::right("HOSTS"),
    Column::shrinking("OUTCOMES"),
    Column::shrinking("BY"),
    Column::shrinking("COMMAND"),
];

type Row<'g> = (&'g str, Timestamp, Command, Tally, Option<Timestamp>);

/// Does it.
///
/// # Errors
/// Wrong usage, or a fleet that could not be asked.
pub async fn run(verb: &Commands, directories: &Directories) -> Result<(), Failure> {
    let filter = FleetFilter::of_arguments(&verb.filter)?;
    let request = QueryRequest { kind: Kind::Commands.into(), ..QueryRequest::default() };
    let gathered = gather(&verb.fleets, directories, &filter, request).await?;
    if !gathered.is_nothing() {
        let empty = if verb.filter.is_empty() { "no command" } else { "no command matches" };
        show(&gathered, verb.json, empty)?;
    }
    gathered.finish()
}

fn show(gathered: &Gathered, json: bool, empty: &str) -> Result<(), Failure> {
    let mut rows: Vec<Row<'_>> = Vec::new();
    for part in &gathered.parts {
        for summary in &part.answer.commands {
            let (command, tally, ended_at) = decode_summary(summary.clone()).map_err(Failure::failed)?;
            rows.push((&part.fleet, part.answer.hub_time, command, tally, ended_at));
        }
    }
    rows.sort_by(|a, b| (b.2.asked_at, b.2.id, a.0).cmp(&(a.2.asked_at, a.2.id, b.0)));
    if json {
        let commands = rows.iter().map(|(fleet, _, command, tally, ended)| command_json(fleet, command, tally, *ended));
        return output::json(&commands.collect::<Vec<_>>());
    }
    let rows: Vec<Vec<Cell>> = rows.iter().map(|row| to_row(row, gathered.is_mixed())).collect();
    Output::of_environment().table(&COLUMNS, &rows, empty)
}

fn to_row((fleet, now, command, tally, _): &Row<'_>, is_mixed: bool) -> Vec<Cell> {
    let state = CommandState::of(tally);
    let tone = match state {
        CommandState::Ended if tally.not_ok() > 0 => Tone::Warning,
        CommandState::Ended => Tone::Good,
        CommandState::Queued | CommandState::Running => Tone::Plain,
    };
    vec![
        Cell::plain(if is_mixed { id(fleet, command.id) } else { command.id.to_string() }),
        Cell::new(state.word(), tone),
        Cell::plain(compact(now.since(command.asked_at))),
        Cell::plain(tally.targets().to_string()),
        Cell::plain(counts(tally)),
        Cell::plain(&command.by),
        Cell::plain(command.argv.shown()),
    ]
}

/// `37 ok, 2 failed`.
#[must_use]
pub fn counts(tally: &Tally) -> String {
    let some = tally.each().filter(|(_, count)| *count > 0).map(|(state, count)| format!("{count} {state}"));
    some.collect::<Vec<_>>().join(", ")
}
