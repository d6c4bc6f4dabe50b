//! What the core needs of a journal, in bytes: it knows no entry, no table and no database.

use std::ops::ControlFlow;
use std::sync::Arc;

use bytes::Bytes;

use super::errors::{CommitError, ReadError};
use crate::fleet::words::{BlobId, Epoch, FleetId, Revision, Timestamp};

/// One decided entry, ready to be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryRecord {
    /// Its place; entries of a commit follow each other and the head without a gap.
    pub revision: Revision,
    /// The hub's wall time of the decision.
    pub at: Timestamp,
    /// The encoded entry, the same bytes that watchers get.
    pub bytes: Bytes,
    /// What the entry is found by later (`alert/17`, `host/3`, …); a repeated subject counts once.
    pub subjects: Vec<String>,
}

/// An entry as it was read back; its hash has been checked against the one before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredEntry {
    /// Its place.
    pub revision: Revision,
    /// The hub's wall time of the decision.
    pub at: Timestamp,
    /// The encoded entry.
    pub bytes: Bytes,
}

/// A state row that is new, changed or (without a value) gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowChange {
    /// Which table of the state; the numbers are the caller's and stay the same for ever.
    pub table: u8,
    /// The row's key within its table; rows come back in the byte order of table and key.
    pub key: Vec<u8>,
    /// The row's new content; `None` removes the row.
    pub value: Option<Bytes>,
}

/// Bytes that an entry names by their SHA-256.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlobRecord {
    /// [`super::blob_id`] of `bytes`.
    pub id: BlobId,
    /// What it is, for retention. Where equal bytes are stored as several kinds the smallest number is kept, so the
    /// kind that is kept longest has the smallest number.
    pub kind: u8,
    /// When it was stored; storing it again prolongs its life.
    pub at: Timestamp,
    /// The content.
    pub bytes: Bytes,
}

/// What becomes durable together: all of it, or nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Commit {
    /// Entries in order, the first being the one after the head; may be empty (a mark without an entry).
    pub entries: Vec<EntryRecord>,
    /// State rows, applied in order.
    pub rows: Vec<RowChange>,
    /// Blobs that the entries name.
    pub blobs: Vec<BlobRecord>,
}

/// What a journal says about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meta {
    /// The fleet it belongs to.
    pub fleet: FleetId,
    /// Random, new with each journal and each restore.
    pub epoch: Epoch,
    /// The newest durable revision; 0 in an empty journal.
    pub head: Revision,
    /// The hash of the entry at the head, which stands for the whole history before it.
    pub head_hash: [u8; 32],
    /// The number of the schema on disk.
    pub schema: u32,
}

/// What a full check has seen; every count is of intact records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// Entries whose hash chain holds from the first to the head.
    pub entries: u64,
    /// State rows whose sum holds.
    pub rows: u64,
    /// Blobs whose content has the hash they are stored under.
    pub blobs: u64,
}

/// Called with table, key and value of each state row; `Break` ends the walk.
pub type Visit<'a> = dyn FnMut(u8, &[u8], &[u8]) -> ControlFlow<()> + 'a;

/// The writing end. There is one, owned by one thread.
pub trait Journal: Send {
    /// What the journal says about itself, as of the last commit.
    fn meta(&self) -> &Meta;

    /// Makes a commit durable, in one transaction; when it returns `Ok`, a power cut loses nothing of it.
    ///
    /// # Errors
    /// Any error is fatal: nothing of the commit may be confirmed to anybody and the process must end. The journal
    /// refuses every later commit, because a failed fsync must never be retried: the kernel may have forgotten what
    /// it could not write, and a second try would report success.
    fn commit(&mut self, commit: &Commit) -> Result<(), CommitError>;

    /// Draws a new random epoch, durably: a peer has seen a later revision than the head, so this journal was restored.
    ///
    /// # Errors
    /// As [`Journal::commit`].
    fn draw_new_epoch(&mut self) -> Result<Epoch, CommitError>;

    /// Removes at most `limit` blobs of a kind that were last stored before `before`; returns how many went.
    ///
    /// # Errors
    /// As [`Journal::commit`].
    fn drop_blobs(&mut self, kind: u8, before: Timestamp, limit: usize) -> Result<usize, CommitError>;

    /// Removes the oldest blobs of a kind, at most `limit`, until all of it together takes no more than `most` bytes;
    /// returns how many went.
    ///
    /// # Errors
    /// As [`Journal::commit`].
    fn bound_blobs(&mut self, kind: u8, most: u64, limit: usize) -> Result<usize, CommitError>;

    /// The reading end, to be shared among threads.
    fn reader(&self) -> Arc<dyn JournalReader>;
}

/// The reading end: it sees durable commits only, never waits for the writer and never makes it wait.
/// Everything it returns has passed its hash or sum.
pub trait JournalReader: Send + Sync {
    /// What the journal says about itself now.
    ///
    /// # Errors
    /// When the storage can't be read.
    fn meta(&self) -> Result<Meta, ReadError>;

    /// Entries from `from` upwards, oldest first: at most `limit`, ended early once `limit_bytes` of entry bytes are
    /// passed, but at least one if there is any. Empty means nothing at or above `from`.
    ///
    /// # Errors
    /// When the storage can't be read, or the first entry that does not fit its hash.
    fn entries(&self, from: Revision, limit: usize, limit_bytes: usize) -> Result<Vec<StoredEntry>, ReadError>;

    /// Entries of a subject, newest first, below `before` if given: at most `limit`, and ended early after about
    /// 4 MiB. To go on, ask again with `before` = the last revision received, until the answer is empty.
    ///
    /// # Errors
    /// As [`JournalReader::entries`].
    fn by_subject(&self, subject: &str, before: Option<Revision>, limit: usize) -> Result<Vec<StoredEntry>, ReadError>;

    /// The newest entries, newest first, below `before` if given; paged as [`JournalReader::by_subject`].
    ///
    /// # Errors
    /// As [`JournalReader::entries`].
    fn latest(&self, before: Option<Revision>, limit: usize) -> Result<Vec<StoredEntry>, ReadError>;

    /// Walks all state rows by table and key in one consistent view, whose revision it returns.
    ///
    /// # Errors
    /// When the storage can't be read, or the first row that does not fit its sum.
    fn rows(&self, visit: &mut Visit<'_>) -> Result<Revision, ReadError>;

    /// A blob's content, or `None` where it never was or its time is over.
    ///
    /// # Errors
    /// When the storage can't be read or the content does not fit the id.
    fn blob(&self, id: BlobId) -> Result<Option<Bytes>, ReadError>;

    /// What kind of blob it is, or `None` where it never was or its time is over.
    ///
    /// # Errors
    /// When the storage can't be read.
    fn blob_kind(&self, id: BlobId) -> Result<Option<u8>, ReadError>;

    /// Reads everything and checks every hash and sum; slow, for an admin's command.
    ///
    /// # Errors
    /// [`ReadError::Corrupt`] names the first entry, row or blob that is not what was stored.
    fn verify(&self) -> Result<Verified, ReadError>;
}
