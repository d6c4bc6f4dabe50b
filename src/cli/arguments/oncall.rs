//! Verbs about who is on call, and about shifts.

use std::time::Duration;

use clap::{Args, Subcommand};

use crate::cli::arguments::fleets::Fleets;
use crate::cli::arguments::values::{parse_moment, parse_past, parse_plain_name, parse_span};
use crate::cli::id::NumberArgument;
use crate::fleet::words::Timestamp;

/// `oncall`.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct OnCall {
    /// What to change; without it: who is on call now and next.
    #[command(subcommand)]
    pub verb: Option<OnCallVerb>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// The fleets.
    #[command(flatten)]
    pub fleets: Fleets,
}

/// What to change about duty.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum OnCallVerb {
    /// Stand in on a schedule yourself
    Take {
        /// The schedule
        #[arg(value_name = "SCHEDULE", value_parser = parse_plain_name)]
        schedule: String,
        /// When, and what to say.
        #[command(flatten)]
        when: Standing,
    },
    /// Have somebody stand in on a schedule
    Give {
        /// The schedule
        #[arg(value_name = "SCHEDULE", value_parser = parse_plain_name)]
        schedule: String,
        /// The person, by their name in policies.toml
        #[arg(value_name = "PERSON", value_parser = parse_plain_name)]
        person: String,
        /// When, and what to say.
        #[command(flatten)]
        when: Standing,
    },
    /// End an override: duty is as the schedule says again
    End {
        /// The override: FLEET/NUMBER or NUMBER
        #[arg(value_name = "ID")]
        id: NumberArgument,
        /// The fleet.
        #[command(flatten)]
        fleets: Fleets,
    },
}

/// When somebody stands in.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct Standing {
    /// From when, such as 18:00 or 2h [default: now]
    #[arg(long, value_name = "TIME", value_parser = parse_moment)]
    pub from: Option<Timestamp>,
    /// How long [default: until the next handoff]
    #[arg(long = "for", value_name = "D", value_parser = parse_span, conflicts_with = "until")]
    pub span: Option<Duration>,
    /// Until when, such as 08:00 or "2026-06-02 08:00"
    #[arg(long, value_name = "TIME", value_parser = parse_moment)]
    pub until: Option<Timestamp>,
    /// A note
    #[arg(short, long = "message", value_name = "TEXT")]
    pub message: Option<String>,
    /// The fleet.
    #[command(flatten)]
    pub fleets: Fleets,
}

/// What to do about a handover.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum HandOverVerb {
    /// Offer all alerts you own to somebody
    To {
        /// The person, by their name in policies.toml
        #[arg(value_name = "PERSON", value_parser = parse_plain_name)]
        person: String,
        /// A note
        #[arg(short, long = "message", value_name = "TEXT")]
        message: Option<String>,
        /// The fleet.
        #[command(flatten)]
        fleets: Fleets,
    },
    /// Take over what was offered to you
    Accept {
        /// Only from this person
        #[arg(value_name = "PERSON", value_parser = parse_plain_name)]
        from: Option<String>,
        /// The fleet.
        #[command(flatten)]
        fleets: Fleets,
    },
}

/// `shift`.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct Shift {
    /// Since when, such as 08:00 or 12h [default: since your shift began; 12h where you are not on duty]
    #[arg(long, value_name = "TIME", value_parser = parse_past)]
    pub since: Option<Timestamp>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// The fleets.
    #[command(flatten)]
    pub fleets: Fleets,
}
