//! The style the terminal draws with, and the shortest way to change it.

use ratatui::buffer::Cell;
use ratatui::style::{Color, Modifier};

/// What the terminal draws the next glyph with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pen {
    fg: Color,
    bg: Color,
    modifier: Modifier,
}

/// Each modifier with the parameter that sets it and the one that takes it back.
const MODIFIERS: [(Modifier, u8, u8); 9] = [
    (Modifier::BOLD, 1, 22),
    (Modifier::DIM, 2, 22),
    (Modifier::ITALIC, 3, 23),
    (Modifier::UNDERLINED, 4, 24),
    (Modifier::SLOW_BLINK, 5, 25),
    (Modifier::RAPID_BLINK, 6, 25),
    (Modifier::REVERSED, 7, 27),
    (Modifier::HIDDEN, 8, 28),
    (Modifier::CROSSED_OUT, 9, 29),
];

/// What shows even where there is no glyph.
const SHOWS_ON_BLANK: Modifier = Modifier::UNDERLINED.union(Modifier::REVERSED).union(Modifier::CROSSED_OUT);

impl Pen {
    /// The terminal's own colours, nothing added.
    pub(super) const DEFAULT: Self = Self { fg: Color::Reset, bg: Color::Reset, modifier: Modifier::empty() };

    pub(super) const fn of(cell: &Cell) -> Self {
        Self { fg: cell.fg, bg: cell.bg, modifier: cell.modifier }
    }

    /// Whether a blank drawn with either looks the same.
    pub(super) fn same_on_blank(self, other: Self) -> bool {
        let (a, b) = (self.modifier & SHOWS_ON_BLANK, other.modifier & SHOWS_ON_BLANK);
        self.bg == other.bg && a == b && (a.is_empty() || self.fg == other.fg)
    }

    /// Appends the escape sequence that changes `self` into `to`; nothing when they are equal.
    pub(super) fn change(&mut self, to: Self, out: &mut Vec<u8>) {
        if *self == to {
            return;
        }
        out.extend_from_slice(b"\x1b[");
        if to != Self::DEFAULT {
            let mut parameters = Parameters { out, first: true };
            self.modifiers(to.modifier, &mut parameters);
            if self.fg != to.fg {
                parameters.colour(to.fg, Layer::Foreground);
            }
            if self.bg != to.bg {
                parameters.colour(to.bg, Layer::Background);
            }
        }
        out.push(b'm');
        *self = to;
    }

    fn modifiers(self, to: Modifier, parameters: &mut Parameters<'_>) {
        let mut on = self.modifier;
        for (modifier, _, off) in MODIFIERS {
            if on.contains(modifier) && !to.contains(modifier) {
                parameters.push(off);
                // one parameter can take back two modifiers (22 both bold and dim)
                for (also, _, same) in MODIFIERS {
                    if same == off {
                        on.remove(also);
                    }
                }
            }
        }
        for (modifier, set, _) in MODIFIERS {
            if to.contains(modifier) && !on.contains(modifier) {
                parameters.push(set);
            }
        }
    }
}

#[derive(Clone, Copy)]
enum Layer {
    Foreground,
    Background,
}

struct Parameters<'a> {
    out: &'a mut Vec<u8>,
    first: bool,
}

impl Parameters<'_> {
    fn push(&mut self, number: u8) {
        if !std::mem::replace(&mut self.first, false) {
            self.out.push(b';');
        }
        push_number(self.out, number.into());
    }

    fn colour(&mut self, colour: Color, layer: Layer) {
        let (normal, bright) = match layer {
            Layer::Foreground => (30, 90),
            Layer::Background => (40, 100),
        };
        match colour {
            Color::Reset => self.push(normal + 9),
            Color::Black => self.push(normal),
            Color::Red => self.push(normal + 1),
            Color::Green => self.push(normal + 2),
            Color::Yellow => self.push(normal + 3),
            Color::Blue => self.push(normal + 4),
            Color::Magenta => self.push(normal + 5),
            Color::Cyan => self.push(normal + 6),
            Color::Gray => self.push(normal + 7),
            Color::DarkGray => self.push(bright),
            Color::LightRed => self.push(bright + 1),
            Color::LightGreen => self.push(bright + 2),
            Color::LightYellow => self.push(bright + 3),
            Color::LightBlue => self.push(bright + 4),
            Color::LightMagenta => self.push(bright + 5),
            Color::LightCyan => self.push(bright + 6),
            Color::White => self.push(bright + 7),
            Color::Indexed(index) => [normal + 8, 5, index].into_iter().for_each(|number| self.push(number)),
            Color::Rgb(r, g, b) => [normal + 8, 2, r, g, b].into_iter().for_each(|number| self.push(number)),
        }
    }
}

/// Appends a number in decimal.
pub(super) fn push_number(out: &mut Vec<u8>, number: u16) {
    let mut divisor = 10_000;
    let mut begun = false;
    while divisor > 0 {
        let digit = u8::try_from(number / divisor % 10).unwrap_or(0);
        if digit != 0 || begun || divisor == 1 {
            out.push(b'0' + digit);
            begun = true;
        }
        divisor /= 10;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::style::Style;

    fn change(from: Style, to: Style) -> String {
        let pen = |style| {
            let mut cell = Cell::EMPTY;
            cell.set_style(style);
            Pen::of(&cell)
        };
        let mut out = Vec::new();
        pen(from).change(pen(to), &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn only_what_changes_is_sent() {
        let red = Style::new().fg(Color::Red);
        assert_eq!(change(red, red), "");
        assert_eq!(change(red, Style::new()), "\x1b[m");
        assert_eq!(change(Style::new(), red.bg(Color::Indexed(236))), "\x1b[31;48;5;236m");
        assert_eq!(change(red.add_modifier(Modifier::BOLD), red), "\x1b[22m");
        let both = red.add_modifier(Modifier::BOLD | Modifier::DIM);
        assert_eq!(change(both, red.add_modifier(Modifier::BOLD)), "\x1b[22;1m");
        assert_eq!(change(Style::new(), Style::new().fg(Color::Rgb(1, 20, 255))), "\x1b[38;2;1;20;255m");
    }

    #[test]
    fn numbers_are_decimal() {
        for number in [0, 7, 10, 99, 100, 1203, 65_535] {
            let mut out = Vec::new();
            push_number(&mut out, number);
            assert_eq!(String::from_utf8(out).unwrap(), number.to_string());
        }
    }
}
