//! The one that sends: looks at what waits in the fleet, keeps a queue for each channel and receiver, tries, rests,
//! tries again, and tells the core how it ended. Which notice waits, and on which channel, the fleet alone says: after
//! a restart everything that still waits goes out again, under the same key.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::fleet::configuration::channels::Watchdog;
use crate::fleet::notices::{FALLS_OVER_AFTER, Kind, Notice, State};
use crate::fleet::rules::input::{Input, NoticeReport};
use crate::fleet::state::Fleet;
use crate::fleet::words::SafeText;
use crate::hub::core::{CoreError, Cut};
use crate::hub::notices::composing;
use crate::hub::notices::deliverer::{Beat, Key, UnderWay};
use crate::hub::notices::delivery::{DeliveryError, Receipt};
use crate::hub::shared::Shared;

/// Notices that may wait for one channel to one receiver; the others wait in the fleet.
const QUEUE: usize = 256;
/// A queue that had nothing to do for this long ends its task.
const IDLE: Duration = Duration::from_secs(300);
/// How often what rests is looked at.
const TICK: Duration = Duration::from_millis(500);
/// Between the first and the second attempt; doubled each time.
const FIRST_REST: Duration = Duration::from_secs(2);
const LONGEST_REST: Duration = Duration::from_secs(300);
/// So long before the core passes a notice on to the next channel, the core is told what the last attempt said.
const BEFORE_FALL_OVER: Duration = Duration::from_secs(4);
/// A beat that failed is tried again after this at the latest.
const BEAT_AGAIN: Duration = Duration::from_secs(5);

/// A channel and a receiver.
type Way = (SafeText, SafeText);

/// Sends until `stop`.
pub async fn run(shared: Arc<Shared>, stop: CancellationToken) {
    let deliverer = Arc::clone(&shared.deliverer);
    let mut ways: HashMap<Way, mpsc::Sender<Job>> = HashMap::new();
    let mut pulse = Pulse::default();
    let mut reconfigured = shared.reconfigured();
    // What waits from before the start is looked at first.
    let mut poked = true;
    loop {
        let now = Instant::now();
        let rests = deliverer.under_way().values().any(|one| match one {
            UnderWay::Resting(_, until) => *until <= now,
            UnderWay::Unreported(_) => true,
            UnderWay::Queued | UnderWay::Done => false,
        });
        let watchdog = shared.configuration().delivery.watchdog.clone();
        let beats = pulse.is_due(watchdog.as_ref(), now);
        if poked || rests || beats {
            // The same question for all: that the core answers it is what a beat stands for.
            let cut = tokio::select! {
                cut = shared.core.cut() => cut,
                () = stop.cancelled() => return,
            };
            match cut {
                Ok(cut) => {
                    look(&shared, &cut, &mut ways, &stop);
                    if let Some(watchdog) = watchdog.filter(|_| beats) {
                        pulse.beat(&shared, &cut, watchdog);
                    }
                }
                Err(CoreError::Ending) => return,
                Err(error) => tracing::error!("notices wait, the core does not answer: {error}"),
            }
        }
        poked = tokio::select! {
            () = deliverer.wake.notified() => true,
            changed = reconfigured.changed() => {
                deliverer.sender.http.forget();
                changed.is_ok()
            }
            () = tokio::time::sleep(TICK) => false,
            () = stop.cancelled() => return,
        };
    }
}

struct Job {
    key: Key,
    attempt: u32,
}

