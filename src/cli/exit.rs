//! How the program ends: its exit codes, and what it says on standard error.

use std::fmt;
use std::process::ExitCode;

use crate::settings::Problems;

/// The exit codes, a contract with scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Exit {
    /// Done.
    Done = 0,
    /// Refused or failed; standard error says what and how to mend it.
    Failed = 1,
    /// Wrong usage.
    Usage = 2,
    /// No hub reached.
    NoHub = 3,
    /// Not permitted.
    NotPermitted = 4,
}

impl Exit {
    /// The code of many ends: 0 only if all succeeded, else the first of 4, 3, 2, 1 that is among them.
    #[must_use]
    pub fn of_many(ends: impl IntoIterator<Item = Self>) -> Self {
        ends.into_iter().max_by_key(|end| *end as u8).unwrap_or(Self::Done)
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why a verb did not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The code to end with.
    pub exit: Exit,
    /// What is wrong and how to mend it, a sentence without a full stop; lines where there are several.
    pub message: String,
}

impl Failure {
    /// Refused or failed.
    pub fn failed(message: impl fmt::Display) -> Self {
        Self { exit: Exit::Failed, message: message.to_string() }
    }

    /// Wrong usage.
    pub fn usage(message: impl fmt::Display) -> Self {
        Self { exit: Exit::Usage, message: message.to_string() }
    }

    /// No hub reached.
    pub fn no_hub(message: impl fmt::Display) -> Self {
        Self { exit: Exit::NoHub, message: message.to_string() }
    }

    /// Not permitted.
    pub fn not_permitted(message: impl fmt::Display) -> Self {
        Self { exit: Exit::NotPermitted, message: message.to_string() }
    }

    /// Several failures as one: their lines, and the code that counts among them.
    ///
    /// # Errors
    /// Unless there is none.
    pub fn of_many(failures: Vec<Self>) -> Result<(), Self> {
        if failures.is_empty() {
            return Ok(());
        }
        let exit = Exit::of_many(failures.iter().map(|failure| failure.exit));
        let lines: Vec<String> = failures.into_iter().map(|failure| failure.message).collect();
        Err(Self { exit, message: lines.join("\n") })
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

impl From<Problems> for Failure {
    fn from(problems: Problems) -> Self {
        Self::failed(problems)
    }
}

impl From<crate::settings::directories::DirectoriesError> for Failure {
    fn from(error: crate::settings::directories::DirectoriesError) -> Self {
        Self::failed(error)
    }
}

impl From<crate::settings::console::FleetError> for Failure {
    fn from(error: crate::settings::console::FleetError) -> Self {
        Self::failed(error)
    }
}

impl From<anyhow::Error> for Failure {
    /// With the whole chain of causes.
    fn from(error: anyhow::Error) -> Self {
        error.downcast::<Self>().unwrap_or_else(|error| Self::failed(format!("{error:#}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_ends_the_gravest_counts() {
        use Exit::{Done, Failed, NoHub, NotPermitted};
        for (ends, all) in [
            (vec![], Done),
            (vec![Done, Done], Done),
            (vec![Done, Failed], Failed),
            (vec![Failed, NoHub, Done], NoHub),
            (vec![NoHub, NotPermitted, Failed], NotPermitted),
        ] {
            assert_eq!(Exit::of_many(ends), all);
        }
    }

    #[test]
    fn a_failure_keeps_its_code_on_the_way_up() {
        let error = anyhow::Error::from(Failure::no_hub("nobody answers"));
        assert_eq!(Failure::from(error), Failure::no_hub("nobody answers"));
        let error = anyhow::anyhow!("inner").context("outer");
        assert_eq!(Failure::from(error), Failure::failed("outer: inner"));
    }
}
