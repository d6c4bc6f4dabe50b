//! The fleet's authority: a root, and below it the key that issues leaves.
//!
//! Its directory holds `root.crt`, `root.key`, `issuing.crt` and `issuing.key` (PEM). Only the issuing key is read in
//! daily work; `root.key` may be kept off the machine.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, PublicKeyData, SanType, SerialNumber,
    SubjectPublicKeyInfo,
};
use ring::rand::SecureRandom;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::prelude::FromDer;
use x509_parser::time::ASN1Time;

use crate::fleet::words::{FleetId, IdentityId, Timestamp};
use crate::trust::credential::{Credential, CredentialError};
use crate::trust::files::{self, FileError};
use crate::trust::fingerprint::{fleet_id_of_root, sha256};
use crate::trust::identity_name::{Kind, NameError, Principal, hub_dns_name};
use crate::trust::keys::{KeyError, NewKey};
use crate::trust::validity::validity;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// Root and issuing key outlive the machines they serve; replacing a root means enrolling everything anew.
const AUTHORITY_LIFE: Duration = Duration::from_secs(25 * 365 * 24 * 60 * 60);
/// A peer's clock may be this far behind the hub's.
const BACKDATE: Duration = Duration::from_secs(5 * 60);
/// The largest signing request in bytes; one of a P-256 key without names takes about 200.
pub const REQUEST_MAX: usize = 4096;

