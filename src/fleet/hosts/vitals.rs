//! What a host measures about itself, and what it is.
//!
//! Vitals are a reading: the newest wins, nothing of them is journaled. Numbers that could not be measured are absent
//! (`None`, or not in their list), never zero.

use std::borrow::Cow;

use crate::fleet::words::{SafeText, Timestamp};

/// The most series one host's vitals give; what is beyond it (the 29th core, the 31st file system) is left out.
pub const SERIES_MAX: usize = 200;
/// The most processes in each list of the heaviest.
pub const TOP_PROCESSES: usize = 5;

const CORE_SERIES: usize = 28;
const FILE_SYSTEM_SERIES: usize = 30;
const DISK_SERIES: usize = 16;
const INTERFACE_SERIES: usize = 16;

/// One sample of a host's own health.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Vitals {
    /// Processors.
    pub cpu: Cpu,
    /// Main memory.
    pub memory: Memory,
    /// Swap space; all zero where there is none.
    pub swap: Swap,
    /// Load averages.
    pub load: Option<Load>,
    /// Pressure stall information of Linux 4.20 and later.
    pub pressure: Pressure,
    /// Mounted local file systems, by mount point.
    pub file_systems: Vec<FileSystem>,
    /// Block devices, by name.
    pub disks: Vec<DiskRates>,
    /// Network interfaces, by name, the loopback left out.
    pub interfaces: Vec<InterfaceRates>,
    /// Seconds since the host started.
    pub uptime_seconds: u64,
    /// When the host started, by its own clock.
    pub booted_at: Option<Timestamp>,
    /// How many processes there are.
    pub process_count: u32,
    /// The processes that used most processor time since the last sample, most first.
    pub top_by_cpu: Vec<Process>,
    /// The processes that hold most memory, most first.
    pub top_by_memory: Vec<Process>,
}

/// Processor time since the last sample.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cpu {
    /// Busy share of all cores together, 0 to 1; absent in the first sample.
    pub busy: Option<f32>,
    /// Share spent waiting for disks, 0 to 1 (counted as idle in `busy`).
    pub waiting: Option<f32>,
    /// Share a hypervisor gave to others, 0 to 1 (counted as busy).
    pub stolen: Option<f32>,
    /// Busy share of each core, 0 to 1; empty in the first sample.
    pub cores: Vec<f32>,
}

/// Main memory in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// All there is.
    pub total: u64,
    /// Total less available.
    pub used: u64,
    /// What programs can still get without swapping (the kernel's MemAvailable).
    pub available: u64,
}

/// Swap space in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swap {
    /// All there is; 0 where there is no swap.
    pub total: u64,
    /// What is in use.
    pub used: u64,
}

/// Load averages: tasks that run, want to run or wait for disks.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Load {
    /// Over one minute.
    pub one: f32,
    /// Over five minutes.
    pub five: f32,
    /// Over fifteen minutes.
    pub fifteen: f32,
}

/// Pressure stall information: the share of the last ten seconds in which tasks stood still for want of something.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Pressure {
    /// For want of a processor.
    pub cpu: Option<Stall>,
    /// For want of memory.
    pub memory: Option<Stall>,
    /// For want of a disk.
    pub io: Option<Stall>,
}

/// Shares of the last ten seconds, in percent.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Stall {
    /// In which at least one task stood still.
    pub some_avg10: f32,
    /// In which all tasks stood still; absent where the kernel gives none.
    pub full_avg10: Option<f32>,
}

/// One mounted file system; sizes in bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileSystem {
    /// Where it is mounted.
    pub mount: SafeText,
    /// Its type, such as `ext4`.
    pub fs_type: SafeText,
    /// Its size.
    pub total: u64,
    /// What is taken.
    pub used: u64,
    /// What an ordinary user can still take; less than total minus used where blocks are reserved.
    pub available: u64,
    /// Inodes; 0 where the file system does not count them.
    pub inodes_total: u64,
    /// Inodes taken.
    pub inodes_used: u64,
    /// Whether it is mounted read-only.
    pub read_only: bool,
}

/// What went through one block device since the last sample.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DiskRates {
    /// The kernel's name, such as `nvme0n1`.
    pub device: SafeText,
    /// Bytes read a second.
    pub read: f64,
    /// Bytes written a second.
    pub written: f64,
    /// Share of the time in which at least one request was in flight, 0 to 1.
    pub busy: f32,
}

