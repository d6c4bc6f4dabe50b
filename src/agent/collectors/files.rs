//! Reading small kernel files into one reused buffer.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// The most that is read of any one file; the rest is not looked at.
const FILE_MAX: usize = 4 << 20;
const FIRST_BUFFER: usize = 16 << 10;

/// Files below one root (`/`, unless a test or a container brings its own), read one at a time.
#[derive(Debug)]
pub struct Files {
    root: PathBuf,
    path: PathBuf,
    buffer: Vec<u8>,
}

impl Files {
    /// Files below `root`.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into(), path: PathBuf::new(), buffer: vec![0; FIRST_BUFFER] }
    }

    /// The root all paths are taken from.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The whole of `relative`, such as `proc/stat`; it stands until the next read.
    ///
    /// # Errors
    /// What opening or reading the file says.
    pub fn read(&mut self, relative: &str) -> io::Result<&[u8]> {
        let mut file = self.open(relative)?;
        let mut length = 0;
        loop {
            if length == self.buffer.len() {
                if length >= FILE_MAX {
                    break;
                }
                self.buffer.resize(length * 2, 0);
            }
            match file.read(self.buffer.get_mut(length..).unwrap_or_default()) {
                Ok(0) => break,
                Ok(count) => length += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(self.buffer.get(..length).unwrap_or_default())
    }

    /// The whole of a file the kernel gives in one piece, such as `proc/PID/stat`: saves the read that finds the end.
    ///
    /// # Errors
    /// What opening or reading the file says.
    pub fn read_once(&mut self, relative: &str) -> io::Result<&[u8]> {
        let mut file = self.open(relative)?;
        let length = file.read(&mut self.buffer)?;
        Ok(self.buffer.get(..length).unwrap_or_default())
    }

    /// [`Self::read`] as text; `None` where the file is missing or no UTF-8.
    pub fn text(&mut self, relative: &str) -> Option<&str> {
        std::str::from_utf8(self.read(relative).ok()?).ok()
    }

    fn open(&mut self, relative: &str) -> io::Result<File> {
        let path = self.path.as_mut_os_string();
        path.clear();
        path.push(&self.root);
        self.path.push(relative);
        File::open(&self.path)
    }
}

/// What a counter gained a second; `None` where it went back (a reset: nothing can be said) or no time passed.
#[must_use]
pub fn rate(before: u64, now: u64, seconds: f64) -> Option<f64> {
    let gained = now.checked_sub(before)?;
    (seconds > 0.0).then(|| gained as f64 / seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_larger_than_the_buffer_come_whole() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("big"), vec![b'x'; FIRST_BUFFER * 3 + 1]).unwrap();
        std::fs::write(folder.path().join("small"), "y").unwrap();
        let mut files = Files::new(folder.path());
        assert_eq!(files.read("big").unwrap().len(), FIRST_BUFFER * 3 + 1);
        assert_eq!(files.read("small").unwrap(), b"y");
        assert_eq!(files.text("small"), Some("y"));
        assert!(files.read("none").is_err());
    }

    #[test]
    fn a_counter_that_went_back_gives_no_rate() {
        assert_eq!(rate(10, 30, 2.0), Some(10.0));
        assert_eq!(rate(30, 10, 2.0), None);
        assert_eq!(rate(10, 30, 0.0), None);
    }
}
