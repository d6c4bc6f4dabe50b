//! A plain client of HTTP/1.1: one connection, one request after the other, no more work than the measured side causes.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::tools::Outcome;

/// One connection, kept.
pub struct Client {
    stream: TcpStream,
    headers: String,
    buffer: Vec<u8>,
}

impl Client {
    /// Connects; `headers` go with every request, each ended by CR LF.
    pub async fn connect(address: &str, headers: &str) -> Outcome<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, headers: format!("Host: localhost\r\n{headers}"), buffer: Vec::new() })
    }

    /// Posts JSON; anything but 200 is an error.
    pub async fn post(&mut self, path: &str, body: &str) -> Outcome {
        let headers = &self.headers;
        let length = body.len();
        let request = format!(
            "POST {path} HTTP/1.1\r\n{headers}Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        self.stream.write_all(request.as_bytes()).await?;
        self.answer().await.map(drop)
    }

    /// Gets a page whole; anything but 200 is an error.
    pub async fn get(&mut self, path: &str) -> Outcome<Vec<u8>> {
        let request = format!("GET {path} HTTP/1.1\r\n{}\r\n", self.headers);
        self.stream.write_all(request.as_bytes()).await?;
        self.answer().await
    }

    async fn answer(&mut self) -> Outcome<Vec<u8>> {
        self.buffer.clear();
        let end = loop {
            if let Some(at) = self.buffer.windows(4).position(|part| part == b"\r\n\r\n") {
                break at + 4;
            }
            self.more().await?;
        };
        let head = String::from_utf8_lossy(&self.buffer[..end]).to_ascii_lowercase();
        let field = |name: &str| head.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
        let ok = head.starts_with("http/1.1 200");
        if field("transfer-encoding:") == Some("chunked") {
            // A chunk ends so too only where the text itself does.
            while !self.buffer.ends_with(b"\r\n0\r\n\r\n") && &self.buffer[end..] != b"0\r\n\r\n" {
                self.more().await?;
            }
        } else {
            let length: usize = field("content-length:").unwrap_or("0").parse()?;
            while self.buffer.len() < end + length {
                self.more().await?;
            }
        }
        let body = self.buffer.split_off(end);
        if ok { Ok(body) } else { Err(format!("{head}{}", String::from_utf8_lossy(&body)).into()) }
    }

    async fn more(&mut self) -> Outcome {
        self.buffer.reserve(256 << 10);
        match self.stream.read_buf(&mut self.buffer).await? {
            0 => Err("the connection ended".into()),
            _ => Ok(()),
        }
    }
}
