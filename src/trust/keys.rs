//! Key pairs (ECDSA P-256), made where they are used, and requests to sign them.

use rcgen::{CertificateParams, DistinguishedName, KeyPair, PKCS_ECDSA_P256_SHA256};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

/// Why a key could not be made or used.
#[derive(Debug, thiserror::Error)]
#[error("cannot make or use a key pair (ECDSA P-256): {0}")]
pub struct KeyError(#[from] rcgen::Error);

/// A key pair that has no certificate yet. The private half never leaves the machine.
#[derive(Debug)]
pub struct NewKey(KeyPair);

impl NewKey {
    /// Makes a key pair from the system's random source.
    ///
    /// # Errors
    /// When the system has no randomness to give.
    pub fn generate() -> Result<Self, KeyError> {
        Ok(Self(KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?))
    }

    /// A signing request (DER, PKCS #10) for this key. It names nobody: the hub takes the public key and nothing else.
    ///
    /// # Errors
    /// When signing fails.
    pub fn signing_request(&self) -> Result<Vec<u8>, KeyError> {
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        Ok(params.serialize_request(&self.0)?.der().to_vec())
    }

    /// The private key (PKCS #8), to be stored and used for TLS.
    #[must_use]
    pub fn private_key(&self) -> PrivateKeyDer<'static> {
        PrivatePkcs8KeyDer::from(self.0.serialize_der()).into()
    }
}
