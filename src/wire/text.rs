//! Text from the wire, made safe and no longer than its field allows. What is cut says by how much.
//!
//! Whoever makes an event uses the same functions, so that what a replica decodes is what the hub holds: making safe
//! twice changes nothing.

use std::sync::Arc;

use crate::fleet::words::SafeText;
use crate::wire::limits;

/// One line: a name, a reason, a summary.
#[must_use]
pub fn line(text: &str) -> SafeText {
    SafeText::line_within(text, limits::SUMMARY_MAX)
}

/// A short line: the words of an operating system or of a kernel about its parts.
#[must_use]
pub fn word(text: &str) -> SafeText {
    SafeText::line_within(text, limits::WORD_MAX)
}

/// What a person wrote.
#[must_use]
pub fn note(text: &str) -> SafeText {
    SafeText::line_within(text, limits::NOTE_MAX)
}

/// What a person may have written.
#[must_use]
pub fn optional_note(text: Option<String>) -> Option<SafeText> {
    text.map(|text| note(&text))
}

/// Performance data as a check printed it.
#[must_use]
pub fn perfdata(text: &str) -> SafeText {
    SafeText::line_within(text, limits::PERFDATA_MAX)
}

/// The further lines of a check's output.
#[must_use]
pub fn long_text(text: &str) -> SafeText {
    SafeText::block_within(text, limits::LONG_TEXT_MAX)
}

/// What changed with a configuration, so that it fits an event: beyond the limit only a count stays.
#[must_use]
pub fn changes<'c>(changes: impl IntoIterator<Item = &'c str>) -> Vec<SafeText> {
    let mut kept = Vec::new();
    let (mut size, mut left_out) = (0, 0_usize);
    for change in changes {
        let change = word(change);
        size += change.as_str().len();
        if left_out == 0 && size <= limits::CHANGES_MAX && kept.len() < limits::CHANGES_COUNT_MAX {
            kept.push(change);
        } else {
            left_out += 1;
        }
    }
    if left_out > 0 {
        kept.push(word(&format!("and {left_out} more")));
    }
    kept
}

/// One line for a field that the fleet keeps as plain text.
pub(super) fn plain(text: &str) -> String {
    line(text).as_str().to_owned()
}

/// A name that the fleet itself has given, so it is not refused here; safe to show, whoever sent it.
pub(super) fn id(text: &str) -> Arc<str> {
    line(text).as_str().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_changes_fit_an_event_and_are_counted() {
        let many: Vec<String> = (0..5000).map(|n| format!("check disk-{n} added")).collect();
        let kept = changes(many.iter().map(String::as_str));
        assert_eq!(kept.last().map(SafeText::as_str), Some(&*format!("and {} more", 5001 - kept.len())));
        assert!(kept.iter().map(|line| line.as_str().len() + 3).sum::<usize>() < limits::EVENT_MAX - 1024);
        assert_eq!(changes(["one", "two"]).len(), 2);
    }
}
