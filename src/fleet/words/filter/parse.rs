//! From text to terms.

use crate::fleet::words::duration;
use crate::fleet::words::filter::error::{FilterError, FilterFault};
use crate::fleet::words::filter::key::{AgeKind, Key};
use crate::fleet::words::filter::pattern::Pattern;
use crate::fleet::words::filter::term::{Condition, RANKS, Term};
use crate::fleet::words::nearest::nearest;

/// The longest filter, in characters and in terms: matching is work for every row.
const LENGTH_MAX: usize = 1024;
const TERMS_MAX: usize = 64;

/// What was read: with faults only where the caller goes on after one.
pub struct Parsed {
    /// The terms that were understood.
    pub terms: Vec<Term>,
    /// The first fault.
    pub fault: Option<FilterError>,
}

/// Reads terms. `typing` means that more may follow the last character: then a last term that is not complete yet
/// matches what it begins, or is left out without a fault; every other faulty term is left out, too, with its fault.
pub fn terms(text: &str, typing: bool) -> Parsed {
    let mut parsed = Parsed { terms: Vec::new(), fault: None };
    let characters: Vec<char> = text.chars().take(LENGTH_MAX + 1).collect();
    if characters.len() > LENGTH_MAX {
        parsed.fault = Some(FilterError { column: LENGTH_MAX + 1, fault: FilterFault::TooLong });
        return parsed;
    }
    let mut reader = Reader { characters: &characters, at: 0, typing };
    loop {
        reader.skip_spaces();
        if reader.peek().is_none() {
            return parsed;
        }
        if parsed.terms.len() >= TERMS_MAX {
            parsed.fault.get_or_insert(reader.error(reader.at, FilterFault::TooLong));
            return parsed;
        }
        match reader.term() {
            Ok(term) => parsed.terms.extend(term),
            Err(error) => {
                parsed.fault.get_or_insert(error);
                if !typing {
                    return parsed;
                }
                reader.skip_term();
            }
        }
    }
}

/// What stands between a key and its value.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Operator {
    Is,
    IsNot,
    AtLeast,
    AtMost,
    Above,
    Below,
}

/// A value as written.
struct Value {
    text: String,
    quoted: bool,
    /// Quoted, and the closing quote is not typed yet.
    open: bool,
    column: usize,
}

struct Reader<'a> {
    characters: &'a [char],
    at: usize,
    typing: bool,
}

