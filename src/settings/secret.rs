//! Secrets by name: configuration refers to `@NAME`, the host resolves it, the value never leaves it.

use std::collections::BTreeMap;
use std::fmt;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

const LARGEST: u64 = 64 * 1024;
const LONGEST_COMMAND: Duration = Duration::from_secs(10);

/// Where a secret comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretSource {
    /// The text of a file, without the line end at its end.
    File(PathBuf),
    /// What a program prints, without the line end at its end.
    Command(Vec<String>),
    /// A variable of this program's environment.
    Environment(String),
}

/// The file that names an agent's secrets.
pub const OF_AGENT: &str = "agent.toml";
/// The file that names a hub's secrets, in its data directory.
pub const OF_HUB: &str = "secrets.toml";

/// The secrets of a host, by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Secrets {
    sources: BTreeMap<String, SecretSource>,
    /// Where they are named, for errors.
    file: &'static str,
}

impl Default for Secrets {
    /// None, of an agent.
    fn default() -> Self {
        Self::new(BTreeMap::new())
    }
}

/// A resolved secret; it does not show itself in logs.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl Secret {
    /// The value, for the one place that needs it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

/// Why a secret can't be had. No message holds any part of its value.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// No secret of this name.
    #[error("{file} has no secret {name}: add it under [secrets]")]
    Unknown {
        /// The secret's name.
        name: String,
        /// Where it would be named.
        file: &'static str,
    },
    /// The file can't be read.
    #[error("secret {name}: {path} can't be read ({source}): let the user that runs this read it", path = .path.display())]
    File {
        /// The secret's name.
        name: String,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Everyone can read the file.
    #[error("secret {name}: everyone can read {path}: run `chmod o-rwx {path}`, and change the secret", path = .path.display())]
    TooOpen {
        /// The secret's name.
        name: String,
        /// The file.
        path: PathBuf,
    },
    /// The program did not run, failed, or took too long.
    #[error("secret {name}: {program} {what}: run it by hand as the user that runs this")]
    Command {
        /// The secret's name.
        name: String,
        /// The program.
        program: String,
        /// What it did.
        what: String,
    },
    /// The variable is not set.
    #[error("secret {name}: the environment has no {variable}: set it where this program is started")]
    Environment {
        /// The secret's name.
        name: String,
        /// The variable.
        variable: String,
    },
    /// Empty, too long, not UTF-8 or with a zero byte.
    #[error("secret {0} is empty, longer than 64 KiB or not text: mend its source")]
    Unusable(String),
}

impl Secrets {
    /// An agent's secrets from their sources.
    #[must_use]
    pub const fn new(sources: BTreeMap<String, SecretSource>) -> Self {
        Self::of(OF_AGENT, sources)
    }

    /// Secrets from their sources, as this file names them.
    #[must_use]
    pub const fn of(file: &'static str, sources: BTreeMap<String, SecretSource>) -> Self {
        Self { sources, file }
    }

    /// The names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.sources.keys().map(String::as_str)
    }

    /// Resolves one secret. It may take up to ten seconds and blocks: call it where that stops nothing else.
    ///
    /// # Errors
    /// Says which secret can't be had, why, and what to do.
    pub fn resolve(&self, name: &str) -> Result<Secret, SecretError> {
        let unknown = || SecretError::Unknown { name: name.to_owned(), file: self.file };
        let source = self.sources.get(name).ok_or_else(unknown)?;
        let bytes = match source {
            SecretSource::File(path) => read_secret_file(name, path)?,
            SecretSource::Command(command) => run(name, command)?,
            SecretSource::Environment(variable) => std::env::var(variable)
                .map(String::into_bytes)
                .map_err(|_| SecretError::Environment { name: name.to_owned(), variable: variable.clone() })?,
        };
        let unusable = || SecretError::Unusable(name.to_owned());
        if bytes.len() as u64 > LARGEST {
            return Err(unusable());
        }
        let text = String::from_utf8(bytes).map_err(|_| unusable())?;
        let text = text.strip_suffix('\n').unwrap_or(&text);
        let text = text.strip_suffix('\r').unwrap_or(text);
        if text.is_empty() || text.contains('\0') { Err(unusable()) } else { Ok(Secret(text.to_owned())) }
    }

    /// Arguments with each `@NAME` replaced by its secret. What does not have the form of a secret's name (the range
    /// `@10:20`) stays as it is; `@@NAME` stands for the text `@NAME`.
    ///
    /// # Errors
    /// As [`Self::resolve`]; blocks as long.
    pub fn fill(&self, arguments: &[String]) -> Result<Vec<String>, SecretError> {
        arguments
            .iter()
            .map(|argument| match argument.strip_prefix('@') {
                Some(escaped) if escaped.strip_prefix('@').is_some_and(is_secret_name) => Ok(escaped.to_owned()),
                Some(name) if is_secret_name(name) => self.resolve(name).map(|secret| secret.0),
                _ => Ok(argument.clone()),
            })
            .collect()
    }
}

