//! Commands on the console: what `x` asks, the list, one command in depth, its output.

use std::time::{Duration, Instant};

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use watchfloor::console::act::{ActAnswer, ActEnd, Targets, Verb};
use watchfloor::console::app::{App, Order};
use watchfloor::console::ask::{Answer, Ask, Detail, Topic};
use watchfloor::console::input::{FrameStamp, Input, Key};
use watchfloor::console::replica::{Body, FleetIndex, Frame, LinkState, Update};
use watchfloor::console::screens::world::Place;
use watchfloor::console::theme::{Glyphs, Theme};
use watchfloor::console::widgets::dump;
use watchfloor::fleet::commands::{Argv, Asked, Command, Event as CommandEvent, Kept, OutcomeState, Report};
use watchfloor::fleet::identity::Audience;
use watchfloor::fleet::state::{Actor, Cause, Entry, Event, Fleet};
use watchfloor::fleet::words::{ActionId, BlobId, CommandId, HostId, IdentityId, SafeText};

use crate::pty::{Program, Terminal};
use crate::sample_fleet::{NOW, Story, console_of, me, story};

const FLEET: FleetIndex = FleetIndex(0);

/// A console that is looked at, and what it orders.
struct Desk {
    app: App,
    moment: Instant,
    /// A copy of the fleet, to make entries that follow.
    fleet: Fleet,
    blobs: Vec<(BlobId, &'static str)>,
    orders: Vec<Order>,
    frames: u64,
}

impl Desk {
    fn new(story: Story, start: Place) -> Self {
        let moment = Instant::now();
        let fleet = story.fleet.clone();
        let app = console_of(story, Theme::of_roles(Glyphs::ASCII), start, moment);
        Self { app, moment, fleet, blobs: Vec::new(), orders: Vec::new(), frames: 9 }
    }

    fn paint(&mut self, width: u16, height: u16) -> Buffer {
        let area = Rect::new(0, 0, width, height);
        let mut buf = Buffer::empty(area);
        self.app.refresh(area, self.moment);
        self.settle();
        self.app.refresh(area, self.moment);
        self.app.render(area, &mut buf, self.moment);
        buf
    }

    fn text(&mut self, width: u16, height: u16) -> String {
        dump::text(&self.paint(width, height))
    }

    fn settle(&mut self) {
        settle(&mut self.app, &self.blobs, self.moment);
    }

    /// Presses keys, each after the frame before it was seen.
    fn keys(&mut self, keys: &str) {
        for key in keys.split(' ') {
            self.frames += 1;
            self.key_at(key, FrameStamp { submitted: self.frames, flushed: self.frames });
        }
    }

    fn key_at(&mut self, key: &str, stamp: FrameStamp) {
        let key = Key::parse(key).expect("a key");
        self.orders.extend(self.app.input(Input::Key { key, count: 1 }, stamp, self.moment).unwrap_or_default());
        while self.app.is_busy() {
            self.app.turn(self.moment);
        }
    }

    fn type_line(&mut self, line: &str) {
        for letter in line.chars() {
            self.keys(&if letter == ' ' { "Space".to_owned() } else { letter.to_string() });
        }
    }

    /// The act that was sent last.
    fn sent(&self) -> Option<(&Verb, &Targets)> {
        self.orders.iter().rev().find_map(|order| match order {
            Order::Ask(_, Ask::Act { act, .. }) => Some((&act.verb, &act.targets)),
            _ => None,
        })
    }

