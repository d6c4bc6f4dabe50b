//! Colours as theme files write them, and as fewer-coloured terminals can show them.

use ratatui::style::Color;

use crate::console::terminal::ColourDepth;

const NAMED: [(&str, Color); 17] = [
    ("default", Color::Reset),
    ("black", Color::Black),
    ("red", Color::Red),
    ("green", Color::Green),
    ("yellow", Color::Yellow),
    ("blue", Color::Blue),
    ("magenta", Color::Magenta),
    ("cyan", Color::Cyan),
    ("white", Color::Gray),
    ("bright-black", Color::DarkGray),
    ("bright-red", Color::LightRed),
    ("bright-green", Color::LightGreen),
    ("bright-yellow", Color::LightYellow),
    ("bright-blue", Color::LightBlue),
    ("bright-magenta", Color::LightMagenta),
    ("bright-cyan", Color::LightCyan),
    ("bright-white", Color::White),
];

/// Reads a colour: `#rrggbb`, the name of one of the terminal's sixteen, `default`, or a number of the 256.
pub(super) fn parse(text: &str) -> Option<Color> {
    if let Some(hex) = text.strip_prefix('#') {
        if hex.len() != 6 || !hex.is_ascii() {
            return None;
        }
        let value = u32::from_str_radix(hex, 16).ok()?;
        let [_, r, g, b] = value.to_be_bytes();
        return Some(Color::Rgb(r, g, b));
    }
    if let Some((_, colour)) = NAMED.iter().find(|(name, _)| *name == text) {
        return Some(*colour);
    }
    text.parse().ok().map(Color::Indexed)
}

/// The nearest colour a terminal of this depth can show. Themes for sixteen colours are made by hand, so a colour that
/// such a terminal can't show becomes its default.
pub(super) fn within(colour: Color, depth: ColourDepth) -> Color {
    match (depth, colour) {
        (ColourDepth::None, _) => Color::Reset,
        (ColourDepth::Sixteen, Color::Rgb(..) | Color::Indexed(16..)) => Color::Reset,
        (ColourDepth::Indexed, Color::Rgb(r, g, b)) => Color::Indexed(nearest_indexed(r, g, b)),
        _ => colour,
    }
}

/// The steps of the 6 × 6 × 6 cube of the 256 colours.
const CUBE: [u8; 6] = [0, 95, 135, 175, 215, 255];

/// The nearest of the fixed 240 (the first sixteen look different in every terminal).
fn nearest_indexed(r: u8, g: u8, b: u8) -> u8 {
    (16..=255u8).min_by_key(|index| distance((r, g, b), rgb_of_index(*index))).unwrap_or(16)
}

fn distance(a: (u8, u8, u8), b: (u8, u8, u8)) -> u32 {
    let square = |x: u8, y: u8| u32::from(x.abs_diff(y)).pow(2);
    // the eye weighs green most
    3 * square(a.0, b.0) + 4 * square(a.1, b.1) + 2 * square(a.2, b.2)
}

/// What one of the fixed 240 looks like (16 to 255).
#[must_use]
pub fn rgb_of_index(index: u8) -> (u8, u8, u8) {
    if index >= 232 {
        let grey = 8 + 10 * (index - 232);
        return (grey, grey, grey);
    }
    let index = usize::from(index.saturating_sub(16));
    let step = |at: usize| CUBE.get(at % 6).copied().unwrap_or(0);
    (step(index / 36), step(index / 6), step(index))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_read_as_written() {
        assert_eq!(parse("#ff8000"), Some(Color::Rgb(255, 128, 0)));
        assert_eq!(parse("bright-red"), Some(Color::LightRed));
        assert_eq!(parse("236"), Some(Color::Indexed(236)));
        for wrong in ["#ff80", "#gggggg", "#ffé1", "crimson", "300", ""] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn fewer_colours_get_the_nearest_or_none() {
        assert_eq!(within(Color::Rgb(255, 0, 0), ColourDepth::Indexed), Color::Indexed(196));
        assert_eq!(within(Color::Rgb(8, 8, 8), ColourDepth::Indexed), Color::Indexed(232));
        assert_eq!(within(Color::Rgb(255, 0, 0), ColourDepth::Sixteen), Color::Reset);
        assert_eq!(within(Color::Red, ColourDepth::Sixteen), Color::Red);
        assert_eq!(within(Color::Red, ColourDepth::None), Color::Reset);
    }
}
