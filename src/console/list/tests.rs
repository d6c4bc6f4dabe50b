use std::collections::BTreeMap;

use super::*;
use proptest::prelude::*;

fn list(rows: impl IntoIterator<Item = u32>, height: usize) -> ListState<u32> {
    let mut list = ListState::default();
    list.set_height(height);
    list.sync(rows);
    list
}

/// What the data is now, as a screen tells its list before a frame.
fn tell(list: &mut ListState<u32>, fresh: &[u32]) {
    if list.is_held() {
        list.hold(sorted(fresh));
    } else {
        list.sync(fresh.iter().copied());
    }
}

#[test]
fn the_cursor_follows_its_row_when_others_arrive_and_the_order_changes() {
    let mut list = list(0..5, 10);
    list.move_by(2);
    tell(&mut list, &[9, 8, 4, 3, 2, 1, 0]);
    assert_eq!(list.cursor(), Some(&2));
    assert_eq!(list.cursor_index(), Some(4));
}

#[test]
fn a_row_that_vanishes_under_the_cursor_stays_until_the_cursor_leaves() {
    let mut list = list(0..5, 10);
    list.move_by(2);
    tell(&mut list, &[0, 1, 3, 4]);
    assert_eq!(list.rows(), [0, 1, 2, 3, 4]);
    assert!(list.is_gone(&2));
    assert!(list.targets().is_empty(), "no act on what is gone");
    tell(&mut list, &[0, 1, 3, 4, 5]);
    assert_eq!(list.cursor(), Some(&2));
    list.move_by(1);
    assert_eq!(list.cursor(), Some(&3));
    assert_eq!(list.rows(), [0, 1, 3, 4, 5]);
    assert!(!list.is_gone(&2));
}

#[test]
fn a_row_that_comes_back_is_a_row_again() {
    let mut list = list(0..3, 10);
    tell(&mut list, &[1, 2]);
    assert!(list.is_gone(&0));
    tell(&mut list, &[1, 2, 0]);
    assert!(!list.is_gone(&0));
    assert_eq!((list.cursor(), list.cursor_index()), (Some(&0), Some(2)));
}

#[test]
fn while_rows_are_marked_the_order_holds_still_and_arrivals_are_counted() {
    let mut list = list(0..4, 10);
    list.move_by(1);
    assert!(list.toggle_mark());
    tell(&mut list, &[7, 3, 2, 8, 0]);
    assert_eq!(list.rows(), [0, 1, 2, 3]);
    assert_eq!(list.arrivals(), 2);
    assert!(list.is_gone(&1));
    assert!(list.targets().is_empty());
    list.move_by(1);
    assert_eq!(list.cursor(), Some(&2));
    list.clear_marks();
    tell(&mut list, &[7, 3, 2, 8, 0]);
    assert_eq!(list.rows(), [7, 3, 2, 8, 0]);
    assert_eq!((list.cursor(), list.arrivals()), (Some(&2), 0));
}

#[test]
fn marks_survive_a_filter_and_those_out_of_view_are_counted() {
    let mut list = list(0..100, 10);
    list.toggle_mark();
    list.move_to_bottom();
    list.toggle_mark();
    assert_eq!(list.marks_out_of_view(), 1);
    list.replace([50, 51]);
    assert_eq!(list.marks_out_of_view(), 2);
    assert_eq!(list.targets(), [0, 99]);
    assert_eq!(list.cursor(), Some(&50));
}

#[test]
fn rows_that_went_while_held_stay_struck_through_when_others_are_marked_next() {
    let mut list = list(0..4, 10);
    list.toggle_mark();
    tell(&mut list, &[0, 2, 3]);
    list.clear_marks();
    list.move_by(2);
    list.toggle_mark();
    tell(&mut list, &[2, 3]);
    assert_eq!(list.rows(), [0, 1, 2, 3]);
    assert!(list.is_gone(&0) && list.is_gone(&1));
    assert_eq!((list.targets(), list.arrivals()), (vec![2], 0));
}

