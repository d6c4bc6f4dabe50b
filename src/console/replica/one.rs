//! One fleet as this console sees it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::clock::HubClock;
use super::counts::Counts;
use super::glance::Glance;
use super::link_state::LinkState;
use super::snapshot::Snapshot;
use super::update::{Body, Changed, Frame, Greeting, Update};
use crate::fleet::alerts::Alert;
use crate::fleet::derived::tally::Way;
use crate::fleet::hosts::Host;
use crate::fleet::identity::Role;
use crate::fleet::profile;
use crate::fleet::state::{Entry, Event, Fleet};
use crate::fleet::words::{ClientId, Epoch, HostId, Revision, SafeText, Timestamp};

/// Glances kept of hosts that the fleet does not know yet: readings can overtake the entry that enrols their host.
const EARLY_GLANCES: usize = 10_000;

/// A place in a hub's journal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// The journal's epoch; 0 before the first snapshot.
    pub epoch: Epoch,
    /// The revision.
    pub revision: Revision,
}

/// One fleet as this console sees it: its state at a position, the newest readings, and how the link stands.
#[derive(Debug)]
pub struct Replica {
    name: SafeText,
    epoch: Epoch,
    fleet: Fleet,
    counts: Counts,
    glances: BTreeMap<HostId, Glance>,
    role: Option<Role>,
    scope: Option<ClientId>,
    greeting: Option<Greeting>,
    partial: bool,
    whole: bool,
    link: LinkState,
    clock: HubClock,
    heard: Option<Instant>,
}

impl Replica {
    /// A fleet that was not heard from yet. `name` is its local name; `now` is when the console started.
    #[must_use]
    pub fn new(name: &str, now: Instant) -> Self {
        Self {
            name: SafeText::line(name),
            epoch: Epoch::default(),
            fleet: Fleet::default(),
            counts: Counts::default(),
            glances: BTreeMap::new(),
            role: None,
            scope: None,
            greeting: None,
            partial: false,
            whole: false,
            link: LinkState::Connecting { since: now },
            clock: HubClock::default(),
            heard: None,
        }
    }

    // ---- what is shown

    /// The fleet's local name.
    #[must_use]
    pub const fn name(&self) -> &SafeText {
        &self.name
    }

    /// The fleet's state.
    #[must_use]
    pub const fn fleet(&self) -> &Fleet {
        &self.fleet
    }

    /// Its counts.
    #[must_use]
    pub const fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Whether a whole snapshot was ever received; without, nothing is known to be well.
    #[must_use]
    pub const fn is_loaded(&self) -> bool {
        self.whole
    }

    /// Whether the sums and some rows are here, and the rest is on its way.
    #[must_use]
    pub const fn is_first_look(&self) -> bool {
        self.epoch.0 != 0 && !self.whole
    }

    /// Where in the hub's journal the state stands: what an act was decided upon.
    #[must_use]
    pub const fn position(&self) -> Position {
        Position { epoch: self.epoch, revision: self.fleet.revision }
    }

    /// The newest reading of a host.
    #[must_use]
    pub fn glance(&self, host: HostId) -> Option<&Glance> {
        self.glances.get(&host)
    }

    /// When a host was seen last (hub time), by its readings or its last change of state.
    #[must_use]
    pub fn last_seen(&self, host: &Host) -> Option<Timestamp> {
        self.glance(host.id).and_then(|glance| glance.last_seen).max(host.last_seen)
    }

    /// Open alerts of a host, oldest number first.
    pub fn alerts_of_host(&self, host: HostId) -> impl Iterator<Item = &Arc<Alert>> {
        self.counts.alerts_of_host(host).filter_map(|alert| self.fleet.alerts.alerts.get(&alert))
    }

    /// The role this console has in the fleet; `None` before the hub said so.
    #[must_use]
    pub const fn role(&self) -> Option<Role> {
        self.role
    }

    /// Whether it may do what this role may.
    #[must_use]
    pub fn may(&self, needed: Role) -> bool {
        self.role.is_some_and(|role| role.includes(needed))
    }

    /// The one client this console may see; `None` for the whole fleet.
    #[must_use]
    pub const fn scope(&self) -> Option<&ClientId> {
        self.scope.as_ref()
    }

    /// What the hub said when it greeted this console.
    #[must_use]
    pub const fn greeting(&self) -> Option<&Greeting> {
        self.greeting.as_ref()
    }

