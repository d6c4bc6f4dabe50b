//! What is known beside the Fleet: the newest readings and signs of life. Never journaled; newest wins.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::fleet::backups::Trouble;
use crate::fleet::checks::MOST_PER_HOST;
use crate::fleet::configuration::Configuration;
use crate::fleet::hosts::vitals::Vitals;
use crate::fleet::rules::externals::Externals;
use crate::fleet::state::Fleet;
use crate::fleet::words::{CheckName, CheckState, HostId, Instant, JobName, Now, SafeText, StreamId, Timestamp};

/// Live knowledge of one hub process.
#[derive(Clone, Debug)]
pub struct Live {
    /// When this hub process began.
    pub started: Now,
    /// The configuration that counts.
    pub configuration: Arc<Configuration>,
    /// How much longer than others a host not heard from since the start may be silent: its agent may wait to dial again.
    pub redial: Duration,
    /// By host, those heard from since the start.
    pub hosts: BTreeMap<HostId, HostLive>,
    /// Until when alerts of other systems hold.
    pub externals: Externals,
}

/// The newest of one host.
#[derive(Clone, Debug, Default)]
pub struct HostLive {
    /// When its last heartbeat came.
    pub last_seen: Option<Now>,
    /// Since when it is heard without a gap.
    pub back: Option<Instant>,
    /// Whether its stream stands.
    pub linked: bool,
    /// The agent's promise: the next heartbeat comes within this time.
    pub promised: Option<Duration>,
    /// Turns of its scheduler, as its last heartbeat said.
    pub turn: u64,
    /// Counts up with every report, so that watchers see which hosts are new to them.
    pub generation: u64,
    /// The newest vitals.
    pub vitals: Option<Arc<Vitals>>,
    /// The newest result of each check.
    pub readings: BTreeMap<CheckName, Reading>,
    /// When the repository of each of its backup jobs was read last.
    pub backups: BTreeMap<JobName, BackupReading>,
    /// When it was last noticed that another machine links with the host's certificate.
    pub contested: Option<Now>,
    /// The outbox stream of the current link.
    pub stream: Option<StreamId>,
}

/// The newest result of a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// What it found.
    pub state: CheckState,
    /// The first line.
    pub summary: SafeText,
    /// Performance data as printed.
    pub perfdata: SafeText,
    /// When it arrived.
    pub at: Now,
}

/// When a repository was read last, and what kept it from being read since.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackupReading {
    /// When it was read last, by this hub's clocks; `None`: never.
    pub at: Option<Now>,
    /// What kept it from being read since, and the tool's words.
    pub trouble: Option<(Trouble, SafeText)>,
    /// How often the host reads it.
    pub interval: Duration,
}

/// The time between two heartbeats where nobody said it.
const USUAL_PACE: Duration = Duration::from_secs(10);

impl HostLive {
    /// Takes in a heartbeat, with the promise of the next one.
    pub fn hear(&mut self, now: Now, promised: Option<Duration>) {
        let gap = self.promised.unwrap_or(USUAL_PACE) * 3 / 2;
        if self.last_seen.is_none_or(|seen| now.mono.since(seen.mono) >= gap) {
            self.back = Some(now.mono);
        }
        self.last_seen = Some(now);
        self.promised = promised;
    }

    /// Takes in the newest result of a check; of no more checks than the fleet keeps of one host.
    pub fn learn(&mut self, check: CheckName, reading: Reading) {
        if self.readings.len() < MOST_PER_HOST || self.readings.contains_key(&check) {
            self.readings.insert(check, reading);
        }
    }
}

impl HostLive {
    /// Takes in the newest reading of a repository; of no more jobs than the fleet keeps of one host.
    pub fn learn_backup(&mut self, job: JobName, reading: BackupReading) {
        if self.backups.len() < MOST_PER_HOST || self.backups.contains_key(&job) {
            self.backups.insert(job, reading);
        }
    }
}

impl Live {
    /// Nothing known yet.
    #[must_use]
    pub fn new(started: Now, configuration: Arc<Configuration>) -> Self {
        Self { started, configuration, redial: Duration::ZERO, hosts: BTreeMap::new(), externals: Externals::new() }
    }

    /// When a host was last seen, by this process or before it; what a list and a filter go by.
    #[must_use]
    pub fn seen_of(&self, fleet: &Fleet, host: Option<HostId>) -> Option<Timestamp> {
        let host = fleet.hosts.hosts.get(&host?)?;
        self.last_seen(host.id).map(|seen| seen.wall).or(host.last_seen)
    }

    /// The newest reading of a host's backup job.
    #[must_use]
    pub fn backup(&self, host: HostId, job: &JobName) -> Option<&BackupReading> {
        self.hosts.get(&host)?.backups.get(job)
    }

    /// When a host was last seen by this process.
    #[must_use]
    pub fn last_seen(&self, host: HostId) -> Option<Now> {
        self.hosts.get(&host)?.last_seen
    }
}
