//! The queue as the on-call team reads it: what happens next to each alert, why one is held back, whom an escalation
//! rings, what the library says, and how it all went.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use watchfloor::console::app::App;
use watchfloor::console::ask::{AlertFigures, Answer, Detail, Topic};
use watchfloor::console::replica::FleetIndex;
use watchfloor::console::screens::world::Place;
use watchfloor::console::theme::Theme;
use watchfloor::console::widgets::dump;
use watchfloor::fleet::alerts::{Acknowledgement, Event as AlertEvent, Hold, NextNotice, Plan, Until};
use watchfloor::fleet::derived::alert_report::Figures;
use watchfloor::fleet::notices::{Event as NoticeEvent, Kind, Notice};
use watchfloor::fleet::state::{Actor, Event};
use watchfloor::fleet::words::{AlertId, CheckState, ClientId, NoticeId, SafeText, Severity};

use crate::sample_fleet::{NOW, Story, console_of, press, story};

const LINE: AlertId = AlertId(4471);
const DISK: AlertId = AlertId(4468);
const FULL: AlertId = AlertId(4460);

fn text(app: &mut App, width: u16, height: u16, moment: Instant) -> String {
    let area = Rect::new(0, 0, width, height);
    let mut buf = Buffer::empty(area);
    app.refresh(area, moment);
    app.render(area, &mut buf, moment);
    dump::text(&buf)
}

fn plan(to: &[&str], minutes: u64, why: &str) -> Box<Plan> {
    let next = NextNotice {
        at: NOW + Duration::from_secs(60 * minutes),
        step: 2,
        round: 1,
        to: to.iter().map(|to| SafeText::new(to)).collect(),
    };
    let next = (!to.is_empty()).then_some(next);
    Box::new(Plan { policy: SafeText::new("night"), next, why: SafeText::new(why) })
}

fn tell(story: &mut Story, event: AlertEvent) {
    story.tell(1, Actor::rule("escalating"), vec![Event::Alerts(event)]);
}

/// The sample fleet with somebody to be rung for some of it.
fn night() -> Story {
    let mut story = story();
    let notice = Notice {
        id: NoticeId(7),
        kind: Kind::Problem,
        to: SafeText::new("okafor"),
        channels: vec![SafeText::new("sms"), SafeText::new("mail")],
        channel: 0,
        client: None,
        severity: Severity::Critical,
        alerts: vec![LINE],
        count: 1,
        step: 1,
        round: 1,
        note: SafeText::default(),
        queued_at: NOW - Duration::from_secs(300),
        since: NOW - Duration::from_secs(300),
        state: watchfloor::fleet::notices::State::Waiting,
        words: SafeText::default(),
    };
    let delivered = NoticeEvent::Delivered { notice: NoticeId(7), receipt: SafeText::new("ok") };
    let told = AlertEvent::Notified {
        alert: LINE,
        step: 1,
        notices: vec![NoticeId(7)],
        to: vec![SafeText::new("okafor")],
        plan: plan(&["lee", "schedule:first line"], 4, ""),
    };
    let events = vec![Event::Notices(NoticeEvent::Queued(Box::new(notice))), Event::Alerts(told)];
    story.tell(5, Actor::rule("escalating"), events);
    story.tell(4, Actor::rule("delivery"), vec![Event::Notices(delivered)]);
    tell(&mut story, AlertEvent::Planned { alert: DISK, plan: plan(&[], 0, "policy night is through") });
    tell(&mut story, AlertEvent::Held { alert: AlertId(4441), hold: Hold::Parent(LINE) });
    let acknowledgement = Acknowledgement {
        by: SafeText::new("ruiz"),
        at: NOW - Duration::from_secs(3 * 3_600),
        until: Until::Worse,
        level: CheckState::Critical,
        note: SafeText::default(),
        expires: Some(NOW + Duration::from_secs(41 * 60 + 20)),
        limit: None,
    };
    tell(&mut story, AlertEvent::Acknowledged { alert: FULL, acknowledgement });
    story
}

fn console(place: Place, moment: Instant) -> App {
    console_of(night(), Theme::built_in("dark").unwrap(), place, moment)
}

/// A console that went to an alert by its number.
fn at(alert: AlertId, moment: Instant) -> App {
    let mut app = console(Place::Alerts, moment);
    press(&mut app, "i", moment);
    for digit in alert.to_string().chars() {
        press(&mut app, &digit.to_string(), moment);
    }
    press(&mut app, "Enter", moment);
    app
}

/// The same, with the library's pages about it.
fn library(alert: AlertId, moment: Instant) -> App {
    let mut app = at(alert, moment);
    press(&mut app, "K", moment);
    app
}

fn row<'s>(screen: &'s str, of: &str) -> &'s str {
    screen.lines().find(|line| line.contains(of)).unwrap_or_else(|| panic!("no row of {of}:\n{screen}"))
}

fn answer(app: &mut App, about: Topic, detail: Detail) {
    app.answer(FleetIndex(0), Answer { generation: 0, about, result: Ok(detail) });
}

