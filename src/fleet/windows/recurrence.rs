//! Times that come again: a subset of RFC 5545's recurrence rules, by the clock of a place.

use std::time::Duration;

use jiff::ToSpan;
use jiff::civil::Date;

use super::occurrence::Occurrence;
use super::zone::Zone;
use crate::fleet::words::Timestamp;

/// Minutes of a day on the clock.
pub const DAY_MINUTES: u16 = 24 * 60;
/// The shortest occurrence.
pub const SHORTEST: Duration = Duration::from_secs(60);
/// What is left at least between the end of one occurrence and the start of the next: a day of a changed clock is an hour
/// shorter, and who is held back for ever has no alerts.
const LEAST_GAP_HOURS: u64 = 1;
/// How many days ahead an occurrence is sought: a leap day may be eight years away.
const HORIZON_DAYS: i32 = 8 * 366;
/// The greatest number of days, weeks or months between two times it comes.
pub const MOST_EVERY: u16 = 366;

/// On which days.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rule {
    /// Every so many days.
    Daily {
        /// 1: each day.
        every: u16,
    },
    /// On days of every so many weeks, which begin on Monday.
    Weekly {
        /// 1: each week.
        every: u16,
        /// Bit 0 is Monday, bit 6 Sunday.
        days: u8,
    },
    /// On days of every so many months.
    Monthly {
        /// 1: each month.
        every: u16,
        /// In order, each once.
        on: Vec<MonthDay>,
    },
}

/// A day of a month. A month without such a day is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MonthDay {
    /// The 1st to 31st; -1 is the last.
    Day(i8),
    /// A weekday: the 1st to 5th of them; -1 is the last.
    Nth {
        /// 1 to 5, or -1.
        nth: i8,
        /// 0 is Monday.
        weekday: i8,
    },
}

/// Why times are no times. Each message says what to write instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TimesError {
    /// Something can't be understood.
    #[error(
        "{0}; write times such as \"every Tue,Thu 22:00 for 4h Europe/Berlin\", \"2nd Tue of the month 21:00 for 3h\", \"daily 02:00 for 1h\" or \"FREQ=WEEKLY;BYDAY=TU;BYHOUR=22 for 4h\""
    )]
    Unclear(String),
    /// No such zone.
    #[error("there is no time zone {0:?}; write one such as Europe/Berlin or UTC")]
    Zone(String),
    /// It can't be that long, or that short.
    #[error("{0}")]
    Length(String),
    /// It never comes.
    #[error("no day is such a day; give days that come within eight years, and an end behind them")]
    Never,
}

/// Times that come again. What begins in an hour that the clock skips begins as much later; in one that it repeats, in the
/// first of the two. The length is real time, whatever the clock does meanwhile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recurrence {
    rule: Rule,
    /// Minutes after midnight.
    start: u16,
    length: Duration,
    zone: Zone,
    /// From which day on; it also says which of every so many days, weeks or months count.
    first: Date,
    /// The last day on which one may begin.
    last: Option<Date>,
}

impl Recurrence {
    /// Makes it.
    ///
    /// # Errors
    /// Nothing of it ever comes, or one would reach into the next.
    pub fn new(
        rule: Rule,
        start: u16,
        length: Duration,
        zone: Zone,
        first: Date,
        last: Option<Date>,
    ) -> Result<Self, TimesError> {
        let made = Self { rule, start: start.min(DAY_MINUTES - 1), length, zone, first, last };
        if length < SHORTEST {
            return Err(TimesError::Length("it lasts less than a minute; give a longer time with for".to_owned()));
        }
        let dates: Vec<Date> = made.dates(first).take(64).collect();
        if dates.is_empty() {
            return Err(TimesError::Never);
        }
        let gaps = dates.iter().zip(dates.iter().skip(1)).filter_map(|(one, next)| days_between(*one, *next));
        if let Some(days) = gaps.min() {
            let most = u64::try_from(days).unwrap_or(1) * 24 - LEAST_GAP_HOURS;
            if length > Duration::from_secs(most * 3600) {
                return Err(TimesError::Length(format!(
                    "it would last into its next time; give at most {most}h, or a window without an end of the day: --for"
                )));
            }
        }
        Ok(made)
    }

    /// On which days.
    #[must_use]
    pub const fn rule(&self) -> &Rule {
        &self.rule
    }

    /// When on those days, in minutes after midnight.
    #[must_use]
    pub const fn start(&self) -> u16 {
        self.start
    }

    /// How long each time.
    #[must_use]
    pub const fn length(&self) -> Duration {
        self.length
    }

    /// By whose clock.
    #[must_use]
    pub const fn zone(&self) -> &Zone {
        &self.zone
    }

    /// From which day on.
    #[must_use]
    pub const fn first(&self) -> Date {
        self.first
    }

    /// The last day on which one may begin.
    #[must_use]
    pub const fn last(&self) -> Option<Date> {
        self.last
    }

