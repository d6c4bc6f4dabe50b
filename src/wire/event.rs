//! Events, dispatched to their domains.

use crate::fleet::state::Event;
use crate::wire::error::WireError;
use crate::wire::pb;
use crate::wire::pb::event::Body;
use crate::wire::upcast::upcast;

/// The event as a message; an unknown one has no body.
#[must_use]
pub fn encode_event(event: &Event) -> pb::Event {
    let body = match event {
        Event::Profile(event) => Some(event.into()),
        Event::Hosts(event) => Some(event.into()),
        Event::Checks(event) => Some(event.into()),
        Event::Alerts(event) => Some(event.into()),
        Event::Commands(event) => Some(event.into()),
        Event::Backups(event) => Some(event.into()),
        Event::Notices(event) => Some(event.into()),
        Event::Windows(event) => Some(event.into()),
        Event::OnCall(event) => Some(event.into()),
        Event::Pings(event) => Some(event.into()),
        Event::Identity(event) => Some(event.into()),
        Event::Unknown => None,
    };
    pb::Event { body }
}

/// Reads an event. A kind this version does not know, or one that holds a value it can't do without and does not know,
/// is [`Event::Unknown`].
///
/// # Errors
/// It is of a known kind and malformed.
pub fn decode_event(event: pb::Event) -> Result<Event, WireError> {
    let Some(body) = event.body else { return Ok(Event::Unknown) };
    match known(upcast(body)) {
        Err(error) if error.is_newer() => Ok(Event::Unknown),
        decoded => decoded,
    }
}

