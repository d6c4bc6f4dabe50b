//! What another system says of an alert: its labels and annotations. There may be hundreds of thousands, so the text of
//! each is one packed, immutable piece, read on demand: two JSON objects as Alertmanager's API shows them, and a URL.

use std::borrow::Cow;

use super::alike::{Alike, Models};
use crate::fleet::words::{SafeText, Timestamp};

/// The most bytes that one label or annotation keeps of its value; a longer one is cut and says so.
const VALUE_MAX: usize = 4 * 1024;
/// The longest name in bytes.
const NAME_MAX: usize = 256;
/// The longest URL kept.
const URL_MAX: usize = 2 * 1024;
/// What labels, annotations and URL may take together as they are kept, so that an event holds them. Labels are checked
/// by who takes them in; annotations are left out from here on, and said so.
const TEXT_MAX: usize = 11 * 1024;
/// The name under which it stands how many had no room.
const LEFT_OUT: &str = "left_out";

/// What another system says of an alert. Labels and annotations are sorted by name.
#[derive(Clone, Debug)]
pub struct External {
    /// Labels, annotations and URL, one after the other.
    text: Text,
    /// Where the annotations begin.
    annotations: u32,
    /// Where the URL begins.
    url: u32,
    /// Since when, by the sender's clock.
    pub starts_at: Timestamp,
    /// Until when the sender vouches for it where that is long; `None` where it has to be sent again and again.
    pub ends_at: Option<Timestamp>,
}

#[derive(Clone, Debug)]
enum Text {
    Whole(Box<str>),
    Alike(Alike),
}

impl PartialEq for External {
    fn eq(&self, other: &Self) -> bool {
        let parts = |one: &Self| (one.starts_at, one.ends_at, one.annotations, one.url);
        parts(self) == parts(other) && self.text() == other.text()
    }
}

impl Eq for External {}

impl External {
    /// Packs it. Texts are made safe; of a name that comes twice the last counts; an empty value is none.
    #[must_use]
    pub fn new<'a>(
        labels: impl IntoIterator<Item = (&'a str, &'a str)>,
        annotations: impl IntoIterator<Item = (&'a str, &'a str)>,
        generator_url: &str,
        starts_at: Timestamp,
        ends_at: Option<Timestamp>,
    ) -> Self {
        let url = SafeText::line_within(generator_url, URL_MAX);
        Self::pack(labels, annotations, TEXT_MAX, url.as_str(), starts_at, ends_at)
    }

    /// Packs what was packed before and came over a wire: nothing more is left out of it.
    #[must_use]
    pub fn again(labels: &str, annotations: &str, url: &str, starts_at: Timestamp, ends_at: Option<Timestamp>) -> Self {
        let url = SafeText::line_within(url, URL_MAX);
        let (labels, annotations): (Vec<_>, Vec<_>) = (pairs(labels).collect(), pairs(annotations).collect());
        Self::pack(
            labels.iter().map(|(name, value)| (name.as_ref(), value.as_ref())),
            annotations.iter().map(|(name, value)| (name.as_ref(), value.as_ref())),
            usize::MAX,
            url.as_str(),
            starts_at,
            ends_at,
        )
    }

    fn pack<'a>(
        labels: impl IntoIterator<Item = (&'a str, &'a str)>,
        annotations: impl IntoIterator<Item = (&'a str, &'a str)>,
        most: usize,
        url: &str,
        starts_at: Timestamp,
        ends_at: Option<Timestamp>,
    ) -> Self {
        let mut text = String::with_capacity(512);
        object(&mut text, labels, most);
        let from = text.len();
        object(&mut text, annotations, most.saturating_sub(from + url.len()));
        let (annotations, at) = (place(from), place(text.len()));
        text.push_str(url);
        Self { text: Text::Whole(text.into_boxed_str()), annotations, url: at, starts_at, ends_at }
    }

    /// The same with other times.
    #[must_use]
    pub fn at(&self, starts_at: Timestamp, ends_at: Option<Timestamp>) -> Self {
        Self { starts_at, ends_at, ..self.clone() }
    }

    /// All of it: labels, annotations and URL, one after the other; [`External::parts`] tells them apart.
    #[must_use]
    pub fn text(&self) -> Cow<'_, str> {
        match &self.text {
            Text::Whole(text) => Cow::Borrowed(text),
            Text::Alike(alike) => Cow::Owned(alike.text()),
        }
    }

    /// The same where it lies whole in memory, as it does in an event.
    #[must_use]
    pub fn borrowed(&self) -> Option<&str> {
        match &self.text {
            Text::Whole(text) => Some(text),
            Text::Alike(_) => None,
        }
    }

    /// Labels and annotations as JSON objects of strings without any space, and the URL where the sender shows more,
    /// of its [text](External::text).
    #[must_use]
    pub fn parts<'t>(&self, text: &'t str) -> [&'t str; 3] {
        let (annotations, url) = (self.annotations as usize, self.url as usize);
        [text.get(..annotations), text.get(annotations..url), text.get(url..)].map(Option::unwrap_or_default)
    }

    /// The labels as a JSON object of strings, without any space.
    #[must_use]
    pub fn labels_json(&self) -> Cow<'_, str> {
        self.part(0)
    }

    /// The annotations as a JSON object of strings, without any space.
    #[must_use]
    pub fn annotations_json(&self) -> Cow<'_, str> {
        self.part(1)
    }

    /// Where the sender shows more; empty where it gave nothing.
    #[must_use]
    pub fn generator_url(&self) -> Cow<'_, str> {
        self.part(2)
    }

    fn part(&self, which: usize) -> Cow<'_, str> {
        match self.text() {
            Cow::Borrowed(text) => Cow::Borrowed(self.parts(text).into_iter().nth(which).unwrap_or_default()),
            Cow::Owned(text) => Cow::Owned(self.parts(&text).into_iter().nth(which).unwrap_or_default().to_owned()),
        }
    }

    /// The labels, by name.
    #[must_use]
    pub fn labels(&self) -> Vec<(String, String)> {
        owned(&self.labels_json())
    }

    /// The annotations, by name.
    #[must_use]
    pub fn annotations(&self) -> Vec<(String, String)> {
        owned(&self.annotations_json())
    }

    /// The same, kept as what differs from another of its kind where that is less; and the summary, shared where it is
    /// the same as that one's.
    pub(super) fn packed(&self, models: &mut Models, summary: &SafeText) -> (Option<Self>, Option<SafeText>) {
        let Text::Whole(text) = &self.text else { return (None, None) };
        let [labels, ..] = self.parts(text);
        let name = pairs(labels).find(|(name, _)| name == "alertname").map(|(_, name)| name).unwrap_or_default();
        let (alike, summary) = models.pack(&name, text, summary);
        (alike.map(|alike| Self { text: Text::Alike(alike), ..*self }), summary)
    }

    /// The value of a label.
    #[must_use]
    pub fn label(&self, name: &str) -> Option<String> {
        pairs(&self.labels_json()).find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
    }
}

