//! Placing text in cells: measuring, cutting and writing it. Work is bounded by the cells available, never by the
//! length of the text.

use ratatui::buffer::Buffer;
use ratatui::style::Style;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// A cluster longer than this in bytes (letters under a pile of combining marks) is shown as a replacement character.
/// The longest cluster in common use, a flag of tags, has 28.
const CLUSTER_MAX: usize = 32;
const REPLACEMENT: &str = "\u{fffd}";

/// Where text that is too long is cut.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ellipsis {
    /// At its end: the beginning tells most.
    #[default]
    End,
    /// In its middle: beginning and end tell it from its neighbours, as in host names.
    Middle,
}

/// The cells one cluster takes: 0 for what has no place of its own, else 1 or more.
#[must_use]
pub fn cluster_width(cluster: &str) -> u16 {
    if cluster.len() == 1 {
        return u16::from(!cluster.as_bytes().first().is_some_and(u8::is_ascii_control));
    }
    if cluster.chars().any(char::is_control) {
        return 0;
    }
    if cluster.len() > CLUSTER_MAX {
        return 1;
    }
    // a mark of half-width katakana takes a cell of its own in terminals, and none by the tables of Unicode
    let marks = cluster.chars().filter(|c| matches!(c, '\u{ff9e}' | '\u{ff9f}')).count();
    u16::try_from(cluster.width() + marks).unwrap_or(u16::MAX)
}

/// The cells that text takes, or `None` as soon as they are more than `max`.
#[must_use]
pub fn width_within(text: &str, max: u16) -> Option<u16> {
    if text.len() <= usize::from(max) && text.is_ascii() {
        return u16::try_from(text.bytes().filter(|byte| !byte.is_ascii_control()).count()).ok();
    }
    let mut width = 0u16;
    for cluster in text.graphemes(true) {
        width = width.saturating_add(cluster_width(cluster));
        if width > max {
            return None;
        }
    }
    Some(width)
}

/// Writes text from (`x`, `y`) on into at most `width` cells and returns how many it took. What does not fit is left
/// out; clusters without a width and control characters are never written.
pub fn put(buf: &mut Buffer, x: u16, y: u16, width: u16, text: &str, style: Style) -> u16 {
    if let Some(plain) = plain_start(text, width) {
        let mut used = 0u16;
        for byte in plain {
            place(buf, x.saturating_add(used), y, std::str::from_utf8(&[*byte]).unwrap_or(" "), 1, style);
            used += 1;
        }
        return used;
    }
    let mut used = 0u16;
    for cluster in text.graphemes(true) {
        if used >= width {
            break;
        }
        let cells = cluster_width(cluster);
        if cells == 0 {
            continue;
        }
        if used.saturating_add(cells) > width {
            break;
        }
        let symbol = if cluster.len() > CLUSTER_MAX { REPLACEMENT } else { cluster };
        place(buf, x.saturating_add(used), y, symbol, cells, style);
        used += cells;
    }
    used
}

/// The bytes that fill `width` cells, where that needs no look at clusters: printable ASCII, and nothing after it that
/// could join its last character. Most text of a screen is such.
fn plain_start(text: &str, width: u16) -> Option<&[u8]> {
    let bytes = text.as_bytes();
    let looked_at = bytes.get(..bytes.len().min(usize::from(width) + 1))?;
    let plain = looked_at.iter().all(|byte| matches!(byte, b' '..=b'~'));
    plain.then(|| looked_at.get(..usize::from(width)).unwrap_or(looked_at))
}

/// As [`put`], but text that does not fit is cut with `mark` (one cell wide) in the place `ellipsis` says.
pub fn put_cut(
    buf: &mut Buffer,
    x: u16,
    y: u16,
    width: u16,
    text: &str,
    style: Style,
    (ellipsis, mark): (Ellipsis, &str),
) -> u16 {
    if width == 0 {
        return 0;
    }
    if width_within(text, width).is_some() {
        return put(buf, x, y, width, text, style);
    }
    let room = width - 1;
    let tail_room = match ellipsis {
        Ellipsis::End => 0,
        Ellipsis::Middle => room / 2,
    };
    let tail = tail_within(text, tail_room);
    let mut used = put(buf, x, y, room - tail_room, text, style);
    used += put(buf, x.saturating_add(used), y, 1, mark, style);
    used + put(buf, x.saturating_add(used), y, tail_room, tail, style)
}

/// The longest end of the text that takes at most `width` cells.
#[must_use]
pub fn tail_within(text: &str, width: u16) -> &str {
    let mut used = 0u16;
    let mut start = text.len();
    for (at, cluster) in text.grapheme_indices(true).rev() {
        used = used.saturating_add(cluster_width(cluster));
        if used > width {
            break;
        }
        start = at;
    }
    text.get(start..).unwrap_or_default()
}

/// Breaks text into lines of at most `width` cells, at spaces where there are any. Lines are made as they are asked for.
pub fn wrap(text: &str, width: u16) -> impl Iterator<Item = &str> {
    let mut rest = text.trim_end();
    std::iter::from_fn(move || {
        if width == 0 || rest.is_empty() {
            return None;
        }
        let (line, after) = first_line(rest, width);
        rest = after;
        Some(line)
    })
}