/// Takes up what waits in the fleet, and lets go of what does not any more.
fn look(shared: &Arc<Shared>, cut: &Cut, ways: &mut HashMap<Way, mpsc::Sender<Job>>, stop: &CancellationToken) {
    let deliverer = &shared.deliverer;
    let now = Instant::now();
    let waiting: HashMap<Key, &Arc<Notice>> =
        cut.fleet.notices.notices.values().filter(|one| waits(one)).map(|one| ((one.id, one.channel), one)).collect();
    let mut reports = Vec::new();
    let mut jobs: Vec<(Way, Job)> = Vec::new();
    {
        let mut under_way = deliverer.under_way();
        under_way.retain(|key, one| waiting.contains_key(key) || matches!(one, UnderWay::Unreported(_)));
        for (key, one) in under_way.iter_mut() {
            if let UnderWay::Unreported(report) = one {
                reports.push((*key, report.clone()));
                *one = UnderWay::Done;
            }
        }
        let mut due: Vec<(&Key, &Arc<Notice>)> = waiting
            .iter()
            .filter(|(key, _)| match under_way.get(*key) {
                None => true,
                Some(UnderWay::Resting(_, until)) => *until <= now,
                Some(UnderWay::Queued | UnderWay::Unreported(_) | UnderWay::Done) => false,
            })
            .map(|(key, one)| (key, *one))
            .collect();
        due.sort_by_key(|(key, _)| **key);
        for (key, notice) in due {
            let Some(channel) = notice.in_use() else { continue };
            let attempt = match under_way.get(key) {
                Some(UnderWay::Resting(attempts, _)) => *attempts,
                _ => 0,
            };
            jobs.push(((channel.clone(), notice.to.clone()), Job { key: *key, attempt }));
        }
    }
    for (key, report) in reports {
        let shared = Arc::clone(shared);
        tokio::spawn(async move { tell(&shared, key, report).await });
    }
    for (way, job) in jobs {
        let (key, attempt) = (job.key, job.attempt);
        let queue = ways.get(&way).filter(|queue| !queue.is_closed()).cloned().unwrap_or_else(|| {
            let (sender, queue) = mpsc::channel(QUEUE);
            tokio::spawn(attend(Arc::clone(shared), queue, stop.clone()));
            ways.insert(way, sender.clone());
            sender
        });
        deliverer.under_way().insert(key, UnderWay::Queued);
        // A full queue, or one that just ended, leaves it to the next look.
        if queue.try_send(job).is_err() {
            let again = now + TICK;
            deliverer.under_way().insert(key, UnderWay::Resting(attempt, again));
        }
    }
    ways.retain(|_, queue| !queue.is_closed());
}

/// Whether a notice is to be sent. That something ended is worth saying for as long as the fleet knows it, even after
/// every channel was given up; of a problem the next step speaks.
fn waits(notice: &Notice) -> bool {
    notice.state == State::Waiting
        || (notice.state == State::Failed && notice.kind == Kind::Recovery && !notice.channels.is_empty())
}

/// One channel to one receiver: a receiver that hangs holds up nobody else.
async fn attend(shared: Arc<Shared>, mut queue: mpsc::Receiver<Job>, stop: CancellationToken) {
    loop {
        let job = tokio::select! {
            job = tokio::time::timeout(IDLE, queue.recv()) => job,
            () = stop.cancelled() => return,
        };
        match job {
            Ok(Some(job)) => attempt(&shared, &job).await,
            Ok(None) => return,
            Err(_) => {
                // What slipped in while the time ran out is done still.
                queue.close();
                while let Some(job) = queue.recv().await {
                    attempt(&shared, &job).await;
                }
                return;
            }
        }
    }
}

async fn attempt(shared: &Arc<Shared>, job: &Job) {
    let deliverer = &shared.deliverer;
    let (key, attempts) = (job.key, job.attempt + 1);
    let Ok(cut) = shared.core.cut().await else { return };
    let notice = cut.fleet.notices.notices.get(&key.0).filter(|one| one.channel == key.1 && waits(one));
    let Some(notice) = notice.cloned() else { return deliverer.set(key, UnderWay::Done) };
    let end = send(shared, &cut.fleet, &notice).await;
    let waited = shared.clock.now().wall.since(notice.since);
    let channel = notice.in_use().map_or("", SafeText::as_str);
    let report = match end {
        Ok(Receipt(words)) => NoticeReport::Sent(words),
        Err(error) => {
            tracing::warn!("notice {} to {} by {channel}, attempt {attempts}: {error}", notice.id, notice.to.as_str());
            let words = SafeText::line(&format!("{channel}: {}", error.words.as_str()));
            let rest = rest(attempts);
            let first_time = notice.state == State::Waiting;
            if !error.retry {
                NoticeReport::Refused(words)
            } else if first_time && waited + rest + BEFORE_FALL_OVER >= FALLS_OVER_AFTER {
                // The core would pass it on without knowing why.
                let tried = if attempts > 1 { format!(" (tried {attempts} times)") } else { String::new() };
                deliverer.set(key, UnderWay::Resting(attempts, Instant::now() + rest));
                let report = NoticeReport::Refused(SafeText::line(&format!("{}{tried}", words.as_str())));
                return tell_in_passing(shared, key, report).await;
            } else {
                return deliverer.set(key, UnderWay::Resting(attempts, Instant::now() + rest));
            }
        }
    };
    tell(shared, key, report).await;
}

/// How long to rest after so many attempts.
fn rest(attempts: u32) -> Duration {
    (FIRST_REST * 2_u32.saturating_pow(attempts.saturating_sub(1).min(16))).min(LONGEST_REST)
}

