//! Clients, sites and hosts: who is looked after, where, and whether it lives.

mod event;
mod host;
mod place;
pub mod vitals;

pub use event::Event;
pub use host::{HOURS_BEGUN, Host, HostState, behind_line, line_is_back};
pub use place::{Client, Site};

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::fleet::words::{ClientId, HostId, SiteId, Timestamp};

/// The client and site of what names none.
pub const DEFAULT_CLIENT: &str = "local";
/// The site of what names none.
pub const DEFAULT_SITE: &str = "here";
/// The longest that an agent waits before it dials again.
pub const LONGEST_REDIAL: Duration = Duration::from_secs(60);
/// An outage up to this long: agents dial again within seconds.
pub const SHORT_OUTAGE: Duration = Duration::from_secs(60);

/// All clients, sites and hosts of a fleet.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Hosts {
    /// The provider's customers.
    pub clients: BTreeMap<ClientId, Arc<Client>>,
    /// Their places.
    pub sites: BTreeMap<(ClientId, SiteId), Arc<Site>>,
    /// Machines and devices, those that left included until they are archived.
    pub hosts: BTreeMap<HostId, Arc<Host>>,
}

impl Hosts {
    /// Stores what the event says.
    pub fn apply(&mut self, event: &Event, at: Timestamp) {
        match event {
            Event::ClientDescribed(client) => {
                self.clients.insert(client.id.clone(), Arc::new(client.clone()));
            }
            Event::SiteDescribed(site) => {
                self.sites.insert((site.client.clone(), site.id.clone()), Arc::new(site.clone()));
            }
            Event::Enrolled { host, name, client, site, class, tags, identity, synthetic } => {
                let entity = Host {
                    id: *host,
                    name: name.clone(),
                    client: client.clone(),
                    site: site.clone(),
                    class: *class,
                    tags: tags.clone(),
                    state: HostState::Unknown,
                    state_since: at,
                    state_reason: "enrolled, not yet heard from".into(),
                    os: None,
                    enrolled_at: at,
                    identity: *identity,
                    last_seen: None,
                    synthetic: *synthetic,
                };
                self.hosts.insert(*host, Arc::new(entity));
            }
            Event::Described { host, os } => self.change(*host, |host| host.os = Some(os.clone())),
            Event::StateChanged { host, state, reason, last_seen } => self.change(*host, |host| {
                if host.state != *state {
                    host.state_since = at;
                }
                host.state = *state;
                host.state_reason.clone_from(reason);
                host.last_seen = last_seen.or(host.last_seen);
            }),
            Event::Retired { host } => self.change(*host, |host| {
                host.state = HostState::Left;
                host.state_since = at;
                host.state_reason = "retired".into();
            }),
            Event::Archived { host } => drop(self.hosts.remove(host)),
            Event::FactsLost { .. } => {}
        }
    }

    fn change(&mut self, id: HostId, change: impl FnOnce(&mut Host)) {
        if let Some(host) = self.hosts.get_mut(&id) {
            change(Arc::make_mut(host));
        }
    }

    /// Hosts that still belong to the fleet.
    pub fn present(&self) -> impl Iterator<Item = &Arc<Host>> {
        self.hosts.values().filter(|host| !host.is_retired())
    }
}
