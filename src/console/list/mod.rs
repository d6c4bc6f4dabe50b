//! A cursor and marks over a list that changes while one looks at it.
//!
//! Both are bound to ids, never to row numbers. A row that vanishes under the cursor stays, struck through, until the
//! cursor leaves it; while rows are marked the order holds still and arrivals are counted. Only the person moves the
//! cursor to another row or changes a mark; new data never does.

mod index;
mod sorted;
mod window;

use std::collections::BTreeSet;
use std::ops::Range;

pub use index::Index;
pub use window::Scrolling;

/// What a key of a list must be able to do.
pub trait RowKey: Clone + Ord {}
impl<K: Clone + Ord> RowKey for K {}

/// The rows as they are shown, with cursor, marks and the window onto them.
#[derive(Clone, Debug)]
pub struct ListState<K> {
    rows: Vec<K>,
    /// The cursor's place in `rows`; `None` only while there are none.
    at: Option<usize>,
    /// Rows that are still shown although the data has them no more.
    gone: BTreeSet<K>,
    marks: BTreeSet<K>,
    /// The rows by id, made when data arrives while marks hold them still.
    held: Option<Vec<K>>,
    arrivals: usize,
    offset: usize,
    height: usize,
    scrolling: Scrolling,
}

impl<K> Default for ListState<K> {
    fn default() -> Self {
        Self {
            rows: Vec::new(),
            at: None,
            gone: BTreeSet::new(),
            marks: BTreeSet::new(),
            held: None,
            arrivals: 0,
            offset: 0,
            height: 0,
            scrolling: Scrolling::default(),
        }
    }
}

impl<K: RowKey> ListState<K> {
    /// An empty list.
    #[must_use]
    pub fn new(scrolling: Scrolling) -> Self {
        Self { scrolling, ..Self::default() }
    }

    // ---- what is shown

    /// The rows in the order shown, vanished ones that still stand among them.
    #[must_use]
    pub fn rows(&self) -> &[K] {
        &self.rows
    }

    /// The row under the cursor.
    #[must_use]
    pub fn cursor(&self) -> Option<&K> {
        self.rows.get(self.at?)
    }

    /// The cursor's row number.
    #[must_use]
    pub const fn cursor_index(&self) -> Option<usize> {
        self.at
    }

    /// Whether the data has this row no more: it is shown struck through, and takes no act.
    #[must_use]
    pub fn is_gone(&self, key: &K) -> bool {
        self.gone.contains(key)
    }

    /// Whether the row is marked.
    #[must_use]
    pub fn is_marked(&self, key: &K) -> bool {
        self.marks.contains(key)
    }

    /// The marked rows, by id.
    #[must_use]
    pub const fn marks(&self) -> &BTreeSet<K> {
        &self.marks
    }

    /// How many rows arrived since the order holds still; they show when the marks are cleared.
    #[must_use]
    pub const fn arrivals(&self) -> usize {
        self.arrivals
    }

    /// Whether marks hold the order still.
    #[must_use]
    pub fn is_held(&self) -> bool {
        !self.marks.is_empty()
    }

    /// What an act applies to: the marks, or else the cursor's row. Rows that are gone are left out.
    #[must_use]
    pub fn targets(&self) -> Vec<K> {
        if self.marks.is_empty() {
            self.cursor().filter(|key| !self.is_gone(key)).cloned().into_iter().collect()
        } else {
            self.marks.iter().filter(|key| !self.is_gone(key)).cloned().collect()
        }
    }

    // ---- new data

    /// Takes over the data's rows as they are now, in order. The cursor stays on its row and its row on its line, as far
    /// as there is room. While rows are marked they stand still: then [`Self::hold`] is told instead.
    pub fn sync(&mut self, fresh: impl IntoIterator<Item = K>) {
        debug_assert!(!self.is_held(), "marked rows stand still");
        let cursor = self.cursor().cloned();
        let was_at = self.at.unwrap_or(0);
        self.let_go();
        self.rows.clear();
        self.rows.extend(fresh);
        let Some(key) = cursor else {
            self.at = if self.rows.is_empty() { None } else { Some(0) };
            self.scroll();
            return;
        };
        let at = find_near(&self.rows, &key, was_at).unwrap_or_else(|| {
            let at = was_at.min(self.rows.len());
            self.rows.insert(at, key.clone());
            self.gone.insert(key);
            at
        });
        self.at = Some(at);
        // who looks at the top sees what arrives there; further down the lines stay where they are
        if self.offset > 0 {
            self.offset = at.saturating_sub(was_at.saturating_sub(self.offset));
        }
        self.scroll();
    }

    /// Counts what arrived and strikes through what is gone while marks hold the rows still. `present` are the data's rows
    /// by id.
    pub fn hold(&mut self, present: impl IntoIterator<Item = K>) {
        let rows = &self.rows;
        let held = self.held.get_or_insert_with(|| {
            let mut held = rows.clone();
            // Rows by queue are mostly by id too, which this sort makes use of.
            held.sort();
            held
        });
        self.gone.clear();
        self.arrivals = 0;
        let mut held = held.iter().peekable();
        for key in present {
            while let Some(gone) = held.next_if(|row| **row < key) {
                self.gone.insert(gone.clone());
            }
            if held.next_if(|row| **row == key).is_none() {
                self.arrivals += 1;
            }
        }
        self.gone.extend(held.cloned());
    }

