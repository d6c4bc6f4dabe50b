//! One line of text being typed.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use unicode_segmentation::UnicodeSegmentation;

use crate::console::input::Key;
use crate::console::keymap::{Action, Pressed};
use crate::console::text::{cluster_width, put, tail_within};
use crate::console::theme::{Role, Theme};

/// The longest text in bytes; more is not taken.
pub const TEXT_MAX: usize = 4096;

/// A line of text with a cursor between its clusters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TextInput {
    text: String,
    /// A byte that begins a cluster, or the end.
    cursor: usize,
}

/// What a key did to the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextEvent {
    /// The text is another.
    Changed,
    /// Only the cursor moved.
    Moved,
    /// It is done.
    Submit,
    /// It is given up.
    Cancel,
    /// Nothing.
    Ignored,
}

impl TextInput {
    /// A line that holds text already, the cursor at its end.
    #[must_use]
    pub fn with(text: &str) -> Self {
        let mut input = Self::default();
        input.paste(text);
        input
    }

    /// The text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Takes a key, together with what the key map made of it in [`crate::console::keymap::Context::Text`].
    pub fn press(&mut self, pressed: Pressed, key: Key, count: u16) -> TextEvent {
        let action = match (pressed, key.typed()) {
            (Pressed::Action(action), _) => action,
            (_, Some(c)) => {
                let before = self.text.len();
                self.insert(&c.to_string().repeat(count.into()));
                return if self.text.len() == before { TextEvent::Ignored } else { TextEvent::Changed };
            }
            _ => return TextEvent::Ignored,
        };
        let (text, cursor) = (self.text.len(), self.cursor);
        for _ in 0..count {
            match action {
                Action::TextSubmit => return TextEvent::Submit,
                Action::TextCancel => return TextEvent::Cancel,
                Action::TextBackspace => self.delete(self.before(), self.cursor),
                Action::TextDelete => self.delete(self.cursor, self.after()),
                Action::TextDeleteWord => self.delete(self.word_before(), self.cursor),
                Action::TextClear => self.delete(0, self.text.len()),
                Action::TextLeft => self.cursor = self.before(),
                Action::TextRight => self.cursor = self.after(),
                Action::TextStart => self.cursor = 0,
                Action::TextEnd => self.cursor = self.text.len(),
                _ => return TextEvent::Ignored,
            }
        }
        if self.text.len() != text {
            TextEvent::Changed
        } else if self.cursor != cursor {
            TextEvent::Moved
        } else {
            TextEvent::Ignored
        }
    }

    /// Puts pasted text at the cursor: line ends and tabs become spaces, other control characters are left out.
    pub fn paste(&mut self, text: &str) {
        let text = text.trim_end_matches(['\r', '\n']).replace("\r\n", " ");
        let mut plain: String = text
            .chars()
            .map(|c| if matches!(c, '\n' | '\r' | '\t') { ' ' } else { c })
            .filter(|c| !c.is_control())
            .collect();
        plain.truncate(plain.floor_char_boundary(TEXT_MAX.saturating_sub(self.text.len())));
        self.insert(&plain);
    }

