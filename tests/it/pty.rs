//! A program in a pseudo-terminal, as a person would use it: keys in, a screen out.
//!
//! A reader thread feeds what the program writes to a terminal emulator and answers the questions a terminal must
//! answer. Tests wait for a screen by predicate; where it does not come, the failure shows the last screen.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;
use portable_pty::{Child, CommandBuilder, ExitStatus, MasterPty, PtySize, native_pty_system};

/// Longer than anything here takes; only a failing test waits for it.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// A program to be started in a terminal, with an environment of its own: nothing of the developer's leaks in.
pub struct Program {
    command: CommandBuilder,
    line: Option<u32>,
}

impl Program {
    pub fn new(path: impl AsRef<OsStr>) -> Self {
        let mut command = CommandBuilder::new(path);
        command.env_clear();
        for (name, value) in [("TERM", "xterm-256color"), ("LANG", "C.UTF-8"), ("TZ", "UTC"), ("PS1", "shell> ")] {
            command.env(name, value);
        }
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        // Else the default one is looked for, and notices of tests would come up on the developer's desktop.
        command.env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent");
        Self { command, line: None }
    }

    /// The program under test, with all that it keeps below `home`.
    pub fn watchfloor(home: &Path) -> Self {
        Self::new(env!("CARGO_BIN_EXE_watchfloor")).at(home)
    }

    /// An interactive shell with job control, for what only a shell can show.
    pub fn shell(home: &Path) -> Self {
        Self::new("/bin/sh").arg("-i").at(home)
    }

    fn at(self, home: &Path) -> Self {
        let mut program = self.env("HOME", home).env("WATCHFLOOR_HOME", home.join("watchfloor"));
        program.command.cwd(home);
        program
    }

    pub fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.command.arg(argument);
        self
    }

    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Behind a line of so many bytes a second, which hands them on in pieces that keep no sequence whole.
    pub fn behind_a_line_of(mut self, rate: u32) -> Self {
        self.line = Some(rate);
        self
    }

    /// Starts it in a terminal of that size.
    pub fn start(self, width: u16, height: u16) -> Terminal {
        let pty = native_pty_system().openpty(size(width, height)).unwrap();
        let modes = modes(&*pty.master);
        let child = pty.slave.spawn_command(self.command).unwrap();
        drop(pty.slave);
        let view = Arc::new(View::new(width, height));
        let keyboard = Arc::new(Mutex::new(pty.master.take_writer().unwrap()));
        let mut output = pty.master.try_clone_reader().unwrap();
        let line = self.line;
        let reader = {
            let (view, keyboard) = (Arc::clone(&view), Arc::clone(&keyboard));
            std::thread::spawn(move || {
                let mut bytes = [0; 16 * 1024];
                // Linux ends a terminal that nobody holds open with an error.
                let piece = if line.is_some() { 37 } else { bytes.len() };
                while let Ok(length @ 1..) = output.read(&mut bytes[..piece]) {
                    if let Some(rate) = line {
                        std::thread::sleep(Duration::from_secs_f64(length as f64 / f64::from(rate)));
                    }
                    for answer in view.take_in(&bytes[..length]) {
                        let _ = keyboard.lock().unwrap().write_all(&answer);
                    }
                }
                view.end();
            })
        };
        Terminal { master: pty.master, child, view, keyboard, reader: Some(reader), modes, left: None }
    }
}

/// A running program and its terminal. Dropped, it takes the program down.
pub struct Terminal {
    master: Box<dyn MasterPty + Send>,
    child: Box<dyn Child + Send + Sync>,
    view: Arc<View>,
    keyboard: Arc<Mutex<Box<dyn Write + Send>>>,
    reader: Option<JoinHandle<()>>,
    /// The line discipline before the program touched it.
    modes: String,
    left: Option<ExitStatus>,
}

