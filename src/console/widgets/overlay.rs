//! Boxes over the screen, and the sentence shown where the screen is too small for anything else.

use ratatui::buffer::Buffer;
use ratatui::layout::{Rect, Size};
use ratatui::style::Style;

use crate::console::text::{Ellipsis, fill, put, put_cut, wrap};
use crate::console::theme::{Role, Theme};

/// The smallest screen the console is laid out for.
pub const LEAST: Size = Size { width: 40, height: 12 };

/// Clears a box of at most this size in the middle of the area, draws its border and title, and returns the inside. An
/// area too small for a border gives all of itself.
pub fn boxed(area: Rect, buf: &mut Buffer, theme: &Theme, title: &str, size: Size) -> Rect {
    let area = area.intersection(buf.area);
    let (width, height) = (size.width.min(area.width), size.height.min(area.height));
    let x = area.x + (area.width - width) / 2;
    let y = area.y + (area.height - height) / 2;
    framed(Rect::new(x, y, width, height), buf, theme, title)
}

/// Clears the area, draws a border with a title around it, and returns the inside.
pub fn framed(area: Rect, buf: &mut Buffer, theme: &Theme, title: &str) -> Rect {
    let area = area.intersection(buf.area);
    for y in area.top()..area.bottom() {
        for x in area.left()..area.right() {
            if let Some(cell) = buf.cell_mut((x, y)) {
                cell.reset();
                cell.set_style(theme.style(Role::Text));
            }
        }
    }
    if area.width < 3 || area.height < 3 {
        return area;
    }
    let style = theme.style(Role::Border);
    let (left, right, top, bottom) = (area.left(), area.right() - 1, area.top(), area.bottom() - 1);
    for y in [top, bottom] {
        fill(buf, left, y, area.width, theme.glyphs.horizontal, style);
    }
    for y in top + 1..bottom {
        put(buf, left, y, 1, theme.glyphs.vertical, style);
        put(buf, right, y, 1, theme.glyphs.vertical, style);
    }
    for ((x, y), corner) in
        [(left, top), (right, top), (left, bottom), (right, bottom)].into_iter().zip(theme.glyphs.corners)
    {
        put(buf, x, y, 1, corner, style);
    }
    if !title.is_empty() && area.width > 6 {
        let room = area.width - 6;
        let cut = (Ellipsis::End, theme.glyphs.ellipsis);
        let used = put_cut(buf, left + 3, top, room, title, title_style(theme), cut);
        put(buf, left + 2, top, 1, " ", style);
        put(buf, left + 3 + used, top, 1, " ", style);
    }
    Rect::new(left + 1, top + 1, area.width - 2, area.height - 2)
}

/// A title's own look, whatever the line has that it interrupts.
fn title_style(theme: &Theme) -> Style {
    Style::reset().patch(theme.style(Role::Text)).patch(theme.style(Role::Title))
}

/// Paints a line with a title across the area's first row, between two parts of a screen.
pub fn divider(area: Rect, buf: &mut Buffer, theme: &Theme, title: &str) {
    let area = area.intersection(buf.area);
    if area.is_empty() {
        return;
    }
    fill(buf, area.x, area.y, area.width, theme.glyphs.horizontal, theme.style(Role::Border));
    if !title.is_empty() && area.width > 6 {
        let cut = (Ellipsis::End, theme.glyphs.ellipsis);
        let used = put_cut(buf, area.x + 3, area.y, area.width - 6, title, title_style(theme), cut);
        put(buf, area.x + 2, area.y, 1, " ", theme.style(Role::Border));
        put(buf, area.x + 3 + used, area.y, 1, " ", theme.style(Role::Border));
    }
}

/// Says that the screen is too small, if it is smaller than `least`; then nothing else should be painted.
pub fn too_small(area: Rect, buf: &mut Buffer, theme: &Theme, least: Size) -> bool {
    if area.width >= least.width && area.height >= least.height {
        return false;
    }
    let sentence = format!(
        "Watchfloor needs {} columns and {} rows; this terminal has {} and {}. Make it larger, or press q to leave.",
        least.width, least.height, area.width, area.height
    );
    let lines = wrap(&sentence, area.width);
    for (y, line) in (area.top()..area.bottom()).zip(lines) {
        put(buf, area.x, y, area.width, line, theme.style(Role::Text));
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::theme::Glyphs;
    use crate::console::widgets::dump;

    #[test]
    fn a_box_clears_what_it_covers() {
        let mut buf = Buffer::empty(Rect::new(0, 0, 20, 5));
        for y in 0..5 {
            fill(&mut buf, 0, y, 20, "x", ratatui::style::Style::new());
        }
        let inside = boxed(buf.area, &mut buf, &Theme::of_roles(Glyphs::UNICODE), "Keys", Size::new(14, 3));
        assert_eq!(inside, Rect::new(4, 2, 12, 1));
        assert_eq!(
            dump::text(&buf),
            "xxxxxxxxxxxxxxxxxxxx\nxxx┌─ Keys ─────┐xxx\nxxx│            │xxx\nxxx└────────────┘xxx\nxxxxxxxxxxxxxxxxxxxx\n"
        );
    }

    #[test]
    fn a_title_has_its_own_look_and_not_that_of_its_line() {
        let theme = Theme::built_in("dark").unwrap();
        let mut buf = Buffer::empty(Rect::new(0, 0, 20, 5));
        divider(Rect::new(0, 0, 20, 1), &mut buf, &theme, "Part");
        framed(Rect::new(0, 1, 20, 4), &mut buf, &theme, "Keys");
        for (x, y) in [(3, 0), (3, 1)] {
            assert_eq!(buf[(x, y)].style().fg, Some(ratatui::style::Color::Reset), "{}", buf[(x, y)].symbol());
        }
    }

    #[test]
    fn a_small_screen_gets_a_sentence_that_says_how_small() {
        let mut buf = Buffer::empty(Rect::new(0, 0, 36, 12));
        assert!(too_small(buf.area, &mut buf, &Theme::of_roles(Glyphs::ASCII), LEAST));
        let text = dump::text(&buf).replace('\n', " ");
        assert!(text.contains("40 columns and 12 rows") && text.contains("has 36 and 12"), "{text}");
        assert!(!too_small(Rect::new(0, 0, 40, 12), &mut buf, &Theme::of_roles(Glyphs::ASCII), LEAST));
    }

    #[test]
    fn any_size_is_painted_without_complaint() {
        for width in 0..12 {
            for height in 0..6 {
                let mut buf = Buffer::empty(Rect::new(0, 0, width, height));
                let theme = Theme::of_roles(Glyphs::UNICODE);
                too_small(buf.area, &mut buf, &theme, LEAST);
                let inside = boxed(buf.area, &mut buf, &theme, "A title too long", Size::new(200, 200));
                assert_eq!(inside.intersection(buf.area), inside);
                divider(buf.area, &mut buf, &theme, "Part");
            }
        }
    }
}
