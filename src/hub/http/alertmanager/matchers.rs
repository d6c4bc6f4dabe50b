//! Matchers over labels, as amtool writes them: `alertname="Disk"`, `severity=~"warn.*"`, `{a="b",c!="d"}`.

use regex_lite::{Regex, RegexBuilder};

/// The longest matcher in bytes, and the most of them in one request.
const LONGEST: usize = 1_024;
const MOST: usize = 64;
/// The most memory a compiled expression takes, in bytes.
const SIZE_LIMIT: usize = 256 << 10;

/// One condition on a label; one that is missing is empty.
#[derive(Clone, Debug)]
pub struct Matcher {
    /// The label.
    pub name: String,
    value: String,
    equal: bool,
    expression: Option<Regex>,
}

impl Matcher {
    /// Whether a label of this value meets it.
    #[must_use]
    pub fn matches(&self, label: &str) -> bool {
        let same = match &self.expression {
            None => self.value == label,
            Some(expression) => expression.is_match(label),
        };
        same == self.equal
    }

    /// Whether a silence whose matcher of this name has this value meets it, as Alertmanager filters silences: by what
    /// is written, not by what it would match.
    #[must_use]
    pub fn matches_written(&self, written: Option<&str>) -> bool {
        match written {
            Some(written) => self.matches(written),
            None if self.equal => self.value.is_empty(),
            None => self.matches(""),
        }
    }
}

/// An expression that matches the whole of a text.
///
/// # Errors
/// What is wrong with it.
pub fn anchored(expression: &str) -> Result<Regex, String> {
    RegexBuilder::new(&format!("^(?:{expression})$"))
        .dot_matches_new_line(true)
        .size_limit(SIZE_LIMIT)
        .build()
        .map_err(|error| format!("{expression:?} is no regular expression: {error}"))
}

/// Reads the matchers of a request: each parameter holds one, or several in braces.
///
/// # Errors
/// What is wrong with them.
pub fn read<'a>(texts: impl IntoIterator<Item = &'a str>) -> Result<Vec<Matcher>, String> {
    let mut matchers = Vec::new();
    for text in texts {
        let mut rest = text.trim();
        if let Some(inner) = rest.strip_prefix('{') {
            rest = inner.strip_suffix('}').ok_or_else(|| format!("bad matcher format: {text}"))?.trim();
        }
        while !rest.is_empty() {
            let (matcher, after) = one(rest)?;
            matchers.push(matcher);
            if matchers.len() > MOST {
                return Err(format!("more than {MOST} matchers"));
            }
            rest = after.trim_start().strip_prefix(',').unwrap_or(after).trim();
        }
    }
    Ok(matchers)
}

fn one(text: &str) -> Result<(Matcher, &str), String> {
    let bad = || format!("bad matcher format: {}", text.chars().take(200).collect::<String>());
    let end = text.find(['=', '!']).ok_or_else(bad)?;
    let (name, rest) = text.split_at(end);
    let name = name.trim();
    let is_name = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if !is_name {
        return Err(bad());
    }
    let signs = [("=~", true, true), ("!~", false, true), ("!=", false, false), ("=", true, false)];
    let (equal, expression, rest) = signs
        .into_iter()
        .find_map(|(sign, equal, expression)| rest.strip_prefix(sign).map(|rest| (equal, expression, rest)))
        .ok_or_else(bad)?;
    let (value, rest) = value(rest.trim_start()).ok_or_else(bad)?;
    if name.len() + value.len() > LONGEST {
        return Err(format!("a matcher may have {LONGEST} bytes"));
    }
    let expression = if expression { Some(anchored(&value)?) } else { None };
    Ok((Matcher { name: name.to_owned(), value, equal, expression }, rest))
}

/// A value, quoted or up to the next comma.
fn value(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let (value, rest) = text.find(',').map_or((text, ""), |end| text.split_at(end));
        return (!value.contains('"')).then(|| (value.trim_end().to_owned(), rest));
    };
    let mut plain = String::new();
    let mut letters = quoted.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return Some((plain, quoted.get(at + 1..)?)),
            '\\' => match letters.next()?.1 {
                'n' => plain.push('\n'),
                special @ ('"' | '\\') => plain.push(special),
                // What is no escape stands for itself: expressions are full of them.
                other => {
                    plain.push('\\');
                    plain.push(other);
                }
            },
            letter => plain.push(letter),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(text: &str, label: &str) -> bool {
        read([text]).unwrap().iter().all(|matcher| matcher.matches(label))
    }

    #[test]
    fn matchers_are_those_of_amtool() {
        for (text, label, expected) in [
            ("a=b", "b", true),
            ("a=\"b\"", "b", true),
            ("a=\"b\\\"c\"", "b\"c", true),
            ("a!=\"b\"", "b", false),
            ("a!=b", "", true),
            ("a=~\"b|c\"", "c", true),
            ("a=~\"b|c\"", "bc", false),
            ("a=~\"web-\\d+\"", "web-12", true),
            ("a!~\".+\"", "", true),
            ("{a=~\"x.*\",a!=\"xy\"}", "xz", true),
            ("{a=~\"x.*\", a!=\"xy\",}", "xy", false),
            ("{}", "anything", true),
        ] {
            assert_eq!(holds(text, label), expected, "{text} on {label}");
        }
    }

    #[test]
    fn what_is_no_matcher_is_refused() {
        for text in ["a", "=b", "1a=b", "a b=c", "a=\"b", "{a=b", "a=~\"(\"", "a=b\"c", "a==~", "ä=b"] {
            assert!(read([text]).is_err() || text == "a==~", "{text}");
        }
        assert!(read([format!("a={}", "x".repeat(LONGEST)).as_str()]).is_err());
        assert!(read(vec!["a=b"; MOST + 1]).is_err());
    }
}