/// 1 to 64 letters, digits and `_`, not beginning with a digit.
pub(super) fn is_secret_name(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && !name.starts_with(|first: char| first.is_ascii_digit())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn read_secret_file(name: &str, path: &Path) -> Result<Vec<u8>, SecretError> {
    let failed = |source| SecretError::File { name: name.to_owned(), path: path.to_owned(), source };
    let file = std::fs::File::open(path).map_err(failed)?;
    if file.metadata().map_err(failed)?.permissions().mode() & 0o007 != 0 {
        return Err(SecretError::TooOpen { name: name.to_owned(), path: path.to_owned() });
    }
    let mut bytes = Vec::new();
    file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
}

fn run(name: &str, command: &[String]) -> Result<Vec<u8>, SecretError> {
    let (program, arguments) = command.split_first().ok_or_else(|| SecretError::Unusable(name.to_owned()))?;
    let failed = |what: String| SecretError::Command { name: name.to_owned(), program: program.clone(), what };
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .map_err(|error| failed(format!("does not start ({error})")))?;
    let (send, receive) = mpsc::channel();
    if let Some(output) = child.stdout.take() {
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            let read = output.take(LARGEST + 1).read_to_end(&mut bytes).map(|_| bytes);
            // Nobody listens once the time is over.
            let _ = send.send(read);
        });
    }
    let output = receive.recv_timeout(LONGEST_COMMAND);
    let group = i32::try_from(child.id()).unwrap_or(0);
    if output.is_err() && group > 0 {
        // It may have ended in this very moment; then there is nobody to end.
        let _ = nix::sys::signal::killpg(nix::unistd::Pid::from_raw(group), nix::sys::signal::Signal::SIGKILL);
    }
    let status = child.wait().map_err(|error| failed(format!("can't be waited for ({error})")))?;
    match output {
        Err(_) => Err(failed("took longer than 10 seconds".to_owned())),
        Ok(Err(error)) => Err(failed(format!("could not be read from ({error})"))),
        Ok(Ok(_)) if !status.success() => Err(failed(format!("ended with {status}"))),
        Ok(Ok(bytes)) => Ok(bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets(sources: &[(&str, SecretSource)]) -> Secrets {
        Secrets::new(sources.iter().map(|(name, source)| ((*name).to_owned(), source.clone())).collect())
    }

    fn command(words: &[&str]) -> SecretSource {
        SecretSource::Command(words.iter().map(|word| (*word).to_owned()).collect())
    }

    #[test]
    fn arguments_are_filled_and_ranges_are_not_secrets() {
        let secrets = secrets(&[("PASSWORD", command(&["echo", "hunter2"]))]);
        let arguments = ["-p", "@PASSWORD", "-w", "@10:20", "@@PASSWORD", "a@PASSWORD"].map(str::to_owned);
        assert_eq!(secrets.fill(&arguments).unwrap(), ["-p", "hunter2", "-w", "@10:20", "@PASSWORD", "a@PASSWORD"]);
        assert!(
            matches!(secrets.fill(&["@OTHER".to_owned()]), Err(SecretError::Unknown { name, .. }) if name == "OTHER")
        );
    }

    #[test]
    fn a_secret_never_shows_itself() {
        let secrets =
            secrets(&[("A", command(&["echo", "hunter2"])), ("B", command(&["sh", "-c", "echo hunter2; exit 3"]))]);
        assert!(!format!("{:?}", secrets.resolve("A").unwrap()).contains("hunter2"));
        let error = secrets.resolve("B").unwrap_err().to_string();
        assert!(error.contains("exit status: 3") && !error.contains("hunter2"), "{error}");
    }

    #[test]
    fn a_file_everyone_can_read_is_no_secret() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("secret");
        std::fs::write(&path, "hunter2\r\n").unwrap();
        let secrets =
            secrets(&[("A", SecretSource::File(path.clone())), ("B", SecretSource::File("/nowhere/x".into()))]);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(secrets.resolve("A"), Err(SecretError::TooOpen { .. })));
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        assert_eq!(secrets.resolve("A").unwrap().reveal(), "hunter2");
        assert!(matches!(secrets.resolve("B"), Err(SecretError::File { .. })));
    }

    #[test]
    fn nothing_is_no_secret() {
        let secrets =
            secrets(&[("EMPTY", command(&["true"])), ("NONE", SecretSource::Environment("WF_NOT_SET_1".into()))]);
        assert!(matches!(secrets.resolve("EMPTY"), Err(SecretError::Unusable(_))));
        assert!(matches!(secrets.resolve("NONE"), Err(SecretError::Environment { .. })));
    }
}
