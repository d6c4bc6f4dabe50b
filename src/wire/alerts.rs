//! Alerts, their subjects and their events.

use crate::fleet::alerts::{Acknowledgement, Alert, Escalation, Event, External, Snooze, Subject, Until, ValueLimit};
use crate::fleet::words::{AlertId, CheckName, ClientId, HostId, NoticeId, Revision, SafeText, SiteId, Timestamp};
use crate::wire::enums::check_state;
use crate::wire::error::{WireError, need};
use crate::wire::pb::event::Body;
use crate::wire::{pb, text};
use std::sync::Arc;

impl From<&Subject> for pb::Subject {
    fn from(subject: &Subject) -> Self {
        use pb::subject::{self, Kind};
        let kind = match subject {
            Subject::Check { host, check } => {
                Kind::Check(subject::Check { host: host.0, check: check.as_str().into() })
            }
            Subject::Host(host) => Kind::Host(host.0),
            Subject::Site(site) => Kind::Site(site.as_str().into()),
            Subject::Backup(job) => Kind::Backup(job.as_str().into()),
            Subject::External { source, fingerprint } => Kind::External(subject::External {
                source: source.as_str().into(),
                fingerprint: fingerprint.as_str().into(),
            }),
        };
        Self { kind: Some(kind) }
    }
}

impl TryFrom<pb::Subject> for Subject {
    type Error = WireError;

    fn try_from(subject: pb::Subject) -> Result<Self, WireError> {
        use pb::subject::Kind;
        let kind = subject.kind.ok_or_else(|| WireError::Unknown {
            message: "Subject",
            field: "kind",
            value: "of another kind".to_owned(),
        })?;
        Ok(match kind {
            Kind::Check(check) => {
                Self::Check { host: HostId(check.host), check: CheckName::new(text::id(&check.check)) }
            }
            Kind::Host(host) => Self::Host(HostId(host)),
            Kind::Site(site) => Self::Site(SiteId::new(text::id(&site))),
            Kind::Backup(job) => Self::Backup(text::line(&job)),
            Kind::External(external) => {
                Self::External { source: text::line(&external.source), fingerprint: text::line(&external.fingerprint) }
            }
        })
    }
}

/// As the two fields of a message: what, and the time where it is one.
pub(super) fn encode_until(until: Until) -> (pb::acknowledgement::Until, i64) {
    match until {
        Until::Worse => (pb::acknowledgement::Until::Worse, 0),
        Until::Resolved => (pb::acknowledgement::Until::Resolved, 0),
        Until::Time(end) => (pb::acknowledgement::Until::Time, end.0),
    }
}

/// Reads how long an acknowledgement holds; until worse, the shortest, where it is not known here.
#[must_use]
pub fn decode_until(until: i32, time: i64) -> Until {
    match pb::acknowledgement::Until::try_from(until) {
        Ok(pb::acknowledgement::Until::Resolved) => Until::Resolved,
        Ok(pb::acknowledgement::Until::Time) => Until::Time(Timestamp(time)),
        Ok(pb::acknowledgement::Until::Worse) | Err(_) => Until::Worse,
    }
}

impl From<&Acknowledgement> for pb::Acknowledgement {
    fn from(acknowledgement: &Acknowledgement) -> Self {
        let (until, until_time) = encode_until(acknowledgement.until);
        Self {
            by: acknowledgement.by.as_str().into(),
            at: acknowledgement.at.0,
            until: until.into(),
            until_time,
            note: acknowledgement.note.as_str().into(),
            level: pb::CheckState::from(acknowledgement.level).into(),
            expires: acknowledgement.expires.map(|at| at.0),
            limit: acknowledgement.limit.as_ref().map(Into::into),
        }
    }
}

impl From<&ValueLimit> for pb::ValueLimit {
    fn from(limit: &ValueLimit) -> Self {
        Self { label: limit.label.as_str().into(), thousandths: limit.thousandths, below: limit.below }
    }
}

