//! The known word a mistyped one was probably meant to be.

/// The candidate nearest to `word` (upper and lower case alike): one that it begins, or that is at most two typing
/// slips away and less than half of the word; the first of equals.
#[must_use]
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word: Vec<char> = word.chars().take(64).map(|letter| letter.to_ascii_lowercase()).collect();
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates {
        let letters: Vec<char> = candidate.chars().map(|letter| letter.to_ascii_lowercase()).collect();
        let begins = word.len() >= 2 && letters.starts_with(&word);
        let slips = if begins { 1 } else { slips(&word, &letters) };
        if slips <= 2 && slips * 2 <= word.len() && best.is_none_or(|(least, _)| slips < least) {
            best = Some((slips, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// Letters left out, added, changed or swapped with their neighbour (optimal string alignment).
fn slips(a: &[char], b: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    let mut last_a = None;
    for (i, letter_a) in a.iter().enumerate() {
        let mut next = vec![i + 1];
        let mut last_b = None;
        for (j, letter_b) in b.iter().enumerate() {
            let at = |row: &[usize], j: usize| row.get(j).copied().unwrap_or(usize::MAX / 2);
            let mut least =
                (at(&row, j + 1) + 1).min(at(&next, j) + 1).min(at(&row, j) + usize::from(letter_a != letter_b));
            if j > 0 && last_a == Some(letter_b) && last_b == Some(letter_a) {
                least = least.min(at(&before, j - 1) + 1);
            }
            next.push(least);
            last_b = Some(letter_b);
        }
        (before, row) = (row, next);
        last_a = Some(letter_a);
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_the_word_and_nonsense_none() {
        let words = ["client", "site", "host", "class", "lane", "state", "tag"];
        for (typed, meant) in [
            ("hots", Some("host")),
            ("hst", Some("host")),
            ("Clinet", Some("client")),
            ("stat", Some("state")),
            ("cl", Some("client")),
            ("sites", Some("site")),
            ("xyz", None),
            ("t", None),
            ("", None),
            ("temperature", None),
        ] {
            assert_eq!(nearest(typed, words), meant, "{typed}");
        }
    }
}
