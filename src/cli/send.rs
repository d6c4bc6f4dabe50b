//! One action to one hub, under an id of its own, so that asking again does nothing twice.

use ring::rand::{SecureRandom, SystemRandom};
use tokio::time::timeout;

use crate::cli::exit::Failure;
use crate::cli::query::TIMEOUT;
use crate::cli::reach::FleetLink;
use crate::link::{Class, LinkError};
use crate::wire::pb::act_request::Verb;
use crate::wire::pb::{ActReply, ActRequest, Targets};

/// The id of one invocation's action: 128 random bits.
///
/// # Errors
/// When the system has no randomness to give.
pub fn action_id() -> Result<[u8; 16], Failure> {
    let mut id = [0; 16];
    SystemRandom::new().fill(&mut id).map_err(|_| Failure::failed("the system's random source failed: try again"))?;
    Ok(id)
}

/// Sends an action. Where its answer is lost with the connection it is sent once more under the same id, and the hub
/// gives the first answer if it had already done it.
///
/// # Errors
/// When the hub refuses, or can't be reached any more; then nobody knows whether it was done.
pub async fn send(link: &mut FleetLink, request: ActRequest) -> Result<ActReply, LinkError> {
    match attempt(link, request.clone()).await {
        Err(error) if error.class() == Class::NoHub => {}
        answer => return answer,
    }
    let unsure = |error: LinkError| match error {
        LinkError::NoHub(why) => {
            LinkError::NoHub(format!("{why}; whether it was done is not known: look before you repeat it"))
        }
        other => other,
    };
    link.redial().await.map_err(unsure)?;
    attempt(link, request).await.map_err(unsure)
}

/// Sends an action that is about no alerts.
///
/// # Errors
/// As [`send`], with the fleet's name.
pub async fn send_verb(link: &mut FleetLink, verb: Verb) -> Result<ActReply, Failure> {
    let request = ActRequest {
        id: action_id()?.to_vec().into(),
        seen: link.hello.revision,
        targets: None::<Targets>,
        dry_run: false,
        verb: Some(verb),
    };
    let reply = send(link, request).await.map_err(|error| link.failure(&error))?;
    match reply.failed.first() {
        Some(failed) => Err(Failure::failed(format!("{}/{}: {}", link.name, failed.id, failed.why))),
        None => Ok(reply),
    }
}

async fn attempt(link: &FleetLink, request: ActRequest) -> Result<ActReply, LinkError> {
    let connection = link.connection();
    match timeout(TIMEOUT, connection.console().act(request)).await {
        Ok(Ok(reply)) => Ok(reply.into_inner()),
        Ok(Err(status)) => Err(connection.error(&status)),
        Err(_) => Err(LinkError::NoHub(format!("the hub did not answer within {} s", TIMEOUT.as_secs()))),
    }
}
