//! One term of a filter, and whether a row matches it.

use std::fmt;
use std::time::Duration;

use crate::fleet::words::duration;
use crate::fleet::words::filter::key::{AgeKind, Key};
use crate::fleet::words::filter::pattern::Pattern;

/// What a filter can be asked about: a host, a check, an alert, a backup. It lends its texts, so that matching does
/// not allocate.
pub trait Subject {
    /// Offers each text that `key` has here to `matches`, until it says true; returns whether it did. A key that means
    /// nothing here, or has no value (an alert without an owner), offers nothing. Never called with a key that is not
    /// one of [`Key::TEXTS`].
    fn any_text(&self, key: Key, matches: &mut dyn FnMut(&str) -> bool) -> bool;

    /// 0 ok or pending, 1 unknown, 2 warning, 3 critical, as [`crate::fleet::words::CheckState::gravity`]; `None` where
    /// the subject has no severity.
    fn severity_rank(&self) -> Option<u8> {
        None
    }

    /// An age. `None` where it means nothing here; what should be there but never was (a host never seen, a job
    /// without any backup) is `Some(Duration::MAX)`, so that asking for the old finds it.
    fn age(&self, kind: AgeKind) -> Option<Duration> {
        let _ = kind;
        None
    }

    /// Offers every text a bare word is sought in, until `matches` says true. By default all of [`Key::TEXTS`].
    fn any_word(&self, matches: &mut dyn FnMut(&str) -> bool) -> bool {
        Key::TEXTS.into_iter().any(|key| self.any_text(key, matches))
    }
}

/// The words of a rank, as in `sev:warning`.
pub const RANKS: [&str; 4] = ["ok", "unknown", "warning", "critical"];

/// A term: a condition, or its opposite.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    /// Whether a row must not match.
    pub negated: bool,
    /// What is asked.
    pub condition: Condition,
}

/// What a term asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// `*`: every row.
    Everything,
    /// A bare word: in any text.
    Word(Pattern),
    /// `key:value,value`: any of the values.
    Text(Key, Box<[Pattern]>),
    /// `sev:…`: a bit for each rank that matches.
    Severity(u8),
    /// `open:30m+` (at least that old) or `open:30m-` (younger).
    Age {
        /// Which age.
        kind: AgeKind,
        /// At least as old as the span; else younger.
        at_least: bool,
        /// The limit.
        span: Duration,
    },
}

impl Term {
    /// Whether the row matches.
    pub fn matches<S: Subject + ?Sized>(&self, subject: &S) -> bool {
        let holds = match &self.condition {
            Condition::Everything => true,
            Condition::Word(pattern) => subject.any_word(&mut |text| pattern.matches(text)),
            Condition::Text(key, patterns) => {
                let offered = subject.any_text(*key, &mut |text| patterns.iter().any(|pattern| pattern.matches(text)));
                // `owner:""` asks for what has none
                offered
                    || (patterns.iter().any(|pattern| pattern.matches("") && !pattern.matches("x"))
                        && !subject.any_text(*key, &mut |_| true))
            }
            Condition::Severity(ranks) => {
                subject.severity_rank().is_some_and(|rank| ranks.checked_shr(rank.into()).unwrap_or(0) & 1 == 1)
            }
            Condition::Age { kind, at_least, span } => {
                subject.age(*kind).is_some_and(|age| (age >= *span) == *at_least)
            }
        };
        holds != self.negated
    }
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.negated {
            f.write_str("not:")?;
        }
        match &self.condition {
            Condition::Everything => f.write_str("*"),
            Condition::Word(pattern) => pattern.fmt(f),
            Condition::Text(key, patterns) => {
                write!(f, "{key}:")?;
                for (place, pattern) in patterns.iter().enumerate() {
                    write!(f, "{}{pattern}", if place == 0 { "" } else { "," })?;
                }
                Ok(())
            }
            Condition::Severity(ranks) => write_ranks(f, *ranks),
            Condition::Age { kind, at_least, span } => {
                write!(f, "{}:{}{}", kind.key(), duration::exact(*span), if *at_least { "+" } else { "-" })
            }
        }
    }
}

fn write_ranks(f: &mut fmt::Formatter<'_>, ranks: u8) -> fmt::Result {
    f.write_str("sev:")?;
    let lowest = ranks.trailing_zeros();
    // 0b1100 and the like: everything from the lowest upwards, the highest alone excepted
    if ranks.count_ones() > 1 && ranks == (0b1111 << lowest) & 0b1111 {
        return write!(f, "{}+", usize::try_from(lowest).ok().and_then(|at| RANKS.get(at)).unwrap_or(&"ok"));
    }
    let mut comma = "";
    for (rank, word) in RANKS.iter().enumerate() {
        if ranks >> rank & 1 == 1 {
            write!(f, "{comma}{word}")?;
            comma = ",";
        }
    }
    Ok(())
}
