//! The signals a console answers.

use std::io;

use tokio::signal::unix::{Signal as Stream, SignalKind, signal};

/// What another process or the kernel asks of the console.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// End (SIGTERM, SIGINT from outside).
    Terminate,
    /// The terminal is gone (SIGHUP).
    Hangup,
    /// Stop (SIGTSTP from outside; Ctrl-Z is a key in raw mode).
    Stop,
    /// Go on after a stop (SIGCONT).
    Continue,
    /// Read the theme and the key map again (SIGUSR1).
    Reload,
    /// The terminal has another size (SIGWINCH). The reader of keys tells of it too, but loses the news where keys
    /// arrive at the same moment.
    Resized,
}

/// The signals, caught from the moment this is made.
#[derive(Debug)]
pub struct Signals {
    terminate: Stream,
    interrupt: Stream,
    hangup: Stream,
    stop: Stream,
    go_on: Stream,
    reload: Stream,
    resized: Stream,
}

impl Signals {
    /// Begins to catch them.
    ///
    /// # Errors
    /// What the operating system answered.
    pub fn catch() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
            stop: signal(SignalKind::from_raw(nix::sys::signal::Signal::SIGTSTP as i32))?,
            go_on: signal(SignalKind::from_raw(nix::sys::signal::Signal::SIGCONT as i32))?,
            reload: signal(SignalKind::user_defined1())?,
            resized: signal(SignalKind::window_change())?,
        })
    }

    /// Waits for the next one. Cancelling the wait loses nothing.
    pub async fn next(&mut self) -> Signal {
        tokio::select! {
            biased;
            _ = self.terminate.recv() => Signal::Terminate,
            _ = self.interrupt.recv() => Signal::Terminate,
            _ = self.hangup.recv() => Signal::Hangup,
            _ = self.stop.recv() => Signal::Stop,
            _ = self.go_on.recv() => Signal::Continue,
            _ = self.reload.recv() => Signal::Reload,
            _ = self.resized.recv() => Signal::Resized,
        }
    }
}
