//! Watchfloor: the watch floor of a managed-service provider, in a terminal.
//!
//! The map of the house. An import may only point to the right, never back:
//!
//! ```text
//! cli → {agent, hub, console} → link → {wire, trust, settings} → fleet
//! ```
//!
//! and inside [`fleet`]: `rules → derived → state → {fact, domains} → words`. Siblings do not import each other.
//! `fleet` is pure: no tokio, tonic, prost or ratatui. `tests/it/house/` holds this rule.
//!
//! Two crates are made of it: `base.rs` holds what every part knows, with agent and console; this one holds what only
//! the hub does, deciding, and the command line. So a changed rule rebuilds neither agent nor console.

pub mod cli;
pub mod hub;

pub use watchfloor_base::{agent, console, link, settings, trust, wire};

/// What a fleet is and what is decided about it: pure state, events and rules, without I/O, clock or randomness.
pub mod fleet {
    pub use watchfloor_base::fleet::*;

    pub mod rules;
}