impl From<pb::ValueLimit> for ValueLimit {
    fn from(limit: pb::ValueLimit) -> Self {
        Self { label: text::line(&limit.label), thousandths: limit.thousandths, below: limit.below }
    }
}

impl From<pb::Acknowledgement> for Acknowledgement {
    fn from(acknowledgement: pb::Acknowledgement) -> Self {
        Self {
            by: text::line(&acknowledgement.by),
            at: Timestamp(acknowledgement.at),
            until: decode_until(acknowledgement.until, acknowledgement.until_time),
            note: text::note(&acknowledgement.note),
            level: check_state(acknowledgement.level),
            expires: acknowledgement.expires.map(Timestamp),
            limit: acknowledgement.limit.map(Into::into),
        }
    }
}

impl From<&Snooze> for pb::Snooze {
    fn from(snooze: &Snooze) -> Self {
        Self {
            by: snooze.by.as_str().into(),
            at: snooze.at.0,
            until: snooze.until.0,
            note: snooze.note.as_str().into(),
            level: pb::CheckState::from(snooze.level).into(),
        }
    }
}

impl From<pb::Snooze> for Snooze {
    fn from(snooze: pb::Snooze) -> Self {
        Self {
            by: text::line(&snooze.by),
            at: Timestamp(snooze.at),
            until: Timestamp(snooze.until),
            note: text::note(&snooze.note),
            level: check_state(snooze.level),
        }
    }
}

impl From<&Escalation> for pb::Escalation {
    fn from(escalation: &Escalation) -> Self {
        Self {
            step: escalation.step,
            at: escalation.at.0,
            by: escalation.by.as_str().into(),
            revision: escalation.revision.0,
        }
    }
}

impl From<pb::Escalation> for Escalation {
    fn from(escalation: pb::Escalation) -> Self {
        Self {
            step: escalation.step,
            at: Timestamp(escalation.at),
            by: text::line(&escalation.by),
            revision: Revision(escalation.revision),
        }
    }
}

impl From<&Alert> for pb::Alert {
    fn from(alert: &Alert) -> Self {
        Self {
            id: alert.id.0,
            client: alert.client.as_str().into(),
            site: alert.site.as_ref().map(|site| site.as_str().into()),
            host: alert.host.map(|host| host.0),
            subject: Some((&alert.subject).into()),
            level: pb::CheckState::from(alert.level).into(),
            summary: alert.summary.as_str().into(),
            opened_at: alert.opened_at.0,
            level_since: alert.level_since.0,
            resolved_at: alert.resolved_at.map(|at| at.0),
            closed_by_hand: alert.closed_by_hand,
            acknowledgement: alert.acknowledgement.as_ref().map(Into::into),
            snooze: alert.snooze.as_ref().map(Into::into),
            escalation: alert.escalation.as_ref().map(Into::into),
            count: alert.count,
            last_note: plain(alert.last_note.as_ref()),
            changed: alert.changed.0,
            worsened: alert.worsened.0,
            holds: alert.holds.iter().map(|hold| (*hold).into()).collect(),
            plan: alert.plan.as_deref().map(Into::into),
            told: alert.told.iter().map(Into::into).collect(),
            reminders: alert.reminders.iter().map(Into::into).collect(),
            external: alert.external.as_deref().map(Into::into),
        }
    }
}

impl From<&External> for pb::AlertExternal {
    fn from(external: &External) -> Self {
        let text = external.text();
        let [labels, annotations, generator_url] = external.parts(&text).map(str::to_owned);
        Self {
            labels,
            annotations,
            generator_url,
            starts_at: external.starts_at.0,
            ends_at: external.ends_at.map(|end| end.0),
        }
    }
}

impl From<pb::AlertExternal> for External {
    fn from(external: pb::AlertExternal) -> Self {
        let ends_at = external.ends_at.map(Timestamp);
        let url = &external.generator_url;
        Self::again(&external.labels, &external.annotations, url, Timestamp(external.starts_at), ends_at)
    }
}

impl TryFrom<pb::Alert> for Alert {
    type Error = WireError;

