//! Notices on the desktop: the real console in a pseudo-terminal, and a notification daemon on a D-Bus session of its own.
//! `tests/run` installs dbus where it is missing.

use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};

use futures_util::StreamExt;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use watchfloor::fleet::words::SafeText;
use zbus::message::Type;
use zbus::{Connection, MessageStream, OwnedVariant};

use crate::processes;
use crate::pty::{PATIENCE, Program, Terminal};

/// What a daemon is asked to show, in the order of the call's arguments.
type Call = (String, u32, String, String, String, Vec<String>, HashMap<String, OwnedVariant>, i32);

/// What the check says once it fails: markup, a link, and keys for the terminal.
const HOSTILE: &str = "disk <b>full</b> & \"lost\" <a href='http://evil'>x</a> \x1b]0;owned\x07 \u{202e}end";

/// A session bus that starts no service by itself, so that no daemon of this machine's desktop comes in.
struct Bus {
    daemon: Child,
    address: String,
    _folder: TempDir,
}

impl Bus {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let rules = format!(
            "<busconfig><type>session</type><listen>unix:path={}/bus</listen><auth>EXTERNAL</auth>\
             <policy context='default'><allow send_destination='*'/><allow receive_sender='*'/><allow own='*'/></policy>\
             </busconfig>",
            folder.path().display()
        );
        let file = folder.path().join("bus.conf");
        std::fs::write(&file, rules).unwrap();
        let mut daemon = Command::new("dbus-daemon")
            .arg(format!("--config-file={}", file.display()))
            .args(["--nofork", "--nopidfile", "--nosyslog", "--print-address=1"])
            .stdout(Stdio::piped())
            .spawn()
            .expect("Debian's package dbus is missing: tests/run installs it");
        let mut address = String::new();
        BufReader::new(daemon.stdout.take().unwrap()).read_line(&mut address).unwrap();
        Self { daemon, address: address.trim().to_owned(), _folder: folder }
    }
}

impl Drop for Bus {
    fn drop(&mut self) {
        let _ = self.daemon.kill();
        let _ = self.daemon.wait();
    }
}

/// A notification daemon that passes on what it is asked to show, and answers or hangs.
struct Daemon {
    asked: Receiver<Call>,
    _runtime: Runtime,
}

impl Daemon {
    fn start(bus: &Bus, answers: bool) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let (out, asked) = channel();
        let connection = runtime.block_on(async {
            let builder = zbus::connection::Builder::address(bus.address.as_str());
            builder.name("org.freedesktop.Notifications").build().await.unwrap()
        });
        let calls = MessageStream::from(&connection);
        runtime.spawn(serve(connection, calls, out, answers));
        Self { asked, _runtime: runtime }
    }

    #[track_caller]
    fn next(&self) -> Call {
        self.asked.recv_timeout(PATIENCE).expect("the daemon is asked to show something")
    }
}

async fn serve(connection: Connection, mut calls: MessageStream, out: Sender<Call>, answers: bool) {
    while let Some(Ok(message)) = calls.next().await {
        let header = message.header();
        if header.message_type() != Type::MethodCall || header.member().is_none_or(|name| name.as_str() != "Notify") {
            continue;
        }
        out.send(message.body().deserialize().unwrap()).unwrap();
        if answers {
            connection.reply(&header, &7_u32).await.unwrap();
        }
    }
}

/// A home whose local hub has one check, which fails when it is told to; the terminal's own bell is off.
fn home() -> TempDir {
    let home = tempfile::tempdir().unwrap();
    let write = |file: &str, text: String| {
        let file = home.path().join(file);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, text).unwrap();
        file
    };
    let told = home.path().join("told");
    let script = format!("#!/bin/sh\n[ -e {0} ] || {{ echo fine; exit 0; }}\ncat {0}\nexit 2\n", told.display());
    let plugin = write("plugins/check_disks", script);
    std::fs::set_permissions(plugin, std::fs::Permissions::from_mode(0o755)).unwrap();
    let dirs = format!("plugin_dirs = [\"{}\"]\n[hands]\nmode = \"any\"\n", home.path().join("plugins").display());
    write("watchfloor/hub/agent/agent.toml", dirs);
    let check = "[check.disks]\nkind = \"plugin\"\nprogram = \"check_disks\"\nattempts = 1\ninterval = \"1s\"\n";
    write("watchfloor/hub/config/checks.toml", check.to_owned());
    write("watchfloor/console/console.toml", "[bell]\ncritical = \"off\"\nwarning = \"off\"\n".to_owned());
    home
}

/// A console with this session bus, live, at its list of hosts.
fn console(home: &Path, bus: &str) -> Terminal {
    let terminal = Program::watchfloor(home).env("DBUS_SESSION_BUS_ADDRESS", bus).start(120, 30);
    terminal.type_keys("3");
    terminal.wait_until("this machine is up", |screen| {
        let text = screen.contents();
        text.starts_with("HOSTS") && text.contains("local LIVE") && text.contains(" up ")
    });
    terminal
}

