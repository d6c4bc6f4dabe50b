//! The floor: a row a client, worst first, the cursor's client previewed below.

use std::cmp::Reverse;

use ratatui::buffer::Buffer;
use ratatui::layout::{Rect, Size};

use crate::console::keymap::Action;
use crate::console::list::ListState;
use crate::console::replica::{ClientSummary, FleetIndex, Replica};
use crate::console::screens::hosts::quantized;
use crate::console::screens::listing::move_cursor;
use crate::console::screens::look::{backup_role, severity_glyph};
use crate::console::screens::muting::{mute, of_client};
use crate::console::screens::world::{Effect, World};
use crate::console::text::put;
use crate::console::theme::{Role, Theme};
use crate::console::widgets::Column;
use crate::console::widgets::divider;
use crate::console::widgets::{Row, Table};
use crate::fleet::alerts::Lane;
use crate::fleet::backups::State;
use crate::fleet::words::{CheckState, ClientId, Severity, duration};

/// Lines of the preview, its divider among them.
const PREVIEW: u16 = 5;

type Key = (FleetIndex, ClientId);

/// The screen's state.
#[derive(Clone, Debug, Default)]
pub struct Floor {
    list: ListState<Key>,
    dirty: bool,
    /// Quiet clients are folded away.
    folded: bool,
    quiet: usize,
}

const COLUMNS: [Column; 11] = [
    Column::new("CLIENT", 8, 20),
    Column::new("FLEET", 4, 10).rank(4),
    Column::new("SERVERS", 7, 9).right(),
    Column::new("PCs", 7, 9).right(),
    Column::new("NEW", 4, 5).right(),
    Column::new("OWNED", 5, 6).right(),
    Column::new("MUTED", 5, 6).right(),
    Column::new("STALE", 5, 6).right().rank(3),
    Column::new("BACKUP", 6, 8).right().rank(2),
    Column::new("SEEN", 4, 5).right(),
    Column::new("WORST", 16, 30).grows(),
];
/// All columns but the fleet's.
const OF_ONE_FLEET: [usize; 9] = [0, 2, 3, 4, 5, 6, 7, 8, 9];

impl Floor {
    /// Something changed: the rows are put in order before the next frame.
    pub const fn touch(&mut self) {
        self.dirty = true;
    }

    /// Brings the rows up to date, before a frame.
    pub fn refresh(&mut self, size: Size, world: World<'_>) {
        let height = size.height - preview(size.height);
        self.list.set_height(table(world).rows(Size { height, ..size }));
        if !std::mem::take(&mut self.dirty) {
            return;
        }
        let mut rows: Vec<_> = world
            .replicas
            .iter()
            .flat_map(|(fleet, replica)| {
                let rank = |(client, summary): (&ClientId, &ClientSummary)| (badness(summary), fleet, client.clone());
                replica.counts().clients().map(rank).collect::<Vec<_>>()
            })
            .collect();
        rows.sort();
        self.quiet = rows.iter().filter(|(badness, ..)| is_quiet(badness)).count();
        if self.folded {
            rows.retain(|(badness, ..)| !is_quiet(badness));
        }
        let keys: Vec<Key> = rows.into_iter().map(|(_, fleet, client)| (fleet, client)).collect();
        self.list.sync(keys);
    }