impl Reader<'_> {
    fn term(&mut self) -> Result<Option<Term>, FilterError> {
        let mut negated = false;
        while self.skip_word("!") || self.skip_word("not:") {
            negated = !negated;
        }
        let start = self.at;
        if self.peek().is_none_or(char::is_whitespace) {
            return if self.is_typing_here() { Ok(None) } else { Err(self.error(start, FilterFault::NothingNegated)) };
        }
        let condition = match self.key_and_operator() {
            Some((word, operator)) => match Key::from_word(&word) {
                Some(key) => self.keyed(key, operator)?.map(|(condition, opposite)| {
                    negated ^= opposite;
                    condition
                }),
                None => {
                    let nearest = nearest(&word, Key::ALL.map(Key::word));
                    return Err(self.error(start, FilterFault::UnknownKey { word, nearest }));
                }
            },
            None => match self.bare()? {
                // `not:l` may become `not:lane:…`; until then it would hide every row with an l
                Condition::Word(word) if negated && self.is_typing_here() && begins_key(&word.to_string()) => None,
                condition => Some(condition),
            },
        };
        Ok(condition.map(|condition| Term { negated, condition }))
    }

    fn bare(&mut self) -> Result<Condition, FilterError> {
        let word = self.value(false)?;
        Ok(if !word.quoted && word.text.chars().all(|character| character == '*') {
            Condition::Everything
        } else {
            Condition::Word(Pattern::contained(&word.text, word.quoted))
        })
    }

    /// A key's condition and whether its opposite is meant; `None` for one that is still being typed.
    fn keyed(&mut self, key: Key, operator: Operator) -> Result<Option<(Condition, bool)>, FilterError> {
        let mut values = vec![self.value(true)?];
        while self.peek() == Some(',') {
            self.at += 1;
            values.push(self.value(true)?);
        }
        let opposite = operator == Operator::IsNot;
        let is_last = self.is_typing_here();
        if is_last {
            // `lane:` and `lane:new,` wait for what comes next
            if values.last().is_some_and(|value| value.text.is_empty() && (value.open || !value.quoted)) {
                values.pop();
            }
            if values.is_empty() {
                return Ok(None);
            }
        }
        if let Some(empty) = values.iter().find(|value| value.text.is_empty() && !value.quoted) {
            return Err(self.error(empty.column, FilterFault::NoValue(key)));
        }
        let read = match key.age() {
            Some(kind) => self.age(kind, operator, &values),
            None if key == Key::Sev => self.severity(operator, &values),
            None => self.texts(key, operator, &values, is_last),
        };
        match read {
            Ok(condition) => Ok(Some((condition, opposite))),
            // `open:30` and `sev:war` may become right
            Err(_) if is_last && key.age().is_some() => Ok(None),
            Err(_) if is_last && key == Key::Sev => {
                let typed = values.last().map_or("", |value| value.text.as_str());
                let ranks = RANKS.iter().enumerate().filter(|(_, word)| word.starts_with(&typed.to_ascii_lowercase()));
                let ranks = ranks.fold(0, |ranks, (rank, _)| ranks | 1 << rank);
                Ok((ranks != 0 && operator == Operator::Is).then_some((Condition::Severity(ranks), false)))
            }
            Err(error) => Err(error),
        }
    }

    fn texts(&self, key: Key, operator: Operator, values: &[Value], is_last: bool) -> Result<Condition, FilterError> {
        if !matches!(operator, Operator::Is | Operator::IsNot) {
            return Err(self.error(values.first().map_or(0, |value| value.column), FilterFault::NoOrder(key)));
        }
        let mut patterns = Vec::with_capacity(values.len());
        for (place, value) in values.iter().enumerate() {
            let (text, literal) = (value.text.as_str(), value.quoted);
            let is_unfinished = is_last && (value.open || !literal) && place + 1 == values.len();
            if let Some(known) = key.values()
                && !text.is_empty()
                && (literal || !text.contains(['*', '?']))
            {
                let typed = text.to_lowercase();
                let is_known =
                    known.iter().any(|word| if is_unfinished { word.starts_with(&typed) } else { *word == typed });
                if !is_known {
                    let nearest = nearest(&typed, known.iter().copied());
                    let fault = FilterFault::UnknownValue { key, word: value.text.clone(), nearest };
                    return Err(self.error(value.column, fault));
                }
            }
            patterns.push(match key {
                Key::Text => Pattern::contained(text, literal),
                _ if is_unfinished => Pattern::beginning(text, literal),
                _ => Pattern::whole(text, literal),
            });
        }
        Ok(Condition::Text(key, patterns.into()))
    }

    fn severity(&self, operator: Operator, values: &[Value]) -> Result<Condition, FilterError> {
        let mut ranks = 0_u8;
        for value in values {
            let (word, sign) = match value.text.strip_suffix(['+', '-']) {
                Some(word) => (word, value.text.chars().last()),
                None => (value.text.as_str(), None),
            };
            let Some(rank) = rank(word) else {
                return Err(self.error(value.column, FilterFault::UnknownSeverity(value.text.clone())));
            };
            let these = match (operator, sign) {
                (Operator::AtLeast, _) | (Operator::Is | Operator::IsNot, Some('+')) => (0b1111 << rank) & 0b1111,
                (Operator::AtMost, _) | (Operator::Is | Operator::IsNot, Some(_)) => (1 << (rank + 1)) - 1,
                (Operator::Above, _) => (0b1110 << rank) & 0b1111,
                (Operator::Below, _) => (1 << rank) - 1,
                (Operator::Is | Operator::IsNot, None) => 1 << rank,
            };
            if these == 0 {
                let end = if operator == Operator::Below { "ok" } else { "critical" };
                return Err(self.error(value.column, FilterFault::NoSeverityBeyond(end)));
            }
            ranks |= these;
        }
        Ok(Condition::Severity(ranks))
    }

    fn age(&self, kind: AgeKind, operator: Operator, values: &[Value]) -> Result<Condition, FilterError> {
        let Some(value) = values.first() else { return Err(self.error(self.at, FilterFault::NoValue(kind.key()))) };
        let (text, sign) = match value.text.strip_suffix(['+', '-']) {
            Some(text) => (text, value.text.chars().last()),
            None => (value.text.as_str(), None),
        };
        let span =
            duration::parse(text).map_err(|fault| self.error(value.column, FilterFault::Span(kind.key(), fault)))?;
        let at_least = match (operator, sign) {
            (Operator::AtLeast | Operator::Above, _) => true,
            (Operator::AtMost | Operator::Below, _) => false,
            (Operator::Is | Operator::IsNot, Some(sign)) => sign == '+',
            (Operator::Is | Operator::IsNot, None) => {
                return Err(self.error(value.column, FilterFault::NoDirection(kind.key(), value.text.clone())));
            }
        };
        if let Some(second) = values.get(1) {
            let fault = FilterFault::NoDirection(kind.key(), text.to_owned());
            return Err(self.error(second.column, fault));
        }
        Ok(Condition::Age { kind, at_least, span })
    }

    /// A word of letters with an operator behind it; consumes both.
    fn key_and_operator(&mut self) -> Option<(String, Operator)> {
        let rest = self.characters.get(self.at..).unwrap_or_default();
        let length = rest.iter().take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-')).count();
        let word: String = rest.get(..length)?.iter().collect();
        if !word.starts_with(|first: char| first.is_ascii_alphabetic()) {
            return None;
        }
        let (operator, width) = match (rest.get(length)?, rest.get(length + 1)) {
            ('!', Some('=')) => (Operator::IsNot, 2),
            ('>', Some('=')) => (Operator::AtLeast, 2),
            ('<', Some('=')) => (Operator::AtMost, 2),
            (':' | '=', _) => (Operator::Is, 1),
            ('>', _) => (Operator::Above, 1),
            ('<', _) => (Operator::Below, 1),
            _ => return None,
        };
        self.at += length + width;
        Some((word, operator))
    }

    /// A quoted text, or what stands up to the next space (and comma, in a list).
    fn value(&mut self, in_list: bool) -> Result<Value, FilterError> {
        let column = self.at;
        let mut text = String::new();
        if self.peek() != Some('"') {
            while let Some(character) = self.peek().filter(|next| !ends_value(*next, in_list)) {
                text.push(character);
                self.at += 1;
            }
            return Ok(Value { text, quoted: false, open: false, column });
        }
        self.at += 1;
        loop {
            let Some(character) = self.peek() else {
                return if self.typing {
                    Ok(Value { text, quoted: true, open: true, column })
                } else {
                    Err(self.error(column, FilterFault::OpenQuote))
                };
            };
            self.at += 1;
            match character {
                '"' => break,
                '\\' if matches!(self.peek(), Some('"' | '\\')) => {
                    text.extend(self.peek());
                    self.at += 1;
                }
                other => text.push(other),
            }
        }
        if self.peek().is_some_and(|next| !ends_value(next, in_list)) {
            return Err(self.error(self.at, FilterFault::AfterQuote));
        }
        Ok(Value { text, quoted: true, open: false, column })
    }

    fn peek(&self) -> Option<char> {
        self.characters.get(self.at).copied()
    }

    fn skip_word(&mut self, word: &str) -> bool {
        let rest = self.characters.get(self.at..).unwrap_or_default();
        let found =
            word.chars().count() <= rest.len() && word.chars().zip(rest).all(|(a, b)| a == b.to_ascii_lowercase());
        if found {
            self.at += word.chars().count();
        }
        found
    }

    fn skip_spaces(&mut self) {
        while self.peek().is_some_and(char::is_whitespace) {
            self.at += 1;
        }
    }

    fn skip_term(&mut self) {
        while self.peek().is_some_and(|character| !character.is_whitespace()) {
            self.at += 1;
        }
    }

    /// Whether the reader stands where the user is typing.
    fn is_typing_here(&self) -> bool {
        self.typing && self.at >= self.characters.len()
    }

    const fn error(&self, at: usize, fault: FilterFault) -> FilterError {
        FilterError { column: at + 1, fault }
    }
}

const fn ends_value(character: char, in_list: bool) -> bool {
    character.is_whitespace() || (in_list && character == ',')
}

fn begins_key(word: &str) -> bool {
    let word = word.to_ascii_lowercase();
    Key::ALL.iter().any(|key| key.word().starts_with(&word))
}

fn rank(word: &str) -> Option<usize> {
    let word = match word.to_ascii_lowercase() {
        short if short == "warn" => "warning".to_owned(),
        short if short == "crit" => "critical".to_owned(),
        word => word,
    };
    RANKS.iter().position(|name| *name == word)
}
