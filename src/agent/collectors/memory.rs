//! Main memory and swap, from `/proc/meminfo`.

use crate::agent::collectors::files::Files;
use crate::fleet::hosts::vitals::{Memory, Swap};

/// Memory and swap now; all zero where the kernel says nothing.
pub fn sample(files: &mut Files) -> (Memory, Swap) {
    let (mut total, mut free, mut cached, mut swap_total, mut swap_free) = (0, 0, 0, 0, 0);
    let mut available = None;
    for line in files.text("proc/meminfo").unwrap_or_default().lines() {
        let Some((key, value)) = line.split_once(':') else { continue };
        let kibibytes = value.split_ascii_whitespace().next().and_then(|value| value.parse::<u64>().ok());
        let bytes = kibibytes.unwrap_or(0).saturating_mul(1024);
        match key {
            "MemTotal" => total = bytes,
            "MemFree" => free = bytes,
            "MemAvailable" => available = Some(bytes),
            "Buffers" | "Cached" => cached += bytes,
            "SwapTotal" => swap_total = bytes,
            "SwapFree" => {
                swap_free = bytes;
                break;
            }
            _ => {}
        }
    }
    // kernels before 3.14 do not say what is available
    let available = available.unwrap_or(free + cached).min(total);
    let memory = Memory { total, used: total - available, available };
    (memory, Swap { total: swap_total, used: swap_total.saturating_sub(swap_free) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sampled(meminfo: &str) -> (Memory, Swap) {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("proc")).unwrap();
        std::fs::write(folder.path().join("proc/meminfo"), meminfo).unwrap();
        sample(&mut Files::new(folder.path()))
    }

    #[test]
    fn used_is_what_is_not_available() {
        let (memory, swap) = sampled(
            "MemTotal: 1000 kB\nMemFree: 100 kB\nMemAvailable: 600 kB\nBuffers: 1 kB\nSwapTotal: 50 kB\nSwapFree: 20 kB\n",
        );
        assert_eq!(memory, Memory { total: 1_024_000, used: 409_600, available: 614_400 });
        assert_eq!(swap, Swap { total: 51_200, used: 30_720 });
    }

    #[test]
    fn old_kernels_and_nonsense_do_not_go_below_zero() {
        let (memory, _) = sampled("MemTotal: 10 kB\nMemFree: 5 kB\nBuffers: 1 kB\nCached: 2 kB\n");
        assert_eq!(memory.available, 8 * 1024);
        let (memory, swap) = sampled("MemTotal: 10 kB\nMemAvailable: 20 kB\nSwapTotal: 1 kB\nSwapFree: 9 kB\n");
        assert_eq!((memory.used, swap.used), (0, 0));
        assert_eq!(sampled("garbage\n: :\n"), (Memory::default(), Swap::default()));
    }
}
