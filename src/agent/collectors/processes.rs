//! The heaviest processes, from `/proc/PID/stat`.
//!
//! Reading every process is the dearest thing the agent does, so it is done as often as a budget allows: every sample
//! on a host with a few hundred processes, more seldom on one with thousands.

use std::time::{Duration, Instant};

use crate::agent::collectors::files::Files;
use crate::fleet::hosts::vitals::{Process, TOP_PROCESSES};
use crate::fleet::words::SafeText;

/// The share of one core that scanning may take.
const BUDGET: f64 = 0.0004;
/// However dear a scan is, it is not put off longer than this.
const SELDOM: Duration = Duration::from_secs(120);
/// The most processes looked at.
const PROCESSES_MAX: usize = 65_536;

/// Keeps what each process had used at the last scan.
#[derive(Debug)]
pub struct ProcessSampler {
    ticks_per_second: f64,
    page: u64,
    before: Vec<Used>,
    now: Vec<Used>,
    scanned_at: Option<Instant>,
    next_scan: Option<Instant>,
    path: String,
    heaviest: Heaviest,
    watched: Vec<Watched>,
}

/// A name somebody wants counted; it costs nothing beside the scan.
#[derive(Debug)]
struct Watched {
    name: Vec<u8>,
    running: Option<u32>,
}

/// The kernel keeps this much of a program's name.
const NAME_MAX: usize = 15;

/// What the last scan found.
#[derive(Clone, Debug, Default)]
pub struct Heaviest {
    /// How many processes there are, the kernel's own threads among them.
    pub count: u32,
    /// Most processor time since the scan before, most first; those at rest are left out.
    pub by_cpu: Vec<Process>,
    /// Most resident memory, most first.
    pub by_memory: Vec<Process>,
}

#[derive(Clone, Copy, Debug)]
struct Used {
    pid: u32,
    /// With the pid this names one process: pids are used again.
    started: u64,
    ticks: u64,
}

/// One line of `/proc/PID/stat`.
struct Stat<'a> {
    name: &'a [u8],
    /// Whether it only waits for its parent to notice its end.
    ended: bool,
    ticks: u64,
    started: u64,
    resident_pages: u64,
}

/// The few largest of many, without keeping the many.
struct Largest {
    entries: Vec<(f64, Process)>,
}

impl Default for ProcessSampler {
    fn default() -> Self {
        use nix::unistd::{SysconfVar, sysconf};
        let ask = |variable, usual: u64| {
            sysconf(variable)
                .ok()
                .flatten()
                .and_then(|value| u64::try_from(value).ok())
                .filter(|v| *v > 0)
                .unwrap_or(usual)
        };
        Self {
            ticks_per_second: ask(SysconfVar::CLK_TCK, 100) as f64,
            page: ask(SysconfVar::PAGE_SIZE, 4096),
            before: Vec::new(),
            now: Vec::new(),
            scanned_at: None,
            next_scan: None,
            path: String::new(),
            heaviest: Heaviest::default(),
            watched: Vec::new(),
        }
    }
}

