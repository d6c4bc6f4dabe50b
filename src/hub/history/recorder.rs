//! The hub's side of history: record, tick, ask. All of it is quick; files are another thread's.

use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use super::errors::HistoryError;
use super::gather::{Gathered, next_flush};
use super::keeper::Keeper;
use super::memory::{GATHER, Health, Host, LATE, Shared};
use super::query::{self, Request, Series};
use super::series::SeriesRef;
use super::tiers::{Limits, Name, Tier};
use crate::fleet::words::{HostId, Timestamp};

/// Samples further ahead than this are refused: their clock is wrong.
const EARLY: Duration = Duration::from_secs(60);

/// The history of a fleet. Shared by reference among threads.
pub struct History {
    shared: Arc<Shared>,
    keeper: Mutex<Option<JoinHandle<()>>>,
}

impl History {
    /// Opens the history in a folder (made if missing) and starts its thread.
    ///
    /// # Errors
    /// When the folder can't be made or read. Damaged files are no error; they are moved aside when met.
    pub fn open(folder: &Path, limits: Limits) -> Result<Self, HistoryError> {
        let io = |source| HistoryError::Io { path: folder.to_owned(), source };
        std::fs::create_dir_all(folder).map_err(io)?;
        let shared = Arc::new(Shared {
            folder: folder.to_owned(),
            limits,
            table: Arc::default(),
            state: Mutex::default(),
            wake: Condvar::new(),
        });
        let mut keeper = Keeper::new(Arc::clone(&shared))?;
        let thread = std::thread::Builder::new().name("history".to_owned()).spawn(move || keeper.run()).map_err(io)?;
        Ok(Self { shared, keeper: Mutex::new(Some(thread)) })
    }

    /// The number of a series for [`History::record`]; `None` where the name is empty, longer than
    /// [`super::NAME_MAX`], or there are too many names.
    #[must_use]
    pub fn series(&self, name: &str) -> Option<SeriesRef> {
        self.shared.table.intern(name)
    }

    /// Takes a host's values of one moment, in hub time. What is not finite, more than 10 min old or more than 1 min
    /// ahead of the last tick is refused and counted. Never waits for a disk.
    pub fn record(&self, host: HostId, at: Timestamp, samples: &[(SeriesRef, f64)]) {
        let finite: Vec<(SeriesRef, f64)>;
        let good = if samples.iter().all(|(_, value)| value.is_finite()) {
            samples
        } else {
            finite = samples.iter().copied().filter(|(_, value)| value.is_finite()).collect();
            &finite
        };
        let mut state = self.shared.lock();
        let now = state.now;
        if now != Timestamp(0) && (at < now - LATE || at > now + EARLY) {
            state.health.refused += samples.len() as u64;
            return;
        }
        state.health.refused += (samples.len() - good.len()) as u64;
        state.health.taken += good.len() as u64;
        let open = state
            .open
            .entry(host)
            .or_insert_with(|| Host { gathered: Gathered::default(), due: next_flush(host, at.max(now), GATHER) });
        let file = |at| Name::covering(Tier::Fine, at);
        let elsewhere = open.gathered.first().is_some_and(|first| file(first) != file(at));
        let full = if elsewhere || open.gathered.is_full() { Some(open.gathered.take()) } else { None };
        open.gathered.add(at, good);
        if let Some(full) = full {
            state.hand_over(host, full);
            self.shared.wake.notify_one();
        }
    }

    /// Tells the wall time; call it every second. Hands what is due to the writer and drives the summing up.
    pub fn tick(&self, now: Timestamp) {
        let mut state = self.shared.lock();
        state.now = now;
        // a clock that was set back must not stop the writing
        state.flush(|host| host.due <= now || host.due.since(now) > GATHER, now);
        self.shared.wake.notify_one();
    }

    /// Reads a range; touches files, so call it where blocking is allowed.
    #[must_use]
    pub fn range(&self, request: &Request) -> Vec<Series> {
        query::range(&self.shared, request)
    }

    /// How history fares.
    #[must_use]
    pub fn health(&self) -> Health {
        let state = self.shared.lock();
        let open = state.open.values().map(|host| host.gathered.values());
        let waiting = state.waiting.iter().chain(&state.writing).map(|block| block.columns.values());
        Health { open: open.chain(waiting).sum::<usize>() as u64, ..state.health.clone() }
    }

    /// Writes everything and ends the thread. Also done on drop; a second call does nothing.
    pub fn close(&self) {
        {
            let mut state = self.shared.lock();
            let now = state.now;
            state.flush(|_| true, now);
            state.closing = true;
            self.shared.wake.notify_one();
        }
        let thread = self.keeper.lock().unwrap_or_else(PoisonError::into_inner).take();
        if thread.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the history thread ended by a fault of the program");
        }
    }
}

impl Drop for History {
    fn drop(&mut self) {
        self.close();
    }
}
