//! The screens of backups: sums that add up, groups and views, reviews, and what stands behind an alert.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use watchfloor::console::act::{ActAnswer, ActEnd};
use watchfloor::console::app::App;
use watchfloor::console::replica::{Body, FleetIndex, Frame, LinkState, Update};
use watchfloor::console::screens::world::Place;
use watchfloor::console::theme::{Glyphs, Theme};
use watchfloor::console::widgets::dump;
use watchfloor::fleet::backups::{Event as BackupEvent, State};
use watchfloor::fleet::identity::Audience;
use watchfloor::fleet::state::{Actor, Entry, Event};
use watchfloor::fleet::words::{Epoch, JobId, SafeText};
use watchfloor::settings::views::{Layout, View, Views};

use crate::sample_fleet::{NOW, console_of, me, press, provider};

const JOBS: usize = 24;

fn app(place: Place, moment: Instant) -> App {
    console_of(provider(), Theme::of_roles(Glyphs::ASCII), place, moment)
}

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
        shown_at(app, (120, 60), moment);
    }
    shown_at(app, (120, 60), moment)
}

fn row<'s>(screen: &'s str, job: &str) -> &'s str {
    screen.lines().find(|line| line.contains(&format!(" {job} "))).unwrap_or_else(|| panic!("no {job}: {screen}"))
}

/// The words of the states in a list's rows, in their order.
fn states(screen: &str) -> Vec<&str> {
    let words = State::ALL.map(State::word);
    let word = |line: &str| words.into_iter().find(|word| line.get(4..).is_some_and(|text| text.starts_with(word)));
    screen.lines().skip(2).filter(|line| !is_head(line)).filter_map(word).collect()
}

fn is_head(line: &str) -> bool {
    line.get(2..4).is_some_and(|sign| sign == "- " || sign == "+ ")
}

/// The heads of groups, and how many rows each says it has.
fn heads(screen: &str) -> Vec<(String, usize)> {
    let heads = screen.lines().filter(|line| is_head(line));
    heads
        .map(|line| {
            let mut words = line[4..].split("  ").map(str::trim).filter(|word| !word.is_empty());
            let name = words.next().unwrap_or_default().to_owned();
            (name, words.find_map(|word| word.parse().ok()).unwrap_or(0))
        })
        .collect()
}

#[test]
fn the_worst_comes_first_each_state_by_its_word_and_the_sums_add_up() {
    let moment = Instant::now();
    let mut app = app(Place::Backups, moment);
    let screen = keys(&mut app, "", moment);
    let shown = states(&screen);
    assert_eq!(shown.len(), JOBS, "{screen}");
    let ranks: Vec<u8> =
        shown.iter().map(|word| State::ALL.into_iter().find(|state| state.word() == *word).unwrap().rank()).collect();
    assert!(ranks.is_sorted() && State::ALL.iter().all(|state| ranks.contains(&state.rank())), "{screen}");
    assert!(screen.contains("1 failed  1 overdue  1 never  1 partial  3 unknown  2 late  15 ok  = 24"), "{screen}");
    assert!(screen.contains("hosts have no backup job: "), "{screen}");
    assert!(row(&screen, "fox-sql").contains("43h/1d"), "an age that can be held against the promise: {screen}");
    let read = |job| row(&screen, job).split_whitespace().rev().nth(1).unwrap().to_owned();
    assert_ne!(read("echo-cases"), read("echo-mail"), "each repository was read when it was read: {screen}");
    let narrow = shown_at(&mut app, (45, 20), moment);
    assert!(narrow.contains("15 ok  = 24"), "they add up on a phone too: {narrow}");
    let lost = LinkState::Lost { since: moment, reason: SafeText::new("reset"), next_try: None };
    app.update(FleetIndex(0), Update::Link(lost), moment);
    let mut buf = Buffer::empty(Rect::new(0, 0, 120, 60));
    app.refresh(buf.area, moment);
    app.render(buf.area, &mut buf, moment);
    assert!(
        !dump::roles(&buf).lines().skip(2).any(|line| line.contains('o')),
        "nothing old is well: {}",
        dump::both(&buf)
    );
}

#[test]
fn jobs_are_grouped_by_what_they_have_in_common_and_sorted_by_age() {
    let moment = Instant::now();
    let mut app = app(Place::Backups, moment);
    for by in ["client", "host", "tool", "state", "repository"] {
        let screen = keys(&mut app, "b", moment);
        assert!(screen.contains(&format!("by {by} (")), "{by}: {screen}");
        let folded = keys(&mut app, "Z", moment);
        let heads = heads(&folded);
        assert_eq!(heads.iter().map(|(_, rows)| rows).sum::<usize>(), JOBS, "{by}: {folded}");
        match by {
            "tool" => assert_eq!(heads.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["borg", "restic"]),
            "state" => assert_eq!(heads.first(), Some(&("failed".to_owned(), 1)), "{folded}"),
            _ => {}
        }
        keys(&mut app, "Z", moment);
    }
    let screen = keys(&mut app, "b o o", moment);
    assert!(heads(&screen).is_empty() && screen.contains("AGE/OF"), "{screen}");
    let ages = |screen: &str| -> Vec<String> {
        screen
            .lines()
            .filter_map(|line| line.split_whitespace().find(|word| word.ends_with("/1d")).map(str::to_owned))
            .collect()
    };
    let oldest = ages(&screen);
    assert_eq!((oldest[0].as_str(), oldest[3].as_str()), ("-/1d", "43h/1d"), "{screen}");
    let screen = keys(&mut app, "O", moment);
    assert_eq!((ages(&screen)[0].as_str(), states(&screen)[0]), ("3h/1d", "ok"), "{screen}");
}

