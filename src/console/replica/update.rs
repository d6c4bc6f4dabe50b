//! What changes a replica, and what it says has changed.

use std::time::Instant;

use super::glance::Glance;
use super::link_state::LinkState;
use super::snapshot::Snapshot;
use crate::fleet::identity::Role;
use crate::fleet::state::{EntityKey, Entry};
use crate::fleet::words::{HostId, Revision, SafeText, Timestamp};

/// What a link task tells a replica.
#[derive(Debug)]
pub enum Update {
    /// The link stands differently.
    Link(LinkState),
    /// The hub greeted this console.
    Greeted(Greeting),
    /// A frame arrived.
    Frame(Frame),
}

/// Who the hub takes this console for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Greeting {
    /// The role, as it is now.
    pub role: Role,
    /// The name under which acts are recorded: of the identity, or `local:NAME`.
    pub identity: SafeText,
    /// The hub's own name for the fleet.
    pub fleet: SafeText,
    /// The hub's version.
    pub hub_version: SafeText,
    /// When this console's certificate ends; `None` on the hub's socket.
    pub not_after: Option<Timestamp>,
}

/// A frame, decoded.
#[derive(Debug)]
pub struct Frame {
    /// When it arrived.
    pub received: Instant,
    /// The hub's time when it was sent.
    pub hub_time: Timestamp,
    /// What it says.
    pub body: Body,
}

/// What a frame says.
#[derive(Debug)]
pub enum Body {
    /// The whole fleet.
    Snapshot(Box<Snapshot>),
    /// The first rows and the sums of a fleet that is still on its way, and the readings of its hosts.
    FirstLook(Box<Snapshot>, Vec<(HostId, Glance)>),
    /// Entries that follow each other, up to and with `through`; revisions without an entry hold nothing this role sees.
    Entries {
        /// The position after them.
        through: Revision,
        /// The visible entries.
        entries: Vec<Entry>,
    },
    /// Newest readings of some hosts.
    Glances(Vec<(HostId, Glance)>),
    /// Nothing but that the hub lives.
    Alive,
}

/// What an update changed. Screens keep their rows by it.
#[derive(Debug, Default)]
pub struct Changed {
    /// All of the fleet was replaced: every row is to be looked at again.
    pub everything: bool,
    /// It was replaced by more of the same, while the fleet loads: what was asked of the hub need not be asked again.
    pub more: bool,
    /// Entities that entries changed, each once a frame.
    pub entities: Vec<EntityKey>,
    /// Hosts with newer readings.
    pub glances: Vec<HostId>,
    /// The link, the role or the greeting changed.
    pub link: bool,
    /// The entries themselves, oldest first, for a journal that is on screen.
    pub entries: Vec<Entry>,
    /// The fleet that was replaced. Freeing it takes a while with many rows, so drop it on another thread.
    pub retired: Option<Box<Snapshot>>,
}

impl Changed {
    /// Whether no row changed.
    #[must_use]
    pub const fn is_nothing(&self) -> bool {
        !self.everything && !self.link && self.entities.is_empty() && self.glances.is_empty() && self.entries.is_empty()
    }
}
