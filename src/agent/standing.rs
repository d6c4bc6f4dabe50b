//! Where each check stood when the agent ended, so that a restart tells nothing twice.
//!
//! The file says how far the facts it was made from reach; facts behind that are still in the outbox and are applied on
//! top. So the file may be old, but never wrong.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::fleet::backups::Found;
use crate::fleet::checks::Attempts;
use crate::fleet::fact::FactBody;
use crate::fleet::hosts::vitals::OsFacts;
use crate::fleet::words::{CheckName, CheckState, JobName, StreamId, Timestamp};

/// Where all checks stand, as far as facts say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// By check.
    pub checks: BTreeMap<CheckName, Attempts>,
    /// The checksum of what the machine is, as last told.
    pub described: Option<u32>,
    /// By backup job, the checksum of what can be restored, as last told.
    pub backups: BTreeMap<JobName, u32>,
    /// The outbox the facts went to.
    pub stream: StreamId,
    /// The last fact in it.
    pub through: u64,
}

#[derive(Serialize, Deserialize)]
struct File {
    stream: u64,
    through: u64,
    #[serde(default)]
    described: Option<u32>,
    #[serde(default)]
    backups: BTreeMap<String, u32>,
    checks: Vec<Check>,
}

#[derive(Serialize, Deserialize)]
struct Check {
    name: String,
    state: String,
    hard: bool,
    attempt: u32,
}

impl Standing {
    /// Reads the file. What is missing or damaged counts as empty: then checks begin anew, which costs a repeated
    /// fact each and loses nothing.
    #[must_use]
    pub fn load(path: &Path) -> Self {
        let file = std::fs::read(path).ok().and_then(|bytes| serde_json::from_slice::<File>(&bytes).ok());
        let Some(file) = file else { return Self::default() };
        let checks = file.checks.into_iter().filter_map(|check| {
            let state = CheckState::from_word(&check.state)?;
            Some((CheckName::new(check.name), Attempts { state, hard: check.hard, attempt: check.attempt }))
        });
        let (described, stream, through) = (file.described, StreamId(file.stream), file.through);
        let backups = file.backups.into_iter().map(|(job, sum)| (JobName::new(job), sum)).collect();
        Self { checks: checks.collect(), described, backups, stream, through }
    }

    /// Writes the file; a crash leaves the old one or the new one.
    ///
    /// # Errors
    /// What the disk says.
    pub fn save(&self, path: &Path) -> std::io::Result<()> {
        let checks = self.checks.iter().map(|(name, attempts)| Check {
            name: name.as_str().to_owned(),
            state: attempts.state.word().to_owned(),
            hard: attempts.hard,
            attempt: attempts.attempt,
        });
        let (stream, through, described) = (self.stream.0, self.through, self.described);
        let backups = self.backups.iter().map(|(job, sum)| (job.to_string(), *sum)).collect();
        let file = File { stream, through, described, backups, checks: checks.collect() };
        let made: PathBuf = path.with_extension("new");
        let mut out = std::fs::File::create(&made)?;
        out.write_all(&serde_json::to_vec(&file)?)?;
        out.sync_all()?;
        std::fs::rename(&made, path)
    }

    /// Takes in the fact with this number.
    pub fn apply(&mut self, seq: u64, body: &FactBody) {
        self.through = seq;
        match body {
            FactBody::Check { name, state, hard, attempt, .. } => {
                self.checks.insert(name.clone(), Attempts { state: *state, hard: *hard, attempt: *attempt });
            }
            FactBody::Gone(name) => {
                self.checks.remove(name);
            }
            FactBody::Described(os) => self.described = Some(checksum(os)),
            FactBody::Command { .. } => {}
            FactBody::Backup { job, found, .. } => {
                self.backups.insert(job.clone(), backup_checksum(found));
            }
        }
    }
}

/// The checksum of what a machine is: tells whether the hub knows it already.
#[must_use]
pub fn checksum(os: &OsFacts) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    // Debug names every field, also those that come later
    hasher.update(format!("{os:?}").as_bytes());
    hasher.finalize()
}

/// The checksum of what was found in a repository: when it was read does not count.
#[must_use]
pub fn backup_checksum(found: &Found) -> u32 {
    let found = Found { at: Timestamp::default(), ..found.clone() };
    crc32fast::hash(format!("{found:?}").as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_saved_is_loaded_and_damage_is_empty() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("standing.json");
        assert_eq!(Standing::load(&path), Standing::default());
        let mut standing = Standing { stream: StreamId(u64::MAX), ..Standing::default() };
        standing.checks.insert("disk".into(), Attempts { state: CheckState::Critical, hard: false, attempt: 2 });
        standing.apply(6, &FactBody::Described(OsFacts::default()));
        standing.apply(7, &FactBody::Gone("cpu".into()));
        standing.save(&path).unwrap();
        assert_eq!(Standing::load(&path), standing);
        std::fs::write(&path, "{").unwrap();
        assert_eq!(Standing::load(&path), Standing::default());
    }
}
