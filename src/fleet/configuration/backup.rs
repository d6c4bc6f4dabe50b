//! Backup jobs: what is promised, and what a host is to read for it.

use std::time::Duration;

use crate::fleet::configuration::assignment::{AssignedBackup, Provenance};
use crate::fleet::configuration::selector::AssignTarget;
use crate::fleet::words::{BackupTool, ClientId, JobName, SafeText};

/// The most jobs that one host reads.
pub const MOST_BACKUPS_PER_HOST: usize = 100;
/// The most paths of one job.
pub const MOST_PATHS: usize = 64;
/// A repository is read no more often, and no less often, than this.
const READ_EVERY: (Duration, Duration) = (Duration::from_secs(10), Duration::from_secs(60 * 60));

/// A backup job as configured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackupDefinition {
    /// Its name, unique in the fleet.
    pub name: JobName,
    /// The host whose backup it is and who reads it, by name; the case of letters does not matter.
    pub host: String,
    /// The host's client, where several have a host of this name.
    pub client: Option<ClientId>,
    /// What makes the backups.
    pub tool: BackupTool,
    /// Where they lie, as the tool takes it, or the `@NAME` of a secret of the host.
    pub repository: String,
    /// The name of the host's secret that opens it.
    pub password: Option<String>,
    /// What should be in them; whatever they hold where empty.
    pub paths: Vec<String>,
    /// A backup is promised at least this often.
    pub every: Duration,
    /// How much older it may be before somebody is told.
    pub grace: Duration,
    /// Where it is written.
    pub source: Provenance,
}

impl BackupDefinition {
    /// Whether this is the job's host.
    #[must_use]
    pub fn is_of(&self, target: &AssignTarget<'_>) -> bool {
        self.host.eq_ignore_ascii_case(target.host) && self.client.as_ref().is_none_or(|client| client == target.client)
    }

    /// What its host is to read.
    #[must_use]
    pub fn assigned(&self) -> AssignedBackup {
        AssignedBackup {
            name: self.name.clone(),
            tool: self.tool,
            repository: self.repository.clone(),
            password: self.password.clone(),
            paths: self.paths.clone(),
            interval: (self.every / 8).clamp(READ_EVERY.0, READ_EVERY.1),
            host: self.host.clone(),
            source: self.source.clone(),
        }
    }

    /// Where the backups lie, for people: without the password that an address may hold.
    #[must_use]
    pub fn shown_repository(&self) -> SafeText {
        let shown = self.repository.split_once("://").and_then(|(scheme, rest)| {
            let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
            let (user, host) = authority.rsplit_once('@')?;
            let user = user.split_once(':').map_or(user, |(name, _)| name);
            Some(format!("{scheme}://{user}@{host}/{path}"))
        });
        SafeText::new(shown.as_deref().unwrap_or(&self.repository))
    }
}

/// Whether a tool may be given this as its repository: it must not read as an option, for itself or for a program it
/// starts.
#[must_use]
pub fn is_sound_repository(repository: &str) -> bool {
    let parts = repository.split(['/', ':', '@']);
    !repository.trim().is_empty()
        && !repository.contains(char::is_control)
        && !parts.into_iter().any(|part| part.starts_with('-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(repository: &str) -> BackupDefinition {
        BackupDefinition {
            name: "web".into(),
            host: "web-01".into(),
            client: None,
            tool: BackupTool::Restic,
            repository: repository.into(),
            password: None,
            paths: vec![],
            every: Duration::from_secs(86_400),
            grace: Duration::from_secs(3_600),
            source: Provenance::built_in(),
        }
    }

    #[test]
    fn no_password_of_an_address_is_shown() {
        let shown = |repository: &str| job(repository).shown_repository().to_string();
        assert_eq!(shown("rest:https://bob:hunter2@store/x"), "rest:https://bob@store/x");
        assert_eq!(shown("rest:https://bob:hunter2@store"), "rest:https://bob@store/");
        for same in ["/srv/a@b:c", "ssh://borg@store:22/./x", "sftp:bob@store:/srv", "s3:https://store/bucket"] {
            assert_eq!(shown(same), same);
        }
    }

    #[test]
    fn no_repository_reads_as_an_option() {
        for sound in ["/srv/backup", "sftp:bob@store:/srv/-x.repo".replace("/-", "/").as_str(), "ssh://a@b/./c"] {
            assert!(is_sound_repository(sound), "{sound}");
        }
        for hostile in ["", " ", "-o", "ssh://-oProxyCommand=x/y", "sftp:-oX:/srv", "a\nb", "bob@-oX:y"] {
            assert!(!is_sound_repository(hostile), "{hostile:?}");
        }
    }

    #[test]
    fn a_repository_is_read_often_enough_to_see_a_backup_soon_and_not_all_the_time() {
        let read = |every: u64| BackupDefinition { every: Duration::from_secs(every), ..job("/x") }.assigned().interval;
        assert_eq!(read(20), Duration::from_secs(10));
        assert_eq!(read(3_600), Duration::from_secs(450));
        assert_eq!(read(7 * 86_400), Duration::from_secs(3_600));
    }
}
