//! The real binary in a pseudo-terminal: what a person sees, and a terminal that is always given back.

use nix::sys::signal::Signal;
use tempfile::TempDir;

use crate::pty::{Program, Terminal};

fn home() -> TempDir {
    tempfile::tempdir().expect("a directory")
}

fn local_fleet(home: &TempDir, width: u16, height: u16) -> Terminal {
    let terminal = Program::watchfloor(home.path()).start(width, height);
    terminal.wait_for("FLOOR");
    terminal.wait_for("1/1");
    terminal
}

#[test]
fn the_local_fleet_shows_this_machine_and_q_gives_the_terminal_back() {
    let home = home();
    let mut terminal = local_fleet(&home, 80, 24);
    terminal.type_keys("3");
    terminal.wait_for("HOSTS");
    terminal.wait_for(" up ");
    terminal.type_keys("\r");
    terminal.wait_for("alerts and checks");
    terminal.wait_for("memory");
    terminal.type_keys("q");
    terminal.wait_for("HOSTS");
    terminal.type_keys("q");
    assert!(terminal.wait_exit().success(), "q from a screen of the top row leaves with exit 0");
    terminal.assert_restored();
}

#[test]
fn help_comes_from_the_action_table_and_closes() {
    let home = home();
    let mut terminal = local_fleet(&home, 200, 60);
    terminal.type_keys("?");
    terminal.wait_for("keys here");
    terminal.wait_for("Show only the rows that match.");
    terminal.type_keys("q");
    terminal.wait_gone("keys here");
    terminal.type_keys("q");
    assert!(terminal.wait_exit().success());
}

#[test]
fn a_second_console_joins_the_first_and_takes_over_when_it_leaves() {
    let home = home();
    let mut first = local_fleet(&home, 80, 24);
    let mut second = local_fleet(&home, 100, 30);
    first.type_keys("q");
    assert!(first.wait_exit().success());
    second.wait_until("the link is up again", |screen| {
        screen.rows(0, 100).next().is_some_and(|line| line.contains("LIVE, not judging yet"))
    });
    second.type_keys("7");
    // The journal's second start is the proof that the second console serves now.
    second.wait_until("two starts in the journal", |screen| screen.contents().matches("the hub started").count() >= 2);
    second.type_keys("q");
    assert!(second.wait_exit().success());
    second.assert_restored();
}

#[test]
fn sigterm_and_sighup_give_the_terminal_back() {
    for signal in [Signal::SIGTERM, Signal::SIGHUP] {
        let home = home();
        let mut terminal = local_fleet(&home, 80, 24);
        terminal.signal(signal);
        assert!(terminal.wait_exit().success(), "{signal}");
        terminal.assert_restored();
    }
}

#[test]
fn a_resize_storm_ends_on_a_whole_screen() {
    let home = home();
    let mut terminal = local_fleet(&home, 80, 24);
    for size in 0..60_u16 {
        terminal.resize(20 + size * 3, 5 + size);
    }
    terminal.resize(100, 30);
    terminal.wait_until("the footer stands in the last line", |screen| {
        screen.rows(0, 100).nth(29).is_some_and(|line| line.contains("? help"))
    });
    terminal.type_keys("q");
    assert!(terminal.wait_exit().success());
}

#[test]
fn without_colours_the_cursor_is_still_seen() {
    let home = home();
    let mut terminal = Program::watchfloor(home.path()).env("NO_COLOR", "1").start(80, 24);
    terminal.wait_for("1/1");
    let written = String::from_utf8_lossy(&terminal.written()).into_owned();
    let coloured = ["\u{1b}[38;", "\u{1b}[48;", "\u{1b}[31m", "\u{1b}[32m"];
    assert!(coloured.iter().all(|colour| !written.contains(colour)), "no colour under NO_COLOR");
    terminal.wait_until("the cursor's row is reversed", |screen| {
        (0..24).any(|row| screen.cell(row, 3).is_some_and(vt100::Cell::inverse))
    });
    terminal.type_keys("q");
    assert!(terminal.wait_exit().success());
}

#[test]
fn a_terminal_that_cannot_place_text_is_refused_in_a_sentence() {
    let home = home();
    let mut terminal = Program::watchfloor(home.path()).env("TERM", "dumb").start(80, 24);
    terminal.wait_for("TERM=dumb");
    assert!(!terminal.wait_exit().success());
}

#[test]
fn ctrl_z_stops_and_fg_comes_back() {
    let home = home();
    let binary = env!("CARGO_BIN_EXE_watchfloor");
    let mut shell = Program::shell(home.path()).start(100, 30);
    shell.type_keys(&format!("{binary}\r"));
    shell.wait_for("1/1");
    shell.type_keys("\u{1a}");
    shell.wait_until("the shell is back", |screen| screen.contents().contains("Stopped"));
    shell.type_keys("fg\r");
    shell.wait_until("the floor is back", |screen| {
        screen.contents().contains("FLOOR") && !screen.contents().contains("Stopped")
    });
    shell.type_keys("q");
    shell.wait_gone("FLOOR");
    shell.type_keys("exit 0\r");
    assert!(shell.wait_exit().success());
}
