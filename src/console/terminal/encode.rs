//! What changed between two screens, as the fewest bytes we know how to say it in.

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::Modifier;

use super::pen::{Pen, push_number};
use crate::console::text::cluster_width;

/// A gap of unchanged cells up to this wide is written again, which costs less than moving over it.
const GAP_REWRITTEN: usize = 4;
/// A blank end of a row is erased by one short sequence when at least this many cells of it changed.
const ERASE_FROM: usize = 4;

/// Appends to `out` what turns a terminal that shows `shown` into one that shows `next`. Both have the same size, and the
/// terminal's pen is at its default before and after.
pub(super) fn encode(shown: &Buffer, next: &Buffer, out: &mut Vec<u8>) {
    let width = usize::from(next.area.width);
    if width == 0 || shown.area != next.area {
        return;
    }
    let mut encoder = Encoder { out, pen: Pen::DEFAULT, at: None, width };
    for (y, (before, after)) in shown.content().chunks(width).zip(next.content().chunks(width)).enumerate() {
        encoder.row(y, before, after);
    }
    let Encoder { out, mut pen, .. } = encoder;
    pen.change(Pen::DEFAULT, out);
}

/// Whether a row would be drawn alike.
pub(super) fn same_row(a: &[Cell], b: &[Cell]) -> bool {
    a.iter().zip(b).all(|(a, b)| looks_alike(a, b))
}

struct Encoder<'a> {
    out: &'a mut Vec<u8>,
    pen: Pen,
    /// Where the terminal's cursor is (column, row), while that is certain. The column may be `width`: a glyph was
    /// written in the last one and the cursor waits to wrap.
    at: Option<(usize, usize)>,
    width: usize,
}

impl Encoder<'_> {
    fn row(&mut self, y: usize, shown: &[Cell], next: &[Cell]) {
        let blank_from = next.iter().rposition(|cell| !is_empty(cell)).map_or(0, |last| last + 1);
        // cells below this were covered by a wide glyph that is being overwritten
        let mut torn = 0;
        let mut x = 0;
        let mut cell_by_cell = false;
        while let (Some(before), Some(after)) = (shown.get(x), next.get(x)) {
            if x >= blank_from && !cell_by_cell {
                if self.erase_rest(x, y, torn, shown) {
                    return;
                }
                cell_by_cell = true;
            }
            let mut cells = width_of(after);
            if x < torn || !looks_alike(before, after) {
                torn = torn.max(x + width_of(before));
                for covered in x + 1..x + cells {
                    torn = torn.max(covered + shown.get(covered).map_or(1, width_of));
                }
                self.go_to(x, y, next);
                if x + cells > self.width {
                    // half a glyph would wrap into the next row
                    self.print(&Cell::EMPTY, 1);
                    cells = 1;
                } else {
                    self.print(after, cells);
                }
            }
            x += cells;
        }
    }

    /// Erases from the first changed cell on, where the row ends blank and enough of it changed. False if it is cheaper
    /// cell by cell.
    fn erase_rest(&mut self, x: usize, y: usize, torn: usize, shown: &[Cell]) -> bool {
        let changed = |at: &usize| *at < torn || shown.get(*at).is_some_and(|cell| !is_empty(cell));
        let Some(first) = (x..shown.len()).find(changed) else { return true };
        let last = (first..shown.len()).rfind(changed).unwrap_or(first);
        if last + 1 - first < ERASE_FROM {
            return false;
        }
        self.go_to(first, y, &[]);
        self.pen.change(Pen::DEFAULT, self.out);
        self.out.extend_from_slice(b"\x1b[K");
        true
    }

    fn go_to(&mut self, x: usize, y: usize, next: &[Cell]) {
        match self.at {
            Some(at) if at == (x, y) && x < self.width => return,
            Some((from, row)) if row == y && from < x => {
                if !self.rewrite(next.get(from..x).unwrap_or_default()) {
                    self.forward(x - from);
                }
            }
            Some((_, row)) if row + 1 == y => {
                self.out.extend_from_slice(b"\r\n");
                self.forward(x);
            }
            _ => {
                self.out.extend_from_slice(b"\x1b[");
                if y > 0 || x > 0 {
                    push_number(self.out, one_based(y));
                }
                if x > 0 {
                    self.out.push(b';');
                    push_number(self.out, one_based(x));
                }
                self.out.push(b'H');
            }
        }
        self.at = Some((x, y));
    }

    fn forward(&mut self, cells: usize) {
        if cells == 0 {
            return;
        }
        self.out.extend_from_slice(b"\x1b[");
        if cells > 1 {
            push_number(self.out, u16::try_from(cells).unwrap_or(u16::MAX));
        }
        self.out.push(b'C');
    }

    /// Writes a short gap of unchanged cells once more, if that needs no change of the pen.
    fn rewrite(&mut self, gap: &[Cell]) -> bool {
        let plain = |cell: &Cell| matches!(cell.symbol().as_bytes(), [0x20..=0x7e]) && self.pen_suits(cell);
        if gap.is_empty() || gap.len() > GAP_REWRITTEN || !gap.iter().all(plain) {
            return false;
        }
        gap.iter().for_each(|cell| self.out.extend_from_slice(cell.symbol().as_bytes()));
        true
    }

    fn pen_suits(&self, cell: &Cell) -> bool {
        let wanted = Pen::of(cell);
        self.pen == wanted || cell.symbol() == " " && self.pen.same_on_blank(wanted)
    }

    fn print(&mut self, cell: &Cell, cells: usize) {
        if !self.pen_suits(cell) {
            self.pen.change(Pen::of(cell), self.out);
        }
        let symbol = cell.symbol();
        let (x, y) = self.at.unwrap_or_default();
        if !is_certain(symbol) {
            // terminals differ in the width they give this glyph: clear its cells first and find the place again after
            for _ in 0..cells {
                self.out.push(b' ');
            }
            self.at = None;
            self.go_to(x, y, &[]);
        }
        if symbol.is_empty() || symbol.chars().any(char::is_control) {
            // no widget writes these; this is the last place where one could slip through
            self.out.push(b' ');
        } else {
            self.out.extend_from_slice(symbol.as_bytes());
        }
        self.at = is_certain(symbol).then_some((x + cells, y));
    }
}

