//! What recording, the keeper's thread and queries share: columns that gather, blocks that wait, counters.

use std::collections::{HashMap, VecDeque};
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::errors::HistoryError;
use super::gather::{Gathered, next_flush};
use super::series::SeriesTable;
use super::tiers::Limits;
use super::writer::Block;
use crate::fleet::words::{HostId, Timestamp};

/// How long a host's columns gather before they are written.
pub const GATHER: Duration = Duration::from_secs(300);
/// Samples older than this are refused: their file may be summed up already.
pub const LATE: Duration = Duration::from_secs(600);
/// Bytes that may wait for the writer; beyond it blocks are dropped.
const WAITING_MAX: usize = 64 << 20;

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
    /// The part that is guarded.
    pub state: Mutex<State>,
    /// Told when there is work or the end has come.
    pub wake: Condvar,
}

/// The part that is guarded.
#[derive(Default)]
pub struct State {
    /// Columns that gather, by host.
    pub open: HashMap<HostId, Host>,
    /// Blocks that wait for the writer.
    pub waiting: VecDeque<Block>,
    waiting_bytes: usize,
    /// Blocks at the writer.
    pub writing: Vec<Block>,
    /// Wall time of the last tick.
    pub now: Timestamp,
    /// Set once, by closing.
    pub closing: bool,
    /// Counters.
    pub health: Health,
}

/// A host whose columns gather.
pub struct Host {
    /// Its columns.
    pub gathered: Gathered,
    /// When they are written.
    pub due: Timestamp,
}

impl Shared {
    /// The guarded part; a panic elsewhere leaves counters and columns usable.
    pub fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Hands columns to the writer, or drops them where too much waits.
    pub fn hand_over(&mut self, host: HostId, gathered: Gathered) {
        let bytes = gathered.bytes();
        if self.waiting_bytes + bytes > WAITING_MAX {
            self.health.lost += gathered.values() as u64;
            self.health.error = Some("the disk is too slow for the samples; the newest are dropped".to_owned());
            return;
        }
        self.waiting_bytes += bytes;
        self.waiting.push_back(Block { host, columns: Arc::new(gathered) });
    }

    /// Hands over what is due.
    pub fn flush(&mut self, due: impl Fn(&Host) -> bool, now: Timestamp) {
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
