//! Backup jobs: their state, their events, and the newest readings that live beside them.

use std::time::Duration;

use crate::fleet::backups::{Cell, Days, Description, Event, Found, Job, Review, State, Trouble};
use crate::fleet::words::{
    BackupTool, BlobId, CheckState, ClientId, HostId, JobId, JobName, SafeText, SiteId, Timestamp,
};
use crate::wire::checked::{checked_job, checked_optional_hash};
use crate::wire::enums::check_state;
use crate::wire::error::{WireError, need};
use crate::wire::pb::event::Body;
use crate::wire::{limits, pb, text};

/// When a repository was read last as its host told it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackupReading {
    /// Which job.
    pub job: JobName,
    /// When it was read last, by the host's clock (the hub's where the hub tells it); `None`: never.
    pub at: Option<Timestamp>,
    /// What kept it from being read since, and the tool's words.
    pub trouble: Option<(Trouble, SafeText)>,
    /// How often it is read.
    pub interval: Duration,
}

fn tool(tool: i32) -> BackupTool {
    match pb::BackupTool::try_from(tool) {
        Ok(pb::BackupTool::Borg) => BackupTool::Borg,
        Ok(pb::BackupTool::Restic) | Err(_) => BackupTool::Restic,
    }
}

impl From<BackupTool> for pb::BackupTool {
    fn from(tool: BackupTool) -> Self {
        match tool {
            BackupTool::Restic => Self::Restic,
            BackupTool::Borg => Self::Borg,
        }
    }
}

fn state(state: i32) -> State {
    match pb::BackupState::try_from(state) {
        Ok(pb::BackupState::Ok) => State::Ok,
        Ok(pb::BackupState::Partial) => State::Partial,
        Ok(pb::BackupState::Late) => State::Late,
        Ok(pb::BackupState::Overdue) => State::Overdue,
        Ok(pb::BackupState::Failed) => State::Failed,
        Ok(pb::BackupState::Never) => State::Never,
        Ok(pb::BackupState::Unknown) | Err(_) => State::Unknown,
    }
}

impl From<State> for pb::BackupState {
    fn from(state: State) -> Self {
        match state {
            State::Ok => Self::Ok,
            State::Partial => Self::Partial,
            State::Late => Self::Late,
            State::Overdue => Self::Overdue,
            State::Failed => Self::Failed,
            State::Never => Self::Never,
            State::Unknown => Self::Unknown,
        }
    }
}

/// What is not known here is garbage: not read, and never taken for read.
fn trouble(trouble: i32) -> Option<Trouble> {
    Some(match pb::BackupTrouble::try_from(trouble) {
        Ok(pb::BackupTrouble::None) => return None,
        Ok(pb::BackupTrouble::NoRepository) => Trouble::NoRepository,
        Ok(pb::BackupTrouble::WrongPassword) => Trouble::WrongPassword,
        Ok(pb::BackupTrouble::NoSecret) => Trouble::NoSecret,
        Ok(pb::BackupTrouble::NoTool) => Trouble::NoTool,
        Ok(pb::BackupTrouble::Failed) => Trouble::Failed,
        Ok(pb::BackupTrouble::Locked) => Trouble::Locked,
        Ok(pb::BackupTrouble::TimedOut) => Trouble::TimedOut,
        Ok(pb::BackupTrouble::Unreachable) => Trouble::Unreachable,
        Ok(pb::BackupTrouble::Garbage) | Err(_) => Trouble::Garbage,
    })
}

fn trouble_number(trouble: Option<Trouble>) -> i32 {
    let number = match trouble {
        None => pb::BackupTrouble::None,
        Some(Trouble::NoRepository) => pb::BackupTrouble::NoRepository,
        Some(Trouble::WrongPassword) => pb::BackupTrouble::WrongPassword,
        Some(Trouble::NoSecret) => pb::BackupTrouble::NoSecret,
        Some(Trouble::NoTool) => pb::BackupTrouble::NoTool,
        Some(Trouble::Garbage) => pb::BackupTrouble::Garbage,
        Some(Trouble::Failed) => pb::BackupTrouble::Failed,
        Some(Trouble::Locked) => pb::BackupTrouble::Locked,
        Some(Trouble::TimedOut) => pb::BackupTrouble::TimedOut,
        Some(Trouble::Unreachable) => pb::BackupTrouble::Unreachable,
    };
    number.into()
}