#[test]
fn each_row_says_what_happens_next_and_when() {
    let moment = Instant::now();
    let mut app = console(Place::Alerts, moment);
    for (width, height) in [(80, 24), (120, 24), (200, 60)] {
        let screen = text(&mut app, width, height, moment);
        let next = |host: &str, words: &str| {
            let row = row(&screen, host);
            assert!(row.contains(words), "{words} at {width} cells: {row}\n{screen}");
        };
        next("srv1", "09:45 lee");
        next("EXCH01", "nobody");
        next("sql01", "back in 41m");
        next("front-pc1", "back in 3h");
        next(" H87Z", "behind W2QS");
    }
    let wide = text(&mut app, 200, 60, moment);
    assert!(row(&wide, "srv1").contains("09:45 lee+1 s2"), "{wide}");
    assert!(row(&wide, "sql01").contains("ruiz 3h"), "the acknowledgement's age stands beside its owner: {wide}");
    assert!(wide.contains("1 behind") && wide.contains("1 snoozed"), "reasons are counted apart: {wide}");
    let phone = text(&mut app, 45, 30, moment);
    assert!(phone.contains("09:45 lee") && phone.contains("back in 41m"), "{phone}");
}

#[test]
fn a_countdown_changes_nothing_on_the_screen_within_a_minute() {
    let moment = Instant::now();
    let mut app = console(Place::Alerts, moment);
    let at = |app: &mut App, seconds| {
        let screen = text(app, 120, 24, moment + Duration::from_secs(seconds));
        row(&screen, "sql01").to_owned()
    };
    let first = at(&mut app, 0);
    assert_eq!(at(&mut app, 15), first);
    assert!(at(&mut app, 40).contains("back in 40m"));
}

#[test]
fn what_was_taken_and_forgotten_and_what_is_held_back_are_found() {
    let moment = Instant::now();
    for (filter, there, count) in
        [("ack:2h+", "sql01", 1), ("held:parent", "H87Z", 1), ("held:snoozed", "front-pc1", 1)]
    {
        let mut app = console(Place::Alerts, moment);
        press(&mut app, "/", moment);
        for letter in filter.chars() {
            press(&mut app, &letter.to_string(), moment);
        }
        press(&mut app, "Enter", moment);
        let screen = text(&mut app, 120, 24, moment);
        assert!(screen.contains(&format!("/{filter} ({count})")) && screen.contains(there), "{screen}");
    }
}

#[test]
fn an_escalation_names_whom_it_rings_before_it_is_sent() {
    let moment = Instant::now();
    let mut app = at(LINE, moment);
    press(&mut app, "e", moment);
    let screen = text(&mut app, 80, 24, moment);
    assert!(screen.contains("tells lee") && screen.contains("schedule first line"), "{screen}");
    assert!(screen.contains("step 2 of policy night") && screen.contains("keeps it"), "{screen}");
    assert!(!app.acts().has_unsent(), "nothing is sent yet");
    let mut app = at(FULL, moment);
    press(&mut app, "e", moment);
    let screen = text(&mut app, 80, 24, moment);
    assert!(screen.contains("ruiz keeps it") && screen.contains("no step left"), "{screen}");
}

#[test]
fn what_somebody_has_is_taken_over_only_after_their_name_was_read() {
    let moment = Instant::now();
    let mut app = at(FULL, moment);
    press(&mut app, "a", moment);
    let screen = text(&mut app, 80, 24, moment);
    assert!(screen.contains("Take over") && screen.contains("ruiz has this already"), "{screen}");
    assert!(!app.acts().has_unsent());
    press(&mut app, "a", moment + Duration::from_secs(2));
    assert!(app.acts().has_unsent(), "the same key takes it");
    let mut app = at(LINE, moment);
    press(&mut app, "a", moment);
    assert!(app.acts().has_unsent(), "what nobody has is taken at once");
}

#[test]
fn an_acknowledgement_may_end_otherwise_and_a_reminder_needs_a_time() {
    let moment = Instant::now();
    let sent = |keys: &str, answer: &str| {
        let mut app = at(LINE, moment);
        press(&mut app, keys, moment);
        for letter in answer.chars() {
            let key = if letter == ' ' { "Space".to_owned() } else { letter.to_string() };
            press(&mut app, &key, moment);
        }
        press(&mut app, "Enter", moment);
        let verbs = app.acts().pending().map(|pending| format!("{:?}", pending.act.verb)).collect::<Vec<_>>().join(" ");
        (verbs, text(&mut app, 80, 24, moment))
    };
    let (verb, _) = sent("A", "until used>98 growing it");
    assert!(verb.contains("98000") && verb.contains("growing it") && verb.contains("Worse"), "{verb}");
    let (verb, _) = sent("A", "until ok on it");
    assert!(verb.contains("Resolved") && verb.contains("on it"), "{verb}");
    let (verb, _) = sent("A", "looking");
    assert!(verb.contains("Worse") && verb.contains("looking"), "{verb}");
    let (verb, screen) = sent("A", "until tomorow");
    assert!(verb.is_empty() && screen.contains("is no moment"), "{screen}");
    let (verb, _) = sent("p", "2h tell Acme");
    let at = NOW + Duration::from_secs(2 * 3_600);
    assert!(verb.contains("Remind") && verb.contains("tell Acme") && verb.contains(&at.0.to_string()), "{verb}");
    let (verb, screen) = sent("p", "08:00");
    assert!(verb.is_empty() && screen.contains("of what"), "{screen}");
}

