//! Commands, their outcomes and their events.

use std::time::Duration;

use crate::fleet::commands::{
    Argv, Asked, Command, Event, HOSTS_PER_EVENT, Kept, Outcome, OutcomeState, Report, Tally,
};
use crate::fleet::words::{BlobId, ClientId, CommandId, HostId, Timestamp};
use crate::wire::checked::{at_most, checked_action_key, checked_optional_hash};
use crate::wire::enums::outcome_state;
use crate::wire::error::{WireError, need};
use crate::wire::pb::event::Body;
use crate::wire::{pb, text};

impl From<&Command> for pb::Command {
    fn from(command: &Command) -> Self {
        Self {
            id: command.id.0,
            key: command.key.0.to_be_bytes().to_vec().into(),
            argv: command.argv.exact().to_vec(),
            shell: command.shell,
            by: command.by.as_str().into(),
            asked_at: command.asked_at.0,
            window: command.window,
            timeout: millis(command.timeout),
        }
    }
}

/// Without outcomes: they are rows of their own.
impl TryFrom<pb::Command> for Command {
    type Error = WireError;

    fn try_from(command: pb::Command) -> Result<Self, WireError> {
        let asked = Asked {
            key: checked_action_key("Command", &command.key)?,
            argv: checked_argv("Command", command.argv)?,
            shell: command.shell,
            by: text::line(&command.by),
            asked_at: Timestamp(command.asked_at),
            window: command.window,
            timeout: Duration::from_millis(command.timeout),
        };
        Ok(Self::new(CommandId(command.id), asked))
    }
}

/// A program and its arguments.
///
/// # Errors
/// They can't be started.
pub fn checked_argv(message: &'static str, argv: Vec<String>) -> Result<Argv, WireError> {
    Argv::new(argv).map_err(|error| WireError::Invalid {
        message,
        field: "argv",
        value: error.to_string(),
        allowed: "a program with its arguments",
    })
}

/// How a command stands, for a list; its outcomes are not told one by one.
#[must_use]
pub fn encode_summary(command: &Command) -> pb::CommandSummary {
    pb::CommandSummary {
        command: Some(command.into()),
        outcomes: command.tally().each().map(|(_, count)| count).collect(),
        ended_at: command.ended_at().map(|at| at.0),
    }
}

/// Reads how a command stands: the command without outcomes, their counts, and when it ended. Counts of states that
/// only a newer hub knows are counted as lost.
///
/// # Errors
/// The command is malformed.
pub fn decode_summary(summary: pb::CommandSummary) -> Result<(Command, Tally, Option<Timestamp>), WireError> {
    let command = need(summary.command, "CommandSummary", "command")?.try_into()?;
    let states = OutcomeState::ALL.into_iter().chain(std::iter::repeat(OutcomeState::Lost));
    let mut tally = Tally::default();
    for (state, count) in states.zip(summary.outcomes.into_iter().take(64)) {
        tally.add_many(state, count);
    }
    Ok((command, tally, summary.ended_at.map(Timestamp)))
}

impl From<&Kept> for pb::OutputKept {
    fn from(kept: &Kept) -> Self {
        let blob = kept.blob.map(|blob| blob.0.to_vec()).unwrap_or_default();
        Self { blob: blob.into(), printed: kept.printed, kept: kept.kept, shape: kept.shape }
    }
}

fn kept(output: Option<pb::OutputKept>) -> Result<Kept, WireError> {
    let Some(output) = output else { return Ok(Kept::default()) };
    let blob = checked_optional_hash("OutputKept", "blob", &output.blob)?.map(BlobId);
    Ok(Kept { blob, printed: output.printed, kept: output.kept, shape: output.shape })
}

/// The outcome of one host as a row.
#[must_use]
pub(super) fn encode_outcome(command: CommandId, host: HostId, outcome: &Outcome) -> pb::Outcome {
    pb::Outcome {
        command: command.0,
        host: host.0,
        client: outcome.client.as_str().into(),
        state: pb::OutcomeState::from(outcome.state).into(),
        cancelling: outcome.cancelling,
        started_at: outcome.started_at.map(|at| at.0),
        ended_at: outcome.ended_at.map(|at| at.0),
        code: outcome.code,
        signal: outcome.signal,
        stdout: Some((&outcome.stdout).into()),
        stderr: Some((&outcome.stderr).into()),
        why: outcome.why.as_str().into(),
        took: outcome.took.map(millis),
    }
}

/// Reads the outcome of one host.
pub(super) fn decode_outcome(row: pb::Outcome) -> Result<(CommandId, HostId, Outcome), WireError> {
    let outcome = Outcome {
        client: ClientId::new(text::id(&row.client)),
        state: outcome_state(row.state),
        cancelling: row.cancelling,
        started_at: row.started_at.map(Timestamp),
        ended_at: row.ended_at.map(Timestamp),
        code: row.code,
        signal: row.signal,
        stdout: kept(row.stdout)?,
        stderr: kept(row.stderr)?,
        why: text::line(&row.why),
        took: row.took.map(Duration::from_millis),
    };
    Ok((CommandId(row.command), HostId(row.host), outcome))
}

