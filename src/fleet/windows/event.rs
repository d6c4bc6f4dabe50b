//! What can happen to a window.

use super::occurrence::Occurrence;
use super::window::Window;
use crate::fleet::words::{AlertId, SafeText, WindowId};

/// A fact of a decision about one window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Somebody made it.
    Created(Box<Window>),
    /// It holds back from now on.
    Began {
        /// Which.
        window: WindowId,
        /// This time.
        occurrence: Occurrence,
    },
    /// The open alerts were looked at up to one.
    Looked {
        /// Which.
        window: WindowId,
        /// The last alert that was; `None`: all were.
        through: Option<AlertId>,
    },
    /// It holds nothing back any more, for now or for good.
    Ended {
        /// Which.
        window: WindowId,
        /// The next time; `None`: it is over.
        next: Option<Occurrence>,
    },
    /// Somebody ended it for good.
    Closed {
        /// Which.
        window: WindowId,
        /// Who.
        by: SafeText,
        /// What they said.
        note: Option<SafeText>,
    },
    /// Somebody gave it another end.
    Changed {
        /// Which.
        window: WindowId,
        /// The occurrence under way, or the next, as it is now.
        occurrence: Occurrence,
        /// Who.
        by: SafeText,
    },
    /// The clock was set, and the next time is another.
    Planned {
        /// Which.
        window: WindowId,
        /// The next time; `None` while one is under way.
        next: Option<Occurrence>,
    },
    /// It left the fleet's state; the journal still has it.
    Archived {
        /// Which.
        window: WindowId,
    },
}

impl Event {
    /// The window it is about.
    #[must_use]
    pub const fn window(&self) -> WindowId {
        match self {
            Self::Created(window) => window.id,
            Self::Began { window, .. }
            | Self::Looked { window, .. }
            | Self::Ended { window, .. }
            | Self::Closed { window, .. }
            | Self::Changed { window, .. }
            | Self::Planned { window, .. }
            | Self::Archived { window } => *window,
        }
    }
}
