//! Notices and their events.

use crate::fleet::notices::{Event, Kind, Notice, State};
use crate::fleet::words::{AlertId, ClientId, NoticeId, Severity, Timestamp};
use crate::wire::error::WireError;
use crate::wire::pb::event::Body;
use crate::wire::{pb, text};

const KINDS: [(Kind, pb::NoticeKind); 5] = [
    (Kind::Problem, pb::NoticeKind::Problem),
    (Kind::Recovery, pb::NoticeKind::Recovery),
    (Kind::Reminder, pb::NoticeKind::Reminder),
    (Kind::Test, pb::NoticeKind::Test),
    (Kind::Watchdog, pb::NoticeKind::Watchdog),
];

const STATES: [(State, pb::NoticeState); 5] = [
    (State::Waiting, pb::NoticeState::Waiting),
    (State::Sent, pb::NoticeState::Sent),
    (State::Delivered, pb::NoticeState::Delivered),
    (State::Answered, pb::NoticeState::Answered),
    (State::Failed, pb::NoticeState::Failed),
];

fn unknown(field: &'static str, value: i32) -> WireError {
    WireError::Unknown { message: "Notice", field, value: value.to_string() }
}

impl From<&Notice> for pb::Notice {
    fn from(notice: &Notice) -> Self {
        let kind = KINDS.iter().find(|(kind, _)| *kind == notice.kind).map_or_else(Default::default, |(_, kind)| *kind);
        let state =
            STATES.iter().find(|(state, _)| *state == notice.state).map_or_else(Default::default, |(_, state)| *state);
        Self {
            id: notice.id.0,
            kind: kind.into(),
            to: notice.to.as_str().into(),
            channels: notice.channels.iter().map(|channel| channel.as_str().into()).collect(),
            channel: notice.channel,
            client: notice.client.as_ref().map(|client| client.as_str().into()),
            critical: notice.severity == Severity::Critical,
            alerts: notice.alerts.iter().map(|alert| alert.0).collect(),
            count: notice.count,
            step: notice.step,
            round: notice.round,
            note: notice.note.as_str().into(),
            queued_at: notice.queued_at.0,
            since: notice.since.0,
            state: state.into(),
            words: notice.words.as_str().into(),
        }
    }
}

impl TryFrom<pb::Notice> for Notice {
    type Error = WireError;

    fn try_from(notice: pb::Notice) -> Result<Self, WireError> {
        let kind = pb::NoticeKind::try_from(notice.kind).map_err(|_| unknown("kind", notice.kind))?;
        let state = pb::NoticeState::try_from(notice.state).map_err(|_| unknown("state", notice.state))?;
        let kind = KINDS.iter().find(|(_, known)| *known == kind).map(|(kind, _)| *kind);
        let state = STATES.iter().find(|(_, known)| *known == state).map(|(state, _)| *state);
        Ok(Self {
            id: NoticeId(notice.id),
            kind: kind.ok_or_else(|| unknown("kind", notice.kind))?,
            to: text::line(&notice.to),
            channels: notice.channels.iter().map(|channel| text::line(channel)).collect(),
            channel: notice.channel,
            client: notice.client.map(|client| ClientId::new(text::id(&client))),
            severity: if notice.critical { Severity::Critical } else { Severity::Warning },
            alerts: notice.alerts.into_iter().map(AlertId).collect(),
            count: notice.count,
            step: notice.step,
            round: notice.round,
            note: text::note(&notice.note),
            queued_at: Timestamp(notice.queued_at),
            since: Timestamp(notice.since),
            state: state.ok_or_else(|| unknown("state", notice.state))?,
            words: text::line(&notice.words),
        })
    }
}

impl From<&Event> for Body {
    fn from(event: &Event) -> Self {
        let id = event.notice().0;
        match event {
            Event::Queued(notice) => Self::NoticeQueued(notice.as_ref().into()),
            Event::Sent { notice: _, receipt } => {
                Self::NoticeSent(pb::NoticeSent { id, receipt: receipt.as_str().into() })
            }
            Event::Delivered { notice: _, receipt } => {
                Self::NoticeDelivered(pb::NoticeDelivered { id, receipt: receipt.as_str().into() })
            }
            Event::FellOver { notice: _, channel, why } => {
                Self::NoticeFellOver(pb::NoticeFellOver { id, channel: *channel, why: why.as_str().into() })
            }
            Event::Failed { notice: _, why } => Self::NoticeFailed(pb::NoticeFailed { id, why: why.as_str().into() }),
            Event::Answered { notice: _, by, how } => {
                Self::NoticeAnswered(pb::NoticeAnswered { id, by: by.as_str().into(), how: how.as_str().into() })
            }
            Event::Archived { notice: _ } => Self::NoticeArchived(pb::NoticeArchived { id }),
        }
    }
}

impl TryFrom<pb::Notice> for Event {
    type Error = WireError;

    fn try_from(notice: pb::Notice) -> Result<Self, WireError> {
        Ok(Self::Queued(Box::new(notice.try_into()?)))
    }
}

impl From<pb::NoticeSent> for Event {
    fn from(event: pb::NoticeSent) -> Self {
        Self::Sent { notice: NoticeId(event.id), receipt: text::line(&event.receipt) }
    }
}

impl From<pb::NoticeDelivered> for Event {
    fn from(event: pb::NoticeDelivered) -> Self {
        Self::Delivered { notice: NoticeId(event.id), receipt: text::line(&event.receipt) }
    }
}

impl From<pb::NoticeFellOver> for Event {
    fn from(event: pb::NoticeFellOver) -> Self {
        Self::FellOver { notice: NoticeId(event.id), channel: event.channel, why: text::line(&event.why) }
    }
}

impl From<pb::NoticeFailed> for Event {
    fn from(event: pb::NoticeFailed) -> Self {
        Self::Failed { notice: NoticeId(event.id), why: text::line(&event.why) }
    }
}

impl From<pb::NoticeAnswered> for Event {
    fn from(event: pb::NoticeAnswered) -> Self {
        Self::Answered { notice: NoticeId(event.id), by: text::line(&event.by), how: text::line(&event.how) }
    }
}

impl From<pb::NoticeArchived> for Event {
    fn from(event: pb::NoticeArchived) -> Self {
        Self::Archived { notice: NoticeId(event.id) }
    }
}
