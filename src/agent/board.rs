//! The newest of everything the host knows of itself: newest wins, nothing is kept. The scheduler writes it, the uplink
//! reads what is new to the hub.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::fleet::hosts::vitals::Vitals;
use crate::fleet::words::{CheckName, JobName, SafeText, Timestamp};
use crate::wire::backups::BackupReading;
use crate::wire::checks::CheckReading;

/// Shared by the scheduler and the uplink.
#[derive(Debug, Default)]
pub struct Board {
    held: Mutex<Held>,
    news: Notify,
}

#[derive(Debug, Default)]
struct Held {
    sample: Option<Sample>,
    readings: BTreeMap<CheckName, NewReading>,
    backups: BTreeMap<JobName, (u64, BackupReading)>,
    /// Counts every change, so that a reader can ask for what came after.
    generation: u64,
    turns: u64,
    skipped_runs: u64,
    beat_due: bool,
}

/// Vitals and when they were taken.
#[derive(Clone, Debug)]
pub struct Sample {
    /// By the host's clock.
    pub at: Timestamp,
    /// The generation it came with.
    pub generation: u64,
    /// The numbers.
    pub vitals: Arc<Vitals>,
}

/// What is newer than a generation.
#[derive(Clone, Debug)]
pub struct News {
    /// Up to here.
    pub generation: u64,
    /// Turns of the scheduler: proves that it runs.
    pub turns: u64,
    /// The last sample, if it is new.
    pub sample: Option<Sample>,
    /// Readings that are new, the oldest change first.
    pub readings: Vec<NewReading>,
    /// Readings of repositories that are new.
    pub backups: Vec<BackupReading>,
}

/// A reading and when it came.
#[derive(Clone, Debug, PartialEq)]
pub struct NewReading {
    /// The generation it came with.
    pub generation: u64,
    /// The reading.
    pub reading: CheckReading,
    /// Its numbers as samples for history, by label; built-in checks have none beside the vitals.
    pub values: Vec<(SafeText, f64)>,
}

impl Board {
    /// Puts up a sample.
    pub fn put_sample(&self, at: Timestamp, vitals: Vitals) {
        let mut held = self.held();
        held.generation += 1;
        held.sample = Some(Sample { at, generation: held.generation, vitals: Arc::new(vitals) });
    }

    /// Puts up the newest result of a check.
    pub fn put_reading(&self, reading: CheckReading, values: Vec<(SafeText, f64)>) {
        let mut held = self.held();
        held.generation += 1;
        let generation = held.generation;
        held.readings.insert(reading.check.clone(), NewReading { generation, reading, values });
    }

    /// Takes down what a check said: it no longer runs here.
    pub fn remove_reading(&self, check: &CheckName) {
        self.held().readings.remove(check);
    }

    /// Puts up when a repository was read last.
    pub fn put_backup(&self, reading: BackupReading) {
        let mut held = self.held();
        held.generation += 1;
        let generation = held.generation;
        held.backups.insert(reading.job.clone(), (generation, reading));
    }

    /// Takes down what was said of a job: it is no longer read here.
    pub fn remove_backup(&self, job: &JobName) {
        self.held().backups.remove(job);
    }

    /// Counts a turn of the scheduler.
    pub fn count_turn(&self) {
        self.held().turns += 1;
    }

    /// Counts runs that were left out because the one before took too long.
    pub fn count_skipped(&self, runs: u64) {
        self.held().skipped_runs += runs;
    }

    /// Runs left out so far.
    #[must_use]
    pub fn skipped_runs(&self) -> u64 {
        self.held().skipped_runs
    }

    /// Tells the reader that a heartbeat is due, or that something can't wait for it.
    pub fn beat(&self) {
        self.held().beat_due = true;
        self.news.notify_one();
    }

    /// Waits for [`Self::beat`]; several in between count as one.
    pub async fn beaten(&self) {
        loop {
            let told = self.news.notified();
            if std::mem::take(&mut self.held().beat_due) {
                return;
            }
            told.await;
        }
    }

    /// What came after `generation`; 0 for everything.
    #[must_use]
    pub fn news_since(&self, generation: u64) -> News {
        let held = self.held();
        let new = |of: u64| of > generation;
        let mut readings: Vec<NewReading> =
            held.readings.values().filter(|reading| new(reading.generation)).cloned().collect();
        readings.sort_by_key(|reading| reading.generation);
        News {
            generation: held.generation,
            turns: held.turns,
            sample: held.sample.clone().filter(|sample| new(sample.generation)),
            readings,
            backups: held.backups.values().filter(|(of, _)| new(*of)).map(|(_, reading)| reading.clone()).collect(),
        }
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        // every change is one assignment, so a panic elsewhere leaves nothing half-done
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::words::CheckState;

    fn reading(check: &str, at: i64) -> CheckReading {
        let (summary, perfdata) = (SafeText::new("x"), SafeText::default());
        CheckReading { check: check.into(), state: CheckState::Ok, summary, perfdata, at: Timestamp(at) }
    }

    fn shown(news: &News) -> Vec<CheckReading> {
        news.readings.iter().map(|new| new.reading.clone()).collect()
    }

    #[test]
    fn news_are_what_came_after_and_the_newest_wins() {
        let board = Board::default();
        board.put_reading(reading("a", 1), vec![]);
        board.put_sample(Timestamp(1), Vitals::default());
        let first = board.news_since(0);
        assert_eq!((first.readings.len(), first.sample.is_some()), (1, true));
        assert!(board.news_since(first.generation).readings.is_empty());
        board.put_reading(reading("b", 2), vec![]);
        board.put_reading(reading("b", 3), vec![]);
        let second = board.news_since(first.generation);
        assert_eq!(shown(&second), vec![reading("b", 3)]);
        assert!(second.sample.is_none());
        board.remove_reading(&"b".into());
        assert_eq!(shown(&board.news_since(0)), vec![reading("a", 1)]);
    }

    #[tokio::test]
    async fn beats_join_and_none_is_lost() {
        let board = Board::default();
        board.beat();
        board.beat();
        board.beaten().await;
        let again = tokio::time::timeout(std::time::Duration::from_millis(20), board.beaten()).await;
        assert!(again.is_err(), "two beats are one");
        tokio::join!(board.beaten(), async { board.beat() });
    }
}
