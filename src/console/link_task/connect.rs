//! From an address to a stream of frames.

use std::fmt;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;
use tonic::Streaming;

use crate::console::mask::{self, Mask};
use crate::console::replica::{Greeting, Position};
use crate::fleet::derived::first_look::Look;
use crate::fleet::identity::Role;
use crate::fleet::words::{SafeText, Timestamp};
use crate::link::{Address, Connection, LinkError, Tls, dial, hello};
use crate::wire::{self, pb};

/// How long the hub may take to accept the watch.
const WATCH_TIMEOUT: Duration = Duration::from_secs(10);

type Addresses = (Vec<Address>, Option<Tls>);
type Finding = Pin<Box<dyn Future<Output = Result<Addresses, LinkError>> + Send>>;

/// How a hub is reached: addresses, best first, and the credential for those of TCP.
#[derive(Clone)]
pub struct Reach {
    find: Arc<dyn Fn() -> Finding + Send + Sync>,
    credential: Option<PathBuf>,
    mask: Option<Arc<Mask>>,
}

/// A link that stands.
pub(super) struct Link {
    pub connection: Connection,
    pub greeting: Greeting,
    /// The hub's time when it greeted.
    pub hub_time: Timestamp,
    pub stream: Streaming<pb::Frame>,
    /// Whether the hub was asked to go on from the position held.
    pub resumes: bool,
}

impl Reach {
    /// `find` reads addresses and credential; it may read files.
    pub fn new(find: impl Fn() -> Result<Addresses, LinkError> + Send + Sync + 'static) -> Self {
        let find = Arc::new(find);
        Self::when(move || {
            let find = Arc::clone(&find);
            async move {
                let found = tokio::task::spawn_blocking(move || find()).await;
                found.map_err(|error| LinkError::Refused(error.to_string()))?
            }
        })
    }

    /// `find` may wait until there is something to dial: a hub that starts in this process is linked to at once, and
    /// not when the back-off next looks.
    pub fn when<F>(find: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<Addresses, LinkError>> + Send + 'static,
    {
        Self { find: Arc::new(move || Box::pin(find())), credential: None, mask: None }
    }

    /// The credential to dial with lies in `dir`, and is to be renewed there in time.
    #[must_use]
    pub fn renewed_in(self, dir: PathBuf) -> Self {
        Self { credential: Some(dir), ..self }
    }

    /// What the hub says is masked before anything here sees it.
    #[must_use]
    pub fn masked(self, mask: Arc<Mask>) -> Self {
        Self { mask: Some(mask), ..self }
    }

    pub(super) const fn mask(&self) -> Option<&Arc<Mask>> {
        self.mask.as_ref()
    }

    pub(super) const fn credential(&self) -> Option<&PathBuf> {
        self.credential.as_ref()
    }

    /// Addresses that never change.
    #[must_use]
    pub fn fixed(addresses: Vec<Address>, tls: Option<Tls>) -> Self {
        Self::when(move || std::future::ready(Ok((addresses.clone(), tls.clone()))))
    }
}

impl fmt::Debug for Reach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reach")
    }
}

/// Dials, greets and watches from the position held. A role that changed needs a whole new view.
///
/// A console that holds nothing says `look` and does not wait for the greeting: over a slow link each way counts.
pub(super) async fn connect(
    reach: Reach,
    held: Position,
    role: Option<Role>,
    look: Option<Look>,
) -> Result<Link, LinkError> {
    let (addresses, tls) = (reach.find)().await?;
    let connection = dial(&addresses, tls.as_ref()).await?;
    let holds = held.epoch.0 != 0 && held.revision.0 != 0;
    let anew = pb::WatchRequest { look: look.map(Into::into), ..pb::WatchRequest::default() };
    if !holds {
        let (hello, stream) = tokio::join!(hello::as_console(&connection), watch(&connection, anew));
        let hello = mask::masked(reach.mask(), "HelloReply", hello?).map_err(refused)?;
        let hub_time = Timestamp(hello.hub_time);
        return Ok(Link { greeting: greeting(hello)?, hub_time, resumes: false, stream: stream?, connection });
    }
    let hello = hello::as_console(&connection).await?;
    let hello = mask::masked(reach.mask(), "HelloReply", hello).map_err(refused)?;
    let hub_time = Timestamp(hello.hub_time);
    let greeting = greeting(hello)?;
    let resumes = role == Some(greeting.role);
    let from = pb::WatchRequest { epoch: held.epoch.0, revision: held.revision.0, look: None };
    let stream = watch(&connection, if resumes { from } else { anew }).await?;
    Ok(Link { greeting, hub_time, resumes, stream, connection })
}

fn refused(error: mask::Unmasked) -> LinkError {
    LinkError::Refused(error.to_string())
}

async fn watch(connection: &Connection, from: pb::WatchRequest) -> Result<Streaming<pb::Frame>, LinkError> {
    match timeout(WATCH_TIMEOUT, connection.console().watch(from)).await {
        Ok(Ok(stream)) => Ok(stream.into_inner()),
        Ok(Err(status)) => Err(connection.error(&status)),
        Err(_) => {
            let why = format!("connected, but no frames began within {} s", WATCH_TIMEOUT.as_secs());
            Err(LinkError::NoHub(why).at(connection.to()))
        }
    }
}

fn greeting(reply: pb::HelloReply) -> Result<Greeting, LinkError> {
    let role = wire::role(reply.role, "HelloReply").map_err(|error| LinkError::Refused(error.to_string()))?;
    Ok(Greeting {
        role,
        identity: SafeText::line(&reply.identity_name),
        fleet: SafeText::line(&reply.fleet_name),
        hub_version: SafeText::line(&reply.version),
        not_after: (reply.not_after != 0).then_some(Timestamp(reply.not_after)),
    })
}
