//! The console as lines: what a screen reader or a log gets, from the real program in a pipe and from floods.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use watchfloor::console::plain::{LINES, Plain, Verdict};
use watchfloor::console::replica::{Body, FleetIndex, Frame, LinkState, Replica, Snapshot, Update};
use watchfloor::fleet::alerts::{Event as AlertEvent, Subject};
use watchfloor::fleet::identity::{Audience, Role};
use watchfloor::fleet::state::{Actor, Entry, Event};
use watchfloor::fleet::words::{AlertId, CheckName, CheckState, ClientId, Epoch, HostId, SafeText};

use crate::processes;
use crate::pty::Program;
use crate::sample_fleet::{NOW, story};

const FLEET: FleetIndex = FleetIndex(0);

fn frame(moment: Instant, body: Body) -> Update {
    Update::Frame(Frame { received: moment, hub_time: NOW, body })
}

fn loaded(moment: Instant) -> Plain {
    let mut plain = Plain::new(vec![Replica::new("main", moment)], jiff::tz::TimeZone::UTC, (moment, NOW));
    let snapshot = Snapshot::new(Epoch(7), Role::Viewer, None, story().fleet, false);
    plain.update(FLEET, frame(moment, Body::Snapshot(Box::new(snapshot))), moment);
    plain.update(FLEET, Update::Link(LinkState::Live { since: moment }), moment);
    plain
}

fn opened(plain: &Plain, id: u64, level: CheckState) -> Entry {
    let event = AlertEvent::Opened {
        alert: AlertId(id),
        client: ClientId::from("acme"),
        site: None,
        host: Some(HostId(4)),
        subject: Subject::Check { host: HostId(4), check: CheckName::from(format!("c{id}").as_str()) },
        level,
        summary: SafeText::new("too much\u{1b}[31m"),
    };
    let revision = plain.replicas().get(FLEET).unwrap().position().revision.next();
    Entry {
        revision,
        at: NOW,
        actor: Actor::rule("alerting"),
        events: vec![(Audience::EVERYONE, Event::Alerts(event))],
    }
}

#[test]
fn it_begins_with_a_summary_and_the_open_alerts_worst_first() {
    let moment = Instant::now();
    let lines = loaded(moment).take();
    assert_eq!(lines[0], "Tuesday 22 November 2022");
    assert!(lines[1].starts_with("09:41:07 main: 6 clients; 11 hosts: 1 down, 1 silent, 8 up, 1 off"), "{lines:#?}");
    assert!(lines[1].ends_with("7 open alerts: 4 new, 2 owned, 1 muted"), "{lines:#?}");
    assert_eq!(lines.len(), 2 + 7);
    let order: Vec<&str> = lines[2..].iter().map(|line| line.split(" on ").nth(1).unwrap()).collect();
    let hosts: Vec<&str> = order.iter().map(|rest| rest.split(' ').next().unwrap()).collect();
    assert_eq!(
        hosts,
        ["EXCH01", "srv1", "web-7f9c.cluster.example", "dc01", "sql01", "nas1", "front-pc1"],
        "{lines:#?}"
    );
    assert!(lines[2].contains("critical, nobody has it, for 34m") && lines[6].contains("okafor has it"), "{lines:#?}");
}

#[test]
fn each_change_is_one_line_in_words_and_a_flood_is_grouped() {
    let moment = Instant::now();
    let mut plain = loaded(moment);
    plain.take();
    let entry = opened(&plain, 9000, CheckState::Warning);
    plain.update(FLEET, frame(moment, Body::Entries { through: entry.revision, entries: vec![entry] }), moment);
    let lines = plain.take();
    assert_eq!(lines.len(), 1, "{lines:#?}");
    assert!(lines[0].starts_with("09:41:07 main: alert 9000 opened, warning: too much"), "{lines:#?}");
    assert!(lines[0].contains("c9000 on dc01 of acme") && !lines[0].contains('\u{1b}'), "{lines:#?}");
    for id in 0..5_000 {
        let level = if id == 4_321 { CheckState::Critical } else { CheckState::Warning };
        let entry = opened(&plain, 10_000 + id, level);
        plain.update(FLEET, frame(moment, Body::Entries { through: entry.revision, entries: vec![entry] }), moment);
    }
    let lines = plain.take();
    assert_eq!(lines.len(), LINES + 1, "{lines:#?}");
    assert!(lines.iter().any(|line| line.contains("alert 14321 opened, critical")), "the gravest is told: {lines:#?}");
    assert_eq!(lines[LINES], "09:41:07 and 4,980 more: 4,980 alerts opened or got worse");
    assert!(!plain.has_lines());
}

#[test]
fn a_link_that_goes_and_comes_back_is_two_lines_however_often_it_is_tried() {
    let moment = Instant::now();
    let mut plain = loaded(moment);
    plain.take();
    for seconds in 10..100 {
        let next_try = Some(moment + Duration::from_secs(seconds + 1));
        let lost = LinkState::Lost { since: moment, reason: SafeText::new("connection refused"), next_try };
        plain.update(FLEET, Update::Link(lost), moment + Duration::from_secs(seconds));
    }
    let lines = plain.take();
    assert_eq!(lines.len(), 1, "{lines:#?}");
    assert!(lines[0].contains("main: link lost") && lines[0].contains("stale"), "{lines:#?}");
    let back = moment + Duration::from_secs(130);
    plain.update(FLEET, Update::Link(LinkState::Live { since: back }), back);
    let lines = plain.take();
    assert!(lines.len() == 1 && lines[0].ends_with("main: link is back after 2m"), "{lines:#?}");
    assert_eq!(plain.verdict(), Verdict::Heard);
}

