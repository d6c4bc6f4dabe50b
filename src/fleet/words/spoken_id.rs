//! Alert numbers as people say them over the phone: four characters such as `K7Q2`.
//!
//! A spoken id begins with a letter, so it is never mistaken for a number; it has no vowels, so it spells no word; and
//! it has none of `0 O 1 I L`. Neighbouring numbers look different, because in a storm it is the neighbours that are
//! talked about. The first 439,040 alerts of a fleet have four characters, later ones more.

use crate::fleet::words::AlertId;

const LETTERS: &[u8; 20] = b"BCDFGHJKMNPQRSTVWXYZ";
const ALL: &[u8; 28] = b"BCDFGHJKMNPQRSTVWXYZ23456789";
const SHORTEST: u32 = 4;
/// Characters that hold every 64-bit number.
const LONGEST: u32 = 14;

/// The spoken id of an alert.
#[must_use]
pub fn spoken_id(alert: AlertId) -> String {
    let mut index = u128::from(alert.0);
    let mut length = SHORTEST;
    while index >= count(length) {
        index -= count(length);
        length += 1;
    }
    let mut scrambled = times(index, stride(length), count(length));
    let mut text = Vec::new();
    for _ in 1..length {
        text.push(digit(ALL, scrambled));
        scrambled /= ALL.len() as u128;
    }
    text.push(digit(LETTERS, scrambled));
    text.into_iter().rev().collect()
}

/// The alert of a spoken id, in upper or lower case; `None` where the text is none.
#[must_use]
pub fn parse_spoken_id(text: &str) -> Option<AlertId> {
    let length = u32::try_from(text.len()).ok().filter(|length| (SHORTEST..=LONGEST).contains(length))?;
    let mut scrambled = 0_u128;
    for (place, byte) in text.bytes().enumerate() {
        let alphabet: &[u8] = if place == 0 { LETTERS } else { ALL };
        let value = alphabet.iter().position(|letter| *letter == byte.to_ascii_uppercase())?;
        scrambled = scrambled * ALL.len() as u128 + value as u128;
    }
    let index = times(scrambled, inverse(stride(length), count(length)), count(length));
    let before: u128 = (SHORTEST..length).map(count).sum();
    u64::try_from(before + index).ok().map(AlertId)
}

/// How many ids have this length.
const fn count(length: u32) -> u128 {
    LETTERS.len() as u128 * (ALL.len() as u128).pow(length - 1)
}

/// The step between neighbours: near the golden section of the count, and coprime to it (2, 5 and 7 are its primes).
const fn stride(length: u32) -> u128 {
    let mut stride = count(length) / 1000 * 618 + 1;
    while stride.is_multiple_of(2) || stride.is_multiple_of(5) || stride.is_multiple_of(7) {
        stride += 1;
    }
    stride
}

fn digit(alphabet: &[u8], number: u128) -> char {
    usize::try_from(number % alphabet.len() as u128)
        .ok()
        .and_then(|at| alphabet.get(at))
        .copied()
        .map_or('?', char::from)
}

/// `a · b mod modulus`, also where the product passes 128 bits.
fn times(mut a: u128, mut b: u128, modulus: u128) -> u128 {
    if let Some(product) = a.checked_mul(b) {
        return product % modulus;
    }
    let mut product = 0;
    a %= modulus;
    while b > 0 {
        if b & 1 == 1 {
            product = (product + a) % modulus;
        }
        a = (a << 1) % modulus;
        b >>= 1;
    }
    product
}

/// The inverse of `a` modulo `modulus`, which is coprime to it (extended Euclid).
fn inverse(a: u128, modulus: u128) -> u128 {
    let (mut old, mut new) = ((a, 1_u128), (modulus, 0_u128));
    while new.0 > 0 {
        let quotient = old.0 / new.0;
        let step = (times(quotient, new.1, modulus) + (modulus - old.1 % modulus)) % modulus;
        (old, new) = (new, (old.0 % new.0, (modulus - step) % modulus));
    }
    old.1
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn four_characters_serve_the_first_alerts_each_its_own() {
        let ids: BTreeSet<String> = (0..439_040).map(|number| spoken_id(AlertId(number))).collect();
        assert_eq!(ids.len(), 439_040);
        assert!(ids.iter().all(|id| id.len() == 4 && id.starts_with(|first: char| first.is_ascii_uppercase())));
        assert_eq!(spoken_id(AlertId(439_040)).len(), 5);
    }

    #[test]
    fn neighbours_differ_in_their_first_and_last_character() {
        for number in 0..5000 {
            let (one, two) = (spoken_id(AlertId(number)), spoken_id(AlertId(number + 1)));
            assert!(one.as_bytes()[0] != two.as_bytes()[0] && one.as_bytes()[3] != two.as_bytes()[3], "{one} {two}");
        }
    }

    #[test]
    fn what_is_no_spoken_id_is_none() {
        for text in
            ["", "K7Q", "7KQ2", "1234", "K0Q2", "KAQ2", "K7Q2 ", "K7Q\u{fc}", "ZZZZZZZZZZZZZZZ", "BBBBBBBBBBBBBBBB"]
        {
            assert_eq!(parse_spoken_id(text), None, "{text}");
        }
        let id = spoken_id(AlertId(42)).to_lowercase();
        assert_eq!(parse_spoken_id(&id), Some(AlertId(42)));
    }

    #[test]
    fn an_id_once_said_stays_what_it_was() {
        // ids are in tickets and mails: this table must never change
        let said: Vec<String> =
            [0, 1, 2, 1000, 439_039, 439_040, u64::MAX].into_iter().map(|n| spoken_id(AlertId(n))).collect();
        assert_eq!(said.join(" "), "BBBB RPCQ G2D4 Y726 KX8X BBBBB TH2KZKZSKV8SCF");
    }

    proptest! {
        #[test]
        fn every_number_has_a_spoken_id_and_comes_back(number: u64, bits in 0_u32..64) {
            let alert = AlertId(number >> bits);
            prop_assert_eq!(parse_spoken_id(&spoken_id(alert)), Some(alert));
        }

        #[test]
        fn no_text_breaks_it(text in "\\PC{0,20}") {
            if let Some(alert) = parse_spoken_id(&text) {
                prop_assert_eq!(spoken_id(alert), text.to_uppercase());
            }
        }
    }
}
