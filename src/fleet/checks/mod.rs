//! Checks: thresholds, attempts, plugin output, status.

pub mod attempts;
mod event;
pub mod flapping;
pub mod perfdata;
pub mod plugin_output;
pub mod result;
mod status;
mod table;
pub mod threshold;

pub use attempts::{Attempts, Transition};
pub use event::Event;
pub use perfdata::Perfdata;
pub use result::CheckResult;
pub use status::CheckStatus;
pub use table::{Checks, MOST_PER_HOST};
pub use threshold::{Range, Thresholds};
