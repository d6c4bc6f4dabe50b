//! The desk: groups, chords, and what else serves someone who looks at many rows all day.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use watchfloor::console::app::{App, Order};
use watchfloor::console::input::{FrameStamp, Input, Key};
use watchfloor::console::screens::world::Place;
use watchfloor::console::theme::{Glyphs, Theme};
use watchfloor::console::widgets::dump;
use watchfloor::fleet::hosts::{self, Client};
use watchfloor::fleet::state::{Actor, Event};
use watchfloor::fleet::words::ClientId;
use watchfloor::settings::views::{Layout, View, Views};

use crate::pty::Program;
use crate::sample_fleet::{console, console_of, story};

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
    assert!(screen.contains("there are sev id client host what lane age owner next summary"), "{screen}");
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

#[test]
fn tab_goes_through_what_the_fleets_have() {
    let moment = Instant::now();
    let mut app = console("dark", Place::Alerts, moment);
    let keys_of_filters = keys(&mut app, "/", moment);
    assert!(keys_of_filters.contains("Tab ") && keys_of_filters.contains("client:  "), "{keys_of_filters}");
    type_in(&mut app, "la", moment);
    let key = keys(&mut app, "Tab", moment);
    assert!(key.contains("/lane:"), "{key}");
    type_in(&mut app, "n", moment);
    let lane = keys(&mut app, "Tab", moment);
    assert!(lane.contains("/lane:new") && lane.contains(" match"), "{lane}");
    let value = type_in(&mut app, " !host:exch", moment);
    assert!(value.contains("EXCH01"), "{value}");
    let host = keys(&mut app, "Tab", moment);
    assert!(host.contains("/lane:new !host:EXCH01"), "{host}");
    let typed = keys(&mut app, "Shift+Tab", moment);
    assert!(typed.contains("!host:exch") && !typed.contains("!host:EXCH01"), "as it was typed: {typed}");
    let many = keys(&mut app, "Ctrl+u", moment);
    assert!(many.contains("client:  "), "{many}");
    type_in(&mut app, "client:", moment);
    let first = keys(&mut app, "Tab", moment);
    assert!(first.contains("/client:acme"), "{first}");
    let second = keys(&mut app, "Tab", moment);
    assert!(second.contains("/client:") && !second.contains("/client:acme "), "{second}");
    let done = keys(&mut app, "Enter", moment);
    assert!(!done.contains("Tab "), "{done}");
}

#[test]
fn no_letter_waits_for_a_look_at_all_that_the_fleets_have() {
    let moment = Instant::now();
    let mut story = story();
    for n in 0..3_000 {
        let client = Client::unconfigured(ClientId::new(format!("many-{n:04}")));
        story.tell(0, Actor::rule("configuration"), vec![Event::Hosts(hosts::Event::ClientDescribed(client))]);
    }
    let mut app = console_of(story, Theme::of_roles(Glyphs::ASCII), Place::Hosts, moment);
    shown(&mut app, moment);
    for (open, text, wanted) in [(":", "2999", "many-2999"), ("/", "client:many-299", "many-2995")] {
        keys(&mut app, open, moment);
        let (before, last) = text.split_at(text.len() - 1);
        type_in(&mut app, before, moment);
        order(&mut app, last, moment);
        let turns = std::iter::from_fn(|| app.is_busy().then(|| app.turn(moment))).count();
        assert!(turns > 4, "{text}: {turns} turns");
        let found = shown(&mut app, moment);
        assert!(found.contains(wanted), "{found}");
        keys(&mut app, "Esc", moment);
    }
}

