//! The thread that makes batches durable, one after the other.

use std::sync::mpsc as std_mpsc;
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use crate::fleet::words::Epoch;
use crate::hub::journal::kinds::ENDING;
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

/// Removes blobs whose time is over, between commits.
#[derive(Default)]
struct Tidier {
    came: usize,
    last: Option<Instant>,
}

impl Tidier {
    /// A commit was made.
    fn after(&mut self, journal: &mut dyn Journal, commit: &Commit) -> Result<(), CommitError> {
        self.came += commit.blobs.iter().map(|blob| blob.bytes.len()).sum::<usize>();
        let Some(now) = commit.blobs.iter().map(|blob| blob.at).max() else { return Ok(()) };
        if self.came < TIDIED_AFTER && self.last.is_some_and(|last| last.elapsed() < TIDIED_EVERY) {
            return Ok(());
        }
        let mut gone = 0;
        for ending in ENDING {
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
        let mut tidier = Tidier::default();
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
