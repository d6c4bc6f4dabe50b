//! Checks: thresholds, attempts, plugin output, status.

mod event;
mod status;
mod table;

pub use event::Event;
pub use status::CheckStatus;
pub use table::Checks;
