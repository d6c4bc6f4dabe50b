//! The line in which a command is typed: the same words as `watchfloor run` takes, read as a shell reads them, started
//! without one.

use std::time::Duration;

use crate::console::act::Verb;
use crate::fleet::commands::Argv;
use crate::fleet::words::duration;

/// What a line asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The program and its arguments.
    pub argv: Argv,
    /// Whether the host's shell reads the one argument as a line.
    pub shell: bool,
    /// On how many hosts at once; the hub's default when `None`.
    pub window: Option<u32>,
    /// How long it may run; the hub's default when `None`.
    pub timeout: Option<Duration>,
}

impl Line {
    /// Reads `[--timeout D] [--window N] [--shell] [--] PROGRAM ARG…`, with quotes and backslashes as a shell has them.
    /// Nothing is expanded: `$HOME`, `*` and `|` are given to the program as they are.
    ///
    /// # Errors
    /// What is wrong, and what to write instead.
    pub fn parse(text: &str) -> Result<Self, String> {
        let words = shell_words::split(text).map_err(|_| "a quote is not closed".to_owned())?;
        let mut words = words.into_iter().peekable();
        let (mut shell, mut window, mut timeout) = (false, None, None);
        while let Some(option) = words.next_if(|word| word.starts_with("--")) {
            if option == "--" {
                break;
            }
            let (name, given) = match option.split_once('=') {
                Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
                None => (option, None),
            };
            let mut value = |example: &str| {
                given.clone().or_else(|| words.next()).ok_or(format!("write a value: {name} {example}"))
            };
            match name.as_str() {
                "--shell" if given.is_none() => shell = true,
                "--timeout" => {
                    let span = duration::parse(&value("30s")?).map_err(|error| error.to_string())?;
                    timeout = Some(span);
                }
                "--window" => {
                    let count = value("16")?.parse().ok().filter(|count| *count > 0);
                    window = Some(count.ok_or("--window takes a number of hosts, such as 16".to_owned())?);
                }
                _ => {
                    let known = "--timeout 30s, --window 16 and --shell";
                    return Err(format!("there is no {name} here; there are {known}, and -- before the program"));
                }
            }
        }
        let argv = Argv::new(words.collect()).map_err(|error| match error {
            crate::fleet::commands::ArgvError::Empty => "write a program and its arguments".to_owned(),
            error => error.to_string(),
        })?;
        if shell && argv.exact().len() != 1 {
            return Err("a shell reads one line: quote it, as in --shell 'df -h | tail -1'".to_owned());
        }
        Ok(Self { argv, shell, window, timeout })
    }

    /// The verb that starts it.
    #[must_use]
    pub fn verb(&self) -> Verb {
        Verb::Run { argv: self.argv.exact().to_vec(), shell: self.shell, window: self.window, timeout: self.timeout }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn argv(text: &str) -> Vec<String> {
        Line::parse(text).unwrap().argv.exact().to_vec()
    }

    #[test]
    fn words_are_read_as_a_shell_reads_them_and_nothing_is_expanded() {
        assert_eq!(argv("df -h /"), ["df", "-h", "/"]);
        assert_eq!(
            argv(r#"echo 'a  b' "c d" e\ f "" $HOME * | sh"#),
            ["echo", "a  b", "c d", "e f", "", "$HOME", "*", "|", "sh"]
        );
        assert!(Line::parse("echo 'a").unwrap_err().contains("quote"));
        assert!(Line::parse("  ").unwrap_err().contains("write a program"));
    }

    #[test]
    fn options_stand_before_the_program_as_on_the_command_line() {
        let line = Line::parse("--timeout 5m --window=4 -- uptime --pretty").unwrap();
        assert_eq!((line.timeout, line.window, line.shell), (Some(Duration::from_secs(300)), Some(4), false));
        assert_eq!(line.argv.exact(), ["uptime", "--pretty"]);
        assert!(Line::parse("--shell 'df -h | tail -1'").unwrap().shell);
        for wrong in
            ["--timeout uptime", "--window 0 uptime", "--sudo uptime", "--timeout", "--shell df -h", "--timeout 5"]
        {
            assert!(Line::parse(wrong).is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn what_is_shown_reads_as_what_is_started(arguments in prop::collection::vec("[ -~é]{0,8}", 1..6)) {
            let Ok(argv) = Argv::new(arguments) else { return Ok(()) };
            prop_assume!(!argv.program().starts_with("--"));
            let shown = argv.shown();
            let line = Line::parse(shown.as_str()).unwrap();
            prop_assert_eq!(line.argv, argv);
        }
    }
}
