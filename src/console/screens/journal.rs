//! The journal: who decided what, and when. The newest entries are asked for; what arrives is added on top.

use std::collections::{BTreeMap, VecDeque};
use std::time::Instant;

use jiff::tz::TimeZone;
use ratatui::buffer::Buffer;
use ratatui::layout::{Rect, Size};

use crate::console::ask::{Detail, Topic};
use crate::console::keymap::Action;
use crate::console::list::ListState;
use crate::console::replica::{Changed, FleetIndex};
use crate::console::screens::filter_line::FilterLine;
use crate::console::screens::journal_words::words;
use crate::console::screens::listing::move_cursor;
use crate::console::screens::world::{Effect, World};
use crate::console::text::put;
use crate::console::theme::{Role, Theme};
use crate::console::widgets::Column;
use crate::console::widgets::{Row, Table};
use crate::fleet::state::Entry;
use crate::fleet::words::{Revision, Timestamp};

/// Entries kept of each fleet.
const KEPT: usize = 2_000;
/// Entries asked for at once.
const PAGE: u64 = 200;

/// Newest first: time, fleet, revision, the event's place in its entry.
type Key = (std::cmp::Reverse<i64>, FleetIndex, std::cmp::Reverse<u64>, usize);

/// The screen's state.
#[derive(Clone, Debug, Default)]
pub struct Journal {
    list: ListState<Key>,
    /// Newest first, by fleet.
    entries: Vec<VecDeque<Entry>>,
    dirty: bool,
    /// Which fleets were asked, each over the link that is up since then: what a lost link swallowed is asked again.
    asked: BTreeMap<FleetIndex, Instant>,
    /// The filter: bare words over what is written.
    pub filter: FilterLine,
}

const COLUMNS: [Column; 4] = [
    Column::new("TIME", 8, 14),
    Column::new("REV", 5, 7).right().bare().rank(3),
    Column::new("WHO", 8, 18).rank(1),
    Column::new("WHAT", 20, 60).grows(),
];

impl Journal {
    /// Asks for the newest entries of all fleets, at the first visit and after a link came back.
    pub fn visit(&mut self, world: World<'_>) -> Vec<Effect> {
        let live = world.replicas.iter().filter(|(_, replica)| replica.link().is_live());
        let asks = live.filter_map(|(fleet, replica)| {
            let since = replica.link().since();
            let first = self.asked.insert(fleet, since) != Some(since);
            first.then_some(Effect::Ask(fleet, Topic::Journal { before: None, limit: PAGE }))
        });
        asks.collect()
    }

    /// Takes over entries that arrived.
    pub fn absorb(&mut self, fleet: FleetIndex, changed: &Changed) {
        if changed.everything && !changed.more {
            self.asked.remove(&fleet);
        }
        for entry in &changed.entries {
            self.add(fleet, entry.clone());
        }
    }

    /// Takes over entries that were asked for.
    pub fn answer(&mut self, fleet: FleetIndex, detail: Detail) {
        if let Detail::Entries(entries) = detail {
            for entry in entries {
                self.add(fleet, entry);
            }
        }
    }

    fn add(&mut self, fleet: FleetIndex, entry: Entry) {
        if self.entries.len() <= fleet.0 {
            self.entries.resize_with(fleet.0 + 1, VecDeque::new);
        }
        let Some(entries) = self.entries.get_mut(fleet.0) else { return };
        let at = entries.partition_point(|known| known.revision > entry.revision);
        if entries.get(at).is_some_and(|known| known.revision == entry.revision) {
            return;
        }
        entries.insert(at, entry);
        entries.truncate(KEPT);
        self.dirty = true;
    }

    /// How many rows the filter shows.
    #[must_use]
    pub fn shown(&self) -> usize {
        self.list.rows().len()
    }

    /// The filter changed.
    pub const fn touch(&mut self) {
        self.dirty = true;
    }

    /// Brings the rows up to date, before a frame.
    pub fn refresh(&mut self, size: Size, world: World<'_>) {
        self.list.set_height(Table::rows_in(&COLUMNS, size));
        if !std::mem::take(&mut self.dirty) {
            return;
        }
        let needle = self.filter.text().trim().to_lowercase();
        let mut rows: Vec<Key> = Vec::new();
        for (fleet, entries) in self.entries.iter().enumerate() {
            let Some(replica) = world.replicas.get(FleetIndex(fleet)) else { continue };
            for entry in entries {
                for (place, (_, event)) in entry.events.iter().enumerate() {
                    let matches = needle.is_empty()
                        || entry.actor.name.as_str().to_lowercase().contains(&needle)
                        || words(event, replica.fleet()).1.to_lowercase().contains(&needle);
                    if matches {
                        use std::cmp::Reverse;
                        rows.push((Reverse(entry.at.0), FleetIndex(fleet), Reverse(entry.revision.0), place));
                    }
                }
            }
        }
        rows.sort_unstable();
        self.list.sync(rows);
    }

