//! The first line, the banner, the filter's line and the last line of every screen; help and the list of actions.

use jiff::tz::TimeZone;
use ratatui::buffer::Buffer;
use ratatui::layout::{Rect, Size};

use crate::console::acts::{Acts, Reading};
use crate::console::keymap::{Context, Hint, Keymap};
use crate::console::replica::{LinkState, Replica};
use crate::console::screens::completion::Completion;
use crate::console::screens::filter_line::FilterLine;
use crate::console::screens::world::World;
use crate::console::text::{put, width_within, wrap};
use crate::console::theme::{Role, Theme};
use crate::console::widgets::{CARDS_BELOW, Fact, banner, boxed, facts, footer};
use crate::fleet::alerts::Lane;
use crate::fleet::words::duration;

/// The first line: where one is, each fleet with its link and the age of its data, the sums, the clock.
pub fn header(
    area: Rect,
    buf: &mut Buffer,
    theme: &Theme,
    world: World<'_>,
    title: &str,
    more: &[(Role, String)],
    zone: &TimeZone,
) {
    let mut left = vec![Fact::new(Role::Title, title, 0)];
    left.extend(links(area.width, world));
    let lane =
        |lane: Lane| -> u32 { world.replicas.iter().map(|(_, replica)| replica.counts().total().lane(lane)).sum() };
    let new = lane(Lane::New);
    left.push(Fact::new(if new > 0 { Role::New } else { Role::Muted }, format!("{new} NEW"), 0));
    left.push(Fact::new(Role::Owned, format!("{} owned", lane(Lane::Owned)), 3));
    left.push(Fact::new(Role::LaneMuted, format!("{} muted", lane(Lane::Muted)), 4));
    // Why alerts are muted matters less than how many are.
    let rank = |role: Role| if role == Role::LaneMuted { 5 } else { 2 };
    left.extend(more.iter().map(|(role, text)| Fact::new(*role, text.clone(), rank(*role))));
    let time = world.replicas.iter().next().map(|(_, replica)| replica.hub_now(world.now));
    let clock = time.and_then(|now| jiff::Timestamp::from_millisecond(now.0).ok());
    let clock = clock.map_or_else(String::new, |now| zone.to_datetime(now).strftime("%H:%M:%S").to_string());
    facts(area, buf, theme, &left, &[Fact::new(Role::Muted, clock, 1)]);
}

/// Each fleet with its link; where there is no room for all, those whose link does not stand, or how many do.
fn links(width: u16, world: World<'_>) -> Vec<Fact> {
    let fact = |replica: &Replica| {
        let (role, text) = link(replica, world);
        // What is not all there must not look as if it were.
        Fact::new(role, format!("{} {text}", replica.name().as_str()), u8::from(!replica.is_first_look()))
    };
    let replicas = || world.replicas.iter().map(|(_, replica)| replica);
    let count = replicas().count();
    if width >= CARDS_BELOW || count < 2 {
        return replicas().map(fact).collect();
    }
    let troubled: Vec<Fact> = replicas().filter(|one| one.is_stale() || one.is_first_look()).map(fact).collect();
    let live = count - troubled.len();
    let live = (live > 0).then(|| Fact::new(Role::LinkLive, format!("{live} LIVE"), 1));
    troubled.into_iter().chain(live).collect()
}

fn link(replica: &Replica, world: World<'_>) -> (Role, String) {
    let age = replica.data_age(world.now).map(duration::compact);
    match replica.link() {
        LinkState::Live { .. } if replica.is_first_look() => (Role::LinkWaiting, "LOADING".to_owned()),
        LinkState::Live { .. } if replica.waits_until().is_some() => {
            (Role::LinkWaiting, "LIVE, not judging yet".to_owned())
        }
        LinkState::Live { .. } if replica.is_partial() => {
            (Role::LinkWaiting, "LIVE, hub is newer: partial view".to_owned())
        }
        LinkState::Live { .. } => (Role::LinkLive, "LIVE".to_owned()),
        LinkState::Connecting { .. } => (Role::LinkWaiting, "connecting".to_owned()),
        LinkState::Lost { .. } | LinkState::Refused { .. } => {
            (Role::LinkDown, age.map_or_else(|| "DOWN".to_owned(), |age| format!("STALE {age}")))
        }
    }
}

/// The line that must not be overlooked: a hub that is silent. Returns whether there is one.
pub fn trouble(area: Rect, buf: &mut Buffer, theme: &Theme, world: World<'_>) -> bool {
    let Some((_, replica)) = world
        .replicas
        .iter()
        .find(|(_, replica)| matches!(replica.link(), LinkState::Lost { .. } | LinkState::Refused { .. }))
    else {
        return false;
    };
    let why = replica.link().reason().map_or("no answer", |reason| reason.as_str());
    let since = replica
        .data_age(world.now)
        .map_or_else(|| "NO DATA YET".to_owned(), |age| format!("DATA STALE for {}", duration::short(age)));
    let retry = replica
        .link()
        .retries_in(world.now)
        .map_or_else(String::new, |wait| format!(", next try in {}s", wait.as_secs() + 1));
    banner(area, buf, theme, &format!(" {}: {since}{retry}: {why}", replica.name().as_str()));
    true
}

