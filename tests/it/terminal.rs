//! The terminal is always given back: a child process takes a pseudo-terminal, and an emulator shows what a person
//! would see.

use std::io::{Read, Write};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use watchfloor::console::input::{Input, Key};
use watchfloor::console::terminal::{Cause, Events, Signal, Signals, Terminal, install_panic_hook};
use watchfloor::console::text::put;

const ROLE: &str = "WATCHFLOOR_TEST_TERMINAL_CHILD";
const PATIENCE: Duration = Duration::from_secs(20);

/// Not a test of its own: what the tests below run in a pseudo-terminal. Without their variable it does nothing.
#[test]
fn child() {
    if std::env::var(ROLE).is_ok() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(run());
    }
}

async fn run() {
    install_panic_hook();
    let mut signals = Signals::catch().unwrap();
    let mut terminal = Terminal::open().unwrap();
    let mut events = Some(Events::start());
    let mut presses = 0;
    terminal.want_frame(Cause::Person);
    loop {
        let due = terminal.next_frame_at(Instant::now());
        let deadline = tokio::time::Instant::from_std(due.unwrap_or_else(Instant::now));
        let batch = async {
            match &mut events {
                Some(events) => events.next_batch().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            signal = signals.next() => match signal {
                Signal::Terminate | Signal::Hangup => return,
                Signal::Stop => stop(&mut terminal, &mut events),
                Signal::Continue => {
                    terminal.resume().unwrap();
                    events = Some(Events::start());
                }
                Signal::Reload => {}
                Signal::Resized => terminal.follow_size(),
            },
            inputs = batch => for input in inputs {
                match input {
                    Input::Key { key, .. } if key == Key::char('q') => return,
                    Input::Key { key, .. } if key == Key::char('p') => panic!("as asked"),
                    Input::Key { key, .. } if key == Key::ctrl('z') => stop(&mut terminal, &mut events),
                    Input::Key { count, .. } => {
                        presses += count;
                        terminal.want_frame(Cause::Person);
                    }
                    Input::Resize { width, height } => terminal.resize(width, height),
                    Input::Closed(_) => return,
                    _ => {}
                }
            },
            flushed = terminal.flushed() => flushed.unwrap(),
            () = tokio::time::sleep_until(deadline), if due.is_some() => {
                terminal.draw(Instant::now(), |area, buf| {
                    let text = format!("{} x {}, {presses} presses", area.width, area.height);
                    put(buf, 0, 0, area.width, &text, ratatui::style::Style::new());
                }).unwrap();
            }
        }
    }
}

fn stop(terminal: &mut Terminal, events: &mut Option<Events>) {
    *events = None;
    if !terminal.stop() {
        *events = Some(Events::start());
    }
}

/// A program in a pseudo-terminal, with an emulator that shows its screen.
struct Seat {
    master: Box<dyn MasterPty + Send>,
    child: Box<dyn Child + Send + Sync>,
    keys: Box<dyn Write + Send>,
    screen: Arc<Mutex<(vt100::Parser, Vec<u8>)>>,
}

impl Seat {
    fn new(program: &[&str], variables: &[(&str, &str)]) -> Self {
        let size = PtySize { rows: 24, cols: 80, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).unwrap();
        let mut command = CommandBuilder::new(program[0]);
        command.args(&program[1..]);
        command.env("TERM", "xterm");
        command.env(ROLE, "1");
        command.env("RUST_BACKTRACE", "0");
        for (name, value) in variables {
            command.env(name, value);
        }
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let rows_cols = (std::num::NonZeroU16::new(24).unwrap(), std::num::NonZeroU16::new(80).unwrap());
        let screen = Arc::new(Mutex::new((vt100::Parser::new(rows_cols.0, rows_cols.1, 0), Vec::new())));
        let (mut reader, shown) = (pair.master.try_clone_reader().unwrap(), Arc::clone(&screen));
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(read @ 1..) = reader.read(&mut bytes) {
                let mut shown = shown.lock().unwrap();
                shown.0.process(&bytes[..read]);
                shown.1.extend_from_slice(&bytes[..read]);
            }
        });
        let keys = pair.master.take_writer().unwrap();
        Self { master: pair.master, child, keys, screen }
    }

    /// This test binary, doing what [`run`] does.
    fn of_child() -> Self {
        let program = std::env::current_exe().unwrap();
        Self::new(&[program.to_str().unwrap(), "--exact", "terminal::child", "--nocapture"], &[])
    }

    fn wait(&self, what: &str, until: impl Fn(&vt100::Screen, &[u8]) -> bool) {
        let start = Instant::now();
        loop {
            let shown = self.screen.lock().unwrap();
            if until(shown.0.screen(), &shown.1) {
                return;
            }
            assert!(
                start.elapsed() < PATIENCE,
                "waited in vain for {what}; the screen:\n{}\nall bytes:\n{}",
                shown.0.screen().contents(),
                String::from_utf8_lossy(&shown.1).escape_debug()
            );
            drop(shown);
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn press(&mut self, keys: &[u8]) {
        self.keys.write_all(keys).unwrap();
        self.keys.flush().unwrap();
    }

    fn wait_for_full_screen(&self, text: &str) {
        self.wait(text, |screen, _| {
            screen.alternate_screen()
                && screen.hide_cursor()
                && screen.bracketed_paste()
                && screen.contents().contains(text)
        });
    }

    fn wait_for_terminal_given_back(&self) {
        self.wait("the terminal to be given back", |screen, bytes| {
            let focus = |on: &[u8]| bytes.windows(on.len()).rposition(|window| window == on);
            !screen.alternate_screen()
                && !screen.hide_cursor()
                && !screen.bracketed_paste()
                && focus(b"\x1b[?1004l") > focus(b"\x1b[?1004h")
        });
    }

    /// Whether the terminal echoes what is typed, as it does in its own mode.
    fn echoes(&self) -> bool {
        let settings = self.master.get_termios().unwrap();
        settings.local_flags.bits() & nix::sys::termios::LocalFlags::ECHO.bits() != 0
    }

    fn kill(&self, signal: nix::sys::signal::Signal) {
        let pid = i32::try_from(self.child.process_id().unwrap()).unwrap();
        nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), signal).unwrap();
    }
}

