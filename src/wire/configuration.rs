//! What a host is to measure, as the hub sends it and the agent keeps it.

use std::time::Duration;

use crate::fleet::configuration::backup::{MOST_BACKUPS_PER_HOST, MOST_PATHS, is_sound_repository};
use crate::fleet::configuration::{AssignedBackup, AssignedCheck, Assignment, CheckKind, Layer, Provenance};
use crate::fleet::words::BackupTool;
use crate::wire::checked::{at_most, checked_check, checked_hash, checked_job};
use crate::wire::error::{WireError, need};
use crate::wire::limits::{ARGUMENTS_MAX, CHECKS_MAX, INTERVAL_MAX_MS};
use crate::wire::{pb, text};

/// An assignment as it arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assigned {
    /// What to do.
    pub assignment: Assignment,
    /// What the agent confirms: the hub's hash, also when checks below were left out.
    pub hash: [u8; 32],
    /// Checks this version can't run, each with the reason: they are to be reported, since the hub expects results.
    pub left_out: Vec<(String, WireError)>,
    /// Backup jobs this version can't read, each with the reason.
    pub backups_left_out: Vec<(String, WireError)>,
}

/// SHA-256 of [`Assignment::canonical_text`].
#[must_use]
pub fn assignment_hash(assignment: &Assignment) -> [u8; 32] {
    let digest = ring::digest::digest(&ring::digest::SHA256, assignment.canonical_text().as_bytes());
    let mut hash = [0; 32];
    hash.copy_from_slice(digest.as_ref());
    hash
}

/// The assignment with its hash.
#[must_use]
pub fn encode_assignment(assignment: &Assignment) -> pb::Assignment {
    pb::Assignment {
        hash: assignment_hash(assignment).to_vec().into(),
        checks: assignment.checks.iter().map(Into::into).collect(),
        backups: assignment.backups.iter().map(Into::into).collect(),
        heartbeat: milliseconds(assignment.heartbeat),
        sampling: milliseconds(assignment.sampling_interval),
    }
}

/// Reads an assignment. A check that can't be read is left out and named, so that the others run.
///
/// # Errors
/// The hash, the heartbeat or the sampling interval is wrong, or there are too many checks.
pub fn decode_assignment(assignment: pb::Assignment) -> Result<Assigned, WireError> {
    const MESSAGE: &str = "Assignment";
    at_most("an assignment", assignment.checks.len(), CHECKS_MAX, "checks")?;
    let hash = checked_hash(MESSAGE, "hash", &assignment.hash)?;
    let heartbeat = interval(MESSAGE, "heartbeat", assignment.heartbeat)?;
    let sampling_interval = interval(MESSAGE, "sampling", assignment.sampling)?;
    let mut checks = std::collections::BTreeMap::new();
    let (mut left_out, mut backups_left_out) = (Vec::new(), Vec::new());
    for check in assignment.checks {
        let name = check.name.clone();
        match AssignedCheck::try_from(check) {
            Ok(check) => {
                checks.insert(check.name.clone(), check);
            }
            Err(why) => left_out.push((text::plain(&name), why)),
        }
    }
    at_most("an assignment", assignment.backups.len(), MOST_BACKUPS_PER_HOST, "backup jobs")?;
    let mut backups = std::collections::BTreeMap::new();
    for backup in assignment.backups {
        let name = backup.name.clone();
        match AssignedBackup::try_from(backup) {
            Ok(backup) => {
                backups.insert(backup.name.clone(), backup);
            }
            Err(why) => backups_left_out.push((text::plain(&name), why)),
        }
    }
    let (checks, backups) = (checks.into_values().collect(), backups.into_values().collect());
    let assignment = Assignment { checks, backups, sampling_interval, heartbeat };
    Ok(Assigned { assignment, hash, left_out, backups_left_out })
}

impl From<&AssignedCheck> for pb::AssignedCheck {
    fn from(check: &AssignedCheck) -> Self {
        let arguments = match &check.kind {
            CheckKind::Cpu | CheckKind::Memory | CheckKind::Swap | CheckKind::Load => Vec::new(),
            CheckKind::Disk { mount } => vec![mount.clone()],
            CheckKind::Process { name } => vec![name.clone()],
            CheckKind::Plugin { program, args } => std::iter::once(program).chain(args).cloned().collect(),
        };
        Self {
            name: check.name.as_str().into(),
            kind: check.kind.word().into(),
            arguments,
            interval: milliseconds(check.interval),
            retry_interval: milliseconds(check.retry_interval),
            attempts: check.attempts,
            timeout: milliseconds(check.timeout),
            warning: check.warning.clone(),
            critical: check.critical.clone(),
            file: check.source.file.clone(),
            line: check.source.line,
            layer: check.source.layer.word().into(),
        }
    }
}

impl TryFrom<pb::AssignedCheck> for AssignedCheck {
    type Error = WireError;

