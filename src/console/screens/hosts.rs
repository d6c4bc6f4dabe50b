//! All hosts, what is wrong first.

use std::time::Instant;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::console::act::Verb;
use crate::console::acts::{Reading, Row as ActRow};
use crate::console::keymap::Action;
use crate::console::list::ListState;
use crate::console::replica::{Changed, FleetIndex};
use crate::console::screens::filter_line::FilterLine;
use crate::console::screens::index::Index;
use crate::console::screens::look::{host_glyph, host_rank, host_role, share_role};
use crate::console::screens::world::{About, Effect, Place, World};
use crate::console::text::put;
use crate::console::theme::{Role, Theme};
use crate::console::widgets::Column;
use crate::console::widgets::{Row, Table};
use crate::fleet::alerts::Lane;
use crate::fleet::rules::select::HostRow;
use crate::fleet::state::EntityKey;
use crate::fleet::words::{HostId, duration};

/// A host of a fleet.
pub type Key = (FleetIndex, HostId);

/// What the list is ordered by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Order {
    #[default]
    State,
    Name,
    Client,
}

type Sort = (u8, String, String);

/// The screen's state.
#[derive(Clone, Debug, Default)]
pub struct Hosts {
    list: ListState<Key>,
    index: Index<Key, Sort>,
    /// The rows that come next were asked for by the person.
    asked: bool,
    /// The filter.
    pub filter: FilterLine,
    order: Order,
}

const COLUMNS: [Column; 10] = [
    Column::new("STATE", 7, 9),
    Column::new("HOST", 10, 24).middle(),
    Column::new("CLIENT", 6, 12).rank(1),
    Column::new("SITE", 4, 10).rank(4),
    Column::new("CPU", 4, 5).right().rank(2),
    Column::new("MEM", 4, 5).right().rank(2),
    Column::new("DISK", 4, 5).right().rank(2),
    Column::new("LOAD", 5, 6).right().rank(5),
    Column::new("SEEN", 4, 5).right(),
    Column::new("WHY", 10, 60).grows(),
];

impl Hosts {
    /// Takes over what changed in a fleet.
    pub fn absorb(&mut self, fleet: FleetIndex, changed: &Changed, world: World<'_>) {
        if changed.everything {
            self.rescan(world);
            return;
        }
        for entity in &changed.entities {
            let id = match entity {
                EntityKey::Host(id) | EntityKey::Check(id, _) => *id,
                _ => continue,
            };
            let key = (fleet, id);
            self.index.set(key, self.place(key, world));
        }
    }

    /// Looks at every host again.
    pub fn rescan(&mut self, world: World<'_>) {
        let all = world.replicas.iter().flat_map(|(fleet, replica)| {
            replica.fleet().hosts.present().map(move |host| (fleet, host.id)).collect::<Vec<_>>()
        });
        self.index.begin(all.collect());
        self.step(world);
    }

    /// Another filter or order was asked for.
    pub fn ask(&mut self, world: World<'_>) {
        self.asked = true;
        self.rescan(world);
    }

    /// Works a slice of a scan off; whether more is left.
    pub fn step(&mut self, world: World<'_>) -> bool {
        let mut index = std::mem::take(&mut self.index);
        let done = index.step(|key| self.place(key, world));
        self.index = index;
        !done
    }

    /// How many rows the filter shows.
    #[must_use]
    pub fn shown(&self) -> usize {
        self.index.len()
    }

    /// Whether a scan is under way.
    #[must_use]
    pub const fn is_scanning(&self) -> bool {
        self.index.is_scanning()
    }

    /// Brings the list up to date, before a frame.
    pub fn refresh(&mut self, height: u16, now: Instant) {
        self.list.set_height(usize::from(height.saturating_sub(1)));
        if let Some(rows) = self.index.take_rows(now) {
            // What the person asked for shows at once; what merely arrives waits while marks hold the order.
            if !self.index.is_scanning() && std::mem::take(&mut self.asked) {
                self.list.replace(&rows);
            } else {
                self.list.sync(&rows);
            }
        }
    }

