//! Configuration files per role, and where the program keeps what it keeps.
//!
//! Every error names file, line, key and fix, and a file is read to its end, so that one run shows all of them.

mod address;
pub mod agent;
pub mod agent_template;
mod backups_file;
mod channels_file;
mod check_fields;
mod checks_file;
pub mod console;
pub mod difference;
pub mod directories;
mod fleet_file;
pub mod hub;
mod pings_file;
mod policies_file;
pub mod problem;
mod reader;
mod scope;
pub mod secret;
pub mod secrets_file;
pub mod views;

pub use problem::{Problem, Problems};
