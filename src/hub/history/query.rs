//! Reading history: memory, fine files and coarse files as one line.

use std::collections::{BTreeMap, HashSet};
use std::ops::Range;

use super::block::{self, Measure};
use super::errors::HistoryError;
use super::file::BlockFile;
use super::memory::Shared;
use super::rollup::Sum;
use super::series::fits;
use super::tiers::{self, Name, TIERS, Tier, WINDOW};
use crate::fleet::words::{HostId, Timestamp};

/// Points a series at most, whatever was asked for.
const POINTS_MAX: usize = 10_000;
/// Series in an answer at most.
const SERIES_MAX: usize = 1_000;

/// Which of several values a point shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Statistic {
    /// Their mean.
    #[default]
    Mean,
    /// The lowest, for what must not run out.
    Low,
    /// The highest, for peaks.
    High,
}

/// What to read.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// Whose.
    pub host: HostId,
    /// Names of series; `*` stands for any text. None asks for all.
    pub series: Vec<String>,
    /// The first moment.
    pub from: Timestamp,
    /// The last moment.
    pub to: Timestamp,
    /// Points a series at most, 2 to 10,000; where there are more values, a point stands for several.
    pub points: usize,
    /// What a point shows then.
    pub statistic: Statistic,
}

/// One line of an answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// Its name.
    pub name: String,
    /// Moments and values in order; a point that stands for several bears the first moment of its stretch. Where
    /// nothing was measured there is no point.
    pub points: Vec<(Timestamp, f64)>,
}

/// Values on their way into points.
struct Lines<'request> {
    request: &'request Request,
    step: i64,
    lines: BTreeMap<String, BTreeMap<i64, (i64, Sum)>>,
}

impl<'request> Lines<'request> {
    fn new(request: &'request Request) -> Self {
        let points = request.points.clamp(2, POINTS_MAX) as i64;
        let span = request.to.0.saturating_sub(request.from.0).saturating_add(1);
        // stretches lie on a grid of their own, so that a line does not shimmer while its range moves on
        Self { request, step: (span.saturating_add(points - 2) / (points - 1)).max(1), lines: BTreeMap::new() }
    }

    fn wants(&self, name: &str) -> bool {
        self.request.series.is_empty() || self.request.series.iter().any(|pattern| fits(pattern, name))
    }

    fn add(&mut self, name: &str, values: impl Iterator<Item = (i64, f64)>) {
        if !self.lines.contains_key(name) {
            if self.lines.len() >= SERIES_MAX {
                return;
            }
            self.lines.insert(name.to_owned(), BTreeMap::new());
        }
        let Some(line) = self.lines.get_mut(name) else { return };
        for (time, value) in values.filter(|(time, _)| (self.request.from.0..=self.request.to.0).contains(time)) {
            line.entry(time.div_euclid(self.step))
                .and_modify(|(first, sum)| {
                    *first = time.min(*first);
                    sum.add(value);
                })
                .or_insert_with(|| (time, Sum::of(value)));
        }
    }

    fn finish(self) -> Vec<Series> {
        let Self { request, step, lines } = self;
        let point = |(place, (first, sum)): (i64, (i64, Sum))| {
            let at = if sum.is_many() { (place * step).max(request.from.0) } else { first };
            let value = match request.statistic {
                Statistic::Mean => sum.mean,
                Statistic::Low => sum.low,
                Statistic::High => sum.high,
            };
            (Timestamp(at), value)
        };
        let line =
            |(name, line): (String, BTreeMap<_, _>)| Series { name, points: line.into_iter().map(point).collect() };
        lines.into_iter().map(line).filter(|series| !series.points.is_empty()).collect()
    }
}

/// Reads a range. Files that can't be read are passed over, with an error in the log and in health.
pub fn range(shared: &Shared, request: &Request) -> Vec<Series> {
    if request.to < request.from {
        return Vec::new();
    }
    let mut lines = Lines::new(request);
    // memory before files: what moves into a file meanwhile is met twice and told by its first moment, never missed
    let known = from_memory(shared, &mut lines);
    for (name, windows) in plan(shared, request, lines.step) {
        let read = BlockFile::read(&shared.folder, name);
        match read.and_then(|file| file.map_or(Ok(()), |file| from_file(shared, &file, &windows, &known, &mut lines))) {
            Ok(()) => {}
            Err(error) => report(shared, error),
        }
    }
    lines.finish()
}