fn one_based(at: usize) -> u16 {
    u16::try_from(at + 1).unwrap_or(u16::MAX)
}

fn width_of(cell: &Cell) -> usize {
    usize::from(cluster_width(cell.symbol())).max(1)
}

fn is_empty(cell: &Cell) -> bool {
    matches!(cell.symbol(), " " | "") && Pen::of(cell).same_on_blank(Pen::DEFAULT)
}

fn looks_alike(a: &Cell, b: &Cell) -> bool {
    let (pen_a, pen_b) = (Pen::of(a), Pen::of(b));
    if a.symbol() != b.symbol() || a.modifier.contains(Modifier::HIDDEN) != b.modifier.contains(Modifier::HIDDEN) {
        return false;
    }
    pen_a == pen_b || a.symbol() == " " && pen_a.same_on_blank(pen_b)
}

/// Whether every terminal gives this glyph the width we count.
fn is_certain(symbol: &str) -> bool {
    let mut chars = symbol.chars();
    match (chars.next(), chars.next()) {
        (Some(c), None) => matches!(
            c,
            ' '..='~' | '\u{a1}'..='\u{ac}' | '\u{ae}'..='\u{24f}' | '\u{391}'..='\u{3c9}' | '\u{400}'..='\u{45f}'
            | '\u{2010}'..='\u{2027}' | '\u{2190}'..='\u{2193}' | '\u{2500}'..='\u{25a1}' | '\u{25b2}' | '\u{25bc}'
            | '\u{25cb}' | '\u{25cf}' | '\u{2800}'..='\u{28ff}'
            | '\u{3041}'..='\u{3096}' | '\u{30a1}'..='\u{30fa}' | '\u{4e00}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}'
        ),
        _ => false,
    }
}
