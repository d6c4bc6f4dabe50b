//! The fleet itself: its id and name, the hub's life, the configuration that counts.

use crate::fleet::words::{FleetId, IdentityId, SafeText, Timestamp};

/// What is known of the fleet as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// The immutable id.
    pub id: FleetId,
    /// The hub's name for the fleet; a console may know it by another.
    pub name: SafeText,
    /// SHA-256 of the configuration that counts; `None` before the first.
    pub configuration: Option<[u8; 32]>,
    /// Since when it counts.
    pub configured_at: Option<Timestamp>,
    /// When the hub started last.
    pub started_at: Timestamp,
    /// Until when it waits after that start before it judges silence; `None` once it judges.
    pub waits_until: Option<Timestamp>,
    /// The hub's version.
    pub hub_version: SafeText,
}

/// A fact of a decision about the fleet as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The hub started; it waits before it judges silence.
    HubStarted {
        /// Its version.
        version: SafeText,
        /// Until when it waits.
        waits_until: Timestamp,
    },
    /// The wait after the start is over.
    JudgingBegan,
    /// The wall clock jumped.
    ClockJumped {
        /// By how many milliseconds, positive when ahead.
        by_ms: i64,
    },
    /// Something asked from outside was refused.
    Refused {
        /// Who asked, as far as known: an identity's name or a port.
        who: SafeText,
        /// The identity, if one was proved.
        identity: Option<IdentityId>,
        /// What was asked.
        what: SafeText,
        /// Why it was refused.
        why: SafeText,
        /// How often since the last such entry.
        count: u32,
    },
    /// A configuration was applied.
    ConfigurationApplied {
        /// SHA-256 of its texts, which lie beside as a blob for admins.
        hash: [u8; 32],
        /// What changed, in words.
        changes: Vec<SafeText>,
    },
    /// The fleet got its name.
    Renamed {
        /// The name.
        name: SafeText,
    },
}

impl Default for Profile {
    fn default() -> Self {
        Self {
            id: FleetId::new(""),
            name: SafeText::default(),
            configuration: None,
            configured_at: None,
            started_at: Timestamp::default(),
            waits_until: None,
            hub_version: SafeText::default(),
        }
    }
}

impl Profile {
    /// Stores what the event says.
    pub fn apply(&mut self, event: &Event, at: Timestamp) {
        match event {
            Event::HubStarted { version, waits_until } => {
                self.started_at = at;
                self.waits_until = Some(*waits_until);
                self.hub_version = version.clone();
            }
            Event::JudgingBegan => self.waits_until = None,
            Event::ConfigurationApplied { hash, .. } => {
                self.configuration = Some(*hash);
                self.configured_at = Some(at);
            }
            Event::Renamed { name } => self.name = name.clone(),
            Event::ClockJumped { .. } | Event::Refused { .. } => {}
        }
    }
}
