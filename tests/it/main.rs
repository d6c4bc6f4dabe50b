//! The integration tests: one binary, a module a subject.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests fail by panicking")]

mod access;
mod agent;
mod backup_screens;
mod backups;
mod binary;
mod cli;
mod command_screens;
mod commands;
mod configuration;
mod console_link;
mod dependencies;
mod descriptors;
mod desk;
mod desktop_notices;
mod every_size;
mod fixtures;
mod full_disk;
mod golden;
mod golden_story;
mod half_open;
mod histories;
mod house;
mod hub_kill;
mod hubs_and_console;
#[path = "../../benches/tools/fleet.rs"]
mod large_fleet;
mod mask;
mod plain;
mod plugins;
mod pocket;
mod processes;
mod pty;
mod readme;
mod renewal;
mod replica_counts;
mod replicas;
mod restored_hub;
mod sample_backups;
mod sample_fleet;
mod screens;
mod screenshots;
mod slow_link;
mod strategies;
mod streams;
mod terminal;
mod terminals;
mod themes;
#[path = "../../benches/tools/throttle.rs"]
mod throttle;
mod trust;
mod wall;
mod window_screens;
mod window_strategies;
mod wire;
