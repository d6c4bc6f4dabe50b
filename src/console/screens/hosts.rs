//! All hosts, what is wrong first.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::console::act::Verb;
use crate::console::acts::{Reading, Row as ActRow};
use crate::console::keymap::Action;
use crate::console::replica::{Changed, FleetIndex, Replica};
use crate::console::screens::empty::say_why_empty;
use crate::console::screens::grouping::{Group, Sums};
use crate::console::screens::listing::{Arrangement, Listing};
use crate::console::screens::look::{host_glyph, host_rank, host_role, share_role};
use crate::console::screens::muting::{mute, of_host};
use crate::console::screens::world::{About, Effect, Place, World};
use crate::console::theme::{Role, Theme};
use crate::console::widgets::{Column, Row};
use crate::fleet::alerts::Lane;
use crate::fleet::derived::select::HostRow;
use crate::fleet::hosts::{Host, HostState};
use crate::fleet::state::{EntityKey, Fleet};
use crate::fleet::words::filter::Filter;
use crate::fleet::words::{AlertId, ClientId, HostId, SafeText, duration};

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

/// All hosts that belong to their fleet, in an order.
#[derive(Clone, Copy, Debug, Default)]
pub struct Present {
    order: Order,
}

impl Arrangement for Present {
    type Id = HostId;
    type Entity = Host;
    /// What is wrong first, then by words.
    type Sort = (u8, Option<ClientId>, SafeText, Option<ClientId>);

    fn table(fleet: &Fleet) -> &BTreeMap<HostId, Arc<Host>> {
        &fleet.hosts.hosts
    }

    fn place(&self, host: &Host, replica: &Replica, filter: &Filter, now: Instant) -> Option<Self::Sort> {
        let row = HostRow {
            fleet: replica.fleet(),
            fleet_name: replica.name().as_str(),
            host,
            last_seen: replica.last_seen(host),
            now: replica.hub_now(now),
        };
        if host.is_retired() || !(filter.is_everything() || filter.matches(&row)) {
            return None;
        }
        let (client, name) = (Some(host.client.clone()), host.name.clone());
        Some(match self.order {
            Order::State => (host_rank(host.state), client, name, None),
            Order::Name => (0, None, name, client),
            Order::Client => (0, client, name, None),
        })
    }

    fn columns() -> &'static [Column] {
        &COLUMNS
    }

    fn orders() -> &'static [&'static str] {
        &["state", "name", "client"]
    }

    fn order(&self) -> (usize, bool) {
        (self.order as usize, false)
    }

    fn set_order(&mut self, order: usize, _reversed: bool) {
        self.order = [Order::State, Order::Name, Order::Client].get(order).copied().unwrap_or_default();
    }

    fn groupings() -> &'static [&'static str] {
        &["client", "site", "class", "state"]
    }

    fn group(by: usize, host: &Host, _replica: &Replica) -> Group {
        match by {
            0 => Group::named(host.client.as_str()),
            1 => Group::named(&format!("{}/{}", host.client, host.site)),
            2 => Group::ranked(host.class as u8, host.class.word()),
            _ => Group::ranked(host_rank(host.state), host.state.word()),
        }
    }

    fn kind(host: &Host) -> u8 {
        host_rank(host.state)
    }

    fn head(sums: &Sums) -> Vec<(Role, String)> {
        let sums = sums.iter().zip(HostState::WORST_FIRST).filter(|(sum, _)| **sum > 0);
        sums.map(|(sum, state)| (host_role(state), format!("{sum} {state}  "))).collect()
    }
}

