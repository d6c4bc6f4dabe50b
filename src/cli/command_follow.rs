//! Following a command as its outcomes come, also over a hub that is started anew.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

use crate::cli::exit::Failure;
use crate::cli::query::TIMEOUT;
use crate::cli::reach::FleetLink;
use crate::fleet::commands::Outcome;
use crate::fleet::state::{Event, Fleet};
use crate::fleet::words::{CommandId, HostId};
use crate::link::{Class, LinkError};
use crate::wire::pb::query_request::Kind;
use crate::wire::pb::{QueryReply, QueryRequest};
use crate::wire::{WireError, decode_entry, restore_row};

/// How long a hub that went away is dialled again.
const PATIENCE: Duration = Duration::from_secs(60);
/// Between two attempts.
const PAUSE: Duration = Duration::from_millis(500);

/// Follows a command until it has ended on all hosts; `told` hears of each end once.
///
/// # Errors
/// The hub refuses, or is away for long; what `told` says.
pub async fn follow(
    link: &mut FleetLink,
    command: CommandId,
    told: impl Fn(&Fleet, HostId, &Outcome) -> Result<(), Failure>,
) -> Result<Fleet, Failure> {
    let mut said = BTreeSet::new();
    let mut last_heard = Instant::now();
    loop {
        let error = match once(link, command, &mut said, &mut last_heard, &told).await? {
            Ok(fleet) => return Ok(fleet),
            Err(error) => error,
        };
        if error.class() != Class::NoHub || last_heard.elapsed() > PATIENCE {
            return Err(link.failure(&error));
        }
        sleep(PAUSE).await;
        // that it fails is seen by the next attempt to ask
        let _ = link.redial().await;
    }
}

async fn once(
    link: &FleetLink,
    command: CommandId,
    said: &mut BTreeSet<HostId>,
    last_heard: &mut Instant,
    told: &impl Fn(&Fleet, HostId, &Outcome) -> Result<(), Failure>,
) -> Result<Result<Fleet, LinkError>, Failure> {
    let connection = link.connection();
    let request = QueryRequest { kind: Kind::CommandFollowed.into(), id: command.0, ..QueryRequest::default() };
    let mut stream = match timeout(TIMEOUT, connection.console().query(request)).await {
        Ok(Ok(stream)) => stream.into_inner(),
        Ok(Err(status)) => return Ok(Err(connection.error(&status))),
        Err(_) => return Ok(Err(LinkError::NoHub("the hub did not answer".to_owned()))),
    };
    let mut fleet = Fleet::default();
    loop {
        let reply = match stream.message().await {
            Ok(Some(reply)) => reply,
            Ok(None) => return Ok(Err(LinkError::NoHub("the hub ended the answer".to_owned()))),
            Err(status) => return Ok(Err(connection.error(&status))),
        };
        *last_heard = Instant::now();
        if let Err(error) = take(&mut fleet, reply) {
            return Ok(Err(LinkError::Refused(format!(
                "the hub's answer can't be read ({error}): install the same release as the hub"
            ))));
        }
        let Some(known) = fleet.commands.get(command) else { continue };
        for (host, outcome) in known.ended_since(said) {
            told(&fleet, host, outcome)?;
        }
        said.extend(known.outcomes().filter(|(_, outcome)| outcome.state.is_end()).map(|(host, _)| host));
        if known.targets() > 0 && known.is_ended() {
            return Ok(Ok(fleet));
        }
    }
}

fn take(fleet: &mut Fleet, reply: QueryReply) -> Result<(), WireError> {
    for row in reply.rows {
        restore_row(fleet, row)?;
    }
    for entry in reply.entries {
        let entry = decode_entry(entry)?;
        for (_, event) in &entry.events {
            if let Event::Commands(event) = event {
                fleet.commands.apply(event, entry.at);
            }
        }
    }
    Ok(())
}

/// A host's name, where its row came along.
#[must_use]
pub fn name(fleet: &Fleet, host: HostId) -> String {
    fleet.hosts.hosts.get(&host).map_or_else(|| format!("host {host}"), |host| host.name.as_str().to_owned())
}
