//! Names made to be taken for other names: letters of several scripts in one word, digits for letters.

use unicode_normalization::UnicodeNormalization;

/// The scripts whose letters are drawn alike.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Script {
    Latin,
    Greek,
    Cyrillic,
    Other,
}

/// Whether one word of the text mixes scripts whose letters look alike, as `dс01` with a Cyrillic `с` does. Such a
/// name is flagged where it is shown.
#[must_use]
pub fn is_mixed_script(text: &str) -> bool {
    if text.is_ascii() {
        return false;
    }
    let mut word: Option<Script> = None;
    text.chars().any(|character| match script(character) {
        Some(letter) => word.replace(letter).is_some_and(|before| before != letter),
        None => {
            if !character.is_alphanumeric() {
                word = None;
            }
            false
        }
    })
}

/// A key that names which look alike have in common: `DC01`, `dcO1`, `dсol` (with a Cyrillic `с`) all give `dcoi`. Two
/// different hosts with the same key are worth a flag. Not for show.
#[must_use]
pub fn look_alike_key(text: &str) -> String {
    let mut key = String::with_capacity(text.len());
    for character in text.nfkc().flat_map(char::to_lowercase) {
        match plain(character) {
            // "rn" and "vv" are drawn as "m" and "w"
            'n' if key.ends_with('r') => replace_last(&mut key, 'm'),
            'v' if key.ends_with('v') => replace_last(&mut key, 'w'),
            letter => key.push(letter),
        }
    }
    key
}

fn replace_last(key: &mut String, letter: char) {
    key.pop();
    key.push(letter);
}

/// The script of a letter; `None` for what belongs to no script, such as digits and signs.
fn script(character: char) -> Option<Script> {
    if !character.is_alphabetic() {
        return None;
    }
    Some(match character {
        'A'..='Z' | 'a'..='z' | '\u{aa}'..='\u{24f}' | '\u{1e00}'..='\u{1eff}' => Script::Latin,
        '\u{370}'..='\u{3ff}' | '\u{1f00}'..='\u{1fff}' => Script::Greek,
        '\u{400}'..='\u{52f}' | '\u{1c80}'..='\u{1c8f}' | '\u{2de0}'..='\u{2dff}' | '\u{a640}'..='\u{a69f}' => {
            Script::Cyrillic
        }
        // Armenian, Cherokee, full-width and mathematical letters have twins in Latin; other scripts stand beside
        // Latin in honest names, and have none
        '\u{530}'..='\u{58f}'
        | '\u{13a0}'..='\u{13ff}'
        | '\u{ab70}'..='\u{abbf}'
        | '\u{ff21}'..='\u{ff5a}'
        | '\u{1d400}'..='\u{1d7ff}' => Script::Other,
        _ => return None,
    })
}

/// The Latin letter that a lower-case letter or digit is taken for.
const fn plain(character: char) -> char {
    match character {
        '0' | 'о' | 'ο' | 'օ' | 'σ' => 'o',
        '1' | 'l' | '|' | 'і' | 'ι' | 'ı' | 'ӏ' | 'ї' => 'i',
        '5' | 'ѕ' => 's',
        'а' | 'α' => 'a',
        'е' | 'ё' | 'ε' => 'e',
        'р' | 'ρ' => 'p',
        'с' | 'ϲ' => 'c',
        'у' | 'γ' | 'υ' => 'y',
        'х' | 'χ' => 'x',
        'ј' => 'j',
        'һ' | 'հ' | 'н' => 'h',
        'ԁ' => 'd',
        'ԛ' => 'q',
        'ԝ' | 'ω' => 'w',
        'ѵ' | 'ν' => 'v',
        'к' | 'κ' => 'k',
        'т' | 'τ' => 't',
        'м' => 'm',
        'в' | 'β' => 'b',
        'п' => 'n',
        'ց' => 'g',
        'ս' => 'u',
        '_' => '-',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_that_look_alike_are_told_within_a_word() {
        for honest in ["web-01", "müller", "сервер-01", "Ελλάδα", "web сервер", "acme-сервер", "日本server", "µs"]
        {
            assert!(!is_mixed_script(honest), "{honest}");
        }
        for hostile in ["d\u{441}01", "\u{430}cme", "pr\u{3bf}d", "\u{ff41}cme", "ad\u{43c}in"] {
            assert!(is_mixed_script(hostile), "{hostile}");
        }
    }

    #[test]
    fn look_alikes_share_a_key() {
        for twin in ["DC01", "dcO1", "d\u{441}ol", "dcOI", "\u{ff44}c01"] {
            assert_eq!(look_alike_key(twin), "dcoi", "{twin}");
        }
        assert_eq!(look_alike_key("rnail"), look_alike_key("mail"));
        assert_ne!(look_alike_key("web-01"), look_alike_key("web-02"));
    }
}
