//! Rows in order, kept by what changed: no row is looked at again unless it changed, and a new filter over many rows is
//! worked off in slices between keys.

use std::collections::{BTreeSet, HashMap};
use std::hash::Hash;
use std::time::{Duration, Instant};

/// Rows looked at in one slice of a scan: a few milliseconds, so that no key waits longer.
const SLICE: usize = 1_024;
/// More rows than this are handed out no more often than [`MANY_EVERY`]: each time costs milliseconds, and a storm
/// changes some row in every frame.
const MANY: usize = 5_000;
/// As often as frames that only show new data.
const MANY_EVERY: Duration = Duration::from_millis(250);

/// The rows a list shows, by their sort keys.
#[derive(Clone, Debug)]
pub struct Index<K, S> {
    places: HashMap<K, S>,
    order: BTreeSet<(S, K)>,
    /// Rows still to be looked at; the old order stands until they are.
    scan: Option<Scan<K, S>>,
    changed: bool,
    /// A scan ended, which somebody waits for.
    replaced: bool,
    /// When the rows were handed out last.
    taken: Option<Instant>,
}

#[derive(Clone, Debug)]
struct Scan<K, S> {
    left: Vec<K>,
    places: HashMap<K, S>,
    order: BTreeSet<(S, K)>,
}

impl<K, S> Default for Index<K, S> {
    fn default() -> Self {
        Self {
            places: HashMap::new(),
            order: BTreeSet::new(),
            scan: None,
            changed: false,
            replaced: false,
            taken: None,
        }
    }
}

impl<K: Copy + Ord + Hash, S: Clone + Ord> Index<K, S> {
    /// How many rows are shown.
    #[must_use]
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether no row is shown.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// The rows in order.
    pub fn rows(&self) -> impl Iterator<Item = K> {
        self.order.iter().map(|(_, key)| *key)
    }

    /// Where a row stands.
    #[must_use]
    pub fn place_of(&self, key: K) -> Option<&S> {
        self.places.get(&key)
    }

    /// Puts a row where it belongs now; `None` takes it out.
    pub fn set(&mut self, key: K, place: Option<S>) {
        if let Some(scan) = &mut self.scan {
            put(&mut scan.places, &mut scan.order, key, place.clone());
        }
        self.changed |= put(&mut self.places, &mut self.order, key, place);
    }

    /// Begins to look at all these rows anew, as after a filter or an order changed.
    pub fn begin(&mut self, all: Vec<K>) {
        self.scan = Some(Scan { left: all, places: HashMap::new(), order: BTreeSet::new() });
    }

    /// Whether rows are still to be looked at.
    #[must_use]
    pub const fn is_scanning(&self) -> bool {
        self.scan.is_some()
    }

    /// Looks at a slice of the rows that are left; whether it was the last.
    pub fn step(&mut self, mut place: impl FnMut(K) -> Option<S>) -> bool {
        let Some(scan) = &mut self.scan else { return true };
        let rest = scan.left.len().saturating_sub(SLICE);
        for key in scan.left.drain(rest..) {
            put(&mut scan.places, &mut scan.order, key, place(key));
        }
        if rest > 0 {
            return false;
        }
        if let Some(done) = self.scan.take() {
            self.places = done.places;
            self.order = done.order;
            self.changed = true;
            self.replaced = true;
        }
        true
    }

    /// The rows in order, where they changed since they were handed out last and it is time again.
    pub fn take_rows(&mut self, now: Instant) -> Option<Vec<K>> {
        let recent = self.taken.is_some_and(|taken| now.saturating_duration_since(taken) < MANY_EVERY);
        if !self.changed || (recent && !self.replaced && self.len() > MANY) {
            return None;
        }
        (self.changed, self.replaced, self.taken) = (false, false, Some(now));
        Some(self.rows().collect())
    }
}

fn put<K: Copy + Ord + Hash, S: Clone + Ord>(
    places: &mut HashMap<K, S>,
    order: &mut BTreeSet<(S, K)>,
    key: K,
    place: Option<S>,
) -> bool {
    match place {
        Some(place) => {
            let old = places.insert(key, place.clone());
            if old.as_ref() == Some(&place) {
                return false;
            }
            if let Some(old) = old {
                order.remove(&(old, key));
            }
            order.insert((place, key));
            true
        }
        None => match places.remove(&key) {
            Some(old) => order.remove(&(old, key)),
            None => false,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_stand_by_their_keys_and_move_when_they_change() {
        let mut index = Index::default();
        for (key, place) in [(1, 30), (2, 10), (3, 20)] {
            index.set(key, Some(place));
        }
        let now = Instant::now();
        assert_eq!(index.take_rows(now).unwrap(), [2, 3, 1]);
        assert_eq!(index.take_rows(now), None);
        index.set(1, Some(5));
        index.set(2, None);
        assert_eq!(index.take_rows(now).unwrap(), [1, 3]);
        index.set(1, Some(5));
        assert_eq!(index.take_rows(now), None, "a row that stays is no change");
    }

    #[test]
    fn many_rows_are_handed_out_four_times_a_second_and_at_once_after_a_scan() {
        let mut index = Index::default();
        let many: Vec<u32> = (0..10_000).collect();
        index.begin(many.clone());
        while !index.step(Some) {}
        let now = Instant::now();
        assert_eq!(index.take_rows(now).unwrap().len(), 10_000);
        index.set(7, Some(20_000));
        assert_eq!(index.take_rows(now + Duration::from_millis(100)), None);
        assert_eq!(index.take_rows(now + Duration::from_millis(250)).unwrap().last(), Some(&7));
        index.begin(many);
        while !index.step(Some) {}
        assert!(index.take_rows(now + Duration::from_millis(260)).is_some());
    }

    #[test]
    fn a_scan_replaces_the_order_only_when_it_is_whole_and_misses_nothing_meanwhile() {
        let mut index = Index::default();
        let many: Vec<u32> = (0..10_000).collect();
        index.begin(many.clone());
        while !index.step(Some) {}
        assert_eq!(index.len(), 10_000);
        index.begin(many);
        assert!(!index.step(|key| (key % 2 == 0).then_some(key)), "one slice is not all");
        assert_eq!(index.len(), 10_000, "the old rows stand meanwhile");
        index.set(20_000, Some(1));
        while !index.step(|key| (key % 2 == 0).then_some(key)) {}
        assert_eq!(index.len(), 5_001);
        assert_eq!(index.rows().nth(1), Some(20_000));
    }
}
