//! The Console service: people at consoles and command lines.

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};

use crate::fleet::identity::Role;
use crate::fleet::rules::input::{Admission, Asker, Input};
use crate::fleet::state::Cause;
use crate::fleet::words::{BlobId, HostId, Timestamp};
use crate::hub::access::{Call, Caller};
use crate::hub::history;
use crate::hub::journal::ReadError;
use crate::hub::journal::kinds::COMMAND_OUTPUT;
use crate::hub::services::watch::{self, Watcher};
use crate::hub::services::{act, query, signing};
use crate::hub::shared::{Shared, status};
use crate::trust::Kind;
use crate::wire::pb;
use crate::wire::pb::console_server::Console;

/// The protocol this program speaks.
pub const PROTOCOL: u32 = 1;
/// The most points of one series in one answer.
const MOST_POINTS: u32 = 2_000;
/// Bytes of a blob in one message.
const BLOB_CHUNK: usize = 64 << 10;

/// The Console service of one hub.
pub struct ConsoleService(pub Arc<Shared>);

/// What a hub says of itself to anyone it knows.
///
/// # Errors
/// The hub is ending.
pub async fn greeting(shared: &Shared) -> Result<pb::HelloReply, Status> {
    let standing = shared.core.standing().await.map_err(status)?;
    Ok(pb::HelloReply {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        protocol: PROTOCOL,
        fleet: shared.fleet.to_string(),
        fleet_name: standing.profile.name.to_string(),
        epoch: standing.epoch.0,
        revision: standing.revision.0,
        hub_time: shared.clock.now().wall.0,
        ..pb::HelloReply::default()
    })
}

#[tonic::async_trait]
impl Console for ConsoleService {
    async fn hello(&self, request: Request<pb::HelloRequest>) -> Result<Response<pb::HelloReply>, Status> {
        let asker = self.person(&request, Call::ConsoleHello).await?;
        let mut reply = greeting(&self.0).await?;
        reply.role = pb::Role::from(asker.role).into();
        reply.identity_name = asker.name.to_string();
        if let Cause::Identity(id) = asker.cause
            && let Some(known) = self.0.access.registry().identities.get(&id)
        {
            reply.identity = id.0;
            reply.not_after = known.not_after.0;
        }
        Ok(Response::new(reply))
    }

    type WatchStream = ReceiverStream<Result<pb::Frame, Status>>;

    async fn watch(&self, request: Request<pb::WatchRequest>) -> Result<Response<Self::WatchStream>, Status> {
        let asker = self.person(&request, Call::Watch).await?;
        let (out, stream) = mpsc::channel(watch::QUEUE);
        let watcher = Watcher::new(Arc::clone(&self.0), &asker, out);
        tokio::spawn(watcher.run(request.into_inner()));
        Ok(Response::new(ReceiverStream::new(stream)))
    }

    async fn act(&self, request: Request<pb::ActRequest>) -> Result<Response<pb::ActReply>, Status> {
        let asker = self.person(&request, Call::Act).await?;
        let outcome = act::act(&self.0, asker.clone(), request.into_inner()).await;
        if let Err(refused) = &outcome
            && refused.code() == tonic::Code::PermissionDenied
        {
            let identity = if let Cause::Identity(id) = asker.cause { Some(id) } else { None };
            self.0.refusals.note(&self.0.core, asker.name.as_str(), identity, "act", refused.message()).await;
        }
        outcome.map(Response::new)
    }

    type QueryStream = ReceiverStream<Result<pb::QueryReply, Status>>;

    async fn query(&self, request: Request<pb::QueryRequest>) -> Result<Response<Self::QueryStream>, Status> {
        let asker = self.person(&request, Call::Query).await?;
        let (out, stream) = mpsc::channel(2);
        let shared = Arc::clone(&self.0);
        tokio::spawn(async move {
            if let Err(status) = query::answer(&shared, &asker, request.into_inner(), &out).await {
                let _ = out.send(Err(status)).await;
            }
        });
        Ok(Response::new(ReceiverStream::new(stream)))
    }

