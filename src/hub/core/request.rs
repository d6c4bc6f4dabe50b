//! What the rest of the hub asks of the core, and how.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use crate::fleet::fact::Fact;
use crate::fleet::hosts::Host;
use crate::fleet::profile::Profile;
use crate::fleet::rules::decision::{Answer, Refusal};
use crate::fleet::rules::input::Input;
use crate::fleet::state::Fleet;
use crate::fleet::words::{Epoch, HostId, Revision, StreamId};
use crate::hub::journal::BlobRecord;

/// Why the core did not do what was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CoreError {
    /// The rules refused it.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Too much waits already.
    #[error("the hub is busy: more waits than it takes in; try again in a moment")]
    Busy,
    /// There is no space left to write what would be decided.
    #[error("no space: {0}")]
    NoSpace(String),
    /// The hub ends.
    #[error("the hub is ending; try again when it is back")]
    Ending,
}

/// A fact as it came in, with the blobs of its long texts; or why it can't be read.
pub type FactRead = Result<(Fact, Vec<BlobRecord>), String>;

/// What comes of a run of facts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FactsReply {
    /// Durable up to and including this number.
    Confirmed {
        /// The last number taken in.
        through: u64,
        /// Why the last fact that was not taken in was not. It is in the journal as lost, and never asked for again.
        refused: Option<String>,
    },
    /// Numbers are missing before these: send from here.
    SendFrom(u64),
}

/// What a hub can say of itself without cutting its Fleet.
#[derive(Clone, Debug)]
pub struct Standing {
    /// The journal's epoch.
    pub epoch: Epoch,
    /// The newest revision, durable.
    pub revision: Revision,
    /// The fleet itself.
    pub profile: Profile,
}

/// The Fleet as of a durable revision. Cloned pointers, not entities.
#[derive(Clone, Debug)]
pub struct Cut {
    /// The journal's epoch.
    pub epoch: Epoch,
    /// The state; its revision is durable.
    pub fleet: Arc<Fleet>,
}

pub(super) enum Request {
    Decide {
        input: Box<Input>,
        blobs: Vec<BlobRecord>,
        reply: Option<oneshot::Sender<Result<Answer, CoreError>>>,
    },
    Facts {
        host: HostId,
        stream: StreamId,
        first: u64,
        facts: Vec<FactRead>,
        reply: oneshot::Sender<Result<FactsReply, CoreError>>,
    },
    Lost {
        host: HostId,
        stream: StreamId,
        from: u64,
        to: u64,
        reply: oneshot::Sender<Result<FactsReply, CoreError>>,
    },
    Store {
        blobs: Vec<BlobRecord>,
        reply: oneshot::Sender<Result<(), CoreError>>,
    },
    Mark {
        host: HostId,
        stream: StreamId,
        reply: oneshot::Sender<u64>,
    },
    Cut(oneshot::Sender<Cut>),
    Standing(oneshot::Sender<Standing>),
    Host(HostId, oneshot::Sender<Option<Arc<Host>>>),
    Restored {
        epoch: Epoch,
        seen: Revision,
        reply: oneshot::Sender<Epoch>,
    },
    End(oneshot::Sender<()>),
}

/// What a decision comes to, once it is durable.
pub type Reply = oneshot::Receiver<Result<Answer, CoreError>>;

/// How the rest of the hub speaks to the core. Cheap to clone.
#[derive(Clone, Debug)]
pub struct CoreHandle {
    pub(super) requests: mpsc::Sender<Request>,
}

impl std::fmt::Debug for Request {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Request")
    }
}

impl CoreHandle {
    /// Asks for a decision and waits until it is durable. Refused at once when too much waits already.
    ///
    /// # Errors
    /// See [`CoreError`].
    pub async fn decide(&self, input: Input) -> Result<Answer, CoreError> {
        self.decide_with(input, Vec::new()).await
    }

    /// As [`Self::decide`], with blobs that the entry names, stored in the same commit.
    ///
    /// # Errors
    /// See [`CoreError`].
    pub async fn decide_with(&self, input: Input, blobs: Vec<BlobRecord>) -> Result<Answer, CoreError> {
        self.ask_with(input, blobs)?.await.map_err(|_| CoreError::Ending)?
    }

    /// As [`Self::decide`], without waiting: who asks twice is answered in that order.
    ///
    /// # Errors
    /// Too much waits already, or the hub ends.
    pub fn ask(&self, input: Input) -> Result<Reply, CoreError> {
        self.ask_with(input, Vec::new())
    }

