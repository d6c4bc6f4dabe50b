//! A sorted list in chunks: with a hundred thousand rows an insertion moves a few kilobytes, and going through all of
//! them, or freeing them, is a walk over few large pieces of memory instead of many small ones.

use std::cmp::Ordering;

/// Entries in one chunk before it is split.
const CHUNK: usize = if cfg!(test) { 8 } else { 512 };

/// Entries in ascending order, none of them twice.
#[derive(Clone, Debug)]
pub struct Sorted<T> {
    /// None of them is empty.
    chunks: Vec<Vec<T>>,
    len: usize,
}

impl<T> Default for Sorted<T> {
    fn default() -> Self {
        Self { chunks: Vec::new(), len: 0 }
    }
}

impl<T> Sorted<T> {
    /// How many there are.
    pub const fn len(&self) -> usize {
        self.len
    }

    /// All, in order.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.chunks.iter().flatten()
    }

    /// The entry that `compare` calls equal; `compare` says how an entry stands to the one looked for.
    pub fn get(&self, compare: impl Fn(&T) -> Ordering) -> Option<&T> {
        let (chunk, at) = self.find(compare).ok()?;
        self.chunks.get(chunk)?.get(at)
    }

    /// Puts an entry where `compare` says; returns the one that stood there.
    pub fn put(&mut self, entry: T, compare: impl Fn(&T) -> Ordering) -> Option<T> {
        let (number, at) = match self.find(compare) {
            Ok((chunk, at)) => {
                let old = self.chunks.get_mut(chunk)?.get_mut(at)?;
                return Some(std::mem::replace(old, entry));
            }
            Err(place) => place,
        };
        self.len += 1;
        let Some(chunk) = self.chunks.get_mut(number) else {
            self.chunks.push(vec![entry]);
            return None;
        };
        chunk.insert(at, entry);
        if chunk.len() > CHUNK {
            // What comes in ascending order leaves full chunks behind.
            let keep = if at + 1 == chunk.len() { CHUNK } else { CHUNK / 2 };
            let rest = chunk.split_off(keep);
            self.chunks.insert(number + 1, rest);
        }
        None
    }

    /// Takes the entry out that `compare` calls equal.
    pub fn take(&mut self, compare: impl Fn(&T) -> Ordering) -> Option<T> {
        let (number, at) = self.find(compare).ok()?;
        let chunk = self.chunks.get_mut(number)?;
        let entry = chunk.remove(at);
        self.len -= 1;
        if chunk.len() < CHUNK / 4 {
            self.merge(number);
        }
        Some(entry)
    }

    /// Gives a chunk that became small to a neighbour with room for it: rows that only ever move to the front would leave
    /// a chunk's memory behind for each few that stay.
    fn merge(&mut self, number: usize) {
        let small = self.chunks.get(number).map_or(0, Vec::len);
        let has_room = |other: &usize| self.chunks.get(*other).is_some_and(|chunk| chunk.len() + small <= CHUNK / 2);
        let neighbour = [number.checked_sub(1), Some(number + 1)].into_iter().flatten().find(has_room);
        if small > 0 && neighbour.is_none() {
            return;
        }
        let mut entries = self.chunks.remove(number);
        let Some(neighbour) = neighbour else { return };
        if neighbour < number {
            if let Some(before) = self.chunks.get_mut(neighbour) {
                before.append(&mut entries);
            }
        } else if let Some(after) = self.chunks.get_mut(number) {
            after.splice(..0, entries);
        }
    }

    /// Where the entry stands, or where it would.
    fn find(&self, compare: impl Fn(&T) -> Ordering) -> Result<(usize, usize), (usize, usize)> {
        let below = |chunk: &Vec<T>| chunk.last().is_some_and(|last| compare(last).is_lt());
        let number = self.chunks.partition_point(below);
        let Some(chunk) = self.chunks.get(number) else {
            // Behind all others: at the end of the last chunk.
            let last = self.chunks.len().saturating_sub(1);
            return Err((last, self.chunks.last().map_or(0, Vec::len)));
        };
        chunk.binary_search_by(compare).map(|at| (number, at)).map_err(|at| (number, at))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_holds_what_a_set_would_in_the_same_order(steps in prop::collection::vec((any::<bool>(), 0_u8..40), 0..200)) {
            let (mut sorted, mut set) = (Sorted::default(), BTreeSet::new());
            for (put, entry) in steps {
                if put {
                    prop_assert_eq!(sorted.put(entry, |other: &u8| other.cmp(&entry)).is_none(), set.insert(entry));
                } else {
                    prop_assert_eq!(sorted.take(|other| other.cmp(&entry)).is_some(), set.remove(&entry));
                }
                prop_assert_eq!(sorted.get(|other| other.cmp(&entry)), set.get(&entry));
                prop_assert_eq!(sorted.len(), set.len());
                prop_assert!(sorted.iter().eq(set.iter()));
                prop_assert!(sorted.chunks.iter().all(|chunk| !chunk.is_empty() && chunk.len() <= CHUNK));
                let sparse = |pair: &[Vec<u8>]| pair.iter().map(Vec::len).sum::<usize>() <= CHUNK / 4;
                prop_assert!(!sorted.chunks.windows(2).any(sparse), "{:?}", sorted.chunks);
            }
        }
    }
}
