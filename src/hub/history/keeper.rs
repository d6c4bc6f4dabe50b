//! The thread that keeps the files: writes blocks, sums up finished files, deletes old ones.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use super::errors::HistoryError;
use super::file::{BlockFile, unlink};
use super::memory::{GATHER, LATE, Shared};
use super::retention;
use super::rollup::{Rollup, Turn};
use super::tiers::{self, Name, Tier};
use super::writer::Writer;
use crate::fleet::words::Timestamp;

/// Blocks written in one transaction at most.
const BATCH: usize = 64;
/// Work on summing up, per tick: 2 % of a core at most, while there is something to sum up.
const TURN: Duration = Duration::from_millis(20);
/// Between two looks at the folder.
const LOOK: Duration = Duration::from_secs(60);
/// The same while the file system is nearly full.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// The keeper of the files.
pub struct Keeper {
    shared: Arc<Shared>,
    writer: Writer,
    rollup: Option<Rollup>,
    /// Starts of fine files that need no summing up (any more).
    rolled: HashSet<i64>,
    ticked: Timestamp,
    looked: Option<Timestamp>,
    cramped: Option<(u64, u64)>,
}

impl Keeper {
    /// A keeper of what is there already.
    pub fn new(shared: Arc<Shared>) -> Result<Self, HistoryError> {
        let names =
            tiers::list(&shared.folder).map_err(|source| HistoryError::Io { path: shared.folder.clone(), source })?;
        let mut rolled = HashSet::new();
        for name in names.into_iter().filter(|name| name.tier == Tier::Hours) {
            match BlockFile::read(&shared.folder, name)
                .and_then(|file| file.map_or(Ok(Vec::new()), |file| file.rolled()))
            {
                Ok(starts) => rolled.extend(starts),
                Err(error) => tracing::error!("{error}"),
            }
        }
        let writer = Writer::new(shared.folder.clone(), Arc::clone(&shared.table));
        Ok(Self { shared, writer, rollup: None, rolled, ticked: Timestamp(0), looked: None, cramped: None })
    }

    /// Works until history is closed.
    pub fn run(&mut self) {
        loop {
            let (work, now, closing) = {
                let mut state = self.shared.lock();
                while !state.has_work() && !state.closing && state.now == self.ticked {
                    state = self.shared.wake.wait(state).unwrap_or_else(std::sync::PoisonError::into_inner);
                }
                (state.take_work(BATCH), state.now, state.closing)
            };
            self.look(now);
            if !work.is_empty() {
                let (written, error) = match self.cramped {
                    Some((free, needed)) => {
                        (0, Some(HistoryError::NoSpace { path: self.shared.folder.clone(), free, needed }))
                    }
                    None => self.writer.write(&work),
                };
                if let Some(error) = &error {
                    tracing::warn!("samples dropped: {error}");
                }
                drop(work);
                self.shared.lock().written(written, error);
                continue; // writing comes first
            }
            if closing {
                break;
            }
            self.ticked = now;
            self.sum_up(now);
        }
        self.writer.close();
    }

    /// Deletes what is over, a file a minute, or every second while room is short.
    fn look(&mut self, now: Timestamp) {
        let waited = |time| self.looked.is_none_or(|last| now < last || now.since(last) >= time);
        if !waited(if self.cramped.is_some() { LOOK_AGAIN } else { LOOK }) {
            return;
        }
        self.looked = Some(now);
        let limits = self.shared.limits;
        match retention::look(&self.shared.folder, &limits, &self.rolled, now) {
            Ok(room) => {
                self.shared.lock().health.bytes = room.used;
                self.cramped = (room.free < limits.leave_free).then_some((room.free, limits.leave_free));
                if let Some(name) = room.next {
                    self.delete(name);
                }
            }
            Err(error) => self.report(error),
        }
    }

    fn delete(&mut self, name: Name) {
        if self.rollup.as_ref().is_some_and(|rollup| rollup.name() == name) {
            self.rollup = None;
        }
        if name.tier == Tier::Fine {
            self.writer.close();
        }
        match unlink(&self.shared.folder, name) {
            Ok(()) => tracing::info!(
                "history file {} deleted: its time or the room is over",
                name.path(&self.shared.folder).display()
            ),
            Err(error) => self.report(error),
        }
    }

    fn sum_up(&mut self, now: Timestamp) {
        if self.cramped.is_some() {
            return;
        }
        let finished = (now - LATE - GATHER - GATHER).0;
        self.writer.close_before(finished);
        if self.rollup.is_none()
            && let Some(name) = self.next_to_sum_up(finished)
        {
            match Rollup::begin(&self.shared.folder, name) {
                Ok(Some(rollup)) => self.rollup = Some(rollup),
                Ok(None) => drop(self.rolled.insert(name.start)),
                Err(error) => self.give_up(name, error),
            }
        }
        let Some(mut rollup) = self.rollup.take() else { return };
        let name = rollup.name();
        let mut damaged = Vec::new();
        match rollup.turn(TURN, |error| damaged.push(error)) {
            Ok(Turn::More) => self.rollup = Some(rollup),
            Ok(Turn::Done) => {
                rollup.finish();
                self.rolled.insert(name.start);
            }
            Err(error) => self.give_up(name, error),
        }
        for error in damaged {
            tracing::error!("{error}");
            self.shared.lock().health.damaged += 1;
        }
    }

    /// The oldest fine file that is finished and not summed up. It asks the folder, but only when one may be due.
    fn next_to_sum_up(&self, finished: i64) -> Option<Name> {
        let names = tiers::list(&self.shared.folder).unwrap_or_default();
        names
            .into_iter()
            .find(|name| name.tier == Tier::Fine && name.end() <= finished && !self.rolled.contains(&name.start))
    }

    /// What can't be summed up now is tried again at the next start, and its values stay readable until then.
    fn give_up(&mut self, name: Name, error: HistoryError) {
        self.rolled.insert(name.start);
        self.report(error);
    }

    fn report(&self, error: HistoryError) {
        tracing::error!("{error}");
        self.shared.lock().health.error = Some(error.to_string());
    }
}
