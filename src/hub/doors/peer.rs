//! Who is at the other end of a connection.

use std::fmt;
use std::net::SocketAddr;

use crate::fleet::words::HostId;
use crate::trust::Principal;

/// Who a connection belongs to. What the peer may do is not known here: the registry says it at each call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Peer {
    /// Proved by a certificate of this fleet.
    Certificate(Principal),
    /// A user of this machine, told by the operating system at the hub's socket or by the program that opened a pipe.
    Local {
        /// The user's id.
        uid: u32,
    },
    /// The agent of this machine, in this process.
    Host(HostId),
    /// Somebody at the enrol port.
    Anonymous {
        /// Where from.
        address: SocketAddr,
    },
}

impl Peer {
    /// Who made a call. `None` only where a service is not behind a door.
    #[must_use]
    pub fn of<T>(request: &tonic::Request<T>) -> Option<&Self> {
        request.extensions().get()
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Certificate(principal) => write!(f, "{} {}", principal.kind, principal.id),
            Self::Local { uid } => write!(f, "local user {uid}"),
            Self::Host(host) => write!(f, "the agent of this process, host {host}"),
            Self::Anonymous { address } => write!(f, "{address}"),
        }
    }
}
