//! The real program at terminals and with files that are not as they should be.

use std::path::{Path, PathBuf};
use std::process::Command;

use nix::sys::signal::Signal;
use tempfile::TempDir;

use crate::pty::{Program, Terminal};

/// A home with the console's own files.
fn home(files: &[(&str, &str)]) -> TempDir {
    let home = tempfile::tempdir().unwrap();
    let config = home.path().join("watchfloor/hub/config");
    std::fs::create_dir_all(&config).unwrap();
    let check = "[check.lost]\nkind = \"process\"\nprocess = \"no-such-program\"\ncritical = \"1:\"\nattempts = 1\n\
                 interval = \"1s\"\n";
    std::fs::write(config.join("checks.toml"), check).unwrap();
    for (file, text) in files {
        write(home.path(), file, text);
    }
    home
}

fn write(home: &Path, file: &str, text: &str) {
    let path: PathBuf = home.join("watchfloor/console").join(file);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

/// The console at the queue, with its one alert.
fn queue(program: Program) -> Terminal {
    let terminal = program.start(100, 30);
    terminal.wait_for("1 NEW");
    terminal.type_keys("2");
    terminal.wait_for("CRIT");
    terminal
}

#[track_caller]
fn leave(terminal: &mut Terminal) {
    terminal.type_keys("q");
    assert!(terminal.wait_exit().success());
    terminal.assert_restored();
}

/// The colour of the first letter of a word on the screen.
fn colour_of(screen: &vt100::Screen, word: &str) -> Option<vt100::Color> {
    let (rows, columns) = screen.size();
    let (rows, columns) = (rows.get(), columns.get());
    let text = |row: u16| -> String {
        (0..columns)
            .map(|column| screen.cell(row, column).and_then(|cell| cell.contents().chars().next()).unwrap_or(' '))
            .collect()
    };
    (0..rows).find_map(|row| {
        let text = text(row);
        let at = text[..text.find(word)?].chars().count();
        Some(screen.cell(row, u16::try_from(at).ok()?)?.fgcolor())
    })
}

#[test]
fn an_own_theme_is_worn_and_followed_while_the_console_runs() {
    let home = home(&[
        ("console.toml", "theme = \"mine\"\ncolor = \"true\"\n"),
        ("themes/mine.toml", "inherits = \"house\"\n"),
        ("themes/house.toml", "inherits = \"light\"\n[palette]\nbad = \"#010203\"\n"),
    ]);
    let mut terminal = queue(Program::watchfloor(home.path()));
    let wears = |r, g, b| move |screen: &vt100::Screen| colour_of(screen, "CRIT") == Some(vt100::Color::Rgb(r, g, b));
    terminal.wait_until("its palette is worn", wears(1, 2, 3));
    // written while it runs: seen without a key
    write(home.path(), "themes/house.toml", "inherits = \"light\"\n[palette]\nbad = \"#0a0b0c\" # other\n");
    terminal.wait_until("the new palette is worn", wears(10, 11, 12));
    // a slip: told with file, line, key and fix, and the old one stays
    write(
        home.path(),
        "themes/house.toml",
        "inherits = \"light\"\n[palette]\nbad = \"#0a0b0c\"\n[roles]\nmute = \"red\"\n",
    );
    terminal.signal(Signal::SIGUSR1);
    terminal.wait_until("the slip is told", |screen| {
        let text: String = screen.contents().split_whitespace().collect();
        text.contains("house.toml:5:roles.mute:thereisnosuchrole;didyoumean`muted`?")
    });
    terminal.wait_until("the old palette stays", wears(10, 11, 12));
    write(home.path(), "themes/house.toml", "inherits = \"light\"\n[palette]\nbad = \"#111213\"\n");
    terminal.type_keys("R");
    terminal.wait_until("what was mended is worn", wears(17, 18, 19));
    terminal.type_keys("T");
    terminal.wait_for("theme dark; theme = \"dark\" in console.toml keeps it");
    leave(&mut terminal);
}

#[test]
fn broken_files_at_the_start_are_told_and_the_console_runs_on() {
    let home = home(&[
        ("console.toml", "theme = \"mine\"\n"),
        ("themes/mine.toml", "[palette]\nbad = \"#12\"\n"),
        ("keys.toml", "[list]\n\"J\" = \"down\"\n\"K\" = \"upp\"\n"),
    ]);
    let mut terminal = Program::watchfloor(home.path()).start(100, 30);
    terminal.wait_until("both are told", |screen| {
        let text: String = screen.contents().split_whitespace().collect();
        text.contains("themes/mine.toml:2:palette.bad:notacolour;write#rrggbb") && text.contains("keys.toml:3:")
    });
    terminal.wait_for("1 NEW");
    terminal.type_keys("2");
    terminal.wait_for("CRIT");
    leave(&mut terminal);
}

#[test]
fn a_theme_that_does_not_exist_is_refused_on_the_command_line() {
    let home = home(&[("themes/mine.toml", "")]);
    let output = Command::new(env!("CARGO_BIN_EXE_watchfloor"))
        .args(["console", "--theme", "drak"])
        .env("WATCHFLOOR_HOME", home.path().join("watchfloor"))
        .env("TERM", "xterm-256color")
        .env_remove("NO_COLOR")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("--theme drak: there is no such theme") && said.contains("tritanopia") && said.contains("mine"),
        "{said}"
    );
}

#[test]
fn without_a_locale_for_it_nothing_beyond_ascii_is_sent() {
    let home = home(&[]);
    let mut terminal = queue(Program::watchfloor(home.path()).env("LANG", "C"));
    terminal.type_keys("?");
    terminal.wait_for("keys here");
    terminal.type_keys("q");
    terminal.wait_gone("keys here");
    leave(&mut terminal);
    let written = terminal.written();
    assert!(written.iter().all(u8::is_ascii), "{}", String::from_utf8_lossy(&written).escape_debug());
    assert!(String::from_utf8(written).unwrap().contains("X"));
}

#[test]
fn a_paste_goes_to_the_line_being_typed_and_nowhere_else() {
    let home = home(&[]);
    let mut terminal = queue(Program::watchfloor(home.path()));
    // on a list it would acknowledge, open and close
    terminal.type_keys("\x1b[200~a\rA\rC\rq\r\x1b[201~");
    terminal.type_keys("/");
    terminal.type_keys("\x1b[200~check:\nlost\r\n\x1b[201~");
    terminal.wait_for("/check: lost");
    terminal.type_keys("\x15");
    terminal.type_keys("\r");
    terminal.wait_until("nothing was done", |screen| {
        screen.contents().contains("1 NEW") && screen.contents().contains("ALERTS")
    });
    leave(&mut terminal);
}

#[test]
fn a_torn_key_is_no_verb() {
    let home = home(&[]);
    let mut terminal = queue(Program::watchfloor(home.path()));
    // the arrow's last letter is `close`, or `acknowledge with a note`
    for sequence in ["\x1b[C", "\x1b[A", "\x1bOA"] {
        for byte in sequence.split_inclusive(|_| true) {
            terminal.type_keys(byte);
        }
    }
    terminal.type_keys("?");
    terminal.wait_for("keys here");
    terminal.type_keys("q");
    terminal.wait_gone("keys here");
    terminal.wait_until("no question stands open", |screen| !screen.contents().contains("may still be wrong"));
    leave(&mut terminal);
}
