//! The live connections, by identity, so that revoking one ends what it has open.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio_util::sync::CancellationToken;

use crate::fleet::words::IdentityId;
use crate::hub::doors::peer::Peer;

/// All live connections of a hub. Cheap to clone; all clones are one.
#[derive(Clone, Debug, Default)]
pub struct Connections(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    stop: CancellationToken,
    live: Mutex<Live>,
}

#[derive(Debug, Default)]
struct Live {
    next: u64,
    by_identity: HashMap<IdentityId, HashMap<u64, CancellationToken>>,
    total: usize,
}

impl Connections {
    /// Enters a connection; it leaves when the place is dropped.
    #[must_use]
    pub fn enter(&self, peer: &Peer) -> Place {
        let identity = match peer {
            Peer::Certificate(principal) => Some(principal.id),
            Peer::Local { .. } | Peer::Host(_) | Peer::Anonymous { .. } => None,
        };
        let closed = self.0.stop.child_token();
        let mut live = self.live();
        live.next += 1;
        live.total += 1;
        let number = live.next;
        if let Some(identity) = identity {
            live.by_identity.entry(identity).or_default().insert(number, closed.clone());
        }
        drop(live);
        Place { connections: self.clone(), identity, number, closed }
    }

    /// Closes every connection of an identity, at once; says how many there were. Its certificate is refused from when
    /// the registry says it is revoked, so record that first.
    pub fn close(&self, identity: IdentityId) -> usize {
        let closing: Vec<CancellationToken> =
            self.live().by_identity.get(&identity).into_iter().flat_map(HashMap::values).cloned().collect();
        closing.iter().for_each(CancellationToken::cancel);
        closing.len()
    }

    /// How many connections an identity has; an agent with two is a clone.
    #[must_use]
    pub fn count(&self, identity: IdentityId) -> usize {
        self.live().by_identity.get(&identity).map_or(0, HashMap::len)
    }

    /// How many connections there are.
    #[must_use]
    pub fn total(&self) -> usize {
        self.live().total
    }

    /// Closes all connections, and those that come later: the hub ends.
    pub fn close_all(&self) {
        self.0.stop.cancel();
    }

    fn live(&self) -> MutexGuard<'_, Live> {
        self.0.live.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The place of one live connection.
#[derive(Debug)]
pub struct Place {
    connections: Connections,
    identity: Option<IdentityId>,
    number: u64,
    closed: CancellationToken,
}

impl Place {
    /// Cancelled when the connection must end.
    #[must_use]
    pub const fn closed(&self) -> &CancellationToken {
        &self.closed
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut live = self.connections.live();
        live.total = live.total.saturating_sub(1);
        if let Some(identity) = self.identity
            && let Some(places) = live.by_identity.get_mut(&identity)
        {
            places.remove(&self.number);
            if places.is_empty() {
                live.by_identity.remove(&identity);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::words::FleetId;
    use crate::trust::{Kind, Principal};

    fn peer(id: u64) -> Peer {
        Peer::Certificate(Principal { fleet: FleetId::new("aaaaaaaaaa"), kind: Kind::Agent, id: IdentityId(id) })
    }

    #[test]
    fn closing_ends_one_identity_and_places_are_given_back() {
        let connections = Connections::default();
        let (one, two, other) = (connections.enter(&peer(1)), connections.enter(&peer(1)), connections.enter(&peer(2)));
        let local = connections.enter(&Peer::Local { uid: 0 });
        assert_eq!((connections.count(IdentityId(1)), connections.total()), (2, 4));
        assert_eq!(connections.close(IdentityId(1)), 2);
        assert!(one.closed().is_cancelled() && two.closed().is_cancelled());
        assert!(!other.closed().is_cancelled() && !local.closed().is_cancelled());
        drop((one, two));
        assert_eq!((connections.count(IdentityId(1)), connections.close(IdentityId(1))), (0, 0));
        connections.close_all();
        assert!(other.closed().is_cancelled() && local.closed().is_cancelled());
        assert!(connections.enter(&peer(3)).closed().is_cancelled(), "nobody comes in after the end");
        drop((other, local));
        assert_eq!(connections.total(), 0);
    }
}