    fn ask_with(&self, input: Input, blobs: Vec<BlobRecord>) -> Result<Reply, CoreError> {
        let (reply, answer) = oneshot::channel();
        let request = Request::Decide { input: Box::new(input), blobs, reply: Some(reply) };
        self.requests.try_send(request).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => CoreError::Busy,
            mpsc::error::TrySendError::Closed(_) => CoreError::Ending,
        })?;
        Ok(answer)
    }

    /// Tells the core something nobody waits for: a heartbeat, a refusal. Waits while too much waits already.
    pub async fn tell(&self, input: Input) {
        // A hub that ends has nothing to decide any more.
        let _ = self.requests.send(Request::Decide { input: Box::new(input), blobs: Vec::new(), reply: None }).await;
    }

    /// Hands in facts, the first of number `first`, and waits until they are durable. Waits while the core is busy:
    /// reading from the agent stops meanwhile.
    ///
    /// # Errors
    /// See [`CoreError`].
    pub async fn facts(
        &self,
        host: HostId,
        stream: StreamId,
        first: u64,
        facts: Vec<FactRead>,
    ) -> Result<FactsReply, CoreError> {
        let (reply, answer) = oneshot::channel();
        self.send(Request::Facts { host, stream, first, facts, reply }).await?;
        answer.await.map_err(|_| CoreError::Ending)?
    }

    /// Notes that an outbox no longer holds the facts `from..=to`, and goes on after them.
    ///
    /// # Errors
    /// See [`CoreError`].
    pub async fn facts_lost(
        &self,
        host: HostId,
        stream: StreamId,
        from: u64,
        to: u64,
    ) -> Result<FactsReply, CoreError> {
        let (reply, answer) = oneshot::channel();
        self.send(Request::Lost { host, stream, from, to, reply }).await?;
        answer.await.map_err(|_| CoreError::Ending)?
    }

    /// Stores blobs that a later fact will name, and waits until they are durable.
    ///
    /// # Errors
    /// See [`CoreError`].
    pub async fn store(&self, blobs: Vec<BlobRecord>) -> Result<(), CoreError> {
        let (reply, answer) = oneshot::channel();
        self.send(Request::Store { blobs, reply }).await?;
        answer.await.map_err(|_| CoreError::Ending)?
    }

    /// The last fact of an outbox that is durable here; 0 for none.
    ///
    /// # Errors
    /// The hub ends.
    pub async fn mark(&self, host: HostId, stream: StreamId) -> Result<u64, CoreError> {
        let (reply, answer) = oneshot::channel();
        self.send(Request::Mark { host, stream, reply }).await?;
        answer.await.map_err(|_| CoreError::Ending)
    }

    /// What the hub says of itself, released when its revision is durable.
    ///
    /// # Errors
    /// The hub ends.
    pub async fn standing(&self) -> Result<Standing, CoreError> {
        let (reply, answer) = oneshot::channel();
        self.send(Request::Standing(reply)).await?;
        answer.await.map_err(|_| CoreError::Ending)
    }

    /// One host as it stands, released when that is durable; `None` where there is none.
    ///
    /// # Errors
    /// The hub ends.
    pub async fn host(&self, host: HostId) -> Result<Option<Arc<Host>>, CoreError> {
        let (reply, answer) = oneshot::channel();
        self.send(Request::Host(host, reply)).await?;
        answer.await.map_err(|_| CoreError::Ending)
    }

    /// The Fleet as it stands, released when its revision is durable. It clones a pointer per entity: for snapshots
    /// and queries, not for every call.
    ///
    /// # Errors
    /// The hub ends.
    pub async fn cut(&self) -> Result<Cut, CoreError> {
        let (reply, answer) = oneshot::channel();
        self.send(Request::Cut(reply)).await?;
        answer.await.map_err(|_| CoreError::Ending)
    }

    /// A peer has seen this position, which lies ahead: the journal was restored from a backup, so a new epoch begins,
    /// once. Returns the epoch that counts.
    ///
    /// # Errors
    /// The hub ends.
    pub async fn restored(&self, epoch: Epoch, seen: Revision) -> Result<Epoch, CoreError> {
        let (reply, answer) = oneshot::channel();
        self.send(Request::Restored { epoch, seen, reply }).await?;
        answer.await.map_err(|_| CoreError::Ending)
    }

    /// Commits what is open and ends the core.
    pub async fn end(&self) {
        let (reply, done) = oneshot::channel();
        if self.requests.send(Request::End(reply)).await.is_ok() {
            let _ = done.await;
        }
    }

    async fn send(&self, request: Request) -> Result<(), CoreError> {
        self.requests.send(request).await.map_err(|_| CoreError::Ending)
    }
}
