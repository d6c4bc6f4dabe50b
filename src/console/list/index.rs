//! Rows in order, kept by what changed: no row is looked at again unless it changed, and a new filter over many rows is
//! worked off in slices between keys.

use std::time::{Duration, Instant};

use super::sorted::Sorted;

/// Rows looked at in one slice of a scan: a fraction of a millisecond. A key waits for the slice under way, and its frame
/// for one more.
const SLICE: usize = if cfg!(test) { 4 } else { 256 };
/// More rows than this are handed out no more often than [`MANY_EVERY`]: each time costs a millisecond or two, and a
/// storm changes some row in every frame.
const MANY: usize = 5_000;
/// As often as frames that only show new data, for this many rows; more rows cost more, and wait in proportion.
const MANY_EVERY: (Duration, usize) = (Duration::from_millis(250), 25_000);
/// No order is older than four times that: a second.
const MOST_TIMES: u32 = 4;

/// The rows a list shows, by their sort keys.
#[derive(Clone, Debug)]
pub struct Index<K, S> {
    shown: Standing<K, S>,
    /// What was found so far of a new filter or order; the old rows stand until all were looked at.
    scan: Option<Scan<K, S>>,
    changed: bool,
    /// Somebody waits for the rows.
    awaited: bool,
    /// When the rows were handed out last.
    taken: Option<Instant>,
}

/// Rows by id and in order.
#[derive(Clone, Debug)]
struct Standing<K, S> {
    places: Sorted<(K, S)>,
    order: Sorted<(S, K)>,
}

#[derive(Clone, Debug)]
struct Scan<K, S> {
    /// The row looked at last; they are gone through by id.
    last: Option<K>,
    found: Standing<K, S>,
}

impl<K, S> Default for Standing<K, S> {
    fn default() -> Self {
        Self { places: Sorted::default(), order: Sorted::default() }
    }
}

impl<K, S> Default for Index<K, S> {
    fn default() -> Self {
        Self { shown: Standing::default(), scan: None, changed: false, awaited: false, taken: None }
    }
}

impl<K: Copy + Ord, S: Clone + Ord> Index<K, S> {
    /// How many rows are shown.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shown.places.len()
    }

    /// Whether no row is shown.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The rows in order.
    pub fn rows(&self) -> impl Iterator<Item = K> {
        self.shown.order.iter().map(|(_, key)| *key)
    }

    /// The rows by id.
    pub fn keys(&self) -> impl Iterator<Item = K> {
        self.shown.places.iter().map(|(key, _)| *key)
    }

    /// The rows in order, each with where it stands.
    pub fn ordered(&self) -> impl Iterator<Item = (&S, K)> {
        self.shown.order.iter().map(|(place, key)| (place, *key))
    }

    /// The rows by id, each with where it stands.
    pub fn places(&self) -> impl Iterator<Item = (K, &S)> {
        self.shown.places.iter().map(|(key, place)| (*key, place))
    }

    /// Where a row stands.
    #[must_use]
    pub fn place_of(&self, key: K) -> Option<&S> {
        self.shown.places.get(|(other, _)| other.cmp(&key)).map(|(_, place)| place)
    }

    /// Puts a row where it belongs now; `None` takes it out.
    pub fn set(&mut self, key: K, place: Option<S>) {
        if let Some(scan) = &mut self.scan {
            scan.found.put(key, place.clone());
        }
        self.changed |= self.shown.put(key, place);
    }

    /// Begins to look at all rows anew, as after a filter or an order changed.
    pub fn begin(&mut self) {
        self.scan = Some(Scan { last: None, found: Standing::default() });
    }

    /// Whether rows are still to be looked at.
    #[must_use]
    pub const fn is_scanning(&self) -> bool {
        self.scan.is_some()
    }

    /// The row that the scan looked at last; `None` before the first.
    #[must_use]
    pub fn scanned(&self) -> Option<K> {
        self.scan.as_ref()?.last
    }

    /// Looks at a slice of the rows that are left, given by id from the one after [`Self::scanned`]; whether those were
    /// the last.
    pub fn step(&mut self, left: impl Iterator<Item = (K, Option<S>)>) -> bool {
        let Some(scan) = &mut self.scan else { return true };
        let mut looked_at = 0;
        for (key, place) in left.take(SLICE) {
            scan.found.put(key, place);
            scan.last = Some(key);
            looked_at += 1;
        }
        if looked_at == SLICE {
            return false;
        }
        if let Some(done) = self.scan.take() {
            self.shown = done.found;
            self.await_rows();
        }
        true
    }

    /// Somebody waits for the rows as they are now: [`Self::take_change`] gives them whenever it is asked next.
    pub const fn await_rows(&mut self) {
        (self.changed, self.awaited) = (true, true);
    }

    /// Whether the rows changed since this last said so, and it is time to take them over again.
    pub fn take_change(&mut self, now: Instant) -> bool {
        let (every, rows) = MANY_EVERY;
        let times = u32::try_from(self.len() / rows).unwrap_or(MOST_TIMES).clamp(1, MOST_TIMES);
        let recent = self.taken.is_some_and(|taken| now.saturating_duration_since(taken) < every * times);
        if !self.changed || (recent && !self.awaited && self.len() > MANY) {
            return false;
        }
        (self.changed, self.awaited, self.taken) = (false, false, Some(now));
        true
    }
}

