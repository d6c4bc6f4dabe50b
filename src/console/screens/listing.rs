//! What the screens that list a kind of thing share: rows by filter and order, cursor and marks over them.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::ops::Bound;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ratatui::buffer::Buffer;
use ratatui::layout::{Rect, Size};

use crate::console::keymap::Action;
use crate::console::list::{Index, ListState, RowKey};
use crate::console::replica::{FleetIndex, Replica};
use crate::console::screens::filter_line::FilterLine;
use crate::console::screens::grouping::{Group, Groups, Line, Sums};
use crate::console::screens::viewed::Viewed;
use crate::console::screens::world::World;
use crate::console::theme::{Role, Theme};
use crate::console::widgets::{Column, Row, Table};
use crate::fleet::state::Fleet;
use crate::fleet::words::filter::Filter;
use crate::settings::views::{Layout, Words};

/// What is listed, and in which order.
pub trait Arrangement {
    /// A row's number in its fleet.
    type Id: Copy + Ord + Debug;
    /// What a row shows.
    type Entity;
    /// Where a row stands among the others.
    type Sort: Clone + Ord + Debug;

    /// Where a fleet keeps them.
    fn table(fleet: &Fleet) -> &BTreeMap<Self::Id, Arc<Self::Entity>>;

    /// Where a row stands; `None` where it is not shown.
    fn place(&self, entity: &Self::Entity, replica: &Replica, filter: &Filter, now: Instant) -> Option<Self::Sort>;

    /// The columns of the list.
    fn columns() -> &'static [Column] {
        &[]
    }

    /// The orders by name, the usual one first.
    fn orders() -> &'static [&'static str] {
        &[]
    }

    /// Which of the orders counts, and whether it is turned round.
    fn order(&self) -> (usize, bool) {
        (0, false)
    }

    /// Makes another order count.
    fn set_order(&mut self, _order: usize, _reversed: bool) {}

    /// What the rows can be grouped by.
    fn groupings() -> &'static [&'static str] {
        &[]
    }

    /// The group of a row, by one of the groupings.
    fn group(_by: usize, _entity: &Self::Entity, _replica: &Replica) -> Group {
        Group::none()
    }

    /// The kind that a group's head counts the row as, below [`crate::console::screens::grouping::KINDS`].
    fn kind(_entity: &Self::Entity) -> u8 {
        0
    }

    /// What a head says of its rows besides their number.
    fn head(_sums: &Sums) -> Vec<(Role, String)> {
        Vec::new()
    }
}

/// Rows grow older without anything that changes them: a filter by age is asked again this often.
const AGES_EVERY: Duration = Duration::from_secs(5);

/// So many rows are looked at without a pause: a millisecond or so.
const AT_ONCE: usize = 1_024;

/// The most rows that are marked at once by their group's head: as many as an act may name.
const MARKED_AT_ONCE: usize = 10_000;

/// A row of a list over all fleets.
type Key<A> = (FleetIndex, <A as Arrangement>::Id);

/// Where a row stands: in its group, by the order, and the kind it is counted as.
type Standing<A> = (Option<Group>, <A as Arrangement>::Sort, u8);

/// A list of one kind over all fleets.
#[derive(Clone, Debug, Default)]
pub struct Listing<A: Arrangement> {
    /// The order. Say [`Self::ask`] when it was changed.
    pub arrangement: A,
    /// The filter. Say [`Self::ask`] when it was changed.
    pub filter: FilterLine,
    /// What the rows are grouped by, of [`Arrangement::groupings`].
    grouping: Option<usize>,
    groups: Groups,
    /// The columns that were chosen, in their order; all that fit where none was.
    columns: Vec<usize>,
    list: ListState<Line<Key<A>>>,
    index: Index<Key<A>, Standing<A>>,
    /// Why the last key did nothing, until the next.
    said: Option<&'static str>,
    /// Where the cursor goes with the rows that come next.
    goes_to: Option<Line<Key<A>>>,
    /// The rows that come next were asked for by the person.
    asked: bool,
    /// When the rows were last begun to be looked at.
    looked: Option<Instant>,
    /// The row that was acted on under the cursor keeps its place until the cursor leaves it.
    pinned: Option<(Key<A>, Standing<A>)>,
}

impl<A: Arrangement> Listing<A> {
    /// The lines with cursor and marks: rows, and heads where they are grouped.
    #[must_use]
    pub const fn list(&self) -> &ListState<Line<Key<A>>> {
        &self.list
    }

    /// The row under the cursor; none where a head is.
    #[must_use]
    pub fn cursor(&self) -> Option<Key<A>> {
        self.list.cursor().and_then(Line::row)
    }

