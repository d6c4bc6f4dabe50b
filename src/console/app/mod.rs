//! The program around the screens: where one is, what is asked of the person, and which keys go where. No I/O.

mod asking;
mod bell;
mod chrome;
mod command_line;
mod command_prompt;
mod desk;
mod finding;
mod notices;
mod palette;
mod sending;
mod stage;
mod state;
mod which;

pub use asking::Asking;
pub use notices::Notice;
pub use stage::screens_with_views;
pub use state::{App, Order, Seat};
