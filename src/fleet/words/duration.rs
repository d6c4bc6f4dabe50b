//! Spans of time as users write them (`15m`, `1h30m`) and as they read them (`1h 20m`, `41d`).

use std::time::Duration;

use thiserror::Error;

/// The units, longest first, with their milliseconds.
const UNITS: [(&str, u64); 6] =
    [("w", 604_800_000), ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)];

/// The longest span that is read: a hundred years.
pub const LONGEST: Duration = Duration::from_secs(36_500 * 86_400);

/// Why a text is no span of time. Each message says what to write instead.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DurationError {
    /// Nothing was written.
    #[error("a span of time is missing: write a number and a unit, such as 30s, 15m, 1h30m or 2d")]
    Empty,
    /// A unit, or something else, stands where a number must.
    #[error("{0:?} is no span of time: write whole numbers with units, such as 30s, 15m, 1h30m or 2d")]
    NoNumber(String),
    /// A number has no unit.
    #[error("{0} has no unit: write {0}s, {0}m, {0}h or {0}d")]
    NoUnit(u64),
    /// The unit is not known.
    #[error("{0:?} is no unit of time: the units are ms, s, m, h, d and w")]
    UnknownUnit(String),
    /// A longer unit follows a shorter one, or the same again.
    #[error("{0} stands too late: write the longest unit first and each once, as in 1d12h or 1h30m")]
    Order(&'static str),
    /// More than a hundred years.
    #[error("the span is too long: write at most 36500d")]
    TooLong,
}

/// Reads a span of time as users write it: whole numbers with the units `w d h m s ms`, longest first, each at most
/// once, spaces between them allowed.
///
/// # Errors
/// Says what to write, for anything else.
pub fn parse(text: &str) -> Result<Duration, DurationError> {
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err(DurationError::Empty);
    }
    let mut total: u64 = 0;
    let mut units = UNITS.iter();
    while !rest.is_empty() {
        let (digits, after) = rest.split_at(rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len()));
        if digits.is_empty() {
            return Err(DurationError::NoNumber(quoted(text)));
        }
        let number: u64 = digits.parse().map_err(|_| DurationError::TooLong)?;
        let (unit, after) = after.split_at(after.find(|c: char| !c.is_alphabetic()).unwrap_or(after.len()));
        if unit.is_empty() {
            // "1.5h" has a unit, but no whole number
            return Err(if after.is_empty() || after.starts_with(' ') {
                DurationError::NoUnit(number)
            } else {
                DurationError::NoNumber(quoted(text))
            });
        }
        let Some((_, length)) = units.by_ref().find(|(name, _)| *name == unit) else {
            return Err(match UNITS.iter().find(|(name, _)| *name == unit) {
                Some((name, _)) => DurationError::Order(name),
                None => DurationError::UnknownUnit(quoted(unit)),
            });
        };
        total = number.checked_mul(*length).and_then(|span| total.checked_add(span)).ok_or(DurationError::TooLong)?;
        rest = after.trim_start();
    }
    let span = Duration::from_millis(total);
    if span > LONGEST { Err(DurationError::TooLong) } else { Ok(span) }
}

/// The span to the millisecond, as [`parse`] reads it: `1h30m`, `250ms`, `0s`.
#[must_use]
pub fn exact(span: Duration) -> String {
    let mut left = u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
    let mut text = String::new();
    // weeks are read, but not written: nobody counts them in a log
    for (unit, length) in UNITS.into_iter().skip(1) {
        if left >= length {
            text.push_str(&format!("{}{unit}", left / length));
            left %= length;
        }
    }
    if text.is_empty() { "0s".to_owned() } else { text }
}

