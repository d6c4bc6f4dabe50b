use super::*;
use proptest::prelude::*;

fn list(rows: impl IntoIterator<Item = u32>, height: usize) -> ListState<u32> {
    let mut list = ListState::default();
    list.set_height(height);
    list.sync(&rows.into_iter().collect::<Vec<_>>());
    list
}

#[test]
fn the_cursor_follows_its_row_when_others_arrive_and_the_order_changes() {
    let mut list = list(0..5, 10);
    list.move_by(2);
    list.sync(&[9, 8, 4, 3, 2, 1, 0]);
    assert_eq!(list.cursor(), Some(&2));
    assert_eq!(list.cursor_index(), Some(4));
}

#[test]
fn a_row_that_vanishes_under_the_cursor_stays_until_the_cursor_leaves() {
    let mut list = list(0..5, 10);
    list.move_by(2);
    list.sync(&[0, 1, 3, 4]);
    assert_eq!(list.rows(), [0, 1, 2, 3, 4]);
    assert!(list.is_gone(&2));
    assert!(list.targets().is_empty(), "no act on what is gone");
    list.sync(&[0, 1, 3, 4, 5]);
    assert_eq!(list.cursor(), Some(&2));
    list.move_by(1);
    assert_eq!(list.cursor(), Some(&3));
    assert_eq!(list.rows(), [0, 1, 3, 4, 5]);
    assert!(!list.is_gone(&2));
}

#[test]
fn a_row_that_comes_back_is_a_row_again() {
    let mut list = list(0..3, 10);
    list.sync(&[1, 2]);
    assert!(list.is_gone(&0));
    list.sync(&[1, 2, 0]);
    assert!(!list.is_gone(&0));
    assert_eq!((list.cursor(), list.cursor_index()), (Some(&0), Some(2)));
}

#[test]
fn while_rows_are_marked_the_order_holds_still_and_arrivals_are_counted() {
    let mut list = list(0..4, 10);
    list.move_by(1);
    assert!(list.toggle_mark());
    list.sync(&[7, 3, 2, 8, 0]);
    assert_eq!(list.rows(), [0, 1, 2, 3]);
    assert_eq!(list.arrivals(), 2);
    assert!(list.is_gone(&1));
    assert!(list.targets().is_empty());
    list.move_by(1);
    assert_eq!(list.cursor(), Some(&2));
    list.clear_marks();
    assert_eq!(list.rows(), [7, 3, 2, 8, 0]);
    assert_eq!((list.cursor(), list.arrivals()), (Some(&2), 0));
}

#[test]
fn marks_survive_a_filter_and_those_out_of_view_are_counted() {
    let mut list = list(0..100, 10);
    list.toggle_mark();
    list.move_to_bottom();
    list.toggle_mark();
    assert_eq!(list.marks_out_of_view(10), 1);
    list.replace(&[50, 51]);
    assert_eq!(list.marks_out_of_view(10), 2);
    assert_eq!(list.targets(), [0, 99]);
    assert_eq!(list.cursor(), Some(&50));
}

#[test]
fn an_act_that_was_sent_takes_its_marks_with_it() {
    let mut list = list(0..4, 10);
    list.toggle_mark();
    list.sync(&[9, 0, 1, 2, 3]);
    list.unmark(&[0]);
    assert!(!list.is_held());
    assert_eq!(list.rows(), [9, 0, 1, 2, 3]);
}

#[test]
fn arrivals_show_at_the_top_and_leave_the_lines_in_place_further_down() {
    let mut list = list(10..60, 10);
    list.sync(&(9..60).collect::<Vec<_>>());
    assert_eq!(list.visible(10), 0..10);
    assert_eq!(list.cursor(), Some(&10));
    list.move_by(30);
    let line = list.cursor_index().unwrap() - list.visible(10).start;
    list.sync(&(0..60).collect::<Vec<_>>());
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
    halves.sync(&(0..100u32).collect::<Vec<_>>());
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
    list.sync(&rows);
    list.toggle_mark();
    list.sync(&rows);
    assert_eq!(list.visible(50), 99_950..100_000);
}

