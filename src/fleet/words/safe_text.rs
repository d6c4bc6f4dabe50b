//! Text from outside, made safe: what a terminal would obey is shown instead.

use std::borrow::{Borrow, Cow};
use std::fmt;
use std::sync::Arc;

use unicode_normalization::char::is_combining_mark;
use unicode_normalization::{UnicodeNormalization, is_nfc};
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthChar;

use crate::fleet::words::display_width::{display_width, truncate_to_width};

/// Text from outside that can reach a terminal, a log, a mail or a page.
///
/// Only the sanitiser builds it, and it holds: no control character (a newline only in a [`SafeText::block`]), no
/// bidirectional mark, no invisible format character, NFC, at most [`SafeText::MARKS_MAX`] marks on a letter, a bounded
/// length, and a width on which a terminal that measures single characters and one that measures graphemes agree.
///
/// | in | out |
/// |---|---|
/// | ESC | `␛` |
/// | other C0, DEL, C1, bytes that are no UTF-8 | `\x07`, `\x9b`, `\xff` |
/// | newline | `⏎` in a line, kept in a block |
/// | tab, any other space character | a space |
/// | bidirectional marks, zero-width and other invisible characters, flags' letters | `⟨U+202E⟩` |
/// | variation selectors, skin tones | nothing |
/// | what is beyond the cap | `…(+N bytes)` |
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SafeText(Arc<str>);

/// What becomes of newlines.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Newlines {
    Shown,
    Kept,
}

/// Room kept at the end of a cut text for `…(+N bytes)` with any N.
const NOTE_ROOM: usize = 32;

/// The smallest cap: below it the note of what was cut would be the whole text.
const SMALLEST_CAP: usize = 2 * NOTE_ROOM;

impl SafeText {
    /// The cap of a line in bytes.
    pub const LINE_MAX: usize = 4 * 1024;
    /// The cap of a block in bytes.
    pub const BLOCK_MAX: usize = 64 * 1024;
    /// The marks (accents and the like) kept on one letter.
    pub const MARKS_MAX: usize = 4;

    /// Makes a line safe: the same as [`SafeText::line`].
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self::line(text)
    }

    /// Makes one line of it, at most [`SafeText::LINE_MAX`] bytes: newlines at the end go, others show as `⏎`.
    #[must_use]
    pub fn line(text: &str) -> Self {
        Self::line_within(text, Self::LINE_MAX)
    }

    /// A line of at most `max` bytes (never fewer than 64).
    #[must_use]
    pub fn line_within(text: &str, max: usize) -> Self {
        let text = text.trim_end_matches(['\n', '\r']);
        Self::from_chunks(text.len(), std::iter::once((text, &[][..])), Newlines::Shown, max)
    }

    /// Makes text of several lines safe, at most [`SafeText::BLOCK_MAX`] bytes: `\n` stays, `\r\n` becomes `\n`.
    #[must_use]
    pub fn block(text: &str) -> Self {
        Self::block_within(text, Self::BLOCK_MAX)
    }

    /// A block of at most `max` bytes (never fewer than 64).
    #[must_use]
    pub fn block_within(text: &str, max: usize) -> Self {
        Self::from_chunks(text.len(), std::iter::once((text, &[][..])), Newlines::Kept, max)
    }

    /// A line of at most `max` bytes (never fewer than 64) from bytes; what is no UTF-8 shows as `\xff`.
    #[must_use]
    pub fn from_bytes_lossy(bytes: &[u8], max: usize) -> Self {
        let end = bytes.iter().rposition(|byte| !matches!(byte, b'\n' | b'\r')).map_or(0, |last| last + 1);
        Self::from_bytes(bytes.get(..end).unwrap_or_default(), Newlines::Shown, max)
    }

    /// A block of at most `max` bytes (never fewer than 64) from bytes; what is no UTF-8 shows as `\xff`.
    #[must_use]
    pub fn block_from_bytes_lossy(bytes: &[u8], max: usize) -> Self {
        Self::from_bytes(bytes, Newlines::Kept, max)
    }

    /// The safe text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether nothing is in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The cells of a terminal it takes as one line.
    #[must_use]
    pub fn display_width(&self) -> usize {
        display_width(&self.0)
    }

    /// The text in at most `width` cells, ending in `…` where something was left out.
    #[must_use]
    pub fn truncate_to_width(&self, width: usize) -> Cow<'_, str> {
        truncate_to_width(&self.0, width)
    }

    fn from_bytes(bytes: &[u8], newlines: Newlines, max: usize) -> Self {
        Self::from_chunks(bytes.len(), bytes.utf8_chunks().map(|chunk| (chunk.valid(), chunk.invalid())), newlines, max)
    }

    fn from_chunks<'a>(
        len: usize,
        mut chunks: impl Iterator<Item = (&'a str, &'a [u8])>,
        newlines: Newlines,
        max: usize,
    ) -> Self {
        let max = max.max(SMALLEST_CAP);
        let Some((first, invalid)) = chunks.next() else { return Self::default() };
        if first.len() == len && len <= max && first.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
            return Self(first.into());
        }
        let mut shown = Shown { text: String::with_capacity(len.min(max) + 16), read: 0, newlines, max };
        shown.push_chunk(first, invalid);
        for (valid, invalid) in chunks {
            if shown.is_full() {
                break;
            }
            shown.push_chunk(valid, invalid);
        }
        Self(bounded(&shown.text, len.saturating_sub(shown.read), max).into())
    }
}

