//! The link and enrol ports: TCP with TLS. Every handshake runs in a task of its own, so a silent peer holds up nobody.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use crate::hub::doors::connections::Connections;
use crate::hub::doors::peer::Peer;
use crate::hub::doors::refusals::{Port, Refusals};
use crate::hub::doors::sources::{Entered, Sources};
use crate::hub::doors::stream::DoorStream;
use crate::trust::Principal;
use crate::trust::explain::explain_refused;

/// How long a handshake may take.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a refused peer may take to read why.
const LINGER: Duration = Duration::from_secs(1);
/// How much a refused peer may still send.
const LINGER_BYTES: u64 = 64 * 1024;

/// TLS of a port, replaced when the hub's certificate is renewed; open connections keep theirs.
pub type SharedTls = Arc<ArcSwap<ServerConfig>>;

/// What a port takes in at most.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections at once; more wait to be accepted.
    pub live: usize,
    /// Handshakes at once; more wait to be accepted.
    pub handshakes: usize,
    /// Handshakes at once of one source; more are dropped.
    pub per_source: usize,
    /// How long a connection may last.
    pub age: Option<Duration>,
}

impl Limits {
    /// For agents and operators, who stay.
    pub const LINK: Self = Self { live: 20_000, handshakes: 1024, per_source: 1024, age: None };
    /// For enrolment, which is one call.
    pub const ENROL: Self = Self { live: 256, handshakes: 128, per_source: 16, age: Some(Duration::from_secs(30)) };

    /// The limits of a port.
    #[must_use]
    pub const fn of(port: Port) -> Self {
        match port {
            Port::Link => Self::LINK,
            Port::Enrol => Self::ENROL,
        }
    }
}

/// A port of the hub.
pub struct TlsListener {
    /// Which one.
    pub port: Port,
    /// Its TLS, made by [`crate::trust::tls_server`].
    pub tls: SharedTls,
    /// Its limits.
    pub limits: Limits,
    /// Where its connections are entered.
    pub connections: Connections,
    /// Where its failures are told.
    pub refusals: Refusals,
}

impl TlsListener {
    /// Takes connections in until `stop`.
    pub async fn serve(
        self,
        listener: TcpListener,
        out: mpsc::Sender<io::Result<DoorStream>>,
        stop: CancellationToken,
    ) {
        let live = Arc::new(Semaphore::new(self.limits.live));
        let handshakes = Arc::new(Semaphore::new(self.limits.handshakes));
        let sources = Sources::new(self.limits.per_source);
        let door = Arc::new(self);
        let accepting = async {
            loop {
                let Ok(live) = Arc::clone(&live).acquire_owned().await else { return };
                let Ok(handshake) = Arc::clone(&handshakes).acquire_owned().await else { return };
                let (tcp, address) = match listener.accept().await {
                    Ok(accepted) => accepted,
                    Err(error) => {
                        // Too many open files, mostly: the peers wait in the kernel's queue meanwhile.
                        tracing::warn!(port = door.port.word(), %error, "cannot take a connection in");
                        tokio::time::sleep(Duration::from_millis(100)).await;
                        continue;
                    }
                };
                let Some(entered) = sources.enter(address.ip()) else {
                    door.refusals.note(address, "too many handshakes at once from one source".to_owned());
                    continue;
                };
                let room = Room { live, _handshake: handshake, _entered: entered };
                tokio::spawn(Arc::clone(&door).take_in(tcp, address, room, out.clone()));
            }
        };
        tokio::select! {
            () = accepting => {}
            () = stop.cancelled() => {}
            () = out.closed() => {}
        }
    }

    async fn take_in(
        self: Arc<Self>,
        tcp: TcpStream,
        address: SocketAddr,
        room: Room,
        out: mpsc::Sender<io::Result<DoorStream>>,
    ) {
        let _ = tcp.set_nodelay(true);
        let accept = TlsAcceptor::from(self.tls.load_full()).accept(tcp).into_fallible();
        let tls = match timeout(HANDSHAKE_TIMEOUT, accept).await {
            Ok(Ok(tls)) => tls,
            Ok(Err((error, tcp))) => {
                self.refusals.note(address, explain_refused(&error));
                linger(tcp).await;
                return;
            }
            Err(_) => {
                self.refusals.note(address, format!("no handshake within {} s", HANDSHAKE_TIMEOUT.as_secs()));
                return;
            }
        };
        let peer = match self.port {
            Port::Enrol => Peer::Anonymous { address },
            Port::Link => {
                let leaf = tls.get_ref().1.peer_certificates().and_then(<[_]>::first);
                // The handshake has asked the same before; a door without an answer stays shut.
                let Some(Ok(principal)) = leaf.map(|leaf| Principal::from_leaf(leaf)) else {
                    self.refusals.note(address, "a certificate that names nobody".to_owned());
                    return;
                };
                Peer::Certificate(principal)
            }
        };
        let stream = DoorStream::new(tls, peer, &self.connections).limited(self.limits.age, room.live);
        let _ = out.send(Ok(stream)).await;
    }
}

/// What a handshake holds; the live place goes on to the connection.
struct Room {
    live: OwnedSemaphorePermit,
    _handshake: OwnedSemaphorePermit,
    _entered: Entered,
}

/// Lets a refused peer read the alert that says why. It has sent its first requests already, and closing over unread
/// bytes would reset the connection and take the alert with it.
async fn linger(mut tcp: TcpStream) {
    let reading = async {
        tcp.shutdown().await?;
        tokio::io::copy(&mut tcp.take(LINGER_BYTES), &mut tokio::io::sink()).await
    };
    let _ = timeout(LINGER, reading).await;
}
