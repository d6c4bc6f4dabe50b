//! What a person does at the terminal, in the console's own words.

use std::fmt;

/// A key without its modifiers. Shift lives in the character itself (`G`, `?`), so it is not a modifier here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyCode {
    /// A character, the space among them.
    Char(char),
    /// Enter or Return.
    Enter,
    /// Escape.
    Esc,
    /// Tab.
    Tab,
    /// Shift and Tab.
    BackTab,
    /// Backspace.
    Backspace,
    /// Delete.
    Delete,
    /// Insert.
    Insert,
    /// Cursor up.
    Up,
    /// Cursor down.
    Down,
    /// Cursor left.
    Left,
    /// Cursor right.
    Right,
    /// Home.
    Home,
    /// End.
    End,
    /// Page up.
    PageUp,
    /// Page down.
    PageDown,
    /// A function key.
    F(u8),
}

/// A key with its modifiers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// Which key.
    pub code: KeyCode,
    /// Whether Ctrl was held.
    pub ctrl: bool,
    /// Whether Alt was held.
    pub alt: bool,
}

/// Something a person did, or that happened to the terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// A key, `count` times in a row (1 or more): a held key arrives as one input.
    Key {
        /// The key.
        key: Key,
        /// How often it arrived without anything between.
        count: u16,
    },
    /// Text that was pasted; it may hold anything, line ends and control characters included.
    Paste(String),
    /// The terminal has a new size.
    Resize {
        /// Columns.
        width: u16,
        /// Rows.
        height: u16,
    },
    /// The terminal's window gained the focus.
    FocusGained,
    /// The terminal's window lost the focus.
    FocusLost,
    /// No input will come any more, and why.
    Closed(String),
}

/// Which frames stood when an input was read: `submitted` was handed to the terminal, `flushed` had reached it. A prompt
/// that opened when `submitted` was n is on the screen only from frame n + 1 on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FrameStamp {
    /// The number of the last frame handed over.
    pub submitted: u64,
    /// The number of the last frame that was written out whole.
    pub flushed: u64,
}

impl Key {
    /// A key without modifiers.
    #[must_use]
    pub const fn plain(code: KeyCode) -> Self {
        Self { code, ctrl: false, alt: false }
    }

    /// A character without modifiers.
    #[must_use]
    pub const fn char(c: char) -> Self {
        Self::plain(KeyCode::Char(c))
    }

    /// A character with Ctrl.
    #[must_use]
    pub const fn ctrl(c: char) -> Self {
        Self { code: KeyCode::Char(c), ctrl: true, alt: false }
    }

    /// The character this key types, if it types one.
    #[must_use]
    pub const fn typed(self) -> Option<char> {
        match self {
            Self { code: KeyCode::Char(c), ctrl: false, alt: false } => Some(c),
            _ => None,
        }
    }

    /// Reads a key as key maps write it: `j`, `G`, `?`, `Space`, `Enter`, `PageDown`, `F1`, `Ctrl+c`, `Alt+x`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (mut ctrl, mut alt, mut rest) = (false, false, text);
        loop {
            if let Some(after) = strip_prefix_ignoring_case(rest, "ctrl+") {
                (ctrl, rest) = (true, after);
            } else if let Some(after) = strip_prefix_ignoring_case(rest, "alt+") {
                (alt, rest) = (true, after);
            } else {
                break;
            }
        }
        let mut chars = rest.chars();
        if let (Some(c), None) = (chars.next(), chars.next()) {
            return (!c.is_control() && !c.is_whitespace()).then_some(Self { code: KeyCode::Char(c), ctrl, alt });
        }
        let code =
            NAMED.iter().find(|(name, _)| name.eq_ignore_ascii_case(rest)).map(|(_, code)| *code).or_else(|| {
                let number: u8 = strip_prefix_ignoring_case(rest, "f")?.parse().ok()?;
                (1..=24).contains(&number).then_some(KeyCode::F(number))
            })?;
        Some(Self { code, ctrl, alt })
    }
}

