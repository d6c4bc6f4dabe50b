//! One assigned check: where it stands and when it runs next.

use std::time::Duration;

use tokio::task::AbortHandle;
use tokio::time::Instant;

use crate::agent::checks::cpu::BusyTime;
use crate::fleet::checks::Attempts;
use crate::fleet::configuration::{AssignedCheck, CheckKind};

/// Checks that must be started as a program begin within this time of their assignment.
const FIRST_RUNS: Duration = Duration::from_secs(10);
/// No check runs more often, whatever is assigned.
const INTERVAL_MIN: Duration = Duration::from_millis(100);

/// A check that runs here.
#[derive(Debug)]
pub struct Slot {
    /// What to run.
    pub check: AssignedCheck,
    /// Soft and hard.
    pub attempts: Attempts,
    /// When it runs next.
    pub due: Instant,
    /// While its program runs, or waits for its turn.
    pub run: Run,
    /// Busy processor time at its last run.
    pub busy: BusyTime,
    /// Its place within its interval, so that not all checks of all hosts run in the same second.
    spread: u32,
}

/// Whether a check's program is at work.
#[derive(Debug)]
pub enum Run {
    /// Neither.
    Idle,
    /// It is due and waits until fewer programs run.
    Waiting,
    /// It runs.
    Running {
        /// Tells its result from that of a program started for an older assignment.
        number: u64,
        /// When it was due.
        due: Instant,
        /// Ends it.
        program: AbortHandle,
    },
}

impl Slot {
    /// A slot for a check that was just assigned. `first_sample` is when built-in checks have something to judge.
    pub fn new(host: &str, check: AssignedCheck, attempts: Attempts, now: Instant, first_sample: Instant) -> Self {
        let spread = crc32fast::hash(format!("{host}\0{}", check.name).as_bytes());
        let mut slot = Self { check, attempts, due: now, run: Run::Idle, busy: BusyTime::default(), spread };
        slot.due = slot.first_due(now, first_sample);
        slot
    }

    /// When a check runs for the first time under its assignment: soon, not an interval from now.
    pub fn first_due(&self, now: Instant, first_sample: Instant) -> Instant {
        match self.check.kind {
            CheckKind::Plugin { .. } => now + share(self.interval().min(FIRST_RUNS), self.spread),
            _ => first_sample.max(now),
        }
    }

    /// Whether another definition means another check: where it is written does not count.
    pub fn runs(&self, check: &AssignedCheck) -> bool {
        AssignedCheck { source: check.source.clone(), ..self.check.clone() } == *check
    }

    /// Sets the next run behind one that was due at `due`. `wall` is milliseconds of wall time at `now`: intervals are
    /// counted from a fixed beginning, so that a restart does not move them. Gives the runs that were left out.
    pub fn plan(&mut self, due: Instant, now: Instant, wall: u64) -> u64 {
        let wait = if self.attempts.hard {
            let interval = milliseconds(self.interval());
            let place = milliseconds(share(self.interval(), self.spread));
            Duration::from_millis(interval - (wall % interval + interval - place % interval) % interval)
        } else {
            let retry = self.check.retry_interval.max(INTERVAL_MIN);
            (due + retry).saturating_duration_since(now).max(INTERVAL_MIN.min(retry))
        };
        let step = self.attempts.next_interval(self.interval(), self.check.retry_interval.max(INTERVAL_MIN));
        self.due = now + wait;
        let late = now.saturating_duration_since(due).as_millis() / step.as_millis().max(1);
        u64::try_from(late).unwrap_or(u64::MAX)
    }

    /// Between two results at most, as the hub is told.
    pub fn longest_interval(&self) -> Duration {
        self.interval().max(self.check.retry_interval).max(self.check.timeout)
    }

    fn interval(&self) -> Duration {
        self.check.interval.max(INTERVAL_MIN)
    }
}

/// The part of `span` that `spread` stands for.
fn share(span: Duration, spread: u32) -> Duration {
    span.mul_f64(f64::from(spread) / (f64::from(u32::MAX) + 1.0))
}

fn milliseconds(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::agent::checks::fixtures::assigned;
    use crate::fleet::words::CheckState;

    fn slot(host: &str, name: &str) -> Slot {
        let now = Instant::now();
        let plugin = CheckKind::Plugin { program: "x".into(), args: vec![] };
        Slot::new(host, assigned(name, plugin, "", ""), Attempts::default(), now, now)
    }

    #[test]
    fn runs_are_spread_over_the_interval_and_the_same_after_a_restart() {
        let now = Instant::now();
        let mut seconds = std::collections::BTreeSet::new();
        for host in 0..200 {
            let mut slot = slot(&format!("host-{host}"), "disk");
            slot.plan(now, now, 1_700_000_000_000);
            let wait = slot.due - now;
            assert!(wait > Duration::ZERO && wait <= Duration::from_secs(60));
            seconds.insert(wait.as_secs());
            let mut again = self::slot(&format!("host-{host}"), "disk");
            again.plan(now, now, 1_700_000_000_000 + 25_000);
            let place = |wait: Duration, later: u64| (wait.as_millis() as u64 + later) % 60_000;
            assert_eq!(place(again.due - now, 25_000), place(wait, 0));
        }
        assert!(seconds.len() > 40, "{}", seconds.len());
    }

    #[test]
    fn a_soft_problem_is_retried_after_its_retry_interval() {
        let (mut slot, now) = (slot("h", "c"), Instant::now());
        slot.attempts = Attempts { state: CheckState::Critical, hard: false, attempt: 1 };
        assert_eq!(slot.plan(now, now + Duration::from_secs(3), 5), 0);
        assert_eq!(slot.due, now + Duration::from_secs(10));
        assert_eq!(slot.plan(now, now + Duration::from_secs(35), 5), 3, "runs left out");
        assert!(slot.due > now + Duration::from_secs(35));
    }

    #[test]
    fn where_a_check_is_written_makes_no_other_check() {
        let slot = slot("h", "c");
        let mut check = slot.check.clone();
        check.source.line = 99;
        assert!(slot.runs(&check));
        check.attempts = 9;
        assert!(!slot.runs(&check));
    }

    proptest! {
        #[test]
        fn the_next_run_is_ahead_and_within_the_interval(interval in 0..10_000_000_u64, wall: u64, name in "[a-z]{1,8}") {
            let (mut slot, now) = (slot("h", &name), Instant::now());
            slot.check.interval = Duration::from_millis(interval);
            slot.plan(now, now, wall);
            prop_assert!(slot.due > now && slot.due <= now + slot.interval());
        }
    }
}