/// Why the authority could not be made, read or used.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    /// A file could not be read or written.
    #[error("the fleet's authority: {0}")]
    File(#[from] FileError),
    /// A file does not hold what it should.
    #[error("{path} is damaged ({what}): restore the directory from a backup; without it no certificate can be issued", path = .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: &'static str,
    },
    /// The directory already holds an authority.
    #[error("{path} already exists: an authority is made once and never replaced, for every certificate of the fleet hangs on it", path = .0.display())]
    Exists(PathBuf),
    /// The signing request is too large, malformed, not self-signed, or not of an ECDSA P-256 key.
    #[error("the signing request {0}: make a new one with an ECDSA P-256 key")]
    Request(&'static str),
    /// The issuing certificate has expired.
    #[error("the fleet's issuing certificate has expired, or this machine's clock is wrong: check the clock")]
    Expired,
    /// The time is outside of what a certificate can say.
    #[error("this machine's clock is wrong: set it and try again")]
    Clock,
    /// Making or using a key failed.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The system has no randomness to give.
    #[error("the system's random source failed")]
    Random,
    /// Signing failed.
    #[error("cannot sign a certificate: {0}")]
    Sign(#[from] rcgen::Error),
    /// The issued certificate does not hold together.
    #[error(transparent)]
    Credential(#[from] CredentialError),
    /// One of the authority's own certificates cannot be read.
    #[error(transparent)]
    Name(#[from] NameError),
}

/// What was issued: the leaf, then the issuing certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issued {
    /// Leaf first, then the issuing certificate (DER); the root is not part of it.
    pub chain: Vec<CertificateDer<'static>>,
    /// Whom the leaf names.
    pub principal: Principal,
    /// The last second in which the leaf is valid.
    pub not_after: Timestamp,
}

/// The fleet's root certificate and the issuing key below it.
pub struct Authority {
    fleet: FleetId,
    root: CertificateDer<'static>,
    issuing: CertificateDer<'static>,
    issuing_until: Timestamp,
    issuer: Issuer<'static, KeyPair>,
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Authority").field("fleet", &self.fleet).finish_non_exhaustive()
    }
}

impl Authority {
    /// Makes an authority in memory, which nobody can make again: for fleets that live as long as one process.
    ///
    /// # Errors
    /// When the system has no randomness to give.
    pub fn ephemeral(now: Timestamp) -> Result<Self, AuthorityError> {
        let (root, issuing) = generate(now)?;
        Self::assemble(root.der().clone(), issuing)
    }

    /// Makes an authority and stores it in `dir`, which must not exist yet. The directory appears whole or not at all.
    ///
    /// # Errors
    /// When `dir` exists or cannot be written.
    pub fn create(dir: &Path, now: Timestamp) -> Result<Self, AuthorityError> {
        if dir.exists() {
            return Err(AuthorityError::Exists(dir.to_owned()));
        }
        let (root, issuing) = generate(now)?;
        let mut partial = dir.as_os_str().to_owned();
        partial.push(".partial");
        let partial = PathBuf::from(partial);
        let _ = fs::remove_dir_all(&partial); // left by a process that was killed; nothing was issued from it
        files::make_private_dir(&partial)?;
        files::write_private(&partial.join("root.crt"), root.pem().as_bytes())?;
        files::write_private(&partial.join("root.key"), root.key().serialize_pem().as_bytes())?;
        files::write_private(&partial.join("issuing.crt"), issuing.pem().as_bytes())?;
        files::write_private(&partial.join("issuing.key"), issuing.key().serialize_pem().as_bytes())?;
        let root = root.der().clone();
        fs::rename(&partial, dir).map_err(|source| FileError::Io {
            doing: "cannot make the directory",
            path: dir.to_owned(),
            source,
        })?;
        files::sync_parent(dir)?;
        Self::assemble(root, issuing)
    }

    /// Reads the authority stored in `dir`; `root.key` is not needed.
    ///
    /// # Errors
    /// When files are missing, damaged, readable by others or do not belong together.
    pub fn load(dir: &Path) -> Result<Self, AuthorityError> {
        let damaged = |file: &str, what| AuthorityError::Damaged { path: dir.join(file), what };
        let certificate = |file: &'static str| {
            let pem = files::read_public(&dir.join(file))?;
            CertificateDer::from_pem_slice(&pem).map_err(|_| damaged(file, "it holds no certificate"))
        };
        let root = certificate("root.crt")?;
        let issuing = certificate("issuing.crt")?;
        let key = files::read_private(&dir.join("issuing.key"))?;
        let key = PrivateKeyDer::from_pem_slice(&key)
            .ok()
            .and_then(|key| KeyPair::try_from(&key).ok())
            .ok_or_else(|| damaged("issuing.key", "it holds no private key"))?;
        let (_, parsed) = x509_parser::parse_x509_certificate(&issuing)
            .map_err(|_| damaged("issuing.crt", "it holds no certificate"))?;
        let (_, parsed_root) =
            x509_parser::parse_x509_certificate(&root).map_err(|_| damaged("root.crt", "it holds no certificate"))?;
        if parsed.public_key().subject_public_key.data != key.public_key_raw() {
            return Err(damaged("issuing.key", "it is not the key of issuing.crt"));
        }
        if parsed.verify_signature(Some(parsed_root.public_key())).is_err() {
            return Err(damaged("issuing.crt", "root.crt did not sign it"));
        }
        let issuing_until = validity(&issuing)?.not_after;
        let issuer = Issuer::from_ca_cert_der(&issuing, key)?;
        Ok(Self { fleet: fleet_id_of_root(&root), root, issuing, issuing_until, issuer })
    }

    /// Reads the authority stored in `dir`, or makes one where `dir` does not exist.
    ///
    /// # Errors
    /// As [`Authority::load`] and [`Authority::create`]; a damaged authority is never replaced.
    pub fn open(dir: &Path, now: Timestamp) -> Result<Self, AuthorityError> {
        if dir.exists() { Self::load(dir) } else { Self::create(dir, now) }
    }

    fn assemble(
        root: CertificateDer<'static>,
        issuing: CertifiedIssuer<'static, KeyPair>,
    ) -> Result<Self, AuthorityError> {
        let certificate = issuing.der().clone();
        let key = KeyPair::try_from(issuing.key().serialized_der())?;
        let issuer = Issuer::from_ca_cert_der(&certificate, key)?;
        let issuing_until = validity(&certificate)?.not_after;
        Ok(Self { fleet: fleet_id_of_root(&root), root, issuing: certificate, issuing_until, issuer })
    }

    /// The fleet's id, made from the root.
    #[must_use]
    pub const fn fleet_id(&self) -> &FleetId {
        &self.fleet
    }

    /// The root certificate (DER), which tokens pin and clients trust.
    #[must_use]
    pub const fn root(&self) -> &CertificateDer<'static> {
        &self.root
    }

    /// The issuing certificate (DER).
    #[must_use]
    pub const fn issuing(&self) -> &CertificateDer<'static> {
        &self.issuing
    }

    /// Issues a leaf for the key of a signing request (DER, at most [`REQUEST_MAX`] bytes), valid from five minutes
    /// before `now` for 90 days (agent, hub) or 30 (operator). **Only the public key is taken**; whatever else the
    /// request asks for is not even looked at.
    ///
    /// # Errors
    /// When the request is no proof of possession of an ECDSA P-256 key, or the issuing certificate has expired.
    pub fn issue(&self, request: &[u8], kind: Kind, id: IdentityId, now: Timestamp) -> Result<Issued, AuthorityError> {
        let public_key = public_key_of(request)?;
        let principal = Principal { fleet: self.fleet.clone(), kind, id };
        let life = match kind {
            Kind::Agent | Kind::Hub => DAY * 90,
            Kind::Operator => DAY * 30,
        };
        let not_after = (now + life).min(self.issuing_until);
        if not_after <= now {
            return Err(AuthorityError::Expired);
        }
        let mut params = CertificateParams::default();
        params.not_before = date(now - BACKDATE)?.to_datetime();
        params.not_after = date(not_after)?.to_datetime();
        params.serial_number = Some(serial_number()?);
        params.distinguished_name = named(&principal.to_string());
        params.subject_alt_names = vec![SanType::URI(principal.to_string().try_into()?)];
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.use_authority_key_identifier_extension = true;
        params.extended_key_usages = match kind {
            Kind::Agent | Kind::Operator => vec![ExtendedKeyUsagePurpose::ClientAuth],
            Kind::Hub => vec![ExtendedKeyUsagePurpose::ServerAuth],
        };
        if kind == Kind::Hub {
            params.subject_alt_names.push(SanType::DnsName(hub_dns_name(&self.fleet).try_into()?));
        }
        let leaf: CertificateDer<'static> = params.signed_by(&public_key, &self.issuer)?.into();
        let not_after = validity(&leaf)?.not_after;
        Ok(Issued { chain: vec![leaf, self.issuing.clone()], principal, not_after })
    }

    /// Issues a credential for a key made here: the hub's own, and those of the local fleet.
    ///
    /// # Errors
    /// As [`Authority::issue`].
    pub fn issue_credential(&self, kind: Kind, id: IdentityId, now: Timestamp) -> Result<Credential, AuthorityError> {
        let key = NewKey::generate()?;
        let issued = self.issue(&key.signing_request()?, kind, id, now)?;
        Ok(Credential::new(self.root.clone(), issued.chain, key.private_key())?)
    }
}

