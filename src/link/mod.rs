//! The client half of gRPC: dial, TLS, hello, back-off, enrol; used by agent, console and command line.

pub mod backoff;
pub mod connection;
pub mod dial;
pub mod enrol;
pub mod error;
pub mod hello;
pub mod renew;
pub mod socket_path;
pub mod witness;

pub use backoff::Backoff;
pub use connection::Connection;
pub use dial::{Address, Pipe, Tls, dial};
pub use error::{Class, LinkError};
