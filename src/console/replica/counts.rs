//! Counts of a fleet and of each client, kept with every entry instead of being counted for every frame.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::glance::Glance;
use crate::fleet::alerts::Alert;
use crate::fleet::backups::Job;
use crate::fleet::checks::CheckStatus;
use crate::fleet::derived::first_look::{ClientSums, should_be_up};
use crate::fleet::derived::tally::{Tally, Way};
use crate::fleet::hosts::{Event as HostEvent, Host, HostState};
use crate::fleet::state::{EntityKey, Entry, Event, Fleet};
use crate::fleet::words::{AlertId, ClientId, HostId, Timestamp};

/// A client in numbers: a row of the Floor.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientSummary {
    /// Its hosts, open alerts and checks.
    pub tally: Tally,
    /// Hosts that should be up, by when they were seen last.
    seen: BTreeSet<(Timestamp, HostId)>,
    /// Hosts that should be up and were never seen.
    never_seen: u32,
}

/// The counts of a fleet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    total: Tally,
    clients: BTreeMap<ClientId, ClientSummary>,
    /// Open alerts of each host.
    of_host: BTreeSet<(HostId, AlertId)>,
    /// Clients that something was taken from and that have nothing left.
    emptied: Vec<ClientId>,
}

impl ClientSummary {
    /// When the host that was not seen for longest was seen, of those that should be up: the age of the row's oldest
    /// data. `None` when there is none, or only hosts that were never seen.
    #[must_use]
    pub fn oldest_seen(&self) -> Option<Timestamp> {
        self.seen.first().map(|(seen, _)| *seen)
    }

    /// The host that was not seen for longest, of those that should be up.
    #[must_use]
    pub fn longest_unseen(&self) -> Option<HostId> {
        self.seen.first().map(|(_, host)| *host)
    }

    /// Hosts that should be up and were never seen.
    #[must_use]
    pub const fn never_seen(&self) -> u32 {
        self.never_seen
    }

    fn see(&mut self, host: HostId, seen: Option<Timestamp>, way: Way) {
        match (seen, way) {
            (None, way) => way.step(&mut self.never_seen),
            (Some(seen), Way::In) => {
                self.seen.insert((seen, host));
            }
            (Some(seen), Way::Out) => {
                self.seen.remove(&(seen, host));
            }
        }
    }
}

impl Counts {
    /// Counts a fleet whole.
    #[must_use]
    pub fn of(fleet: &Fleet, glances: &BTreeMap<HostId, Glance>) -> Self {
        let mut counts = Self::default();
        for client in fleet.hosts.clients.keys() {
            counts.clients.entry(client.clone()).or_default();
        }
        for host in fleet.hosts.hosts.values() {
            counts.host(host, glances, Way::In);
        }
        for check in fleet.checks.all() {
            counts.check(fleet, check, Way::In);
        }
        for alert in fleet.alerts.open() {
            counts.alert(alert, Way::In);
        }
        for job in fleet.backups.jobs.values() {
            counts.backup(job, Way::In);
        }
        counts
    }

    /// What a hub has counted of a fleet of which only some rows are here yet.
    #[must_use]
    pub fn of_sums(fleet: &Fleet, sums: BTreeMap<ClientId, ClientSums>) -> Self {
        let mut counts = Self::default();
        for (client, ClientSums { tally, longest_unseen, never_seen }) in sums {
            counts.total.add(&tally);
            let seen = longest_unseen.into_iter().collect();
            counts.clients.insert(client, ClientSummary { tally, seen, never_seen });
        }
        let open = fleet.alerts.open();
        counts.of_host = open.filter_map(|alert| Some((alert.host?, alert.id))).collect();
        counts
    }

    /// The whole fleet.
    #[must_use]
    pub const fn total(&self) -> &Tally {
        &self.total
    }

    /// Each client that is described or has something, by id.
    pub fn clients(&self) -> impl ExactSizeIterator<Item = (&ClientId, &ClientSummary)> {
        self.clients.iter()
    }

    /// The same as a table.
    #[must_use]
    pub const fn by_client(&self) -> &BTreeMap<ClientId, ClientSummary> {
        &self.clients
    }

    /// One client.
    #[must_use]
    pub fn client(&self, client: &ClientId) -> Option<&ClientSummary> {
        self.clients.get(client)
    }

    /// Open alerts of a host, oldest number first.
    pub fn alerts_of_host(&self, host: HostId) -> impl Iterator<Item = AlertId> {
        self.of_host.range((host, AlertId(0))..=(host, AlertId(u64::MAX))).map(|(_, alert)| *alert)
    }

    /// The entities whose counts an entry can change; to be taken out before it is applied and put in again after.
    /// Sorted, each once.
    pub(super) fn concerned(fleet: &Fleet, entry: &Entry) -> Vec<EntityKey> {
        let mut keys = Vec::with_capacity(entry.events.len());
        for (_, event) in &entry.events {
            keys.extend(event.entity());
            // The checks of a host count for its client while it belongs to the fleet.
            if let Event::Hosts(event) = event
                && let Some(host) = event.host()
                && rehomes(fleet, host, event)
            {
                keys.extend(fleet.checks.of_host(host).map(|check| EntityKey::Check(host, check.check.clone())));
            }
        }
        keys.sort_unstable();
        keys.dedup();
        keys
    }