/// The first pass: character by character, what must not be obeyed is written out.
struct Shown {
    text: String,
    read: usize,
    newlines: Newlines,
    max: usize,
}

impl Shown {
    /// Whether the cap is passed, or so much was read for so little that reading on would be work without an end.
    fn is_full(&self) -> bool {
        self.text.len() > self.max || self.read > self.max.saturating_mul(4)
    }

    fn push_chunk(&mut self, valid: &str, invalid: &[u8]) {
        let mut characters = valid.chars().peekable();
        while let Some(character) = characters.next() {
            if self.is_full() {
                return;
            }
            self.read += character.len_utf8();
            let before_newline = character == '\r' && characters.peek() == Some(&'\n');
            if !before_newline {
                self.push(character);
            }
        }
        for byte in invalid {
            self.push_byte(*byte);
            self.read += 1;
        }
    }

    fn push(&mut self, character: char) {
        match character {
            ' '..='~' => self.text.push(character),
            '\n' if self.newlines == Newlines::Kept => self.text.push('\n'),
            '\n' => self.text.push('⏎'),
            '\t' => self.text.push(' '),
            '\u{1b}' => self.text.push('␛'),
            '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' => self.push_byte(u8::try_from(character).unwrap_or(0)),
            _ if is_presentation(character) => {}
            _ if is_space(character) => self.text.push(' '),
            _ if is_unseen(character) => push_code_point(&mut self.text, character),
            _ => self.text.push(character),
        }
    }

    fn push_byte(&mut self, byte: u8) {
        const HEX: &[u8; 16] = b"0123456789abcdef";
        self.text.push_str("\\x");
        for nibble in [byte >> 4, byte & 0xf] {
            self.text.push(HEX.get(usize::from(nibble)).copied().map_or('?', char::from));
        }
    }
}

/// The second pass: NFC, a cap on marks and on the length. `unread` counts the bytes the first pass left.
fn bounded(shown: &str, unread: usize, max: usize) -> String {
    let composed: Cow<'_, str> = if is_nfc(shown) { shown.into() } else { shown.nfc().collect::<String>().into() };
    let mut text = String::with_capacity(composed.len().min(max));
    // where the text ends, and what it left out, should it have to be cut
    let (mut cut_at, mut cut_off) = (0, composed.len());
    let (mut marks, mut read) = (0, 0);
    let mut too_long = unread > 0;
    for character in composed.chars() {
        let is_widthless = character.width() == Some(0);
        let is_mark = (is_widthless || is_combining_mark(character)) && attaches(character);
        marks = if is_mark { marks + 1 } else { 0 };
        if is_mark && marks == 1 && (text.is_empty() || text.ends_with('\n')) {
            // without a letter of its own it would sit on whatever the screen holds to the left
            text.push('◌');
        }
        if is_widthless && !is_mark {
            // a vowel or final that NFC found no syllable for, or a code point yet to be assigned
            push_code_point(&mut text, character);
        } else if marks <= SafeText::MARKS_MAX {
            text.push(character);
        }
        read += character.len_utf8();
        if text.len() > max {
            too_long = true;
            break;
        }
        if text.len() <= max - NOTE_ROOM {
            (cut_at, cut_off) = (text.len(), composed.len() - read);
        }
    }
    if too_long {
        text.truncate(cut_at);
        text.push_str(&format!("…(+{} bytes)", unread + cut_off));
    }
    text
}

fn push_code_point(text: &mut String, character: char) {
    text.push_str(&format!("⟨U+{:04X}⟩", u32::from(character)));
}

/// Selectors that choose how the character before them is drawn: terminals disagree about their width.
const fn is_presentation(character: char) -> bool {
    matches!(
        character,
        '\u{180b}'..='\u{180d}' | '\u{180f}' | '\u{fe00}'..='\u{fe0f}' | '\u{1f3fb}'..='\u{1f3ff}' | '\u{e0100}'..='\u{e01ef}'
    )
}

