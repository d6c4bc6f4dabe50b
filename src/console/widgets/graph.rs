//! Graphs and bars of a few cells.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::console::text::{fill, put};
use crate::console::theme::{Role, Theme};

/// What the bottom and the top of a graph stand for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scale {
    /// From 0 to the greatest sample (or from the least, where that is negative).
    Auto,
    /// From a value to a value, such as 0 to 100 %.
    Fixed(f64, f64),
}

/// Paints samples, the oldest first, as columns that end at the area's right side. Where there are more samples than
/// columns, a column shows the greatest of its samples. A sample that is missing or no number leaves a gap, which is
/// not the same as zero: zero has the lowest block.
pub fn sparkline(area: Rect, buf: &mut Buffer, theme: &Theme, role: Role, samples: &[Option<f64>], scale: Scale) {
    let area = area.intersection(buf.area);
    if area.is_empty() {
        return;
    }
    let columns = resample(samples, usize::from(area.width));
    let (low, high) = range(&columns, scale);
    let levels = i64::from(area.height) * 8;
    let style = theme.style(role);
    let first = area.right().saturating_sub(u16::try_from(columns.len()).unwrap_or(area.width));
    for (x, value) in (first..).zip(&columns) {
        let Some(value) = value else { continue };
        let part = if high > low { ((value - low) / (high - low)).clamp(0.0, 1.0) } else { 0.0 };
        // at least the lowest block, so that a small value differs from none
        let mut height = round(part * levels as f64).clamp(1, levels);
        for y in (area.top()..area.bottom()).rev() {
            if height <= 0 {
                break;
            }
            let level = usize::try_from(height.min(8) - 1).unwrap_or(0);
            put(buf, x, y, 1, theme.glyphs.levels.get(level).copied().unwrap_or(" "), style);
            height -= 8;
        }
    }
}

/// As [`sparkline`], with four times the points: each cell is a raster of 2 × 4 dots. Not in ASCII, where it is the same.
pub fn dotted(area: Rect, buf: &mut Buffer, theme: &Theme, role: Role, samples: &[Option<f64>], scale: Scale) {
    let clipped = area.intersection(buf.area);
    if theme.glyphs.are_ascii() {
        return sparkline(area, buf, theme, role, samples, scale);
    }
    if clipped.is_empty() {
        return;
    }
    let points = resample(samples, usize::from(clipped.width) * 2);
    let (low, high) = range(&points, scale);
    let levels = i64::from(clipped.height) * 4;
    let pad = usize::from(clipped.width) * 2 - points.len();
    let mut dots = vec![0u8; usize::from(clipped.width) * usize::from(clipped.height)];
    for (at, value) in points.iter().enumerate() {
        let Some(value) = value else { continue };
        let part = if high > low { ((value - low) / (high - low)).clamp(0.0, 1.0) } else { 0.0 };
        let level = round(part * (levels - 1) as f64).clamp(0, levels - 1);
        let line = usize::try_from(levels - 1 - level).unwrap_or(0);
        let (x, right) = ((at + pad) / 2, (at + pad) % 2 == 1);
        if let Some(cell) = dots.get_mut(line / 4 * usize::from(clipped.width) + x) {
            *cell |= dot(line % 4, right);
        }
    }
    let style = theme.style(role);
    for (at, bits) in dots.into_iter().enumerate().filter(|(_, bits)| *bits != 0) {
        let (x, y) = (at % usize::from(clipped.width), at / usize::from(clipped.width));
        let symbol = char::from_u32(0x2800 + u32::from(bits)).unwrap_or(' ');
        let (Ok(x), Ok(y)) = (u16::try_from(x), u16::try_from(y)) else { continue };
        put(buf, clipped.x + x, clipped.y + y, 1, symbol.encode_utf8(&mut [0; 4]), style);
    }
}

/// The bit of a braille dot, by line from the top and by side.
const fn dot(line: usize, right: bool) -> u8 {
    match (line, right) {
        (0, false) => 0x01,
        (1, false) => 0x02,
        (2, false) => 0x04,
        (_, false) => 0x40,
        (0, true) => 0x08,
        (1, true) => 0x10,
        (2, true) => 0x20,
        (_, true) => 0x80,
    }
}

/// Paints how full something is: `fraction` from 0 to 1, more counts as full. What is not known is shown so.
pub fn bar(area: Rect, buf: &mut Buffer, theme: &Theme, role: Role, fraction: Option<f64>) {
    let area = area.intersection(buf.area);
    if area.is_empty() {
        return;
    }
    let glyphs = &theme.glyphs;
    let Some(fraction) = fraction.filter(|fraction| fraction.is_finite()) else {
        fill(buf, area.x, area.y, area.width, glyphs.unknown, theme.style(Role::Unknown));
        return;
    };
    let eighths = round(fraction.clamp(0.0, 1.0) * f64::from(area.width) * 8.0);
    let full = u16::try_from(eighths / 8).unwrap_or(0).min(area.width);
    let part = usize::try_from(eighths % 8).unwrap_or(0);
    fill(buf, area.x, area.y, area.width, glyphs.bar_empty, theme.style(Role::Border));
    fill(buf, area.x, area.y, full, glyphs.bar_full, theme.style(role));
    if let Some(sign) = part.checked_sub(1).and_then(|part| glyphs.bar_part.get(part)).filter(|sign| **sign != " ") {
        put(buf, area.x + full, area.y, area.width - full, sign, theme.style(role));
    }
}

