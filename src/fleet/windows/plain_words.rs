//! Times that come again in plain words, read and written: what is written is read as the same.
//!
//! `every Tue,Thu 22:00 for 4h Europe/Berlin`, `daily 02:00 for 1h`, `2nd Tue of the month 21:00 for 3h`,
//! `every 2 weeks on Mon 06:00 for 30m from 2026-12-07 until 2027-06-30`, `Sat 22:00-02:00`,
//! `FREQ=WEEKLY;BYDAY=TU;BYHOUR=22 for 4h`.

use std::fmt;
use std::time::Duration;

use jiff::ToSpan;
use jiff::civil::Date;

use super::day_words::{month_days, ordinal, weekday, weekdays};
use super::recurrence::{DAY_MINUTES, MOST_EVERY, MonthDay, Recurrence, Rule, TimesError, day_in};
use super::rrule;
use super::zone::Zone;
use crate::fleet::words::{Timestamp, duration};

/// The longest text that is read, in bytes.
const LONGEST: usize = 400;
/// The most occurrences a COUNT may ask for.
const MOST_COUNT: u32 = 5_000;

impl Recurrence {
    /// Reads times. Without a zone `zone` counts; without a first day they begin with the occurrence under way at `now`, or
    /// the next.
    ///
    /// # Errors
    /// What can't be understood, and what to write.
    pub fn parse(text: &str, zone: &Zone, now: Timestamp) -> Result<Self, TimesError> {
        if text.len() > LONGEST {
            return Err(unclear("the times are too long"));
        }
        let mut words = Words::new(text);
        let mut tail = Tail::default();
        let is_rule = words.peek().is_some_and(|word| word.contains('='));
        let (rule, mut start, count) = if is_rule {
            let read = rrule::parse(words.next().unwrap_or_default())?;
            tail.until = read.until;
            (read.rule, read.start, read.count)
        } else {
            (Some(days(&mut words)?), None, None)
        };
        words.skip("at");
        if let Some(word) = words.peek()
            && let Some((from, to)) = clock(word)
        {
            words.next();
            start = Some(from);
            tail.length = to.map(|to| {
                let minutes = if to > from { to - from } else { to + DAY_MINUTES - from };
                Duration::from_secs(u64::from(minutes) * 60)
            });
        }
        tail.read(&mut words)?;
        let start = start.ok_or_else(|| unclear("it says no time of day, such as 22:00"))?;
        let length = tail.length.ok_or_else(|| unclear("it says not how long, such as for 4h"))?;
        let zone = tail.zone.unwrap_or_else(|| zone.clone());
        let today = day_in(&zone, now).ok_or_else(|| unclear("the clock is out of all bounds"))?;
        let rule = match rule {
            Some(rule) => rule,
            // FREQ=WEEKLY without a day: that of the first
            None => Rule::Weekly { every: 1, days: 1 << tail.from.unwrap_or(today).weekday().to_monday_zero_offset() },
        };
        let first = match tail.from {
            Some(first) => first,
            None => {
                // What has begun already counts, so the search begins as far back as one lasts.
                let back = i32::try_from(length.as_secs() / 86_400).unwrap_or(0).saturating_add(1);
                let from = today.checked_sub(back.days()).unwrap_or(today);
                let every_one = Self::new(each(&rule), start, length, zone.clone(), from, None)?;
                every_one.ending_after(now).and_then(|next| day_in(&zone, next.from)).unwrap_or(today)
            }
        };
        let recurrence = Self::new(rule, start, length, zone, first, tail.until)?;
        match count {
            None => Ok(recurrence),
            Some(count) => recurrence.times(count),
        }
    }

    /// The same, but for so many times.
    fn times(self, count: u32) -> Result<Self, TimesError> {
        if !(1..=MOST_COUNT).contains(&count) {
            return Err(unclear(&format!("COUNT is {count} and may be 1 to {MOST_COUNT}")));
        }
        let mut at = Timestamp(i64::MIN / 2);
        let mut last = None;
        // The first day is the first that counts, so the search begins there.
        for _ in 0..count {
            let next = match last {
                None => self.first_one(),
                Some(_) => self.beginning_from(at),
            };
            let Some(next) = next else { break };
            at = Timestamp(next.from.0 + 1);
            last = self.day_of(next.from);
        }
        let last = last.or(self.last());
        Self::new(self.rule().clone(), self.start(), self.length(), self.zone().clone(), self.first(), last)
    }

