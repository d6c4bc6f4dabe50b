//! Backup jobs: where they stand, what their hosts found, what that means, who has looked at them.

pub mod behind;
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
    job.description.client.clone().map_or_else(Audience::of_all_clients, Audience::of_client)
}

fn about(job: &Job, event: Event) -> (Audience, state::Event) {
    (audience(job), state::Event::Backups(event))
}
