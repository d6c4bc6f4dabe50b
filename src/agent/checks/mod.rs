//! What is judged on a host, one file a kind. Built-in checks judge the last sample of the vitals; plugins are run.

pub mod cpu;
pub mod disk;
pub mod load;
pub mod memory;
pub mod plugin;
pub mod process;

use crate::fleet::checks::perfdata::Perfdata;
use crate::fleet::checks::result::CheckResult;
use crate::fleet::checks::threshold::{Range, Thresholds};
use crate::fleet::configuration::{AssignedCheck, CheckKind};
use crate::fleet::hosts::vitals::Vitals;
use crate::fleet::words::CheckState;

/// What a built-in check looks at.
#[derive(Clone, Copy, Debug)]
pub struct Measured<'a> {
    /// The last sample.
    pub vitals: &'a Vitals,
    /// Logical cores; 0 where not known.
    pub cores: u32,
    /// Busy share of all cores since the check's last run, 0 to 1.
    pub cpu_busy: Option<f64>,
    /// Running processes of the name the check asks for.
    pub running: Option<u32>,
}

/// The result of a built-in check; `None` for a plugin, which has to be run.
#[must_use]
pub fn judge(check: &AssignedCheck, measured: &Measured<'_>) -> Option<CheckResult> {
    if matches!(check.kind, CheckKind::Plugin { .. }) {
        return None;
    }
    let thresholds = match thresholds(check) {
        Ok(thresholds) => thresholds,
        Err(wrong) => return Some(CheckResult::unknown(&wrong)),
    };
    Some(match &check.kind {
        CheckKind::Cpu => cpu::judge(&thresholds, measured.cpu_busy),
        CheckKind::Memory => memory::judge_memory(&thresholds, measured.vitals),
        CheckKind::Swap => memory::judge_swap(&thresholds, measured.vitals),
        CheckKind::Disk { mount } => disk::judge(&thresholds, mount, measured.vitals),
        CheckKind::Load => load::judge(&thresholds, measured.vitals, measured.cores),
        CheckKind::Process { name } => process::judge(&thresholds, name, measured.running),
        CheckKind::Plugin { .. } => return None,
    })
}

/// Reads the check's ranges; the text says which is wrong, how, and where it is written.
fn thresholds(check: &AssignedCheck) -> Result<Thresholds, String> {
    let range = |written: &Option<String>, what: &str| -> Result<Option<Range>, String> {
        let Some(written) = written else { return Ok(None) };
        written
            .parse()
            .map(Some)
            .map_err(|error| format!("the {what} range of this check is wrong ({}): {error}", check.source))
    };
    Ok(Thresholds { warning: range(&check.warning, "warning")?, critical: range(&check.critical, "critical")? })
}

/// A measured value with the ranges it was judged by.
fn value(label: &str, value: f64, unit: &str, thresholds: &Thresholds, max: Option<f64>) -> Perfdata {
    Perfdata {
        warning: thresholds.warning,
        critical: thresholds.critical,
        min: Some(0.0),
        max,
        ..Perfdata::new(label, value, unit)
    }
}

/// The graver of two states.
fn worst(one: CheckState, other: CheckState) -> CheckState {
    if other.gravity() > one.gravity() { other } else { one }
}

/// Bytes in the unit people read them in.
fn size(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let mut amount = bytes as f64 / 1024.0;
    let mut units = UNITS.into_iter();
    let mut unit = units.next().unwrap_or_default();
    while amount >= 999.5 {
        let Some(larger) = units.next() else { break };
        (amount, unit) = (amount / 1024.0, larger);
    }
    if amount < 9.95 { format!("{amount:.1} {unit}") } else { format!("{amount:.0} {unit}") }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::time::Duration;

    use super::*;
    use crate::fleet::configuration::Provenance;

    /// A check that runs every minute, retries every ten seconds, and is hard after three attempts.
    pub(crate) fn assigned(name: &str, kind: CheckKind, warning: &str, critical: &str) -> AssignedCheck {
        let range = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        AssignedCheck {
            name: name.into(),
            kind,
            interval: Duration::from_secs(60),
            retry_interval: Duration::from_secs(10),
            attempts: 3,
            timeout: Duration::from_secs(10),
            warning: range(warning),
            critical: range(critical),
            source: Provenance::built_in(),
        }
    }

    pub(crate) fn thresholds_of(warning: &str, critical: &str) -> Thresholds {
        Thresholds { warning: warning.parse().ok(), critical: critical.parse().ok() }
    }

    #[test]
    fn a_wrong_range_is_unknown_and_says_where_it_stands() {
        let measured = Measured { vitals: &Vitals::default(), cores: 1, cpu_busy: Some(0.1), running: None };
        let result = judge(&assigned("cpu", CheckKind::Cpu, "9o", ""), &measured).unwrap();
        assert_eq!(result.state, CheckState::Unknown);
        assert!(result.summary.as_str().contains("warning range") && result.summary.as_str().contains("built-in"));
    }

    #[test]
    fn nothing_measured_is_never_ok() {
        let measured = Measured { vitals: &Vitals::default(), cores: 0, cpu_busy: None, running: None };
        for kind in [
            CheckKind::Cpu,
            CheckKind::Memory,
            CheckKind::Swap,
            CheckKind::Load,
            CheckKind::Disk { mount: "*".into() },
            CheckKind::Process { name: "x".into() },
        ] {
            let result = judge(&assigned("c", kind.clone(), "80", "90"), &measured).unwrap();
            assert_eq!(result.state, CheckState::Unknown, "{kind:?}");
        }
        let plugin = CheckKind::Plugin { program: "x".into(), args: vec![] };
        assert_eq!(judge(&assigned("c", plugin, "", ""), &measured), None);
    }

    #[test]
    fn sizes_are_short() {
        for (bytes, text) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.0 KiB"),
            (10_240, "10 KiB"),
            (1_048_575, "1.0 MiB"),
            (5_368_709_120, "5.0 GiB"),
            (u64::MAX, "16 EiB"),
        ] {
            assert_eq!(size(bytes), text);
        }
    }
}
