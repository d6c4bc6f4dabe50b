//! How many cells of a terminal a text takes.

use std::borrow::Cow;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// What stands at the end of a text that was cut.
const ELLIPSIS: char = '…';

/// The cells of a terminal `text` takes as one line: the sum over its graphemes, as the screen is painted grapheme by
/// grapheme (the width of a whole text would count Arabic ligatures that no terminal draws).
#[must_use]
pub fn display_width(text: &str) -> usize {
    if is_plain(text) { text.len() } else { text.graphemes(true).map(UnicodeWidthStr::width).sum() }
}

/// `text` in at most `width` cells: itself where it fits, else as many graphemes as fit before a `…`.
#[must_use]
pub fn truncate_to_width(text: &str, width: usize) -> Cow<'_, str> {
    if is_plain(text) {
        return match text.get(..width.saturating_sub(1)) {
            _ if text.len() <= width => text.into(),
            Some(start) if width > 0 => format!("{start}{ELLIPSIS}").into(),
            _ => "".into(),
        };
    }
    let (mut cells, mut fits) = (0, 0);
    for (at, grapheme) in text.grapheme_indices(true) {
        cells += grapheme.width();
        if cells > width {
            let start = text.get(..fits).unwrap_or_default();
            return if width == 0 { "".into() } else { format!("{start}{ELLIPSIS}").into() };
        }
        if cells < width {
            fits = at + grapheme.len();
        }
    }
    text.into()
}

fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_cut_text_ends_in_an_ellipsis_and_fits() {
        for (text, width, cut) in [
            ("hello", 5, "hello"),
            ("hello", 4, "hel…"),
            ("hello", 1, "…"),
            ("hello", 0, ""),
            ("日本語", 6, "日本語"),
            ("日本語", 5, "日本…"),
            ("日本語", 4, "日…"),
            ("日本語", 2, "…"),
            ("日", 0, ""),
            ("e\u{301}e\u{301}e\u{301}", 2, "e\u{301}…"),
            ("", 0, ""),
        ] {
            assert_eq!(truncate_to_width(text, width), cut, "{text} in {width}");
        }
        assert_eq!(display_width("日本 a"), 6);
    }

    proptest! {
        #[test]
        fn a_cut_text_never_exceeds_its_width(text in any::<String>(), width in 0_usize..40) {
            let cut = truncate_to_width(&text, width);
            prop_assert!(display_width(&cut) <= width, "{cut:?}");
            prop_assert!(cut == text || cut.ends_with(ELLIPSIS) || width == 0);
        }
    }
}
