//! Thresholds in the form of the Monitoring Plugins guidelines: ranges outside of which a value alerts.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use crate::fleet::words::CheckState;

/// A range; a value outside of it alerts, with `@` one inside of it. Both ends belong to the range.
///
/// | written | alerts when |
/// |---|---|
/// | `10` | below 0 or above 10 |
/// | `10:` | below 10 |
/// | `~:10` | above 10 |
/// | `10:20` | below 10 or above 20 |
/// | `@10:20` | from 10 to 20 |
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Range {
    start: f64,
    end: f64,
    inside: bool,
}

/// Why a text is no range. Each message says what to write.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RangeError {
    /// Nothing was written.
    #[error("the range is empty: write one such as 90, 10:, ~:10, 10:20 or @10:20")]
    Empty,
    /// An end is no finite number.
    #[error("{0:?} is no number: write a range such as 90, 10:, ~:10, 10:20 or @10:20, without a unit")]
    NoNumber(String),
    /// The start lies above the end.
    #[error("{0}: the start lies above the end; write the smaller number first, or @ in front to alert inside")]
    Backwards(String),
}

impl Range {
    /// A range from `start` to `end` (infinite where open) that alerts outside of it; `None` where the ends are no
    /// numbers or the start lies above the end.
    #[must_use]
    pub fn outside(start: f64, end: f64) -> Option<Self> {
        (start <= end && start < f64::INFINITY && end > f64::NEG_INFINITY).then_some(Self { start, end, inside: false })
    }

    /// Whether the value alerts. `None` where the value is no finite number: then nothing can be said, least of all
    /// that all is well.
    #[must_use]
    pub fn alerts(&self, value: f64) -> Option<bool> {
        value.is_finite().then(|| (self.start..=self.end).contains(&value) == self.inside)
    }

    /// The lower end; negative infinity where open.
    #[must_use]
    pub const fn start(&self) -> f64 {
        self.start
    }

    /// The upper end; infinity where open.
    #[must_use]
    pub const fn end(&self) -> f64 {
        self.end
    }

    /// Whether it alerts inside instead of outside.
    #[must_use]
    pub const fn is_inside(&self) -> bool {
        self.inside
    }
}

/// A finite number; unlike Rust's own reading, no `inf`, no `nan`, nothing that overflows.
pub(super) fn number(text: &str) -> Option<f64> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b'.' | b'e' | b'E'));
    text.parse().ok().filter(|number: &f64| is_plain && number.is_finite())
}

impl FromStr for Range {
    type Err = RangeError;

    fn from_str(text: &str) -> Result<Self, RangeError> {
        let text = text.trim();
        let (inside, ends) = text.strip_prefix('@').map_or((false, text), |ends| (true, ends));
        if ends.is_empty() {
            return Err(RangeError::Empty);
        }
        let read = |end: &str| number(end).ok_or_else(|| RangeError::NoNumber(end.chars().take(40).collect()));
        let (start, end) = match ends.split_once(':') {
            None => (0.0, read(ends)?),
            Some((start, end)) => (
                match start {
                    "~" => f64::NEG_INFINITY,
                    "" => 0.0,
                    start => read(start)?,
                },
                if end.is_empty() { f64::INFINITY } else { read(end)? },
            ),
        };
        if start > end {
            return Err(RangeError::Backwards(text.chars().take(40).collect()));
        }
        Ok(Self { start, end, inside })
    }
}

/// The shortest form that reads back as the same range.
impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.inside {
            f.write_str("@")?;
        }
        if self.start == f64::NEG_INFINITY {
            f.write_str("~:")?;
        } else if self.start != 0.0 || self.end == f64::INFINITY {
            write!(f, "{}:", Shown(self.start))?;
        }
        if self.end == f64::INFINITY { Ok(()) } else { write!(f, "{}", Shown(self.end)) }
    }
}

/// A number as plugins print it; very large and very small ones with an exponent instead of hundreds of zeros.
pub(super) struct Shown(pub f64);

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let size = self.0.abs();
        if size != 0.0 && !(1e-6..1e15).contains(&size) { write!(f, "{:e}", self.0) } else { write!(f, "{}", self.0) }
    }
}

