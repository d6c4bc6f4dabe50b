//! Sums up a finished fine file: lowest, mean and highest value of each series for every five minutes and every hour.
//! A host at a time, so that the work spreads over minutes; what was interrupted is done again and replaces itself.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;
use std::path::Path;
use std::time::{Duration, Instant};

use super::block::{self, Group, Measure};
use super::errors::HistoryError;
use super::file::BlockFile;
use super::tiers::{Name, Tier, WINDOW};
use crate::fleet::words::{HostId, Timestamp};

/// A running sum of one step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sum {
    /// The lowest value.
    pub low: f64,
    /// The mean.
    pub mean: f64,
    /// The highest value.
    pub high: f64,
    count: f64,
}

impl Sum {
    /// The sum of one value.
    pub fn of(value: f64) -> Self {
        Self { low: value, mean: value, high: value, count: 1.0 }
    }

    /// Adds a value; sums of huge values stay finite.
    pub fn add(&mut self, value: f64) {
        self.count += 1.0;
        self.low = self.low.min(value);
        self.high = self.high.max(value);
        self.mean = (self.mean * ((self.count - 1.0) / self.count) + value / self.count).clamp(self.low, self.high);
    }

    /// Whether more than one value went in.
    pub fn is_many(&self) -> bool {
        self.count > 1.0
    }
}

/// The summing up of one fine file.
pub struct Rollup {
    fine: BlockFile,
    coarse: [BlockFile; 2],
    hosts: VecDeque<HostId>,
}

/// How a turn of work ended.
#[derive(Debug, PartialEq, Eq)]
pub enum Turn {
    /// There is more to do.
    More,
    /// All of it is summed up and marked so.
    Done,
}

impl Rollup {
    /// Begins; `None` if the file is gone.
    pub fn begin(folder: &Path, fine: Name) -> Result<Option<Self>, HistoryError> {
        let at = Timestamp(fine.start);
        let coarse = |tier| BlockFile::write_or_replace(folder, Name::covering(tier, at));
        if !fine.path(folder).exists() {
            return Ok(None);
        }
        let fine = BlockFile::write(folder, fine)?;
        let hosts = fine.hosts()?.into();
        Ok(Some(Self { fine, coarse: [coarse(Tier::Minutes)?, coarse(Tier::Hours)?], hosts }))
    }

    /// The file being summed up.
    pub fn name(&self) -> Name {
        self.fine.name
    }

    /// Works for about `budget`. Damaged blocks are handed to `damaged` and left out.
    pub fn turn(&mut self, budget: Duration, mut damaged: impl FnMut(HistoryError)) -> Result<Turn, HistoryError> {
        let start = Instant::now();
        while let Some(host) = self.hosts.front().copied() {
            self.host(host, &mut damaged)?;
            self.hosts.pop_front();
            if start.elapsed() >= budget {
                return Ok(Turn::More);
            }
        }
        // the coarsest is marked last: its mark says that all is done
        self.coarse.iter().try_for_each(|file| file.mark_rolled(self.fine.name.start))?;
        Ok(Turn::Done)
    }

    /// Closes the files, putting the fine one's log away.
    pub fn finish(self) {
        self.fine.finish();
    }

    fn host(&mut self, host: HostId, damaged: &mut impl FnMut(HistoryError)) -> Result<(), HistoryError> {
        let window = self.fine.name.start..self.fine.name.end();
        let mut steps: BTreeMap<u64, BTreeMap<i64, Sum>> = BTreeMap::new();
        let step = Tier::Minutes.step();
        self.fine.blocks(host, window.clone(), i64::MIN, |_, bytes| {
            let read = block::read(
                bytes,
                |(_, measure)| measure == Measure::Value,
                |(series, _), times, values| {
                    let steps = steps.entry(series).or_default();
                    for (time, value) in times.iter().zip(values).filter(|(time, _)| window.contains(time)) {
                        let at = time - time.rem_euclid(step);
                        steps.entry(at).and_modify(|sum| sum.add(*value)).or_insert_with(|| Sum::of(*value));
                    }
                },
            );
            if let Err(error) = read.map_err(HistoryError::damaged(&self.fine.path, host)) {
                damaged(error);
            }
        })?;
        let names = self.fine.series()?;
        for file in &mut self.coarse {
            let groups = group(&steps, file.name.tier.step());
            store(file, host, window.clone(), groups, |series| names.get(&series).map_or("", String::as_str))?;
        }
        Ok(())
    }
}