fn owned(object: &str) -> Vec<(String, String)> {
    pairs(object).map(|(name, value)| (name.into_owned(), value.into_owned())).collect()
}

fn place(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

/// Writes the pairs as a JSON object of at most `most` bytes; what has no room is left out, and the object says so.
fn object<'a>(out: &mut String, pairs: impl IntoIterator<Item = (&'a str, &'a str)>, most: usize) {
    let mut pairs: Vec<(Cow<'_, str>, Cow<'_, str>)> =
        pairs.into_iter().map(|(name, value)| (safe_name(name), safe_value(value))).collect();
    // Stable, so that of a name that comes twice the last is the last.
    pairs.sort_by(|(one, _), (other, _)| one.cmp(other));
    pairs.reverse();
    pairs.dedup_by(|(later, _), (kept, _)| later == kept);
    pairs.reverse();
    pairs.retain(|(_, value)| !value.is_empty());
    // Escaped, a text takes twice its bytes at most; only what is near the limit is counted exactly.
    let size = |(name, value): &(Cow<'_, str>, Cow<'_, str>)| name.len() + escaped_len(value) + 6;
    let mut room = most.saturating_sub(48);
    let before = pairs.len();
    pairs.retain(|pair| match room.checked_sub(size(pair)) {
        Some(left) => {
            room = left;
            true
        }
        None => false,
    });
    if pairs.len() < before {
        let left_out = format!("{} too long", before - pairs.len());
        pairs.push((Cow::Borrowed(LEFT_OUT), Cow::Owned(left_out)));
        pairs.sort_by(|(one, _), (other, _)| one.cmp(other));
    }
    out.push('{');
    for (at, (name, value)) in pairs.iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        string(out, name);
        out.push(':');
        string(out, value);
    }
    out.push('}');
}

/// A name made safe; nearly all are so already.
fn safe_name(name: &str) -> Cow<'_, str> {
    if name.len() <= NAME_MAX && name.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return Cow::Borrowed(name);
    }
    Cow::Owned(SafeText::line_within(name, NAME_MAX).as_str().to_owned())
}

