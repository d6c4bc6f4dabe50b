//! Alerts of other systems on their way to the core: what comes from many connections at once is decided together, so
//! that an entry holds many of them.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::time::Instant;

use crate::fleet::rules::input::{Input, MOST_REPORTED};
use crate::fleet::rules::reported::Reported;
use crate::fleet::words::SafeText;
use crate::hub::core::{CoreError, CoreHandle};
use crate::hub::http::bearer::Grant;

/// Requests that may wait to be gathered.
const WAITING: usize = 1_024;
/// Inputs at the core at once: while one is written the next is decided, where there is enough to decide.
const UNDER_WAY: usize = 2;
/// All places but one.
const OTHERS: u32 = 1;
/// Fewer alerts than this wait for the one before to be durable: the disk is the same for one as for many, so it is asked
/// once for all who wait.
const LARGE: usize = 64;
/// Those who were just answered send again at once: so long they are waited for, so that the disk is asked once for all.
const LINGER: Duration = Duration::from_millis(1);

struct Job {
    grant: Grant,
    alerts: Vec<Reported>,
    done: oneshot::Sender<Result<(), CoreError>>,
}

/// Takes in what is reported.
pub struct Gatherer {
    jobs: mpsc::Sender<Job>,
}

impl Gatherer {
    /// Starts its task, which ends with the gatherer.
    #[must_use]
    pub fn start(core: CoreHandle) -> Self {
        let (jobs, waiting) = mpsc::channel(WAITING);
        tokio::spawn(gather(core, waiting));
        Self { jobs }
    }

    /// Hands in what one request reports, and waits until all of it is durable.
    ///
    /// # Errors
    /// See [`CoreError`]; a part may be in.
    pub async fn take_in(&self, grant: &Grant, alerts: Vec<Reported>) -> Result<(), CoreError> {
        let mut answers = Vec::new();
        for alerts in parts(alerts) {
            let (done, answer) = oneshot::channel();
            let job = Job { grant: grant.clone(), alerts, done };
            self.jobs.send(job).await.map_err(|_| CoreError::Ending)?;
            answers.push(answer);
        }
        let mut failed = Ok(());
        for answer in answers {
            if let Err(error) = answer.await.map_err(|_| CoreError::Ending).flatten() {
                failed = Err(error);
            }
        }
        failed
    }
}

/// Cut so that each part fits an entry and tells of each alert once: what is told twice happened one after the other.
fn parts(alerts: Vec<Reported>) -> Vec<Vec<Reported>> {
    if alerts.len() == 1 {
        return vec![alerts];
    }
    let mut parts: Vec<Vec<Reported>> = Vec::new();
    let mut told: HashSet<SafeText> = HashSet::new();
    for alert in alerts {
        let fits = !told.contains(&alert.fingerprint) && told.len() < MOST_REPORTED;
        match parts.last_mut().filter(|_| fits) {
            Some(part) => {
                told.insert(alert.fingerprint.clone());
                part.push(alert);
            }
            None => {
                told.clear();
                told.insert(alert.fingerprint.clone());
                parts.push(vec![alert]);
            }
        }
    }
    parts
}

/// What is to be decided together.
struct Batch {
    grant: Grant,
    alerts: Vec<Reported>,
    told: HashSet<SafeText>,
    done: Vec<oneshot::Sender<Result<(), CoreError>>>,
}

impl Batch {
    fn of(job: Job) -> Self {
        let told = job.alerts.iter().map(|alert| alert.fingerprint.clone()).collect();
        Self { grant: job.grant, alerts: job.alerts, told, done: vec![job.done] }
    }

    /// Adds a request; gives it back where it does not fit.
    fn add(&mut self, job: Job) -> Option<Job> {
        let fits = job.grant == self.grant
            && self.alerts.len() + job.alerts.len() <= MOST_REPORTED
            && job.alerts.iter().all(|alert| !self.told.contains(&alert.fingerprint));
        if !fits {
            return Some(job);
        }
        self.told.extend(job.alerts.iter().map(|alert| alert.fingerprint.clone()));
        self.alerts.extend(job.alerts);
        self.done.push(job.done);
        None
    }

    /// Adds what waits, and what comes soon as long as fewer requests are in it than `expected`; returns the first that
    /// does not fit.
    async fn fill(&mut self, waiting: &mut mpsc::Receiver<Job>, expected: usize) -> Option<Job> {
        let end = Instant::now() + LINGER;
        while self.alerts.len() < MOST_REPORTED {
            let job = match waiting.try_recv() {
                Ok(job) => job,
                Err(_) if self.done.len() >= expected => return None,
                Err(_) => tokio::time::timeout_at(end, waiting.recv()).await.ok().flatten()?,
            };
            if let Some(job) = self.add(job) {
                return Some(job);
            }
        }
        None
    }
}

async fn gather(core: CoreHandle, mut waiting: mpsc::Receiver<Job>) {
    let places = Arc::new(Semaphore::new(UNDER_WAY));
    let mut held: Option<Job> = None;
    // Requests that were answered last.
    let mut answered = 0;
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        let first = match held.take() {
            Some(job) => job,
            None => match waiting.recv().await {
                Some(job) => job,
                None => return,
            },
        };
        let mut batch = Batch::of(first);
        held = batch.fill(&mut waiting, 0).await;
        let mut others = None;
        if held.is_none() && batch.alerts.len() < LARGE {
            // The one before has all of the disk; who is answered with it may come along.
            others = Arc::clone(&places).acquire_many_owned(OTHERS).await.ok();
            held = batch.fill(&mut waiting, answered).await;
        }
        answered = batch.done.len();
        let Batch { grant, alerts, done, .. } = batch;
        let asked = core.ask(Input::External { actor: grant.actor, scope: grant.scope, alerts });
        tokio::spawn(async move {
            let answer = match asked {
                Ok(answer) => answer.await.map_err(|_| CoreError::Ending).flatten().map(drop),
                Err(error) => Err(error),
            };
            for done in done {
                // Who no longer waits has hung up.
                let _ = done.send(answer.clone());
            }
            drop((place, others));
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::rules::reported::Sent;
    use crate::fleet::words::{Instant as Moment, Now, Timestamp};

    fn alert(name: &str) -> Reported {
        let now = Now { wall: Timestamp(1_795_341_600_000), mono: Moment(1) };
        let sent = Sent { labels: vec![("alertname", name)], ..Sent::default() };
        Reported::read(&SafeText::new("alertmanager"), sent, now).unwrap()
    }

    #[test]
    fn what_is_told_twice_is_decided_one_after_the_other() {
        let names = ["a", "b", "a", "a", "c"];
        let parts = parts(names.iter().map(|name| alert(name)).collect());
        let lengths: Vec<usize> = parts.iter().map(Vec::len).collect();
        assert_eq!(lengths, [2, 1, 2]);
        let many: Vec<Reported> = (0..2 * MOST_REPORTED + 1).map(|n| alert(&n.to_string())).collect();
        let lengths: Vec<usize> = super::parts(many).iter().map(Vec::len).collect();
        assert_eq!(lengths, [MOST_REPORTED, MOST_REPORTED, 1]);
    }
}
