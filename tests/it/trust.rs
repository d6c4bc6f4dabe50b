//! Doors and dialling over real TCP, sockets and pipes, with services that do just enough to be called.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use arc_swap::ArcSwap;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_stream::Stream;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status, Streaming};

use watchfloor::fleet::words::{IdentityId, Timestamp};
use watchfloor::hub::doors::connections::Connections;
use watchfloor::hub::doors::http2::server;
use watchfloor::hub::doors::refusals::{Port, RefusedHandshakes, report};
use watchfloor::hub::doors::socket::Socket;
use watchfloor::hub::doors::tls_listener::{Limits, TlsListener};
use watchfloor::hub::doors::{DoorStream, Peer};
use watchfloor::link::socket_path::find_socket;
use watchfloor::link::{Address, Class, Pipe, Tls, dial, enrol, hello, renew};
use watchfloor::trust::fingerprint::sha256;
use watchfloor::trust::tls_client::{hub_server_name, link_client};
use watchfloor::trust::tls_server::{Revoked, enrol_server, link_server};
use watchfloor::trust::{Authority, Credential, Kind, Principal, Token};
use watchfloor::wire::pb::agent_server::{Agent, AgentServer};
use watchfloor::wire::pb::enrol_server::{Enrol, EnrolServer};
use watchfloor::wire::pb::{
    AgentMessage, EnrolReply, EnrolRequest, HelloReply, HelloRequest, HubMessage, OutputChunk, OutputStored,
    RenewReply, RenewRequest, Role,
};

/// Longer than anything here takes; only a failing test waits for it.
const PATIENCE: Duration = Duration::from_secs(20);

const YEAR: Duration = Duration::from_secs(365 * 86_400);

fn now() -> Timestamp {
    Timestamp(i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap())
}

async fn soon<T>(what: impl Future<Output = T>) -> T {
    timeout(PATIENCE, what).await.expect("in time")
}

/// A hub's doors around services that say who calls.
struct Doors {
    authority: Arc<Authority>,
    link: SocketAddr,
    enrol: SocketAddr,
    connections: Connections,
    revoked: Arc<Mutex<Vec<IdentityId>>>,
    refusals: mpsc::Receiver<RefusedHandshakes>,
    inner: mpsc::Sender<io::Result<DoorStream>>,
    stop: CancellationToken,
}

impl Drop for Doors {
    fn drop(&mut self) {
        self.stop.cancel();
        self.connections.close_all();
    }
}

#[derive(Clone)]
struct Services {
    authority: Arc<Authority>,
    secret: Arc<Mutex<Option<[u8; 32]>>>,
}

#[tonic::async_trait]
impl Agent for Services {
    type LinkStream = Pin<Box<dyn Stream<Item = Result<HubMessage, Status>> + Send>>;

    async fn hello(&self, request: Request<HelloRequest>) -> Result<Response<HelloReply>, Status> {
        let peer = Peer::of(&request).ok_or_else(|| Status::unauthenticated("no peer"))?;
        Ok(Response::new(HelloReply { identity_name: peer.to_string(), ..HelloReply::default() }))
    }

    async fn link(&self, request: Request<Streaming<AgentMessage>>) -> Result<Response<Self::LinkStream>, Status> {
        let mut incoming = request.into_inner();
        let (out, stream) = mpsc::channel(1);
        tokio::spawn(async move {
            let _open = out;
            while let Ok(Some(_)) = incoming.message().await {}
        });
        Ok(Response::new(Box::pin(ReceiverStream::new(stream))))
    }

    async fn renew(&self, request: Request<RenewRequest>) -> Result<Response<RenewReply>, Status> {
        let Some(Peer::Certificate(principal)) = Peer::of(&request).cloned() else {
            return Err(Status::permission_denied("no certificate to renew"));
        };
        let issued = self.authority.issue(&request.get_ref().signing_request, principal.kind, principal.id, now());
        let issued = issued.map_err(|error| Status::invalid_argument(error.to_string()))?;
        let chain = issued.chain.iter().map(|der| der.to_vec().into()).collect();
        Ok(Response::new(RenewReply { chain, not_after: issued.not_after.0 }))
    }

    async fn output(&self, _: Request<Streaming<OutputChunk>>) -> Result<Response<OutputStored>, Status> {
        Err(Status::unimplemented("no hands here"))
    }
}

