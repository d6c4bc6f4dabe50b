//! A running hub: its data opened, its core started, its services behind their doors.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, RwLock};
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic::codec::CompressionEncoding;

use crate::fleet::configuration::Configuration;
use crate::fleet::rules::contest;
use crate::fleet::rules::externals::Externals;
use crate::fleet::rules::input::{Admission, Input};
use crate::fleet::rules::live::Live;
use crate::fleet::rules::presence::redial_grace;
use crate::fleet::words::{HostId, IdentityId, SafeText};
use crate::hub::access::Access;
use crate::hub::addresses::advertised;
use crate::hub::core::{Clock, Core, Head, HeadError, Parts};
use crate::hub::dispatch::Dispatch;
use crate::hub::doors::lock::{LockError, Pulse};
use crate::hub::doors::refusals::{self, RefusedHandshakes};
use crate::hub::doors::socket::{Socket, SocketError};
use crate::hub::doors::stream::Bytes;
use crate::hub::doors::tls_listener::{Limits, TlsListener};
use crate::hub::doors::{Connections, DataLock, DoorStream, Peer, Port, http2};
use crate::hub::feed::Feed;
use crate::hub::history::{self, History, HistoryError};
use crate::hub::journal::{CommitError, Journal, OpenError, SqliteJournal};
use crate::hub::links::Links;
use crate::hub::notices::delivery::Sender;
use crate::hub::notices::one_time::OneTime;
use crate::hub::notices::{Answers, Deliverer};
use crate::hub::outlet::{Effects, Outward, States};
use crate::hub::refusals::Refusals;
use crate::hub::services::agent::AgentService;
use crate::hub::services::console::ConsoleService;
use crate::hub::services::enrol::EnrolService;
use crate::hub::shared::{Addresses, Shared};
use crate::hub::{configuration, delivering, http};
use crate::trust::authority::AuthorityError;
use crate::trust::tls_server::{self, TlsError};
use crate::trust::{Authority, Kind};
use crate::wire::limits;
use crate::wire::pb::agent_server::AgentServer;
use crate::wire::pb::console_server::ConsoleServer;
use crate::wire::pb::enrol_server::EnrolServer;

/// Connections that may wait to be served.
const INCOMING: usize = 256;
/// The hub's own certificate is made anew this often; it is good for 90 days.
const CERTIFICATE_EVERY: Duration = Duration::from_secs(24 * 60 * 60);

/// How a hub is to run.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The data directory.
    pub data: PathBuf,
    /// Where agents and consoles connect; `None`: only the socket and pipes (the local fleet).
    pub listen: Option<String>,
    /// Where enrolment happens; `None` as above.
    pub enrol_listen: Option<String>,
    /// The HTTP port; off where `None`.
    pub http_listen: Option<String>,
    /// The fleet's name where its configuration gives none; the machine's host name where this gives none either.
    pub name: Option<String>,
    /// Hosts (or `HOST:PORT`) that peers are told to dial instead of the listen address.
    pub advertise: Vec<String>,
}