/// At most `columns` values, the last ones if there are fewer samples than columns.
fn resample(samples: &[Option<f64>], columns: usize) -> Vec<Option<f64>> {
    let finite = |sample: &Option<f64>| sample.filter(|value| value.is_finite());
    if samples.len() <= columns {
        return samples.iter().map(finite).collect();
    }
    let bounds = |column: usize| column * samples.len() / columns;
    let greatest = |from: usize, to: usize| {
        let part = samples.get(from..to).unwrap_or_default();
        part.iter().filter_map(finite).reduce(f64::max)
    };
    (0..columns).map(|column| greatest(bounds(column), bounds(column + 1))).collect()
}

fn range(values: &[Option<f64>], scale: Scale) -> (f64, f64) {
    match scale {
        Scale::Fixed(low, high) => (low, high),
        Scale::Auto => {
            let known = || values.iter().flatten().copied();
            (known().fold(0.0, f64::min), known().fold(0.0, f64::max))
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the callers' values lie between 0 and a few thousand")]
fn round(value: f64) -> i64 {
    value.round() as i64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::theme::Glyphs;
    use crate::console::widgets::dump;

    fn line(glyphs: Glyphs, width: u16, height: u16, samples: &[Option<f64>], scale: Scale) -> String {
        let mut buf = Buffer::empty(Rect::new(0, 0, width, height));
        sparkline(buf.area, &mut buf, &Theme::of_roles(glyphs), Role::Graph, samples, scale);
        dump::text(&buf)
    }

    #[test]
    fn a_gap_is_not_zero_and_no_number_is_a_gap() {
        let samples = [Some(0.0), None, Some(50.0), Some(f64::NAN), Some(100.0), Some(f64::INFINITY), Some(250.0)];
        assert_eq!(line(Glyphs::UNICODE, 7, 1, &samples, Scale::Fixed(0.0, 100.0)), "▁ ▄ █ █\n");
        assert_eq!(line(Glyphs::ASCII, 7, 1, &samples, Scale::Fixed(0.0, 100.0)), "_ - # #\n");
    }

    #[test]
    fn a_peak_survives_and_the_newest_stands_on_the_right() {
        let mut samples = vec![Some(1.0); 100];
        samples[41] = Some(8.0);
        assert_eq!(line(Glyphs::UNICODE, 10, 1, &samples, Scale::Auto), "▁▁▁▁█▁▁▁▁▁\n");
        assert_eq!(line(Glyphs::UNICODE, 6, 1, &[Some(1.0), Some(2.0)], Scale::Auto), "    ▄█\n");
        assert_eq!(line(Glyphs::UNICODE, 2, 2, &[Some(2.0), Some(16.0)], Scale::Auto), " █\n▂█\n");
    }

    #[test]
    fn dots_draw_a_line() {
        let mut buf = Buffer::empty(Rect::new(0, 0, 2, 1));
        let samples = [0.0, 1.0, 2.0, 3.0].map(Some);
        dotted(buf.area, &mut buf, &Theme::of_roles(Glyphs::UNICODE), Role::Graph, &samples, Scale::Auto);
        assert_eq!(dump::text(&buf), "⡠⠊\n");
    }

    #[test]
    fn a_bar_shows_eighths_and_owns_up_to_what_it_does_not_know() {
        let bar_of = |glyphs, fraction| {
            let mut buf = Buffer::empty(Rect::new(0, 0, 8, 1));
            bar(buf.area, &mut buf, &Theme::of_roles(glyphs), Role::Warning, fraction);
            dump::text(&buf)
        };
        assert_eq!(bar_of(Glyphs::UNICODE, Some(0.5)), "████····\n");
        assert_eq!(bar_of(Glyphs::UNICODE, Some(0.56)), "████▌···\n");
        assert_eq!(bar_of(Glyphs::ASCII, Some(1.7)), "########\n");
        assert_eq!(bar_of(Glyphs::ASCII, Some(-1.0)), "........\n");
        assert_eq!(bar_of(Glyphs::ASCII, Some(f64::NAN)), "????????\n");
        assert_eq!(bar_of(Glyphs::ASCII, None), "????????\n");
    }

    #[test]
    fn any_size_is_painted_without_complaint() {
        let samples: Vec<Option<f64>> = (0..50).map(|n| (n % 7 != 0).then_some(f64::from(n) - 20.0)).collect();
        for width in 0..12 {
            for height in 0..4 {
                for some in [0, 1, 3, 50] {
                    let mut buf = Buffer::empty(Rect::new(0, 0, width, height));
                    let theme = Theme::of_roles(Glyphs::UNICODE);
                    sparkline(buf.area, &mut buf, &theme, Role::Graph, &samples[..some], Scale::Auto);
                    dotted(buf.area, &mut buf, &theme, Role::Graph, &samples[..some], Scale::Fixed(5.0, 5.0));
                    bar(Rect::new(0, 0, 99, 99), &mut buf, &theme, Role::Graph, Some(0.3));
                }
            }
        }
    }
}
