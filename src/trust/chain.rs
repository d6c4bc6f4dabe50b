//! Verifying chains against one root, with one cryptography provider, named explicitly.

use std::sync::Arc;

use rustls::RootCertStore;
use rustls::client::WebPkiServerVerifier;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::CertificateDer;
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;

/// A root that cannot be used to verify anything.
#[derive(Debug, thiserror::Error)]
#[error("the fleet's root certificate cannot be used ({0}): enrol anew with a fresh token")]
pub struct RootError(String);

/// The one provider of cryptography. It is never taken from the process's default, which a dependency could change.
pub fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// Verifies client certificates: mandatory, and issued below `root`.
///
/// # Errors
/// When `root` is no certificate.
pub fn client_verifier(root: &CertificateDer<'_>) -> Result<Arc<dyn ClientCertVerifier>, RootError> {
    WebPkiClientVerifier::builder_with_provider(store(root)?, provider())
        .build()
        .map_err(|error| RootError(error.to_string()))
}

/// Verifies server certificates issued below `root`.
///
/// # Errors
/// When `root` is no certificate.
pub fn server_verifier(root: &CertificateDer<'_>) -> Result<Arc<WebPkiServerVerifier>, RootError> {
    WebPkiServerVerifier::builder_with_provider(store(root)?, provider())
        .build()
        .map_err(|error| RootError(error.to_string()))
}

fn store(root: &CertificateDer<'_>) -> Result<Arc<RootCertStore>, RootError> {
    let mut roots = RootCertStore::empty();
    roots.add(root.clone().into_owned()).map_err(|error| RootError(error.to_string()))?;
    Ok(Arc::new(roots))
}
