//! Verbs that read. Each joins all fleets it reaches.

use clap::{Args, Subcommand};

use crate::cli::arguments::fleets::Fleets;
use crate::cli::id::AlertArgument;

/// `status`.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct Status {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// The fleets.
    #[command(flatten)]
    pub fleets: Fleets,
}

/// `hosts`.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct Hosts {
    /// Which hosts, such as client:acme state:down; all where none is given
    #[arg(value_name = "FILTER")]
    pub filter: Vec<String>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// The fleets.
    #[command(flatten)]
    pub fleets: Fleets,
}

/// `checks`.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct Checks {
    /// Which checks, such as host:web* sev:warning+; all where none is given
    #[arg(value_name = "FILTER")]
    pub filter: Vec<String>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// The fleets.
    #[command(flatten)]
    pub fleets: Fleets,
}

/// `alerts`.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct Alerts {
    /// Which alerts, such as lane:new sev:critical; all open ones where none is given
    #[arg(value_name = "FILTER")]
    pub filter: Vec<String>,
    /// Resolved alerts too
    #[arg(long)]
    pub all: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// The fleets.
    #[command(flatten)]
    pub fleets: Fleets,
}

/// `alert`.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct Alert {
    /// The alert: FLEET/NUMBER, NUMBER, or its spoken id
    #[arg(value_name = "ID")]
    pub id: AlertArgument,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// The fleets.
    #[command(flatten)]
    pub fleets: Fleets,
}

/// `backups`.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct Backups {
    /// Which jobs, such as state:late,overdue rpo:24h+; all where none is given
    #[arg(value_name = "FILTER")]
    pub filter: Vec<String>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// The fleets.
    #[command(flatten)]
    pub fleets: Fleets,
}

/// `notices`.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct Notices {
    /// At most so many; 0 for all that the fleet still knows
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub limit: u64,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// The fleets.
    #[command(flatten)]
    pub fleets: Fleets,
}

/// `journal`.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct Journal {
    /// Which entries; all where no filter is given
    #[arg(value_name = "FILTER")]
    pub filter: Vec<String>,
    /// How many entries of each fleet; 0 for all
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub limit: u64,
    /// Print JSON, one object an entry
    #[arg(long)]
    pub json: bool,
    /// The fleets.
    #[command(flatten)]
    pub fleets: Fleets,
}

/// `report`.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum ReportVerb {
    /// By client and by check: how often, how long until taken (MTTA) and until over (MTTR)
    Alerts(AlertReport),
}

/// `report alerts`.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct AlertReport {
    /// Which alerts, such as client:acme check:disk*; all where none is given
    #[arg(value_name = "FILTER")]
    pub filter: Vec<String>,
    /// How many days, until now
    #[arg(long, value_name = "N", default_value_t = 7, value_parser = clap::value_parser!(u64).range(1..=366))]
    pub days: u64,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// The fleets.
    #[command(flatten)]
    pub fleets: Fleets,
}