fn report(shared: &Shared, error: HistoryError) {
    tracing::error!("{error}");
    let mut state = shared.lock();
    state.health.damaged += u64::from(matches!(error, HistoryError::Damaged { .. }));
    state.health.error = Some(error.to_string());
}

fn from_memory(shared: &Shared, lines: &mut Lines<'_>) -> HashSet<i64> {
    let mut known = HashSet::new();
    let mut found: BTreeMap<_, Vec<(i64, f64)>> = BTreeMap::new();
    {
        let state = shared.lock();
        for gathered in state.of_host(lines.request.host) {
            known.extend(gathered.first().map(|first| first.0));
            let wanted = |series| shared.table.name(series).is_some_and(|name| lines.wants(&name));
            gathered.visit(wanted, |series, time, value| found.entry(series).or_default().push((time, value)));
        }
    }
    for (series, values) in found {
        if let Some(name) = shared.table.name(series) {
            lines.add(&name, values.into_iter());
        }
    }
    known
}

/// Which file answers for which stretch of time: the coarsest that is fine enough for the points asked for, else the
/// least coarse there is.
fn plan(shared: &Shared, request: &Request, step: i64) -> BTreeMap<Name, Vec<Range<i64>>> {
    let names = tiers::list(&shared.folder).unwrap_or_default();
    let touched = names.iter().filter(|name| name.start <= request.to.0 && name.end() > request.from.0);
    let (enough, coarser): (Vec<Tier>, Vec<Tier>) = TIERS.into_iter().partition(|tier| tier.step() <= step);
    let worst_first = coarser.into_iter().rev().chain(enough);
    let mut windows: BTreeMap<i64, Name> = BTreeMap::new();
    for tier in worst_first {
        for name in touched.clone().filter(|name| name.tier == tier) {
            windows.extend(covered(shared, *name).into_iter().map(|start| (start, *name)));
        }
    }
    let mut files: BTreeMap<Name, Vec<Range<i64>>> = BTreeMap::new();
    for (start, name) in windows {
        let stretches = files.entry(name).or_default();
        match stretches.last_mut() {
            Some(last) if last.end == start => last.end = start + WINDOW,
            _ => stretches.push(start..start + WINDOW),
        }
    }
    files
}

fn covered(shared: &Shared, name: Name) -> Vec<i64> {
    if name.tier == Tier::Fine {
        return vec![name.start];
    }
    BlockFile::read(&shared.folder, name)
        .and_then(|file| file.map_or(Ok(Vec::new()), |file| file.rolled()))
        .unwrap_or_else(|error| {
            report(shared, error);
            Vec::new()
        })
}

fn from_file(
    shared: &Shared,
    file: &BlockFile,
    windows: &[Range<i64>],
    known: &HashSet<i64>,
    lines: &mut Lines<'_>,
) -> Result<(), HistoryError> {
    let request = lines.request;
    let mut names = file.series()?;
    names.retain(|_, name| lines.wants(name));
    let measure = match (file.name.tier, request.statistic) {
        (Tier::Fine, _) => Measure::Value,
        (_, Statistic::Mean) => Measure::Mean,
        (_, Statistic::Low) => Measure::Low,
        (_, Statistic::High) => Measure::High,
    };
    let mut damaged = Vec::new();
    for window in windows {
        let begin = window.start..window.end.min(request.to.0.saturating_add(1));
        file.blocks(request.host, begin, request.from.0.min(window.end), |first, bytes| {
            if file.name.tier == Tier::Fine && known.contains(&first) {
                return;
            }
            let read = block::read(
                bytes,
                |(series, kind)| kind == measure && names.contains_key(&series),
                |(series, _), times, values| {
                    if let Some(name) = names.get(&series) {
                        lines.add(name, times.iter().copied().zip(values.iter().copied()));
                    }
                },
            );
            damaged.extend(read.map_err(HistoryError::damaged(&file.path, request.host)).err());
        })?;
    }
    damaged.into_iter().for_each(|error| report(shared, error));
    Ok(())
}