struct Reader {
    child: Child,
    lines: std::sync::mpsc::Receiver<String>,
    seen: Vec<String>,
}

impl Reader {
    fn start(mut command: Command) -> Self {
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (tell, lines) = std::sync::mpsc::channel();
        let out = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || out.lines().map_while(Result::ok).try_for_each(|line| tell.send(line)));
        Self { child, lines, seen: Vec::new() }
    }

    #[track_caller]
    fn wait_for(&mut self, part: &str) {
        while !self.seen.last().is_some_and(|line| line.contains(part)) {
            match self.lines.recv_timeout(Duration::from_secs(30)) {
                Ok(line) => self.seen.push(line),
                Err(error) => panic!("{part:?} did not come ({error}): {:#?}", self.seen),
            }
        }
    }

    fn end(&mut self, signal: Signal) -> ExitStatus {
        kill(Pid::from_raw(i32::try_from(self.child.id()).unwrap()), signal).unwrap();
        self.child.wait().unwrap()
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn plain(home: &Path) -> Command {
    let mut command = processes::command(home, "console --plain");
    command.env("TERM", "dumb");
    command
}

#[test]
fn the_program_writes_lines_into_a_pipe_tells_of_a_lost_hub_and_ends_on_a_signal() {
    let (home, seat) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let data = home.path().join("hub");
    let (mut hub, ports) = processes::hub(home.path(), &data);
    processes::enrol(seat.path(), &data, "--role viewer");
    let mut reader = Reader::start(plain(seat.path()));
    reader.wait_for("main: 0 clients; 0 hosts: none; 0 open alerts: 0 new, 0 owned, 0 muted");
    hub.kill();
    reader.wait_for("main: link lost; what was told before is stale");
    let (_hub, _) = processes::hub_at(home.path(), &data, Some(&ports.link));
    reader.wait_for("main: link is back after");
    assert!(reader.end(Signal::SIGTERM).success());
    assert!(reader.seen.iter().all(|line| !line.contains('\u{1b}') && !line.contains('\r')), "{:#?}", reader.seen);
}

/// Waits for a line, ends the console as a closed terminal does, and gives its exit code and last words.
fn hung_up(mut reader: Reader, line: &str) -> (Option<i32>, String) {
    reader.wait_for(line);
    let code = reader.end(Signal::SIGHUP).code();
    let mut words = String::new();
    reader.child.stderr.take().unwrap().read_to_string(&mut words).unwrap();
    (code, words)
}

#[test]
fn its_exit_code_says_whether_a_hub_was_reached_refused_or_forbade_it() {
    let (home, seat) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let data = home.path().join("hub");
    let (mut hub, ports) = processes::hub(home.path(), &data);
    processes::enrol(seat.path(), &data, "--role viewer");
    assert_eq!(hung_up(Reader::start(plain(seat.path())), "0 open alerts").0, Some(0), "heard");

    hub.kill();
    let nothing = "link lost; nothing is known of it yet";
    let (code, words) = hung_up(Reader::start(plain(seat.path())), nothing);
    assert!(code == Some(3) && words.contains("no hub reached"), "{code:?} {words}");

    let (_hub, _) = processes::hub_at(home.path(), &data, Some(&ports.link));
    let of_hub = |line: &str| format!("{line} --data {}", data.display());
    let identities = processes::json(home.path(), &of_hub("identity list"));
    let id = identities[0]["id"].as_str().unwrap();
    processes::done(home.path(), &of_hub(&format!("identity revoke {id}")));
    let (code, words) = hung_up(Reader::start(plain(seat.path())), nothing);
    assert!(code == Some(4) && words.contains("not permitted"), "{code:?} {words}");

    let fleet = std::fs::read_dir(seat.path().join("console/fleets")).unwrap().next().unwrap().unwrap().path();
    for file in std::fs::read_dir(fleet).unwrap().map(|file| file.unwrap().path()) {
        if file.extension().is_some_and(|kind| kind == "key" || kind == "pem") {
            std::fs::remove_file(file).unwrap();
        }
    }
    let (code, words) = hung_up(Reader::start(plain(seat.path())), nothing);
    assert!(code == Some(1) && words.contains("enrol"), "{code:?} {words}");
}

#[test]
fn it_ends_when_its_reader_goes_although_nothing_happens() {
    let (home, seat) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let data = home.path().join("hub");
    let (_hub, _) = processes::hub(home.path(), &data);
    processes::enrol(seat.path(), &data, "--role viewer");
    let mut child =
        plain(seat.path()).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut first = [0; 10];
    let mut out = child.stdout.take().unwrap();
    out.read_exact(&mut first).unwrap();
    drop(out);
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_terminal_that_places_no_text_is_told_of_plain() {
    let home = tempfile::tempdir().unwrap();
    let mut terminal = Program::watchfloor(home.path()).env("TERM", "dumb").start(80, 24);
    assert_eq!(terminal.wait_exit().exit_code(), 1);
    terminal.assert_left("watchfloor console --plain");
}
