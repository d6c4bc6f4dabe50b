//! How an agent reaches its hub: over TCP with its certificate, or within this machine without one.

use std::path::PathBuf;
use std::sync::Arc;

use crate::fleet::words::Timestamp;
use crate::link::{Address, Connection, LinkError, Tls, dial, hello, renew};
use crate::trust::Credential;
use crate::trust::tls_client::{hub_server_name, link_client};
use crate::wire::pb::HelloReply;

/// Dials the hub and keeps the certificate fresh.
#[derive(Debug)]
pub struct Dialler {
    addresses: Vec<Address>,
    certificate: Option<Certificate>,
}

#[derive(Debug)]
struct Certificate {
    credential: Arc<Credential>,
    dir: PathBuf,
    /// Made once, so that sessions are resumed.
    tls: Tls,
}

impl Dialler {
    /// For the hub of this machine, over its socket or a pipe.
    #[must_use]
    pub const fn local(address: Vec<Address>) -> Self {
        Self { addresses: address, certificate: None }
    }

    /// For a hub over TCP; `dir` is where the credential lies and a renewed one goes.
    ///
    /// # Errors
    /// When the credential can't be used.
    pub fn enrolled(addresses: Vec<Address>, credential: Credential, dir: PathBuf) -> Result<Self, LinkError> {
        let tls = tls(&credential)?;
        Ok(Self { addresses, certificate: Some(Certificate { credential: Arc::new(credential), dir, tls }) })
    }

    /// Connects, and greets the hub, which is when it judges the certificate.
    ///
    /// # Errors
    /// As [`dial`](crate::link::dial()) and [`hello::as_agent`].
    pub async fn connect(&self) -> Result<(Connection, HelloReply), LinkError> {
        let connection = dial(&self.addresses, self.certificate.as_ref().map(|certificate| &certificate.tls)).await?;
        let hello = hello::as_agent(&connection).await?;
        Ok((connection, hello))
    }

    /// Whether the certificate should be renewed at this time.
    #[must_use]
    pub fn renewal_due(&self, now: Timestamp) -> bool {
        self.certificate.as_ref().is_some_and(|certificate| now >= certificate.credential.renew_at())
    }

    /// Asks for a new certificate and stores it. It stands apart from the dialler, so that a link can go on meanwhile;
    /// [`Self::take`] what it gives.
    ///
    /// # Errors
    /// As [`renew::renew`]; the old certificate still stands.
    pub fn renewal(
        &self,
        connection: &Connection,
    ) -> Option<impl Future<Output = Result<Credential, LinkError>> + Send + use<>> {
        let certificate = self.certificate.as_ref()?;
        let (connection, old, dir) = (connection.clone(), Arc::clone(&certificate.credential), certificate.dir.clone());
        Some(async move { renew::renew(&connection, &old, &dir).await })
    }

    /// Dials with this credential from now on.
    ///
    /// # Errors
    /// When the credential can't be used.
    pub fn take(&mut self, credential: Credential) -> Result<(), LinkError> {
        if let Some(certificate) = &mut self.certificate {
            certificate.tls = tls(&credential)?;
            certificate.credential = Arc::new(credential);
        }
        Ok(())
    }
}

fn tls(credential: &Credential) -> Result<Tls, LinkError> {
    let failed = |error: &dyn std::fmt::Display| LinkError::Refused(error.to_string());
    Ok(Tls {
        config: Arc::new(link_client(credential).map_err(|error| failed(&error))?),
        name: hub_server_name(&credential.principal().fleet).map_err(|error| failed(&error))?,
    })
}
