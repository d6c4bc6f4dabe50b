//! Output of programs as it is looked at: fetched when a screen wants it, one blob at a time, kept within bounds.

use std::collections::BTreeMap;

use crate::console::ask::{Detail, Topic};
use crate::console::replica::FleetIndex;
use crate::console::screens::world::Effect;
use crate::console::text::cluster_width;
use crate::fleet::words::{BlobId, SafeText};
use unicode_segmentation::UnicodeSegmentation;

/// The most bytes of text that are kept beside what the screen wants now; the blob that was looked at longest ago goes
/// first.
const KEPT_MAX: usize = 24 << 20;

type Key = (FleetIndex, BlobId);

/// The texts of blobs.
#[derive(Debug, Default)]
pub struct Texts {
    known: BTreeMap<Key, Known>,
    bytes: usize,
    looked: u64,
    wanted: Vec<Key>,
    asking: Option<Key>,
}

#[derive(Debug)]
struct Known {
    text: Result<SafeText, SafeText>,
    looked: u64,
}

impl Texts {
    /// What is known of a blob: its text, or why there is none; `None` before the hub has answered.
    #[must_use]
    pub fn get(&self, fleet: FleetIndex, blob: BlobId) -> Option<&Result<SafeText, SafeText>> {
        self.known.get(&(fleet, blob)).map(|known| &known.text)
    }

    /// What the screen shows now, the most urgent first; what nobody wants any more is not asked for.
    pub fn want(&mut self, wanted: impl IntoIterator<Item = Key>) {
        self.looked += 1;
        self.wanted.clear();
        for key in wanted {
            match self.known.get_mut(&key) {
                Some(known) => known.looked = self.looked,
                None => self.wanted.push(key),
            }
        }
    }

    /// The question for the hub, if one is due.
    pub fn ask(&mut self) -> Option<Effect> {
        if self.asking.is_some() {
            return None;
        }
        let (fleet, blob) = *self.wanted.first()?;
        self.asking = Some((fleet, blob));
        Some(Effect::Ask(fleet, Topic::Blob(blob)))
    }

    /// Takes an answer in; whether it was waited for.
    pub fn answer(&mut self, fleet: FleetIndex, blob: BlobId, result: Result<Detail, SafeText>) -> bool {
        let key = (fleet, blob);
        if self.asking == Some(key) {
            self.asking = None;
        }
        self.wanted.retain(|wanted| *wanted != key);
        let text = match result {
            Ok(Detail::Blob { text, .. }) => Ok(text),
            Ok(_) => return false,
            Err(why) => Err(why),
        };
        self.bytes += size(&text);
        if let Some(old) = self.known.insert(key, Known { text, looked: self.looked }) {
            self.bytes -= size(&old.text);
        }
        while self.bytes > KEPT_MAX && self.known.len() > 1 {
            // What the screen wants now is never pushed out by what it wants as well: it would be fetched for ever.
            let unwanted = self.known.iter().filter(|(other, known)| **other != key && known.looked < self.looked);
            let oldest = unwanted.min_by_key(|(_, known)| known.looked);
            let Some(oldest) = oldest.map(|(key, _)| *key) else { break };
            self.bytes -= self.known.remove(&oldest).map_or(0, |gone| size(&gone.text));
        }
        true
    }

    /// The link broke: what was asked is asked again, and so is what the hub refused.
    pub fn link_changed(&mut self) {
        self.asking = None;
        self.known.retain(|_, known| known.text.is_ok());
        self.bytes = self.known.values().map(|known| size(&known.text)).sum();
    }
}

fn size(text: &Result<SafeText, SafeText>) -> usize {
    match text {
        Ok(text) | Err(text) => text.as_str().len(),
    }
}

/// The rows of a terminal that a text takes at a width, as byte ranges: lines are cut where they are full, as a terminal
/// does it, since programs align their output by cells.
#[must_use]
pub fn rows(text: &str, width: u16) -> Vec<(usize, usize)> {
    let mut rows = Vec::new();
    let mut at = 0;
    let body = text.strip_suffix('\n').unwrap_or(text);
    if body.is_empty() {
        return rows;
    }
    for line in body.split('\n') {
        rows_of_line(line, at, width.max(1), &mut rows);
        at += line.len() + 1;
    }
    rows
}