    /// Takes over rows that differ because the person asked for others (a filter, another order). The cursor stays on
    /// its row if that is among them, else goes to the first; marks stay, in view or not.
    pub fn replace(&mut self, fresh: impl IntoIterator<Item = K>) {
        let cursor = self.cursor().cloned();
        let near = self.at.unwrap_or(0);
        self.let_go();
        self.rows.clear();
        self.rows.extend(fresh);
        let first = if self.rows.is_empty() { None } else { Some(0) };
        self.at = cursor.and_then(|key| find_near(&self.rows, &key, near)).or(first);
        self.scroll();
    }

    fn let_go(&mut self) {
        self.held = None;
        self.gone.clear();
        self.arrivals = 0;
    }

    // ---- what the person does

    /// Moves the cursor by rows, down where positive; it stops at the ends.
    pub fn move_by(&mut self, rows: isize) {
        let Some(at) = self.at else { return };
        let last = self.rows.len().saturating_sub(1);
        self.go_to(at.saturating_add_signed(rows).min(last));
    }

    /// Moves the cursor to the first row.
    pub fn move_to_top(&mut self) {
        self.go_to(0);
    }

    /// Moves the cursor to the last row.
    pub fn move_to_bottom(&mut self) {
        self.go_to(self.rows.len().saturating_sub(1));
    }

    /// Moves by whole pages, keeping one row of the last in view.
    pub fn move_by_pages(&mut self, pages: isize) {
        self.move_by(pages.saturating_mul(signed(self.height.saturating_sub(1).max(1))));
    }

    /// Moves by half pages.
    pub fn move_by_half_pages(&mut self, halves: isize) {
        self.move_by(halves.saturating_mul(signed((self.height / 2).max(1))));
    }

    /// Moves the cursor to a row, if it is there.
    pub fn select(&mut self, key: &K) -> bool {
        let found = find_near(&self.rows, key, self.at.unwrap_or(0));
        if let Some(place) = found {
            self.go_to(place);
        }
        found.is_some()
    }

    /// Marks the cursor's row, or takes its mark away. A row that is gone takes no mark. False if nothing changed.
    pub fn toggle_mark(&mut self) -> bool {
        let Some(key) = self.cursor().cloned() else { return false };
        if self.marks.remove(&key) {
            if self.marks.is_empty() {
                self.clear_marks();
            }
            true
        } else if self.is_gone(&key) {
            false
        } else {
            self.marks.insert(key)
        }
    }

    /// Marks all of these, or takes their marks away where all have one. Those that are gone take none.
    pub fn toggle_marks(&mut self, keys: &[K]) {
        if keys.iter().all(|key| self.is_marked(key)) {
            for key in keys {
                self.marks.remove(key);
            }
            if self.marks.is_empty() {
                self.clear_marks();
            }
        } else {
            self.marks.extend(keys.iter().filter(|key| !self.gone.contains(key)).cloned());
        }
    }

    /// Takes all marks away; what arrived meanwhile shows with the next [`Self::sync`].
    pub fn clear_marks(&mut self) {
        self.marks.clear();
        self.held = None;
    }

    fn go_to(&mut self, mut place: usize) {
        let Some(at) = self.at else { return };
        if place == at {
            return;
        }
        // the cursor leaves: a vanished row that only stood for its sake goes
        if !self.is_held() && self.rows.get(at).is_some_and(|key| self.gone.remove(key)) {
            self.rows.remove(at);
            if place > at {
                place -= 1;
            }
        }
        self.at = Some(place);
        self.scroll();
    }

    // ---- the window

    /// Says how many rows the window has; call when the screen's size changed.
    pub fn set_height(&mut self, height: usize) {
        self.height = height;
        self.scroll();
    }

    /// How many rows the window has.
    #[must_use]
    pub const fn height(&self) -> usize {
        self.height
    }

    /// The row numbers that a window of this height shows. The cursor's row is always among them (if the window has
    /// any), also where [`ListState::set_height`] was told of another height.
    #[must_use]
    pub fn visible(&self, height: usize) -> Range<usize> {
        let offset = self.scrolling.offset(self.offset, self.at, self.rows.len(), height);
        offset..offset.saturating_add(height).min(self.rows.len())
    }

    /// How many marked rows the window does not show.
    #[must_use]
    pub fn marks_out_of_view(&self) -> usize {
        let visible = self.rows.get(self.visible(self.height)).unwrap_or_default();
        self.marks.len() - visible.iter().filter(|key| self.marks.contains(key)).count()
    }

    fn scroll(&mut self) {
        self.offset = self.scrolling.offset(self.offset, self.at, self.rows.len(), self.height);
    }
}

/// Where a key stands; looks near `near` first, as rows seldom move far.
fn find_near<K: Eq>(rows: &[K], key: &K, near: usize) -> Option<usize> {
    let near = near.min(rows.len());
    let (before, after) = rows.split_at_checked(near)?;
    let mut before = before.iter().enumerate().rev();
    let mut after = after.iter().zip(near..);
    loop {
        let (left, right) = (before.next(), after.next());
        if left.is_none() && right.is_none() {
            return None;
        }
        if let Some((at, _)) = left.filter(|(_, row)| *row == key) {
            return Some(at);
        }
        if let Some((_, at)) = right.filter(|(row, _)| *row == key) {
            return Some(at);
        }
    }
}

fn signed(rows: usize) -> isize {
    isize::try_from(rows).unwrap_or(isize::MAX)
}

#[cfg(test)]
mod tests;
