//! What goes through block devices, from `/proc/diskstats`.

use std::time::Instant;

use crate::agent::collectors::files::{Files, rate};
use crate::agent::collectors::previous::Previous;
use crate::fleet::hosts::vitals::DiskRates;
use crate::fleet::words::SafeText;

/// The most devices looked at.
const DEVICES_MAX: usize = 32;
/// The kernel counts sectors of this many bytes, whatever the device's own.
const SECTOR: f64 = 512.0;
/// Memory and images in disguise, and mapper devices, whose traffic their disks already count.
const NOT_DISKS: [&str; 7] = ["loop", "ram", "zram", "dm-", "sr", "fd", "nbd"];

/// Keeps the last counters of each device.
#[derive(Debug)]
pub struct DiskSampler {
    devices: Previous<Counters>,
}

#[derive(Clone, Copy, Debug)]
struct Counters {
    sectors_read: u64,
    sectors_written: u64,
    busy_milliseconds: u64,
}

impl Default for DiskSampler {
    fn default() -> Self {
        Self { devices: Previous::new(DEVICES_MAX) }
    }
}

impl DiskSampler {
    /// Rates since the last call; a device appears with its second sample.
    pub fn sample(&mut self, files: &mut Files, now: Instant) -> Vec<DiskRates> {
        let seconds = self.devices.begin(now);
        let block = files.root().join("sys/block");
        let mut rates = Vec::new();
        for line in files.text("proc/diskstats").unwrap_or_default().lines() {
            let Some((name, counters)) = parse(line) else { continue };
            // only whole devices are below /sys/block: a partition's traffic is in its device's
            if !self.devices.knows(name) && !block.join(name).exists() {
                continue;
            }
            let Some((name, before)) = self.devices.exchange(name, counters) else { continue };
            rates.extend(counters.since(before, seconds, name));
        }
        rates.sort_by(|one, other| one.device.cmp(&other.device));
        rates
    }
}

impl Counters {
    fn since(self, before: Self, seconds: f64, device: SafeText) -> Option<DiskRates> {
        Some(DiskRates {
            device,
            read: rate(before.sectors_read, self.sectors_read, seconds)? * SECTOR,
            written: rate(before.sectors_written, self.sectors_written, seconds)? * SECTOR,
            busy: (rate(before.busy_milliseconds, self.busy_milliseconds, seconds)? / 1000.0).min(1.0) as f32,
        })
    }
}

/// The device's name and counters; `None` for what is no disk or never did anything.
fn parse(line: &str) -> Option<(&str, Counters)> {
    let mut fields = line.split_ascii_whitespace();
    let name = fields.nth(2)?;
    if NOT_DISKS.iter().any(|prefix| name.starts_with(prefix)) {
        return None;
    }
    let mut number = |skip: usize| fields.nth(skip).and_then(|field| field.parse::<u64>().ok());
    // reads, merged, SECTORS, ms | writes, merged, SECTORS, ms | in flight, BUSY ms
    let counters = Counters { sectors_read: number(2)?, sectors_written: number(3)?, busy_milliseconds: number(2)? };
    (counters.sectors_read > 0 || counters.sectors_written > 0).then_some((name, counters))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn whole_devices_have_rates_and_a_reset_gives_none() {
        let folder = tempfile::tempdir().unwrap();
        let (proc, block) = (folder.path().join("proc"), folder.path().join("sys/block"));
        std::fs::create_dir_all(&proc).unwrap();
        std::fs::create_dir_all(block.join("vda")).unwrap();
        let mut files = Files::new(folder.path());
        let (mut sampler, start) = (DiskSampler::default(), Instant::now());
        let mut at = |seconds: u64, text: &str| {
            std::fs::write(proc.join("diskstats"), text).unwrap();
            sampler.sample(&mut files, start + Duration::from_secs(seconds))
        };
        let first = " 7 0 loop0 1 1 9 1 1 1 9 1 0 9\n 254 0 vda 10 0 100 5 20 0 200 9 0 1000 5\n 254 1 vda1 10 0 100 5 20 0 200 9 0 1000 5\n";
        assert_eq!(at(0, first), vec![]);
        let second = "254 0 vda 10 0 120 5 20 0 240 9 0 6000 5\n254 1 vda1 10 0 120 5 20 0 240 9 0 6000 5\n254 16 vdb 1 0 1 1 1 0 1 1 0 1 1\n";
        let rates = at(10, second);
        assert_eq!(rates, vec![DiskRates { device: SafeText::new("vda"), read: 1024.0, written: 2048.0, busy: 0.5 }]);
        assert_eq!(at(20, "254 0 vda 1 0 1 1 1 0 1 1 0 1 1\nnonsense\n"), vec![], "a reset");
        assert_eq!(at(30, "254 0 vda 1 0 3 1 1 0 1 1 0 1 1\n").len(), 1);
    }
}
