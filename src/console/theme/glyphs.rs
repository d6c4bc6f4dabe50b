//! The signs beside the words. None of them is an emoji or of uncertain width; each has a form in ASCII.

/// All signs the console draws, in one of two forms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Glyphs {
    /// A critical problem, or a host that is down.
    pub critical: &'static str,
    /// A warning.
    pub warning: &'static str,
    /// All is well.
    pub ok: &'static str,
    /// Not known, or a host that is silent.
    pub unknown: &'static str,
    /// Not measured yet.
    pub pending: &'static str,
    /// Results stopped coming.
    pub stale: &'static str,
    /// Off, as expected, or left.
    pub off: &'static str,
    /// An act waits for its answer.
    pub waiting: &'static str,
    /// A marked row.
    pub mark: &'static str,
    /// The cursor's row, where colours can't show it.
    pub cursor: &'static str,
    /// Text was cut here.
    pub ellipsis: &'static str,
    /// Sorted upwards.
    pub ascending: &'static str,
    /// Sorted downwards.
    pub descending: &'static str,
    /// More rows above.
    pub more_above: &'static str,
    /// More rows below.
    pub more_below: &'static str,
    /// A horizontal line.
    pub horizontal: &'static str,
    /// A vertical line.
    pub vertical: &'static str,
    /// The corners of a box: top left, top right, bottom left, bottom right.
    pub corners: [&'static str; 4],
    /// The filled part of a bar.
    pub bar_full: &'static str,
    /// The last cell of the filled part, by eighths of a cell (1/8 to 7/8).
    pub bar_part: [&'static str; 7],
    /// The empty part of a bar.
    pub bar_empty: &'static str,
    /// Heights of a graph from lowest to highest.
    pub levels: [&'static str; 8],
    /// A day of which a whole backup can be restored.
    pub day_whole: &'static str,
    /// A day of which a part can be restored.
    pub day_partial: &'static str,
    /// Between two facts on one line.
    pub separator: &'static str,
    /// From one thing to the next.
    pub arrow: &'static str,
}

impl Glyphs {
    /// Box drawing, blocks and geometric shapes.
    pub const UNICODE: Self = Self {
        critical: "✗",
        warning: "▲",
        ok: "●",
        unknown: "?",
        pending: "○",
        stale: "~",
        off: "-",
        waiting: "…",
        mark: "■",
        cursor: ">",
        ellipsis: "…",
        ascending: "▲",
        descending: "▼",
        more_above: "↑",
        more_below: "↓",
        horizontal: "─",
        vertical: "│",
        corners: ["┌", "┐", "└", "┘"],
        bar_full: "█",
        bar_part: ["▏", "▎", "▍", "▌", "▋", "▊", "▉"],
        bar_empty: "·",
        levels: ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"],
        day_whole: "■",
        day_partial: "◪",
        separator: "·",
        arrow: "→",
    };

    /// ASCII only.
    pub const ASCII: Self = Self {
        critical: "X",
        warning: "!",
        ok: ".",
        unknown: "?",
        pending: "o",
        stale: "~",
        off: "-",
        waiting: ":",
        mark: "*",
        cursor: ">",
        ellipsis: "~",
        ascending: "^",
        descending: "v",
        more_above: "^",
        more_below: "v",
        horizontal: "-",
        vertical: "|",
        corners: ["+", "+", "+", "+"],
        bar_full: "#",
        bar_part: [" ", " ", " ", "-", "-", "=", "="],
        bar_empty: ".",
        levels: ["_", ".", ",", "-", "=", "+", "*", "#"],
        day_whole: "#",
        day_partial: "/",
        separator: "|",
        arrow: ">",
    };

    /// Whether these are the ASCII forms.
    #[must_use]
    pub fn are_ascii(&self) -> bool {
        self.critical.is_ascii()
    }

    /// Every sign, for checks on all of them.
    #[must_use]
    pub fn all(&self) -> Vec<&'static str> {
        let single = [
            self.critical,
            self.warning,
            self.ok,
            self.unknown,
            self.pending,
            self.stale,
            self.off,
            self.waiting,
            self.mark,
            self.cursor,
            self.ellipsis,
            self.ascending,
            self.descending,
            self.more_above,
            self.more_below,
            self.horizontal,
            self.vertical,
            self.bar_full,
            self.bar_empty,
            self.separator,
            self.arrow,
        ];
        single.into_iter().chain(self.corners).chain(self.bar_part).chain(self.levels).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::text::cluster_width;

    #[test]
    fn every_sign_is_one_cell_and_no_emoji() {
        for glyph in Glyphs::UNICODE.all() {
            assert_eq!(cluster_width(glyph), 1, "{glyph}");
            // with the selector for emoji it would be two cells wide somewhere
            assert!(!matches!(glyph, "\u{26a0}" | "\u{2714}" | "\u{2716}" | "\u{25b6}" | "\u{25aa}"), "{glyph}");
        }
        assert!(Glyphs::ASCII.all().iter().all(|glyph| glyph.is_ascii() && glyph.len() == 1));
        assert!(Glyphs::ASCII.are_ascii() && !Glyphs::UNICODE.are_ascii());
    }

    #[test]
    fn states_differ_by_sign_not_only_by_colour() {
        for glyphs in [Glyphs::UNICODE, Glyphs::ASCII] {
            let mut states = vec![
                glyphs.critical,
                glyphs.warning,
                glyphs.ok,
                glyphs.unknown,
                glyphs.pending,
                glyphs.stale,
                glyphs.off,
            ];
            states.sort_unstable();
            let before = states.len();
            states.dedup();
            assert_eq!(states.len(), before);
        }
    }
}
