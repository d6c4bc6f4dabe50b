//! What a window is about.

use std::fmt;

use super::matcher::Matcher;
use crate::fleet::words::filter::{Condition, Filter, Key};

/// The most matchers of one silence.
pub const MOST_MATCHERS: usize = 64;
/// The longest matchers of one silence together, in bytes: what opens it is one event.
const MATCHERS_MAX: usize = 6 << 10;

/// The keys by which a window may be limited: places and kinds, which stay as they are while somebody works on an alert.
const USABLE: [Key; 8] = [Key::Client, Key::Site, Key::Host, Key::Class, Key::Tag, Key::Check, Key::Sev, Key::Text];
/// Of these at least one must be there, or `*` was written.
const PLACES: [Key; 4] = [Key::Client, Key::Site, Key::Host, Key::Tag];

/// Which alerts are held back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Those a filter matches.
    Filter(Filter),
    /// Those whose labels meet all of these, as a silence of Alertmanager.
    Matchers(Vec<Matcher>),
}

/// Why a scope is none. Each message says what to write instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScopeError {
    /// It would hold the whole fleet, and nobody said so.
    #[error("it says no client, site, host or tag; add one such as client:acme, or write * for the whole fleet")]
    Unlimited,
    /// It asks for what changes meanwhile.
    #[error(
        "a window does not follow {0}:, which changes while an alert is open; limit it by client, site, host, class, tag, check, sev or words"
    )]
    Changing(Key),
    /// Nothing, or too much.
    #[error(
        "a silence has 1 to {MOST_MATCHERS} matchers, at most 6 KiB, of which at least one does not match what is empty"
    )]
    Matchers,
}

impl Scope {
    /// Whether it can be one.
    ///
    /// # Errors
    /// What is wrong with it, and what to write.
    pub fn check(&self) -> Result<(), ScopeError> {
        match self {
            Self::Filter(filter) => check(filter),
            Self::Matchers(matchers) => {
                let limits = matchers.iter().any(|matcher| !matcher.matches(""));
                let size: usize = matchers.iter().map(|matcher| matcher.name().len() + matcher.value().len()).sum();
                if limits && matchers.len() <= MOST_MATCHERS && size <= MATCHERS_MAX {
                    Ok(())
                } else {
                    Err(ScopeError::Matchers)
                }
            }
        }
    }

    /// The client it names, if exactly one, as it is written: an id or a name.
    #[must_use]
    pub fn client(&self) -> Option<&str> {
        match self {
            Self::Filter(filter) => {
                let named = |condition| match condition {
                    &Condition::Text(Key::Client, ref patterns) => match patterns.as_ref() {
                        [pattern] => pattern.exact(),
                        _ => None,
                    },
                    _ => None,
                };
                filter.terms().iter().filter(|term| !term.negated).find_map(|term| named(&term.condition))
            }
            Self::Matchers(matchers) => {
                let names = |matcher: &&Matcher| {
                    matcher.name() == "client"
                        && matcher.is_equal()
                        && !matcher.is_regex()
                        && !matcher.value().is_empty()
                };
                matchers.iter().find(names).map(Matcher::value)
            }
        }
    }
}

fn check(filter: &Filter) -> Result<(), ScopeError> {
    let mut limited = false;
    for term in filter.terms() {
        let key = match &term.condition {
            Condition::Everything => {
                limited |= !term.negated;
                continue;
            }
            Condition::Word(_) => continue,
            Condition::Text(key, _) => *key,
            Condition::Severity(_) => Key::Sev,
            Condition::Age { kind, .. } => kind.key(),
        };
        if !USABLE.contains(&key) {
            return Err(ScopeError::Changing(key));
        }
        // host:* is the whole fleet as well, and is not what was asked for with *
        let says = match &term.condition {
            Condition::Text(_, patterns) => !patterns.iter().any(|pattern| pattern.matches("\u{1}")),
            _ => true,
        };
        limited |= !term.negated && PLACES.contains(&key) && says;
    }
    if limited { Ok(()) } else { Err(ScopeError::Unlimited) }
}

/// As it is written: a filter, or matchers with commas between as in amtool.
impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Filter(filter) => filter.fmt(f),
            Self::Matchers(matchers) => {
                f.write_str("{")?;
                for (place, matcher) in matchers.iter().enumerate() {
                    write!(f, "{}{matcher}", if place == 0 { "" } else { ", " })?;
                }
                f.write_str("}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(text: &str) -> Scope {
        Scope::Filter(Filter::parse(text).unwrap())
    }

    #[test]
    fn a_window_is_limited_unless_the_whole_fleet_is_asked_for() {
        for good in [
            "client:acme",
            "host:web*",
            "site:hq check:disk",
            "tag:db sev:warning",
            "*",
            "* class:laptop",
            "not:client:acme *",
        ] {
            assert_eq!(filter(good).check(), Ok(()), "{good}");
        }
        for bad in [
            "",
            "check:disk",
            "sev:warning",
            "not:client:acme",
            "disk",
            "host:*",
            "client:* check:disk",
            "not:*",
            "class:laptop",
        ] {
            assert_eq!(filter(bad).check(), Err(ScopeError::Unlimited), "{bad}");
        }
        for (bad, key) in
            [("host:web lane:new", Key::Lane), ("host:web open:5m+", Key::Open), ("host:web owner:me", Key::Owner)]
        {
            assert_eq!(filter(bad).check(), Err(ScopeError::Changing(key)), "{bad}");
        }
    }

    #[test]
    fn the_client_is_known_where_exactly_one_is_named() {
        for (text, client) in [
            ("client:acme host:web*", Some("acme")),
            ("client:acme,other", None),
            ("client:ac*", None),
            ("not:client:acme host:web", None),
            ("host:web", None),
        ] {
            assert_eq!(filter(text).client(), client, "{text}");
        }
        let matchers =
            |name, value, regex, equal| Scope::Matchers(vec![Matcher::new(name, value, regex, equal).unwrap()]);
        assert_eq!(matchers("client", "acme", false, true).client(), Some("acme"));
        assert_eq!(matchers("client", "acme", false, false).client(), None);
        assert_eq!(matchers("client", "acme|x", true, true).client(), None);
        assert_eq!(matchers("client", "", false, true).check(), Err(ScopeError::Matchers));
        assert_eq!(matchers("host", ".*", true, true).check(), Err(ScopeError::Matchers));
    }
}
