//! The wall: a screen that nobody touches, readable from the middle of the room.
//!
//! What nobody owns comes first, the worst and the oldest of it at the top; sums add up; a hub that is silent says so
//! across the whole width. It takes no keys but those that leave, and turns pages only where problems exceed the rows.

mod clients;
mod digits;
mod head;
mod layout;
mod pages;
mod problem;
mod problems;
mod sentence;
mod shift;
mod state;
mod sums;

pub use pages::PAGE;
pub use shift::SHIFT;
pub use state::Wall;
pub use sums::{Sum, sums};