    /// Whether the hub is newer than this console and told what it does not know: the view is partial.
    #[must_use]
    pub const fn is_partial(&self) -> bool {
        self.partial
    }

    /// How the link stands.
    #[must_use]
    pub const fn link(&self) -> &LinkState {
        &self.link
    }

    /// Whether what is shown may be old.
    #[must_use]
    pub const fn is_stale(&self) -> bool {
        !self.link.is_live()
    }

    /// The hub's time now, in which all ages are shown; zero before it was ever heard.
    #[must_use]
    pub fn hub_now(&self, now: Instant) -> Timestamp {
        self.clock.now(now).unwrap_or_default()
    }

    /// How long ago the hub was heard; `None` when it never was.
    #[must_use]
    pub fn data_age(&self, now: Instant) -> Option<Duration> {
        self.heard.map(|heard| now.saturating_duration_since(heard))
    }

    /// Until when (hub time) the hub waits after its own start before it judges silence; `None` when it judges.
    #[must_use]
    pub const fn waits_until(&self) -> Option<Timestamp> {
        self.fleet.profile.waits_until
    }

    // ---- what changes it

    /// Takes an update over and says what it changed.
    pub fn apply(&mut self, update: Update) -> Changed {
        match update {
            Update::Link(link) => {
                self.link = link;
                Changed { link: true, ..Changed::default() }
            }
            Update::Greeted(greeting) => {
                self.role = Some(greeting.role);
                self.greeting = Some(greeting);
                Changed { link: true, ..Changed::default() }
            }
            Update::Frame(frame) => self.frame(frame),
        }
    }

    fn frame(&mut self, frame: Frame) -> Changed {
        self.heard = Some(frame.received);
        let changed = match frame.body {
            Body::Snapshot(snapshot) => self.replace(snapshot),
            Body::FirstLook(snapshot, glances) => {
                let more = self.epoch == snapshot.epoch;
                let changed = Changed { more, ..self.replace(snapshot) };
                self.glances.extend(glances);
                changed
            }
            Body::Entries { through, entries } => self.entries(through, entries),
            Body::Glances(glances) => self.look(glances),
            Body::Alive => Changed::default(),
        };
        // After the body: a jump of the hub's clock in it makes what was heard before worthless.
        self.clock.heard(frame.hub_time, frame.received);
        changed
    }

    fn replace(&mut self, mut new: Box<Snapshot>) -> Changed {
        let link = self.role != Some(new.role) || self.scope != new.scope;
        if self.epoch != new.epoch {
            self.clock.reset();
        }
        self.epoch = new.epoch;
        self.role = Some(new.role);
        self.scope = new.scope.take();
        self.partial = new.partial;
        self.whole = new.whole;
        // The hub tells all glances anew after a snapshot; in another epoch the numbers may mean other hosts.
        self.glances.clear();
        std::mem::swap(&mut self.fleet, &mut new.fleet);
        std::mem::swap(&mut self.counts, &mut new.counts);
        Changed { everything: true, link, retired: Some(new), ..Changed::default() }
    }

    fn entries(&mut self, through: Revision, entries: Vec<Entry>) -> Changed {
        let mut entities = Vec::new();
        for entry in &entries {
            let concerned = Counts::concerned(&self.fleet, entry);
            self.counts.count(&self.fleet, &self.glances, &concerned, Way::Out);
            self.fleet.apply(entry);
            self.counts.count(&self.fleet, &self.glances, &concerned, Way::In);
            entities.extend(concerned);
            for (_, event) in &entry.events {
                match event {
                    Event::Unknown => self.partial = true,
                    Event::Profile(profile::Event::ClockJumped { .. }) => self.clock.reset(),
                    _ => {}
                }
            }
        }
        self.fleet.revision = self.fleet.revision.max(through);
        entities.sort_unstable();
        entities.dedup();
        Changed { entities, entries, ..Changed::default() }
    }

    fn look(&mut self, glances: Vec<(HostId, Glance)>) -> Changed {
        let mut seen = Vec::with_capacity(glances.len());
        for (id, glance) in glances {
            let known = self.fleet.hosts.hosts.get(&id);
            if known.is_none() && self.glances.len() >= self.fleet.hosts.hosts.len() + EARLY_GLANCES {
                continue;
            }
            if let Some(host) = known {
                self.counts.saw(host, self.glances.get(&id), Some(&glance));
            }
            self.glances.insert(id, glance);
            seen.push(id);
        }
        Changed { glances: seen, ..Changed::default() }
    }
}