impl From<&Report> for pb::CommandReport {
    fn from(report: &Report) -> Self {
        Self {
            state: pb::OutcomeState::from(report.state).into(),
            code: report.code,
            signal: report.signal,
            stdout: Some((&report.stdout).into()),
            stderr: Some((&report.stderr).into()),
            why: report.why.as_str().into(),
            took: report.took.map(millis),
        }
    }
}

impl TryFrom<pb::CommandReport> for Report {
    type Error = WireError;

    fn try_from(report: pb::CommandReport) -> Result<Self, WireError> {
        Ok(Self {
            state: outcome_state(report.state),
            code: report.code,
            signal: report.signal,
            stdout: kept(report.stdout)?,
            stderr: kept(report.stderr)?,
            why: text::line(&report.why),
            took: report.took.map(Duration::from_millis),
        })
    }
}

impl From<&Event> for Body {
    fn from(event: &Event) -> Self {
        match event {
            Event::Asked { command, client, hosts } => Self::CommandAsked(pb::CommandAsked {
                command: Some(command.into()),
                client: client.as_str().into(),
                hosts: numbers(hosts),
            }),
            Event::Changed { command, state, hosts, why } => Self::OutcomesChanged(pb::OutcomesChanged {
                command: command.0,
                state: pb::OutcomeState::from(*state).into(),
                hosts: numbers(hosts),
                why: why.as_str().into(),
            }),
            Event::Reported { command, host, report } => Self::OutcomeReported(pb::OutcomeReported {
                command: command.0,
                host: host.0,
                report: Some(report.into()),
            }),
            Event::CancelAsked { command, hosts, by } => {
                Self::CancelAsked(pb::CancelAsked { command: command.0, hosts: numbers(hosts), by: by.as_str().into() })
            }
            Event::Archived { command } => Self::CommandArchived(pb::CommandArchived { command: command.0 }),
        }
    }
}

impl TryFrom<pb::CommandAsked> for Event {
    type Error = WireError;

    fn try_from(event: pb::CommandAsked) -> Result<Self, WireError> {
        Ok(Self::Asked {
            command: need(event.command, "CommandAsked", "command")?.try_into()?,
            client: ClientId::new(text::id(&event.client)),
            hosts: hosts(event.hosts)?,
        })
    }
}

impl TryFrom<pb::OutcomesChanged> for Event {
    type Error = WireError;

    fn try_from(event: pb::OutcomesChanged) -> Result<Self, WireError> {
        Ok(Self::Changed {
            command: CommandId(event.command),
            state: outcome_state(event.state),
            hosts: hosts(event.hosts)?,
            why: text::line(&event.why),
        })
    }
}

impl TryFrom<pb::OutcomeReported> for Event {
    type Error = WireError;

    fn try_from(event: pb::OutcomeReported) -> Result<Self, WireError> {
        Ok(Self::Reported {
            command: CommandId(event.command),
            host: HostId(event.host),
            report: need(event.report, "OutcomeReported", "report")?.try_into()?,
        })
    }
}

impl TryFrom<pb::CancelAsked> for Event {
    type Error = WireError;

    fn try_from(event: pb::CancelAsked) -> Result<Self, WireError> {
        Ok(Self::CancelAsked {
            command: CommandId(event.command),
            hosts: hosts(event.hosts)?,
            by: text::line(&event.by),
        })
    }
}

impl From<pb::CommandArchived> for Event {
    fn from(event: pb::CommandArchived) -> Self {
        Self::Archived { command: CommandId(event.command) }
    }
}

fn numbers(hosts: &[HostId]) -> Vec<u64> {
    hosts.iter().map(|host| host.0).collect()
}

fn hosts(numbers: Vec<u64>) -> Result<Vec<HostId>, WireError> {
    at_most("a list of hosts", numbers.len(), HOSTS_PER_EVENT, "hosts")?;
    Ok(numbers.into_iter().map(HostId).collect())
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::commands::{ARGUMENTS_MAX, BYTES_MAX};
    use crate::fleet::state::Event as AnyEvent;
    use crate::fleet::words::{ActionId, SafeText};
    use crate::wire::limits::EVENT_MAX;
    use prost::Message as _;

    #[test]
    fn the_largest_command_and_the_longest_list_of_hosts_fit_an_event() {
        let mut argv = vec!["x".to_owned(); ARGUMENTS_MAX - 1];
        argv.push("y".repeat(BYTES_MAX - argv.len()));
        let command = Command::new(
            CommandId(u64::MAX),
            Asked {
                key: ActionId(u128::MAX),
                argv: Argv::new(argv).unwrap(),
                shell: true,
                by: SafeText::new(&"n".repeat(253)),
                asked_at: Timestamp(i64::MAX),
                window: u32::MAX,
                timeout: Duration::from_secs(1 << 40),
            },
        );
        let hosts: Vec<HostId> = (0..HOSTS_PER_EVENT as u64).map(|n| HostId(u64::MAX - n)).collect();
        let event = Event::Asked { command, client: ClientId::new("c".repeat(64)), hosts };
        let size = crate::wire::encode_event(&AnyEvent::Commands(event)).encoded_len();
        assert!(size < EVENT_MAX - 1000, "{size}");
    }

    #[test]
    fn a_state_of_a_newer_program_reads_as_lost() {
        for state in [-1, 11, 77] {
            let report = Report::try_from(pb::CommandReport { state, ..Default::default() }).unwrap();
            assert_eq!(report.state, OutcomeState::Lost, "{state}");
        }
    }
}
