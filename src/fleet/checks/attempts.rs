//! Soft and hard: how often a problem must be seen until it counts, as Icinga 2 does it.

use std::time::Duration;

use crate::fleet::words::CheckState;

/// Where a check stands between its first bad result and a confirmed problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempts {
    /// The newest result.
    pub state: CheckState,
    /// Whether it is confirmed. Ok is always hard.
    pub hard: bool,
    /// Which attempt the newest result is: 0 before the first, 1 for ok, and for a problem up to the number at which
    /// it became hard, where it stays.
    pub attempt: u32,
}

/// What a result changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transition {
    /// Nothing: the same hard state again, a reading.
    None,
    /// The state or the attempt of an unconfirmed problem, its end before it was confirmed included: a fact, no alert.
    Soft,
    /// The confirmed state: a fact that may open or resolve an alert.
    Hard,
}

impl Default for Attempts {
    fn default() -> Self {
        Self { state: CheckState::Pending, hard: true, attempt: 0 }
    }
}

impl Attempts {
    /// What a result makes of it, and what that changed. `max_attempts` below 1 counts as 1. A pending result says
    /// nothing and changes nothing.
    ///
    /// Ok is hard at once. A problem after ok is soft until it was seen `max_attempts` times in a row, also when it
    /// changes between warning, critical and unknown meanwhile. A hard problem that turns into another is hard at once.
    #[must_use]
    pub fn observe(self, state: CheckState, max_attempts: u32) -> (Self, Transition) {
        let confirmed_problem = self.hard && self.state.is_problem();
        match state {
            CheckState::Pending => (self, Transition::None),
            CheckState::Ok => {
                let transition = match () {
                    () if !self.hard => Transition::Soft,
                    () if self.state == CheckState::Ok => Transition::None,
                    () => Transition::Hard,
                };
                (Self { state, hard: true, attempt: 1 }, transition)
            }
            _ if confirmed_problem => {
                let transition = if self.state == state { Transition::None } else { Transition::Hard };
                (Self { state, ..self }, transition)
            }
            _ => {
                let attempt = if self.hard { 1 } else { self.attempt.saturating_add(1) };
                let hard = attempt >= max_attempts;
                (Self { state, hard, attempt }, if hard { Transition::Hard } else { Transition::Soft })
            }
        }
    }

    /// How long until the next run: the retry interval while a problem is soft.
    #[must_use]
    pub const fn next_interval(self, interval: Duration, retry_interval: Duration) -> Duration {
        if self.hard { interval } else { retry_interval }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use CheckState::{Critical, Ok, Pending, Unknown, Warning};

    /// Runs results through and prints what each became: `!` hard change, `~` soft change, `.` none.
    fn course(results: &[CheckState], max_attempts: u32) -> String {
        let mut attempts = Attempts::default();
        let mut text = Vec::new();
        for result in results {
            let transition;
            (attempts, transition) = attempts.observe(*result, max_attempts);
            let change = match transition {
                Transition::None => '.',
                Transition::Soft => '~',
                Transition::Hard => '!',
            };
            let hard = if attempts.hard { "hard" } else { "soft" };
            text.push(format!("{change}{} {hard} {}", attempts.state, attempts.attempt));
        }
        text.join(", ")
    }

    #[test]
    fn problems_become_hard_as_in_icinga() {
        for (results, max, expected) in [
            (&[Ok, Ok][..], 3, "!ok hard 1, .ok hard 1"),
            (&[Ok, Critical, Ok], 3, "!ok hard 1, ~critical soft 1, ~ok hard 1"),
            (
                &[Ok, Warning, Critical, Critical, Critical, Ok],
                3,
                "!ok hard 1, ~warning soft 1, ~critical soft 2, !critical hard 3, .critical hard 3, !ok hard 1",
            ),
            (&[Critical, Critical], 2, "~critical soft 1, !critical hard 2"),
            (&[Critical, Warning, Unknown], 1, "!critical hard 1, !warning hard 1, !unknown hard 1"),
            (&[Ok, Unknown], 0, "!ok hard 1, !unknown hard 1"),
            (&[Pending, Ok, Pending], 3, ".pending hard 0, !ok hard 1, .ok hard 1"),
        ] {
            assert_eq!(course(results, max), expected, "{results:?} of {max}");
        }
    }

    #[test]
    fn a_changed_limit_counts_from_the_next_result() {
        let soft = Attempts { state: Critical, hard: false, attempt: 3 };
        assert_eq!(soft.observe(Critical, 2), (Attempts { state: Critical, hard: true, attempt: 4 }, Transition::Hard));
        let hard = Attempts { state: Critical, hard: true, attempt: 3 };
        assert_eq!(hard.observe(Critical, 9), (hard, Transition::None));
    }

    #[test]
    fn a_soft_problem_is_retried_sooner() {
        let (normal, retry) = (Duration::from_secs(60), Duration::from_secs(10));
        let (soft, _) = Attempts::default().observe(Critical, 3);
        assert_eq!(soft.next_interval(normal, retry), retry);
        assert_eq!(Attempts::default().next_interval(normal, retry), normal);
    }

    fn results() -> impl Strategy<Value = Vec<CheckState>> {
        prop::collection::vec(prop::sample::select(vec![Ok, Warning, Critical, Unknown]), 0..60)
    }

    proptest! {
        #[test]
        fn a_problem_is_hard_after_so_many_in_a_row_and_ok_at_once(results in results(), max in 1_u32..6) {
            let (mut attempts, mut hard_state, mut in_a_row) = (Attempts::default(), Pending, 0_u32);
            for result in results {
                in_a_row = if result == Ok { 0 } else { in_a_row + 1 };
                let (next, transition) = attempts.observe(result, max);
                prop_assert_eq!(next.state, result);
                prop_assert_eq!(next.hard, result == Ok || in_a_row >= max);
                prop_assert!(next.attempt >= 1 && next.attempt <= max);
                let now_hard = if next.hard { result } else { hard_state };
                if hard_state != Pending {
                    prop_assert_eq!(transition == Transition::Hard, now_hard != hard_state);
                }
                prop_assert_eq!(transition == Transition::None, next == attempts);
                (attempts, hard_state) = (next, now_hard);
            }
        }
    }
}