    /// Does an action.
    pub fn update(&mut self, action: Action, count: u16, world: World<'_>) -> Vec<Effect> {
        match action {
            _ if move_cursor(&mut self.list, action, count) => {}
            Action::Fold => {
                self.folded = !self.folded;
                self.dirty = true;
            }
            Action::Open => {
                let filter = self.list.cursor().map(|(_, client)| format!("client:{client}"));
                return filter.map(Effect::HostsOf).into_iter().collect();
            }
            Action::Acknowledge
            | Action::AcknowledgeWith
            | Action::Escalate
            | Action::Release
            | Action::Snooze
            | Action::Note
            | Action::Close => {
                // What is acted on must be seen first: the client's alerts, where the same key acts.
                let filter = self.list.cursor().map(|(_, client)| format!("client:{client}"));
                return filter.map(Effect::AlertsOf).into_iter().collect();
            }
            Action::CheckNow => {
                let filter = self.list.cursor().map(|(_, client)| format!("client:{client}"));
                return filter.map(Effect::HostsOf).into_iter().collect();
            }
            Action::Command => {
                let Some((fleet, client)) = self.list.cursor() else { return Vec::new() };
                let Some(replica) = world.replicas.get(*fleet) else { return Vec::new() };
                let hosts = replica.fleet().hosts.present().filter(|host| host.client == *client);
                let hosts = hosts.map(|host| (*fleet, host.id)).collect();
                return vec![Effect::Run { hosts, line: String::new() }];
            }
            Action::Maintain => {
                let cursor = self.list.cursor().map(|(fleet, client)| (*fleet, client.clone()));
                return mute(cursor.and_then(|(fleet, client)| of_client(fleet, &client, world)));
            }
            Action::Copy => {
                return self.list.cursor().map(|(_, client)| Effect::Copy(client.to_string())).into_iter().collect();
            }
            _ => {}
        }
        Vec::new()
    }

    /// What the header says of the list.
    #[must_use]
    pub fn facts(&self) -> Vec<(Role, String)> {
        let fold = if self.folded { " (folded)" } else { "" };
        vec![(Role::Muted, format!("{} quiet{fold}", self.quiet))]
    }

    /// Paints the floor.
    pub fn render(&self, area: Rect, buf: &mut Buffer, theme: &Theme, world: World<'_>) {
        let below = preview(area.height);
        let list = Rect { height: area.height - below, ..area };
        table(world).render(list, buf, theme, &self.list, |key, row| paint(key, row, theme, world));
        if self.list.rows().is_empty() && list.height > 2 {
            let loaded = world.replicas.iter().all(|(_, replica)| replica.is_loaded());
            let text =
                if loaded { "no client yet: one comes into being with its first host" } else { "waiting for the hub" };
            put(buf, list.x + 2, list.y + 2, list.width.saturating_sub(2), text, theme.style(Role::Muted));
        }
        self.preview(Rect { y: list.bottom(), height: below, ..area }, buf, theme, world);
    }

    fn preview(&self, area: Rect, buf: &mut Buffer, theme: &Theme, world: World<'_>) {
        let Some((fleet, id)) = self.list.cursor() else { return };
        let Some(replica) = world.replicas.get(*fleet) else { return };
        let Some(client) = replica.fleet().hosts.clients.get(id) else { return };
        if area.height < 2 {
            return;
        }
        divider(area, buf, theme, client.name.as_str());
        let or_dash = |text: &str| if text.is_empty() { "not on file".to_owned() } else { text.to_owned() };
        let lines = [
            format!("contact   {}", or_dash(client.contact.as_str())),
            format!("line      {}", or_dash(client.line.as_str())),
            format!("contract  {}", or_dash(client.contract.as_str())),
            sites(replica, id),
        ];
        for (line, text) in (1_u16..area.height).zip(&lines) {
            put(buf, area.x + 2, area.y + line, area.width.saturating_sub(2), text, theme.style(Role::Text));
        }
    }
}

