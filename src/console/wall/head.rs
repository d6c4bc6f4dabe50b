//! The first lines: proof of life, silent hubs across the width, and what nobody has.

use std::time::Instant;

use jiff::tz::TimeZone;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::digits::{self, put_large};
use super::problems::Problems;
use crate::console::replica::{LinkState, Replica};
use crate::console::screens::world::World;
use crate::console::text::{Ellipsis, put, put_cut};
use crate::console::theme::{Role, Theme};
use crate::console::widgets::{Fact, banner, facts};
use crate::fleet::alerts::Lane;
use crate::fleet::identity::Role as Rank;
use crate::fleet::words::{Timestamp, duration};

/// Banners at most; further silent hubs are counted on the last.
const BANNERS: usize = 3;

/// Whether a hub that was asked does not answer.
pub fn is_silent(replica: &Replica) -> bool {
    matches!(replica.link(), LinkState::Lost { .. } | LinkState::Refused { .. })
}

/// Since when the data of a fleet is old, as a time of day, and with its day where that is not today.
pub fn stale_since(replica: &Replica, now: Instant, zone: &TimeZone) -> Option<String> {
    let age = replica.data_age(now)?;
    let day = age.as_secs() >= 20 * 3600;
    time(replica.hub_now(now) - age, if day { "%a %d %b %H:%M" } else { "%H:%M" }, zone)
}

fn time(at: Timestamp, format: &str, zone: &TimeZone) -> Option<String> {
    let at = jiff::Timestamp::from_millisecond(at.0).ok().filter(|_| at.0 > 0)?;
    Some(zone.to_datetime(at).strftime(format).to_string())
}

/// Proof of life: each fleet's link and the age of its data, and the clock.
pub fn life(area: Rect, buf: &mut Buffer, theme: &Theme, world: World<'_>, zone: &TimeZone) {
    let mut left = vec![Fact::new(Role::Title, "WALL", 3)];
    for (_, replica) in world.replicas.iter() {
        let age = replica.data_age(world.now).map(duration::compact);
        let (role, text) = match (replica.link(), age) {
            (LinkState::Live { .. }, Some(age)) => (Role::LinkLive, format!("LIVE {age}")),
            (LinkState::Live { .. }, None) => (Role::LinkWaiting, "LIVE".to_owned()),
            (LinkState::Connecting { .. }, _) => (Role::LinkWaiting, "connecting".to_owned()),
            (_, Some(age)) => (Role::LinkDown, format!("STALE {age}")),
            (_, None) => (Role::LinkDown, "NO DATA".to_owned()),
        };
        left.push(Fact::new(role, format!("{} {text}", replica.name().as_str()), 1));
        if replica.is_partial() {
            left.push(Fact::new(Role::LinkWaiting, "hub is newer: partial view", 2));
        }
        match replica.role() {
            Some(Rank::Viewer) => left.push(Fact::new(Role::Muted, "[VIEWER]", 4)),
            Some(role) => {
                let text = format!("[{}: A WALL NEEDS ONLY VIEWER]", role.word().to_uppercase());
                left.push(Fact::new(Role::Warning, text, 4));
            }
            None => {}
        }
    }
    let now = world.replicas.iter().map(|(_, replica)| replica.hub_now(world.now)).max().unwrap_or_default();
    let clock = time(now, "%H:%M:%S", zone).unwrap_or_else(|| "--:--:--".to_owned());
    let date = time(now, "%a %d %b", zone).unwrap_or_default();
    facts(area, buf, theme, &left, &[Fact::new(Role::Text, date, 3), Fact::new(Role::Title, clock, 0)]);
}

/// Rows of the lines that [`banners`] paints.
pub fn banner_rows(world: World<'_>) -> u16 {
    let silent = world.replicas.iter().filter(|(_, replica)| is_silent(replica)).take(BANNERS).count();
    u16::try_from(silent).unwrap_or_default()
}

