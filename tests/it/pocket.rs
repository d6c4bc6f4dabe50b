//! The pocket seat: every screen as cards on a phone's terminal, and the alert whose first lines suffice.

use std::time::{Duration, Instant};

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use watchfloor::console::app::App;
use watchfloor::console::screens::world::Place;
use watchfloor::console::theme::{Glyphs, Theme};
use watchfloor::console::widgets::dump;

use watchfloor::console::replica::FleetIndex;

use crate::sample_fleet::{console, console_of, first_look, first_told, press, story};

/// A phone upright with its keyboard shown, upright, on its side, and one column short of a line a row.
const SIZES: [(u16, u16); 4] = [(40, 12), (45, 20), (60, 30), (79, 24)];

fn paint(app: &mut App, (width, height): (u16, u16), moment: Instant) -> Buffer {
    let area = Rect::new(0, 0, width, height);
    let mut buf = Buffer::empty(area);
    app.refresh(area, moment);
    app.render(area, &mut buf, moment);
    buf
}

fn text(app: &mut App, size: (u16, u16), moment: Instant) -> String {
    dump::text(&paint(app, size, moment))
}

fn at(place: Place, keys: &[&str], size: (u16, u16), moment: Instant) -> App {
    let mut app = console("dark", place, moment);
    paint(&mut app, size, moment);
    for key in keys {
        press(&mut app, key, moment);
        paint(&mut app, size, moment);
    }
    app
}

#[test]
fn an_upright_phone_shows_the_queue_as_cards() {
    let moment = Instant::now();
    let mut app = console_of(story(), Theme::of_roles(Glyphs::ASCII), Place::Alerts, moment);
    let buf = paint(&mut app, (45, 12), moment);
    let expected = [
        "ALERTS  main LIVE  4 NEW  2 owned    09:41:07",
        "> X CRIT W2QS delta  srv1              host",
        "  NEW       11m             no policy",
        "  no heartbeat for 23s",
        "  X CRIT ZYKM acme   EXCH01            disk",
        "  NEW       34m             no policy",
        "  D: 98.1% of 400 GB used, 7.6 GB left  # lo~",
        "  ! WARN H87Z fox    web-7f9c~.example load",
        "  NEW       42m             no policy",
        "v 14.2 a core over 5 min",
        "",
        "a ack  e escalate  r release  n note  ? help",
    ];
    assert_eq!(dump::text(&buf).lines().collect::<Vec<_>>(), expected);
    // All lines of the cursor's card are the selection, and no other.
    let roles = dump::roles(&buf);
    let selected: Vec<usize> =
        roles.lines().enumerate().filter(|(_, line)| line.trim_end().ends_with(" S")).map(|(y, _)| y).collect();
    assert_eq!(selected, [1, 2, 3], "{roles}");
}

#[test]
fn a_card_says_all_that_a_row_says_at_every_pocket_size() {
    let moment = Instant::now();
    for size in SIZES {
        let mut app = at(Place::Alerts, &[], size, moment);
        let screen = text(&mut app, size, moment);
        for words in ["W2QS", "CRIT", "delta", "srv1", "host", "NEW", "11m", "no heartbeat for 23s"] {
            assert!(screen.contains(words), "{words:?} at {size:?}:\n{screen}");
        }
        let mut app = at(Place::Hosts, &["j", "j"], size, moment);
        let screen = text(&mut app, size, moment);
        for words in ["EXCH01", "acme", "CPU 41%", "MEM 65%", "DISK 98%", "LOAD 2.69", "SEEN 0s", "1 open, 1 new"] {
            assert!(screen.contains(words), "{words:?} at {size:?}:\n{screen}");
        }
        let mut app = at(Place::Floor, &[], size, moment);
        let screen = text(&mut app, size, moment);
        for words in ["Acme", "SERVERS 2/3", "PCs -", "NEW 2", "OWNED 0", "MUTED 0", "STALE 0", "SEEN 11m"] {
            assert!(screen.contains(words), "{words:?} at {size:?}:\n{screen}");
        }
        let mut app = at(Place::Journal, &[], size, moment);
        let screen = text(&mut app, size, moment);
        assert!(screen.contains("09:32:07") && screen.contains("alert 4449 opened, unknown"), "{screen}");
    }
}

#[test]
fn cards_stand_in_columns_and_page_by_whole_cards() {
    let moment = Instant::now();
    for size in SIZES {
        let mut app = at(Place::Hosts, &[], size, moment);
        let mut seen = Vec::new();
        for _ in 0..11 {
            let screen = text(&mut app, size, moment);
            let columns: Vec<_> =
                screen.lines().filter_map(|line| Some(line.split_once("LOAD")?.0.chars().count())).collect();
            assert!(columns.windows(2).all(|pair| pair[0] == pair[1]) && !columns.is_empty(), "{screen}");
            // The card of the cursor is whole: its last line is on the screen.
            let cursor = screen.lines().position(|line| line.starts_with('>')).unwrap();
            assert!(screen.lines().skip(cursor).take(3).any(|line| line.contains("SEEN")), "{screen}");
            seen.push(screen.lines().nth(cursor).unwrap().to_owned());
            press(&mut app, "j", moment);
        }
        seen.dedup();
        assert_eq!(seen.len(), 11, "each host was under the cursor once: {seen:?}");
    }
}