/// The line in which the filter is typed.
pub fn filter(area: Rect, buf: &mut Buffer, theme: &Theme, line: &FilterLine, shown: usize) {
    let Some(input) = line.typing() else { return };
    let used = put(buf, area.x, area.y, area.width, "/", theme.style(Role::Prompt));
    let note = line.fault().map_or_else(|| format!("{shown} match"), ToOwned::to_owned);
    let noted = width_within(&note, area.width / 2).unwrap_or(area.width / 2);
    let room = area.width.saturating_sub(noted + 2);
    input.render(Rect { x: area.x + used, width: room.saturating_sub(used), ..area }, buf, theme, true);
    let role = if line.fault().is_some() { Role::Failed } else { Role::Muted };
    put(buf, area.x + room + 1, area.y, area.width.saturating_sub(room + 1), &note, theme.style(role));
}

/// The words that may stand in the filter being typed.
pub fn completion(area: Rect, buf: &mut Buffer, theme: &Theme, completion: &Completion) {
    let mut used = put(buf, area.x, area.y, area.width, "Tab ", theme.style(Role::FooterKey));
    for (word, stands) in completion.words() {
        if used >= area.width {
            break;
        }
        let role = if stands { Role::Input } else { Role::Muted };
        used += put(buf, area.x + used, area.y, area.width - used, word, theme.style(role)) + 2;
    }
    if completion.is_looking() && used < area.width {
        put(buf, area.x + used, area.y, area.width - used, theme.glyphs.ellipsis, theme.style(Role::Muted));
    }
}

/// The most rows that what is said takes above the last line.
const SAID_ROWS: usize = 4;

/// How many rows the last lines take: one, and where what is to be said is longer than that, as many as it takes.
#[must_use]
pub fn last_rows(said: &str, width: u16) -> u16 {
    if width_within(said, width).is_some() {
        return 1;
    }
    1 + u16::try_from(wrap(said, width).take(SAID_ROWS).count()).unwrap_or(0)
}

/// The last lines: what became of the last act, and keys that work here.
pub fn last_lines(area: Rect, buf: &mut Buffer, theme: &Theme, hints: &[Hint], said: (Role, &str)) {
    let last = Rect { y: area.bottom().saturating_sub(1), height: area.height.min(1), ..area };
    if area.height <= 1 {
        footer(last, buf, theme, hints, said);
        return;
    }
    for (y, line) in (area.top()..last.y).zip(wrap(said.1, area.width)) {
        put(buf, area.x, y, area.width, line, theme.style(said.0));
    }
    footer(last, buf, theme, hints, (Role::Muted, ""));
}

/// What the last line says: what was refused just now, then acts without an answer, then what was said last.
#[must_use]
pub fn status(said: Option<&(Role, String)>, acts: &Acts, now: std::time::Instant) -> Option<(Role, String)> {
    let refused = said.filter(|(role, _)| *role == Role::Failed);
    let open = || acts_status(acts, now).filter(|(_, text)| !text.starts_with("sent"));
    refused.cloned().or_else(open).or_else(|| said.cloned()).or_else(|| acts_status(acts, now))
}

/// What the last line says of acts: trouble first.
fn acts_status(acts: &Acts, now: std::time::Instant) -> Option<(Role, String)> {
    let mut unsent = acts.pending().filter(|pending| pending.reading(now) == Reading::NotSent).peekable();
    if let Some(first) = unsent.peek() {
        let why = first.reason().map_or_else(String::new, |reason| format!(": {}", reason.as_str()));
        let perhaps = if first.is_perhaps_done() { " (perhaps done: look at the timeline)" } else { "" };
        return Some((Role::Failed, format!("NOT SENT {}{why}{perhaps}", first.act.verb.word())));
    }
    let waiting = acts.pending().filter_map(|pending| match pending.reading(now) {
        Reading::Waiting(seconds) => Some(seconds),
        _ => None,
    });
    if let Some(seconds) = waiting.max() {
        return Some((Role::Pending, format!("WAITING {seconds}s")));
    }
    let sent = acts.pending().len();
    (sent > 0).then(|| (Role::Pending, format!("sent {sent}")))
}

/// The keys that work here, from the action table.
pub fn help(
    area: Rect,
    buf: &mut Buffer,
    theme: &Theme,
    keymap: &Keymap,
    context: Context,
    read_only: bool,
    scroll: usize,
) {
    let width = area.width.min(76);
    // What stands before the sentences, the border beside.
    let keys = if width < 60 { 10 } else { 18 };
    let room = width.saturating_sub(keys + 3);
    let mut lines: Vec<(Role, String, String)> = Vec::new();
    for (section, hints) in keymap.help(context, read_only) {
        if hints.is_empty() {
            continue;
        }
        lines.push((Role::Title, section.title().to_owned(), String::new()));
        for hint in hints {
            let mut first = hint.keys;
            for line in wrap(hint.action.sentence(), room) {
                lines.push((Role::FooterKey, std::mem::take(&mut first), line.to_owned()));
            }
        }
    }
    let height = u16::try_from(lines.len() + 2).unwrap_or(u16::MAX).min(area.height);
    let inner = boxed(area, buf, theme, "keys here (j k scroll, q closes)", Size { width, height });
    let scroll = scroll.min(lines.len().saturating_sub(usize::from(inner.height)));
    for (row, (role, names, sentence)) in (0_u16..inner.height).zip(lines.iter().skip(scroll)) {
        let y = inner.y + row;
        let names_room = if *role == Role::Title { inner.width } else { inner.width.min(keys) };
        put(buf, inner.x, y, names_room, names, theme.style(*role));
        let x = inner.x + keys + 1;
        put(buf, x, y, inner.right().saturating_sub(x), sentence, theme.style(Role::Text));
    }
}
