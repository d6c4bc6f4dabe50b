//! When a certificate is valid and when it should be renewed.

use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;

use crate::fleet::words::Timestamp;
use crate::trust::identity_name::NameError;

/// The time in which a certificate is valid, both ends included, in whole seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validity {
    /// The first moment.
    pub not_before: Timestamp,
    /// The last second.
    pub not_after: Timestamp,
}

/// Reads the validity of a certificate (DER).
///
/// # Errors
/// When the bytes are no certificate.
pub fn validity(certificate: &[u8]) -> Result<Validity, NameError> {
    let (_, certificate) = X509Certificate::from_der(certificate).map_err(|_| NameError::NotACertificate)?;
    let milliseconds = |time: x509_parser::time::ASN1Time| Timestamp(time.timestamp().saturating_mul(1000));
    let validity = certificate.validity();
    Ok(Validity { not_before: milliseconds(validity.not_before), not_after: milliseconds(validity.not_after) })
}

/// When a certificate (DER) is due for renewal: at two thirds of its life, so that a third is left to retry in.
///
/// # Errors
/// When the bytes are no certificate.
pub fn renew_at(certificate: &[u8]) -> Result<Timestamp, NameError> {
    let Validity { not_before, not_after } = validity(certificate)?;
    Ok(not_before + not_after.since(not_before) / 3 * 2)
}
