//! Painting: the screen on top between the console's own lines, and what stands in front of it.

use std::time::Instant;

use ratatui::buffer::Buffer;
use ratatui::layout::{Rect, Size};

use crate::console::app::state::App;
use crate::console::app::{chrome, which};
use crate::console::theme::Role;
use crate::console::widgets::{LEAST, too_small};

impl App {
    /// Brings the lists up to date, before a frame.
    pub fn refresh(&mut self, area: Rect, now: Instant) {
        self.unseen = area.width < LEAST.width || area.height < LEAST.height;
        let world = self.fleets.world(now);
        if let Some(wall) = &mut self.wall {
            return wall.refresh(area, world);
        }
        let status = chrome::status(self.said.as_ref(), &self.fleets.sending.acts, now);
        let foot = chrome::last_rows(status.as_ref().map_or("", |(_, text)| text.as_str()), area.width);
        self.stage.refresh(Size::new(area.width, area.height.saturating_sub(1 + foot)), world);
    }

    /// Paints the screen.
    pub fn render(&self, area: Rect, buf: &mut Buffer, now: Instant) {
        let theme = &self.seat.theme;
        buf.set_style(area, theme.style(Role::Text));
        if too_small(area, buf, theme, LEAST) {
            return;
        }
        let world = self.fleets.world(now);
        if let Some(wall) = &self.wall {
            return wall.render(area, buf, theme, world, &self.seat.zone);
        }
        let (title, mut more) = self.stage.title(world);
        if let Some(view) = self.stage.viewed().and_then(|(screen, list)| self.desk.shown(screen, list)) {
            more.insert(0, (Role::Input, format!("v{} {}", view.number, view.name)));
        }
        if let Some(left) = self.desk.bell.quiet(now) {
            more.insert(0, (Role::Pending, format!("QUIET {}m", left.as_secs().div_ceil(60))));
        }
        if let Some(left) = self.desk.bell.awake(now) {
            more.insert(0, (Role::Pending, format!("AWAKE {}h", left.as_secs().div_ceil(3_600))));
        }
        let line = Rect { height: 1, ..area };
        chrome::header(line, buf, theme, world, title, &more, &self.seat.zone);
        let status = chrome::status(self.said.as_ref(), &self.fleets.sending.acts, now);
        let status = status.as_ref().map_or((Role::Muted, ""), |(role, text)| (*role, text.as_str()));
        let foot = chrome::last_rows(status.1, area.width);
        let mut body = Rect { y: area.y + 1, height: area.height - 1 - foot, ..area };
        if chrome::trouble(Rect { y: body.y, ..line }, buf, theme, world) {
            body = Rect { y: body.y + 1, height: body.height - 1, ..body };
        }
        if let Some(typing) = self.stage.filter().filter(|filter| filter.typing().is_some()) {
            body.height -= 1;
            if let Some(completion) = &self.desk.completion {
                body.height = body.height.saturating_sub(1);
                chrome::completion(Rect { y: body.bottom(), ..line }, buf, theme, completion);
            }
            chrome::filter(
                Rect { y: body.bottom() + u16::from(self.desk.completion.is_some()), ..line },
                buf,
                theme,
                typing,
                self.stage.shown(),
            );
        }
        self.stage.render(body, buf, theme, world, &self.seat.zone);
        let hints = self.seat.keymap.footer(self.stage.context(), self.seat.read_only);
        chrome::last_lines(Rect { y: area.bottom() - foot, height: foot, ..area }, buf, theme, &hints, status);
        which::panel(body, buf, theme, (&self.seat.keymap, self.stage.context()), |action| {
            let number = action.view()?;
            let view = self.desk.views.get(number);
            Some(view.map_or_else(String::new, |view| format!("{}  ({})", view.name, view.screen)))
        });
        if let Some(front) = &self.front {
            front.render(body, buf, &self.seat, self.stage.context(), world);
        }
    }
}
