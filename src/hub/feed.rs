//! Durable entries on their way to watchers: the newest are kept in memory, older ones are read from the journal, so a
//! watcher that can't keep up costs nothing but its own time.

use std::collections::VecDeque;
use std::sync::{Arc, PoisonError, RwLock};

use bytes::Bytes;
use tokio::sync::watch;

use crate::fleet::identity::Role;
use crate::fleet::state::Entry;
use crate::fleet::words::{ClientId, Revision};
use crate::hub::journal::EntryRecord;
use crate::wire::entry::EncodedEntry;
use crate::wire::{WireError, pb};

/// Entries kept in memory,
const KEPT: usize = 8_192;
/// and their bytes at most: an entry may hold hundreds of alerts.
const KEPT_BYTES: usize = 4 << 20;

/// A decided entry, encoded once.
#[derive(Debug)]
pub struct Committed {
    /// What was decided.
    pub entry: Entry,
    /// The same with each event encoded, to be filtered for a viewer.
    pub encoded: EncodedEntry,
    /// The bytes in the journal.
    pub bytes: Bytes,
}

impl Committed {
    /// Encodes an entry.
    ///
    /// # Errors
    /// An event is larger than a journal may hold.
    pub fn new(entry: Entry) -> Result<Self, WireError> {
        let encoded = EncodedEntry::new(&entry)?;
        let bytes = encoded.to_bytes();
        Ok(Self { entry, encoded, bytes })
    }

    /// Its place.
    #[must_use]
    pub const fn revision(&self) -> Revision {
        self.entry.revision
    }

    /// As the journal stores it.
    #[must_use]
    pub fn record(&self, subjects: Vec<String>) -> EntryRecord {
        EntryRecord { revision: self.entry.revision, at: self.entry.at, bytes: self.bytes.clone(), subjects }
    }

    /// What a viewer may see of it.
    #[must_use]
    pub fn project(&self, role: Role, scope: Option<&ClientId>) -> Option<pb::Entry> {
        self.encoded.project(role, scope)
    }
}

/// The newest durable entries, and the news that there are more.
#[derive(Debug)]
pub struct Feed {
    recent: RwLock<Recent>,
    head: watch::Sender<Revision>,
}

#[derive(Debug, Default)]
struct Recent {
    entries: VecDeque<Arc<Committed>>,
    bytes: usize,
}

impl Feed {
    /// A feed that begins after `head`.
    #[must_use]
    pub fn new(head: Revision) -> Self {
        Self { recent: RwLock::default(), head: watch::Sender::new(head) }
    }

    /// Adds entries that just became durable, in order.
    pub fn publish(&self, entries: &[Arc<Committed>]) {
        let Some(last) = entries.last() else { return };
        let mut recent = self.recent.write().unwrap_or_else(PoisonError::into_inner);
        for entry in entries {
            recent.bytes += entry.bytes.len();
            recent.entries.push_back(Arc::clone(entry));
            while recent.entries.len() > 1 && (recent.entries.len() > KEPT || recent.bytes > KEPT_BYTES) {
                let gone = recent.entries.pop_front().map_or(0, |entry| entry.bytes.len());
                recent.bytes -= gone;
            }
        }
        drop(recent);
        self.head.send_replace(last.revision());
    }

    /// Entries after `after`, at most `most`; `None` when they are no longer in memory.
    #[must_use]
    pub fn after(&self, after: Revision, most: usize) -> Option<Vec<Arc<Committed>>> {
        let recent = self.recent.read().unwrap_or_else(PoisonError::into_inner);
        let Some(first) = recent.entries.front() else {
            return (after >= *self.head.borrow()).then(Vec::new);
        };
        if first.revision() > after.next() {
            return None;
        }
        // Revisions follow each other without a gap, so the place is a difference.
        let skip = usize::try_from(after.next().0 - first.revision().0).unwrap_or(usize::MAX);
        Some(recent.entries.iter().skip(skip).take(most).cloned().collect())
    }

    /// The newest durable revision, and a way to wait for the next.
    #[must_use]
    pub fn head(&self) -> watch::Receiver<Revision> {
        self.head.subscribe()
    }
}
