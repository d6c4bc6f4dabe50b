//! Windows in words for people: their times by the reader's clock, what is odd about them, and the command line that
//! makes the same.

use std::time::Duration;

use jiff::tz::TimeZone;

use super::occurrence::Occurrence;
use super::scope::Scope;
use super::times::Times;
use super::window::{State, Window};
use crate::fleet::words::{Timestamp, duration};

/// An occurrence that ends within this time ends soon, and one of days too, when it is the last.
const SOON: Duration = Duration::from_secs(60 * 60);
/// Times that come again end soon when the last of them is over within this time.
const LAST_SOON: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// A moment by the clock of a zone: `22:00` today, else `Tue 1 Dec 22:00`, with the year where that is another.
#[must_use]
pub fn moment(at: Timestamp, now: Timestamp, zone: &TimeZone) -> String {
    let local = |at: Timestamp| {
        zone.to_datetime(jiff::Timestamp::from_millisecond(at.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH))
    };
    let (at, now) = (local(at), local(now));
    let format = if at.date() == now.date() {
        "%H:%M"
    } else if at.year() == now.year() {
        "%a %-d %b %H:%M"
    } else {
        "%a %-d %b %Y %H:%M"
    };
    at.strftime(format).to_string()
}

/// From when until when by the clock of a zone: `22:00 to Wed 2 Dec 02:00`.
#[must_use]
pub fn from_until(one: Occurrence, now: Timestamp, zone: &TimeZone) -> String {
    // The end is told without its day where it is the day of the start.
    format!(
        "{} to {}",
        moment(one.from, now, zone),
        moment(one.until, if one.from > now { one.from } else { now }, zone)
    )
}

/// The command line that opens a window like this, quoted for a shell; one that has begun by `now` begins when it is typed.
#[must_use]
pub fn command_line(scope: &Scope, times: &Times, name: &str, expected: Option<u64>, now: Timestamp) -> String {
    let mut words = vec!["watchfloor".to_owned(), "window".to_owned(), "add".to_owned()];
    match scope {
        Scope::Filter(filter) => words.extend(["--where".to_owned(), filter.to_string()]),
        Scope::Matchers(matchers) => {
            words.extend(matchers.iter().flat_map(|matcher| ["--matcher".to_owned(), matcher.to_string()]));
        }
    }
    let rfc3339 =
        |at: Timestamp| jiff::Timestamp::from_millisecond(at.0).map_or_else(|_| "?".to_owned(), |at| at.to_string());
    match times {
        Times::Once(one) if one.from <= now => {
            words.extend(["--for".to_owned(), duration::exact(one.until.since(one.from))]);
        }
        Times::Once(one) => {
            words.extend(["--from".to_owned(), rfc3339(one.from), "--until".to_owned(), rfc3339(one.until)]);
        }
        Times::Recurring(recurrence) => words.extend(["--every".to_owned(), recurrence.to_string()]),
    }
    if !name.is_empty() {
        words.extend(["-m".to_owned(), name.to_owned()]);
    }
    if let Some(expected) = expected {
        words.extend(["--expect".to_owned(), expected.to_string()]);
    }
    shell_words::join(words)
}

impl Window {
    /// What is odd about it at a look: it ends soon, or it speaks of no open alert.
    #[must_use]
    pub fn marks(&self, matches: u64, now: Timestamp) -> Vec<String> {
        let mut marks = Vec::new();
        if self.state() == State::Over {
            return marks;
        }
        let left = |end: Timestamp| end.since(now);
        match (self.active, self.times.ends_for_good()) {
            (Some(active), _) if left(active.until) <= SOON => {
                marks.push(format!("ends in {}", duration::short(left(active.until))));
            }
            (_, Some(end)) if matches!(self.times, Times::Recurring(_)) && left(end) <= LAST_SOON => {
                marks.push(format!("last time in {}", duration::short(left(end))));
            }
            _ => {}
        }
        if matches == 0 {
            marks.push("matches nothing".to_owned());
        }
        marks
    }

    /// When it holds back, by the reader's clock: `until 16:00`, `22:00 to Wed 2 Dec 02:00`, `ended 12:00`.
    #[must_use]
    pub fn standing(&self, now: Timestamp, zone: &TimeZone) -> String {
        match (&self.over, self.active, self.next) {
            (Some(over), ..) => format!("ended {}", moment(over.at, now, zone)),
            (None, Some(active), _) => format!("until {}", moment(active.until, now, zone)),
            (None, None, Some(next)) => from_until(next, now, zone),
            (None, None, None) => "-".to_owned(),
        }
    }
}
