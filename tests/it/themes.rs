//! What a person sees with each theme: an emulator is fed the bytes, in pieces as a slow line hands them over, and shows
//! what was painted, at every depth of colour.

use std::num::NonZeroU16;
use std::time::Instant;

use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier};
use watchfloor::console::app::App;
use watchfloor::console::screens::world::Place;
use watchfloor::console::terminal::{Ability, ColourDepth, Screen};
use watchfloor::console::text::cluster_width;
use watchfloor::console::theme::{Glyphs, Role, Theme};
use watchfloor::console::widgets::dump;

use crate::sample_fleet::{console_of, press, provider};

const SIZE: (u16, u16) = (100, 24);

fn ability(depth: ColourDepth, ascii: bool) -> Ability {
    Ability { depth, ascii, light: false }
}

/// Every theme at every depth it can be shown with.
fn themes() -> Vec<Theme> {
    let depths = [ColourDepth::True, ColourDepth::Indexed, ColourDepth::Sixteen, ColourDepth::None];
    let at = |depth| {
        let names = Theme::names(ability(depth, false), None);
        names.into_iter().map(move |name| Theme::load(Some(&name), ability(depth, false), None).unwrap())
    };
    depths.into_iter().flat_map(at).collect()
}

fn paint(app: &mut App, buf: &mut Buffer, moment: Instant) {
    app.refresh(buf.area, moment);
    app.render(buf.area, buf, moment);
}

/// A screen and the emulator that shows it.
struct Seat {
    screen: Screen,
    emulator: vt100::Parser,
}

impl Seat {
    fn new() -> Self {
        let size = |cells| NonZeroU16::new(cells).unwrap();
        Self { screen: Screen::new(SIZE.0, SIZE.1), emulator: vt100::Parser::new(size(SIZE.1), size(SIZE.0), 0) }
    }

    /// Paints a frame, hands it over in pieces, and compares.
    fn show(&mut self, app: &mut App, pieces: usize, moment: Instant) {
        app.refresh(self.screen.area(), moment);
        let mut bytes = Vec::new();
        self.screen.draw(&mut bytes, |_, buf| paint(app, buf, moment));
        for piece in bytes.chunks(pieces) {
            self.emulator.process(piece);
        }
        for y in 0..SIZE.1 {
            let mut x = 0;
            while x < SIZE.0 {
                let painted = &self.screen.shown()[(x, y)];
                let seen = self.emulator.screen().cell(y, x).unwrap();
                assert_eq!(look_of(painted), look_seen(seen), "at {x},{y} with {}", app.theme().name());
                x += cluster_width(painted.symbol()).max(1);
            }
        }
    }
}

/// All that can be seen of a cell.
type Look = (String, vt100::Color, vt100::Color, [bool; 4]);

fn look_of(cell: &Cell) -> Look {
    let has = |modifier| cell.modifier.contains(modifier);
    let shows = has(Modifier::REVERSED) || has(Modifier::UNDERLINED) || cell.symbol() != " ";
    let fg = if shows { colour(cell.fg) } else { vt100::Color::Default };
    let weight = cell.symbol() != " " && has(Modifier::BOLD);
    let italic = cell.symbol() != " " && has(Modifier::ITALIC);
    (
        cell.symbol().to_owned(),
        fg,
        colour(cell.bg),
        [weight, italic, has(Modifier::UNDERLINED), has(Modifier::REVERSED)],
    )
}

fn look_seen(cell: &vt100::Cell) -> Look {
    let symbol = if cell.contents().is_empty() { " " } else { cell.contents() };
    let blank = symbol == " ";
    let shows = cell.inverse() || cell.underline() || !blank;
    let fg = if shows { cell.fgcolor() } else { vt100::Color::Default };
    let weights = [!blank && cell.bold(), !blank && cell.italic(), cell.underline(), cell.inverse()];
    (symbol.to_owned(), fg, cell.bgcolor(), weights)
}

fn colour(colour: Color) -> vt100::Color {
    let sixteen = [
        Color::Black,
        Color::Red,
        Color::Green,
        Color::Yellow,
        Color::Blue,
        Color::Magenta,
        Color::Cyan,
        Color::Gray,
        Color::DarkGray,
        Color::LightRed,
        Color::LightGreen,
        Color::LightYellow,
        Color::LightBlue,
        Color::LightMagenta,
        Color::LightCyan,
        Color::White,
    ];
    match colour {
        Color::Reset => vt100::Color::Default,
        Color::Rgb(r, g, b) => vt100::Color::Rgb(r, g, b),
        Color::Indexed(index) => vt100::Color::Idx(index),
        named => vt100::Color::Idx(u8::try_from(sixteen.iter().position(|one| *one == named).unwrap()).unwrap()),
    }
}

#[test]
fn what_a_person_sees_is_what_was_painted_in_every_theme_and_depth() {
    let moment = Instant::now();
    let themes = themes();
    assert_eq!(themes.len(), 7 + 7 + 2 + 1);
    for (at, theme) in themes.into_iter().enumerate() {
        let mut app = console_of(provider(), theme, Place::Alerts, moment);
        let mut seat = Seat::new();
        seat.show(&mut app, 1, moment);
        for (step, key) in ["j", "j", "Space", "G", "b", "3", "j", "1", "4", "j", "Enter", "7", "?", "q", "2", "e"]
            .into_iter()
            .enumerate()
        {
            press(&mut app, key, moment);
            seat.show(&mut app, 1 + (at + step) % 7, moment);
        }
    }
}

