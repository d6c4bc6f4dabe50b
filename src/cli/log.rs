//! The log of hub and agent: standard error, one line an event, made safe for a terminal.

use std::io::{self, Write};

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::fleet::words::SafeText;

/// The variable that says what is logged, as `watchfloor=debug`.
const VARIABLE: &str = "WATCHFLOOR_LOG";

/// Starts the log. Called once, by verbs that own their standard error.
pub fn start() {
    let asked = std::env::var(VARIABLE).ok().and_then(|text| text.parse::<Targets>().ok());
    let usual = || Targets::new().with_default(LevelFilter::WARN).with_target("watchfloor", LevelFilter::INFO);
    let lines = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(SafeStderr::default);
    let _ = tracing_subscriber::registry().with(lines).with(asked.unwrap_or_else(usual)).try_init();
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