    /// Counts the entities as they are, in or out.
    pub(super) fn count(&mut self, fleet: &Fleet, glances: &BTreeMap<HostId, Glance>, keys: &[EntityKey], way: Way) {
        for key in keys {
            match key {
                EntityKey::Client(client) => {
                    if way == Way::In {
                        self.clients.entry(client.clone()).or_default();
                    }
                }
                EntityKey::Host(id) => {
                    if let Some(host) = fleet.hosts.hosts.get(id) {
                        self.host(host, glances, way);
                    }
                }
                EntityKey::Check(host, check) => {
                    if let Some(check) = fleet.checks.get(*host, check) {
                        self.check(fleet, check, way);
                    }
                }
                EntityKey::Alert(id) => {
                    if let Some(alert) = fleet.alerts.alerts.get(id).filter(|alert| alert.is_open()) {
                        self.alert(alert, way);
                    }
                }
                EntityKey::Backup(id) => {
                    if let Some(job) = fleet.backups.jobs.get(id) {
                        self.backup(job, way);
                    }
                }
                EntityKey::Profile
                | EntityKey::Site(..)
                | EntityKey::Identity(_)
                | EntityKey::Token(_)
                | EntityKey::Command(_)
                | EntityKey::Notice(_)
                | EntityKey::Ping(_)
                | EntityKey::Window(_)
                | EntityKey::Outcome(..)
                | EntityKey::Person(_)
                | EntityKey::Duty(_)
                | EntityKey::Policy(_) => {}
            }
        }
        if way == Way::In {
            self.forget_emptied(fleet);
        }
    }

    /// A newer glance of a host arrived.
    pub(super) fn saw(&mut self, host: &Host, old: Option<&Glance>, new: Option<&Glance>) {
        let (before, after) = (last_seen(host, old), last_seen(host, new));
        if before != after
            && should_be_up(host)
            && let Some(summary) = self.clients.get_mut(&host.client)
        {
            summary.see(host.id, before, Way::Out);
            summary.see(host.id, after, Way::In);
        }
    }

    fn host(&mut self, host: &Host, glances: &BTreeMap<HostId, Glance>, way: Way) {
        if host.is_retired() {
            return;
        }
        self.total.host(host, way);
        self.of_client(&host.client, way, |summary| {
            summary.tally.host(host, way);
            if should_be_up(host) {
                summary.see(host.id, last_seen(host, glances.get(&host.id)), way);
            }
        });
    }

    fn check(&mut self, fleet: &Fleet, check: &CheckStatus, way: Way) {
        let Some(host) = fleet.hosts.hosts.get(&check.host).filter(|host| !host.is_retired()) else { return };
        self.total.check(check, way);
        self.of_client(&host.client, way, |summary| summary.tally.check(check, way));
    }

    fn alert(&mut self, alert: &Arc<Alert>, way: Way) {
        self.total.alert(alert, way);
        self.of_client(&alert.client, way, |summary| summary.tally.alert(alert, way));
        if let Some(host) = alert.host {
            match way {
                Way::In => self.of_host.insert((host, alert.id)),
                Way::Out => self.of_host.remove(&(host, alert.id)),
            };
        }
    }

    fn backup(&mut self, job: &Job, way: Way) {
        // One that no host is found for belongs to nobody's sums yet; its row on the grid says what to do.
        if let Some(client) = &job.description.client {
            self.total.backup(job, way);
            self.of_client(client, way, |summary| summary.tally.backup(job, way));
        }
    }

    fn of_client(&mut self, client: &ClientId, way: Way, change: impl FnOnce(&mut ClientSummary)) {
        let summary = match self.clients.get_mut(client) {
            Some(summary) => summary,
            None => self.clients.entry(client.clone()).or_default(),
        };
        change(summary);
        if way == Way::Out && *summary == ClientSummary::default() {
            self.emptied.push(client.clone());
        }
    }

    /// A client that nothing describes is shown only while it has something.
    fn forget_emptied(&mut self, fleet: &Fleet) {
        for client in std::mem::take(&mut self.emptied) {
            let empty = self.clients.get(&client).is_some_and(|summary| *summary == ClientSummary::default());
            if empty && !fleet.hosts.clients.contains_key(&client) {
                self.clients.remove(&client);
            }
        }
    }
}

fn rehomes(fleet: &Fleet, host: HostId, event: &HostEvent) -> bool {
    match event {
        HostEvent::Enrolled { .. } | HostEvent::Retired { .. } | HostEvent::Archived { .. } => true,
        HostEvent::StateChanged { state, .. } => {
            *state == HostState::Left || fleet.hosts.hosts.get(&host).is_some_and(|host| host.is_retired())
        }
        HostEvent::ClientDescribed(_)
        | HostEvent::SiteDescribed(_)
        | HostEvent::Described { .. }
        | HostEvent::FactsLost { .. } => false,
    }
}

/// When a host was seen last: its glance knows newer than the entry of its last change of state.
fn last_seen(host: &Host, glance: Option<&Glance>) -> Option<Timestamp> {
    glance.and_then(|glance| glance.last_seen).max(host.last_seen)
}