#[derive(Clone, Debug)]
enum Step {
    Data(Vec<u32>),
    Move(isize),
    Page(isize),
    Top,
    Bottom,
    Mark,
    Clear,
    Height(usize),
    Filter(Vec<u32>),
}

fn rows() -> impl Strategy<Value = Vec<u32>> {
    prop::sample::subsequence((0..24).collect::<Vec<u32>>(), 0..24).prop_shuffle()
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => rows().prop_map(Step::Data),
        3 => (-5isize..5).prop_map(Step::Move),
        1 => (-2isize..3).prop_map(Step::Page),
        1 => Just(Step::Top),
        1 => Just(Step::Bottom),
        2 => Just(Step::Mark),
        1 => Just(Step::Clear),
        1 => (0usize..12).prop_map(Step::Height),
        1 => rows().prop_map(Step::Filter),
    ]
}

fn sorted(rows: &[u32]) -> Vec<u32> {
    let mut rows = rows.to_vec();
    rows.sort_unstable();
    rows
}

proptest! {
    #[test]
    fn data_never_moves_the_cursor_or_a_mark_and_the_cursor_never_lands_on_a_stranger(steps in prop::collection::vec(step(), 1..40)) {
        let mut list: ListState<u32> = ListState::default();
        let mut data: Vec<u32> = Vec::new();
        for step in steps {
            let before = list.clone();
            let cursor = before.cursor().copied();
            match step {
                Step::Data(fresh) => {
                    list.sync(&fresh);
                    data = fresh;
                    if cursor.is_some() {
                        prop_assert_eq!(list.cursor().copied(), cursor);
                    }
                    prop_assert_eq!(list.marks(), before.marks());
                    if before.is_held() {
                        prop_assert_eq!(list.rows(), before.rows());
                        let arrived = data.iter().filter(|row| !list.rows().contains(row)).count();
                        prop_assert_eq!(list.arrivals(), arrived);
                    }
                }
                Step::Filter(fresh) => {
                    list.replace(&fresh);
                    data = fresh;
                    prop_assert_eq!(list.marks(), before.marks());
                    prop_assert_eq!(list.rows(), &data[..]);
                }
                Step::Move(rows) => list.move_by(rows),
                Step::Page(pages) => list.move_by_pages(pages),
                Step::Top => list.move_to_top(),
                Step::Bottom => list.move_to_bottom(),
                Step::Mark => {
                    list.toggle_mark();
                    if cursor.is_some() {
                        prop_assert_eq!(list.cursor().copied(), cursor);
                    }
                }
                Step::Clear => {
                    list.clear_marks();
                    if cursor.is_some() {
                        prop_assert_eq!(list.cursor().copied(), cursor);
                    }
                    prop_assert!(list.marks().is_empty());
                }
                Step::Height(height) => list.set_height(height),
            }
            // wherever it went, it is a row that stood there before, or one the person asked for
            if let (Some(now), false) = (list.cursor(), before.rows().is_empty()) {
                prop_assert!(before.rows().contains(now) || data.contains(now));
            }
            prop_assert_eq!(list.cursor().is_none(), list.rows().is_empty());
            for key in list.targets() {
                prop_assert!(!list.is_gone(&key));
            }
            if !list.is_held() {
                let kept: Vec<u32> = list.rows().iter().copied().filter(|row| !list.is_gone(row)).collect();
                prop_assert_eq!(&kept, &data);
                prop_assert!(list.rows().len() - kept.len() <= 1, "only the cursor's row may be gone and still stand");
            }
            let unique = sorted(list.rows());
            prop_assert!(unique.windows(2).all(|pair| pair[0] != pair[1]));
            for height in 0..14 {
                let visible = list.visible(height);
                prop_assert!(visible.end <= list.rows().len() && visible.len() <= height);
                if let (Some(at), true) = (list.cursor_index(), height > 0) {
                    prop_assert!(visible.contains(&at), "{at} not in {visible:?}");
                }
                prop_assert!(list.marks_out_of_view(height) <= list.marks().len());
            }
        }
    }
}