    fn try_from(alert: pb::Alert) -> Result<Self, WireError> {
        Ok(Self {
            id: AlertId(alert.id),
            client: ClientId::new(text::id(&alert.client)),
            site: alert.site.map(|site| SiteId::new(text::id(&site))),
            host: alert.host.map(HostId),
            subject: need(alert.subject, "Alert", "subject")?.try_into()?,
            level: check_state(alert.level),
            summary: text::line(&alert.summary),
            opened_at: Timestamp(alert.opened_at),
            level_since: Timestamp(alert.level_since),
            resolved_at: alert.resolved_at.map(Timestamp),
            closed_by_hand: alert.closed_by_hand,
            acknowledgement: alert.acknowledgement.map(Into::into),
            snooze: alert.snooze.map(Into::into),
            escalation: alert.escalation.map(Into::into),
            count: alert.count,
            last_note: text::optional_note(alert.last_note),
            changed: Revision(alert.changed),
            worsened: Revision(alert.worsened),
            // A reason that only a newer hub knows is left out: its end comes as an event of that hub, too.
            holds: {
                let mut holds: Vec<_> = alert.holds.into_iter().filter_map(|hold| hold.try_into().ok()).collect();
                holds.sort_unstable();
                holds.dedup();
                holds
            },
            plan: alert.plan.map(|plan| Box::new(plan.into())),
            told: alert.told.into_iter().map(Into::into).collect(),
            reminders: alert.reminders.into_iter().map(Into::into).collect(),
            external: alert.external.map(|external| Arc::new(external.into())),
        })
    }
}

impl From<&Event> for Body {
    fn from(event: &Event) -> Self {
        let id = event.alert().0;
        match event {
            Event::Opened { alert: _, client, site, host, subject, level, summary } => {
                Self::AlertOpened(pb::AlertOpened {
                    id,
                    client: client.as_str().into(),
                    site: site.as_ref().map(|site| site.as_str().into()),
                    host: host.map(|host| host.0),
                    subject: Some(subject.into()),
                    level: pb::CheckState::from(*level).into(),
                    summary: summary.as_str().into(),
                })
            }
            Event::Reopened { alert: _, level, summary } => Self::AlertReopened(pb::AlertReopened {
                id,
                level: pb::CheckState::from(*level).into(),
                summary: summary.as_str().into(),
            }),
            Event::LevelChanged { alert: _, level, summary, worse } => Self::AlertLevelChanged(pb::AlertLevelChanged {
                id,
                level: pb::CheckState::from(*level).into(),
                summary: summary.as_str().into(),
                worse: *worse,
            }),
            Event::Resolved { alert: _, by_hand, note } => {
                Self::AlertResolved(pb::AlertResolved { id, by_hand: *by_hand, note: plain(note.as_ref()) })
            }
            Event::Acknowledged { alert: _, acknowledgement } => {
                Self::AlertAcknowledged(pb::AlertAcknowledged { id, acknowledgement: Some(acknowledgement.into()) })
            }
            Event::AcknowledgementEnded { alert: _, why } => {
                Self::AcknowledgementEnded(pb::AcknowledgementEnded { id, why: why.clone() })
            }
            Event::Snoozed { alert: _, snooze } => {
                Self::AlertSnoozed(pb::AlertSnoozed { id, snooze: Some(snooze.into()) })
            }
            Event::SnoozeEnded { alert: _ } => Self::SnoozeEnded(pb::SnoozeEnded { id }),
            Event::Escalated { alert: _, escalation, note } => Self::AlertEscalated(pb::AlertEscalated {
                id,
                escalation: Some(escalation.into()),
                note: plain(note.as_ref()),
            }),
            Event::Released { alert: _, by, to, note } => Self::AlertReleased(pb::AlertReleased {
                id,
                by: by.as_str().into(),
                to: plain(to.as_ref()),
                note: plain(note.as_ref()),
            }),
            Event::Noted { alert: _, by, note } => {
                Self::AlertNoted(pb::AlertNoted { id, by: by.as_str().into(), note: note.as_str().into() })
            }
            Event::Archived { alert: _ } => Self::AlertArchived(pb::AlertArchived { id }),
            Event::Held { alert: _, hold } => Self::AlertHeld(pb::AlertHeld { id, hold: Some((*hold).into()) }),
            Event::HoldEnded { alert: _, hold } => Self::HoldEnded(pb::HoldEnded { id, hold: Some((*hold).into()) }),
            Event::Planned { alert: _, plan } => {
                Self::AlertPlanned(pb::AlertPlanned { id, plan: Some(plan.as_ref().into()) })
            }
            Event::Notified { alert: _, step, notices, to, plan } => Self::AlertNotified(pb::AlertNotified {
                id,
                step: *step,
                notices: notices.iter().map(|notice| notice.0).collect(),
                to: to.iter().map(|to| to.as_str().into()).collect(),
                plan: Some(plan.as_ref().into()),
            }),
            Event::RecoveryTold { alert: _, notices } => {
                Self::RecoveryTold(pb::RecoveryTold { id, notices: notices.iter().map(|notice| notice.0).collect() })
            }
            Event::ReminderSet { alert: _, reminder } => {
                Self::ReminderSet(pb::ReminderSet { id, reminder: Some(reminder.as_ref().into()) })
            }
            Event::ReminderEnded { alert: _, at, by, came } => {
                Self::ReminderEnded(pb::ReminderEnded { id, at: at.0, by: by.as_str().into(), came: *came })
            }

            Event::Described { alert: _, external } => {
                Self::AlertDescribed(pb::AlertDescribed { id, external: Some(external.as_ref().into()) })
            }
        }
    }
}