    fn place(&self, (fleet, id): Key, world: World<'_>) -> Option<Sort> {
        let replica = world.replicas.get(fleet)?;
        let host = replica.fleet().hosts.hosts.get(&id).filter(|host| !host.is_retired())?;
        let row = HostRow {
            fleet: replica.fleet(),
            fleet_name: replica.name().as_str(),
            host,
            last_seen: replica.last_seen(host),
            now: replica.hub_now(world.now),
        };
        if !self.filter.filter().is_everything() && !self.filter.filter().matches(&row) {
            return None;
        }
        let (client, name) = (host.client.to_string(), host.name.to_string());
        Some(match self.order {
            Order::State => (host_rank(host.state), client, name),
            Order::Name => (0, name, client),
            Order::Client => (0, client, name),
        })
    }

    /// Does an action.
    pub fn update(&mut self, action: Action, count: u16, world: World<'_>) -> Vec<Effect> {
        let rows = isize::try_from(count.max(1)).unwrap_or(1);
        match action {
            Action::Down => self.list.move_by(rows),
            Action::Up => self.list.move_by(-rows),
            Action::HalfDown => self.list.move_by_half_pages(rows),
            Action::HalfUp => self.list.move_by_half_pages(-rows),
            Action::PageDown => self.list.move_by_pages(rows),
            Action::PageUp => self.list.move_by_pages(-rows),
            Action::Top => self.list.move_to_top(),
            Action::Bottom => self.list.move_to_bottom(),
            Action::Mark => drop(self.list.toggle_mark()),
            Action::Filter => self.filter.begin(),
            Action::Order => {
                self.order = match self.order {
                    Order::State => Order::Name,
                    Order::Name => Order::Client,
                    Order::Client => Order::State,
                };
                self.ask(world);
            }
            Action::Open => {
                return self
                    .list
                    .cursor()
                    .map(|(fleet, id)| Effect::Go(Place::Host(*fleet, *id)))
                    .into_iter()
                    .collect();
            }
            Action::Copy => {
                let name = self.list.cursor().and_then(|(fleet, id)| {
                    world.replicas.get(*fleet)?.fleet().hosts.hosts.get(id).map(|host| host.name.to_string())
                });
                return name.map(Effect::Copy).into_iter().collect();
            }
            Action::CheckNow => {
                return self
                    .on_hosts(|hosts| Effect::Act(Verb::CheckNow { host: None, check: None }, About::Hosts(hosts)));
            }
            Action::Acknowledge => {
                let about = self.alerts_of_targets(world);
                return vec![Effect::Act(
                    Verb::Acknowledge { until: crate::fleet::alerts::Until::Worse, note: String::new() },
                    About::Alerts(about),
                )];
            }
            Action::AcknowledgeWith
            | Action::Escalate
            | Action::Release
            | Action::Snooze
            | Action::Note
            | Action::Close => {
                let about = self.alerts_of_targets(world);
                return vec![Effect::Begin(action, About::Alerts(about))];
            }
            _ => {}
        }
        Vec::new()
    }

    /// On a host, a verb for alerts means all its open alerts.
    fn alerts_of_targets(&mut self, world: World<'_>) -> Vec<(FleetIndex, crate::fleet::words::AlertId)> {
        let targets = self.list.targets();
        self.list.clear_marks();
        targets
            .into_iter()
            .filter_map(|(fleet, id)| world.replicas.get(fleet).map(|replica| (fleet, id, replica)))
            .flat_map(|(fleet, id, replica)| {
                replica
                    .alerts_of_host(id)
                    .filter(|alert| alert.is_open())
                    .map(move |alert| (fleet, alert.id))
                    .collect::<Vec<_>>()
            })
            .collect()
    }

    fn on_hosts(&mut self, effect: impl FnOnce(Vec<Key>) -> Effect) -> Vec<Effect> {
        let hosts = self.list.targets();
        if hosts.is_empty() {
            return vec![Effect::Say(Role::Muted, "there is no host under the cursor".to_owned())];
        }
        self.list.clear_marks();
        vec![effect(hosts)]
    }

    /// Drops the marks, then the filter. Whether there was one.
    pub fn cancel(&mut self, world: World<'_>) -> bool {
        if self.list.is_held() {
            self.list.clear_marks();
            return true;
        }
        if !self.filter.is_empty() {
            self.filter.set("");
            self.ask(world);
            return true;
        }
        false
    }

    /// What the header says of the list.
    #[must_use]
    pub fn facts(&self, height: u16) -> Vec<(Role, String)> {
        let mut facts = Vec::new();
        if !self.filter.is_empty() {
            facts.push((Role::Input, format!("/{} ({})", self.filter.text(), self.index.len())));
        }
        let marks = self.list.marks().len();
        if marks > 0 {
            let hidden = self.list.marks_out_of_view(usize::from(height.saturating_sub(1)));
            let hidden = if hidden > 0 { format!(", {hidden} not in view") } else { String::new() };
            facts.push((Role::Mark, format!("{marks} marked{hidden}")));
        }
        facts
    }