#[tonic::async_trait]
impl Enrol for Services {
    async fn enrol(&self, request: Request<EnrolRequest>) -> Result<Response<EnrolReply>, Status> {
        assert!(matches!(Peer::of(&request), Some(Peer::Anonymous { .. })));
        let request = request.into_inner();
        if *self.secret.lock().unwrap() != Some(sha256(&request.secret)) {
            return Err(Status::permission_denied("the token is not known here: ask for a new one"));
        }
        let issued = self.authority.issue(&request.signing_request, Kind::Agent, IdentityId(9), now()).unwrap();
        self.secret.lock().unwrap().take();
        Ok(Response::new(EnrolReply {
            chain: issued.chain.iter().map(|der| der.to_vec().into()).collect(),
            root: self.authority.root().to_vec().into(),
            role: Role::Agent.into(),
            identity: 9,
            name: request.name,
            ..EnrolReply::default()
        }))
    }
}

impl Doors {
    async fn open() -> (Self, Services) {
        let authority = Arc::new(Authority::ephemeral(now() - YEAR).unwrap());
        let hub = authority.issue_credential(Kind::Hub, IdentityId(1), now()).unwrap();
        let services = Services { authority: Arc::clone(&authority), secret: Arc::default() };
        let revoked: Arc<Mutex<Vec<IdentityId>>> = Arc::default();
        let asked = Arc::clone(&revoked);
        let is_revoked: Revoked = Arc::new(move |who: &Principal| asked.lock().unwrap().contains(&who.id));
        let connections = Connections::default();
        let stop = CancellationToken::new();
        let (reports, refusals) = mpsc::channel(8);
        let mut ports = Vec::new();
        let mut inner = None;
        for port in [Port::Link, Port::Enrol] {
            let tls = match port {
                Port::Link => link_server(&hub, Arc::clone(&is_revoked)),
                Port::Enrol => enrol_server(&hub),
            };
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            ports.push(listener.local_addr().unwrap());
            let door = TlsListener {
                port,
                tls: Arc::new(ArcSwap::from_pointee(tls.unwrap())),
                limits: Limits::of(port),
                connections: connections.clone(),
                refusals: report(port, reports.clone()),
            };
            let (out, incoming) = mpsc::channel(16);
            let mut server = server(port);
            let router = match port {
                Port::Link => {
                    inner = Some(out.clone());
                    server.add_service(AgentServer::new(services.clone()))
                }
                Port::Enrol => server.add_service(EnrolServer::new(services.clone())),
            };
            tokio::spawn(door.serve(listener, out, stop.clone()));
            tokio::spawn(router.serve_with_incoming(ReceiverStream::new(incoming)));
        }
        let inner = inner.unwrap();
        let doors = Self { authority, link: ports[0], enrol: ports[1], connections, revoked, refusals, inner, stop };
        (doors, services)
    }

    fn agent(&self, id: u64) -> Credential {
        self.authority.issue_credential(Kind::Agent, IdentityId(id), now()).unwrap()
    }

    fn address(&self) -> [Address; 1] {
        [Address::Tcp(self.link.to_string())]
    }
}

fn tls(credential: &Credential) -> Tls {
    Tls {
        config: Arc::new(link_client(credential).unwrap()),
        name: hub_server_name(&credential.principal().fleet).unwrap(),
    }
}

#[tokio::test]
async fn a_certificate_is_who_calls() {
    let (doors, _) = Doors::open().await;
    let connection = soon(dial(&doors.address(), Some(&tls(&doors.agent(7))))).await.unwrap();
    let reply = soon(hello::as_agent(&connection)).await.unwrap();
    assert_eq!(reply.identity_name, "agent 7");
    assert_eq!(doors.connections.count(IdentityId(7)), 1);
}

#[tokio::test]
async fn an_address_that_does_not_answer_is_passed_over() {
    let (doors, _) = Doors::open().await;
    let addresses = [Address::Tcp("127.0.0.1:1".into()), Address::Tcp(doors.link.to_string())];
    let connection = soon(dial(&addresses, Some(&tls(&doors.agent(7))))).await.unwrap();
    soon(hello::as_agent(&connection)).await.unwrap();
}

