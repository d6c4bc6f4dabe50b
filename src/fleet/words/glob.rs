//! Patterns with `*`, as in `web*` or `/srv/*`.

/// Whether the whole text fits the pattern; `*` stands for any number of any characters, `/` included. Letters are
/// told apart by case. The work is at most the product of both lengths.
#[must_use]
pub fn matches(pattern: &str, text: &str) -> bool {
    fits(pattern.as_bytes(), text.as_bytes(), |a, b| a == b)
}

/// As [`matches()`], without regard to the case of ASCII letters: for names of hosts.
#[must_use]
pub fn matches_ignoring_case(pattern: &str, text: &str) -> bool {
    fits(pattern.as_bytes(), text.as_bytes(), |a, b| a.eq_ignore_ascii_case(&b))
}

fn fits(mut pattern: &[u8], mut text: &[u8], same: fn(u8, u8) -> bool) -> bool {
    // Where to go on when what follows the last star does not fit: the star takes one more byte.
    let mut retry: Option<(&[u8], &[u8])> = None;
    loop {
        match (pattern.split_first(), text.split_first()) {
            (Some((b'*', rest)), _) => {
                retry = Some((rest, text));
                pattern = rest;
            }
            (Some((want, rest)), Some((got, left))) if same(*want, *got) => {
                pattern = rest;
                text = left;
            }
            (None, None) => return true,
            _ => {
                let Some((after_star, from)) = retry else { return false };
                let Some((_, left)) = from.split_first() else { return false };
                retry = Some((after_star, left));
                pattern = after_star;
                text = left;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_anything() {
        for (pattern, text) in
            [("*", ""), ("*", "x"), ("web*", "web01"), ("*-db", "a-b-db"), ("a*b*c", "aXbYbZc"), ("", "")]
        {
            assert!(matches(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [("web*", "we"), ("*a", "ab"), ("a", "A"), ("", "x"), ("a*b", "a")] {
            assert!(!matches(pattern, text), "{pattern} {text}");
        }
        assert!(matches_ignoring_case("WEB*", "web01"));
    }
}
