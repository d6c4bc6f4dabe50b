//! Spending a token: a key made here, a certificate made there, stored before anybody is told.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use rustls::pki_types::CertificateDer;
use tokio::time::timeout;

use crate::link::dial::{Address, Tls, dial};
use crate::link::error::{Class, LinkError};
use crate::trust::fingerprint::sha256;
use crate::trust::tls_client::{enrol_client, hub_server_name};
use crate::trust::{Credential, Kind, NewKey, Token};
use crate::wire::pb::{EnrolReply, EnrolRequest, OsFacts, Role};

/// How long the hub may take to answer.
const TIMEOUT: Duration = Duration::from_secs(15);
/// How often the hub is asked where its answer does not come.
const ATTEMPTS: u32 = 2;
/// The most certificates in a chain that a hub sends.
const CHAIN_MAX: usize = 4;

/// A new identity, stored.
#[derive(Debug)]
pub struct Enrolled {
    /// What this agent or console proves itself with from now on.
    pub credential: Credential,
    /// Where it was stored.
    pub dir: PathBuf,
    /// What the token granted, in the hub's words. Its texts are not made safe yet.
    pub reply: EnrolReply,
}

/// Spends `token` under the name `name`. Where to store the credential depends on what the token grants, so `place`
/// is asked once the hub has answered; the credential is on disk when this returns.
///
/// # Errors
/// When no enrol address answers as the fleet's hub, the hub refuses the token, or the answer does not hold together.
pub async fn enrol(
    token: &Token,
    name: &str,
    os: Option<OsFacts>,
    place: impl FnOnce(&EnrolReply) -> PathBuf,
) -> Result<Enrolled, LinkError> {
    let failed = |error: &dyn std::fmt::Display| LinkError::Refused(error.to_string());
    let tls = Tls {
        config: Arc::new(enrol_client(token.root_sha256).map_err(|error| failed(&error))?),
        name: hub_server_name(&token.fleet).map_err(|error| failed(&error))?,
    };
    let addresses: Vec<Address> = token.addresses.iter().cloned().map(Address::Tcp).collect();
    let key = NewKey::generate().map_err(|error| failed(&error))?;
    let request = EnrolRequest {
        secret: Bytes::copy_from_slice(token.secret.bytes()),
        signing_request: key.signing_request().map_err(|error| failed(&error))?.into(),
        name: name.to_owned(),
        os,
    };
    // A hub that recorded the key answers it again: an answer that was lost does not cost the token.
    let mut asked = 1;
    let reply = loop {
        match ask(&addresses, &tls, request.clone()).await {
            Err(error) if asked < ATTEMPTS && error.class() == Class::NoHub => asked += 1,
            answered => break answered?,
        }
    };
    let credential = check(token, &key, &reply)?;
    let dir = place(&reply);
    credential.save(&dir).map_err(|error| failed(&error))?;
    Ok(Enrolled { credential, dir, reply })
}

async fn ask(addresses: &[Address], tls: &Tls, request: EnrolRequest) -> Result<EnrolReply, LinkError> {
    let connection = dial(addresses, Some(tls)).await?;
    match timeout(TIMEOUT, connection.enrol().enrol(request)).await {
        Ok(Ok(reply)) => Ok(reply.into_inner()),
        Ok(Err(status)) => Err(connection.error(&status)),
        Err(_) => {
            let why = format!(
                "the hub did not answer within {} s; ask for a new token if this one counts as used",
                TIMEOUT.as_secs()
            );
            Err(LinkError::NoHub(why).at(connection.to()))
        }
    }
}

/// TLS has proved the hub; this catches a hub that answers nonsense before anything is stored.
fn check(token: &Token, key: &NewKey, reply: &EnrolReply) -> Result<Credential, LinkError> {
    let nonsense = |what: &str| {
        LinkError::Refused(format!(
            "the hub's answer does not hold together ({what}): ask for a new token, and report this"
        ))
    };
    if sha256(&reply.root) != token.root_sha256 {
        return Err(nonsense("another root"));
    }
    if reply.chain.len() > CHAIN_MAX {
        return Err(nonsense("too many certificates"));
    }
    let chain = reply.chain.iter().map(|der| CertificateDer::from(der.to_vec())).collect();
    let credential = Credential::new(reply.root.to_vec().into(), chain, key.private_key())
        .map_err(|error| nonsense(&error.to_string()))?;
    let kind = match reply.role() {
        Role::Agent => Kind::Agent,
        Role::Viewer | Role::Operator | Role::Admin => Kind::Operator,
        Role::None | Role::Hub | Role::Intake | Role::Reader => return Err(nonsense("a role that does not enrol")),
    };
    let principal = credential.principal();
    if principal.kind != kind || principal.id.0 != reply.identity {
        return Err(nonsense("the certificate names another identity"));
    }
    Ok(credential)
}
