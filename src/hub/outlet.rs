//! The effects of durable entries inside the hub: access follows the registry, revoked streams end, assignments go out.

use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use crate::fleet::checks;
use crate::fleet::hosts::{self, Host, HostState, Hosts};
use crate::fleet::identity::{self, Registry};
use crate::fleet::notices;
use crate::fleet::state::Event;
use crate::fleet::words::{ClientId, HostId, IdentityId};
use crate::hub::access::Access;
use crate::hub::core::Outlet;
use crate::hub::dispatch::Dispatch;
use crate::hub::doors::Connections;
use crate::hub::feed::Committed;
use crate::hub::journal::{Space, Verdict};
use crate::hub::notices::Deliverer;
use std::collections::BTreeMap;

/// How often the file system is asked for its free space.
const SPACE_EVERY: Duration = Duration::from_millis(500);

/// States of the hosts as they are durable, for the intake: a heartbeat of a host that is up needs no decision.
#[derive(Debug, Default)]
pub struct States(RwLock<BTreeMap<HostId, Known>>);

#[derive(Clone, Debug)]
struct Known {
    client: ClientId,
    state: HostState,
}

impl States {
    /// The states of a fleet's hosts.
    #[must_use]
    pub fn of(hosts: &Hosts) -> Self {
        let known = |host: &Arc<Host>| (host.id, Known { client: host.client.clone(), state: host.state });
        Self(RwLock::new(hosts.hosts.values().map(known).collect()))
    }

    /// A host's state.
    #[must_use]
    pub fn get(&self, host: HostId) -> Option<HostState> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(&host).map(|known| known.state)
    }

    /// Whether a host is of a client; `None` stands for the whole fleet.
    #[must_use]
    pub fn is_of(&self, host: HostId, scope: Option<&ClientId>) -> bool {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        known.get(&host).is_some_and(|known| scope.is_none_or(|scope| *scope == known.client))
    }

    fn set(&self, host: HostId, state: HostState) {
        if let Some(known) = self.0.write().unwrap_or_else(PoisonError::into_inner).get_mut(&host) {
            known.state = state;
        }
    }

    fn remove(&self, host: HostId) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).remove(&host);
    }

    fn add(&self, host: HostId, client: ClientId) {
        let known = Known { client, state: HostState::Unknown };
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(host, known);
    }
}

/// What durable entries set going outside the hub.
pub struct Outward {
    /// Commands to hosts.
    pub dispatch: Arc<Dispatch>,
    /// Notices to people.
    pub deliverer: Arc<Deliverer>,
}

/// The outlet of a running hub.
pub struct Effects {
    registry: Registry,
    access: Arc<Access>,
    connections: Connections,
    states: Arc<States>,
    dispatch: Arc<Dispatch>,
    deliverer: Arc<Deliverer>,
    space: Space,
    space_asked: Option<(Instant, Result<(), String>)>,
    blocked: Arc<RwLock<Option<String>>>,
}

impl Effects {
    /// Effects on these parts. `blocked` says why the hub decides nothing, while it does not.
    #[must_use]
    pub fn new(
        registry: Registry,
        access: Arc<Access>,
        connections: Connections,
        states: Arc<States>,
        outward: Outward,
        data: &Path,
        blocked: Arc<RwLock<Option<String>>>,
    ) -> Self {
        let space = Space::new(data);
        let Outward { dispatch, deliverer } = outward;
        Self { registry, access, connections, states, dispatch, deliverer, space, space_asked: None, blocked }
    }
}

impl Outlet for Effects {
    fn committed(&mut self, entries: &[Arc<Committed>]) {
        let mut touched = false;
        let mut revoked: Vec<IdentityId> = Vec::new();
        for committed in entries {
            for (_, event) in &committed.entry.events {
                match event {
                    Event::Identity(event) => {
                        self.registry.apply(event, committed.entry.at);
                        touched = true;
                        if let identity::Event::Revoked { identity } = event {
                            revoked.push(*identity);
                        }
                    }
                    Event::Commands(event) => self.dispatch.committed(event, committed.entry.at),
                    Event::Notices(notices::Event::Queued(_) | notices::Event::FellOver { .. }) => {
                        self.deliverer.wake();
                    }
                    Event::Checks(checks::Event::Asked { host, check }) => {
                        self.dispatch.check_now(*host, check.as_ref().map_or("", |check| check.as_str()));
                    }
                    Event::Hosts(hosts::Event::StateChanged { host, state, .. }) => self.states.set(*host, *state),
                    Event::Hosts(hosts::Event::Retired { host }) => self.states.set(*host, HostState::Left),
                    Event::Hosts(hosts::Event::Archived { host }) => self.states.remove(*host),
                    Event::Hosts(hosts::Event::Enrolled { host, client, .. }) => {
                        self.states.add(*host, client.clone());
                    }
                    _ => {}
                }
            }
        }
        if touched {
            self.access.renew(Arc::new(self.registry.clone()));
        }
        for identity in revoked {
            self.connections.close(identity);
        }
    }

    fn space(&mut self) -> Result<(), String> {
        let now = Instant::now();
        if let Some((asked, answer)) = &self.space_asked
            && now.duration_since(*asked) < SPACE_EVERY
        {
            return answer.clone();
        }
        let answer = match self.space.check() {
            Verdict::Enough { .. } => Ok(()),
            Verdict::NoSpace { free, needed, path, cause } => {
                let cause = cause.map_or_else(String::new, |cause| format!(" ({cause})"));
                Err(format!(
                    "{} MiB are free for {}, {} MiB are needed{cause}; free space there, the hub goes on by itself",
                    free >> 20,
                    path.display(),
                    needed >> 20
                ))
            }
        };
        *self.blocked.write().unwrap_or_else(PoisonError::into_inner) = answer.clone().err();
        self.space_asked = Some((now, answer.clone()));
        answer
    }
}