#[tokio::test]
async fn revoking_ends_what_is_open_and_the_next_handshake_says_why() {
    let (mut doors, _) = Doors::open().await;
    let (agent, other) = (doors.agent(7), doors.agent(8));
    let connection = soon(dial(&doors.address(), Some(&tls(&agent)))).await.unwrap();
    let others = soon(dial(&doors.address(), Some(&tls(&other)))).await.unwrap();
    soon(hello::as_agent(&others)).await.unwrap();
    let (_keep_open, outgoing) = mpsc::channel(1);
    let mut stream = soon(connection.agent().link(ReceiverStream::new(outgoing))).await.unwrap().into_inner();
    doors.revoked.lock().unwrap().push(IdentityId(7));
    let revoked_at = std::time::Instant::now();
    assert_eq!(doors.connections.close(IdentityId(7)), 1);
    soon(stream.message()).await.expect_err("the live stream ends");
    assert!(revoked_at.elapsed() < Duration::from_secs(5));
    soon(hello::as_agent(&others)).await.expect("others go on");

    let error = refused(&doors.address(), &agent).await;
    assert_eq!(error.class(), Class::NotPermitted);
    assert!(error.to_string().contains("revoked") && error.to_string().contains("enrol"), "{error}");
    let report = soon(doors.refusals.recv()).await.unwrap();
    assert_eq!((report.port, report.reason.as_str()), (Port::Link, "a revoked certificate"));
}

/// Dials and says hello; the refusal arrives with one or the other.
async fn refused(addresses: &[Address], credential: &Credential) -> watchfloor::link::LinkError {
    match soon(dial(addresses, Some(&tls(credential)))).await {
        Ok(connection) => soon(hello::as_agent(&connection)).await.expect_err("refused"),
        Err(error) => error,
    }
}

#[tokio::test]
async fn a_refused_certificate_is_named_to_the_dialler_every_time() {
    let (mut doors, _) = Doors::open().await;
    // Trusts our root, so it does not refuse the hub first; its leaf has expired.
    let expired = doors.authority.issue_credential(Kind::Agent, IdentityId(3), now() - YEAR).unwrap();
    for _ in 0..50 {
        let error = refused(&doors.address(), &expired).await;
        assert_eq!(error.class(), Class::NotPermitted, "{error}");
        assert!(error.to_string().contains("not valid now"), "{error}");
    }
    assert_eq!(soon(doors.refusals.recv()).await.unwrap().reason, "an expired certificate");
    let stranger = Authority::ephemeral(now()).unwrap().issue_credential(Kind::Agent, IdentityId(7), now()).unwrap();
    let error = refused(&doors.address(), &stranger).await;
    assert_eq!(error.class(), Class::Refused);
    assert!(error.to_string().contains("not the fleet's hub"), "{error}");
}

#[tokio::test]
async fn silent_and_foreign_peers_hold_up_nobody() {
    let (mut doors, _) = Doors::open().await;
    let mut silent = Vec::new();
    for _ in 0..200 {
        silent.push(TcpStream::connect(doors.link).await.unwrap());
    }
    let connection = soon(dial(&doors.address(), Some(&tls(&doors.agent(7))))).await.unwrap();
    soon(hello::as_agent(&connection)).await.unwrap();

    // The hello of a TLS 1.2 client: answered by the fatal alert `protocol_version`.
    let mut old = TcpStream::connect(doors.link).await.unwrap();
    let mut hello = vec![22, 3, 1, 0, 63, 1, 0, 0, 59, 3, 3];
    hello.extend([7; 32]);
    hello.extend([0, 0, 2, 0xc0, 0x2b, 1, 0]); // no session, one suite, no compression
    hello.extend([0, 16, 0, 10, 0, 4, 0, 2, 0, 23, 0, 13, 0, 4, 0, 2, 4, 3]); // groups, signatures
    assert_eq!(hello.len(), 5 + 63);
    old.write_all(&hello).await.unwrap();
    let mut answer = Vec::new();
    soon(old.read_to_end(&mut answer)).await.unwrap();
    assert_eq!(answer.get(..1).zip(answer.get(5..7)), Some((&[21][..], &[2, 70][..])), "{answer:?}");
    assert_eq!(soon(doors.refusals.recv()).await.unwrap().reason, "TLS older than 1.3");

    let plain = soon(dial(&doors.address(), None)).await.unwrap_err();
    assert_eq!(plain.class(), Class::Refused);
}

/// The beginning of a hello that never goes on.
const HALF_A_HELLO: [u8; 20] = [22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3, 7, 7, 7, 7, 7, 7, 7, 7, 7];

