//! The fleet itself and its events.

use crate::fleet::profile::{Event, Profile};
use crate::fleet::words::{FleetId, IdentityId, Timestamp};
use crate::wire::checked::{checked_hash, checked_optional_hash};
use crate::wire::error::WireError;
use crate::wire::pb::event::Body;
use crate::wire::{pb, text};

impl From<&Profile> for pb::FleetFacts {
    fn from(profile: &Profile) -> Self {
        Self {
            id: profile.id.as_str().into(),
            name: profile.name.as_str().into(),
            configuration: profile.configuration.map_or_else(Default::default, |hash| hash.to_vec().into()),
            configured_at: profile.configured_at.map(|at| at.0),
            waits_until: profile.waits_until.map(|at| at.0),
            started_at: profile.started_at.0,
            hub_version: profile.hub_version.as_str().into(),
        }
    }
}

impl TryFrom<pb::FleetFacts> for Profile {
    type Error = WireError;

    fn try_from(facts: pb::FleetFacts) -> Result<Self, WireError> {
        Ok(Self {
            id: FleetId::new(text::id(&facts.id)),
            name: text::line(&facts.name),
            configuration: checked_optional_hash("FleetFacts", "configuration", &facts.configuration)?,
            configured_at: facts.configured_at.map(Timestamp),
            started_at: Timestamp(facts.started_at),
            waits_until: facts.waits_until.map(Timestamp),
            hub_version: text::line(&facts.hub_version),
        })
    }
}

impl From<&Event> for Body {
    fn from(event: &Event) -> Self {
        match event {
            Event::HubStarted { version, waits_until } => {
                Self::HubStarted(pb::HubStarted { version: version.as_str().into(), waits_until: waits_until.0 })
            }
            Event::JudgingBegan => Self::JudgingBegan(pb::JudgingBegan {}),
            Event::ClockJumped { by_ms } => Self::ClockJumped(pb::ClockJumped { by: *by_ms }),
            Event::Refused { who, identity, what, why, count } => Self::Refused(pb::Refused {
                who: who.as_str().into(),
                what: what.as_str().into(),
                why: why.as_str().into(),
                count: *count,
                identity: identity.map(|identity| identity.0),
            }),
            Event::ConfigurationApplied { hash, changes } => Self::ConfigurationApplied(pb::ConfigurationApplied {
                hash: hash.to_vec().into(),
                changes: changes.iter().map(|change| change.as_str().into()).collect(),
            }),
            Event::Renamed { name } => Self::Renamed(pb::Renamed { name: name.as_str().into() }),
        }
    }
}

impl From<pb::HubStarted> for Event {
    fn from(event: pb::HubStarted) -> Self {
        Self::HubStarted { version: text::line(&event.version), waits_until: Timestamp(event.waits_until) }
    }
}

impl From<pb::JudgingBegan> for Event {
    fn from(_: pb::JudgingBegan) -> Self {
        Self::JudgingBegan
    }
}

impl From<pb::ClockJumped> for Event {
    fn from(event: pb::ClockJumped) -> Self {
        Self::ClockJumped { by_ms: event.by }
    }
}

impl From<pb::Refused> for Event {
    fn from(event: pb::Refused) -> Self {
        Self::Refused {
            who: text::line(&event.who),
            identity: event.identity.map(IdentityId),
            what: text::line(&event.what),
            why: text::line(&event.why),
            count: event.count,
        }
    }
}

impl TryFrom<pb::ConfigurationApplied> for Event {
    type Error = WireError;

    fn try_from(event: pb::ConfigurationApplied) -> Result<Self, WireError> {
        Ok(Self::ConfigurationApplied {
            hash: checked_hash("ConfigurationApplied", "hash", &event.hash)?,
            changes: event.changes.iter().map(|change| text::line(change)).collect(),
        })
    }
}

impl From<pb::Renamed> for Event {
    fn from(event: pb::Renamed) -> Self {
        Self::Renamed { name: text::line(&event.name) }
    }
}