fn generate(
    now: Timestamp,
) -> Result<(CertifiedIssuer<'static, KeyPair>, CertifiedIssuer<'static, KeyPair>), AuthorityError> {
    // Names differ from fleet to fleet, so that a certificate of another fleet is called one of an unknown issuer and
    // not one with a bad signature.
    let mark: String = random::<4>()?.iter().map(|byte| format!("{byte:02x}")).collect();
    let params = authority_params(&format!("Watchfloor root {mark}"), 1, now)?;
    let root = CertifiedIssuer::self_signed(params, new_key()?)?;
    let params = authority_params(&format!("Watchfloor issuing {mark}"), 0, now)?;
    let issuing = CertifiedIssuer::signed_by(params, new_key()?, &root)?;
    Ok((root, issuing))
}

fn authority_params(name: &str, path_len: u8, now: Timestamp) -> Result<CertificateParams, AuthorityError> {
    let mut params = CertificateParams::default();
    params.not_before = date(now - BACKDATE)?.to_datetime();
    params.not_after = date(now + AUTHORITY_LIFE)?.to_datetime();
    params.serial_number = Some(serial_number()?);
    params.distinguished_name = named(name);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(path_len));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    params.use_authority_key_identifier_extension = true;
    Ok(params)
}

fn new_key() -> Result<KeyPair, AuthorityError> {
    Ok(KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?)
}

fn named(name: &str) -> DistinguishedName {
    let mut names = DistinguishedName::new();
    names.push(DnType::CommonName, name);
    names
}

/// 126 random bits; the top bits keep the number positive and of constant length, as RFC 5280 section 4.1.2.2 asks.
fn serial_number() -> Result<SerialNumber, AuthorityError> {
    let mut bytes = random::<16>()?;
    if let Some(first) = bytes.first_mut() {
        *first = *first & 0x7f | 0x40;
    }
    Ok(SerialNumber::from_slice(&bytes))
}

fn random<const N: usize>() -> Result<[u8; N], AuthorityError> {
    let mut bytes = [0; N];
    ring::rand::SystemRandom::new().fill(&mut bytes).map_err(|_| AuthorityError::Random)?;
    Ok(bytes)
}

fn date(time: Timestamp) -> Result<ASN1Time, AuthorityError> {
    ASN1Time::from_timestamp(time.0.div_euclid(1000)).map_err(|_| AuthorityError::Clock)
}

/// The SHA-256 of the public key (its DER) that a signing request proves to hold.
///
/// # Errors
/// When the request cannot be read or its signature does not fit its key.
pub fn key_hash(request: &[u8]) -> Result<[u8; 32], AuthorityError> {
    Ok(sha256(PublicKeyData::der_bytes(&public_key_of(request)?)))
}

fn public_key_of(request: &[u8]) -> Result<SubjectPublicKeyInfo, AuthorityError> {
    let refuse = AuthorityError::Request;
    if request.len() > REQUEST_MAX {
        return Err(refuse("is too large"));
    }
    let (rest, request) = X509CertificationRequest::from_der(request).map_err(|_| refuse("is malformed"))?;
    if !rest.is_empty() {
        return Err(refuse("is followed by other bytes"));
    }
    let key = SubjectPublicKeyInfo::from_der(request.certification_request_info.subject_pki.raw)
        .map_err(|_| refuse("is of a kind of key that is not supported"))?;
    if PublicKeyData::algorithm(&key) != &PKCS_ECDSA_P256_SHA256 {
        return Err(refuse("is of a kind of key that is not supported"));
    }
    request.verify_signature().map_err(|_| refuse("is not signed by its own key"))?;
    Ok(key)
}
