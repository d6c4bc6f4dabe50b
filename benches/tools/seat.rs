//! A console as benches sit at it: what comes with the program, in 256 colours.

use watchfloor::console::app::Seat;
use watchfloor::console::keymap::Keymap;
use watchfloor::console::terminal::{Ability, ColourChoice, ColourDepth};
use watchfloor::console::theme::Theme;

use crate::tools::Outcome;

/// A person's seat.
pub fn seat() -> Outcome<Seat> {
    let ability = Ability::of(ColourChoice::Fixed(ColourDepth::Indexed), false, |_| None);
    let (theme, keymap) = (Theme::load(None, ability, None)?, Keymap::built_in()?);
    Ok(Seat { theme, keymap, read_only: false, wall: false, zone: jiff::tz::TimeZone::UTC })
}
