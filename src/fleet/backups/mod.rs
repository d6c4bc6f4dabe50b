//! Backups: what should be saved, what can be restored, and what was made of the difference.

mod days;
mod event;
mod found;
mod job;
mod state;

pub use days::{Cell, Days};
pub use event::Event;
pub use found::{Found, Trouble};
pub use job::{Description, Job, Review};
pub use state::State;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::fleet::words::{HostId, JobId, JobName, SafeText, Timestamp};

/// The most people whose last review of a job is kept.
pub const MOST_REVIEWERS: usize = 64;

/// The fleet's backup jobs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Backups {
    /// By number.
    pub jobs: BTreeMap<JobId, Arc<Job>>,
    by_name: BTreeMap<JobName, JobId>,
    of_host: BTreeSet<(HostId, JobId)>,
}

impl Backups {
    /// The job of this name.
    #[must_use]
    pub fn named(&self, name: &JobName) -> Option<&Arc<Job>> {
        self.jobs.get(self.by_name.get(name)?)
    }

    /// The jobs of a host, by number.
    pub fn of_host(&self, host: HostId) -> impl Iterator<Item = &Arc<Job>> {
        let all = (host, JobId(u64::MIN))..=(host, JobId(u64::MAX));
        self.of_host.range(all).filter_map(|(_, job)| self.jobs.get(job))
    }

    /// Whether a host has a job.
    #[must_use]
    pub fn covers(&self, host: HostId) -> bool {
        self.of_host(host).next().is_some()
    }

    /// Puts a job in place, as a snapshot's row does.
    pub fn restore(&mut self, job: Job) {
        let id = job.description.id;
        self.remove(id);
        self.by_name.insert(job.description.name.clone(), id);
        if let Some(host) = job.description.host {
            self.of_host.insert((host, id));
        }
        self.jobs.insert(id, Arc::new(job));
    }

    /// Keeps only the jobs a viewer may see.
    pub fn retain(&mut self, keep: impl Fn(&Job) -> bool) {
        let hidden: Vec<JobId> = self.jobs.iter().filter(|(_, job)| !keep(job)).map(|(id, _)| *id).collect();
        for id in hidden {
            self.remove(id);
        }
    }

    /// Stores what the event says.
    pub fn apply(&mut self, event: &Event, at: Timestamp) {
        match event {
            Event::Described(description) => {
                let job = match self.jobs.get(&description.id) {
                    Some(known) => Job { description: (**description).clone(), ..Job::clone(known) },
                    None => Job::new((**description).clone(), at),
                };
                self.restore(job);
            }
            Event::Removed { job } => self.remove(*job),
            Event::Read { job, found, days, output } => self.change(*job, |job| {
                job.last_success = found.newest.or(job.last_success);
                job.found = Some((**found).clone());
                job.days = days.clone();
                job.output = *output;
            }),
            Event::Judged { job, state, why, alarm, spared_until } => self.change(*job, |job| {
                if job.state != *state {
                    job.since = at;
                }
                job.state = *state;
                job.why = why.clone();
                job.alarm = *alarm;
                job.spared_until = *spared_until;
            }),
            Event::Reviewed { job, by } => self.change(*job, |job| review(&mut job.reviews, by, at)),
            Event::Asked { .. } => {}
        }
    }

    fn remove(&mut self, id: JobId) {
        let Some(gone) = self.jobs.remove(&id) else { return };
        if self.by_name.get(&gone.description.name) == Some(&id) {
            self.by_name.remove(&gone.description.name);
        }
        if let Some(host) = gone.description.host {
            self.of_host.remove(&(host, id));
        }
    }

    fn change(&mut self, id: JobId, change: impl FnOnce(&mut Job)) {
        if let Some(job) = self.jobs.get_mut(&id) {
            change(Arc::make_mut(job));
        }
    }
}

/// Notes a person's last review; of too many people the one who reviewed longest ago is forgotten.
fn review(reviews: &mut Vec<Review>, by: &SafeText, at: Timestamp) {
    reviews.retain(|review| review.by != *by);
    if reviews.len() >= MOST_REVIEWERS {
        reviews.remove(0);
    }
    reviews.push(Review { by: by.clone(), at });
}
