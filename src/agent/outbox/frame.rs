//! One fact on disk: a head that proves itself, then the fact's bytes.
//!
//! ```text
//! length u32 | sequence number u64 | checksum of the head and the stream u32 | checksum of the body u32 | body
//! ```
//!
//! All numbers little-endian, checksums CRC-32. The head has a checksum of its own so that a damaged length can be told
//! from a write that was cut short, and so that reading goes on behind a damaged fact.

/// Bytes before the body.
pub const HEAD: usize = 20;
/// The longest fact in bytes.
pub const FACT_MAX: usize = 256 << 10;

/// A frame's head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The fact's sequence number.
    pub seq: u64,
    /// Bytes of the body.
    pub length: usize,
    body_checksum: u32,
}

/// What stands at one place of a segment.
#[derive(Debug, PartialEq, Eq)]
pub enum Found<'a> {
    /// A whole fact; the next frame begins behind its body.
    Fact(Head, &'a [u8]),
    /// The bytes end inside a frame: a write that was cut short.
    Torn,
    /// Nothing was ever written here: no bytes, or zeros to the end.
    End,
    /// Bytes that are no whole, true frame.
    Damaged,
}

/// Appends one frame to `buffer`.
pub fn encode(stream: u64, seq: u64, body: &[u8], buffer: &mut Vec<u8>) {
    let length = u32::try_from(body.len()).unwrap_or(u32::MAX).to_le_bytes();
    let seq = seq.to_le_bytes();
    buffer.extend_from_slice(&length);
    buffer.extend_from_slice(&seq);
    buffer.extend_from_slice(&head_checksum(stream, &length, &seq).to_le_bytes());
    buffer.extend_from_slice(&crc32fast::hash(body).to_le_bytes());
    buffer.extend_from_slice(body);
}

/// What stands at the start of `bytes`.
#[must_use]
pub fn read(stream: u64, bytes: &[u8]) -> Found<'_> {
    // a file system can extend a file before it writes what belongs there: zeros are no frame
    if bytes.iter().take(HEAD).all(|byte| *byte == 0) {
        return if bytes.iter().all(|byte| *byte == 0) { Found::End } else { Found::Damaged };
    }
    if bytes.len() < HEAD {
        return Found::Torn;
    }
    let Some(head) = read_head(stream, bytes) else { return Found::Damaged };
    match bytes.get(HEAD..HEAD + head.length) {
        None => Found::Torn,
        Some(body) if crc32fast::hash(body) == head.body_checksum => Found::Fact(head, body),
        Some(_) => Found::Damaged,
    }
}

/// The next place behind the start of `bytes` at which a whole fact stands.
#[must_use]
pub fn resume(stream: u64, bytes: &[u8]) -> Option<usize> {
    let last = bytes.len().checked_sub(HEAD)?;
    (1..=last).find(|place| {
        let rest = bytes.get(*place..).unwrap_or_default();
        // the head's checksum is tried first: it is short, and false nearly everywhere
        read_head(stream, rest).is_some() && matches!(read(stream, rest), Found::Fact(..))
    })
}

/// How many frames `bytes`, which begin with a damaged one and hold no whole one, may have been at most.
#[must_use]
pub fn count_at_most(stream: u64, bytes: &[u8]) -> u64 {
    let (mut place, mut count) = (0, 0);
    while let Some(rest) = bytes.get(place..).filter(|rest| !rest.is_empty()) {
        let Some(head) = read_head(stream, rest) else { return count + (rest.len() / HEAD).max(1) as u64 };
        count += 1;
        place += HEAD + head.length;
    }
    count
}

fn read_head(stream: u64, bytes: &[u8]) -> Option<Head> {
    let field = |from: usize| bytes.get(from..from + 4)?.first_chunk::<4>().copied();
    let length = field(0)?;
    let seq = *bytes.get(4..12)?.first_chunk::<8>()?;
    let checksum = u32::from_le_bytes(field(12)?);
    let body_checksum = u32::from_le_bytes(field(16)?);
    let fits = usize::try_from(u32::from_le_bytes(length)).ok().filter(|length| *length <= FACT_MAX)?;
    (checksum == head_checksum(stream, &length, &seq)).then_some(Head {
        seq: u64::from_le_bytes(seq),
        length: fits,
        body_checksum,
    })
}

fn head_checksum(stream: u64, length: &[u8; 4], seq: &[u8; 8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&stream.to_le_bytes());
    hasher.update(length);
    hasher.update(seq);
    hasher.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_reads_back_and_any_flipped_bit_is_seen() {
        let mut bytes = Vec::new();
        encode(7, 42, b"a fact", &mut bytes);
        assert!(matches!(read(7, &bytes), Found::Fact(Head { seq: 42, length: 6, .. }, b"a fact")));
        assert_eq!(read(8, &bytes), Found::Damaged, "of another stream");
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(read(7, &flipped), Found::Damaged, "bit {bit}");
        }
        for cut in 1..bytes.len() {
            assert_eq!(read(7, &bytes[..cut]), Found::Torn, "cut at {cut}");
        }
    }

    #[test]
    fn reading_goes_on_behind_damage() {
        let mut bytes = Vec::new();
        encode(7, 1, b"one", &mut bytes);
        let second = bytes.len();
        encode(7, 2, b"two", &mut bytes);
        bytes[0] ^= 0x80;
        assert_eq!(resume(7, &bytes), Some(second));
        bytes[second] ^= 0x80;
        assert_eq!(resume(7, &bytes), None);
        assert_eq!(count_at_most(7, &bytes), 2);
        assert_eq!(count_at_most(7, &bytes[second..]), 1);
        assert_eq!(resume(7, b""), None);
        assert_eq!(read(7, &[0; 64]), Found::End);
    }
}
