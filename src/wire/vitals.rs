//! What a host measures about itself, and what it is.
//!
//! Numbers that are not finite count as not measured: an optional one becomes absent, a row that holds one is left out.

use crate::fleet::hosts::vitals::{
    Cpu, DiskRates, FileSystem, InterfaceRates, Load, Memory, OsFacts, Pressure, Process, Stall, Swap, TOP_PROCESSES,
    Vitals,
};
use crate::fleet::words::Timestamp;
use crate::wire::limits::{CORES_MAX, DEVICES_MAX};
use crate::wire::{pb, text};

impl From<&Vitals> for pb::Vitals {
    fn from(vitals: &Vitals) -> Self {
        Self {
            cpu_busy: vitals.cpu.busy,
            cpu_waiting: vitals.cpu.waiting,
            cpu_stolen: vitals.cpu.stolen,
            cpu_cores: vitals.cpu.cores.clone(),
            memory: Some(pb::Memory {
                total: vitals.memory.total,
                used: vitals.memory.used,
                available: vitals.memory.available,
            }),
            swap: Some(pb::Swap { total: vitals.swap.total, used: vitals.swap.used }),
            load: vitals.load.map(|load| pb::Load { one: load.one, five: load.five, fifteen: load.fifteen }),
            cpu_pressure: vitals.pressure.cpu.map(Into::into),
            memory_pressure: vitals.pressure.memory.map(Into::into),
            io_pressure: vitals.pressure.io.map(Into::into),
            file_systems: vitals.file_systems.iter().map(Into::into).collect(),
            disks: vitals.disks.iter().map(Into::into).collect(),
            interfaces: vitals.interfaces.iter().map(Into::into).collect(),
            uptime_seconds: vitals.uptime_seconds,
            booted_at: vitals.booted_at.map(|at| at.0),
            process_count: vitals.process_count,
            top_by_cpu: vitals.top_by_cpu.iter().map(Into::into).collect(),
            top_by_memory: vitals.top_by_memory.iter().map(Into::into).collect(),
        }
    }
}

impl From<pb::Vitals> for Vitals {
    fn from(vitals: pb::Vitals) -> Self {
        let memory = vitals.memory.unwrap_or_default();
        let swap = vitals.swap.unwrap_or_default();
        Self {
            cpu: Cpu {
                busy: finite(vitals.cpu_busy),
                waiting: finite(vitals.cpu_waiting),
                stolen: finite(vitals.cpu_stolen),
                cores: cores(vitals.cpu_cores),
            },
            memory: Memory { total: memory.total, used: memory.used, available: memory.available },
            swap: Swap { total: swap.total, used: swap.used },
            load: vitals.load.and_then(load),
            pressure: Pressure {
                cpu: vitals.cpu_pressure.and_then(stall),
                memory: vitals.memory_pressure.and_then(stall),
                io: vitals.io_pressure.and_then(stall),
            },
            file_systems: vitals.file_systems.into_iter().take(DEVICES_MAX).map(file_system).collect(),
            disks: vitals.disks.into_iter().take(DEVICES_MAX).filter_map(disk).collect(),
            interfaces: vitals.interfaces.into_iter().take(DEVICES_MAX).filter_map(interface).collect(),
            uptime_seconds: vitals.uptime_seconds,
            booted_at: vitals.booted_at.map(Timestamp),
            process_count: vitals.process_count,
            top_by_cpu: vitals.top_by_cpu.into_iter().take(TOP_PROCESSES).map(process).collect(),
            top_by_memory: vitals.top_by_memory.into_iter().take(TOP_PROCESSES).map(process).collect(),
        }
    }
}

impl From<Stall> for pb::Stall {
    fn from(stall: Stall) -> Self {
        Self { some_avg10: stall.some_avg10, full_avg10: stall.full_avg10 }
    }
}

impl From<&FileSystem> for pb::FileSystem {
    fn from(fs: &FileSystem) -> Self {
        Self {
            mount: fs.mount.as_str().into(),
            fs_type: fs.fs_type.as_str().into(),
            total: fs.total,
            used: fs.used,
            available: fs.available,
            inodes_total: fs.inodes_total,
            inodes_used: fs.inodes_used,
            read_only: fs.read_only,
        }
    }
}

impl From<&DiskRates> for pb::DiskRates {
    fn from(disk: &DiskRates) -> Self {
        Self { device: disk.device.as_str().into(), read: disk.read, written: disk.written, busy: disk.busy }
    }
}

impl From<&InterfaceRates> for pb::InterfaceRates {
    fn from(net: &InterfaceRates) -> Self {
        Self { interface: net.interface.as_str().into(), received: net.received, sent: net.sent, errors: net.errors }
    }
}

impl From<&Process> for pb::Process {
    fn from(process: &Process) -> Self {
        Self { pid: process.pid, name: process.name.as_str().into(), cpu: process.cpu, resident: process.resident }
    }
}