    /// Why an act has nothing to apply to.
    #[must_use]
    pub fn no_target(&self) -> &'static str {
        match self.list.cursor() {
            Some(Line::Head(_)) => "the cursor is on a group: Space marks its rows, then act on them",
            _ => "there is nothing under the cursor to act on",
        }
    }

    /// All rows the filter shows, to start something on each.
    ///
    /// # Errors
    /// They are not known: the filter is wrong, or rows are still looked at and those of the last filter stand.
    pub fn all(&self) -> Result<Vec<Key<A>>, String> {
        match self.filter.fault() {
            Some(fault) => Err(fault.to_owned()),
            None if self.is_scanning() => {
                Err("still looking: press * and the key again when the list stands".to_owned())
            }
            None => Ok(self.index.keys().collect()),
        }
    }

    /// How many rows the filter shows.
    #[must_use]
    pub fn shown(&self) -> usize {
        self.index.len()
    }

    /// How many rows the filter shows in each fleet that has some.
    #[must_use]
    pub fn shown_by_fleet(&self) -> Vec<(FleetIndex, u64)> {
        let mut counts: Vec<(FleetIndex, u64)> = Vec::new();
        for (fleet, _) in self.index.keys() {
            match counts.last_mut() {
                Some((last, count)) if *last == fleet => *count += 1,
                _ => counts.push((fleet, 1)),
            }
        }
        counts
    }

    // ---- new data

    /// Puts a row where it belongs now.
    pub fn set(&mut self, key: Key<A>, world: World<'_>) {
        let (fleet, id) = key;
        let place = world.replicas.get(fleet).and_then(|replica| {
            let entity = A::table(replica.fleet()).get(&id)?;
            standing(&self.arrangement, self.grouping, entity, replica, self.filter.filter(), world.now)
        });
        self.index.set(key, place.map(|place| pinned(self.pinned.as_ref(), key, place)));
    }

    /// Looks at every row again, as after a fleet was replaced.
    pub fn rescan(&mut self, world: World<'_>) {
        self.index.begin();
        self.looked = Some(world.now);
        // Few rows show in the frame of the key that asked; of many, no key waits for any.
        let rows: usize = world.replicas.iter().map(|(_, replica)| A::table(replica.fleet()).len()).sum();
        if rows <= AT_ONCE {
            while !self.step(world) {}
        }
    }

    /// Another filter or order was asked for.
    pub fn ask(&mut self, world: World<'_>) {
        self.asked = true;
        self.pinned = None;
        self.rescan(world);
    }

    /// Whether a scan is under way.
    #[must_use]
    pub const fn is_scanning(&self) -> bool {
        self.index.is_scanning()
    }

    /// Works a slice of a scan off; whether it was the last.
    pub fn step(&mut self, world: World<'_>) -> bool {
        let Self { arrangement, filter, index, pinned: pin, grouping, .. } = self;
        let (filter, grouping) = (filter.filter(), *grouping);
        let last = index.scanned();
        let first = last.map_or(0, |(fleet, _)| fleet.0);
        let left = world.replicas.iter().skip(first).flat_map(|(fleet, replica)| {
            let from = match last {
                Some((of, id)) if of == fleet => Bound::Excluded(id),
                _ => Bound::Unbounded,
            };
            A::table(replica.fleet()).range((from, Bound::Unbounded)).map(move |row| (fleet, replica, row))
        });
        index.step(left.map(|(fleet, replica, (id, entity))| {
            let key = (fleet, *id);
            let place = standing(arrangement, grouping, entity, replica, filter, world.now);
            (key, place.map(|place| pinned(pin.as_ref(), key, place)))
        }))
    }

    /// Brings the list up to date, before a frame of this size.
    pub fn refresh(&mut self, size: Size, world: World<'_>) {
        self.list.set_height(self.table(None).rows(size));
        let old = self.looked.is_none_or(|looked| world.now.saturating_duration_since(looked) >= AGES_EVERY);
        if old && !self.index.is_scanning() && self.filter.filter().depends_on_time() {
            self.rescan(world);
        }
        if !self.index.take_change(world.now) {
            return;
        }
        // What the person asked for shows at once; what merely arrives waits while marks hold the order.
        if !self.index.is_scanning() && std::mem::take(&mut self.asked) {
            let lines = self.lines();
            self.list.replace(lines);
            if let Some(line) = self.goes_to.take() {
                self.list.select(&line);
            }
        } else if self.list.is_held() {
            // Heads stand with the rows they were handed out with; rows of folded groups are no arrivals.
            let Self { list, index, groups, .. } = self;
            let heads = groups.all().cloned().map(Line::Head);
            let is_shown = |group: &Option<Group>| group.as_ref().is_none_or(|group| !groups.is_folded(group));
            let rows = index.places().filter(|(_, place)| is_shown(&place.0)).map(|(key, _)| Line::Row(key));
            list.hold(heads.chain(rows));
        } else if self.grouping.is_none() {
            self.list.sync(self.index.rows().map(Line::Row));
        } else {
            let lines = self.lines();
            self.list.sync(lines);
        }
    }

    fn lines(&mut self) -> Vec<Line<Key<A>>> {
        if self.grouping.is_none() {
            return self.index.rows().map(Line::Row).collect();
        }
        let rows = self.index.ordered().filter_map(|(place, key)| Some((place.0.clone()?, place.2, key)));
        self.groups.lines(rows)
    }

    // ---- what the person does

    /// Does what every list does with an action: moves, marks, begins to filter. Whether it was one of those.
    pub fn steer(&mut self, action: Action, count: u16) -> bool {
        self.said = None;
        match action {
            _ if move_cursor(&mut self.list, action, count) => {}
            Action::Mark => {
                match self.list.cursor().cloned() {
                    Some(Line::Head(group)) => self.mark_group(&group),
                    _ => {
                        self.list.toggle_mark();
                    }
                }
                self.list.move_by(1);
                if !self.list.is_held() {
                    self.index.await_rows();
                }
            }
            Action::Filter => self.filter.begin(),
            _ => return false,
        }
        true
    }

    /// Does what changes how rows are arranged: order, groups, folds. Whether it was one of those.
    pub fn arrange(&mut self, action: Action, world: World<'_>) -> bool {
        let (orders, groupings) = (A::orders().len(), A::groupings().len());
        let (order, reversed) = self.arrangement.order();
        match action {
            Action::Order if orders > 1 => self.arrangement.set_order((order + 1) % orders, reversed),
            Action::OrderReverse if orders > 0 => self.arrangement.set_order(order, !reversed),
            Action::GroupBy if groupings > 0 => {
                self.grouping = Some(self.grouping.map_or(0, |by| by + 1)).filter(|by| *by < groupings);
                self.groups = Groups::default();
            }
            Action::Fold | Action::FoldAll if self.grouping.is_some() => {
                self.fold(action == Action::FoldAll);
                return true;
            }
            _ => return false,
        }
        self.ask(world);
        true
    }

    fn fold(&mut self, all: bool) {
        let group = match self.list.cursor() {
            Some(Line::Head(group)) => Some(group.clone()),
            Some(Line::Row(key)) => self.index.place_of(*key).and_then(|place| place.0.clone()),
            None => None,
        };
        let Some(group) = group else { return };
        if all {
            self.groups.toggle_all()
        } else {
            self.groups.toggle(&group)
        }
        self.goes_to = Some(Line::Head(group));
        self.asked = true;
        self.index.await_rows();
    }

    fn mark_group(&mut self, group: &Group) {
        if self.groups.sums(group).iter().sum::<usize>() > MARKED_AT_ONCE {
            self.said = Some("too many to mark: filter by the group, then * acts on all");
            return;
        }
        let rows = self.index.places().filter(|(_, place)| place.0.as_ref() == Some(group));
        let rows: Vec<_> = rows.map(|(key, _)| Line::Row(key)).collect();
        self.list.toggle_marks(&rows);
    }

    /// What an act applies to. The marks have served then.
    pub fn take_targets(&mut self) -> Vec<Key<A>> {
        let targets = self.list.targets().iter().filter_map(Line::row).collect();
        self.clear_marks();
        targets
    }

    /// Keeps the cursor's row where it is while it changes, until the cursor leaves it.
    pub fn pin(&mut self) {
        if let Some(key) = self.cursor()
            && let Some(place) = self.index.place_of(key)
        {
            self.pinned = Some((key, place.clone()));
        }
    }

    /// Lets a row go where it belongs once the cursor has left it.
    pub fn unpin(&mut self, world: World<'_>) {
        if let Some((key, _)) = self.pinned.take_if(|(key, _)| self.list.cursor().and_then(Line::row) != Some(*key)) {
            self.set(key, world);
        }
    }

    /// Drops the marks, else the filter. Whether there was one.
    pub fn cancel(&mut self, world: World<'_>) -> bool {
        if self.list.is_held() {
            self.clear_marks();
            return true;
        }
        if !self.filter.is_empty() {
            self.filter.set("");
            self.ask(world);
            return true;
        }
        false
    }

    fn clear_marks(&mut self) {
        if self.list.is_held() {
            self.list.clear_marks();
            self.index.await_rows();
        }
    }

    /// What the header says of the list.
    #[must_use]
    pub fn facts(&self) -> Vec<(Role, String)> {
        let mut facts = Vec::new();
        facts.extend(self.said.map(|said| (Role::Failed, said.to_owned())));
        if !self.filter.is_empty() {
            facts.push((Role::Input, format!("/{} ({})", self.filter.text(), self.index.len())));
        }
        if let Some(by) = self.grouping.and_then(|by| A::groupings().get(by)) {
            facts.push((Role::Muted, format!("by {by} ({})", self.groups.len())));
        }
        let marks = self.list.marks().len();
        if marks > 0 {
            let hidden = self.list.marks_out_of_view();
            let hidden = if hidden > 0 { format!(", {hidden} not in view") } else { String::new() };
            facts.push((Role::Mark, format!("{marks} marked{hidden}")));
        }
        if self.list.arrivals() > 0 {
            facts.push((Role::New, format!("{} new below", self.list.arrivals())));
        }
        facts
    }

    // ---- painting

    fn table(&self, sorted: Option<(usize, bool)>) -> Table<'_> {
        Table { sorted, chosen: &self.columns, ..Table::new(A::columns()) }
    }

    /// Paints titles, heads and rows.
    pub fn render(
        &self,
        area: Rect,
        buf: &mut Buffer,
        theme: &Theme,
        sorted: Option<(usize, bool)>,
        mut paint: impl FnMut(Key<A>, &mut Row<'_>),
    ) {
        self.table(sorted).render(area, buf, theme, &self.list, |line, row| match line {
            Line::Row(key) => paint(*key, row),
            Line::Head(group) => {
                let sums = self.groups.sums(group);
                let sign = if self.groups.is_folded(group) { "+ " } else { "- " };
                let count = format!("  {}  ", sums.iter().sum::<usize>());
                let said = A::head(&sums);
                let mut parts = vec![(Role::Muted, sign), (Role::Title, group.name.as_ref()), (Role::Text, &count)];
                parts.extend(said.iter().map(|(role, text)| (*role, text.as_str())));
                row.across(&parts);
            }
        });
    }
}

