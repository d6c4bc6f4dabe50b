//! What the terminal shows and what it shall show, and the bytes between the two. Pure: no input or output here.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::encode::encode;
use super::scroll::scroll;

/// Begins a frame: the terminal shows nothing of it until its end (synchronized output; others ignore it).
const BEGIN: &[u8] = b"\x1b[?2026h";
const END: &[u8] = b"\x1b[?2026l";
const CLEAR: &[u8] = b"\x1b[m\x1b[r\x1b[2J";

/// A terminal's screen, told only of changes.
#[derive(Debug)]
pub struct Screen {
    shown: Buffer,
    next: Buffer,
    /// Whether the terminal is known to show `shown`.
    known: bool,
}

impl Screen {
    /// A screen of a size whose content is not known yet.
    #[must_use]
    pub fn new(width: u16, height: u16) -> Self {
        let area = Rect::new(0, 0, width, height);
        Self { shown: Buffer::empty(area), next: Buffer::empty(area), known: false }
    }

    /// The whole screen.
    #[must_use]
    pub const fn area(&self) -> Rect {
        self.next.area
    }

    /// The screen has another size; the next frame repaints it whole.
    pub fn resize(&mut self, width: u16, height: u16) {
        *self = Self::new(width, height);
    }

    /// The terminal may show anything; the next frame repaints it whole.
    pub const fn forget(&mut self) {
        self.known = false;
    }

    /// What the last frame showed.
    #[must_use]
    pub const fn shown(&self) -> &Buffer {
        &self.shown
    }

    /// Paints a frame and appends to `out` the bytes that bring the terminal to it: nothing when it looks as before,
    /// else one frame, bracketed so that a terminal shows it at once. True if bytes were added.
    pub fn draw(&mut self, out: &mut Vec<u8>, paint: impl FnOnce(Rect, &mut Buffer)) -> bool {
        self.next.reset();
        paint(self.next.area, &mut self.next);
        let start = out.len();
        out.extend_from_slice(BEGIN);
        let empty = out.len();
        if self.known {
            scroll(&mut self.shown, &self.next, out);
        } else {
            self.known = true;
            self.shown.reset();
            out.extend_from_slice(CLEAR);
        }
        encode(&self.shown, &self.next, out);
        std::mem::swap(&mut self.shown, &mut self.next);
        if out.len() == empty {
            out.truncate(start);
            return false;
        }
        out.extend_from_slice(END);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::text::put;
    use proptest::prelude::*;
    use ratatui::style::{Color, Modifier, Style};

    /// A screen beside an emulator that obeys its bytes.
    struct Pair {
        screen: Screen,
        emulator: vt100::Parser,
    }

    impl Pair {
        fn new(width: u16, height: u16) -> Self {
            let size = |cells| std::num::NonZeroU16::new(cells).unwrap();
            Self { screen: Screen::new(width, height), emulator: vt100::Parser::new(size(height), size(width), 0) }
        }

        fn draw(&mut self, paint: impl FnOnce(&mut Buffer)) -> usize {
            let mut out = Vec::new();
            self.screen.draw(&mut out, |_, buf| paint(buf));
            self.emulator.process(&out);
            self.agree();
            out.len()
        }

        fn agree(&self) {
            let shown = self.screen.shown();
            for y in 0..shown.area.height {
                let mut x = 0;
                while x < shown.area.width {
                    let ours = &shown[(x, y)];
                    let theirs = self.emulator.screen().cell(y, x).unwrap();
                    let text = if theirs.contents().is_empty() { " " } else { theirs.contents() };
                    let end = cluster_end(x, ours.symbol());
                    let ours_text = if end > shown.area.width { " " } else { ours.symbol() };
                    assert_eq!(text, ours_text, "at {x},{y}\n{}", self.emulator.screen().contents());
                    assert_eq!(theirs.inverse(), ours.modifier.contains(Modifier::REVERSED), "reversed at {x},{y}");
                    assert_eq!(theirs.bgcolor(), colour(ours.bg), "background at {x},{y}");
                    if text != " " {
                        assert_eq!(theirs.fgcolor(), colour(ours.fg), "foreground at {x},{y}");
                        assert_eq!(theirs.bold(), ours.modifier.contains(Modifier::BOLD), "bold at {x},{y}");
                    }
                    x = end;
                }
            }
        }
    }

    fn cluster_end(x: u16, symbol: &str) -> u16 {
        x + crate::console::text::cluster_width(symbol).max(1)
    }

    fn colour(colour: Color) -> vt100::Color {
        match colour {
            Color::Red => vt100::Color::Idx(1),
            Color::Indexed(index) => vt100::Color::Idx(index),
            Color::Rgb(r, g, b) => vt100::Color::Rgb(r, g, b),
            _ => vt100::Color::Default,
        }
    }

    fn table(buf: &mut Buffer, first: usize, cursor: usize) {
        let area = buf.area;
        put(buf, 0, 0, area.width, "HOST  STATE", Style::new().add_modifier(Modifier::BOLD));
        for y in 1..area.height - 1 {
            let row = first + usize::from(y);
            let style = if row == cursor { Style::new().bg(Color::Indexed(236)) } else { Style::new() };
            let text = format!("web{row:04}  state of host {row} and {} other words", row * 7 % 13);
            put(buf, 0, y, area.width, &text, style.fg(Color::Red));
            buf.set_style(Rect::new(0, y, area.width, 1), style);
        }
        put(buf, 0, area.height - 1, area.width, "q back", Style::new());
    }

    #[test]
    fn an_unchanged_screen_sends_nothing() {
        let mut pair = Pair::new(80, 24);
        assert!(pair.draw(|buf| table(buf, 0, 3)) > 500);
        assert_eq!(pair.draw(|buf| table(buf, 0, 3)), 0);
    }

    #[test]
    fn a_clock_costs_less_than_sixty_bytes() {
        let mut pair = Pair::new(80, 24);
        let clock = |text: &'static str| {
            move |buf: &mut Buffer| {
                table(buf, 0, 3);
                put(buf, 60, 0, 8, text, Style::new().add_modifier(Modifier::BOLD));
            }
        };
        pair.draw(clock("09:59:59"));
        let bytes = pair.draw(clock("10:00:00"));
        assert!(bytes <= 60, "{bytes} bytes");
    }

