//! Verbs about commands.

use std::time::Duration;

use clap::Args;

use crate::cli::arguments::fleets::Fleets;
use crate::cli::arguments::values::parse_span;
use crate::cli::id::NumberArgument;

/// `run`.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct Run {
    /// Which hosts, such as client:acme class:server; '*' for every host
    #[arg(long = "where", value_name = "FILTER", required = true)]
    pub filter: String,
    /// On how many hosts at once [default: 128]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub window: Option<u32>,
    /// How long it may run on a host before it is killed there with all it started
    #[arg(long, value_name = "D", default_value = "30s", value_parser = parse_span)]
    pub timeout: Duration,
    /// Give one argument to the host's shell as a line; only where the host's agent.toml says mode = "any"
    #[arg(long)]
    pub shell: bool,
    /// Only say on which hosts it would be started
    #[arg(long)]
    pub dry_run: bool,
    /// Refuse unless exactly this many hosts are meant
    #[arg(long, value_name = "N")]
    pub expect: Option<u64>,
    /// Print one JSON object when it has ended
    #[arg(long)]
    pub json: bool,
    /// The fleet.
    #[command(flatten)]
    pub fleets: Fleets,
    /// The program and its arguments, started as they stand: no shell reads them
    #[arg(last = true, required = true, value_name = "PROGRAM")]
    pub argv: Vec<String>,
}

/// `commands`.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct Commands {
    /// Which commands, such as state:running host:web*; all where none is given
    #[arg(value_name = "FILTER")]
    pub filter: Vec<String>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// The fleets.
    #[command(flatten)]
    pub fleets: Fleets,
}

/// `command`.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct Command {
    /// The command: FLEET/NUMBER or NUMBER
    #[arg(value_name = "ID")]
    pub id: NumberArgument,
    /// Wait until it has ended
    #[arg(long)]
    pub wait: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// The fleets.
    #[command(flatten)]
    pub fleets: Fleets,
}

/// `cancel`.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct Cancel {
    /// The command: FLEET/NUMBER or NUMBER
    #[arg(value_name = "ID")]
    pub id: NumberArgument,
    /// Print what was done as JSON
    #[arg(long)]
    pub json: bool,
    /// The fleets.
    #[command(flatten)]
    pub fleets: Fleets,
}