    fn try_from(check: pb::AssignedCheck) -> Result<Self, WireError> {
        const MESSAGE: &str = "AssignedCheck";
        Ok(Self {
            name: checked_check(MESSAGE, &check.name)?,
            kind: kind(&check.kind, check.arguments)?,
            interval: interval(MESSAGE, "interval", check.interval)?,
            retry_interval: interval(MESSAGE, "retry_interval", check.retry_interval)?,
            attempts: check.attempts.max(1),
            timeout: interval(MESSAGE, "timeout", check.timeout)?,
            warning: check.warning.map(|range| text::plain(&range)),
            critical: check.critical.map(|range| text::plain(&range)),
            source: Provenance {
                file: text::plain(&check.file),
                line: check.line,
                // Only shown to people; a layer of a newer hub reads as the widest.
                layer: Layer::from_word(&check.layer).unwrap_or(Layer::Fleet),
            },
        })
    }
}

impl From<&AssignedBackup> for pb::AssignedBackup {
    fn from(backup: &AssignedBackup) -> Self {
        Self {
            name: backup.name.as_str().into(),
            tool: backup.tool.word().into(),
            repository: backup.repository.clone(),
            password: backup.password.clone().unwrap_or_default(),
            paths: backup.paths.clone(),
            interval: milliseconds(backup.interval),
            host: backup.host.clone(),
            file: backup.source.file.clone(),
            line: backup.source.line,
        }
    }
}

/// Repository and paths are taken byte for byte; what would be read as an option is refused here too, since the host has
/// the last word.
impl TryFrom<pb::AssignedBackup> for AssignedBackup {
    type Error = WireError;

    fn try_from(backup: pb::AssignedBackup) -> Result<Self, WireError> {
        const MESSAGE: &str = "AssignedBackup";
        at_most("a backup job", backup.paths.len(), MOST_PATHS, "paths")?;
        if !is_sound_repository(&backup.repository) {
            let allowed = "what does not read as an option";
            return Err(WireError::invalid(MESSAGE, "repository", &backup.repository, allowed));
        }
        let tool = BackupTool::from_word(&backup.tool).ok_or_else(|| {
            let value = text::word(&backup.tool).as_str().to_owned();
            WireError::Unknown { message: MESSAGE, field: "tool", value }
        })?;
        Ok(Self {
            name: checked_job(MESSAGE, &backup.name)?,
            tool,
            repository: backup.repository,
            password: (!backup.password.is_empty()).then_some(backup.password),
            paths: backup.paths,
            interval: interval(MESSAGE, "interval", backup.interval)?,
            host: backup.host,
            source: Provenance { file: text::plain(&backup.file), line: backup.line, layer: Layer::Host },
        })
    }
}

/// Programs and arguments are taken byte for byte: they are run, not shown.
fn kind(word: &str, arguments: Vec<String>) -> Result<CheckKind, WireError> {
    const MESSAGE: &str = "AssignedCheck";
    at_most("a check", arguments.len(), ARGUMENTS_MAX, "arguments")?;
    let mut arguments = arguments.into_iter();
    let mut first = || need(arguments.next(), MESSAGE, "arguments");
    Ok(match word {
        "cpu" => CheckKind::Cpu,
        "memory" => CheckKind::Memory,
        "swap" => CheckKind::Swap,
        "load" => CheckKind::Load,
        "disk" => CheckKind::Disk { mount: first()? },
        "process" => CheckKind::Process { name: first()? },
        "plugin" => CheckKind::Plugin { program: first()?, args: arguments.collect() },
        _ => {
            let value = text::word(word).as_str().to_owned();
            return Err(WireError::Unknown { message: MESSAGE, field: "kind", value });
        }
    })
}

fn interval(message: &'static str, field: &'static str, ms: u64) -> Result<Duration, WireError> {
    if (1..=INTERVAL_MAX_MS).contains(&ms) {
        return Ok(Duration::from_millis(ms));
    }
    Err(WireError::Invalid { message, field, value: format!("{ms} ms"), allowed: "1 ms to 31 days" })
}

fn milliseconds(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_of_a_newer_hub_is_left_out_and_named() {
        let check = |name: &str, kind: &str| pb::AssignedCheck {
            name: name.into(),
            kind: kind.into(),
            interval: 60_000,
            retry_interval: 30_000,
            timeout: 10_000,
            ..Default::default()
        };
        let assigned = decode_assignment(pb::Assignment {
            hash: vec![7; 32].into(),
            checks: vec![check("a", "cpu"), check("b", "telepathy"), check("c", "disk"), check("d e", "cpu")],
            heartbeat: 10_000,
            sampling: 10_000,
            ..Default::default()
        })
        .expect("the rest is taken");
        assert_eq!(assigned.assignment.checks.iter().map(|check| check.name.as_str()).collect::<Vec<_>>(), ["a"]);
        let left_out: Vec<_> = assigned.left_out.iter().map(|(name, why)| (name.as_str(), why.is_newer())).collect();
        assert_eq!(left_out, [("b", true), ("c", false), ("d e", false)]);
        assert_eq!(assigned.hash, [7; 32]);
    }

    #[test]
    fn no_interval_is_zero_or_endless() {
        for heartbeat in [0, u64::MAX] {
            let wrong = pb::Assignment { hash: vec![7; 32].into(), heartbeat, sampling: 1, ..Default::default() };
            assert!(decode_assignment(wrong).is_err(), "{heartbeat}");
        }
    }
}
