//! The programs that run on: console, hub, swarm.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::cli::arguments::fleets::Fleets;
use crate::cli::arguments::values::{parse_listen, parse_plain_name, parse_span};
use crate::settings::console::ColorMode;

/// The console's options.
#[derive(Clone, Debug, Default, PartialEq, Eq, Args)]
pub struct Console {
    /// Show only this fleet; may be repeated
    #[arg(long, value_name = "NAME")]
    pub fleet: Vec<String>,
    /// For a wall screen: what nobody owns first, sums, proof of life; no key works but q, nothing can be changed
    #[arg(long)]
    pub wall: bool,
    /// Lines of text instead of screens, one for each change: for screen readers, logs and pipes
    #[arg(long)]
    pub plain: bool,
    /// Nothing can be changed from this console
    #[arg(long)]
    pub read_only: bool,
    /// The screen to open on
    #[arg(long, value_name = "NAME", value_enum)]
    pub screen: Option<Screen>,
    /// A theme by name, or the path of its file
    #[arg(long, value_name = "NAME")]
    pub theme: Option<String>,
    /// How many colours: auto, never, 16, 256 or true
    #[arg(long, value_name = "MODE", value_parser = parse_color)]
    pub color: Option<ColorMode>,
    /// Draw with ASCII characters only
    #[arg(long)]
    pub ascii: bool,
    /// For visitors: codes instead of the names of clients, sites, hosts and people, and no free text; only reads
    #[arg(long)]
    pub mask: bool,
}

/// The screens of the top row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, ValueEnum)]
pub enum Screen {
    /// A row a client, worst first
    Floor,
    /// The alerts
    Alerts,
    /// The hosts
    Hosts,
    /// The commands
    Commands,
    /// The journal
    Journal,
    /// Backup jobs
    Backups,
}

fn parse_color(text: &str) -> Result<ColorMode, String> {
    let words = ColorMode::ALL.map(ColorMode::word).join(", ");
    ColorMode::from_word(text).ok_or_else(|| format!("write one of {words}"))
}

/// The hub's options.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct Hub {
    /// Where the hub keeps its data; its configuration is DIR/config/*.toml [default: hub below WATCHFLOOR_HOME]
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Where agents and consoles link
    #[arg(long, value_name = "ADDR", default_value = "[::]:7440", value_parser = parse_listen)]
    pub listen: SocketAddr,
    /// Where tokens are spent
    #[arg(long, value_name = "ADDR", default_value = "[::]:7441", value_parser = parse_listen)]
    pub enrol_listen: SocketAddr,
    /// Where /healthz and /metrics are served; loopback only [default: off]
    #[arg(long, value_name = "ADDR", value_parser = parse_listen)]
    pub http_listen: Option<SocketAddr>,
    /// The fleet's name [default: this machine's host name]
    #[arg(long, value_name = "NAME", value_parser = parse_plain_name)]
    pub name: Option<String>,
    /// A host name or address under which agents reach this hub; may be repeated [default: as listened on, or this
    /// machine's name and addresses]
    #[arg(long, value_name = "HOST")]
    pub advertise: Vec<String>,
}

/// The swarm's options.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct Swarm {
    /// How many synthetic agents
    #[arg(long, value_name = "N", required_unless_present = "retire", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub agents: Option<u32>,
    /// The interval of heartbeat, sampling, checks and retries
    #[arg(long, value_name = "D", default_value = "10s", value_parser = parse_span)]
    pub interval: Duration,
    /// How many of them report one check that is hard critical within 10 s
    #[arg(long, value_name = "K", default_value_t = 0)]
    pub fail: u32,
    /// Retire all synthetic hosts of the fleet and end
    #[arg(long, conflicts_with_all = ["agents", "fail"])]
    pub retire: bool,
    /// The fleet.
    #[command(flatten)]
    pub fleets: Fleets,
}
