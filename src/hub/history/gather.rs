//! The open columns of one host: what was measured in the last minutes and is not yet in a file.

use std::sync::Arc;
use std::time::Duration;

use super::block::{Group, Key, Measure};
use super::series::SeriesRef;
use crate::fleet::words::{HostId, Timestamp};

/// Values a host may gather before they are written early (256 KiB).
pub const VALUES_MAX: usize = 1 << 15;
/// Groups of series a host may have open before they are written early.
const GROUPS_MAX: usize = 256;
/// Rows by which a group grows: one reallocation in 40 s at the usual interval, and little room unused.
const GROWTH: usize = 4;

/// Series that come together, and their values row by row.
#[derive(Debug)]
struct Columns {
    series: Arc<[SeriesRef]>,
    times: Vec<i64>,
    values: Vec<f64>,
}

/// What one host has gathered.
#[derive(Debug, Default)]
pub struct Gathered {
    groups: Vec<Columns>,
    values: usize,
    first: Option<Timestamp>,
}

impl Gathered {
    /// Adds finite values of one moment. A group is found by its series, so sets that come at intervals of their own
    /// leave no holes in each other.
    pub fn add(&mut self, at: Timestamp, samples: &[(SeriesRef, f64)]) {
        if samples.is_empty() {
            return;
        }
        let same = |group: &Columns| group.series.iter().eq(samples.iter().map(|(series, _)| series));
        let place = match self.groups.iter().position(same) {
            Some(place) => place,
            None => {
                let series = samples.iter().map(|(series, _)| *series).collect();
                self.groups.push(Columns { series, times: Vec::new(), values: Vec::new() });
                self.groups.len() - 1
            }
        };
        if let Some(group) = self.groups.get_mut(place) {
            if group.values.len() + samples.len() > group.values.capacity() {
                group.values.reserve_exact(GROWTH * samples.len());
                group.times.reserve_exact(GROWTH);
            }
            group.times.push(at.0);
            group.values.extend(samples.iter().map(|(_, value)| *value));
        }
        self.values += samples.len();
        self.first = Some(self.first.map_or(at, |first| first.min(at)));
    }

    /// Values gathered.
    pub fn values(&self) -> usize {
        self.values
    }

    /// The earliest moment, which names the block; `None` while nothing is gathered.
    pub fn first(&self) -> Option<Timestamp> {
        self.first
    }

    /// Whether it must be written before its time.
    pub fn is_full(&self) -> bool {
        self.values >= VALUES_MAX || self.groups.len() >= GROUPS_MAX
    }

    /// Bytes held, about.
    pub fn bytes(&self) -> usize {
        self.groups.iter().map(|group| 8 * (group.values.capacity() + group.times.capacity()) + 96).sum()
    }

    /// Takes everything out; the groups stay known without their values, as long as they are few.
    pub fn take(&mut self) -> Self {
        let groups = self.groups.iter().filter(|group| !group.times.is_empty()).map(|group| Columns {
            series: Arc::clone(&group.series),
            times: Vec::new(),
            values: Vec::new(),
        });
        let next = Self { groups: groups.take(GROUPS_MAX / 2).collect(), ..Self::default() };
        std::mem::replace(self, next)
    }

    /// Calls `take` with series, time and value of everything whose series is wanted.
    pub fn visit(&self, mut wanted: impl FnMut(SeriesRef) -> bool, mut take: impl FnMut(SeriesRef, i64, f64)) {
        for group in &self.groups {
            for (column, series) in group.series.iter().enumerate().filter(|(_, series)| wanted(**series)) {
                let values = group.values.iter().skip(column).step_by(group.series.len().max(1));
                group.times.iter().zip(values).for_each(|(time, value)| take(*series, *time, *value));
            }
        }
    }

    /// The columns of a block, with the numbers that the file gives the series.
    pub fn columns<E>(&self, mut number: impl FnMut(SeriesRef) -> Result<u64, E>) -> Result<Vec<Group>, E> {
        let filled = self.groups.iter().filter(|group| !group.times.is_empty());
        filled
            .map(|group| {
                let wide = group.series.len().max(1);
                let column = |(place, series): (usize, &SeriesRef)| -> Result<(Key, Vec<f64>), E> {
                    let values = group.values.iter().skip(place).step_by(wide).copied().collect();
                    Ok(((number(*series)?, Measure::Value), values))
                };
                let columns = group.series.iter().enumerate().map(column).collect::<Result<_, E>>()?;
                Ok(Group { times: group.times.clone(), columns })
            })
            .collect()
    }
}

/// When a host's columns are next written: each host at its own moment of the interval, so that memory and work stay
/// level.
pub fn next_flush(host: HostId, now: Timestamp, interval: Duration) -> Timestamp {
    let interval = i64::try_from(interval.as_millis()).unwrap_or(i64::MAX).max(1);
    let phase = (host.0.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 33).cast_signed() % interval;
    Timestamp(now.0 + interval - (now.0 - phase).rem_euclid(interval))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hub::history::series::SeriesTable;

    #[test]
    fn sets_of_series_gather_apart_and_come_out_as_columns() {
        let table = SeriesTable::default();
        let [a, b, c] = ["a", "b", "c"].map(|name| table.intern(name).unwrap());
        let mut host = Gathered::default();
        host.add(Timestamp(20), &[(a, 1.0), (b, 10.0)]);
        host.add(Timestamp(15), &[(c, 5.0)]);
        host.add(Timestamp(30), &[(a, 2.0), (b, 20.0)]);
        host.add(Timestamp(40), &[]);
        assert_eq!((host.values(), host.first()), (5, Some(Timestamp(15))));

        let mut seen = Vec::new();
        host.visit(|series| series != a, |series, at, value| seen.push((series, at, value)));
        assert_eq!(seen, [(b, 20, 10.0), (b, 30, 20.0), (c, 15, 5.0)]);

        let taken = host.take();
        assert_eq!((host.values(), host.first()), (0, None));
        assert!(host.columns(|_| Ok::<_, ()>(0)).unwrap().is_empty());
        let groups =
            taken.columns(|series| table.name(series).map(|name| u64::from(name.as_bytes()[0])).ok_or(())).unwrap();
        assert_eq!(groups.len(), 2);
        assert_eq!(groups[0].times, [20, 30]);
        assert_eq!(groups[0].columns[1], ((u64::from(b'b'), Measure::Value), vec![10.0, 20.0]));
    }

    #[test]
    fn a_host_that_invents_sets_is_written_early() {
        let table = SeriesTable::default();
        let mut host = Gathered::default();
        for n in 0..GROUPS_MAX {
            assert!(!host.is_full());
            host.add(Timestamp(1), &[(table.intern(&n.to_string()).unwrap(), 1.0)]);
        }
        assert!(host.is_full());
        host.take();
        assert!(!host.is_full());
    }

    #[test]
    fn flushes_are_spread_over_the_interval_and_keep_their_moment() {
        let interval = Duration::from_secs(300);
        let now = Timestamp(1_700_000_000_123);
        let mut per_second = vec![0; 301];
        for host in (0..2_000).map(HostId) {
            let next = next_flush(host, now, interval);
            assert!(next > now && next.since(now) <= interval);
            assert_eq!(next_flush(host, next, interval), next + interval);
            per_second[next.since(now).as_secs() as usize] += 1;
        }
        assert!(per_second.iter().all(|hosts| *hosts < 30), "{per_second:?}");
    }
}
