//! Heartbeats: the newest readings and samples, as far as they are new to the hub.

use std::collections::HashMap;
use std::time::Duration;

use prost::Message as _;

use crate::agent::board::{Board, NewReading, Sample};
use crate::fleet::words::Timestamp;
use crate::wire::pb;

/// Readings are gathered into one report until it has this size; the others come with the next.
const READINGS_TARGET: usize = 128 << 10;
/// Series one stream may name; the hub takes no more of one host.
const SERIES_MAX: usize = 512;

/// Makes the reports of one stream.
#[derive(Debug, Default)]
pub struct Reporter {
    /// What the hub has, by the board's count.
    sent: u64,
    /// Series named on this stream.
    series: HashMap<String, u32>,
}

impl Reporter {
    /// The next report, and whether there is more to tell at once.
    pub fn report(&mut self, board: &Board, now: Timestamp, heartbeat: Duration) -> (pb::Report, bool) {
        let news = board.news_since(self.sent);
        let (mut checks, mut size, mut told) = (Vec::new(), 0, Vec::new());
        for new in &news.readings {
            let message = pb::CheckReading::from(&new.reading);
            size += message.encoded_len();
            if size > READINGS_TARGET && !checks.is_empty() {
                break;
            }
            checks.push(message);
            told.push(new);
        }
        let all = told.len() == news.readings.len();
        let samples = self.samples(news.sample.as_ref(), &told);
        // what was cut off is still new the next time; the sample with it, which does no harm
        self.sent = match told.last() {
            Some(last) if !all => last.generation,
            _ => news.generation,
        };
        let report = pb::Report {
            backups: news.backups.iter().map(Into::into).collect(),
            at: now.0,
            turn: news.turns,
            vitals: news.sample.as_ref().map(|sample| sample.vitals.as_ref().into()),
            checks,
            samples,
            interval: u64::try_from(heartbeat.as_millis()).unwrap_or(u64::MAX),
        };
        (report, !all)
    }

    fn samples(&mut self, sample: Option<&Sample>, readings: &[&NewReading]) -> Option<pb::Samples> {
        let mut samples = pb::Samples { at: sample.map_or(0, |sample| sample.at.0), ..pb::Samples::default() };
        for (name, value) in sample.iter().flat_map(|sample| sample.vitals.samples()) {
            self.add(&name, value, &mut samples);
        }
        for new in readings {
            samples.at = samples.at.max(new.reading.at.0);
            for (label, value) in &new.values {
                self.add(&format!("check.{}.{}", new.reading.check, label.as_str()), *value, &mut samples);
            }
        }
        (!samples.series.is_empty()).then_some(samples)
    }

    fn add(&mut self, name: &str, value: f64, samples: &mut pb::Samples) {
        let number = match self.series.get(name) {
            Some(number) => *number,
            None if self.series.len() >= SERIES_MAX => return,
            None => {
                let number = u32::try_from(self.series.len()).unwrap_or(u32::MAX);
                self.series.insert(name.to_owned(), number);
                samples.names.push(pb::SeriesName { number, name: name.into() });
                number
            }
        };
        samples.series.push(number);
        samples.values.push(value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::hosts::vitals::{Cpu, Vitals};
    use crate::fleet::words::{CheckState, SafeText};
    use crate::wire::checks::CheckReading;

    const BEAT: Duration = Duration::from_secs(10);

    fn put(board: &Board, check: &str, summary: &str) {
        let (summary, perfdata) = (SafeText::new(summary), SafeText::default());
        let reading = CheckReading { check: check.into(), state: CheckState::Ok, summary, perfdata, at: Timestamp(7) };
        board.put_reading(reading, vec![(SafeText::new("rta"), 1.5)]);
    }

    #[test]
    fn only_news_are_told_and_series_are_named_once_a_stream() {
        let (board, mut reporter) = (Board::default(), Reporter::default());
        let vitals = || Vitals { cpu: Cpu { busy: Some(0.5), ..Cpu::default() }, ..Vitals::default() };
        board.put_sample(Timestamp(5), vitals());
        put(&board, "ping", "x");
        let (first, more) = reporter.report(&board, Timestamp(9), BEAT);
        assert_eq!((first.at, first.interval, first.checks.len(), more), (9, 10_000, 1, false));
        let samples = first.samples.unwrap();
        let names: Vec<_> = samples.names.iter().map(|name| name.name.to_string()).collect();
        assert_eq!(
            (names, samples.series, samples.values),
            (vec!["cpu.busy".into(), "check.ping.rta".into()], vec![0, 1], vec![0.5, 1.5])
        );
        let (nothing, _) = reporter.report(&board, Timestamp(9), BEAT);
        assert!(nothing.vitals.is_none() && nothing.checks.is_empty() && nothing.samples.is_none());
        board.put_sample(Timestamp(6), vitals());
        let samples = reporter.report(&board, Timestamp(9), BEAT).0.samples.unwrap();
        assert!(samples.names.is_empty() && samples.series == [0]);
        assert!(!Reporter::default().report(&board, Timestamp(9), BEAT).0.checks.is_empty(), "a new stream hears all");
    }

    #[test]
    fn many_long_readings_come_in_bounded_reports_without_loss() {
        let (board, mut reporter) = (Board::default(), Reporter::default());
        for number in 0..200 {
            put(&board, &format!("c{number}"), &"x".repeat(3000));
        }
        let (mut told, mut more) = (0, true);
        while more {
            let (report, again) = reporter.report(&board, Timestamp(9), BEAT);
            assert!(report.encoded_len() < 2 * READINGS_TARGET);
            told += report.checks.len();
            more = again;
        }
        assert_eq!(told, 200);
    }
}
