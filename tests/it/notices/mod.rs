//! How notices leave a hub and how answers come back: against a real mail server, scripted ones that misbehave, web
//! services of the test, and programs.

mod answers;
mod channels;
mod mail;
mod sending;

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use watchfloor::fleet::configuration::{Channel, Configuration};
use watchfloor::fleet::notices::Kind;
use watchfloor::fleet::words::Severity;
use watchfloor::hub::notices::message::Message;
use watchfloor::settings::hub;

/// Longer than anything here takes; only a failing test waits for it.
const PATIENCE: Duration = Duration::from_secs(30);

/// Waits until something is so.
async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let waited = tokio::time::timeout(PATIENCE, async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    waited.await.unwrap_or_else(|_| panic!("{what} did not come"))
}

/// What `policies.toml` says.
fn configuration(policies: &str) -> Configuration {
    let texts = vec![("policies.toml".to_owned(), policies.to_owned())];
    hub::parse(texts, jiff::tz::TimeZone::UTC).unwrap_or_else(|problems| panic!("{problems}")).configuration
}

/// The only channel of a text.
fn channel(policies: &str) -> Channel {
    configuration(policies).delivery.channels.into_values().next().unwrap()
}

fn message() -> Message {
    Message {
        key: "fleet-7".to_owned(),
        fleet_id: "fleet".to_owned(),
        fleet: "noc".to_owned(),
        kind: Kind::Problem,
        severity: Severity::Critical,
        to: "ann".to_owned(),
        address: Some("Ann <ann@example.net>".to_owned()),
        subject: "[CRITICAL] acme / web-01: disk is 97 % full – ütf8 (+12 more)".to_owned(),
        text: "one\n\n.two\nthree\n".to_owned(),
        short: "disk is full \"K7Q2\"".to_owned(),
        client: "acme".to_owned(),
        host: "web-01".to_owned(),
        check: "disk".to_owned(),
        alert: "K7Q2".to_owned(),
        count: "13".to_owned(),
        link: Some("https://noc.example.net/a/token".to_owned()),
        alerts: Vec::new(),
        thread: Some("fleet-alert-5".to_owned()),
        incidents: vec!["fleet-alert-5".to_owned()],
        queued_at: "2026-11-27T12:00:00.000Z".to_owned(),
    }
}

/// A request that came in.
#[derive(Clone, Debug)]
struct Asked {
    line: String,
    headers: BTreeMap<String, String>,
    body: String,
}

/// What a web service does with a request.
type Reply = Box<dyn FnMut(usize) -> Option<String> + Send>;

/// A web service that answers its n-th request as it is told, or never.
struct Web {
    port: u16,
    asked: Arc<Mutex<Vec<Asked>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Web {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn ok(_: usize) -> Option<String> {
    Some(answer("200 OK", "", "taken"))
}

fn answer(status: &str, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\n{headers}content-length: {}\r\nconnection: close\r\n\r\n{body}", body.len())
}

impl Web {
    async fn new(reply: impl FnMut(usize) -> Option<String> + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (seen, reply) = (Arc::clone(&asked), Arc::new(Mutex::new(Box::new(reply) as Reply)));
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(serve(stream, Arc::clone(&seen), Arc::clone(&reply)));
            }
        });
        Self { port, asked, task }
    }

    fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

async fn serve(mut stream: TcpStream, seen: Arc<Mutex<Vec<Asked>>>, reply: Arc<Mutex<Reply>>) -> Option<Infallible> {
    let mut bytes = Vec::new();
    let asked = loop {
        let mut piece = [0; 4096];
        let count = stream.read(&mut piece).await.ok().filter(|count| *count > 0)?;
        bytes.extend_from_slice(&piece[..count]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let mut lines = head.lines();
        let line = lines.next().unwrap().to_owned();
        let headers: BTreeMap<String, String> = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()))
            .collect();
        let length = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
        if body.len() >= length {
            break Asked { line, headers, body: body.to_owned() };
        }
    };
    let number = {
        let mut seen = seen.lock().unwrap();
        seen.push(asked);
        seen.len()
    };
    let said = (reply.lock().unwrap())(number);
    match said {
        Some(said) => stream.write_all(said.as_bytes()).await.ok()?,
        // it hangs, and keeps the line open
        None => std::future::pending().await,
    }
    None
}