async fn send(shared: &Shared, fleet: &Fleet, notice: &Notice) -> Result<Receipt, DeliveryError> {
    let configuration = shared.configuration();
    let name = notice.in_use().map_or("", SafeText::as_str);
    let channel = configuration.delivery.channels.get(name).ok_or_else(|| {
        DeliveryError::lasting(&format!("no channel is called {name:?}: add [channels.{name}] to policies.toml"))
    })?;
    let asks = matches!(notice.kind, Kind::Problem | Kind::Test);
    let link = configuration
        .delivery
        .links
        .as_ref()
        .filter(|_| asks)
        .map(|links| format!("{}/a/{}", links.url, shared.deliverer.one_time.token(&fleet.profile.id, notice)));
    let now = shared.clock.now().wall;
    let mut message = composing::compose(fleet, notice, &configuration.zone, now, link);
    message.address = composing::address(&configuration, &notice.to, channel);
    shared.deliverer.sender.send(channel, &message).await
}

/// Tells the core how it ended; what it does not take now is told again.
async fn tell(shared: &Shared, key: Key, report: NoticeReport) {
    let input = Input::NoticeReported { notice: key.0, channel: key.1, report: report.clone() };
    match shared.core.decide(input).await {
        // Refused: the fleet knows no such notice any more.
        Ok(_) | Err(CoreError::Refused(_) | CoreError::Ending) => shared.deliverer.set(key, UnderWay::Done),
        Err(CoreError::Busy | CoreError::NoSpace(_)) => {
            tokio::time::sleep(TICK).await;
            shared.deliverer.set(key, UnderWay::Unreported(report));
        }
    }
}

/// As above, of a notice that may be tried again on the same channel.
async fn tell_in_passing(shared: &Shared, key: Key, report: NoticeReport) {
    let input = Input::NoticeReported { notice: key.0, channel: key.1, report };
    if let Err(error) = shared.core.decide(input).await {
        tracing::warn!("the core was not told of notice {}: {error}", key.0);
    }
}

/// The beats of the watchdog. They are not journaled: a beat says that the core answered behind everything it had
/// decided, that it is not out of space, and that the one that sends and the network still work; if one of them dies
/// the beats stop, and that is the message.
#[derive(Default)]
struct Pulse {
    next: Option<Instant>,
    running: Arc<Mutex<bool>>,
}

impl Pulse {
    fn is_due(&self, watchdog: Option<&Watchdog>, now: Instant) -> bool {
        watchdog.is_some()
            && self.next.is_none_or(|next| next <= now)
            && !*self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn beat(&mut self, shared: &Arc<Shared>, cut: &Cut, watchdog: Watchdog) {
        let failed = shared.deliverer.beat().is_some_and(|beat| beat.failed.is_some());
        let every = if failed { watchdog.every.min(BEAT_AGAIN) } else { watchdog.every };
        self.next = Some(Instant::now() + every);
        let blocked = shared.blocked.read().unwrap_or_else(PoisonError::into_inner).clone();
        let now = shared.clock.now().wall;
        let message = composing::beat(&cut.fleet, &watchdog.channel, now);
        let running = Arc::clone(&self.running);
        *running.lock().unwrap_or_else(PoisonError::into_inner) = true;
        let shared = Arc::clone(shared);
        tokio::spawn(async move {
            let configuration = shared.configuration();
            let end = match (blocked, configuration.delivery.channels.get(&watchdog.channel)) {
                (Some(why), _) => Err(DeliveryError::passing(&format!("the hub decides nothing: {why}"))),
                (None, None) => Err(DeliveryError::lasting("its channel is not in the configuration")),
                (None, Some(channel)) => {
                    let mut message = message;
                    message.address.clone_from(&channel.to);
                    shared.deliverer.sender.send(channel, &message).await
                }
            };
            let mut beat = shared.deliverer.beat.lock().unwrap_or_else(PoisonError::into_inner);
            let taken = beat.as_ref().and_then(|beat| beat.taken);
            *beat = Some(match end {
                Ok(_) => Beat { taken: Some(now), failed: None },
                Err(error) => {
                    tracing::error!("the watchdog's beat was not taken: {error}");
                    Beat { taken, failed: Some(error.words) }
                }
            });
            drop(beat);
            *running.lock().unwrap_or_else(PoisonError::into_inner) = false;
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_rests_longer_each_time_up_to_a_bound() {
        let rests: Vec<u64> = (1..12).map(|attempts| rest(attempts).as_secs()).collect();
        assert_eq!(rests, [2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]);
        assert_eq!(rest(u32::MAX), LONGEST_REST);
    }
}
