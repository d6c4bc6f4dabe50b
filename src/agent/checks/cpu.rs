//! Percent of all processor time that was busy since the check's last run.

use crate::agent::checks::figures::value;
use crate::fleet::checks::result::CheckResult;
use crate::fleet::checks::threshold::Thresholds;
use crate::fleet::hosts::vitals::Vitals;

/// Judges a busy share of 0 to 1.
#[must_use]
pub fn judge(thresholds: &Thresholds, busy: Option<f64>) -> CheckResult {
    let Some(busy) = busy else { return CheckResult::unknown("processor time was not measured yet") };
    let percent = busy * 100.0;
    CheckResult::new(thresholds.judge(percent), &format!("{percent:.0}% busy")).with_perfdata(vec![value(
        "busy",
        (percent * 10.0).round() / 10.0,
        "%",
        thresholds,
        Some(100.0),
    )])
}

/// Adds up busy time over samples, so that a check judges all the time since its last run and not the last sample.
#[derive(Clone, Copy, Debug, Default)]
pub struct BusyTime {
    busy: f64,
    all: f64,
}

impl BusyTime {
    /// Takes in a sample that covers the last `seconds`.
    pub fn add(&mut self, vitals: &Vitals, seconds: f64) {
        if let Some(busy) = vitals.cpu.busy {
            self.busy += f64::from(busy) * seconds;
            self.all += seconds;
        }
    }

    /// The busy share since `before`; `None` where nothing was measured since.
    #[must_use]
    pub fn share_since(&self, before: Self) -> Option<f64> {
        let all = self.all - before.all;
        (all > 0.0).then(|| (self.busy - before.busy) / all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::checks::fixtures::thresholds_of;
    use crate::fleet::hosts::vitals::Cpu;
    use crate::fleet::words::CheckState;

    #[test]
    fn the_share_is_judged_in_percent() {
        let thresholds = thresholds_of("80", "95");
        for (busy, state, summary) in [
            (Some(0.5), CheckState::Ok, "50% busy"),
            (Some(0.8012), CheckState::Warning, "80% busy"),
            (Some(1.0), CheckState::Critical, "100% busy"),
            (Some(f64::NAN), CheckState::Unknown, "NaN% busy"),
            (None, CheckState::Unknown, "processor time was not measured yet"),
        ] {
            let result = judge(&thresholds, busy);
            assert_eq!((result.state, result.summary.as_str()), (state, summary));
        }
        assert_eq!(
            judge(&thresholds, Some(0.5)).perfdata.first().map(ToString::to_string).as_deref(),
            Some("busy=50%;80;95;0;100")
        );
    }

    #[test]
    fn a_check_judges_all_the_time_since_its_last_run() {
        let sample = |busy| Vitals { cpu: Cpu { busy, ..Cpu::default() }, ..Vitals::default() };
        let mut time = BusyTime::default();
        time.add(&sample(Some(1.0)), 10.0);
        let last_run = time;
        assert_eq!(time.share_since(last_run), None);
        time.add(&sample(Some(0.0)), 30.0);
        time.add(&sample(None), 10.0);
        time.add(&sample(Some(1.0)), 10.0);
        assert_eq!(time.share_since(last_run), Some(0.25));
    }
}
