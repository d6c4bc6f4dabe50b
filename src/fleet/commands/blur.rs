//! What similar outputs have in common: the text without what differs from host to host although nothing is different.

/// Units that stand right behind a number: `9M` and `1.2G` are both a size.
const UNITS: [&str; 22] = [
    "k", "m", "g", "t", "p", "e", "b", "kb", "mb", "gb", "tb", "ki", "mi", "gi", "ti", "kib", "mib", "gib", "tib", "s",
    "ms", "h",
];
/// Days and months, as programs write them in any language's C locale.
const DATES: [&str; 19] = [
    "mon", "tue", "wed", "thu", "fri", "sat", "sun", "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep",
    "oct", "nov", "dec",
];
/// Hexadecimal digits from which on a word with a decimal digit in it is an id.
const ID: usize = 6;

/// The text with `#` for each number, size, time, date and id, `@` for each of these names (the longest first), and one
/// blank for a run of them: columns are as wide as their numbers.
#[must_use]
pub fn blurred(text: &[u8], names: &[String]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.first() {
        let taken = if let Some(name) = names.iter().find(|name| begins_with(rest, name)) {
            out.push(b'@');
            name.len()
        } else if is_word(*first) {
            let length = rest.iter().position(|byte| !is_word(*byte)).unwrap_or(rest.len());
            blur(rest.get(..length).unwrap_or_default(), &mut out);
            length
        } else {
            match first {
                b'\n' => {
                    out.pop_if(|last| *last == b' ');
                    out.push(b'\n');
                }
                b' ' | b'\t' | b'\r' if matches!(out.last(), None | Some(b' ' | b'\n')) => {}
                b' ' | b'\t' | b'\r' => out.push(b' '),
                other => out.push(*other),
            }
            1
        };
        rest = rest.get(taken.max(1)..).unwrap_or_default();
    }
    out
}

const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

/// Whether the name stands here, and does not only begin another word.
fn begins_with(text: &[u8], name: &str) -> bool {
    let here = text.get(..name.len()).is_some_and(|here| here.eq_ignore_ascii_case(name.as_bytes()));
    here && !name.is_empty() && text.get(name.len()).is_none_or(|next| !is_word(*next) && *next != b'-')
}

fn blur(word: &[u8], out: &mut Vec<u8>) {
    let lower = word.to_ascii_lowercase();
    let digits = lower.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(lower.len());
    let unit = lower.get(digits..).unwrap_or_default();
    let is_measure = digits > 0 && (unit.is_empty() || UNITS.iter().any(|known| known.as_bytes() == unit));
    let is_id = lower.len() >= ID && lower.iter().all(u8::is_ascii_hexdigit) && lower.iter().any(u8::is_ascii_digit);
    if is_measure || is_id || DATES.iter().any(|date| date.as_bytes() == lower) {
        return number(out);
    }
    for byte in word {
        match byte {
            b'0'..=b'9' if out.last() == Some(&b'#') => {}
            b'0'..=b'9' => out.push(b'#'),
            other => out.push(*other),
        }
    }
}

/// A number; one behind another with a sign between them, as in `10:15` or `2026-11-27`, is a part of it.
fn number(out: &mut Vec<u8>) {
    if let [.., b'#', b'.' | b',' | b':' | b'-' | b'/'] = out.as_slice() {
        out.pop();
    } else {
        out.push(b'#');
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    fn blurred(text: &str, names: &[&str]) -> String {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        String::from_utf8(super::blurred(text.as_bytes(), &names)).unwrap()
    }

    #[test]
    fn numbers_times_and_the_hosts_name_do_not_tell_two_outputs_apart() {
        let one = "web-01.acme.lan up 3 days, load average: 0.00, 1.25\n/dev/sda1   100G   61G  61% /\nFri Nov 27 06:34:30 UTC 2026\n";
        let two =
            "db2 up 21 days, load average: 12.31, 0.07\n/dev/sda1   9.5T  400M   5% /\nSun Dec 1 21:00:01 UTC 2026\n";
        let expected = "@ up # days, load average: #, #\n/dev/sda# # # #% /\n# # # # UTC #\n";
        assert_eq!(blurred(one, &["web-01.acme.lan", "web-01"]), expected);
        assert_eq!(blurred(two, &["DB2"]), expected);
        assert_eq!(blurred("pid 3f2a91bc at 10.0.0.1", &[]), blurred("pid 9 at 192.168.7.200", &[]));
    }

    #[test]
    fn words_do() {
        for (one, two) in [("active", "inactive"), ("sda1", "sdb1"), ("ok\n", "ok\nok\n"), ("web-010", "web-01x")] {
            assert_ne!(blurred(one, &["web-01"]), blurred(two, &["web-01"]), "{one:?} {two:?}");
        }
        assert_eq!(blurred("added decade", &[]), "added decade", "a word is no number in base 16");
    }

    proptest! {
        #[test]
        fn any_bytes_are_blurred_and_no_number_is_left(text in prop::collection::vec(any::<u8>(), 0..200)) {
            let once = super::blurred(&text, &["vm".to_owned()]);
            prop_assert!(once.len() <= text.len());
            let numbers = "0123456789".bytes().any(|digit| once.contains(&digit));
            prop_assert!(!numbers, "{once:?}");
        }
    }
}
