//! `identity list|revoke|role`: who may connect, and as what.

use serde::Serialize;

use crate::cli::arguments::{Fleets, IdentityVerb};
use crate::cli::exit::Failure;
use crate::cli::id::id;
use crate::cli::json::rfc3339;
use crate::cli::output::{self, Output};
use crate::cli::query::ask;
use crate::cli::reach::reach_one;
use crate::cli::send::send_verb;
use crate::cli::table::{Cell, Column, Tone};
use crate::fleet::identity::{Identity, Role};
use crate::fleet::words::Timestamp;
use crate::fleet::words::duration::short;
use crate::settings::directories::Directories;
use crate::wire::pb;
use crate::wire::pb::act_request::Verb;
use crate::wire::pb::query_request::Kind;
use crate::wire::pb::{QueryRequest, RevokeIdentity, SetRole};

const COLUMNS: [Column; 6] = [
    Column::new("ID"),
    Column::new("ROLE"),
    Column::shrinking("NAME"),
    Column::shrinking("CLIENT"),
    Column::new("HOST"),
    Column::new("CERTIFICATE"),
];

/// An identity as `--json` prints it.
#[derive(Debug, PartialEq, Serialize)]
struct IdentityJson {
    id: String,
    fleet: String,
    name: String,
    role: &'static str,
    client: Option<String>,
    host_id: Option<String>,
    recorded_at: String,
    not_after: String,
    revoked_at: Option<String>,
}

/// Does it.
///
/// # Errors
/// Several fleets are meant, the one can't be reached, or its hub refuses.
pub async fn run(verb: &IdentityVerb, directories: &Directories) -> Result<(), Failure> {
    const WHAT: &str = "an identity's number";
    match verb {
        IdentityVerb::List { json, fleets } => list(*json, fleets, directories).await,
        IdentityVerb::Revoke { id: named, fleets } => {
            let mut link = reach_one(fleets, directories, named.fleet.as_deref(), WHAT).await?;
            send_verb(&mut link, Verb::RevokeIdentity(RevokeIdentity { id: named.number })).await?;
            let revoked = id(&link.name, named.number);
            output::print(&format!("revoked identity {revoked}: its connections close within seconds\n"))
        }
        IdentityVerb::Role { id: named, role, fleets } => {
            let mut link = reach_one(fleets, directories, named.fleet.as_deref(), WHAT).await?;
            let role = Role::from(*role);
            let asked = SetRole { id: named.number, role: pb::Role::from(role).into() };
            send_verb(&mut link, Verb::SetRole(asked)).await?;
            output::print(&format!("identity {} is {role} now\n", id(&link.name, named.number)))
        }
    }
}

async fn list(json: bool, fleets: &Fleets, directories: &Directories) -> Result<(), Failure> {
    let link = reach_one(fleets, directories, None, "the list of identities").await?;
    let request = QueryRequest { kind: Kind::Identities.into(), all: true, ..QueryRequest::default() };
    let answer = ask(&link, request).await.map_err(|error| link.failure(&error))?;
    let identities = answer.fleet.registry.identities.values();
    if json {
        return output::json(&identities.map(|identity| to_json(&link.name, identity)).collect::<Vec<_>>());
    }
    let rows: Vec<Vec<Cell>> = identities.map(|identity| to_row(identity, answer.hub_time)).collect();
    Output::of_environment().table(&COLUMNS, &rows, "no identity: let someone in with `watchfloor token create`")
}

fn to_json(fleet: &str, identity: &Identity) -> IdentityJson {
    IdentityJson {
        id: id(fleet, identity.id),
        fleet: fleet.to_owned(),
        name: identity.name.as_str().to_owned(),
        role: identity.role.word(),
        client: identity.client.as_ref().map(ToString::to_string),
        host_id: identity.host.map(|host| id(fleet, host)),
        recorded_at: rfc3339(identity.recorded_at),
        not_after: rfc3339(identity.not_after),
        revoked_at: identity.revoked_at.map(rfc3339),
    }
}

fn to_row(identity: &Identity, now: Timestamp) -> Vec<Cell> {
    let certificate = if identity.is_revoked() {
        Cell::quiet("revoked")
    } else if identity.not_after <= now {
        Cell::new("expired", Tone::Warning)
    } else {
        Cell::plain(format!("ends in {}", short(identity.not_after.since(now))))
    };
    vec![
        Cell::plain(identity.id.to_string()),
        Cell::plain(identity.role.word()),
        Cell::plain(&identity.name),
        Cell::plain(identity.client.as_ref().map_or("-", |client| client.as_str())),
        Cell::plain(identity.host.map_or_else(|| "-".to_owned(), |host| host.to_string())),
        certificate,
    ]
}
