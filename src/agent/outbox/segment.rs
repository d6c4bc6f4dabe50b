//! One file of the outbox: frames one behind the other. Its name says the stream and the number it began with.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use bytes::Bytes;

use crate::agent::outbox::frame::{self, Found};

/// A segment and how much of it holds.
#[derive(Debug)]
pub struct Segment {
    /// Where it lies.
    pub path: PathBuf,
    /// The sequence number it began with.
    pub first: u64,
    /// Bytes of it that count.
    pub length: u64,
}

/// What reading a whole segment found.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Scan {
    /// The number behind the newest fact.
    pub next: u64,
    /// Bytes up to the end of the last whole frame.
    pub length: u64,
    /// Byte offsets at which damage begins.
    pub damaged: Vec<u64>,
    /// Whether facts may be lost at the very end: numbers from `next` on may have been used, up to this many.
    pub lost_at_end: u64,
    /// Whether there are bytes behind `length` that are to be cut off.
    pub torn: bool,
}

/// Facts read, and the offset behind the last frame looked at.
#[derive(Debug)]
pub struct Page {
    /// Consecutive facts with their numbers.
    pub facts: Vec<(u64, Bytes)>,
    /// Where the next frame begins.
    pub end: u64,
}

/// The name of the segment of `stream` that begins with `first`.
#[must_use]
pub fn file_name(stream: u64, first: u64) -> String {
    format!("{stream:016x}-{first:016x}.facts")
}

/// The stream and the first number a file name stands for.
#[must_use]
pub fn of_name(path: &Path) -> Option<(u64, u64)> {
    let (stream, first) = path.file_name()?.to_str()?.strip_suffix(".facts")?.split_once('-')?;
    let number = |text: &str| (text.len() == 16).then(|| u64::from_str_radix(text, 16).ok())?;
    Some((number(stream)?, number(first)?))
}

/// Makes the file of a new segment, its name durable.
///
/// # Errors
/// What making or flushing says.
pub fn create(folder: &Path, stream: u64, first: u64) -> io::Result<(Segment, File)> {
    let path = folder.join(file_name(stream, first));
    // a file of this name can only be left of a failed attempt: nothing in it was accepted
    let file = OpenOptions::new().create(true).truncate(true).write(true).open(&path)?;
    file.sync_all()?;
    File::open(folder)?.sync_all()?;
    Ok((Segment { path, first, length: 0 }, file))
}

/// Reads all frames of a segment that began with `first`. Facts numbered `below` or later belong to the segment after
/// it and are left out.
///
/// # Errors
/// What reading the file says.
pub fn scan(path: &Path, stream: u64, first: u64, below: u64) -> io::Result<Scan> {
    let bytes = std::fs::read(path)?;
    let mut scan = Scan { next: first, ..Scan::default() };
    let mut place = 0;
    while place < bytes.len() {
        let rest = bytes.get(place..).unwrap_or_default();
        match frame::read(stream, rest) {
            Found::Fact(head, _) if head.seq >= scan.next && head.seq < below => {
                place += frame::HEAD + head.length;
                scan.next = head.seq + 1;
                scan.length = place as u64;
                continue;
            }
            // a number out of order is left of a failed write
            Found::Fact(..) | Found::Torn | Found::End => {}
            Found::Damaged => {
                scan.damaged.push(place as u64);
                if let Some(further) = frame::resume(stream, rest) {
                    place += further;
                    continue;
                }
                scan.lost_at_end = frame::count_at_most(stream, rest);
            }
        }
        scan.torn = true;
        break;
    }
    Ok(scan)
}

/// Reads facts from `seq` on, in order, until one would pass `max_bytes` (the first always comes) or numbers are
/// missing. `from` is the offset of a frame at or before that of `seq`.
///
/// # Errors
/// What reading the file says.
pub fn read(segment: &Segment, stream: u64, from: u64, seq: u64, max_bytes: usize) -> io::Result<Page> {
    let left = segment.length.saturating_sub(from);
    // usually enough for the page; what is smaller than the segment need not be read whole
    let likely = (2 * max_bytes + frame::HEAD + frame::FACT_MAX) as u64;
    let page = read_part(segment, stream, from, seq, max_bytes, left.min(likely))?;
    if page.facts.is_empty() && likely < left {
        return read_part(segment, stream, from, seq, max_bytes, left);
    }
    Ok(page)
}

fn read_part(segment: &Segment, stream: u64, from: u64, seq: u64, max_bytes: usize, part: u64) -> io::Result<Page> {
    let mut file = File::open(&segment.path)?;
    file.seek(SeekFrom::Start(from))?;
    let mut bytes = Vec::new();
    file.take(part).read_to_end(&mut bytes)?;
    let mut page = Page { facts: Vec::new(), end: from };
    let (mut place, mut taken) = (0, 0);
    while place < bytes.len() {
        let rest = bytes.get(place..).unwrap_or_default();
        match frame::read(stream, rest) {
            Found::Fact(head, body) => {
                if let Some((last, _)) = page.facts.last() {
                    let missing = head.seq != last + 1;
                    if missing || taken + body.len() > max_bytes {
                        break;
                    }
                }
                place += frame::HEAD + head.length;
                page.end = from + place as u64;
                if head.seq >= seq {
                    taken += body.len();
                    page.facts.push((head.seq, Bytes::copy_from_slice(body)));
                }
            }
            Found::Damaged => match frame::resume(stream, rest) {
                Some(further) => place += further,
                None => break,
            },
            Found::Torn | Found::End => break,
        }
    }
    Ok(page)
}
