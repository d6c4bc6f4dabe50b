//! `fleet list|rename|leave`: the fleets this console is enrolled in; needs no hub.

use std::path::Path;

use serde::Serialize;

use crate::cli::arguments::FleetVerb;
use crate::cli::exit::Failure;
use crate::cli::id::id;
use crate::cli::json::rfc3339;
use crate::cli::output::{self, Output};
use crate::cli::table::{Cell, Column};
use crate::settings::console::{self, EnrolledFleet};
use crate::trust::Credential;

const COLUMNS: [Column; 4] =
    [Column::new("FLEET"), Column::new("IDENTITY"), Column::new("CERTIFICATE ENDS"), Column::shrinking("HUB")];

/// A fleet as `--json` prints it; without a readable credential what it says is null.
#[derive(Debug, PartialEq, Serialize)]
struct FleetJson {
    fleet: String,
    id: Option<String>,
    identity: Option<String>,
    not_after: Option<String>,
    hub: Vec<String>,
    directory: String,
}

/// Does it, for the console whose directory is given.
///
/// # Errors
/// When there is no such fleet, a name can't be had, or the system refuses.
pub fn run(verb: &FleetVerb, console: &Path) -> Result<(), Failure> {
    match verb {
        FleetVerb::List { json } => list(*json, console),
        FleetVerb::Rename { name, to } => {
            console::rename_fleet(console, name, to)?;
            output::print(&format!("fleet {name} is called {to} here now\n"))
        }
        FleetVerb::Leave { name } => leave(name, console),
    }
}

fn list(json: bool, console: &Path) -> Result<(), Failure> {
    let fleets: Vec<FleetJson> = console::fleets(console)?.into_iter().map(to_json).collect();
    if json {
        return output::json(&fleets);
    }
    let or_dash = |text: Option<&String>| Cell::plain(text.map_or("-", String::as_str));
    let row = |fleet: &FleetJson| {
        let identity = or_dash(fleet.identity.as_ref());
        vec![Cell::plain(&fleet.fleet), identity, or_dash(fleet.not_after.as_ref()), Cell::plain(fleet.hub.join(" "))]
    };
    let rows: Vec<Vec<Cell>> = fleets.iter().map(row).collect();
    Output::of_environment().table(&COLUMNS, &rows, "no fleet is enrolled here: join one with `watchfloor enrol TOKEN`")
}

fn to_json(fleet: EnrolledFleet) -> FleetJson {
    let credential = Credential::load(&fleet.directory).ok().flatten();
    FleetJson {
        id: credential.as_ref().map(|credential| credential.principal().fleet.to_string()),
        identity: credential.as_ref().map(|credential| id(&fleet.name, credential.principal().id)),
        not_after: credential.as_ref().map(|credential| rfc3339(credential.validity().not_after)),
        hub: fleet.hubs,
        directory: fleet.directory.display().to_string(),
        fleet: fleet.name,
    }
}

fn leave(name: &str, console: &Path) -> Result<(), Failure> {
    let directory = console::fleet_directory(console, name)?;
    let credential = Credential::load(&directory).ok().flatten();
    console::leave_fleet(console, name)?;
    let revoke = credential.map_or_else(String::new, |credential| {
        format!(
            "; ask an admin for `watchfloor identity revoke {}`, for the hub still knows it",
            credential.principal().id
        )
    });
    output::print(&format!("left fleet {name}: its credential is removed here{revoke}\n"))
}
