//! What is wrong with a file, where, and how to mend it.

use std::fmt;
use std::path::Path;

use crate::fleet::words::SafeText;

/// More problems than this are counted, not kept.
const MOST: usize = 50;

/// One problem of one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file, by its name or path.
    pub file: String,
    /// The line, from 1; 0 where the file as a whole is meant.
    pub line: u32,
    /// The key, as in `client.acme.hours`; empty where no key is meant.
    pub key: String,
    /// What is wrong with it.
    pub what: String,
    /// What to do.
    pub fix: String,
}

impl fmt::Display for Problem {
    /// `checks.toml:12: check.disk.warning: "9o" is no range: write "90" or "10:90"`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = self.file.clone();
        if self.line > 0 {
            text.push_str(&format!(":{}", self.line));
        }
        text.push_str(": ");
        if !self.key.is_empty() {
            text.push_str(&format!("{}: ", self.key));
        }
        text.push_str(&format!("{}: {}", self.what, self.fix));
        f.write_str(SafeText::new(&text).as_str())
    }
}

/// All problems of a set of files, in the order of files and lines; never empty where it is an error.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problems {
    list: Vec<Problem>,
    more: usize,
}

impl Problems {
    /// The problems kept.
    #[must_use]
    pub fn list(&self) -> &[Problem] {
        &self.list
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    pub(super) fn push(&mut self, problem: Problem) {
        if self.list.len() < MOST {
            self.list.push(problem);
        } else {
            self.more += 1;
        }
    }

    pub(super) fn append(&mut self, other: Self) {
        self.more += other.more;
        for problem in other.list {
            self.push(problem);
        }
    }

    pub(super) fn sort(&mut self) {
        self.list.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
        // Two readers of one file find the same where it is no TOML.
        self.list.dedup();
    }

    /// A single problem of a whole file.
    pub(super) fn of_file(path: &Path, what: impl Into<String>, fix: impl Into<String>) -> Self {
        let problem = Problem {
            file: path.display().to_string(),
            line: 0,
            key: String::new(),
            what: what.into(),
            fix: fix.into(),
        };
        Self { list: vec![problem], more: 0 }
    }
}

impl fmt::Display for Problems {
    /// A line a problem.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, problem) in self.list.iter().enumerate() {
            if number > 0 {
                f.write_str("\n")?;
            }
            problem.fmt(f)?;
        }
        if self.more > 0 { write!(f, "\nand {} more: mend these first", self.more) } else { Ok(()) }
    }
}

impl std::error::Error for Problems {}
