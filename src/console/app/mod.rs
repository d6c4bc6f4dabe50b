//! The program around the screens: where one is, what is asked of the person, and which keys go where. No I/O.

mod asking;
mod bell;
mod chrome;
mod command_line;
mod command_prompt;
mod desk;
mod effects;
mod finding;
mod fleets;
mod front;
mod keys;
mod notices;
mod order;
mod painting;
mod palette;
mod seat;
mod sending;
mod stage;
mod state;
mod which;

pub use asking::Asking;
pub use notices::Notice;
pub use order::Order;
pub use seat::Seat;
pub use stage::screens_with_views;
pub use state::App;
