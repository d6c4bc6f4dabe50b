//! The real program in a pseudo-terminal: started, used by key, left, stopped and killed as a person would.

use std::path::Path;
use std::process::Command;

use nix::sys::signal::Signal;
use tempfile::TempDir;

use crate::pty::{Program, Terminal};

/// A home whose local hub watches for a program that does not run: hard critical at the first look.
fn home_with_an_alert() -> TempDir {
    let home = tempfile::tempdir().unwrap();
    let config = home.path().join("watchfloor/hub/config");
    std::fs::create_dir_all(&config).unwrap();
    let check = "[check.lost]\nkind = \"process\"\nprocess = \"no-such-program\"\ncritical = \"1:\"\nattempts = 1\n\
                 interval = \"1s\"\n";
    std::fs::write(config.join("checks.toml"), check).unwrap();
    home
}

/// Waits for the floor with this machine's own fleet on it.
#[track_caller]
fn wait_for_floor(terminal: &Terminal) {
    terminal.wait_until("the floor shows the local fleet, live", |screen| {
        let text = screen.contents();
        text.starts_with("FLOOR") && text.contains("local LIVE") && text.contains("1/1")
    });
}

#[track_caller]
fn leave(terminal: &mut Terminal) {
    terminal.type_keys("q");
    let status = terminal.wait_exit();
    assert!(status.success(), "{status:?}");
    terminal.assert_restored();
}

#[test]
fn the_first_screen_is_this_machine_and_q_leaves() {
    for (width, height) in [(80, 24), (200, 60)] {
        let home = tempfile::tempdir().unwrap();
        let mut terminal = Program::watchfloor(home.path()).start(width, height);
        wait_for_floor(&terminal);
        terminal.type_keys("3");
        terminal.wait_until("this machine is up", |screen| {
            let text = screen.contents();
            text.starts_with("HOSTS") && text.contains(" up ")
        });
        leave(&mut terminal);
        let written = terminal.written();
        assert!(written.ends_with(b"\x1b[?1049l"), "nothing is written after the terminal was given back");
    }
}

#[test]
fn an_alert_is_acknowledged_by_key_and_the_command_line_sees_it() {
    let home = home_with_an_alert();
    let mut terminal = Program::watchfloor(home.path()).start(120, 30);
    terminal.wait_for("1 NEW");
    terminal.type_keys("2");
    terminal.wait_until("the alert is a row", |screen| screen.contents().contains(" lost "));
    terminal.type_keys("A");
    terminal.wait_for("a note?");
    // The prompt takes keys only once it knows that it stands on the screen.
    while !terminal.wait_for("a note?").contains("> x") {
        terminal.type_keys("x");
        std::thread::yield_now();
    }
    terminal.type_keys(" looking at it\r");
    terminal.wait_until("it is owned because the hub said so", |screen| {
        let text = screen.contents();
        text.contains("0 NEW") && text.contains("1 owned")
    });
    let seen = Command::new(env!("CARGO_BIN_EXE_watchfloor"))
        .args(["alerts", "--json"])
        .env("WATCHFLOOR_HOME", home.path().join("watchfloor"))
        .output()
        .unwrap();
    assert!(seen.status.success(), "{}", String::from_utf8_lossy(&seen.stderr));
    let alerts: serde_json::Value = serde_json::from_slice(&seen.stdout).unwrap();
    assert_eq!(alerts[0]["check"], "lost", "{alerts}");
    assert_eq!(alerts[0]["lane"], "owned", "{alerts}");
    let note = alerts[0]["acknowledged"]["note"].as_str().unwrap_or_default();
    assert!(note.starts_with('x') && note.ends_with("x looking at it"), "{alerts}");
    leave(&mut terminal);
}

#[test]
fn signals_end_it_and_the_terminal_is_given_back() {
    for signal in [Signal::SIGTERM, Signal::SIGHUP] {
        let home = tempfile::tempdir().unwrap();
        let mut terminal = Program::watchfloor(home.path()).start(80, 24);
        wait_for_floor(&terminal);
        terminal.signal(signal);
        terminal.wait_exit();
        terminal.assert_restored();
    }
}

/// The thread that reads keys is begun anew when the program is continued. Where the machine has no memory for it, the
/// standard library panics, as any fault of ours would.
#[test]
fn a_panic_is_readable_on_a_terminal_that_was_given_back() {
    let home = tempfile::tempdir().unwrap();
    let mut terminal = Program::watchfloor(home.path()).start(100, 30);
    wait_for_floor(&terminal);
    let pid = terminal.pid().to_string();
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let held = status.lines().find_map(|line| line.strip_prefix("VmSize:")).unwrap();
    let held: u64 = held.trim().trim_end_matches(" kB").parse().unwrap();
    let room = format!("--as={}:unlimited", (held / 2) << 10);
    assert!(Command::new("prlimit").args(["--pid", &pid, &room]).status().unwrap().success());
    terminal.signal(Signal::SIGCONT);
    let status = terminal.wait_exit();
    terminal.assert_restored();
    terminal.assert_left("panicked at");
    assert!(!status.success(), "{status:?}");
}

