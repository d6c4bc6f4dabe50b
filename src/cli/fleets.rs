//! `fleet list|rename|leave`: the fleets this console is enrolled in; needs no hub.

use std::path::Path;

use serde::Serialize;

use crate::cli::arguments::FleetVerb;
use crate::cli::exit::Failure;
use crate::cli::json;
use crate::settings::console;

#[derive(Serialize)]
struct Listed {
    fleet: String,
    hub: Vec<String>,
    directory: String,
}

/// Does it, for the console whose directory is given.
///
/// # Errors
/// When there is no such fleet, a name can't be had, or the system refuses.
pub fn run(verb: &FleetVerb, console: &Path) -> Result<(), Failure> {
    match verb {
        FleetVerb::List { json } => {
            let fleets = console::fleets(console)?.into_iter().map(|fleet| Listed {
                fleet: fleet.name,
                hub: fleet.hubs,
                directory: fleet.directory.display().to_string(),
            });
            let fleets: Vec<Listed> = fleets.collect();
            if *json {
                return json::print(&fleets).map_err(Failure::failed);
            }
            if fleets.is_empty() {
                println!("no fleet is enrolled here: join one with `watchfloor enrol TOKEN`");
            }
            for fleet in fleets {
                println!("{:<20} {}", fleet.fleet, fleet.hub.join(" "));
            }
        }
        FleetVerb::Rename { name, to } => console::rename_fleet(console, name, to)?,
        FleetVerb::Leave { name } => console::leave_fleet(console, name)?,
    }
    Ok(())
}
