//! What can happen to clients, sites and hosts.

use super::vitals::OsFacts;
use super::{Client, HostState, Site};
use crate::fleet::words::{ClientId, HostClass, HostId, IdentityId, SafeText, SiteId, StreamId, Timestamp};

/// A fact of a decision about places and hosts.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A client came into being or its description changed.
    ClientDescribed(Client),
    /// A site came into being or its description changed.
    SiteDescribed(Site),
    /// A host joined the fleet.
    Enrolled {
        /// The new host.
        host: HostId,
        /// Its name.
        name: SafeText,
        /// Whose it is.
        client: ClientId,
        /// Where it stands.
        site: SiteId,
        /// What kind of machine.
        class: HostClass,
        /// Its tags.
        tags: Vec<String>,
        /// The agent's identity.
        identity: IdentityId,
        /// Whether it is a synthetic host of a load test.
        synthetic: bool,
    },
    /// The agent told what the machine is.
    Described {
        /// The host.
        host: HostId,
        /// What it is.
        os: OsFacts,
    },
    /// It was judged to live or not.
    StateChanged {
        /// The host.
        host: HostId,
        /// The new state.
        state: HostState,
        /// Why, in words.
        reason: String,
        /// When it was last seen (hub time), if ever.
        last_seen: Option<Timestamp>,
    },
    /// It was taken out of the fleet.
    Retired {
        /// The host.
        host: HostId,
    },
    /// Retired long ago, it left the fleet's state; the journal still has it.
    Archived {
        /// The host.
        host: HostId,
    },
    /// Facts that its outbox no longer held.
    FactsLost {
        /// The host.
        host: HostId,
        /// The outbox's stream.
        stream: StreamId,
        /// First lost sequence number.
        from: u64,
        /// Last lost sequence number.
        to: u64,
    },
}

impl Event {
    /// The host it is about, if it is about one.
    #[must_use]
    pub const fn host(&self) -> Option<HostId> {
        match self {
            Self::ClientDescribed(_) | Self::SiteDescribed(_) => None,
            Self::Enrolled { host, .. }
            | Self::Described { host, .. }
            | Self::StateChanged { host, .. }
            | Self::Retired { host }
            | Self::Archived { host }
            | Self::FactsLost { host, .. } => Some(*host),
        }
    }
}
