//! Listens to one output of a program: keeps its beginning and its end, counts the rest, and never lets it stall.

use std::collections::VecDeque;

use tokio::io::{AsyncRead, AsyncReadExt};

use crate::wire::limits::OUTPUT_MAX;

/// What is kept of the beginning, and of the end, in bytes. Between them stands a line that says what is missing.
const HALF: usize = OUTPUT_MAX / 2 - 64;
/// Read at once.
const PIECE: usize = 16 << 10;

/// What is kept of one output. Its memory grows with what is printed, up to 1 MiB.
#[derive(Debug, Default)]
pub struct Ear {
    head: Vec<u8>,
    tail: VecDeque<u8>,
    printed: u64,
}

/// What an ear kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Heard {
    /// Bytes printed.
    pub printed: u64,
    /// Bytes of those that are in `text`.
    pub kept: u64,
    /// What was kept, with a line in its middle where something is missing.
    pub text: Vec<u8>,
}

impl Ear {
    /// Listens until the output ends: everyone who had it open has closed it.
    pub async fn listen(&mut self, output: Option<impl AsyncRead + Unpin>) {
        let Some(mut output) = output else { return };
        let mut piece = vec![0; PIECE];
        loop {
            // a broken pipe says no more than a closed one
            let count = output.read(&mut piece).await.unwrap_or(0);
            if count == 0 {
                return;
            }
            self.hear(piece.get(..count).unwrap_or_default());
        }
    }

    fn hear(&mut self, bytes: &[u8]) {
        self.printed += bytes.len() as u64;
        let (first, rest) = bytes.split_at(bytes.len().min(HALF - self.head.len()));
        self.head.extend_from_slice(first);
        // of a piece longer than the tail only the end can stay
        let rest = rest.get(rest.len().saturating_sub(HALF)..).unwrap_or_default();
        let surplus = (self.tail.len() + rest.len()).saturating_sub(HALF);
        self.tail.drain(..surplus);
        self.tail.extend(rest);
    }

    /// What was kept.
    #[must_use]
    pub fn heard(self) -> Heard {
        let Self { head: mut text, tail, printed } = self;
        let kept = (text.len() + tail.len()) as u64;
        if printed > kept {
            text.extend_from_slice(format!("\n[{} bytes left out]\n", printed - kept).as_bytes());
        }
        text.extend(tail);
        Heard { printed, kept, text }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn heard(bytes: &[u8]) -> Heard {
        let mut ear = Ear::default();
        ear.listen(Some(bytes)).await;
        ear.heard()
    }

    #[tokio::test]
    async fn short_output_is_kept_as_it_is() {
        for length in [0, 1, HALF, HALF + 1, 2 * HALF] {
            let bytes: Vec<u8> = (0..length).map(|n| (n % 251) as u8).collect();
            let heard = heard(&bytes).await;
            assert_eq!((heard.printed, heard.kept), (length as u64, length as u64));
            assert!(heard.text == bytes, "{length}");
        }
    }

    #[tokio::test]
    async fn of_long_output_the_beginning_and_the_end_stay_and_the_gap_is_told() {
        let length = 5_000_000;
        let bytes: Vec<u8> = (0..length).map(|n| (n % 251) as u8).collect();
        let heard = heard(&bytes).await;
        assert_eq!((heard.printed, heard.kept), (length as u64, 2 * HALF as u64));
        assert!(heard.text.len() <= OUTPUT_MAX);
        assert!(heard.text.starts_with(&bytes[..HALF]) && heard.text.ends_with(&bytes[length - HALF..]));
        let middle = &heard.text[HALF..heard.text.len() - HALF];
        assert_eq!(middle, format!("\n[{} bytes left out]\n", length - 2 * HALF).as_bytes());
    }
}