fn standing<A: Arrangement>(
    arrangement: &A,
    grouping: Option<usize>,
    entity: &A::Entity,
    replica: &Replica,
    filter: &Filter,
    now: Instant,
) -> Option<Standing<A>> {
    let sort = arrangement.place(entity, replica, filter, now)?;
    let group = grouping.map(|by| A::group(by, entity, replica));
    let kind = if group.is_some() { A::kind(entity) } else { 0 };
    Some((group, sort, kind))
}

impl<A: Arrangement> Viewed for Listing<A> {
    fn layout(&self) -> Layout {
        let (order, reverse) = self.arrangement.order();
        let named = |words: &[&str], at: usize| words.get(at).map(|word| (*word).to_owned());
        Layout {
            filter: self.filter.text().trim().to_owned(),
            order: named(A::orders(), order).filter(|_| order > 0),
            reverse,
            group: self.grouping.and_then(|by| named(A::groupings(), by)),
            columns: self.columns.iter().filter_map(|at| Some(column_name(A::columns().get(*at)?))).collect(),
        }
    }

    fn show(&mut self, layout: &Layout, world: World<'_>) {
        let place = |words: &[&str], wanted: &String| words.iter().position(|word| word == wanted);
        self.filter.set(&layout.filter);
        let order = layout.order.as_ref().and_then(|order| place(A::orders(), order)).unwrap_or(0);
        self.arrangement.set_order(order, layout.reverse);
        self.grouping = layout.group.as_ref().and_then(|group| place(A::groupings(), group));
        self.groups = Groups::default();
        let at = |name: &String| A::columns().iter().position(|column| column_name(column) == *name);
        self.columns = layout.columns.iter().filter_map(at).collect();
        self.ask(world);
    }