/// The screen's state.
#[derive(Clone, Debug, Default)]
pub struct Hosts {
    /// The rows.
    pub rows: Listing<Present>,
    /// The next command goes to everything the filter shows.
    whole: bool,
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
            self.rows.rescan(world);
            return;
        }
        for entity in &changed.entities {
            if let EntityKey::Host(id) | EntityKey::Check(id, _) = entity {
                self.rows.set((fleet, *id), world);
            }
        }
    }

    /// Does an action.
    pub fn update(&mut self, action: Action, count: u16, world: World<'_>) -> Vec<Effect> {
        if self.rows.steer(action, count) || self.rows.arrange(action, world) {
            return Vec::new();
        }
        let cursor = self.rows.cursor();
        match action {
            Action::Open => cursor.map(|(fleet, id)| Effect::Go(Place::Host(fleet, id))).into_iter().collect(),
            Action::Copy => {
                let name = cursor.and_then(|(fleet, id)| {
                    world.replicas.get(fleet)?.fleet().hosts.hosts.get(&id).map(|host| host.name.to_string())
                });
                name.map(Effect::Copy).into_iter().collect()
            }
            Action::WholeFilter => {
                self.whole = !self.whole;
                let text = if self.whole {
                    format!("the next command goes to all {} hosts shown; Esc takes that back", self.rows.shown())
                } else {
                    "the next command goes to the cursor's row or the marks again".to_owned()
                };
                vec![Effect::Say(Role::Danger, text)]
            }
            Action::Command => {
                let whole = std::mem::take(&mut self.whole);
                let hosts = if whole { self.rows.all() } else { Ok(self.rows.take_targets()) };
                let hosts = match hosts {
                    Ok(hosts) => hosts,
                    Err(why) => return vec![Effect::Say(Role::Failed, why)],
                };
                if hosts.is_empty() {
                    return vec![Effect::Say(Role::Muted, self.rows.no_target().to_owned())];
                }
                vec![Effect::Run { hosts, line: String::new() }]
            }
            _ if self.whole && action.is_act() => {
                let text = "* on hosts is for commands only: x starts one, Esc takes it back".to_owned();
                vec![Effect::Say(Role::Muted, text)]
            }
            Action::Maintain => mute(cursor.and_then(|key| of_host(key, world))),
            Action::CheckNow => {
                let hosts = self.rows.take_targets();
                if hosts.is_empty() {
                    return vec![Effect::Say(Role::Muted, self.rows.no_target().to_owned())];
                }
                vec![Effect::Act(Verb::CheckNow { host: None, check: None }, About::Hosts(hosts))]
            }
            action if action.is_on_alerts() => {
                let about = self.alerts_of_targets(world);
                vec![Effect::on_alerts(action, About::Alerts(about))]
            }
            _ => Vec::new(),
        }
    }

    /// Drops the innermost thing that holds: the sign for everything, the marks, the filter. Whether there was one.
    pub fn cancel(&mut self, world: World<'_>) -> bool {
        std::mem::take(&mut self.whole) || self.rows.cancel(world)
    }

    /// What the header says of the list.
    #[must_use]
    pub fn facts(&self) -> Vec<(Role, String)> {
        let mut facts = self.rows.facts();
        if self.whole {
            facts.insert(0, (Role::Danger, format!("COMMAND TO ALL {}", self.rows.shown())));
        }
        facts
    }

    /// On a host, a verb for alerts means all its open alerts.
    fn alerts_of_targets(&mut self, world: World<'_>) -> Vec<(FleetIndex, AlertId)> {
        let targets = self.rows.take_targets();
        let hosts = targets.into_iter().filter_map(|(fleet, id)| Some((fleet, id, world.replicas.get(fleet)?)));
        hosts
            .flat_map(|(fleet, id, replica)| {
                replica.alerts_of_host(id).filter(|alert| alert.is_open()).map(move |alert| (fleet, alert.id))
            })
            .collect()
    }

    /// Paints the list.
    pub fn render(&self, area: Rect, buf: &mut Buffer, theme: &Theme, world: World<'_>) {
        let sorted = match self.rows.arrangement.order {
            Order::State => Some((0, true)),
            Order::Name => Some((1, true)),
            Order::Client => Some((2, true)),
        };
        self.rows.render(area, buf, theme, sorted, |key, row| paint(key, row, theme, world));
        let none = "no host yet: `watchfloor token create --role agent` makes a token to enrol one";
        say_why_empty(&self.rows, ("host", none), area, buf, theme, world);
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
            Reading::Sent => row.value(Role::Pending, format_args!("{} sent", pending.act.verb.word())),
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
    let why = if host.state == HostState::Up { "" } else { host.state_reason.as_str() };
    row.parts(&[(Role::New, &alerts), (Role::Muted, why)]);
}

/// Ages of live data are shown in steps of ten seconds: a heartbeat comes every ten, and a digit that changes each second
/// on every row costs a bad link more than it tells.
#[must_use]
pub fn quantized(age: std::time::Duration) -> std::time::Duration {
    let seconds = age.as_secs();
    if seconds < 60 { std::time::Duration::from_secs(seconds / 10 * 10) } else { age }
}