impl ProcessSampler {
    /// Counts processes of these names from the next scan on, which comes with the next sample.
    pub fn watch<'a>(&mut self, names: impl Iterator<Item = &'a str>) {
        self.watched = names.map(|name| Watched { name: kernel_name(name).to_owned(), running: None }).collect();
        self.next_scan = None;
    }

    /// How many processes of a watched name the last scan found running; `None` before it.
    #[must_use]
    pub fn running(&self, name: &str) -> Option<u32> {
        self.watched.iter().find(|watched| watched.name == kernel_name(name))?.running
    }

    /// The heaviest processes; those of the last scan where the budget allows none now.
    pub fn sample(&mut self, files: &mut Files, now: Instant) -> &Heaviest {
        if self.next_scan.is_none_or(|due| now >= due) {
            let began = Instant::now();
            self.scan(files, now);
            let pause = (began.elapsed().as_secs_f64() / BUDGET).min(SELDOM.as_secs_f64());
            self.next_scan = Some(now + Duration::from_secs_f64(pause));
        }
        &self.heaviest
    }

    fn scan(&mut self, files: &mut Files, now: Instant) {
        let seconds = self.scanned_at.map_or(0.0, |before| now.saturating_duration_since(before).as_secs_f64());
        self.scanned_at = Some(now);
        std::mem::swap(&mut self.before, &mut self.now);
        self.now.clear();
        let (mut by_cpu, mut by_memory) = (Largest::new(), Largest::new());
        let Ok(folder) = std::fs::read_dir(files.root().join("proc")) else {
            self.heaviest = Heaviest::default();
            return;
        };
        self.watched.iter_mut().for_each(|watched| watched.running = Some(0));
        for entry in folder.flatten().take(PROCESSES_MAX) {
            let file_name = entry.file_name();
            let Some((pid_text, pid)) = file_name.to_str().and_then(|text| Some((text, text.parse::<u32>().ok()?)))
            else {
                continue;
            };
            self.path.clear();
            self.path.extend(["proc/", pid_text, "/stat"]);
            // a process that ended meanwhile is none
            let Some(stat) = files.read_once(&self.path).ok().and_then(Stat::parse) else { continue };
            if !stat.ended {
                let named = self.watched.iter_mut().filter(|watched| watched.name == stat.name);
                named.for_each(|watched| watched.running = watched.running.map(|running| running + 1));
            }
            let ticks_before = self
                .before
                .binary_search_by_key(&pid, |used| used.pid)
                .ok()
                .and_then(|place| self.before.get(place))
                .filter(|used| used.started == stat.started)
                .map(|used| used.ticks);
            // what started since the last scan used all its time since then
            let gained = stat.ticks.saturating_sub(ticks_before.unwrap_or(0));
            let cpu = (seconds > 0.0).then(|| gained as f64 / self.ticks_per_second / seconds);
            let resident = stat.resident_pages.saturating_mul(self.page);
            let process = || Process {
                pid,
                name: SafeText::new(&String::from_utf8_lossy(stat.name)),
                cpu: cpu.map(|cpu| cpu as f32),
                resident,
            };
            by_cpu.offer(cpu.unwrap_or(0.0), process);
            by_memory.offer(resident as f64, process);
            self.now.push(Used { pid, started: stat.started, ticks: stat.ticks });
        }
        self.now.sort_unstable_by_key(|used| used.pid);
        self.heaviest = Heaviest {
            count: u32::try_from(self.now.len()).unwrap_or(u32::MAX),
            by_cpu: by_cpu.take(),
            by_memory: by_memory.take(),
        };
    }
}

fn kernel_name(name: &str) -> &[u8] {
    name.as_bytes().get(..NAME_MAX).unwrap_or(name.as_bytes())
}

impl<'a> Stat<'a> {
    /// The name stands in brackets and may itself hold brackets and spaces, so the last bracket ends it.
    fn parse(line: &'a [u8]) -> Option<Self> {
        let open = line.iter().position(|byte| *byte == b'(')?;
        let close = line.iter().rposition(|byte| *byte == b')')?;
        let name = line.get(open + 1..close)?;
        let rest = std::str::from_utf8(line.get(close + 1..)?).ok()?;
        // after the name: state is field 3, utime 14, stime 15, starttime 22, rss 24
        let mut fields = rest.split_ascii_whitespace();
        let ended = matches!(fields.next()?, "Z" | "X" | "x");
        let mut number = |skip: usize| fields.nth(skip).and_then(|field| field.parse::<u64>().ok());
        let (user, system) = (number(10)?, number(0)?);
        let (started, resident_pages) = (number(6)?, number(1)?);
        Some(Self { name, ended, ticks: user.saturating_add(system), started, resident_pages })
    }
}

impl Largest {
    fn new() -> Self {
        Self { entries: Vec::with_capacity(TOP_PROCESSES + 1) }
    }

    /// Takes it where it is among the largest; what is zero never is.
    fn offer(&mut self, weight: f64, process: impl FnOnce() -> Process) {
        let place = self.entries.partition_point(|(other, _)| *other >= weight);
        if weight > 0.0 && place < TOP_PROCESSES {
            self.entries.insert(place, (weight, process()));
            self.entries.truncate(TOP_PROCESSES);
        }
    }