/// The two ranges of a check.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Thresholds {
    /// A value that alerts here is a warning.
    pub warning: Option<Range>,
    /// A value that alerts here is critical.
    pub critical: Option<Range>,
}

impl Thresholds {
    /// What a value means. A value that is no finite number is unknown, never ok.
    #[must_use]
    pub fn judge(&self, value: f64) -> CheckState {
        let alerts = |range: Option<Range>| range.and_then(|range| range.alerts(value)) == Some(true);
        match () {
            () if !value.is_finite() => CheckState::Unknown,
            () if alerts(self.critical) => CheckState::Critical,
            () if alerts(self.warning) => CheckState::Warning,
            () => CheckState::Ok,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ranges_alert_as_the_guidelines_say() {
        for (range, alerting, quiet) in [
            ("10", &[-0.1, 10.1][..], &[0.0, 5.0, 10.0][..]),
            ("10:", &[9.9, -5.0], &[10.0, 1e300]),
            ("~:10", &[10.1], &[10.0, 0.0, -1e300]),
            ("10:20", &[9.9, 20.1], &[10.0, 15.0, 20.0]),
            ("@10:20", &[10.0, 15.0, 20.0], &[9.9, 20.1]),
            ("@10", &[0.0, 10.0], &[-0.1, 10.1]),
            (":10", &[-0.1, 10.1], &[0.0]),
            ("-5:-1", &[0.0, -6.0], &[-5.0, -1.0]),
            ("0.5:1e3", &[0.4, 1001.0], &[0.5, 1000.0]),
            ("~:", &[], &[0.0, -1e300, 1e300]),
            (" 10 ", &[11.0], &[10.0]),
        ] {
            let parsed: Range = range.parse().unwrap();
            assert!(alerting.iter().all(|value| parsed.alerts(*value) == Some(true)), "{range}");
            assert!(quiet.iter().all(|value| parsed.alerts(*value) == Some(false)), "{range}");
            assert_eq!(parsed.alerts(f64::NAN), None);
        }
    }

    #[test]
    fn what_is_no_range_says_what_to_write() {
        for (range, hint) in [
            ("", "10:20"),
            ("@", "10:20"),
            ("nan", "no number"),
            ("inf", "no number"),
            ("~:inf", "no number"),
            ("1e999", "no number"),
            ("90%", "without a unit"),
            ("20:10", "smaller number first"),
            ("10:20:30", "no number"),
            ("~", "no number"),
            ("10 20", "no number"),
            ("~:~", "no number"),
        ] {
            let error = range.parse::<Range>().expect_err(range).to_string();
            assert!(error.contains(hint), "{range}: {error}");
        }
    }

    #[test]
    fn the_graver_range_wins_and_no_number_is_unknown() {
        let thresholds = Thresholds { warning: "80".parse().ok(), critical: "90".parse().ok() };
        for (value, state) in [
            (80.0, CheckState::Ok),
            (80.1, CheckState::Warning),
            (90.1, CheckState::Critical),
            (-1.0, CheckState::Critical),
            (f64::NAN, CheckState::Unknown),
            (f64::INFINITY, CheckState::Unknown),
            (f64::NEG_INFINITY, CheckState::Unknown),
        ] {
            assert_eq!(thresholds.judge(value), state, "{value}");
        }
        assert_eq!(Thresholds::default().judge(1.0), CheckState::Ok);
        assert_eq!(Thresholds::default().judge(f64::NAN), CheckState::Unknown);
    }

    proptest! {
        #[test]
        fn a_printed_range_is_the_same_range(a in prop::num::f64::NORMAL | prop::num::f64::ZERO, b in -1e6..1e6_f64, open in 0..3, inside: bool) {
            let start = if open == 1 { f64::NEG_INFINITY } else { a.min(b) };
            let end = if open == 2 { f64::INFINITY } else { a.max(b) };
            let range = Range { inside, ..Range::outside(start, end).unwrap() };
            prop_assert_eq!(range.to_string().parse(), Ok(range));
        }

        #[test]
        fn no_text_breaks_it(text in "[-+~@:0-9.eEnaif ]{0,12}") {
            if let Ok(range) = text.parse::<Range>() {
                prop_assert_eq!(range.to_string().parse(), Ok(range));
            }
        }
    }
}
