//! Rows in order, kept by what changed: no row is looked at again unless it changed, and a new filter over many rows is
//! worked off in slices between keys.

use std::collections::{BTreeSet, HashMap};
use std::hash::Hash;

/// Rows looked at in one slice of a scan.
const SLICE: usize = 4_096;

/// The rows a list shows, by their sort keys.
#[derive(Clone, Debug)]
pub struct Index<K, S> {
    places: HashMap<K, S>,
    order: BTreeSet<(S, K)>,
    /// Rows still to be looked at; the old order stands until they are.
    scan: Option<Scan<K, S>>,
    changed: bool,
}

#[derive(Clone, Debug)]
struct Scan<K, S> {
    left: Vec<K>,
    places: HashMap<K, S>,
    order: BTreeSet<(S, K)>,
}

impl<K, S> Default for Index<K, S> {
    fn default() -> Self {
        Self { places: HashMap::new(), order: BTreeSet::new(), scan: None, changed: false }
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
        }
        true
    }

    /// Whether the order changed since the last time this was asked.
    pub fn take_changed(&mut self) -> bool {
        std::mem::take(&mut self.changed)
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
        assert_eq!(index.rows().collect::<Vec<_>>(), [2, 3, 1]);
        assert!(index.take_changed() && !index.take_changed());
        index.set(1, Some(5));
        index.set(2, None);
        assert_eq!(index.rows().collect::<Vec<_>>(), [1, 3]);
        index.take_changed();
        index.set(1, Some(5));
        assert!(!index.take_changed(), "a row that stays is no change");
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
