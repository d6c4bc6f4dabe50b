//! Moments as users write them: `18:00`, `2026-06-01 18:00`, RFC 3339, or a span from now.

use jiff::civil::{DateTime, Time};
use jiff::tz::TimeZone;

use crate::fleet::words::{Timestamp, duration};

const FORMS: &str = "write 18:00, \"2026-06-01 18:00\", 2026-06-01T18:00:00Z, or a span from now such as 2h";

/// Reads a moment after `now`; without an offset it is meant in the given zone, a time of day is the next one.
///
/// # Errors
/// Says what to write; also for a moment that has passed.
pub fn parse(text: &str, now: Timestamp, zone: &TimeZone) -> Result<Timestamp, String> {
    let text = text.trim();
    let moment = if let Ok(span) = duration::parse(text) {
        Some(now + span)
    } else if let Ok(moment) = text.parse::<jiff::Timestamp>() {
        Some(Timestamp(moment.as_millisecond()))
    } else if let Some(time) = time_of_day(text) {
        next(time, now, zone)
    } else if let Ok(moment) = text.parse::<DateTime>() {
        zone.to_timestamp(moment).ok().map(|moment| Timestamp(moment.as_millisecond()))
    } else {
        None
    };
    match moment {
        Some(moment) if moment > now => Ok(moment),
        Some(_) => Err(format!("{text:?} has passed: {FORMS}")),
        None => Err(format!("{text:?} is no moment: {FORMS}")),
    }
}

/// Reads a moment before `now`, in the same forms: a span is counted back, a time of day is the last one.
///
/// # Errors
/// Says what to write; also for a moment that is yet to come.
pub fn parse_past(text: &str, now: Timestamp, zone: &TimeZone) -> Result<Timestamp, String> {
    const FORMS: &str = "write 08:00, \"2026-06-01 08:00\", 2026-06-01T08:00:00Z, or a span back from now such as 12h";
    let text = text.trim();
    let moment = if let Ok(span) = duration::parse(text) {
        Some(now - span)
    } else if let Ok(moment) = text.parse::<jiff::Timestamp>() {
        Some(Timestamp(moment.as_millisecond()))
    } else if let Some(time) = time_of_day(text) {
        last(time, now, zone)
    } else if let Ok(moment) = text.parse::<DateTime>() {
        zone.to_timestamp(moment).ok().map(|moment| Timestamp(moment.as_millisecond()))
    } else {
        None
    };
    match moment {
        Some(moment) if moment <= now => Ok(moment),
        Some(_) => Err(format!("{text:?} is yet to come: {FORMS}")),
        None => Err(format!("{text:?} is no moment: {FORMS}")),
    }
}

fn last(time: Time, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
    let today = zone.to_datetime(jiff::Timestamp::from_millisecond(now.0).ok()?).date();
    [today, today.yesterday().ok()?].into_iter().find_map(|day| {
        let moment = Timestamp(zone.to_timestamp(day.to_datetime(time)).ok()?.as_millisecond());
        (moment <= now).then_some(moment)
    })
}

fn time_of_day(text: &str) -> Option<Time> {
    // Anything with a date is longer.
    (text.len() <= 8 && text.contains(':')).then(|| text.parse().ok()).flatten()
}

fn next(time: Time, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
    let today = zone.to_datetime(jiff::Timestamp::from_millisecond(now.0).ok()?).date();
    [today, today.tomorrow().ok()?].into_iter().find_map(|day| {
        let moment = Timestamp(zone.to_timestamp(day.to_datetime(time)).ok()?.as_millisecond());
        (moment > now).then_some(moment)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp(text.parse::<jiff::Timestamp>().unwrap().as_millisecond())
    }

    #[test]
    fn a_moment_is_written_in_many_ways() {
        let zone = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
        let now = at("2026-06-01T10:00:00Z");
        for (text, moment) in [
            ("2h", "2026-06-01T12:00:00Z"),
            ("18:00", "2026-06-01T16:00:00Z"),
            ("11:30", "2026-06-02T09:30:00Z"),
            ("2026-06-03 08:00", "2026-06-03T06:00:00Z"),
            ("2026-06-03T08:00", "2026-06-03T06:00:00Z"),
            ("2026-06-03T08:00:00Z", "2026-06-03T08:00:00Z"),
            ("2026-06-03T08:00:00+09:00", "2026-06-02T23:00:00Z"),
        ] {
            assert_eq!(parse(text, now, &zone), Ok(at(moment)), "{text}");
        }
        for (text, moment) in [
            ("2h", "2026-06-01T08:00:00Z"),
            ("11:30", "2026-06-01T09:30:00Z"),
            ("18:00", "2026-05-31T16:00:00Z"),
            ("2026-06-01 08:00", "2026-06-01T06:00:00Z"),
        ] {
            assert_eq!(parse_past(text, now, &zone), Ok(at(moment)), "{text}");
        }
        for bad in ["", "yesterday", "2026-06-01T11:00:00Z"] {
            assert!(parse_past(bad, now, &zone).is_err(), "{bad}");
        }
        for bad in ["", "tomorrow", "2026-06-01T09:00:00Z", "0s", "25:00", "2026-13-01 08:00"] {
            assert!(parse(bad, now, &zone).is_err(), "{bad}");
        }
    }
}
