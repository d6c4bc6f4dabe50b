//! Certificates, enrolment tokens, what a peer's certificate says.
//!
//! A fleet has a root and below it an issuing key ([`Authority`]). Every leaf names one [`Principal`]; role, scope and
//! revocation are not in the certificate but in the hub's registry, and are read at each call.

pub mod authority;
pub mod chain;
pub mod credential;
pub mod explain;
pub mod files;
pub mod fingerprint;
pub mod identity_name;
pub mod keys;
pub mod tls_client;
pub mod tls_server;
pub mod token;
pub mod validity;

#[cfg(test)]
mod bad_certificates;
#[cfg(test)]
mod lifecycle;

pub use authority::Authority;
pub use credential::Credential;
pub use explain::explain;
pub use identity_name::{Kind, Principal};
pub use keys::NewKey;
pub use token::Token;
