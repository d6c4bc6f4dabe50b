//! The open batch: decisions applied to the head and not yet durable, with the replies that wait for them.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::oneshot;

use crate::fleet::words::Epoch;
use crate::hub::feed::Committed;
use crate::hub::journal::{BlobRecord, Commit, RowChange};

/// The most entries of one batch.
const MOST_ENTRIES: usize = 4_096;
/// The most bytes of one batch's entries and blobs.
const MOST_BYTES: usize = 4 * 1024 * 1024;

/// A reply that waits until the batch is durable; it is told the epoch that counts then.
pub type Parked = Box<dyn FnOnce(Epoch) + Send>;

/// A row of the state's disk form: table and key.
pub type RowKey = (u8, Vec<u8>);

/// Decisions that become durable together.
#[derive(Default)]
pub struct Batch {
    entries: Vec<Arc<Committed>>,
    subjects: Vec<Vec<String>>,
    pub rows: BTreeMap<RowKey, Option<Bytes>>,
    pub parked: Vec<Parked>,
    blobs: Vec<BlobRecord>,
    bytes: usize,
}

impl Batch {
    /// Whether nothing needs to be written; replies may still wait.
    pub fn is_clean(&self) -> bool {
        self.entries.is_empty() && self.rows.is_empty() && self.blobs.is_empty()
    }

    /// Whether nothing more may be decided before it is committed.
    pub fn is_full(&self) -> bool {
        self.entries.len() >= MOST_ENTRIES || self.bytes >= MOST_BYTES || self.parked.len() >= 2 * MOST_ENTRIES
    }

    /// Adds a decided entry and the blobs it names.
    pub fn push(&mut self, entry: Arc<Committed>, subjects: Vec<String>, blobs: Vec<BlobRecord>) {
        self.bytes += entry.bytes.len();
        self.store(blobs);
        self.entries.push(entry);
        self.subjects.push(subjects);
    }

    /// Adds blobs; what names them comes with the same batch or a later one.
    pub fn store(&mut self, blobs: Vec<BlobRecord>) {
        self.bytes += blobs.iter().map(|blob| blob.bytes.len()).sum::<usize>();
        self.blobs.extend(blobs);
    }

    /// Adds a reply that must not leave before the batch is durable. Somebody who no longer waits is no error.
    pub fn park<T: Send + 'static>(&mut self, reply: oneshot::Sender<T>, answer: T) {
        self.parked.push(Box::new(move |_| drop(reply.send(answer))));
    }

    /// What the writer is to make durable, and what waits for it.
    pub fn take(&mut self) -> (Commit, Vec<Arc<Committed>>, Vec<Parked>) {
        let batch = std::mem::take(self);
        let records =
            batch.entries.iter().zip(batch.subjects).map(|(entry, subjects)| entry.record(subjects)).collect();
        let rows = batch.rows.into_iter().map(|((table, key), value)| RowChange { table, key, value }).collect();
        (Commit { entries: records, rows, blobs: batch.blobs }, batch.entries, batch.parked)
    }
}
