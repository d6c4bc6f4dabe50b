//! Load averages and uptime, from `/proc/loadavg` and `/proc/uptime`.

use crate::agent::collectors::files::Files;
use crate::fleet::hosts::vitals::Load;

/// Load averages now.
pub fn sample(files: &mut Files) -> Option<Load> {
    let text = files.text("proc/loadavg")?;
    let mut averages =
        text.split_ascii_whitespace().map(|field| field.parse::<f32>().ok().filter(|load| load.is_finite()));
    let mut next = || averages.next().flatten();
    Some(Load { one: next()?, five: next()?, fifteen: next()? })
}

/// Whole seconds since the host started; 0 where the kernel says nothing.
pub fn uptime_seconds(files: &mut Files) -> u64 {
    let text = files.text("proc/uptime").unwrap_or_default();
    text.split(['.', ' ']).next().and_then(|seconds| seconds.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn averages_and_uptime_are_read_and_nonsense_is_absent() {
        let folder = tempfile::tempdir().unwrap();
        let proc = folder.path().join("proc");
        std::fs::create_dir(&proc).unwrap();
        let mut files = Files::new(folder.path());
        assert_eq!((sample(&mut files), uptime_seconds(&mut files)), (None, 0));
        std::fs::write(proc.join("loadavg"), "0.50 1.25 2.00 3/200 4567\n").unwrap();
        std::fs::write(proc.join("uptime"), "86400.93 1000.00\n").unwrap();
        assert_eq!(sample(&mut files), Some(Load { one: 0.5, five: 1.25, fifteen: 2.0 }));
        assert_eq!(uptime_seconds(&mut files), 86_400);
        std::fs::write(proc.join("loadavg"), "nan inf 2.00\n").unwrap();
        assert_eq!(sample(&mut files), None);
    }
}