    fn first_one(&self) -> Option<super::occurrence::Occurrence> {
        let midnight = self.zone().clock().to_timestamp(self.first().at(0, 0, 0, 0)).ok()?;
        self.beginning_from(Timestamp(midnight.as_millisecond()))
    }

    /// In plain words, for people who read them at `now`: without a first day that means nothing any more.
    #[must_use]
    pub fn plain(&self, now: Timestamp) -> String {
        let counts_from = match self.rule() {
            Rule::Daily { every } | Rule::Weekly { every, .. } | Rule::Monthly { every, .. } => *every > 1,
        };
        let began = self.day_of(now).is_some_and(|today| self.first() <= today);
        self.words(counts_from || !began)
    }

    fn words(&self, first: bool) -> String {
        let days = match self.rule() {
            Rule::Daily { every: 1 } => "daily".to_owned(),
            Rule::Daily { every } => format!("every {every} days"),
            Rule::Weekly { every: 1, days } => format!("every {}", weekdays(*days)),
            Rule::Weekly { every, days } => format!("every {every} weeks on {}", weekdays(*days)),
            Rule::Monthly { every: 1, on } => format!("{} of the month", month_days(on)),
            Rule::Monthly { every, on } => format!("{} of every {every} months", month_days(on)),
        };
        let mut text = format!(
            "{days} {:02}:{:02} for {} {}",
            self.start() / 60,
            self.start() % 60,
            duration::exact(self.length()),
            self.zone()
        );
        if first {
            text.push_str(&format!(" from {}", self.first()));
        }
        if let Some(last) = self.last() {
            text.push_str(&format!(" until {last}"));
        }
        text
    }
}

/// To the letter: [`Recurrence::parse`] reads it as the same at any time and in any zone.
impl fmt::Display for Recurrence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words(true))
    }
}

/// What may stand behind the days and the time of day, in any order.
#[derive(Default)]
struct Tail {
    length: Option<Duration>,
    zone: Option<Zone>,
    from: Option<Date>,
    until: Option<Date>,
}

impl Tail {
    fn read(&mut self, words: &mut Words<'_>) -> Result<(), TimesError> {
        while let Some(word) = words.next() {
            match word.to_ascii_lowercase().as_str() {
                "for" => self.length = Some(length(words)?),
                "in" | "by" | "," => {}
                "from" | "starting" | "since" => self.from = Some(date(words)?),
                "until" | "till" | "to" => self.until = Some(date(words)?),
                _ if word.chars().all(|c| c.is_ascii_alphanumeric() || "/_+-".contains(c)) && zone_like(word) => {
                    self.zone = Some(Zone::named(word).ok_or_else(|| TimesError::Zone(word.to_owned()))?);
                }
                _ => return Err(unclear(&format!("{word:?} can't be understood here"))),
            }
        }
        Ok(())
    }
}

/// Whether a word can be meant as a zone, so that a slip of the fingers is called what it is.
fn zone_like(word: &str) -> bool {
    word.contains('/') || word.chars().all(|c| c.is_ascii_alphabetic())
}

/// A span of time, which may be of several words: `4h`, `1h 30m`.
fn length(words: &mut Words<'_>) -> Result<Duration, TimesError> {
    let mut text = words.next().unwrap_or_default().to_owned();
    while let Some(more) = words.peek()
        && more.starts_with(|c: char| c.is_ascii_digit())
        && more.ends_with(['h', 'm', 's', 'd'])
    {
        text.push_str(more);
        words.next();
    }
    duration::parse(&text).map_err(|error| TimesError::Length(error.to_string()))
}

fn date(words: &mut Words<'_>) -> Result<Date, TimesError> {
    let word = words.next().unwrap_or_default();
    word.parse().map_err(|_| unclear(&format!("{word:?} is no day such as 2026-12-01")))
}

