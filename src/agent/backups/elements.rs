//! Cuts the objects out of a JSON list while it streams by, so that a hundred thousand snapshots, or a hostile gigabyte,
//! take no more memory than one of them.

use crate::agent::child::{Hear, TooMuch};

/// One object in bytes; a longer one is nothing a backup tool prints.
const LONGEST: usize = 256 << 10;
/// Lists and objects in each other.
const DEEPEST: usize = 64;
/// A tool that prints more than this is ended.
const ENDURED: u64 = 1 << 30;

/// Hands each object that stands in a list to `take`.
pub struct Elements<F> {
    take: F,
    /// Open lists and objects: whether it is a list.
    open: Vec<bool>,
    /// The depth at which the object that is being cut out began.
    from: Option<usize>,
    held: Vec<u8>,
    in_text: bool,
    escaped: bool,
    heard: u64,
    began: bool,
    fault: Option<String>,
}

impl<F: FnMut(&[u8]) -> Result<(), String>> Elements<F> {
    /// Nothing heard yet. What `take` can't use it says why.
    pub const fn new(take: F) -> Self {
        Self {
            take,
            open: Vec::new(),
            from: None,
            held: Vec::new(),
            in_text: false,
            escaped: false,
            heard: 0,
            began: false,
            fault: None,
        }
    }

    /// What was wrong with the whole of it; `None` where it was one JSON value.
    pub fn fault(&self) -> Option<String> {
        if self.fault.is_some() {
            return self.fault.clone();
        }
        match (self.began, self.open.is_empty()) {
            (false, _) => Some("it printed no JSON".to_owned()),
            (true, false) => Some("its JSON is cut short".to_owned()),
            (true, true) => None,
        }
    }

    fn byte(&mut self, byte: u8) -> Result<(), String> {
        if self.from.is_some() {
            if self.held.len() >= LONGEST {
                return Err("an object in its JSON is longer than a snapshot can be".to_owned());
            }
            self.held.push(byte);
        }
        if self.in_text {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' => self.escaped = true,
                b'"' => self.in_text = false,
                _ => {}
            }
            return Ok(());
        }
        match byte {
            b'"' if !self.open.is_empty() => self.in_text = true,
            b'[' | b'{' if self.began && self.open.is_empty() => {
                return Err("it printed more than one value".to_owned());
            }
            b'[' | b'{' if self.open.len() >= DEEPEST => return Err("its JSON is nested too deeply".to_owned()),
            b'[' | b'{' => self.opens(byte),
            b']' | b'}' => return self.closes(byte),
            byte if byte.is_ascii_whitespace() || !self.open.is_empty() => {}
            _ => return Err("what it printed is no JSON".to_owned()),
        }
        Ok(())
    }

    fn opens(&mut self, byte: u8) {
        self.began = true;
        if byte == b'{' && self.from.is_none() && self.open.last() == Some(&true) {
            self.from = Some(self.open.len());
            self.held.push(byte);
        }
        self.open.push(byte == b'[');
    }

    fn closes(&mut self, byte: u8) -> Result<(), String> {
        if self.open.pop() != Some(byte == b']') {
            return Err("its JSON closes what it did not open".to_owned());
        }
        if self.from == Some(self.open.len()) {
            self.from = None;
            let taken = (self.take)(&self.held);
            self.held.clear();
            return taken;
        }
        Ok(())
    }
}

impl<F: FnMut(&[u8]) -> Result<(), String>> Hear for Elements<F> {
    fn hear(&mut self, piece: &[u8]) -> Result<(), TooMuch> {
        self.heard += piece.len() as u64;
        if self.heard > ENDURED {
            self.fault = Some("it printed more than 1 GiB".to_owned());
        }
        for byte in piece {
            if self.fault.is_some() {
                break;
            }
            self.fault = self.byte(*byte).err();
        }
        if self.fault.is_some() { Err(TooMuch) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &str, piece: usize) -> (Vec<String>, Option<String>) {
        let mut found = Vec::new();
        let mut elements = Elements::new(|object: &[u8]| {
            found.push(String::from_utf8_lossy(object).into_owned());
            Ok(())
        });
        for part in text.as_bytes().chunks(piece) {
            if elements.hear(part).is_err() {
                break;
            }
        }
        let fault = elements.fault();
        (found, fault)
    }

    #[test]
    fn objects_of_lists_come_one_by_one_however_the_text_is_cut() {
        let text = r#" {"a": [ {"x": "}]\"{"}, {"y": [{"z": {}}]} ], "r": {"id": 1}} "#;
        for piece in 1..20 {
            let (found, fault) = cut(text, piece);
            assert_eq!(found, [r#"{"x": "}]\"{"}"#, r#"{"y": [{"z": {}}]}"#]);
            assert_eq!(fault, None);
        }
        assert_eq!(cut("[]", 1), (vec![], None));
        assert_eq!(cut("[{}, {}]", 3).0.len(), 2);
    }

    #[test]
    fn what_is_no_whole_json_says_so() {
        for (text, words) in [
            ("", "no JSON"),
            ("Fatal: nothing", "no JSON"),
            ("[{\"a\": 1}, {\"b\"", "cut short"),
            ("[{]}", "did not open"),
            ("[] []", "more than one"),
            ("}", "did not open"),
        ] {
            let fault = cut(text, 7).1.unwrap_or_default();
            assert!(fault.contains(words), "{text}: {fault}");
        }
        assert!(cut(&"[".repeat(1_000), 64).1.unwrap().contains("nested"));
        let long = format!("[{{\"a\": \"{}\"}}]", "x".repeat(LONGEST));
        assert!(cut(&long, 4096).1.unwrap().contains("longer"));
    }

    #[test]
    fn a_hundred_thousand_snapshots_take_the_memory_of_one() {
        let mut count = 0_u32;
        let mut elements = Elements::new(|_: &[u8]| {
            count += 1;
            Ok(())
        });
        let one = format!("{{\"paths\": [\"{}\"]}},", "p".repeat(300));
        assert!(elements.hear(b"[").is_ok());
        for _ in 0..100_000 {
            assert!(elements.hear(one.as_bytes()).is_ok());
        }
        assert!(elements.hear(b"{}]").is_ok());
        assert!(elements.held.capacity() < 4096, "{}", elements.held.capacity());
        assert_eq!((elements.fault(), count), (None, 100_001));
    }
}
