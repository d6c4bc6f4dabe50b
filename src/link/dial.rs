//! Dialling a hub: over TCP and TLS, over its socket, or through a pipe in the same process.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::DuplexStream;
use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tonic::transport::Endpoint;

use crate::link::connection::{Connection, KEEPALIVE, KEEPALIVE_TIMEOUT};
use crate::link::error::LinkError;
use crate::link::witness::Witness;
use crate::trust::explain::{diagnose, explain};

/// How long one address may take, name resolution and TLS included.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Bytes of one call that may be under way: over a link of 25 kB/s an answer waits for no more than a second and a half
/// of what was sent before it, and over one with 100 ms of delay 300 kB/s still flow.
const STREAM_WINDOW: u32 = 32 << 10;
/// Bytes of all calls together.
const CONNECTION_WINDOW: u32 = 96 << 10;
/// The least time for one of the addresses that a name has.
const CANDIDATE_MIN: Duration = Duration::from_secs(1);
/// Header lists of a hub are short.
const HEADER_LIST_MAX: u32 = 16 * 1024;

/// Opens the near end of a pipe whose far end it hands to the hub of this process.
#[derive(Clone)]
pub struct Pipe(Arc<dyn Fn() -> io::Result<DuplexStream> + Send + Sync>);

impl Pipe {
    /// `open` makes a pipe, gives one end to the hub and returns the other.
    pub fn new(open: impl Fn() -> io::Result<DuplexStream> + Send + Sync + 'static) -> Self {
        Self(Arc::new(open))
    }
}

impl fmt::Debug for Pipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pipe")
    }
}

/// Where a hub can be reached.
#[derive(Clone, Debug)]
pub enum Address {
    /// `HOST:PORT`, always with TLS.
    Tcp(String),
    /// The hub's socket on this machine.
    Unix(PathBuf),
    /// The hub in this process.
    Pipe(Pipe),
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => f.write_str(address),
            Self::Unix(path) => write!(f, "{}", path.display()),
            Self::Pipe(_) => f.write_str("the hub of this process"),
        }
    }
}

/// How to speak TLS, and the name under which the hub is verified whatever address is dialled.
#[derive(Clone, Debug)]
pub struct Tls {
    /// Made by [`crate::trust::tls_client`].
    pub config: Arc<ClientConfig>,
    /// Made by [`crate::trust::tls_client::hub_server_name`].
    pub name: ServerName<'static>,
}

/// Connects to the first address that answers as the fleet's hub; `tls` is needed for addresses of TCP.
///
/// A hub judges a client's certificate after this, so the first call ([`crate::link::hello`]) belongs to connecting.
///
/// # Errors
/// With what each address said; the class is the most telling one.
pub async fn dial(addresses: &[Address], tls: Option<&Tls>) -> Result<Connection, LinkError> {
    let mut failures: Vec<LinkError> = Vec::new();
    for address in addresses {
        match timeout(CONNECT_TIMEOUT, open(address, tls)).await {
            Ok(Ok(stream)) => match connect(address, stream).await {
                Ok(connection) => return Ok(connection),
                Err(error) => failures.push(error),
            },
            Ok(Err(error)) => failures.push(error.at(&address.to_string())),
            Err(_) => {
                let why = format!("no answer within {} s", CONNECT_TIMEOUT.as_secs());
                failures.push(LinkError::NoHub(why).at(&address.to_string()));
            }
        }
    }
    Err(summary(failures))
}

fn summary(failures: Vec<LinkError>) -> LinkError {
    let telling = |error: &LinkError| match error {
        LinkError::NotPermitted(_) => 2,
        LinkError::Refused(_) => 1,
        LinkError::NoHub(_) => 0,
    };
    let unreached: Vec<&str> = failures
        .iter()
        .filter_map(|error| if let LinkError::NoHub(why) = error { Some(why.as_str()) } else { None })
        .collect();
    let unreached = LinkError::NoHub(match unreached.is_empty() {
        true => "no address is known: enrol with a token, or name the hub's data directory with --data".to_owned(),
        false => unreached.join("; "),
    });
    failures.into_iter().max_by_key(telling).filter(|error| telling(error) > 0).unwrap_or(unreached)
}

