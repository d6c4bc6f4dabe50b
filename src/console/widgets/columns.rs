//! Dividing a table's width among its columns.

use crate::console::text::Ellipsis;

/// The side of a column its text stands on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Align {
    /// Words.
    #[default]
    Left,
    /// Numbers.
    Right,
}

/// A column of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its title; a longer one is cut.
    pub title: &'static str,
    /// The fewest cells it is any use with; with fewer it is left out.
    pub min: u16,
    /// The cells that show all of most values.
    pub ideal: u16,
    /// On a line of its own the fewest cells it should have: before it has fewer, others go.
    pub comfort: u16,
    /// What goes first when there is no room: the highest rank.
    pub rank: u8,
    /// The side its text stands on.
    pub align: Align,
    /// Where its text is cut.
    pub ellipsis: Ellipsis,
    /// Whether it takes what is left over.
    pub grows: bool,
    /// Whether its values say without the title what they are. Numbers don't, unless told so.
    pub bare: bool,
}

impl Column {
    /// A column of words with rank 0: the last to go.
    #[must_use]
    pub const fn new(title: &'static str, min: u16, ideal: u16) -> Self {
        Self {
            title,
            min,
            ideal,
            comfort: min,
            rank: 0,
            align: Align::Left,
            ellipsis: Ellipsis::End,
            grows: false,
            bare: true,
        }
    }

    /// Goes earlier the higher this is.
    #[must_use]
    pub const fn rank(self, rank: u8) -> Self {
        Self { rank, ..self }
    }

    /// Stands on the right: a number, which on a card has its title before it.
    #[must_use]
    pub const fn right(self) -> Self {
        Self { align: Align::Right, bare: false, ..self }
    }

    /// Needs no title on a card: its values say what they are.
    #[must_use]
    pub const fn bare(self) -> Self {
        Self { bare: true, ..self }
    }

    /// Is cut in the middle.
    #[must_use]
    pub const fn middle(self) -> Self {
        Self { ellipsis: Ellipsis::Middle, ..self }
    }

    /// Others go before it has fewer cells than this.
    #[must_use]
    pub const fn comfortable(self, comfort: u16) -> Self {
        Self { comfort, ..self }
    }

    /// Takes what is left over.
    #[must_use]
    pub const fn grows(self) -> Self {
        Self { grows: true, ..self }
    }
}

/// A column's place: its first cell, counted from the table's first, and its width.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    /// The first cell.
    pub x: u16,
    /// The line of the row, 0 but on cards.
    pub line: u16,
    /// The cells it has.
    pub width: u16,
    /// Whether the title stands before the value.
    pub titled: bool,
}

/// The cells between two columns.
pub const GAP: u16 = 1;

/// Gives each column its place in `width` cells, or none where there is no room for it.
#[must_use]
pub fn fit(columns: &[Column], width: u16) -> Vec<Option<Slot>> {
    let mut kept: Vec<usize> = (0..columns.len()).collect();
    let column = |at: usize| columns.get(at).copied().unwrap_or(Column::new("", 0, 0));
    let needs = |kept: &[usize]| kept.iter().map(|at| u32::from(column(*at).comfort)).sum::<u32>() + gaps(kept.len());
    while kept.len() > 1 && needs(&kept) > u32::from(width) {
        let Some(last) = kept.iter().copied().max_by_key(|at| (column(*at).rank, *at)) else { break };
        kept.retain(|at| *at != last);
    }
    let mut widths: Vec<(usize, u32)> = kept.iter().map(|at| (*at, u32::from(column(*at).comfort))).collect();
    let mut left = u32::from(width).saturating_sub(needs(&kept));
    let mut by_rank: Vec<usize> = (0..widths.len()).collect();
    by_rank.sort_by_key(|place| widths.get(*place).map(|(at, _)| column(*at).rank));
    for place in by_rank {
        if let Some((at, cells)) = widths.get_mut(place) {
            let more = u32::from(column(*at).ideal).saturating_sub(*cells).min(left);
            *cells += more;
            left -= more;
        }
    }
    let mut growing = u32::try_from(widths.iter().filter(|(at, _)| column(*at).grows).count()).unwrap_or(0);
    for (_, cells) in widths.iter_mut().filter(|(at, _)| column(*at).grows) {
        let share = left / growing.max(1);
        *cells += share;
        left -= share;
        growing -= 1;
    }
    let mut slots = vec![None; columns.len()];
    let mut x = 0u16;
    for (at, cells) in widths {
        let cells = u16::try_from(cells).unwrap_or(u16::MAX).min(width.saturating_sub(x));
        if let Some(slot) = slots.get_mut(at).filter(|_| cells > 0) {
            *slot = Some(Slot { x, line: 0, width: cells, titled: false });
        }
        x = x.saturating_add(cells).saturating_add(GAP);
    }
    slots
}

