//! What an agent, a console or a hub proves itself with: its key, its chain, and the root it trusts.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rustls::client::danger::ServerCertVerifier;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName, UnixTime};
use rustls::sign::CertifiedKey;

use crate::fleet::words::{FleetId, Timestamp};
use crate::trust::chain::{self, RootError};
use crate::trust::files::{self, FileError};
use crate::trust::fingerprint::fleet_id_of_root;
use crate::trust::identity_name::{Kind, NameError, Principal, hub_dns_name};
use crate::trust::validity::{Validity, renew_at, validity};

/// One file, so that renewal replaces key and certificate together or not at all.
const FILE: &str = "credential.pem";

/// Why a credential cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CredentialError {
    /// The file could not be read or written.
    #[error("the identity of this machine or user: {0}")]
    File(#[from] FileError),
    /// The file does not hold a key, a chain and a root.
    #[error("{path} is damaged ({what}): enrol anew with `watchfloor enrol TOKEN --replace`", path = .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: &'static str,
    },
    /// The leaf names nobody.
    #[error(transparent)]
    Name(#[from] NameError),
    /// The leaf names another fleet than the root's.
    #[error("the certificate is of fleet {named}, but its root makes fleet {root}: enrol anew with a fresh token")]
    Fleet {
        /// The fleet named in the leaf.
        named: FleetId,
        /// The fleet of the root.
        root: FleetId,
    },
    /// The root cannot be used.
    #[error(transparent)]
    Root(#[from] RootError),
    /// Key, leaf, issuing certificate and root do not belong together.
    #[error("key and certificates do not belong together ({0}): enrol anew with a fresh token")]
    Mismatch(rustls::Error),
}

/// A private key, the chain that proves whose it is, and the root of the fleet.
pub struct Credential {
    root: CertificateDer<'static>,
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    principal: Principal,
    validity: Validity,
    renew_at: Timestamp,
}

impl std::fmt::Debug for Credential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credential").field("principal", &self.principal).finish_non_exhaustive()
    }
}

impl Clone for Credential {
    fn clone(&self) -> Self {
        Self {
            root: self.root.clone(),
            chain: self.chain.clone(),
            key: self.key.clone_key(),
            principal: self.principal.clone(),
            validity: self.validity,
            renew_at: self.renew_at,
        }
    }
}

impl Credential {
    /// Puts together what belongs together. Whether it is valid *now* is not asked, so that an expired credential can
    /// be read and named.
    ///
    /// # Errors
    /// When the leaf does not name a principal of the root's fleet, was not issued below the root, or is not the
    /// key's.
    pub fn new(
        root: CertificateDer<'static>,
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
    ) -> Result<Self, CredentialError> {
        let leaf = chain.first().ok_or(NameError::NotACertificate)?;
        let principal = Principal::from_leaf(leaf)?;
        let fleet = fleet_id_of_root(&root);
        if principal.fleet != fleet {
            return Err(CredentialError::Fleet { named: principal.fleet, root: fleet });
        }
        let (validity, renew_at) = (validity(leaf)?, renew_at(leaf)?);
        verify(&root, &chain, &principal, validity)?;
        CertifiedKey::from_der(chain.clone(), key.clone_key(), &chain::provider())
            .map_err(CredentialError::Mismatch)?;
        Ok(Self { root, chain, key, principal, validity, renew_at })
    }

    /// Stores the credential in a directory, which is made where it is missing; an older one there is replaced at once.
    ///
    /// # Errors
    /// When the system refuses; the old credential then still stands.
    pub fn save(&self, dir: &Path) -> Result<(), CredentialError> {
        files::make_private_dir(dir)?;
        let mut pem = pem_block("PRIVATE KEY", self.key.secret_der());
        for certificate in self.chain.iter().chain([&self.root]) {
            pem.push_str(&pem_block("CERTIFICATE", certificate));
        }
        Ok(files::write_private(&dir.join(FILE), pem.as_bytes())?)
    }

    /// Reads the credential stored in a directory; `None` where there is none.
    ///
    /// # Errors
    /// When the file is damaged, readable by others or unreadable.
    pub fn load(dir: &Path) -> Result<Option<Self>, CredentialError> {
        let path = dir.join(FILE);
        let pem = match files::read_private(&path) {
            Ok(pem) => pem,
            Err(error) if error.is_missing() => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let damaged = |what| CredentialError::Damaged { path: path.clone(), what };
        let key = PrivatePkcs8KeyDer::from_pem_slice(&pem).map_err(|_| damaged("it holds no private key"))?;
        let mut chain = CertificateDer::pem_slice_iter(&pem)
            .collect::<Result<Vec<_>, _>>()
            .map_err(|_| damaged("a certificate in it cannot be read"))?;
        let root = chain.pop().ok_or_else(|| damaged("it holds no certificate"))?;
        Self::new(root, chain, key.into()).map(Some)
    }

    /// Removes the credential stored in a directory, when a fleet is left.
    ///
    /// # Errors
    /// When the system refuses. That there is none is no error.
    pub fn remove(dir: &Path) -> Result<(), CredentialError> {
        files::remove(&dir.join(FILE)).map_err(Into::into)
    }

    /// Whom the leaf names.
    #[must_use]
    pub const fn principal(&self) -> &Principal {
        &self.principal
    }

    /// The fleet's root certificate (DER).
    #[must_use]
    pub const fn root(&self) -> &CertificateDer<'static> {
        &self.root
    }

    /// Leaf, then issuing certificate (DER).
    #[must_use]
    pub fn chain(&self) -> &[CertificateDer<'static>] {
        &self.chain
    }

    /// A copy of the private key, for TLS.
    #[must_use]
    pub fn key(&self) -> PrivateKeyDer<'static> {
        self.key.clone_key()
    }

    /// When the leaf is valid.
    #[must_use]
    pub const fn validity(&self) -> Validity {
        self.validity
    }

    /// When to ask for the next certificate: at two thirds of the leaf's life.
    #[must_use]
    pub const fn renew_at(&self) -> Timestamp {
        self.renew_at
    }
}

/// Verifies the chain at the middle of the leaf's life, which does not depend on this machine's clock.
fn verify(
    root: &CertificateDer<'_>,
    chain: &[CertificateDer<'_>],
    principal: &Principal,
    Validity { not_before, not_after }: Validity,
) -> Result<(), CredentialError> {
    let (leaf, intermediates) = chain.split_first().ok_or(NameError::NotACertificate)?;
    let middle = not_before + not_after.since(not_before) / 2;
    let middle = UnixTime::since_unix_epoch(Duration::from_millis(u64::try_from(middle.0).unwrap_or(0)));
    if principal.kind == Kind::Hub {
        let name = ServerName::try_from(hub_dns_name(&principal.fleet)).map_err(|_| NameError::NotACertificate)?;
        chain::server_verifier(root)?
            .verify_server_cert(leaf, intermediates, &name, &[], middle)
            .map_err(CredentialError::Mismatch)?;
    } else {
        chain::client_verifier(root)?
            .verify_client_cert(leaf, intermediates, middle)
            .map_err(CredentialError::Mismatch)?;
    }
    Ok(())
}

fn pem_block(label: &str, der: &[u8]) -> String {
    use base64::Engine as _;
    let body = base64::engine::general_purpose::STANDARD.encode(der);
    let mut pem = format!("-----BEGIN {label}-----\n");
    for (at, letter) in body.chars().enumerate() {
        if at > 0 && at % 64 == 0 {
            pem.push('\n');
        }
        pem.push(letter);
    }
    pem.push_str(&format!("\n-----END {label}-----\n"));
    pem
}
