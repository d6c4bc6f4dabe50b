//! What a fleet is and what is decided about it: pure state, events and rules, without I/O, clock or randomness.

pub mod alerts;
pub mod backups;
pub mod checks;
pub mod commands;
pub mod configuration;
pub mod hosts;
pub mod identity;
pub mod profile;
pub mod rules;
pub mod state;
pub mod words;
