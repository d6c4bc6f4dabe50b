//! A program in a pseudo-terminal that a terminal emulator reads, frame by frame.

#![allow(clippy::indexing_slicing, dead_code, reason = "a bench fails by panicking, and takes what it needs")]

use std::io::{Read, Write};
use std::num::NonZero;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

use crate::tools::Outcome;

/// How long a screen is waited for.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// A program in a terminal, whose output is read at a rate.
pub struct Terminal {
    child: Box<dyn Child + Send + Sync>,
    _master: Box<dyn MasterPty + Send>,
    keyboard: Box<dyn Write + Send>,
    arrived: Receiver<(Instant, Vec<u8>)>,
    emulator: vt100::Parser,
    total: usize,
    /// Bytes of the frame that is being read, and of the last that was whole.
    frame: usize,
    whole: usize,
    last: [u8; 8],
    /// When it was started.
    pub begun: Instant,
}

impl Terminal {
    /// Starts a program at this size; its output is read at `rate` bytes a second where one is given.
    pub fn start(mut command: CommandBuilder, (columns, rows): (u16, u16), rate: Option<u32>) -> Outcome<Self> {
        let pair = native_pty_system().openpty(PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 })?;
        command.env("TERM", "xterm-256color");
        command.env("LANG", "C.UTF-8");
        let mut reader = pair.master.try_clone_reader()?;
        let keyboard = pair.master.take_writer()?;
        let (chunks, arrived) = mpsc::channel();
        std::thread::spawn(move || {
            let mut chunk = [0; 4096];
            let most = if rate.is_some() { 100 } else { chunk.len() };
            let mut free_at = Instant::now();
            while let Ok(n @ 1..) = reader.read(&mut chunk[..most]) {
                let mut at = Instant::now();
                if let Some(rate) = rate {
                    free_at = free_at.max(at) + Duration::from_secs_f64(n as f64 / f64::from(rate));
                    std::thread::sleep(free_at.saturating_duration_since(at));
                    at = free_at;
                }
                if chunks.send((at, chunk[..n].to_vec())).is_err() {
                    return;
                }
            }
        });
        let begun = Instant::now();
        let child = pair.slave.spawn_command(command)?;
        let (Some(rows), Some(columns)) = (NonZero::new(rows), NonZero::new(columns)) else {
            return Err("size".into());
        };
        let emulator = vt100::Parser::new(rows, columns, 0);
        let (total, frame, whole) = (0, 0, 0);
        Ok(Self { child, _master: pair.master, keyboard, arrived, emulator, total, frame, whole, last: [0; 8], begun })
    }

    /// Presses keys; when that was.
    pub fn press(&mut self, keys: &str) -> Outcome<Instant> {
        let now = Instant::now();
        self.keyboard.write_all(keys.as_bytes())?;
        self.keyboard.flush()?;
        Ok(now)
    }

    /// What the screen shows.
    pub fn text(&self) -> String {
        self.emulator.screen().contents()
    }

    /// Reads on until the screen is as wanted at the end of a frame; when that was, and the frame's bytes.
    pub fn until(&mut self, what: &str, wanted: impl Fn(&str) -> bool) -> Outcome<(Instant, usize)> {
        let end = Instant::now() + PATIENCE;
        loop {
            match self.arrived.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok((at, bytes)) => {
                    if self.take(&bytes) && wanted(&self.text()) {
                        return Ok((at, self.whole));
                    }
                }
                Err(_) => return Err(format!("waited for {what}:\n{}", self.text()).into()),
            }
        }
    }

    /// Whether a frame ended in these bytes.
    fn take(&mut self, bytes: &[u8]) -> bool {
        const END: &[u8] = b"\x1b[?2026l";
        self.total += bytes.len();
        self.emulator.process(bytes);
        let mut ended = false;
        for byte in bytes {
            self.frame += 1;
            self.last.rotate_left(1);
            self.last[END.len() - 1] = *byte;
            if self.last == END {
                (self.whole, self.frame, ended) = (self.frame, 0, true);
            }
        }
        ended
    }

    /// Reads for a while; the bytes that came.
    pub fn rest(&mut self, span: Duration) -> usize {
        let (end, before) = (Instant::now() + span, self.total);
        loop {
            match self.arrived.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok((_, bytes)) => drop(self.take(&bytes)),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return self.total - before,
            }
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
