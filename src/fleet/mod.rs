//! What a fleet is: pure state, events and what follows from them, without I/O, clock or randomness. What is decided about
//! it, `fleet/rules`, is compiled with the hub.

pub mod alerts;
pub mod backups;
pub mod checks;
pub mod commands;
pub mod configuration;
pub mod derived;
pub mod fact;
pub mod hosts;
pub mod identity;
pub mod notices;
pub mod oncall;
pub mod pings;
pub mod profile;
pub mod state;
pub mod windows;
pub mod words;
