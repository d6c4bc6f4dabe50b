//! One window in depth: what it speaks of, when, who opened it, and what it held back.

use jiff::tz::TimeZone;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::console::keymap::Action;
use crate::console::replica::{FleetIndex, Replica};
use crate::console::screens::alerts::{host_name, what};
use crate::console::screens::windows::{Windows, on_window, state_role};
use crate::console::screens::world::{Effect, Place, World};
use crate::console::text::{Ellipsis, put, put_cut, wrap};
use crate::console::theme::{Role, Theme};
use crate::console::widgets::divider;
use crate::fleet::windows::{Window, moment};
use crate::fleet::words::{AlertId, Timestamp, WindowId, duration};

/// The screen's state.
#[derive(Clone, Debug)]
pub struct WindowScreen {
    fleet: FleetIndex,
    id: WindowId,
    /// The alert under the cursor; the first where none was chosen, or it is there no more.
    cursor: Option<AlertId>,
}

impl WindowScreen {
    /// The screen of a window.
    #[must_use]
    pub const fn new(fleet: FleetIndex, id: WindowId) -> Self {
        Self { fleet, id, cursor: None }
    }

    fn window<'a>(&self, world: World<'a>) -> Option<(&'a Replica, &'a Window)> {
        let replica = world.replicas.get(self.fleet)?;
        Some((replica, replica.fleet().windows.get(self.id)?))
    }

    /// The alerts in the ledger that are still here, oldest first.
    fn caught(replica: &Replica, window: &Window) -> Vec<AlertId> {
        let here = |id: &AlertId| replica.fleet().alerts.alerts.contains_key(id);
        window.caught().into_iter().filter(here).collect()
    }

    fn place(&self, caught: &[AlertId]) -> usize {
        self.cursor.and_then(|cursor| caught.iter().position(|id| *id == cursor)).unwrap_or_default()
    }

    /// Does an action.
    pub fn update(&mut self, action: Action, count: u16, world: World<'_>) -> Vec<Effect> {
        let Some((replica, window)) = self.window(world) else { return Vec::new() };
        let caught = Self::caught(replica, window);
        let (at, last) = (self.place(&caught), caught.len().saturating_sub(1));
        let step = usize::from(count.max(1));
        let next = match action {
            Action::Down => (at + step).min(last),
            Action::Up => at.saturating_sub(step),
            Action::Top => 0,
            Action::Bottom => last,
            Action::Open => {
                let alert = caught.get(at).map(|id| Effect::Go(Place::Alert(self.fleet, *id)));
                return alert.into_iter().collect();
            }
            action => return on_window(action, (self.fleet, self.id), world),
        };
        self.cursor = caught.get(next).copied();
        Vec::new()
    }

    /// Paints the window; `windows` knows how many alerts it speaks of.
    pub fn render(
        &self,
        area: Rect,
        buf: &mut Buffer,
        theme: &Theme,
        world: World<'_>,
        zone: &TimeZone,
        windows: &Windows,
    ) {
        let width = area.width.saturating_sub(1);
        let Some((replica, window)) = self.window(world) else {
            put(buf, area.x + 1, area.y, width, "this window is in the archive", theme.style(Role::Muted));
            return;
        };
        let now = replica.hub_now(world.now);
        let matches = windows.matches((self.fleet, self.id), window, replica.fleet());
        let mut y = area.y;
        for (role, text) in facts(window, matches, now, zone) {
            for line in wrap(&text, area.width.saturating_sub(2)) {
                if y >= area.bottom() {
                    return;
                }
                put(buf, area.x + 1, y, width, line, theme.style(role));
                y += 1;
            }
        }
        let rest = Rect { y: y + 1, height: area.bottom().saturating_sub(y + 1), ..area };
        if rest.height < 2 {
            return;
        }
        divider(rest, buf, theme, "held back, oldest first");
        let caught = Self::caught(replica, window);
        if caught.is_empty() {
            put(buf, area.x + 1, rest.y + 1, width, "nothing", theme.style(Role::Muted));
        }
        let cut = (Ellipsis::End, theme.glyphs.ellipsis);
        let (at, lines) = (self.place(&caught), usize::from(rest.height - 1));
        let first = at.saturating_sub(lines.saturating_sub(1));
        for (y, (place, id)) in (rest.y + 1..rest.bottom()).zip(caught.iter().enumerate().skip(first)) {
            let Some(alert) = replica.fleet().alerts.alerts.get(id) else { continue };
            let lane = if alert.is_open() { alert.lane().word() } else { "resolved" };
            let mark = if place == at { theme.glyphs.cursor } else { " " };
            let text = format!(
                "{mark} {id} {lane:<8} {} {} {}: {}",
                alert.client,
                host_name(replica, alert),
                what(alert),
                alert.summary
            );
            let role = if place == at { Role::Title } else { Role::Text };
            put_cut(buf, area.x + 1, y, width, &text, theme.style(role), cut);
        }
    }
}

fn facts(window: &Window, matches: Option<u64>, now: Timestamp, zone: &TimeZone) -> Vec<(Role, String)> {
    let mut facts = vec![
        (
            state_role(window.state()),
            format!("{} is {}: {}", window.title(), window.state().word(), window.standing(now, zone)),
        ),
        (Role::Title, format!("holds back {}", window.scope)),
    ];
    let plain = window.plain(now);
    if plain != "once" {
        facts.push((Role::Text, plain));
    }
    facts.push((
        Role::Owned,
        format!(
            "opened {} ({} ago) by {}",
            moment(window.created_at, now, zone),
            duration::short(now.since(window.created_at)),
            window.by
        ),
    ));
    if let Some(over) = &window.over {
        let by = over.by.as_ref().map_or_else(|| "its time was up".to_owned(), |by| format!("by {by}"));
        let note = over.note.as_ref().map_or_else(String::new, |note| format!(": {note}"));
        facts.push((Role::Muted, format!("ended {} {by}{note}", moment(over.at, now, zone))));
    }
    let matches_words = matches.map_or_else(|| "not counted yet".to_owned(), |matches| matches.to_string());
    let held = match window.held() {
        1 => "once".to_owned(),
        times => format!("{times} times"),
    };
    facts.push((Role::Text, format!("open alerts it speaks of: {matches_words}   held back: {held}")));
    let marks = window.marks(matches.unwrap_or(1), now);
    facts.extend(marks.into_iter().map(|mark| (Role::Warning, mark)));
    facts
}
