//! What can happen to a ping.

use std::time::Duration;

use super::{Description, Signal, State};
use crate::fleet::words::{PingName, SafeText};

/// A fact of a decision about one ping.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// It came into being, or is described differently.
    Described(Box<Description>),
    /// It is expected no more.
    Removed {
        /// Which.
        ping: PingName,
    },
    /// Its job said something.
    Heard {
        /// Which.
        ping: PingName,
        /// What.
        signal: Signal,
        /// Which run; empty where it says nothing.
        run: SafeText,
        /// How it stands now.
        state: State,
        /// How long the run took.
        took: Option<Duration>,
        /// The end of what came along.
        tail: SafeText,
    },
    /// Time made something else of it.
    Judged {
        /// Which.
        ping: PingName,
        /// How it stands now.
        state: State,
    },
}

impl Event {
    /// The ping it is about.
    #[must_use]
    pub const fn ping(&self) -> &PingName {
        match self {
            Self::Described(description) => &description.name,
            Self::Removed { ping } | Self::Heard { ping, .. } | Self::Judged { ping, .. } => ping,
        }
    }
}
