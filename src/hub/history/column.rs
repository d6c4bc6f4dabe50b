//! One column of numbers as bytes, without loss: constants, decimals with few places and single-precision values are
//! told apart first, because the short columns of five minutes leave the compressor little to learn from.

use pco::data_types::Number;
use pco::wrapped::{FileCompressor, FileDecompressor};
use pco::{ChunkConfig, DeltaSpec, ModeSpec, PagingSpec};

/// A column is what it says, or this.
#[derive(Debug, PartialEq, Eq)]
pub struct Unreadable;

/// Numbers in one column at most, so that damaged counts allocate nothing large.
pub const LENGTH_MAX: usize = 1 << 16;

/// Every value is the one that follows.
const CONSTANT: u8 = 0;
/// Whole numbers to be divided by a scale, tried in this order: bytes in KiB, counts, and decimals of few places.
const WHOLE: [(u8, f64); 5] = [(7, 1.0 / 1024.0), (1, 1.0), (2, 10.0), (3, 100.0), (4, 1000.0)];
/// Single precision holds every value exactly.
const SINGLE: u8 = 5;
/// Any double.
const DOUBLE: u8 = 6;
/// Beyond this a double does not hold every whole number.
const WHOLE_MAX: f64 = 9_007_199_254_740_992.0;
/// Higher levels gain nothing on columns this short, and cost time.
const LEVEL: usize = 2;

/// Appends a column of finite numbers.
pub fn write(values: &[f64], out: &mut Vec<u8>) {
    let first = values.first().copied().unwrap_or_default();
    if values.iter().all(|value| value.to_bits() == first.to_bits()) {
        out.push(CONSTANT);
        out.extend_from_slice(&first.to_le_bytes());
        return;
    }
    for (kind, scale) in WHOLE {
        if let Some(whole) = scaled(values, scale) {
            out.push(kind);
            return compress(&whole, ModeSpec::Classic, out);
        }
    }
    if values.iter().all(|value| f64::from(*value as f32).to_bits() == value.to_bits()) {
        out.push(SINGLE);
        let single: Vec<f32> = values.iter().map(|value| *value as f32).collect();
        return compress(&single, ModeSpec::Classic, out);
    }
    out.push(DOUBLE);
    compress(values, ModeSpec::Auto, out);
}

/// Reads a column of `length` numbers.
pub fn read(bytes: &[u8], length: usize) -> Result<Vec<f64>, Unreadable> {
    if length > LENGTH_MAX {
        return Err(Unreadable);
    }
    let (kind, rest) = bytes.split_first().ok_or(Unreadable)?;
    match *kind {
        CONSTANT => {
            let value = f64::from_le_bytes(rest.try_into().map_err(|_| Unreadable)?);
            Ok(vec![value; length])
        }
        SINGLE => Ok(decompress::<f32>(rest, length)?.into_iter().map(f64::from).collect()),
        DOUBLE => decompress(rest, length),
        kind => {
            let (_, scale) = WHOLE.into_iter().find(|(known, _)| *known == kind).ok_or(Unreadable)?;
            Ok(decompress::<i64>(rest, length)?.into_iter().map(|whole| whole as f64 / scale).collect())
        }
    }
}

/// Appends times in milliseconds.
pub fn write_times(times: &[i64], out: &mut Vec<u8>) {
    compress(times, ModeSpec::Classic, out);
}

/// Reads times written by [`write_times`].
pub fn read_times(bytes: &[u8], length: usize) -> Result<Vec<i64>, Unreadable> {
    if length > LENGTH_MAX {
        return Err(Unreadable);
    }
    decompress(bytes, length)
}

fn scaled(values: &[f64], scale: f64) -> Option<Vec<i64>> {
    values
        .iter()
        .map(|value| {
            let whole = (value * scale).round();
            let exact = whole.abs() < WHOLE_MAX && (whole / scale).to_bits() == value.to_bits();
            exact.then_some(whole as i64)
        })
        .collect()
}

/// An empty column is no bytes. Compressing fails only on settings that are constant here, and then leaves no bytes,
/// which does not read as a column.
fn compress<T: Number>(numbers: &[T], mode: ModeSpec, out: &mut Vec<u8>) {
    if numbers.is_empty() {
        return;
    }
    let settings = ChunkConfig::default()
        .with_compression_level(LEVEL)
        .with_mode_spec(mode)
        .with_delta_spec(DeltaSpec::TryConsecutive(1))
        .with_paging_spec(PagingSpec::Exact(vec![numbers.len()]));
    let before = out.len();
    let mut write = || {
        let file = FileCompressor::default();
        file.write_header(&mut *out)?;
        let mut chunk = file.chunk_compressor(numbers, &settings)?;
        chunk.write_meta(&mut *out)?;
        chunk.write_page(0, &mut *out).map(drop)
    };
    if write().is_err() {
        out.truncate(before);
    }
}

fn decompress<T: Number + Default + Copy>(bytes: &[u8], length: usize) -> Result<Vec<T>, Unreadable> {
    let mut numbers = vec![T::default(); length];
    if length == 0 {
        return Ok(numbers);
    }
    let read = |numbers: &mut Vec<T>| {
        let (file, rest) = FileDecompressor::new(bytes)?;
        let (mut chunk, rest) = file.chunk_decompressor::<T, _>(rest)?;
        chunk.page_decompressor(rest, length)?.read(numbers)
    };
    match read(&mut numbers) {
        Ok(progress) if progress.n_processed == length && progress.finished => Ok(numbers),
        _ => Err(Unreadable),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn size(values: &[f64]) -> usize {
        let mut out = Vec::new();
        write(values, &mut out);
        assert_eq!(read(&out, values.len()).unwrap(), values);
        out.len()
    }

    #[test]
    fn usual_columns_become_small() {
        assert_eq!(size(&[42.5; 30]), 9);
        let load: Vec<f64> = (0..30).map(|n| f64::from(100 + n % 4) / 100.0).collect();
        assert!(size(&load) < 40, "{}", size(&load));
        let share: Vec<f64> = (0..30).map(|n| f64::from(0.1_f32 + (n as f32).sin() / 50.0)).collect();
        assert!(size(&share) < 120, "{}", size(&share));
        let memory: Vec<f64> = (0..30).map(|n| 4096.0 * f64::from(1_000_000 + n * n % 17)).collect();
        assert!(size(&memory) < 80, "{}", size(&memory));
    }

    proptest! {
        #[test]
        fn every_finite_number_comes_back_bit_for_bit(
            values in proptest::collection::vec(proptest::num::f64::NORMAL | proptest::num::f64::SUBNORMAL | proptest::num::f64::ZERO, 0..200)
        ) {
            let mut out = Vec::new();
            write(&values, &mut out);
            let back = read(&out, values.len()).unwrap();
            prop_assert!(back.iter().map(|v| v.to_bits()).eq(values.iter().map(|v| v.to_bits())));
        }

        #[test]
        fn decimals_come_back_bit_for_bit(values in proptest::collection::vec(-1_000_000..1_000_000_i64, 1..100), places in 0..5_i32) {
            let values: Vec<f64> = values.into_iter().map(|v| v as f64 / 10_f64.powi(places)).collect();
            let mut out = Vec::new();
            write(&values, &mut out);
            prop_assert_eq!(read(&out, values.len()).unwrap(), values);
        }

        #[test]
        fn times_come_back(times in proptest::collection::vec(any::<i64>(), 0..100)) {
            let mut out = Vec::new();
            write_times(&times, &mut out);
            prop_assert_eq!(read_times(&out, times.len()).unwrap(), times);
        }

    }
}
