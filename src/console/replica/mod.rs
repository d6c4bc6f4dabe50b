//! What the console knows: one replica a fleet, kept by what the fleet's hub tells.
//!
//! Nothing here does I/O or reads a clock. A link task decodes what arrives and hands it over as an [`Update`]; screens
//! read, and learn from [`Changed`] which of their rows to look at again.

mod clock;
mod counts;
mod glance;
mod link_state;
mod one;
mod replicas;
mod snapshot;
mod update;

pub use clock::HubClock;
pub use counts::{ClientSummary, Counts};
pub use glance::Glance;
pub use link_state::LinkState;
pub use one::{Position, Replica};
pub use replicas::{FleetIndex, Replicas};
pub use snapshot::Snapshot;
pub use update::{Body, Changed, Frame, Greeting, Update};

pub use crate::fleet::derived::tally::{Tally, UpOf};