    fn entry(&self, key: &Key) -> Option<&Entry> {
        let entries = self.entries.get(key.1.0)?;
        let at = entries.partition_point(|known| known.revision.0 > key.2.0);
        entries.get(at).filter(|entry| entry.revision == Revision(key.2.0))
    }

    /// Does an action.
    pub fn update(&mut self, action: Action, count: u16, world: World<'_>) -> Vec<Effect> {
        match action {
            _ if move_cursor(&mut self.list, action, count) => {}
            Action::Filter => self.filter.begin(),
            Action::Copy => {
                let line = self.list.cursor().and_then(|key| {
                    let replica = world.replicas.get(key.1)?;
                    let entry = self.entry(key)?;
                    let (_, event) = entry.events.get(key.3)?;
                    Some(format!(
                        "{} {} {}",
                        entry.revision,
                        entry.actor.name.as_str(),
                        words(event, replica.fleet()).1
                    ))
                });
                return line.map(Effect::Copy).into_iter().collect();
            }
            _ => {}
        }
        // Near the end of what is known, more is asked for.
        let at = self.list.cursor_index().unwrap_or(0);
        if at + 40 < self.list.rows().len() {
            return Vec::new();
        }
        let older = |(fleet, entries): (usize, &VecDeque<Entry>)| {
            let before = entries.back()?.revision;
            (before.0 > 1 && entries.len() < KEPT)
                .then_some(Effect::Ask(FleetIndex(fleet), Topic::Journal { before: Some(before), limit: PAGE }))
        };
        self.entries.iter().enumerate().filter_map(older).collect()
    }

    /// Drops the filter. Whether there was one.
    pub fn cancel(&mut self) -> bool {
        let filtered = !self.filter.is_empty();
        if filtered {
            self.filter.set("");
            self.dirty = true;
        }
        filtered
    }

    /// What the header says of the list.
    #[must_use]
    pub fn facts(&self) -> Vec<(Role, String)> {
        if self.filter.is_empty() {
            return Vec::new();
        }
        vec![(Role::Input, format!("/{} ({})", self.filter.text(), self.list.rows().len()))]
    }

    /// Paints the journal.
    pub fn render(&self, area: Rect, buf: &mut Buffer, theme: &Theme, world: World<'_>, zone: &TimeZone) {
        let table = Table::new(&COLUMNS);
        table.render(area, buf, theme, &self.list, |key, row| self.paint(key, row, world, zone));
        if self.list.rows().is_empty() && area.height > 2 {
            let text =
                if self.filter.is_empty() { "waiting for the journal" } else { "nothing matches; Esc shows all" };
            put(buf, area.x + 2, area.y + 2, area.width.saturating_sub(2), text, theme.style(Role::Muted));
        }
    }

    fn paint(&self, key: &Key, row: &mut Row<'_>, world: World<'_>, zone: &TimeZone) {
        let Some(entry) = self.entry(key) else { return };
        let Some(replica) = world.replicas.get(key.1) else { return };
        let Some((_, event)) = entry.events.get(key.3) else { return };
        row.cell(Role::Muted, &clock(entry.at, replica.hub_now(world.now), zone));
        row.value(Role::Muted, format_args!("{}", entry.revision));
        row.cell(Role::Text, entry.actor.name.as_str());
        let (role, text) = words(event, replica.fleet());
        row.cell(role, &text);
    }
}

/// A time as people read it: the clock today, day and clock before.
#[must_use]
pub fn clock(at: Timestamp, now: Timestamp, zone: &TimeZone) -> String {
    let Ok(moment) = jiff::Timestamp::from_millisecond(at.0) else { return "-".to_owned() };
    let local = zone.to_datetime(moment);
    let today = jiff::Timestamp::from_millisecond(now.0).is_ok_and(|now| zone.to_datetime(now).date() == local.date());
    let format = if today { "%H:%M:%S" } else { "%d %b %H:%M" };
    local.strftime(format).to_string()
}