    #[test]
    fn moving_the_cursor_and_scrolling_stay_within_their_budget() {
        let mut pair = Pair::new(200, 60);
        pair.draw(|buf| table(buf, 0, 30));
        let moved = pair.draw(|buf| table(buf, 0, 31));
        assert!(moved <= 600, "{moved} bytes for a cursor");
        let down = pair.draw(|buf| table(buf, 1, 32));
        assert!(down <= 900, "{down} bytes for a row down");
        let up = pair.draw(|buf| table(buf, 0, 31));
        assert!(up <= 900, "{up} bytes for a row up");
    }

    #[test]
    fn a_repaint_clears_what_others_wrote() {
        let mut pair = Pair::new(20, 4);
        pair.draw(|buf| table(buf, 0, 1));
        pair.emulator.process(b"\x1b[2;3Hsomething else\x1b[31m");
        pair.screen.forget();
        pair.draw(|buf| table(buf, 0, 1));
    }

    #[test]
    fn control_characters_in_a_cell_never_reach_the_terminal() {
        let mut screen = Screen::new(4, 1);
        let mut out = Vec::new();
        screen.draw(&mut out, |_, buf| {
            buf[(1, 0)].set_symbol("\u{1b}]0;x\u{7}");
        });
        assert!(!out.windows(2).any(|pair| pair == b"\x1b]"));
    }

    #[test]
    fn a_screen_without_cells_is_drawn_without_complaint() {
        for (width, height) in [(0, 0), (0, 5), (5, 0), (1, 1)] {
            let mut screen = Screen::new(width, height);
            let mut out = Vec::new();
            screen.draw(&mut out, |_, buf| {
                put(buf, 0, 0, 9, "日本語", Style::new());
            });
            screen.draw(&mut out, |_, _| {});
        }
    }

    fn word() -> impl Strategy<Value = (u16, u16, &'static str, Style)> {
        let texts = prop::sample::select(vec!["a", "host", "日本", "ab  cd", "     ", "─┼│", "é", "x日y", "WARN up"]);
        let styles = prop::sample::select(vec![
            Style::new(),
            Style::new().fg(Color::Red),
            Style::new().bg(Color::Indexed(24)),
            Style::new().add_modifier(Modifier::REVERSED),
            Style::new().fg(Color::Rgb(1, 2, 3)).add_modifier(Modifier::BOLD),
        ]);
        (0..16u16, 0..8u16, texts, styles)
    }

    proptest! {
        #[test]
        fn any_sequence_of_screens_ends_as_painted(frames in prop::collection::vec(prop::collection::vec(word(), 0..14), 1..6)) {
            let mut pair = Pair::new(16, 8);
            for words in frames {
                pair.draw(|buf| {
                    for (x, y, text, style) in &words {
                        put(buf, *x, *y, 16u16.saturating_sub(*x), text, *style);
                    }
                });
            }
        }

        #[test]
        fn any_scrolling_ends_as_painted(steps in prop::collection::vec((0usize..30, 0usize..40), 1..8)) {
            let mut pair = Pair::new(30, 20);
            for (first, cursor) in steps {
                pair.draw(|buf| table(buf, first, cursor));
            }
        }
    }
}
