//! Checks: their state, their events, and the newest results that live beside them.

use crate::fleet::checks::{CheckStatus, Event};
use crate::fleet::words::{BlobId, CheckName, CheckState, HostId, SafeText, Timestamp};
use crate::wire::checked::{checked_check, checked_optional_hash};
use crate::wire::enums::check_state;
use crate::wire::error::WireError;
use crate::wire::pb::event::Body;
use crate::wire::{pb, text};

/// The newest result of a check as its host told it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckReading {
    /// Which check.
    pub check: CheckName,
    /// What it found.
    pub state: CheckState,
    /// The first line.
    pub summary: SafeText,
    /// Performance data as printed.
    pub perfdata: SafeText,
    /// When the host measured it, by the host's clock.
    pub at: Timestamp,
}

impl From<&CheckReading> for pb::CheckReading {
    fn from(reading: &CheckReading) -> Self {
        Self {
            check: reading.check.as_str().into(),
            state: pb::CheckState::from(reading.state).into(),
            summary: reading.summary.as_str().into(),
            perfdata: reading.perfdata.as_str().into(),
            at: reading.at.0,
        }
    }
}

impl TryFrom<pb::CheckReading> for CheckReading {
    type Error = WireError;

    fn try_from(reading: pb::CheckReading) -> Result<Self, WireError> {
        Ok(Self {
            check: checked_check("CheckReading", &reading.check)?,
            state: check_state(reading.state),
            summary: text::line(&reading.summary),
            perfdata: text::perfdata(&reading.perfdata),
            at: Timestamp(reading.at),
        })
    }
}

impl From<&CheckStatus> for pb::CheckStatus {
    fn from(status: &CheckStatus) -> Self {
        Self {
            host: status.host.0,
            check: status.check.as_str().into(),
            state: pb::CheckState::from(status.state).into(),
            hard: status.hard,
            attempt: status.attempt,
            max_attempts: status.max_attempts,
            stale: status.stale,
            since: status.since.0,
            summary: status.summary.as_str().into(),
            perfdata: status.perfdata.as_str().into(),
            interval: status.interval_ms,
            output: blob_bytes(status.output),
            ring: status.ring,
            changed_at: status.changed_at.0,
            measured_at: status.measured_at.0,
            flapping: status.flapping,
        }
    }
}

impl TryFrom<pb::CheckStatus> for CheckStatus {
    type Error = WireError;

    fn try_from(status: pb::CheckStatus) -> Result<Self, WireError> {
        Ok(Self {
            host: HostId(status.host),
            check: CheckName::new(text::id(&status.check)),
            state: check_state(status.state),
            hard: status.hard,
            attempt: status.attempt,
            max_attempts: status.max_attempts,
            stale: status.stale,
            since: Timestamp(status.since),
            summary: text::line(&status.summary),
            perfdata: text::perfdata(&status.perfdata),
            interval_ms: status.interval,
            output: checked_optional_hash("CheckStatus", "output", &status.output)?.map(BlobId),
            ring: status.ring,
            changed_at: Timestamp(status.changed_at),
            measured_at: Timestamp(status.measured_at),
            flapping: status.flapping,
        })
    }
}

impl From<&Event> for Body {
    fn from(event: &Event) -> Self {
        match event {
            Event::Changed {
                host,
                check,
                state,
                hard,
                attempt,
                max_attempts,
                summary,
                perfdata,
                interval_ms,
                output,
                measured_at,
                ring,
            } => Self::CheckChanged(pb::CheckChanged {
                host: host.0,
                check: check.as_str().into(),
                state: pb::CheckState::from(*state).into(),
                hard: *hard,
                attempt: *attempt,
                max_attempts: *max_attempts,
                summary: summary.as_str().into(),
                perfdata: perfdata.as_str().into(),
                interval: *interval_ms,
                output: blob_bytes(*output),
                measured_at: measured_at.0,
                ring: *ring,
            }),
            Event::Flapping { host, check, flapping } => Self::CheckFlapping(pb::CheckFlapping {
                host: host.0,
                check: check.as_str().into(),
                flapping: *flapping,
            }),
            Event::Stale { host, check, stale } => {
                Self::CheckStale(pb::CheckStale { host: host.0, check: check.as_str().into(), stale: *stale })
            }
            Event::Removed { host, check } => {
                Self::CheckRemoved(pb::CheckRemoved { host: host.0, check: check.as_str().into() })
            }
            Event::Asked { host, check } => Self::CheckAsked(pb::CheckAsked {
                host: host.0,
                check: check.as_ref().map(|check| check.as_str().into()),
            }),
        }
    }
}

impl TryFrom<pb::CheckChanged> for Event {
    type Error = WireError;

    fn try_from(event: pb::CheckChanged) -> Result<Self, WireError> {
        Ok(Self::Changed {
            host: HostId(event.host),
            check: CheckName::new(text::id(&event.check)),
            state: check_state(event.state),
            hard: event.hard,
            attempt: event.attempt,
            max_attempts: event.max_attempts,
            summary: text::line(&event.summary),
            perfdata: text::perfdata(&event.perfdata),
            interval_ms: event.interval,
            output: checked_optional_hash("CheckChanged", "output", &event.output)?.map(BlobId),
            measured_at: Timestamp(event.measured_at),
            ring: event.ring,
        })
    }
}

impl From<pb::CheckStale> for Event {
    fn from(event: pb::CheckStale) -> Self {
        Self::Stale { host: HostId(event.host), check: CheckName::new(text::id(&event.check)), stale: event.stale }
    }
}

impl From<pb::CheckFlapping> for Event {
    fn from(event: pb::CheckFlapping) -> Self {
        let check = CheckName::new(text::id(&event.check));
        Self::Flapping { host: HostId(event.host), check, flapping: event.flapping }
    }
}

impl From<pb::CheckRemoved> for Event {
    fn from(event: pb::CheckRemoved) -> Self {
        Self::Removed { host: HostId(event.host), check: CheckName::new(text::id(&event.check)) }
    }
}

impl From<pb::CheckAsked> for Event {
    fn from(event: pb::CheckAsked) -> Self {
        let check = event.check.map(|check| CheckName::new(text::id(&check)));
        Self::Asked { host: HostId(event.host), check }
    }
}

fn blob_bytes(blob: Option<BlobId>) -> bytes::Bytes {
    blob.map_or_else(Default::default, |blob| blob.0.to_vec().into())
}