impl From<&OsFacts> for pb::OsFacts {
    fn from(os: &OsFacts) -> Self {
        Self {
            hostname: os.hostname.as_str().into(),
            os_name: os.os_name.as_str().into(),
            os_version: os.os_version.as_str().into(),
            kernel: os.kernel.as_str().into(),
            architecture: os.arch.as_str().into(),
            cpu_model: os.cpu_model.as_str().into(),
            cores: os.cores,
            memory: os.memory,
            virtualization: os.virtualization.as_ref().map(|text| text.as_str().into()),
            agent_version: os.agent_version.as_str().into(),
        }
    }
}

impl From<pb::OsFacts> for OsFacts {
    fn from(os: pb::OsFacts) -> Self {
        Self {
            hostname: text::word(&os.hostname),
            os_name: text::word(&os.os_name),
            os_version: text::word(&os.os_version),
            kernel: text::word(&os.kernel),
            arch: text::word(&os.architecture),
            cpu_model: text::word(&os.cpu_model),
            cores: os.cores,
            memory: os.memory,
            virtualization: os.virtualization.map(|name| text::word(&name)),
            agent_version: text::word(&os.agent_version),
        }
    }
}

fn finite(value: Option<f32>) -> Option<f32> {
    value.filter(|value| value.is_finite())
}

/// All or none: a core that is left out would give its place to its neighbour.
fn cores(mut shares: Vec<f32>) -> Vec<f32> {
    shares.truncate(CORES_MAX);
    if shares.iter().all(|share| share.is_finite()) { shares } else { Vec::new() }
}

fn load(load: pb::Load) -> Option<Load> {
    let pb::Load { one, five, fifteen } = load;
    [one, five, fifteen].iter().all(|value| value.is_finite()).then_some(Load { one, five, fifteen })
}

fn stall(stall: pb::Stall) -> Option<Stall> {
    let full_avg10 = finite(stall.full_avg10);
    stall.some_avg10.is_finite().then_some(Stall { some_avg10: stall.some_avg10, full_avg10 })
}

fn file_system(fs: pb::FileSystem) -> FileSystem {
    FileSystem {
        mount: text::word(&fs.mount),
        fs_type: text::word(&fs.fs_type),
        total: fs.total,
        used: fs.used,
        available: fs.available,
        inodes_total: fs.inodes_total,
        inodes_used: fs.inodes_used,
        read_only: fs.read_only,
    }
}

fn disk(disk: pb::DiskRates) -> Option<DiskRates> {
    let finite = disk.read.is_finite() && disk.written.is_finite() && disk.busy.is_finite();
    finite.then(|| DiskRates {
        device: text::word(&disk.device),
        read: disk.read,
        written: disk.written,
        busy: disk.busy,
    })
}

fn interface(net: pb::InterfaceRates) -> Option<InterfaceRates> {
    let finite = net.received.is_finite() && net.sent.is_finite() && net.errors.is_finite();
    finite.then(|| InterfaceRates {
        interface: text::word(&net.interface),
        received: net.received,
        sent: net.sent,
        errors: net.errors,
    })
}

fn process(process: pb::Process) -> Process {
    Process { pid: process.pid, name: text::word(&process.name), cpu: finite(process.cpu), resident: process.resident }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_number_was_not_measured() {
        let hostile = pb::Vitals {
            cpu_busy: Some(f32::NAN),
            cpu_waiting: Some(0.25),
            cpu_cores: vec![0.5, f32::INFINITY],
            load: Some(pb::Load { one: 1.0, five: f32::NAN, fifteen: 1.0 }),
            io_pressure: Some(pb::Stall { some_avg10: 3.0, full_avg10: Some(f32::NEG_INFINITY) }),
            memory_pressure: Some(pb::Stall { some_avg10: f32::NAN, full_avg10: None }),
            disks: vec![
                pb::DiskRates { device: "sda".into(), read: f64::NAN, ..Default::default() },
                pb::DiskRates { device: "sdb".into(), read: 1.0, ..Default::default() },
            ],
            interfaces: vec![pb::InterfaceRates { sent: f64::INFINITY, ..Default::default() }],
            top_by_cpu: vec![pb::Process { cpu: Some(f32::NAN), ..Default::default() }; 50],
            ..Default::default()
        };
        let vitals = Vitals::from(hostile);
        assert_eq!((vitals.cpu.busy, vitals.cpu.waiting, vitals.load), (None, Some(0.25), None));
        assert!(vitals.cpu.cores.is_empty() && vitals.interfaces.is_empty());
        assert_eq!(vitals.pressure.io, Some(Stall { some_avg10: 3.0, full_avg10: None }));
        assert_eq!(vitals.pressure.memory, None);
        assert_eq!(vitals.disks.iter().map(|disk| disk.device.as_str()).collect::<Vec<_>>(), ["sdb"]);
        assert_eq!(vitals.top_by_cpu.len(), TOP_PROCESSES);
        assert!(vitals.top_by_cpu.iter().all(|process| process.cpu.is_none()));
    }
}
