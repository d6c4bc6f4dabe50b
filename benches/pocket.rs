//! The pocket seat: a phone over a link of 25 kB/s. `cargo bench --bench pocket`
//!
//! Three parts, each with the real program in a pseudo-terminal that a terminal emulator reads:
//! *link*: the console dials a hub of 2,000 hosts and 500 open alerts through a proxy in this process, which lets 25 kB a
//! second through each way and each byte arrive later by a delay; from the program's start to the queue with whole sums,
//! to the answer of an acknowledgement pressed then, and to the whole fleet.
//! *terminal*: what the console writes is read at 25 kB/s; from a key to the last byte of the frame that shows it,
//! without the time that the line needs for that frame's own bytes (the delay adds the same to each and is left out).
//! *bytes*: what the console writes in a terminal of 80x24 on this machine, beside btop at the same size and interval.

#![allow(clippy::unwrap_used, reason = "a bench fails by panicking")]

#[path = "tools/fleet.rs"]
mod fleet;
#[path = "tools/terminal.rs"]
mod terminal;
#[path = "tools/throttle.rs"]
mod throttle;
mod tools;

use std::path::Path;
use std::time::{Duration, Instant};

use fleet::{Size, seed};
use portable_pty::CommandBuilder;
use terminal::Terminal;
use throttle::{SlowLink, Speed};
use tools::{Outcome, Program, machine, quantile, spread, verdict};

const SIZE: Size = Size { hosts: 2_000, alerts: 500 };
const RATE: u32 = 25_000;

fn main() -> Outcome {
    println!("{}", machine());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let _inside = runtime.enter();
    let seeded = tools::folder()?;
    seed(seeded.path(), SIZE);
    for delay in [150, 300] {
        link(&runtime, seeded.path(), Duration::from_millis(delay))?;
    }
    over_terminal(seeded.path())?;
    bytes()
}

fn console(home: &Path, arguments: &[&str]) -> CommandBuilder {
    let mut command = CommandBuilder::new(tools::program());
    command.args(arguments);
    command.env("WATCHFLOOR_HOME", home);
    command
}

fn copy(from: &Path, to: &Path) -> Outcome {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let (entry, target) = (entry.as_ref().map_err(ToString::to_string)?.path(), to.join(entry?.file_name()));
        if entry.is_dir() {
            copy(&entry, &target)?;
        } else {
            std::fs::copy(&entry, &target)?;
        }
    }
    Ok(())
}

/// A home with a hub of the seeded fleet, and a console enrolled with it that dials `through`.
fn enrolled(seeded: &Path) -> Outcome<(tempfile::TempDir, tools::Running)> {
    let home = tools::folder()?;
    let data = home.path().join("hub");
    copy(seeded, &data)?;
    let program = Program::at(home.path());
    let all = ["--listen", "127.0.0.1:0", "--enrol-listen", "127.0.0.1:0", "--advertise", "127.0.0.1"];
    let data = data.display().to_string();
    let hub = program.start(&[&["hub", "--name", "main", "--data", &data], &all[..]].concat())?;
    let token = program.run(&["token", "create", "--role", "operator", "--data", &data])?;
    program.run(&["enrol", &token])?;
    Ok((home, hub))
}

/// Lets the console dial another address.
fn redirect(dir: &Path, from: &str, to: &str) -> Outcome<usize> {
    let mut changed = 0;
    for entry in std::fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() {
            changed += redirect(&path, from, to)?;
        } else if let Ok(text) = std::fs::read_to_string(&path)
            && text.contains(from)
        {
            std::fs::write(&path, text.replace(from, to))?;
            changed += 1;
        }
    }
    Ok(changed)
}

// ---- the parts

fn link(runtime: &tokio::runtime::Runtime, seeded: &Path, delay: Duration) -> Outcome {
    let (mut usable, mut acted, mut whole) = (Vec::new(), Vec::new(), Vec::new());
    let mut volume = (0, 0);
    for _ in 0..3 {
        let (home, hub) = enrolled(seeded)?;
        let address = hub.said("link").ok_or("no link")?.to_owned();
        let slow = runtime.block_on(SlowLink::to(address.clone(), Speed { rate: RATE, delay }));
        if redirect(&home.path().join("console"), &address, &slow.address)? == 0 {
            return Err("the console's address was not found".into());
        }
        let arguments = ["console", "--fleet", "main", "--screen", "alerts"];
        let mut seat = Terminal::start(console(home.path(), &arguments), (45, 20), None)?;
        let alerts = format!("{} NEW", SIZE.alerts);
        let ready = |text: &str| text.contains(&alerts) && text.matches("CRIT").count() >= 6;
        let (at, _) = seat.until("the queue", ready)?;
        usable.push(at - seat.begun);
        volume.0 = slow.bytes_down();
        let pressed = seat.press("a")?;
        let (at, _) = seat.until("the answer", |text| text.contains("1 done"))?;
        acted.push(at - pressed);
        let (at, _) = seat.until("the whole", |text| !text.contains("LOADING"))?;
        whole.push(at - seat.begun);
        volume.1 = slow.bytes_down();
    }
    println!(
        "link of {} kB/s, {} ms each way, {} hosts, {} alerts, 45x20: {} kB for the first look, {} kB in all",
        RATE / 1000,
        delay.as_millis(),
        SIZE.hosts,
        SIZE.alerts,
        volume.0 / 1000,
        volume.1 / 1000
    );
    spread("  start to usable queue", &mut usable);
    spread("  an acknowledgement pressed then, to its answer", &mut acted);
    spread("  start to the whole fleet", &mut whole);
    let most = quantile(&mut usable, 1.0);
    println!("  usable queue <= 3 s (each time): {}", verdict(most <= Duration::from_secs(3)));
    Ok(())
}

