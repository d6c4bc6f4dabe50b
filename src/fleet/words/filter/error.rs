//! Why a text is no filter: where, and what to write instead.

use thiserror::Error;

use crate::fleet::words::duration::DurationError;
use crate::fleet::words::filter::key::Key;

/// Why a text is no filter.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("column {column}: {fault}")]
pub struct FilterError {
    /// The character at which it is wrong, counted from 1.
    pub column: usize,
    /// What is wrong.
    pub fault: FilterFault,
}

/// What is wrong with a filter. Each message says what to write.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum FilterFault {
    /// What stands before the colon is no key.
    #[error("there is no key {word:?}{}; the keys are {}; to search for text with a colon or a comparison in it, put it in quotes", meant(*.nearest), keys())]
    UnknownKey {
        /// As typed.
        word: String,
        /// What was probably meant.
        nearest: Option<&'static str>,
    },
    /// A key without a value.
    #[error("{0}: needs a value, such as {example}", example = example(*.0))]
    NoValue(Key),
    /// A value its key cannot have.
    #[error("{key} has no value {word:?}{}; it has {}", meant(*.nearest), .key.values().unwrap_or(&[]).join(", "))]
    UnknownValue {
        /// The key.
        key: Key,
        /// As typed.
        word: String,
        /// What was probably meant.
        nearest: Option<&'static str>,
    },
    /// No severity.
    #[error("{0:?} is no severity: write sev:ok, sev:unknown, sev:warning or sev:critical, with a + for \"and worse\"")]
    UnknownSeverity(String),
    /// A comparison that no severity can meet.
    #[error("no severity is beyond {0}: write sev:{0}")]
    NoSeverityBeyond(&'static str),
    /// An age without a span.
    #[error("{0}: {1}")]
    Span(Key, DurationError),
    /// An age without a direction.
    #[error("{0}:{1} has no direction: write {0}:{1}+ for older or {0}:{1}- for younger")]
    NoDirection(Key, String),
    /// `<` and the like on a key of texts.
    #[error("{0} has no order: write {example}", example = example(*.0))]
    NoOrder(Key),
    /// `not:` with nothing behind it.
    #[error("nothing follows the negation: write it before a term, as in not:lane:muted")]
    NothingNegated,
    /// A quote that does not end.
    #[error("the quote does not end: add a \" where the text ends")]
    OpenQuote,
    /// Something directly after a quote.
    #[error("a space must follow the closing quote; inside quotes write \\\" for a quote")]
    AfterQuote,
    /// More text or terms than a filter may have.
    #[error("the filter is too long: at most 1024 characters, 64 terms")]
    TooLong,
}

fn meant(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |word| format!(" (did you mean {word}?)"))
}

fn keys() -> String {
    Key::ALL.map(Key::word).join(", ")
}

const fn example(key: Key) -> &'static str {
    match key {
        Key::Client => "client:acme",
        Key::Site => "site:hq",
        Key::Host => "host:web*",
        Key::Class => "class:server",
        Key::Lane => "lane:new",
        Key::State => "state:silent",
        Key::Tag => "tag:db",
        Key::Check => "check:disk",
        Key::Id => "id:K7Q2",
        Key::Owner => "owner:okafor",
        Key::Held => "held:maintenance",
        Key::Agent => "agent:0.1.*",
        Key::Fleet => "fleet:main",
        Key::Text => "text:\"disk full\"",
        Key::Sev => "sev:warning+",
        Key::Open => "open:30m+",
        Key::Ack => "ack:2h+",
        Key::Seen => "seen:5m+",
        Key::Rpo => "rpo:24h+",
    }
}
