//! Expected hours: when a machine is expected to run, in the time of its place.

use std::fmt;

use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::fleet::words::Timestamp;

const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const LONG_DAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
const DAY_MINUTES: u16 = 24 * 60;
/// A zone can skip a whole day once (Samoa, 30 December 2011), so the same weekday may be two weeks away.
const LOOK_AHEAD_DAYS: i32 = 16;
const MAX_WINDOWS: usize = 64;

/// When something is expected to run, by the clock on the wall there.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Schedule {
    /// At all times.
    Always,
    /// At no time in particular: its absence is never a problem.
    Never,
    /// Within these windows of the week.
    Weekly(Vec<Window>),
}

/// The same hours on some days of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Window {
    /// Bit 0 is Monday, bit 6 Sunday: the days on which the window begins.
    days: u8,
    /// Minutes after midnight, below 1,440.
    start: u16,
    /// Minutes after the same midnight, above `start`; beyond 1,440 it ends on the next day.
    end: u16,
}

/// What is wrong with hours as written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HoursError {
    /// Nothing is there.
    #[error("the hours are empty")]
    Empty,
    /// A word is no day.
    #[error("{0:?} is no day of the week")]
    Day(String),
    /// Not `HH:MM-HH:MM`.
    #[error("{0:?} is no span of time such as 07:00-19:00")]
    Span(String),
    /// Days without hours.
    #[error("{0:?} names days but no hours")]
    NoHours(String),
    /// Hours without days.
    #[error("{0:?} names hours but no days")]
    NoDays(String),
    /// More windows than anyone needs.
    #[error("more than {MAX_WINDOWS} spans of time")]
    TooMany,
}

impl HoursError {
    /// How to mend any of them.
    pub const FIX: &'static str = "write \"Mon-Fri 07:00-19:00, Sat 08:00-12:00\", \"always\" or \"never\"";
}

impl Schedule {
    /// Monday to Friday, 08:00 to 18:00.
    #[must_use]
    pub fn business() -> Self {
        Self::Weekly(vec![Window { days: 0x1f, start: 8 * 60, end: 18 * 60 }])
    }

    /// Reads `always`, `never`, or windows as in `Mon-Fri 07:00-12:00, 13:00-19:00, Sat, Sun 08:00-12:00`. A span
    /// that ends before it begins (`22:00-06:00`) ends on the next day; `daily` stands for all days.
    ///
    /// # Errors
    /// The first word that can't be understood.
    pub fn parse(text: &str) -> Result<Self, HoursError> {
        let text = text.trim();
        match text.to_ascii_lowercase().as_str() {
            "" => return Err(HoursError::Empty),
            "always" => return Ok(Self::Always),
            "never" => return Ok(Self::Never),
            _ => {}
        }
        let mut windows = Vec::new();
        let (mut days, mut days_have_hours) = (0_u8, false);
        for item in text.split(',').map(str::trim) {
            let mut words = item.split_whitespace();
            let (Some(first), second, None) = (words.next(), words.next(), words.next()) else {
                return Err(if item.is_empty() { HoursError::Empty } else { HoursError::Span(item.to_owned()) });
            };
            let (named, span) = match second {
                Some(span) => (Some(first), Some(span)),
                None if first.starts_with(|c: char| c.is_ascii_digit()) => (None, Some(first)),
                None => (Some(first), None),
            };
            if let Some(named) = named {
                let more = parse_days(named)?;
                days = if days_have_hours { more } else { days | more };
                days_have_hours = false;
            }
            if let Some(span) = span {
                if days == 0 {
                    return Err(HoursError::NoDays(item.to_owned()));
                }
                let (start, end) = parse_span(span).ok_or_else(|| HoursError::Span(span.to_owned()))?;
                windows.push(Window { days, start, end });
                days_have_hours = true;
            }
            if windows.len() > MAX_WINDOWS {
                return Err(HoursError::TooMany);
            }
        }
        if !days_have_hours {
            return Err(HoursError::NoHours(text.to_owned()));
        }
        Ok(Self::Weekly(windows))
    }
}

