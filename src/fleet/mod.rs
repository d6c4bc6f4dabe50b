//! What a fleet is and what is decided about it: pure state, events and what follows from them, without I/O, clock or randomness.

pub mod alerts;
pub mod backups;
pub mod checks;
pub mod commands;
pub mod configuration;
pub mod derived;
pub mod fact;
pub mod hosts;
pub mod identity;
pub mod profile;
pub mod state;
pub mod words;
