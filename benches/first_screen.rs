//! From start to the first whole screen of the local fleet, and to real values on it. `cargo bench --bench first_screen`
//!
//! The real program runs in a pseudo-terminal of 80x24; a terminal emulator takes its bytes as they come. The first
//! screen is whole when its first frame has ended with a title and a line of keys on it. Real values stand on the Floor
//! when this machine's client has a row with its server up, and on Hosts when memory and processor are percentages.
//! Fresh: an empty home, so keys, journal and history are made first. Warm: the same home again.

mod tools;

use std::io::{Read, Write};
use std::num::NonZero;
use std::path::Path;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use portable_pty::{CommandBuilder, PtySize, native_pty_system};
use tools::{Outcome, folder, machine, ms, quantile, spread, verdict};

const RUNS: usize = 15;
const PATIENCE: Duration = Duration::from_secs(30);

fn main() -> Outcome {
    println!("{}", machine());
    println!("for scale, an empty process of this machine:");
    let mut times = Vec::new();
    for _ in 0..RUNS {
        let begin = Instant::now();
        std::process::Command::new("true").status()?;
        times.push(begin.elapsed());
    }
    spread("  `true`, start to end", &mut times);
    for (screen, values) in [("floor", floor_has_values as fn(&str) -> bool), ("hosts", hosts_have_values)] {
        let (mut fresh, mut warm) = (Times::default(), Times::default());
        for _ in 0..RUNS {
            let home = folder()?;
            fresh.add(run(home.path(), screen, values)?);
            warm.add(run(home.path(), screen, values)?);
        }
        fresh.print(screen, "fresh home");
        warm.print(screen, "warm home");
    }
    Ok(())
}

#[derive(Default)]
struct Times {
    whole: Vec<Duration>,
    live: Vec<Duration>,
    values: Vec<Duration>,
}

impl Times {
    fn add(&mut self, [whole, live, values]: [Duration; 3]) {
        self.whole.push(whole);
        self.live.push(live);
        self.values.push(values);
    }

    fn print(&mut self, screen: &str, home: &str) {
        println!("{screen}, {home}:");
        spread("  first whole screen", &mut self.whole);
        spread("  link live", &mut self.live);
        spread("  real values", &mut self.values);
        let (whole, values) = (quantile(&mut self.whole, 0.5), quantile(&mut self.values, 0.5));
        println!("  first whole screen <= 50 ms (median): {} ({})", verdict(whole.as_millis() < 50), ms(whole));
        println!("  real values <= 1 s (median): {} ({})", verdict(values.as_millis() < 1000), ms(values));
    }
}

fn floor_has_values(text: &str) -> bool {
    text.contains("1/1")
}

fn hosts_have_values(text: &str) -> bool {
    text.lines().any(|line| line.contains('%') && line.contains("local"))
}

fn run(home: &Path, screen: &str, has_values: fn(&str) -> bool) -> Outcome<[Duration; 3]> {
    let size = PtySize { rows: 24, cols: 80, pixel_width: 0, pixel_height: 0 };
    let pair = native_pty_system().openpty(size)?;
    let mut command = CommandBuilder::new(tools::program());
    command.args(["console", "--screen", screen]);
    command.env("WATCHFLOOR_HOME", home);
    command.env("TERM", "xterm-256color");
    let mut reader = pair.master.try_clone_reader()?;
    let mut writer = pair.master.take_writer()?;
    let (chunks, arrived) = mpsc::channel();
    std::thread::spawn(move || {
        let mut chunk = [0; 65_536];
        while let Ok(n @ 1..) = reader.read(&mut chunk) {
            let Some(bytes) = chunk.get(..n) else { return };
            if chunks.send((Instant::now(), bytes.to_vec())).is_err() {
                return;
            }
        }
    });
    let begin = Instant::now();
    let mut child = pair.slave.spawn_command(command)?;
    drop(pair.slave);
    let (Some(rows), Some(columns)) = (NonZero::new(24), NonZero::new(80)) else { return Err("no size".into()) };
    let mut emulator = vt100::Parser::new(rows, columns, 0);
    let (mut whole, mut live, mut values) = (None, None, None);
    let mut frame_ended = false;
    while values.is_none() {
        let left = PATIENCE.saturating_sub(begin.elapsed());
        let Ok((at, bytes)) = arrived.recv_timeout(left) else {
            let _ = child.kill();
            return Err(format!("no values within {PATIENCE:?}:\n{}", emulator.screen().contents()).into());
        };
        frame_ended |= bytes.windows(8).any(|bytes| bytes == b"\x1b[?2026l");
        emulator.process(&bytes);
        let text = emulator.screen().contents();
        let title = text.starts_with("FLOOR") || text.starts_with(" FLOOR") || text.trim_start().starts_with("HOSTS");
        let keys = text.lines().nth(23).is_some_and(|line| !line.trim().is_empty());
        let since = at.saturating_duration_since(begin);
        if frame_ended && title && keys {
            whole.get_or_insert(since);
        }
        if text.lines().next().is_some_and(|line| line.contains("LIVE")) {
            live.get_or_insert(since);
        }
        if has_values(&text) {
            values = Some(since);
        }
    }
    writer.write_all(b"q")?;
    // What it still writes must be taken, or it waits for ever.
    while arrived.recv_timeout(PATIENCE).is_ok() {}
    child.wait()?;
    match (whole, live, values) {
        (Some(whole), Some(live), Some(values)) => Ok([whole, live, values]),
        _ => Err(format!("a screen was never whole:\n{}", emulator.screen().contents()).into()),
    }
}
