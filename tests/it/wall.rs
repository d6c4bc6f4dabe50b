//! The wall: what a room sees of a fleet, at every size, for days, without a key.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use watchfloor::console::app::{App, Order};
use watchfloor::console::input::{FrameStamp, Input, Key};
use watchfloor::console::replica::{Body, FleetIndex, Frame, LinkState, Update};
use watchfloor::console::terminal::{Cause, Drawn, Terminal};
use watchfloor::console::theme::{Glyphs, Theme};
use watchfloor::console::wall::{PAGE, SHIFT};
use watchfloor::console::widgets::dump;
use watchfloor::fleet::alerts::{Event as AlertEvent, Subject};
use watchfloor::fleet::backups;
use watchfloor::fleet::identity::Audience;
use watchfloor::fleet::state::{Actor, Entry, Event};
use watchfloor::fleet::words::{AlertId, BackupTool, CheckState, ClientId, HostId, JobId, SafeText};

use crate::command_screens::commanded;
use crate::processes;
use crate::pty::Program;
use crate::sample_fleet::{NOW, Story, story, wall_of};

fn wall(moment: Instant) -> App {
    wall_of(story(), Theme::of_roles(Glyphs::ASCII), moment)
}

fn paint(app: &mut App, width: u16, height: u16, moment: Instant) -> Buffer {
    let area = Rect::new(0, 0, width, height);
    let mut buf = Buffer::empty(area);
    app.refresh(area, moment);
    app.render(area, &mut buf, moment);
    buf
}

fn text(app: &mut App, width: u16, height: u16, moment: Instant) -> String {
    dump::text(&paint(app, width, height, moment))
}

/// A fleet with this many more problems, which nobody has, of hosts of all clients.
fn crowded(more: u64) -> Story {
    let mut tale = story();
    for id in 0..more {
        tale.alert(10_000 + id, 1 + id % 11, Some(&format!("extra-{id}")), CheckState::Warning, "too much", 1);
    }
    tale
}

/// Every line that ends with a sum: its parts, and the sum.
fn sums_of(screen: &str) -> Vec<(String, u32, u32)> {
    let lines = screen.lines().filter_map(|line| line.split_once(" = "));
    lines
        .map(|(parts, rest)| {
            let sum = rest.split_whitespace().next().unwrap();
            let title = parts.split_whitespace().next().unwrap().to_owned();
            let parts = parts.split_whitespace().filter_map(|word| word.parse::<u32>().ok()).sum();
            (title, parts, sum.trim().parse().unwrap())
        })
        .collect()
}

#[test]
fn what_nobody_owns_comes_first_worst_and_oldest_and_every_sum_adds_up() {
    let moment = Instant::now();
    let screen = text(&mut wall(moment), 80, 24, moment);
    let hosts = ["EXCH01", "srv1", "dc01", "web-", "sql01", "nas1"];
    let order: Vec<&str> =
        screen.lines().skip(3).take(6).map(|row| hosts.into_iter().find(|host| row.contains(host)).unwrap()).collect();
    assert_eq!(order, ["EXCH01", "srv1", "web-", "dc01", "sql01", "nas1"], "{screen}");
    let titles = sums_of(&screen);
    let seen: Vec<&str> = titles.iter().map(|(title, ..)| title.as_str()).collect();
    assert_eq!(seen, ["ALERTS", "MUTED", "SERVERS", "PCs", "CLIENTS", "COMMANDS", "CHECKS"], "{screen}");
    for (title, parts, sum) in titles {
        assert_eq!(parts, sum, "{title} of\n{screen}");
        assert!(sum > 0 || title == "COMMANDS", "{title}");
    }
    assert!(screen.contains("4 problems have no owner") && screen.contains("by hand"), "{screen}");
    assert!(screen.contains("09:41:07") && screen.contains("main LIVE 0s"), "proof of life\n{screen}");
    assert!(screen.contains("OPERATOR: A WALL NEEDS ONLY VIEWER"), "{screen}");
}

