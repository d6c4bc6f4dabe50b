//! A table that builds only the rows it shows, straight into the buffer.

use std::fmt::{self, Write};

use ratatui::buffer::Buffer;
use ratatui::layout::{Rect, Size};
use ratatui::style::Style;

use super::cards::{CARDS_BELOW, Cards, cards};
use super::columns::{Align, Column, Slot, choose, fit};
use crate::console::list::{ListState, RowKey};
use crate::console::text::{Ellipsis, put, put_cut, width_within};
use crate::console::theme::{Role, Theme};

/// The cells before the first column: the cursor's sign and the mark.
const GUTTER: u16 = 2;

/// How a table looks, apart from its rows.
#[derive(Clone, Copy, Debug)]
pub struct Table<'a> {
    /// Its columns, from left to right.
    pub columns: &'a [Column],
    /// Those of the columns that show, in their order; empty for all.
    pub chosen: &'a [usize],
    /// The column it is sorted by, and whether downwards.
    pub sorted: Option<(usize, bool)>,
    /// Whether keys go to it; if not, its cursor is shown more quietly.
    pub focused: bool,
}

impl<'a> Table<'a> {
    /// A table with the focus, not sorted by any column.
    #[must_use]
    pub const fn new(columns: &'a [Column]) -> Self {
        Self { columns, chosen: &[], sorted: None, focused: true }
    }

    /// The rows that an area of this size shows: a line each below the titles, or on a narrow screen a card each.
    #[must_use]
    pub fn rows_in(columns: &[Column], size: Size) -> usize {
        Table::new(columns).rows(size)
    }

    /// The same, of the columns that were chosen.
    #[must_use]
    pub fn rows(&self, size: Size) -> usize {
        rows_in(&Form::of(self.columns, self.chosen, size.width), size.height)
    }

