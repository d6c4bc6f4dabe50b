//! The integration tests: one binary, a module a subject.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests fail by panicking")]

mod access;
mod agent;
mod binary;
mod cli;
mod configuration;
mod console_link;
mod dependencies;
mod descriptors;
mod fixtures;
mod golden;
mod golden_story;
mod histories;
mod house;
mod hub_kill;
mod hubs_and_console;
mod plugins;
mod pty;
mod readme;
mod renewal;
mod replica_counts;
mod replicas;
mod sample_fleet;
mod screens;
mod screenshots;
mod strategies;
mod terminal;
mod trust;
mod wire;