/// Makes the check fail. Whole or not at all: the check may run this very moment.
fn fail(home: &Path) {
    let part = home.join("part");
    std::fs::write(&part, HOSTILE).unwrap();
    std::fs::rename(part, home.join("told")).unwrap();
}

#[track_caller]
fn leave(terminal: &mut Terminal) {
    terminal.type_keys("q");
    assert!(terminal.wait_exit().success());
    terminal.assert_restored();
}

fn place(written: &[u8], part: &str) -> Option<usize> {
    written.windows(part.len()).position(|window| window == part.as_bytes())
}

#[test]
fn a_desktop_shows_what_nobody_has_as_plain_text_and_nobody_counts_as_told() {
    let (bus, home) = (Bus::start(), home());
    let daemon = Daemon::start(&bus, true);
    let mut terminal = console(home.path(), &bus.address);
    fail(home.path());
    let (program, replaces, _, summary, body, actions, hints, _) = daemon.next();
    assert_eq!((program.as_str(), replaces), ("Watchfloor", 0));
    assert!(summary.starts_with("critical disks on "), "{summary}");
    assert!(actions.is_empty(), "a desktop's button is nobody's answer: {actions:?}");
    assert_eq!(hints.get("urgency").and_then(|urgency| u8::try_from(urgency.clone()).ok()), Some(2), "{hints:?}");
    // A body is markup: what is left of the text stands in it letter by letter.
    assert!(body.contains("disk &lt;b&gt;full&lt;/b&gt; &amp; \"lost\" &lt;a href='http://evil'&gt;x"), "{body:?}");
    assert!(!body.contains(['<', '>']) && SafeText::new(&body).as_str() == body, "{body:?}");
    terminal.wait_for("1 NEW");
    let alerts = processes::json(&home.path().join("watchfloor"), "alerts");
    assert_eq!((&alerts[0]["check"], &alerts[0]["lane"]), (&"disks".into(), &"new".into()), "{alerts}");
    assert!(alerts[0]["acknowledged"].is_null() && alerts.as_array().unwrap().len() == 1, "{alerts}");
    let story = processes::done(&home.path().join("watchfloor"), "alert 1");
    let decided = story.lines().skip_while(|line| !line.trim_start().starts_with("REVISION"));
    let revisions =
        decided.filter(|line| line.split_whitespace().next().is_some_and(|word| word.parse::<u64>().is_ok()));
    assert_eq!(revisions.count(), 1, "it opened, and nothing else was done about it: {story}");
    leave(&mut terminal);
    let written = terminal.written();
    assert!(place(&written, "\x1b]9;").is_none(), "the terminal does not tell it again");
    assert!(!written.contains(&7), "and rings no bell");
}

#[test]
fn a_daemon_that_hangs_holds_no_key_up_and_the_terminal_tells_it_instead() {
    let (bus, home) = (Bus::start(), home());
    let daemon = Daemon::start(&bus, false);
    let mut terminal = console(home.path(), &bus.address);
    fail(home.path());
    daemon.next();
    // The console waits for the daemon now.
    terminal.type_keys("2");
    terminal.wait_until("the queue is open", |screen| screen.contents().starts_with("ALERTS"));
    terminal.wait_written(0, b"\x1b]9;critical disks on ");
    let written = terminal.written();
    assert!(place(&written, "ALERTS") < place(&written, "\x1b]9;"), "the key was answered first");
    leave(&mut terminal);
}

#[test]
fn without_a_desktop_the_terminal_tells_it_with_its_own_notice_and_the_bell() {
    let (bus, folder) = (Bus::start(), tempfile::tempdir().unwrap());
    // Something listens there and never says a word.
    let silent = folder.path().join("silent");
    let _listener = std::os::unix::net::UnixListener::bind(&silent).unwrap();
    let silent = format!("unix:path={}", silent.display());
    let nowhere = format!("unix:path={}/nowhere", folder.path().display());
    for address in [nowhere.as_str(), bus.address.as_str(), &silent, "no address at all"] {
        let home = home();
        let mut terminal = console(home.path(), address);
        fail(home.path());
        terminal.wait_written(0, b"\x1b]9;critical disks on ");
        terminal.wait_written(0, b"\x07");
        leave(&mut terminal);
        let written = terminal.written();
        let notice = &written[place(&written, "\x1b]9;").unwrap()..];
        let notice = &notice[..place(notice, "\x1b\\").unwrap()];
        let text = String::from_utf8(notice[4..].to_vec()).unwrap();
        assert_eq!(SafeText::new(&text).as_str(), text, "nothing in it speaks to the terminal");
        assert!(text.contains("disk <b>full</b> & \"lost\""), "a terminal reads no markup: {text:?}");
    }
}
