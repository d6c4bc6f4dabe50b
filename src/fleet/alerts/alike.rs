//! Texts that are nearly the same, kept as what differs: alerts of one rule say the same of thousands of hosts.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;

use crate::fleet::words::SafeText;

/// Texts that others are compared with, at most; alerts of further rules are kept whole.
const MOST: usize = 1_024;
/// The longest text that others are compared with.
const LONGEST: usize = 16 << 10;
/// What is shorter than this is not worth a reference.
const LEAST: usize = 8;
/// Places of the table by which parts are found again.
const PLACES: usize = 1_024;

/// A text that others are compared with.
#[derive(Debug)]
struct Model {
    text: Arc<str>,
    /// The last place at which a beginning stands, plus one, by its hash.
    places: Box<[u16]>,
    /// What the first alert of its kind said in a line.
    summary: SafeText,
}

/// The texts that others are compared with, one a kind. It is memory, not state: two fleets are the same whatever is
/// in it.
#[derive(Clone, Debug, Default)]
pub(super) struct Models(HashMap<u64, Arc<Model>>);

impl PartialEq for Models {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

/// A text as its differences from another.
#[derive(Clone, Debug)]
pub(super) struct Alike {
    model: Arc<str>,
    /// Again and again: where and how much to copy, how much follows that is new, and that.
    parts: Box<[u8]>,
}

impl Models {
    /// The text as differences, and the summary shared where it is the same; the first of a kind becomes its model.
    pub(super) fn pack(&mut self, kind: &str, text: &str, summary: &SafeText) -> (Option<Alike>, Option<SafeText>) {
        let mut hasher = DefaultHasher::new();
        kind.hash(&mut hasher);
        let key = hasher.finish();
        let Some(model) = self.0.get(&key) else {
            if self.0.len() < MOST && text.len() <= LONGEST {
                self.0.insert(key, Arc::new(Model::of(text, summary)));
            }
            return (None, None);
        };
        let shared = (model.summary == *summary).then(|| model.summary.clone());
        (model.differences(text), shared)
    }
}

impl Model {
    fn of(text: &str, summary: &SafeText) -> Self {
        let mut places = vec![0_u16; PLACES].into_boxed_slice();
        let bytes = text.as_bytes();
        for (at, beginning) in bytes.windows(LEAST).enumerate() {
            if let Some(place) = places.get_mut(place(beginning)) {
                *place = u16::try_from(at + 1).unwrap_or(0);
            }
        }
        Self { text: text.into(), places, summary: summary.clone() }
    }

    /// What differs; `None` where that is most of it.
    fn differences(&self, text: &str) -> Option<Alike> {
        let (known, bytes) = (self.text.as_bytes(), text.as_bytes());
        let mut parts = Vec::with_capacity(96);
        // What is new so far and not written yet begins here.
        let (mut at, mut new) = (0, 0);
        // Where the model goes on if nothing was inserted.
        let mut follows = 0;
        let mut copy = (0, 0);
        while at < bytes.len() {
            let rest = bytes.get(at..)?;
            if rest.first().is_some_and(|byte| byte & 0xc0 == 0x80) {
                // Within a letter nothing begins.
                at += 1;
                follows += 1;
                continue;
            }
            let found = [follows, self.place_of(rest)]
                .into_iter()
                .map(|from| (from, common(known.get(from..).unwrap_or_default(), rest)))
                .max_by_key(|(_, length)| *length)
                .filter(|(_, length)| *length >= LEAST);
            let Some((from, length)) = found else {
                at += 1;
                follows += 1;
                continue;
            };
            write(&mut parts, copy, bytes.get(new..at)?);
            copy = (from, length);
            at += length;
            (new, follows) = (at, from + length);
        }
        write(&mut parts, copy, bytes.get(new..)?);
        (parts.len() + 24 < text.len() / 2).then(|| Alike { model: Arc::clone(&self.text), parts: parts.into() })
    }

    fn place_of(&self, rest: &[u8]) -> usize {
        let found = rest.get(..LEAST).and_then(|beginning| self.places.get(place(beginning)));
        found.map_or(usize::MAX, |found| usize::from(*found).wrapping_sub(1))
    }
}

impl Alike {
    /// The text.
    pub(super) fn text(&self) -> String {
        let mut text = String::with_capacity(self.model.len() + 64);
        let mut rest: &[u8] = &self.parts;
        let mut whole = || {
            while !rest.is_empty() {
                let (from, length, new) = (read(&mut rest)?, read(&mut rest)?, read(&mut rest)?);
                text.push_str(self.model.get(from..from + length)?);
                let (inserted, after) = rest.split_at_checked(new)?;
                text.push_str(std::str::from_utf8(inserted).ok()?);
                rest = after;
            }
            Some(())
        };
        // It is what was written above, or memory is broken.
        let _ = whole();
        text
    }
}

fn place(beginning: &[u8]) -> usize {
    let hash = beginning.iter().fold(0_u64, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    usize::try_from(hash >> 54).unwrap_or(0) % PLACES
}

fn common(one: &[u8], other: &[u8]) -> usize {
    let mut length = one.iter().zip(other).take_while(|(one, other)| one == other).count();
    // Only whole letters.
    while length > 0 && one.get(length).or(other.get(length)).is_some_and(|byte| byte & 0xc0 == 0x80) {
        length -= 1;
    }
    length
}

fn write(parts: &mut Vec<u8>, (from, length): (usize, usize), new: &[u8]) {
    if length == 0 && new.is_empty() {
        return;
    }
    for number in [from, length, new.len()] {
        let mut number = number;
        while number >= 0x80 {
            parts.push(u8::try_from(number & 0x7f).unwrap_or(0) | 0x80);
            number >>= 7;
        }
        parts.push(u8::try_from(number).unwrap_or(0));
    }
    parts.extend_from_slice(new);
}

fn read(rest: &mut &[u8]) -> Option<usize> {
    let mut number = 0;
    for shift in (0..28).step_by(7) {
        let (byte, after) = rest.split_first()?;
        *rest = after;
        number |= usize::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_alike_takes_little_and_is_read_as_it_was() {
        let text = |n: u32| {
            format!(
                "{{\"alertname\":\"Disk\",\"instance\":\"web-{n}.example.net:9100\"}} is {n} % full on web-{n}, and that is what it says of all of them"
            )
        };
        let mut models = Models::default();
        let summary = SafeText::new("full");
        assert!(models.pack("Disk", &text(1), &summary).0.is_none(), "the first is the model");
        for n in [2, 12, 123_456] {
            let (alike, shared) = models.pack("Disk", &text(n), &summary);
            let alike = alike.unwrap();
            assert_eq!(alike.text(), text(n));
            assert!(alike.parts.len() < 50, "{}", alike.parts.len());
            assert_eq!(shared.as_ref(), Some(&summary));
        }
        assert!(models.pack("Disk", "something else altogether", &summary).0.is_none());
    }

    proptest! {
        #[test]
        fn any_text_is_read_as_it_was(model in "[aä😀\"{}]{0,60}", parts in proptest::collection::vec((0..60_usize, "[aä😀b]{0,9}"), 0..6)) {
            let mut text = String::new();
            for (from, new) in parts {
                text.extend(model.chars().skip(from));
                text.push_str(&new);
            }
            let mut models = Models::default();
            models.pack("k", &model, &SafeText::default());
            if let (Some(alike), _) = models.pack("k", &text, &SafeText::default()) {
                prop_assert_eq!(alike.text(), text);
            }
        }
    }
}