/// Why a hub could not start, or had to end.
#[derive(Debug, thiserror::Error)]
pub enum HubError {
    /// Another process serves the data.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The certificate authority can't be used.
    #[error(transparent)]
    Authority(#[from] AuthorityError),
    /// The journal can't be opened.
    #[error(transparent)]
    Journal(#[from] OpenError),
    /// The state can't be loaded.
    #[error(transparent)]
    Head(#[from] HeadError),
    /// The history can't be opened.
    #[error(transparent)]
    History(#[from] HistoryError),
    /// The socket can't be opened.
    #[error(transparent)]
    Socket(#[from] SocketError),
    /// TLS can't be set up.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// A port can't be opened.
    #[error("cannot listen on {address}: {source}; choose another address with {flag}, port 0 takes a free one")]
    Listen {
        /// The address.
        address: String,
        /// The flag that sets it.
        flag: &'static str,
        /// What the system says.
        source: io::Error,
    },
    /// The key of one-time links can't be had.
    #[error("the key of one-time links can't be used, {0}: let the hub's user read and write its data directory")]
    LinkKey(#[source] io::Error),
    /// A commit failed.
    #[error(transparent)]
    Commit(#[from] CommitError),
    /// The core refused to start.
    #[error("the hub could not write its own start: {0}")]
    Start(String),
}

/// The addresses a hub listens on.
#[derive(Clone, Copy, Debug, Default)]
pub struct Listening {
    /// The link port.
    pub link: Option<SocketAddr>,
    /// The enrol port.
    pub enrol: Option<SocketAddr>,
    /// The HTTP port.
    pub http: Option<SocketAddr>,
}

/// A running hub.
pub struct Hub {
    shared: Arc<Shared>,
    incoming: mpsc::Sender<io::Result<DoorStream>>,
    stop: CancellationToken,
    core: JoinHandle<Result<(), CommitError>>,
    listening: Listening,
    _lock: DataLock,
}

impl Hub {
    /// Opens the data and starts to serve it. Blocking work (the disk) is done in here, so call it off a screen's task.
    ///
    /// # Errors
    /// See [`HubError`]; each says what to do.
    pub async fn start(options: Options) -> Result<Self, HubError> {
        let data = &options.data;
        let lock = DataLock::acquire(data)?;
        let clock = Clock::new();
        let now = clock.now();
        let authority = Authority::open(&data.join("authority"), now.wall)?;
        let fleet = authority.fleet_id().clone();
        let journal = SqliteJournal::open(&data.join("journal.db"), &fleet)?;
        let reader = journal.reader();
        let head = Head::load(reader.as_ref())?;
        let stored = configuration::stored(reader.as_ref(), head.fleet.profile.configuration);
        let history = Arc::new(History::open(&data.join("history"), history_limits(&stored.configuration))?);
        let mut live = Live::new(now, Arc::new(stored.configuration));
        live.redial = redial_grace(&live.configuration, lock.away());
        contest::resume(&head.fleet, &mut live);
        live.externals = Externals::resume(&head.fleet, now);
        let live = Arc::new(RwLock::new(live));

        let default_name = SafeText::line(&options.name.clone().unwrap_or_else(host_name));
        let access = Arc::new(Access::new(Arc::new(head.fleet.registry.clone()), local_name()));
        let connections = Connections::default();
        let states = Arc::new(States::of(&head.fleet.hosts));
        let feed = Arc::new(Feed::new(head.fleet.revision));
        let blocked = Arc::new(RwLock::new(None));
        let links = Arc::new(Links::default());
        let dispatch = Arc::new(Dispatch::new(&head.fleet.commands, Arc::clone(&links)));
        let one_time = OneTime::open(data).map_err(HubError::LinkKey)?;
        let deliverer = Arc::new(Deliverer::new(Sender::new(data.clone()), one_time));
        let effects = Effects::new(
            head.fleet.registry.clone(),
            Arc::clone(&access),
            connections.clone(),
            Arc::clone(&states),
            Outward { dispatch: Arc::clone(&dispatch), deliverer: Arc::clone(&deliverer) },
            data,
            Arc::clone(&blocked),
        );
        let parts = Parts {
            journal: Box::new(journal),
            live: Arc::clone(&live),
            feed: Arc::clone(&feed),
            outlet: Box::new(effects),
            clock: clock.clone(),
            head,
        };
        let (core, handle) = Core::new(parts, fleet.clone())?;
        let core = tokio::spawn(core.run());
        let shared = Arc::new(Shared {
            fleet,
            data: data.clone(),
            default_name,
            core: handle,
            live,
            feed,
            journal: reader,
            access,
            links,
            dispatch,
            deliverer,
            answers: Answers::default(),
            connections,
            history,
            authority,
            refusals: Refusals::default(),
            clock,
            states,
            reloading: tokio::sync::Mutex::new(()),
            reconfigured: watch::Sender::new(0),
            blocked,
            addresses: RwLock::new(Addresses::default()),
            learned: watch::Sender::new(0),
            watchers: AtomicUsize::new(0),
        });
        begin(&shared).await;

        let stop = CancellationToken::new();
        tokio::spawn(delivering::run(Arc::clone(&shared), stop.clone()));
        tokio::spawn(keep_history(Arc::clone(&shared), lock.pulse(), stop.clone()));
        let (incoming, connected) = mpsc::channel(INCOMING);
        serve_link(&shared, connected, &stop);
        let socket = Socket::open(data)?;
        tokio::spawn(socket.serve(shared.connections.clone(), incoming.clone(), stop.clone()));
        let listening = open_ports(&shared, &options, &incoming, &stop).await?;
        Ok(Self { shared, incoming, stop, core, listening, _lock: lock })
    }

    /// The addresses it listens on.
    #[must_use]
    pub const fn listening(&self) -> Listening {
        self.listening
    }

    /// What the services share.
    #[must_use]
    pub const fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// Takes in any byte stream whose peer is known: a pipe of the local fleet, of a test.
    ///
    /// # Errors
    /// The hub ends.
    pub async fn accept(&self, stream: impl Bytes + 'static, peer: Peer) -> io::Result<()> {
        let stream = DoorStream::new(stream, peer, &self.shared.connections);
        self.incoming.send(Ok(stream)).await.map_err(|_| io::Error::new(io::ErrorKind::BrokenPipe, "the hub is ending"))
    }

    /// A way to take in streams that can be kept while the hub is elsewhere.
    #[must_use]
    pub fn door(&self) -> Door {
        Door { incoming: self.incoming.clone(), connections: self.shared.connections.clone() }
    }

    /// The host of this machine in the local fleet: admitted once, found again by its name later.
    ///
    /// # Errors
    /// The core refused.
    pub async fn admit_local(&self, name: &str) -> Result<HostId, HubError> {
        let refused = |error: crate::hub::core::CoreError| HubError::Start(error.to_string());
        let cut = self.shared.core.cut().await.map_err(refused)?;
        let own = self.shared.access.local();
        let known = cut.fleet.hosts.present().find(|host| {
            let identity = cut.fleet.registry.identities.get(&host.identity);
            host.name.as_str() == name && identity.is_some_and(|identity| identity.key_hash == [0; 32])
        });
        if let Some(host) = known {
            return Ok(host.id);
        }
        let agents = vec![Admission { key_hash: [0; 32], name: Some(SafeText::line(name)) }];
        let answer = self.shared.core.decide(Input::Admit { asker: own, agents }).await.map_err(refused)?;
        let host = answer.recorded.first().and_then(|recorded| recorded.host);
        host.ok_or_else(|| HubError::Start("the hub recorded no host".to_owned()))
    }

    /// Runs until `ended` comes, or a commit fails.
    ///
    /// # Errors
    /// A commit failed: the process must end with an error, nothing of it was answered.
    pub async fn run_until(mut self, ended: impl Future<Output = ()>) -> Result<(), HubError> {
        let failed = tokio::select! {
            () = ended => None,
            result = &mut self.core => Some(result),
        };
        if let Some(result) = failed {
            self.stop.cancel();
            self.shared.connections.close_all();
            return match result {
                Ok(result) => Ok(result?),
                Err(error) => Err(HubError::Start(error.to_string())),
            };
        }
        self.end().await
    }

    /// Ends in good order: doors first, then what is decided is committed.
    ///
    /// # Errors
    /// The last commit failed.
    pub async fn end(self) -> Result<(), HubError> {
        self.stop.cancel();
        self.shared.core.end().await;
        self.shared.connections.close_all();
        self.shared.history.close();
        match self.core.await {
            Ok(result) => Ok(result?),
            Err(error) => Err(HubError::Start(error.to_string())),
        }
    }
}

/// Takes in streams for a hub.
#[derive(Clone, Debug)]
pub struct Door {
    incoming: mpsc::Sender<io::Result<DoorStream>>,
    connections: Connections,
}

impl Door {
    /// Takes in a stream, if the hub has room for it now.
    ///
    /// # Errors
    /// The hub ends or is flooded.
    pub fn accept(&self, stream: impl Bytes + 'static, peer: Peer) -> io::Result<()> {
        let stream = DoorStream::new(stream, peer, &self.connections);
        self.incoming
            .try_send(Ok(stream))
            .map_err(|_| io::Error::new(io::ErrorKind::WouldBlock, "the hub takes nobody in now"))
    }
}

/// The first entries of a start: that it started, and the files' configuration if it is valid and new.
async fn begin(shared: &Arc<Shared>) {
    let version = SafeText::new(env!("CARGO_PKG_VERSION"));
    let started = shared.core.decide(Input::Started { version, name: shared.default_name.clone() }).await;
    // A hub without space still serves readers.
    if let Err(error) = started {
        tracing::error!("the start could not be journaled: {error}");
    }
    let own = shared.access.local();
    if let Err(refused) = configuration::reload(shared, own, false).await {
        tracing::error!("the configuration files are not applied, the last valid one stays: {}", refused.message());
    }
}

/// Tells the history what time it is, and whoever starts after this process when it still lived.
async fn keep_history(shared: Arc<Shared>, pulse: Pulse, stop: CancellationToken) {
    while stop.run_until_cancelled(tokio::time::sleep(Duration::from_secs(1))).await.is_some() {
        pulse.beat();
        shared.history.tick(shared.clock.now().wall);
    }
}

fn history_limits(configuration: &Configuration) -> history::Limits {
    history::Limits {
        fine: configuration.history.full,
        hours: configuration.history.coarse,
        ..history::Limits::default()
    }
}

fn serve_link(shared: &Arc<Shared>, connected: mpsc::Receiver<io::Result<DoorStream>>, stop: &CancellationToken) {
    let agents = AgentServer::new(AgentService(Arc::clone(shared)))
        .max_decoding_message_size(limits::FROM_AGENT_MAX)
        .max_encoding_message_size(limits::TO_AGENT_MAX);
    let consoles = ConsoleServer::new(ConsoleService(Arc::clone(shared)))
        .max_decoding_message_size(limits::FROM_CONSOLE_MAX)
        .max_encoding_message_size(limits::FROM_HUB_MAX)
        // Only for those who ask for it: over a wire that counts its bytes.
        .send_compressed(CompressionEncoding::Gzip);
    let (reporter, health) = tonic_health::server::health_reporter();
    let stop = stop.clone();
    tokio::spawn(async move {
        reporter.set_serving::<AgentServer<AgentService>>().await;
        reporter.set_serving::<ConsoleServer<ConsoleService>>().await;
        let served = http2::server(Port::Link)
            .add_service(agents)
            .add_service(consoles)
            .add_service(health)
            .serve_with_incoming_shutdown(ReceiverStream::new(connected), stop.cancelled_owned())
            .await;
        if let Err(error) = served {
            tracing::error!("the link services ended: {error}");
        }
    });
}

async fn open_ports(
    shared: &Arc<Shared>,
    options: &Options,
    incoming: &mpsc::Sender<io::Result<DoorStream>>,
    stop: &CancellationToken,
) -> Result<Listening, HubError> {
    let mut listening = Listening::default();
    let (reports, reported) = mpsc::channel(16);
    tokio::spawn(note_handshakes(Arc::clone(shared), reported));
    if let Some(address) = &options.listen {
        let listener = listen(address, "--listen").await?;
        listening.link = listener.local_addr().ok();
        let access = Arc::clone(&shared.access);
        let revoked = Arc::new(move |principal: &crate::trust::Principal| {
            access.registry().identities.get(&principal.id).is_none_or(|identity| identity.is_revoked())
        });
        let make = move |hub: &crate::trust::Credential| tls_server::link_server(hub, revoked.clone());
        let tls = renewing(shared, make, stop)?;
        let door = TlsListener {
            port: Port::Link,
            tls,
            limits: Limits::LINK,
            connections: shared.connections.clone(),
            refusals: refusals::report(Port::Link, reports.clone()),
        };
        tokio::spawn(door.serve(listener, incoming.clone(), stop.clone()));
    }
    if let Some(address) = &options.enrol_listen {
        let listener = listen(address, "--enrol-listen").await?;
        listening.enrol = listener.local_addr().ok();
        let (sender, connected) = mpsc::channel(INCOMING);
        let tls = renewing(shared, tls_server::enrol_server, stop)?;
        let door = TlsListener {
            port: Port::Enrol,
            tls,
            limits: Limits::ENROL,
            connections: shared.connections.clone(),
            refusals: refusals::report(Port::Enrol, reports),
        };
        tokio::spawn(door.serve(listener, sender, stop.clone()));
        serve_enrol(shared, connected, stop);
    }
    if let Some(address) = &options.http_listen {
        let listener = listen(address, "--http-listen").await?;
        listening.http = listener.local_addr().ok();
        tokio::spawn(http::serve(Arc::clone(shared), listener, stop.clone()));
    }
    let addresses = Addresses {
        link: listening.link.map(|address| advertised(address, &options.advertise)).unwrap_or_default(),
        enrol: listening.enrol.map(|address| advertised(address, &options.advertise)).unwrap_or_default(),
        http: listening.http.map(|address| address.to_string()),
    };
    *shared.addresses.write().unwrap_or_else(std::sync::PoisonError::into_inner) = addresses;
    Ok(listening)
}

fn serve_enrol(shared: &Arc<Shared>, connected: mpsc::Receiver<io::Result<DoorStream>>, stop: &CancellationToken) {
    let enrol = EnrolServer::new(EnrolService(Arc::clone(shared)))
        .max_decoding_message_size(limits::ENROL_MAX)
        .max_encoding_message_size(limits::ENROL_MAX);
    let stop = stop.clone();
    tokio::spawn(async move {
        let served = http2::server(Port::Enrol)
            .add_service(enrol)
            .serve_with_incoming_shutdown(ReceiverStream::new(connected), stop.cancelled_owned())
            .await;
        if let Err(error) = served {
            tracing::error!("the enrol service ended: {error}");
        }
    });
}

/// TLS with a certificate of the hub that is made anew every day.
fn renewing(
    shared: &Arc<Shared>,
    make: impl Fn(&crate::trust::Credential) -> Result<rustls::ServerConfig, TlsError> + Send + 'static,
    stop: &CancellationToken,
) -> Result<Arc<ArcSwap<rustls::ServerConfig>>, HubError> {
    let issue = |shared: &Shared| shared.authority.issue_credential(Kind::Hub, IdentityId(0), shared.clock.now().wall);
    let tls = Arc::new(ArcSwap::from_pointee(make(&issue(shared)?)?));
    let (swap, shared, stop) = (Arc::clone(&tls), Arc::clone(shared), stop.clone());
    tokio::spawn(async move {
        while stop.run_until_cancelled(tokio::time::sleep(CERTIFICATE_EVERY)).await.is_some() {
            match issue(&shared).map_err(HubError::from).and_then(|hub| Ok(make(&hub)?)) {
                Ok(config) => swap.store(Arc::new(config)),
                Err(error) => tracing::error!("the hub's certificate could not be renewed: {error}"),
            }
        }
    });
    Ok(tls)
}

async fn note_handshakes(shared: Arc<Shared>, mut reported: mpsc::Receiver<RefusedHandshakes>) {
    while let Some(refused) = reported.recv().await {
        let who = format!("{} port", refused.port.word());
        let why = format!("{} (last from {})", refused.reason, refused.source.ip());
        let count = u32::try_from(refused.count).unwrap_or(u32::MAX);
        shared.refusals.note_many(&shared.core, &who, None, "handshake", &why, count).await;
    }
}

async fn listen(address: &str, flag: &'static str) -> Result<TcpListener, HubError> {
    TcpListener::bind(address).await.map_err(|source| HubError::Listen { address: address.to_owned(), flag, source })
}

fn host_name() -> String {
    nix::unistd::gethostname().ok().and_then(|name| name.into_string().ok()).unwrap_or_else(|| "local".to_owned())
}

fn local_name() -> SafeText {
    let uid = nix::unistd::getuid();
    let name = nix::unistd::User::from_uid(uid).ok().flatten().map_or_else(|| uid.to_string(), |user| user.name);
    SafeText::line(&format!("local:{name}"))
}
