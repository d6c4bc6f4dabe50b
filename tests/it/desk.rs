//! The desk: groups, chords, and what else serves someone who looks at many rows all day.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use watchfloor::console::app::{App, Order};
use watchfloor::console::input::{FrameStamp, Input, Key};
use watchfloor::console::screens::world::Place;
use watchfloor::console::widgets::dump;
use watchfloor::settings::views::{Layout, View, Views};

use crate::sample_fleet::console;

fn shown(app: &mut App, moment: Instant) -> String {
    let area = Rect::new(0, 0, 120, 70);
    let mut buf = Buffer::empty(area);
    app.refresh(area, moment);
    app.render(area, &mut buf, moment);
    dump::text(&buf)
}

/// A frame that stands on the screen when the next key is pressed.
fn seen() -> FrameStamp {
    static FRAMES: AtomicU64 = AtomicU64::new(10);
    let frame = FRAMES.fetch_add(1, Ordering::Relaxed);
    FrameStamp { submitted: frame, flushed: frame }
}

fn press(app: &mut App, key: &str, moment: Instant) {
    order(app, key, moment);
    while app.is_busy() {
        app.turn(moment);
    }
}

/// Presses keys one after the other, each on a screen that was painted.
fn keys(app: &mut App, keys: &str, moment: Instant) -> String {
    for key in keys.split(' ') {
        press(app, key, moment);
        shown(app, moment);
    }
    shown(app, moment)
}

fn cursor(screen: &str) -> &str {
    screen.lines().find(|line| line.starts_with('>')).unwrap_or_default()
}

fn heads(screen: &str) -> Vec<&str> {
    let head = |line: &&str| line.get(2..4).is_some_and(|sign| sign == "- " || sign == "+ ");
    screen.lines().filter(head).map(|line| line.get(2..).unwrap_or_default().trim_end()).collect()
}

#[test]
fn rows_are_grouped_by_one_key_and_the_cursor_stays_on_its_row() {
    let moment = Instant::now();
    let mut app = console("dark", Place::Alerts, moment);
    let before = keys(&mut app, "j j", moment);
    let row = cursor(&before).get(10..40).unwrap().to_owned();
    let screen = keys(&mut app, "b", moment);
    assert!(screen.contains("by client (") && cursor(&screen).contains(row.trim()), "{screen}");
    let sum: usize =
        heads(&screen).iter().filter_map(|head| head.split_whitespace().nth(2)?.parse::<usize>().ok()).sum();
    let open: usize = app.replicas().iter().map(|(_, replica)| replica.counts().total().alerts() as usize).sum();
    assert_eq!(sum, open, "the heads' counts add up to all open alerts: {screen}");
    let by: Vec<String> = ["site", "host", "check", "severity"]
        .into_iter()
        .map(|by| {
            let screen = keys(&mut app, "b", moment);
            assert!(screen.contains(&format!("by {by} (")), "{by}: {screen}");
            heads(&screen).first().copied().unwrap_or_default().to_owned()
        })
        .collect();
    assert!(by[3].starts_with("- critical  "), "the gravest come first: {by:?}");
    let screen = keys(&mut app, "b", moment);
    assert!(heads(&screen).is_empty() && cursor(&screen).contains(row.trim()), "{screen}");
}

#[test]
fn a_folded_group_keeps_its_count_and_takes_no_act_by_accident() {
    let moment = Instant::now();
    let mut app = console("dark", Place::Alerts, moment);
    let open = keys(&mut app, "b g j", moment);
    let count = |screen: &str| screen.lines().count();
    let first = heads(&open)[0].trim_start_matches("- ").to_owned();
    let screen = keys(&mut app, "z", moment);
    assert!(cursor(&screen).contains(&format!("+ {first}")), "the cursor goes to the head: {screen}");
    assert_eq!(heads(&screen).len(), heads(&open).len());
    let screen = keys(&mut app, "a", moment);
    assert!(screen.contains("the cursor is on a group") && !app.acts().has_unsent(), "{screen}");
    let screen = keys(&mut app, "z j", moment);
    assert!(!cursor(&screen).contains("- ") && count(&screen) == count(&open), "{screen}");
    let screen = keys(&mut app, "Z", moment);
    assert!(heads(&screen).iter().all(|head| head.starts_with("+ ")), "{screen}");
    let unfolded = keys(&mut app, "Z", moment);
    assert!(heads(&unfolded).iter().all(|head| head.starts_with("- ")), "{unfolded}");
}

