//! Rules of RFC 5545 (`FREQ=WEEKLY;BYDAY=TU`), as far as they say days and one time of day.

use jiff::civil::Date;

use super::day_words::weekday;
use super::recurrence::{MOST_EVERY, MonthDay, Rule, TimesError};

/// What a rule says.
#[derive(Debug, PartialEq, Eq)]
pub struct Read {
    /// The days; `None` for the weekday of the first, whichever that is.
    pub rule: Option<Rule>,
    /// The time of day in minutes after midnight, where it says one.
    pub start: Option<u16>,
    /// The last day.
    pub until: Option<Date>,
    /// How many times.
    pub count: Option<u32>,
}

/// Reads a rule.
///
/// # Errors
/// The part that can't be used here.
pub fn parse(text: &str) -> Result<Read, TimesError> {
    let text = text.strip_prefix("RRULE:").or_else(|| text.strip_prefix("rrule:")).unwrap_or(text);
    let (mut frequency, mut every, mut hour, mut minute) = (String::new(), 1_u16, None, 0_u16);
    let mut by_day: Vec<(Option<i8>, i8)> = Vec::new();
    let mut by_month_day = Vec::new();
    let (mut until, mut count) = (None, None);
    for part in text.split(';').filter(|part| !part.is_empty()) {
        let (key, value) = part.split_once('=').ok_or_else(|| wrong(part))?;
        match key.to_ascii_uppercase().as_str() {
            "FREQ" => frequency = value.to_ascii_uppercase(),
            "INTERVAL" => {
                let number = value.parse().ok().filter(|number| (1..=MOST_EVERY).contains(number));
                every = number.ok_or_else(|| wrong(part))?;
            }
            "BYDAY" => {
                by_day = value.split(',').map(day).collect::<Option<_>>().ok_or_else(|| wrong(part))?;
            }
            "BYMONTHDAY" => {
                let number = |day: &str| day.parse().ok().filter(|day| *day == -1 || (1..=31).contains(day));
                by_month_day = value.split(',').map(number).collect::<Option<_>>().ok_or_else(|| wrong(part))?;
            }
            "BYHOUR" => hour = Some(value.parse().ok().filter(|hour| *hour < 24).ok_or_else(|| wrong(part))?),
            "BYMINUTE" => minute = value.parse().ok().filter(|minute| *minute < 60).ok_or_else(|| wrong(part))?,
            "UNTIL" => until = Some(last_day(value).ok_or_else(|| wrong(part))?),
            "COUNT" => count = Some(value.parse().map_err(|_| wrong(part))?),
            "WKST" if value.eq_ignore_ascii_case("MO") => {}
            "BYSECOND" if value == "0" => {}
            _ => return Err(wrong(part)),
        }
    }
    let mut days = 0;
    for (nth, weekday) in &by_day {
        if nth.is_some() != (frequency == "MONTHLY") {
            return Err(TimesError::Unclear(
                "a numbered weekday such as 2TU belongs to FREQ=MONTHLY, and there each has a number".to_owned(),
            ));
        }
        days |= 1_u8 << *weekday;
    }
    let rule = match frequency.as_str() {
        "DAILY" | "WEEKLY" if !by_month_day.is_empty() => return Err(wrong("BYMONTHDAY")),
        "DAILY" if days == 0 => Some(Rule::Daily { every }),
        "DAILY" if every > 1 => return Err(wrong("INTERVAL with BYDAY of FREQ=DAILY")),
        "DAILY" | "WEEKLY" if days > 0 => Some(Rule::Weekly { every, days }),
        "WEEKLY" if every == 1 => None,
        "WEEKLY" => return Err(TimesError::Unclear("FREQ=WEEKLY with an INTERVAL needs a BYDAY".to_owned())),
        "MONTHLY" => {
            let nth = by_day.iter().map(|(nth, weekday)| MonthDay::Nth { nth: nth.unwrap_or(1), weekday: *weekday });
            let mut on: Vec<MonthDay> = by_month_day.into_iter().map(MonthDay::Day).chain(nth).collect();
            on.sort_unstable();
            on.dedup();
            if on.is_empty() {
                return Err(TimesError::Unclear("FREQ=MONTHLY needs a BYDAY such as 2TU, or a BYMONTHDAY".to_owned()));
            }
            Some(Rule::Monthly { every, on })
        }
        _ => return Err(TimesError::Unclear("FREQ may be DAILY, WEEKLY or MONTHLY".to_owned())),
    };
    Ok(Read { rule, start: hour.map(|hour: u16| hour * 60 + minute), until, count })
}

/// `TU`, `2TU`, `-1FR`.
fn day(word: &str) -> Option<(Option<i8>, i8)> {
    let split = word.len().checked_sub(2).filter(|at| word.is_char_boundary(*at))?;
    let (number, name) = word.split_at(split);
    let day = weekday(name)?;
    if number.is_empty() {
        return Some((None, day));
    }
    let nth = number.trim_start_matches('+').parse().ok().filter(|nth| *nth == -1 || (1..=5).contains(nth))?;
    Some((Some(nth), day))
}

/// `20271231`, `20271231T220000Z`, `2027-12-31`: the day counts.
fn last_day(value: &str) -> Option<Date> {
    value.split(['T', 't']).next()?.parse().ok()
}

fn wrong(part: &str) -> TimesError {
    TimesError::Unclear(format!("{part:?} can't be used in a rule here"))
}
