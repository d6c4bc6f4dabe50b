//! A fleet as it arrived whole.

use std::collections::BTreeMap;

use super::counts::Counts;
use crate::fleet::derived::first_look::ClientSums;
use crate::fleet::identity::Role;
use crate::fleet::state::Fleet;
use crate::fleet::words::{ClientId, Epoch};

/// A fleet at one position, decoded and counted, ready to be swapped in.
#[derive(Debug)]
pub struct Snapshot {
    pub(super) epoch: Epoch,
    pub(super) role: Role,
    pub(super) scope: Option<ClientId>,
    pub(super) fleet: Fleet,
    pub(super) counts: Counts,
    pub(super) partial: bool,
    /// Whether all rows are in it.
    pub(super) whole: bool,
}

impl Snapshot {
    /// Counts the fleet, which has its revision set. `partial` says that rows of a newer hub were left out.
    #[must_use]
    pub fn new(epoch: Epoch, role: Role, scope: Option<ClientId>, fleet: Fleet, partial: bool) -> Self {
        let counts = Counts::of(&fleet, &BTreeMap::new());
        Self { epoch, role, scope, fleet, counts, partial, whole: true }
    }

    /// What came of a fleet before the rest: these rows, and the sums of all.
    #[must_use]
    pub fn first_look(self, sums: BTreeMap<ClientId, ClientSums>) -> Self {
        Self { counts: Counts::of_sums(&self.fleet, sums), whole: false, ..self }
    }
}
