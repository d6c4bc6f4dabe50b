//! The filter language, the same in every verb, screen and saved view.
//!
//! A filter is terms with spaces between them, all of which must hold: `client:acme sev:warning+ not:lane:muted disk`.
//!
//! | term | matches |
//! |---|---|
//! | `host:web*` | the whole text, `*` and `?` wild; quotes keep spaces and take wildcards as they are |
//! | `tag:db,web` | any of the values |
//! | `sev:warning+`, `sev>=warning`, `sev:critical` | severity |
//! | `open:30m+`, `seen:5m-`, `rpo>24h` | at least that old, or younger |
//! | `owner:""` | what has none |
//! | `disk` | the word anywhere |
//! | `not:TERM`, `!TERM`, `key!=value` | the opposite |
//! | `*`, or nothing | everything |

mod error;
mod key;
mod parse;
mod pattern;
mod term;

use std::fmt;
use std::str::FromStr;

pub use error::{FilterError, FilterFault};
pub use key::{AgeKind, Key};
pub use pattern::Pattern;
pub use term::{Condition, Subject, Term};

/// A filter, ready to match. The default matches everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    terms: Vec<Term>,
}

impl Filter {
    /// Reads a filter.
    ///
    /// # Errors
    /// The first fault: its column, and what to write.
    pub fn parse(text: &str) -> Result<Self, FilterError> {
        let parsed = parse::terms(text, false);
        match parsed.fault {
            Some(fault) => Err(fault),
            None => Ok(Self { terms: parsed.terms }),
        }
    }

    /// Reads a filter while it is being typed: a last term that is not complete yet matches what it begins, or is left
    /// out; a faulty term is left out, and the first fault comes along. For showing rows only: what is to be acted on
    /// is read with [`Filter::parse`].
    #[must_use]
    pub fn parse_while_typing(text: &str) -> (Self, Option<FilterError>) {
        let parsed = parse::terms(text, true);
        (Self { terms: parsed.terms }, parsed.fault)
    }

    /// Whether the row matches every term.
    pub fn matches<S: Subject + ?Sized>(&self, subject: &S) -> bool {
        self.terms.iter().all(|term| term.matches(subject))
    }

    /// The terms, all of which must hold.
    #[must_use]
    pub fn terms(&self) -> &[Term] {
        &self.terms
    }

    /// Whether nothing was asked: no term at all, not even `*`.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// Whether every row matches, whatever it is.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        self.terms.iter().all(|term| !term.negated && term.condition == Condition::Everything)
    }

    /// Whether the outcome depends on the time, so that rows have to be matched again when nothing else changed.
    #[must_use]
    pub fn depends_on_time(&self) -> bool {
        self.terms.iter().any(|term| matches!(term.condition, Condition::Age { .. }))
    }
}

impl FromStr for Filter {
    type Err = FilterError;
    fn from_str(text: &str) -> Result<Self, FilterError> {
        Self::parse(text)
    }
}

/// The filter as [`Filter::parse`] reads it.
impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, term) in self.terms.iter().enumerate() {
            write!(f, "{}{term}", if place == 0 { "" } else { " " })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
