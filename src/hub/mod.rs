//! The program that serves a fleet.

pub mod doors;
pub mod journal;
