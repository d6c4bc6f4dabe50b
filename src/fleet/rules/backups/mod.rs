//! Backup jobs: where they stand, what their hosts found, what that means, who has looked at them.

pub mod judging;
pub mod placing;
pub mod reading;
pub mod reviewing;
#[cfg(test)]
mod tests;
pub mod verdict;

use crate::fleet::backups::{Event, Job};
use crate::fleet::identity::Audience;
use crate::fleet::state;

/// Who may see what happens to a job: its client's people, or only those who see every client.
#[must_use]
pub fn audience(job: &Job) -> Audience {
    Audience::of(job.description.client.as_ref())
}

fn about(job: &Job, event: Event) -> (Audience, state::Event) {
    (audience(job), state::Event::Backups(event))
}
