//! The terminal: the only place where the console reads or writes it.
//!
//! A frame is painted into a buffer, compared with what the terminal shows, and what differs goes out as one write from
//! a thread of its own. Colours are written by our own encoder: crossterm's would answer `NO_COLOR` with resets that
//! cancel reverse and bold.

mod colour;
mod drain;
mod encode;
mod events;
mod line_writer;
mod modes;
mod output;
mod pace;
mod pen;
mod rate;
mod screen;
mod scroll;
mod signals;
mod torn;

use std::io::{self, IsTerminal};
use std::time::Instant;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

pub use colour::{Ability, ColourChoice, ColourDepth, refusal};
pub use events::Events;
pub use line_writer::{LineEnd, LineWriter};
pub use modes::{install_panic_hook, is_taken, restore};
pub use pace::{Cause, FRAME_MIN, PASSIVE_MIN, Pace};
pub use rate::{ByteRate, RATE_WINDOW, rate_text};
pub use screen::Screen;
pub use signals::{Signal, Signals};

use crate::console::input::FrameStamp;
use output::Output;

/// Why the console can't have the terminal.
#[derive(Debug, thiserror::Error)]
pub enum TerminalError {
    /// Standard input or output is something else, or it can't place text.
    #[error("{0}")]
    Unsuitable(String),
    /// The terminal did not answer as one.
    #[error("can't use the terminal: {0}; use `watchfloor status` or `watchfloor alerts`")]
    Io(#[from] io::Error),
}

/// The terminal, taken; given back when dropped.
#[derive(Debug)]
pub struct Terminal {
    screen: Screen,
    output: Output,
    pace: Pace,
    rate: ByteRate,
    stamp: FrameStamp,
    /// Bytes that go out before the next frame: a bell, a copy.
    aside: Vec<u8>,
    /// tmux stands between: it keeps such bytes for itself unless they are wrapped.
    in_tmux: bool,
}

/// What became of a call to draw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drawn {
    /// The screen looks as before; nothing was sent.
    Unchanged,
    /// A frame of this many bytes is on its way.
    Sent(usize),
    /// The last frame is still on its way: ask again when it is flushed.
    Busy,
}

/// How many columns the terminal has, for whoever prints lines and paints no screen.
#[must_use]
pub fn columns() -> Option<usize> {
    crossterm::terminal::size().ok().map(|(columns, _)| columns.into())
}

impl Terminal {
    /// Takes the terminal of this process.
    ///
    /// # Errors
    /// A sentence with a way out, where there is no terminal or it can't place text.
    pub fn open() -> Result<Self, TerminalError> {
        if !io::stdout().is_terminal() || !io::stdin().is_terminal() {
            let sentence = "the console needs a terminal as its input and output; without one use `watchfloor \
                            console --plain`, `watchfloor status` or `watchfloor alerts`";
            return Err(TerminalError::Unsuitable(sentence.to_owned()));
        }
        if let Some(sentence) = refusal(|name| std::env::var(name).ok()) {
            return Err(TerminalError::Unsuitable(sentence));
        }
        let (width, height) = crossterm::terminal::size()?;
        let output = Output::start(modes::Tty)?;
        modes::take()?;
        let in_tmux = std::env::var_os("TMUX").is_some_and(|socket| !socket.is_empty());
        let mut terminal = Self::with(output, width, height);
        terminal.in_tmux = in_tmux;
        Ok(terminal)
    }

    /// A terminal that writes elsewhere and takes nothing, for tests and measurements.
    ///
    /// # Errors
    /// If the writer's thread can't be started.
    pub fn writing_to(to: impl io::Write + Send + 'static, width: u16, height: u16) -> io::Result<Self> {
        Ok(Self::with(Output::start(to)?, width, height))
    }

    fn with(output: Output, width: u16, height: u16) -> Self {
        Self {
            screen: Screen::new(width, height),
            output,
            pace: Pace::default(),
            rate: ByteRate::default(),
            stamp: FrameStamp::default(),
            aside: Vec::new(),
            in_tmux: false,
        }
    }

    /// The whole screen.
    #[must_use]
    pub const fn area(&self) -> Rect {
        self.screen.area()
    }

    /// What the last frame showed.
    #[must_use]
    pub const fn shown(&self) -> &Buffer {
        self.screen.shown()
    }

    /// Takes over a new size; the next frame repaints all of it.
    pub fn resize(&mut self, width: u16, height: u16) {
        if self.area().width != width || self.area().height != height {
            self.screen.resize(width, height);
        }
        self.pace.want(Cause::Person);
    }

    /// Asks the terminal for its size and takes it over.
    pub fn follow_size(&mut self) {
        if let Ok((width, height)) = crossterm::terminal::size() {
            self.resize(width, height);
        }
    }

    /// Asks for a full repaint, where something else may have written on the screen.
    pub fn repaint(&mut self) {
        self.screen.forget();
        self.pace.want(Cause::Person);
    }

    /// Asks for a frame.
    pub fn want_frame(&mut self, cause: Cause) {
        self.pace.want(cause);
    }

    /// When to call [`Terminal::draw`]; `None` while no frame is asked for or the last one is still on its way.
    #[must_use]
    pub fn next_frame_at(&self, now: Instant) -> Option<Instant> {
        if self.output.is_busy() { None } else { self.pace.next_frame_at(now) }
    }