#[test]
fn another_theme_repaints_all_that_looks_different_and_leaves_nothing_behind() {
    let moment = Instant::now();
    let mut themes = themes();
    let mut app = console_of(provider(), themes.remove(0), Place::Hosts, moment);
    let mut seat = Seat::new();
    seat.show(&mut app, 4096, moment);
    for theme in themes {
        app.dress(Ok(theme));
        seat.show(&mut app, 3, moment);
        press(&mut app, "j", moment);
        seat.show(&mut app, 3, moment);
    }
}

#[test]
fn the_cursors_row_is_seen_in_every_theme_and_depth() {
    let moment = Instant::now();
    for theme in themes() {
        let name = theme.name().to_owned();
        let mut app = console_of(provider(), theme, Place::Alerts, moment);
        let mut buf = Buffer::empty(Rect::new(0, 0, SIZE.0, SIZE.1));
        paint(&mut app, &mut buf, moment);
        let row = |y: u16| -> Vec<(Color, Modifier)> {
            let shown = Modifier::REVERSED | Modifier::UNDERLINED;
            (0..SIZE.0).map(|x| (buf[(x, y)].bg, buf[(x, y)].modifier & shown)).collect()
        };
        let differ = row(2).iter().zip(row(3)).filter(|(cursor, other)| **cursor != *other).count();
        assert!(differ > 80, "{name}: the cursor's row differs from the next in {differ} cells");
        assert_eq!(buf[(0, 2)].symbol(), ">");
    }
}

#[test]
fn ascii_draws_every_screen_without_a_byte_beyond_it() {
    let moment = Instant::now();
    for depth in [ColourDepth::True, ColourDepth::None] {
        let theme = Theme::load(None, ability(depth, true), None).unwrap();
        for place in [Place::Floor, Place::Alerts, Place::Hosts, Place::Backups, Place::Journal] {
            let mut app = console_of(provider(), theme.clone(), place.clone(), moment);
            for key in ["j", "Space", "b", "Enter", "?", "q", "q", "v"] {
                for (width, height) in [(45, 20), (80, 24), (200, 60)] {
                    let mut buf = Buffer::empty(Rect::new(0, 0, width, height));
                    paint(&mut app, &mut buf, moment);
                    let text = dump::text(&buf);
                    let strange: Vec<char> = text.chars().filter(|c| !c.is_ascii()).collect();
                    assert!(strange.is_empty(), "{place:?} at {width}x{height}: {strange:?}\n{text}");
                }
                press(&mut app, key, moment);
            }
        }
    }
}

#[test]
fn state_is_told_by_sign_and_word_where_there_is_no_colour() {
    let moment = Instant::now();
    let theme = Theme::load(None, ability(ColourDepth::None, true), None).unwrap();
    assert_eq!((theme.name(), theme.glyphs), ("mono", Glyphs::ASCII));
    assert_ne!(theme.style(Role::Critical), theme.style(Role::Warning));
    let mut buf = Buffer::empty(Rect::new(0, 0, SIZE.0, SIZE.1));
    paint(&mut console_of(provider(), theme, Place::Alerts, moment), &mut buf, moment);
    let text = dump::text(&buf);
    for state in ["X CRIT", "! WARN", "? UNKN", " NEW ", " owned "] {
        assert!(text.contains(state), "{state} is not told:\n{text}");
    }
}

#[test]
fn a_wrong_file_is_told_whole_however_narrow_the_screen_and_changes_nothing() {
    let moment = Instant::now();
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("mine.toml");
    std::fs::write(&file, "inherits = \"dark\"\n\n[roles]\n\"severity.critcal\" = \"red\"\n").unwrap();
    let wrong = Theme::load(Some("mine"), ability(ColourDepth::True, false), Some(home.path())).unwrap_err();
    let mut app = console_of(provider(), Theme::built_in("tritanopia").unwrap(), Place::Alerts, moment);
    app.dress(Err(wrong));
    assert_eq!(app.theme().name(), "tritanopia");
    for (width, height) in [(45, 20), (80, 24), (200, 60)] {
        let mut buf = Buffer::empty(Rect::new(0, 0, width, height));
        paint(&mut app, &mut buf, moment);
        let text: String = dump::text(&buf).split_whitespace().collect();
        let told = "mine.toml:4:roles.severity.critcal:thereisnosuchrole;didyoumean`severity.critical`?";
        assert!(text.contains(told), "at {width}x{height}:\n{}", dump::text(&buf));
        assert!(dump::text(&buf).contains("NDR6") && dump::text(&buf).contains("? help"));
    }
    press(&mut app, "j", moment);
    let mut buf = Buffer::empty(Rect::new(0, 0, 80, 24));
    paint(&mut app, &mut buf, moment);
    assert!(!dump::text(&buf).contains("critcal"), "the next key clears it");
}
