//! What the provider wants of the fleet: clients, sites, expected hours, check layers; and the assignment a host gets.

pub mod assignment;

pub use assignment::{AssignedCheck, Assignment, CheckKind, Layer, Provenance};
