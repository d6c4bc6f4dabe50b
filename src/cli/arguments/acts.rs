//! Verbs that act on alerts and checks.

use std::time::Duration;

use clap::{ArgGroup, Args};

use crate::cli::arguments::fleets::Fleets;
use crate::cli::arguments::values::{Until, parse_limit, parse_moment, parse_name, parse_span, parse_until};
use crate::cli::id::{AlertArgument, HostArgument};
use crate::fleet::alerts::ValueLimit;
use crate::fleet::words::Timestamp;

/// The alerts an act is for: ids, or a filter.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
#[command(group = ArgGroup::new("targets").required(true).args(["ids", "filter"]))]
pub struct ActTargets {
    /// Alerts: FLEET/NUMBER, NUMBER, or a spoken id
    #[arg(value_name = "ID")]
    pub ids: Vec<AlertArgument>,
    /// All open alerts that fit a filter, such as "client:acme sev:warning"
    #[arg(long = "where", value_name = "FILTER")]
    pub filter: Option<String>,
    /// Only say what would be acted on
    #[arg(long)]
    pub dry_run: bool,
    /// Refuse unless exactly this many alerts are meant
    #[arg(long, value_name = "N")]
    pub expect: Option<u64>,
    /// Print what was done as JSON
    #[arg(long)]
    pub json: bool,
    /// The fleets.
    #[command(flatten)]
    pub fleets: Fleets,
}

/// `ack`.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct Acknowledge {
    /// The alerts.
    #[command(flatten)]
    pub targets: ActTargets,
    /// How long: until it gets worse, until it resolves, or until a moment such as 18:00 or 2h
    #[arg(long, value_name = "worse|resolved|TIME", default_value = "worse", value_parser = parse_until)]
    pub until: Until,
    /// A measured value that counts as worse, too, such as "used>98"
    #[arg(long, value_name = "LABEL>N|LABEL<N", value_parser = parse_limit)]
    pub at_value: Option<ValueLimit>,
    /// A note
    #[arg(short, long = "message", value_name = "TEXT")]
    pub message: Option<String>,
}

/// `escalate`.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct Escalate {
    /// The alerts.
    #[command(flatten)]
    pub targets: ActTargets,
    /// A note
    #[arg(short, long = "message", value_name = "TEXT")]
    pub message: Option<String>,
}

/// `release`.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct Release {
    /// The alerts.
    #[command(flatten)]
    pub targets: ActTargets,
    /// Offer them to somebody; nobody has them until they take them
    #[arg(long, value_name = "NAME", value_parser = parse_name)]
    pub to: Option<String>,
    /// A note
    #[arg(short, long = "message", value_name = "TEXT")]
    pub message: Option<String>,
}

/// `snooze`.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct Snooze {
    /// The alerts.
    #[command(flatten)]
    pub targets: ActTargets,
    /// How long
    #[arg(long = "for", value_name = "D", value_parser = parse_span)]
    pub span: Duration,
    /// A note
    #[arg(short, long = "message", value_name = "TEXT")]
    pub message: Option<String>,
}

/// `remind`.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct Remind {
    /// The alerts.
    #[command(flatten)]
    pub targets: ActTargets,
    /// When: a moment such as 08:00, or a span such as 2h
    #[arg(long, value_name = "TIME", value_parser = parse_moment, required_unless_present = "off")]
    pub at: Option<Timestamp>,
    /// What to be told
    #[arg(short, long = "message", value_name = "TEXT", required_unless_present = "off")]
    pub message: Option<String>,
    /// Take back your reminders about these alerts
    #[arg(long, conflicts_with_all = ["at", "message"])]
    pub off: bool,
}

/// `note`.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct Note {
    /// The alerts.
    #[command(flatten)]
    pub targets: ActTargets,
    /// The note
    #[arg(short, long = "message", value_name = "TEXT", required = true)]
    pub message: String,
}

/// `close`.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct Close {
    /// The alerts.
    #[command(flatten)]
    pub targets: ActTargets,
    /// Why
    #[arg(short, long = "message", value_name = "TEXT")]
    pub message: Option<String>,
}

/// `check`.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct CheckNow {
    /// The host: FLEET/NUMBER, NUMBER, or its name
    #[arg(value_name = "HOST")]
    pub host: HostArgument,
    /// The check; all of the host's where none is given
    #[arg(value_name = "CHECK")]
    pub check: Option<String>,
    /// Print what was asked as JSON
    #[arg(long)]
    pub json: bool,
    /// The fleet.
    #[command(flatten)]
    pub fleets: Fleets,
}
