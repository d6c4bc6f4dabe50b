//! What enrolment leaves on a host beside its credential, and what it takes away of an older one.

use std::io;
use std::path::Path;

use toml_edit::{Array, DocumentMut, value};

use crate::cli::exit::Failure;
use crate::fleet::identity::Hands;
use crate::fleet::words::HostId;
use crate::settings::agent::HandsRule;
use crate::settings::agent_template::render;
use crate::trust::{Credential, Principal};
use crate::wire::{hands, pb};

/// Facts of an older identity are the older host's: a new one begins with an empty outbox and tells all states anew.
const OF_AN_IDENTITY: [&str; 4] = ["outbox", "standing.json", "assignment", HOST];
/// The file that keeps the host's number in its fleet, so that an agent can say it before it is linked.
const HOST: &str = "host";

/// Whose agent this machine is.
///
/// # Errors
/// When the credential is there and can't be read.
pub fn known(directory: &Path) -> Result<Option<Principal>, Failure> {
    Ok(Credential::load(directory).map_err(Failure::failed)?.map(|credential| credential.principal().clone()))
}

/// Removes what belongs to the identity that is replaced.
///
/// # Errors
/// When the system refuses.
pub fn forget_old_identity(directory: &Path) -> Result<(), Failure> {
    for name in OF_AN_IDENTITY {
        let path = directory.join(name);
        let removed = if path.is_dir() { std::fs::remove_dir_all(&path) } else { std::fs::remove_file(&path) };
        match removed {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed("remove", &path, &error)),
            _ => {}
        }
    }
    Ok(())
}

/// Writes `agent.toml` from what the token grants. One that is there keeps all that its owner said, hands included; only
/// the hub's addresses are replaced.
///
/// # Errors
/// When the file is there and is no TOML, or the system refuses.
pub fn write_settings(path: &Path, hubs: &[String], granted: pb::Hands) -> Result<(), Failure> {
    let granted = hands(granted.into());
    let text = match std::fs::read_to_string(path) {
        Ok(text) => {
            let kept = with_hubs(&text, hubs)
                .map_err(|error| Failure::failed(format!("{}: {error}: mend or remove the file", path.display())))?;
            tell_kept(path, granted);
            kept
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            render(hubs, &HandsRule { mode: granted, allow: Vec::new() })
        }
        Err(error) => return Err(failed("read", path, &error)),
    };
    if let Some(directory) = path.parent() {
        crate::trust::files::make_private_dir(directory).map_err(Failure::failed)?;
    }
    let new = path.with_extension("toml.new");
    std::fs::write(&new, text).map_err(|error| failed("write", &new, &error))?;
    std::fs::rename(&new, path).map_err(|error| failed("replace", path, &error))
}

/// Keeps the host's number.
///
/// # Errors
/// When the system refuses.
pub fn write_host(directory: &Path, host: u64) -> Result<(), Failure> {
    crate::trust::files::make_private_dir(directory).map_err(Failure::failed)?;
    crate::trust::files::write_private(&directory.join(HOST), host.to_string().as_bytes()).map_err(Failure::failed)
}

/// The host's number, as enrolment kept it.
///
/// # Errors
/// When it is not there: the enrolment did not end well.
pub fn host_of(directory: &Path) -> Result<HostId, Failure> {
    let path = directory.join(HOST);
    let text = std::fs::read_to_string(&path).map_err(|error| failed("read", &path, &error))?;
    let number = text.trim().parse().map_err(|_| {
        Failure::failed(format!(
            "{} holds no number: enrol again with `watchfloor enrol TOKEN --replace`",
            path.display()
        ))
    })?;
    Ok(HostId(number))
}

fn with_hubs(text: &str, hubs: &[String]) -> Result<String, toml_edit::TomlError> {
    let mut document: DocumentMut = text.parse()?;
    let hubs = value(hubs.iter().collect::<Array>());
    match document.get_mut("hub") {
        // In its place, so that the comment above it stays.
        Some(known) => *known = hubs,
        None => {
            document.insert("hub", hubs);
        }
    }
    Ok(document.to_string())
}

fn tell_kept(path: &Path, granted: Hands) {
    let mode = crate::settings::agent::load(path).ok().flatten().map(|settings| settings.hands.mode);
    if let Some(mode) = mode.filter(|mode| *mode != granted) {
        eprintln!(
            "watchfloor: {} is kept: what may be run here stays {mode}, though the token grants {granted}",
            path.display()
        );
    }
}

fn failed(doing: &str, path: &Path, error: &io::Error) -> Failure {
    Failure::failed(format!("cannot {doing} {}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::agent;

    #[test]
    fn a_new_host_lets_happen_what_its_token_grants() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("agent/agent.toml");
        write_settings(&path, &["a:7440".into(), "b:7440".into()], pb::Hands::Any).unwrap();
        let settings = agent::load(&path).unwrap().unwrap();
        assert_eq!(
            (settings.hands.mode, settings.hubs.as_slice()),
            (Hands::Any, &["a:7440".into(), "b:7440".into()][..])
        );
    }

    #[test]
    fn what_the_owner_wrote_stays() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("agent.toml");
        std::fs::write(&path, "# mine\nhub = \"old:7440\"\n[hands]\nmode = \"none\" # never\n").unwrap();
        write_settings(&path, &["new:7440".into()], pb::Hands::Any).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains("# mine") && text.contains("# never"), "{text}");
        let settings = agent::load(&path).unwrap().unwrap();
        assert_eq!((settings.hands.mode, settings.hubs.as_slice()), (Hands::None, &["new:7440".into()][..]));
    }

    #[test]
    fn an_old_identity_takes_its_facts_along() {
        let home = tempfile::tempdir().unwrap();
        std::fs::create_dir(home.path().join("outbox")).unwrap();
        std::fs::write(home.path().join("outbox/1"), "x").unwrap();
        std::fs::write(home.path().join("agent.toml"), "").unwrap();
        forget_old_identity(home.path()).unwrap();
        forget_old_identity(home.path()).unwrap();
        assert!(!home.path().join("outbox").exists() && home.path().join("agent.toml").exists());
    }
}