/// What went through one network interface since the last sample.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct InterfaceRates {
    /// The kernel's name, such as `eth0`.
    pub interface: SafeText,
    /// Bytes received a second.
    pub received: f64,
    /// Bytes sent a second.
    pub sent: f64,
    /// Errors and drops a second, both ways.
    pub errors: f64,
}

/// One of the heaviest processes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Process {
    /// Its process id.
    pub pid: u32,
    /// The kernel's short name of it.
    pub name: SafeText,
    /// Cores kept busy since the last sample: 1.0 is one core; absent in its first sample.
    pub cpu: Option<f32>,
    /// Resident memory in bytes.
    pub resident: u64,
}

/// What a host is; measured at the agent's start and seldom after.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OsFacts {
    /// The machine's host name.
    pub hostname: SafeText,
    /// The operating system's name, such as `Debian GNU/Linux`.
    pub os_name: SafeText,
    /// Its version, such as `12 (bookworm)`.
    pub os_version: SafeText,
    /// The kernel's release.
    pub kernel: SafeText,
    /// The processor architecture, such as `x86_64`.
    pub arch: SafeText,
    /// The processor's model name.
    pub cpu_model: SafeText,
    /// Logical cores.
    pub cores: u32,
    /// Main memory in bytes.
    pub memory: u64,
    /// The hypervisor or container the host runs in, such as `kvm` or `docker`; absent on bare metal or when not known.
    pub virtualization: Option<SafeText>,
    /// The agent's own version.
    pub agent_version: SafeText,
}

impl Vitals {
    /// The numbers kept as history, as (series, value): at most [`SERIES_MAX`], each finite.
    ///
    /// | series | unit |
    /// |---|---|
    /// | `cpu.busy`, `cpu.waiting`, `cpu.stolen`, `cpu.N.busy` | share, 0 to 1 |
    /// | `mem.used`, `mem.available`, `swap.used` | bytes |
    /// | `load.1`, `load.5`, `load.15` | tasks |
    /// | `pressure.{cpu,mem,io}.{some,full}` | percent |
    /// | `processes` | count |
    /// | `fs.MOUNT.used`, `fs.MOUNT.inodes` | bytes, count |
    /// | `disk.DEVICE.{read,written}`, `disk.DEVICE.busy` | bytes a second, share |
    /// | `net.INTERFACE.{rx,tx}`, `net.INTERFACE.errors` | bytes a second, a second |
    pub fn samples(&self) -> impl Iterator<Item = (Cow<'_, str>, f64)> {
        let file_systems = self.file_systems.iter().take(FILE_SYSTEM_SERIES).flat_map(|fs| {
            [
                (Cow::Owned(format!("fs.{}.used", fs.mount.as_str())), fs.used as f64),
                (Cow::Owned(format!("fs.{}.inodes", fs.mount.as_str())), fs.inodes_used as f64),
            ]
        });
        let interfaces = self.interfaces.iter().take(INTERFACE_SERIES).flat_map(|net| {
            let name = net.interface.as_str();
            [
                (Cow::Owned(format!("net.{name}.rx")), net.received),
                (Cow::Owned(format!("net.{name}.tx")), net.sent),
                (Cow::Owned(format!("net.{name}.errors")), net.errors),
            ]
        });
        let disks = self.disks.iter().take(DISK_SERIES).flat_map(|disk| {
            let name = disk.device.as_str();
            [
                (Cow::Owned(format!("disk.{name}.read")), disk.read),
                (Cow::Owned(format!("disk.{name}.written")), disk.written),
                (Cow::Owned(format!("disk.{name}.busy")), f64::from(disk.busy)),
            ]
        });
        let cores = self.cpu.cores.iter().take(CORE_SERIES).enumerate();
        let cores = cores.map(|(core, busy)| (Cow::Owned(format!("cpu.{core}.busy")), f64::from(*busy)));
        self.whole_host()
            .chain(file_systems)
            .chain(interfaces)
            .chain(disks)
            .chain(cores)
            .filter(|(_, value)| value.is_finite())
            .take(SERIES_MAX)
    }