/// An age in at most two units, rounded down: `250ms`, `59s`, `4m`, `1h 20m`, `3d 4h`, `41d`.
#[must_use]
pub fn short(span: Duration) -> String {
    let seconds = span.as_secs();
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    let two = |first: u64, unit: &str, second: u64, small: &str| {
        if second == 0 { format!("{first}{unit}") } else { format!("{first}{unit} {second}{small}") }
    };
    match seconds {
        0 if !span.is_zero() => format!("{}ms", span.as_millis()),
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{minutes}m"),
        3600..86_400 => two(hours, "h", minutes % 60, "m"),
        86_400..864_000 => two(days, "d", hours % 24, "h"),
        _ => format!("{days}d"),
    }
}

/// An age in one unit and at most four characters, for the cells of a table: `59s`, `12m`, `3h`, `41d`, `3y`.
#[must_use]
pub fn compact(span: Duration) -> String {
    let seconds = span.as_secs();
    let days = seconds / 86_400;
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{}m", seconds / 60),
        3600..86_400 => format!("{}h", seconds / 3600),
        _ if days < 1000 => format!("{days}d"),
        _ => format!("{}y", (days / 365).min(999)),
    }
}

fn quoted(text: &str) -> String {
    text.chars().take(40).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn spans_are_read_as_users_write_them() {
        for (text, millis) in [
            ("15m", 900_000),
            ("30s", 30_000),
            ("1h30m", 5_400_000),
            ("1h 30m", 5_400_000),
            (" 2d ", 172_800_000),
            ("250ms", 250),
            ("1s500ms", 1500),
            ("1w", 604_800_000),
            ("0s", 0),
            ("90m", 5_400_000),
        ] {
            assert_eq!(parse(text), Ok(Duration::from_millis(millis)), "{text}");
        }
    }

    #[test]
    fn what_is_no_span_says_what_to_write() {
        for (text, hint) in [
            ("", "15m"),
            ("   ", "15m"),
            ("15", "write 15s, 15m"),
            ("1h 30", "write 30s, 30m"),
            ("m", "whole numbers"),
            ("1.5h", "whole numbers"),
            ("-5m", "whole numbers"),
            ("five", "whole numbers"),
            ("5x", "units are ms, s, m, h, d and w"),
            ("5M", "units are"),
            ("30m1h", "longest unit first"),
            ("1h1h", "longest unit first"),
            ("99999999999999999999d", "too long"),
            ("9999999999d", "too long"),
            ("36501d", "at most 36500d"),
            ("1h٣m", "whole numbers"),
        ] {
            let error = parse(text).expect_err(text).to_string();
            assert!(error.contains(hint), "{text}: {error}");
        }
    }

    #[test]
    fn ages_are_short() {
        for (seconds, long, cell) in [
            (0, "0s", "0s"),
            (59, "59s", "59s"),
            (60, "1m", "1m"),
            (299, "4m", "4m"),
            (3599, "59m", "59m"),
            (3600, "1h", "1h"),
            (4800, "1h 20m", "1h"),
            (86_399, "23h 59m", "23h"),
            (86_400, "1d", "1d"),
            (259_200 + 4 * 3600, "3d 4h", "3d"),
            (41 * 86_400 + 7200, "41d", "41d"),
            (1200 * 86_400, "1200d", "3y"),
            (u64::MAX, "213503982334601d", "999y"),
        ] {
            assert_eq!(
                (short(Duration::from_secs(seconds)).as_str(), compact(Duration::from_secs(seconds)).as_str()),
                (long, cell)
            );
        }
        assert_eq!(short(Duration::from_millis(250)), "250ms");
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(millis in 0..=u64::try_from(LONGEST.as_millis()).unwrap()) {
            let span = Duration::from_millis(millis);
            prop_assert_eq!(parse(&exact(span)), Ok(span));
        }

        #[test]
        fn a_cell_holds_every_age(seconds: u64) {
            prop_assert!(compact(Duration::from_secs(seconds)).len() <= 4);
        }

        #[test]
        fn no_text_breaks_it(text: String) {
            let _ = parse(&text);
        }
    }
}
