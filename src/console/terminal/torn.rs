//! Escape sequences that a slow line tore apart behind their first byte. The reader takes that byte for the Esc key and
//! the rest for typed characters, among them `A` and `C`, which are verbs; and a torn paste would type whole commands.
//! No hand types `[` a tenth of a second after Esc, so what follows that fast is the rest of a sequence and is dropped.

use std::time::{Duration, Instant};

use crate::console::input::{Input, Key, KeyCode};

/// Faster than a hand, slower than the parts of one packet.
const TOGETHER: Duration = Duration::from_millis(100);
/// The longest sequence a terminal sends for a key.
const SEQUENCE_MAX: usize = 16;
/// What begins a paste, without its Esc.
const PASTE: &str = "[200~";

/// What was read last, as far as it could be the beginning of a torn sequence.
#[derive(Debug, Default)]
pub(super) struct Torn {
    state: State,
}

#[derive(Debug, Default)]
enum State {
    #[default]
    Whole,
    /// An Esc at this moment.
    Escaped(Instant),
    /// The sequence so far, its last part at this moment.
    Sequence(String, Instant),
    /// A paste whose beginning was torn: dropped until the line is quiet.
    Paste(Instant),
}

impl Torn {
    /// Whether an input is what a person did, and no rest of a torn sequence.
    pub(super) fn is_whole(&mut self, input: &Input, now: Instant) -> bool {
        let Input::Key { key, .. } = input else { return true };
        let together = |then: Instant| now.saturating_duration_since(then) < TOGETHER;
        let (state, whole) = match (std::mem::take(&mut self.state), key.typed()) {
            (State::Paste(then), _) if together(then) => (State::Paste(now), false),
            (State::Escaped(then), Some(c @ ('[' | 'O'))) if together(then) => {
                (State::Sequence(c.to_string(), now), false)
            }
            (State::Sequence(mut sequence, then), Some(c)) if together(then) && sequence.len() < SEQUENCE_MAX => {
                sequence.push(c);
                let ends = sequence.starts_with('O') || matches!(c, '@'..='~');
                let next = match (ends, sequence == PASTE) {
                    (true, true) => State::Paste(now),
                    (true, false) => State::Whole,
                    (false, _) => State::Sequence(sequence, now),
                };
                (next, false)
            }
            _ if *key == Key::plain(KeyCode::Esc) => (State::Escaped(now), true),
            _ => (State::Whole, true),
        };
        self.state = state;
        whole
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The keys that are left of those that arrive so many milliseconds after each other.
    fn left(keys: &str, apart: u64) -> String {
        let mut torn = Torn::default();
        let mut now = Instant::now();
        let mut left = String::new();
        for c in keys.chars() {
            now += Duration::from_millis(apart);
            let key = match c {
                '\u{1b}' => Key::plain(KeyCode::Esc),
                '\r' => Key::plain(KeyCode::Enter),
                c => Key::char(c),
            };
            if torn.is_whole(&Input::key(key), now) {
                left.push(c);
            }
        }
        left
    }

    #[test]
    fn the_rest_of_a_torn_key_is_no_verb() {
        assert_eq!(left("\u{1b}[Aj", 2), "\u{1b}j");
        assert_eq!(left("\u{1b}[Cj", 2), "\u{1b}j");
        assert_eq!(left("\u{1b}OAj", 2), "\u{1b}j");
        assert_eq!(left("\u{1b}[1;5Cj", 2), "\u{1b}j");
        assert_eq!(left("\u{1b}[15~j", 2), "\u{1b}j");
    }

    #[test]
    fn a_torn_paste_types_nothing_until_the_line_is_quiet() {
        assert_eq!(left("\u{1b}[200~ackA\rxC\r", 2), "\u{1b}");
        let (mut torn, now) = (Torn::default(), Instant::now());
        torn.is_whole(&Input::key(Key::plain(KeyCode::Esc)), now);
        for c in "[200~C".chars() {
            assert!(!torn.is_whole(&Input::key(Key::char(c)), now));
        }
        assert!(torn.is_whole(&Input::key(Key::char('j')), now + Duration::from_millis(150)));
    }

    #[test]
    fn what_a_hand_types_is_left_alone() {
        assert_eq!(left("\u{1b}[A", 150), "\u{1b}[A");
        assert_eq!(left("\u{1b}jA", 2), "\u{1b}jA");
        assert_eq!(left("[A", 2), "[A");
        assert_eq!(left("\u{1b}\u{1b}q", 2), "\u{1b}\u{1b}q");
    }
}
