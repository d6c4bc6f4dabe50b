//! What a console sees first over a slow link: the sums of each client, and the rows of the screen it is at.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::fleet::alerts::Alert;
use crate::fleet::derived::tally::{Tally, Way};
use crate::fleet::hosts::{Host, HostState};
use crate::fleet::state::{EntityKey, Fleet};
use crate::fleet::words::{ClientId, HostId, Timestamp};

/// Rows looked at first at most, whatever was asked for: they are to fit into a moment of a slow link.
const ROWS: usize = 100;
/// Open alerts of one host that come with its row.
const ALERTS_OF_HOST: usize = 8;

/// The screen a console is at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Screen {
    /// Clients: the sums tell all.
    #[default]
    Floor,
    /// The queue.
    Alerts,
    /// Hosts, what is wrong first.
    Hosts,
}

/// What a console looks at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// Its screen.
    pub screen: Screen,
    /// How many rows are in view.
    pub rows: usize,
}

/// A client in numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientSums {
    /// Its hosts, open alerts and checks.
    pub tally: Tally,
    /// The host that was not seen for longest, of those that should be up, and when it was.
    pub longest_unseen: Option<(Timestamp, HostId)>,
    /// Hosts that should be up and were never seen.
    pub never_seen: u32,
}

/// Whether a host counts among those whose silence matters.
#[must_use]
pub const fn should_be_up(host: &Host) -> bool {
    match host.state {
        HostState::Up | HostState::Silent | HostState::Down | HostState::Unknown => true,
        HostState::Off | HostState::Left => false,
    }
}

/// The sums of each client; `seen` says when a host was heard last by its readings.
#[must_use]
pub fn sums(fleet: &Fleet, seen: impl Fn(HostId) -> Option<Timestamp>) -> BTreeMap<ClientId, ClientSums> {
    let mut clients: BTreeMap<ClientId, ClientSums> =
        fleet.hosts.clients.keys().map(|client| (client.clone(), ClientSums::default())).collect();
    let present = |id: &HostId| fleet.hosts.hosts.get(id).filter(|host| !host.is_retired());
    for host in fleet.hosts.hosts.values().filter(|host| !host.is_retired()) {
        let sums = clients.entry(host.client.clone()).or_default();
        sums.tally.host(host, Way::In);
        if !should_be_up(host) {
            continue;
        }
        match seen(host.id).max(host.last_seen) {
            Some(seen) => {
                let longest = sums.longest_unseen.get_or_insert((seen, host.id));
                *longest = (*longest).min((seen, host.id));
            }
            None => sums.never_seen += 1,
        }
    }
    for check in fleet.checks.all() {
        if let Some(host) = present(&check.host) {
            clients.entry(host.client.clone()).or_default().tally.check(check, Way::In);
        }
    }
    for alert in fleet.alerts.open() {
        clients.entry(alert.client.clone()).or_default().tally.alert(alert, Way::In);
    }
    for job in fleet.backups.jobs.values() {
        if let Some(client) = &job.description.client {
            clients.entry(client.clone()).or_default().tally.backup(job, Way::In);
        }
    }
    clients
}

/// The entities of the rows in view, with what those rows name; worst first, as the screens order them.
#[must_use]
pub fn rows(fleet: &Fleet, look: Look) -> Vec<EntityKey> {
    let most = look.rows.min(ROWS);
    let mut keys = vec![EntityKey::Profile];
    match look.screen {
        Screen::Floor => {}
        Screen::Alerts => {
            let queue = worst(fleet.alerts.open(), most, urgency);
            keys.extend(queue.iter().filter_map(|alert| alert.host).map(EntityKey::Host));
            keys.extend(queue.iter().map(|alert| EntityKey::Alert(alert.id)));
        }
        Screen::Hosts => {
            let present = fleet.hosts.hosts.values().filter(|host| !host.is_retired());
            let rank = |host: &Host| HostState::WORST_FIRST.iter().position(|state| *state == host.state);
            let listed = worst(present, most, |host| (rank(host), host.client.clone(), host.name.clone(), host.id));
            for host in listed {
                keys.push(EntityKey::Host(host.id));
                let open = fleet.alerts.open().filter(|alert| alert.host == Some(host.id));
                keys.extend(open.take(ALERTS_OF_HOST).map(|alert| EntityKey::Alert(alert.id)));
            }
        }
    }
    keys.extend(fleet.hosts.clients.keys().cloned().map(EntityKey::Client));
    keys.sort_unstable();
    keys.dedup();
    keys
}

/// Where an alert stands in the queue: what nobody has first, the worst first, the newest first.
fn urgency(alert: &Alert) -> impl Ord + use<> {
    (alert.lane(), Reverse(alert.level.gravity()), Reverse(alert.level_since), alert.id)
}

fn worst<'a, T: 'a, K: Ord>(
    all: impl Iterator<Item = &'a std::sync::Arc<T>>,
    most: usize,
    place: impl Fn(&T) -> K,
) -> Vec<&'a T> {
    let mut all: Vec<&T> = all.map(AsRef::as_ref).collect();
    if most < all.len() {
        all.select_nth_unstable_by_key(most, |one| place(one));
        all.truncate(most);
    }
    all.sort_by_key(|one| place(one));
    all
}
