//! Tables of text that fit the terminal.

use unicode_segmentation::UnicodeSegmentation;

use crate::fleet::words::SafeText;
use crate::fleet::words::display_width::{display_width, truncate_to_width};

/// Cells between two columns.
const GAP: usize = 2;
/// No column that may shrink gets narrower than this.
const NARROWEST: usize = 8;

/// What a cell says beyond its words. The words alone must do without it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tone {
    /// Nothing more.
    #[default]
    Plain,
    /// All is well.
    Good,
    /// Someone should look.
    Warning,
    /// Someone must act.
    Critical,
    /// Nobody knows.
    Unknown,
    /// Of lesser weight.
    Quiet,
}

impl Tone {
    /// The parameters of the escape sequence, in the terminal's own 16 colours.
    const fn sgr(self) -> Option<&'static str> {
        match self {
            Self::Plain => None,
            Self::Good => Some("32"),
            Self::Warning => Some("33"),
            Self::Critical => Some("1;31"),
            Self::Unknown => Some("35"),
            Self::Quiet => Some("2"),
        }
    }

    /// The text in this tone where colours are wanted.
    #[must_use]
    pub fn paint(self, text: &str, color: bool) -> String {
        match self.sgr() {
            Some(sgr) if color && !text.trim().is_empty() => format!("\x1b[{sgr}m{text}\x1b[0m"),
            _ => text.to_owned(),
        }
    }
}

/// One cell: safe text in a tone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cell {
    text: SafeText,
    tone: Tone,
}

impl Cell {
    /// A cell in a tone.
    #[must_use]
    pub fn new(text: impl AsRef<str>, tone: Tone) -> Self {
        Self { text: SafeText::new(text.as_ref()), tone }
    }

    /// A cell of plain text.
    #[must_use]
    pub fn plain(text: impl AsRef<str>) -> Self {
        Self::new(text, Tone::Plain)
    }

    /// A cell of lesser weight.
    #[must_use]
    pub fn quiet(text: impl AsRef<str>) -> Self {
        Self::new(text, Tone::Quiet)
    }
}

/// A column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    title: &'static str,
    right: bool,
    shrinks: bool,
    wraps: bool,
}

impl Column {
    /// A column that is never cut.
    #[must_use]
    pub const fn new(title: &'static str) -> Self {
        Self { title, right: false, shrinks: false, wraps: false }
    }

    /// A column of numbers or ages.
    #[must_use]
    pub const fn right(title: &'static str) -> Self {
        Self { title, right: true, shrinks: false, wraps: false }
    }

    /// A column that gives way where the terminal is narrow.
    #[must_use]
    pub const fn shrinking(title: &'static str) -> Self {
        Self { title, right: false, shrinks: true, wraps: false }
    }

    /// A column that gives way too, and loses nothing: what does not fit goes on in the next line.
    #[must_use]
    pub const fn wrapping(title: &'static str) -> Self {
        Self { title, right: false, shrinks: true, wraps: true }
    }
}

/// A table of at most `width` cells, as far as its columns can shrink, the titles first; a line each unless it wraps.
#[must_use]
pub fn render(columns: &[Column], rows: &[Vec<Cell>], width: usize, color: bool) -> String {
    let widths = fit(columns, rows, width);
    let titles: Vec<Cell> = columns.iter().map(|column| Cell::quiet(column.title)).collect();
    let mut text = String::new();
    for row in std::iter::once(&titles).chain(rows) {
        for part in wrapped(columns, row, &widths) {
            let line = line(columns, &part, &widths, color);
            text.push_str(line.trim_end());
            text.push('\n');
        }
    }
    text
}

/// A row as the rows of one line it takes.
fn wrapped(columns: &[Column], row: &[Cell], widths: &[usize]) -> Vec<Vec<Cell>> {
    let mut parts = vec![row.to_vec()];
    for (place, ((column, cell), width)) in columns.iter().zip(row).zip(widths).enumerate() {
        if !column.wraps || cell.text.display_width() <= *width {
            continue;
        }
        for (number, piece) in pieces(cell.text.as_str(), *width).into_iter().enumerate() {
            if number == parts.len() {
                parts.push(vec![Cell::default(); row.len()]);
            }
            if let Some(cell) = parts.get_mut(number).and_then(|part| part.get_mut(place)) {
                *cell = Cell::new(piece, cell.tone);
            }
        }
    }
    parts
}

/// The text in pieces of at most `width` cells, cut between words where that leaves at least half a line.
fn pieces(text: &str, width: usize) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut rest = text.trim_start();
    while display_width(rest) > width {
        let (mut end, mut cells) = (0, 0);
        for (at, grapheme) in rest.grapheme_indices(true) {
            cells += display_width(grapheme);
            // A grapheme wider than the line still goes on one, or it would never end.
            if cells > width && at > 0 {
                break;
            }
            end = at + grapheme.len();
        }
        let fits = rest.get(..end).unwrap_or(rest);
        let at_space = fits.rfind(' ').filter(|at| at * 2 >= fits.len());
        let (piece, left) = rest.split_at(at_space.unwrap_or(end).min(rest.len()));
        pieces.push(piece);
        rest = left.trim_start();
    }
    if !rest.is_empty() || pieces.is_empty() {
        pieces.push(rest);
    }
    pieces
}