/// Unicode category Zs, which ASCII's space stands for.
const fn is_space(character: char) -> bool {
    matches!(character, '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}')
}

/// Categories Cf, Zl and Zp, default-ignorable characters, non-characters (Unicode 16), and the letters that pair up
/// to flags, whose width differs from terminal to terminal.
const fn is_unseen(character: char) -> bool {
    matches!(character,
        '\u{ad}' | '\u{34f}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}' | '\u{890}'..='\u{891}' | '\u{8e2}'
        | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fdd0}'..='\u{fdef}' | '\u{feff}'
        | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{110bd}' | '\u{110cd}' | '\u{13430}'..='\u{1343f}'
        | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{1f1e6}'..='\u{1f1ff}' | '\u{e0000}'..='\u{e0fff}'
    ) || (character as u32) & 0xfffe == 0xfffe
}

/// Whether a screen draws the character on the letter before it.
fn attaches(character: char) -> bool {
    let mut letter = [0; 5];
    let (first, rest) = letter.split_at_mut(1);
    first.fill(b'a');
    let length = 1 + character.encode_utf8(rest).len();
    letter
        .get(..length)
        .and_then(|bytes| std::str::from_utf8(bytes).ok())
        .is_some_and(|text| text.graphemes(true).count() == 1)
}

impl Default for SafeText {
    fn default() -> Self {
        Self("".into())
    }
}

/// Width, precision and alignment count cells of the terminal, so that `{:<12.12}` keeps a column straight.
impl fmt::Display for SafeText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = f.precision().map_or(Cow::Borrowed(self.as_str()), |cells| self.truncate_to_width(cells));
        let missing = f.width().unwrap_or(0).saturating_sub(display_width(&text));
        let before = match f.align() {
            Some(fmt::Alignment::Right) => missing,
            Some(fmt::Alignment::Center) => missing / 2,
            Some(fmt::Alignment::Left) | None => 0,
        };
        let fill = f.fill();
        let pad =
            |f: &mut fmt::Formatter<'_>, cells: usize| (0..cells).try_for_each(|_| fmt::Write::write_char(f, fill));
        pad(f, before)?;
        f.write_str(&text)?;
        pad(f, missing - before)
    }
}

impl AsRef<str> for SafeText {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for SafeText {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl From<&str> for SafeText {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl From<String> for SafeText {
    fn from(text: String) -> Self {
        Self::new(&text)
    }
}

impl PartialEq<str> for SafeText {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for SafeText {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use unicode_width::UnicodeWidthStr;

    use super::*;

    fn is_safe(text: &str, newline: bool) -> Result<(), String> {
        for character in text.chars() {
            if (character == '\n' && newline)
                || !(character.is_control() || is_unseen(character) || is_presentation(character))
            {
                continue;
            }
            return Err(format!("{character:?} in {text:?}"));
        }
        for grapheme in text.split('\n').flat_map(|line| line.graphemes(true)) {
            let by_character: usize = grapheme.chars().map(|character| character.width().unwrap_or(0)).sum();
            if grapheme.width() == 0 || grapheme.width() != by_character {
                return Err(format!("{grapheme:?} is {} or {by_character} wide", grapheme.width()));
            }
        }
        Ok(())
    }

    #[test]
    fn what_a_terminal_would_obey_is_shown() {
        for (hostile, shown) in [
            ("plain ASCII ~", "plain ASCII ~"),
            ("\x1b]0;owned\x07", "␛]0;owned\\x07"),
            ("\x1b[2J", "␛[2J"),
            ("a\u{9b}31m", "a\\x9b31m"),
            ("a\x7fb\0", "a\\x7fb\\x00"),
            ("over\rwrite", "over\\x0dwrite"),
            ("tab\there", "tab here"),
            ("one\ntwo\r\nthree\r\n\n", "one⏎two⏎three"),
            ("user\u{202e}gpj.exe", "user⟨U+202E⟩gpj.exe"),
            ("\u{2066}a\u{2069}\u{200f}\u{61c}", "⟨U+2066⟩a⟨U+2069⟩⟨U+200F⟩⟨U+061C⟩"),
            ("zero\u{200b}width\u{feff}", "zero⟨U+200B⟩width⟨U+FEFF⟩"),
            ("tag\u{e0041}", "tag⟨U+E0041⟩"),
            ("line\u{2028}sep", "line⟨U+2028⟩sep"),
            ("warn \u{26a0}\u{fe0f} sign", "warn \u{26a0} sign"),
            ("👍🏽 done", "👍 done"),
            ("no\u{a0}break\u{3000}wide", "no break wide"),
            ("u\u{308}", "ü"),
            ("u\u{fe0f}\u{308}", "ü"),
            ("\u{301}lead", "◌\u{301}lead"),
            ("日本語 müller Ελ", "日本語 müller Ελ"),
            ("", ""),
        ] {
            assert_eq!(SafeText::new(hostile), shown, "{hostile:?}");
        }
        assert_eq!(SafeText::block("a\r\nb\n\tc\x1b\n"), "a\nb\n c␛\n");
    }

