//! All commands: what runs comes first, then the newest.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::console::keymap::Action;
use crate::console::replica::{Changed, FleetIndex, Replica};
use crate::console::screens::command_words::{command_role, tally_parts};
use crate::console::screens::empty::say_why_empty;
use crate::console::screens::listing::{Arrangement, Listing};
use crate::console::screens::world::{About, Effect, Place, World};
use crate::console::theme::{Role, Theme};
use crate::console::widgets::{Column, Row};
use crate::fleet::commands::{Command, CommandState, DEFAULT_TIMEOUT, DEFAULT_WINDOW};
use crate::fleet::derived::select::CommandRow;
use crate::fleet::state::{EntityKey, Fleet};
use crate::fleet::words::filter::Filter;
use crate::fleet::words::{CommandId, HostId, Timestamp, duration};

/// A command of a fleet.
pub type Key = (FleetIndex, CommandId);

/// What runs first, then the newest.
#[derive(Clone, Copy, Debug, Default)]
pub struct Newest;

impl Arrangement for Newest {
    type Id = CommandId;
    type Entity = Command;
    type Sort = (bool, Reverse<Timestamp>, Reverse<CommandId>);

    fn columns() -> &'static [Column] {
        &COLUMNS
    }

    fn table(fleet: &Fleet) -> &BTreeMap<CommandId, Arc<Command>> {
        fleet.commands.by_number()
    }

    fn place(&self, command: &Command, replica: &Replica, filter: &Filter, now: Instant) -> Option<Self::Sort> {
        let fleet = replica.fleet();
        let row = CommandRow { fleet, fleet_name: replica.name().as_str(), command, now: replica.hub_now(now) };
        let shown = filter.is_everything() || filter.matches(&row);
        shown.then(|| (command.is_ended(), Reverse(command.asked_at), Reverse(command.id)))
    }
}

/// The screen's state.
#[derive(Clone, Debug, Default)]
pub struct Commands {
    /// The rows.
    pub rows: Listing<Newest>,
}

const COLUMNS: [Column; 7] = [
    Column::new("STATE", 7, 9),
    Column::new("ID", 3, 6).rank(3),
    Column::new("AGE", 4, 4).right().bare().rank(1),
    Column::new("BY", 6, 14).rank(2),
    Column::new("DONE", 5, 11).right(),
    Column::new("COMMAND", 12, 60).grows(),
    Column::new("OUTCOMES", 14, 48),
];

impl Commands {
    /// Takes over what changed in a fleet.
    pub fn absorb(&mut self, fleet: FleetIndex, changed: &Changed, world: World<'_>) {
        if changed.everything {
            self.rows.rescan(world);
            return;
        }
        for entity in &changed.entities {
            if let EntityKey::Command(id) = entity {
                self.rows.set((fleet, *id), world);
            }
        }
    }

    /// Does an action.
    pub fn update(&mut self, action: Action, count: u16, world: World<'_>) -> Vec<Effect> {
        if self.rows.steer(action, count) {
            return Vec::new();
        }
        let Some((fleet, id)) = self.rows.cursor() else { return Vec::new() };
        let command = world.replicas.get(fleet).and_then(|replica| replica.fleet().commands.get(id));
        match action {
            Action::Open => vec![Effect::Go(Place::Command(fleet, id))],
            Action::Copy => command.map(|command| Effect::Copy(command.argv.shown().to_string())).into_iter().collect(),
            Action::Command => command.map(|command| on_hosts(fleet, command, None)).into_iter().collect(),
            Action::CancelCommand => command.map(|command| cancel(fleet, command)).into_iter().collect(),
            _ => Vec::new(),
        }
    }

    /// Paints the list.
    pub fn render(&self, area: Rect, buf: &mut Buffer, theme: &Theme, world: World<'_>) {
        self.rows.render(area, buf, theme, None, |key, row| paint(key, row, theme, world));
        let none = "no command yet: x on a host starts a program there";
        say_why_empty(&self.rows, ("command", none), area, buf, theme, world);
    }
}

/// The same program, on these of its hosts or on all, to be looked at before it is sent.
#[must_use]
pub fn on_hosts(fleet: FleetIndex, command: &Command, hosts: Option<Vec<HostId>>) -> Effect {
    let hosts = hosts.unwrap_or_else(|| command.outcomes().map(|(host, _)| host).collect());
    Effect::Run { hosts: hosts.into_iter().map(|host| (fleet, host)).collect(), line: again(command) }
}

/// Asks whether a command shall be cancelled; of one that is over there is nothing to ask.
#[must_use]
pub fn cancel(fleet: FleetIndex, command: &Command) -> Effect {
    if command.is_ended() {
        return Effect::Say(Role::Muted, format!("command {} has ended: nothing is left to cancel", command.id));
    }
    Effect::Begin(Action::CancelCommand, About::Command(fleet, command.id))
}

/// A command as the line that asks for it once more.
#[must_use]
pub fn again(command: &Command) -> String {
    let mut line = String::new();
    if command.timeout != DEFAULT_TIMEOUT {
        line.push_str(&format!("--timeout {} ", duration::exact(command.timeout)));
    }
    if command.window != DEFAULT_WINDOW {
        line.push_str(&format!("--window {} ", command.window));
    }
    if command.shell {
        line.push_str("--shell ");
    }
    if command.argv.program().starts_with("--") {
        line.push_str("-- ");
    }
    line.push_str(command.argv.shown().as_str());
    line
}

fn paint(key: Key, row: &mut Row<'_>, theme: &Theme, world: World<'_>) {
    let Some(replica) = world.replicas.get(key.0) else { return };
    let Some(command) = replica.fleet().commands.get(key.1) else { return };
    let (state, tally) = (command.state(), command.tally());
    let role = if replica.is_stale() { Role::Stale } else { command_role(state, tally) };
    let sign = match state {
        _ if replica.is_stale() => theme.glyphs.stale,
        CommandState::Queued => theme.glyphs.pending,
        CommandState::Running => theme.glyphs.waiting,
        CommandState::Ended if tally.not_ok() > 0 => theme.glyphs.warning,
        CommandState::Ended => theme.glyphs.ok,
    };
    row.parts(&[(role, sign), (role, " "), (role, state.word())]);
    row.value(Role::Muted, format_args!("{}", command.id));
    row.cell(Role::Text, &duration::compact(replica.hub_now(world.now).since(command.asked_at)));
    row.cell(Role::Owned, command.by.as_str());
    row.value(Role::Text, format_args!("{}/{}", tally.ended(), tally.targets()));
    row.cell(Role::Text, command.argv.shown().as_str());
    row.parts(&tally_parts(tally).iter().map(|(role, text)| (*role, text.as_str())).collect::<Vec<_>>());
}
