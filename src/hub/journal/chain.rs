//! The hashes that tie entries, rows and blobs to what was stored.

use ring::digest::{Context, Digest, SHA256, digest};

use crate::fleet::words::{BlobId, FleetId, Revision, Timestamp};

/// A SHA-256.
pub type Hash = [u8; 32];

/// The length of a row's sum: enough against decay and careless edits, which is all a row needs, because the state
/// can be replayed from the chained entries.
const ROW_SUM: usize = 8;

/// The hash before the first entry: it ties the chain to its fleet.
pub fn genesis(fleet: &FleetId) -> Hash {
    let mut context = Context::new(&SHA256);
    context.update(b"watchfloor journal 1\0");
    context.update(fleet.as_str().as_bytes());
    whole(&context.finish())
}

/// The hash of an entry: SHA-256 of the hash before it, its revision, its time and its bytes.
pub fn link(previous: &Hash, revision: Revision, at: Timestamp, bytes: &[u8]) -> Hash {
    let mut context = Context::new(&SHA256);
    context.update(previous);
    context.update(&revision.0.to_be_bytes());
    context.update(&at.0.to_be_bytes());
    context.update(bytes);
    whole(&context.finish())
}

/// The sum of a state row: the first bytes of SHA-256 over table, key and value.
pub fn row_sum(table: u8, key: &[u8], value: &[u8]) -> [u8; ROW_SUM] {
    let mut context = Context::new(&SHA256);
    context.update(&[table]);
    context.update(&(key.len() as u64).to_be_bytes());
    context.update(key);
    context.update(value);
    let mut sum = [0; ROW_SUM];
    sum.iter_mut().zip(context.finish().as_ref()).for_each(|(to, from)| *to = *from);
    sum
}

/// The id of a blob: the SHA-256 of its content.
#[must_use]
pub fn blob_id(bytes: &[u8]) -> BlobId {
    BlobId(whole(&digest(&SHA256, bytes)))
}

fn whole(digest: &Digest) -> Hash {
    let mut hash = Hash::default();
    hash.iter_mut().zip(digest.as_ref()).for_each(|(to, from)| *to = *from);
    hash
}