    fn take(self) -> Vec<Process> {
        self.entries.into_iter().map(|(_, process)| process).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stat(root: &std::path::Path, pid: u32, name: &[u8], ticks: u64, started: u64, pages: u64) {
        let folder = root.join(format!("proc/{pid}"));
        std::fs::create_dir_all(&folder).unwrap();
        let mut line = format!("{pid} (").into_bytes();
        line.extend_from_slice(name);
        line.extend_from_slice(
            format!(") S 1 1 1 0 -1 4194304 9 9 9 9 {ticks} 0 0 0 20 0 1 0 {started} 1000000 {pages} 99 1 1\n")
                .as_bytes(),
        );
        std::fs::write(folder.join("stat"), line).unwrap();
    }

    fn pids(processes: &[Process]) -> Vec<u32> {
        processes.iter().map(|process| process.pid).collect()
    }

    #[test]
    fn the_heaviest_come_first_and_a_used_again_pid_is_another_process() {
        let folder = tempfile::tempdir().unwrap();
        let (mut files, mut sampler, start) = (Files::new(folder.path()), ProcessSampler::default(), Instant::now());
        sampler.ticks_per_second = 100.0;
        sampler.page = 4096;
        for pid in 1..=8_u32 {
            stat(folder.path(), pid, b"same", 1000, 5, u64::from(pid));
        }
        stat(folder.path(), 9, b"evil) (\xff\x1b[2J", 0, 5, 0);
        let first = sampler.sample(&mut files, start).clone();
        assert_eq!((first.count, pids(&first.by_cpu), pids(&first.by_memory)), (9, vec![], vec![8, 7, 6, 5, 4]));

        stat(folder.path(), 1, b"same", 2000, 5, 1);
        stat(folder.path(), 2, b"other", 500, 77, 1);
        stat(folder.path(), 9, b"evil) (\xff\x1b[2J", 100, 5, 0);
        std::fs::remove_dir_all(folder.path().join("proc/8")).unwrap();
        let second = sampler.sample(&mut files, start + SELDOM).clone();
        assert_eq!((second.count, pids(&second.by_cpu)), (8, vec![1, 2, 9]));
        assert_eq!(second.by_cpu.first().and_then(|process| process.cpu), Some(10.0 / 120.0));
        assert!(second.by_cpu.last().is_some_and(|process| process.name.as_str().starts_with("evil) (")));
    }

    #[test]
    fn watched_names_are_counted_as_the_kernel_keeps_them() {
        let folder = tempfile::tempdir().unwrap();
        let (mut files, mut sampler, start) = (Files::new(folder.path()), ProcessSampler::default(), Instant::now());
        stat(folder.path(), 1, b"sshd", 1, 1, 1);
        stat(folder.path(), 2, b"sshd", 1, 1, 1);
        stat(folder.path(), 3, b"systemd-resolve", 1, 1, 1);
        let zombie = std::fs::read_to_string(folder.path().join("proc/2/stat")).unwrap().replace(") S ", ") Z ");
        std::fs::create_dir_all(folder.path().join("proc/4")).unwrap();
        std::fs::write(folder.path().join("proc/4/stat"), zombie).unwrap();
        sampler.sample(&mut files, start);
        assert_eq!(sampler.running("sshd"), None);
        sampler.watch(["sshd", "systemd-resolved", "none"].into_iter());
        assert_eq!(sampler.running("sshd"), None);
        sampler.sample(&mut files, start);
        assert_eq!(sampler.running("sshd"), Some(2));
        assert_eq!((sampler.running("systemd-resolved"), sampler.running("none")), (Some(1), Some(0)));
    }

    #[test]
    fn a_dear_scan_is_put_off() {
        let folder = tempfile::tempdir().unwrap();
        let (mut files, mut sampler, start) = (Files::new(folder.path()), ProcessSampler::default(), Instant::now());
        stat(folder.path(), 1, b"one", 1, 1, 1);
        assert_eq!(sampler.sample(&mut files, start).count, 1);
        sampler.next_scan = Some(start + Duration::from_secs(30));
        stat(folder.path(), 2, b"two", 1, 1, 1);
        assert_eq!(sampler.sample(&mut files, start + Duration::from_secs(29)).count, 1);
        assert_eq!(sampler.sample(&mut files, start + Duration::from_secs(30)).count, 2);
    }
}