impl<K: Copy + Ord, S: Clone + Ord> Standing<K, S> {
    /// Whether anything changed by it.
    fn put(&mut self, key: K, place: Option<S>) -> bool {
        let by_key = |(other, _): &(K, S)| other.cmp(&key);
        let old = match place.clone() {
            Some(place) => self.places.put((key, place), by_key),
            None => self.places.take(by_key),
        };
        let old = old.map(|(_, place)| place);
        if old == place {
            return false;
        }
        let stands = |place: &S, (other, of): &(S, K)| other.cmp(place).then_with(|| of.cmp(&key));
        if let Some(old) = old {
            self.order.take(|entry| stands(&old, entry));
        }
        if let Some(place) = place {
            let at = place.clone();
            self.order.put((place, key), |entry| stands(&at, entry));
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scan(index: &mut Index<u32, u32>, rows: u32, place: impl Fn(u32) -> Option<u32>) {
        index.begin();
        while !index.step((index.scanned().map_or(0, |last| last + 1)..rows).map(|key| (key, place(key)))) {}
    }

    #[test]
    fn rows_stand_by_their_keys_and_move_when_they_change() {
        let mut index = Index::default();
        for (key, place) in [(1, 30), (2, 10), (3, 20)] {
            index.set(key, Some(place));
        }
        let now = Instant::now();
        assert!(index.take_change(now) && !index.take_change(now));
        assert_eq!(index.rows().collect::<Vec<_>>(), [2, 3, 1]);
        index.set(1, Some(5));
        index.set(2, None);
        assert!(index.take_change(now));
        assert_eq!(index.rows().collect::<Vec<_>>(), [1, 3]);
        index.set(1, Some(5));
        assert!(!index.take_change(now), "a row that stays is no change");
    }

    #[test]
    fn many_rows_are_handed_out_seldom_and_at_once_where_somebody_waits() {
        let mut index = Index::default();
        scan(&mut index, 10_000, Some);
        let now = Instant::now();
        assert!(index.take_change(now));
        assert_eq!(index.len(), 10_000);
        index.set(7, Some(20_000));
        assert!(!index.take_change(now + Duration::from_millis(100)));
        assert!(index.take_change(now + Duration::from_millis(250)));
        assert_eq!(index.rows().last(), Some(7));
        scan(&mut index, 10_000, Some);
        assert!(index.take_change(now + Duration::from_millis(260)));
        scan(&mut index, 100_000, Some);
        assert!(index.take_change(now + Duration::from_millis(270)));
        index.set(7, Some(200_000));
        assert!(!index.take_change(now + Duration::from_millis(1_260)));
        assert!(index.take_change(now + Duration::from_millis(1_270)), "never later than a second");
    }

    #[test]
    fn a_scan_replaces_the_order_only_when_it_is_whole_and_misses_nothing_meanwhile() {
        let mut index = Index::default();
        scan(&mut index, 10_000, Some);
        index.begin();
        assert!(!index.step((0..10_000).map(|key| (key, None))), "one slice is not all");
        assert_eq!(index.len(), 10_000, "the old rows stand meanwhile");
        index.set(20_000, Some(1));
        let even = |key: u32| key.is_multiple_of(2).then_some(key);
        while !index.step((index.scanned().map_or(0, |last| last + 1)..10_000).map(|key| (key, even(key)))) {}
        assert_eq!(index.len(), 4_999, "the first slice was judged otherwise");
        assert_eq!(index.rows().next(), Some(20_000));
    }
}