fn over_terminal(seeded: &Path) -> Outcome {
    let (home, _hub) = enrolled(seeded)?;
    for size in [(80, 24), (45, 20)] {
        let arguments = ["console", "--fleet", "main", "--screen", "alerts"];
        let mut seat = Terminal::start(console(home.path(), &arguments), size, Some(RATE))?;
        seat.until("the fleet", |text| text.contains("LIVE") && text.contains("CRIT"))?;
        // Nobody plays the agents: their hosts go down meanwhile, and the storm is part of it.
        let cursor = |text: &str| text.lines().find(|line| line.starts_with('>')).unwrap_or_default().to_owned();
        let mut beyond = Vec::new();
        let mut of_frame = 0;
        for turn in 0..80_u64 {
            seat.rest(Duration::from_millis(300 + turn * 37 % 211));
            let before = cursor(&seat.text());
            let pressed = seat.press(if turn % 10 < 7 { "j" } else { "k" })?;
            let (at, bytes) = seat.until("the cursor", |text| cursor(text) != before)?;
            of_frame += bytes;
            let own = Duration::from_secs_f64(bytes as f64 / f64::from(RATE));
            beyond.push(at.saturating_duration_since(pressed).saturating_sub(own));
        }
        let (columns, rows) = size;
        spread(
            &format!("terminal of {} kB/s, {columns}x{rows}: key to screen beyond the pipe", RATE / 1000),
            &mut beyond,
        );
        println!(
            "  {} bytes a frame; p99 <= 50 ms: {}",
            of_frame / 80,
            verdict(quantile(&mut beyond, 0.99).as_millis() <= 50)
        );
        let mut after = Vec::new();
        for _ in 0..5 {
            let hold = Instant::now();
            while hold.elapsed() < Duration::from_secs(3) {
                seat.press("d")?;
                seat.rest(Duration::from_millis(33));
            }
            let pressed = seat.press("?")?;
            let (at, bytes) = seat.until("help", |text| text.contains("keys here"))?;
            let own = Duration::from_secs_f64(bytes as f64 / f64::from(RATE));
            after.push(at.saturating_duration_since(pressed).saturating_sub(own));
            seat.press("qg")?;
            seat.rest(Duration::from_secs(1));
        }
        spread("  the same after three seconds of a held page key", &mut after);
    }
    Ok(())
}

fn bytes() -> Outcome {
    let (size, span) = ((80, 24), Duration::from_secs(20));
    let home = tools::folder()?;
    let mut most = 0.0_f64;
    let mut seat = Terminal::start(console(home.path(), &["console"]), size, None)?;
    seat.until("the floor", |text| text.contains("1/1"))?;
    for (keys, screen) in [("1", "floor"), ("2", "alerts"), ("3", "hosts"), ("\r", "one host")] {
        seat.press(keys)?;
        seat.rest(Duration::from_secs(4));
        let rate = seat.rest(span) as f64 / span.as_secs_f64();
        println!("bytes at 80x24, this machine, {screen}: {rate:.0} B/s");
        most = most.max(rate);
    }
    drop(seat);
    let settings = home.path().join("btop");
    std::fs::create_dir_all(&settings)?;
    std::fs::write(settings.join("btop.conf"), "update_ms = 1000\n")?;
    let mut command = CommandBuilder::new("btop");
    command.arg("--utf-force");
    command.env("XDG_CONFIG_HOME", home.path());
    let Ok(mut seat) = Terminal::start(command, size, None) else {
        println!("btop is not installed: no comparison");
        return Ok(());
    };
    seat.rest(Duration::from_secs(4));
    let rate = seat.rest(span) as f64 / span.as_secs_f64();
    println!("bytes at 80x24, btop every second: {rate:.0} B/s");
    println!("  the dearest screen <= 1/3 of it: {} ({:.2})", verdict(most <= rate / 3.0), most / rate);
    Ok(())
}