impl TryFrom<pb::AlertOpened> for Event {
    type Error = WireError;

    fn try_from(event: pb::AlertOpened) -> Result<Self, WireError> {
        Ok(Self::Opened {
            alert: AlertId(event.id),
            client: ClientId::new(text::id(&event.client)),
            site: event.site.map(|site| SiteId::new(text::id(&site))),
            host: event.host.map(HostId),
            subject: need(event.subject, "AlertOpened", "subject")?.try_into()?,
            level: check_state(event.level),
            summary: text::line(&event.summary),
        })
    }
}

impl From<pb::AlertReopened> for Event {
    fn from(event: pb::AlertReopened) -> Self {
        let (alert, level) = (AlertId(event.id), check_state(event.level));
        Self::Reopened { alert, level, summary: text::line(&event.summary) }
    }
}

impl From<pb::AlertLevelChanged> for Event {
    fn from(event: pb::AlertLevelChanged) -> Self {
        let (alert, level) = (AlertId(event.id), check_state(event.level));
        Self::LevelChanged { alert, level, summary: text::line(&event.summary), worse: event.worse }
    }
}

impl From<pb::AlertResolved> for Event {
    fn from(event: pb::AlertResolved) -> Self {
        Self::Resolved { alert: AlertId(event.id), by_hand: event.by_hand, note: text::optional_note(event.note) }
    }
}

impl TryFrom<pb::AlertAcknowledged> for Event {
    type Error = WireError;

    fn try_from(event: pb::AlertAcknowledged) -> Result<Self, WireError> {
        let acknowledgement = need(event.acknowledgement, "AlertAcknowledged", "acknowledgement")?.into();
        Ok(Self::Acknowledged { alert: AlertId(event.id), acknowledgement })
    }
}

impl From<pb::AcknowledgementEnded> for Event {
    fn from(event: pb::AcknowledgementEnded) -> Self {
        Self::AcknowledgementEnded { alert: AlertId(event.id), why: text::plain(&event.why) }
    }
}

impl TryFrom<pb::AlertSnoozed> for Event {
    type Error = WireError;

    fn try_from(event: pb::AlertSnoozed) -> Result<Self, WireError> {
        let snooze = need(event.snooze, "AlertSnoozed", "snooze")?.into();
        Ok(Self::Snoozed { alert: AlertId(event.id), snooze })
    }
}

