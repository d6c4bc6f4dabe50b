//! Samples over time: gathered per host in memory for five minutes, then one compressed block a host in a SQLite file
//! per six hours. Finished files are summed up into coarser ones; dropping is deleting a file.
//!
//! History shares neither file nor fsync with the journal and never makes the hub wait: `record` takes a lock and copies,
//! a thread of its own writes. A killed process loses the minutes not yet written, five at most; a clean end none.

mod block;
mod column;
mod errors;
mod file;
mod gather;
mod keeper;
mod memory;
mod query;
mod recorder;
mod retention;
mod rollup;
mod series;
#[cfg(test)]
mod tests;
mod tiers;
mod writer;

pub use errors::HistoryError;
pub use memory::Health;
pub use query::{Request, Series, Statistic};
pub use recorder::History;
pub use series::{NAME_MAX, SeriesRef};
pub use tiers::Limits;