fn first_line(text: &str, width: u16) -> (&str, &str) {
    let at_byte = |at: usize| text.split_at_checked(at).unwrap_or((text, ""));
    let mut used = 0u16;
    let mut space = None;
    for (at, cluster) in text.grapheme_indices(true) {
        if matches!(cluster, "\n" | "\r\n") {
            return (at_byte(at).0, at_byte(at + cluster.len()).1);
        }
        if cluster == " " {
            space = Some(at);
        }
        used = used.saturating_add(cluster_width(cluster));
        if used > width {
            let (line, after) = match space {
                Some(space) => at_byte(space),
                // a cluster wider than the line stands alone and is not shown
                None => at_byte(if at == 0 { cluster.len() } else { at }),
            };
            return (line, after.trim_start_matches(' '));
        }
    }
    (text, "")
}

/// Fills a run of cells with one symbol of width one.
pub fn fill(buf: &mut Buffer, x: u16, y: u16, width: u16, symbol: &str, style: Style) {
    for at in x..x.saturating_add(width) {
        place(buf, at, y, symbol, 1, style);
    }
}

fn place(buf: &mut Buffer, x: u16, y: u16, symbol: &str, cells: u16, style: Style) {
    let Some(cell) = buf.cell_mut((x, y)) else { return };
    cell.set_symbol(symbol).set_style(style);
    // the cells under a wide symbol carry its style, so that a background has no holes
    for covered in 1..cells {
        if let Some(cell) = buf.cell_mut((x.saturating_add(covered), y)) {
            cell.set_symbol(" ").set_style(style);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::layout::Rect;

    fn line(buf: &Buffer) -> String {
        buf.content().iter().map(|cell| cell.symbol()).collect()
    }

    fn cut(text: &str, width: u16, ellipsis: Ellipsis) -> String {
        let mut buf = Buffer::empty(Rect::new(0, 0, 12, 1));
        let used = put_cut(&mut buf, 0, 0, width, text, Style::new(), (ellipsis, "…"));
        assert!(used <= width);
        line(&buf).trim_end().to_owned()
    }

    #[test]
    fn text_that_fits_is_whole_and_longer_text_is_cut_where_asked() {
        assert_eq!(cut("web01", 5, Ellipsis::End), "web01");
        assert_eq!(cut("web01.example", 8, Ellipsis::End), "web01.e…");
        assert_eq!(cut("web01.example", 8, Ellipsis::Middle), "web0…ple");
        assert_eq!(cut("web01", 1, Ellipsis::Middle), "…");
        assert_eq!(cut("web01", 0, Ellipsis::End), "");
    }

    #[test]
    fn a_wide_symbol_is_never_halved() {
        let mut buf = Buffer::empty(Rect::new(0, 0, 5, 1));
        assert_eq!(put(&mut buf, 0, 0, 5, "日本語", Style::new()), 4);
        assert_eq!(width_within("日本語", 6), Some(6));
        assert_eq!(width_within("日本語", 5), None);
    }

    #[test]
    fn control_characters_and_marks_alone_are_not_written() {
        let mut buf = Buffer::empty(Rect::new(0, 0, 8, 1));
        let used = put(&mut buf, 0, 0, 8, "a\u{1b}[31m\u{200b}b", Style::new());
        assert_eq!(line(&buf), "a[31mb  ");
        assert_eq!(used, 6);
    }

    #[test]
    fn a_pile_of_marks_takes_one_cell() {
        let pile = format!("a{}", "\u{301}".repeat(500));
        let mut buf = Buffer::empty(Rect::new(0, 0, 4, 1));
        assert_eq!(put(&mut buf, 0, 0, 4, &pile, Style::new()), 1);
        assert_eq!(buf.content().first().map(|cell| cell.symbol()), Some(REPLACEMENT));
    }

    #[test]
    fn lines_break_at_spaces_and_long_words_where_they_must() {
        let lines = |text: &'static str, width| wrap(text, width).collect::<Vec<_>>();
        assert_eq!(lines("make it larger", 7), ["make it", "larger"]);
        assert_eq!(lines("make it larger", 6), ["make", "it", "larger"]);
        assert_eq!(lines("a\nlonger-word b ", 6), ["a", "longer", "-word", "b"]);
        assert_eq!(lines("日本", 1), ["日", "本"]);
        assert_eq!(lines("text", 0), Vec::<&str>::new());
        assert_eq!(lines(" x", 1), ["", "x"]);
    }

    #[test]
    fn nothing_is_written_outside_the_buffer() {
        let mut buf = Buffer::empty(Rect::new(0, 0, 1, 1));
        put(&mut buf, 5, 5, 10, "日本", Style::new());
        put(&mut buf, u16::MAX, 0, 10, "ab", Style::new());
        fill(&mut buf, 0, 0, 99, "─", Style::new());
        assert_eq!(line(&buf), "─");
    }
}