impl From<pb::SnoozeEnded> for Event {
    fn from(event: pb::SnoozeEnded) -> Self {
        Self::SnoozeEnded { alert: AlertId(event.id) }
    }
}

impl TryFrom<pb::AlertEscalated> for Event {
    type Error = WireError;

    fn try_from(event: pb::AlertEscalated) -> Result<Self, WireError> {
        let escalation = need(event.escalation, "AlertEscalated", "escalation")?.into();
        Ok(Self::Escalated { alert: AlertId(event.id), escalation, note: text::optional_note(event.note) })
    }
}

impl From<pb::AlertReleased> for Event {
    fn from(event: pb::AlertReleased) -> Self {
        Self::Released {
            alert: AlertId(event.id),
            by: text::line(&event.by),
            to: event.to.map(|to| text::line(&to)),
            note: text::optional_note(event.note),
        }
    }
}

impl From<pb::AlertNoted> for Event {
    fn from(event: pb::AlertNoted) -> Self {
        Self::Noted { alert: AlertId(event.id), by: text::line(&event.by), note: text::note(&event.note) }
    }
}

impl From<pb::AlertArchived> for Event {
    fn from(event: pb::AlertArchived) -> Self {
        Self::Archived { alert: AlertId(event.id) }
    }
}

impl TryFrom<pb::AlertHeld> for Event {
    type Error = WireError;

    fn try_from(event: pb::AlertHeld) -> Result<Self, WireError> {
        Ok(Self::Held { alert: AlertId(event.id), hold: need(event.hold, "AlertHeld", "hold")?.try_into()? })
    }
}

impl TryFrom<pb::HoldEnded> for Event {
    type Error = WireError;

    fn try_from(event: pb::HoldEnded) -> Result<Self, WireError> {
        Ok(Self::HoldEnded { alert: AlertId(event.id), hold: need(event.hold, "HoldEnded", "hold")?.try_into()? })
    }
}

impl TryFrom<pb::AlertPlanned> for Event {
    type Error = WireError;

    fn try_from(event: pb::AlertPlanned) -> Result<Self, WireError> {
        let plan = Box::new(need(event.plan, "AlertPlanned", "plan")?.into());
        Ok(Self::Planned { alert: AlertId(event.id), plan })
    }
}

impl TryFrom<pb::AlertNotified> for Event {
    type Error = WireError;

    fn try_from(event: pb::AlertNotified) -> Result<Self, WireError> {
        Ok(Self::Notified {
            alert: AlertId(event.id),
            step: event.step,
            notices: event.notices.into_iter().map(NoticeId).collect(),
            to: event.to.iter().map(|to| text::line(to)).collect(),
            plan: Box::new(need(event.plan, "AlertNotified", "plan")?.into()),
        })
    }
}

impl From<pb::RecoveryTold> for Event {
    fn from(event: pb::RecoveryTold) -> Self {
        Self::RecoveryTold { alert: AlertId(event.id), notices: event.notices.into_iter().map(NoticeId).collect() }
    }
}

impl TryFrom<pb::ReminderSet> for Event {
    type Error = WireError;

    fn try_from(event: pb::ReminderSet) -> Result<Self, WireError> {
        let reminder = Box::new(need(event.reminder, "ReminderSet", "reminder")?.into());
        Ok(Self::ReminderSet { alert: AlertId(event.id), reminder })
    }
}

impl From<pb::ReminderEnded> for Event {
    fn from(event: pb::ReminderEnded) -> Self {
        let (alert, at) = (AlertId(event.id), Timestamp(event.at));
        Self::ReminderEnded { alert, at, by: text::line(&event.by), came: event.came }
    }
}

impl TryFrom<pb::AlertDescribed> for Event {
    type Error = WireError;

    fn try_from(event: pb::AlertDescribed) -> Result<Self, WireError> {
        let external = need(event.external, "AlertDescribed", "external")?;
        Ok(Self::Described { alert: AlertId(event.id), external: Arc::new(external.into()) })
    }
}

fn plain(text: Option<&SafeText>) -> Option<String> {
    text.map(|text| text.as_str().to_owned())
}
