//! One connection to a hub, and the clients of its services.

use std::time::Duration;

use tonic::Status;
use tonic::codec::CompressionEncoding;
use tonic::transport::Channel;

use crate::link::error::LinkError;
use crate::link::witness::Testimony;
use crate::wire::limits;
use crate::wire::pb::agent_client::AgentClient;
use crate::wire::pb::console_client::ConsoleClient;
use crate::wire::pb::enrol_client::EnrolClient;

/// The largest message taken from a hub, in bytes: rows of a snapshot and pages of the journal are cut to fit.
pub const DECODE_MAX: usize = limits::FROM_HUB_MAX;
/// The largest message sent to a hub, in bytes.
pub const ENCODE_MAX: usize = limits::FROM_CONSOLE_MAX;
/// HTTP/2 pings go out this often, also while nothing else does. With the time-out below, a peer that vanished without
/// a word is let go of when its host is judged down, and not later.
pub const KEEPALIVE: Duration = Duration::from_secs(15);
/// A ping without an answer for this long ends the connection.
pub const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(10);

/// One connection. It is not made anew when it breaks: its owner dials again, when its [`Backoff`] says so.
///
/// [`Backoff`]: crate::link::Backoff
#[derive(Clone, Debug)]
pub struct Connection {
    channel: Channel,
    testimony: Testimony,
    to: String,
    /// Whether bytes go over a wire, and not from one process of this machine to another.
    remote: bool,
}

impl Connection {
    pub(in crate::link) const fn new(channel: Channel, testimony: Testimony, to: String, remote: bool) -> Self {
        Self { channel, testimony, to, remote }
    }

    /// The address that answered.
    #[must_use]
    pub fn to(&self) -> &str {
        &self.to
    }

    /// The calls of an agent.
    #[must_use]
    pub fn agent(&self) -> AgentClient<Channel> {
        AgentClient::new(self.channel.clone())
            .max_decoding_message_size(DECODE_MAX)
            .max_encoding_message_size(ENCODE_MAX)
    }

    /// The calls of a console and of the command line.
    #[must_use]
    pub fn console(&self) -> ConsoleClient<Channel> {
        let client = ConsoleClient::new(self.channel.clone())
            .max_decoding_message_size(DECODE_MAX)
            .max_encoding_message_size(ENCODE_MAX);
        if self.remote { client.accept_compressed(CompressionEncoding::Gzip) } else { client }
    }

    /// The one call of the enrol port.
    #[must_use]
    pub fn enrol(&self) -> EnrolClient<Channel> {
        EnrolClient::new(self.channel.clone())
            .max_decoding_message_size(DECODE_MAX)
            .max_encoding_message_size(ENCODE_MAX)
    }

    /// Why a call on this connection failed; knows also of a certificate that the hub refused late.
    #[must_use]
    pub fn error(&self, status: &Status) -> LinkError {
        match (std::error::Error::source(status), self.testimony.diagnosis()) {
            (Some(_), Some(diagnosis)) => LinkError::of_diagnosis(diagnosis).at(&self.to),
            (Some(_), None) => LinkError::of_status(status).at(&self.to),
            (None, _) => LinkError::of_status(status),
        }
    }
}
