//! Moving the whole picture by a cell now and then, so that no sign burns itself into the screen.

use std::time::Duration;

use ratatui::layout::Rect;

use crate::console::widgets::LEAST;

/// How long the picture stays in one place.
pub const SHIFT: Duration = Duration::from_secs(10 * 60);

/// Where the picture lies after the wall has run for so long: one column and one row smaller than the screen, and in
/// each of its four places in turn. A screen with no cell to spare stands still.
pub fn shifted(area: Rect, ran: Duration) -> Rect {
    let spare = |size: u16, least: u16| u16::from(size > least);
    let (columns, rows) = (spare(area.width, LEAST.width), spare(area.height, LEAST.height));
    let (right, down) = match ran.as_secs() / SHIFT.as_secs() % 4 {
        0 => (0, 0),
        1 => (1, 0),
        2 => (1, 1),
        _ => (0, 1),
    };
    Rect {
        x: area.x + right * columns,
        y: area.y + down * rows,
        width: area.width - columns,
        height: area.height - rows,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_picture_visits_four_places_and_stays_whole() {
        let area = Rect::new(0, 0, 80, 24);
        let places: Vec<Rect> = (0..8).map(|turn| shifted(area, SHIFT * turn)).collect();
        for place in &places {
            assert_eq!((place.width, place.height), (79, 23));
            assert_eq!(place.intersection(area), *place);
        }
        assert_eq!(places[0], places[4]);
        assert!((0..4).all(|at| (0..at).all(|before| places[at] != places[before])));
        assert_eq!(shifted(Rect::new(0, 0, 40, 12), SHIFT), Rect::new(0, 0, 40, 12));
    }
}
