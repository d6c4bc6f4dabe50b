//! The identities of a swarm: made, kept, used again, retired.

use std::io;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use rustls::pki_types::CertificateDer;
use tonic::Status;

use crate::link::{Connection, LinkError};
use crate::trust::credential::CredentialError;
use crate::trust::keys::KeyError;
use crate::trust::{Credential, NewKey};
use crate::wire::pb;
use crate::wire::pb::act_request::Verb;
use crate::wire::pb::query_request::Kind;

/// Signing requests in one call.
const AT_ONCE: usize = 500;

/// One synthetic agent.
#[derive(Debug)]
pub struct Identity {
    /// Its host's number, also the name of its directory.
    pub host: u64,
    /// Its certificate and key.
    pub credential: Credential,
}

/// Why a swarm could not be made or retired.
#[derive(Debug, thiserror::Error)]
pub enum SwarmError {
    /// The hub refused or was not reached.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// A credential can't be kept.
    #[error(transparent)]
    Credential(#[from] CredentialError),
    /// No key could be made.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The directory can't be used.
    #[error("the swarm's directory {path} can't be used: {source}; set WATCHFLOOR_HOME to one that can")]
    Directory {
        /// Which.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The hub has no link port.
    #[error("this fleet has no link port (it is the local fleet of one machine); start `watchfloor hub` and join that")]
    NoPort,
}

/// Makes the swarm's identities up to `wanted`, those kept in `dir` first; returns them and where the hub is dialled.
///
/// # Errors
/// See [`SwarmError`].
pub async fn admit(link: &Connection, dir: &Path, wanted: usize) -> Result<(Vec<Identity>, Vec<String>), SwarmError> {
    let known = synthetic_hosts(link).await?;
    let mut agents: Vec<Identity> = kept(dir)?.into_iter().filter(|kept| known.contains(&kept.host)).collect();
    agents.truncate(wanted);
    // Also with nothing to sign: the answer says where the hub is dialled.
    let mut addresses = sign(link, dir, 0, &mut agents).await?;
    while agents.len() < wanted {
        let more = (wanted - agents.len()).min(AT_ONCE);
        addresses = sign(link, dir, more, &mut agents).await?;
    }
    if addresses.is_empty() {
        return Err(SwarmError::NoPort);
    }
    Ok((agents, addresses))
}

async fn sign(
    link: &Connection,
    dir: &Path,
    count: usize,
    agents: &mut Vec<Identity>,
) -> Result<Vec<String>, SwarmError> {
    let keys = (0..count).map(|_| NewKey::generate()).collect::<Result<Vec<_>, _>>()?;
    let signing_requests =
        keys.iter().map(|key| Ok(Bytes::from(key.signing_request()?))).collect::<Result<Vec<_>, KeyError>>()?;
    let reply = link.console().sign(pb::SignRequest { signing_requests }).await;
    let reply = reply.map_err(|status| link.error(&status))?.into_inner();
    let root = CertificateDer::from(reply.root.to_vec());
    for (key, signed) in keys.iter().zip(reply.agents) {
        let chain = signed.chain.iter().map(|one| CertificateDer::from(one.to_vec())).collect();
        let credential = Credential::new(root.clone(), chain, key.private_key())?;
        credential.save(&dir.join(signed.host.to_string()))?;
        agents.push(Identity { host: signed.host, credential });
    }
    Ok(reply.link)
}

fn kept(dir: &Path) -> Result<Vec<Identity>, SwarmError> {
    let failed = |source| SwarmError::Directory { path: dir.to_owned(), source };
    let entries = match std::fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(error)),
    };
    let mut hosts = Vec::new();
    for entry in entries {
        let name = entry.map_err(failed)?.file_name();
        hosts.extend(name.to_str().and_then(|name| name.parse::<u64>().ok()));
    }
    hosts.sort_unstable();
    let mut agents = Vec::new();
    for host in hosts {
        if let Some(credential) = Credential::load(&dir.join(host.to_string()))? {
            agents.push(Identity { host, credential });
        }
    }
    Ok(agents)
}

/// Retires all synthetic hosts of the fleet; returns how many.
///
/// # Errors
/// The hub refused or was not reached.
pub async fn retire(link: &Connection) -> Result<usize, SwarmError> {
    let hosts = synthetic_hosts(link).await?;
    let many = hosts.len();
    let asked = hosts.into_iter().map(|host| {
        let mut client = link.console();
        async move {
            let request = pb::ActRequest {
                id: Bytes::copy_from_slice(&action_id()),
                verb: Some(Verb::RetireHost(pb::RetireHost { host })),
                ..pb::ActRequest::default()
            };
            client.act(request).await
        }
    });
    let mut answers = futures_util::StreamExt::buffer_unordered(futures_util::stream::iter(asked), 32);
    while let Some(answer) = futures_util::StreamExt::next(&mut answers).await {
        answer.map_err(|status| link.error(&status))?;
    }
    Ok(many)
}

/// Removes what is kept of a swarm.
///
/// # Errors
/// The directory can't be removed.
pub fn forget(dir: &Path) -> Result<(), SwarmError> {
    match std::fs::remove_dir_all(dir) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => {
            Err(SwarmError::Directory { path: dir.to_owned(), source })
        }
        _ => Ok(()),
    }
}

async fn synthetic_hosts(link: &Connection) -> Result<Vec<u64>, SwarmError> {
    let failed = |status: Status| link.error(&status);
    let request = pb::QueryRequest { kind: Kind::Hosts.into(), ..pb::QueryRequest::default() };
    let mut pages = link.console().query(request).await.map_err(failed)?.into_inner();
    let mut hosts = Vec::new();
    while let Some(page) = pages.message().await.map_err(failed)? {
        hosts.extend(page.rows.into_iter().filter_map(|row| match row.entity {
            Some(pb::row::Entity::Host(host)) if host.synthetic => Some(host.id),
            _ => None,
        }));
    }
    Ok(hosts)
}

fn action_id() -> [u8; 16] {
    let mut id = [0; 16];
    // Without randomness two retirements could share an id, and the second would get the first one's answer.
    if ring::rand::SecureRandom::fill(&ring::rand::SystemRandom::new(), &mut id).is_err() {
        id = std::process::id().to_le_bytes().repeat(4).try_into().unwrap_or(id);
    }
    id
}
