//! The core: one task owns the Fleet, decides, applies to its head, and parks every reply until the batch that holds
//! the decision is durable.
//!
//! Nothing speculative leaves the process: replies, confirmations, watchers and cuts wait for the commit of the
//! revision they show. A failed commit ends the core with no reply sent.

mod batch;
mod clock;
mod head;
mod request;
mod task;
#[cfg(test)]
mod tests;
mod writer;

pub use clock::Clock;
pub use head::{Head, HeadError};
pub use request::{CoreError, CoreHandle, Cut, FactRead, FactsReply, Standing};
pub use task::{Core, Outlet, Parts};
