//! The program that serves a fleet: it alone decides, and what it decided is durable before anyone hears of it.

pub mod access;
pub mod addresses;
pub mod configuration;
pub mod core;
pub mod delivering;
pub mod dispatch;
pub mod doors;
pub mod feed;
pub mod history;
pub mod http;
pub mod journal;
pub mod links;
pub mod notices;
pub mod outlet;
mod ping_key;
pub mod refusals;
pub mod serve;
pub mod services;
pub mod shared;