#[test]
fn what_the_grid_shows_is_kept_as_a_view() {
    let moment = Instant::now();
    let mut app = app(Place::Backups, moment);
    let layout = Layout {
        filter: "client:juno".to_owned(),
        order: Some("age".to_owned()),
        reverse: true,
        group: Some("state".to_owned()),
        columns: ["state", "job", "age/of", "days"].map(str::to_owned).to_vec(),
    };
    let screen = "backups".to_owned();
    let view = View { number: 4, name: "Juno".to_owned(), screen, layout, file: PathBuf::new() };
    app.set_views(Views { list: vec![view], ..Views::default() });
    let screen = keys(&mut app, "M 1 v 4", moment);
    assert!(screen.starts_with("BACKUPS ") && screen.contains("v4 Juno"), "{screen}");
    let titles: Vec<&str> = screen.lines().nth(1).unwrap().split_whitespace().collect();
    assert!(titles[0].starts_with("STATE") && titles[1] == "JOB" && titles[3] == "DAYS", "{screen}");
    let names: Vec<String> = heads(&screen).into_iter().map(|(name, _)| name).collect();
    assert_eq!((names, states(&screen).len()), (vec!["partial".to_owned(), "ok".to_owned()], 4), "{screen}");
    let usual = keys(&mut app, "v 0", moment);
    assert!(!usual.contains("v4 Juno") && states(&usual).len() == JOBS, "{usual}");
}

#[test]
fn a_review_shows_as_sent_counts_when_it_is_done_and_moves_no_row_under_the_cursor() {
    let moment = Instant::now();
    let mut app = app(Place::Backups, moment);
    let screen = keys(&mut app, "M", moment);
    // What has news: a new state or a new backup since it was looked at.
    assert!(screen.contains("reviewed 13 of 24") && screen.contains("11 since my last review"), "{screen}");
    assert_eq!(states(&screen).len(), 11, "{screen}");
    let sent = keys(&mut app, "m", moment);
    let first = row(&sent, "exch01-mail");
    assert!(first.starts_with('>') && first.contains(" sent "), "{sent}");
    let tag = app.acts().pending().next().expect("an act").tag;
    let before = app.replicas().iter().next().unwrap().1.position().revision;
    let reviewed = Event::Backups(BackupEvent::Reviewed { job: JobId(1), by: me() });
    let entry = Entry {
        revision: before.next(),
        at: NOW,
        actor: Actor::rule("review"),
        events: vec![(Audience::EVERYONE, reviewed)],
    };
    let answer = ActAnswer { epoch: Epoch(7), revision: entry.revision, done: vec![1], ..ActAnswer::default() };
    app.act_ended(FleetIndex(0), tag, ActEnd::Answered(answer));
    let body = Body::Entries { through: entry.revision, entries: vec![entry] };
    app.update(FleetIndex(0), Update::Frame(Frame { received: moment, hub_time: NOW, body }), moment);
    let done = keys(&mut app, "", moment);
    assert!(done.contains("reviewed 14 of 24"), "{done}");
    assert!(row(&done, "exch01-mail").starts_with('>'), "it keeps its place under the cursor: {done}");
    let next = keys(&mut app, "j", moment);
    assert!(!next.contains("exch01-mail  ") && states(&next).len() == 10, "{next}");
    let bulk = keys(&mut app, "g Space Space m", moment);
    assert_eq!(app.acts().pending().count(), 1, "marks go in one request: {bulk}");
    let late = moment + Duration::from_secs(6);
    let unsent = shown_at(&mut app, (120, 60), late);
    assert_eq!(unsent.lines().filter(|line| line.starts_with("  NOT SENT")).count(), 2, "{unsent}");
}

#[test]
fn a_dead_hosts_alert_says_which_backups_stand_behind_it() {
    let moment = Instant::now();
    let mut app = app(Place::Alerts, moment);
    let queue = keys(&mut app, "", moment);
    let dead = queue.lines().find(|line| line.contains(" srv1 ")).expect("its alert");
    assert!(dead.contains("+2 backups behind  no heart"), "{queue}");
    assert_eq!(queue.matches("behind").count(), 1, "what has an alert of its own is behind no other: {queue}");
    for key in ["/", "h", "o", "s", "t", ":", "s", "r", "v", "1", "Enter", "Enter"] {
        keys(&mut app, key, moment);
    }
    let depth = keys(&mut app, "", moment);
    assert!(depth.contains("+2 backups behind: delta-srv1, delta-plc"), "{depth}");
    // They are the ones that the grid shows as unknown for that reason.
    let grid = keys(&mut app, "4 / h o s t : s r v 1 Enter", moment);
    assert!(grid.contains("/host:srv1 (2)") && states(&grid) == ["unknown", "unknown"], "{grid}");
}
