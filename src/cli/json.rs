//! What `--json` prints: one array or object, times in RFC 3339 UTC, spans in seconds.

use std::io::{self, Write};
use std::time::Duration;

use serde::Serialize;

use crate::fleet::words::Timestamp;

/// A moment in RFC 3339, UTC, to the second: `2026-06-01T05:00:00Z`.
#[must_use]
pub fn rfc3339(at: Timestamp) -> String {
    let second = at.0.div_euclid(1000);
    match jiff::Timestamp::from_second(second) {
        Ok(moment) => moment.to_string(),
        // Beyond the year 9999: an end, not a time.
        Err(_) if second > 0 => jiff::Timestamp::MAX.to_string(),
        Err(_) => jiff::Timestamp::MIN.to_string(),
    }
}

/// As [`rfc3339`]; `null` for the moment that never was.
#[must_use]
pub fn rfc3339_or_null(at: Option<Timestamp>) -> Option<String> {
    at.filter(|at| at.0 != 0).map(rfc3339)
}

/// A span in whole seconds.
#[must_use]
pub const fn seconds(span: Duration) -> u64 {
    span.as_secs()
}

/// Prints one array or object and a line end on standard output.
///
/// # Errors
/// When standard output can't be written to.
pub fn print(value: &impl Serialize) -> io::Result<()> {
    let mut text = serde_json::to_string_pretty(value)?;
    text.push('\n');
    io::stdout().lock().write_all(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_utc_to_the_second() {
        assert_eq!(rfc3339(Timestamp(1_780_290_000_999)), "2026-06-01T05:00:00Z");
        assert_eq!(rfc3339(Timestamp(-1)), "1969-12-31T23:59:59Z");
        assert!(rfc3339(Timestamp(i64::MAX)).starts_with("9999-"));
        assert_eq!(rfc3339_or_null(Some(Timestamp(0))), None);
    }
}
