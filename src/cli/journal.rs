//! `journal`: the newest entries of the journals of all fleets that are meant, oldest first.

use crate::cli::arguments::Journal;
use crate::cli::entries::{COLUMNS, EntryJson, entry_json, entry_rows};
use crate::cli::exit::Failure;
use crate::cli::fleet_filter::FleetFilter;
use crate::cli::gather::{Gathered, Part, gather};
use crate::cli::output::{self, Output};
use crate::cli::table::{Cell, Column};
use crate::fleet::state::Entry;
use crate::settings::directories::Directories;
use crate::settings::hub::system_zone;
use crate::wire::pb::QueryRequest;
use crate::wire::pb::query_request::Kind;

/// Does it.
///
/// # Errors
/// Wrong usage, or a fleet that could not be asked.
pub async fn run(verb: &Journal, directories: &Directories) -> Result<(), Failure> {
    let filter = FleetFilter::of_arguments(&verb.filter)?;
    let request = QueryRequest { kind: Kind::Journal.into(), limit: verb.limit, ..QueryRequest::default() };
    let gathered = gather(&verb.fleets, directories, &filter, request).await?;
    if !gathered.is_nothing() {
        show(&gathered, verb.json)?;
    }
    gathered.finish()
}

fn show(gathered: &Gathered, json: bool) -> Result<(), Failure> {
    let mut entries: Vec<(&Part, &Entry)> =
        gathered.parts.iter().flat_map(|part| part.answer.entries.iter().map(move |entry| (part, entry))).collect();
    // Within a fleet the order is that of the revisions, whatever its clock did; between fleets that of time.
    entries.sort_by_key(|(part, entry)| (&part.fleet, entry.revision));
    if gathered.is_mixed() {
        entries.sort_by_key(|(_, entry)| entry.at);
    }
    if json {
        let entries: Vec<EntryJson> =
            entries.into_iter().map(|(part, entry)| entry_json(&part.fleet, &part.answer, entry)).collect();
        return output::json(&entries);
    }
    let zone = system_zone();
    let mut columns = COLUMNS.to_vec();
    if gathered.is_mixed() {
        columns.insert(0, Column::shrinking("FLEET"));
    }
    let rows: Vec<Vec<Cell>> = entries
        .into_iter()
        .flat_map(|(part, entry)| entry_rows(&part.answer, entry, &zone).into_iter().map(move |row| (part, row)))
        .map(|(part, row)| {
            let fleet = gathered.is_mixed().then(|| Cell::quiet(&part.fleet));
            fleet.into_iter().chain(row).collect()
        })
        .collect();
    Output::of_environment().table(&columns, &rows, "no entry matches")
}
