//! The parts screens are made of, painted straight into a buffer. Each takes any area, down to none, and clips itself.

pub mod buffer_svg;
mod cards;
mod columns;
pub mod dump;
mod graph;
mod lines;
mod overlay;
mod prompt;
mod table;
mod text_input;

pub use cards::CARDS_BELOW;
pub use columns::{Align, Column};
pub use graph::{Scale, bar, dotted, sparkline};
pub use lines::{Fact, banner, facts, footer};
pub use overlay::{LEAST, boxed, divider, framed, too_small};
pub use prompt::{Answer, Prompt, PromptEvent};
pub use table::{Row, Table};
pub use text_input::{TEXT_MAX, TextEvent, TextInput};
