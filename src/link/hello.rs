//! The first call on a connection: says who we are to the hub and who we are taken for.
//!
//! It is part of connecting: only here does a client learn that the hub refuses its certificate.

use std::time::Duration;

use tokio::time::timeout;
use tonic::Status;

use crate::link::connection::Connection;
use crate::link::error::LinkError;
use crate::wire::pb::{HelloReply, HelloRequest};

/// The version of the protocol this program speaks.
pub const PROTOCOL: u32 = 1;
/// How long the hub may take to answer.
const TIMEOUT: Duration = Duration::from_secs(10);

fn request() -> HelloRequest {
    HelloRequest { version: env!("CARGO_PKG_VERSION").to_owned(), protocol: PROTOCOL }
}

/// Greets the hub as an agent.
///
/// # Errors
/// When the hub refuses the certificate, does not know it as an agent's, or does not answer.
pub async fn as_agent(connection: &Connection) -> Result<HelloReply, LinkError> {
    let mut client = connection.agent();
    answered(connection, timeout(TIMEOUT, client.hello(request())).await)
}

/// Greets the hub as a console or command line.
///
/// # Errors
/// When the hub refuses the certificate, does not know it as an operator's, or does not answer.
pub async fn as_console(connection: &Connection) -> Result<HelloReply, LinkError> {
    let mut client = connection.console();
    answered(connection, timeout(TIMEOUT, client.hello(request())).await)
}

fn answered(
    connection: &Connection,
    reply: Result<Result<tonic::Response<HelloReply>, Status>, tokio::time::error::Elapsed>,
) -> Result<HelloReply, LinkError> {
    match reply {
        Ok(Ok(reply)) => Ok(reply.into_inner()),
        Ok(Err(status)) => Err(connection.error(&status)),
        Err(_) => {
            let why = format!("connected, but the hub did not answer within {} s", TIMEOUT.as_secs());
            Err(LinkError::NoHub(why).at(connection.to()))
        }
    }
}
