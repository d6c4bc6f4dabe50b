//! Processor time, from `/proc/stat`.

use crate::agent::collectors::files::Files;
use crate::fleet::hosts::vitals::Cpu;
use crate::fleet::words::Timestamp;

/// Keeps the last counters, to say what was used since.
#[derive(Debug, Default)]
pub struct CpuSampler {
    all: Option<Ticks>,
    /// By the core's number; cores can be switched off and on.
    cores: Vec<Option<Ticks>>,
}

/// Counters since the start of the host, in clock ticks.
#[derive(Clone, Copy, Debug, Default)]
struct Ticks {
    busy: u64,
    idle: u64,
    waiting: u64,
    stolen: u64,
}

impl CpuSampler {
    /// What was used since the last call, and when the host started by its own clock.
    pub fn sample(&mut self, files: &mut Files) -> (Cpu, Option<Timestamp>) {
        let mut cpu = Cpu::default();
        let mut booted_at = None;
        let Some(text) = files.text("proc/stat") else {
            *self = Self::default();
            return (cpu, None);
        };
        for line in text.lines() {
            if let Some(rest) = line.strip_prefix("cpu") {
                let (number, counters) = rest.split_once(' ').unwrap_or((rest, ""));
                let Some(ticks) = Ticks::parse(counters) else { continue };
                if number.is_empty() {
                    if let Some([busy, waiting, stolen]) = self.all.and_then(|before| ticks.shares_since(before)) {
                        (cpu.busy, cpu.waiting, cpu.stolen) = (Some(busy), Some(waiting), Some(stolen));
                    }
                    self.all = Some(ticks);
                } else if let Ok(number) = number.parse::<u16>() {
                    let number = usize::from(number);
                    if self.cores.len() <= number {
                        self.cores.resize(number + 1, None);
                    }
                    let Some(core) = self.cores.get_mut(number) else { continue };
                    if let Some([busy, ..]) = core.and_then(|before| ticks.shares_since(before)) {
                        cpu.cores.push(busy);
                    }
                    *core = Some(ticks);
                }
            } else if let Some(seconds) = line.strip_prefix("btime ") {
                booted_at = seconds.trim().parse::<i64>().ok().map(|seconds| Timestamp(seconds.saturating_mul(1000)));
                break;
            }
        }
        (cpu, booted_at)
    }
}

impl Ticks {
    fn parse(counters: &str) -> Option<Self> {
        let mut fields = counters.split_ascii_whitespace().map_while(|field| field.parse::<u64>().ok());
        // user nice system idle iowait irq softirq steal; guest time is inside user and nice
        let (user, nice, system, idle) = (fields.next()?, fields.next()?, fields.next()?, fields.next()?);
        let mut later = || fields.next().unwrap_or(0);
        let (waiting, irq, softirq, stolen) = (later(), later(), later(), later());
        let busy = [user, nice, system, irq, softirq, stolen].into_iter().fold(0, u64::saturating_add);
        Some(Self { busy, idle, waiting, stolen })
    }

    /// Busy, waiting and stolen as shares of all time since `before`. The kernel's idle and iowait counters can go back
    /// a little; that counts as nothing gained.
    fn shares_since(self, before: Self) -> Option<[f32; 3]> {
        let gained = |now: u64, before: u64| now.saturating_sub(before) as f64;
        let busy = gained(self.busy, before.busy);
        let waiting = gained(self.waiting, before.waiting);
        let total = busy + waiting + gained(self.idle, before.idle);
        let share = |part: f64| (part / total) as f32;
        (total > 0.0).then(|| [share(busy), share(waiting), share(gained(self.stolen, before.stolen))])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stat(root: &std::path::Path, text: &str) {
        std::fs::create_dir_all(root.join("proc")).unwrap();
        std::fs::write(root.join("proc/stat"), text).unwrap();
    }

    #[test]
    fn shares_come_from_two_samples_and_the_first_has_none() {
        let folder = tempfile::tempdir().unwrap();
        let (mut files, mut sampler) = (Files::new(folder.path()), CpuSampler::default());
        stat(
            folder.path(),
            "cpu  100 0 0 100 0 0 0 0 50 0\ncpu0 100 0 0 100 0 0 0 0 0 0\nintr 1 2\nbtime 1700000000\n",
        );
        let (cpu, booted_at) = sampler.sample(&mut files);
        assert_eq!((cpu.busy, cpu.cores.len(), booted_at), (None, 0, Some(Timestamp(1_700_000_000_000))));
        stat(folder.path(), "cpu  120 0 0 150 20 0 0 10 60 0\ncpu0 125 0 0 175 0 0 0 0 0 0\ncpu3 1 1 1 1\n");
        let (cpu, _) = sampler.sample(&mut files);
        assert_eq!((cpu.busy, cpu.waiting, cpu.stolen), (Some(0.3), Some(0.2), Some(0.1)));
        assert_eq!(cpu.cores, vec![0.25], "a core that came up has no share yet");
    }

    #[test]
    fn no_time_or_no_file_gives_no_number() {
        let folder = tempfile::tempdir().unwrap();
        let (mut files, mut sampler) = (Files::new(folder.path()), CpuSampler::default());
        for text in ["cpu  1 1 1 1\n", "cpu  1 1 1 1\n", "cpu  x\ncpu99999999 1 1 1 1\n"] {
            stat(folder.path(), text);
            assert_eq!(sampler.sample(&mut files).0, Cpu::default(), "{text:?}");
        }
        std::fs::remove_file(folder.path().join("proc/stat")).unwrap();
        assert_eq!(sampler.sample(&mut files).0, Cpu::default());
    }
}
