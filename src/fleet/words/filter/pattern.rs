//! What a text is compared with: equal, beginning, containing or a glob, without regard to case and without allocating.

use std::fmt;

use unicode_normalization::UnicodeNormalization;

/// One value of a term, made ready when the filter is read, so that a row costs no more than the comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    /// As written, for printing.
    source: Box<str>,
    matcher: Matcher,
}

/// How a [`Pattern`] compares; every text in it is folded.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Matcher {
    Equal(Box<str>),
    Begins(Box<str>),
    Contains(Box<str>),
    /// A glob without `?`: what stands between its stars.
    Parts(Box<Parts>),
    Glob(Box<[Piece]>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Parts {
    first: Box<str>,
    middle: Box<[Box<str>]>,
    last: Box<str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Piece {
    Letter(char),
    /// `?`: exactly one character.
    One,
    /// `*`: any number of characters.
    Many,
}

impl Pattern {
    /// Matches the whole text: `*` and `?` are wild unless `literal`.
    #[must_use]
    pub fn whole(source: &str, literal: bool) -> Self {
        let matcher = if literal || !has_wildcard(source) { Matcher::Equal(folded(source)) } else { wild(source) };
        Self { source: source.into(), matcher }
    }

    /// Matches anywhere in the text: `*` and `?` are wild unless `literal`.
    #[must_use]
    pub fn contained(source: &str, literal: bool) -> Self {
        let matcher = if literal || !has_wildcard(source) {
            Matcher::Contains(folded(source))
        } else {
            wild(&format!("*{source}*"))
        };
        Self { source: source.into(), matcher }
    }

    /// Matches the beginning of the text: for a value that is still being typed.
    #[must_use]
    pub fn beginning(source: &str, literal: bool) -> Self {
        let matcher = if literal || !has_wildcard(source) {
            Matcher::Begins(folded(source))
        } else {
            wild(&format!("{source}*"))
        };
        Self { source: source.into(), matcher }
    }

    /// The text as it was written, where it stands for itself: no wildcard, and the whole of it.
    #[must_use]
    pub fn exact(&self) -> Option<&str> {
        matches!(self.matcher, Matcher::Equal(_)).then_some(&*self.source)
    }

    /// Whether `text` matches.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        match &self.matcher {
            Matcher::Equal(needle) => rest_after(text, needle).is_some_and(str::is_empty),
            Matcher::Begins(needle) => rest_after(text, needle).is_some(),
            Matcher::Contains(needle) => rest_behind(text, needle).is_some(),
            Matcher::Parts(parts) => {
                let rest = rest_after(text, &parts.first);
                let rest =
                    parts.middle.iter().try_fold(rest, |rest, part| rest_behind(rest?, part).map(Some)).flatten();
                rest.is_some_and(|rest| ends_with(rest, &parts.last))
            }
            Matcher::Glob(pieces) => glob(text, pieces),
        }
    }
}

/// As it is written in a list of values: quoted where it would be read as something else.
impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // wildcards were written without quotes, so they can be again; in quotes they would be taken as they are
        let is_plain = match self.matcher {
            Matcher::Glob(_) | Matcher::Parts(_) => true,
            _ => {
                !self.source.is_empty()
                    && !self.source.starts_with('!')
                    && !self.source.contains(|c: char| c.is_whitespace() || "\",:=<>*?".contains(c))
            }
        };
        if is_plain {
            return f.write_str(&self.source);
        }
        f.write_str("\"")?;
        for character in self.source.chars() {
            if matches!(character, '"' | '\\') {
                f.write_str("\\")?;
            }
            fmt::Write::write_char(f, character)?;
        }
        f.write_str("\"")
    }
}

fn has_wildcard(source: &str) -> bool {
    source.contains(['*', '?'])
}

/// Lower case, character for character, so that a fold never changes the number of characters.
fn fold(character: char) -> char {
    if character.is_ascii() {
        return character.to_ascii_lowercase();
    }
    let mut lower = character.to_lowercase();
    match (lower.next(), lower.next()) {
        (Some(letter), None) => letter,
        _ => character,
    }
}

/// NFC, as every [`crate::fleet::words::SafeText`] is, and folded.
fn folded(source: &str) -> Box<str> {
    source.nfc().map(fold).collect::<String>().into()
}

/// A glob, in the fastest form that can hold it.
fn wild(source: &str) -> Matcher {
    let source = folded(source);
    if let (Some((first, rest)), false) = (source.split_once('*'), source.contains('?')) {
        let (middle, last) = rest.rsplit_once('*').unwrap_or(("", rest));
        let middle = middle.split('*').filter(|part| !part.is_empty()).map(Box::from).collect();
        return Matcher::Parts(Box::new(Parts { first: first.into(), middle, last: last.into() }));
    }
    let mut pieces = Vec::new();
    for character in source.chars() {
        match character {
            '*' if pieces.last() == Some(&Piece::Many) => {}
            '*' => pieces.push(Piece::Many),
            '?' => pieces.push(Piece::One),
            letter => pieces.push(Piece::Letter(letter)),
        }
    }
    Matcher::Glob(pieces.into())
}

/// What follows `needle` where the text begins with it.
fn rest_after<'a>(text: &'a str, needle: &str) -> Option<&'a str> {
    if needle.is_ascii() {
        let (start, rest) = text.split_at_checked(needle.len())?;
        return start.eq_ignore_ascii_case(needle).then_some(rest);
    }
    let mut characters = text.chars();
    let begins = needle.chars().all(|letter| characters.next().map(fold) == Some(letter));
    begins.then_some(characters.as_str())
}

