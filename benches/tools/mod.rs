//! What the benches share: times, the machine, processes of the real program.

#![allow(dead_code, reason = "each bench takes what it needs")]

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A bench ends with what went wrong.
pub type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

/// The part of sorted times below which a share of them lies.
pub fn quantile(times: &mut [Duration], share: f64) -> Duration {
    times.sort_unstable();
    times.get(((times.len() as f64 - 1.0) * share).round() as usize).copied().unwrap_or_default()
}

/// One line: least, median, p99 and most of many times.
pub fn spread(what: &str, times: &mut [Duration]) {
    let [min, p50, p99, max] = [0.0, 0.5, 0.99, 1.0].map(|share| ms(quantile(times, share)));
    println!("{what}: min {min}, p50 {p50}, p99 {p99}, max {max} ms ({} times)", times.len());
}

/// Milliseconds with two places.
pub fn ms(time: Duration) -> String {
    format!("{:.2}", time.as_secs_f64() * 1e3)
}

/// Whether a figure is reached, in a word.
pub const fn verdict(reached: bool) -> &'static str {
    if reached { "reached" } else { "MISSED" }
}

/// One line about the machine, as figures mean nothing without it.
pub fn machine() -> String {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let cpuinfo = read("/proc/cpuinfo");
    let model = cpuinfo.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or("unknown processor");
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let kib = read("/proc/meminfo").split_whitespace().nth(1).and_then(|kib| kib.parse::<u64>().ok()).unwrap_or(0);
    let load = read("/proc/loadavg");
    format!(
        "machine: {cores} cores, {}, {} GiB, Linux {}, load {} before",
        model.trim_start_matches(['\t', ' ', ':']),
        kib >> 20,
        read("/proc/sys/kernel/osrelease").trim(),
        load.split(' ').next().unwrap_or("?")
    )
}

/// A place on the disk that the target folder is on; away when dropped.
pub fn folder() -> Outcome<tempfile::TempDir> {
    Ok(tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?)
}

/// The times of `fdatasync` after 4 KiB each.
pub fn fsync(folder: &Path) -> Outcome<Vec<Duration>> {
    let mut file = fs::File::create(folder.join("fsync"))?;
    let mut times = Vec::new();
    for _ in 0..300 {
        file.write_all(&[7; 4096])?;
        let start = Instant::now();
        file.sync_data()?;
        times.push(start.elapsed());
    }
    Ok(times)
}

/// Resident bytes of a process, and the most they were.
pub fn resident(pid: u32) -> Outcome<(u64, u64)> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let of = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
        line.split_whitespace().next().and_then(|kib| kib.parse::<u64>().ok()).unwrap_or(0) << 10
    };
    Ok((of("VmRSS:"), of("VmHWM:")))
}

/// Processor time of a process so far, its ended children apart. The system counts it in hundredths of a second.
pub fn processor(pid: u32) -> Outcome<Duration> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let after = stat.rsplit(") ").next().unwrap_or_default();
    let ticks: u64 = after.split(' ').skip(11).take(2).filter_map(|ticks| ticks.parse::<u64>().ok()).sum();
    Ok(Duration::from_millis(ticks * 10))
}

/// Mebibytes with one place.
pub fn mib(bytes: u64) -> String {
    format!("{:.1}", bytes as f64 / f64::from(1 << 20))
}

/// The program that is measured: the one built with this bench, or what `WATCHFLOOR_PROGRAM` names.
pub fn program() -> std::ffi::OsString {
    std::env::var_os("WATCHFLOOR_PROGRAM").unwrap_or_else(|| env!("CARGO_BIN_EXE_watchfloor").into())
}

/// The real program, with a home of its own.
#[derive(Debug)]
pub struct Program {
    home: PathBuf,
}

/// A process of the program; killed when dropped.
#[derive(Debug)]
pub struct Running {
    child: Child,
    /// The line it printed when it was ready.
    pub ready: String,
}

impl Program {
    /// The program with this home.
    pub fn at(home: &Path) -> Self {
        Self { home: home.to_owned() }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(program());
        command.args(arguments).env("WATCHFLOOR_HOME", &self.home);
        command
    }

    /// Runs a verb to its end and gives what it printed.
    pub fn run(&self, arguments: &[&str]) -> Outcome<String> {
        let output = self.command(arguments).output()?;
        if !output.status.success() {
            return Err(format!("{arguments:?}: {}", String::from_utf8_lossy(&output.stderr)).into());
        }
        Ok(String::from_utf8(output.stdout)?.trim().to_owned())
    }

    /// Starts a verb and waits for the line that it is ready.
    pub fn start(&self, arguments: &[&str]) -> Outcome<Running> {
        let log = fs::OpenOptions::new().create(true).append(true).open(self.home.join("stderr.log"))?;
        let mut child = self.command(arguments).stdout(Stdio::piped()).stderr(log).spawn()?;
        let mut out = BufReader::new(child.stdout.take().ok_or("no standard output")?);
        let mut running = Running { child, ready: String::new() };
        out.read_line(&mut running.ready)?;
        if !running.ready.starts_with("ready") {
            let log = fs::read_to_string(self.home.join("stderr.log"))?;
            return Err(format!("{arguments:?} did not become ready: {log}").into());
        }
        Ok(running)
    }
}

impl Running {
    /// Its number.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The word after `key=` in its ready line.
    pub fn said(&self, key: &str) -> Option<&str> {
        self.ready.split_whitespace().find_map(|word| word.strip_prefix(key)?.strip_prefix('='))
    }

    /// `kill -9`, and waits until it is gone.
    pub fn kill(mut self) -> Outcome {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