#[test]
fn the_bell_is_quiet_where_this_seat_says_so_and_shows_it() {
    let moment = Instant::now();
    let mut app = console("dark", Place::Alerts, moment);
    // the sample's new alerts rang while it was loaded
    let later = moment + std::time::Duration::from_secs(31);
    let rings = |orders: &[Order]| orders.iter().any(|order| matches!(order, Order::Ring));
    assert!(rings(&app.turn(later).1), "a critical alert that nobody has rings again");
    let quiet = keys(&mut app, "B", later);
    assert!(quiet.contains("QUIET 60m"), "{quiet}");
    assert!(!rings(&app.turn(later + std::time::Duration::from_secs(120)).1));
    assert!(!keys(&mut app, "B", later).contains("QUIET"));
    assert!(rings(&app.turn(later + std::time::Duration::from_secs(240)).1));
}

#[test]
fn an_alert_is_copied_as_text_for_a_ticket() {
    let moment = Instant::now();
    let mut app = console("dark", Place::Alerts, moment);
    keys(&mut app, "j k", moment);
    let orders = order(&mut app, "Y", moment);
    let [Order::Copy(text)] = orders.as_slice() else { panic!("{orders:?}") };
    assert!(text.contains("Client: ") && text.contains("owner: nobody") && text.lines().count() >= 4, "{text}");
    let said = shown(&mut app, moment);
    assert!(said.contains("copied: ") && said.contains(" lines)"), "{said}");
}

#[test]
fn a_desk_by_keyboard_alone() {
    let home = tempfile::tempdir().unwrap();
    let mut terminal = Program::watchfloor(home.path()).start(140, 40);
    terminal.wait_for("local LIVE");
    // something goes wrong while the person looks elsewhere; there is no desktop here, so the terminal tells
    let config = home.path().join("watchfloor/hub/config");
    std::fs::create_dir_all(&config).unwrap();
    let check = "[check.lost]\nkind = \"process\"\nprocess = \"no-such-program\"\ncritical = \"1:\"\nattempts = 1\n\
                 interval = \"1s\"\n";
    std::fs::write(config.join("checks.toml"), check).unwrap();
    let reload = std::process::Command::new(env!("CARGO_BIN_EXE_watchfloor"))
        .args(["config", "reload"])
        .env("WATCHFLOOR_HOME", home.path().join("watchfloor"))
        .output()
        .unwrap();
    assert!(reload.status.success(), "{}", String::from_utf8_lossy(&reload.stderr));
    terminal.wait_for("1 NEW");
    terminal.wait_written(0, b"\x1b]9;critical lost on ");
    terminal.type_keys("2b");
    terminal.wait_for("by client (1)");
    terminal.type_keys("z");
    terminal.wait_for("+ local  1");
    terminal.type_keys("z/che\t");
    terminal.wait_for("/check:");
    terminal.type_keys("lo\t");
    terminal.wait_for("/check:load");
    terminal.type_keys("\t");
    terminal.wait_for("/check:lost");
    terminal.type_keys("\rv");
    terminal.wait_for("v then (Esc gives up)");
    terminal.type_keys("s");
    terminal.wait_for("Save what is shown as a view");
    // The prompt takes keys only once it knows that it stands on the screen.
    while !terminal.wait_for("Save what is shown").contains("> 1 x") {
        terminal.type_keys("x");
        // Many of them would be a name too long to keep.
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    terminal.type_keys(" night\r");
    terminal.wait_for("is kept in");
    let file = std::fs::read_to_string(home.path().join("watchfloor/console/views/1.toml")).unwrap();
    assert!(file.contains("filter = \"check:lost\"") && file.contains("group = \"client\""), "{file}");
    terminal.type_keys("1:night");
    terminal.wait_for("view of alerts");
    terminal.type_keys("\r");
    terminal.wait_until("the view is shown again", |screen| {
        let text = screen.contents();
        text.starts_with("ALERTS") && text.contains("/check:lost (1)") && text.contains("by client (1)")
    });
    terminal.type_keys("B");
    terminal.wait_for("QUIET 60m");
    terminal.type_keys("q");
    assert!(terminal.wait_exit().success());
    terminal.assert_restored();
}
