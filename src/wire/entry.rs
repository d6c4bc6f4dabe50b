//! Entries. Their events are encoded once; journal, frames and filtered frames share those bytes.

use bytes::{Buf, Bytes};
use prost::Message as _;

use crate::fleet::identity::{Audience, Role};
use crate::fleet::state::{Actor, Cause, Entry};
use crate::fleet::words::{ClientId, HostId, IdentityId, NoticeId, Revision, Timestamp};
use crate::wire::checked::at_most;
use crate::wire::error::WireError;
use crate::wire::event::{decode_event, encode_event};
use crate::wire::limits::{ENTRY_MAX, EVENT_MAX};
use crate::wire::{pb, text};

/// What an event's place in an entry takes beside the event and its client's name, in bytes at most.
const RECORD_OVERHEAD: usize = 16;

/// An entry whose events are encoded, so that a hub can store, filter and forward it without touching them again.
#[derive(Clone, Debug, PartialEq)]
pub struct EncodedEntry {
    /// Its place in the journal.
    pub revision: Revision,
    /// The hub's wall time.
    pub at: Timestamp,
    /// Who caused it.
    pub actor: pb::Actor,
    /// Who may see each event, and the encoded `Event`.
    pub events: Vec<(Audience, Bytes)>,
}

impl EncodedEntry {
    /// Encodes an entry.
    ///
    /// # Errors
    /// An event or the whole entry is larger than its limit: the decision must be refused before it is applied.
    pub fn new(entry: &Entry) -> Result<Self, WireError> {
        let mut size = 0;
        let mut events = Vec::with_capacity(entry.events.len());
        for (audience, event) in &entry.events {
            let bytes = encode_event(event).encode_to_vec();
            at_most("an event", bytes.len(), EVENT_MAX, "bytes")?;
            // Beside the event stand its audience and the lengths of both.
            size += bytes.len() + audience.client.as_ref().map_or(0, |client| client.as_str().len()) + RECORD_OVERHEAD;
            at_most("an entry", size, ENTRY_MAX, "bytes")?;
            events.push((audience.clone(), Bytes::from(bytes)));
        }
        Ok(Self { revision: entry.revision, at: entry.at, actor: (&entry.actor).into(), events })
    }

    /// Reads an entry from the journal without decoding its events; they share the memory of `bytes`.
    ///
    /// # Errors
    /// The bytes are no entry.
    pub fn from_bytes(bytes: Bytes) -> Result<Self, WireError> {
        let entry = decode_message(bytes)?;
        let events = entry.events.into_iter().map(|record| (record.audience.into(), record.event)).collect();
        Ok(Self {
            revision: Revision(entry.revision),
            at: Timestamp(entry.at),
            actor: entry.actor.unwrap_or_default(),
            events,
        })
    }

    /// The bytes of the journal.
    #[must_use]
    pub fn to_bytes(&self) -> Bytes {
        self.to_message().encode_to_vec().into()
    }

    /// The whole entry as a message.
    #[must_use]
    pub fn to_message(&self) -> pb::Entry {
        self.message(self.events.iter())
    }

    /// The part that a person of this role and scope may see; `None` when there is none.
    #[must_use]
    pub fn project(&self, role: Role, scope: Option<&ClientId>) -> Option<pb::Entry> {
        let mut visible = self.events.iter().filter(|(audience, _)| audience.admits(role, scope)).peekable();
        visible.peek()?;
        Some(self.message(visible))
    }

    fn message<'e>(&self, events: impl Iterator<Item = &'e (Audience, Bytes)>) -> pb::Entry {
        let events = events
            .map(|(audience, event)| pb::EventRecord { audience: Some(audience.into()), event: event.clone() })
            .collect();
        pb::Entry { revision: self.revision.0, at: self.at.0, actor: Some(self.actor.clone()), events }
    }
}