    async fn history(&self, request: Request<pb::HistoryRequest>) -> Result<Response<pb::HistoryReply>, Status> {
        let asker = self.person(&request, Call::History).await?;
        let request = request.into_inner();
        let host = HostId(request.host);
        if !self.0.states.is_of(host, asker.scope.as_ref()) {
            return Err(Status::not_found(format!("there is no host {host}; `watchfloor hosts` lists them")));
        }
        let shared = Arc::clone(&self.0);
        let wanted = history::Request {
            host,
            series: request.series,
            from: Timestamp(request.from),
            to: Timestamp(request.to),
            points: request.points.clamp(2, MOST_POINTS) as usize,
            statistic: history::Statistic::default(),
        };
        let read = move || shared.history.range(&wanted);
        let series = tokio::task::spawn_blocking(read).await.map_err(|error| Status::internal(error.to_string()))?;
        let series = series
            .into_iter()
            .map(|series| {
                let (at, values) = series.points.iter().map(|(at, value)| (at.0, *value)).unzip();
                pb::Series { name: series.name, at, values }
            })
            .collect();
        Ok(Response::new(pb::HistoryReply { hub_time: self.0.clock.now().wall.0, series }))
    }

    type BlobStream = ReceiverStream<Result<pb::BlobChunk, Status>>;

    async fn blob(&self, request: Request<pb::BlobRequest>) -> Result<Response<Self::BlobStream>, Status> {
        let asker = self.person(&request, Call::Blob).await?;
        let id: [u8; 32] = request
            .into_inner()
            .id
            .as_ref()
            .try_into()
            .map_err(|_| Status::invalid_argument("a blob's id is its SHA-256: 32 bytes"))?;
        // Configuration texts are blobs too; they are named only in entries, but ids can be guessed from the texts.
        let configuration = self.0.core.standing().await.map_err(status)?.profile.configuration;
        if configuration == Some(id) && !asker.role.includes(Role::Admin) {
            return Err(Status::permission_denied("the configuration's texts are for admins"));
        }
        let journal = Arc::clone(&self.0.journal);
        let operates = asker.role.includes(Role::Operator);
        let read = move || match journal.blob_kind(BlobId(id))? {
            Some(COMMAND_OUTPUT) if !operates => Ok(Err(Status::permission_denied(
                "what commands printed may hold secrets of hosts, so it is for operators; ask an admin of the fleet",
            ))),
            _ => journal.blob(BlobId(id)).map(Ok),
        };
        let blob = tokio::task::spawn_blocking(read)
            .await
            .map_err(|error| Status::internal(error.to_string()))?
            .map_err(|error: ReadError| Status::internal(error.to_string()))??
            .ok_or_else(|| Status::not_found("this output is no longer kept"))?;
        let (out, stream) = mpsc::channel(2);
        tokio::spawn(async move {
            let mut rest = blob;
            while !rest.is_empty() {
                let bytes = rest.split_to(rest.len().min(BLOB_CHUNK));
                if out.send(Ok(pb::BlobChunk { bytes })).await.is_err() {
                    break;
                }
            }
        });
        Ok(Response::new(ReceiverStream::new(stream)))
    }

    async fn sign(&self, request: Request<pb::SignRequest>) -> Result<Response<pb::SignReply>, Status> {
        let asker = self.person(&request, Call::Sign).await?;
        let requests = request.into_inner().signing_requests;
        let agents = requests
            .iter()
            .map(|request| Ok(Admission { key_hash: signing::key_of(request)?, name: None }))
            .collect::<Result<Vec<_>, Status>>()?;
        let answer = self.0.core.decide(Input::Admit { asker, agents }).await.map_err(status)?;
        let agents = answer
            .recorded
            .iter()
            .zip(&requests)
            .map(|(recorded, request)| {
                let issued = signing::issue(&self.0, request, Kind::Agent, recorded.identity)?;
                Ok(pb::SignedAgent {
                    chain: signing::chain(&issued),
                    identity: recorded.identity.0,
                    host: recorded.host.map_or(0, |host| host.0),
                    name: recorded.name.clone(),
                })
            })
            .collect::<Result<Vec<_>, Status>>()?;
        let root = bytes::Bytes::copy_from_slice(self.0.authority.root());
        Ok(Response::new(pb::SignReply {
            agents,
            root,
            fleet: self.0.fleet.to_string(),
            link: self.0.addresses().link,
        }))
    }

    async fn renew(&self, request: Request<pb::RenewRequest>) -> Result<Response<pb::RenewReply>, Status> {
        let asker = self.person(&request, Call::ConsoleRenew).await?;
        let Cause::Identity(id) = asker.cause else {
            return Err(Status::failed_precondition("the local user has no certificate to renew"));
        };
        signing::renew(&self.0, id, Kind::Operator, &request.into_inner()).await.map(Response::new)
    }
}

impl ConsoleService {
    async fn person<T: Send + Sync>(&self, request: &Request<T>, call: Call) -> Result<Asker, Status> {
        match self.0.admit(request, call).await? {
            Caller::Person(asker) => Ok(asker),
            Caller::Agent { .. } | Caller::Enrolling => Err(Status::permission_denied("only people may call this")),
        }
    }
}