#[test]
fn it_stops_for_the_shell_and_comes_back() {
    let home = tempfile::tempdir().unwrap();
    let mut terminal = Program::shell(home.path()).start(80, 24);
    terminal.wait_for("shell> ");
    terminal.type_keys(&format!("{}\r", env!("CARGO_BIN_EXE_watchfloor")));
    wait_for_floor(&terminal);
    terminal.type_keys("\x1a");
    terminal.wait_until("the shell has its screen and its cursor", |screen| {
        let text = screen.contents();
        let asks_again = text.contains("Stopped") && text.trim_end().ends_with("shell>");
        !screen.alternate_screen() && !screen.hide_cursor() && asks_again
    });
    terminal.type_keys("echo still here\r");
    terminal.wait_for("\nstill here");
    terminal.type_keys("fg\r");
    wait_for_floor(&terminal);
    terminal.type_keys("2");
    terminal.wait_for("no open alert");
    terminal.type_keys("q");
    terminal.wait_until("the shell asks again", |screen| screen.contents().trim_end().ends_with("shell>"));
    terminal.type_keys("echo code $?\r");
    terminal.wait_for("\ncode 0");
    terminal.type_keys("exit\r");
    terminal.wait_exit();
}

#[test]
fn a_storm_of_sizes_leaves_the_last_one_painted() {
    let home = tempfile::tempdir().unwrap();
    let mut terminal = Program::watchfloor(home.path()).start(80, 24);
    wait_for_floor(&terminal);
    let sizes = [(1, 1), (200, 60), (2, 40), (45, 20), (60, 3), (79, 24), (40, 12), (80, 23), (500, 200), (20, 5)];
    for round in 0..30_u16 {
        let (width, height) = sizes[usize::from(round) % sizes.len()];
        terminal.resize(width + round % 3, height + round % 2);
    }
    terminal.resize(39, 24);
    terminal.wait_for("this terminal has 39 and 24");
    terminal.resize(45, 20);
    terminal.wait_until("the floor's cards fill a phone", |screen| {
        let text = screen.contents();
        text.starts_with("FLOOR") && text.contains("SERVERS 1/1") && text.lines().nth(19).is_some()
    });
    terminal.resize(120, 40);
    terminal.wait_until("the floor fills the new size", |screen| {
        let text = screen.contents();
        text.starts_with("FLOOR") && text.lines().last().is_some_and(|line| line.contains("help"))
    });
    leave(&mut terminal);
}

#[test]
fn no_color_means_no_colour() {
    let home = home_with_an_alert();
    let mut terminal = Program::watchfloor(home.path()).env("NO_COLOR", "1").start(80, 24);
    terminal.wait_for("1 NEW");
    terminal.type_keys("2");
    terminal.wait_for(" lost ");
    leave(&mut terminal);
    let coloured: Vec<String> = attributes(&terminal.written()).into_iter().filter(|code| is_colour(code)).collect();
    assert!(coloured.is_empty(), "colours were sent: {coloured:?}");
    let with = {
        let mut terminal = Program::watchfloor(home.path()).start(80, 24);
        terminal.wait_for("1 NEW");
        leave(&mut terminal);
        attributes(&terminal.written()).iter().any(|code| is_colour(code))
    };
    assert!(with, "without NO_COLOR there are colours: else the test would prove nothing");
}

/// The parameters of every SGR sequence.
fn attributes(written: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(written);
    let sequences = text.split("\x1b[").skip(1).filter_map(|rest| {
        let end = rest.find(|c: char| !c.is_ascii_digit() && !matches!(c, ';' | ':' | '?'))?;
        rest[end..].starts_with('m').then(|| rest[..end].to_owned())
    });
    sequences.collect()
}

fn is_colour(parameters: &str) -> bool {
    parameters
        .split([';', ':'])
        .filter_map(|number| number.parse::<u16>().ok())
        .any(|number| matches!(number, 30..=38 | 40..=48 | 90..=97 | 100..=107))
}

#[test]
fn a_dumb_terminal_gets_a_sentence() {
    let home = tempfile::tempdir().unwrap();
    let mut terminal = Program::watchfloor(home.path()).env("TERM", "dumb").start(80, 24);
    let status = terminal.wait_exit();
    assert_eq!(status.exit_code(), 1);
    let written = String::from_utf8(terminal.written()).unwrap();
    assert!(written.contains("watchfloor console --plain") && written.contains("TERM=xterm"), "a way out: {written}");
    assert!(!written.contains('\x1b'), "{written:?}");
}

#[test]
fn a_second_console_joins_and_takes_over_when_the_first_is_killed() {
    let home = home_with_an_alert();
    let mut first = Program::watchfloor(home.path()).start(100, 30);
    first.wait_for("1 NEW");
    let mut second = Program::watchfloor(home.path()).start(100, 30);
    second.wait_for("1 NEW");
    first.signal(Signal::SIGKILL);
    first.wait_exit();
    second.wait_until("the second sees that the hub is gone", |screen| !screen.contents().contains("local LIVE"));
    second.wait_until("the second serves", |screen| {
        let text = screen.contents();
        text.contains("local LIVE") && text.contains("1 NEW")
    });
    leave(&mut second);
    assert!(journal(home.path()).matches("started; judges silence").count() == 2);
}