    /// Paints titles and the visible rows. `paint` gives each row its cells from left to right.
    pub fn render<K: RowKey>(
        &self,
        area: Rect,
        buf: &mut Buffer,
        theme: &Theme,
        list: &ListState<K>,
        mut paint: impl FnMut(&K, &mut Row<'_>),
    ) {
        let area = area.intersection(buf.area);
        if area.is_empty() {
            return;
        }
        let form = Form::of(self.columns, self.chosen, area.width);
        let visible = list.visible(rows_in(&form, area.height));
        let more = (visible.start > 0, visible.end < list.rows().len());
        if form.titles > 0 {
            self.titles(area, buf, theme, &form.slots, more);
        }
        let mut scratch = String::new();
        let (first, last) = (visible.start, visible.end);
        let tops = (area.y.saturating_add(form.titles)..area.bottom()).step_by(usize::from(form.lines));
        for ((at, y), key) in (first..).zip(tops).zip(list.rows().get(visible).unwrap_or_default()) {
            let at_cursor = list.cursor_index() == Some(at);
            let gone = list.is_gone(key);
            let height = form.lines.min(area.bottom() - y);
            if at_cursor {
                let role = if self.focused { Role::Text } else { Role::Muted };
                put(buf, area.x, y, GUTTER.min(area.width), theme.glyphs.cursor, theme.style(role));
            }
            if list.is_marked(key) {
                put(
                    buf,
                    area.x.saturating_add(1),
                    y,
                    area.width.saturating_sub(1),
                    theme.glyphs.mark,
                    theme.style(Role::Mark),
                );
            }
            let x = area.x.saturating_add(GUTTER);
            let place = Rect { x, y, width: area.right().saturating_sub(x), height };
            let (columns, slots) = (self.columns, form.slots.as_slice());
            let mut row = Row { buf, theme, place, slots, columns, next: 0, gone, scratch: &mut scratch };
            paint(key, &mut row);
            if form.titles == 0 && height > 1 {
                let above = more.0 && at == first;
                let sign = if above { theme.glyphs.more_above } else { theme.glyphs.more_below };
                if above || (more.1 && at + 1 == last) {
                    put(buf, area.x, y + height - 1, GUTTER.min(area.width), sign, theme.style(Role::Muted));
                }
            }
            if at_cursor && self.focused {
                buf.set_style(Rect { y, height, ..area }, theme.style(Role::Selection));
            }
        }
    }

    fn titles(
        &self,
        area: Rect,
        buf: &mut Buffer,
        theme: &Theme,
        slots: &[Option<Slot>],
        (above, below): (bool, bool),
    ) {
        let quiet = theme.style(Role::Muted);
        if above {
            put(buf, area.x, area.y, area.width, theme.glyphs.more_above, quiet);
        }
        if below {
            put(buf, area.x.saturating_add(1), area.y, area.width.saturating_sub(1), theme.glyphs.more_below, quiet);
        }
        for (at, (column, slot)) in self.columns.iter().zip(slots).enumerate() {
            let Some(slot) = slot else { continue };
            let sorted = self.sorted.filter(|(by, _)| *by == at);
            let style = theme.style(if sorted.is_some() { Role::ColumnSorted } else { Role::Column });
            let x = area.x.saturating_add(GUTTER).saturating_add(slot.x);
            let cut = (column.ellipsis, theme.glyphs.ellipsis);
            match sorted {
                Some((_, down)) if slot.width > 1 => {
                    let sign = if down { theme.glyphs.descending } else { theme.glyphs.ascending };
                    let used = aligned(buf, (x, area.y), slot.width - 1, column.title, style, (column.align, cut));
                    let after = if column.align == Align::Right { slot.width - 1 } else { used };
                    put(buf, x.saturating_add(after), area.y, 1, sign, style);
                }
                _ => {
                    aligned(buf, (x, area.y), slot.width, column.title, style, (column.align, cut));
                }
            }
        }
    }
}

/// How the rows of a table stand on a screen of some width.
struct Form {
    slots: Vec<Option<Slot>>,
    /// Lines of each row.
    lines: u16,
    /// Lines of titles above them; cards carry theirs themselves.
    titles: u16,
}

impl Form {
    fn of(columns: &[Column], chosen: &[usize], screen: u16) -> Self {
        let width = screen.saturating_sub(GUTTER);
        let (kept, places) = choose(columns, chosen);
        let form = match cards(&kept, width).filter(|_| screen < CARDS_BELOW) {
            Some(Cards { slots, lines }) => Self { slots, lines, titles: 0 },
            None => Self { slots: fit(&kept, width), lines: 1, titles: 1 },
        };
        let mut slots = vec![None; columns.len()];
        for (at, found) in places.into_iter().zip(form.slots) {
            if let Some(slot) = slots.get_mut(at) {
                *slot = found;
            }
        }
        Self { slots, ..form }
    }
}

fn rows_in(form: &Form, height: u16) -> usize {
    let rows = height.saturating_sub(form.titles) / form.lines.max(1);
    // A card that is cut off still says more than none.
    usize::from(if form.lines > 1 { rows.max(1) } else { rows })
}

/// Writes text on its side of a slot and returns the cells it took.
fn aligned(
    buf: &mut Buffer,
    (x, y): (u16, u16),
    width: u16,
    text: &str,
    style: Style,
    (align, cut): (Align, (Ellipsis, &str)),
) -> u16 {
    let shift = match align {
        Align::Left => 0,
        Align::Right => width.saturating_sub(width_within(text, width).unwrap_or(width)),
    };
    put_cut(buf, x.saturating_add(shift), y, width - shift, text, style, cut)
}

/// One row being painted, cell by cell from left to right. Cells of columns without room are passed over.
#[derive(Debug)]
pub struct Row<'a> {
    buf: &'a mut Buffer,
    theme: &'a Theme,
    place: Rect,
    slots: &'a [Option<Slot>],
    columns: &'a [Column],
    next: usize,
    gone: bool,
    scratch: &'a mut String,
}

