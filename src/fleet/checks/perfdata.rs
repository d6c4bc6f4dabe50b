//! Performance data: `'label'=value[UOM];[warn];[crit];[min];[max]`, separated by spaces.

use std::fmt;

use crate::fleet::checks::threshold::{Range, Shown, number};
use crate::fleet::words::SafeText;

/// The most values kept of one result.
pub const VALUES_MAX: usize = 256;
/// The longest label in bytes; a longer one is cut, and says so.
const LABEL_MAX: usize = 256;
/// The longest unit in bytes; a longer one is none.
const UNIT_MAX: usize = 16;

/// One measured value of a check.
#[derive(Clone, Debug, PartialEq)]
pub struct Perfdata {
    /// What was measured.
    pub label: SafeText,
    /// The value, always finite; `None` where the check could not determine it (`U`).
    pub value: Option<f64>,
    /// The unit as printed: `s`, `%`, `B`, `c` and the like; often empty.
    pub unit: SafeText,
    /// The range outside of which the plugin warns.
    pub warning: Option<Range>,
    /// The range outside of which the plugin finds it critical.
    pub critical: Option<Range>,
    /// The least possible value.
    pub min: Option<f64>,
    /// The greatest possible value.
    pub max: Option<f64>,
}

impl Perfdata {
    /// A value with its unit and nothing else; one that is no finite number is unknown (`U`).
    #[must_use]
    pub fn new(label: &str, value: f64, unit: &str) -> Self {
        Self {
            label: SafeText::line_within(label, LABEL_MAX),
            value: Some(value).filter(|value| value.is_finite()),
            unit: SafeText::new(unit),
            warning: None,
            critical: None,
            min: None,
            max: None,
        }
    }
}

/// Reads performance data. What is no value (no number, NaN, infinity, a broken quote) is left out; the second number
/// counts that, and what is beyond [`VALUES_MAX`].
#[must_use]
pub fn parse(text: &str) -> (Vec<Perfdata>, usize) {
    let (mut values, mut left_out) = (Vec::new(), 0);
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let (value, after) = one(rest);
        match value {
            Some(value) if values.len() < VALUES_MAX => values.push(value),
            _ => left_out += 1,
        }
        rest = after.trim_start();
    }
    (values, left_out)
}

/// The values as a plugin would print them, at most `max` bytes of whole values.
#[must_use]
pub fn print(values: &[Perfdata], max: usize) -> SafeText {
    let mut text = String::new();
    for value in values {
        let printed = value.to_string();
        if text.len() + 1 + printed.len() > max {
            break;
        }
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(&printed);
    }
    SafeText::line_within(&text, max)
}

/// The value at the beginning of `text`, and what follows it.
fn one(text: &str) -> (Option<Perfdata>, &str) {
    let Some((label, after)) = label(text) else { return (None, after_space(text)) };
    let (fields, rest) = after.split_at(after.find(char::is_whitespace).unwrap_or(after.len()));
    let mut fields = fields.split(';');
    let value = fields.next().and_then(value_and_unit).map(|(value, unit)| Perfdata {
        label: SafeText::line_within(&label, LABEL_MAX),
        value,
        unit: SafeText::new(unit),
        warning: fields.next().and_then(|field| field.parse().ok()),
        critical: fields.next().and_then(|field| field.parse().ok()),
        min: fields.next().and_then(number),
        max: fields.next().and_then(number),
    });
    (value, rest)
}

/// The label and what follows its `=`.
fn label(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('\'') else {
        let (label, rest) = text.split_once('=')?;
        return (!label.is_empty() && !label.contains(char::is_whitespace)).then(|| (label.to_owned(), rest));
    };
    let mut label = String::new();
    let mut rest = quoted;
    loop {
        let (part, after) = rest.split_once('\'')?;
        label.push_str(part);
        // a doubled quote is a quote
        let Some(doubled) = after.strip_prefix('\'') else {
            return after.strip_prefix('=').filter(|_| !label.is_empty()).map(|after| (label, after));
        };
        label.push('\'');
        rest = doubled;
    }
}

/// `12.5ms` is 12.5 and `ms`; `U` is a value that could not be determined.
fn value_and_unit(field: &str) -> Option<(Option<f64>, &str)> {
    if field == "U" {
        return Some((None, ""));
    }
    let digits = |from: usize| {
        let rest = field.as_bytes().get(from..).unwrap_or_default();
        from + rest.iter().take_while(|byte| byte.is_ascii_digit()).count()
    };
    let sign = usize::from(field.starts_with(['-', '+']));
    let mut end = digits(sign);
    if field.as_bytes().get(end) == Some(&b'.') {
        end = digits(end + 1);
    }
    // "1e-05" is a number, "5E" one with a unit
    if matches!(field.as_bytes().get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(field.as_bytes().get(end + 1), Some(b'-' | b'+')));
        let exponent = digits(end + 1 + sign);
        if exponent > end + 1 + sign {
            end = exponent;
        }
    }
    let (value, unit) = field.split_at_checked(end)?;
    let is_unit =
        unit.len() <= UNIT_MAX && !unit.contains(|c: char| c.is_numeric() || matches!(c, ',' | '.' | '\'' | '"' | '='));
    number(value).filter(|_| is_unit).map(|value| (Some(value), unit))
}