#[tokio::test]
async fn a_handshake_that_stands_still_is_dropped_and_gives_its_place_back() {
    let (mut doors, _) = Doors::open().await;
    let begun = tokio::time::Instant::now();
    // As many as the enrol port may have open: some say nothing, some stop in the middle of a word.
    let mut still = Vec::new();
    for number in 0..Limits::ENROL.handshakes {
        let mut tcp = TcpStream::connect(doors.enrol).await.unwrap();
        if number % 2 == 0 {
            tcp.write_all(&HALF_A_HELLO).await.unwrap();
        }
        still.push(tcp);
    }
    // From here on the clock runs as fast as nothing happens.
    tokio::time::pause();
    for mut tcp in still {
        let mut said = Vec::new();
        let ended = soon(tcp.read_to_end(&mut said)).await;
        assert!(said.is_empty(), "{ended:?}, {said:?}");
    }
    let took = begun.elapsed().as_secs_f64();
    assert!((9.9..11.0).contains(&took), "dropped after {took} s");
    assert_eq!(soon(doors.refusals.recv()).await.unwrap().reason, "no handshake within 10 s");
    tokio::time::resume();
    let pin = sha256(doors.authority.root());
    let token = Token::new(pin, vec![doors.enrol.to_string()]).unwrap();
    let home = tempfile::tempdir().unwrap();
    let error = soon(enrol::enrol(&token, "web-01", None, |_| home.path().join("agent"))).await.unwrap_err();
    assert_eq!(error.class(), Class::NotPermitted, "the places are free, only the token is not known: {error}");
}

#[tokio::test(start_paused = true)]
async fn a_listener_that_never_answers_is_named_in_time() {
    let authority = Authority::ephemeral(now()).unwrap();
    let agent = authority.issue_credential(Kind::Agent, IdentityId(7), now()).unwrap();
    let hub = authority.issue_credential(Kind::Hub, IdentityId(1), now()).unwrap();
    // The kernel takes the connection in, and nobody comes for it.
    let mute = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = mute.local_addr().unwrap().to_string();
    let begun = tokio::time::Instant::now();
    let error = soon(dial(&[Address::Tcp(address.clone())], Some(&tls(&agent)))).await.unwrap_err();
    assert_eq!((error.class(), begun.elapsed().as_secs()), (Class::NoHub, 5), "{error}");
    assert!(error.to_string().contains(&address) && error.to_string().contains("no answer within 5 s"), "{error}");

    // A hub that speaks TLS and then hangs.
    let acceptor =
        tokio_rustls::TlsAcceptor::from(Arc::new(link_server(&hub, Arc::new(|_: &Principal| false)).unwrap()));
    let hung = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = hung.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        let (tcp, _) = hung.accept().await.unwrap();
        let _held = acceptor.accept(tcp).await.unwrap();
        std::future::pending::<()>().await;
    });
    let begun = tokio::time::Instant::now();
    let connection = soon(dial(&[Address::Tcp(address.clone())], Some(&tls(&agent)))).await.unwrap();
    let error = soon(hello::as_agent(&connection)).await.unwrap_err();
    assert_eq!((error.class(), begun.elapsed().as_secs()), (Class::NoHub, 10), "{error}");
    assert!(
        error.to_string().contains(&address) && error.to_string().contains("did not answer within 10 s"),
        "{error}"
    );
}

#[tokio::test(start_paused = true)]
async fn both_ends_let_go_of_a_peer_that_vanished() {
    let (doors, _) = Doors::open().await;
    let (inner, connections) = (doors.inner.clone(), doors.connections.clone());
    let principal = doors.agent(7).principal().clone();
    let wires = Arc::new(Mutex::new(Vec::new()));
    let laid = Arc::clone(&wires);
    let pipe = Pipe::new(move || {
        let (near, mut middle) = tokio::io::duplex(64 << 10);
        let (mut behind, far) = tokio::io::duplex(64 << 10);
        let cut = CancellationToken::new();
        laid.lock().unwrap().push(cut.clone());
        tokio::spawn(async move {
            tokio::select! {
                _ = tokio::io::copy_bidirectional(&mut middle, &mut behind) => return,
                () = cut.cancelled() => {}
            }
            // Both ends stay open, and nobody reads what comes.
            std::future::pending::<()>().await;
        });
        let stream = DoorStream::new(far, Peer::Certificate(principal.clone()), &connections);
        inner.try_send(Ok(stream)).map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))?;
        Ok(near)
    });
    let connection = soon(dial(&[Address::Pipe(pipe)], None)).await.unwrap();
    let (_keep_open, outgoing) = mpsc::channel(1);
    let mut stream = soon(connection.agent().link(ReceiverStream::new(outgoing))).await.unwrap().into_inner();
    // While the cable holds, an idle stream is no dead one.
    tokio::time::sleep(Duration::from_secs(600)).await;
    soon(hello::as_agent(&connection)).await.expect("idle for long, and alive");
    assert_eq!(doors.connections.count(IdentityId(7)), 1);

    wires.lock().unwrap().iter().for_each(CancellationToken::cancel);
    let cut = tokio::time::Instant::now();
    timeout(Duration::from_secs(26), stream.message()).await.expect("the dialler notices").expect_err("it is dead");
    let hub = async {
        while doors.connections.count(IdentityId(7)) > 0 {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    timeout(Duration::from_secs(26), hub).await.expect("the hub notices");
    assert!(cut.elapsed() <= Duration::from_secs(26), "{:?}", cut.elapsed());
}

#[tokio::test]
async fn what_is_no_hub_is_named() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut tcp, _)) = listener.accept().await {
            let _ = tcp.write_all(b"SSH-2.0-OpenSSH_9.2\r\n").await;
            let _ = tcp.read(&mut [0; 512]).await;
        }
    });
    let authority = Authority::ephemeral(now()).unwrap();
    let agent = authority.issue_credential(Kind::Agent, IdentityId(7), now()).unwrap();
    let error = soon(dial(&[Address::Tcp(address.to_string())], Some(&tls(&agent)))).await.unwrap_err();
    assert!(error.to_string().contains("does not speak TLS"), "{error}");
}