/// What follows the first place where the text holds `needle`.
fn rest_behind<'a>(text: &'a str, needle: &str) -> Option<&'a str> {
    let Some((first, others)) = needle.as_bytes().split_first() else { return Some(text) };
    if !needle.is_ascii() {
        return text.char_indices().find_map(|(at, _)| rest_after(text.get(at..)?, needle));
    }
    // an ASCII needle can be sought in the bytes: no byte of a longer character is ASCII; texts are so short that a
    // plain loop beats what prepares itself for long ones
    let (bytes, upper) = (text.as_bytes(), first.to_ascii_uppercase());
    let starts = bytes.get(..=bytes.len().checked_sub(needle.len())?)?;
    let found = starts.iter().enumerate().find(|(at, byte)| {
        (**byte == *first || **byte == upper)
            && bytes.get(at + 1..at + needle.len()).is_some_and(|rest| rest.eq_ignore_ascii_case(others))
    });
    found.and_then(|(at, _)| text.get(at + needle.len()..))
}

fn ends_with(text: &str, needle: &str) -> bool {
    if needle.is_ascii() {
        let tail = text.len().checked_sub(needle.len()).and_then(|from| text.as_bytes().get(from..));
        return tail.is_some_and(|tail| tail.eq_ignore_ascii_case(needle.as_bytes()));
    }
    let mut characters = text.chars().rev();
    needle.chars().rev().all(|letter| characters.next().map(fold) == Some(letter))
}

/// Glob matching that goes back to the last `*` only, so that the work is bounded by the product of the lengths.
fn glob(text: &str, pieces: &[Piece]) -> bool {
    let mut rest = text.chars();
    let mut at = 0;
    let mut last_many = None;
    loop {
        let ahead = rest.clone();
        match (pieces.get(at), rest.next()) {
            (Some(Piece::Many), _) => {
                at += 1;
                rest = ahead.clone();
                last_many = Some((at, ahead));
            }
            (None, None) => return true,
            (Some(Piece::One), Some(_)) => at += 1,
            (Some(Piece::Letter(letter)), Some(character)) if *letter == fold(character) => at += 1,
            _ => {
                // let the last `*` take one character more
                let Some((after, mut start)) = last_many.take() else { return false };
                if start.next().is_none() {
                    return false;
                }
                at = after;
                rest = start.clone();
                last_many = Some((after, start));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn globs_match_whole_texts_in_either_case() {
        for (pattern, text, expected) in [
            ("web*", "web-01", true),
            ("web*", "WEB", true),
            ("web*", "my-web", false),
            ("*web", "my-web", true),
            ("w?b", "wüb", true),
            ("w?b", "wb", false),
            ("*", "", true),
            ("?", "", false),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-b-b-d", false),
            ("a*a", "a", false),
            ("ab*ba", "aba", false),
            ("*ü", "PC-Ü", true),
            ("*b*", "abc", true),
            ("a**c", "abc", true),
            ("*.example.com", "db.EXAMPLE.com", true),
            ("müller*", "MÜLLER-pc", true),
            ("db", "DB", true),
            ("db", "db1", false),
            ("MÜLLER", "müller", true),
        ] {
            assert_eq!(Pattern::whole(pattern, false).matches(text), expected, "{pattern} {text}");
        }
        assert!(Pattern::whole("a*", true).matches("A*") && !Pattern::whole("a*", true).matches("ab"));
    }

    #[test]
    fn words_are_found_anywhere() {
        for (needle, text, expected) in [
            ("disk", "No DISK space", true),
            ("disk", "dis", false),
            ("disk", "didisk", true),
            ("ü", "MÜLLER", true),
            ("ÜLL", "müller", true),
            ("space", "日本space", true),
            ("", "x", true),
            ("d*k", "a disk here", true),
            ("d?k", "a disk here", false),
        ] {
            assert_eq!(Pattern::contained(needle, false).matches(text), expected, "{needle} {text}");
        }
        assert!(Pattern::beginning("si", false).matches("Silent") && !Pattern::beginning("si", false).matches("basic"));
    }

    /// The textbook definition, exponential but plain.
    fn slow_glob(text: &[char], pattern: &[char]) -> bool {
        match pattern.split_first() {
            None => text.is_empty(),
            Some(('*', rest)) => (0..=text.len()).any(|from| slow_glob(&text[from..], rest)),
            Some(('?', rest)) => !text.is_empty() && slow_glob(&text[1..], rest),
            Some((letter, rest)) => text.first() == Some(letter) && slow_glob(&text[1..], rest),
        }
    }

    proptest! {
        #[test]
        fn globs_agree_with_their_definition(text in "[abü]{0,8}", pattern in "[abü*?]{0,6}|[abü*]{0,6}") {
            let (letters, pieces): (Vec<char>, Vec<char>) = (text.chars().collect(), pattern.chars().collect());
            prop_assert_eq!(Pattern::whole(&pattern, false).matches(&text), slow_glob(&letters, &pieces));
        }

        #[test]
        fn containing_agrees_with_the_library(text in "[abAB é]{0,12}", needle in "[abAB é]{0,3}") {
            let expected = text.to_lowercase().contains(&needle.to_lowercase());
            prop_assert_eq!(Pattern::contained(&needle, false).matches(&text), expected);
        }
    }
}
