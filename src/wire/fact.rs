//! Facts: what an agent writes to its outbox and a hub takes from it.

use bytes::{Buf, Bytes};
use prost::Message as _;

use crate::fleet::fact::{Fact, FactBody};
use crate::fleet::words::{CommandId, Timestamp};
use crate::wire::checked::{at_most, checked_action_key, checked_check, checked_job};
use crate::wire::enums::check_state;
use crate::wire::error::{WireError, need};
use crate::wire::limits::{FACT_MAX, INTERVAL_MAX_MS};
use crate::wire::pb::fact::Body;
use crate::wire::{pb, text};

/// The fact as the outbox and the link carry it.
#[must_use]
pub fn encode_fact(fact: &Fact) -> Bytes {
    pb::Fact::from(fact).encode_to_vec().into()
}

/// Reads a fact that a host told. Texts longer than their limits are cut.
///
/// # Errors
/// The bytes are no fact, it is too large, or it names its check in a way no check can be named. An agent newer than
/// this hub can send a kind that is not known here ([`WireError::is_newer`]).
pub fn decode_fact(bytes: impl Buf) -> Result<Fact, WireError> {
    at_most("a fact", bytes.remaining(), FACT_MAX, "bytes")?;
    pb::Fact::decode(bytes).map_err(|source| WireError::Undecodable { message: "Fact", source })?.try_into()
}

impl From<&Fact> for pb::Fact {
    fn from(fact: &Fact) -> Self {
        let body = match &fact.body {
            FactBody::Check { name, state, hard, attempt, max_attempts, summary, long_text, perfdata, interval_ms } => {
                Body::Check(pb::CheckFact {
                    check: name.as_str().into(),
                    state: pb::CheckState::from(*state).into(),
                    hard: *hard,
                    attempt: *attempt,
                    max_attempts: *max_attempts,
                    summary: summary.as_str().into(),
                    long_text: long_text.as_str().into(),
                    perfdata: perfdata.as_str().into(),
                    interval: *interval_ms,
                })
            }
            FactBody::Described(os) => Body::Described(os.into()),
            FactBody::Gone(check) => Body::Gone(pb::CheckGone { check: check.as_str().into() }),
            FactBody::Command { command, key, report, stdout, stderr } => Body::Command(pb::CommandFact {
                command: command.0,
                key: key.0.to_be_bytes().to_vec().into(),
                report: Some(report.into()),
                stdout: stdout.clone().into(),
                stderr: stderr.clone().into(),
            }),
            FactBody::Backup { job, found, days, today, long_text } => Body::Backup(pb::BackupFact {
                job: job.as_str().into(),
                found: Some((&**found).into()),
                days: Some(days.into()),
                today: *today,
                long_text: long_text.as_str().into(),
            }),
        };
        Self { at: fact.at.0, body: Some(body) }
    }
}

impl TryFrom<pb::Fact> for Fact {
    type Error = WireError;

    fn try_from(fact: pb::Fact) -> Result<Self, WireError> {
        let body = fact.body.ok_or_else(|| WireError::Unknown {
            message: "Fact",
            field: "body",
            value: "of another kind".to_owned(),
        })?;
        let body = match body {
            Body::Check(check) => FactBody::Check {
                name: checked_check("CheckFact", &check.check)?,
                state: check_state(check.state),
                hard: check.hard,
                attempt: check.attempt.max(1),
                max_attempts: check.max_attempts.max(1),
                summary: text::line(&check.summary),
                long_text: text::long_text(&check.long_text),
                perfdata: text::perfdata(&check.perfdata),
                interval_ms: check.interval.clamp(1, INTERVAL_MAX_MS),
            },
            Body::Described(os) => FactBody::Described(os.into()),
            Body::Gone(gone) => FactBody::Gone(checked_check("CheckGone", &gone.check)?),
            Body::Command(told) => FactBody::Command {
                command: CommandId(told.command),
                key: checked_action_key("CommandFact", &told.key)?,
                report: need(told.report, "CommandFact", "report")?.try_into()?,
                stdout: told.stdout.into(),
                stderr: told.stderr.into(),
            },
            Body::Backup(backup) => FactBody::Backup {
                job: checked_job("BackupFact", &backup.job)?,
                found: Box::new(need(backup.found, "BackupFact", "found")?.into()),
                days: backup.days.unwrap_or_default().into(),
                today: backup.today,
                long_text: text::long_text(&backup.long_text),
            },
        };
        Ok(Self { at: Timestamp(fact.at), body })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::words::CheckState;

    fn check(check: pb::CheckFact) -> Result<Fact, WireError> {
        decode_fact(pb::Fact { at: 1, body: Some(Body::Check(check)) }.encode_to_vec().as_slice())
    }

    #[test]
    fn a_hostile_fact_is_tamed_or_refused() {
        let tame = check(pb::CheckFact {
            check: "disk".into(),
            state: 77,
            summary: "x".repeat(100_000),
            interval: u64::MAX,
            ..Default::default()
        });
        let Ok(Fact { body: FactBody::Check { state, summary, attempt, interval_ms, .. }, .. }) = tame else {
            panic!("{tame:?}")
        };
        assert_eq!((state, attempt, interval_ms), (CheckState::Unknown, 1, INTERVAL_MAX_MS));
        assert!(summary.as_str().len() <= crate::wire::limits::SUMMARY_MAX);
        let refused = check(pb::CheckFact { check: "../etc".into(), ..Default::default() });
        assert!(matches!(refused, Err(WireError::Invalid { message: "CheckFact", field: "check", .. })));
        let large = vec![0; FACT_MAX + 1];
        assert!(matches!(decode_fact(large.as_slice()), Err(WireError::TooLarge { .. })));
        assert!(decode_fact(&[][..]).is_err_and(|error| error.is_newer()));
    }
}