#[test]
fn backups_and_live_commands_are_sums_too_and_a_command_that_begins_moves_nothing() {
    let moment = Instant::now();
    let mut tale = story();
    let job = |id: u64, state| {
        let description = backups::Description {
            id: JobId(id),
            name: format!("job-{id}").as_str().into(),
            client: Some(ClientId::from("acme")),
            site: None,
            host: Some(HostId(3)),
            host_name: SafeText::new("EXCH01"),
            tool: BackupTool::Restic,
            repository: SafeText::new("/srv/restic"),
            paths: vec![SafeText::new("/srv")],
            every: Duration::from_secs(86_400),
            grace: Duration::from_secs(3_600),
        };
        let judged =
            backups::Event::Judged { job: JobId(id), state, why: SafeText::new(""), alarm: None, spared_until: None };
        [backups::Event::Described(Box::new(description)), judged].map(Event::Backups)
    };
    use backups::State::{Failed, Ok, Unknown};
    let jobs = [Ok, Failed, Ok, Unknown].into_iter().zip(1..).flat_map(|(state, id)| job(id, state)).collect();
    tale.tell(30, Actor::rule("backups"), jobs);
    let before = text(&mut wall_of(tale, Theme::of_roles(Glyphs::ASCII), moment), 200, 60, moment);
    assert!(before.contains("BACKUPS  1 failed  1 unknown  2 ok  = 4"), "{before}");
    assert!(before.contains("COMMANDS = 0  no command is live"), "{before}");
    let after = text(&mut wall_of(commanded(story()), Theme::of_roles(Glyphs::ASCII), moment), 200, 60, moment);
    let live = "COMMANDS 1 offline  1 running  7 ok  2 failed  = 11  hosts of 1 live command by okafor";
    assert!(after.contains(live), "{after}");
    assert!(sums_of(&after).iter().all(|(_, parts, sum)| parts == sum), "{after}");
    let idle = text(&mut wall(moment), 200, 60, moment);
    let place = |screen: &str| screen.lines().position(|line| line.starts_with("COMMANDS"));
    assert_eq!(place(&after), place(&idle), "{after}");
}

#[test]
fn the_wall_is_painted_within_every_size_and_its_first_line_and_its_sentence_always_stand() {
    let moment = Instant::now();
    let mut app = wall_of(crowded(60), Theme::of_roles(Glyphs::UNICODE), moment);
    for turn in 0..4 {
        let now = moment + SHIFT * turn;
        for width in (1..=200).step_by(9).chain([40, 79, 80, 200]) {
            for height in (1..=60).step_by(7).chain([12, 24, 60]) {
                let screen = text(&mut app, width, height, now);
                if width >= 40 && height >= 12 {
                    assert!(screen.contains("main LIVE"), "{width}x{height}\n{screen}");
                    assert!(screen.contains("64 problems have no owner"), "{width}x{height}\n{screen}");
                    assert!(screen.contains("page "), "{width}x{height}\n{screen}");
                }
            }
        }
    }
}

#[test]
fn pages_turn_through_problems_only_and_each_is_shown() {
    let moment = Instant::now();
    let mut app = wall_of(crowded(60), Theme::of_roles(Glyphs::ASCII), moment);
    let mut hosts = std::collections::BTreeSet::new();
    let mut rest = std::collections::BTreeSet::new();
    let first = text(&mut app, 200, 24, moment);
    assert!(first.contains("page 1 of 8, next in 15s: 1-9 of 66 problems"), "{first}");
    for second in 0..8 * PAGE.as_secs() {
        let screen = text(&mut app, 200, 24, moment + Duration::from_secs(second));
        for line in screen.lines().skip(3).take(9) {
            hosts.extend(line.split_whitespace().find(|word| word.starts_with("extra-")).map(str::to_owned));
        }
        rest.insert(screen.lines().skip(13).take(9).collect::<Vec<_>>().join("\n"));
    }
    assert_eq!(hosts.len(), 60, "every problem has its turn");
    assert_eq!(rest.len(), 1, "clients and sums stand still: {rest:?}");
    let mut few = wall(moment);
    let (before, after) = (text(&mut few, 200, 24, moment), text(&mut few, 200, 24, moment + Duration::from_secs(60)));
    assert!(!before.contains("page ") && !after.contains("page "), "{after}");
}

