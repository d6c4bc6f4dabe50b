//! The screens of maintenance windows: what is muted, until when, by whom; opened, made longer and ended by key.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use watchfloor::console::act::{ActAnswer, ActEnd, Verb};
use watchfloor::console::app::App;
use watchfloor::console::ask::{Answer, Detail, Topic};
use watchfloor::console::replica::{Body, FleetIndex, Frame, Update};
use watchfloor::console::screens::world::Place;
use watchfloor::console::theme::{Glyphs, Theme};
use watchfloor::console::widgets::dump;
use watchfloor::fleet::alerts::{Event as AlertEvent, Hold};
use watchfloor::fleet::identity::Audience;
use watchfloor::fleet::state::{Actor, Entry, Event};
use watchfloor::fleet::windows::{Event as WindowEvent, Occurrence, Recurrence, Scope, Times, Window, Zone};
use watchfloor::fleet::words::filter::Filter;
use watchfloor::fleet::words::{AlertId, Epoch, SafeText, WindowId};

use crate::sample_fleet::{NOW, console_of, press, provider};

const MINUTE: Duration = Duration::from_secs(60);

fn shown_at(app: &mut App, (width, height): (u16, u16), moment: Instant) -> String {
    let area = Rect::new(0, 0, width, height);
    let mut buf = Buffer::empty(area);
    app.refresh(area, moment);
    app.render(area, &mut buf, moment);
    dump::text(&buf)
}

fn keys(app: &mut App, keys: &str, moment: Instant) -> String {
    for key in keys.split_whitespace() {
        press(app, key, moment);
        shown_at(app, (200, 40), moment);
    }
    shown_at(app, (200, 40), moment)
}

fn window(id: u64, name: &str, filter: &str, times: Times) -> Window {
    Window {
        id: WindowId(id),
        name: SafeText::new(name),
        scope: Scope::Filter(Filter::parse(filter).unwrap()),
        client: None,
        next: times.ending_after(NOW),
        times,
        by: SafeText::new("mara"),
        created_at: NOW - MINUTE * 90,
        active: None,
        planned_at: NOW,
        looked_through: None,
        over: None,
        begun: 0,
        ledger: BTreeMap::new(),
    }
}

/// A console with a window that holds back the first alert, one that comes every week, and one that is over.
fn app(place: Place, moment: Instant) -> (App, AlertId) {
    let mut app = console_of(provider(), Theme::of_roles(Glyphs::ASCII), place, moment);
    let (held, before) = {
        let replica = app.replicas().iter().next().unwrap().1;
        (replica.fleet().alerts.open().next().unwrap().id, replica.position().revision)
    };
    let now = Occurrence { from: NOW - MINUTE * 30, until: NOW + MINUTE * 45 };
    let weekly = Recurrence::parse("every Tue,Thu 22:00 for 4h Europe/Berlin", &Zone::utc(), NOW).unwrap();
    let all = |event| (Audience::EVERYONE, Event::Windows(event));
    let entry = Entry {
        revision: before.next(),
        at: NOW,
        actor: Actor::rule("windows"),
        events: vec![
            all(WindowEvent::Created(Box::new(window(1, "switch swap", "client:fox host:sql1", Times::Once(now))))),
            all(WindowEvent::Began { window: WindowId(1), occurrence: now }),
            (Audience::EVERYONE, Event::Alerts(AlertEvent::Held { alert: held, hold: Hold::Maintenance(WindowId(1)) })),
            all(WindowEvent::Looked { window: WindowId(1), through: None }),
            all(WindowEvent::Created(Box::new(window(2, "", "* tag:db", Times::Recurring(Box::new(weekly)))))),
            all(WindowEvent::Created(Box::new(window(3, "old", "client:acme", Times::Once(now))))),
            all(WindowEvent::Closed { window: WindowId(3), by: SafeText::new("lee"), note: None }),
        ],
    };
    let body = Body::Entries { through: entry.revision, entries: vec![entry] };
    app.update(FleetIndex(0), Update::Frame(Frame { received: moment, hub_time: NOW, body }), moment);
    let matches = Detail::WindowMatches(BTreeMap::from([(WindowId(1), 1), (WindowId(2), 0)]));
    app.answer(FleetIndex(0), Answer { generation: 0, about: Topic::WindowMatches, result: Ok(matches) });
    while app.is_busy() {
        app.turn(moment);
    }
    // Nobody acts on what was not painted.
    shown_at(&mut app, (200, 40), moment);
    (app, held)
}

fn line<'s>(screen: &'s str, words: &str) -> &'s str {
    screen.lines().find(|line| line.contains(words)).unwrap_or_else(|| panic!("no {words}: {screen}"))
}

