//! Pictures of every screen, made from running screens on the sample provider: `UPDATE_FIXTURES=1` writes them anew, and
//! the test fails while one is not what the screens show.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use watchfloor::console::app::App;
use watchfloor::console::ask::{Answer, Detail, Topic};
use watchfloor::console::replica::{FleetIndex, Greeting, LinkState, Update};
use watchfloor::console::screens::world::Place;
use watchfloor::console::theme::Theme;
use watchfloor::console::widgets::buffer_svg::{TerminalColours, buffer_svg};
use watchfloor::fleet::identity::Role;
use watchfloor::fleet::words::{AlertId, HostId, JobId, SafeText};

use crate::command_screens::{PRINTED, commanded, settle};
use crate::fixtures;
use crate::sample_backups::answer_backup;
use crate::sample_fleet::{answer_host, answer_timeline, console_of, press, provider, wall_of};

/// A picture larger than this is no help in a repository, in bytes.
const LARGEST: usize = 64 * 1024;
/// The desk's size has no suffix.
const SIZES: [(&str, u16, u16); 3] = [("", 120, 36), ("-80x24", 80, 24), ("-45x20", 45, 20)];

/// A screen with its name, where it begins, and the keys that lead to what is shown.
const SCREENS: [(&str, Place, &str); 19] = [
    ("floor", Place::Floor, "j j"),
    ("alerts", Place::Alerts, ""),
    ("alerts-grouped", Place::Alerts, "b j j"),
    ("alerts-marked", Place::Alerts, "Space j Space"),
    ("alert", Place::Alerts, "/ E X C H Enter Enter"),
    ("hosts", Place::Hosts, ""),
    ("host", Place::Hosts, "/ E X C H Enter Enter"),
    ("backups", Place::Backups, "j j j"),
    ("backup", Place::Backups, "/ e m r 2 Enter Enter"),
    ("journal", Place::Journal, ""),
    ("commands", Place::Commands, ""),
    ("command", Place::Commands, "Enter"),
    ("output", Place::Commands, "Enter Enter"),
    ("run", Place::Commands, "x"),
    ("filter", Place::Alerts, "/ s e v : w a r n i n g + Space l a n e : n e w"),
    ("escalate", Place::Alerts, "e"),
    ("help", Place::Alerts, "?"),
    ("chord", Place::Alerts, "v"),
    ("palette", Place::Alerts, ": e x c h"),
];

fn picture(app: &mut App, (width, height): (u16, u16), moment: Instant) -> Buffer {
    let area = Rect::new(0, 0, width, height);
    let mut buf = Buffer::empty(area);
    app.refresh(area, moment);
    app.render(area, &mut buf, moment);
    buf
}

fn shown(theme: &str, (place, keys): (&Place, &str), size: (u16, u16), moment: Instant) -> Buffer {
    let theme = Theme::built_in(theme).expect("a theme that comes with the program");
    let tale = if *place == Place::Commands { commanded(provider()) } else { provider() };
    let mut app = console_of(tale, theme, place.clone(), moment);
    picture(&mut app, size, moment);
    for key in keys.split_whitespace() {
        press(&mut app, key, moment);
        picture(&mut app, size, moment);
        settle(&mut app, &PRINTED, moment);
    }
    // the PC that is off is so in its quiet hours
    let quiet = Ok(Detail::QuietHosts([HostId(8)].into()));
    app.answer(FleetIndex(0), Answer { generation: 0, about: Topic::QuietHosts, result: quiet });
    answer_host(&mut app, HostId(3));
    answer_backup(&mut app, JobId(4));
    answer_timeline(&mut app, &provider(), AlertId(4468));
    picture(&mut app, size, moment)
}

/// The hub falls silent; four minutes later.
fn lose(app: &mut App, moment: Instant) -> Instant {
    let lost = LinkState::Lost {
        since: moment,
        reason: SafeText::new("connection refused"),
        next_try: Some(moment + Duration::from_secs(247)),
    };
    app.update(FleetIndex(0), Update::Link(lost), moment);
    moment + Duration::from_secs(240)
}

/// All pictures by the name of their file.
fn pictures() -> BTreeMap<String, String> {
    let moment = Instant::now();
    let mut pictures = BTreeMap::new();
    for (name, place, keys) in &SCREENS {
        for (suffix, width, height) in SIZES {
            for (theme, colours) in [("", &TerminalColours::DARK), ("-light", &TerminalColours::LIGHT)] {
                let look = if theme.is_empty() { "dark" } else { "light" };
                let buf = shown(look, (place, keys), (width, height), moment);
                pictures.insert(format!("{name}{suffix}{theme}.svg"), buffer_svg(&buf, colours));
            }
        }
    }
    for (name, stale) in [("wall", false), ("wall-stale", true)] {
        for (theme, colours) in [("dark", &TerminalColours::DARK), ("light", &TerminalColours::LIGHT)] {
            let look = Theme::built_in(theme).expect("a theme that comes with the program");
            let mut app = wall_of(commanded(provider()), look, moment);
            let viewer = Greeting {
                role: Role::Viewer,
                identity: SafeText::new("wall-1"),
                fleet: SafeText::new("main"),
                hub_version: SafeText::new("0.1.0"),
                not_after: None,
            };
            app.update(FleetIndex(0), Update::Greeted(viewer), moment);
            let then = if stale { lose(&mut app, moment) } else { moment };
            let suffix = if theme == "dark" { "" } else { "-light" };
            for (size, width, height) in [("", 120, 36), ("-200x60", 200, 60)] {
                let buf = picture(&mut app, (width, height), then);
                pictures.insert(format!("{name}{size}{suffix}.svg"), buffer_svg(&buf, colours));
            }
        }
    }
    for theme in Theme::built_in_names() {
        let colours = if theme == "light" { &TerminalColours::LIGHT } else { &TerminalColours::DARK };
        let buf = shown(theme, (&Place::Alerts, "Space j j"), (100, 20), moment);
        pictures.insert(format!("theme-{theme}.svg"), buffer_svg(&buf, colours));
    }
    pictures
}

#[test]
fn pictures_show_what_the_screens_show() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("screenshots");
    let pictures = pictures();
    for (file, svg) in &pictures {
        assert!(svg.len() <= LARGEST, "{file} has {} bytes", svg.len());
    }
    let there = || {
        let files = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        files.collect::<Vec<_>>()
    };
    if fixtures::updating() {
        for file in there().iter().filter(|file| !pictures.contains_key(*file)) {
            std::fs::remove_file(folder.join(file)).unwrap();
        }
        for (file, svg) in &pictures {
            std::fs::write(folder.join(file), svg).unwrap();
        }
    }
    let read = |file: &String| std::fs::read_to_string(folder.join(file)).ok();
    let mut stale: Vec<&String> =
        pictures.iter().filter(|(file, svg)| read(file).as_ref() != Some(svg)).map(|(file, _)| file).collect();
    let there = there();
    stale.extend(there.iter().filter(|file| !pictures.contains_key(*file)));
    assert!(stale.is_empty(), "{stale:?} are not what the screens show: make them anew with UPDATE_FIXTURES=1");
}
