//! The person's own files of the console, and what is said when one is wrong.

use std::io::Read;
use std::ops::Range;
use std::path::Path;

use toml::de::DeTable;

/// A file of the console is wrong: which one, where, what, and how to mend it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct FileError {
    /// The file's path, or the name of one that comes with the program.
    pub file: String,
    /// The line, counted from 1; 0 where the file as a whole is meant.
    pub line: usize,
    /// What is wrong, with the key it is about.
    pub problem: String,
    /// What to do.
    pub fix: String,
}

/// The longest own file that is read, in bytes. Themes and key maps that name everything stay below a tenth of it.
const OWN_FILE_MAX: u64 = 256 * 1024;

impl FileError {
    /// A file that can't be read at all.
    fn unreadable(path: &Path, why: impl std::fmt::Display) -> Self {
        let problem = format!("can't be read: {why}");
        Self { file: path.display().to_string(), line: 0, problem, fix: "make it readable or remove it".to_owned() }
    }
}

impl std::fmt::Display for FileError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // a file that can't be read, or isn't there, has no line to look at
        let line = if self.line > 0 { format!(":{}", self.line) } else { String::new() };
        write!(f, "{}{line}: {}; {}", self.file, self.problem, self.fix)
    }
}

/// Reads a person's own file; `None` where there is none. It reads no more than a bound and waits for nothing: a pipe or
/// a device in its place is refused.
///
/// # Errors
/// The file is there and can't be read.
pub fn read_own(path: &Path) -> Result<Option<String>, FileError> {
    let failed = |error: std::io::Error| FileError::unreadable(path, error);
    match std::fs::metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
        Ok(file) if !file.is_file() => return Err(FileError::unreadable(path, "it is no file")),
        Ok(file) if file.len() > OWN_FILE_MAX => {
            return Err(FileError::unreadable(path, format!("it is longer than {} KiB", OWN_FILE_MAX / 1024)));
        }
        Ok(_) => {}
    }
    let mut text = String::new();
    std::fs::File::open(path).and_then(|file| file.take(OWN_FILE_MAX).read_to_string(&mut text)).map_err(failed)?;
    Ok(Some(text))
}

/// A text with its name, so that errors can say where they are.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// The file's path, or the name of one that comes with the program.
    pub file: &'a str,
    /// Its content.
    pub text: &'a str,
}

impl<'a> Source<'a> {
    /// An error at a span of the text.
    #[must_use]
    pub fn error(&self, span: Range<usize>, problem: impl Into<String>, fix: impl Into<String>) -> FileError {
        FileError { file: self.file.to_owned(), line: self.line(span.start), problem: problem.into(), fix: fix.into() }
    }

    /// Reads the text as TOML, with the place of each key and value.
    ///
    /// # Errors
    /// Where the text is no TOML.
    pub fn parse(&self) -> Result<DeTable<'a>, FileError> {
        DeTable::parse(self.text).map(toml::Spanned::into_inner).map_err(|error| {
            let problem = error.message().lines().next().unwrap_or("not TOML").to_owned();
            self.error(error.span().unwrap_or(0..0), problem, "mend the line, it must be TOML")
        })
    }

    /// The line of a byte, counted from 1.
    #[must_use]
    pub fn line(&self, byte: usize) -> usize {
        self.text.bytes().take(byte).filter(|byte| *byte == b'\n').count() + 1
    }
}

/// The word of `known` that is most like `word`, if one is like it at all; for "did you mean".
#[must_use]
pub fn closest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|candidate| (distance(word, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= candidate.len().max(word.len()) / 3 + 1)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// The number of letters to insert, delete or change (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().take(64).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().take(64).enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (cell, to) in row.iter_mut().skip(1).zip(&b) {
            let changed = diagonal + usize::from(from != *to);
            diagonal = *cell;
            left = changed.min(*cell + 1).min(left + 1);
            *cell = left;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_names_file_line_problem_and_fix() {
        let source = Source { file: "themes/mine.toml", text: "a = 1\nb = \n" };
        let error = source.parse().unwrap_err();
        assert_eq!((error.file.as_str(), error.line), ("themes/mine.toml", 2));
        assert!(error.to_string().starts_with("themes/mine.toml:2: "));
    }

    #[test]
    fn what_is_no_file_or_too_long_is_refused_and_nothing_waits_for_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("keys.toml");
        assert_eq!(read_own(&path), Ok(None));
        std::fs::write(&path, "a = 1").unwrap();
        assert_eq!(read_own(&path), Ok(Some("a = 1".to_owned())));
        let told = |path: &Path| read_own(path).unwrap_err().to_string();
        std::fs::write(&path, "#".repeat(300_000)).unwrap();
        assert!(
            told(&path).ends_with("keys.toml: can't be read: it is longer than 256 KiB; make it readable or remove it")
        );
        std::fs::write(&path, b"\xff\xfe").unwrap();
        assert!(told(&path).contains("UTF-8"), "{}", told(&path));
        let pipe = dir.path().join("pipe.toml");
        nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
        assert!(told(&pipe).contains("it is no file"));
    }

    #[test]
    fn a_slip_of_the_fingers_is_recognized() {
        let known = ["severity.critical", "severity.warning", "state.ok"];
        assert_eq!(closest("severity.critcal", known), Some("severity.critical"));
        assert_eq!(closest("state.okay", known), Some("state.ok"));
        assert_eq!(closest("zzzzzz", known), None);
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
    }
}
