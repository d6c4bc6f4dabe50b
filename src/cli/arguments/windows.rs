//! Verbs about maintenance windows and silences.

use std::time::Duration;

use clap::{ArgGroup, Args, Subcommand};

use crate::cli::arguments::fleets::Fleets;
use crate::cli::arguments::values::{Until, parse_span, parse_until};
use crate::cli::id::NumberArgument;
use crate::fleet::words::Timestamp;

/// What to do with windows.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum WindowVerb {
    /// Open a window: the alerts it speaks of are held back, and their ends are not
    Add(Box<WindowAdd>),
    /// List windows: age, owner, next time, what they hold back and whether they match anything
    List(WindowList),
    /// One window with what it held back and what happened to it
    Show(WindowShow),
    /// End a window for good
    End(WindowEnd),
    /// Give another end to a window that is under way, or to come once
    Extend(WindowExtend),
}

/// `window add`.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
#[command(group = ArgGroup::new("scope").required(true).args(["filter", "matchers"]))]
#[command(group = ArgGroup::new("end").required(true).args(["span", "until", "every"]))]
pub struct WindowAdd {
    /// The alerts, by client, site, host, class, tag, check, sev or words: "client:acme check:disk"; * for the whole fleet
    #[arg(long = "where", value_name = "FILTER")]
    pub filter: Option<String>,
    /// The alerts, by their labels as in Alertmanager: alertname=disk, host=~"web.*"; may be repeated
    #[arg(long = "matcher", value_name = "MATCHER")]
    pub matchers: Vec<String>,
    /// How long
    #[arg(long = "for", value_name = "D", value_parser = parse_span)]
    pub span: Option<Duration>,
    /// From when: 22:00, "2026-06-01 22:00", or a span from now [default: now]
    #[arg(long, value_name = "TIME", value_parser = parse_moment, conflicts_with = "every")]
    pub from: Option<Timestamp>,
    /// Until when; a time of day is the next one
    #[arg(long, value_name = "TIME", value_parser = parse_moment)]
    pub until: Option<Timestamp>,
    /// Again and again: "every Tue,Thu 22:00 for 4h Europe/Berlin", "2nd Tue of the month 21:00 for 3h", or a rule of
    /// RFC 5545 such as "FREQ=WEEKLY;BYDAY=TU;BYHOUR=22 for 4h"
    #[arg(long, value_name = "TIMES")]
    pub every: Option<String>,
    /// What it is for
    #[arg(short, long = "message", value_name = "TEXT")]
    pub message: Option<String>,
    /// Only say what it would hold back now, and when
    #[arg(long)]
    pub dry_run: bool,
    /// Refuse unless it holds back exactly this many open alerts now
    #[arg(long, value_name = "N")]
    pub expect: Option<u64>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// The fleet.
    #[command(flatten)]
    pub fleets: Fleets,
}

/// `window list`.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct WindowList {
    /// A filter, such as "client:acme state:active"
    #[arg(value_name = "FILTER")]
    pub filter: Vec<String>,
    /// Those that are over, too
    #[arg(long)]
    pub all: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// The fleets.
    #[command(flatten)]
    pub fleets: Fleets,
}

/// `window show`.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct WindowShow {
    /// The window
    #[arg(value_name = "ID")]
    pub id: NumberArgument,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// The fleet.
    #[command(flatten)]
    pub fleets: Fleets,
}

/// `window end`.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct WindowEnd {
    /// The window
    #[arg(value_name = "ID")]
    pub id: NumberArgument,
    /// Why
    #[arg(short, long = "message", value_name = "TEXT")]
    pub message: Option<String>,
    /// The fleet.
    #[command(flatten)]
    pub fleets: Fleets,
}

/// `window extend`.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
#[command(group = ArgGroup::new("new-end").required(true).args(["span", "until"]))]
pub struct WindowExtend {
    /// The window
    #[arg(value_name = "ID")]
    pub id: NumberArgument,
    /// So much longer than it would have lasted
    #[arg(long = "for", value_name = "D", value_parser = parse_span)]
    pub span: Option<Duration>,
    /// Until this time instead
    #[arg(long, value_name = "TIME", value_parser = parse_moment)]
    pub until: Option<Timestamp>,
    /// The fleet.
    #[command(flatten)]
    pub fleets: Fleets,
}

fn parse_moment(text: &str) -> Result<Timestamp, String> {
    match parse_until(text) {
        Ok(Until::Time(moment)) => Ok(moment),
        Ok(Until::Worse | Until::Resolved) => {
            Err("write a time such as 22:00, or a span from now such as 2h".to_owned())
        }
        Err(error) => Err(error.trim_end_matches("; or worse, or resolved").to_owned()),
    }
}