impl Terminal {
    /// Waits until the screen is as `reached` says, and returns its text.
    #[track_caller]
    pub fn wait_until(&self, what: &str, reached: impl Fn(&vt100::Screen) -> bool) -> String {
        let deadline = Instant::now() + PATIENCE;
        let mut seen = self.view.lock();
        loop {
            let screen = seen.parser.screen();
            if reached(screen) {
                return screen.contents();
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() || seen.ended {
                let why = if seen.ended { "the program ended" } else { "time is up" };
                panic!("{why} while waiting until {what}; the screen was\n{}", shown(screen));
            }
            seen = self.view.wait(seen, left);
        }
    }

    /// Looks at the screen as it is.
    pub fn read<T>(&self, look: impl Fn(&vt100::Screen) -> T) -> T {
        look(self.view.lock().parser.screen())
    }

    /// Waits until these bytes were written to the terminal, after the first `from` ones.
    #[track_caller]
    pub fn wait_written(&self, from: usize, bytes: &[u8]) {
        let deadline = Instant::now() + PATIENCE;
        let mut seen = self.view.lock();
        while !seen.written.get(from..).is_some_and(|new| new.windows(bytes.len()).any(|window| window == bytes)) {
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!left.is_zero() && !seen.ended, "{:?} was not written", String::from_utf8_lossy(bytes));
            seen = self.view.wait(seen, left);
        }
    }

    /// Waits until `text` stands somewhere on the screen.
    #[track_caller]
    pub fn wait_for(&self, text: &str) -> String {
        self.wait_until(&format!("the screen shows {text:?}"), |screen| screen.contents().contains(text))
    }

    /// Waits until `text` is nowhere on the screen.
    #[track_caller]
    pub fn wait_gone(&self, text: &str) -> String {
        self.wait_until(&format!("{text:?} is off the screen"), |screen| !screen.contents().contains(text))
    }

    /// Types keys, as the bytes a terminal sends for them.
    pub fn type_keys(&self, keys: &str) {
        let mut keyboard = self.keyboard.lock().unwrap();
        keyboard.write_all(keys.as_bytes()).unwrap();
        keyboard.flush().unwrap();
    }

    pub fn resize(&self, width: u16, height: u16) {
        self.view.lock().parser.screen_mut().set_size(whole(height), whole(width));
        self.master.resize(size(width, height)).unwrap();
    }

    pub fn signal(&self, signal: Signal) {
        kill(self.pid(), signal).unwrap();
    }

    pub fn pid(&self) -> Pid {
        Pid::from_raw(i32::try_from(self.child.process_id().unwrap()).unwrap())
    }

    /// Waits until the program has ended and all that it wrote has been read.
    #[track_caller]
    pub fn wait_exit(&mut self) -> ExitStatus {
        let deadline = Instant::now() + PATIENCE;
        let mut seen = self.view.lock();
        while !seen.ended {
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "the program did not end; the screen was\n{}", shown(seen.parser.screen()));
            seen = self.view.wait(seen, left);
        }
        drop(seen);
        let status = self.child.wait().unwrap();
        self.left = Some(status.clone());
        status
    }

    /// Fails unless `text` stands on the screen that a program left behind.
    #[track_caller]
    pub fn assert_left(&self, text: &str) {
        let seen = self.view.lock();
        let screen = seen.parser.screen();
        assert!(screen.contents().contains(text), "{text:?} is not on it:\n{}", shown(screen));
    }

    /// Everything the program has written so far, byte by byte.
    pub fn written(&self) -> Vec<u8> {
        self.view.lock().written.clone()
    }

    /// Fails unless the terminal is as it was before: main screen, cursor shown, no mode left on, lines edited by the
    /// terminal and echoed.
    #[track_caller]
    pub fn assert_restored(&self) {
        let wrong = self.left_behind();
        assert!(
            wrong.is_empty(),
            "the terminal was not given back: {wrong:?}\n{}",
            shown(self.view.lock().parser.screen())
        );
    }

    /// What keeps the terminal from being as it was before.
    fn left_behind(&self) -> Vec<String> {
        let seen = self.view.lock();
        let screen = seen.parser.screen();
        let bytes = String::from_utf8_lossy(&seen.written);
        let mut wrong = Vec::new();
        if screen.alternate_screen() {
            wrong.push("the alternate screen is still on".to_owned());
        }
        if screen.hide_cursor() {
            wrong.push("the cursor is hidden".to_owned());
        }
        if screen.mouse_protocol_mode() != vt100::MouseProtocolMode::None {
            wrong.push("the mouse is still reported".to_owned());
        }
        for (mode, name) in [(2004, "bracketed paste"), (1004, "focus reports"), (2026, "synchronized output")] {
            let (on, off) = (format!("\x1b[?{mode}h"), format!("\x1b[?{mode}l"));
            if bytes.rfind(&on) > bytes.rfind(&off) {
                wrong.push(format!("{name} is still on"));
            }
        }
        let now = modes(&*self.master);
        if now != self.modes {
            wrong.push(format!("the line discipline is {now}, was {}", self.modes));
        }
        wrong
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        if self.left.is_none() {
            // The program leads a session and a group of its own.
            let _ = killpg(self.pid(), Signal::SIGKILL);
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
        if let Some(reader) = self.reader.take()
            && !std::thread::panicking()
        {
            let _ = reader.join();
        }
    }
}

