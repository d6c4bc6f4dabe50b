//! What the fleet's library says about an alert: pages to read while one acts.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::console::ask::{Answer, Detail, Topic};
use crate::console::keymap::Action;
use crate::console::replica::{Changed, FleetIndex};
use crate::console::screens::alerts::what;
use crate::console::screens::markdown::{Line, lines};
use crate::console::screens::world::{About, Effect, Place, World};
use crate::console::text::{Ellipsis, put, put_cut, wrap};
use crate::console::theme::{Role, Theme};
use crate::console::widgets::divider;
use crate::fleet::words::AlertId;
use crate::fleet::words::spoken_id::spoken_id;

/// The screen's state.
#[derive(Clone, Debug)]
pub struct RunbookScreen {
    fleet: FleetIndex,
    id: AlertId,
    asked: bool,
    /// The pages' names and lines, once they are here.
    pages: Option<Vec<(String, Vec<Line>)>>,
    refused: Option<String>,
    scroll: usize,
}

impl RunbookScreen {
    /// The pages about an alert.
    #[must_use]
    pub const fn new(fleet: FleetIndex, id: AlertId) -> Self {
        Self { fleet, id, asked: false, pages: None, refused: None, scroll: 0 }
    }

    /// What is to be asked now: the pages, once.
    pub fn ask(&mut self, world: World<'_>) -> Vec<Effect> {
        let live = world.replicas.get(self.fleet).is_some_and(|replica| replica.link().is_live());
        if self.asked || !live {
            return Vec::new();
        }
        self.asked = true;
        vec![Effect::Ask(self.fleet, Topic::Runbook(self.id))]
    }

    /// Takes over an answer; whether the screen changed.
    pub fn answer(&mut self, fleet: FleetIndex, answer: Answer) -> bool {
        if fleet != self.fleet || answer.about != Topic::Runbook(self.id) {
            return false;
        }
        match answer.result {
            Ok(Detail::Pages(pages)) => {
                let read = pages.iter().map(|(name, text)| (name.to_string(), lines(text.as_str())));
                self.pages = Some(read.collect());
                self.refused = None;
            }
            Ok(_) => return false,
            Err(why) => self.refused = Some(why.to_string()),
        }
        true
    }

    /// A link that came back is asked again where nothing is here.
    pub fn absorb(&mut self, fleet: FleetIndex, changed: &Changed) {
        if fleet == self.fleet && changed.everything && self.pages.is_none() {
            self.asked = false;
        }
    }

    /// Does an action: the verbs of the alert work here, too.
    pub fn update(&mut self, action: Action, count: u16) -> Vec<Effect> {
        let step = usize::from(count.max(1));
        let last = self.pages.iter().flatten().map(|(_, lines)| lines.len() + 1).sum::<usize>().saturating_sub(1);
        self.scroll = match action {
            Action::Down => self.scroll + step,
            Action::Up => self.scroll.saturating_sub(step),
            Action::HalfDown => self.scroll + 10 * step,
            Action::HalfUp => self.scroll.saturating_sub(10 * step),
            Action::PageDown => self.scroll + 20 * step,
            Action::PageUp => self.scroll.saturating_sub(20 * step),
            Action::Top => 0,
            Action::Bottom => last,
            Action::Open => return vec![Effect::Go(Place::Alert(self.fleet, self.id))],
            action if action.is_on_alerts() || action == Action::CheckNow => {
                return vec![Effect::on_alerts(action, About::Alerts(vec![(self.fleet, self.id)]))];
            }
            _ => self.scroll,
        }
        .min(last);
        Vec::new()
    }

    /// Paints the pages.
    pub fn render(&self, area: Rect, buf: &mut Buffer, theme: &Theme, world: World<'_>) {
        let width = area.width.saturating_sub(2);
        let alert = world.replicas.get(self.fleet).and_then(|replica| replica.fleet().alerts.alerts.get(&self.id));
        let said = |text: &str, role| {
            let shown = (area.y..area.bottom()).zip(wrap(text, width)).map(|(y, line)| (y, line.to_owned()));
            shown.map(|(y, line)| (y, line, role)).collect::<Vec<_>>()
        };
        let words = match (&self.pages, &self.refused) {
            (None, Some(why)) => said(why, Role::Failed),
            (None, None) => said("asking the hub's library", Role::Muted),
            (Some(pages), _) if pages.is_empty() => {
                let about = alert.map_or_else(|| "this".to_owned(), |alert| what(alert).to_owned());
                let text = format!(
                    "the library has no page about {about}: put {about}.md into library/ beside the hub's configuration, \
                     or a page that begins with \"checks: {about}\""
                );
                said(&text, Role::Muted)
            }
            (Some(_), _) => Vec::new(),
        };
        for (y, line, role) in words {
            put(buf, area.x + 1, y, width, &line, theme.style(role));
        }
        let mut y = area.y;
        let mut skip = self.scroll;
        for (name, lines) in self.pages.iter().flatten() {
            if y >= area.bottom() {
                return;
            }
            if skip > 0 {
                skip -= 1;
            } else {
                let title = format!("{name} for {}", spoken_id(self.id));
                divider(Rect { y, height: 1, ..area }, buf, theme, &title);
                y += 1;
            }
            let hidden = skip.min(lines.len());
            skip -= hidden;
            for line in lines.iter().skip(hidden) {
                y = paint((y, line), area, buf, theme);
                if y >= area.bottom() {
                    return;
                }
            }
        }
    }
}

/// Paints a line from a row on; the row below it.
fn paint((mut y, line): (u16, &Line), area: Rect, buf: &mut Buffer, theme: &Theme) -> u16 {
    let x = area.x.saturating_add(1 + line.indent.min(area.width / 2));
    let style = theme.style(line.role);
    let used = if y < area.bottom() { put(buf, x, y, area.right().saturating_sub(x), &line.sign, style) } else { 0 };
    let x = x.saturating_add(used);
    let room = area.right().saturating_sub(x.saturating_add(1));
    if line.is_code || line.text.is_empty() {
        put_cut(buf, x, y, room, &line.text, style, (Ellipsis::End, theme.glyphs.ellipsis));
        return y + 1;
    }
    for part in wrap(&line.text, room) {
        if y >= area.bottom() {
            return y;
        }
        put(buf, x, y, room, part, style);
        y += 1;
    }
    y
}