fn parse_days(text: &str) -> Result<u8, HoursError> {
    if text.eq_ignore_ascii_case("daily") {
        return Ok(0x7f);
    }
    let day = |word: &str| {
        let word = word.to_ascii_lowercase();
        LONG_DAYS
            .iter()
            .position(|long| word == *long || (word.len() == 3 && long.starts_with(&word)))
            .ok_or_else(|| HoursError::Day(text.to_owned()))
    };
    match text.split_once('-') {
        None => Ok(1 << day(text)?),
        Some((from, to)) => {
            let (mut at, to) = (day(from)?, day(to)?);
            let mut days = 1 << at;
            while at != to {
                at = (at + 1) % 7;
                days |= 1 << at;
            }
            Ok(days)
        }
    }
}

fn parse_span(text: &str) -> Option<(u16, u16)> {
    let (from, to) = text.split_once('-')?;
    let (start, end) = (parse_time(from)?, parse_time(to)?);
    if start >= DAY_MINUTES || start == end {
        return None;
    }
    Some((start, if end < start { end + DAY_MINUTES } else { end }))
}

fn parse_time(text: &str) -> Option<u16> {
    let (hours, minutes) = text.split_once(':').unwrap_or((text, "00"));
    let number = |digits: &str, longest: usize| {
        (digits.len() <= longest && !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))
            .then(|| digits.parse::<u16>().ok())
            .flatten()
    };
    let (hours, minutes) = (number(hours, 2)?, number(minutes, 2).filter(|_| minutes.len() == 2)?);
    let total = hours * 60 + minutes;
    (minutes < 60 && total <= DAY_MINUTES).then_some(total)
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let windows = match self {
            Self::Always => return f.write_str("always"),
            Self::Never => return f.write_str("never"),
            Self::Weekly(windows) => windows,
        };
        for (number, window) in windows.iter().enumerate() {
            if number > 0 {
                f.write_str(", ")?;
            }
            let on = |day: usize| window.days & (1 << day) != 0;
            let mut day = 0;
            let mut first = true;
            while day < 7 {
                if on(day) {
                    let last = (day..7).take_while(|next| on(*next)).last().unwrap_or(day);
                    if !first {
                        f.write_str(", ")?;
                    }
                    first = false;
                    match last - day {
                        0 => f.write_str(DAYS.get(day).unwrap_or(&""))?,
                        _ => write!(f, "{}-{}", DAYS.get(day).unwrap_or(&""), DAYS.get(last).unwrap_or(&""))?,
                    }
                    day = last;
                }
                day += 1;
            }
            let end = if window.end > DAY_MINUTES { window.end - DAY_MINUTES } else { window.end };
            write!(f, " {:02}:{:02}-{:02}:{:02}", window.start / 60, window.start % 60, end / 60, end % 60)?;
        }
        Ok(())
    }
}

/// A schedule at a place: pure once made. A window that begins or ends in an hour the clock skips moves with it; one
/// that does so in an hour the clock repeats takes the first of the two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpectedHours {
    /// When, by the clock there.
    pub schedule: Schedule,
    /// Where.
    pub zone: TimeZone,
}

impl ExpectedHours {
    /// Expected at all times.
    #[must_use]
    pub fn always() -> Self {
        Self { schedule: Schedule::Always, zone: TimeZone::UTC }
    }

    /// Whether the machine is expected to run at this moment.
    #[must_use]
    pub fn is_expected(&self, at: Timestamp) -> bool {
        match &self.schedule {
            Schedule::Always => true,
            Schedule::Never => false,
            // Two days back and one ahead: a window may reach into the next day, and a zone may skip one.
            Schedule::Weekly(windows) => {
                self.spans(windows, at, -2, 1).iter().any(|(start, end)| (*start..*end).contains(&at.0))
            }
        }
    }

