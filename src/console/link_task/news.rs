//! What a link task tells the loop of the screens.

use crate::console::act::{ActEnd, ActTag};
use crate::console::ask::Answer;
use crate::console::mask::hidden;
use crate::console::replica::{FleetIndex, LinkState, Update};
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

impl News {
    /// Without the words that this program itself made of names: addresses, and what a hub answered.
    #[must_use]
    pub(super) fn masked(self) -> Self {
        match self {
            Self::Update(Update::Link(link)) => Self::Update(Update::Link(match link {
                LinkState::Lost { since, next_try, .. } => LinkState::Lost { since, reason: hidden(), next_try },
                LinkState::Refused { since, not_permitted, next_try, .. } => {
                    LinkState::Refused { since, reason: hidden(), not_permitted, next_try }
                }
                link @ (LinkState::Connecting { .. } | LinkState::Live { .. }) => link,
            })),
            Self::Answer(answer) => Self::Answer(Answer { result: answer.result.map_err(|_| hidden()), ..answer }),
            Self::Trouble(_) => Self::Trouble(hidden()),
            Self::ActDone { tag, .. } => {
                let end = ActEnd::NotSent { reason: hidden(), perhaps_done: true };
                Self::ActDone { tag, end }
            }
            update @ Self::Update(_) => update,
        }
    }
}
