//! Who is on call now and next, in front of the screen: at the time of each schedule's place.

use jiff::tz::TimeZone;
use ratatui::buffer::Buffer;
use ratatui::layout::{Rect, Size};

use crate::console::replica::Replica;
use crate::console::screens::world::World;
use crate::console::text::put;
use crate::console::theme::{Role, Theme};
use crate::console::widgets::boxed;
use crate::fleet::oncall::Duty;
use crate::fleet::words::{SafeText, Timestamp, duration};

/// Wide enough for names, a time and its zone.
const WIDTH: u16 = 76;

/// Paints it over the screen, scrolled by so many lines.
pub fn panel(area: Rect, buf: &mut Buffer, theme: &Theme, world: World<'_>, scroll: usize) {
    let lines = lines(world);
    let height = u16::try_from(lines.len() + 2).unwrap_or(u16::MAX).min(area.height);
    let size = Size { width: WIDTH.min(area.width), height };
    let inner = boxed(area, buf, theme, "on call (j k scroll, q closes)", size);
    let scroll = scroll.min(lines.len().saturating_sub(usize::from(inner.height)));
    for (row, (role, line)) in (0_u16..inner.height).zip(lines.iter().skip(scroll)) {
        put(buf, inner.x, inner.y + row, inner.width, line, theme.style(*role));
    }
}

type Line = (Role, String);

fn lines(world: World<'_>) -> Vec<Line> {
    let mut lines = Vec::new();
    for (_, replica) in world.replicas.iter() {
        let now = replica.hub_now(world.now);
        if !lines.is_empty() {
            lines.push((Role::Text, String::new()));
        }
        lines.push((Role::Title, replica.name().as_str().to_owned()));
        if replica.is_stale() {
            let age =
                replica.data_age(world.now).map_or_else(String::new, |age| format!(" for {}", duration::short(age)));
            lines.push((Role::Stale, format!("not heard{age}: this may have changed")));
        }
        let duties = &replica.fleet().oncall.duties;
        if duties.is_empty() {
            lines.push((Role::Muted, "no on-call schedule: policies.toml of the hub has them".to_owned()));
        }
        duties.values().for_each(|duty| schedule(replica, duty, now, &mut lines));
        for person in replica.fleet().oncall.people.values() {
            if let Some(offer) = &person.offer {
                lines.push((Role::Owned, format!("{} hands over to {}, not accepted yet", person.name, offer.to)));
            }
        }
    }
    lines
}

fn schedule(replica: &Replica, duty: &Duty, now: Timestamp, lines: &mut Vec<Line>) {
    let roster = &duty.roster;
    let clock = |at: Timestamp| local(at, now, roster.zone.as_str());
    let stale = |role: Role| if replica.is_stale() { Role::Stale } else { role };
    let role = if roster.now.is_empty() { Role::Warning } else { Role::Owned };
    lines.push((stale(Role::Text), roster.schedule.as_str().to_owned()));
    lines.push((stale(role), format!("  now   {}  since {}", people(replica, &roster.now), clock(roster.since))));
    if let Some(at) = roster.changes_at {
        let role = if roster.next.is_empty() { Role::Warning } else { Role::Text };
        lines.push((stale(role), format!("  next  {}  from {}", people(replica, &roster.next), clock(at))));
    }
    for over in &duty.overrides {
        let note = if over.note.is_empty() { String::new() } else { format!(": {}", over.note) };
        let (from, until) = (clock(over.from), clock(over.until));
        let text = format!("  {} stands in from {from} until {until} (override {}){note}", over.person, over.id);
        lines.push((stale(Role::Muted), text));
    }
}

/// The names on their doors; `nobody` for none.
fn people(replica: &Replica, names: &[SafeText]) -> String {
    if names.is_empty() {
        return "nobody".to_owned();
    }
    let known = &replica.fleet().oncall.people;
    let full = |name: &SafeText| match known.get(name).map(|person| &person.full_name).filter(|full| *full != name) {
        Some(full) => format!("{name} ({full})"),
        None => name.to_string(),
    };
    names.iter().map(full).collect::<Vec<_>>().join(", ")
}

/// A moment by the clock of a place: `Mon 09:00 CET`, with the date where it is further than six days off. In UTC, and
/// saying so, where the place has no name.
fn local(at: Timestamp, now: Timestamp, zone: &str) -> String {
    let zone = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
    let moment = jiff::Timestamp::from_millisecond(at.0).unwrap_or_default().to_zoned(zone);
    let is_near = at.since(now).max(now.since(at)) < std::time::Duration::from_secs(6 * 86_400);
    moment.strftime(if is_near { "%a %H:%M %Z" } else { "%Y-%m-%d %H:%M %Z" }).to_string()
}
