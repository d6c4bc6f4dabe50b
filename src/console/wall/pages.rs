//! Turning pages: only where there is more than fits, so that a wall that shows all stands still.

use std::time::{Duration, Instant};

/// How long a page stands: long enough to read a screen of rows from afar.
pub const PAGE: Duration = Duration::from_secs(15);

/// Which page stands, and since when.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pages {
    page: usize,
    pages: usize,
    /// When the page that stands was turned to; `None` where all fits on one.
    since: Option<Instant>,
}

impl Pages {
    /// Brings the page up to date with the rows there are and the rows that fit.
    pub fn refresh(&mut self, all: usize, fit: usize, now: Instant) {
        self.pages = all.div_ceil(fit.max(1)).max(1);
        if self.pages == 1 {
            *self = Self { pages: 1, ..Self::default() };
            return;
        }
        let since = self.since.get_or_insert(now);
        let turns = now.saturating_duration_since(*since).as_secs() / PAGE.as_secs();
        *since += PAGE * u32::try_from(turns).unwrap_or(u32::MAX);
        self.page = self.page.saturating_add(usize::try_from(turns).unwrap_or(usize::MAX)) % self.pages;
    }

    /// The page, from 0 on.
    pub const fn page(&self) -> usize {
        self.page
    }

    /// How many there are.
    pub const fn pages(&self) -> usize {
        self.pages
    }

    /// Seconds until the next page, 1 at least.
    pub fn next_in(&self, now: Instant) -> u64 {
        let stood = self.since.map_or(0, |since| now.saturating_duration_since(since).as_secs());
        PAGE.as_secs().saturating_sub(stood).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_stands_its_time_and_each_has_its_turn() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut pages = Pages::default();
        pages.refresh(10, 10, at(500));
        assert_eq!((pages.page(), pages.pages()), (0, 1), "what fits stands still");
        pages.refresh(25, 10, at(500));
        let mut seen = Vec::new();
        for second in 500..500 + 3 * PAGE.as_secs() {
            pages.refresh(25, 10, at(second));
            assert!((1..=PAGE.as_secs()).contains(&pages.next_in(at(second))));
            seen.push(pages.page());
        }
        for page in 0..3 {
            assert_eq!(seen.iter().filter(|seen| **seen == page).count() as u64, PAGE.as_secs());
        }
        pages.refresh(5, 10, at(560));
        assert_eq!((pages.page(), pages.pages()), (0, 1));
    }

    #[test]
    fn days_without_a_frame_turn_no_page_out_of_range() {
        let start = Instant::now();
        let mut pages = Pages::default();
        pages.refresh(25, 10, start);
        pages.refresh(25, 10, start + Duration::from_secs(72 * 3600));
        assert!(pages.page() < 3);
    }
}