/// `22:00`, `22`, or `22:00-02:00`, in minutes after midnight.
fn clock(word: &str) -> Option<(u16, Option<u16>)> {
    match word.split_once('-') {
        None => Some((minutes(word).filter(|at| *at < DAY_MINUTES)?, None)),
        Some((from, to)) => Some((minutes(from).filter(|at| *at < DAY_MINUTES)?, Some(minutes(to)?))),
    }
}

fn minutes(word: &str) -> Option<u16> {
    let (hours, minutes) = word.split_once(':').unwrap_or((word, "00"));
    let number = |digits: &str| {
        let is_number = (1..=2).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| digits.parse::<u16>().ok()).flatten()
    };
    let (hours, minutes) = (number(hours)?, number(minutes).filter(|_| minutes.len() == 2)?);
    let total = hours * 60 + minutes;
    (minutes < 60 && total <= DAY_MINUTES).then_some(total)
}

/// The days: `daily`, `every 2 weeks on Mon`, `Mon-Fri`, `1st,3rd Sat of the month`.
fn days(words: &mut Words<'_>) -> Result<Rule, TimesError> {
    let begun = words.skip("every") || words.skip("each");
    let word = words.peek().ok_or_else(|| unclear("it says no days"))?.to_ascii_lowercase();
    let mut every = 1;
    match word.as_str() {
        "daily" | "day" => {
            words.next();
            return Ok(Rule::Daily { every: 1 });
        }
        "weekly" | "week" => {
            words.next();
            words.skip("on");
        }
        "monthly" | "month" => {
            words.next();
            words.skip("on");
            words.skip("the");
            return Ok(Rule::Monthly { every: 1, on: month(words, &mut every, true)? });
        }
        "other" => {
            words.next();
            return every_so_many(words, 2);
        }
        number if begun && number.bytes().all(|byte| byte.is_ascii_digit()) => {
            words.next();
            let number = number.parse().ok().filter(|number| (1..=MOST_EVERY).contains(number));
            return every_so_many(words, number.ok_or_else(|| unclear("so many is too many"))?);
        }
        _ => {}
    }
    words.skip("on");
    words.skip("the");
    if words.peek().is_some_and(|word| ordinal(word).is_some()) {
        let on = month(words, &mut every, false)?;
        return Ok(Rule::Monthly { every, on });
    }
    Ok(Rule::Weekly { every: 1, days: week(words)? })
}

fn every_so_many(words: &mut Words<'_>, every: u16) -> Result<Rule, TimesError> {
    let unit = words.next().unwrap_or_default().to_ascii_lowercase();
    match unit.as_str() {
        "day" | "days" => Ok(Rule::Daily { every }),
        "week" | "weeks" => {
            words.skip("on");
            Ok(Rule::Weekly { every, days: week(words)? })
        }
        "month" | "months" => {
            words.skip("on");
            words.skip("the");
            let on = month(words, &mut 1, true)?;
            Ok(Rule::Monthly { every, on })
        }
        _ => Err(unclear(&format!("{unit:?} is none of days, weeks and months"))),
    }
}

/// Days of the week: `Tue,Thu`, `Mon-Fri`, `weekdays`, `Sat and Sun`.
fn week(words: &mut Words<'_>) -> Result<u8, TimesError> {
    let mut days = 0;
    while let Some(word) = words.peek() {
        let more = match word.to_ascii_lowercase().as_str() {
            "," | "and" | "&" => 0,
            "weekdays" | "weekday" => 0x1f,
            "weekends" | "weekend" => 0x60,
            _ => match span_of_days(word) {
                Some(more) => more,
                None => break,
            },
        };
        days |= more;
        words.next();
    }
    if days == 0 {
        let word = words.peek().unwrap_or("nothing");
        return Err(unclear(&format!("{word:?} is no day")));
    }
    Ok(days)
}

fn span_of_days(word: &str) -> Option<u8> {
    let Some((from, to)) = word.split_once('-') else { return weekday(word).map(|day| 1 << day) };
    let (mut at, to) = (weekday(from)?, weekday(to)?);
    let mut days = 1 << at;
    while at != to {
        at = (at + 1) % 7;
        days |= 1 << at;
    }
    Some(days)
}

