//! A block: all series of one host over a stretch of time, in columns, with a sum over its bytes.
//!
//! `1`, number of groups, then a group each: number of points, number of columns, the times' length and bytes, key and
//! length of each column, the columns' bytes; at the end 8 bytes of SHA-256 over all before. Numbers are LEB128.
//! A group is a set of series measured at the same moments, so that times are stored once and nothing is missing in it.

use ring::digest::{SHA256, digest};

use super::column::{self, Unreadable};

/// The layout of this page; another one gets another number.
const LAYOUT: u8 = 1;
const SUM: usize = 8;
/// Groups in a block, and columns in a group, at most.
const PARTS_MAX: usize = 1 << 12;

/// What a column's numbers are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Measure {
    /// The values as they were measured.
    Value,
    /// The least value of each step.
    Low,
    /// The average of each step.
    Mean,
    /// The greatest value of each step.
    High,
}

const MEASURES: [Measure; 4] = [Measure::Value, Measure::Low, Measure::Mean, Measure::High];

/// Series by its number in the file, and what of it.
pub type Key = (u64, Measure);

/// Columns that share their times, ready to be written.
#[derive(Debug, Default)]
pub struct Group {
    /// Milliseconds since 1970.
    pub times: Vec<i64>,
    /// As many values each as there are times.
    pub columns: Vec<(Key, Vec<f64>)>,
}

/// The bytes of a block.
pub fn write(groups: &[Group]) -> Vec<u8> {
    let mut out = vec![LAYOUT];
    let mut bytes = Vec::new();
    number(groups.len() as u64, &mut out);
    for group in groups {
        number(group.times.len() as u64, &mut out);
        number(group.columns.len() as u64, &mut out);
        bytes.clear();
        column::write_times(&group.times, &mut bytes);
        number(bytes.len() as u64, &mut out);
        out.extend_from_slice(&bytes);
        bytes.clear();
        for ((series, measure), values) in &group.columns {
            let before = bytes.len();
            column::write(values, &mut bytes);
            number(series << 2 | *measure as u64, &mut out);
            number((bytes.len() - before) as u64, &mut out);
        }
        out.extend_from_slice(&bytes);
    }
    let sum = digest(&SHA256, &out);
    out.extend(sum.as_ref().iter().take(SUM));
    out
}

/// Reads the columns that are wanted; the others cost nothing. `take` gets the times and one column at a time.
pub fn read(
    bytes: &[u8],
    wanted: impl Fn(Key) -> bool,
    mut take: impl FnMut(Key, &[i64], &[f64]),
) -> Result<(), Unreadable> {
    let (content, sum) = bytes.split_at_checked(bytes.len().saturating_sub(SUM)).ok_or(Unreadable)?;
    if digest(&SHA256, content).as_ref().get(..SUM) != Some(sum) {
        return Err(Unreadable);
    }
    let mut rest = content;
    if piece(&mut rest, 1)? != [LAYOUT] {
        return Err(Unreadable);
    }
    for _ in 0..count(&mut rest, PARTS_MAX)? {
        let points = count(&mut rest, column::LENGTH_MAX)?;
        let columns = count(&mut rest, PARTS_MAX)?;
        let length = count(&mut rest, usize::MAX)?;
        let times = column::read_times(piece(&mut rest, length)?, points)?;
        let mut directory = Vec::with_capacity(columns);
        for _ in 0..columns {
            let key = take_number(&mut rest)?;
            let measure = *MEASURES.get((key & 3) as usize).ok_or(Unreadable)?;
            directory.push(((key >> 2, measure), count(&mut rest, usize::MAX)?));
        }
        for (key, length) in directory {
            let bytes = piece(&mut rest, length)?;
            if wanted(key) {
                take(key, &times, &column::read(bytes, points)?);
            }
        }
    }
    if rest.is_empty() { Ok(()) } else { Err(Unreadable) }
}

fn number(mut number: u64, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn take_number(rest: &mut &[u8]) -> Result<u64, Unreadable> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let byte = *piece(rest, 1)?.first().ok_or(Unreadable)?;
        number |= u64::from(byte & 0x7F) << shift;
        if byte < 0x80 {
            return Ok(number);
        }
    }
    Err(Unreadable)
}

fn count(rest: &mut &[u8], most: usize) -> Result<usize, Unreadable> {
    usize::try_from(take_number(rest)?).ok().filter(|count| *count <= most).ok_or(Unreadable)
}

fn piece<'bytes>(rest: &mut &'bytes [u8], length: usize) -> Result<&'bytes [u8], Unreadable> {
    let (piece, after) = rest.split_at_checked(length).ok_or(Unreadable)?;
    *rest = after;
    Ok(piece)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sample() -> Vec<Group> {
        let times: Vec<i64> = (0..30).map(|n| 1_700_000_000_000 + n * 10_000 + n % 3).collect();
        let columns =
            (0..60).map(|s| ((s, Measure::Value), times.iter().map(|t| (t % (s as i64 + 7)) as f64).collect()));
        let minute = Group { times: vec![5, 60_005], columns: vec![((900, Measure::Mean), vec![0.5, 1e300])] };
        vec![Group { columns: columns.collect(), times }, minute]
    }

    fn all(bytes: &[u8]) -> Result<Vec<Group>, Unreadable> {
        let mut groups: Vec<Group> = Vec::new();
        read(
            bytes,
            |_| true,
            |key, times, values| match groups.last_mut() {
                Some(group) if group.times == times => group.columns.push((key, values.to_vec())),
                _ => groups.push(Group { times: times.to_vec(), columns: vec![(key, values.to_vec())] }),
            },
        )?;
        Ok(groups)
    }

    #[test]
    fn a_block_comes_back_and_gives_only_what_is_wanted() {
        let bytes = write(&sample());
        let back = all(&bytes).unwrap();
        for (given, read) in sample().iter().zip(&back) {
            assert_eq!((&given.times, &given.columns), (&read.times, &read.columns));
        }
        let mut seen = Vec::new();
        read(&bytes, |key| key.0 == 7, |key, times, values| seen.push((key, times.len(), values.len()))).unwrap();
        assert_eq!(seen, [((7, Measure::Value), 30, 30)]);
        assert!(all(&write(&[])).unwrap().is_empty());
    }

    #[test]
    fn every_flipped_bit_and_every_cut_is_noticed() {
        let bytes = write(&sample());
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1 << (at % 8);
            assert!(all(&damaged).is_err(), "byte {at}");
            assert!(all(&bytes[..at]).is_err(), "cut at {at}");
        }
    }

    proptest! {
        /// Even with a right sum, nonsense is an error and nothing else.
        #[test]
        fn nonsense_with_a_right_sum_never_panics(noise in proptest::collection::vec(any::<u8>(), 0..300), keep in 0_usize..200) {
            let mut content = write(&sample());
            content.truncate(keep.min(content.len()));
            content.extend(noise);
            let sum = digest(&SHA256, &content);
            content.extend(&sum.as_ref()[..SUM]);
            let _ = all(&content);
        }
    }
}
