//! What a link task tells the loop of the screens.

use crate::console::act::{ActEnd, ActTag};
use crate::console::ask::Answer;
use crate::console::replica::{FleetIndex, Update};
use crate::fleet::words::SafeText;

/// What a link task tells the loop of the screens.
#[derive(Debug)]
pub struct FromLink {
    /// Which fleet.
    pub fleet: FleetIndex,
    /// What.
    pub news: News,
}

/// What a link task tells.
#[derive(Debug)]
pub enum News {
    /// For the replica.
    Update(Update),
    /// An act ended.
    ActDone {
        /// Its number.
        tag: ActTag,
        /// How.
        end: ActEnd,
    },
    /// An answer for a screen.
    Answer(Answer),
    /// Something that a person should know of, although the link goes on.
    Trouble(SafeText),
}