    /// The next moment after `at` at which [`Self::is_expected`] changes; `None` where it never does.
    #[must_use]
    pub fn next_change_after(&self, at: Timestamp) -> Option<Timestamp> {
        let Schedule::Weekly(windows) = &self.schedule else { return None };
        let mut spans = self.spans(windows, at, -2, LOOK_AHEAD_DAYS);
        spans.sort_unstable();
        let mut joined: Vec<(i64, i64)> = Vec::new();
        for (start, end) in spans {
            match joined.last_mut() {
                Some(last) if start <= last.1 => last.1 = last.1.max(end),
                _ => joined.push((start, end)),
            }
        }
        let horizon = at.0.saturating_add(i64::from(LOOK_AHEAD_DAYS - 2) * 86_400_000);
        joined
            .iter()
            .flat_map(|(start, end)| [*start, *end])
            .find(|change| *change > at.0)
            .filter(|change| *change < horizon)
            .map(Timestamp)
    }

    /// Start and end, in milliseconds, of each window that begins from `from` to `to` days after the local day of `at`.
    fn spans(&self, windows: &[Window], at: Timestamp, from: i32, to: i32) -> Vec<(i64, i64)> {
        let Ok(moment) = jiff::Timestamp::from_millisecond(at.0) else { return Vec::new() };
        let today = self.zone.to_datetime(moment).date();
        let mut spans = Vec::new();
        for day in (from..=to).filter_map(|days| today.checked_add(jiff::Span::new().days(days)).ok()) {
            let bit = 1_u8 << day.weekday().to_monday_zero_offset();
            for window in windows.iter().filter(|window| window.days & bit != 0) {
                if let (Some(start), Some(end)) = (self.moment(day, window.start), self.moment(day, window.end))
                    && start < end
                {
                    spans.push((start, end));
                }
            }
        }
        spans
    }

