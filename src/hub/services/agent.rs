//! The Agent service: greeting, renewal, and the one stream of a host.

use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming};

use crate::fleet::words::{BlobId, HostId, IdentityId};
use crate::hub::access::{Call, Caller};
use crate::hub::journal::kinds::COMMAND_OUTPUT;
use crate::hub::journal::{BlobRecord, blob_id};
use crate::hub::links;
use crate::hub::services::intake::Intake;
use crate::hub::services::{console, signing};
use crate::hub::shared::{Shared, status};
use crate::trust::Kind;
use crate::wire::checked::{at_most, checked_hash};
use crate::wire::pb::agent_server::Agent;
use crate::wire::pb::hub_message::Body;
use crate::wire::{limits, pb};

/// How long the next part of an output may take.
const CHUNK_WAIT: Duration = Duration::from_secs(30);

/// The Agent service of one hub.
pub struct AgentService(pub Arc<Shared>);

#[tonic::async_trait]
impl Agent for AgentService {
    async fn hello(&self, request: Request<pb::HelloRequest>) -> Result<Response<pb::HelloReply>, Status> {
        let (identity, host) = self.agent(&request, Call::AgentHello).await?;
        let mut reply = console::greeting(&self.0).await?;
        reply.role = pb::Role::Agent.into();
        reply.host = host.0;
        if let Some(known) = identity.and_then(|id| self.0.access.registry().identities.get(&id).cloned()) {
            reply.identity = known.id.0;
            reply.identity_name = known.name.to_string();
            reply.not_after = known.not_after.0;
        }
        Ok(Response::new(reply))
    }

    type LinkStream = ReceiverStream<Result<pb::HubMessage, Status>>;

    async fn link(&self, request: Request<Streaming<pb::AgentMessage>>) -> Result<Response<Self::LinkStream>, Status> {
        let (_, host) = self.agent(&request, Call::AgentLink).await?;
        let inbound = request.into_inner();
        let (words, mut said) = mpsc::channel::<Body>(links::QUEUE);
        let (out, stream) = mpsc::channel(links::QUEUE);
        let intake = Intake::new(Arc::clone(&self.0), host, words);
        tokio::spawn(async move {
            let ended = {
                let listening = intake.run(inbound);
                tokio::pin!(listening);
                loop {
                    tokio::select! {
                        ended = &mut listening => break ended,
                        Some(body) = said.recv() => {
                            if out.send(Ok(pb::HubMessage { body: Some(body) })).await.is_err() {
                                break Ok(());
                            }
                        }
                    }
                }
            };
            if let Err(status) = ended {
                let _ = out.send(Err(status)).await;
            }
        });
        Ok(Response::new(ReceiverStream::new(stream)))
    }

    async fn renew(&self, request: Request<pb::RenewRequest>) -> Result<Response<pb::RenewReply>, Status> {
        let (identity, _) = self.agent(&request, Call::AgentRenew).await?;
        let identity = identity
            .ok_or_else(|| Status::failed_precondition("the agent of the hub's own process has no certificate"))?;
        signing::renew(&self.0, identity, Kind::Agent, &request.into_inner()).await.map(Response::new)
    }

    async fn output(&self, request: Request<Streaming<pb::OutputChunk>>) -> Result<Response<pb::OutputStored>, Status> {
        self.agent(&request, Call::AgentOutput).await?;
        store_output(&self.0, request.into_inner()).await?;
        Ok(Response::new(pb::OutputStored {}))
    }
}

/// Gathers one blob and stores it; what is not what it was announced as is refused.
async fn store_output(shared: &Shared, mut chunks: Streaming<pb::OutputChunk>) -> Result<(), Status> {
    let next = async |chunks: &mut Streaming<pb::OutputChunk>| {
        let waited = timeout(CHUNK_WAIT, chunks.message()).await;
        waited.map_err(|_| Status::deadline_exceeded("the output stopped coming"))?
    };
    let first = next(&mut chunks).await?.ok_or_else(|| Status::invalid_argument("no output came"))?;
    let id = checked_hash("OutputChunk", "blob", &first.blob)
        .map_err(|error| Status::invalid_argument(error.to_string()))?;
    let size = usize::try_from(first.size).unwrap_or(usize::MAX);
    at_most("a command's output", size, limits::OUTPUT_MAX, "bytes")
        .map_err(|error| Status::invalid_argument(error.to_string()))?;
    let mut bytes = BytesMut::with_capacity(size);
    let mut chunk = Some(first);
    while let Some(part) = chunk {
        if bytes.len() + part.bytes.len() > size {
            return Err(Status::invalid_argument(format!("more than the {size} bytes of output announced")));
        }
        bytes.extend_from_slice(&part.bytes);
        chunk = next(&mut chunks).await?;
    }
    let bytes = bytes.freeze();
    if blob_id(&bytes).0 != id {
        return Err(Status::data_loss("the output is not what its SHA-256 says; send it again"));
    }
    let record = BlobRecord { id: BlobId(id), kind: COMMAND_OUTPUT, at: shared.clock.now().wall, bytes };
    shared.core.store(vec![record]).await.map_err(status)
}

impl AgentService {
    async fn agent<T: Send + Sync>(
        &self,
        request: &Request<T>,
        call: Call,
    ) -> Result<(Option<IdentityId>, HostId), Status> {
        match self.0.admit(request, call).await? {
            Caller::Agent { identity, host } => Ok((identity, host)),
            Caller::Person(_) | Caller::Enrolling => Err(Status::permission_denied("only agents may call this")),
        }
    }
}