#[test]
fn the_first_lines_of_an_alert_suffice() {
    let moment = Instant::now();
    for size in [(80, 24), (60, 30), (45, 20), (40, 12)] {
        let mut app = at(Place::Alerts, &["j", "Enter"], size, moment);
        let screen = text(&mut app, size, moment);
        let upper: String = screen.lines().take(12).flat_map(|line| [line.trim(), " "]).collect();
        let squeezed = upper.split_whitespace().collect::<Vec<_>>().join(" ");
        for words in [
            "ZYKM critical",
            "disk on EXCH01",
            "new 34m",
            "D: 98.1% of 400 GB used, 7.6 GB left",
            "nobody has it: a takes it",
            "logs not rolled since Saturday",
            "acme/hq",
            "EXCH01 up",
            "disk 98%",
        ] {
            assert!(squeezed.contains(words), "{words:?} at {size:?}:\n{screen}");
        }
        if size.1 > 12 {
            assert!(squeezed.contains("J. Lind 555-0101"), "whom to call, at {size:?}:\n{screen}");
        }
    }
}

#[test]
fn every_verb_is_reached_with_plain_letters_on_forty_columns() {
    let moment = Instant::now();
    let size = (40, 12);
    for (key, words) in [
        ("A", "Acknowledge this alert"),
        ("e", "e again sends it, Esc gives up"),
        ("r", "to whom?"),
        ("s", "for how long?"),
        ("n", "everybody can read it"),
        ("C", "closes by hand what may still be wrong"),
    ] {
        let mut app = at(Place::Alerts, &[key], size, moment);
        let screen = text(&mut app, size, moment);
        let squeezed = screen.replace(['│', '\n'], " ").split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(squeezed.contains(words), "{key}: {words:?}\n{screen}");
        assert!(squeezed.contains("Esc gives up"), "how to answer is on the screen: {screen}");
    }
    for key in ["a", "c"] {
        let mut app = at(Place::Alerts, &[key], size, moment);
        assert!(app.acts().has_unsent(), "{key} acts at once");
        assert!(text(&mut app, size, moment).lines().last().unwrap().contains("sent 1"), "and the last line says so");
        let later = moment + Duration::from_secs(3);
        assert!(text(&mut app, size, later).lines().last().unwrap().contains("WAITING 3s"));
        let later = moment + Duration::from_secs(6);
        assert!(text(&mut app, size, later).lines().last().unwrap().contains("NOT SENT"));
    }
    let mut app = at(Place::Alerts, &["/", "a", "c", "m", "e"], size, moment);
    let screen = text(&mut app, size, moment);
    assert!(screen.contains("/acme") && screen.contains("2 match"), "{screen}");
}

#[test]
fn help_says_each_key_and_its_whole_sentence_on_forty_columns() {
    let moment = Instant::now();
    let mut app = at(Place::Alerts, &["?"], (40, 12), moment);
    let mut told = String::new();
    for _ in 0..90 {
        let screen = text(&mut app, (40, 12), moment);
        told.extend(screen.lines().nth(2).map(|line| format!("{line} ")));
        press(&mut app, "j", moment);
    }
    let told = told.replace(['│', '┌', '─', '┐'], " ").split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(told.contains("s Snooze: own it and hear of it again after a time. n Write a note"), "{told}");
}

#[test]
fn an_alert_is_opened_by_the_id_that_was_said() {
    let moment = Instant::now();
    let size = (40, 12);
    for said in ["z y k m", "Z Y K M", "4 4 6 8", "m a i n / Z Y K M"] {
        let keys: Vec<&str> = ["i"].into_iter().chain(said.split(' ')).chain(["Enter"]).collect();
        let mut app = at(Place::Hosts, &keys, size, moment);
        let screen = text(&mut app, size, moment);
        assert!(screen.starts_with("ALERT ") && screen.contains("ZYKM critical"), "{said}: {screen}");
        press(&mut app, "q", moment);
        assert!(text(&mut app, size, moment).starts_with("HOSTS"), "q goes back to where one was");
    }
    let mut app = at(Place::Hosts, &["i", "z", "z", "Enter"], (80, 24), moment);
    let screen = text(&mut app, (80, 24), moment);
    assert!(screen.contains("\"zz\" is no alert's id") && screen.contains("> zz"), "it can be mended: {screen}");
}

#[test]
fn what_is_not_all_here_never_looks_as_if_it_were() {
    let moment = Instant::now();
    for size in SIZES {
        let mut app = first_look(Place::Alerts, moment);
        let screen = text(&mut app, size, moment);
        let first = screen.lines().next().unwrap();
        assert!(first.contains("main LOADING") && first.contains("4 NEW"), "{screen}");
        assert!(size.0 < 60 || first.contains("7 alerts, 2 so far"), "{screen}");
        assert!(screen.contains("W2QS") && screen.contains("ZYKM") && !screen.contains("H87Z"), "{screen}");
        press(&mut app, "*", moment);
        let screen = text(&mut app, size, moment);
        assert!(screen.contains("not all alerts are here yet"), "{screen}");
        press(&mut app, "a", moment);
        assert!(app.acts().has_unsent(), "a row that is here can be acted on");
    }
    let mut app = first_look(Place::Hosts, moment);
    let screen = text(&mut app, (80, 24), moment);
    assert!(screen.contains("11 hosts, 2 so far") && screen.contains("EXCH01"), "{screen}");
}

#[test]
fn while_a_fleet_loads_the_journal_is_asked_for_once_and_nothing_is_said_of_what_is_not_here() {
    let moment = Instant::now();
    let mut app = first_look(Place::Journal, moment);
    let asks =
        |app: &mut App| app.turn(moment).1.iter().filter(|order| format!("{order:?}").contains("Journal")).count();
    asks(&mut app);
    app.update(FleetIndex(0), first_told(moment), moment);
    assert_eq!(asks(&mut app), 0, "more rows of the same fleet end no question");
    let mut app = first_look(Place::Backups, moment);
    let screen = text(&mut app, (80, 24), moment);
    assert!(screen.contains("not every fleet has answered yet") && screen.contains("so far"), "{screen}");
    assert!(!screen.contains("no backup job"), "jobs come after hosts: {screen}");
}
