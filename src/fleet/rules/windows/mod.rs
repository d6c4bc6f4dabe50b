//! Maintenance windows and silences: people open and end them, time begins and ends them, and meanwhile the alerts they
//! speak of are held back. Facts, and the end of an alert, never are.

pub mod holding;
pub mod judging;
pub mod opening;
#[cfg(test)]
mod tests;