/// Days of the month: `2nd Tue of the month`, `1st,15th of every 2 months`, `last day of the month`.
/// Where it `is_said` already that months are meant, they need not be named.
fn month(words: &mut Words<'_>, every: &mut u16, is_said: bool) -> Result<Vec<MonthDay>, TimesError> {
    let mut on = Vec::new();
    while let Some(word) = words.peek() {
        let mut numbers = Vec::new();
        match ordinal(word) {
            Some(number) => numbers.push(number),
            None if word == "," || word.eq_ignore_ascii_case("and") => {
                words.next();
                continue;
            }
            None => break,
        }
        words.next();
        // "1st,3rd Sat": both are Saturdays
        while words.peek().is_some_and(|word| word == "," || word.eq_ignore_ascii_case("and"))
            && let Some(number) = words.peek_second().and_then(ordinal)
        {
            words.next();
            words.next();
            numbers.push(number);
        }
        let unit = words.peek().unwrap_or_default();
        if let Some(weekday) = weekday(unit) {
            words.next();
            if numbers.iter().any(|nth| *nth > 5) {
                return Err(unclear("no month has more than five of a weekday"));
            }
            on.extend(numbers.into_iter().map(|nth| MonthDay::Nth { nth, weekday }));
        } else {
            words.skip("day");
            on.extend(numbers.into_iter().map(MonthDay::Day));
        }
    }
    if words.skip("of") {
        words.skip("the");
        words.skip("each");
        words.skip("every");
        if let Some(number) = words.peek().and_then(|word| word.parse().ok()) {
            if !(1..=MOST_EVERY).contains(&number) {
                return Err(unclear("so many months are too many"));
            }
            *every = number;
            words.next();
        }
        if !words.skip("month") && !words.skip("months") {
            return Err(unclear("it says not of what; write of the month"));
        }
    } else if !is_said {
        return Err(unclear(
            "a numbered day may be of the month, or of every other week: write of the month, or every 2 weeks on",
        ));
    }
    on.sort_unstable();
    on.dedup();
    if on.is_empty() { Err(unclear("it says no day of the month, such as 2nd Tue or 15th")) } else { Ok(on) }
}

/// The same days, but each of them.
fn each(rule: &Rule) -> Rule {
    match rule {
        Rule::Daily { .. } => Rule::Daily { every: 1 },
        Rule::Weekly { days, .. } => Rule::Weekly { every: 1, days: *days },
        Rule::Monthly { on, .. } => Rule::Monthly { every: 1, on: on.clone() },
    }
}

fn unclear(what: &str) -> TimesError {
    TimesError::Unclear(what.to_owned())
}

/// The words of a text; a comma is one of them.
struct Words<'t> {
    words: Vec<&'t str>,
    at: usize,
}

impl<'t> Words<'t> {
    fn new(text: &'t str) -> Self {
        let mut words = Vec::new();
        for word in text.split_whitespace() {
            // A rule of RFC 5545 has commas of its own.
            if word.contains('=') {
                words.push(word.trim_end_matches(','));
                continue;
            }
            for part in word.split_inclusive(',') {
                match part.strip_suffix(',') {
                    Some(part) => words.extend([part, ","]),
                    None => words.push(part),
                }
            }
        }
        words.retain(|word| !word.is_empty());
        Self { words, at: 0 }
    }

    fn peek(&self) -> Option<&'t str> {
        self.words.get(self.at).copied()
    }

    fn peek_second(&self) -> Option<&'t str> {
        self.words.get(self.at + 1).copied()
    }

    fn next(&mut self) -> Option<&'t str> {
        let word = self.peek()?;
        self.at += 1;
        Some(word)
    }

    /// Takes the word if it comes next.
    fn skip(&mut self, word: &str) -> bool {
        let is_next = self.peek().is_some_and(|next| next.eq_ignore_ascii_case(word));
        self.at += usize::from(is_next);
        is_next
    }
}
