//! What an agent tells of its host: transitions, kept in its outbox until the hub has confirmed them.

use crate::fleet::backups::{Days, Found};
use crate::fleet::commands::Report;
use crate::fleet::hosts::vitals::OsFacts;
use crate::fleet::words::{ActionId, CheckName, CheckState, CommandId, JobName, SafeText, Timestamp};

/// One fact; its place is (host, stream, sequence number), which stands beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// When the host says it happened, by the host's clock.
    pub at: Timestamp,
    /// What happened.
    pub body: FactBody,
}

/// What a fact says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FactBody {
    /// A check changed its state, hardness or attempt; soft results too.
    Check {
        /// Which check.
        name: CheckName,
        /// What it found.
        state: CheckState,
        /// Whether that is confirmed.
        hard: bool,
        /// Which attempt, 1 for the first.
        attempt: u32,
        /// After how many attempts a problem is hard.
        max_attempts: u32,
        /// The first line.
        summary: SafeText,
        /// Further lines, empty where there are none; the hub keeps them as a blob.
        long_text: SafeText,
        /// Performance data as printed.
        perfdata: SafeText,
        /// Milliseconds between two results at most, so that the hub can tell when they stop coming.
        interval_ms: u64,
    },
    /// What the machine is; told at the agent's start and when it changed.
    Described(OsFacts),
    /// A check no longer runs on this host.
    Gone(CheckName),
    /// How a command ended on this host.
    Command {
        /// Its number.
        command: CommandId,
        /// What the host knows it by.
        key: ActionId,
        /// How it ended.
        report: Report,
        /// What was kept of its standard output, where it is small; what is larger the hub has as a blob already.
        stdout: Vec<u8>,
        /// The same of its standard error.
        stderr: Vec<u8>,
    },
    /// What can be restored by a backup job changed, or why nothing is known of it.
    Backup {
        /// Which job.
        job: JobName,
        /// What was found.
        found: Box<Found>,
        /// The days of which backups were found.
        days: Days,
        /// Today by the host's calendar, in days since 1970-01-01.
        today: i32,
        /// The snapshots and what the tool said; the hub keeps it as a blob.
        long_text: SafeText,
    },
}
