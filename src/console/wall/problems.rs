//! Open alerts in the order in which a room looks at them, kept with every change instead of being sorted for a frame.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use crate::console::replica::{Changed, FleetIndex, Replica};
use crate::fleet::alerts::{Alert, Lane};
use crate::fleet::state::EntityKey;
use crate::fleet::words::{AlertId, Severity, Timestamp};

/// An alert of a fleet.
pub type Key = (FleetIndex, AlertId);

/// What nobody has comes first, then the worst, then the oldest.
type Rank = (Lane, Reverse<Severity>, Timestamp);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    Listed(Rank),
    /// Held back, for this reason.
    Muted(&'static str),
}

/// All open alerts of all fleets.
#[derive(Clone, Debug, Default)]
pub struct Problems {
    standing: BTreeMap<Key, Standing>,
    order: BTreeSet<(Rank, Key)>,
    unowned: BTreeSet<(Timestamp, Key)>,
    muted: BTreeMap<&'static str, u32>,
}

impl Problems {
    /// Takes over what changed in a fleet.
    pub fn absorb(&mut self, fleet: FleetIndex, changed: &Changed, replica: &Replica) {
        if changed.everything {
            let all = (fleet, AlertId(0))..=(fleet, AlertId(u64::MAX));
            let known: Vec<Key> = self.standing.range(all).map(|(key, _)| *key).collect();
            known.into_iter().for_each(|key| self.put(key, None));
            for alert in replica.fleet().alerts.open() {
                self.put((fleet, alert.id), Some(standing(alert)));
            }
        }
        for entity in &changed.entities {
            if let EntityKey::Alert(id) = entity {
                let alert = replica.fleet().alerts.alerts.get(id).filter(|alert| alert.is_open());
                self.put((fleet, *id), alert.map(|alert| standing(alert)));
            }
        }
    }

    fn put(&mut self, key: Key, new: Option<Standing>) {
        let old = match new {
            Some(standing) => self.standing.insert(key, standing),
            None => self.standing.remove(&key),
        };
        match old {
            Some(Standing::Listed(rank)) => {
                self.order.remove(&(rank, key));
                self.unowned.remove(&(rank.2, key));
            }
            Some(Standing::Muted(why)) => {
                if let Some(count) = self.muted.get_mut(why) {
                    *count = count.saturating_sub(1);
                }
            }
            None => {}
        }
        match new {
            Some(Standing::Listed(rank)) => {
                self.order.insert((rank, key));
                if rank.0 == Lane::New {
                    self.unowned.insert((rank.2, key));
                }
            }
            Some(Standing::Muted(why)) => *self.muted.entry(why).or_default() += 1,
            None => {}
        }
    }

    /// Those that are not held back, in order.
    pub fn listed(&self) -> impl Iterator<Item = Key> {
        self.order.iter().map(|(_, key)| *key)
    }

    /// How many are not held back.
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// How many nobody has.
    pub fn unowned(&self) -> usize {
        self.unowned.len()
    }

    /// The one that nobody has for longest.
    pub fn oldest_unowned(&self) -> Option<(Timestamp, Key)> {
        self.unowned.first().copied()
    }

    /// Those held back, by reason.
    pub fn muted(&self) -> impl Iterator<Item = (&'static str, u32)> {
        self.muted.iter().filter(|(_, count)| **count > 0).map(|(why, count)| (*why, *count))
    }
}

fn standing(alert: &Alert) -> Standing {
    match alert.lane() {
        Lane::Muted => Standing::Muted(alert.suppressions().next().map_or("held back", |why| why.word())),
        lane => Standing::Listed((lane, Reverse(alert.severity()), alert.opened_at)),
    }
}
