//! A program and its arguments, exactly as they are started.

use crate::fleet::words::SafeText;

/// The most bytes that a program and its arguments take together.
pub const BYTES_MAX: usize = 8 << 10;
/// The most arguments, the program counted.
pub const ARGUMENTS_MAX: usize = 256;

/// A program and its arguments. They are kept exactly, since they are started and not read aloud: whoever shows them
/// uses [`shown`](Self::shown).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Argv(Vec<String>);

/// Why arguments can't be started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ArgvError {
    /// Nothing to start.
    #[error("no program is named; write it after --")]
    Empty,
    /// No operating system can start it.
    #[error("an argument holds a zero byte, which no program can be given")]
    ZeroByte,
    /// Too much to keep for ever.
    #[error("the program and its arguments take more than {BYTES_MAX} bytes; put long text into a file on the host")]
    TooLong,
    /// Too many to keep for ever.
    #[error("there are more than {ARGUMENTS_MAX} arguments; name fewer")]
    TooMany,
}

impl Argv {
    /// Takes the arguments as they are.
    ///
    /// # Errors
    /// They can't be started, or are too long to be kept.
    pub fn new(arguments: Vec<String>) -> Result<Self, ArgvError> {
        if arguments.first().is_none_or(String::is_empty) {
            return Err(ArgvError::Empty);
        }
        if arguments.len() > ARGUMENTS_MAX {
            return Err(ArgvError::TooMany);
        }
        if arguments.iter().map(String::len).sum::<usize>() > BYTES_MAX {
            return Err(ArgvError::TooLong);
        }
        if arguments.iter().any(|argument| argument.contains('\0')) {
            return Err(ArgvError::ZeroByte);
        }
        Ok(Self(arguments))
    }

    /// The program and its arguments, exactly.
    #[must_use]
    pub fn exact(&self) -> &[String] {
        &self.0
    }

    /// The program as it was named.
    #[must_use]
    pub fn program(&self) -> &str {
        self.0.first().map_or("", String::as_str)
    }

    /// One line for people: what a shell needs quoted is quoted, what would move a terminal is shown.
    #[must_use]
    pub fn shown(&self) -> SafeText {
        let words: Vec<String> = self.0.iter().map(|argument| quoted(argument)).collect();
        SafeText::line(&words.join(" "))
    }
}

fn quoted(argument: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./:=,+@%^".contains(c);
    if !argument.is_empty() && argument.chars().all(plain) {
        argument.to_owned()
    } else {
        format!("'{}'", argument.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn argv(arguments: &[&str]) -> Result<Argv, ArgvError> {
        Argv::new(arguments.iter().map(|argument| (*argument).to_owned()).collect())
    }

    #[test]
    fn what_no_system_can_start_is_refused() {
        assert_eq!(argv(&[]), Err(ArgvError::Empty));
        assert_eq!(argv(&["", "a"]), Err(ArgvError::Empty));
        assert_eq!(argv(&["a", "b\0c"]), Err(ArgvError::ZeroByte));
        assert_eq!(argv(&["a"; ARGUMENTS_MAX + 1]), Err(ArgvError::TooMany));
        assert_eq!(argv(&["a", &"b".repeat(BYTES_MAX)]), Err(ArgvError::TooLong));
        assert!(argv(&["a", ""]).is_ok(), "an empty argument is an argument");
    }

    #[test]
    fn it_is_shown_as_a_shell_would_read_it_and_moves_no_terminal() {
        let shown = |arguments: &[&str]| argv(arguments).unwrap().shown().as_str().to_owned();
        assert_eq!(shown(&["df", "-h", "/"]), "df -h /");
        assert_eq!(shown(&["echo", "a b", "", "it's", "$(id)"]), r"echo 'a b' '' 'it'\''s' '$(id)'");
        let hostile = shown(&["echo", "\u{1b}[2J\n\u{202e}x"]);
        assert!(!hostile.contains(['\u{1b}', '\n', '\u{202e}']), "{hostile:?}");
    }
}
