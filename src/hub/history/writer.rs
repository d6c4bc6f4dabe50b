//! Writes gathered columns into fine files, on its own thread. What can't be written is dropped and counted: history
//! never makes the hub wait.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::Arc;

use super::block;
use super::errors::HistoryError;
use super::file::BlockFile;
use super::gather::Gathered;
use super::series::{SeriesRef, SeriesTable};
use super::tiers::{Name, Tier};
use crate::fleet::words::HostId;

/// A host's columns on their way into a file.
#[derive(Clone, Debug)]
pub struct Block {
    /// Whose.
    pub host: HostId,
    /// The columns.
    pub columns: Arc<Gathered>,
}

/// The writing end of the fine files.
pub struct Writer {
    folder: PathBuf,
    table: Arc<SeriesTable>,
    open: Option<Open>,
}

struct Open {
    file: BlockFile,
    numbers: HashMap<SeriesRef, u64>,
}

impl Writer {
    /// Writes below a folder.
    pub fn new(folder: PathBuf, table: Arc<SeriesTable>) -> Self {
        Self { folder, table, open: None }
    }

    /// Writes blocks, each into the file of its first moment. Returns how many were written and the last error.
    pub fn write(&mut self, blocks: &[Block]) -> (u64, Option<HistoryError>) {
        let mut by_file: BTreeMap<Name, Vec<(i64, &Block)>> = BTreeMap::new();
        for block in blocks {
            if let Some(first) = block.columns.first() {
                by_file.entry(Name::covering(Tier::Fine, first)).or_default().push((first.0, block));
            }
        }
        let mut written = 0;
        let mut last = None;
        for (name, blocks) in by_file {
            match self.append(name, &blocks) {
                Ok(()) => written += blocks.len() as u64,
                Err(error) => {
                    self.open = None;
                    last = Some(error);
                }
            }
        }
        (written, last)
    }

    /// Closes the file that ends before a moment.
    pub fn close_before(&mut self, end: i64) {
        if let Some(open) = self.open.take_if(|open| open.file.name.end() <= end) {
            open.file.finish();
        }
    }

    /// Closes whatever is open.
    pub fn close(&mut self) {
        self.open = None;
    }

    fn append(&mut self, name: Name, blocks: &[(i64, &Block)]) -> Result<(), HistoryError> {
        if self.open.as_ref().is_none_or(|open| open.file.name != name) {
            self.open = None;
            let file = BlockFile::write_or_replace(&self.folder, name)?;
            self.open = Some(Open { file, numbers: HashMap::new() });
        }
        let Some(Open { file, numbers }) = &mut self.open else { return Ok(()) };
        let table = &self.table;
        let done = file.whole(|file| {
            for (first, block) in blocks {
                let groups = block.columns.columns(|series| match numbers.get(&series) {
                    Some(number) => Ok(*number),
                    None => {
                        let number = file.number(&table.name(series).unwrap_or_default())?;
                        numbers.insert(series, number);
                        Ok(number)
                    }
                })?;
                let last = groups.iter().flat_map(|group| &group.times).copied().max().unwrap_or(*first);
                file.append(block.host, *first, last, &block::write(&groups))?;
            }
            Ok(())
        });
        if done.is_err() {
            numbers.clear(); // names of a rolled-back transaction have no number
        }
        done
    }
}