fn rows_of_line(line: &str, from: usize, width: u16, rows: &mut Vec<(usize, usize)>) {
    if line.len() <= usize::from(width) || line.is_ascii() {
        let mut start = 0;
        loop {
            let end = line.len().min(start + usize::from(width));
            rows.push((from + start, from + end));
            start = end;
            if start >= line.len() {
                return;
            }
        }
    }
    let (mut start, mut used) = (0, 0);
    for (at, cluster) in line.grapheme_indices(true) {
        let cells = cluster_width(cluster);
        if used + cells > width && at > start {
            rows.push((from + start, from + at));
            (start, used) = (at, 0);
        }
        used += cells;
    }
    rows.push((from + start, from + line.len()));
}

/// The first line with something on it.
#[must_use]
pub fn first_line(text: &str) -> &str {
    text.lines().find(|line| !line.trim().is_empty()).unwrap_or("")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::text::width_within;
    use proptest::prelude::*;

    const FLEET: FleetIndex = FleetIndex(0);

    fn blob(number: u8) -> BlobId {
        BlobId([number; 32])
    }

    #[test]
    fn one_is_asked_at_a_time_the_most_urgent_first_and_none_twice() {
        let mut texts = Texts::default();
        texts.want([(FLEET, blob(1)), (FLEET, blob(2))]);
        assert_eq!(texts.ask(), Some(Effect::Ask(FLEET, Topic::Blob(blob(1)))));
        assert_eq!(texts.ask(), None, "one is under way");
        texts.answer(FLEET, blob(1), Ok(Detail::Blob { text: SafeText::block("a\nb\n"), cut: false }));
        assert_eq!(texts.ask(), Some(Effect::Ask(FLEET, Topic::Blob(blob(2)))));
        texts.answer(FLEET, blob(2), Err(SafeText::new("kept no longer")));
        texts.want([(FLEET, blob(1)), (FLEET, blob(2))]);
        assert_eq!(texts.ask(), None);
        assert_eq!(texts.get(FLEET, blob(2)), Some(&Err(SafeText::new("kept no longer"))));
    }

    #[test]
    fn what_is_kept_is_bounded_and_what_is_on_screen_stays() {
        let mut texts = Texts::default();
        let large = "x".repeat(1 << 20);
        for number in 0..60 {
            texts.want([(FLEET, blob(0)), (FLEET, blob(number))]);
            texts.ask();
            let text = SafeText::block_within(&large, 2 << 20);
            texts.answer(FLEET, blob(number), Ok(Detail::Blob { text, cut: false }));
            assert!(texts.bytes <= KEPT_MAX);
        }
        assert!(texts.get(FLEET, blob(0)).is_some() && texts.get(FLEET, blob(59)).is_some());
        assert!(texts.get(FLEET, blob(1)).is_none());
    }

    #[test]
    fn a_broken_link_asks_again() {
        let mut texts = Texts::default();
        texts.want([(FLEET, blob(1))]);
        assert!(texts.ask().is_some());
        texts.link_changed();
        assert!(texts.ask().is_some());
    }

    #[test]
    fn lines_are_cut_by_cells_and_none_is_lost() {
        assert_eq!(rows("", 5), []);
        assert_eq!(rows("\n", 5), []);
        assert_eq!(rows("abcdefg\n\nhi\n", 3), [(0, 3), (3, 6), (6, 7), (8, 8), (9, 11)]);
        assert_eq!(rows("日本語", 5), [(0, 6), (6, 9)]);
    }

    proptest! {
        #[test]
        fn rows_hold_the_whole_text_and_fit(text in "[a-z日é \n◌]{0,60}", width in 1u16..12) {
            let text = SafeText::block(&text);
            let rows = rows(text.as_str(), width);
            let mut at = 0;
            for (start, end) in rows {
                prop_assert!(start == at || text.as_str().get(at..start) == Some("\n"), "{start} after {at}");
                let row = text.as_str().get(start..end).unwrap();
                prop_assert!(width_within(row, width.max(2)).is_some());
                at = end;
            }
            prop_assert_eq!(text.as_str().get(at..).unwrap().trim_end_matches('\n'), "");
        }
    }
}
