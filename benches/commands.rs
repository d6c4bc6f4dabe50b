//! Programs on many hosts: `uptime` on 500 and 1,000 synthetic hosts, the command line started cold, beside clush with its
//! exec worker and pdsh with its exec module; and 1,000 hosts that print 10 kB each.
//! `cargo bench --bench commands`
//!
//! Hub and swarm are processes of the real program on this machine; every synthetic agent has its own certificate and its
//! own mTLS connection over the loopback, writes a command's key to the disk before it starts its program, and starts the
//! program as a real agent does. `watchfloor run` is started as a process of its own each time, over the hub's socket, and
//! timed from its start to its end; its first result is the first line about a host that it prints. clush and pdsh fork
//! the same program locally, without any network: the least that their kind can take. Each is run seven times, in turn;
//! the median counts.

mod tools;

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tools::{Outcome, Program, Running, folder, machine, mib, ms, program, quantile, resident, verdict};

/// Runs of each.
const RUNS: usize = 7;
/// The share of clush's time that may be taken.
const SHARE: f64 = 0.6;
/// The first result comes within this time.
const FIRST: Duration = Duration::from_millis(50);

fn main() -> Outcome {
    println!("{}", machine());
    for hosts in [500, 1_000] {
        measure(hosts)?;
    }
    Ok(())
}

fn measure(hosts: usize) -> Outcome {
    let home = folder()?;
    let program = Program::at(home.path());
    let hub = program.start(&["hub", "--listen", "127.0.0.1:0", "--enrol-listen", "127.0.0.1:0"])?;
    let swarm = program.start(&["swarm", "--agents", &hosts.to_string(), "--interval", "10s"])?;
    let (mut ours, mut first, mut clush, mut pdsh) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let (whole, result) = run(home.path(), &["uptime"], hosts)?;
        ours.push(whole);
        first.push(result);
        let range = format!("node[1-{hosts}]");
        clush.extend(other(&["clush", "--worker=exec", "-n", "-q", "-f", "64", "-b", "-w", &range, "uptime"])?);
        pdsh.extend(other(&["pdsh", "-R", "exec", "-f", "64", "-w", &range, "uptime"])?);
    }
    println!("{hosts} hosts, uptime, {RUNS} times:");
    tools::spread("  watchfloor run", &mut ours);
    tools::spread("  its first result", &mut first);
    let median = |times: &mut [Duration]| quantile(times, 0.5);
    println!("  first result: {} ms <= 50 ms {}", ms(median(&mut first)), verdict(median(&mut first) <= FIRST));
    if clush.is_empty() {
        println!("  clush is not here: apt-get install clustershell");
    } else {
        tools::spread("  clush --worker=exec", &mut clush);
        let share = median(&mut ours).as_secs_f64() / median(&mut clush).as_secs_f64();
        println!("  {share:.2} x clush: <= {SHARE} {}", verdict(share <= SHARE));
    }
    if pdsh.is_empty() {
        println!("  pdsh is not here: apt-get install pdsh");
    } else {
        tools::spread("  pdsh -R exec", &mut pdsh);
        println!("  {:.2} x pdsh", median(&mut ours).as_secs_f64() / median(&mut pdsh).as_secs_f64());
    }
    if hosts == 1_000 {
        output(home.path(), &hub, &swarm, hosts)?;
    }
    Ok(())
}

/// 10 kB of each host, another on each: nothing can be kept once for many.
fn output(home: &std::path::Path, hub: &Running, swarm: &Running, hosts: usize) -> Outcome {
    let before = resident(hub.pid())?.0;
    let script = "echo $WATCHFLOOR_COMMAND; head -c 10000 /dev/zero | tr '\\0' x";
    let (whole, first) = run(home, &["sh", "-c", script], hosts)?;
    let most = resident(hub.pid())?.1;
    println!("{hosts} hosts x 10 kB, all different: {} ms, the first after {} ms", ms(whole), ms(first));
    println!("  hub: {} MiB resident before, {} MiB at most", mib(before), mib(most));
    println!("  (swarm: {} MiB at most)", mib(resident(swarm.pid())?.1));
    Ok(())
}

/// Starts the command line, and gives the times of its end and of the first line about a host.
fn run(home: &std::path::Path, argv: &[&str], hosts: usize) -> Outcome<(Duration, Duration)> {
    let begin = Instant::now();
    let mut child = Command::new(program())
        .args(["run", "--where", "*", "--"])
        .args(argv)
        .env("WATCHFLOOR_HOME", home)
        .stdout(Stdio::piped())
        .spawn()?;
    let mut out = BufReader::new(child.stdout.take().ok_or("no standard output")?);
    let mut line = String::new();
    out.read_line(&mut line)?;
    line.clear();
    out.read_line(&mut line)?;
    let first = begin.elapsed();
    let mut rest = String::new();
    out.read_to_string(&mut rest)?;
    let status = child.wait()?;
    let whole = begin.elapsed();
    let all = format!("{hosts} ok");
    if !status.success() || !rest.trim_end().ends_with(&all) {
        return Err(format!("not {all}: {}", rest.lines().last().unwrap_or_default()).into());
    }
    Ok((whole, first))
}

/// How long another program takes; `None` where it is not installed.
fn other(line: &[&str]) -> Outcome<Option<Duration>> {
    let [name, arguments @ ..] = line else { return Ok(None) };
    let begin = Instant::now();
    match Command::new(name).args(arguments).stdin(Stdio::null()).output() {
        Ok(output) if output.status.success() => Ok(Some(begin.elapsed())),
        Ok(output) => Err(format!("{name}: {}", String::from_utf8_lossy(&output.stderr)).into()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}