#[test]
fn a_silent_hub_is_told_across_the_width_since_when_for_days_and_nothing_reads_as_well() {
    let moment = Instant::now();
    let mut app = wall(moment);
    assert!(
        dump::roles(&paint(&mut app, 80, 24, moment)).contains('o'),
        "what is well is shown so while the link lives"
    );
    let lost = LinkState::Lost { since: moment, reason: SafeText::new("connection refused"), next_try: None };
    app.update(FleetIndex(0), Update::Link(lost), moment);
    for (ran, since, age) in [
        (Duration::from_secs(3600), "DATA STALE SINCE 09:41 (1h)", "STALE 1h"),
        (Duration::from_secs(3 * 86_400), "DATA STALE SINCE Tue 22 Nov 09:41 (3d)", "STALE 3d"),
    ] {
        let later = paint(&mut app, 80, 24, moment + ran);
        let screen = dump::text(&later);
        assert!(screen.contains(since) && screen.contains(age) && screen.contains("EXCH01"), "{screen}");
        assert!(screen.contains("No word from main since"), "{screen}");
        let roles = dump::roles(&later);
        assert!(!roles.contains('o'), "nothing that is stale reads as well:\n{}", dump::both(&later));
        let banner = roles.lines().find(|line| line.contains("BBBB")).unwrap();
        assert!(banner.trim().len() > 40, "{banner:?}");
    }
    app.update(FleetIndex(0), Update::Link(LinkState::Live { since: moment }), moment);
    let back = text(&mut app, 80, 24, moment + Duration::from_secs(1));
    assert!(!back.contains("STALE"), "it returns by itself:\n{back}");
}

#[test]
fn no_key_does_anything_on_a_wall_but_leave() {
    let moment = Instant::now();
    let mut app = wall(moment);
    let before = text(&mut app, 80, 24, moment);
    let stamp = FrameStamp { submitted: 9, flushed: 9 };
    let keys =
        ["1", "2", "3", "j", "k", "a", "A", "e", "r", "s", "n", "C", "x", "/", "?", ":", "Space", "Enter", "Tab"];
    for key in keys {
        let key = Key::parse(key).unwrap();
        assert!(app.input(Input::Key { key, count: 1 }, stamp, moment).is_none(), "{key:?}");
    }
    assert!(app.input(Input::Paste("a\ny".to_owned()), stamp, moment).is_none());
    assert_eq!(text(&mut app, 80, 24, moment), before);
    assert!(!app.acts().has_unsent());
    for key in [Key::char('q'), Key::ctrl('c')] {
        let orders = app.input(Input::Key { key, count: 1 }, stamp, moment).unwrap();
        assert!(matches!(orders.as_slice(), [Order::Leave]), "{key:?}: {orders:?}");
    }
}

/// Memory of this process that is in use, in bytes.
fn resident() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    statm.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 4096
}

/// Counts what would go to a terminal.
struct Counter(Arc<AtomicU64>);