    /// The hub tells what happened.
    fn tell(&mut self, events: Vec<CommandEvent>) {
        let entry = entry(&mut self.fleet, events);
        let body = Body::Entries { through: entry.revision, entries: vec![entry] };
        let frame = Frame { received: self.moment, hub_time: NOW, body };
        self.app.update(FLEET, Update::Frame(frame), self.moment);
    }
}

/// Answers every question for a blob, until there is none.
pub fn settle(app: &mut App, blobs: &[(BlobId, &str)], moment: Instant) {
    loop {
        let (_, orders) = app.turn(moment);
        let mut answered = app.is_busy();
        for order in orders {
            let Order::Ask(fleet, Ask::Detail { generation, about: Topic::Blob(id) }) = &order else { continue };
            let known = blobs.iter().find(|(blob, _)| blob == id);
            let text = known.map(|(_, text)| SafeText::block_from_bytes_lossy(text.as_bytes(), 2 << 20));
            let result = text.map(|text| Detail::Blob { text, cut: false }).ok_or(SafeText::new("no such blob"));
            let answer = Answer { generation: *generation, about: Topic::Blob(*id), result };
            answered |= app.answer(*fleet, answer);
        }
        if !answered {
            return;
        }
    }
}

fn entry(fleet: &mut Fleet, events: Vec<CommandEvent>) -> Entry {
    let events = events.into_iter().map(|event| (Audience::EVERYONE, Event::Commands(event))).collect();
    let actor = Actor { cause: Cause::Identity(IdentityId(900)), name: me() };
    let entry = Entry { revision: fleet.revision.next(), at: NOW - Duration::from_secs(60), actor, events };
    fleet.apply(&entry);
    entry
}

fn asked(fleet: &Fleet, id: u64, argv: &[&str], hosts: &[u64]) -> Vec<CommandEvent> {
    let argv = Argv::new(argv.iter().map(|word| (*word).to_owned()).collect()).unwrap();
    let command = Command::new(
        CommandId(id),
        Asked {
            key: ActionId(id.into()),
            argv,
            shell: false,
            by: me(),
            asked_at: NOW - Duration::from_secs(60),
            window: 128,
            timeout: Duration::from_secs(30),
        },
    );
    let of = |host: u64| fleet.hosts.hosts[&HostId(host)].client.clone();
    hosts
        .iter()
        .map(|host| CommandEvent::Asked { command: command.clone(), client: of(*host), hosts: vec![HostId(*host)] })
        .collect()
}

fn reported(
    id: u64,
    host: u64,
    state: OutcomeState,
    code: i32,
    stdout: Option<BlobId>,
    stderr: Option<BlobId>,
) -> CommandEvent {
    let kept = |blob: Option<BlobId>| {
        let bytes = if blob.is_some() { 200 } else { 0 };
        Kept { blob, printed: bytes, kept: bytes, shape: 0 }
    };
    let report = Report {
        state,
        code: Some(code),
        signal: None,
        stdout: kept(stdout),
        stderr: kept(stderr),
        why: SafeText::default(),
        took: Some(Duration::from_millis(140)),
    };
    CommandEvent::Reported { command: CommandId(id), host: HostId(host), report }
}

fn blob(number: u8) -> Option<BlobId> {
    Some(BlobId([number; 32]))
}

/// What `df` printed, and its complaint.
pub const PRINTED: [(BlobId, &str); 2] = [
    (BlobId([1; 32]), "Filesystem      Size  Used Avail Use% Mounted on\n/dev/sda1       100G   61G   39G  61% /\n"),
    (BlobId([2; 32]), "df: /: no such device\n"),
];

/// `df` went to eleven hosts: seven printed the same, two failed alike, one runs, one was offline.
pub fn commanded(mut story: Story) -> Story {
    let hosts: Vec<u64> = (1..=11).collect();
    let mut events = asked(&story.fleet, 12, &["df", "-h", "/"], &hosts);
    let changed = |state, hosts: &[u64]| CommandEvent::Changed {
        command: CommandId(12),
        state,
        hosts: hosts.iter().map(|host| HostId(*host)).collect(),
        why: SafeText::default(),
    };
    events.push(changed(OutcomeState::Running, &[2, 3, 4, 5, 6, 7, 9, 10, 11]));
    events.push(changed(OutcomeState::Offline, &[8]));
    for host in [2, 3, 4, 5, 6, 7, 9] {
        events.push(reported(12, host, OutcomeState::Ok, 0, blob(1), None));
    }
    for host in [1, 10] {
        events.push(reported(12, host, OutcomeState::Failed, 2, None, blob(2)));
    }
    let entry = entry(&mut story.fleet, events);
    story.entries.push(entry);
    story
}

fn df() -> Desk {
    let mut desk = Desk::new(commanded(story()), Place::Commands);
    desk.blobs = PRINTED.to_vec();
    desk
}

/// The numbers before the words of outcomes on a line, and the sum after the sign.
fn sums(line: &str) -> (usize, usize) {
    let words: Vec<&str> = line.split_whitespace().collect();
    let counted = words.windows(2).filter(|pair| OutcomeState::from_word(pair[1]).is_some());
    let counted = counted.filter_map(|pair| pair[0].parse::<usize>().ok()).sum();
    let sum = words.windows(2).find(|pair| pair[0] == "=").and_then(|pair| pair[1].parse().ok());
    (counted, sum.unwrap_or(usize::MAX))
}

#[test]
fn outcomes_sum_to_the_targets_at_every_seat() {
    for (width, height) in [(200, 60), (80, 24), (45, 20)] {
        let mut desk = df();
        let list = desk.text(width, height);
        assert!(list.contains("df -h /") && list.contains("10/11"), "{width}x{height}\n{list}");
        desk.keys("Enter");
        let screen = desk.text(width, height);
        let tally = screen.lines().find(|line| line.contains(" = 11")).expect(&screen);
        assert_eq!(sums(tally), (11, 11), "{width}x{height}\n{screen}");
        assert!(screen.contains("okafor") && screen.contains("failed"), "{screen}");
    }
}

#[test]
fn groups_come_largest_first_with_their_hosts_folded_and_the_output_below() {
    let mut desk = df();
    desk.paint(120, 34);
    desk.keys("Enter");
    let screen = desk.text(120, 34);
    let rows: Vec<&str> = screen.lines().skip(5).take(4).collect();
    let counts: Vec<usize> =
        rows.iter().filter_map(|row| row.trim_start_matches('>').split_whitespace().next()?.parse().ok()).collect();
    assert_eq!(counts, [7, 2, 1, 1], "{screen}");
    assert!(screen.contains("EXCH01,dc[01-02],front-pc1") && rows[0].contains("Filesystem      Size"), "{screen}");
    assert!(rows[1].contains("failed, code 2") && rows[1].contains("! df: /: no such device"), "{screen}");
    assert!(screen.contains("100G   61G"), "the cursor's output is below\n{screen}");
    desk.keys("j");
    let screen = desk.text(120, 34);
    assert!(screen.contains("2 hosts") && screen.lines().last().is_some(), "{screen}");
}

#[test]
fn outcomes_stream_in_while_one_looks_and_the_cursor_stays() {
    let mut desk = df();
    desk.paint(120, 34);
    desk.keys("Enter");
    desk.paint(120, 34);
    desk.keys("j");
    desk.tell(vec![reported(12, 11, OutcomeState::Ok, 0, blob(1), None)]);
    let screen = desk.text(120, 34);
    assert!(screen.contains("8 ok") && screen.contains("11/11 done") && screen.contains("ended 12"), "{screen}");
    assert!(screen.lines().any(|line| line.starts_with('>') && line.contains("code 2")), "{screen}");
}

#[test]
fn hosts_are_listed_what_failed_first() {
    let mut desk = df();
    desk.paint(120, 34);
    desk.keys("Enter o");
    let screen = desk.text(120, 34);
    let rows: Vec<&str> = screen.lines().skip(5).take(3).collect();
    assert!(rows[0].contains("srv1") && rows[1].contains("web-7f9c") && rows[2].contains("offline"), "{screen}");
}

#[test]
fn the_output_is_searched_written_and_copied() {
    let mut desk = df();
    desk.paint(80, 24);
    desk.keys("Enter");
    desk.paint(80, 24);
    desk.keys("Enter");
    let screen = desk.text(80, 24);
    assert!(screen.contains("7 hosts") && screen.contains("100G   61G"), "{screen}");
    desk.keys("/");
    desk.type_line("SDA");
    desk.keys("Enter");
    let screen = desk.text(80, 24);
    assert!(screen.contains("(1 lines)"), "{screen}");
    desk.keys("w");
    let Some(Order::Write { name, text }) = desk.orders.pop() else { panic!("{:?}", desk.orders) };
    assert_eq!(name, "command-main-12-scada2+6.txt");
    assert!(text.contains("$ df -h /") && text.contains("61G"), "{text}");
    desk.keys("y");
    assert!(matches!(desk.orders.pop(), Some(Order::Copy(text)) if text.contains("7 hosts") && text.contains("61G")));
}

#[test]
fn what_is_similar_is_one_group_by_a_key_and_exact_groups_are_what_one_sees_first() {
    let mut desk = Desk::new(commanded(story()), Place::Commands);
    let texts = ["up 3 days\n", "up 21 days\n", "up 4 days\n", "down\n"];
    desk.blobs = texts.iter().zip(11..).map(|(text, number)| (BlobId([number; 32]), *text)).collect();
    let mut events = asked(&desk.fleet, 13, &["uptime"], &[1, 2, 3, 4, 5]);
    for (host, (output, shape)) in [(11, 77), (12, 77), (13, 77), (14, 78), (11, 77)].into_iter().enumerate() {
        let stdout = Kept { blob: blob(output), printed: 20, kept: 20, shape };
        let mut event = reported(13, host as u64 + 1, OutcomeState::Ok, 0, None, None);
        if let CommandEvent::Reported { report, .. } = &mut event {
            report.stdout = stdout;
        }
        events.push(event);
    }
    desk.tell(events);
    let counts = |screen: &str| -> Vec<usize> {
        let rows = screen.lines().skip(5).take(5);
        rows.filter_map(|row| row.trim_start_matches('>').split_whitespace().next()?.parse().ok()).collect()
    };
    desk.paint(120, 34);
    desk.keys("j Enter");
    let exact = desk.text(120, 34);
    assert_eq!(counts(&exact), [2, 1, 1, 1], "{exact}");
    desk.keys("b");
    let similar = desk.text(120, 34);
    assert_eq!(counts(&similar), [4, 1], "{similar}");
    assert!(similar.contains("2 groups of similar output") && similar.contains("this is of one of them"), "{similar}");
    desk.keys("x");
    assert!(desk.text(120, 34).contains("4 hosts of"), "the whole group is meant");
    desk.keys("Esc o");
    let hosts = desk.text(120, 34);
    assert!(texts.iter().all(|text| hosts.contains(text.trim())), "each host with its own output\n{hosts}");
    desk.keys("o");
    let exact = desk.text(120, 34);
    assert_eq!(counts(&exact), [2, 1, 1, 1], "{exact}");
}

#[test]
fn a_whole_command_is_written_once_all_of_its_output_is_here() {
    let mut desk = df();
    let area = Rect::new(0, 0, 80, 24);
    desk.paint(80, 24);
    desk.keys("Enter w");
    // the hub has not answered yet
    desk.app.refresh(area, desk.moment);
    let (_, mut orders) = desk.app.turn(desk.moment);
    assert!(!orders.iter().any(|order| matches!(order, Order::Write { .. })), "{orders:?}");
    let mut written = Vec::new();
    while !orders.is_empty() {
        for order in std::mem::take(&mut orders) {
            match order {
                Order::Write { name, text } => written.push((name, text)),
                Order::Ask(fleet, Ask::Detail { generation, about: Topic::Blob(id) }) => {
                    let (_, text) = PRINTED.iter().find(|(blob, _)| *blob == id).unwrap();
                    let text = SafeText::block_from_bytes_lossy(text.as_bytes(), 2 << 20);
                    let result = Ok(Detail::Blob { text, cut: false });
                    desk.app.answer(fleet, Answer { generation, about: Topic::Blob(id), result });
                }
                _ => {}
            }
        }
        desk.app.refresh(area, desk.moment);
        orders.extend(desk.app.turn(desk.moment).1);
    }
    let [(name, text)] = written.as_slice() else { panic!("{written:?}") };
    assert_eq!(name, "command-main-12.txt");
    assert!(text.starts_with("$ df -h /\n1 offline 1 running 7 ok 2 failed = 11\n"), "{text}");
    for part in ["7 hosts EXCH01,dc[01-02],front-pc1", "100G   61G", "2 hosts ", "df: /: no such device", "1 host "] {
        assert!(text.contains(part), "{part:?} is not in\n{text}");
    }
}

#[test]
fn a_hosts_quiet_hours_are_counted_by_what_its_hub_says() {
    let mut desk = Desk::new(story(), Place::Hosts);
    desk.paint(120, 34);
    desk.keys("Space Space Space Space x");
    assert!(desk.text(120, 34).contains("quiet hours: asking the hub"), "{}", desk.text(120, 34));
    let asked = desk.orders.iter().rev().find_map(|order| match order {
        Order::Ask(fleet, Ask::Detail { generation, about: Topic::QuietHosts }) => Some((*fleet, *generation)),
        _ => None,
    });
    let (fleet, generation) = asked.expect("the hub is asked");
    let tell = |desk: &mut Desk, result| {
        assert!(desk.app.answer(fleet, Answer { generation, about: Topic::QuietHosts, result }));
        desk.text(120, 34)
    };
    let all = (1..=99).map(HostId).collect();
    let screen = tell(&mut desk, Ok(Detail::QuietHosts(all)));
    assert!(screen.contains("quiet hours: 4, 0 off (expected), 2 on, 2 not known to be either"), "{screen}");
    let screen = tell(&mut desk, Ok(Detail::QuietHosts([HostId(99)].into())));
    assert!(screen.contains("quiet hours: none is in its quiet hours"), "{screen}");
    desk.type_line("df");
    desk.keys("Enter");
    let screen = tell(&mut desk, Err(SafeText::new("no answer within 15 s")));
    assert!(screen.contains("quiet hours: not known, no answer within 15 s"), "also while it is confirmed\n{screen}");
}

#[test]
fn a_group_becomes_the_targets_of_the_next_command() {
    let mut desk = df();
    desk.paint(80, 24);
    desk.keys("Enter");
    desk.paint(80, 24);
    desk.keys("j x");
    let screen = desk.text(80, 24);
    assert!(screen.contains("2 hosts of 2 clients: delta 1, fox 1") && screen.contains("df -h /"), "{screen}");
    desk.keys("Enter r u n Enter");
    let Some((Verb::Run { argv, .. }, Targets::Hosts(hosts))) = desk.sent() else { panic!("{:?}", desk.orders) };
    assert_eq!((argv.join(" "), hosts.as_slice()), ("df -h /".to_owned(), &[HostId(1), HostId(10)][..]));
}

#[test]
fn a_command_is_cancelled_only_when_the_key_is_pressed_again() {
    let mut desk = df();
    desk.paint(80, 24);
    desk.keys("Enter X");
    assert!(desk.sent().is_none());
    let screen = desk.text(80, 24);
    assert!(screen.contains("1 running"), "{screen}");
    desk.moment += Duration::from_secs(2);
    desk.keys("X");
    assert_eq!(desk.sent(), Some((&Verb::Cancel { command: CommandId(12) }, &Targets::None)));
    desk.tell(vec![CommandEvent::CancelAsked { command: CommandId(12), hosts: vec![HostId(11)], by: me() }]);
    assert!(desk.text(80, 24).contains("cancelling"));
}

#[test]
fn a_host_is_asked_for_a_program_and_what_is_typed_before_a_question_is_painted_answers_nothing() {
    let mut desk = Desk::new(story(), Place::Hosts);
    desk.paint(80, 24);
    let before = FrameStamp { submitted: 4, flushed: 4 };
    let (unseen, seen) = (FrameStamp { submitted: 5, flushed: 4 }, FrameStamp { submitted: 5, flushed: 5 });
    desk.key_at("x", before);
    for key in ["u", "p", "Enter"] {
        desk.key_at(key, unseen);
    }
    let screen = desk.text(80, 24);
    assert!(
        screen.contains("Run on 1 host") && screen.contains("offline: 1 (1 down)") && !screen.contains("starts"),
        "{screen}"
    );
    for key in ["u", "p", "t", "i", "m", "e", "Enter"] {
        desk.key_at(key, seen);
    }
    // The second question is not painted yet: these letters would confirm it.
    for key in ["r", "u", "n", "Enter"] {
        desk.key_at(key, FrameStamp { submitted: 6, flushed: 5 });
    }
    let screen = desk.text(80, 24);
    assert!(desk.sent().is_none() && screen.contains("type `run`") && screen.contains("starts: uptime"), "{screen}");
    for key in ["r", "u", "n", "Enter"] {
        desk.key_at(key, FrameStamp { submitted: 6, flushed: 6 });
    }
    assert!(
        matches!(desk.sent(), Some((Verb::Run { argv, .. }, Targets::Hosts(hosts))) if argv[0] == "uptime" && hosts.len() == 1)
    );
}

#[test]
fn above_ten_hosts_the_count_is_typed_and_every_host_only_by_the_sign() {
    let mut desk = Desk::new(story(), Place::Hosts);
    desk.paint(80, 24);
    desk.keys("* x");
    desk.type_line("uptime");
    desk.keys("Enter");
    let screen = desk.text(80, 24);
    assert!(
        screen.contains("11 hosts of 6 clients") && screen.contains("offline: 3 (1 down, 1 silent, 1 off)"),
        "{screen}"
    );
    assert!(screen.contains("quiet hours: asking the hub"), "{screen}");
    desk.keys("r u n Enter");
    assert!(desk.sent().is_none(), "a word is not the count");
    desk.keys("Backspace Backspace Backspace 1 1 Enter");
    assert!(matches!(desk.sent(), Some((Verb::Run { .. }, Targets::Hosts(hosts))) if hosts.len() == 11));
    // The sign has served.
    desk.keys("x");
    assert!(desk.text(80, 24).contains("Run on 1 host"));
}

#[test]
fn alerts_stand_for_their_hosts_each_once() {
    let mut desk = Desk::new(story(), Place::Alerts);
    desk.paint(120, 30);
    desk.keys("* x");
    let screen = desk.text(120, 30);
    assert!(screen.contains("Run on 7 hosts"), "{screen}");
    let mut desk = Desk::new(story(), Place::Floor);
    desk.paint(120, 30);
    desk.keys("x");
    let screen = desk.text(120, 30);
    assert!(screen.contains("3 hosts of client acme 3"), "{screen}");
}

#[test]
fn a_line_of_before_comes_back_by_arrow_and_by_plain_letters() {
    let mut desk = df();
    desk.keys("3");
    desk.paint(80, 24);
    desk.keys("x Up");
    assert!(desk.text(80, 24).contains("starts: df -h /"));
    desk.keys("Esc x ! 1 Enter");
    assert!(desk.text(80, 24).contains("starts: df -h /"));
}

#[test]
fn a_console_that_may_not_act_says_why() {
    let mut desk = Desk::new(story(), Place::Hosts);
    let lost = LinkState::Lost { since: desk.moment, reason: SafeText::new("gone"), next_try: None };
    desk.app.update(FLEET, Update::Link(lost), desk.moment);
    desk.paint(80, 24);
    desk.keys("x");
    assert!(desk.text(80, 24).contains("as of the last word"), "old knowledge is called that");
}

#[test]
fn the_command_that_was_started_is_opened_unless_one_went_on() {
    for goes_on in [false, true] {
        let mut desk = Desk::new(story(), Place::Hosts);
        desk.paint(80, 24);
        desk.keys("x i d Enter r u n Enter");
        let Some(Order::Ask(fleet, Ask::Act { tag, .. })) = desk.orders.pop() else { panic!() };
        if goes_on {
            desk.keys("j");
        }
        let answer = ActAnswer {
            revision: desk.fleet.revision.next(),
            done: vec![1],
            command: Some(CommandId(44)),
            ..ActAnswer::default()
        };
        desk.app.act_ended(fleet, tag, ActEnd::Answered(answer));
        let events = asked(&desk.fleet, 44, &["id"], &[1]);
        desk.tell(events);
        let screen = desk.text(80, 24);
        assert_eq!(screen.contains("COMMAND"), !goes_on, "{screen}");
    }
}

#[test]
fn hostile_output_is_shown_and_moves_nothing() {
    let mut desk = df();
    let long = Box::leak("x".repeat(3 << 20).into_boxed_str());
    for hostile in ["\u{1b}[2J\u{1b}]0;title\u{7}\u{202e}evil\r\n\tb\u{9b}31m\0\n", "\u{1b}(0lqqk\n", &*long] {
        desk.blobs[0].1 = hostile;
        let mut app = df();
        app.blobs = desk.blobs.clone();
        app.paint(80, 24);
        app.keys("Enter");
        for keys in [None, Some("Enter"), Some("G")] {
            if let Some(keys) = keys {
                app.keys(keys);
            }
            for (width, height) in [(80, 24), (45, 20), (200, 60), (1, 1)] {
                let buf = app.paint(width, height);
                assert!(buf.content().iter().all(|cell| !cell.symbol().chars().any(char::is_control)));
            }
        }
    }
}

#[test]
fn every_size_is_painted() {
    let mut desk = df();
    desk.paint(80, 24);
    for keys in ["Enter", "o", "Enter", "x", "Esc"] {
        desk.keys(keys);
        for width in (1..=200).step_by(13) {
            for height in (1..=60).step_by(5) {
                desk.paint(width, height);
            }
        }
    }
}

/// Types into a question that takes keys only once it knows that it stands on the screen.
fn answer(terminal: &Terminal, question: &str, text: &str) {
    let (first, rest) = text.split_at(1);
    // What came before it stood there is not taken: the first letter is typed until it shows, then the line is cleared.
    while !terminal.wait_for(question).contains(&format!("> {first}")) {
        terminal.type_keys(first);
        std::thread::yield_now();
    }
    terminal.type_keys(&format!("\u{15}{first}{rest}"));
    terminal.wait_for(&format!("> {text}"));
    terminal.type_keys("\r");
}

#[test]
fn a_program_is_run_read_and_killed_by_key_on_a_real_host() {
    let home = tempfile::tempdir().unwrap();
    let mut terminal = Program::watchfloor(home.path()).start(120, 34);
    terminal.wait_for("1/1");
    terminal.type_keys("3");
    terminal.wait_for(" up ");
    terminal.type_keys("x");
    answer(&terminal, "Run on 1 host", "echo first 'second  word'");
    answer(&terminal, "type `run`", "run");
    terminal.wait_until("it went well, and what it printed is below", |screen| {
        let text = screen.contents();
        text.starts_with("COMMAND") && text.contains("1 ok = 1") && text.contains("first second  word")
    });
    terminal.type_keys("\r");
    terminal.wait_until("the output as a whole", |screen| screen.contents().starts_with("OUTPUT"));
    terminal.type_keys("q");
    terminal.wait_until("back at the command", |screen| screen.contents().starts_with("COMMAND"));
    terminal.type_keys("x");
    answer(&terminal, "Run on 1 host", "sleep 600");
    answer(&terminal, "type `run`", "run");
    terminal.wait_until("it runs", |screen| screen.contents().contains("1 running = 1"));
    terminal.type_keys("X");
    terminal.wait_for("Cancel command 2");
    // The key must come anew, not held down: it is pressed again until it counts.
    let patience = std::time::Instant::now() + Duration::from_secs(30);
    while !terminal.wait_until("a screen", |_| true).contains("1 cancelled = 1") {
        assert!(std::time::Instant::now() < patience, "the host confirms that it was killed");
        if terminal.wait_until("a screen", |_| true).contains("again sends it") {
            std::thread::sleep(Duration::from_millis(800));
            terminal.type_keys("X");
        }
    }
    terminal.type_keys("5");
    terminal.wait_until("both are listed", |screen| {
        let text = screen.contents();
        text.starts_with("COMMANDS") && text.contains("sleep 600") && text.contains("echo first")
    });
    terminal.type_keys("q");
    assert!(terminal.wait_exit().success());
    terminal.assert_restored();
}
