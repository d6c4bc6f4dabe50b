//! The log of hub and agent: standard error, one line an event, made safe for a terminal.

use std::io::{self, Write};

use tracing_subscriber::EnvFilter;

use crate::fleet::words::SafeText;

/// The variable that says what is logged, as `watchfloor=debug`.
const VARIABLE: &str = "WATCHFLOOR_LOG";

/// Starts the log. Called once, by verbs that own their standard error.
pub fn start() {
    let filter = EnvFilter::try_from_env(VARIABLE).unwrap_or_else(|_| EnvFilter::new("warn,watchfloor=info"));
    let _ =
        tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false).with_writer(SafeStderr::default).try_init();
}

/// Standard error behind the sanitiser: what a host calls itself can't move an admin's cursor.
#[derive(Default)]
struct SafeStderr(Vec<u8>);

impl Write for SafeStderr {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for SafeStderr {
    fn drop(&mut self) {
        let text = String::from_utf8_lossy(&self.0);
        let mut stderr = io::stderr().lock();
        for line in text.lines() {
            let _ = writeln!(stderr, "{}", SafeText::new(line).as_str());
        }
    }
}
