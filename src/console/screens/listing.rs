//! What the screens that list a kind of thing share: rows by filter and order, cursor and marks over them.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::ops::Bound;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::console::keymap::Action;
use crate::console::list::{Index, ListState, RowKey};
use crate::console::replica::{FleetIndex, Replica};
use crate::console::screens::filter_line::FilterLine;
use crate::console::screens::world::World;
use crate::console::theme::Role;
use crate::fleet::state::Fleet;
use crate::fleet::words::filter::Filter;

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
}

/// Rows grow older without anything that changes them: a filter by age is asked again this often.
const AGES_EVERY: Duration = Duration::from_secs(5);

/// A row of a list over all fleets.
type Key<A> = (FleetIndex, <A as Arrangement>::Id);

/// A list of one kind over all fleets.
#[derive(Clone, Debug, Default)]
pub struct Listing<A: Arrangement> {
    /// The order. Say [`Self::ask`] when it was changed.
    pub arrangement: A,
    /// The filter. Say [`Self::ask`] when it was changed.
    pub filter: FilterLine,
    list: ListState<Key<A>>,
    index: Index<Key<A>, A::Sort>,
    /// The rows that come next were asked for by the person.
    asked: bool,
    /// When the rows were last begun to be looked at.
    looked: Option<Instant>,
    /// The row that was acted on under the cursor keeps its place until the cursor leaves it.
    pinned: Option<(Key<A>, A::Sort)>,
}

impl<A: Arrangement> Listing<A> {
    /// The rows with cursor and marks.
    #[must_use]
    pub const fn list(&self) -> &ListState<Key<A>> {
        &self.list
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
            self.arrangement.place(entity, replica, self.filter.filter(), world.now)
        });
        self.index.set(key, place.map(|place| pinned(self.pinned.as_ref(), key, place)));
    }

    /// Looks at every row again, as after a fleet was replaced.
    pub fn rescan(&mut self, world: World<'_>) {
        self.index.begin();
        self.looked = Some(world.now);
        self.step(world);
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
        let Self { arrangement, filter, index, pinned: pin, .. } = self;
        let filter = filter.filter();
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
            let place = arrangement.place(entity, replica, filter, world.now);
            (key, place.map(|place| pinned(pin.as_ref(), key, place)))
        }))
    }

    /// Brings the list up to date, before a frame that shows so many rows.
    pub fn refresh(&mut self, rows: usize, world: World<'_>) {
        self.list.set_height(rows);
        let old = self.looked.is_none_or(|looked| world.now.saturating_duration_since(looked) >= AGES_EVERY);
        if old && !self.index.is_scanning() && self.filter.filter().depends_on_time() {
            self.rescan(world);
        }
        if !self.index.take_change(world.now) {
            return;
        }
        // What the person asked for shows at once; what merely arrives waits while marks hold the order.
        if !self.index.is_scanning() && std::mem::take(&mut self.asked) {
            self.list.replace(self.index.rows());
        } else if self.list.is_held() {
            self.list.hold(self.index.keys());
        } else {
            self.list.sync(self.index.rows());
        }
    }

    // ---- what the person does

    /// Does what every list does with an action: moves, marks, begins to filter. Whether it was one of those.
    pub fn steer(&mut self, action: Action, count: u16) -> bool {
        match action {
            _ if move_cursor(&mut self.list, action, count) => {}
            Action::Mark => {
                self.list.toggle_mark();
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

    /// What an act applies to. The marks have served then.
    pub fn take_targets(&mut self) -> Vec<Key<A>> {
        let targets = self.list.targets();
        self.clear_marks();
        targets
    }

    /// Keeps the cursor's row where it is while it changes, until the cursor leaves it.
    pub fn pin(&mut self) {
        if let Some(key) = self.list.cursor().copied()
            && let Some(place) = self.index.place_of(key)
        {
            self.pinned = Some((key, place.clone()));
        }
    }

    /// Lets a row go where it belongs once the cursor has left it.
    pub fn unpin(&mut self, world: World<'_>) {
        if let Some((key, _)) = self.pinned.take_if(|(key, _)| self.list.cursor() != Some(key)) {
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
        if !self.filter.is_empty() {
            facts.push((Role::Input, format!("/{} ({})", self.filter.text(), self.index.len())));
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
