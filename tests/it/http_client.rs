//! A plain client of the hub's HTTP port, and tokens for it.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;

use serde_json::Value;

use crate::processes::{PATIENCE, done};

/// What was answered.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub body: String,
}

impl Answer {
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// A token of the hub whose home this is.
pub fn token(home: &Path, data: &Path, line: &str) -> String {
    done(home, &format!("token create --data {} {line}", data.display())).trim().to_owned()
}

/// One request on a connection of its own.
#[track_caller]
pub fn ask(address: &str, method: &str, path: &str, token: &str, body: &str) -> Answer {
    try_ask(address, method, path, token, body).unwrap()
}

/// The same, where the hub may be gone.
pub fn try_ask(address: &str, method: &str, path: &str, token: &str, body: &str) -> std::io::Result<Answer> {
    let bearer = if token.is_empty() { String::new() } else { format!("Authorization: Bearer {token}\r\n") };
    let length = body.len();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: localhost\r\n{bearer}Connection: close\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    raw(address, request.as_bytes())
}

/// Sends these bytes and reads until the hub closes.
pub fn raw(address: &str, bytes: &[u8]) -> std::io::Result<Answer> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    // A hub that refuses a body may close before it has read all of it.
    let _ = stream.write_all(bytes);
    read(&mut stream)
}

/// Reads an answer until the connection ends.
pub fn read(stream: &mut TcpStream) -> std::io::Result<Answer> {
    let mut answer = Vec::new();
    let mut part = [0; 64 << 10];
    loop {
        match stream.read(&mut part) {
            Ok(0) => break,
            Ok(length) => answer.extend_from_slice(&part[..length]),
            Err(error) if answer.is_empty() => return Err(error),
            Err(_) => break,
        }
    }
    let text = String::from_utf8_lossy(&answer);
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    let status = status.ok_or_else(|| std::io::Error::from(std::io::ErrorKind::UnexpectedEof))?;
    let chunked = head.to_ascii_lowercase().contains("transfer-encoding: chunked");
    let body = if chunked { unchunked(body) } else { body.to_owned() };
    Ok(Answer { status, body })
}

fn unchunked(mut rest: &str) -> String {
    let mut body = String::new();
    while let Some((size, after)) = rest.split_once("\r\n") {
        let size = usize::from_str_radix(size, 16).unwrap_or(0);
        let Some(part) = after.get(..size).filter(|part| !part.is_empty()) else { break };
        body.push_str(part);
        rest = after.get(size + 2..).unwrap_or_default();
    }
    body
}
