//! Watchfloor: the watch floor of a managed-service provider, in a terminal.
//!
//! The map of the house. An import may only point to the right, never back:
//!
//! ```text
//! cli → {agent, hub, console} → link → {wire, trust, settings} → fleet
//! ```
//!
//! and inside [`fleet`]: `rules → state → domains → words`. Siblings do not import each other.
//! `fleet` is pure: no tokio, tonic, prost or ratatui. `tests/it/house/` holds this rule.

pub mod agent;
pub mod cli;
pub mod console;
pub mod fleet;
pub mod hub;
pub mod link;
pub mod settings;
pub mod trust;
pub mod wire;
