//! The desk: groups, chords, and what else serves someone who looks at many rows all day.

use std::time::Instant;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use watchfloor::console::app::App;
use watchfloor::console::screens::world::Place;
use watchfloor::console::widgets::dump;

use crate::sample_fleet::{console, press};

fn shown(app: &mut App, moment: Instant) -> String {
    let area = Rect::new(0, 0, 120, 30);
    let mut buf = Buffer::empty(area);
    app.refresh(area, moment);
    app.render(area, &mut buf, moment);
    dump::text(&buf)
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
    assert_eq!(sum, 7, "the heads' counts add up to all open alerts: {screen}");
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
    assert!(screen.contains("v then (Esc gives up)") && screen.contains("Show saved view 9."), "{screen}");
    let screen = keys(&mut app, "Esc", moment);
    assert!(!screen.contains("v then"), "{screen}");
}
