//! Matchers over the labels of an alert, as Alertmanager's silences have them.

use std::fmt;

use regex_lite::{Regex, RegexBuilder};

/// The longest name and value of a matcher, in bytes.
pub const LONGEST: usize = 1024;
/// The most memory a compiled expression takes, in bytes.
const SIZE_LIMIT: usize = 256 << 10;

/// One condition on a label; one that is missing is empty.
#[derive(Clone, Debug)]
pub struct Matcher {
    name: String,
    value: String,
    is_equal: bool,
    /// Compiled and anchored at both ends, where the value is an expression.
    expression: Option<Regex>,
}

/// Why a matcher is none. Each message says what to write.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MatcherError {
    /// A label has no such name.
    #[error("{0:?} is no name of a label; write letters, digits and _ such as alertname or client")]
    Name(String),
    /// Too long.
    #[error("a matcher may have {LONGEST} bytes")]
    TooLong,
    /// No expression.
    #[error("{0:?} is no regular expression: {1}")]
    Expression(String, String),
}

impl Matcher {
    /// Makes it; with `is_regex` the value is a regular expression that matches the whole of a label.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn new(name: &str, value: &str, is_regex: bool, is_equal: bool) -> Result<Self, MatcherError> {
        let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if name.len() > LONGEST || value.len() > LONGEST {
            return Err(MatcherError::TooLong);
        }
        if !is_name {
            return Err(MatcherError::Name(name.to_owned()));
        }
        let compiled = || {
            let limited =
                |text: &str| RegexBuilder::new(text).dot_matches_new_line(true).size_limit(SIZE_LIMIT).build();
            // Alone first, so that no parenthesis leads out of the anchors.
            limited(value).and_then(|_| limited(&format!("^(?:{value})$")))
        };
        let refused = |error: regex_lite::Error| MatcherError::Expression(value.to_owned(), error.to_string());
        let expression = if is_regex { Some(compiled().map_err(refused)?) } else { None };
        Ok(Self { name: name.to_owned(), value: value.to_owned(), is_equal, expression })
    }

    /// The label.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The value, or the expression.
    #[must_use]
    pub fn value(&self) -> &str {
        &self.value
    }

    /// Whether the value is an expression.
    #[must_use]
    pub const fn is_regex(&self) -> bool {
        self.expression.is_some()
    }

    /// Whether the label must match; else it must not.
    #[must_use]
    pub const fn is_equal(&self) -> bool {
        self.is_equal
    }

    /// Whether a label of this value meets it.
    #[must_use]
    pub fn matches(&self, label: &str) -> bool {
        let same = match &self.expression {
            None => self.value == label,
            Some(expression) => expression.is_match(label),
        };
        same == self.is_equal
    }
}

impl PartialEq for Matcher {
    fn eq(&self, other: &Self) -> bool {
        let parts = |one: &Self| (one.is_regex(), one.is_equal);
        self.name == other.name && self.value == other.value && parts(self) == parts(other)
    }
}

impl Eq for Matcher {}

/// As amtool writes it: `name="value"`, `name=~"expression"`.
impl fmt::Display for Matcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = match (self.is_equal, self.is_regex()) {
            (true, false) => "=",
            (false, false) => "!=",
            (true, true) => "=~",
            (false, true) => "!~",
        };
        write!(f, "{}{sign}{:?}", self.name, self.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matchers_are_alertmanagers() {
        for (value, regex, equal, label, holds) in [
            ("disk", false, true, "disk", true),
            ("disk", false, true, "disks", false),
            ("disk", false, false, "disks", true),
            ("disk.*", true, true, "disk-root", true),
            ("isk", true, true, "disk", false),
            ("a|b", true, true, "b", true),
            ("a|b", true, true, "ab", false),
            ("a|b", true, false, "c", true),
            ("", false, true, "", true),
            (".+", true, true, "", false),
            (".*", true, true, "", true),
            ("web", false, true, "WEB", false),
        ] {
            let matcher = Matcher::new("host", value, regex, equal).unwrap();
            assert_eq!(matcher.matches(label), holds, "{matcher} on {label:?}");
        }
    }

    #[test]
    fn what_is_no_matcher_says_why() {
        assert!(matches!(Matcher::new("a b", "x", false, true), Err(MatcherError::Name(_))));
        assert!(matches!(Matcher::new("a", "(", true, true), Err(MatcherError::Expression(..))));
        assert!(
            matches!(Matcher::new("a", ")|(", true, true), Err(MatcherError::Expression(..))),
            "no way out of the anchors"
        );
        assert_eq!(Matcher::new("a", &"x".repeat(LONGEST + 1), false, true), Err(MatcherError::TooLong));
        assert!(matches!(Matcher::new("a", "(x{1000}){1000}", true, true), Err(MatcherError::Expression(..))));
        assert_eq!(Matcher::new("a", "b.*", true, false).unwrap().to_string(), "a!~\"b.*\"");
    }
}
