//! What a synthetic host measures: plausible numbers that wander, the same for the same host and turn.

use crate::fleet::hosts::vitals::{FileSystem, Load, Vitals};
use crate::fleet::words::SafeText;
use crate::wire::pb;

/// Series a synthetic host samples, as many as a small server has.
pub const SERIES: u32 = 60;

const GIB: u64 = 1 << 30;

/// Its vitals at a turn.
pub fn vitals(host: u64, turn: u64) -> Vitals {
    let mut vitals = Vitals::default();
    vitals.cpu.busy = Some(wave(host, turn, 0) * 0.6);
    vitals.memory.total = 16 * GIB;
    vitals.memory.used = (16.0 * GIB as f32 * (0.3 + 0.4 * wave(host, turn / 30, 1))) as u64;
    vitals.memory.available = vitals.memory.total - vitals.memory.used;
    let one = 4.0 * wave(host, turn, 2);
    vitals.load = Some(Load { one, five: one * 0.8, fifteen: one * 0.7 });
    vitals.uptime_seconds = 86_400 + turn * 10;
    vitals.process_count = 180;
    vitals.file_systems = vec![FileSystem {
        mount: SafeText::new("/"),
        fs_type: SafeText::new("ext4"),
        total: 100 * GIB,
        used: (100.0 * GIB as f32 * (0.4 + 0.3 * wave(host, turn / 300, 3))) as u64,
        available: 25 * GIB,
        inodes_total: 6_000_000,
        inodes_used: 400_000,
        read_only: false,
    }];
    vitals
}

/// Its samples at a turn; the names go along with the first of a stream.
pub fn samples(host: u64, turn: u64, at: i64, first: bool) -> pb::Samples {
    let names = if first {
        (0..SERIES).map(|number| pb::SeriesName { number, name: format!("synthetic.{number:02}") }).collect()
    } else {
        Vec::new()
    };
    let values = (0..SERIES).map(|series| f64::from((wave(host, turn, u64::from(series)) * 1000.0).round()) / 10.0);
    pb::Samples { at, names, series: (0..SERIES).collect(), values: values.collect() }
}

/// A wandering share from 0 to 1.
fn wave(host: u64, turn: u64, series: u64) -> f32 {
    let phase = (host * 31 + series * 17) % 97;
    let slow = ((turn + phase) as f32 / 40.0).sin();
    let fast = ((turn * 7 + phase * 3) as f32 / 5.0).sin();
    (0.5 + 0.35 * slow + 0.15 * fast).clamp(0.0, 1.0)
}
