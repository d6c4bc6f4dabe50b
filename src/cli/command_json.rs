//! A command as `--json` prints it.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::cli::command_output::Printed;
use crate::cli::id::id;
use crate::cli::json::rfc3339;
use crate::fleet::commands::{Command, CommandState, Kept, Outcome, OutcomeState, Tally};
use crate::fleet::state::Fleet;
use crate::fleet::words::{HostId, SafeText, Timestamp};

/// A command: how many hosts it is for, and how many stand where. `outcomes` sums to `targets`.
#[derive(Debug, PartialEq, Serialize)]
pub struct CommandJson {
    id: String,
    fleet: String,
    state: &'static str,
    argv: Vec<String>,
    shell: bool,
    by: String,
    asked_at: String,
    ended_at: Option<String>,
    window: u32,
    timeout_seconds: f64,
    targets: u32,
    outcomes: BTreeMap<&'static str, u32>,
}

/// A command with each host's end.
#[derive(Debug, PartialEq, Serialize)]
pub struct CommandWithHosts {
    /// The command.
    #[serde(flatten)]
    pub command: CommandJson,
    /// Each host's end.
    pub hosts: Vec<HostJson>,
}

/// How a command stands, or ended, on one host.
#[derive(Debug, PartialEq, Serialize)]
pub struct HostJson {
    host: Option<String>,
    host_id: String,
    client: String,
    state: &'static str,
    code: Option<i32>,
    signal: Option<i32>,
    why: Option<String>,
    took_seconds: Option<f64>,
    truncated: bool,
    stdout: OutputJson,
    stderr: OutputJson,
}

/// What was kept of one output; its text is absent where it is no longer kept.
#[derive(Debug, PartialEq, Serialize)]
struct OutputJson {
    text: Option<String>,
    bytes_printed: u64,
    bytes_kept: u64,
    sha256: Option<String>,
}

/// What a list shows of a command.
#[must_use]
pub fn command_json(fleet: &str, command: &Command, tally: &Tally, ended_at: Option<Timestamp>) -> CommandJson {
    let state = CommandState::of(tally);
    CommandJson {
        id: id(fleet, command.id),
        fleet: fleet.to_owned(),
        state: state.word(),
        argv: command.argv.exact().to_vec(),
        shell: command.shell,
        by: command.by.as_str().to_owned(),
        asked_at: rfc3339(command.asked_at),
        ended_at: ended_at.map(rfc3339),
        window: command.window,
        timeout_seconds: command.timeout.as_secs_f64(),
        targets: tally.targets(),
        outcomes: OutcomeState::ALL.into_iter().map(|state| (state.word(), tally.count(state))).collect(),
    }
}

/// A command with each host's end and output.
#[must_use]
pub fn with_hosts(name: &str, fleet: &Fleet, command: &Command, printed: &Printed) -> CommandWithHosts {
    let hosts = command.outcomes().map(|(host, outcome)| host_json(name, fleet, host, outcome, printed));
    CommandWithHosts {
        hosts: hosts.collect(),
        command: command_json(name, command, command.tally(), command.ended_at()),
    }
}

fn host_json(name: &str, fleet: &Fleet, host: HostId, outcome: &Outcome, printed: &Printed) -> HostJson {
    HostJson {
        host: fleet.hosts.hosts.get(&host).map(|host| host.name.as_str().to_owned()),
        host_id: id(name, host),
        client: outcome.client.to_string(),
        state: outcome.state.word(),
        code: outcome.code,
        signal: outcome.signal,
        why: Some(&outcome.why).filter(|why| !why.is_empty()).map(|why| SafeText::as_str(why).to_owned()),
        took_seconds: outcome.took.map(|took| took.as_secs_f64()),
        truncated: outcome.is_truncated(),
        stdout: output_json(&outcome.stdout, printed),
        stderr: output_json(&outcome.stderr, printed),
    }
}

fn output_json(kept: &Kept, printed: &Printed) -> OutputJson {
    let text = match kept.blob {
        None => Some(String::new()),
        Some(blob) => printed.get(&blob).map(|bytes| String::from_utf8_lossy(bytes).into_owned()),
    };
    OutputJson {
        text,
        bytes_printed: kept.printed,
        bytes_kept: kept.kept,
        sha256: kept.blob.map(|blob| blob.to_string()),
    }
}