#[test]
fn space_on_a_head_marks_its_rows_and_the_act_goes_to_each() {
    let moment = Instant::now();
    let mut app = console("dark", Place::Alerts, moment);
    keys(&mut app, "b b b b b", moment);
    let screen = keys(&mut app, "g Space", moment);
    let critical = heads(&screen)[0].split_whitespace().nth(2).and_then(|n| n.parse::<usize>().ok()).unwrap();
    assert!(critical > 1 && screen.contains(&format!("{critical} marked")), "{screen}");
    let folded = keys(&mut app, "k z", moment);
    assert!(folded.contains(&format!("{critical} marked, {critical} not in view")), "{folded}");
    keys(&mut app, "a", moment);
    let pending: Vec<_> = app.acts().pending().collect();
    assert_eq!(pending.len(), 1, "one request");
    let named = format!("{:?}", pending[0].act.targets).matches("AlertId").count();
    assert_eq!(named, critical, "{:?}", pending[0].act.targets);
}

#[test]
fn hosts_are_grouped_too() {
    let moment = Instant::now();
    let mut app = console("dark", Place::Hosts, moment);
    let screen = keys(&mut app, "b b b b", moment);
    let first = heads(&screen)[0];
    assert!(first.starts_with("- down  ") && first.ends_with("down"), "{screen}");
    assert!(screen.contains("by state ("), "{screen}");
}

#[test]
fn a_chord_shows_what_may_follow_and_esc_gives_it_up() {
    let moment = Instant::now();
    let mut app = console("dark", Place::Alerts, moment);
    let screen = keys(&mut app, "v", moment);
    assert!(screen.contains("v then (Esc gives up)") && screen.contains("s  Save what is shown as a view"), "{screen}");
    let screen = keys(&mut app, "Esc", moment);
    assert!(!screen.contains("v then"), "{screen}");
}

/// Presses a key and returns what the loop is to do.
fn order(app: &mut App, key: &str, moment: Instant) -> Vec<Order> {
    let key = Input::Key { key: Key::parse(key).unwrap(), count: 1 };
    app.input(key, seen(), moment).unwrap_or_default()
}

fn type_in(app: &mut App, text: &str, moment: Instant) -> String {
    for letter in text.chars() {
        let key = if letter == ' ' { "Space".to_owned() } else { letter.to_string() };
        press(app, &key, moment);
    }
    shown(app, moment)
}

#[test]
fn what_is_shown_is_saved_as_a_view_and_comes_back_whole() {
    let moment = Instant::now();
    let mut app = console("dark", Place::Alerts, moment);
    keys(&mut app, "/", moment);
    type_in(&mut app, "lane:new", moment);
    keys(&mut app, "Enter o O b", moment);
    let screen = keys(&mut app, "v c Ctrl+u", moment);
    assert!(screen.contains("there are sev id client host what lane age owner summary"), "{screen}");
    type_in(&mut app, "summary ohst", moment);
    let screen = keys(&mut app, "Enter", moment);
    assert!(screen.contains("there is no column \"ohst\": did you mean host?"), "{screen}");
    keys(&mut app, "Ctrl+u", moment);
    type_in(&mut app, "summary host", moment);
    let arranged = keys(&mut app, "Enter", moment);
    let titles: Vec<&str> = arranged.lines().nth(1).unwrap().split_whitespace().collect();
    assert_eq!(titles, ["SUMMARY", "HOST"], "{arranged}");
    keys(&mut app, "v s Ctrl+u", moment);
    type_in(&mut app, "3 Night queue", moment);
    let orders = order(&mut app, "Enter", moment);
    let [Order::KeepView(view)] = orders.as_slice() else { panic!("{orders:?}") };
    let layout = Layout {
        filter: "lane:new".to_owned(),
        order: Some("client".to_owned()),
        reverse: true,
        group: Some("client".to_owned()),
        columns: vec!["summary".to_owned(), "host".to_owned()],
    };
    let expected =
        View { number: 3, name: "Night queue".to_owned(), screen: "alerts".to_owned(), layout, file: PathBuf::new() };
    assert_eq!(**view, expected);
    app.set_views(Views { list: vec![expected], ..Views::default() });
    let named = shown(&mut app, moment);
    assert!(named.contains("v3 Night queue"), "{named}");
    let usual = keys(&mut app, "v 0", moment);
    assert!(!usual.contains("v3 Night") && usual.contains("LANE") && heads(&usual).is_empty(), "{usual}");
    let chord = keys(&mut app, "3 v", moment);
    assert!(chord.contains("3  Night queue  (alerts)"), "{chord}");
    let again = keys(&mut app, "3", moment);
    assert_eq!(again.lines().skip(1).collect::<Vec<_>>(), named.lines().skip(1).collect::<Vec<_>>(), "{again}");
    let none = keys(&mut app, "v 7", moment);
    assert!(none.contains("there is no view 7"), "{none}");
}

