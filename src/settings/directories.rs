//! Where the program keeps what it keeps.

use std::path::{Path, PathBuf};

/// The variable that moves everything below one directory.
pub const HOME_VARIABLE: &str = "WATCHFLOOR_HOME";

/// The directories of each role. None is made by naming it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directories {
    /// The console: its settings and enrolled fleets.
    pub console: PathBuf,
    /// The hub: journal, history, configuration, keys, socket.
    pub hub: PathBuf,
    /// The agent: `agent.toml`, identity, outbox, assignment.
    pub agent: PathBuf,
    /// The identities of synthetic agents.
    pub swarm: PathBuf,
}

/// Why there is no place to keep anything.
#[derive(Debug, thiserror::Error)]
pub enum DirectoriesError {
    /// The platform knows no home directory of this user.
    #[error("this user has no home directory: set {HOME_VARIABLE} to a directory of its own")]
    NoHome,
    /// The variable holds no path that can be used.
    #[error("{HOME_VARIABLE} can't be used ({0}): set it to an absolute path")]
    Unusable(std::io::Error),
}

impl Directories {
    /// By `WATCHFLOOR_HOME` where it is set, else by the platform's rules; for root too they are the user's own.
    ///
    /// # Errors
    /// When there is no home directory, or the variable can't be made an absolute path.
    pub fn from_environment() -> Result<Self, DirectoriesError> {
        if let Some(home) = std::env::var_os(HOME_VARIABLE).filter(|home| !home.is_empty()) {
            let home = std::path::absolute(home).map_err(DirectoriesError::Unusable)?;
            return Ok(Self::below(&home));
        }
        let platform = directories::ProjectDirs::from("", "", "watchfloor").ok_or(DirectoriesError::NoHome)?;
        let data = Self::below(platform.data_local_dir());
        Ok(Self { console: platform.config_dir().join("console"), ..data })
    }

    /// Everything below one directory.
    #[must_use]
    pub fn below(home: &Path) -> Self {
        Self {
            console: home.join("console"),
            hub: home.join("hub"),
            agent: home.join("agent"),
            swarm: home.join("swarm"),
        }
    }

    /// The configuration files of a hub whose data lies in `data`.
    #[must_use]
    pub fn configuration_of(data: &Path) -> PathBuf {
        data.join("config")
    }

    /// The agent's own settings.
    #[must_use]
    pub fn agent_settings(&self) -> PathBuf {
        self.agent.join("agent.toml")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_directory_holds_all() {
        let all = Directories::below(Path::new("/x"));
        assert_eq!(all.agent_settings(), Path::new("/x/agent/agent.toml"));
        assert_eq!(Directories::configuration_of(&all.hub), Path::new("/x/hub/config"));
        assert_eq!((all.console, all.swarm), ("/x/console".into(), "/x/swarm".into()));
    }
}
