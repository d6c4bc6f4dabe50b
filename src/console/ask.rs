//! What a screen asks a hub beside the replica, and what comes back.
//!
//! Each question carries the generation of the view that asked it. A newer question of a kind drops the older one; an
//! answer whose generation is not the view's own any more is old and to be ignored.

use std::collections::{BTreeMap, BTreeSet};

use crate::console::act::{Act, ActTag};
use crate::console::replica::Glance;
use crate::fleet::derived::alert_report::{Figures, Kind};
use crate::fleet::hosts::vitals::Vitals;
use crate::fleet::state::Entry;
use crate::fleet::words::{AlertId, BlobId, HostId, Revision, SafeText, Timestamp, WindowId};
use crate::wire::checks::CheckReading;

/// What is asked of one fleet's link.
#[derive(Clone, Debug)]
pub enum Ask {
    /// To do something.
    Act {
        /// The act's number here.
        tag: ActTag,
        /// What to do.
        act: Box<Act>,
    },
    /// To know something.
    Detail {
        /// Of the view that asks.
        generation: u64,
        /// What.
        about: Topic,
    },
    /// To try again now instead of when the back-off says so.
    Retry,
}

/// What can be known beside the replica.
#[derive(Clone, Debug, PartialEq)]
pub enum Topic {
    /// A host's vitals and the newest results of its checks.
    Host(HostId),
    /// A host's samples.
    History {
        /// Which host.
        host: HostId,
        /// Which series; `*` stands for any text.
        series: Vec<String>,
        /// From when (hub time).
        from: Timestamp,
        /// Until when (hub time).
        to: Timestamp,
        /// How many points of each series at most.
        points: u32,
    },
    /// The entries about an alert.
    Timeline(AlertId),
    /// Entries of the journal.
    Journal {
        /// Only entries before this revision; from the newest when `None`.
        before: Option<Revision>,
        /// How many at most.
        limit: u64,
    },
    /// A blob's text.
    Blob(BlobId),
    /// Which hosts are outside their expected hours.
    QuietHosts,
    /// What the library says about an alert.
    Runbook(AlertId),
    /// How often an alert's subject raised alerts on each of the last days.
    AlertDays(AlertId),
    /// How alerts went.
    AlertReport {
        /// Over the last so many days.
        days: u64,
    },
    /// How many open alerts each window speaks of.
    WindowMatches,
}

/// What came back.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// Of the view that asked.
    pub generation: u64,
    /// What was asked.
    pub about: Topic,
    /// What is known, or why it is not, in words.
    pub result: Result<Detail, SafeText>,
}

/// What is known beside the replica.
#[derive(Clone, Debug, PartialEq)]
pub enum Detail {
    /// A host in depth.
    Host(Box<HostDetail>),
    /// Samples, a series each.
    History(Vec<Series>),
    /// Entries, newest first: a timeline's or the journal's.
    Entries(Vec<Entry>),
    /// A blob's text.
    Blob {
        /// The text, made safe.
        text: SafeText,
        /// Whether the blob is longer.
        cut: bool,
    },
    /// Hosts outside their expected hours.
    QuietHosts(BTreeSet<HostId>),
    /// Pages of the library: name and Markdown, the nearest first.
    Pages(Vec<(SafeText, SafeText)>),
    /// How often something came, by day; the last day ends now.
    Days(Vec<u32>),
    /// How alerts went.
    AlertReport(AlertFigures),
    /// Open alerts by window.
    WindowMatches(BTreeMap<WindowId, u64>),
}

/// How alerts of a fleet went.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlertFigures {
    /// From when (hub time).
    pub from: Timestamp,
    /// Until when (hub time).
    pub to: Timestamp,
    /// Whether more happened than is counted.
    pub cut: bool,
    /// By client and check.
    pub figures: BTreeMap<Kind, Figures>,
}

/// A host in depth.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HostDetail {
    /// When the hub answered (hub time).
    pub at: Timestamp,
    /// The newest reading in short.
    pub glance: Option<Glance>,
    /// What it measured about itself last.
    pub vitals: Option<Vitals>,
    /// The newest result of each check.
    pub readings: Vec<CheckReading>,
}

/// The samples of one series, oldest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Series {
    /// Its name, such as `cpu.busy`.
    pub name: SafeText,
    /// Its points (hub time); each value is finite.
    pub points: Vec<(Timestamp, f64)>,
}

impl Topic {
    /// The kind, of which one question is under way at a time.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Host(_) => "host",
            Self::History { .. } => "history",
            Self::Timeline(_) => "timeline",
            Self::Journal { .. } => "journal",
            Self::Blob(_) => "blob",
            Self::QuietHosts => "quiet hosts",
            Self::Runbook(_) => "runbook",
            Self::AlertDays(_) => "alert days",
            Self::AlertReport { .. } => "alert report",
            Self::WindowMatches => "window matches",
        }
    }
}
