//! The terminal UI.

pub mod act;
pub mod acts;
pub mod ask;
pub mod replica;
