//! What every part of Watchfloor knows of a fleet, the wire, and the two ends of it: agent and console. `lib.rs` has the
//! map of the house.

pub mod agent;
pub mod console;
pub mod fleet;
pub mod link;
pub mod settings;
pub mod trust;
pub mod wire;
