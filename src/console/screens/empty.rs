//! What a list says where it has no row: nothing there, nothing found, and nothing known are told apart.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::console::replica::Replica;
use crate::console::screens::listing::{Arrangement, Listing};
use crate::console::screens::world::World;
use crate::console::text::put;
use crate::console::theme::{Role, Theme};

/// Says why there is no row of this kind; `none` where there is nothing of it at all.
pub fn say_why_empty<A: Arrangement>(
    rows: &Listing<A>,
    (kind, none): (&str, &str),
    area: Rect,
    buf: &mut Buffer,
    theme: &Theme,
    world: World<'_>,
) {
    if !rows.list().rows().is_empty() || area.height <= 2 {
        return;
    }
    let some = |is: fn(&Replica) -> bool| world.replicas.iter().any(|(_, replica)| is(replica));
    let text = if rows.is_scanning() {
        "looking".to_owned()
    } else if some(|replica| !replica.is_loaded()) {
        "not every fleet has answered yet".to_owned()
    } else if !rows.filter.is_empty() {
        let stale = if some(Replica::is_stale) { " as of the last word" } else { "" };
        format!("no {kind} matches {:?}{stale}; Esc shows all", rows.filter.text())
    } else if some(Replica::is_stale) {
        format!("no {kind} as of the last word; the link is down")
    } else {
        none.to_owned()
    };
    put(buf, area.x + 2, area.y + 2, area.width.saturating_sub(2), &text, theme.style(Role::Muted));
}
