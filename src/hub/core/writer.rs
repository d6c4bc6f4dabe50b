//! The thread that makes batches durable, one after the other.

use std::sync::mpsc as std_mpsc;
use std::thread;

use tokio::sync::mpsc;

use crate::fleet::words::Epoch;
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

/// Starts the thread. Jobs are done in order; it ends when the sender is dropped.
pub fn start(mut journal: Box<dyn Journal>) -> std::io::Result<(std_mpsc::Sender<Job>, mpsc::UnboundedReceiver<Done>)> {
    // At most two jobs are ever under way: the core sends the next one when the last is done.
    let (jobs, inbox) = std_mpsc::channel();
    let (outbox, done) = mpsc::unbounded_channel();
    thread::Builder::new().name("journal".to_owned()).spawn(move || {
        while let Ok(job) = inbox.recv() {
            let result = match job {
                Job::Commit(commit) => Done::Committed(journal.commit(&commit)),
                Job::NewEpoch => Done::NewEpoch(journal.draw_new_epoch()),
            };
            if outbox.send(result).is_err() {
                break;
            }
        }
    })?;
    Ok((jobs, done))
}
