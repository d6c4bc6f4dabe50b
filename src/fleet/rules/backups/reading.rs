//! What a host found in a repository, taken into the fleet.

use std::time::Duration;

use crate::fleet::backups::{Backups, Days, Event, Found, Job, State};
use crate::fleet::hosts::Host;
use crate::fleet::identity::Audience;
use crate::fleet::rules::backups::about;
use crate::fleet::state;
use crate::fleet::words::{BlobId, JobName, Timestamp};

const DAY: Duration = Duration::from_secs(86_400);

/// Takes in what a host found. A host speaks for its own jobs only; of others, and of what it said before, nothing comes.
#[must_use]
pub fn learn(
    backups: &Backups,
    host: &Host,
    name: &JobName,
    (found, days, today): (&Found, &Days, i32),
    output: Option<BlobId>,
    now: Timestamp,
) -> Vec<(Audience, state::Event)> {
    let job = backups.named(name).filter(|job| job.description.host == Some(host.id));
    let Some(job) = job else { return Vec::new() };
    let days = if found.trouble.is_some() {
        job.days.clone()
    } else {
        let failed = failed_since(job, today, now);
        job.days.updated(days, today, |day| failed.is_some_and(|since| day >= since && day < today))
    };
    let before = job.found.as_ref();
    let same = before.is_some_and(|known| *known == Found { at: known.at, ..found.clone() });
    if same && job.days == days && job.output == output {
        return Vec::new();
    }
    vec![about(job, Event::Read { job: job.id(), found: Box::new(found.clone()), days, output })]
}

/// The day, by the host's calendar, from which on nothing could be restored until now.
fn failed_since(job: &Job, today: i32, now: Timestamp) -> Option<i32> {
    let days = now.since(job.since).as_millis() / DAY.as_millis();
    (job.state == State::Failed).then(|| today.saturating_sub(i32::try_from(days).unwrap_or(i32::MAX)))
}
