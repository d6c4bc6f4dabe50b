//! Facts on disk until the hub has them, exactly once across restarts of either side.
//!
//! A folder of append-only segments belongs to one random stream; facts are numbered from 1. A fact counts as accepted
//! when [`Outbox::append`] returns: it is on disk then. Confirmed segments are deleted. When the quota is reached the
//! oldest facts are dropped, and so are facts a later reading finds damaged: the hub is told which numbers are gone.

pub mod frame;
pub mod segment;

use std::fs::{File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use ring::rand::{SecureRandom, SystemRandom};
use thiserror::Error;

use crate::agent::outbox::segment::Segment;
use crate::fleet::words::StreamId;

/// How much disk facts may take unless told otherwise.
pub const QUOTA: u64 = 64 << 20;
const SEGMENT_MAX: u64 = 1 << 20;
/// Disk kept aside, so that a host whose disk is full can still say so.
const RESERVE: usize = 256 << 10;
/// A segment whose facts are all confirmed is replaced when it is longer than this.
const SPENT_MAX: u64 = 64 << 10;

/// What went wrong with the outbox. Nothing of a failed append counts as accepted.
#[derive(Debug, Error)]
pub enum OutboxError {
    /// Another process has it open.
    #[error("the outbox {0} is in use by another agent: stop that one, or give this one its own folder")]
    Locked(PathBuf),
    /// A file could not be made, written, flushed or read.
    #[error("cannot {doing} {path}: {source}; check the disk's space and the folder's owner")]
    Disk {
        /// What was tried.
        doing: &'static str,
        /// On which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The fact is longer than [`frame::FACT_MAX`].
    #[error("a fact of {0} bytes is too long for the outbox: at most {max} are taken", max = frame::FACT_MAX)]
    TooLong(usize),
    /// The system gave no random numbers.
    #[error("the system gives no random numbers, which a new outbox needs for its name")]
    Random,
}

/// A place that opening found damaged. The facts there are lost; those around it are not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// In which file.
    pub path: PathBuf,
    /// At which byte.
    pub offset: u64,
}

/// What [`Outbox::read_from`] found.
#[derive(Debug, PartialEq, Eq)]
pub enum Reading {
    /// Consecutive facts, at least one.
    Facts(Vec<(u64, Bytes)>),
    /// These numbers are no longer held, and never will be.
    Gap {
        /// The first that is gone.
        from: u64,
        /// The last that is gone.
        through: u64,
    },
    /// Nothing is held from there on.
    Empty,
}

/// The outbox of one agent.
#[derive(Debug)]
pub struct Outbox {
    folder: PathBuf,
    stream: u64,
    /// Oldest first; the last one is written to. Never empty.
    segments: Vec<Segment>,
    writer: Option<File>,
    next: u64,
    confirmed: u64,
    quota: u64,
    /// (first number of the segment, number, offset) of the frame that is probably asked for next.
    place: Option<(u64, u64, u64)>,
    buffer: Vec<u8>,
    damage: Vec<Damage>,
    reserved: bool,
    /// Held open for its lock.
    _lock: File,
}

impl Outbox {
    /// Opens the outbox in `folder`, or makes it with a new random stream. What a crash left half-written is not read.
    ///
    /// # Errors
    /// Where the folder can't be used or another process uses it.
    pub fn open(folder: &Path, quota: u64) -> Result<Self, OutboxError> {
        std::fs::create_dir_all(folder).map_err(failed("make", folder))?;
        let lock_path = folder.join("lock");
        let lock = OpenOptions::new().create(true).truncate(false).write(true).open(&lock_path);
        let lock = lock.map_err(failed("open", &lock_path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(std::fs::TryLockError::WouldBlock) => return Err(OutboxError::Locked(folder.to_owned())),
            Err(std::fs::TryLockError::Error(source)) => return Err(failed("lock", &lock_path)(source)),
        }
        let mut outbox = Self {
            folder: folder.to_owned(),
            stream: 0,
            segments: Vec::new(),
            writer: None,
            next: 1,
            confirmed: 0,
            quota,
            place: None,
            buffer: Vec::new(),
            damage: Vec::new(),
            reserved: false,
            _lock: lock,
        };
        outbox.load()?;
        outbox.keep_reserve();
        Ok(outbox)
    }

    /// The random id made with this outbox.
    #[must_use]
    pub const fn stream(&self) -> StreamId {
        StreamId(self.stream)
    }

    /// The number the next fact gets.
    #[must_use]
    pub const fn next(&self) -> u64 {
        self.next
    }

    /// The oldest fact that is held and not confirmed; [`Self::next`] when there is none.
    #[must_use]
    pub fn oldest(&self) -> u64 {
        let held = self.segments.first().map_or(self.next, |segment| segment.first);
        held.max(self.confirmed + 1).min(self.next)
    }

    /// The oldest number that may still be on disk, confirmed or not: a hub restored from a backup can ask for it again.
    #[must_use]
    pub fn held_from(&self) -> u64 {
        self.segments.first().map_or(self.next, |segment| segment.first).min(self.next)
    }

    /// Facts held and not confirmed, by their numbers.
    #[must_use]
    pub fn backlog(&self) -> u64 {
        self.next - self.oldest()
    }

    /// Bytes on disk.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.segments.iter().map(|segment| segment.length).sum()
    }

    /// What opening found damaged.
    #[must_use]
    pub fn damage(&self) -> &[Damage] {
        &self.damage
    }

    /// Writes facts and flushes them once; when this returns they survive a crash. Gives the number of the last.
    ///
    /// # Errors
    /// Where a fact is too long or the disk fails. Then none of these facts is accepted, and they can be given again.
    pub fn append<F: AsRef<[u8]>>(&mut self, facts: &[F]) -> Result<u64, OutboxError> {
        if facts.is_empty() {
            return Ok(self.next - 1);
        }
        let mut buffer = std::mem::take(&mut self.buffer);
        buffer.clear();
        for (seq, fact) in (self.next..).zip(facts) {
            let fact = fact.as_ref();
            if fact.len() > frame::FACT_MAX {
                self.buffer = buffer;
                return Err(OutboxError::TooLong(fact.len()));
            }
            frame::encode(self.stream, seq, fact, &mut buffer);
        }
        let written = self.write(&buffer);
        // a long outage should not hold memory for ever
        buffer.shrink_to(SPENT_MAX as usize);
        self.buffer = buffer;
        written?;
        self.next += facts.len() as u64;
        Ok(self.next - 1)
    }

    /// The hub has all facts up to `through`; segments that hold nothing else are deleted. `false` means that the hub
    /// knows facts this outbox never wrote: it was restored from an older copy, and only [`Self::renew`] helps.
    ///
    /// # Errors
    /// Where the disk fails; nothing is lost then, facts are merely held longer.
    pub fn confirm(&mut self, through: u64) -> Result<bool, OutboxError> {
        if through >= self.next {
            return Ok(false);
        }
        self.confirmed = self.confirmed.max(through);
        if self.is_spent(self.confirmed) {
            self.begin_segment()?;
        }
        self.drop_segments(self.freed_by(self.confirmed))?;
        self.keep_reserve();
        Ok(true)
    }

    /// Whether [`Self::confirm`] with this number would delete facts.
    #[must_use]
    pub fn frees(&self, through: u64) -> bool {
        let through = self.confirmed.max(through);
        through < self.next && (self.is_spent(through) || self.freed_by(through) > 0)
    }

    /// All is confirmed, and the segment is long enough to be worth replacing.
    fn is_spent(&self, confirmed: u64) -> bool {
        confirmed + 1 == self.next && self.segments.last().is_some_and(|segment| segment.length > SPENT_MAX)
    }

    /// How many segments hold nothing but confirmed facts.
    fn freed_by(&self, confirmed: u64) -> usize {
        let ends = self.segments.iter().skip(1).map(|following| following.first);
        ends.take_while(|first| *first <= confirmed + 1).count()
    }

    /// Facts from number `seq` on, in order: at least one, and no more than `max_bytes` of them beyond the first.
    ///
    /// # Errors
    /// Where the disk fails.
    pub fn read_from(&mut self, seq: u64, max_bytes: usize) -> Result<Reading, OutboxError> {
        let mut wanted = seq.max(1);
        if wanted >= self.next {
            return Ok(Reading::Empty);
        }
        let asked = wanted;
        for index in 0..self.segments.len() {
            let Some(segment) = self.segments.get(index) else { break };
            let ends = self.segments.get(index + 1).map_or(self.next, |following| following.first);
            if ends <= wanted {
                continue;
            }
            let from = match self.place {
                Some((first, number, offset)) if first == segment.first && number <= wanted => offset,
                _ => 0,
            };
            let page = segment::read(segment, self.stream, from, wanted, max_bytes);
            let page = page.map_err(failed("read", &segment.path))?;
            let Some((first, last)) = page.facts.first().zip(page.facts.last()).map(|(a, b)| (a.0, b.0)) else {
                wanted = ends;
                continue;
            };
            if first > asked {
                return Ok(Reading::Gap { from: asked, through: first - 1 });
            }
            self.place = Some((segment.first, last + 1, page.end));
            return Ok(Reading::Facts(page.facts));
        }
        Ok(Reading::Gap { from: asked, through: self.next - 1 })
    }

    /// Begins a new stream with all facts still held, numbered from 1. The old files go.
    ///
    /// # Errors
    /// Where the disk fails.
    pub fn renew(&mut self) -> Result<(), OutboxError> {
        let mut held = Vec::new();
        let mut seq = self.oldest();
        loop {
            match self.read_from(seq, 1 << 20)? {
                Reading::Facts(facts) => {
                    seq += facts.len() as u64;
                    held.extend(facts.into_iter().map(|(_, fact)| fact));
                }
                Reading::Gap { through, .. } => seq = through + 1,
                Reading::Empty => break,
            }
        }
        // the old stream stands until the new one is whole
        let old = std::mem::take(&mut self.segments);
        let place = (self.stream, self.next, self.confirmed);
        (self.next, self.confirmed, self.place, self.writer) = (1, 0, None, None);
        let moved = self.move_into_new_stream(&held);
        if let Err(error) = moved {
            self.segments = old;
            (self.stream, self.next, self.confirmed) = place;
            self.writer = None;
            return Err(error);
        }
        old.iter().try_for_each(|segment| std::fs::remove_file(&segment.path)).map_err(failed("empty", &self.folder))
    }

    fn move_into_new_stream(&mut self, held: &[Bytes]) -> Result<(), OutboxError> {
        self.stream = random()?;
        self.begin_segment()?;
        for batch in held.chunks(1024) {
            self.append(batch)?;
        }
        self.name_stream()
    }

    /// Writes down which stream counts, so that a renewal that was cut short leaves the old one standing.
    fn name_stream(&self) -> Result<(), OutboxError> {
        let (path, made) = (self.folder.join("stream"), self.folder.join("stream.new"));
        let written = File::create(&made)
            .and_then(|mut file| writeln!(file, "{:016x}", self.stream).and_then(|()| file.sync_all()))
            .and_then(|()| std::fs::rename(&made, &path))
            .and_then(|()| File::open(&self.folder)?.sync_all());
        written.map_err(failed("write", &path))
    }

    fn load(&mut self) -> Result<(), OutboxError> {
        let folder = std::fs::read_dir(&self.folder).map_err(failed("read", &self.folder))?;
        let named = |entry: std::fs::DirEntry| segment::of_name(&entry.path()).map(|name| (name, entry.path()));
        let mut files: Vec<((u64, u64), PathBuf)> = folder.flatten().filter_map(named).collect();
        files.sort();
        let said = std::fs::read_to_string(self.folder.join("stream")).ok();
        let said = said.and_then(|text| u64::from_str_radix(text.trim(), 16).ok());
        // without that file there was no renewal either, so there is one stream or none
        let Some(stream) = said.or_else(|| files.last().map(|((stream, _), _)| *stream)) else {
            self.stream = random()?;
            self.name_stream()?;
            return self.begin_segment();
        };
        self.stream = stream;
        let (files, stale): (Vec<_>, Vec<_>) = files.into_iter().partition(|((of, _), _)| *of == stream);
        for (_, path) in stale {
            std::fs::remove_file(&path).map_err(failed("delete", &path))?;
        }
        let mut torn = false;
        for (index, ((_, first), path)) in files.iter().enumerate() {
            let below = files.get(index + 1).map_or(u64::MAX, |((_, first), _)| *first);
            let scan = segment::scan(path, stream, *first, below).map_err(failed("read", path))?;
            self.damage.extend(scan.damaged.iter().map(|offset| Damage { path: path.clone(), offset: *offset }));
            self.next = scan.next + scan.lost_at_end;
            self.segments.push(Segment { path: path.clone(), first: *first, length: scan.length });
            torn = scan.torn;
        }
        match self.segments.last() {
            // what may have been accepted and lost keeps its numbers: they lie between two segments. The same segment
            // must not go on behind a torn end either, should cutting it fail half-way
            Some(last) if !torn && last.length < SEGMENT_MAX => {
                let file = OpenOptions::new().write(true).open(&last.path).map_err(failed("open", &last.path))?;
                self.writer = Some(file);
                Ok(())
            }
            _ => self.begin_segment(),
        }
    }

    fn write(&mut self, buffer: &[u8]) -> Result<(), OutboxError> {
        let segment_max = SEGMENT_MAX.min(self.quota / 4);
        let full = self
            .segments
            .last()
            .is_none_or(|segment| segment.length > 0 && segment.length + buffer.len() as u64 > segment_max);
        if full || self.writer.is_none() {
            self.begin_segment()?;
        }
        while self.segments.len() > 1 && self.bytes() + buffer.len() as u64 > self.quota {
            self.drop_segments(1)?;
        }
        let (Some(segment), Some(mut file)) = (self.segments.last_mut(), self.writer.take()) else {
            return Err(failed("open", &self.folder)(io::ErrorKind::NotFound.into()));
        };
        let length = segment.length;
        let outcome = file.seek(SeekFrom::Start(length)).and_then(|_| file.write_all(buffer));
        let full =
            |error: &io::Error| matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded);
        let outcome = match outcome {
            Err(error)
                if full(&error) && self.reserved && std::fs::remove_file(self.folder.join("reserve")).is_ok() =>
            {
                self.reserved = false;
                file.seek(SeekFrom::Start(length)).and_then(|_| file.write_all(buffer))
            }
            outcome => outcome,
        };
        if let Err(source) = outcome {
            // nothing was flushed yet, so what was written can be taken back and the file goes on
            if file.set_len(length).is_ok() {
                self.writer = Some(file);
            }
            return Err(failed("write", &segment.path)(source));
        }
        // after a failed flush nobody knows what is on the disk: the file is left, and a new one begun
        file.sync_data().map_err(failed("flush", &segment.path))?;
        segment.length += buffer.len() as u64;
        self.writer = Some(file);
        Ok(())
    }

    /// Sets the reserve aside where it is missing and there is room for it.
    fn keep_reserve(&mut self) {
        let path = self.folder.join("reserve");
        if !self.reserved {
            let there = std::fs::metadata(&path).is_ok_and(|meta| meta.len() == RESERVE as u64);
            self.reserved = there || std::fs::write(&path, vec![0; RESERVE]).is_ok();
            if !self.reserved {
                // a part of a reserve takes room and helps nobody
                let _ = std::fs::remove_file(&path);
            }
        }
    }

    fn begin_segment(&mut self) -> Result<(), OutboxError> {
        let (segment, file) =
            segment::create(&self.folder, self.stream, self.next).map_err(failed("make", &self.folder))?;
        self.segments.retain(|other| other.first != segment.first);
        self.segments.push(segment);
        self.place = None;
        self.writer = Some(file);
        Ok(())
    }

    fn drop_segments(&mut self, count: usize) -> Result<(), OutboxError> {
        for segment in self.segments.drain(..count) {
            match std::fs::remove_file(&segment.path) {
                Err(source) if source.kind() != io::ErrorKind::NotFound => {
                    return Err(failed("delete", &segment.path)(source));
                }
                _ => {}
            }
        }
        Ok(())
    }
}

fn random() -> Result<u64, OutboxError> {
    let mut bytes = [0; 8];
    SystemRandom::new().fill(&mut bytes).map_err(|_| OutboxError::Random)?;
    // 0 means "none" on the wire
    Ok(u64::from_le_bytes(bytes).max(1))
}

fn failed(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> OutboxError {
    let path = path.to_owned();
    move |source| OutboxError::Disk { doing, path, source }
}

#[cfg(test)]
mod tests;
