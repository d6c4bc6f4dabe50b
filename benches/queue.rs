//! The queue under load: acknowledging all of 10,000 alerts by a filter, and the way of a condition to the screen and to
//! the notifier. `cargo bench --bench queue`
//!
//! *acknowledge*: the real hub and console, a terminal of 80x24; 10,000 new alerts; from the key that sends the one
//! request to the end of the frame in which the header counts all of them owned and no row is new. The answer, and so
//! the frame, comes after the hub's commit.
//! *condition*: a hub in this process takes 2,000 facts a second of other hosts (states that go to and fro, a tenth of
//! them alerts); every quarter of a second a host tells of a problem of its own. Timed from the moment at which its check
//! had run to the end of the frame that shows the alert's row in the real console (the agent's part, handing over a fact
//! on an open stream, is done by this process), and to the call of the notifier, a program that a policy names, which
//! notes when it began.

#![allow(clippy::unwrap_used, reason = "a bench fails by panicking")]

#[path = "tools/fleet.rs"]
mod fleet;
#[path = "tools/terminal.rs"]
mod terminal;
mod tools;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use fleet::{Size, seed};
use portable_pty::CommandBuilder;
use terminal::Terminal;
use tools::{Outcome, Program, folder, fsync, machine, ms, quantile, spread, verdict};
use watchfloor::fleet::fact::{Fact, FactBody};
use watchfloor::fleet::rules::input::{Admission, Input};
use watchfloor::fleet::words::{CheckName, CheckState, HostId, SafeText, StreamId, Timestamp};
use watchfloor::hub::serve::{Hub, Options};
use watchfloor::hub::shared::Shared;

const SIZE: Size = Size { hosts: 2_000, alerts: 10_000 };
const RATE: u64 = 2_000;
const PROBES: usize = 100;
const PROBE_EVERY: Duration = Duration::from_millis(250);

fn main() -> Outcome {
    println!("{}", machine());
    let disk = folder()?;
    spread("the disk's fdatasync of 4 KiB", &mut fsync(disk.path())?);
    acknowledge()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(condition())
}

fn console(home: &Path, arguments: &[&str]) -> CommandBuilder {
    let mut command = CommandBuilder::new(tools::program());
    command.args(arguments);
    command.env("WATCHFLOOR_HOME", home);
    command
}

fn acknowledge() -> Outcome {
    let mut times = Vec::new();
    for _ in 0..5 {
        let home = folder()?;
        let data = home.path().join("hub");
        seed(&data, SIZE);
        let program = Program::at(home.path());
        let data = data.display().to_string();
        let _hub = program.start(&[
            "hub",
            "--name",
            "main",
            "--data",
            &data,
            "--listen",
            "127.0.0.1:0",
            "--enrol-listen",
            "127.0.0.1:0",
            "--advertise",
            "127.0.0.1",
        ])?;
        let token = program.run(&["token", "create", "--role", "operator", "--data", &data])?;
        program.run(&["enrol", &token])?;
        let mut seat = Terminal::start(
            console(home.path(), &["console", "--fleet", "main", "--screen", "alerts"]),
            (80, 24),
            None,
        )?;
        let all = format!("{} NEW", SIZE.alerts);
        seat.until("the queue", |text| text.contains(&all) && !text.contains("LOADING"))?;
        seat.rest(Duration::from_millis(700));
        seat.press("*")?;
        seat.rest(Duration::from_millis(700));
        seat.press("a")?;
        let count = SIZE.alerts.to_string();
        seat.until("the question", |text| text.contains(&count) && text.to_lowercase().contains("acknowledge"))?;
        seat.rest(Duration::from_millis(700));
        // What is dangerous is typed out: the count.
        seat.press(&count)?;
        seat.rest(Duration::from_millis(300));
        let pressed = seat.press("\r")?;
        let (at, _) = seat.until("all owned", |text| text.contains(" 0 NEW") && text.matches("owned").count() >= 10)?;
        times.push(at - pressed);
    }
    spread("acknowledge 10,000 alerts by a filter, to the last row repainted", &mut times);
    let most = quantile(&mut times, 1.0);
    println!("  <= 300 ms, durable, one request: {} ({} ms)", verdict(most <= Duration::from_millis(300)), ms(most));
    Ok(())
}

