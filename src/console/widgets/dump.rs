//! Screens as text, for tests: the glyphs, and below them a letter for the role of each.

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};

use crate::console::text::cluster_width;
use crate::console::theme::Role;

/// The glyphs, a line a row, without blanks at the ends.
#[must_use]
pub fn text(buf: &Buffer) -> String {
    let mut out = String::new();
    for row in buf.content().chunks(usize::from(buf.area.width).max(1)) {
        let start = out.len();
        let mut covered = 0;
        for cell in row {
            if covered > 0 {
                covered -= 1;
                continue;
            }
            out.push_str(cell.symbol());
            covered = cluster_width(cell.symbol()).saturating_sub(1);
        }
        let end = out.trim_end_matches(' ').len().max(start);
        out.truncate(end);
        out.push('\n');
    }
    out
}

/// A letter for the role of each glyph, painted with [`crate::console::theme::Theme::of_roles`]. A row of the cursor
/// ends with ` S`; blanks have no letter unless their background has a role.
#[must_use]
pub fn roles(buf: &Buffer) -> String {
    let mut out = String::new();
    for row in buf.content().chunks(usize::from(buf.area.width).max(1)) {
        let letters: String = row.iter().map(letter).collect();
        out.push_str(letters.trim_end_matches(' '));
        if row.iter().any(|cell| cell.bg == Color::Indexed(Role::Selection as u8)) {
            out.push_str(" S");
        }
        out.push('\n');
    }
    out
}

/// Both, the letters below the glyphs.
#[must_use]
pub fn both(buf: &Buffer) -> String {
    format!("{}---\n{}", text(buf), roles(buf))
}

fn letter(cell: &Cell) -> char {
    let Color::Indexed(index) = cell.fg else {
        return if cell.modifier.contains(Modifier::CROSSED_OUT) { '~' } else { ' ' };
    };
    match Role::ALL.get(usize::from(index)) {
        Some(Role::Banner | Role::Cursor) => {}
        _ if cell.symbol() == " " => return ' ',
        _ if cell.modifier.contains(Modifier::CROSSED_OUT) => return '~',
        _ => {}
    }
    Role::ALL.get(usize::from(index)).map_or('?', |role| role.letter())
}