/// A value made safe; nearly all are so already.
fn safe_value(value: &str) -> Cow<'_, str> {
    if value.len() <= VALUE_MAX && value.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return Cow::Borrowed(value);
    }
    Cow::Owned(SafeText::block_within(value, VALUE_MAX).as_str().to_owned())
}

fn escaped_len(text: &str) -> usize {
    text.len() + text.bytes().filter(|byte| matches!(byte, b'"' | b'\\' | b'\n')).count()
}

/// Writes a JSON string. Safe text holds no control character but newlines.
pub fn string(out: &mut String, text: &str) {
    out.push('"');
    let mut rest = text;
    while let Some(at) = rest.bytes().position(|byte| matches!(byte, b'"' | b'\\' | b'\n')) {
        let (plain, special) = rest.split_at(at);
        out.push_str(plain);
        out.push_str(match special.as_bytes().first() {
            Some(b'"') => "\\\"",
            Some(b'\\') => "\\\\",
            _ => "\\n",
        });
        rest = special.get(1..).unwrap_or_default();
    }
    out.push_str(rest);
    out.push('"');
}

/// The pairs of a JSON object as `object` writes it; ends early at what is none.
#[must_use]
pub fn pairs(object: &str) -> Pairs<'_> {
    Pairs { rest: object.strip_prefix('{').unwrap_or_default() }
}

/// The pairs of a packed object, one by one.
#[derive(Clone, Debug)]
pub struct Pairs<'a> {
    rest: &'a str,
}

impl<'a> Iterator for Pairs<'a> {
    type Item = (Cow<'a, str>, Cow<'a, str>);

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.rest.strip_prefix(',').unwrap_or(self.rest);
        let (name, rest) = unquoted(rest)?;
        let (value, rest) = unquoted(rest.strip_prefix(':')?)?;
        self.rest = rest;
        Some((name, value))
    }
}

fn unquoted(text: &str) -> Option<(Cow<'_, str>, &str)> {
    let text = text.strip_prefix('"')?;
    let mut escaped = false;
    let mut any = false;
    let end = text.bytes().position(|byte| {
        if escaped {
            escaped = false;
            return false;
        }
        escaped = byte == b'\\';
        any |= escaped;
        byte == b'"'
    })?;
    let (inside, rest) = (text.get(..end)?, text.get(end + 1..)?);
    if !any {
        return Some((Cow::Borrowed(inside), rest));
    }
    let mut plain = String::with_capacity(inside.len());
    let mut letters = inside.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => match letters.next()? {
                'n' => plain.push('\n'),
                other => plain.push(other),
            },
            letter => plain.push(letter),
        }
    }
    Some((Cow::Owned(plain), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn external<'a>(labels: &[(&'a str, &'a str)], annotations: &[(&'a str, &'a str)]) -> External {
        External::new(labels.iter().copied(), annotations.iter().copied(), "http://p/g?x=1", Timestamp(1), None)
    }

    #[test]
    fn what_is_packed_is_read_again_sorted_and_safe() {
        let packed = external(
            &[("job", "node"), ("alertname", "Disk \"full\""), ("empty", ""), ("job", "node2")],
            &[("summary", "a\\b\nline two"), ("evil", "\u{1b}[2J")],
        );
        let labels = packed.labels();
        assert_eq!(labels, [("alertname".into(), "Disk \"full\"".into()), ("job".into(), "node2".into())]);
        let annotations = packed.annotations();
        assert_eq!(annotations, [("evil".into(), "␛[2J".into()), ("summary".into(), "a\\b\nline two".into())]);
        assert_eq!(packed.generator_url(), "http://p/g?x=1");
        assert_eq!(packed.label("job").as_deref(), Some("node2"));
        let json: serde_json::Value = serde_json::from_str(&packed.annotations_json()).unwrap();
        assert_eq!(json["summary"], "a\\b\nline two");
    }

    #[test]
    fn what_is_too_long_is_left_out_and_said() {
        let long = "x".repeat(4_000);
        let packed = external(&[("alertname", "a")], &[("a", &long), ("b", &long), ("c", &long), ("d", "short")]);
        assert!(packed.annotations_json().len() < TEXT_MAX);
        let names: Vec<_> = packed.annotations().into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["a", "b", "d", "left_out"]);
        let (labels, annotations) = (packed.labels_json(), packed.annotations_json());
        assert_eq!(External::again(&labels, &annotations, &packed.generator_url(), Timestamp(1), None), packed);
    }

    #[test]
    fn what_is_no_object_has_no_pairs() {
        for text in ["", "{", "{\"a\"", "{\"a\":", "{\"a\":1}", "masked", "{\"a\\"] {
            assert_eq!(pairs(text).count(), 0, "{text}");
        }
    }
}
