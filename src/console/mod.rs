//! The console: a full-screen terminal program that shows many fleets at once.
//!
//! A key becomes an action, the hub decides, and the screen changes because the hub's entry arrived. `terminal` is the
//! only folder that reads or writes the terminal; everything else is pure and painted into buffers.

pub mod act;
pub mod acts;
pub mod app;
pub mod ask;
pub mod desktop;
pub mod files;
pub mod input;
pub mod keymap;
pub mod link_task;
pub mod list;
pub mod mask;
mod new_file;
pub mod own_files;
pub mod plain;
pub mod replica;
pub mod run;
pub mod screens;
pub mod terminal;
pub mod text;
pub mod theme;
pub mod wall;
pub mod widgets;
