//! Moves the write-ahead log into the file beside the writer, so that no commit waits for it. The writer does it
//! itself only when this falls far behind.

use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags};

/// Bytes given to commit between two checkpoints, about.
const EVERY: usize = 2 << 20;
/// What a record costs in the log beside its own bytes, about: its share of the pages it touches.
const OVERHEAD: usize = 512;

/// The thread that moves the log.
pub struct Checkpointer {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
    gathered: usize,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    wake: Condvar,
}

#[derive(Default)]
struct State {
    wanted: bool,
    closing: bool,
    failure: Option<rusqlite::Error>,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Checkpointer {
    /// Starts the thread with a connection of its own.
    pub fn start(path: &Path) -> rusqlite::Result<Self> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(Duration::ZERO)?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "mmap_size", 0)?;
        let shared = Arc::<Shared>::default();
        let thread = std::thread::Builder::new().name("journal checkpoint".to_owned());
        let thread = thread.spawn({
            let shared = Arc::clone(&shared);
            move || run(&connection, &shared)
        });
        // without a thread the writer does it all: slower at times, nothing worse
        let thread = thread.inspect_err(|error| tracing::warn!("no thread for journal checkpoints: {error}")).ok();
        Ok(Self { shared, thread, gathered: 0 })
    }

    /// Counts what a commit wrote; asks for a checkpoint when enough has come together.
    ///
    /// # Errors
    /// What made an earlier checkpoint fail: the file can't be trusted to be written any more.
    pub fn wrote(&mut self, records: usize, bytes: usize) -> rusqlite::Result<()> {
        self.gathered += records * OVERHEAD + bytes;
        if self.gathered >= EVERY {
            self.gathered = 0;
            let mut state = self.shared.lock();
            if let Some(failure) = state.failure.take() {
                return Err(failure);
            }
            state.wanted = true;
            self.shared.wake.notify_one();
        }
        Ok(())
    }
}

impl Drop for Checkpointer {
    fn drop(&mut self) {
        self.shared.lock().closing = true;
        self.shared.wake.notify_one();
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the journal's checkpoint thread ended by a fault of the program");
        }
    }
}

fn run(connection: &Connection, shared: &Shared) {
    loop {
        {
            let mut state = shared.lock();
            while !state.wanted && !state.closing {
                state = shared.wake.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
            if state.closing {
                return;
            }
            state.wanted = false;
        }
        match connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(())) {
            Ok(()) => {}
            Err(error) if passes(&error) => tracing::debug!("journal checkpoint put off: {error}"),
            Err(error) => shared.lock().failure = Some(error),
        }
    }
}

/// Whether the log may simply be moved later: another one is at it, or the file can't grow now.
fn passes(error: &rusqlite::Error) -> bool {
    let code = error.sqlite_error_code();
    matches!(code, Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::DiskFull))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn enough_writing_moves_the_log_into_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("j");
        let writer = Connection::open(&path).unwrap();
        writer.pragma_update(None, "journal_mode", "WAL").unwrap();
        writer.pragma_update(None, "wal_autocheckpoint", 0).unwrap();
        writer.execute_batch("CREATE TABLE t(x); INSERT INTO t VALUES (zeroblob(1000000))").unwrap();
        let size = || path.metadata().unwrap().len();
        let mut checkpointer = Checkpointer::start(&path).unwrap();
        checkpointer.wrote(1, 1000).unwrap();
        assert!(size() < 1_000_000);
        let start = std::time::Instant::now();
        while size() < 1_000_000 {
            assert!(start.elapsed() < Duration::from_secs(60), "never moved");
            checkpointer.wrote(1, EVERY).unwrap();
            std::thread::yield_now();
        }
    }

    #[test]
    fn a_failed_checkpoint_ends_the_writing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("j");
        Connection::open(&path).unwrap().execute_batch("CREATE TABLE t(x)").unwrap();
        let mut checkpointer = Checkpointer::start(&path).unwrap();
        let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_IOERR_FSYNC);
        checkpointer.shared.lock().failure = Some(rusqlite::Error::SqliteFailure(code, None));
        assert!(checkpointer.wrote(1, EVERY).is_err());
        let full = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_FULL);
        assert!(passes(&rusqlite::Error::SqliteFailure(full, None)));
        assert!(!passes(&rusqlite::Error::SqliteFailure(code, None)));
    }
}
