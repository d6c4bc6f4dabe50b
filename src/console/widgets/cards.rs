//! A table's columns on a narrow screen: each row becomes a card of a few lines, from the same cells.

use super::columns::{Align, Column, GAP, Slot, fit};
use crate::console::text::{Ellipsis, width_within};

/// From this width on every table has a line a row.
pub const CARDS_BELOW: u16 = 80;
/// Lines of a card at most; columns go by rank until it has no more.
const LINES: usize = 3;
/// A name is given so many cells before the next column stands on its line: cut, it tells little.
const NAME: u16 = 16;

/// Where each column stands on a card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cards {
    /// By column; `None` where there is no room for it.
    pub slots: Vec<Option<Slot>>,
    /// The lines of each card.
    pub lines: u16,
}

/// The cards of a table, where `width` cells do not show every column in full beside the others; `None` where they do.
#[must_use]
pub fn cards(columns: &[Column], width: u16) -> Option<Cards> {
    let gaps = u16::try_from(columns.len().saturating_sub(1)).unwrap_or(u16::MAX).saturating_mul(GAP);
    let ideal = columns.iter().fold(gaps, |sum, column| sum.saturating_add(column.ideal));
    if ideal <= width {
        return None;
    }
    let mut kept: Vec<(usize, Column)> = columns.iter().map(|column| on_card(*column)).enumerate().collect();
    // What takes the room that is left comes last, on a line that has some.
    kept.sort_by_key(|(_, column)| column.grows);
    let mut lines = broken(&kept, width);
    while lines.len() > LINES {
        let last = kept.iter().enumerate().max_by_key(|(_, (at, column))| (column.rank, *at)).map(|(place, _)| place);
        let Some(last) = last.filter(|_| kept.len() > 1) else { break };
        kept.remove(last);
        lines = broken(&kept, width);
    }
    let mut slots = vec![None; columns.len()];
    for (line, of_line) in (0u16..).zip(&lines) {
        let line_columns: Vec<Column> = of_line.iter().map(|(_, column)| *column).collect();
        for ((at, column), place) in of_line.iter().zip(fit(&line_columns, width)) {
            if let Some(slot) = slots.get_mut(*at) {
                *slot = place.map(|place| Slot { line, titled: !column.bare, ..place });
            }
        }
    }
    Some(Cards { slots, lines: u16::try_from(lines.len()).unwrap_or(1) })
}

/// The column as it stands on a card: a number has its title before it.
fn on_card(column: Column) -> Column {
    let title = if column.bare { 0 } else { width_within(column.title, CARDS_BELOW).unwrap_or(CARDS_BELOW) + 1 };
    let min = column.min + title;
    Column { min, comfort: min, ideal: column.ideal + title, align: Align::Left, ..column }
}

fn broken(columns: &[(usize, Column)], width: u16) -> Vec<Vec<(usize, Column)>> {
    let mut lines: Vec<Vec<(usize, Column)>> = vec![Vec::new()];
    let mut used = 0u16;
    for (at, column) in columns {
        let needs =
            if column.ellipsis == Ellipsis::Middle { column.ideal.min(NAME).max(column.min) } else { column.min };
        let first = lines.len() == 1;
        let Some(line) = lines.last_mut() else { break };
        let begins = line.is_empty();
        let full = used.saturating_add(GAP).saturating_add(needs) > width;
        if !begins && (full || (column.grows && first)) {
            lines.push(vec![(*at, *column)]);
            used = needs;
        } else {
            line.push((*at, *column));
            used = used.saturating_add(needs).saturating_add(if begins { 0 } else { GAP });
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const COLUMNS: [Column; 5] = [
        Column::new("STATE", 6, 8),
        Column::new("HOST", 8, 30).middle(),
        Column::new("CPU", 4, 5).right().rank(2),
        Column::new("SUMMARY", 16, 40).grows(),
        Column::new("AGE", 4, 4).right().bare().rank(1),
    ];

    #[test]
    fn a_row_of_a_narrow_table_takes_two_lines_and_the_long_text_the_second() {
        let cards = cards(&COLUMNS, 40).expect("too narrow for a line a row");
        let places: Vec<_> = cards.slots.iter().flatten().map(|slot| (slot.line, slot.x, slot.width)).collect();
        assert_eq!(cards.lines, 2);
        assert_eq!(places, [(0, 0, 8), (0, 9, 17), (0, 27, 8), (1, 0, 40), (0, 36, 4)]);
    }

    #[test]
    fn where_all_columns_stand_beside_each_other_there_are_no_cards() {
        assert_eq!(cards(&COLUMNS, 200), None);
        assert_eq!(cards(&[Column::new("A", 3, 5), Column::new("B", 3, 5)], 11), None);
    }

    proptest! {
        #[test]
        fn cards_have_few_lines_and_nothing_overlaps(width in 0u16..80, wants in prop::collection::vec((0u16..30, 0u16..40, 0u8..4, any::<(bool, bool)>()), 0..14)) {
            let columns: Vec<Column> = wants
                .into_iter()
                .map(|(min, ideal, rank, (grows, bare))| Column { grows, bare, ..Column::new("TITLE", min, ideal).rank(rank) })
                .collect();
            if let Some(cards) = cards(&columns, width) {
                prop_assert!(usize::from(cards.lines) <= LINES);
                let mut slots: Vec<Slot> = cards.slots.into_iter().flatten().collect();
                slots.sort_by_key(|slot| (slot.line, slot.x));
                prop_assert!(slots.iter().all(|slot| slot.width > 0 && slot.x + slot.width <= width && slot.line < cards.lines));
                let apart = |pair: &[Slot]| pair[0].line != pair[1].line || pair[0].x + pair[0].width + GAP <= pair[1].x;
                prop_assert!(slots.windows(2).all(apart));
            }
        }
    }
}
