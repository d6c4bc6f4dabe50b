//! A walk through the tables of all fleets in slices between keys: whatever their size, no key waits for it.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::ops::Bound;

use crate::fleet::words::{AlertId, ClientId, HostId, SiteId};

/// How far a walk is: in which fleet, and the row of each of its tables that was looked at last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Walk {
    /// The fleet's number.
    pub fleet: usize,
    /// The client.
    pub client: Option<ClientId>,
    /// The site.
    pub site: Option<(ClientId, SiteId)>,
    /// The host.
    pub host: Option<HostId>,
    /// The alert.
    pub alert: Option<AlertId>,
}

/// The rows of a table after the last that was looked at, while some are left of the slice.
pub fn rest<'a, K: Ord + Clone, V>(
    table: &'a BTreeMap<K, V>,
    last: &'a mut Option<K>,
    left: &'a Cell<usize>,
) -> impl Iterator<Item = (&'a K, &'a V)> {
    let after = last.clone().map_or(Bound::Unbounded, Bound::Excluded);
    let mut rows = table.range((after, Bound::Unbounded));
    std::iter::from_fn(move || {
        let fewer = left.get().checked_sub(1)?;
        let row = rows.next()?;
        left.set(fewer);
        *last = Some(row.0.clone());
        Some(row)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_follow_one_another_and_miss_nothing() {
        let table: BTreeMap<u32, u32> = (0..10).map(|n| (n, n * n)).collect();
        let (mut last, mut seen) = (None, Vec::new());
        for _ in 0..4 {
            let left = Cell::new(3);
            seen.extend(rest(&table, &mut last, &left).map(|(key, _)| *key));
        }
        assert_eq!(seen, (0..10).collect::<Vec<_>>());
        // A row that is gone meanwhile is no end, and one that came behind it is met.
        let left = Cell::new(3);
        assert_eq!(rest(&table, &mut Some(4), &left).next(), Some((&5, &25)));
    }
}