/// The columns that were chosen, in the order of the choice, and where each stands among all; all where none was.
#[must_use]
pub fn choose(columns: &[Column], chosen: &[usize]) -> (Vec<Column>, Vec<usize>) {
    let kept: Vec<(Column, usize)> = chosen.iter().filter_map(|at| Some((*columns.get(*at)?, *at))).collect();
    if kept.is_empty() { (columns.to_vec(), (0..columns.len()).collect()) } else { kept.into_iter().unzip() }
}

fn gaps(columns: usize) -> u32 {
    u32::try_from(columns.saturating_sub(1)).unwrap_or(0) * u32::from(GAP)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const COLUMNS: [Column; 4] = [
        Column::new("HOST", 6, 16),
        Column::new("STATE", 4, 8).rank(1),
        Column::new("SUMMARY", 10, 20).rank(2).grows(),
        Column::new("SEEN", 4, 6).rank(3).right(),
    ];

    fn widths(width: u16) -> Vec<Option<u16>> {
        fit(&COLUMNS, width).into_iter().map(|slot| slot.map(|slot| slot.width)).collect()
    }

    #[test]
    fn what_matters_least_goes_first_and_what_is_left_over_goes_to_those_that_grow() {
        assert_eq!(widths(100), [Some(16), Some(8), Some(67), Some(6)]);
        assert_eq!(widths(27), [Some(6), Some(4), Some(10), Some(4)]);
        assert_eq!(widths(26), [Some(10), Some(4), Some(10), None]);
        assert_eq!(widths(12), [Some(7), Some(4), None, None]);
        assert_eq!(widths(3), [Some(3), None, None, None]);
        assert_eq!(widths(0), [None; 4]);
    }

    #[test]
    fn chosen_columns_stand_in_the_order_of_the_choice() {
        let titles = |chosen: &[usize]| -> Vec<&str> {
            choose(&COLUMNS, chosen).0.into_iter().map(|column| column.title).collect()
        };
        assert_eq!(titles(&[3, 0]), ["SEEN", "HOST"]);
        assert_eq!(titles(&[9]), titles(&[]), "what is no column chooses nothing");
    }

    proptest! {
        #[test]
        fn columns_never_overlap_or_leave_the_table(width in 0u16..300, mins in prop::collection::vec((0u16..40, 0u16..60, 0u8..4, any::<bool>()), 0..10)) {
            let columns: Vec<Column> = mins
                .into_iter()
                .map(|(min, ideal, rank, grows)| Column { grows, ..Column::new("", min, ideal).rank(rank) })
                .collect();
            let slots: Vec<Slot> = fit(&columns, width).into_iter().flatten().collect();
            prop_assert!(slots.windows(2).all(|pair| pair[0].x + pair[0].width + GAP <= pair[1].x));
            prop_assert!(slots.iter().all(|slot| slot.width > 0 && slot.x + slot.width <= width));
        }
    }
}
