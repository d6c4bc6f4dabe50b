//! A new certificate for a new key, over the link, while the old one is still valid.

use std::path::Path;
use std::time::Duration;

use rustls::pki_types::CertificateDer;
use tokio::time::timeout;

use crate::link::connection::Connection;
use crate::link::error::LinkError;
use crate::trust::{Credential, Kind, NewKey};
use crate::wire::pb::RenewRequest;

/// How long the hub may take to answer.
const TIMEOUT: Duration = Duration::from_secs(15);
/// The most certificates in a chain that a hub sends.
const CHAIN_MAX: usize = 4;

/// Renews `old`, as agent or as operator, and stores the new credential in `dir` in its place. The connection goes on
/// under the old certificate; the next one should be dialled with the new.
///
/// # Errors
/// When the hub refuses or does not answer, or its answer does not hold together; the old credential then still stands.
pub async fn renew(connection: &Connection, old: &Credential, dir: &Path) -> Result<Credential, LinkError> {
    let failed = |error: &dyn std::fmt::Display| LinkError::Refused(error.to_string());
    let key = NewKey::generate().map_err(|error| failed(&error))?;
    let request = RenewRequest { signing_request: key.signing_request().map_err(|error| failed(&error))?.into() };
    let asked = async {
        match old.principal().kind {
            Kind::Agent => connection.agent().renew(request).await,
            Kind::Operator | Kind::Hub => connection.console().renew(request).await,
        }
    };
    let reply = match timeout(TIMEOUT, asked).await {
        Ok(Ok(reply)) => reply.into_inner(),
        Ok(Err(status)) => return Err(connection.error(&status)),
        Err(_) => {
            let why = format!("the hub did not answer within {} s", TIMEOUT.as_secs());
            return Err(LinkError::NoHub(why).at(connection.to()));
        }
    };
    let chain: Vec<_> = reply.chain.iter().take(CHAIN_MAX).map(|der| CertificateDer::from(der.to_vec())).collect();
    let new = Credential::new(old.root().clone(), chain, key.private_key()).map_err(|error| failed(&error))?;
    if new.principal() != old.principal() {
        return Err(LinkError::Refused(format!(
            "the hub renewed {} as {}: the old certificate is kept; report this",
            old.principal(),
            new.principal()
        )));
    }
    new.save(dir).map_err(|error| failed(&error))?;
    Ok(new)
}
