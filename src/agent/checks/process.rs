//! The number of running processes of one name.

use crate::agent::checks::figures::value;
use crate::fleet::checks::result::CheckResult;
use crate::fleet::checks::threshold::Thresholds;

/// Judges how many run.
#[must_use]
pub fn judge(thresholds: &Thresholds, name: &str, running: Option<u32>) -> CheckResult {
    let Some(running) = running else { return CheckResult::unknown("the processes were not counted yet") };
    let running_count = f64::from(running);
    let summary = match running {
        0 => format!("no process {name} is running"),
        1 => format!("1 process {name}"),
        _ => format!("{running} processes {name}"),
    };
    let perfdata = vec![value("processes", running_count, "", thresholds, None)];
    CheckResult::new(thresholds.judge(running_count), &summary).with_perfdata(perfdata)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::checks::fixtures::thresholds_of;
    use crate::fleet::words::CheckState;

    #[test]
    fn the_range_decides_how_many_are_right() {
        let thresholds = thresholds_of("1:5", "1:");
        for (running, state) in [
            (Some(0), CheckState::Critical),
            (Some(1), CheckState::Ok),
            (Some(6), CheckState::Warning),
            (None, CheckState::Unknown),
        ] {
            assert_eq!(judge(&thresholds, "sshd", running).state, state, "{running:?}");
        }
        assert_eq!(judge(&thresholds, "sshd", Some(0)).summary, "no process sshd is running");
    }
}
