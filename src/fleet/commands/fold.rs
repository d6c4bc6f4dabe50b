//! Names of hosts in few words: `web[01-12,15],db1`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// More digits than this in a row are no number that anybody counts by.
const DIGITS_MAX: usize = 18;

/// A name taken apart at the last number of its first label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Parts<'a> {
    before: &'a str,
    after: &'a str,
    /// How many digits all numbers of the range have; 0 where each is written without leading zeros.
    width: usize,
}

/// Folds names that differ in one number only: runs become ranges, written as cluster tools read them. The order is by
/// words, then by number; a name that is there more than once has its count behind it.
#[must_use]
pub fn fold_names<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let mut times: BTreeMap<&str, usize> = BTreeMap::new();
    for name in names {
        *times.entry(name).or_default() += 1;
    }
    let padded = padded_widths(times.keys().copied());
    let mut ranges: BTreeMap<Parts<'_>, BTreeSet<u64>> = BTreeMap::new();
    let mut plain: Vec<(&str, usize)> = Vec::new();
    for (name, count) in times {
        match take_apart(name).filter(|_| count == 1) {
            Some((before, digits, after, number)) => {
                let width = if padded.contains(&(before, after, digits.len())) { digits.len() } else { 0 };
                ranges.entry(Parts { before, after, width }).or_default().insert(number);
            }
            None => plain.push((name, count)),
        }
    }
    let folded = ranges.iter().map(|(parts, numbers)| (parts.before, parts.after, range(*parts, numbers)));
    let mut words: Vec<(&str, &str, String)> = folded.collect();
    words.extend(plain.into_iter().map(|(name, count)| {
        let word = if count == 1 { name.to_owned() } else { format!("{name} x{count}") };
        (name, "", word)
    }));
    words.sort();
    words.into_iter().map(|(.., word)| word).collect::<Vec<_>>().join(",")
}

/// The places whose numbers are written with leading zeros, by how many digits they have.
fn padded_widths<'a>(names: impl Iterator<Item = &'a str>) -> BTreeSet<(&'a str, &'a str, usize)> {
    let parts = names.filter_map(take_apart);
    parts
        .filter(|(_, digits, ..)| digits.len() > 1 && digits.starts_with('0'))
        .map(|(before, digits, after, _)| (before, after, digits.len()))
        .collect()
}

/// What stands before the number, its digits, what stands after it, and the number.
fn take_apart(name: &str) -> Option<(&str, &str, &str, u64)> {
    let label = name.split('.').next().unwrap_or(name);
    let end = label.rfind(|c: char| c.is_ascii_digit())? + 1;
    let start = label
        .get(..end)?
        .rfind(|c: char| !c.is_ascii_digit())
        .map_or(0, |at| at + label.get(at..).and_then(|rest| rest.chars().next()).map_or(1, char::len_utf8));
    // A label of digits alone is an address, not a name with a number.
    let before = name.get(..start).filter(|before| !before.is_empty())?;
    let digits = name.get(start..end).filter(|digits| digits.len() <= DIGITS_MAX)?;
    Some((before, digits, name.get(end..)?, digits.parse().ok()?))
}

fn range(Parts { before, after, width }: Parts<'_>, numbers: &BTreeSet<u64>) -> String {
    let mut runs: Vec<(u64, u64)> = Vec::new();
    for number in numbers {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == *number => *last = *number,
            _ => runs.push((*number, *number)),
        }
    }
    let mut text = String::new();
    for (first, last) in &runs {
        if !text.is_empty() {
            text.push(',');
        }
        let _ = write!(text, "{first:0width$}");
        if last > first {
            let _ = write!(text, "-{last:0width$}");
        }
    }
    if numbers.len() == 1 { format!("{before}{text}{after}") } else { format!("{before}[{text}]{after}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn fold(names: &[&str]) -> String {
        fold_names(names.iter().copied())
    }

    #[test]
    fn names_that_differ_in_a_number_become_a_range() {
        assert_eq!(fold(&["web01", "web02", "web03", "web05", "db1"]), "db1,web[01-03,05]");
        assert_eq!(fold(&["web1", "web2", "web10"]), "web[1-2,10]");
        assert_eq!(fold(&["web08", "web09", "web10", "web11"]), "web[08-11]");
        assert_eq!(
            fold(&["n1.acme.example", "n2.acme.example", "n2.bay.example"]),
            "n[1-2].acme.example,n2.bay.example"
        );
        assert_eq!(fold(&["10.0.0.1", "10.0.0.2"]), "10.0.0.1,10.0.0.2");
        assert_eq!(fold(&["srv", "srv", "srv1"]), "srv x2,srv1");
        assert_eq!(fold(&[]), "");
    }

    #[test]
    fn what_no_number_holds_stays_as_it_is() {
        let long = format!("n{}", "9".repeat(30));
        assert_eq!(fold(&[&long, "größe7", "größe8"]), format!("größe[7-8],{long}"));
    }

    /// Reads a folded text again.
    fn unfold(text: &str) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        let mut rest = text;
        while !rest.is_empty() {
            let open = rest.find('[').filter(|open| rest.find(',').is_none_or(|comma| *open < comma));
            let word_end = match open {
                Some(open) => {
                    let close = open + rest[open..].find(']').expect("a bracket is closed");
                    close + rest[close..].find(',').unwrap_or(rest.len() - close)
                }
                None => rest.find(',').unwrap_or(rest.len()),
            };
            let word = &rest[..word_end];
            rest = rest.get(word_end + 1..).unwrap_or("");
            let Some((before, inside)) = word.split_once('[') else {
                names.insert(word.to_owned());
                continue;
            };
            let (inside, after) = inside.split_once(']').expect("a bracket is closed");
            for run in inside.split(',') {
                let (first, last) = run.split_once('-').unwrap_or((run, run));
                let width = first.len();
                for number in first.parse::<u64>().unwrap()..=last.parse().unwrap() {
                    names.insert(format!("{before}{number:0width$}{after}"));
                }
            }
        }
        names
    }

    proptest! {
        #[test]
        fn folding_loses_no_name_and_makes_up_none(names in prop::collection::btree_set("(web|db-|n0x|)[0-9]{0,4}(|a|\\.acme|-b)", 0..40)) {
            let names: BTreeSet<String> = names.into_iter().filter(|name| !name.is_empty()).collect();
            prop_assert_eq!(unfold(&fold_names(names.iter().map(String::as_str))), names);
        }
    }
}
