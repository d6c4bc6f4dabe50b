//! The states of all checks of a fleet.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::event::Event;
use super::status::CheckStatus;
use crate::fleet::words::{CheckName, HostId, Timestamp};

/// The most checks the fleet keeps of one host, so that no host can fill the hub by making up names.
pub const MOST_PER_HOST: usize = 500;

/// The states of all checks, ordered by host and name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Checks {
    /// By host, then by name.
    pub checks: BTreeMap<HostId, BTreeMap<CheckName, Arc<CheckStatus>>>,
    /// Those that flap.
    flapping: BTreeSet<(HostId, CheckName)>,
}

impl Checks {
    /// One check of one host.
    #[must_use]
    pub fn get(&self, host: HostId, check: &CheckName) -> Option<&Arc<CheckStatus>> {
        self.checks.get(&host)?.get(check)
    }

    /// The checks of one host, by name.
    pub fn of_host(&self, host: HostId) -> impl Iterator<Item = &Arc<CheckStatus>> {
        self.checks.get(&host).into_iter().flat_map(BTreeMap::values)
    }

    /// How many checks one host has.
    #[must_use]
    pub fn count(&self, host: HostId) -> usize {
        self.checks.get(&host).map_or(0, BTreeMap::len)
    }

    /// All checks, by host and name.
    pub fn all(&self) -> impl Iterator<Item = &Arc<CheckStatus>> {
        self.checks.values().flat_map(BTreeMap::values)
    }

    /// Puts a check in place, as a snapshot's row does.
    pub fn restore(&mut self, status: CheckStatus) {
        self.index(status.host, &status.check, status.flapping);
        self.checks.entry(status.host).or_default().insert(status.check.clone(), Arc::new(status));
    }

    /// Checks that flap, by host and name.
    pub fn flapping(&self) -> impl Iterator<Item = &Arc<CheckStatus>> {
        self.flapping.iter().filter_map(|(host, check)| self.get(*host, check))
    }

    /// Keeps only the checks of hosts that a viewer may see.
    pub fn retain_hosts(&mut self, keep: impl Fn(HostId) -> bool) {
        self.checks.retain(|host, _| keep(*host));
        self.flapping.retain(|(host, _)| keep(*host));
    }

    fn index(&mut self, host: HostId, check: &CheckName, flapping: bool) {
        if flapping {
            self.flapping.insert((host, check.clone()));
        } else if !self.flapping.is_empty() {
            self.flapping.remove(&(host, check.clone()));
        }
    }

    /// Stores what the event says.
    pub fn apply(&mut self, event: &Event, at: Timestamp) {
        match event {
            Event::Changed {
                host,
                check,
                state,
                hard,
                attempt,
                max_attempts,
                summary,
                perfdata,
                interval_ms,
                output,
                measured_at,
                ring,
            } => {
                let old = self.get(*host, check);
                let since = old.filter(|old| old.state == *state).map_or(at, |old| old.since);
                let flapping = old.is_some_and(|old| old.flapping);
                self.restore(CheckStatus {
                    host: *host,
                    check: check.clone(),
                    state: *state,
                    hard: *hard,
                    attempt: *attempt,
                    max_attempts: *max_attempts,
                    stale: false,
                    since,
                    summary: summary.clone(),
                    perfdata: perfdata.clone(),
                    interval_ms: *interval_ms,
                    output: *output,
                    ring: *ring,
                    changed_at: at,
                    measured_at: *measured_at,
                    flapping,
                });
            }
            Event::Stale { host, check, stale } => {
                if let Some(status) = self.checks.get_mut(host).and_then(|checks| checks.get_mut(check)) {
                    Arc::make_mut(status).stale = *stale;
                }
            }
            Event::Flapping { host, check, flapping } => {
                if let Some(status) = self.checks.get_mut(host).and_then(|checks| checks.get_mut(check)) {
                    Arc::make_mut(status).flapping = *flapping;
                    self.index(*host, check, *flapping);
                }
            }
            Event::Removed { host, check } => {
                self.index(*host, check, false);
                if let Some(checks) = self.checks.get_mut(host) {
                    checks.remove(check);
                    if checks.is_empty() {
                        self.checks.remove(host);
                    }
                }
            }
            Event::Asked { .. } => {}
        }
    }
}
