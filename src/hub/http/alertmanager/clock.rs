//! Times as Alertmanager writes them: RFC 3339, UTC, milliseconds. Written by hand: a list of 100,000 alerts has 300,000.

use crate::fleet::words::Timestamp;

const DAY: i64 = 86_400_000;

/// Writes a time; what is out of four-digit years is the nearest that is within.
pub fn write(out: &mut Vec<u8>, time: Timestamp) {
    // 0001-01-01 and 9999-12-31
    let ms = time.0.clamp(-62_135_596_800_000, 253_402_300_799_999);
    let (days, rest) = (ms.div_euclid(DAY), ms.rem_euclid(DAY));
    let (year, month, day) = civil(days);
    digits(out, year, 4);
    out.push(b'-');
    digits(out, month, 2);
    out.push(b'-');
    digits(out, day, 2);
    out.push(b'T');
    digits(out, rest / 3_600_000, 2);
    out.push(b':');
    digits(out, rest / 60_000 % 60, 2);
    out.push(b':');
    digits(out, rest / 1_000 % 60, 2);
    out.push(b'.');
    digits(out, rest % 1_000, 3);
    out.push(b'Z');
}

fn digits(out: &mut Vec<u8>, number: i64, places: u32) {
    for place in (0..places).rev() {
        let digit = number / 10_i64.pow(place) % 10;
        out.push(b'0' + u8::try_from(digit).unwrap_or(0));
    }
}

/// Year, month and day of a day since 1970-01-01, by the proleptic Gregorian calendar (Howard Hinnant's algorithm).
const fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year_of_era + era * 400;
    (if month <= 2 { year + 1 } else { year }, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_a_calendar() {
        let text = |ms| {
            let mut out = Vec::new();
            write(&mut out, Timestamp(ms));
            String::from_utf8(out).unwrap()
        };
        assert_eq!(text(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(text(i64::MIN), "0001-01-01T00:00:00.000Z");
        assert_eq!(text(i64::MAX), "9999-12-31T23:59:59.999Z");
        for ms in (-2_000_000_000_000..4_000_000_000_000_i64).step_by(86_399_999 * 3) {
            let known = jiff::Timestamp::from_millisecond(ms).unwrap().strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string();
            assert_eq!(text(ms), known);
        }
    }
}
