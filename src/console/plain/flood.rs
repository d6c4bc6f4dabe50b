//! Lines that wait to be written: so many at most, the gravest of them, and a count of the rest.

use std::collections::BTreeMap;

use crate::fleet::words::Timestamp;

/// Lines written at once at most, the one that counts the rest aside.
pub const LINES: usize = 20;

/// What a line is about, for the count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Alerts that opened, came back or got worse.
    Worse,
    /// Alerts that ended.
    Ended,
    /// Anything else about alerts.
    Alerts,
    /// States of hosts.
    Hosts,
    /// Commands and how they ended.
    Commands,
    /// Links and hubs.
    Links,
    /// The rest.
    Other,
}

impl Kind {
    const fn words(self) -> &'static str {
        match self {
            Self::Worse => "alerts opened or got worse",
            Self::Ended => "alerts ended",
            Self::Alerts => "other changes of alerts",
            Self::Hosts => "changes of hosts",
            Self::Commands => "changes of commands",
            Self::Links => "changes of links",
            Self::Other => "other events",
        }
    }
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// When it happened.
    pub at: Timestamp,
    /// What.
    pub text: String,
}

#[derive(Clone, Debug)]
struct Kept {
    gravity: u8,
    number: u64,
    kind: Kind,
    line: Line,
}

/// Lines that wait.
#[derive(Clone, Debug, Default)]
pub struct Flood {
    kept: Vec<Kept>,
    more: BTreeMap<Kind, u64>,
    number: u64,
}

impl Flood {
    /// Adds a line; of too many the least grave goes, and of those alike the newest. The words are made only when they
    /// are kept.
    pub fn add(&mut self, gravity: u8, kind: Kind, at: Timestamp, words: impl FnOnce() -> String) {
        self.number += 1;
        let number = self.number;
        if self.kept.len() >= LINES {
            let least = self.kept.iter().enumerate().min_by_key(|(_, kept)| (kept.gravity, u64::MAX - kept.number));
            let goes = least.filter(|(_, kept)| kept.gravity < gravity).map(|(place, _)| place);
            let gone = goes.map_or(kind, |place| self.kept.remove(place).kind);
            *self.more.entry(gone).or_default() += 1;
            if goes.is_none() {
                return;
            }
        }
        self.kept.push(Kept { gravity, number, kind, line: Line { at, text: words() } });
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// All that waits, in the order in which it happened, and the count of what is left out.
    pub fn take(&mut self) -> Vec<Line> {
        let mut lines: Vec<Line> = std::mem::take(&mut self.kept).into_iter().map(|kept| kept.line).collect();
        let more = std::mem::take(&mut self.more);
        if let Some(at) = lines.last().map(|line| line.at).filter(|_| !more.is_empty()) {
            let parts: Vec<String> =
                more.iter().map(|(kind, count)| format!("{} {}", grouped(*count), kind.words())).collect();
            let all = grouped(more.values().sum());
            lines.push(Line { at, text: format!("and {all} more: {}", parts.join(", ")) });
        }
        lines
    }
}

/// A number with its thousands set apart.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_tells_the_gravest_in_their_order_and_counts_the_rest() {
        let mut flood = Flood::default();
        for number in 0..5_000_u64 {
            let gravity = if number % 500 == 499 { 3 } else { 1 };
            flood.add(gravity, Kind::Worse, Timestamp(0), || format!("line {number}"));
        }
        flood.add(1, Kind::Hosts, Timestamp(0), || unreachable!("no words are made of what is left out"));
        let lines: Vec<String> = flood.take().into_iter().map(|line| line.text).collect();
        assert_eq!(lines.len(), LINES + 1);
        assert_eq!(lines.iter().filter(|line| line.ends_with("99")).count(), 10, "{lines:?}");
        assert_eq!(lines[0], "line 0");
        assert_eq!(lines[LINES], "and 4,981 more: 4,980 alerts opened or got worse, 1 changes of hosts");
        assert!(flood.is_empty() && flood.take().is_empty());
    }
}
