//! Windows: what maintenance and silences hold back, until when, and who said so; those in force first.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::tz::TimeZone;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::console::ask::{Answer, Detail, Topic};
use crate::console::keymap::Action;
use crate::console::replica::{Changed, FleetIndex, Replica};
use crate::console::screens::empty::say_why_empty;
use crate::console::screens::listing::{Arrangement, Listing};
use crate::console::screens::world::{About, Effect, Place, World};
use crate::console::theme::{Role, Theme};
use crate::console::widgets::{Column, Row};
use crate::fleet::derived::select::WindowRow;
use crate::fleet::state::{EntityKey, Fleet};
use crate::fleet::windows::{State, Window};
use crate::fleet::words::filter::Filter;
use crate::fleet::words::{Timestamp, WindowId, duration};

/// A window of a fleet.
pub type Key = (FleetIndex, WindowId);

/// How often the hubs are asked how many alerts each window speaks of.
const ASK_EVERY: Duration = Duration::from_secs(30);

/// Those in force first, by their end; then those to come, by their start; then those that are over.
#[derive(Clone, Copy, Debug, Default)]
pub struct InForce;

impl Arrangement for InForce {
    type Id = WindowId;
    type Entity = Window;
    type Sort = (State, Option<Timestamp>, WindowId);

    fn columns() -> &'static [Column] {
        &COLUMNS
    }

    fn table(fleet: &Fleet) -> &BTreeMap<WindowId, Arc<Window>> {
        fleet.windows.by_number()
    }

    fn place(&self, window: &Window, replica: &Replica, filter: &Filter, now: Instant) -> Option<Self::Sort> {
        let fleet = replica.fleet();
        let row = WindowRow { fleet, fleet_name: replica.name().as_str(), window, now: replica.hub_now(now) };
        let shown = filter.is_everything() || filter.matches(&row);
        shown.then(|| (window.state(), window.timer(), window.id))
    }
}

/// The screen's state.
#[derive(Clone, Debug, Default)]
pub struct Windows {
    /// The rows.
    pub rows: Listing<InForce>,
    /// How many open alerts each speaks of, as its hub said last.
    matches: BTreeMap<Key, u64>,
    asked: Option<Instant>,
}

const COLUMNS: [Column; 10] = [
    Column::new("STATE", 8, 9),
    Column::new("ID", 3, 5).rank(4),
    Column::new("WHEN", 12, 26).middle(),
    Column::new("MATCH", 5, 5).right(),
    Column::new("HELD", 4, 6).right().rank(2),
    Column::new("AGE", 4, 4).right().bare().rank(3),
    Column::new("BY", 6, 14).rank(1),
    Column::new("WHAT FOR", 8, 24).rank(1),
    Column::new("HOLDS BACK", 14, 34).grows(),
    Column::new("NOTES", 12, 60).grows().rank(5),
];

impl Windows {
    /// Takes over what changed in a fleet.
    pub fn absorb(&mut self, fleet: FleetIndex, changed: &Changed, world: World<'_>) {
        if changed.everything {
            self.asked = None;
            self.rows.rescan(world);
            return;
        }
        for entity in &changed.entities {
            if let EntityKey::Window(id) = entity {
                self.rows.set((fleet, *id), world);
                if !self.matches.contains_key(&(fleet, *id)) {
                    self.asked = None;
                }
            }
        }
    }

    /// What is to be asked now: how many open alerts the windows speak of, when that was not asked for a while.
    pub fn visit(&mut self, world: World<'_>) -> Vec<Effect> {
        if self.asked.is_some_and(|asked| world.now.saturating_duration_since(asked) < ASK_EVERY) {
            return Vec::new();
        }
        self.asked = Some(world.now);
        let asks = world
            .replicas
            .iter()
            .filter(|(_, replica)| replica.link().is_live() && !replica.fleet().windows.is_empty());
        asks.map(|(fleet, _)| Effect::Ask(fleet, Topic::WindowMatches)).collect()
    }

    /// Takes over an answer; whether the screen changed.
    pub fn answer(&mut self, fleet: FleetIndex, answer: Answer) -> bool {
        let Ok(Detail::WindowMatches(matches)) = answer.result else { return false };
        self.matches.retain(|(of, _), _| *of != fleet);
        self.matches.extend(matches.into_iter().map(|(window, count)| ((fleet, window), count)));
        true
    }

