//! Measured values as checks say them.

use crate::fleet::checks::perfdata::Perfdata;
use crate::fleet::checks::threshold::Thresholds;
use crate::fleet::words::CheckState;

/// A measured value with the ranges it was judged by.
pub fn value(label: &str, value: f64, unit: &str, thresholds: &Thresholds, max: Option<f64>) -> Perfdata {
    Perfdata {
        warning: thresholds.warning,
        critical: thresholds.critical,
        min: Some(0.0),
        max,
        ..Perfdata::new(label, value, unit)
    }
}

/// The graver of two states.
pub fn worst(one: CheckState, other: CheckState) -> CheckState {
    if other.gravity() > one.gravity() { other } else { one }
}

/// Bytes in the unit people read them in.
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let mut amount = bytes as f64 / 1024.0;
    let mut units = UNITS.into_iter();
    let mut unit = units.next().unwrap_or_default();
    while amount >= 999.5 {
        let Some(larger) = units.next() else { break };
        (amount, unit) = (amount / 1024.0, larger);
    }
    if amount < 9.95 { format!("{amount:.1} {unit}") } else { format!("{amount:.0} {unit}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_short() {
        for (bytes, text) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.0 KiB"),
            (10_240, "10 KiB"),
            (1_048_575, "1.0 MiB"),
            (5_368_709_120, "5.0 GiB"),
            (u64::MAX, "16 EiB"),
        ] {
            assert_eq!(size(bytes), text);
        }
    }
}