    #[test]
    fn bytes_that_are_no_utf8_are_shown() {
        assert_eq!(SafeText::from_bytes_lossy(b"caf\xe9 \xc3\xa9 \xff\xfe\n", 4096), "caf\\xe9 é \\xff\\xfe");
        assert_eq!(SafeText::block_from_bytes_lossy(b"a\n\xe2\x82", 4096), "a\n\\xe2\\x82");
        assert_eq!(SafeText::from_bytes_lossy(b"", 4096), "");
    }

    #[test]
    fn every_character_alone_and_after_a_letter_is_safe() {
        for character in '\0'..=char::MAX {
            let (alone, after) = (SafeText::new(&character.to_string()), SafeText::new(&format!("a{character}")));
            for text in [&alone, &after] {
                is_safe(text.as_str(), false).unwrap_or_else(|fault| panic!("U+{:04X}: {fault}", u32::from(character)));
            }
        }
    }

    #[test]
    fn a_long_text_is_cut_and_says_by_how_much() {
        let long = SafeText::new(&"x".repeat(10_000_000));
        assert!(long.as_str().len() <= SafeText::LINE_MAX);
        let shown = long.as_str().split('…').next().unwrap().len();
        assert!(long.as_str().ends_with(&format!("…(+{} bytes)", 10_000_000 - shown)), "{long}");
        for hostile in ["\x1b", "\u{202e}", "\u{301}", "\u{fe0f}", "日", "\u{1d160}", "\u{1161}"] {
            let text = SafeText::new(&hostile.repeat(1_000_000));
            assert!(text.as_str().len() <= SafeText::LINE_MAX && text.as_str().ends_with(" bytes)"), "{text:?}");
        }
        let bytes = SafeText::from_bytes_lossy(&[0xff; 100_000], 1000);
        assert!(bytes.as_str().len() <= 1000 && bytes.as_str().contains("\\xff…(+"));
    }

    #[test]
    fn stacked_marks_are_capped() {
        let zalgo = SafeText::new(&format!("x{}y", "\u{30d}".repeat(1000)));
        assert_eq!(zalgo, &*format!("x{}y", "\u{30d}".repeat(4)));
    }

    #[test]
    fn padding_counts_cells() {
        assert_eq!(format!("[{:<6}]", SafeText::new("日本")), "[日本  ]");
        assert_eq!(format!("[{:>6}]", SafeText::new("ab")), "[    ab]");
        assert_eq!(format!("[{:·^5}]", SafeText::new("ab")), "[·ab··]");
        assert_eq!(format!("[{:<4.4}]", SafeText::new("日本語")), "[日… ]");
    }

    fn hostile() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            3 => "[ -~]{0,12}",
            3 => any::<char>().prop_map(String::from),
            1 => Just("\x1b[31m".to_owned()),
            2 => prop::sample::select(vec!['\u{301}', '\u{308}', '\u{200d}', '\u{fe0f}', '\u{202e}', '\u{1100}', '\u{1161}',
                '\u{11a8}', '\u{ac00}', '\u{9c7}', '\u{9be}', '\u{94d}', '\u{915}', '\u{937}', '\u{1f1e9}', '\u{1f3fd}',
                '\u{1f469}', '\u{644}', '\u{627}', '\u{17d2}', '\u{323}', '\u{345}', '\n', '\r', '\t', '日', 'e']).prop_map(String::from),
        ];
        prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn nothing_unsafe_comes_through(text in hostile()) {
            prop_assert_eq!(is_safe(SafeText::new(&text).as_str(), false), Ok(()));
            prop_assert_eq!(is_safe(SafeText::block(&text).as_str(), true), Ok(()));
        }

        #[test]
        fn making_safe_twice_changes_nothing(text in hostile(), max in 0_usize..300) {
            let (line, block) = (SafeText::line_within(&text, max), SafeText::block_within(&text, max));
            prop_assert_eq!(&SafeText::line_within(line.as_str(), max), &line);
            prop_assert_eq!(&SafeText::block_within(block.as_str(), max), &block);
            prop_assert!(line.as_str().len() <= max.max(64));
        }

        #[test]
        fn any_bytes_become_safe(bytes in prop::collection::vec(any::<u8>(), 0..400), max in 0_usize..300) {
            let text = SafeText::from_bytes_lossy(&bytes, max);
            prop_assert_eq!(is_safe(text.as_str(), false), Ok(()));
            prop_assert!(text.as_str().len() <= max.max(64));
        }
    }
}
