//! What the host measures about itself, one file a kind. Everything is read from `/proc` and `/sys` into one reused
//! buffer; no root is needed.

pub mod cpu;
pub mod disks;
pub mod files;
pub mod filesystems;
pub mod load;
pub mod memory;
pub mod mounts;
pub mod network;
pub mod os;
pub mod pressure;
pub mod previous;
pub mod processes;

use std::path::PathBuf;
use std::time::Instant;

use crate::agent::collectors::cpu::CpuSampler;
use crate::agent::collectors::disks::DiskSampler;
use crate::agent::collectors::files::Files;
use crate::agent::collectors::filesystems::FileSystemSampler;
use crate::agent::collectors::network::NetworkSampler;
use crate::agent::collectors::processes::ProcessSampler;
use crate::fleet::hosts::vitals::{OsFacts, Vitals};
use crate::fleet::words::Timestamp;

/// Something that measures a host; tests and synthetic hosts bring their own.
pub trait VitalsSource: Send {
    /// The host's health now, `now` being the monotonic clock.
    fn sample(&mut self, now: Instant) -> Vitals;
    /// Logical cores; 0 where not known.
    fn cores(&mut self) -> u32;
    /// Counts processes of these names with each sample from now on.
    fn watch_processes(&mut self, names: Vec<String>);
    /// How many processes of a watched name run; `None` before they were counted.
    fn running(&self, name: &str) -> Option<u32>;
}

/// Samples the host's vitals; keeps the counters of the last sample, from which rates are made.
#[derive(Debug)]
pub struct Collector {
    files: Files,
    cpu: CpuSampler,
    file_systems: FileSystemSampler,
    disks: DiskSampler,
    network: NetworkSampler,
    processes: ProcessSampler,
    booted_at: Option<Timestamp>,
}

impl Collector {
    /// A collector of the host whose files lie below `root` (`/` but in tests and containers). It takes its first
    /// counters at once, so that the first sample already has rates.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        let mut collector = Self {
            files: Files::new(root),
            cpu: CpuSampler::default(),
            file_systems: FileSystemSampler::default(),
            disks: DiskSampler::default(),
            network: NetworkSampler::default(),
            processes: ProcessSampler::default(),
            booted_at: None,
        };
        let now = Instant::now();
        (_, collector.booted_at) = collector.cpu.sample(&mut collector.files);
        collector.disks.sample(&mut collector.files, now);
        collector.network.sample(&mut collector.files, now);
        collector
    }

    /// When the host started, by its own clock.
    #[must_use]
    pub const fn booted_at(&self) -> Option<Timestamp> {
        self.booted_at
    }

    /// What the host is.
    pub fn os_facts(&mut self) -> OsFacts {
        os::facts(&mut self.files)
    }
}

impl VitalsSource for Collector {
    fn sample(&mut self, now: Instant) -> Vitals {
        let files = &mut self.files;
        let (cpu, booted_at) = self.cpu.sample(files);
        let (memory, swap) = memory::sample(files);
        let heaviest = self.processes.sample(files, now);
        Vitals {
            cpu,
            memory,
            swap,
            process_count: heaviest.count,
            top_by_cpu: heaviest.by_cpu.clone(),
            top_by_memory: heaviest.by_memory.clone(),
            load: load::sample(files),
            pressure: pressure::sample(files),
            file_systems: self.file_systems.sample(files),
            disks: self.disks.sample(files, now),
            interfaces: self.network.sample(files, now),
            uptime_seconds: load::uptime_seconds(files),
            booted_at,
        }
    }

    fn cores(&mut self) -> u32 {
        os::cores(&mut self.files)
    }

    fn watch_processes(&mut self, names: Vec<String>) {
        self.processes.watch(names.iter().map(String::as_str));
    }

    fn running(&self, name: &str) -> Option<u32> {
        self.processes.running(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_has_vitals() {
        let mut collector = Collector::new("/");
        let mut vitals = collector.sample(Instant::now());
        // the kernel counts processor time in ticks of some milliseconds
        while vitals.cpu.busy.is_none() {
            vitals = collector.sample(Instant::now());
        }
        assert!(vitals.memory.total > 0 && vitals.memory.used <= vitals.memory.total);
        assert!(vitals.load.is_some() && vitals.uptime_seconds > 0 && vitals.booted_at.is_some());
        assert!(vitals.process_count > 0 && !vitals.top_by_memory.is_empty());
        assert!(vitals.samples().count() > 5);
        let facts = collector.os_facts();
        assert!(facts.cores > 0 && !facts.hostname.as_str().is_empty() && !facts.kernel.as_str().is_empty());
    }

    #[test]
    fn a_host_without_proc_has_none_and_does_not_panic() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Collector::new(folder.path()).sample(Instant::now()), Vitals::default());
    }
}
