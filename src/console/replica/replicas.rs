//! All fleets of a console, in their order.

use super::one::Replica;
use super::update::{Changed, Update};

/// The place of a fleet in a console's order; it stays the same while the console runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FleetIndex(pub usize);

/// All fleets of a console, in their order.
#[derive(Debug, Default)]
pub struct Replicas(Vec<Replica>);

impl Replicas {
    /// These fleets.
    #[must_use]
    pub const fn new(replicas: Vec<Replica>) -> Self {
        Self(replicas)
    }

    /// Adds a fleet at the end.
    pub fn push(&mut self, replica: Replica) -> FleetIndex {
        self.0.push(replica);
        FleetIndex(self.0.len() - 1)
    }

    /// How many there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// One fleet.
    #[must_use]
    pub fn get(&self, fleet: FleetIndex) -> Option<&Replica> {
        self.0.get(fleet.0)
    }

    /// All fleets in their order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (FleetIndex, &Replica)> {
        self.0.iter().enumerate().map(|(index, replica)| (FleetIndex(index), replica))
    }

    /// Hands an update to its fleet; nothing for a fleet that is not there.
    pub fn apply(&mut self, fleet: FleetIndex, update: Update) -> Changed {
        self.0.get_mut(fleet.0).map(|replica| replica.apply(update)).unwrap_or_default()
    }
}
