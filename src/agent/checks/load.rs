//! The five-minute load average divided by the number of cores.

use crate::agent::checks::figures::value;
use crate::fleet::checks::perfdata::Perfdata;
use crate::fleet::checks::result::CheckResult;
use crate::fleet::checks::threshold::Thresholds;
use crate::fleet::hosts::vitals::Vitals;

/// Judges the load a core.
#[must_use]
pub fn judge(thresholds: &Thresholds, vitals: &Vitals, cores: u32) -> CheckResult {
    let Some(load) = vitals.load else { return CheckResult::unknown("the kernel gives no load averages") };
    if cores == 0 {
        return CheckResult::unknown("the number of cores is not known, so the load can't be judged");
    }
    let a_core = f64::from(load.five) / f64::from(cores);
    let summary = format!(
        "{a_core:.2} a core over 5 min (load {:.2} {:.2} {:.2}, {cores} {})",
        load.one,
        load.five,
        load.fifteen,
        if cores == 1 { "core" } else { "cores" },
    );
    let average = |label: &str, load: f32| Perfdata::new(label, (f64::from(load) * 100.0).round() / 100.0, "");
    CheckResult::new(thresholds.judge(a_core), &summary).with_perfdata(vec![
        value("load5_per_core", (a_core * 1000.0).round() / 1000.0, "", thresholds, None),
        average("load1", load.one),
        average("load5", load.five),
        average("load15", load.fifteen),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::checks::fixtures::thresholds_of;
    use crate::fleet::hosts::vitals::Load;
    use crate::fleet::words::CheckState;

    #[test]
    fn five_minutes_a_core_count() {
        let vitals = Vitals { load: Some(Load { one: 99.0, five: 6.0, fifteen: 1.0 }), ..Vitals::default() };
        for (cores, state) in
            [(8, CheckState::Ok), (4, CheckState::Warning), (2, CheckState::Critical), (0, CheckState::Unknown)]
        {
            assert_eq!(judge(&thresholds_of("1", "2"), &vitals, cores).state, state, "{cores}");
        }
        assert_eq!(
            judge(&thresholds_of("1", "2"), &vitals, 4).summary,
            "1.50 a core over 5 min (load 99.00 6.00 1.00, 4 cores)"
        );
    }
}
