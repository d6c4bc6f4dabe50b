//! How notices leave the hub: what the core queued is made a message, goes out by its channel, and how that ended is
//! told to the core. Nothing in here decides who is told, and nothing that fails in here loses a notice: it waits in
//! the journal until the core hears of its end.

mod answered;
pub mod attempt;
mod command;
pub mod composing;
pub mod deliverer;
pub mod delivery;
mod events;
mod http_client;
pub mod message;
pub mod one_time;
mod sender;
pub mod signature;
mod smtp;
mod webhook;

pub use answered::Answers;
pub use deliverer::Deliverer;
