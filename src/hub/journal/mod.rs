//! The fleet's ordered, durable history. The core knows only the port; SQLite stands behind it.

mod chain;
mod checkpoint;
mod copied;
mod errors;
#[cfg(test)]
pub mod faults;
pub mod kinds;
mod port;
mod reader;
mod schema;
mod space;
mod sqlite;
#[cfg(test)]
mod tests;

pub use chain::blob_id;
pub use errors::{CommitError, OpenError, ReadError};
pub use port::{
    BlobRecord, Commit, EntryRecord, Journal, JournalReader, Meta, RowChange, StoredEntry, Verified, Visit,
};
pub use space::{Space, Verdict};
pub use sqlite::SqliteJournal;
