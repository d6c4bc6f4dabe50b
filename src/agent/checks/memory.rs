//! Percent of memory that programs can't get, and percent of swap in use.

use crate::agent::checks::figures::{size, value};
use crate::fleet::checks::perfdata::Perfdata;
use crate::fleet::checks::result::CheckResult;
use crate::fleet::checks::threshold::Thresholds;
use crate::fleet::hosts::vitals::Vitals;
use crate::fleet::words::CheckState;

/// Judges main memory.
#[must_use]
pub fn judge_memory(thresholds: &Thresholds, vitals: &Vitals) -> CheckResult {
    let memory = vitals.memory;
    let Some(share) = memory.used_share() else {
        return CheckResult::unknown("the kernel does not say how much memory there is");
    };
    let percent = share * 100.0;
    let summary = format!("{percent:.0}% used, {} of {} available", size(memory.available), size(memory.total));
    CheckResult::new(thresholds.judge(percent), &summary).with_perfdata(values(
        thresholds,
        percent,
        memory.used,
        memory.total,
    ))
}

/// Judges swap; a host without swap is ok.
#[must_use]
pub fn judge_swap(thresholds: &Thresholds, vitals: &Vitals) -> CheckResult {
    let swap = vitals.swap;
    if vitals.memory.total == 0 {
        return CheckResult::unknown("the kernel does not say how much swap there is");
    }
    let Some(share) = swap.used_share() else { return CheckResult::new(CheckState::Ok, "no swap") };
    let percent = share * 100.0;
    let summary =
        format!("{percent:.0}% used, {} of {} free", size(swap.total - swap.used.min(swap.total)), size(swap.total));
    CheckResult::new(thresholds.judge(percent), &summary)
        .with_perfdata(values(thresholds, percent, swap.used, swap.total))
}

fn values(thresholds: &Thresholds, percent: f64, used: u64, total: u64) -> Vec<Perfdata> {
    let used = Perfdata { min: Some(0.0), max: Some(total as f64), ..Perfdata::new("used_bytes", used as f64, "B") };
    vec![value("used", (percent * 10.0).round() / 10.0, "%", thresholds, Some(100.0)), used]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::checks::fixtures::thresholds_of;
    use crate::fleet::hosts::vitals::{Memory, Swap};

    #[test]
    fn what_programs_cannot_get_counts() {
        let vitals = |available| {
            let memory = Memory { total: 1000, used: 1000 - available, available };
            Vitals { memory, swap: Swap { total: 100, used: 95 }, ..Vitals::default() }
        };
        let thresholds = thresholds_of("80", "90");
        assert_eq!(judge_memory(&thresholds, &vitals(500)).state, CheckState::Ok);
        assert_eq!(judge_memory(&thresholds, &vitals(150)).state, CheckState::Warning);
        let critical = judge_memory(&thresholds, &vitals(50));
        assert_eq!(
            (critical.state, critical.summary.as_str()),
            (CheckState::Critical, "95% used, 50 B of 1000 B available")
        );
        assert_eq!(judge_swap(&thresholds, &vitals(500)).state, CheckState::Critical);
        let none = Vitals { swap: Swap::default(), ..vitals(500) };
        assert_eq!(judge_swap(&thresholds, &none).summary, "no swap");
    }
}
