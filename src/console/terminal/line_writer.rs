//! Standard output as lines that are only ever added to: nothing is taken, placed or painted.

use std::io::{self, ErrorKind, Write};
use std::os::fd::AsFd;
use std::thread;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use tokio::sync::{mpsc, oneshot};

/// Writes lines from a thread of its own, so that a reader that stands still holds up nothing else.
#[derive(Debug)]
pub struct LineWriter {
    lines: mpsc::Sender<String>,
}

/// Tells when nothing can be written any more.
#[derive(Debug)]
pub struct LineEnd {
    done: oneshot::Receiver<io::Result<()>>,
    gone: mpsc::Receiver<()>,
}

impl LineWriter {
    /// Takes standard output.
    ///
    /// # Errors
    /// No thread can be started.
    pub fn start() -> io::Result<(Self, LineEnd)> {
        let (lines, waiting) = mpsc::channel(1);
        let (tell, done) = oneshot::channel();
        let (reader, gone) = mpsc::channel(1);
        thread::Builder::new().name("lines".to_owned()).spawn(move || {
            // Nobody listens any more when this fails.
            let _ = tell.send(write(waiting));
        })?;
        thread::Builder::new().name("reader".to_owned()).spawn(move || {
            wait_for_end();
            let _ = reader.blocking_send(());
        })?;
        Ok((Self { lines }, LineEnd { done, gone }))
    }

    /// Waits until there is room for lines. Safe to be dropped.
    pub async fn ready(&self) {
        // An error ends the writer, which `LineEnd` tells.
        drop(self.lines.reserve().await);
    }

    /// Hands lines over; what there is no room for is lost, so wait for [`LineWriter::ready`] before.
    pub fn write(&self, lines: &[String]) {
        if !lines.is_empty() {
            drop(self.lines.try_send(lines.join("\n") + "\n"));
        }
    }

    /// Writes the last lines and waits until they are out.
    pub async fn finish(self, lines: &[String], mut end: LineEnd) {
        self.ready().await;
        self.write(lines);
        drop(self);
        let _ = (&mut end.done).await;
    }
}

impl LineEnd {
    /// Waits until nothing can be written any more: success where the reader went away, as `head` does.
    ///
    /// # Errors
    /// What the operating system answered.
    pub async fn wait(&mut self) -> io::Result<()> {
        tokio::select! {
            done = &mut self.done => match done {
                Ok(Err(error)) if error.kind() != ErrorKind::BrokenPipe => Err(error),
                _ => Ok(()),
            },
            _ = self.gone.recv() => Ok(()),
        }
    }
}

fn write(mut waiting: mpsc::Receiver<String>) -> io::Result<()> {
    let mut out = io::stdout();
    while let Some(lines) = waiting.blocking_recv() {
        out.write_all(lines.as_bytes())?;
        out.flush()?;
    }
    Ok(())
}

/// Returns when the reader of a pipe or a terminal is gone; a quiet fleet writes nothing by which it would show.
fn wait_for_end() {
    let out = io::stdout();
    loop {
        let mut fds = [PollFd::new(out.as_fd(), PollFlags::empty())];
        match poll(&mut fds, PollTimeout::NONE) {
            Ok(_) if fds.iter().any(|fd| fd.any().unwrap_or(true)) => return,
            Ok(_) | Err(Errno::EINTR) => {}
            // Without it a write still shows it.
            Err(_) => loop {
                thread::park();
            },
        }
    }
}
