//! The screens: state, update and render of each side by side. They get their own state and read-only replicas, return
//! effects, and never see the program around them.

pub mod alert;
pub mod alerts;
pub mod backup;
pub mod backup_days;
pub mod backups;
pub mod command;
pub mod command_words;
pub mod commands;
pub mod completion;
pub mod empty;
pub mod filter_line;
pub mod floor;
pub mod grouping;
pub mod host;
pub mod hosts;
pub mod journal;
pub mod journal_words;
pub mod listing;
pub mod look;
pub mod markdown;
pub mod muting;
pub mod next_step;
pub mod oncall;
pub mod output;
pub mod report;
pub mod runbook;
pub mod texts;
pub mod viewed;
pub mod walk;
pub mod window;
pub mod windows;
pub mod world;