#[tokio::test]
async fn a_token_becomes_a_stored_credential_once() {
    let (doors, services) = Doors::open().await;
    let home = tempfile::tempdir().unwrap();
    let pin = sha256(doors.authority.root());
    let token = Token::new(pin, vec![doors.enrol.to_string()]).unwrap();
    *services.secret.lock().unwrap() = Some(token.secret.hash());
    let dir = home.path().join("agent");
    let token = Token::decode(&token.encode()).unwrap();
    let enrolled = soon(enrol::enrol(&token, "web-01", None, |_| dir.clone())).await.unwrap();
    assert_eq!((enrolled.credential.principal().id, enrolled.reply.name.as_str()), (IdentityId(9), "web-01"));
    let stored = Credential::load(&dir).unwrap().unwrap();
    let connection = soon(dial(&doors.address(), Some(&tls(&stored)))).await.unwrap();
    assert_eq!(soon(hello::as_agent(&connection)).await.unwrap().identity_name, "agent 9");

    let renewed = soon(renew::renew(&connection, &stored, &dir)).await.unwrap();
    assert_ne!(renewed.key(), stored.key());
    assert_eq!(Credential::load(&dir).unwrap().unwrap().key(), renewed.key());
    let connection = soon(dial(&doors.address(), Some(&tls(&renewed)))).await.unwrap();
    soon(hello::as_agent(&connection)).await.unwrap();

    let again = home.path().join("again");
    let error = soon(enrol::enrol(&token, "web-01", None, |_| again.clone())).await.unwrap_err();
    assert_eq!(error.class(), Class::NotPermitted);
    assert!(error.to_string().contains("ask for a new one") && !again.exists(), "{error}");

    let stranger = Token::new([3; 32], vec![doors.enrol.to_string()]).unwrap();
    let error = soon(enrol::enrol(&stranger, "web-01", None, |_| again.clone())).await.unwrap_err();
    assert_eq!(error.class(), Class::Refused);
    assert!(error.to_string().contains("not the fleet's hub") && !again.exists(), "{error}");
}

#[tokio::test]
async fn pipes_and_the_socket_reach_the_same_services() {
    let (doors, _) = Doors::open().await;
    let (inner, connections) = (doors.inner.clone(), doors.connections.clone());
    let pipe = Pipe::new(move || {
        let (near, far) = tokio::io::duplex(64 * 1024);
        let peer = Peer::Host(watchfloor::fleet::words::HostId(4));
        let stream = DoorStream::new(far, peer, &connections);
        inner.try_send(Ok(stream)).map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))?;
        Ok(near)
    });
    let connection = soon(dial(&[Address::Pipe(pipe)], None)).await.unwrap();
    assert_eq!(soon(hello::as_agent(&connection)).await.unwrap().identity_name, "the agent of this process, host 4");

    let data = tempfile::tempdir().unwrap();
    let socket = Socket::open(data.path()).unwrap();
    tokio::spawn(socket.serve(doors.connections.clone(), doors.inner.clone(), doors.stop.clone()));
    let connection = soon(dial(&[Address::Unix(find_socket(data.path()))], None)).await.unwrap();
    let local = soon(hello::as_agent(&connection)).await.unwrap().identity_name;
    assert_eq!(local, format!("local user {}", owner(data.path())));

    doors.connections.close_all();
    let error = soon(hello::as_agent(&connection)).await.expect_err("the hub has ended");
    assert_eq!(error.class(), Class::NoHub, "{error}");
}

fn owner(path: &Path) -> u32 {
    std::os::unix::fs::MetadataExt::uid(&std::fs::metadata(path).unwrap())
}