    fn whole_host(&self) -> impl Iterator<Item = (Cow<'_, str>, f64)> {
        let Load { one, five, fifteen } = self.load.unwrap_or_default();
        let load = self.load.is_some();
        let stall = |stall: Option<Stall>| (stall.map(|s| s.some_avg10), stall.and_then(|s| s.full_avg10));
        let (cpu_some, cpu_full) = stall(self.pressure.cpu);
        let (mem_some, mem_full) = stall(self.pressure.memory);
        let (io_some, io_full) = stall(self.pressure.io);
        let shares = [
            ("cpu.busy", self.cpu.busy),
            ("cpu.waiting", self.cpu.waiting),
            ("cpu.stolen", self.cpu.stolen),
            ("load.1", load.then_some(one)),
            ("load.5", load.then_some(five)),
            ("load.15", load.then_some(fifteen)),
            ("pressure.cpu.some", cpu_some),
            ("pressure.cpu.full", cpu_full),
            ("pressure.mem.some", mem_some),
            ("pressure.mem.full", mem_full),
            ("pressure.io.some", io_some),
            ("pressure.io.full", io_full),
        ];
        let memory = self.memory.total > 0;
        let counts = [
            ("mem.used", memory.then_some(self.memory.used)),
            ("mem.available", memory.then_some(self.memory.available)),
            ("swap.used", (self.swap.total > 0).then_some(self.swap.used)),
            ("processes", (self.process_count > 0).then_some(u64::from(self.process_count))),
        ];
        let shares = shares.into_iter().filter_map(|(name, value)| Some((Cow::Borrowed(name), f64::from(value?))));
        let counts = counts.into_iter().filter_map(|(name, value)| Some((Cow::Borrowed(name), value? as f64)));
        shares.chain(counts)
    }
}

impl Memory {
    /// Used share, 0 to 1; absent where the total is not known.
    #[must_use]
    pub fn used_share(&self) -> Option<f64> {
        share(self.used, self.total)
    }
}

impl Swap {
    /// Used share, 0 to 1; absent where there is no swap.
    #[must_use]
    pub fn used_share(&self) -> Option<f64> {
        share(self.used, self.total)
    }
}

impl FileSystem {
    /// Used share as `df` shows it, 0 to 1: used of what ordinary users may take, reserved blocks left out.
    #[must_use]
    pub fn used_share(&self) -> Option<f64> {
        share(self.used, self.used.saturating_add(self.available))
    }

    /// Used share of the inodes, 0 to 1; absent where they are not counted.
    #[must_use]
    pub fn inodes_used_share(&self) -> Option<f64> {
        share(self.inodes_used, self.inodes_total)
    }
}

fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(vitals: &Vitals) -> Vec<String> {
        vitals.samples().map(|(name, _)| name.into_owned()).collect()
    }

    #[test]
    fn what_was_not_measured_gives_no_series() {
        assert_eq!(names(&Vitals::default()), Vec::<String>::new());
    }

    #[test]
    fn series_are_bounded_finite_and_distinct() {
        let vitals = Vitals {
            cpu: Cpu { busy: Some(f32::NAN), waiting: Some(0.5), stolen: Some(f32::INFINITY), cores: vec![0.1; 300] },
            memory: Memory { total: 10, used: 4, available: 6 },
            swap: Swap { total: 5, used: 0 },
            load: Some(Load { one: 1.0, five: 2.0, fifteen: 3.0 }),
            file_systems: (0..99)
                .map(|n| FileSystem { mount: SafeText::new(&format!("/m{n}")), ..FileSystem::default() })
                .collect(),
            disks: (0..99)
                .map(|n| DiskRates { device: SafeText::new(&format!("d{n}")), ..DiskRates::default() })
                .collect(),
            interfaces: (0..99)
                .map(|n| InterfaceRates { interface: SafeText::new(&format!("i{n}")), ..InterfaceRates::default() })
                .collect(),
            process_count: 3,
            ..Vitals::default()
        };
        let mut all = names(&vitals);
        assert!(all.len() <= SERIES_MAX && all.len() > SERIES_MAX / 2, "{}", all.len());
        assert!(vitals.samples().all(|(_, value)| value.is_finite()));
        assert!(all.iter().all(|name| name != "cpu.busy"));
        for wanted in ["mem.used", "load.15", "fs./m0.used", "net.i0.rx", "disk.d0.busy", "cpu.27.busy"] {
            assert!(all.iter().any(|name| name == wanted), "{wanted}");
        }
        let before = all.len();
        all.sort();
        all.dedup();
        assert_eq!(all.len(), before);
    }

    #[test]
    fn a_full_file_system_with_reserved_blocks_reads_full() {
        let fs = FileSystem { total: 100, used: 95, available: 0, ..FileSystem::default() };
        assert_eq!(fs.used_share(), Some(1.0));
        assert_eq!(fs.inodes_used_share(), None);
    }
}