/// A line across the width for each hub that is silent.
pub fn banners(area: Rect, buf: &mut Buffer, theme: &Theme, world: World<'_>, zone: &TimeZone) {
    let silent: Vec<&Replica> = world.replicas.iter().map(|(_, replica)| replica).filter(|r| is_silent(r)).collect();
    let shown = silent.len().min(usize::from(area.height));
    for (line, replica) in (0_u16..).zip(silent.iter().take(shown)) {
        let since = match (stale_since(replica, world.now, zone), replica.data_age(world.now)) {
            (Some(since), Some(age)) => format!("DATA STALE SINCE {since} ({})", duration::short(age)),
            _ => "NO DATA YET".to_owned(),
        };
        let more = silent.len() - shown;
        let last = usize::from(line) + 1 == shown && more > 0;
        let more = if last { format!("  and {more} more hubs are silent") } else { String::new() };
        let why = replica.link().reason().map_or("no answer", |reason| reason.as_str());
        let text = format!(" {}: {since}{more}: {why}", replica.name().as_str());
        banner(Rect { y: area.y + line, height: 1, ..area }, buf, theme, &text);
    }
}

/// Rows of what [`unowned`] paints on a wall of this size: large figures where there is room for them.
pub const fn unowned_rows(wall: Rect) -> u16 {
    if wall.width >= 100 && wall.height >= 36 { digits::HEIGHT + 2 } else { 2 }
}

/// What nobody has, how long, and who is told next.
pub fn unowned(area: Rect, buf: &mut Buffer, theme: &Theme, problems: &Problems, world: World<'_>) {
    let loaded = world.replicas.iter().any(|(_, replica)| replica.is_loaded());
    let stale = world.replicas.iter().any(|(_, replica)| replica.is_stale());
    let count = if loaded { problems.unowned().to_string() } else { "?".to_owned() };
    let oldest = problems.oldest_unowned().and_then(|(opened, (fleet, _))| {
        let replica = world.replicas.get(fleet)?;
        Some(duration::short(replica.hub_now(world.now).since(opened)))
    });
    let oldest = oldest.unwrap_or_else(|| if loaded { "-" } else { "?" }.to_owned());
    let owned: u32 = world.replicas.iter().map(|(_, replica)| replica.counts().total().lane(Lane::Owned)).sum();
    let role = match (loaded, stale, problems.unowned()) {
        (true, false, 0) => Role::Ok,
        (true, false, _) => Role::New,
        _ => Role::Stale,
    };
    // No escalation policy exists yet that would name somebody.
    let cells = [
        ("UNOWNED", role, count),
        ("OLDEST", role, oldest),
        (
            "OWNED",
            if stale { Role::Stale } else { Role::Owned },
            if loaded { owned.to_string() } else { "?".to_owned() },
        ),
        ("NEXT NOTICE", Role::Muted, "by hand".to_owned()),
    ];
    let large = area.height > 2;
    let starts = columns(area.width, large);
    let cut = (Ellipsis::End, theme.glyphs.ellipsis);
    for (at, (title, role, value)) in cells.iter().enumerate() {
        let x = area.x + starts[at];
        let end = starts.get(at + 1).map_or(area.right(), |next| area.x + next - 1);
        let width = end.saturating_sub(x);
        put_cut(buf, x, area.y, width, title, theme.style(Role::Title), cut);
        if large && *role != Role::Muted {
            let cell = Rect { x, y: area.y + 1, width, height: digits::HEIGHT };
            put_large(cell, buf, value, if theme.glyphs.are_ascii() { "#" } else { "█" }, theme.style(*role));
        } else {
            let y = area.y + if large { digits::HEIGHT } else { 1 };
            put(buf, x, y, width, value, theme.style(*role));
        }
    }
}

const fn columns(width: u16, large: bool) -> [u16; 4] {
    match (width, large) {
        (_, true) => [0, width * 22 / 100, width * 58 / 100, width * 82 / 100],
        (0..60, false) => [0, 9, 19, 26],
        (_, false) => [0, width / 5, width * 2 / 5, width * 3 / 5],
    }
}
