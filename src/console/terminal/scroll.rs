//! Moving rows that are already on the screen, instead of sending them again.

use ratatui::buffer::{Buffer, Cell};

use super::encode::same_row;
use super::pen::push_number;

/// Fewer changed rows than this are cheaper to send than to look for.
const WORTH_A_LOOK: usize = 4;
/// The rows that a move must save to be worth its bytes.
const WORTH_A_MOVE: isize = 3;

/// Rows `top` to `bottom` (exclusive) move by `rows` lines: up where positive, down where negative.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Shift {
    top: usize,
    bottom: usize,
    rows: isize,
}

/// Finds rows of `shown` that stand elsewhere in `next`, appends what moves them there, and moves them in `shown` too.
pub(super) fn scroll(shown: &mut Buffer, next: &Buffer, out: &mut Vec<u8>) {
    let Some(shift) = find(shown, next) else { return };
    let lines = u16::try_from(shift.rows.unsigned_abs()).unwrap_or(u16::MAX);
    let (Ok(top), Ok(bottom)) = (u16::try_from(shift.top + 1), u16::try_from(shift.bottom)) else { return };
    // scrolling by inserting and deleting lines between margins works where CSI S and T do not, as on the Linux console
    out.extend_from_slice(b"\x1b[");
    push_number(out, top);
    out.push(b';');
    push_number(out, bottom);
    out.extend_from_slice(b"r\x1b[");
    push_number(out, top);
    out.extend_from_slice(b"H\x1b[");
    push_number(out, lines);
    out.push(if shift.rows > 0 { b'M' } else { b'L' });
    out.extend_from_slice(b"\x1b[r");
    apply(shown, shift);
}

fn find(shown: &Buffer, next: &Buffer) -> Option<Shift> {
    let width = usize::from(next.area.width);
    if width == 0 || shown.area != next.area {
        return None;
    }
    let before: Vec<&[Cell]> = shown.content().chunks(width).collect();
    let after: Vec<&[Cell]> = next.content().chunks(width).collect();
    let still: Vec<bool> = before.iter().zip(&after).map(|(a, b)| same_row(a, b)).collect();
    if still.iter().filter(|still| !**still).count() < WORTH_A_LOOK {
        return None;
    }
    let before: Vec<Option<u64>> = before.into_iter().map(fingerprint).collect();
    let after: Vec<Option<u64>> = after.into_iter().map(fingerprint).collect();
    let height = isize::try_from(after.len()).ok()?;
    (1 - height..height)
        .filter(|rows| *rows != 0)
        .filter_map(|rows| rate(&before, &after, &still, rows))
        .max_by_key(|(score, shift)| (*score, -shift.rows.abs()))
        .filter(|(score, _)| *score >= WORTH_A_MOVE)
        .map(|(_, shift)| shift)
}

/// How many rows a move by `rows` saves, and the region it takes.
fn rate(before: &[Option<u64>], after: &[Option<u64>], still: &[bool], rows: isize) -> Option<(isize, Shift)> {
    let matches = |to: usize| {
        let from = to.checked_add_signed(rows)?;
        let wanted = (*after.get(to)?)?;
        (*before.get(from)? == Some(wanted)).then_some(())
    };
    let changed = |to: &usize| still.get(*to) == Some(&false);
    let mut arrived = (0..after.len()).filter(changed).filter(|to| matches(*to).is_some());
    let first = arrived.next()?;
    let last = arrived.next_back().unwrap_or(first);
    let (saved, harmed) = (first..=last).fold((0, 0), |(saved, harmed), to| match (matches(to), changed(&to)) {
        (Some(()), true) => (saved + 1, harmed),
        (None, false) => (saved, harmed + 1),
        _ => (saved, harmed),
    });
    let from_first = first.checked_add_signed(rows)?;
    let from_last = last.checked_add_signed(rows)?;
    let shift = Shift { top: first.min(from_first), bottom: last.max(from_last) + 1, rows };
    Some((saved - harmed - rows.abs(), shift))
}

/// A number for a row's text; `None` for an empty row, which costs nothing to send. Two rows with one number only cost
/// bytes, as what a move leaves wrong is sent afterwards; so speed counts for more than certainty.
fn fingerprint(row: &[Cell]) -> Option<u64> {
    const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut number = 0u64;
    let mut empty = true;
    for cell in row {
        let text = cell.symbol().bytes().fold(0u64, |text, byte| text << 8 | u64::from(byte));
        empty &= text == u64::from(b' ');
        number = (number.rotate_left(5) ^ text).wrapping_mul(ODD);
    }
    (!empty).then_some(number)
}

fn apply(shown: &mut Buffer, shift: Shift) {
    let width = usize::from(shown.area.width);
    let Some(region) = shown.content.get_mut(shift.top * width..shift.bottom * width) else { return };
    let cells = (shift.rows.unsigned_abs() * width).min(region.len());
    let kept = region.len() - cells;
    let gone = if shift.rows > 0 {
        region.rotate_left(cells);
        region.get_mut(kept..)
    } else {
        region.rotate_right(cells);
        region.get_mut(..cells)
    };
    gone.into_iter().flatten().for_each(Cell::reset);
}