impl std::io::Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn three_days_of_losses_floods_and_pages_take_no_more_memory_than_the_first_hours() {
    const STEP: u64 = 30;
    const HOURS: u64 = 72;
    let moment = Instant::now();
    let mut app = wall_of(story(), Theme::built_in("dark").unwrap(), moment);
    let sent = Arc::new(AtomicU64::new(0));
    let mut terminal = Terminal::writing_to(Counter(Arc::clone(&sent)), 120, 34).unwrap();
    let frame = |app: &mut App, at: Duration, body| {
        let update = Update::Frame(Frame { received: moment + at, hub_time: NOW + at, body });
        drop(app.update(FleetIndex(0), update, moment + at));
    };
    let mut early = 0;
    let mut pages = 0;
    for turn in 0..HOURS * 3600 / STEP {
        let at = Duration::from_secs(turn * STEP);
        let (hour, minute) = (turn * STEP / 3600, turn * STEP / 60 % 60);
        // Each hour five minutes without its hub, and a flood of a thousand alerts that lasts for twenty.
        if minute < 5 && hour % 2 == 1 {
            let lost = LinkState::Lost { since: moment + at, reason: SafeText::new("gone"), next_try: None };
            app.update(FleetIndex(0), Update::Link(lost), moment + at);
        } else {
            app.update(FleetIndex(0), Update::Link(LinkState::Live { since: moment + at }), moment + at);
            let begins = minute == 10 && turn % (60 / STEP) == 0;
            let ends = minute == 30 && turn % (60 / STEP) == 0;
            if begins || ends {
                for id in 0..1_000 {
                    let alert = AlertId(20_000 + id);
                    let opened = AlertEvent::Opened {
                        alert,
                        client: ClientId::from("acme"),
                        site: None,
                        host: Some(HostId(4)),
                        subject: Subject::External {
                            source: SafeText::new("flood"),
                            fingerprint: SafeText::new(&id.to_string()),
                        },
                        level: CheckState::Warning,
                        summary: SafeText::new("too much"),
                    };
                    let events = if begins {
                        vec![opened]
                    } else {
                        let note = None;
                        vec![AlertEvent::Resolved { alert, by_hand: false, note }, AlertEvent::Archived { alert }]
                    };
                    let events = events.into_iter().map(|event| (Audience::EVERYONE, Event::Alerts(event))).collect();
                    let revision = app.replicas().get(FleetIndex(0)).unwrap().position().revision.next();
                    let entry = Entry { revision, at: NOW + at, actor: Actor::rule("flood"), events };
                    frame(&mut app, at, Body::Entries { through: revision, entries: vec![entry] });
                }
            } else {
                frame(&mut app, at, Body::Alive);
            }
        }
        app.refresh(terminal.area(), moment + at);
        terminal.want_frame(Cause::Passive);
        if matches!(terminal.draw(moment + at, |area, buf| app.render(area, buf, moment + at)).unwrap(), Drawn::Sent(_))
        {
            terminal.flushed().await.unwrap();
        }
        pages += u64::from(dump::text(terminal.shown()).contains("page "));
        if hour < 12 {
            early = early.max(resident());
        }
    }
    let late = resident();
    assert!(pages > HOURS * 20, "the floods were paged through: {pages}");
    assert!(sent.load(Ordering::Relaxed) > 1_000_000, "frames went out");
    assert!(late <= early + 2 * 1024 * 1024, "{early} bytes within 12 hours, {late} after {HOURS}");
    let screen = dump::text(terminal.shown());
    assert!(screen.contains("4 problems have no owner"), "{screen}");
    println!(
        "resident {early} bytes at most within 12 h, {late} after {HOURS} h; {} bytes sent",
        sent.load(Ordering::Relaxed)
    );
}

#[test]
fn the_wall_of_the_real_program_takes_no_key_loses_its_hub_and_returns_by_itself() {
    let (home, seat) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let data = home.path().join("hub");
    let (mut hub, ports) = processes::hub(home.path(), &data);
    processes::enrol(&seat.path().join("watchfloor"), &data, "--role viewer");
    let mut terminal = Program::watchfloor(seat.path()).arg("console").arg("--wall").start(80, 24);
    terminal.wait_until("the hub is live and the seat a viewer's", |screen| {
        let text = screen.contents();
        text.contains("main LIVE") && text.contains("[VIEWER]") && text.contains("no problem")
    });
    terminal.type_keys("2j/acme\r?ax3:");
    hub.kill();
    let stale = terminal.wait_for("DATA STALE SINCE");
    assert!(stale.contains("UNOWNED") && stale.contains("No word from main since"), "no key led away:\n{stale}");
    let (_hub, _) = processes::hub_at(home.path(), &data, Some(&ports.link));
    terminal.wait_until("it is live again by itself", |screen| {
        let text = screen.contents();
        text.contains("main LIVE") && !text.contains("STALE")
    });
    terminal.type_keys("q");
    assert!(terminal.wait_exit().success());
    terminal.assert_restored();
}
