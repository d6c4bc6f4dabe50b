//! Output that is too large for a fact: kept on disk until the hub has it.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use futures_util::stream;

use crate::agent::hands::ear::Heard;
use crate::fleet::commands::{Kept, blurred};
use crate::fleet::words::BlobId;
use crate::link::{Connection, LinkError};
use crate::trust::files::make_private_dir;
use crate::trust::fingerprint::sha256;
use crate::wire::pb::OutputChunk;

/// Bytes in one message.
const CHUNK: usize = 64 << 10;

/// Outputs on disk, each under its SHA-256.
#[derive(Debug)]
pub struct Spool(PathBuf);

impl Spool {
    /// The spool in this folder.
    ///
    /// # Errors
    /// What the disk says.
    pub fn open(folder: &Path) -> io::Result<Self> {
        make_private_dir(folder).map_err(io::Error::other)?;
        Ok(Self(folder.to_owned()))
    }

    /// Keeps an output.
    ///
    /// # Errors
    /// What the disk says.
    pub fn put(&self, blob: BlobId, bytes: &[u8]) -> io::Result<()> {
        let (path, new) = (self.path(blob), self.0.join(format!("{blob}.new")));
        let mut file = std::fs::File::create(&new)?;
        file.write_all(bytes)?;
        std::fs::rename(new, path)
    }

    /// An output that is kept and still is what it was.
    #[must_use]
    pub fn get(&self, blob: BlobId) -> Option<Bytes> {
        let bytes = std::fs::read(self.path(blob)).ok()?;
        (sha256(&bytes) == blob.0).then(|| bytes.into())
    }

    /// Lets go of an output: the hub has it.
    pub fn remove(&self, blob: BlobId) {
        if let Err(error) = std::fs::remove_file(self.path(blob)) {
            tracing::debug!(%error, "an output that the hub has stays on disk");
        }
    }

    fn path(&self, blob: BlobId) -> PathBuf {
        self.0.join(blob.to_string())
    }
}

/// What is told of an output of a host with these names.
#[must_use]
pub fn kept(heard: &Heard, names: &[String]) -> Kept {
    let (printed, kept) = (heard.printed, heard.kept);
    if heard.text.is_empty() {
        return Kept { printed, kept, ..Kept::default() };
    }
    let hash = sha256(&blurred(&heard.text, names));
    let shape = hash.first_chunk().map_or(0, |first| u64::from_le_bytes(*first)).max(1);
    Kept { blob: Some(BlobId(sha256(&heard.text))), printed, kept, shape }
}

/// What this machine calls itself, the longest name first.
#[must_use]
pub fn own_names() -> Vec<String> {
    let whole = nix::unistd::gethostname().unwrap_or_default();
    let whole = whole.to_string_lossy();
    let short = whole.split('.').next().unwrap_or_default();
    let mut names = vec![whole.as_ref().to_owned(), short.to_owned()];
    names.dedup();
    // a name of digits only would be a number anyway, and one letter a word of many
    names.retain(|name| name.len() > 1 && name.contains(|letter: char| letter.is_ascii_alphabetic()));
    names
}

/// Sends an output on a stream of its own; when this returns the hub has it on disk.
///
/// # Errors
/// What the link or the hub says.
pub async fn send(connection: &Connection, blob: BlobId, bytes: Bytes) -> Result<(), LinkError> {
    let size = bytes.len() as u64;
    let pieces: Vec<Bytes> =
        (0..bytes.len()).step_by(CHUNK).map(|at| bytes.slice(at..bytes.len().min(at + CHUNK))).collect();
    let chunks = pieces.into_iter().enumerate().map(move |(place, bytes)| match place {
        0 => OutputChunk { blob: blob.0.to_vec().into(), size, bytes },
        _ => OutputChunk { bytes, ..OutputChunk::default() },
    });
    connection.agent().output(stream::iter(chunks)).await.map(drop).map_err(|status| connection.error(&status))
}
