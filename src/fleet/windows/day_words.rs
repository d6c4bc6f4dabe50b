//! Words for days, read and written.

use super::recurrence::MonthDay;

const SHORT: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const LONG: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
/// As RFC 5545 writes them.
const TWO: [&str; 7] = ["mo", "tu", "we", "th", "fr", "sa", "su"];

/// The weekday of a word, 0 is Monday: `Tue`, `tuesday`, `TU`, `Tues`.
#[must_use]
pub fn weekday(word: &str) -> Option<i8> {
    let word = word.to_ascii_lowercase();
    let is = |place: usize| {
        TWO.get(place).is_some_and(|two| word == *two)
            || (word.len() >= 3 && LONG.get(place).is_some_and(|long| long.starts_with(&word)))
    };
    (0..7).find(|place| is(*place)).and_then(|place| i8::try_from(place).ok())
}

/// The weekday in three letters.
#[must_use]
pub fn short(weekday: i8) -> &'static str {
    usize::try_from(weekday).ok().and_then(|place| SHORT.get(place)).unwrap_or(&"?")
}

/// The weekdays of the bits, with a comma between: `Tue,Thu`; runs of three and more as `Mon-Fri`.
#[must_use]
pub fn weekdays(days: u8) -> String {
    let mut words: Vec<String> = Vec::new();
    let mut day = 0_i8;
    while day < 7 {
        let mut end = day;
        while end < 7 && days >> end & 1 == 1 {
            end += 1;
        }
        match end - day {
            0 => {}
            1 => words.push(short(day).to_owned()),
            2 => words.extend([short(day).to_owned(), short(day + 1).to_owned()]),
            _ => words.push(format!("{}-{}", short(day), short(end - 1))),
        }
        day = end + 1;
    }
    words.join(",")
}

/// A number of order as a word: `2nd`, `second`, `2.`, `last`; -1 is the last.
#[must_use]
pub fn ordinal(word: &str) -> Option<i8> {
    let word = word.to_ascii_lowercase();
    match word.as_str() {
        "first" => return Some(1),
        "second" => return Some(2),
        "third" => return Some(3),
        "fourth" => return Some(4),
        "fifth" => return Some(5),
        "last" => return Some(-1),
        _ => {}
    }
    let digits = ["st", "nd", "rd", "th", "."].iter().find_map(|end| word.strip_suffix(end))?;
    digits.parse().ok().filter(|number| (1..=31).contains(number))
}

/// The number of order as it is written.
#[must_use]
pub fn ordinal_word(number: i8) -> String {
    let ending = match number {
        -1 => return "last".to_owned(),
        11..=13 => "th",
        _ => match number.rem_euclid(10) {
            1 => "st",
            2 => "nd",
            3 => "rd",
            _ => "th",
        },
    };
    format!("{number}{ending}")
}

/// Days of a month with a comma between: `2nd Tue`, `1st,15th`, `last day`.
#[must_use]
pub fn month_days(on: &[MonthDay]) -> String {
    let numbered = on.iter().any(|day| matches!(day, MonthDay::Nth { .. }));
    let words = on.iter().map(|day| match day {
        MonthDay::Day(-1) => "last day".to_owned(),
        // "1st,2nd Tue" would be two Tuesdays
        MonthDay::Day(number) if numbered => format!("{} day", ordinal_word(*number)),
        MonthDay::Day(number) => ordinal_word(*number),
        MonthDay::Nth { nth, weekday } => format!("{} {}", ordinal_word(*nth), short(*weekday)),
    });
    words.collect::<Vec<_>>().join(",")
}
