//! From keys to actions: one table of actions, one default key map, a person's own over it.

mod actions;
mod bindings;
mod context;
mod parse;
mod reference;

pub use actions::{Action, Danger};
pub use bindings::{Keymap, Pressed};
pub use context::Context;
pub use reference::Hint;

#[cfg(test)]
mod tests;
