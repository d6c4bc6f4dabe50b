//! Somebody who can be told.

use crate::fleet::words::{SafeText, Timestamp};

/// A person, as everyone at a console may know them: without addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The name by which the configuration knows them.
    pub name: SafeText,
    /// The name on their door.
    pub full_name: SafeText,
    /// Their time zone, an IANA name.
    pub zone: SafeText,
    /// The channels by which they are told, the first one first.
    pub channels: Vec<SafeText>,
    /// The names that what they do is signed with.
    pub identities: Vec<SafeText>,
    /// To whom they offered all they own; `None` for nobody.
    pub offer: Option<Offer>,
}

/// All that a person owns, offered to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// To whom.
    pub to: SafeText,
    /// When (hub time).
    pub at: Timestamp,
    /// What they said.
    pub note: SafeText,
}

impl Person {
    /// Whether what this name signs is theirs.
    #[must_use]
    pub fn is(&self, actor: &str) -> bool {
        self.identities.iter().any(|identity| identity.as_str() == actor)
    }
}