async fn open(address: &Address, tls: Option<&Tls>) -> Result<Witness, LinkError> {
    match address {
        Address::Tcp(address) => {
            let tls =
                tls.ok_or_else(|| LinkError::Refused("no certificate to dial with: enrol with a token".into()))?;
            let stream = tcp(address).await.map_err(|error| LinkError::NoHub(error.to_string()))?;
            let stream = TlsConnector::from(Arc::clone(&tls.config)).connect(tls.name.clone(), stream).await;
            let stream = stream.map_err(|error| match diagnose(&error) {
                Some(diagnosis) => LinkError::of_diagnosis(&diagnosis),
                None => LinkError::NoHub(explain(&error)),
            })?;
            Ok(Witness::new(stream))
        }
        Address::Unix(path) => {
            let stream = UnixStream::connect(path).await.map_err(|error| socket_error(path, &error))?;
            Ok(Witness::new(stream))
        }
        Address::Pipe(pipe) => {
            Ok(Witness::new((pipe.0)().map_err(|error| LinkError::NoHub(format!("it has ended ({error})")))?))
        }
    }
}

/// Tries the addresses that a name has one after another; each gets its share of the time.
async fn tcp(address: &str) -> io::Result<TcpStream> {
    let candidates: Vec<SocketAddr> = tokio::net::lookup_host(address).await?.take(8).collect();
    let share = CONNECT_TIMEOUT.checked_div(u32::try_from(candidates.len()).unwrap_or(8)).unwrap_or(CONNECT_TIMEOUT);
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for candidate in candidates {
        match timeout(share.max(CANDIDATE_MIN), TcpStream::connect(candidate)).await {
            Ok(Ok(stream)) => {
                stream.set_nodelay(true)?;
                return Ok(stream);
            }
            Ok(Err(error)) => last = error,
            Err(_) => last = io::ErrorKind::TimedOut.into(),
        }
    }
    Err(last)
}

fn socket_error(path: &Path, error: &io::Error) -> LinkError {
    match error.kind() {
        io::ErrorKind::PermissionDenied => {
            let owner = std::fs::metadata(path).or_else(|_| std::fs::metadata(path.parent().unwrap_or(path)));
            let owner =
                owner.map_or_else(|_| "another user".to_owned(), |owner| format!("the user with id {}", owner.uid()));
            LinkError::NotPermitted(format!(
                "the hub's socket is only for {owner}: run this as that user, or enrol a console of your own"
            ))
        }
        io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => {
            LinkError::NoHub("no hub serves this directory".into())
        }
        _ => LinkError::NoHub(error.to_string()),
    }
}

async fn connect(address: &Address, stream: Witness) -> Result<Connection, LinkError> {
    let testimony = stream.testimony();
    // The stream stands already; this URI only fills the `:authority` header.
    let endpoint = Endpoint::from_static("http://hub.watchfloor")
        .http2_keep_alive_interval(KEEPALIVE)
        .keep_alive_timeout(KEEPALIVE_TIMEOUT)
        .keep_alive_while_idle(true)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .http2_max_header_list_size(HEADER_LIST_MAX);
    // tonic would dial again by itself, without back-off and without telling; so it gets this one stream and no other.
    let mut stream = Some(TokioIo::new(stream));
    let connector = tower::service_fn(move |_| {
        let stream =
            stream.take().ok_or_else(|| io::Error::new(io::ErrorKind::NotConnected, "the connection was lost"));
        std::future::ready(stream)
    });
    let channel = endpoint
        .connect_with_connector(connector)
        .await
        .map_err(|error| LinkError::NoHub(explain(&error)).at(&address.to_string()))?;
    Ok(Connection::new(channel, testimony, address.to_string(), matches!(address, Address::Tcp(_))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn failures_are_classed_and_named() {
        let dir = tempfile::tempdir().unwrap();
        let socket = Address::Unix(dir.path().join("hub.sock"));
        let error = dial(std::slice::from_ref(&socket), None).await.unwrap_err();
        assert_eq!(error.class().exit_code(), 3);
        assert!(error.to_string().contains("hub.sock: no hub serves this directory"), "{error}");
        let error = dial(&[], None).await.unwrap_err();
        assert_eq!(error.class().exit_code(), 3);
        let error = dial(&[socket, Address::Tcp("127.0.0.1:1".into())], None).await.unwrap_err();
        assert_eq!(error.class().exit_code(), 1, "{error}");
        let gone = Address::Pipe(Pipe::new(|| Err(io::ErrorKind::BrokenPipe.into())));
        assert_eq!(dial(&[gone], None).await.unwrap_err().class().exit_code(), 3);
    }

    #[test]
    fn the_most_telling_failure_decides() {
        let (none, not, refused) =
            (LinkError::NoHub("a".into()), LinkError::NotPermitted("b".into()), LinkError::Refused("c".into()));
        assert_eq!(summary(vec![none.clone(), not.clone(), refused.clone()]), not);
        assert_eq!(summary(vec![none.clone(), refused.clone()]), refused);
        assert_eq!(summary(vec![none.clone(), none]), LinkError::NoHub("a; a".into()));
    }
}
