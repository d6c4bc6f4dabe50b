//! The hub's side of history: record, tick, ask. All of it is quick; files are another thread's.

use std::collections::{HashMap, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use super::errors::HistoryError;
use super::gather::{Gathered, next_flush};
use super::keeper::Keeper;
use super::query::{self, Request, Series};
use super::series::{SeriesRef, SeriesTable};
use super::tiers::{Limits, Name, Tier};
use super::writer::Block;
use crate::fleet::words::{HostId, Timestamp};

/// How long a host's columns gather before they are written.
pub const GATHER: Duration = Duration::from_secs(300);
/// Samples older than this are refused: their file may be summed up already.
pub const LATE: Duration = Duration::from_secs(600);
/// Samples further ahead than this are refused: their clock is wrong.
const EARLY: Duration = Duration::from_secs(60);
/// Bytes that may wait for the writer; beyond it blocks are dropped.
const WAITING_MAX: usize = 64 << 20;

/// The history of a fleet. Shared by reference among threads.
pub struct History {
    shared: Arc<Shared>,
    keeper: Mutex<Option<JoinHandle<()>>>,
}

/// How history fares, for health and metrics.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Health {
    /// Values taken.
    pub taken: u64,
    /// Values refused at the door: not finite, or of a moment that can't be.
    pub refused: u64,
    /// Values dropped because they could not be written.
    pub lost: u64,
    /// Blocks written.
    pub blocks: u64,
    /// Blocks found damaged and passed over.
    pub damaged: u64,
    /// Values in memory, not yet in a file.
    pub open: u64,
    /// Bytes on disk, as of the last look.
    pub bytes: u64,
    /// The last error, until writing succeeds again.
    pub error: Option<String>,
}

/// What record, the keeper's thread and queries share.
pub struct Shared {
    /// Where the files lie.
    pub folder: PathBuf,
    /// How long and how much is kept.
    pub limits: Limits,
    /// The names of series.
    pub table: Arc<SeriesTable>,
    state: Mutex<State>,
    /// Told when there is work or the end has come.
    pub wake: Condvar,
}

/// The part that is guarded.
#[derive(Default)]
pub struct State {
    open: HashMap<HostId, Host>,
    waiting: VecDeque<Block>,
    waiting_bytes: usize,
    writing: Vec<Block>,
    /// Wall time of the last tick.
    pub now: Timestamp,
    /// Set once, by closing.
    pub closing: bool,
    /// Counters.
    pub health: Health,
}

struct Host {
    gathered: Gathered,
    due: Timestamp,
}

impl Shared {
    /// The guarded part; a panic elsewhere leaves counters and columns usable.
    pub fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn hand_over(&mut self, host: HostId, gathered: Gathered) {
        let bytes = gathered.bytes();
        if self.waiting_bytes + bytes > WAITING_MAX {
            self.health.lost += gathered.values() as u64;
            self.health.error = Some("the disk is too slow for the samples; the newest are dropped".to_owned());
            return;
        }
        self.waiting_bytes += bytes;
        self.waiting.push_back(Block { host, columns: Arc::new(gathered) });
    }

    fn flush(&mut self, due: impl Fn(&Host) -> bool, now: Timestamp) {
        let mut ready = Vec::new();
        self.open.retain(|id, host| {
            if !due(host) {
                return true;
            }
            let idle = host.gathered.first().is_none();
            if !idle {
                ready.push((*id, host.gathered.take()));
                host.due = next_flush(*id, now, GATHER);
            }
            !idle // a host that sent nothing for a whole interval costs nothing
        });
        ready.into_iter().for_each(|(host, gathered)| self.hand_over(host, gathered));
    }

    /// Whether blocks wait for the writer.
    pub fn has_work(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Takes blocks to be written; until [`State::written`] queries still find them here.
    pub fn take_work(&mut self, most: usize) -> Vec<Block> {
        self.writing = self.waiting.drain(..most.min(self.waiting.len())).collect();
        self.writing.clone()
    }

    /// What was taken is in a file now, or lost.
    pub fn written(&mut self, blocks: u64, error: Option<HistoryError>) {
        let done = std::mem::take(&mut self.writing);
        self.waiting_bytes -= done.iter().map(|block| block.columns.bytes()).sum::<usize>().min(self.waiting_bytes);
        self.health.blocks += blocks;
        if blocks < done.len() as u64 {
            let values: u64 = done.iter().map(|block| block.columns.values() as u64).sum();
            self.health.lost += values * (done.len() as u64 - blocks) / done.len() as u64;
        }
        self.health.error = error.map(|error| error.to_string());
    }

    /// A host's columns that are not known to be in a file.
    pub fn of_host(&self, host: HostId) -> impl Iterator<Item = &Gathered> {
        let open = self.open.get(&host).map(|host| &host.gathered).into_iter();
        let blocks = self.waiting.iter().chain(&self.writing);
        open.chain(blocks.filter(move |block| block.host == host).map(|block| &*block.columns))
    }
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
