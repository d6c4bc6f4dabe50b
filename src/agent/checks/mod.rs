//! What is judged on a host, one file a kind. Built-in checks judge the last sample of the vitals; plugins are run.

pub mod cpu;
pub mod disk;
pub mod figures;
#[cfg(test)]
pub(crate) mod fixtures;
pub mod load;
pub mod memory;
pub mod plugin;
pub mod process;

use crate::fleet::checks::result::CheckResult;
use crate::fleet::checks::threshold::{Range, Thresholds};
use crate::fleet::configuration::{AssignedCheck, CheckKind};
use crate::fleet::hosts::vitals::Vitals;

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::checks::fixtures::assigned;
    use crate::fleet::words::CheckState;

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
}
