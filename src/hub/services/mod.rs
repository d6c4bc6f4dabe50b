//! The three gRPC services of a hub. Each call is admitted first; what it decides, the core decides.

pub mod act;
pub mod agent;
pub mod console;
pub mod enrol;
pub mod following;
pub mod glance;
pub mod intake;
pub mod pages;
pub mod query;
pub mod reporting;
pub mod runbooks;
pub mod shift;
pub mod signing;
pub mod watch;
