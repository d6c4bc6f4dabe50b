//! Taking the terminal and giving it back. However the program ends, [`restore`] is what runs: from `Drop`, from the
//! panic hook, on a signal, before a stop. It may be called any number of times.

use std::io::{self, Write};
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, TryLockError};
use std::time::{Duration, Instant};

use crossterm::terminal::{disable_raw_mode, enable_raw_mode};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, kill};
use nix::sys::termios::{FlushArg, SetArg, tcflush, tcgetattr, tcsetattr};
use nix::unistd::{Pid, getpgrp, getsid};

/// Alternate screen, cursor hidden, bracketed paste, focus reports.
const ENTER: &[u8] = b"\x1b[?1049h\x1b[?25l\x1b[?2004h\x1b[?1004h";
/// All of it undone, the last first. CAN ends an escape sequence that was cut off in its middle.
const LEAVE: &[u8] = b"\x18\x1b[?2026l\x1b[m\x1b[r\x1b[?1004l\x1b[?2004l\x1b[?25h\x1b[?1049l";
/// How long giving the terminal back may wait for one that takes no more bytes.
const PATIENCE: Duration = Duration::from_millis(300);

static TAKEN: AtomicBool = AtomicBool::new(false);
/// Held while bytes are being written, so that what restores the terminal does not land inside a frame.
static WRITING: Mutex<()> = Mutex::new(());
/// Held while the line's modes are set, so that none are set after they were given back.
static SETTING: Mutex<()> = Mutex::new(());

/// Takes the terminal: raw mode and the modes of a full screen.
///
/// # Errors
/// What the terminal answered; it is then left as it was.
pub(super) fn take() -> io::Result<()> {
    // after a stop by someone else the shell may have changed the modes behind our back; begin from its own
    disable_raw_mode()?;
    enable_raw_mode()?;
    TAKEN.store(true, Ordering::SeqCst);
    write_all(ENTER).inspect_err(|_| restore())
}

/// Whether the terminal is ours at the moment.
#[must_use]
pub fn is_taken() -> bool {
    TAKEN.load(Ordering::SeqCst)
}

/// Gives the terminal back: all modes undone, cooked mode, the screen from before. Idempotent; never waits longer than
/// about half a second, even for a terminal that takes no bytes.
pub fn restore() {
    if !TAKEN.swap(false, Ordering::SeqCst) {
        return;
    }
    // No thread of its own: a panic for want of memory must get here too.
    let writing = lock_within(PATIENCE / 3);
    if writing.is_none() || !takes_bytes(PATIENCE / 3) {
        // the writer is stuck: what it has queued is worth less than the terminal
        let _ = tcflush(io::stdout().as_fd(), FlushArg::TCOFLUSH);
    }
    if takes_bytes(PATIENCE / 3) {
        let _ = write_unlocked(LEAVE);
    }
    let _setting = SETTING.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let _ = disable_raw_mode();
}

/// Makes the system say once more that keys wait, if some do. The library that reads the terminal is told of keys and of
/// signals by one wait, and of each only once; where a new size comes with keys, it goes on with the size and would read
/// the keys when the next one comes.
pub(super) fn tell_of_keys_again() {
    let _setting = SETTING.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if !is_taken() {
        return;
    }
    // Setting a terminal's modes, to whatever, wakes all who wait for it.
    let stdin = io::stdin();
    if let Ok(modes) = tcgetattr(stdin.as_fd()) {
        let _ = tcsetattr(stdin.as_fd(), SetArg::TCSANOW, &modes);
    }
}

/// Makes a panic on any thread give the terminal back before it is reported. Call once, before the terminal is taken.
pub fn install_panic_hook() {
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        restore();
        report(panic);
    }));
}

/// Whether a shell stands by to wake this program after a stop.
pub(super) fn can_stop() -> bool {
    // without job control the group belongs to the session's leader itself, and a stop would be for ever
    getsid(None).is_ok_and(|session| session != getpgrp())
}

/// Stops this program's process group, as the shell's own Ctrl-Z would.
pub(super) fn stop() {
    let _ = kill(Pid::from_raw(0), Signal::SIGSTOP);
}

/// The terminal as a place to write to. Nothing is written while the terminal is not ours.
#[derive(Debug)]
pub(super) struct Tty;

impl Write for Tty {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_all(bytes).map(|()| bytes.len())
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        write_all(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn write_all(bytes: &[u8]) -> io::Result<()> {
    let _writing = WRITING.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if !is_taken() {
        return Err(io::Error::new(io::ErrorKind::BrokenPipe, "the terminal was given back"));
    }
    write_unlocked(bytes)
}

/// Writes past the standard library's buffer, which would cut a frame into pieces.
fn write_unlocked(mut bytes: &[u8]) -> io::Result<()> {
    let stdout = io::stdout();
    while !bytes.is_empty() {
        match nix::unistd::write(stdout.as_fd(), bytes) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => bytes = bytes.get(written..).unwrap_or_default(),
            Err(nix::Error::EINTR) => {}
            // someone who shares the terminal made it non-blocking
            Err(nix::Error::EAGAIN) => std::thread::sleep(Duration::from_millis(1)),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Whether a write of a few bytes would not wait, now or within a time.
fn takes_bytes(patience: Duration) -> bool {
    let deadline = Instant::now() + patience;
    let stdout = io::stdout();
    let mut asked = [PollFd::new(stdout.as_fd(), PollFlags::POLLOUT)];
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        match poll(&mut asked, PollTimeout::try_from(left).unwrap_or(PollTimeout::ZERO)) {
            Ok(ready) => return ready > 0,
            Err(nix::Error::EINTR) if !left.is_zero() => {}
            Err(_) => return false,
        }
    }
}

fn lock_within(patience: Duration) -> Option<MutexGuard<'static, ()>> {
    let deadline = Instant::now() + patience;
    loop {
        match WRITING.try_lock() {
            Ok(guard) => return Some(guard),
            Err(TryLockError::Poisoned(poisoned)) => return Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) if Instant::now() >= deadline => return None,
            Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(2)),
        }
    }
}
