//! A person has looked at jobs.

use crate::fleet::backups::Event;
use crate::fleet::identity::Audience;
use crate::fleet::rules::backups::about;
use crate::fleet::rules::decision::{Answer, Refusal};
use crate::fleet::rules::input::{Action, MOST_TARGETS, Targets};
use crate::fleet::state::{self, Fleet};
use crate::fleet::words::JobId;

/// Notes that the asker has looked at these jobs. What needs a second look is marked by itself or not at all: of several
/// jobs those that are partial, unknown or never fail, each with why.
///
/// # Errors
/// No job is named, or too many.
pub fn review(fleet: &Fleet, action: &Action) -> Result<(Vec<(Audience, state::Event)>, Answer), Refusal> {
    let Targets::Ids(ids) = &action.targets else {
        return Err(Refusal::Invalid("backup jobs are marked reviewed by their numbers, not by a filter".to_owned()));
    };
    if ids.is_empty() || ids.len() > MOST_TARGETS {
        return Err(Refusal::Invalid(format!("{} jobs are named; name 1 to {MOST_TARGETS}", ids.len())));
    }
    let mut jobs: Vec<JobId> = ids.iter().map(|id| JobId(id.0)).collect();
    jobs.sort_unstable();
    jobs.dedup();
    let alone = jobs.len() == 1;
    let (mut events, mut answer) = (Vec::new(), Answer::default());
    for id in jobs {
        let scope = action.asker.scope.as_ref();
        let in_scope = |client| scope.is_none_or(|scope| client == Some(scope));
        let job = fleet.backups.jobs.get(&id).filter(|job| in_scope(job.description.client.as_ref()));
        match job {
            None => answer.failed.push((id.0, format!("there is no backup job {id}; `watchfloor backups` lists them"))),
            Some(job) if !alone && !job.state.is_reviewed_in_bulk() => {
                let name = &job.description.name;
                answer.failed.push((id.0, format!("{name} is {}: look at it, and mark it by itself", job.state)));
            }
            Some(job) => {
                answer.done.push(id.0);
                events.push(about(job, Event::Reviewed { job: id, by: action.asker.name.clone() }));
            }
        }
    }
    Ok((events, answer))
}
