//! One problem in one row: how grave, whose, where, what, who has it, and for how long.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::problems::Key;
use crate::console::replica::Replica;
use crate::console::screens::alerts::{host_name, what};
use crate::console::screens::look::{check_glyph, check_role, host_role};
use crate::console::screens::world::World;
use crate::console::text::{Ellipsis, put_cut, width_within};
use crate::console::theme::{Role, Theme};
use crate::fleet::alerts::{Alert, Lane, Subject};
use crate::fleet::hosts::HostState;
use crate::fleet::words::duration;

/// Cells of level, client, host and owner, by the width there is; the rest is for what is wrong, and the age.
const fn widths(width: u16) -> [u16; 4] {
    match width {
        0..50 => [0, 7, 8, 7],
        50..70 => [8, 8, 10, 8],
        70..110 => [8, 14, 12, 9],
        110..160 => [8, 20, 18, 12],
        _ => [8, 28, 28, 16],
    }
}

const AGE: u16 = 7;

/// Paints a problem.
pub fn render(area: Rect, buf: &mut Buffer, theme: &Theme, (fleet, id): Key, world: World<'_>) {
    let Some(replica) = world.replicas.get(fleet) else { return };
    let Some(alert) = replica.fleet().alerts.alerts.get(&id) else { return };
    let [level, client, host, owner] = widths(area.width);
    let (role, word) = gravity(replica, alert);
    let role = if replica.is_stale() { Role::Stale } else { role };
    let (text, since) = if replica.is_stale() { (Role::Stale, Role::AgeStale) } else { (Role::Text, Role::Text) };
    let mut row = Row { area, x: area.x, buf, theme };
    row.cell(1, role, check_glyph(&theme.glyphs, alert.level, false), Ellipsis::End);
    row.cell(level, role, word, Ellipsis::End);
    row.cell(client, text, &place(alert), Ellipsis::End);
    row.cell(host, text, host_name(replica, alert), Ellipsis::Middle);
    let rest = area.right().saturating_sub(row.x).saturating_sub(owner + AGE + 1);
    row.cell(rest, text, &fact(alert), Ellipsis::End);
    let (role, whose) = match alert.lane() {
        Lane::New => (Role::New, "UNOWNED"),
        _ => (Role::Owned, alert.owner().map_or("owned", |owner| owner.as_str())),
    };
    row.cell(owner, role, whose, Ellipsis::End);
    let age = duration::short(replica.hub_now(world.now).since(alert.opened_at));
    let age = if width_within(&age, AGE).is_some() { age } else { age.replace(' ', "") };
    row.cell(AGE, since, &age, Ellipsis::End);
}

/// The state of the host for a host, the level for anything else.
fn gravity(replica: &Replica, alert: &Alert) -> (Role, &'static str) {
    if let Subject::Host(host) = &alert.subject {
        let state = replica.fleet().hosts.hosts.get(host).map(|host| host.state);
        match state {
            Some(HostState::Down) => return (host_role(HostState::Down), "DOWN"),
            Some(HostState::Silent) => return (host_role(HostState::Silent), "SILENT"),
            _ => {}
        }
    }
    let word = match alert.level {
        crate::fleet::words::CheckState::Critical => "CRITICAL",
        crate::fleet::words::CheckState::Unknown => "UNKNOWN",
        _ => "WARNING",
    };
    (check_role(alert.level, false), word)
}

fn place(alert: &Alert) -> String {
    alert.site.as_ref().map_or_else(|| alert.client.to_string(), |site| format!("{}/{site}", alert.client))
}

/// What is wrong, in one line.
pub fn fact(alert: &Alert) -> String {
    let step = if alert.step() > 0 { format!("step {}  ", alert.step()) } else { String::new() };
    match &alert.subject {
        Subject::Host(_) => format!("{step}{}", alert.summary),
        _ => format!("{step}{}: {}", what(alert), alert.summary),
    }
}

struct Row<'a> {
    area: Rect,
    x: u16,
    buf: &'a mut Buffer,
    theme: &'a Theme,
}

impl Row<'_> {
    fn cell(&mut self, width: u16, role: Role, text: &str, cut: Ellipsis) {
        if width == 0 {
            return;
        }
        let width = width.min(self.area.right().saturating_sub(self.x));
        let mark = self.theme.glyphs.ellipsis;
        put_cut(self.buf, self.x, self.area.y, width, text, self.theme.style(role), (cut, mark));
        self.x = self.x.saturating_add(width + 1).min(self.area.right());
    }
}
