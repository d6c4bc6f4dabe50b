//! What the services of one hub share.

use std::path::PathBuf;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use tokio::sync::watch;
use tonic::Status;

use crate::fleet::configuration::Configuration;
use crate::fleet::hosts::HostState;
use crate::fleet::rules::decision::Refusal;
use crate::fleet::rules::live::Live;
use crate::fleet::words::{FleetId, HostId, SafeText};
use crate::hub::access::{Access, Call, Caller};
use crate::hub::core::{Clock, CoreError, CoreHandle};
use crate::hub::dispatch::Dispatch;
use crate::hub::doors::{Connections, Peer};
use crate::hub::feed::Feed;
use crate::hub::history::History;
use crate::hub::journal::JournalReader;
use crate::hub::links::Links;
use crate::hub::notices::{Answers, Deliverer};
use crate::hub::outlet::States;
use crate::hub::refusals::Refusals;
use crate::trust::Authority;

/// What the services of one hub share. All of it is behind pointers; a service holds one `Arc` of it.
pub struct Shared {
    /// The fleet's id.
    pub fleet: FleetId,
    /// The hub's data directory.
    pub data: PathBuf,
    /// The name of the fleet where its configuration gives none.
    pub default_name: SafeText,
    /// The core.
    pub core: CoreHandle,
    /// Live knowledge.
    pub live: Arc<RwLock<Live>>,
    /// Durable entries on their way to watchers.
    pub feed: Arc<Feed>,
    /// The journal's reading end.
    pub journal: Arc<dyn JournalReader>,
    /// Who may do what.
    pub access: Arc<Access>,
    /// The agents' streams.
    pub links: Arc<Links>,
    /// Commands on their way to hosts.
    pub dispatch: Arc<Dispatch>,
    /// Notices on their way out.
    pub deliverer: Arc<Deliverer>,
    /// Answers to them over HTTP.
    pub answers: Answers,
    /// Live connections, by identity.
    pub connections: Connections,
    /// Samples.
    pub history: Arc<History>,
    /// The certificate authority.
    pub authority: Authority,
    /// Refusals on their way to the journal.
    pub refusals: Refusals,
    /// The process's clocks.
    pub clock: Clock,
    /// States of the hosts as they are durable.
    pub states: Arc<States>,
    /// Held while the configuration is read and applied.
    pub reloading: tokio::sync::Mutex<()>,
    /// Changes when another configuration counts.
    pub reconfigured: watch::Sender<u64>,
    /// Why the hub decides nothing, while it does not.
    pub blocked: Arc<RwLock<Option<String>>>,
    /// Where peers are told to dial.
    pub addresses: RwLock<Addresses>,
    /// Counts the times that something first became known of a host, so that watchers need not look for it.
    pub learned: watch::Sender<u64>,
    /// Watching consoles.
    pub watchers: AtomicUsize,
}

/// Where peers are told to dial, `HOST:PORT`, best first.
#[derive(Clone, Debug, Default)]
pub struct Addresses {
    /// Of the link port.
    pub link: Vec<String>,
    /// Of the enrol port.
    pub enrol: Vec<String>,
    /// Where the HTTP port listens, if it does.
    pub http: Option<String>,
}

impl Shared {
    /// Who calls, if they may; a refusal is noted for the journal.
    ///
    /// # Errors
    /// The status to answer.
    pub async fn admit<T: Sync>(&self, request: &tonic::Request<T>, call: Call) -> Result<Caller, Status> {
        let peer = Peer::of(request).cloned();
        match self.access.admit(peer.as_ref(), call) {
            Ok(caller) => Ok(caller),
            Err(status) => {
                let identity = match &peer {
                    Some(Peer::Certificate(principal)) => Some(principal.id),
                    _ => None,
                };
                let who = peer.map_or_else(|| "nobody".to_owned(), |peer| peer.to_string());
                self.refusals.note(&self.core, &who, identity, call.path(), status.message()).await;
                Err(status)
            }
        }
    }

    /// Live knowledge, to read.
    pub fn live(&self) -> RwLockReadGuard<'_, Live> {
        self.live.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Live knowledge, to change.
    pub fn live_mut(&self) -> RwLockWriteGuard<'_, Live> {
        self.live.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// A host's durable state.
    #[must_use]
    pub fn state_of(&self, host: HostId) -> Option<HostState> {
        self.states.get(host)
    }

    /// Wakes when another configuration counts.
    #[must_use]
    pub fn reconfigured(&self) -> watch::Receiver<u64> {
        self.reconfigured.subscribe()
    }

    /// Where peers are told to dial.
    #[must_use]
    pub fn addresses(&self) -> Addresses {
        self.addresses.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The configuration that counts.
    #[must_use]
    pub fn configuration(&self) -> Arc<Configuration> {
        Arc::clone(&self.live().configuration)
    }
}

/// The gRPC status of what the core refused.
#[must_use]
pub fn status(error: CoreError) -> Status {
    let text = error.to_string();
    match error {
        CoreError::Refused(Refusal::NotPermitted(_)) => Status::permission_denied(text),
        CoreError::Refused(Refusal::Invalid(_)) => Status::invalid_argument(text),
        CoreError::Refused(Refusal::Conflict(_)) => Status::failed_precondition(text),
        CoreError::Refused(Refusal::NotFound(_)) => Status::not_found(text),
        CoreError::Busy | CoreError::Ending => Status::unavailable(text),
        CoreError::NoSpace(_) => Status::resource_exhausted(text),
    }
}