#[test]
fn arrivals_show_at_the_top_and_leave_the_lines_in_place_further_down() {
    let mut list = list(10..60, 10);
    list.sync(9..60);
    assert_eq!(list.visible(10), 0..10);
    assert_eq!(list.cursor(), Some(&10));
    list.move_by(30);
    let line = list.cursor_index().unwrap() - list.visible(10).start;
    list.sync(0..60);
    assert_eq!(list.cursor_index().unwrap() - list.visible(10).start, line);
}

#[test]
fn pages_and_halves_move_by_the_window() {
    let mut list = list(0..100, 10);
    list.move_by_pages(1);
    assert_eq!(list.cursor(), Some(&9));
    list.move_by_half_pages(2);
    assert_eq!(list.cursor(), Some(&19));
    list.move_by_pages(isize::MAX);
    assert_eq!(list.cursor(), Some(&99));
    list.move_by_pages(isize::MIN);
    assert_eq!(list.cursor(), Some(&0));
    let mut halves = ListState::new(Scrolling::ByHalf);
    halves.set_height(10);
    halves.sync(0..100u32);
    halves.move_by(9);
    assert_eq!(halves.visible(10), 4..14);
    halves.move_by(1);
    assert_eq!(halves.visible(10), 4..14);
}

#[test]
fn a_hundred_thousand_rows_are_no_matter() {
    let rows: Vec<u32> = (0..100_000).collect();
    let mut list = list(rows.iter().copied(), 50);
    list.move_to_bottom();
    tell(&mut list, &rows);
    list.toggle_mark();
    tell(&mut list, &rows);
    assert_eq!(list.visible(50), 99_950..100_000);
}

#[derive(Clone, Debug)]
enum Step {
    /// A row takes a place among the data, or leaves it.
    Set(u32, Option<i64>),
    /// The rows are looked at anew: only those that divide by this stand, in this direction.
    Scan(u32, bool),
    Slice,
    Frame,
    Move(isize),
    Page(isize),
    Top,
    Bottom,
    Mark,
    Clear,
    Height(usize),
    Asked,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (0u32..24, prop::option::of(0i64..8)).prop_map(|(row, place)| Step::Set(row, place)),
        1 => (1u32..4, any::<bool>()).prop_map(|(filter, reversed)| Step::Scan(filter, reversed)),
        3 => Just(Step::Slice),
        4 => Just(Step::Frame),
        3 => (-5isize..5).prop_map(Step::Move),
        1 => (-2isize..3).prop_map(Step::Page),
        1 => Just(Step::Top),
        1 => Just(Step::Bottom),
        2 => Just(Step::Mark),
        1 => Just(Step::Clear),
        1 => (0usize..12).prop_map(Step::Height),
        1 => Just(Step::Asked),
    ]
}

fn sorted(rows: &[u32]) -> Vec<u32> {
    let mut rows = rows.to_vec();
    rows.sort_unstable();
    rows
}

/// The data, and the filter and order that were asked for last.
#[derive(Debug)]
struct Naive {
    data: BTreeMap<u32, i64>,
    filter: u32,
    reversed: bool,
}

impl Naive {
    fn place(&self, row: u32) -> Option<i64> {
        let place = *self.data.get(&row)?;
        row.is_multiple_of(self.filter).then_some(if self.reversed { -place } else { place })
    }

    fn all(&self) -> BTreeMap<u32, i64> {
        self.data.keys().filter_map(|row| Some((*row, self.place(*row)?))).collect()
    }
}

fn in_order(stands: &BTreeMap<u32, i64>) -> Vec<u32> {
    let mut rows: Vec<(i64, u32)> = stands.iter().map(|(row, place)| (*place, *row)).collect();
    rows.sort_unstable();
    rows.into_iter().map(|(_, row)| row).collect()
}

