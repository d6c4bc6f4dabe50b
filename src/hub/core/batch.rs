//! The open batch: decisions applied to the head and not yet durable, with the replies that wait for them.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::oneshot;

use crate::fleet::rules::decision::Answer;
use crate::hub::core::request::{CoreError, Cut, FactsReply};
use crate::hub::feed::Committed;
use crate::hub::journal::{BlobRecord, Commit, RowChange};
use bytes::Bytes;

/// The most entries of one batch.
const MOST_ENTRIES: usize = 4_096;
/// The most bytes of one batch's entries.
const MOST_BYTES: usize = 4 * 1024 * 1024;

/// A reply that waits for the commit of the batch.
pub enum Parked {
    Answer(oneshot::Sender<Result<Answer, CoreError>>, Result<Answer, CoreError>),
    Facts(oneshot::Sender<Result<FactsReply, CoreError>>, Result<FactsReply, CoreError>),
    Cut(oneshot::Sender<Cut>, Cut),
    Mark(oneshot::Sender<u64>, u64),
}

/// A row of the state's disk form: table and key.
pub type RowKey = (u8, Vec<u8>);

/// Decisions that become durable together.
#[derive(Default)]
pub struct Batch {
    pub entries: Vec<Arc<Committed>>,
    pub subjects: Vec<Vec<String>>,
    pub rows: BTreeMap<RowKey, Option<Bytes>>,
    pub blobs: Vec<BlobRecord>,
    pub parked: Vec<Parked>,
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

    /// Adds a decided entry.
    pub fn push(&mut self, entry: Arc<Committed>, subjects: Vec<String>) {
        self.bytes += entry.bytes.len();
        self.entries.push(entry);
        self.subjects.push(subjects);
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

impl Parked {
    /// Sends the reply. Somebody who no longer waits is no error.
    pub fn release(self) {
        match self {
            Self::Answer(reply, answer) => drop(reply.send(answer)),
            Self::Facts(reply, answer) => drop(reply.send(answer)),
            Self::Cut(reply, cut) => drop(reply.send(cut)),
            Self::Mark(reply, mark) => drop(reply.send(mark)),
        }
    }
}
