//! Why an open alert is held back although nobody has it. It never holds back its end.

use std::fmt;

use crate::fleet::words::spoken_id::spoken_id;
use crate::fleet::words::{AlertId, WindowId};

/// One reason. An alert may have several; each ends by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Hold {
    /// A maintenance window, or a silence, speaks of it.
    Maintenance(WindowId),
    /// What it hangs on is the problem: its host, or its site's line.
    Parent(AlertId),
    /// Its check changes its mind too often to be believed.
    Flapping,
    /// The hub mends it by itself, and tells people if it can't.
    Healing,
}

impl Hold {
    /// `maintenance`, `parent`, `flapping` or `healing`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Maintenance(_) => "maintenance",
            Self::Parent(_) => "parent",
            Self::Flapping => "flapping",
            Self::Healing => "healing",
        }
    }
}

impl fmt::Display for Hold {
    /// With what it points at: `maintenance window 3`, `behind alert k3f9`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Maintenance(window) => write!(f, "maintenance window {window}"),
            Self::Parent(alert) => write!(f, "behind alert {}", spoken_id(*alert)),
            Self::Flapping | Self::Healing => f.pad(self.word()),
        }
    }
}
