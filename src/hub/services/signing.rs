//! Certificates: recorded by the core first, issued for what it recorded.

use bytes::Bytes;
use tonic::Status;

use crate::fleet::rules::input::Input;
use crate::fleet::words::IdentityId;
use crate::hub::shared::{Shared, status};
use crate::trust::Kind;
use crate::trust::authority::{Issued, key_hash};
use crate::wire::pb;

/// Issues a leaf for a recorded identity.
///
/// # Errors
/// The signing request is not one.
pub fn issue(shared: &Shared, request: &[u8], kind: Kind, id: IdentityId) -> Result<Issued, Status> {
    let now = shared.clock.now().wall;
    shared.authority.issue(request, kind, id, now).map_err(|error| Status::invalid_argument(error.to_string()))
}

/// The SHA-256 of the public key a signing request proves to hold.
///
/// # Errors
/// The request is not a signing request, or its signature does not fit.
pub fn key_of(request: &[u8]) -> Result<[u8; 32], Status> {
    key_hash(request).map_err(|error| {
        Status::invalid_argument(format!("the signing request can't be read: {error}; make a new one and try again"))
    })
}

/// Renews the certificate of an identity that just proved the old one.
///
/// # Errors
/// The request is wrong, or the identity was revoked.
pub async fn renew(
    shared: &Shared,
    identity: IdentityId,
    kind: Kind,
    request: &pb::RenewRequest,
) -> Result<pb::RenewReply, Status> {
    let key_hash = key_of(&request.signing_request)?;
    shared.core.decide(Input::Renew { identity, key_hash }).await.map_err(status)?;
    let issued = issue(shared, &request.signing_request, kind, identity)?;
    Ok(pb::RenewReply { chain: chain(&issued), not_after: issued.not_after.0 })
}

/// A chain as the wire carries it: leaf first, then the issuing certificate.
#[must_use]
pub fn chain(issued: &Issued) -> Vec<Bytes> {
    issued.chain.iter().map(|certificate| Bytes::copy_from_slice(certificate)).collect()
}