    /// Paints the list.
    pub fn render(&self, area: Rect, buf: &mut Buffer, theme: &Theme, world: World<'_>) {
        let sorted = match self.order {
            Order::State => Some((0, true)),
            Order::Name => Some((1, true)),
            Order::Client => Some((2, true)),
        };
        let table = Table { columns: &COLUMNS, sorted, focused: true };
        table.render(area, buf, theme, &self.list, |key, row| paint(*key, row, theme, world));
        if self.list.rows().is_empty() && area.height > 2 {
            let text = if !self.filter.is_empty() {
                format!("no host matches {:?}; Esc shows all", self.filter.text())
            } else if world.replicas.iter().any(|(_, replica)| !replica.is_loaded()) {
                "waiting for the hub".to_owned()
            } else {
                "no host yet: `watchfloor token create --role agent` makes a token to enrol one".to_owned()
            };
            put(buf, area.x + 2, area.y + 2, area.width.saturating_sub(2), &text, theme.style(Role::Muted));
        }
    }
}

fn paint(key: Key, row: &mut Row<'_>, theme: &Theme, world: World<'_>) {
    let Some(replica) = world.replicas.get(key.0) else { return };
    let Some(host) = replica.fleet().hosts.hosts.get(&key.1) else { return };
    let now = replica.hub_now(world.now);
    let stale = replica.is_stale();
    // A state that is old is not shown as fresh.
    let role = if stale { Role::Stale } else { host_role(host.state) };
    let sign = if stale { theme.glyphs.stale } else { host_glyph(&theme.glyphs, host.state) };
    row.parts(&[(role, sign), (role, " "), (role, host.state.word())]);
    row.cell(Role::Text, host.name.as_str());
    row.cell(Role::Text, host.client.as_str());
    row.cell(Role::Muted, host.site.as_str());
    let glance = replica.glance(key.1);
    for share in [glance.and_then(|g| g.cpu), glance.and_then(|g| g.memory), glance.and_then(|g| g.disk)] {
        match share {
            Some(share) => {
                row.value(if stale { Role::Stale } else { share_role(share) }, format_args!("{:.0}%", share * 100.0))
            }
            None => row.cell(Role::Muted, "-"),
        }
    }
    match glance.and_then(|glance| glance.load) {
        Some(load) => row.value(Role::Text, format_args!("{load:.2}")),
        None => row.cell(Role::Muted, "-"),
    }
    match replica.last_seen(host) {
        Some(seen) => {
            let age = now.since(seen);
            let role = if age.as_secs() > 30 { Role::AgeStale } else { Role::Text };
            row.cell(role, &duration::compact(quantized(age)));
        }
        None => row.cell(Role::Muted, "never"),
    }
    if let Some(pending) = world.acts.about(key.0, ActRow::Host(key.1)) {
        match pending.reading(world.now) {
            Reading::Sent => row.cell(Role::Pending, "check asked"),
            Reading::Waiting(seconds) => row.value(Role::Pending, format_args!("WAITING {seconds}s")),
            Reading::NotSent => row.cell(Role::Failed, "NOT SENT"),
        }
        return;
    }
    let open = replica.alerts_of_host(key.1).filter(|alert| alert.is_open()).count();
    let new = replica.alerts_of_host(key.1).filter(|alert| alert.is_open() && alert.lane() == Lane::New).count();
    let alerts = match (open, new) {
        (0, _) => String::new(),
        (open, 0) => format!("{open} owned  "),
        (open, new) => format!("{open} open, {new} new  "),
    };
    let why = if host.state == crate::fleet::hosts::HostState::Up { "" } else { host.state_reason.as_str() };
    row.parts(&[(Role::New, &alerts), (Role::Muted, why)]);
}

/// Ages of live data are shown in steps of ten seconds: a heartbeat comes every ten, and a digit that changes each second
/// on every row costs a bad link more than it tells.
#[must_use]
pub fn quantized(age: std::time::Duration) -> std::time::Duration {
    let seconds = age.as_secs();
    if seconds < 60 { std::time::Duration::from_secs(seconds / 10 * 10) } else { age }
}
