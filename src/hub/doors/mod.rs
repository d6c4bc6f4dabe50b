//! How peers come in: over TLS on the link and enrol ports, over the socket, through pipes. Whoever comes, a door
//! yields a [`DoorStream`] that says who it is ([`Peer`]) and that the hub can close.

pub mod connections;
pub mod http2;
pub mod lock;
pub mod peer;
pub mod refusals;
pub mod socket;
pub mod sources;
pub mod stream;
pub mod tls_listener;

pub use connections::Connections;
pub use lock::DataLock;
pub use peer::Peer;
pub use refusals::{Port, RefusedHandshakes};
pub use stream::DoorStream;
