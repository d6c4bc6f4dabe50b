//! What both tools have in common: how they are started, and what their failures mean.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::agent::child::{End, Hear, Program, run_into};
use crate::fleet::backups::Trouble;
use crate::fleet::configuration::AssignedBackup;
use crate::fleet::words::SafeText;
use crate::settings::secret::Secrets;

/// How long a tool may take to list what it has.
const PATIENCE: Duration = Duration::from_secs(180);
/// A shorter secret is not searched for in output: that would hide half of it.
const HIDDEN_FROM: usize = 4;
/// Variables that hold the host's own means to reach a repository begin so.
const MEANS: [&str; 8] = ["AWS_", "AZURE_", "B2_", "GOOGLE_", "OS_", "RCLONE_", "ST_", "SSH_AUTH_SOCK"];

/// Why a repository could not be read, and the tool's words.
pub type Failure = (Trouble, SafeText);

/// One repository as the host opens it.
#[derive(Debug)]
pub struct Opened {
    /// Where it lies, as the tool takes it.
    pub repository: String,
    /// What opens it.
    pub password: Option<String>,
}

impl Opened {
    /// Resolves the host's secrets. It may take seconds and blocks.
    ///
    /// # Errors
    /// The secret that can't be had.
    pub fn resolve(secrets: &Secrets, backup: &AssignedBackup) -> Result<Self, Failure> {
        let resolve = |name: &str| {
            let secret = secrets.resolve(name);
            let secret = secret.map_err(|error| (Trouble::NoSecret, SafeText::line_within(&error.to_string(), 400)))?;
            Ok(secret.reveal().to_owned())
        };
        let repository = match backup.repository.strip_prefix('@') {
            Some(name) => resolve(name)?,
            None => backup.repository.clone(),
        };
        let password = backup.password.as_deref().map(resolve).transpose()?;
        Ok(Self { repository, password })
    }

    /// Words with what is secret in them hidden.
    fn hidden(&self, words: &str) -> String {
        let mut words = words.to_owned();
        for secret in self.password.iter().filter(|secret| secret.len() >= HIDDEN_FROM) {
            words = words.replace(secret.as_str(), "***");
        }
        words
    }
}

/// How a tool ended that could be started.
#[derive(Debug)]
pub struct Ended {
    /// How.
    pub end: End,
    /// What it said on standard error, secrets hidden.
    pub words: String,
}

/// Runs the tool with clean hands: of the agent's environment only what reaches repositories, and what is given here.
///
/// # Errors
/// It is not there or can't be started.
pub async fn run(
    tool: &str,
    args: &[&str],
    mut environment: Vec<(String, String)>,
    opened: &Opened,
    ear: &mut impl Hear,
) -> Result<Ended, Failure> {
    let program = Program {
        path: PathBuf::from(tool),
        called: PathBuf::from(tool),
        args: args.iter().map(|arg| (*arg).to_owned()).collect(),
        timeout: PATIENCE,
    };
    let means = std::env::vars().filter(|(name, _)| MEANS.iter().any(|means| name.starts_with(means)));
    environment.extend(means);
    match run_into(&program, &environment, ear).await {
        Ok((end, stderr)) => Ok(Ended { end, words: opened.hidden(&String::from_utf8_lossy(&stderr)) }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Err((Trouble::NoTool, SafeText::new(&format!("install {tool} where the agent's PATH finds it"))))
        }
        Err(error) => Err((Trouble::NoTool, SafeText::new(&format!("{tool} can't be started: {error}")))),
    }
}

/// The failure that an end stands for, where it says more than the words do.
#[must_use]
pub fn by_end(end: End) -> Option<(Trouble, String)> {
    match end {
        End::TimedOut => Some((Trouble::TimedOut, format!("it did not end within {} s", PATIENCE.as_secs()))),
        End::Signalled(signal) => Some((Trouble::Failed, format!("ended by signal {signal}"))),
        End::PrintedTooMuch | End::Exited(_) => None,
    }
}

/// The trouble that words of the network stand for.
#[must_use]
pub fn is_network(words: &str) -> bool {
    const SIGNS: [&str; 12] = [
        "connection refused",
        "connection reset",
        "connection timed out",
        "connection closed",
        "dial tcp",
        "host key verification failed",
        "i/o timeout",
        "network is unreachable",
        "no route to host",
        "no such host",
        "could not resolve",
        "permission denied (publickey",
    ];
    let words = words.to_ascii_lowercase();
    SIGNS.iter().any(|sign| words.contains(sign))
}

/// A directory of the tool's own below the agent's, as text.
#[must_use]
pub fn below(dir: &Path, name: &str) -> String {
    dir.join(name).to_string_lossy().into_owned()
}