    /// How many open alerts a window speaks of: what an active one holds is known here, of others what the hub said last.
    #[must_use]
    pub fn matches(&self, key: Key, window: &Window, fleet: &Fleet) -> Option<u64> {
        if window.state() == State::Active {
            return Some(fleet.alerts.held_by(crate::fleet::alerts::Hold::Maintenance(window.id)).count() as u64);
        }
        self.matches.get(&key).copied()
    }

    /// Does an action.
    pub fn update(&mut self, action: Action, count: u16, world: World<'_>) -> Vec<Effect> {
        if self.rows.steer(action, count) {
            return Vec::new();
        }
        let Some(key) = self.rows.cursor() else { return Vec::new() };
        match action {
            Action::Open => vec![Effect::Go(Place::Window(key.0, key.1))],
            action => on_window(action, key, world),
        }
    }

    /// Paints the list.
    pub fn render(&self, area: Rect, buf: &mut Buffer, theme: &Theme, world: World<'_>, zone: &TimeZone) {
        self.rows.render(area, buf, theme, None, |key, row| self.paint(key, row, theme, world, zone));
        let none = "nothing is muted by a window: W on an alert, host or client opens one";
        say_why_empty(&self.rows, ("window", none), area, buf, theme, world);
    }

    fn paint(&self, key: Key, row: &mut Row<'_>, theme: &Theme, world: World<'_>, zone: &TimeZone) {
        let Some(replica) = world.replicas.get(key.0) else { return };
        let fleet = replica.fleet();
        let Some(window) = fleet.windows.get(key.1) else { return };
        let now = replica.hub_now(world.now);
        let role = if replica.is_stale() { Role::Stale } else { state_role(window.state()) };
        let sign = match window.state() {
            _ if replica.is_stale() => theme.glyphs.stale,
            State::Active => theme.glyphs.waiting,
            State::Waiting => theme.glyphs.pending,
            State::Over => theme.glyphs.ok,
        };
        row.parts(&[(role, sign), (role, " "), (role, window.state().word())]);
        row.value(Role::Muted, format_args!("{}", window.id));
        row.cell(Role::Text, &window.standing(now, zone));
        let matches = self.matches(key, window, fleet);
        match matches {
            Some(matches) => row.value(Role::Text, format_args!("{matches}")),
            None => row.cell(Role::Muted, "-"),
        }
        row.value(Role::Text, format_args!("{}", window.held()));
        row.cell(Role::Muted, &duration::compact(now.since(window.created_at)));
        row.cell(Role::Owned, window.by.as_str());
        row.cell(Role::Text, window.name.as_str());
        row.cell(Role::Text, &window.scope.to_string());
        let mut notes: Vec<(Role, String)> = Vec::new();
        notes.extend(
            window.marks(matches.unwrap_or(1), now).into_iter().map(|mark| (Role::Warning, format!("{mark}  "))),
        );
        let plain = window.plain(now);
        if plain != "once" {
            notes.push((Role::Muted, plain));
        }
        row.parts(&notes.iter().map(|(role, text)| (*role, text.as_str())).collect::<Vec<_>>());
    }
}

/// What an action does to a window.
#[must_use]
pub fn on_window(action: Action, (fleet, id): Key, world: World<'_>) -> Vec<Effect> {
    let Some(window) = world.replicas.get(fleet).and_then(|replica| replica.fleet().windows.get(id)) else {
        return Vec::new();
    };
    match action {
        Action::Close | Action::ExtendWindow if window.state() == State::Over => {
            vec![Effect::Say(Role::Muted, format!("window {id} is over already"))]
        }
        Action::Close | Action::ExtendWindow => vec![Effect::Begin(action, About::Window(fleet, id))],
        Action::Copy => vec![Effect::Copy(format!("window {id} {}", window.scope))],
        _ => Vec::new(),
    }
}

/// How a state looks.
#[must_use]
pub const fn state_role(state: State) -> Role {
    match state {
        State::Active => Role::LaneMuted,
        State::Waiting => Role::Text,
        State::Over => Role::Muted,
    }
}
