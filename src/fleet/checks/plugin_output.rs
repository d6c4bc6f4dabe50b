//! What a Nagios plugin said by its exit code and its output.

use std::borrow::Cow;
use std::time::Duration;

use crate::fleet::checks::perfdata;
use crate::fleet::checks::result::CheckResult;
use crate::fleet::words::{CheckState, SafeText, duration};

/// The bytes of output that count. Whoever runs a plugin need not keep more than one byte beyond, which tells that
/// there was more.
pub const OUTPUT_MAX: usize = 64 * 1024;

/// How a plugin ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// With an exit code.
    Exited(i32),
    /// Killed by a signal that was not ours.
    Signalled(i32),
    /// Killed because it took longer than this.
    TimedOut(Duration),
}

/// Reads a plugin's result, after the plugin API of Nagios: the exit code is the state, anything but 0 to 3 is unknown;
/// the first line is `text | perfdata`, further lines are long text until one with a `|`, behind which everything is
/// perfdata. Where nothing came on standard output, standard error explains. Hostile output is shown, not obeyed.
#[must_use]
pub fn read(ending: Ending, stdout: &[u8], stderr: &[u8]) -> CheckResult {
    let output = if stdout.iter().all(u8::is_ascii_whitespace) { stderr } else { stdout };
    let parts = Parts::of(output);
    let said = SafeText::from_bytes_lossy(parts.first, SafeText::LINE_MAX / 2);
    let state = match ending {
        Ending::Exited(0) => CheckState::Ok,
        Ending::Exited(1) => CheckState::Warning,
        Ending::Exited(2) => CheckState::Critical,
        _ => CheckState::Unknown,
    };
    let trouble = match ending {
        Ending::Exited(0..=3) if said.is_empty() => Some("the plugin printed nothing".to_owned()),
        Ending::Exited(0..=3) => None,
        Ending::Exited(code @ 126) => Some(format!("exit code {code}: the program cannot be executed")),
        Ending::Exited(code @ 127) => Some(format!("exit code {code}: the program, or one it calls, was not found")),
        Ending::Exited(code) => Some(format!("exit code {code} is no plugin result (0 to 3)")),
        Ending::Signalled(signal) => Some(format!("killed by {}", signal_name(signal))),
        Ending::TimedOut(limit) => Some(format!("no result within {}, killed", duration::exact(limit))),
    };
    let summary = match trouble {
        Some(trouble) if said.is_empty() => SafeText::new(&trouble),
        Some(trouble) => SafeText::new(&format!("{trouble}: {said}")),
        None => said,
    };
    let (perfdata, _) = perfdata::parse(&String::from_utf8_lossy(&parts.perfdata));
    CheckResult { state, summary, long_text: SafeText::block_from_bytes_lossy(&parts.long, OUTPUT_MAX), perfdata }
}

/// The parts of a plugin's output, still as bytes.
#[derive(Default)]
struct Parts<'a> {
    first: &'a [u8],
    long: Vec<u8>,
    perfdata: Vec<u8>,
}

impl<'a> Parts<'a> {
    fn of(output: &'a [u8]) -> Self {
        let kept = output.get(..OUTPUT_MAX).unwrap_or(output);
        let is_cut = kept.len() < output.len();
        let mut parts = Self::default();
        let mut lines = kept.split(|byte| *byte == b'\n').map(|line| line.trim_ascii_end());
        if let Some(first) = lines.by_ref().find(|line| !line.is_empty()) {
            let (text, perfdata) = at_pipe(first);
            parts.first = text.trim_ascii();
            parts.perfdata.extend_from_slice(perfdata.unwrap_or_default());
        }
        let mut is_perfdata = false;
        for line in lines {
            let (text, perfdata) = if is_perfdata { (&[][..], Some(line)) } else { at_pipe(line) };
            if !is_perfdata {
                parts.long.extend_from_slice(text);
                parts.long.push(b'\n');
            }
            if let Some(perfdata) = perfdata {
                is_perfdata = true;
                parts.perfdata.push(b' ');
                parts.perfdata.extend_from_slice(perfdata);
            }
        }
        parts.long.truncate(parts.long.trim_ascii_end().len());
        if is_cut {
            // the last value may have lost its last digits
            let whole = parts.perfdata.iter().rposition(u8::is_ascii_whitespace).unwrap_or(0);
            parts.perfdata.truncate(whole);
            if !parts.long.is_empty() {
                parts.long.push(b'\n');
            }
            parts.long.extend_from_slice(format!("(output cut at {} KiB)", OUTPUT_MAX / 1024).as_bytes());
        }
        parts
    }
}

/// What stands before the first `|`, and what behind it.
fn at_pipe(line: &[u8]) -> (&[u8], Option<&[u8]>) {
    match line.iter().position(|byte| *byte == b'|') {
        Some(at) => (line.get(..at).unwrap_or_default(), line.get(at + 1..)),
        None => (line, None),
    }
}

