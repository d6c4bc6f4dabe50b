//! Every screen at every size, and hostile text on it.

use std::time::{Duration, Instant};

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use watchfloor::console::app::App;
use watchfloor::console::replica::{FleetIndex, LinkState, Update};
use watchfloor::console::screens::world::Place;
use watchfloor::console::theme::{Glyphs, Theme};
use watchfloor::console::widgets::dump;
use watchfloor::fleet::words::{HostId, SafeText};

use crate::sample_fleet::{answer_host, console, console_of, press, story};

const PLACES: [Place; 6] = [Place::Floor, Place::Alerts, Place::Hosts, Place::Backups, Place::Windows, Place::Journal];

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

#[test]
fn every_screen_is_painted_at_every_size() {
    let moment = Instant::now();
    for place in PLACES {
        let mut app = console("dark", place, moment);
        for width in (1..=200).step_by(7).chain([79, 80, 200]) {
            for height in (1..=60).step_by(5).chain([23, 24, 60]) {
                paint(&mut app, width, height, moment);
            }
        }
        press(&mut app, "Enter", moment);
        answer_host(&mut app, HostId(3));
        for (width, height) in [(1, 1), (40, 10), (80, 24), (81, 25), (120, 34), (200, 60)] {
            paint(&mut app, width, height, moment);
        }
        for overlay in ["?", "q", "e", "n"] {
            press(&mut app, overlay, moment);
            for (width, height) in [(1, 1), (20, 3), (80, 24), (200, 60)] {
                paint(&mut app, width, height, moment);
            }
        }
    }
}

#[test]
fn a_terminal_that_is_too_small_is_told_so_in_words() {
    let moment = Instant::now();
    let mut app = console("dark", Place::Alerts, moment);
    let small = text(&mut app, 60, 10, moment);
    assert!(small.contains("40") && small.contains("12"), "{small}");
}

#[test]
fn the_queue_shows_what_nobody_has_first_and_its_sums_add_up() {
    let moment = Instant::now();
    let mut app = console("dark", Place::Alerts, moment);
    let screen = text(&mut app, 120, 24, moment);
    let rows: Vec<&str> = screen.lines().collect();
    assert!(rows[0].contains("4 NEW") && rows[0].contains("2 owned") && rows[0].contains("1 muted"), "{screen}");
    let lane = |row: &&str| ["NEW", "owned", "snoozed"].into_iter().find(|lane| row.contains(&format!(" {lane} ")));
    let alerts = rows.iter().filter(|row| ["CRIT", "WARN", "UNKN"].iter().any(|level| row.contains(level)));
    let lanes: Vec<&str> = alerts.filter_map(lane).collect();
    assert_eq!(lanes, ["NEW", "NEW", "NEW", "NEW", "owned", "owned", "snoozed"], "{screen}");
    assert!(screen.contains("EXCH01") && screen.contains("okafor"), "{screen}");
}

#[test]
fn a_dead_hub_blanks_nothing_and_its_rows_go_stale() {
    let moment = Instant::now();
    let mut app = console_of(story(), Theme::of_roles(Glyphs::UNICODE), Place::Hosts, moment);
    let before = paint(&mut app, 120, 24, moment);
    assert!(dump::roles(&before).contains('o'), "hosts that are up are shown so while the link lives");
    let later = moment + Duration::from_secs(60);
    let lost = LinkState::Lost {
        since: later,
        reason: SafeText::new("connection refused"),
        next_try: Some(later + Duration::from_secs(3)),
    };
    app.update(FleetIndex(0), Update::Link(lost), later);
    let after = paint(&mut app, 120, 24, later);
    let shown = dump::text(&after);
    assert!(shown.contains("STALE") && shown.contains("connection refused") && shown.contains("EXCH01"), "{shown}");
    let table: String = dump::roles(&after).lines().skip(3).take(18).collect();
    assert!(!table.contains('o'), "nothing that is stale reads as well:\n{}", dump::both(&after));
}

#[test]
fn hostile_names_are_shown_and_move_nothing() {
    let moment = Instant::now();
    let hostile = [
        "\u{1b}[2J\u{1b}[31mred",
        "a\u{202e}dcba",
        "tab\tand\rreturn",
        "zero\u{200b}width",
        "wide\u{4e2d}\u{6587}name",
        "\u{7}bell\u{9b}31m",
        "e\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}",
        "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467} family",
        "\0nul",
        "x".repeat(5_000).as_str(),
    ]
    .map(str::to_owned);
    let columns = {
        let mut app = console("dark", Place::Hosts, moment);
        text(&mut app, 120, 24, moment).lines().nth(1).map(str::to_owned)
    };
    for name in hostile {
        let mut tale = story();
        for host in tale.fleet.hosts.hosts.values_mut() {
            std::sync::Arc::make_mut(host).name = SafeText::new(&name);
        }
        let theme = Theme::built_in("dark").unwrap();
        let mut app = console_of(tale, theme, Place::Hosts, moment);
        let buf = paint(&mut app, 120, 24, moment);
        for cell in buf.content() {
            assert!(!cell.symbol().chars().any(char::is_control), "{:?} of {name:?}", cell.symbol());
        }
        assert_eq!(dump::text(&buf).lines().nth(1).map(str::to_owned), columns, "the columns stay where they are");
        let up = dump::text(&buf)
            .lines()
            .filter(|line| line.contains(" up "))
            .map(|line| line.chars().position(|c| c == 'u'))
            .collect::<Vec<_>>();
        assert!(up.windows(2).all(|pair| pair[0] == pair[1]), "{name:?} moves its row: {up:?}");
    }
}

#[test]
fn a_row_acted_on_keeps_its_place_until_the_cursor_leaves_it() {
    let moment = Instant::now();
    let mut app = console("dark", Place::Alerts, moment);
    paint(&mut app, 120, 24, moment);
    let cursor_row = |screen: &str| screen.lines().find(|line| line.starts_with('>')).map(str::to_owned);
    let before = cursor_row(&text(&mut app, 120, 24, moment)).unwrap();
    press(&mut app, "a", moment);
    let shown = text(&mut app, 120, 24, moment);
    let after = cursor_row(&shown).unwrap();
    assert_eq!(before.get(10..30), after.get(10..30), "{shown}");
    assert!(after.contains("sent"), "a pending mark shows until the entry arrives: {after}");
    assert!(app.acts().has_unsent());
}

#[test]
fn a_filter_by_age_takes_in_what_has_grown_old_enough() {
    let moment = Instant::now();
    let mut app = console("dark", Place::Alerts, moment);
    press(&mut app, "/", moment);
    for letter in ["o", "p", "e", "n", ":", "1", "0", "m", "+", "Enter"] {
        press(&mut app, letter, moment);
    }
    let screen = text(&mut app, 120, 24, moment);
    assert!(screen.contains("/open:10m+ (6)") && !screen.contains("check_ntp_time"), "{screen}");
    // Nothing arrives meanwhile.
    let later = moment + Duration::from_secs(90);
    let screen = text(&mut app, 120, 24, later);
    assert!(screen.contains("/open:10m+ (7)") && screen.contains("check_ntp_time"), "{screen}");
}