/// The journal in words, read by a console's next hub.
fn journal(home: &Path) -> String {
    let mut terminal = Program::watchfloor(home).start(200, 60);
    terminal.wait_for("local LIVE");
    let output = Command::new(env!("CARGO_BIN_EXE_watchfloor"))
        .args(["journal", "--limit", "0"])
        .env("WATCHFLOOR_HOME", home.join("watchfloor"))
        .output()
        .unwrap();
    let before = String::from_utf8(output.stdout).unwrap();
    leave(&mut terminal);
    // The hub that this reading needed has started too: its own entry is no news.
    before.replacen("started; judges silence", "", 1)
}

#[test]
fn help_comes_from_the_action_table_and_closes() {
    let home = tempfile::tempdir().unwrap();
    let mut terminal = Program::watchfloor(home.path()).start(200, 60);
    wait_for_floor(&terminal);
    terminal.type_keys("?");
    terminal.wait_for("Fold or unfold the rows that are quiet, or the group.");
    terminal.type_keys("q");
    terminal.wait_gone("keys here");
    leave(&mut terminal);
}

#[test]
fn keys_do_nothing_where_their_effect_can_not_be_seen() {
    let home = home_with_an_alert();
    let mut terminal = Program::watchfloor(home.path()).start(120, 30);
    terminal.wait_for("1 NEW");
    terminal.type_keys("2");
    terminal.wait_for("no-such-program");
    terminal.resize(39, 24);
    terminal.wait_for("this terminal has 39 and 24");
    terminal.type_keys("aC\r");
    // A size that changes while keys arrive must not be lost among them.
    terminal.resize(120, 30);
    let seen = terminal.wait_for("no-such-program");
    assert!(seen.contains("1 NEW"), "nobody saw what that key did:\n{seen}");
    terminal.resize(40, 10);
    terminal.wait_for("press q to leave");
    leave(&mut terminal);
}

/// What stands on each line, apart from its numbers and the room they take: clock, ages and load go on meanwhile.
fn still(screen: &vt100::Screen) -> Vec<String> {
    let is_number = |word: &&str| word.contains(|c: char| c.is_ascii_digit());
    let words = |line: &str| line.split_whitespace().filter(|word| !is_number(word)).collect::<Vec<_>>().join(" ");
    screen.contents().lines().map(words).collect()
}

#[test]
fn the_pocket_seat_is_walked_with_plain_letters_behind_a_slow_line() {
    let home = home_with_an_alert();
    let mut terminal = Program::watchfloor(home.path()).behind_a_line_of(25_000).start(45, 20);
    terminal.wait_for("1 NEW");
    terminal.type_keys("2");
    terminal.wait_until("the alert's card", |screen| {
        let text = screen.contents();
        text.starts_with("ALERTS") && text.contains("CRIT RPCQ") && text.contains("lost")
    });
    // Each key waits for what the one before has brought: over such a line what is typed ahead answers no question.
    for (keys, brings) in [
        ("n", "everybody can read it"),
        ("on it\r", "note: 1 done"),
        ("\r", "last note: on it"),
        ("a", "owned by"),
        ("r", "to whom?"),
        ("\r", "nobody has it"),
        ("s", "for how long?"),
        ("\r", "snoozed by"),
        ("r", "to whom?"),
        ("\r", "nobody has it"),
        ("e", "e again sends it"),
    ] {
        terminal.type_keys(keys);
        terminal.wait_for(brings);
    }
    // A key that is held must not send; a person lets go of it first.
    std::thread::sleep(std::time::Duration::from_millis(800));
    for (keys, brings) in [
        ("e", "escalated to step 1"),
        ("c", "check now: 1 done"),
        ("C", "closes by hand"),
        ("seen\r", "resolved"),
        ("q", "ALERTS"),
        ("3", "HOSTS"),
        ("i", "its id as it was said"),
        ("rpcq\r", "RPCQ critical"),
        ("?", "keys here"),
        ("q", "timeline"),
    ] {
        terminal.type_keys(keys);
        terminal.wait_for(brings);
    }
    // What came piece by piece is what a whole repaint gives.
    terminal.type_keys("3");
    // All of the frame: nothing of the alert is left below the card.
    terminal.wait_until("this machine's card alone", |screen| {
        let text = screen.contents();
        let lines = text.lines().filter(|line| !line.trim().is_empty()).count();
        text.starts_with("HOSTS") && text.contains("SEEN") && text.contains("DISK") && lines == 5
    });
    let before = terminal.written().len();
    let pieces = terminal.read(still);
    terminal.type_keys("\x0c");
    terminal.wait_written(before, b"\x1b[2J");
    terminal.wait_until("a repaint", |screen| still(screen) == pieces);
    leave(&mut terminal);
}