#[test]
fn the_inventory_has_state_times_owner_matches_and_what_is_odd() {
    let moment = Instant::now();
    let (mut app, held) = app(Place::Alerts, moment);
    let screen = keys(&mut app, "8", moment);
    let order: Vec<usize> =
        ["active", "waiting", "over"].map(|state| screen.find(&format!(" {state} ")).unwrap()).to_vec();
    assert!(order.is_sorted(), "what is in force comes first: {screen}");
    let active = line(&screen, "switch swap");
    for words in ["active", "until ", "mara", "client:fox host:sql1", "ends in 45m", "1h"] {
        assert!(active.contains(words), "{words}: {screen}");
    }
    let waiting = line(&screen, "tag:db");
    assert!(waiting.contains("matches nothing") && waiting.contains("every Tue,Thu 22:00 for 4h"), "{screen}");
    assert!(!line(&screen, "old").contains("matches nothing"), "what is over is not odd: {screen}");

    let depth = keys(&mut app, "Enter", moment);
    assert!(depth.contains("switch swap is active") && depth.contains("held back, oldest first"), "{depth}");
    assert!(depth.lines().any(|line| line.contains(&format!("> {held} muted"))), "{depth}");
    let alert = keys(&mut app, "Enter", moment);
    assert!(alert.contains("maintenance: switch swap until ") && alert.contains("(window 1, by mara)"), "{alert}");
    let narrow = shown_at(&mut app, (45, 20), moment);
    assert!(narrow.contains("maintenance"), "{narrow}");
}

#[test]
fn a_muted_alert_says_by_what_and_for_how_long() {
    let moment = Instant::now();
    let (mut app, _) = app(Place::Alerts, moment);
    let screen = keys(&mut app, "", moment);
    assert!(line(&screen, "maintenance: switch swap, 45m left").contains("maint."), "{screen}");
}

#[test]
fn a_window_is_opened_at_an_alert_with_what_it_would_hold_back() {
    let moment = Instant::now();
    let (mut app, _) = app(Place::Alerts, moment);
    let asked = keys(&mut app, "W", moment);
    assert!(asked.contains("Open a maintenance window") && asked.contains("open alert"), "{asked}");
    let text = line(&asked, "2h client:");
    let filter = text.split("2h ").nth(1).unwrap().split('#').next().unwrap().trim().to_owned();
    keys(&mut app, "s w a p Enter", moment);
    let sent = app.acts().pending().next().expect("an act");
    let Verb::OpenWindow(new) = &sent.act.verb else { panic!("{sent:?}") };
    assert_eq!((new.filter.as_str(), new.length, new.name.as_str()), (filter.as_str(), MINUTE * 120, "swap"));
    let shown = line(&asked, &format!("{filter}  "));
    assert!(shown.contains(&format!("  {} open", new.expected.unwrap())), "held to the number that was shown: {asked}");

    let tag = sent.tag;
    let answer = ActAnswer { epoch: Epoch(7), done: vec![1, 2], window: Some(WindowId(4)), ..ActAnswer::default() };
    app.act_ended(FleetIndex(0), tag, ActEnd::Answered(answer));
    let done = keys(&mut app, "", moment);
    assert!(done.contains("window 4 holds back 2 alerts now"), "{done}");
}

#[test]
fn what_can_not_be_a_window_says_why_and_sends_nothing() {
    let moment = Instant::now();
    let (mut app, _) = app(Place::Alerts, moment);
    for (text, words) in [
        ("x", "is no span of time"),
        ("2h", "add one such as client:acme"),
        ("2h Space l a n e : n e w", "does not follow lane:"),
        ("5s Space *", "a minute at least"),
    ] {
        keys(&mut app, "W Ctrl+u", moment);
        let text: Vec<String> = match text.split_once(' ') {
            Some((first, rest)) => first.chars().map(String::from).chain(rest.split(' ').map(str::to_owned)).collect(),
            None => text.chars().map(String::from).collect(),
        };
        text.iter().for_each(|key| press(&mut app, key, moment));
        let screen = keys(&mut app, "Enter", moment);
        assert!(screen.contains(words), "{words}: {screen}");
        keys(&mut app, "Esc", moment);
    }
    assert_eq!(app.acts().pending().count(), 0);
}

#[test]
fn a_window_is_ended_and_made_longer_by_key_unless_it_is_over() {
    let moment = Instant::now();
    let (mut app, _) = app(Place::Windows, moment);
    let asked = keys(&mut app, "C", moment);
    assert!(asked.contains("End window 1") && asked.contains("rings again"), "{asked}");
    keys(&mut app, "Enter", moment);
    let act = app.acts().pending().last().expect("an act").act.clone();
    assert_eq!(act.verb, Verb::CloseWindow { window: WindowId(1), note: String::new() });
    keys(&mut app, "t Enter", moment);
    let act = app.acts().pending().last().expect("an act").act.clone();
    assert_eq!(act.verb, Verb::ExtendWindow { window: WindowId(1), longer: MINUTE * 60 });
    let over = keys(&mut app, "G C", moment);
    assert!(over.contains("window 3 is over already"), "{over}");
    assert_eq!(app.acts().pending().count(), 2);
}

#[test]
fn the_screens_of_windows_are_painted_at_every_size() {
    let moment = Instant::now();
    let (mut app, _) = app(Place::Windows, moment);
    for key in ["", "Enter", "W", "t"] {
        if !key.is_empty() {
            press(&mut app, key, moment);
        }
        for width in (1..=200).step_by(13).chain([40, 79, 80]) {
            for height in (1..=60).step_by(7).chain([12, 24]) {
                shown_at(&mut app, (width, height), moment);
            }
        }
    }
}