    /// Paints a frame and sends what changed. `paint` gets the whole screen, empty.
    ///
    /// # Errors
    /// The terminal is gone or was given back: end the program.
    pub fn draw(&mut self, now: Instant, paint: impl FnOnce(Rect, &mut Buffer)) -> io::Result<Drawn> {
        if self.output.is_busy() {
            return Ok(Drawn::Busy);
        }
        let mut frame = self.output.buffer();
        frame.append(&mut self.aside);
        self.screen.draw(&mut frame, paint);
        self.pace.painted(now);
        if frame.is_empty() {
            self.output.keep(frame);
            return Ok(Drawn::Unchanged);
        }
        let bytes = frame.len();
        self.output.send(frame)?;
        self.rate.add(bytes, now);
        self.stamp.submitted += 1;
        Ok(Drawn::Sent(bytes))
    }

    /// Waits until the frame on its way is out; pending for ever when none is. In a loop it stands behind the input, so
    /// that what was typed before a frame is also stamped as typed before it.
    ///
    /// # Errors
    /// The terminal is gone: end the program.
    pub async fn flushed(&mut self) -> io::Result<()> {
        let (bytes, took) = self.output.written().await?;
        self.pace.flushed(bytes, took, Instant::now());
        self.stamp.flushed = self.stamp.submitted;
        Ok(())
    }

    /// The frames that stand now, to stamp inputs with.
    #[must_use]
    pub const fn stamp(&self) -> FrameStamp {
        self.stamp
    }

    /// The bytes sent so far.
    #[must_use]
    pub const fn rate(&self) -> ByteRate {
        self.rate
    }

    /// Rings the terminal's bell.
    pub fn bell(&mut self) {
        self.aside.push(0x07);
        self.pace.want(Cause::Person);
    }

    /// Puts text on the clipboard of the person's own machine (OSC 52, which works through ssh where the terminal
    /// allows it). Text beyond 64 KiB is not copied, as terminals cut it; false then.
    pub fn copy(&mut self, text: &str) -> bool {
        if text.len() > 64 * 1024 {
            return false;
        }
        self.command(&format!("52;c;{}", STANDARD.encode(text)));
        true
    }

    /// Tells something where there is no desktop: the terminal's own notice (OSC 9), and the bell.
    pub fn tell(&mut self, title: &str, body: &str) {
        let text: String = format!("{title} - {body}").chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        self.command(&format!("9;{}", text.chars().take(200).collect::<String>()));
        self.bell();
    }

    /// An operating system command. tmux acts on it by its own settings, and hands the wrapped one on by `allow-passthrough`:
    /// either suffices.
    fn command(&mut self, command: &str) {
        self.aside.extend_from_slice(format!("\x1b]{command}\x1b\\").as_bytes());
        if self.in_tmux {
            self.aside.extend_from_slice(format!("\x1bPtmux;\x1b\x1b]{command}\x07\x1b\\").as_bytes());
        }
        self.pace.want(Cause::Person);
    }

    /// Gives the terminal back and stops the program, as Ctrl-Z does. False, and nothing happens, where no shell stands
    /// by to wake it. After a stop [`Signal::Continue`] follows; then [`Terminal::resume`] takes the terminal again.
    /// [`Events`] must have been dropped before.
    pub fn stop(&mut self) -> bool {
        let can_stop = modes::can_stop();
        if can_stop {
            restore();
            modes::stop();
        }
        can_stop
    }

    /// Takes the terminal again after a stop, whoever caused it, and asks for a full repaint.
    ///
    /// # Errors
    /// The terminal is gone: end the program.
    pub fn resume(&mut self) -> io::Result<()> {
        modes::take()?;
        if let Ok((width, height)) = crossterm::terminal::size() {
            self.resize(width, height);
        }
        self.repaint();
        Ok(())
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        restore();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::text::put;
    use ratatui::style::Style;
    use std::time::Duration;

    fn paint(text: &'static str) -> impl FnOnce(Rect, &mut Buffer) {
        move |area, buf| {
            put(buf, 0, 0, area.width, text, Style::new());
        }
    }

    #[tokio::test]
    async fn frames_are_counted_when_sent_and_when_they_arrive() {
        let now = Instant::now();
        let mut terminal = Terminal::writing_to(io::sink(), 20, 3).unwrap();
        terminal.want_frame(Cause::Person);
        assert!(terminal.next_frame_at(now).unwrap() <= now);
        assert!(matches!(terminal.draw(now, paint("one")).unwrap(), Drawn::Sent(_)));
        assert_eq!(terminal.stamp(), FrameStamp { submitted: 1, flushed: 0 });
        terminal.want_frame(Cause::Person);
        assert_eq!(terminal.next_frame_at(now), None, "not before the first is out");
        assert_eq!(terminal.draw(now, paint("two")).unwrap(), Drawn::Busy);
        terminal.flushed().await.unwrap();
        assert_eq!(terminal.stamp(), FrameStamp { submitted: 1, flushed: 1 });
        assert_eq!(terminal.draw(now, paint("one")).unwrap(), Drawn::Unchanged);
        assert_eq!(terminal.stamp().submitted, 1);
        assert!(terminal.rate().total() > 0);
    }

    #[tokio::test]
    async fn a_copy_goes_out_although_the_screen_looks_as_before() {
        let now = Instant::now();
        let mut terminal = Terminal::writing_to(io::sink(), 20, 3).unwrap();
        terminal.draw(now, paint("one")).unwrap();
        terminal.flushed().await.unwrap();
        assert!(terminal.copy("web01"));
        assert!(terminal.next_frame_at(now + Duration::from_secs(1)).is_some());
        let expected = "\x1b]52;c;d2ViMDE=\x1b\\".len();
        assert_eq!(terminal.draw(now, paint("one")).unwrap(), Drawn::Sent(expected));
        assert!(!terminal.copy(&"x".repeat(100_000)));
    }
}
