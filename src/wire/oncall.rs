//! Who is told of alerts: people, duty, policies, and their events.

use std::time::Duration;

use crate::fleet::oncall::{Duty, Event, Offer, Override, Person, Policy, Roster, Step};
use crate::fleet::words::{SafeText, Timestamp};
use crate::wire::error::{WireError, need};
use crate::wire::pb::event::Body;
use crate::wire::{pb, text};

fn strings(texts: &[SafeText]) -> Vec<String> {
    texts.iter().map(|text| text.as_str().to_owned()).collect()
}

fn lines(texts: &[String]) -> Vec<SafeText> {
    texts.iter().map(|line| text::line(line)).collect()
}

fn milliseconds(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

impl From<&Person> for pb::OnCallPerson {
    fn from(person: &Person) -> Self {
        Self {
            name: person.name.as_str().into(),
            full_name: person.full_name.as_str().into(),
            zone: person.zone.as_str().into(),
            channels: strings(&person.channels),
            identities: strings(&person.identities),
            offer: person.offer.as_ref().map(|offer| pb::HandOverOffer {
                to: offer.to.as_str().into(),
                at: offer.at.0,
                note: offer.note.as_str().into(),
            }),
        }
    }
}

impl From<pb::OnCallPerson> for Person {
    fn from(person: pb::OnCallPerson) -> Self {
        Self {
            name: text::line(&person.name),
            full_name: text::line(&person.full_name),
            zone: text::line(&person.zone),
            channels: lines(&person.channels),
            identities: lines(&person.identities),
            offer: person.offer.map(|offer| Offer {
                to: text::line(&offer.to),
                at: Timestamp(offer.at),
                note: text::note(&offer.note),
            }),
        }
    }
}

impl From<&Roster> for pb::DutyChanged {
    fn from(roster: &Roster) -> Self {
        Self {
            schedule: roster.schedule.as_str().into(),
            zone: roster.zone.as_str().into(),
            now: strings(&roster.now),
            since: roster.since.0,
            next: strings(&roster.next),
            changes_at: roster.changes_at.map(|at| at.0),
        }
    }
}

impl From<pb::DutyChanged> for Roster {
    fn from(roster: pb::DutyChanged) -> Self {
        Self {
            schedule: text::line(&roster.schedule),
            zone: text::line(&roster.zone),
            now: lines(&roster.now),
            since: Timestamp(roster.since),
            next: lines(&roster.next),
            changes_at: roster.changes_at.map(Timestamp),
        }
    }
}

impl From<&Override> for pb::DutyOverride {
    fn from(over: &Override) -> Self {
        Self {
            id: over.id,
            person: over.person.as_str().into(),
            from: over.from.0,
            until: over.until.0,
            by: over.by.as_str().into(),
            note: over.note.as_str().into(),
        }
    }
}

impl From<pb::DutyOverride> for Override {
    fn from(over: pb::DutyOverride) -> Self {
        Self {
            id: over.id,
            person: text::line(&over.person),
            from: Timestamp(over.from),
            until: Timestamp(over.until),
            by: text::line(&over.by),
            note: text::note(&over.note),
        }
    }
}

impl From<&Duty> for pb::OnCallDuty {
    fn from(duty: &Duty) -> Self {
        Self { roster: Some((&duty.roster).into()), overrides: duty.overrides.iter().map(Into::into).collect() }
    }
}

impl TryFrom<pb::OnCallDuty> for Duty {
    type Error = WireError;

    fn try_from(duty: pb::OnCallDuty) -> Result<Self, WireError> {
        Ok(Self {
            roster: need(duty.roster, "OnCallDuty", "roster")?.into(),
            overrides: duty.overrides.into_iter().map(Into::into).collect(),
        })
    }
}

impl From<&Policy> for pb::EscalationPolicy {
    fn from(policy: &Policy) -> Self {
        let step = |step: &Step| pb::PolicyStep { after: milliseconds(step.after), to: strings(&step.to) };
        Self {
            name: policy.name.as_str().into(),
            steps: policy.steps.iter().map(step).collect(),
            repeat: milliseconds(policy.repeat),
            rounds: policy.rounds,
        }
    }
}

impl From<pb::EscalationPolicy> for Policy {
    fn from(policy: pb::EscalationPolicy) -> Self {
        let step = |step: &pb::PolicyStep| Step { after: Duration::from_millis(step.after), to: lines(&step.to) };
        Self {
            name: text::line(&policy.name),
            steps: policy.steps.iter().map(step).collect(),
            repeat: Duration::from_millis(policy.repeat),
            rounds: policy.rounds,
        }
    }
}

impl From<&Event> for Body {
    fn from(event: &Event) -> Self {
        let own = |text: &SafeText| text.as_str().to_owned();
        match event {
            Event::PersonDescribed(person) => {
                // What a person offered is an event of its own.
                Self::PersonDescribed(pb::OnCallPerson { offer: None, ..(&**person).into() })
            }
            Event::PersonRemoved { person } => Self::PersonRemoved(pb::PersonRemoved { name: own(person) }),
            Event::PolicyDescribed(policy) => Self::PolicyDescribed((&**policy).into()),
            Event::PolicyRemoved { policy } => Self::PolicyRemoved(pb::PolicyRemoved { name: own(policy) }),
            Event::DutyChanged(roster) => Self::DutyChanged((&**roster).into()),
            Event::ScheduleRemoved { schedule } => {
                Self::ScheduleRemoved(pb::ScheduleRemoved { schedule: own(schedule) })
            }
            Event::Overridden { schedule, over } => {
                Self::DutyOverridden(pb::DutyOverridden { schedule: own(schedule), over: Some(over.into()) })
            }
            Event::OverrideEnded { schedule, id } => {
                Self::OverrideEnded(pb::OverrideEnded { schedule: own(schedule), id: *id })
            }
            Event::HandOverOffered { from, to, note } => {
                Self::HandOverOffered(pb::HandOverOffered { from: own(from), to: own(to), note: own(note) })
            }
            Event::HandOverEnded { from, to, accepted } => {
                Self::HandOverEnded(pb::HandOverEnded { from: own(from), to: own(to), accepted: *accepted })
            }
        }
    }
}

impl From<pb::OnCallPerson> for Event {
    fn from(person: pb::OnCallPerson) -> Self {
        Self::PersonDescribed(Box::new(Person { offer: None, ..person.into() }))
    }
}

impl From<pb::PersonRemoved> for Event {
    fn from(event: pb::PersonRemoved) -> Self {
        Self::PersonRemoved { person: text::line(&event.name) }
    }
}

impl From<pb::EscalationPolicy> for Event {
    fn from(policy: pb::EscalationPolicy) -> Self {
        Self::PolicyDescribed(Box::new(policy.into()))
    }
}

impl From<pb::PolicyRemoved> for Event {
    fn from(event: pb::PolicyRemoved) -> Self {
        Self::PolicyRemoved { policy: text::line(&event.name) }
    }
}

impl From<pb::DutyChanged> for Event {
    fn from(roster: pb::DutyChanged) -> Self {
        Self::DutyChanged(Box::new(roster.into()))
    }
}

impl From<pb::ScheduleRemoved> for Event {
    fn from(event: pb::ScheduleRemoved) -> Self {
        Self::ScheduleRemoved { schedule: text::line(&event.schedule) }
    }
}

impl TryFrom<pb::DutyOverridden> for Event {
    type Error = WireError;

    fn try_from(event: pb::DutyOverridden) -> Result<Self, WireError> {
        let over = need(event.over, "DutyOverridden", "over")?.into();
        Ok(Self::Overridden { schedule: text::line(&event.schedule), over })
    }
}

impl From<pb::OverrideEnded> for Event {
    fn from(event: pb::OverrideEnded) -> Self {
        Self::OverrideEnded { schedule: text::line(&event.schedule), id: event.id }
    }
}

impl From<pb::HandOverOffered> for Event {
    fn from(event: pb::HandOverOffered) -> Self {
        Self::HandOverOffered {
            from: text::line(&event.from),
            to: text::line(&event.to),
            note: text::note(&event.note),
        }
    }
}

impl From<pb::HandOverEnded> for Event {
    fn from(event: pb::HandOverEnded) -> Self {
        Self::HandOverEnded { from: text::line(&event.from), to: text::line(&event.to), accepted: event.accepted }
    }
}