const NAMED: [(&str, KeyCode); 18] = [
    ("Space", KeyCode::Char(' ')),
    ("Enter", KeyCode::Enter),
    ("Esc", KeyCode::Esc),
    ("Tab", KeyCode::Tab),
    ("Shift+Tab", KeyCode::BackTab),
    ("Backspace", KeyCode::Backspace),
    ("Delete", KeyCode::Delete),
    ("Insert", KeyCode::Insert),
    ("Up", KeyCode::Up),
    ("Down", KeyCode::Down),
    ("Left", KeyCode::Left),
    ("Right", KeyCode::Right),
    ("Home", KeyCode::Home),
    ("End", KeyCode::End),
    ("PageUp", KeyCode::PageUp),
    ("PageDown", KeyCode::PageDown),
    ("PgUp", KeyCode::PageUp),
    ("PgDn", KeyCode::PageDown),
];

fn strip_prefix_ignoring_case<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let head = text.get(..prefix.len())?;
    // the prefix alone is no modifier: "+" may be the key itself
    (head.eq_ignore_ascii_case(prefix) && text.len() > prefix.len()).then(|| text.get(prefix.len()..)).flatten()
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.ctrl {
            f.write_str("Ctrl+")?;
        }
        if self.alt {
            f.write_str("Alt+")?;
        }
        if let Some((name, _)) = NAMED.iter().find(|(_, code)| *code == self.code) {
            return f.write_str(name);
        }
        match self.code {
            KeyCode::Char(c) => write!(f, "{c}"),
            KeyCode::F(number) => write!(f, "F{number}"),
            _ => Ok(()),
        }
    }
}

impl Input {
    /// One press of a key, for tests and replays.
    #[must_use]
    pub const fn key(key: Key) -> Self {
        Self::Key { key, count: 1 }
    }
}

impl FrameStamp {
    /// Whether a prompt that opened at `opened` was on the screen when this input was read.
    #[must_use]
    pub const fn has_seen(self, opened: Self) -> bool {
        self.flushed > opened.submitted
    }
}

/// Puts inputs that arrived together into fewer: a key that repeats becomes one with a count, and of several sizes only
/// the last counts. The order of everything else stands.
#[must_use]
pub fn coalesce(inputs: Vec<Input>) -> Vec<Input> {
    let last_resize = inputs.iter().rposition(|input| matches!(input, Input::Resize { .. }));
    let mut out: Vec<Input> = Vec::with_capacity(inputs.len());
    for (at, input) in inputs.into_iter().enumerate() {
        if matches!(input, Input::Resize { .. }) && last_resize != Some(at) {
            continue;
        }
        if let (Input::Key { key, count }, Some(Input::Key { key: last, count: total })) = (&input, out.last_mut())
            && key == last
        {
            *total = total.saturating_add(*count);
            continue;
        }
        out.push(input);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_written_as_they_are_read() {
        for text in
            ["j", "G", "?", "Space", "Enter", "Shift+Tab", "PageDown", "F1", "Ctrl+c", "Ctrl+Alt+x", "+", "Ctrl++"]
        {
            let key = Key::parse(text).unwrap_or_else(|| panic!("{text} is a key"));
            assert_eq!(key.to_string(), text);
        }
        assert_eq!(Key::parse("pgdn"), Some(Key::plain(KeyCode::PageDown)));
        for text in ["", "jj", "Ctrl+", "Hyper+x", " ", "F99", "\u{7}"] {
            assert_eq!(Key::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_held_key_and_a_dragged_window_become_one_input_each() {
        let j = Input::key(Key::char('j'));
        let k = Input::key(Key::char('k'));
        let size = |width| Input::Resize { width, height: 24 };
        let got = coalesce(vec![j.clone(), j.clone(), size(80), j.clone(), k.clone(), size(81), k.clone(), size(82)]);
        let expected =
            vec![Input::Key { key: Key::char('j'), count: 3 }, Input::Key { key: Key::char('k'), count: 2 }, size(82)];
        assert_eq!(got, expected);
    }

    #[test]
    fn what_was_typed_before_a_prompt_was_painted_has_not_seen_it() {
        let opened = FrameStamp { submitted: 7, flushed: 6 };
        assert!(!FrameStamp { submitted: 7, flushed: 7 }.has_seen(opened));
        assert!(!FrameStamp { submitted: 8, flushed: 7 }.has_seen(opened));
        assert!(FrameStamp { submitted: 8, flushed: 8 }.has_seen(opened));
    }
}
