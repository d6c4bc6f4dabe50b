//! Figures five rows high, for a screen with rows to spare.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::console::text::{fill, put};

/// Rows of a large figure.
pub const HEIGHT: u16 = 5;
/// Columns of one, with the gap behind it.
const WIDTH: u16 = 7;

/// Five rows of three points each, from the top; a point is two cells wide, since cells are twice as high as wide.
const fn points(sign: char) -> Option<[u8; 5]> {
    Some(match sign {
        '0' => [0b111, 0b101, 0b101, 0b101, 0b111],
        '1' => [0b010, 0b110, 0b010, 0b010, 0b111],
        '2' => [0b111, 0b001, 0b111, 0b100, 0b111],
        '3' => [0b111, 0b001, 0b111, 0b001, 0b111],
        '4' => [0b101, 0b101, 0b111, 0b001, 0b001],
        '5' => [0b111, 0b100, 0b111, 0b001, 0b111],
        '6' => [0b111, 0b100, 0b111, 0b101, 0b111],
        '7' => [0b111, 0b001, 0b001, 0b010, 0b010],
        '8' => [0b111, 0b101, 0b111, 0b101, 0b111],
        '9' => [0b111, 0b101, 0b111, 0b001, 0b111],
        '-' => [0b000, 0b000, 0b111, 0b000, 0b000],
        '?' => [0b111, 0b001, 0b010, 0b000, 0b010],
        _ => return None,
    })
}

/// Paints figures from the left of the area; signs without a large form, such as units, stand small on the last row.
pub fn put_large(area: Rect, buf: &mut Buffer, text: &str, full: &str, style: Style) {
    let mut x = area.x;
    for sign in text.chars() {
        let Some(rows) = points(sign) else {
            let y = area.y + HEIGHT.min(area.height).saturating_sub(1);
            let mut small = [0; 4];
            x += put(buf, x, y, area.right().saturating_sub(x), sign.encode_utf8(&mut small), style) + 1;
            continue;
        };
        if x + WIDTH > area.right() + 1 {
            return;
        }
        for (row, points) in (0..area.height).zip(rows) {
            for column in (0..3_u16).filter(|column| points >> (2 - column) & 1 == 1) {
                fill(buf, x + 2 * column, area.y + row, 2, full, style);
            }
        }
        x += WIDTH;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::widgets::dump;

    #[test]
    fn figures_are_large_and_units_small() {
        let area = Rect::new(0, 0, 16, 5);
        let mut buf = Buffer::empty(area);
        put_large(area, &mut buf, "14m", "#", Style::new());
        let wanted = "  ##   ##  ##\n####   ##  ##\n  ##   ######\n  ##       ##\n######     ## m\n";
        assert_eq!(dump::text(&buf), wanted);
        let mut narrow = Buffer::empty(Rect::new(0, 0, 8, 5));
        put_large(narrow.area, &mut narrow, "14m", "#", Style::new());
        assert!(dump::text(&narrow).starts_with("  ##\n####\n"), "a figure that does not fit is left out whole");
    }
}
