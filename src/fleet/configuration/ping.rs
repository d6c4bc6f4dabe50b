//! A ping as pings.toml has it.

use std::time::Duration;

use crate::fleet::words::{ClientId, PingName, SafeText, SiteId};

/// What is expected of a job that pings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PingDefinition {
    /// Its name.
    pub name: PingName,
    /// Whose job it is.
    pub client: ClientId,
    /// Where.
    pub site: Option<SiteId>,
    /// The name of the host it runs on.
    pub host: Option<SafeText>,
    /// It succeeds this often.
    pub period: Duration,
    /// It may be late by so much, and run for so long.
    pub grace: Duration,
}
