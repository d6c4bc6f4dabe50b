//! TLS as agents, consoles and the command line speak it: version 1.3 only, HTTP/2 only, one fleet's hub and no other.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{Resumption, WebPkiServerVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, ConfigBuilder, DigitallySignedStruct, Error, OtherError, SignatureScheme,
    WantsVerifier,
};

use crate::fleet::words::FleetId;
use crate::trust::chain;
use crate::trust::credential::Credential;
use crate::trust::fingerprint::{fleet_id, sha256};
use crate::trust::identity_name::{Kind, Principal, hub_dns_name};
use crate::trust::tls_server::TlsError;

/// The server is not the hub of the fleet that was meant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WrongHub {
    /// Its chain does not hold the root that the token pins.
    #[error("the server does not show the root certificate that the token of fleet {0} names")]
    Pin(FleetId),
    /// It is something else, or the hub of another fleet.
    #[error("the server is {found}, not the hub of fleet {expected}")]
    Principal {
        /// The fleet that was meant.
        expected: FleetId,
        /// Whom the certificate names.
        found: Box<str>,
    },
}

/// TLS to the link port of the credential's fleet: its root alone is trusted, and the credential is shown.
///
/// # Errors
/// When the credential cannot be used.
pub fn link_client(credential: &Credential) -> Result<ClientConfig, TlsError> {
    let verifier = HubVerifier::new(chain::server_verifier(credential.root())?, &credential.principal().fleet)?;
    let config = builder()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_client_auth_cert(credential.chain().to_vec(), credential.key())?;
    Ok(finish(config))
}

/// TLS to the enrol port of the fleet whose root certificate has this SHA-256, as a token says.
///
/// # Errors
/// When TLS cannot be set up.
pub fn enrol_client(root_sha256: [u8; 32]) -> Result<ClientConfig, TlsError> {
    let config = builder()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(PinVerifier { root_sha256 }))
        .with_no_client_auth();
    Ok(finish(config))
}

/// The name to open TLS with, whatever address was dialled.
///
/// # Errors
/// When the fleet's id is none.
pub fn hub_server_name(fleet: &FleetId) -> Result<ServerName<'static>, TlsError> {
    ServerName::try_from(hub_dns_name(fleet)).map_err(|_| Error::UnsupportedNameType.into())
}

fn builder() -> Result<ConfigBuilder<ClientConfig, WantsVerifier>, TlsError> {
    Ok(ClientConfig::builder_with_provider(chain::provider()).with_protocol_versions(&[&rustls::version::TLS13])?)
}

fn finish(mut config: ClientConfig) -> ClientConfig {
    config.alpn_protocols = vec![b"h2".to_vec()];
    config.enable_early_data = false;
    config.resumption = Resumption::disabled(); // the hub gives no tickets
    config
}

/// Verifies that the server is the hub of one fleet.
#[derive(Debug)]
struct HubVerifier {
    inner: Arc<WebPkiServerVerifier>,
    fleet: FleetId,
    name: ServerName<'static>,
}

impl HubVerifier {
    fn new(inner: Arc<WebPkiServerVerifier>, fleet: &FleetId) -> Result<Self, TlsError> {
        Ok(Self { inner, fleet: fleet.clone(), name: hub_server_name(fleet)? })
    }
}

impl ServerCertVerifier for HubVerifier {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _dialled: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verified = self.inner.verify_server_cert(leaf, intermediates, &self.name, ocsp, now)?;
        let principal = Principal::from_leaf(leaf).map_err(other)?;
        if principal.kind == Kind::Hub && principal.fleet == self.fleet {
            Ok(verified)
        } else {
            let found = principal.to_string().into();
            Err(other(WrongHub::Principal { expected: self.fleet.clone(), found }))
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}

/// Takes the root out of what the server shows, by its hash, and then verifies as with a root known before.
#[derive(Debug)]
struct PinVerifier {
    root_sha256: [u8; 32],
}

impl ServerCertVerifier for PinVerifier {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        dialled: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let fleet = fleet_id(&self.root_sha256);
        let root = intermediates
            .iter()
            .find(|certificate| sha256(certificate) == self.root_sha256)
            .ok_or_else(|| other(WrongHub::Pin(fleet.clone())))?;
        let inner = chain::server_verifier(root).map_err(other)?;
        let verifier = HubVerifier::new(inner, &fleet).map_err(other)?;
        verifier.verify_server_cert(leaf, intermediates, dialled, ocsp, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = chain::provider().signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signature, &algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = chain::provider().signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, &algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        chain::provider().signature_verification_algorithms.supported_schemes()
    }
}

fn other(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    CertificateError::Other(OtherError(Arc::new(error))).into()
}
