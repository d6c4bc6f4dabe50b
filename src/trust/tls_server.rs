//! TLS as the hub speaks it: version 1.3 only, HTTP/2 only, no early data, no resumption.
//!
//! Resumption would let a peer in without showing its certificate again, past its end or its revocation; a full
//! handshake costs the hub about half a millisecond.

use std::fmt;
use std::sync::Arc;

use rustls::client::danger::HandshakeSignatureValid;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::NoServerSessionStorage;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{
    CertificateError, ConfigBuilder, DigitallySignedStruct, DistinguishedName, Error, OtherError, ServerConfig,
    SignatureScheme, WantsVerifier,
};

use crate::fleet::words::FleetId;
use crate::trust::chain::{self, RootError};
use crate::trust::credential::Credential;
use crate::trust::identity_name::{Kind, Principal};

/// Why TLS cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The root cannot be used.
    #[error(transparent)]
    Root(#[from] RootError),
    /// Key and certificates cannot be used.
    #[error("TLS cannot be set up with this key and certificate: {0}")]
    Setup(#[from] Error),
}

/// Asks the registry whether a principal's certificate is revoked. It is called in the handshake, so it must not block.
pub type Revoked = Arc<dyn Fn(&Principal) -> bool + Send + Sync>;

/// TLS of the link port: a client certificate of an agent or operator of this fleet is mandatory.
///
/// # Errors
/// When the hub's credential cannot be used.
pub fn link_server(hub: &Credential, revoked: Revoked) -> Result<ServerConfig, TlsError> {
    let verifier =
        LinkVerifier { inner: chain::client_verifier(hub.root())?, fleet: hub.principal().fleet.clone(), revoked };
    let config =
        builder()?.with_client_cert_verifier(Arc::new(verifier)).with_single_cert(hub.chain().to_vec(), hub.key())?;
    Ok(finish(config))
}

/// TLS of the enrol port: only the hub proves itself. The root is sent along, for the client knows but its hash.
///
/// # Errors
/// When the hub's credential cannot be used.
pub fn enrol_server(hub: &Credential) -> Result<ServerConfig, TlsError> {
    let chain = hub.chain().iter().chain([hub.root()]).cloned().collect();
    Ok(finish(builder()?.with_no_client_auth().with_single_cert(chain, hub.key())?))
}

fn builder() -> Result<ConfigBuilder<ServerConfig, WantsVerifier>, TlsError> {
    Ok(ServerConfig::builder_with_provider(chain::provider()).with_protocol_versions(&[&rustls::version::TLS13])?)
}

fn finish(mut config: ServerConfig) -> ServerConfig {
    config.alpn_protocols = vec![b"h2".to_vec()];
    config.max_early_data_size = 0;
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    config
}

/// After chain, time and usage, also who the certificate names: so a wrong name is refused in the handshake, before
/// any byte of HTTP/2 is read.
struct LinkVerifier {
    inner: Arc<dyn ClientCertVerifier>,
    fleet: FleetId,
    revoked: Revoked,
}

impl fmt::Debug for LinkVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LinkVerifier").field("fleet", &self.fleet).finish_non_exhaustive()
    }
}

impl ClientCertVerifier for LinkVerifier {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.inner.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let verified = self.inner.verify_client_cert(leaf, intermediates, now)?;
        let principal =
            Principal::from_leaf(leaf).map_err(|error| CertificateError::Other(OtherError(Arc::new(error))))?;
        if principal.fleet != self.fleet || principal.kind == Kind::Hub {
            return Err(CertificateError::ApplicationVerificationFailure.into());
        }
        if (self.revoked)(&principal) {
            return Err(CertificateError::Revoked.into());
        }
        Ok(verified)
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