#[test]
fn a_key_quits_and_the_terminal_is_as_before() {
    let mut seat = Seat::of_child();
    seat.wait_for_full_screen("80 x 24, 0 presses");
    assert!(!seat.echoes());
    seat.press(b"jjjj");
    seat.wait_for_full_screen("4 presses");
    seat.press(b"q");
    seat.wait_for_terminal_given_back();
    assert!(seat.child.wait().unwrap().success());
    assert!(seat.echoes());
}

#[test]
fn a_new_size_is_painted_at_once() {
    let mut seat = Seat::of_child();
    seat.wait_for_full_screen("80 x 24");
    seat.master.resize(PtySize { rows: 10, cols: 60, pixel_width: 0, pixel_height: 0 }).unwrap();
    seat.wait_for_full_screen("60 x 10");
    seat.press(b"q");
    seat.wait_for_terminal_given_back();
}

/// The library that reads the terminal is told of keys and of a new size by one wait, and goes on with the size alone.
#[test]
fn a_key_that_comes_with_a_new_size_waits_for_no_other() {
    let mut seat = Seat::of_child();
    seat.wait_for_full_screen("0 presses");
    for press in 1..=200_u16 {
        let size = PtySize { rows: 20 + press % 2, cols: 60 + press % 3, pixel_width: 0, pixel_height: 0 };
        seat.master.resize(size).unwrap();
        seat.press(b"j");
        seat.wait_for_full_screen(&format!(", {press} presses"));
    }
    seat.press(b"q");
    seat.wait_for_terminal_given_back();
}

#[test]
fn a_panic_is_reported_on_a_terminal_that_was_given_back() {
    let mut seat = Seat::of_child();
    seat.wait_for_full_screen("presses");
    seat.press(b"p");
    seat.wait_for_terminal_given_back();
    seat.wait("the report", |screen, _| screen.contents().contains("as asked"));
    assert!(!seat.child.wait().unwrap().success());
    assert!(seat.echoes());
}

#[test]
fn signals_that_end_the_program_give_the_terminal_back() {
    for signal in
        [nix::sys::signal::Signal::SIGTERM, nix::sys::signal::Signal::SIGHUP, nix::sys::signal::Signal::SIGINT]
    {
        let mut seat = Seat::of_child();
        seat.wait_for_full_screen("presses");
        seat.kill(signal);
        seat.wait_for_terminal_given_back();
        seat.child.wait().unwrap();
        assert!(seat.echoes(), "{signal}");
    }
}

#[test]
fn a_stop_gives_the_shell_its_terminal_and_a_return_repaints() {
    let mut seat = Seat::new(&["bash", "--norc", "--noprofile", "-i"], &[("PS1", "shell> ")]);
    seat.wait("a shell", |screen, _| screen.contents().contains("shell>"));
    // its line editor would take that mode for itself
    seat.press(b"bind 'set enable-bracketed-paste off'\n");
    let program = std::env::current_exe().unwrap();
    seat.press(format!("{} --exact terminal::child --nocapture\n", program.display()).as_bytes());
    seat.wait_for_full_screen("0 presses");
    for round in 1..=2 {
        seat.press(&[0x1a]);
        seat.wait_for_terminal_given_back();
        seat.wait("the shell's word", |screen, _| screen.contents().matches("Stopped").count() >= round);
        seat.press(b"fg\n");
        seat.wait_for_full_screen("0 presses");
        seat.press(b"j");
        seat.wait_for_full_screen("1 presses");
        seat.press(b"q");
        seat.wait_for_terminal_given_back();
        seat.press(format!("{} --exact terminal::child --nocapture\n", program.display()).as_bytes());
        seat.wait_for_full_screen("0 presses");
    }
    seat.press(b"q");
    seat.wait_for_terminal_given_back();
    seat.press(b"exit\n");
    seat.child.wait().unwrap();
}

#[test]
fn without_a_shell_to_wake_it_a_stop_does_nothing() {
    let mut seat = Seat::of_child();
    seat.wait_for_full_screen("0 presses");
    seat.press(&[0x1a]);
    // the child leads its session: it would stand still for ever
    seat.press(b"q");
    seat.wait_for_terminal_given_back();
    assert!(seat.child.wait().unwrap().success());
}