#[test]
fn a_colleagues_view_is_read_when_the_chord_begins() {
    let moment = Instant::now();
    let mut app = console("dark", Place::Alerts, moment);
    assert!(matches!(order(&mut app, "v", moment).as_slice(), [Order::ReadViews]));
}

#[test]
fn the_list_of_words_goes_anywhere_and_does_anything_that_has_a_name() {
    let moment = Instant::now();
    let mut app = console("dark", Place::Floor, moment);
    let all = keys(&mut app, ":", moment);
    assert!(all.contains("acknowledge") && !all.contains("nothing is called so"), "{all}");
    let found = type_in(&mut app, "exch01", moment);
    assert!(found.contains("EXCH01") && found.contains("host"), "{found}");
    let host = keys(&mut app, "Enter", moment);
    assert!(host.starts_with("HOST ") && host.contains("EXCH01"), "{host}");
    keys(&mut app, "2", moment);
    let queue = shown(&mut app, moment);
    let spoken = cursor(&queue).split_whitespace().nth(3).unwrap().to_owned();
    keys(&mut app, "1 :", moment);
    type_in(&mut app, &spoken.to_lowercase(), moment);
    let alert = keys(&mut app, "Enter", moment);
    assert!(alert.starts_with("ALERT ") && alert.contains(&spoken), "{alert}");
    keys(&mut app, ":", moment);
    let found = type_in(&mut app, "journ", moment);
    assert!(found.lines().any(|line| line.contains("journal") && line.contains("7")), "its key is shown: {found}");
    let journal = keys(&mut app, "Enter", moment);
    assert!(journal.starts_with("JOURNAL "), "{journal}");
    keys(&mut app, ":", moment);
    let nothing = type_in(&mut app, "qqqqqq", moment);
    assert!(nothing.contains("nothing is called so"), "{nothing}");
    let open = keys(&mut app, "Enter Esc", moment);
    assert!(open.starts_with("JOURNAL ") && !open.contains("Words"), "{open}");
}

#[test]
fn what_acts_is_asked_for_from_the_list_of_words_as_by_key_and_never_unseen() {
    let moment = Instant::now();
    let mut app = console("dark", Place::Alerts, moment);
    keys(&mut app, ":", moment);
    type_in(&mut app, "escal", moment);
    let asked = keys(&mut app, "Enter", moment);
    assert!(asked.contains("e again sends it") && !app.acts().has_unsent(), "{asked}");
    keys(&mut app, "Esc :", moment);
    let blind = seen();
    for key in ["a", "c", "k", "n", "o", "w", "Enter"] {
        app.input(Input::Key { key: Key::parse(key).unwrap(), count: 1 }, blind, moment);
    }
    while app.is_busy() {
        app.turn(moment);
    }
    assert!(!app.acts().has_unsent(), "nobody saw what Enter would do");
    // the key comes with the frame after the one that showed what was found
    order(&mut app, "Enter", moment);
    assert!(app.acts().has_unsent());
}
