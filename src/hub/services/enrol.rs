//! The Enrol service: the one call that needs no certificate, only a token's secret.

use std::sync::Arc;

use bytes::Bytes;
use tonic::{Request, Response, Status};

use crate::fleet::hosts::vitals::OsFacts;
use crate::fleet::identity::Role;
use crate::fleet::rules::input::{EnrolRequest, Input};
use crate::hub::access::Call;
use crate::hub::services::signing;
use crate::hub::shared::{Shared, status};
use crate::trust::Kind;
use crate::trust::token::Secret;
use crate::wire::checked::checked_name;
use crate::wire::pb;
use crate::wire::pb::enrol_server::Enrol;

/// The Enrol service of one hub.
pub struct EnrolService(pub Arc<Shared>);

#[tonic::async_trait]
impl Enrol for EnrolService {
    async fn enrol(&self, request: Request<pb::EnrolRequest>) -> Result<Response<pb::EnrolReply>, Status> {
        let shared = &self.0;
        let from = request.remote_addr();
        shared.admit(&request, Call::Enrol).await?;
        let request = request.into_inner();
        let outcome = self.decide(&request).await;
        if let Err(refused) = &outcome {
            let who = from.map_or_else(|| "enrol port".to_owned(), |from| format!("enrol port, from {}", from.ip()));
            shared.refusals.note(&shared.core, &who, None, "enrol", refused.message()).await;
        }
        outcome.map(Response::new)
    }
}

impl EnrolService {
    async fn decide(&self, request: &pb::EnrolRequest) -> Result<pb::EnrolReply, Status> {
        let shared = &self.0;
        let secret = Secret::from_bytes(&request.secret).ok_or_else(|| {
            Status::invalid_argument("the token's secret is not whole; copy the token again, all of it")
        })?;
        let name =
            checked_name("EnrolRequest", &request.name).map_err(|error| Status::invalid_argument(error.to_string()))?;
        let key_hash = signing::key_of(&request.signing_request)?;
        let input =
            EnrolRequest { secret_hash: secret.hash(), key_hash, name, os: request.os.clone().map(OsFacts::from) };
        let answer = shared.core.decide(Input::Enrol(input)).await.map_err(status)?;
        let recorded = answer
            .recorded
            .first()
            .ok_or_else(|| Status::internal("the hub recorded nobody; try again with a new token"))?;
        let registry = shared.access.registry();
        let identity = registry
            .identities
            .get(&recorded.identity)
            .ok_or_else(|| Status::internal("the hub lost the identity it recorded; ask for a new token"))?;
        let kind = if identity.role == Role::Agent { Kind::Agent } else { Kind::Operator };
        let issued = signing::issue(shared, &request.signing_request, kind, recorded.identity)?;
        let standing = shared.core.standing().await.map_err(status)?;
        let host = match recorded.host {
            Some(host) => shared.core.host(host).await.map_err(status)?,
            None => None,
        };
        let hands =
            answer.token.and_then(|token| registry.tokens.get(&token)).map(|token| token.hands).unwrap_or_default();
        Ok(pb::EnrolReply {
            chain: signing::chain(&issued),
            root: Bytes::copy_from_slice(shared.authority.root()),
            fleet: shared.fleet.to_string(),
            fleet_name: standing.profile.name.to_string(),
            role: pb::Role::from(identity.role).into(),
            identity: recorded.identity.0,
            host: recorded.host.map_or(0, |host| host.0),
            hands: pb::Hands::from(hands).into(),
            link: shared.addresses().link,
            client: host.as_ref().map(|host| host.client.to_string()).unwrap_or_default(),
            site: host.as_ref().map(|host| host.site.to_string()).unwrap_or_default(),
            name: recorded.name.clone(),
        })
    }
}