/// Reads an entry whole. Events of unknown kinds stand in it as such, so that it still advances the revision.
///
/// # Errors
/// An event of a known kind is malformed.
pub fn decode_entry(entry: pb::Entry) -> Result<Entry, WireError> {
    let decode = |record: pb::EventRecord| {
        let event = pb::Event::decode(record.event)
            .map_err(|source| WireError::Undecodable { message: "Event", source })
            .and_then(decode_event)?;
        Ok((record.audience.into(), event))
    };
    Ok(Entry {
        revision: Revision(entry.revision),
        at: Timestamp(entry.at),
        actor: entry.actor.unwrap_or_default().into(),
        events: entry.events.into_iter().map(decode).collect::<Result<_, WireError>>()?,
    })
}

/// Reads an entry from the bytes of the journal.
///
/// # Errors
/// The bytes are no entry, or an event of a known kind is malformed.
pub fn decode_entry_bytes(bytes: impl Buf) -> Result<Entry, WireError> {
    decode_entry(decode_message(bytes)?)
}

fn decode_message(bytes: impl Buf) -> Result<pb::Entry, WireError> {
    pb::Entry::decode(bytes).map_err(|source| WireError::Undecodable { message: "Entry", source })
}

impl From<&Actor> for pb::Actor {
    fn from(actor: &Actor) -> Self {
        use pb::actor::Kind;
        let kind = match actor.cause {
            Cause::Identity(identity) => Kind::Identity(identity.0),
            Cause::Local => Kind::Local(true),
            Cause::Rule => Kind::Rule(true),
            Cause::Host(host) => Kind::Host(host.0),
            Cause::Receiver(notice) => Kind::Receiver(notice.0),
        };
        Self { kind: Some(kind), name: actor.name.as_str().into() }
    }
}

/// A cause that is not known here counts as the hub's own.
impl From<pb::Actor> for Actor {
    fn from(actor: pb::Actor) -> Self {
        use pb::actor::Kind;
        let cause = match actor.kind {
            Some(Kind::Identity(identity)) => Cause::Identity(IdentityId(identity)),
            Some(Kind::Local(_)) => Cause::Local,
            Some(Kind::Host(host)) => Cause::Host(HostId(host)),
            Some(Kind::Receiver(notice)) => Cause::Receiver(NoticeId(notice)),
            Some(Kind::Rule(_)) | None => Cause::Rule,
        };
        Self { cause, name: text::line(&actor.name) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::profile;
    use crate::fleet::state::Event;
    use crate::fleet::words::SafeText;

    #[test]
    fn an_unknown_kind_of_event_advances_the_revision() {
        // Field 2047, length-delimited: a kind of some later release.
        let newer = Bytes::from_static(&[0xfa, 0x7f, 0x02, 0x08, 0x01]);
        let message = pb::Entry {
            revision: 7,
            events: vec![pb::EventRecord { audience: None, event: newer.clone() }],
            ..Default::default()
        };
        let entry = decode_entry(message.clone()).expect("a newer hub's entry is read");
        assert_eq!((entry.revision, entry.events), (Revision(7), vec![(Audience::ADMINS, Event::Unknown)]));
        let kept = EncodedEntry::from_bytes(message.encode_to_vec().into()).expect("and forwarded");
        assert_eq!(kept.project(Role::Admin, None).map(|entry| entry.events[0].event.clone()), Some(newer));
        assert_eq!(kept.project(Role::Operator, None), None);
    }

    #[test]
    fn an_event_over_its_limit_is_refused() {
        let changes = vec![SafeText::new(&"x".repeat(4000)); 5];
        let event = Event::Profile(profile::Event::ConfigurationApplied { hash: [0; 32], changes });
        let mut entry = Entry {
            revision: Revision(1),
            at: Timestamp(0),
            actor: Actor::rule("test"),
            events: vec![(Audience::EVERYONE, event)],
        };
        let error = EncodedEntry::new(&entry).unwrap_err().to_string();
        assert!(error.starts_with("an event takes 20") && error.contains("16384"), "{error}");
        let changes = vec![SafeText::new(&"x".repeat(4000)); 4];
        let event = Event::Profile(profile::Event::ConfigurationApplied { hash: [0; 32], changes });
        entry.events = vec![(Audience::EVERYONE, event); 600];
        assert!(EncodedEntry::new(&entry).unwrap_err().to_string().starts_with("an entry takes"));
    }
}