/// The widths of the columns: what they hold, the widest of those that may shrink cut first.
fn fit(columns: &[Column], rows: &[Vec<Cell>], width: usize) -> Vec<usize> {
    let mut widths: Vec<usize> = columns.iter().map(|column| display_width(column.title)).collect();
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.text.display_width());
        }
    }
    let gaps = GAP * columns.len().saturating_sub(1);
    let mut over = (widths.iter().sum::<usize>() + gaps).saturating_sub(width);
    while over > 0 {
        let shrinking = widths.iter_mut().zip(columns).filter(|(_, column)| column.shrinks).map(|(width, _)| width);
        let Some(widest) = shrinking.max_by_key(|width| **width).filter(|width| **width > NARROWEST) else { break };
        *widest -= 1;
        over -= 1;
    }
    widths
}

fn line(columns: &[Column], row: &[Cell], widths: &[usize], color: bool) -> String {
    let mut line = String::new();
    for (place, ((column, cell), width)) in columns.iter().zip(row).zip(widths).enumerate() {
        if place > 0 {
            line.push_str(&" ".repeat(GAP));
        }
        let text = truncate_to_width(cell.text.as_str(), *width);
        let missing = " ".repeat(width.saturating_sub(display_width(&text)));
        let painted = cell.tone.paint(&text, color);
        if column.right {
            line.push_str(&missing);
            line.push_str(&painted);
        } else {
            line.push_str(&painted);
            line.push_str(&missing);
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: [Column; 3] = [Column::new("STATE"), Column::right("AGE"), Column::shrinking("SUMMARY")];

    fn row(state: &str, age: &str, summary: &str) -> Vec<Cell> {
        vec![Cell::new(state, Tone::Critical), Cell::plain(age), Cell::plain(summary)]
    }

    #[test]
    fn columns_stay_straight_whatever_is_in_them() {
        let rows = [row("up", "3m", "日本語"), row("\x1b[2Jdown", "41d", "a\u{202e}b\tc"), row("", "", "")];
        let text = render(&COLUMNS, &rows, 100, false);
        assert!(!text.contains(|c: char| c.is_control() && c != '\n') && !text.contains('\u{202e}'), "{text}");
        let starts: Vec<usize> = text
            .lines()
            .take(3)
            .map(|line| {
                let summary = ["SUMMARY", "日本語", "a⟨"].into_iter().find_map(|word| line.find(word)).unwrap();
                display_width(&line[..summary])
            })
            .collect();
        assert!(starts.iter().all(|start| *start == starts[0]), "{text}");
        assert!(text.lines().all(|line| line == line.trim_end()));
    }

    #[test]
    fn a_narrow_terminal_cuts_only_what_may_shrink() {
        let rows = [row("down", "3m", "everything is on fire and nobody knows why")];
        let text = render(&COLUMNS, &rows, 30, false);
        assert!(text.lines().all(|line| display_width(line) <= 30), "{text}");
        assert!(text.contains("down") && text.contains("3m") && text.contains('…'), "{text}");
        assert!(render(&COLUMNS, &rows, 1, false).contains("down"), "what can't shrink stays");
    }

    #[test]
    fn what_wraps_loses_nothing() {
        let columns = [Column::right("REVISION"), Column::wrapping("WHAT")];
        let said = "alert 12 acknowledged by okafor: 日本語日本語日本語 andaverylongwordthatfitsnowhereatall end";
        let text = render(&columns, &[vec![Cell::plain("7"), Cell::plain(said)]], 34, false);
        assert!(text.lines().all(|line| display_width(line) <= 34), "{text}");
        let squeezed = |text: &str| text.split_whitespace().collect::<String>();
        assert_eq!(squeezed(&text), squeezed(&format!("REVISION WHAT 7 {said}")), "{text}");
        assert!(text.lines().skip(2).all(|line| line.starts_with("          ")), "{text}");
        assert_eq!(pieces("日日", 1), ["日", "日"], "wider than the line");
    }

    #[test]
    fn colour_changes_nothing_but_colour() {
        let rows = [row("down", "3m", "x")];
        let painted = render(&COLUMNS, &rows, 80, true);
        assert!(painted.contains("\x1b[1;31mdown\x1b[0m"), "{painted:?}");
        let bare = painted.replace("\x1b[1;31m", "").replace("\x1b[2m", "").replace("\x1b[0m", "");
        assert_eq!(bare, render(&COLUMNS, &rows, 80, false));
    }
}
