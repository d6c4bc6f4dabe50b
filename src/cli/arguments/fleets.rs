//! The fleets a verb speaks to.

use std::path::PathBuf;

use clap::Args;

/// Which fleets a verb speaks to: the hub of a data directory, else the named ones, else every enrolled fleet and the
/// local hub.
#[derive(Clone, Debug, Default, PartialEq, Eq, Args)]
pub struct Fleets {
    /// The hub whose data lies here, over its socket
    #[arg(long, value_name = "DIR", conflicts_with = "fleet")]
    pub data: Option<PathBuf>,
    /// A fleet by its local name; may be repeated
    #[arg(long, value_name = "NAME")]
    pub fleet: Vec<String>,
}
