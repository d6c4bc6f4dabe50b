//! What stands behind an alert: alerts that are held back because of it, hosts behind a dead line, and backup jobs that
//! can't be read because of what it is about and raise none of their own.

use std::sync::Arc;

use crate::fleet::alerts::{Alert, Hold, Subject};
use crate::fleet::backups::{Job, State};
use crate::fleet::hosts::{Host, HostState};
use crate::fleet::state::Fleet;
use crate::fleet::words::SafeText;

/// The open alerts that are held back behind this one, oldest first.
pub fn alerts_behind<'f>(fleet: &'f Fleet, alert: &Alert) -> impl Iterator<Item = &'f Arc<Alert>> {
    fleet.alerts.held_by(Hold::Parent(alert.id))
}

/// The hosts behind the dead line that an alert is about.
#[must_use]
pub fn hosts_behind<'f>(fleet: &'f Fleet, alert: &Alert) -> Vec<&'f Host> {
    let Subject::Site(site) = &alert.subject else { return Vec::new() };
    let hosts = fleet.hosts.hosts.values().map(AsRef::as_ref);
    hosts.filter(|host: &&Host| host.is_behind_line() && host.client == alert.client && host.site == *site).collect()
}

/// The jobs behind an alert. Each job is behind one alert at most, or has its own: the counts add up.
#[must_use]
pub fn behind<'f>(fleet: &'f Fleet, alert: &Alert) -> Vec<&'f Job> {
    let is_behind = |job: &&'f Job| is_away(fleet, job) && !has_own(fleet, job);
    let all = || fleet.backups.jobs.values().map(AsRef::as_ref);
    match &alert.subject {
        Subject::Host(host) => fleet.backups.of_host(*host).map(AsRef::as_ref).filter(is_behind).collect(),
        Subject::Site(site) => {
            let is_there = |job: &&'f Job| {
                job.description.client.as_ref() == Some(&alert.client) && job.description.site.as_ref() == Some(site)
            };
            // What its host's alert stands for is counted there.
            let host_alert = |job: &Job| {
                let host = job.description.host.map(Subject::Host);
                host.is_some_and(|subject| is_open(fleet, job, &subject))
            };
            all().filter(is_there).filter(is_behind).filter(|job| !host_alert(job)).collect()
        }
        Subject::Backup(leader) => {
            let see = see(leader.as_str());
            all().filter(|job| job.alarm.is_none() && job.why.as_str().ends_with(&see)).collect()
        }
        Subject::Check { .. } | Subject::External { .. } => Vec::new(),
    }
}

/// What the reason of a job ends with whose repository's alert lies with another job.
#[must_use]
pub fn see(leader: &str) -> String {
    format!(" (see {leader})")
}

fn is_away(fleet: &Fleet, job: &Job) -> bool {
    let host = job.description.host.and_then(|host| fleet.hosts.hosts.get(&host));
    job.state == State::Unknown && host.is_some_and(|host| host.state != HostState::Up)
}

fn has_own(fleet: &Fleet, job: &Job) -> bool {
    is_open(fleet, job, &Subject::Backup(SafeText::new(job.description.name.as_str())))
}

fn is_open(fleet: &Fleet, job: &Job, subject: &Subject) -> bool {
    let client = job.description.client.as_ref();
    client.and_then(|client| fleet.alerts.about(client, subject)).is_some_and(|alert| alert.is_open())
}