/// What the terminal has seen.
struct View {
    seen: Mutex<Seen>,
    changed: Condvar,
}

struct Seen {
    parser: vt100::Parser,
    written: Vec<u8>,
    /// How many bytes of `written` have been searched for questions.
    answered: usize,
    ended: bool,
}

impl View {
    fn new(width: u16, height: u16) -> Self {
        let parser = vt100::Parser::new(whole(height), whole(width), 0);
        let seen = Seen { parser, written: Vec::new(), answered: 0, ended: false };
        Self { seen: Mutex::new(seen), changed: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn wait<'a>(&self, seen: MutexGuard<'a, Seen>, at_most: Duration) -> MutexGuard<'a, Seen> {
        self.changed.wait_timeout(seen, at_most).unwrap_or_else(std::sync::PoisonError::into_inner).0
    }

    /// Takes what the program wrote; returns what a terminal answers.
    fn take_in(&self, bytes: &[u8]) -> Vec<Vec<u8>> {
        let mut seen = self.lock();
        seen.parser.process(bytes);
        seen.written.extend_from_slice(bytes);
        let answers = seen.answers();
        self.changed.notify_all();
        answers
    }

    fn end(&self) {
        self.lock().ended = true;
        self.changed.notify_all();
    }
}

impl Seen {
    fn answers(&mut self) -> Vec<Vec<u8>> {
        let mut answers = Vec::new();
        loop {
            let Some(at) = find(&self.written[self.answered..], b"\x1b[") else {
                // The last byte may be the first half.
                self.answered = self.answered.max(self.written.len().saturating_sub(1));
                break;
            };
            let question = self.answered + at;
            let rest = &self.written[question..];
            if rest.starts_with(b"\x1b[6n") {
                let (row, column) = self.parser.screen().cursor_position();
                answers.push(format!("\x1b[{};{}R", row + 1, column + 1).into_bytes());
            } else if rest.starts_with(b"\x1b[c") || rest.starts_with(b"\x1b[0c") {
                answers.push(b"\x1b[?62;22c".to_vec());
            } else if rest.len() < 4 {
                // Cut off at the end of a read; the next one brings the rest.
                break;
            }
            self.answered = question + 2;
        }
        answers
    }
}

fn find(bytes: &[u8], part: &[u8]) -> Option<usize> {
    bytes.windows(part.len()).position(|window| window == part)
}

/// A screen as text with a frame, so that spaces and an empty screen can be seen.
pub fn shown(screen: &vt100::Screen) -> String {
    let (height, width) = screen.size();
    let mut text = format!("{width}x{height}, cursor at {:?}\n", screen.cursor_position());
    for row in screen.rows(0, width.get()) {
        let _ = writeln!(text, "|{row}");
    }
    text
}

fn whole(number: u16) -> NonZeroU16 {
    NonZeroU16::new(number).unwrap()
}

fn size(width: u16, height: u16) -> PtySize {
    PtySize { rows: height, cols: width, pixel_width: 0, pixel_height: 0 }
}

fn modes(master: &dyn MasterPty) -> String {
    let modes = master.get_termios().unwrap();
    format!("{:?} {:?} {:?} {:?}", modes.input_flags, modes.output_flags, modes.control_flags, modes.local_flags)
}

#[test]
fn the_terminal_answers_and_shows_what_a_program_writes() {
    let home = tempfile::tempdir().unwrap();
    let script = r#"was=$(stty -g); stty raw -echo; printf 'a\033[31mb\033[0m\r\n>\033[6n'; answer=$(head -c 6); stty "$was"
        printf 'got %s' "${answer#?}"; read line; printf '\033[?1049h\033[2Jfull'; read line; exit 7"#;
    let mut terminal = Program::new("/bin/sh").at(home.path()).arg("-c").arg(script).start(20, 5);
    terminal.wait_for("got [2;2R");
    terminal.wait_until("b is red", |screen| screen.cell(0, 1).unwrap().fgcolor() == vt100::Color::Idx(1));
    terminal.type_keys("\r");
    terminal.wait_for("full");
    assert_eq!(terminal.left_behind(), ["the alternate screen is still on"]);
    terminal.type_keys("\r");
    assert_eq!(terminal.wait_exit().exit_code(), 7);
}