impl From<&BackupReading> for pb::BackupReading {
    fn from(reading: &BackupReading) -> Self {
        let (trouble, words) = match &reading.trouble {
            Some((trouble, words)) => (Some(*trouble), words.as_str()),
            None => (None, ""),
        };
        Self {
            job: reading.job.as_str().into(),
            at: reading.at.map_or(0, |at| at.0),
            trouble: trouble_number(trouble),
            words: words.into(),
            interval: milliseconds(reading.interval),
        }
    }
}

impl TryFrom<pb::BackupReading> for BackupReading {
    type Error = WireError;

    fn try_from(reading: pb::BackupReading) -> Result<Self, WireError> {
        let trouble = trouble(reading.trouble);
        Ok(Self {
            job: checked_job("BackupReading", &reading.job)?,
            at: (reading.at != 0).then_some(Timestamp(reading.at)),
            trouble: trouble.map(|trouble| (trouble, text::word(&reading.words))),
            interval: Duration::from_millis(reading.interval.min(limits::INTERVAL_MAX_MS)),
        })
    }
}

impl From<&Found> for pb::BackupFound {
    fn from(found: &Found) -> Self {
        Self {
            at: found.at.0,
            trouble: trouble_number(found.trouble),
            words: found.words.as_str().into(),
            restorable: found.restorable,
            newest: found.newest.map(|at| at.0),
            freshest: found.freshest.map(|at| at.0),
            oldest: found.oldest.map(|at| at.0),
            missing: found.missing.as_ref().map_or_else(String::new, |path| path.as_str().to_owned()),
            size: found.size,
            added: found.added,
        }
    }
}

impl From<pb::BackupFound> for Found {
    fn from(found: pb::BackupFound) -> Self {
        Self {
            at: Timestamp(found.at),
            trouble: trouble(found.trouble),
            words: text::word(&found.words),
            restorable: found.restorable,
            newest: found.newest.map(Timestamp),
            freshest: found.freshest.map(Timestamp),
            oldest: found.oldest.map(Timestamp),
            missing: (!found.missing.is_empty()).then(|| text::word(&found.missing)),
            size: found.size,
            added: found.added,
        }
    }
}

impl From<&Days> for pb::BackupDays {
    fn from(days: &Days) -> Self {
        let cells: Vec<u8> = days.cells().iter().map(|cell| *cell as u8).collect();
        Self { first: days.first().unwrap_or_default(), cells: cells.into() }
    }
}

impl From<pb::BackupDays> for Days {
    fn from(days: pb::BackupDays) -> Self {
        // Only the newest count; a hostile host must not make more of it.
        let over = days.cells.len().saturating_sub(Self::MOST);
        let first = days.first.saturating_add(i32::try_from(over).unwrap_or(i32::MAX));
        Self::new(first, days.cells.iter().skip(over).map(|number| Cell::from_number(*number)).collect())
    }
}

impl From<&Description> for pb::BackupDescribed {
    fn from(description: &Description) -> Self {
        Self {
            id: description.id.0,
            name: description.name.as_str().into(),
            client: description.client.as_ref().map(|client| client.as_str().into()),
            site: description.site.as_ref().map(|site| site.as_str().into()),
            host: description.host.map(|host| host.0),
            host_name: description.host_name.as_str().into(),
            tool: pb::BackupTool::from(description.tool).into(),
            repository: description.repository.as_str().into(),
            paths: description.paths.iter().map(|path| path.as_str().into()).collect(),
            every: milliseconds(description.every),
            grace: milliseconds(description.grace),
        }
    }
}

impl From<pb::BackupDescribed> for Description {
    fn from(description: pb::BackupDescribed) -> Self {
        Self {
            id: JobId(description.id),
            name: JobName::new(text::id(&description.name)),
            client: description.client.map(|client| ClientId::new(text::id(&client))),
            site: description.site.map(|site| SiteId::new(text::id(&site))),
            host: description.host.map(HostId),
            host_name: text::line(&description.host_name),
            tool: tool(description.tool),
            repository: text::line(&description.repository),
            paths: description.paths.iter().map(|path| text::line(path)).collect(),
            every: Duration::from_millis(description.every),
            grace: Duration::from_millis(description.grace),
        }
    }
}