    /// The first occurrence that ends after `at`: the one under way, or the next.
    #[must_use]
    pub fn ending_after(&self, at: Timestamp) -> Option<Occurrence> {
        self.near(at).find(|one| one.until > at)
    }

    /// The first occurrence that begins at `at` or later.
    #[must_use]
    pub fn beginning_from(&self, at: Timestamp) -> Option<Occurrence> {
        self.near(at).find(|one| one.from >= at)
    }

    /// The end of the last occurrence; `None` where there is none.
    #[must_use]
    pub fn ends_for_good(&self) -> Option<Timestamp> {
        let last = self.last?;
        let mut day = last;
        // It may be years since it came last, since only the last day it may come on is said.
        for _ in 0..HORIZON_DAYS {
            if day < self.first {
                return None;
            }
            if self.is_on(day) {
                return self.on(day).map(|one| one.until);
            }
            day = day.yesterday().ok()?;
        }
        None
    }

    /// The local day of a moment.
    #[must_use]
    pub fn day_of(&self, at: Timestamp) -> Option<Date> {
        day_in(&self.zone, at)
    }

    /// Occurrences in order, from one that may still last at `at` on.
    fn near(&self, at: Timestamp) -> impl Iterator<Item = Occurrence> {
        let back = i32::try_from(self.length.as_secs() / 86_400).unwrap_or(i32::MAX / 2).saturating_add(2);
        let today = self.day_of(at).unwrap_or(self.first);
        let from = today.checked_sub(back.days()).unwrap_or(self.first).max(self.first);
        self.dates(from).filter_map(|day| self.clipped(day))
    }

    /// The days from `from` on, as far as one looks ahead.
    fn dates(&self, from: Date) -> impl Iterator<Item = Date> {
        let from = from.max(self.first);
        let mut day = Some(from);
        std::iter::from_fn(move || {
            let this = day?;
            day = this.tomorrow().ok();
            Some(this)
        })
        .take(HORIZON_DAYS as usize)
        .take_while(|day| self.last.is_none_or(|last| *day <= last))
        .filter(|day| self.is_on(*day))
    }

    /// The occurrence of a day, cut where the next begins: a zone that skips a whole day brings two starts together.
    fn clipped(&self, day: Date) -> Option<Occurrence> {
        let one = self.on(day)?;
        let close = i64::try_from(self.length.as_secs() / 86_400).unwrap_or(0).saturating_add(2);
        let next = self
            .dates(day.tomorrow().ok()?)
            .take(1)
            .find(|next| days_between(day, *next).is_some_and(|days| i64::from(days) <= close));
        let until = next.and_then(|next| self.on(next)).map_or(one.until, |next| one.until.min(next.from));
        (one.from < until).then_some(Occurrence { until, ..one })
    }

    fn on(&self, day: Date) -> Option<Occurrence> {
        let (hour, minute) = (i8::try_from(self.start / 60).ok()?, i8::try_from(self.start % 60).ok()?);
        let from = self.zone.clock().to_timestamp(day.at(hour, minute, 0, 0)).ok()?;
        let from = Timestamp(from.as_millisecond());
        Some(Occurrence { from, until: from + self.length })
    }

    fn is_on(&self, day: Date) -> bool {
        if day < self.first || self.last.is_some_and(|last| day > last) {
            return false;
        }
        let counts = |units: i32, every: u16| units.rem_euclid(i32::from(every.max(1))) == 0;
        match &self.rule {
            Rule::Daily { every } => days_between(self.first, day).is_some_and(|days| counts(days, *every)),
            Rule::Weekly { every, days } => {
                let weekday = day.weekday().to_monday_zero_offset();
                days >> weekday & 1 == 1
                    && monday(self.first)
                        .zip(monday(day))
                        .and_then(|(one, other)| days_between(one, other))
                        .is_some_and(|days| counts(days / 7, *every))
            }
            Rule::Monthly { every, on } => {
                let months = |date: Date| i32::from(date.year()) * 12 + i32::from(date.month());
                counts(months(day) - months(self.first), *every) && on.iter().any(|one| one.is(day))
            }
        }
    }
}

impl MonthDay {
    fn is(self, day: Date) -> bool {
        let last = day.days_in_month();
        match self {
            Self::Day(-1) => day.day() == last,
            Self::Day(number) => day.day() == number,
            Self::Nth { nth, weekday } => {
                day.weekday().to_monday_zero_offset() == weekday
                    && if nth == -1 { day.day() + 7 > last } else { (day.day() - 1) / 7 + 1 == nth }
            }
        }
    }
}

/// The local day of a moment in a zone.
#[must_use]
pub fn day_in(zone: &Zone, at: Timestamp) -> Option<Date> {
    let moment = jiff::Timestamp::from_millisecond(at.0).ok()?;
    Some(zone.clock().to_datetime(moment).date())
}

fn days_between(one: Date, other: Date) -> Option<i32> {
    one.until(other).ok().map(|span| span.get_days())
}

fn monday(day: Date) -> Option<Date> {
    day.checked_sub(i32::from(day.weekday().to_monday_zero_offset()).days()).ok()
}
