//! The thread that makes batches durable, one after the other.

use std::sync::mpsc as std_mpsc;
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use crate::fleet::words::Epoch;
use crate::hub::journal::kinds::{ENDING, Retention};
use crate::hub::journal::{Commit, CommitError, Journal};

/// What the thread is asked to do.
pub enum Job {
    Commit(Commit),
    NewEpoch,
}

/// What it did.
pub enum Done {
    Committed(Result<(), CommitError>),
    NewEpoch(Result<Epoch, CommitError>),
}

/// Blobs are looked through again when so many bytes of them came since the last time,
const TIDIED_AFTER: usize = 64 << 20;
/// or so much time has passed by then.
const TIDIED_EVERY: Duration = Duration::from_secs(60 * 60);
/// Blobs removed at once, so that no commit waits for long.
const TIDIED_AT_ONCE: usize = 200;

/// Removes blobs whose time is over, or of which there are too many, between commits.
struct Tidier {
    ending: &'static [Retention],
    after: usize,
    came: usize,
    last: Option<Instant>,
}

impl Tidier {
    const fn new(ending: &'static [Retention], after: usize) -> Self {
        Self { ending, after, came: 0, last: None }
    }

    /// A commit was made.
    fn after(&mut self, journal: &mut dyn Journal, commit: &Commit) -> Result<(), CommitError> {
        self.came += commit.blobs.iter().map(|blob| blob.bytes.len()).sum::<usize>();
        let Some(now) = commit.blobs.iter().map(|blob| blob.at).max() else { return Ok(()) };
        if self.came < self.after && self.last.is_some_and(|last| last.elapsed() < TIDIED_EVERY) {
            return Ok(());
        }
        let mut gone = 0;
        for ending in self.ending {
            gone += journal.drop_blobs(ending.kind, now - ending.kept, TIDIED_AT_ONCE)?;
            gone += journal.bound_blobs(ending.kind, ending.most, TIDIED_AT_ONCE)?;
        }
        // with the next commit there is more to remove
        if gone < TIDIED_AT_ONCE {
            (self.came, self.last) = (0, Some(Instant::now()));
        }
        Ok(())
    }
}

/// Starts the thread. Jobs are done in order; it ends when the sender is dropped.
pub fn start(mut journal: Box<dyn Journal>) -> std::io::Result<(std_mpsc::Sender<Job>, mpsc::UnboundedReceiver<Done>)> {
    // At most two jobs are ever under way: the core sends the next one when the last is done.
    let (jobs, inbox) = std_mpsc::channel();
    let (outbox, done) = mpsc::unbounded_channel();
    thread::Builder::new().name("journal".to_owned()).spawn(move || {
        let mut tidier = Tidier::new(&ENDING, TIDIED_AFTER);
        while let Ok(job) = inbox.recv() {
            let result = match job {
                Job::Commit(commit) => {
                    Done::Committed(journal.commit(&commit).and_then(|()| tidier.after(&mut *journal, &commit)))
                }
                Job::NewEpoch => Done::NewEpoch(journal.draw_new_epoch()),
            };
            if outbox.send(result).is_err() {
                break;
            }
        }
    })?;
    Ok((jobs, done))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::fleet::words::{FleetId, Timestamp};
    use crate::hub::journal::kinds::{COMMAND_OUTPUT, TEXTS};
    use crate::hub::journal::{BlobRecord, blob_id, faults};

    const MOST: u64 = 10_000;
    const SMALL: [Retention; 1] = [Retention { kind: COMMAND_OUTPUT, kept: Duration::from_secs(1 << 30), most: MOST }];

    #[test]
    fn what_commands_print_stays_below_its_bound_and_the_newest_of_it_stays() {
        let folder = tempfile::tempdir().unwrap();
        let mut journal = faults::real(&folder.path().join("journal"), &FleetId::new("abcdefghij")).unwrap();
        let reader = journal.reader();
        let mut tidier = Tidier::new(&SMALL, 2_000);
        let record = |number: i64, kind| {
            let bytes = Bytes::from(format!("{number:01000}"));
            BlobRecord { id: blob_id(&bytes), kind, at: Timestamp(number), bytes }
        };
        let is_there = |number: i64| reader.blob(record(number, COMMAND_OUTPUT).id).unwrap().is_some();
        let text = record(0, TEXTS);
        journal.commit(&Commit { blobs: vec![text], ..Commit::default() }).unwrap();
        for number in 1..=100 {
            let commit = Commit { blobs: vec![record(number, COMMAND_OUTPUT)], ..Commit::default() };
            journal.commit(&commit).unwrap();
            tidier.after(&mut journal, &commit).unwrap();
            let kept = (1..=number).filter(|number| is_there(*number)).count() as u64;
            // what came since it was looked through last is above it
            assert!(kept * 1_000 <= MOST + 2_000, "{kept} after {number}");
        }
        assert!((92..=100).all(is_there), "the newest stay");
        assert!(!is_there(1) && is_there(0), "the oldest went; texts are not counted");
    }
}