/// The signal by name, where it is one of those that end plugins.
fn signal_name(signal: i32) -> Cow<'static, str> {
    match signal {
        1 => "SIGHUP".into(),
        2 => "SIGINT".into(),
        3 => "SIGQUIT".into(),
        4 => "SIGILL".into(),
        6 => "SIGABRT".into(),
        8 => "SIGFPE".into(),
        9 => "SIGKILL (out of memory?)".into(),
        11 => "SIGSEGV".into(),
        13 => "SIGPIPE".into(),
        14 => "SIGALRM".into(),
        15 => "SIGTERM".into(),
        other => format!("signal {other}").into(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(code: i32, stdout: &str) -> (String, String, String) {
        let result = read(Ending::Exited(code), stdout.as_bytes(), b"");
        let perfdata = perfdata::print(&result.perfdata, 4096);
        (result.summary.as_str().to_owned(), result.long_text.as_str().to_owned(), perfdata.as_str().to_owned())
    }

    #[test]
    fn text_and_perfdata_are_told_apart() {
        for (stdout, summary, long, perfdata) in [
            ("DISK OK\n", "DISK OK", "", ""),
            ("DISK OK - free | /=10MB;5;2;0;20\n", "DISK OK - free", "", "/=10MB;5;2;0;20"),
            ("DISK OK|a=1", "DISK OK", "", "a=1"),
            ("OK | a=1\nline two\nline three\n", "OK", "line two\nline three", "a=1"),
            (
                "OK | a=1\nline two\nline three | b=2\nc=3\nd=4 e=5\n",
                "OK",
                "line two\nline three",
                "a=1 b=2 c=3 d=4 e=5",
            ),
            ("OK\nlong | b=2\nmore | c=3\n", "OK", "long", "b=2 c=3"),
            ("OK\r\nlong\r\n", "OK", "long", ""),
            ("\n\nOK\n\n\nlast\n\n", "OK", "last", ""),
            ("| a=1", "the plugin printed nothing", "", "a=1"),
            ("\x1b]0;x\x07OK\u{202e}| a\x1b=1\n\x1b[2J", "␛]0;x\\x07OK⟨U+202E⟩", "␛[2J", "a␛=1"),
            ("", "the plugin printed nothing", "", ""),
        ] {
            let (text, long_text, values) = shown(0, stdout);
            assert_eq!(
                (text.as_str(), long_text.trim_start(), values.as_str()),
                (summary, long, perfdata),
                "{stdout:?}"
            );
        }
    }

    #[test]
    fn the_ending_is_the_state_and_what_is_no_plugin_result_is_unknown() {
        for (ending, state, summary) in [
            (Ending::Exited(0), CheckState::Ok, "said"),
            (Ending::Exited(1), CheckState::Warning, "said"),
            (Ending::Exited(2), CheckState::Critical, "said"),
            (Ending::Exited(3), CheckState::Unknown, "said"),
            (Ending::Exited(4), CheckState::Unknown, "exit code 4 is no plugin result (0 to 3): said"),
            (Ending::Exited(-1), CheckState::Unknown, "exit code -1 is no plugin result (0 to 3): said"),
            (
                Ending::Exited(127),
                CheckState::Unknown,
                "exit code 127: the program, or one it calls, was not found: said",
            ),
            (Ending::Signalled(11), CheckState::Unknown, "killed by SIGSEGV: said"),
            (Ending::Signalled(64), CheckState::Unknown, "killed by signal 64: said"),
            (Ending::TimedOut(Duration::from_secs(10)), CheckState::Unknown, "no result within 10s, killed: said"),
        ] {
            let result = read(ending, b"said\n", b"");
            assert_eq!((result.state, result.summary.as_str()), (state, summary));
        }
        assert_eq!(read(Ending::TimedOut(Duration::from_secs(10)), b"", b"").summary, "no result within 10s, killed");
        assert_eq!(read(Ending::Exited(2), b" \n", b"no route to host\n").summary, "no route to host");
    }

    #[test]
    fn a_flood_is_bounded_and_says_so() {
        let line = read(Ending::Exited(0), &vec![b'x'; 10_000_000], b"");
        assert!(line.summary.as_str().len() <= SafeText::LINE_MAX && line.long_text == "(output cut at 64 KiB)");
        let lines = read(Ending::Exited(0), &b"line\n".repeat(1_000_000), b"");
        assert!(lines.long_text.as_str().len() <= OUTPUT_MAX && lines.long_text.as_str().ends_with("bytes)"));
        let values = read(Ending::Exited(0), format!("OK | {}", "v=12345678 ".repeat(100_000)).as_bytes(), b"");
        assert_eq!(values.perfdata.len(), perfdata::VALUES_MAX);
        let mut cut = vec![b' '; OUTPUT_MAX - 15];
        cut.splice(0..4, *b"OK |");
        cut.extend_from_slice(b"a=1 b=123456789012");
        let kept = read(Ending::Exited(0), &cut, b"").perfdata;
        assert_eq!(kept.len(), 1, "{kept:?}");
    }

    proptest! {
        #[test]
        fn no_output_breaks_it(bytes in prop::collection::vec(any::<u8>(), 0..300), text in "[a-z|\\n'=; \\x1b0-9]{0,80}", code: i32) {
            for output in [&bytes[..], text.as_bytes()] {
                let result = read(Ending::Exited(code), output, output);
                prop_assert!(!result.summary.is_empty());
                prop_assert!(!result.summary.as_str().contains(char::is_control));
                prop_assert!(result.state == CheckState::Ok || code != 0);
            }
        }
    }
}
