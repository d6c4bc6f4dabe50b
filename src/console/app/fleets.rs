//! The fleets as this console knows them, and what is under way to their hubs.

use std::time::Instant;

use crate::console::app::sending::Sending;
use crate::console::replica::{Replica, Replicas};
use crate::console::screens::world::World;
use crate::fleet::alerts::Lane;
use crate::fleet::words::Severity;

/// What the screens look at.
#[derive(Debug, Default)]
pub struct Fleets {
    /// All fleets.
    pub replicas: Replicas,
    /// Acts and questions under way.
    pub sending: Sending,
}

impl Fleets {
    /// What a screen sees at a moment.
    pub const fn world(&self, now: Instant) -> World<'_> {
        World { replicas: &self.replicas, acts: &self.sending.acts, now }
    }

    /// Alerts that nobody has: critical ones, and warnings.
    pub fn new_alerts(&self) -> (u32, u32) {
        let new = |severity| {
            let of = |(_, replica): (_, &Replica)| replica.counts().total().alerts_of(Lane::New, severity);
            self.replicas.iter().map(of).sum()
        };
        (new(Severity::Critical), new(Severity::Warning))
    }
}
