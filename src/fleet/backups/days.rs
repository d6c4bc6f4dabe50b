//! What was there to be restored of each day: the history a grid shows. It is history only; no state comes of it.

/// What is known of one day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Cell {
    /// Nothing.
    #[default]
    Nothing = 0,
    /// A whole backup of that day can be restored.
    Whole = 1,
    /// A backup of that day can be restored that lacks promised paths.
    Partial = 2,
    /// Nothing could be restored on that day.
    Failed = 3,
    /// A backup of that day was there and is not any more.
    Pruned = 4,
}

/// A cell a day, the last one the newest; at most [`Days::MOST`]. Days are counted from 1970-01-01 by the host's calendar.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Days {
    first: i32,
    cells: Vec<Cell>,
}

impl Cell {
    /// The cell of a number; nothing where it is not known here.
    #[must_use]
    pub const fn from_number(number: u8) -> Self {
        match number {
            1 => Self::Whole,
            2 => Self::Partial,
            3 => Self::Failed,
            4 => Self::Pruned,
            _ => Self::Nothing,
        }
    }
}

impl Days {
    /// The most days kept.
    pub const MOST: usize = 90;

    /// The newest [`Self::MOST`] of these cells, the first of which is of day `first`.
    #[must_use]
    pub fn new(first: i32, mut cells: Vec<Cell>) -> Self {
        let over = cells.len().saturating_sub(Self::MOST);
        cells.drain(..over);
        let empty = cells.iter().take_while(|cell| **cell == Cell::Nothing).count();
        cells.drain(..empty);
        while cells.last() == Some(&Cell::Nothing) {
            cells.pop();
        }
        if cells.is_empty() {
            return Self::default();
        }
        Self { first: first.saturating_add(i32::try_from(over + empty).unwrap_or(i32::MAX)), cells }
    }

    /// The first day with something; `None` where there is none.
    #[must_use]
    pub fn first(&self) -> Option<i32> {
        (!self.cells.is_empty()).then_some(self.first)
    }

    /// The cells from the first day on.
    #[must_use]
    pub fn cells(&self) -> &[Cell] {
        &self.cells
    }

    /// What is known of a day.
    #[must_use]
    pub fn get(&self, day: i32) -> Cell {
        let at = i64::from(day) - i64::from(self.first);
        usize::try_from(at).ok().and_then(|at| self.cells.get(at)).copied().unwrap_or_default()
    }

    /// The days before with what a reading found on day `today`: it knows better about all days it covers, and what it no
    /// longer finds there is pruned. A day that `failed` says was bad is so unless a backup of it turned up.
    #[must_use]
    pub fn updated(&self, found: &Self, today: i32, failed: impl Fn(i32) -> bool) -> Self {
        let span = i32::try_from(Self::MOST).unwrap_or(i32::MAX);
        let first = today.saturating_sub(span - 1);
        let cell = |day: i32| match (found.get(day), self.get(day)) {
            (Cell::Nothing, Cell::Whole | Cell::Partial | Cell::Pruned) => Cell::Pruned,
            (Cell::Nothing, _) if failed(day) => Cell::Failed,
            (Cell::Nothing, before) => before,
            (now, _) => now,
        };
        Self::new(first, (first..=today).map(cell).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Cell::{Failed, Nothing, Partial, Pruned, Whole};

    #[test]
    fn what_is_no_longer_found_is_pruned_and_what_turns_up_counts() {
        let before = Days::new(100, vec![Whole, Partial, Nothing, Whole]);
        let found = Days::new(101, vec![Whole, Nothing, Whole, Whole]);
        let after = before.updated(&found, 104, |day| day == 102);
        let cells: Vec<Cell> = (100..=105).map(|day| after.get(day)).collect();
        assert_eq!(cells, [Pruned, Whole, Failed, Whole, Whole, Nothing]);
    }

    #[test]
    fn no_more_days_are_kept_than_shown_whatever_comes() {
        let days = Days::new(i32::MAX - 5, vec![Whole; 500]);
        assert_eq!(days.cells().len(), Days::MOST);
        let days = Days::new(0, vec![Whole; 90]).updated(&Days::default(), 1_000, |_| false);
        assert_eq!(days, Days::default());
        let extreme = Days::default().updated(&Days::new(i32::MIN, vec![Whole]), i32::MIN, |_| true);
        assert_eq!(extreme.get(i32::MIN), Whole);
    }
}