impl From<&Job> for pb::BackupJob {
    fn from(job: &Job) -> Self {
        Self {
            description: Some((&job.description).into()),
            described_at: job.described_at.0,
            found: job.found.as_ref().map(Into::into),
            last_success: job.last_success.map(|at| at.0),
            state: pb::BackupState::from(job.state).into(),
            since: job.since.0,
            why: job.why.as_str().into(),
            alarm: alarm_number(job.alarm),
            spared_until: job.spared_until.map(|at| at.0),
            days: Some((&job.days).into()),
            output: blob_bytes(job.output),
            reviews: job
                .reviews
                .iter()
                .map(|review| pb::BackupReview { by: review.by.as_str().into(), at: review.at.0 })
                .collect(),
        }
    }
}

impl TryFrom<pb::BackupJob> for Job {
    type Error = WireError;

    fn try_from(job: pb::BackupJob) -> Result<Self, WireError> {
        Ok(Self {
            description: need(job.description, "BackupJob", "description")?.into(),
            described_at: Timestamp(job.described_at),
            found: job.found.map(Into::into),
            last_success: job.last_success.map(Timestamp),
            state: state(job.state),
            since: Timestamp(job.since),
            why: text::line(&job.why),
            alarm: alarm(job.alarm),
            spared_until: job.spared_until.map(Timestamp),
            days: job.days.unwrap_or_default().into(),
            output: checked_optional_hash("BackupJob", "output", &job.output)?.map(BlobId),
            reviews: job
                .reviews
                .into_iter()
                .map(|review| Review { by: text::line(&review.by), at: Timestamp(review.at) })
                .collect(),
        })
    }
}

impl From<&Event> for Body {
    fn from(event: &Event) -> Self {
        match event {
            Event::Described(description) => Self::BackupDescribed((&**description).into()),
            Event::Removed { job } => Self::BackupRemoved(pb::BackupRemoved { id: job.0 }),
            Event::Read { job, found, days, output } => Self::BackupRead(pb::BackupRead {
                id: job.0,
                found: Some((&**found).into()),
                days: Some(days.into()),
                output: blob_bytes(*output),
            }),
            Event::Judged { job, state, why, alarm, spared_until } => Self::BackupJudged(pb::BackupJudged {
                id: job.0,
                state: pb::BackupState::from(*state).into(),
                why: why.as_str().into(),
                alarm: alarm_number(*alarm),
                spared_until: spared_until.map(|at| at.0),
            }),
            Event::Reviewed { job, by } => {
                Self::BackupReviewed(pb::BackupReviewed { id: job.0, by: by.as_str().into() })
            }
            Event::Asked { job } => Self::BackupAsked(pb::BackupAsked { id: job.0 }),
        }
    }
}

impl From<pb::BackupDescribed> for Event {
    fn from(event: pb::BackupDescribed) -> Self {
        Self::Described(Box::new(event.into()))
    }
}

impl From<pb::BackupRemoved> for Event {
    fn from(event: pb::BackupRemoved) -> Self {
        Self::Removed { job: JobId(event.id) }
    }
}

impl TryFrom<pb::BackupRead> for Event {
    type Error = WireError;

    fn try_from(event: pb::BackupRead) -> Result<Self, WireError> {
        Ok(Self::Read {
            job: JobId(event.id),
            found: Box::new(need(event.found, "BackupRead", "found")?.into()),
            days: event.days.unwrap_or_default().into(),
            output: checked_optional_hash("BackupRead", "output", &event.output)?.map(BlobId),
        })
    }
}

impl From<pb::BackupJudged> for Event {
    fn from(event: pb::BackupJudged) -> Self {
        Self::Judged {
            job: JobId(event.id),
            state: state(event.state),
            why: text::line(&event.why),
            alarm: alarm(event.alarm),
            spared_until: event.spared_until.map(Timestamp),
        }
    }
}

impl From<pb::BackupReviewed> for Event {
    fn from(event: pb::BackupReviewed) -> Self {
        Self::Reviewed { job: JobId(event.id), by: text::line(&event.by) }
    }
}

impl From<pb::BackupAsked> for Event {
    fn from(event: pb::BackupAsked) -> Self {
        Self::Asked { job: JobId(event.id) }
    }
}

fn alarm(level: i32) -> Option<CheckState> {
    Some(check_state(level)).filter(|level| level.is_problem())
}

fn alarm_number(alarm: Option<CheckState>) -> i32 {
    pb::CheckState::from(alarm.unwrap_or_default()).into()
}

fn milliseconds(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

fn blob_bytes(blob: Option<BlobId>) -> bytes::Bytes {
    blob.map_or_else(Default::default, |blob| blob.0.to_vec().into())
}