#[test]
fn the_detail_tells_who_was_told_what_comes_next_and_how_often_it_came() {
    let moment = Instant::now();
    let mut app = at(LINE, moment);
    answer(&mut app, Topic::AlertDays(LINE), Detail::Days(vec![0, 2, 1, 0, 8, 1, 2]));
    let screen = text(&mut app, 100, 30, moment);
    assert!(screen.contains("told: okafor") && screen.contains("by sms, delivered"), "{screen}");
    assert!(screen.contains("next: 09:45 lee, schedule first line, step 2 of policy night"), "{screen}");
    assert!(screen.contains("seen 14 times in 7 days"), "{screen}");
    let mut app = at(DISK, moment);
    let screen = text(&mut app, 100, 30, moment);
    assert!(screen.contains("next: nobody is told: policy night is through"), "{screen}");
}

#[test]
fn a_hostile_page_of_the_library_is_shown_and_not_obeyed() {
    let moment = Instant::now();
    let mut app = library(DISK, moment);
    assert!(text(&mut app, 80, 24, moment).contains("asking the hub's library"));
    let page =
        "# Disk \u{1b}[2Jfull\n1. look\u{7}\n2. `du -x /`\n```\n\u{1b}]52;c;aGk=\u{7}rm old\n```\n\u{202e}evil\n";
    let pages = vec![(SafeText::line("di\u{1b}[0msk.md"), SafeText::block(page))];
    answer(&mut app, Topic::Runbook(DISK), Detail::Pages(pages));
    for (width, height) in [(45, 20), (80, 24), (200, 60)] {
        let area = Rect::new(0, 0, width, height);
        let mut buf = Buffer::empty(area);
        app.refresh(area, moment);
        app.render(area, &mut buf, moment);
        for cell in buf.content() {
            assert!(!cell.symbol().chars().any(|c| c.is_control() || c == '\u{202e}'), "{:?}", cell.symbol());
        }
        let screen = dump::text(&buf);
        assert!(screen.contains("1. look") && screen.contains("rm old") && screen.contains("RUNBOOK"), "{screen}");
    }
    for key in ["j", "G", "g", "d"] {
        press(&mut app, key, moment);
        text(&mut app, 80, 24, moment);
    }
    press(&mut app, "a", moment);
    assert!(app.acts().has_unsent(), "the verbs of the alert work where one reads about it");
    let mut app = library(DISK, moment);
    answer(&mut app, Topic::Runbook(DISK), Detail::Pages(Vec::new()));
    let screen = text(&mut app, 80, 24, moment);
    assert!(screen.contains("put disk.md into library/"), "who finds none is told how to write one: {screen}");
}

#[test]
fn the_report_is_sorted_and_put_together_as_asked() {
    let moment = Instant::now();
    let mut app = console(Place::Report, moment);
    let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
    let figures = |opened, reopened, taken, until_taken, ended, until_ended| Figures {
        opened,
        reopened,
        taken,
        until_taken: minutes(until_taken),
        ended,
        until_ended: minutes(until_ended),
    };
    let of = |client: &str, check: &str| (ClientId::from(client), SafeText::new(check));
    let report = AlertFigures {
        from: NOW - Duration::from_secs(7 * 24 * 3_600),
        to: NOW,
        cut: false,
        figures: BTreeMap::from([
            (of("acme", "disk"), figures(2, 0, 1, 4, 2, 60)),
            (of("acme", "load"), figures(10, 4, 1, 8, 14, 28)),
            (of("bay", "disk"), figures(3, 0, 0, 0, 1, 180)),
        ]),
    };
    answer(&mut app, Topic::AlertReport { days: 7 }, Detail::AlertReport(report));
    let order = |app: &mut App, names: &[&str]| {
        let screen = text(app, 80, 24, moment);
        let rows: Vec<&str> =
            screen.lines().filter_map(|line| line.split_whitespace().find(|word| names.contains(word))).collect();
        (rows.into_iter().map(str::to_owned).collect::<Vec<_>>(), screen)
    };
    let (rows, screen) = order(&mut app, &["acme", "bay"]);
    assert_eq!(rows, ["acme", "bay"], "the noisiest first: {screen}");
    let acme = row(&screen, "acme");
    assert!(acme.contains("16") && acme.contains("16.0") && acme.contains("6m") && acme.contains("5m"), "{acme}");
    press(&mut app, "b", moment);
    let (rows, screen) = order(&mut app, &["disk", "load"]);
    assert_eq!(rows, ["load", "disk"], "{screen}");
    assert!(row(&screen, "disk").contains("1h 20m"), "(60 + 180) / 3: {screen}");
    press(&mut app, "O", moment);
    assert_eq!(order(&mut app, &["disk", "load"]).0, ["disk", "load"]);
    press(&mut app, "l", moment);
    assert!(text(&mut app, 80, 24, moment).contains("30 days"));
}
