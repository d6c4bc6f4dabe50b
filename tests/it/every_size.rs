//! Every screen at every size from 1x1 to 200x60: it is painted, within its place, and where it is too small it says so.

use std::time::Instant;

use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Rect;
use watchfloor::console::app::App;
use watchfloor::console::screens::world::Place;
use watchfloor::console::theme::Theme;
use watchfloor::fleet::words::{HostId, JobId};

use crate::sample_backups::answer_backup;
use crate::sample_fleet::{answer_host, console, console_of, press, provider};

const WIDEST: u16 = 200;
const HIGHEST: u16 = 60;
/// What stands around the screen's place before it is painted, and after.
const OUTSIDE: &str = "▒";

/// A console at a place, after these keys.
fn at(place: Place, keys: &[&str], moment: Instant) -> App {
    seen(console("dark", place, moment), keys, moment)
}

/// A console that was painted, after these keys.
fn seen(mut app: App, keys: &[&str], moment: Instant) -> App {
    let area = Rect::new(0, 0, 80, 24);
    app.refresh(area, moment);
    app.render(area, &mut Buffer::empty(area), moment);
    for key in keys {
        press(&mut app, key, moment);
    }
    answer_host(&mut app, HostId(3));
    app
}

/// Paints at every size, and says how the screens begin that were painted whole.
fn at_every_size(app: App, moment: Instant) -> String {
    showing("", app, moment)
}

/// The same, with something on it wherever the screen is painted whole.
fn showing(wanted: &str, mut app: App, moment: Instant) -> String {
    let mut title = String::new();
    for height in 1..=HIGHEST {
        for width in 1..=WIDEST {
            let whole = Rect::new(0, 0, width + 2, height + 2);
            let place = Rect::new(1, 1, width, height);
            let mut buf = Buffer::empty(whole);
            for cell in frame(whole) {
                buf[cell] = Cell::new(OUTSIDE);
            }
            app.refresh(place, moment);
            app.render(place, &mut buf, moment);
            for cell in frame(whole) {
                assert_eq!(buf[cell], Cell::new(OUTSIDE), "painted outside at {width}x{height}, at {cell:?}");
            }
            if width < 40 || height < 12 {
                too_small(&buf, place);
            } else {
                let line = |y| (1..=width).map(|x| buf[(x, y)].symbol()).collect::<String>();
                title = line(1).split_whitespace().next().unwrap_or_default().to_owned();
                assert!(!title.is_empty(), "no head at {width}x{height}");
                assert!(!line(height).trim().is_empty(), "no foot at {width}x{height}");
                let shown = (1..=height).any(|y| line(y).contains(wanted));
                assert!(shown, "no {wanted:?} at {width}x{height}");
            }
        }
    }
    title
}

/// The cells around a screen's place.
fn frame(whole: Rect) -> impl Iterator<Item = (u16, u16)> {
    let (right, bottom) = (whole.width - 1, whole.height - 1);
    let across = (0..=right).flat_map(move |x| [(x, 0), (x, bottom)]);
    across.chain((0..=bottom).flat_map(move |y| [(0, y), (right, y)]))
}

/// As much of the sentence as there is room for, from its beginning, and nothing else.
fn too_small(buf: &Buffer, place: Rect) {
    let (width, height) = (place.width, place.height);
    let wanted = format!(
        "Watchfloor needs 40 columns and 12 rows; this terminal has {width} and {height}. Make it larger, or press q to leave."
    );
    let squeezed = |text: &str| text.split_whitespace().collect::<String>();
    let mut shown = String::new();
    for y in place.top()..place.bottom() {
        shown.extend((place.left()..place.right()).map(|x| buf[(x, y)].symbol()));
    }
    let (shown, wanted) = (squeezed(&shown), squeezed(&wanted));
    assert!(!shown.is_empty() && wanted.starts_with(&shown), "at {width}x{height}: {shown}");
    assert!(
        u32::from(width) * u32::from(height) < 400 || width < 12 || shown == wanted,
        "at {width}x{height}: {shown}"
    );
}

#[test]
fn the_floor() {
    let moment = Instant::now();
    assert_eq!(at_every_size(at(Place::Floor, &[], moment), moment), "FLOOR");
}

#[test]
fn the_alerts() {
    let moment = Instant::now();
    assert_eq!(at_every_size(at(Place::Alerts, &["Space"], moment), moment), "ALERTS");
}

#[test]
fn the_hosts() {
    let moment = Instant::now();
    assert_eq!(at_every_size(at(Place::Hosts, &[], moment), moment), "HOSTS");
}

#[test]
fn the_backups() {
    let moment = Instant::now();
    let theme = Theme::built_in("dark").unwrap();
    let app = console_of(provider(), theme, Place::Backups, moment);
    assert_eq!(at_every_size(seen(app, &["Space"], moment), moment), "BACKUPS");
}

#[test]
fn one_backup() {
    let moment = Instant::now();
    let theme = Theme::built_in("dark").unwrap();
    let app = console_of(provider(), theme, Place::Backups, moment);
    let mut app = seen(app, &["Enter"], moment);
    app.turn(moment);
    answer_backup(&mut app, JobId(1));
    assert_eq!(at_every_size(app, moment), "BACKUP");
}

#[test]
fn the_journal() {
    let moment = Instant::now();
    assert_eq!(at_every_size(at(Place::Journal, &[], moment), moment), "JOURNAL");
}

#[test]
fn one_host() {
    let moment = Instant::now();
    assert_eq!(at_every_size(at(Place::Hosts, &["Enter"], moment), moment), "HOST");
}

#[test]
fn one_alert() {
    let moment = Instant::now();
    assert_eq!(at_every_size(at(Place::Alerts, &["Enter"], moment), moment), "ALERT");
}

#[test]
fn the_help() {
    let moment = Instant::now();
    assert_eq!(at_every_size(at(Place::Alerts, &["?"], moment), moment), "ALERTS");
}

#[test]
fn a_question() {
    let moment = Instant::now();
    assert_eq!(at_every_size(at(Place::Alerts, &["e"], moment), moment), "ALERTS");
}

#[test]
fn the_list_of_words() {
    let moment = Instant::now();
    assert_eq!(showing("Words", at(Place::Alerts, &[":"], moment), moment), "ALERTS");
}

#[test]
fn a_filter_and_what_it_may_become() {
    let moment = Instant::now();
    assert_eq!(showing("Tab ", at(Place::Hosts, &["/", "s"], moment), moment), "HOSTS");
}

#[test]
fn the_keys_that_may_follow() {
    let moment = Instant::now();
    assert_eq!(showing("v then (Esc gives up)", at(Place::Alerts, &["v"], moment), moment), "ALERTS");
}

#[test]
fn columns_that_were_chosen() {
    let moment = Instant::now();
    let keys = "v c Ctrl+u s u m m a r y Space o w n e r Space h o s t Enter";
    let asked: Vec<&str> = keys.split(' ').collect();
    let mut app = at(Place::Alerts, &asked, moment);
    let area = Rect::new(0, 0, 200, 60);
    let mut buf = Buffer::empty(area);
    app.refresh(area, moment);
    app.render(area, &mut buf, moment);
    let titles: String = (0..200).map(|x| buf[(x, 1)].symbol()).collect();
    assert_eq!(titles.split_whitespace().collect::<Vec<_>>(), ["SUMMARY", "OWNER", "HOST"]);
    assert_eq!(at_every_size(app, moment), "ALERTS");
}