/// Brings sums into steps of a length and puts series with the same steps together.
fn group(series: &BTreeMap<u64, BTreeMap<i64, Sum>>, step: i64) -> Vec<Group> {
    let mut groups: BTreeMap<Vec<i64>, Vec<(u64, Vec<Sum>)>> = BTreeMap::new();
    for (number, sums) in series {
        let mut coarse: BTreeMap<i64, (Sum, Vec<f64>)> = BTreeMap::new();
        for (at, sum) in sums {
            let (whole, means) = coarse.entry(at - at.rem_euclid(step)).or_insert((*sum, Vec::new()));
            whole.low = whole.low.min(sum.low);
            whole.high = whole.high.max(sum.high);
            means.push(sum.mean);
        }
        let summed = coarse.values().map(|(whole, means)| {
            let count = means.len() as f64;
            let mean = means.iter().map(|mean| mean / count).sum::<f64>().clamp(whole.low, whole.high);
            Sum { mean, ..*whole }
        });
        groups.entry(coarse.keys().copied().collect()).or_default().push((*number, summed.collect()));
    }
    let columns = |series: Vec<(u64, Vec<Sum>)>| {
        let three = |(number, sums): (u64, Vec<Sum>)| {
            [
                ((number, Measure::Low), sums.iter().map(|sum| sum.low).collect()),
                ((number, Measure::Mean), sums.iter().map(|sum| short(sum.mean)).collect()),
                ((number, Measure::High), sums.iter().map(|sum| sum.high).collect()),
            ]
        };
        series.into_iter().flat_map(three).collect()
    };
    groups.into_iter().map(|(times, series)| Group { times, columns: columns(series) }).collect()
}

/// A mean to seven digits: half the bytes, and no chart shows more.
fn short(mean: f64) -> f64 {
    let single = f64::from(mean as f32);
    if single.is_finite() { single } else { mean }
}

fn store<'name>(
    file: &mut BlockFile,
    host: HostId,
    window: Range<i64>,
    mut groups: Vec<Group>,
    name: impl Fn(u64) -> &'name str,
) -> Result<(), HistoryError> {
    debug_assert_eq!(window.end - window.start, WINDOW, "coarse files hold whole windows");
    file.whole(|file| {
        file.remove(host, window.clone())?;
        for ((series, _), _) in groups.iter_mut().flat_map(|group| &mut group.columns) {
            *series = file.number(name(*series))?;
        }
        let times = || groups.iter().flat_map(|group| &group.times).copied();
        match (times().min(), times().max()) {
            (Some(first), Some(last)) => file.append(host, first, last, &block::write(&groups)),
            _ => Ok(()),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_hold_low_mean_and_high_and_never_overflow() {
        let mut sum = Sum::of(3.0);
        [1.0, 8.0].into_iter().for_each(|value| sum.add(value));
        assert_eq!((sum.low, sum.mean, sum.high), (1.0, 4.0, 8.0));
        let mut huge = Sum::of(f64::MAX);
        [f64::MAX, -f64::MAX].into_iter().for_each(|value| huge.add(value));
        assert!(huge.mean.is_finite() && huge.mean > 0.0);
        assert_eq!(short(1e300), 1e300);
    }

    #[test]
    fn hours_are_made_of_five_minutes_and_series_with_equal_steps_share_times() {
        let minutes =
            |values: &[(i64, f64)]| values.iter().map(|(minute, value)| (minute * 60_000, Sum::of(*value))).collect();
        let series = BTreeMap::from([
            (1, minutes(&[(0, 1.0), (5, 3.0), (60, 10.0)])),
            (2, minutes(&[(0, 2.0), (5, 2.0), (60, 2.0)])),
            (3, minutes(&[(60, 7.0)])),
        ]);
        let fine = group(&series, Tier::Minutes.step());
        assert_eq!(fine.len(), 2, "series 3 has other times");
        let hours = group(&series, Tier::Hours.step());
        let one = hours.iter().find(|group| group.times == [0, 3_600_000]).unwrap();
        assert_eq!(one.columns[0], ((1, Measure::Low), vec![1.0, 10.0]));
        assert_eq!(one.columns[1], ((1, Measure::Mean), vec![2.0, 10.0]));
        assert_eq!(one.columns[2], ((1, Measure::High), vec![3.0, 10.0]));
        assert_eq!(one.columns[4], ((2, Measure::Mean), vec![2.0, 2.0]));
    }
}
