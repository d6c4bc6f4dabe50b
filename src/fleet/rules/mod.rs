//! What is decided, across domains; one file a rule. [`decide`](decide::decide) is the one entry.

pub mod acting;
pub mod administering;
pub mod admitting;
pub mod alerting;
pub mod archiving;
pub mod backups;
pub mod commanding;
pub mod configuring;
pub mod contest;
pub mod decide;
pub mod decision;
pub mod escalating;
pub mod externals;
#[cfg(test)]
pub(crate) mod fixture;
pub mod folding;
pub mod input;
pub mod intake;
pub mod ledger;
pub mod live;
pub mod noticing;
pub mod oncall;
pub mod pings;
pub mod presence;
#[cfg(test)]
mod properties;
pub mod reported;
pub mod results;
pub mod staleness;
pub mod timers;
pub mod windows;
