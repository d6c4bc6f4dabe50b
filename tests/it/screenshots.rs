//! The pictures of README, made from running screens on the sample fleet: `UPDATE_FIXTURES=1` writes them anew, and the
//! test fails while one is not what the screens show.

use std::path::PathBuf;
use std::time::Instant;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use watchfloor::console::app::App;
use watchfloor::console::screens::world::Place;
use watchfloor::console::widgets::buffer_svg::{TerminalColours, buffer_svg};
use watchfloor::fleet::words::HostId;

use crate::fixtures;
use crate::sample_fleet::{answer_host, console, press};

fn picture(app: &mut App, width: u16, height: u16, moment: Instant) -> Buffer {
    let area = Rect::new(0, 0, width, height);
    let mut buf = Buffer::empty(area);
    app.refresh(area, moment);
    app.render(area, &mut buf, moment);
    buf
}

fn screens(theme: &str, moment: Instant) -> Vec<(&'static str, App)> {
    let alert = {
        let mut app = console(theme, Place::Alerts, moment);
        app.refresh(Rect::new(0, 0, 120, 34), moment);
        press(&mut app, "j", moment);
        press(&mut app, "Enter", moment);
        app
    };
    let host = {
        let mut app = console(theme, Place::Hosts, moment);
        app.refresh(Rect::new(0, 0, 120, 34), moment);
        press(&mut app, "/", moment);
        for key in ["E", "X", "C", "H", "Enter"] {
            press(&mut app, key, moment);
        }
        app.refresh(Rect::new(0, 0, 120, 34), moment);
        press(&mut app, "Enter", moment);
        answer_host(&mut app, HostId(3));
        app
    };
    vec![
        ("floor", console(theme, Place::Floor, moment)),
        ("alerts", console(theme, Place::Alerts, moment)),
        ("hosts", console(theme, Place::Hosts, moment)),
        ("journal", console(theme, Place::Journal, moment)),
        ("alert", alert),
        ("host", host),
    ]
}

#[test]
fn pictures_show_what_the_screens_show() {
    let moment = Instant::now();
    let mut stale = Vec::new();
    for (theme, colours) in [("dark", &TerminalColours::DARK), ("light", &TerminalColours::LIGHT)] {
        for (name, mut app) in screens(theme, moment) {
            let svg = buffer_svg(&picture(&mut app, 120, 34, moment), colours);
            let file = if theme == "dark" { format!("{name}.svg") } else { format!("{name}-{theme}.svg") };
            let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("screenshots").join(&file);
            if fixtures::updating() {
                std::fs::write(&path, &svg).unwrap();
            }
            if std::fs::read_to_string(&path).ok().as_deref() != Some(svg.as_str()) {
                stale.push(file);
            }
        }
    }
    assert!(stale.is_empty(), "{stale:?} are not what the screens show: make them anew with UPDATE_FIXTURES=1");
}
