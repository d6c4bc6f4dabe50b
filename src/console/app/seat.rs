//! How a person sits at a console: look, keys, and what they may do here.

use jiff::tz::TimeZone;

use crate::console::files::FileError;
use crate::console::keymap::Keymap;
use crate::console::theme::Theme;

/// How a person sits at this console.
#[derive(Clone, Debug)]
pub struct Seat {
    /// The look.
    pub theme: Theme,
    /// The keys.
    pub keymap: Keymap,
    /// No act leaves this console.
    pub read_only: bool,
    /// Nobody sits here: the wall is shown, and no key works but those that leave.
    pub wall: bool,
    /// The zone of clocks.
    pub zone: TimeZone,
}

impl Seat {
    /// Takes over theme and key map that were read again; a wrong one changes nothing. What is wrong.
    pub fn reload(&mut self, theme: Result<Theme, FileError>, keymap: Result<Keymap, FileError>) -> Vec<FileError> {
        let mut errors = Vec::new();
        match theme {
            Ok(theme) => self.theme = theme,
            Err(error) => errors.push(error),
        }
        match keymap {
            Ok(keymap) => self.keymap = keymap,
            Err(error) => errors.push(error),
        }
        errors
    }
}