/// The floor's table; where there is one fleet, its name on every row says nothing.
const fn table(world: World<'_>) -> Table<'static> {
    let chosen: &[usize] = if world.replicas.len() == 1 { &OF_ONE_FLEET } else { &[] };
    Table { chosen, ..Table::new(&COLUMNS) }
}

/// The lines of the preview on a floor of this height: where a phone's keyboard leaves little, rows come first.
const fn preview(height: u16) -> u16 {
    if height < 4 * PREVIEW { 0 } else { PREVIEW }
}

fn sites(replica: &Replica, client: &ClientId) -> String {
    let names: Vec<&str> = replica
        .fleet()
        .hosts
        .sites
        .iter()
        .filter(|((of, _), _)| of == client)
        .map(|(_, site)| site.name.as_str())
        .collect();
    format!("sites     {}", if names.is_empty() { "none".to_owned() } else { names.join(", ") })
}

/// Worst first: what nobody has, then what is down, then what somebody has.
type Badness = (Reverse<u8>, Reverse<u32>, Reverse<u32>, Reverse<u32>);

fn badness(summary: &ClientSummary) -> Badness {
    let tally = &summary.tally;
    let unowned = match tally.worst_unowned() {
        Some(Severity::Critical) => 2,
        Some(Severity::Warning) => 1,
        None => 0,
    };
    let servers = tally.servers();
    let missing = servers.should.saturating_sub(servers.up);
    (Reverse(unowned), Reverse(missing), Reverse(tally.lane(Lane::New)), Reverse(tally.alerts()))
}

const fn is_quiet(badness: &Badness) -> bool {
    badness.0.0 == 0 && badness.1.0 == 0 && badness.2.0 == 0 && badness.3.0 == 0
}

fn paint(key: &Key, row: &mut Row<'_>, theme: &Theme, world: World<'_>) {
    let Some(replica) = world.replicas.get(key.0) else { return };
    let Some(summary) = replica.counts().client(&key.1) else { return };
    let tally = &summary.tally;
    let stale = replica.is_stale();
    row.cell(
        Role::Text,
        replica.fleet().hosts.clients.get(&key.1).map_or(key.1.as_str(), |client| client.name.as_str()),
    );
    row.cell(Role::Muted, replica.name().as_str());
    for of in [tally.servers(), tally.pcs()] {
        let role = if stale {
            Role::Stale
        } else if of.up < of.should {
            Role::Down
        } else {
            Role::Ok
        };
        if of.should == 0 && of.up == 0 {
            row.cell(Role::Muted, "-");
        } else {
            row.value(role, format_args!("{}/{}", of.up, of.should));
        }
    }
    for (lane, role) in [(Lane::New, Role::New), (Lane::Owned, Role::Owned), (Lane::Muted, Role::LaneMuted)] {
        let count = tally.lane(lane);
        row.value(if count == 0 { Role::Muted } else { role }, format_args!("{count}"));
    }
    let old = tally.stale_checks();
    row.value(if old == 0 { Role::Muted } else { Role::Stale }, format_args!("{old}"));
    match tally.worst_backup() {
        Some(worst) => {
            let role = if stale { Role::Stale } else { backup_role(worst) };
            row.value(role, format_args!("{}/{}", tally.backups_in(State::Ok), tally.backups()));
        }
        None => row.cell(Role::Muted, "-"),
    }
    let now = replica.hub_now(world.now);
    match summary.oldest_seen() {
        Some(seen) => {
            let age = now.since(seen);
            let role = if age.as_secs() > 30 { Role::AgeStale } else { Role::Text };
            row.cell(role, &duration::compact(quantized(age)));
        }
        None => row.cell(Role::Muted, "-"),
    }
    match tally.worst() {
        Some(severity) => {
            let role = if severity == Severity::Critical { Role::Critical } else { Role::Warning };
            let of = tally.alerts_of(Lane::New, severity);
            let words = format!(" {of} {} unowned", severity.word());
            let words = if of == 0 { format!(" {} owned", severity.word()) } else { words };
            row.parts(&[(role, severity_glyph(&theme.glyphs, severity)), (role, &words)]);
        }
        None if tally.checks_in(CheckState::Unknown) > 0 => row.cell(Role::Unknown, "some unknown"),
        None if stale => row.cell(Role::Stale, "not known: link down"),
        None if tally.hosts() == 0 => row.cell(Role::Muted, "no hosts"),
        None => row.parts(&[(Role::Ok, theme.glyphs.ok), (Role::Ok, " quiet")]),
    }
}