    /// Empties the line.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    fn insert(&mut self, text: &str) {
        if self.text.is_char_boundary(self.cursor) && self.text.len() + text.len() <= TEXT_MAX {
            self.text.insert_str(self.cursor, text);
            // a mark joins the cluster before it, so the next cluster may begin later than the text that was put in ends
            self.cursor = self.at_or_after(self.cursor + text.len());
        }
    }

    fn delete(&mut self, from: usize, to: usize) {
        if self.text.is_char_boundary(from) && self.text.is_char_boundary(to) && from <= to {
            self.text.replace_range(from..to, "");
            self.cursor = self.at_or_after(from);
        }
    }

    fn at_or_after(&self, byte: usize) -> usize {
        let mut starts = self.text.grapheme_indices(true).map(|(at, _)| at);
        starts.find(|at| *at >= byte).unwrap_or(self.text.len())
    }

    fn before(&self) -> usize {
        self.text.get(..self.cursor).and_then(|text| text.grapheme_indices(true).next_back()).map_or(0, |(at, _)| at)
    }

    fn after(&self) -> usize {
        let cluster = self.text.get(self.cursor..).and_then(|text| text.graphemes(true).next());
        self.cursor + cluster.map_or(0, str::len)
    }

    fn word_before(&self) -> usize {
        let before = self.text.get(..self.cursor).unwrap_or_default().trim_end();
        before.rfind(char::is_whitespace).map_or(0, |at| self.at_or_after(at + 1))
    }

    /// Paints the line into the first row of the area, scrolled so that the cursor is in view.
    pub fn render(&self, area: Rect, buf: &mut Buffer, theme: &Theme, focused: bool) {
        let area = area.intersection(buf.area);
        if area.is_empty() {
            return;
        }
        let (before, after) = self.text.split_at_checked(self.cursor).unwrap_or((&self.text, ""));
        let under = after.graphemes(true).next().unwrap_or(" ");
        let cells = cluster_width(under).max(1);
        let shown = tail_within(before, area.width.saturating_sub(cells));
        let style = theme.style(Role::Input);
        let used = put(buf, area.x, area.y, area.width, shown, style);
        put(buf, area.x + used, area.y, area.width - used, after, style);
        if focused {
            let cursor = Rect { x: area.x + used, width: cells, height: 1, ..area };
            buf.set_style(cursor.intersection(area), theme.style(Role::Cursor));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::keymap::{Context, Keymap};
    use crate::console::theme::Glyphs;
    use crate::console::widgets::dump;
    use proptest::prelude::*;

    fn press(input: &mut TextInput, key: &str) -> TextEvent {
        press_with(&mut Keymap::built_in().unwrap(), input, key)
    }

    fn press_with(keymap: &mut Keymap, input: &mut TextInput, key: &str) -> TextEvent {
        let key = Key::parse(key).unwrap();
        let pressed = keymap.press(Context::Text, key);
        input.press(pressed, key, 1)
    }

    #[test]
    fn keys_edit_whole_clusters() {
        let mut input = TextInput::with("ab cde\u{301}日");
        assert_eq!(press(&mut input, "Backspace"), TextEvent::Changed);
        assert_eq!(press(&mut input, "Backspace"), TextEvent::Changed);
        assert_eq!(input.text(), "ab cd");
        press(&mut input, "Ctrl+w");
        assert_eq!(input.text(), "ab ");
        assert_eq!(press(&mut input, "Home"), TextEvent::Moved);
        assert_eq!(press(&mut input, "Left"), TextEvent::Ignored);
        press(&mut input, "x");
        press(&mut input, "Delete");
        assert_eq!(input.text(), "xb ");
        assert_eq!(press(&mut input, "Enter"), TextEvent::Submit);
        assert_eq!(press(&mut input, "Esc"), TextEvent::Cancel);
        press(&mut input, "Ctrl+u");
        assert_eq!(input.text(), "");
    }

    #[test]
    fn a_paste_is_one_line_without_control_characters_and_has_an_end() {
        let mut input = TextInput::default();
        input.paste("disk\r\nfull\t\u{1b}[31m\u{7}!\n");
        assert_eq!(input.text(), "disk full [31m!");
        input.paste(&"é".repeat(TEXT_MAX));
        assert!(input.text().len() <= TEXT_MAX);
    }

    #[test]
    fn the_cursor_stays_in_view() {
        let mut buf = Buffer::empty(Rect::new(0, 0, 6, 1));
        TextInput::with("0123456789").render(buf.area, &mut buf, &Theme::of_roles(Glyphs::ASCII), true);
        assert_eq!(dump::text(&buf), "56789\n");
        assert_eq!(dump::roles(&buf), "iiiii_\n");
    }

    proptest! {
        #[test]
        fn any_keys_leave_the_cursor_between_clusters(keys in prop::collection::vec(prop::sample::select(vec![
            "a", "日", "\u{301}", "\u{200d}", "🇩", "Left", "Right", "Backspace", "Delete", "Home", "End", "Ctrl+w", "Space",
        ]), 0..40), width in 0u16..9) {
            let mut input = TextInput::default();
            let mut keymap = Keymap::built_in().unwrap();
            for key in keys {
                match Key::parse(key) {
                    Some(_) => { press_with(&mut keymap, &mut input, key); }
                    None => input.paste(key),
                }
                prop_assert!(input.text.is_char_boundary(input.cursor));
                let mut buf = Buffer::empty(Rect::new(0, 0, width, 1));
                input.render(buf.area, &mut buf, &Theme::of_roles(Glyphs::ASCII), true);
            }
        }
    }
}