fn known(body: Body) -> Result<Event, WireError> {
    Ok(match body {
        Body::HubStarted(event) => Event::Profile(event.into()),
        Body::JudgingBegan(event) => Event::Profile(event.into()),
        Body::ClockJumped(event) => Event::Profile(event.into()),
        Body::Refused(event) => Event::Profile(event.into()),
        Body::ConfigurationApplied(event) => Event::Profile(event.try_into()?),
        Body::Renamed(event) => Event::Profile(event.into()),
        Body::ClientDescribed(event) => Event::Hosts(event.into()),
        Body::SiteDescribed(event) => Event::Hosts(event.into()),
        Body::HostEnrolled(event) => Event::Hosts(event.into()),
        Body::HostDescribed(event) => Event::Hosts(event.try_into()?),
        Body::HostStateChanged(event) => Event::Hosts(event.into()),
        Body::HostRetired(event) => Event::Hosts(event.into()),
        Body::FactsLost(event) => Event::Hosts(event.into()),
        Body::HostArchived(event) => Event::Hosts(event.into()),
        Body::CheckChanged(event) => Event::Checks(event.try_into()?),
        Body::CheckStale(event) => Event::Checks(event.into()),
        Body::CheckRemoved(event) => Event::Checks(event.into()),
        Body::CheckAsked(event) => Event::Checks(event.into()),
        Body::AlertOpened(event) => Event::Alerts(event.try_into()?),
        Body::AlertReopened(event) => Event::Alerts(event.into()),
        Body::AlertLevelChanged(event) => Event::Alerts(event.into()),
        Body::AlertResolved(event) => Event::Alerts(event.into()),
        Body::AlertAcknowledged(event) => Event::Alerts(event.try_into()?),
        Body::AcknowledgementEnded(event) => Event::Alerts(event.into()),
        Body::AlertSnoozed(event) => Event::Alerts(event.try_into()?),
        Body::SnoozeEnded(event) => Event::Alerts(event.into()),
        Body::AlertEscalated(event) => Event::Alerts(event.try_into()?),
        Body::AlertReleased(event) => Event::Alerts(event.into()),
        Body::AlertNoted(event) => Event::Alerts(event.into()),
        Body::AlertArchived(event) => Event::Alerts(event.into()),
        Body::AlertHeld(event) => Event::Alerts(event.try_into()?),
        Body::HoldEnded(event) => Event::Alerts(event.try_into()?),
        Body::AlertPlanned(event) => Event::Alerts(event.try_into()?),
        Body::AlertNotified(event) => Event::Alerts(event.try_into()?),
        Body::RecoveryTold(event) => Event::Alerts(event.into()),
        Body::ReminderSet(event) => Event::Alerts(event.try_into()?),
        Body::ReminderEnded(event) => Event::Alerts(event.into()),
        Body::NoticeQueued(event) => Event::Notices(event.try_into()?),
        Body::NoticeSent(event) => Event::Notices(event.into()),
        Body::NoticeDelivered(event) => Event::Notices(event.into()),
        Body::NoticeFellOver(event) => Event::Notices(event.into()),
        Body::NoticeFailed(event) => Event::Notices(event.into()),
        Body::NoticeAnswered(event) => Event::Notices(event.into()),
        Body::NoticeArchived(event) => Event::Notices(event.into()),
        Body::WindowCreated(event) => Event::Windows(event.try_into()?),
        Body::WindowBegan(event) => Event::Windows(event.try_into()?),
        Body::WindowLooked(event) => Event::Windows(event.into()),
        Body::WindowEnded(event) => Event::Windows(event.into()),
        Body::WindowClosed(event) => Event::Windows(event.into()),
        Body::WindowChanged(event) => Event::Windows(event.try_into()?),
        Body::WindowPlanned(event) => Event::Windows(event.into()),
        Body::WindowArchived(event) => Event::Windows(event.into()),
        Body::AlertDescribed(event) => Event::Alerts(event.try_into()?),
        Body::CheckFlapping(event) => Event::Checks(event.into()),
        Body::TokenCreated(event) => Event::Identity(event.try_into()?),
        Body::TokenEnded(event) => Event::Identity(event.into()),
        Body::IdentityRecorded(event) => Event::Identity(event.try_into()?),
        Body::IdentityRevoked(event) => Event::Identity(event.into()),
        Body::RoleChanged(event) => Event::Identity(event.try_into()?),
        Body::IdentityRenewed(event) => Event::Identity(event.try_into()?),
        Body::TokenArchived(event) => Event::Identity(event.into()),
        Body::IdentityArchived(event) => Event::Identity(event.into()),
        Body::CommandAsked(event) => Event::Commands(event.try_into()?),
        Body::OutcomesChanged(event) => Event::Commands(event.try_into()?),
        Body::OutcomeReported(event) => Event::Commands(event.try_into()?),
        Body::CancelAsked(event) => Event::Commands(event.try_into()?),
        Body::CommandArchived(event) => Event::Commands(event.into()),
        Body::BackupDescribed(event) => Event::Backups(event.into()),
        Body::BackupRemoved(event) => Event::Backups(event.into()),
        Body::BackupRead(event) => Event::Backups(event.try_into()?),
        Body::BackupJudged(event) => Event::Backups(event.into()),
        Body::BackupReviewed(event) => Event::Backups(event.into()),
        Body::BackupAsked(event) => Event::Backups(event.into()),
        Body::PersonDescribed(event) => Event::OnCall(event.into()),
        Body::PersonRemoved(event) => Event::OnCall(event.into()),
        Body::PolicyDescribed(event) => Event::OnCall(event.into()),
        Body::PolicyRemoved(event) => Event::OnCall(event.into()),
        Body::DutyChanged(event) => Event::OnCall(event.into()),
        Body::ScheduleRemoved(event) => Event::OnCall(event.into()),
        Body::DutyOverridden(event) => Event::OnCall(event.try_into()?),
        Body::OverrideEnded(event) => Event::OnCall(event.into()),
        Body::HandOverOffered(event) => Event::OnCall(event.into()),
        Body::HandOverEnded(event) => Event::OnCall(event.into()),
        Body::PingDescribed(event) => Event::Pings(event.into()),
        Body::PingRemoved(event) => Event::Pings(event.into()),
        Body::PingHeard(event) => Event::Pings(event.try_into()?),
        Body::PingJudged(event) => Event::Pings(event.try_into()?),
    })
}