fn after_space(text: &str) -> &str {
    text.split_once(char::is_whitespace).map_or("", |(_, rest)| rest)
}

/// As a plugin prints it, quoted where needed.
impl fmt::Display for Perfdata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let label = self.label.as_str();
        if label.contains([' ', '=', '\'']) {
            write!(f, "'{}'=", label.replace('\'', "''"))?;
        } else {
            write!(f, "{label}=")?;
        }
        match self.value {
            Some(value) => write!(f, "{}{}", Shown(value), self.unit)?,
            None => f.write_str("U")?,
        }
        let fields = [
            self.warning.map(|range| range.to_string()),
            self.critical.map(|range| range.to_string()),
            self.min.map(|number| Shown(number).to_string()),
            self.max.map(|number| Shown(number).to_string()),
        ];
        let filled = fields.iter().rposition(Option::is_some).map_or(0, |last| last + 1);
        fields.iter().take(filled).try_for_each(|field| write!(f, ";{}", field.as_deref().unwrap_or_default()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn printed(text: &str) -> (String, usize) {
        let (values, left_out) = parse(text);
        (print(&values, 4096).as_str().to_owned(), left_out)
    }

    #[test]
    fn values_are_read_as_plugins_print_them() {
        for (text, read, left_out) in [
            ("time=0.012s;1;2;0;10", "time=0.012s;1;2;0;10", 0),
            ("  a=1   b=2%;80:;@90\n", "a=1 b=2%;80:;@90", 0),
            ("/=2643MB;5948;5958;0;5968", "/=2643MB;5948;5958;0;5968", 0),
            ("'C: used'=12.5GB;;;0", "'C: used'=12.5GB;;;0", 0),
            ("'it''s'=1c", "'it''s'=1c", 0),
            ("'plain'=1;", "plain=1", 0),
            ("x=U;1;2", "x=U;1;2", 0),
            ("x=-.5", "x=-0.5", 0),
            ("x=1e-05s", "x=0.00001s", 0),
            ("x=5E", "x=5E", 0),
            ("x=1;~:5;nan;inf;-1", "x=1;~:5;;;-1", 0),
            ("x=nan", "", 1),
            ("x=inf y=-inf z=1e999", "", 3),
            ("x=0,5s", "", 1),
            ("x= y=1", "y=1", 1),
            ("junk more=2 =3", "more=2", 2),
            ("'open=1 b=2", "b=2", 1),
            ("'a'b=1 c=2", "c=2", 1),
            ("''=1", "", 1),
            ("'\"|;'=3", "\"|;=3", 0),
            ("a=1\x1b[31m", "", 1),
            ("a\x1b=1", "a␛=1", 0),
            ("", "", 0),
        ] {
            assert_eq!(printed(text), (read.to_owned(), left_out), "{text:?}");
        }
    }

    #[test]
    fn the_number_of_values_is_bounded_and_the_rest_counted() {
        let (values, left_out) = parse(&"a=1 ".repeat(10_000));
        assert_eq!((values.len(), left_out), (VALUES_MAX, 10_000 - VALUES_MAX));
        assert!(print(&values, 100).as_str().len() <= 100);
        assert_eq!(Perfdata::new("x", f64::NAN, "%").value, None);
    }

    proptest! {
        #[test]
        fn a_printed_value_is_the_same_value(
            label in "[ -~ü]{1,20}", value in prop::option::of(prop::num::f64::NORMAL), unit in "(s|ms|%|B|c|KB)?",
            warning in prop::option::of(0_u32..100), max in prop::option::of(-100_i32..100),
        ) {
            let perfdata = Perfdata {
                value,
                unit: if value.is_some() { SafeText::new(&unit) } else { SafeText::default() },
                warning: warning.and_then(|end| Range::outside(0.0, end.into())),
                max: max.map(f64::from),
                ..Perfdata::new(&label, 0.0, "")
            };
            prop_assert_eq!(parse(&perfdata.to_string()), (vec![perfdata], 0));
        }

        #[test]
        fn no_text_breaks_it(text in "[a'=;U0-9.e \"|%-]{0,60}", other in "\\PC{0,40}") {
            for text in [text, other] {
                let (values, _) = parse(&text);
                prop_assert!(values.iter().all(|value| value.value.is_none_or(f64::is_finite)));
            }
        }
    }
}