proptest! {
    #[test]
    fn list_and_index_show_what_a_naive_model_shows_and_data_moves_neither_cursor_nor_marks(
        steps in prop::collection::vec(step(), 1..120)
    ) {
        let mut list: ListState<u32> = ListState::default();
        let mut index: Index<u32, i64> = Index::default();
        let mut naive = Naive { data: BTreeMap::new(), filter: 1, reversed: false };
        // What stands: another filter counts for all rows only when its scan is whole.
        let mut stands = BTreeMap::new();
        for step in steps {
            let before = list.clone();
            let cursor = before.cursor().copied();
            match step {
                Step::Set(row, place) => {
                    match place {
                        Some(place) => drop(naive.data.insert(row, place)),
                        None => drop(naive.data.remove(&row)),
                    }
                    let place = naive.place(row);
                    index.set(row, place);
                    match place {
                        Some(place) => drop(stands.insert(row, place)),
                        None => drop(stands.remove(&row)),
                    }
                }
                Step::Scan(filter, reversed) => {
                    naive = Naive { filter, reversed, ..naive };
                    index.begin();
                }
                Step::Slice => {
                    let from = index.scanned().map_or(0, |row| row + 1);
                    let was_scanning = index.is_scanning();
                    let done = index.step(naive.data.range(from..).map(|(row, _)| (*row, naive.place(*row))));
                    prop_assert_eq!(done, !index.is_scanning());
                    if was_scanning && done {
                        stands = naive.all();
                    }
                }
                Step::Frame | Step::Asked => {
                    let rows: Vec<u32> = index.rows().collect();
                    if matches!(step, Step::Asked) {
                        list.replace(index.rows());
                        prop_assert_eq!(list.rows(), &rows[..]);
                    } else if list.is_held() {
                        list.hold(index.keys());
                        prop_assert_eq!(list.rows(), before.rows(), "marked rows stand still");
                        let gone: BTreeSet<u32> = list.rows().iter().filter(|row| !rows.contains(row)).copied().collect();
                        prop_assert_eq!(&list.gone, &gone);
                        prop_assert_eq!(list.arrivals(), rows.iter().filter(|row| !list.rows().contains(row)).count());
                    } else {
                        list.sync(index.rows());
                        let kept: Vec<u32> = list.rows().iter().copied().filter(|row| !list.is_gone(row)).collect();
                        prop_assert_eq!(&kept, &rows);
                        prop_assert!(list.rows().len() - kept.len() <= 1, "only the cursor's row may stand though gone");
                        prop_assert_eq!(list.arrivals(), 0);
                    }
                    if cursor.is_some() && !matches!(step, Step::Asked) {
                        prop_assert_eq!(list.cursor().copied(), cursor);
                    }
                    prop_assert_eq!(list.marks(), before.marks());
                }
                Step::Move(rows) => list.move_by(rows),
                Step::Page(pages) => list.move_by_pages(pages),
                Step::Top => list.move_to_top(),
                Step::Bottom => list.move_to_bottom(),
                Step::Mark => {
                    list.toggle_mark();
                    prop_assert_eq!(list.cursor().copied(), cursor);
                }
                Step::Clear => {
                    list.clear_marks();
                    prop_assert_eq!(list.cursor().copied(), cursor);
                    prop_assert!(list.marks().is_empty());
                }
                Step::Height(height) => list.set_height(height),
            }
            prop_assert_eq!(index.rows().collect::<Vec<_>>(), in_order(&stands));
            prop_assert_eq!(index.keys().collect::<Vec<_>>(), stands.keys().copied().collect::<Vec<_>>());
            prop_assert_eq!(index.len(), stands.len());
            prop_assert_eq!(list.cursor().is_none(), list.rows().is_empty());
            for key in list.targets() {
                prop_assert!(!list.is_gone(&key));
            }
            let unique = sorted(list.rows());
            prop_assert!(unique.windows(2).all(|pair| pair[0] != pair[1]));
            for height in 0..14 {
                let visible = list.visible(height);
                prop_assert!(visible.end <= list.rows().len() && visible.len() <= height);
                if let (Some(at), true) = (list.cursor_index(), height > 0) {
                    prop_assert!(visible.contains(&at), "{at} not in {visible:?}");
                }
            }
            prop_assert!(list.marks_out_of_view() <= list.marks().len());
        }
    }
}