impl Row<'_> {
    /// Paints the next cell.
    pub fn cell(&mut self, role: Role, text: &str) {
        let style = self.style(role);
        let Some((area, column)) = self.take() else { return };
        let cut = (column.ellipsis, self.theme.glyphs.ellipsis);
        aligned(self.buf, (area.x, area.y), area.width, text, style, (column.align, cut));
    }

    /// Paints the next cell with a number or other formatted value, without allocating for it.
    pub fn value(&mut self, role: Role, value: fmt::Arguments<'_>) {
        let mut scratch = std::mem::take(self.scratch);
        scratch.clear();
        let _ = scratch.write_fmt(value);
        self.cell(role, &scratch);
        *self.scratch = scratch;
    }

    /// Paints the next cell in several roles, from the left.
    pub fn parts(&mut self, parts: &[(Role, &str)]) {
        let Some((area, _)) = self.take() else { return };
        let mut used = 0;
        for (role, text) in parts {
            let style = self.style(*role);
            let cut = (Ellipsis::End, self.theme.glyphs.ellipsis);
            used += put_cut(self.buf, area.x.saturating_add(used), area.y, area.width - used, text, style, cut);
        }
    }

    /// Paints a line of its own across all columns, in several roles.
    pub fn across(&mut self, parts: &[(Role, &str)]) {
        let (place, mut used) = (self.place, 0);
        for (role, text) in parts {
            let style = self.style(*role);
            let cut = (Ellipsis::End, self.theme.glyphs.ellipsis);
            used += put_cut(self.buf, place.x.saturating_add(used), place.y, place.width - used, text, style, cut);
        }
        self.next = self.columns.len();
    }

    /// Leaves the next cell empty.
    pub fn skip(&mut self) {
        self.take();
    }

    /// Gives the next cell to `paint`, for a bar or a graph; not where there is no room for it.
    pub fn paint(&mut self, paint: impl FnOnce(Rect, &mut Buffer, &Theme)) {
        if let Some((area, _)) = self.take() {
            paint(area, self.buf, self.theme);
        }
    }

    /// Whether the next cell has room; what is dear to work out need not be otherwise.
    #[must_use]
    pub fn has_room(&self) -> bool {
        self.slots.get(self.next).is_some_and(Option::is_some)
    }

    fn style(&self, role: Role) -> Style {
        self.theme.style(if self.gone { Role::Gone } else { role })
    }

    fn take(&mut self) -> Option<(Rect, Column)> {
        let at = self.next;
        self.next += 1;
        let slot = (*self.slots.get(at)?)?;
        let column = *self.columns.get(at)?;
        if slot.line >= self.place.height {
            return None;
        }
        let area = Rect::new(self.place.x.saturating_add(slot.x), self.place.y + slot.line, slot.width, 1);
        if !slot.titled {
            return Some((area, column));
        }
        let title = self.theme.style(if self.gone { Role::Gone } else { Role::Column });
        let used = put(self.buf, area.x, area.y, area.width, column.title, title).saturating_add(1).min(area.width);
        let value = Rect { x: area.x + used, width: area.width - used, ..area };
        Some((value, Column { align: Align::Left, ..column }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::theme::Glyphs;
    use crate::console::widgets::dump;

    const COLUMNS: [Column; 3] = [
        Column::new("HOST", 4, 8).middle(),
        Column::new("STATE", 5, 8).rank(1),
        Column::new("SEEN", 4, 5).rank(2).right(),
    ];

    fn list(rows: u32) -> ListState<u32> {
        let mut list = ListState::default();
        list.sync(0..rows);
        list
    }

    fn paint(area: Rect, list: &ListState<u32>) -> Buffer {
        let mut buf = Buffer::empty(area);
        let table = Table { sorted: Some((1, true)), ..Table::new(&COLUMNS) };
        table.render(area, &mut buf, &Theme::of_roles(Glyphs::UNICODE), list, |key, row| {
            row.value(Role::Text, format_args!("web{key:02}.example"));
            row.cell(Role::Ok, "up");
            row.value(Role::Muted, format_args!("{}s", key * 7));
        });
        buf
    }

    #[test]
    fn cursor_mark_and_a_row_that_is_gone_are_shown_by_sign_and_style() {
        let mut list = list(4);
        list.move_by(1);
        list.toggle_mark();
        list.hold([0, 2, 3]);
        let buf = paint(Rect::new(0, 0, 28, 4), &list);
        assert_eq!(
            dump::text(&buf),
            " ↓HOST     STATE▼    SEEN\n  web0…ple up          0s\n>■web0…ple up          7s\n  web0…ple up         14s\n"
        );
        assert_eq!(
            dump::roles(&buf),
            " mcccc     CCCCCC    cccc\n  tttttttt oo          mm\ntM~~~~~~~~ ~~          ~~ S\n  tttttttt oo         mmm\n"
        );
    }

    #[test]
    fn only_the_visible_rows_are_built() {
        let mut list = list(100_000);
        list.move_to_bottom();
        let area = Rect::new(0, 0, 40, 20);
        let mut built = 0;
        let mut buf = Buffer::empty(area);
        Table::new(&COLUMNS).render(area, &mut buf, &Theme::of_roles(Glyphs::ASCII), &list, |_, _| built += 1);
        assert_eq!(built, 19);
    }

    #[test]
    fn any_size_is_painted_without_complaint() {
        let list = list(50);
        for width in 0..40 {
            for height in 0..8 {
                paint(Rect::new(0, 0, width, height), &list);
            }
        }
        // an area beyond the buffer is clipped
        let mut buf = Buffer::empty(Rect::new(0, 0, 5, 2));
        Table::new(&COLUMNS).render(
            Rect::new(3, 1, 50, 50),
            &mut buf,
            &Theme::of_roles(Glyphs::ASCII),
            &list,
            |_, row| {
                row.cell(Role::Text, "日本語日本語");
                row.parts(&[(Role::Text, "日本"), (Role::Muted, "語")]);
            },
        );
    }
}
