//! One task a fleet: it dials the hub, follows its frames, decodes them off the screen's loop, carries acts and
//! questions, and dials again when the link is lost.
//!
//! All queues are bounded. The loop of the screens never waits for a task: it hands questions over or is told that the
//! queue is full; a task waits for the loop.

mod act_queue;
mod calls;
mod connect;
mod frames;
mod handle;
mod news;
mod renewal;
mod task;

pub use connect::Reach;
pub use handle::{LinkHandle, spawn};
pub use news::{FromLink, News};
pub use task::LinkConfig;
