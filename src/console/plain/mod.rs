//! The console as lines: one for each thing that changes, for screen readers, logs and terminals that place no text.
//!
//! Nothing is ever repainted, no escape sequence is written, and every fact is a word. A flood is grouped: the gravest
//! lines are told, the rest is counted.

mod flood;
mod run;
mod state;

pub use flood::LINES;
pub use run::{PlainSetup, run};
pub use state::{Plain, Verdict};