async fn condition() -> Outcome {
    let home = folder()?;
    let data = home.path().join("hub");
    let called = home.path().join("called");
    std::fs::create_dir_all(data.join("config"))?;
    let script = home.path().join("notifier");
    std::fs::write(&script, format!("#!/bin/sh\necho \"$(date +%s%N) $(cat)\" >> {}\n", called.display()))?;
    std::fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
    // A first notice is what is measured, so that none waits to be sent with the one before.
    let policies = format!(
        r#"
gather = "0s"
[channels.pager]
kind = "command"
argv = ["{}"]
[policies.probes]
[[policies.probes.step]]
to = ["channel:pager"]
[[route]]
check = "probe*"
policy = "probes"
"#,
        script.display()
    );
    std::fs::write(data.join("config/policies.toml"), policies)?;
    let hub = Hub::start(Options { data: data.clone(), ..Options::default() }).await?;
    let shared = Arc::clone(hub.shared());
    let agents =
        (0..1 + RATE / 10).map(|host| Admission { key_hash: [1; 32], name: Some(SafeText::new(&format!("h{host}"))) });
    let input = Input::Admit { asker: shared.access.local(), agents: agents.collect() };
    let hosts: Vec<HostId> = shared.core.decide(input).await?.recorded.iter().filter_map(|one| one.host).collect();
    let (probe, others) = hosts.split_first().ok_or("no hosts")?;
    let load = tokio::spawn(load(Arc::clone(&shared), others.to_vec()));
    let command = console(home.path(), &["console", "--screen", "alerts"]);
    let (probe, told) = (*probe, Arc::clone(&shared));
    let sent = tokio::runtime::Handle::current();
    let (mut screen, begun) = tokio::task::spawn_blocking(move || -> Result<_, String> {
        let run = || -> Outcome<(Vec<Duration>, Vec<SystemTime>)> {
            let mut seat = Terminal::start(command, (120, 30), None)?;
            seat.until("the queue", |text| text.contains("LIVE"))?;
            seat.press("/")?;
            seat.rest(Duration::from_millis(500));
            seat.press("check:probe*\r")?;
            seat.rest(Duration::from_secs(2));
            let (mut screen, mut begun) = (Vec::new(), Vec::new());
            for n in 0..PROBES {
                let words = words_of(n);
                let (ran, wall) = (Instant::now(), SystemTime::now());
                sent.block_on(told.core.facts(
                    probe,
                    StreamId(9),
                    1 + n as u64,
                    vec![Ok((fact(&format!("probe-{n}"), CheckState::Critical, &words), Vec::new()))],
                ))?;
                let (at, _) = seat.until(&words, |text| text.contains(&words))?;
                screen.push(at.saturating_duration_since(ran));
                begun.push(wall);
                seat.rest(PROBE_EVERY);
            }
            Ok((screen, begun))
        };
        run().map_err(|error| error.to_string())
    })
    .await??;
    load.abort();
    // The last notices are on their way.
    let deadline = Instant::now() + Duration::from_secs(90);
    let call_about = |calls: &str, n: usize| {
        let line = calls.lines().find(|line| line.contains(&words_of(n)))?;
        let nanos = line.split(' ').next()?.parse().ok()?;
        Some(UNIX_EPOCH + Duration::from_nanos(nanos))
    };
    let mut calls = String::new();
    while call_about(&calls, PROBES - 1).is_none() && Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(100)).await;
        calls = std::fs::read_to_string(&called).unwrap_or_default();
    }
    let begun = begun.iter().enumerate();
    let mut notifier: Vec<Duration> =
        begun.filter_map(|(n, ran)| call_about(&calls, n)?.duration_since(*ran).ok()).collect();
    spread(&format!("condition to row on the screen, at {RATE} facts/s"), &mut screen);
    spread("condition to the notifier's call", &mut notifier);
    let (screen, notifier) = (quantile(&mut screen, 0.99), quantile(&mut notifier, 0.99));
    println!("  to the row p99 <= 250 ms: {} ({} ms)", verdict(screen <= Duration::from_millis(250)), ms(screen));
    println!("  to the notifier p99 <= 1 s: {} ({} ms)", verdict(notifier <= Duration::from_secs(1)), ms(notifier));
    hub.end().await?;
    Ok(())
}

/// The words of a probe's problem.
fn words_of(n: usize) -> String {
    format!("probe number {n:03}")
}

/// Facts of other hosts, evenly over each second: states that go to and fro; every tenth is hard.
async fn load(shared: Arc<Shared>, hosts: Vec<HostId>) {
    let mut ticks = tokio::time::interval(Duration::from_millis(10));
    let mut told = vec![0_u64; hosts.len()];
    let mut turn = 0_usize;
    loop {
        ticks.tick().await;
        for _ in 0..RATE / 100 {
            let place = turn % hosts.len();
            turn += 1;
            let Some((host, told)) = hosts.get(place).zip(told.get_mut(place)) else { continue };
            *told += 1;
            let state = if *told % 2 == 1 { CheckState::Critical } else { CheckState::Ok };
            let hard = place.is_multiple_of(10) || state == CheckState::Ok;
            let mut fact = fact("load", state, "to and fro");
            if let FactBody::Check { hard: confirmed, .. } = &mut fact.body {
                *confirmed = hard;
            }
            let (core, host, first) = (shared.core.clone(), *host, *told);
            tokio::spawn(async move { core.facts(host, StreamId(7), first, vec![Ok((fact, Vec::new()))]).await });
        }
    }
}

fn fact(check: &str, state: CheckState, words: &str) -> Fact {
    let body = FactBody::Check {
        name: CheckName::new(check),
        state,
        hard: true,
        attempt: 3,
        max_attempts: 3,
        summary: SafeText::new(words),
        long_text: SafeText::default(),
        perfdata: SafeText::default(),
        interval_ms: 60_000,
    };
    Fact { at: Timestamp(1), body }
}
