//! How the hub speaks HTTP/2 behind each of its doors.

use std::time::Duration;

use tonic::transport::Server;

use crate::hub::doors::refusals::Port;
use crate::link::connection::{KEEPALIVE, KEEPALIVE_TIMEOUT};

/// Calls are small; nobody needs a long list of headers.
const HEADER_LIST_MAX: u32 = 16 * 1024;
/// Streams that a peer may open and reset before they are looked at: more is a flood (CVE-2023-44487).
const PENDING_RESETS: usize = 20;
/// How long enrolling may take.
const ENROL_TIMEOUT: Duration = Duration::from_secs(15);

/// A server with the hub's limits: pings both find peers that stopped and tell them that the hub lives. Pipes and the
/// socket are served as the link port is.
#[must_use]
pub fn server(port: Port) -> Server {
    let server = Server::builder()
        .http2_keepalive_interval(Some(KEEPALIVE))
        .http2_keepalive_timeout(Some(KEEPALIVE_TIMEOUT))
        .http2_max_header_list_size(HEADER_LIST_MAX)
        .http2_max_pending_accept_reset_streams(Some(PENDING_RESETS));
    match port {
        // A console watches, asks for history and blobs and acts at once; an agent needs three.
        Port::Link => server.max_concurrent_streams(64),
        Port::Enrol => server.max_concurrent_streams(2).timeout(ENROL_TIMEOUT),
    }
}