    fn moment(&self, day: Date, minutes: u16) -> Option<i64> {
        let day = if minutes >= DAY_MINUTES { day.tomorrow().ok()? } else { day };
        let minutes = i8::try_from(minutes % DAY_MINUTES / 60).ok().zip(i8::try_from(minutes % 60).ok());
        let (hour, minute) = minutes?;
        self.zone.to_timestamp(day.at(hour, minute, 0, 0)).ok().map(jiff::Timestamp::as_millisecond)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(text: &str) -> Timestamp {
        Timestamp(text.parse::<jiff::Timestamp>().unwrap().as_millisecond())
    }

    /// Berlin without a time zone database: CET, and CEST from the last Sunday of March to the last of October.
    fn hours(text: &str) -> ExpectedHours {
        let zone = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
        ExpectedHours { schedule: Schedule::parse(text).unwrap(), zone }
    }

    #[test]
    fn office_hours_are_local_and_end_when_they_end() {
        let office = hours("Mon-Fri 07:00-19:00, Sat 08:00-12:00");
        assert!(!office.is_expected(at("2026-06-01T04:59:59Z")));
        assert!(office.is_expected(at("2026-06-01T05:00:00Z")));
        assert!(office.is_expected(at("2026-06-01T16:59:59Z")));
        assert!(!office.is_expected(at("2026-06-01T17:00:00Z")));
        assert!(office.is_expected(at("2026-01-05T06:00:00Z")), "winter: one hour later in UTC");
        assert!(!office.is_expected(at("2026-01-05T05:59:00Z")));
        assert!(!office.is_expected(at("2026-06-07T10:00:00Z")), "Sunday");
        assert_eq!(office.next_change_after(at("2026-06-06T11:00:00Z")), Some(at("2026-06-08T05:00:00Z")));
        assert_eq!(office.next_change_after(at("2026-06-05T05:00:00Z")), Some(at("2026-06-05T17:00:00Z")));
    }

    #[test]
    fn the_night_shift_survives_both_changes_of_the_clock() {
        let night = hours("Sat 22:00-06:00");
        // In March the night is an hour shorter, in October an hour longer.
        assert_eq!(night.next_change_after(at("2026-03-28T21:00:00Z")), Some(at("2026-03-29T04:00:00Z")));
        assert_eq!(night.next_change_after(at("2026-10-24T20:00:00Z")), Some(at("2026-10-25T05:00:00Z")));
        // A window in the hour that is skipped moves behind it; one in the hour that is repeated is there once.
        let skipped = hours("Sun 02:15-02:45");
        assert_eq!(skipped.next_change_after(at("2026-03-28T12:00:00Z")), Some(at("2026-03-29T01:15:00Z")));
        assert!(skipped.is_expected(at("2026-10-25T00:30:00Z")) && !skipped.is_expected(at("2026-10-25T01:30:00Z")));
    }

    #[test]
    fn what_never_changes_says_so() {
        for text in ["always", "never", "Mon-Sun 00:00-24:00", "daily 06:00-18:00, 18:00-06:00"] {
            assert_eq!(hours(text).next_change_after(at("2026-06-01T00:00:00Z")), None, "{text}");
        }
        assert!(hours("daily 00-24").is_expected(at("2026-06-01T00:00:00Z")));
        assert!(!hours("Never").is_expected(at("2026-06-01T00:00:00Z")));
    }

    #[test]
    fn a_skipped_day_is_not_the_end_of_the_week() {
        let zone = TimeZone::get("Pacific/Apia");
        if let Ok(zone) = zone {
            let fridays = ExpectedHours { schedule: Schedule::parse("Fri 08:00-17:00").unwrap(), zone };
            let change = fridays.next_change_after(at("2011-12-24T12:00:00Z"));
            assert!(change.is_some(), "the next Friday after the one that never was");
        }
    }

    #[test]
    fn days_may_stand_alone_and_hours_may_repeat() {
        for (text, shown) in [
            ("mon-fri 07:00-12:00, 13-17", "Mon-Fri 07:00-12:00, Mon-Fri 13:00-17:00"),
            ("Sat, Sunday 9:00-12:00", "Sat-Sun 09:00-12:00"),
            ("Fri-Mon 22:00-06:00", "Mon, Fri-Sun 22:00-06:00"),
            ("daily 00:00-24:00", "Mon-Sun 00:00-24:00"),
            (" ALWAYS ", "always"),
        ] {
            assert_eq!(Schedule::parse(text).unwrap().to_string(), shown);
            assert_eq!(Schedule::parse(shown).unwrap().to_string(), shown, "what is shown can be written");
        }
    }

    #[test]
    fn mistakes_are_named() {
        assert_eq!(Schedule::parse(" "), Err(HoursError::Empty));
        assert_eq!(Schedule::parse("Mon-Fri"), Err(HoursError::NoHours("Mon-Fri".into())));
        assert_eq!(Schedule::parse("07:00-19:00"), Err(HoursError::NoDays("07:00-19:00".into())));
        assert_eq!(Schedule::parse("Mo-Fr 07:00-19:00"), Err(HoursError::Day("Mo-Fr".into())));
        for bad in
            ["Mon 07:00", "Mon 25:00-26:00", "Mon 7:0-8:00", "Mon 08:00-08:00", "Mon 24:00-25:00", "Mon -1:00-8:00"]
        {
            assert!(matches!(Schedule::parse(bad), Err(HoursError::Span(_))), "{bad}");
        }
        assert_eq!(Schedule::parse("Mon 07:00-08:00,"), Err(HoursError::Empty));
    }

    proptest! {
        #[test]
        fn the_next_change_is_a_change_and_the_first(
            days in 1_u8..128, start in 0_u16..1440, length in 1_u16..1440, minute in 0_i64..600_000
        ) {
            let window = Window { days, start, end: start + length };
            let zone = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
            let hours = ExpectedHours { schedule: Schedule::Weekly(vec![window]), zone };
            let now = Timestamp(at("2026-01-01T00:00:00Z").0 + minute * 60_000);
            if let Some(change) = hours.next_change_after(now) {
                prop_assert_ne!(hours.is_expected(change), hours.is_expected(Timestamp(change.0 - 1)));
                prop_assert_eq!(hours.is_expected(Timestamp(change.0 - 1)), hours.is_expected(now));
                let halfway = Timestamp(now.0 + (change.0 - now.0) / 2);
                prop_assert_eq!(hours.is_expected(halfway), hours.is_expected(now));
            }
        }

        #[test]
        fn parsing_never_panics(text in "\\PC{0,40}") {
            let _ = Schedule::parse(&text);
        }
    }
}
