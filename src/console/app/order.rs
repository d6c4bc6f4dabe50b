//! What the console asks of the loop around it, which has the terminal, the links and the files.

use crate::console::app::notices::Notice;
use crate::console::ask::Ask;
use crate::console::replica::FleetIndex;
use crate::settings::views::View;

/// What the loop is to do.
#[derive(Debug)]
pub enum Order {
    /// Hand a question to a fleet's link.
    Ask(FleetIndex, Ask),
    /// Put text on the clipboard.
    Copy(String),
    /// Write text to a new file in the current directory.
    Write {
        /// The file's name.
        name: String,
        /// What it holds.
        text: String,
    },
    /// Leave with success.
    Leave,
    /// Stop and go to the shell.
    Stop,
    /// Paint everything again.
    Repaint,
    /// Read theme and key map again.
    Reload,
    /// Go on to the next theme.
    NextTheme,
    /// Read the saved views again.
    ReadViews,
    /// Ring the bell.
    Ring,
    /// Tell something on the desktop.
    Tell(Notice),
    /// Keep a view.
    KeepView(Box<View>),
}