    fn words(&self) -> Words {
        words::<A>("")
    }
}

/// What a screen of these rows has names for.
#[must_use]
pub fn words<A: Arrangement>(screen: &'static str) -> Words {
    let columns = A::columns().iter().map(column_name).collect();
    Words { screen, orders: A::orders().to_vec(), groupings: A::groupings().to_vec(), columns }
}

/// What views call a column.
fn column_name(column: &Column) -> String {
    column.title.to_lowercase()
}

/// Moves a list's cursor, `count` times; false where the action is no move.
pub fn move_cursor<K: RowKey>(list: &mut ListState<K>, action: Action, count: u16) -> bool {
    let rows = isize::try_from(count.max(1)).unwrap_or(1);
    match action {
        Action::Down => list.move_by(rows),
        Action::Up => list.move_by(-rows),
        Action::HalfDown => list.move_by_half_pages(rows),
        Action::HalfUp => list.move_by_half_pages(-rows),
        Action::PageDown => list.move_by_pages(rows),
        Action::PageUp => list.move_by_pages(-rows),
        Action::Top => list.move_to_top(),
        Action::Bottom => list.move_to_bottom(),
        _ => return false,
    }
    true
}

fn pinned<K: PartialEq, S: Clone>(pin: Option<&(K, S)>, key: K, place: S) -> S {
    pin.filter(|(pinned, _)| *pinned == key).map_or(place, |(_, place)| place.clone())
}
