//! A slow link on the loopback: so many bytes a second each way, all of them later by a delay. It can be cut in silence.

#![allow(clippy::unwrap_used, dead_code, reason = "a bench or test fails by panicking, and takes what it needs")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};

/// Bytes that travel together: a small packet, so that the rate is even.
const PACKET: usize = 500;
/// What the far end's socket takes before it holds its peer up: the link's own queue is what is measured, not one more.
const SOCKET: u32 = 4 << 10;

/// Bytes a second and the delay each way.
#[derive(Clone, Copy, Debug)]
pub struct Speed {
    /// Bytes a second.
    pub rate: u32,
    /// How much later each byte arrives.
    pub delay: Duration,
}

/// A slow link to an address.
#[derive(Debug)]
pub struct SlowLink {
    /// Where to dial it.
    pub address: String,
    down: Arc<AtomicU64>,
    cut: watch::Sender<bool>,
}

impl SlowLink {
    /// Lays a link to `target`.
    pub async fn to(target: String, speed: Speed) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (cut, is_cut) = watch::channel(false);
        let down = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&down);
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let (target, is_cut, counter) = (target.clone(), is_cut.clone(), Arc::clone(&counter));
                tokio::spawn(async move {
                    let Some(far) = connect(&target).await else { return };
                    near.set_nodelay(true).unwrap();
                    let (near_in, near_out) = near.into_split();
                    let (far_in, far_out) = far.into_split();
                    // The handshake of TCP takes a way there and back before the first byte.
                    let first = Instant::now() + speed.delay * 2;
                    let up = pump(near_in, far_out, speed, first, is_cut.clone(), None);
                    let down = pump(far_in, near_out, speed, first, is_cut, Some(counter));
                    tokio::join!(up, down);
                });
            }
        });
        Self { address, down, cut }
    }

    /// Bytes that have come down so far.
    pub fn bytes_down(&self) -> u64 {
        self.down.load(Ordering::Relaxed)
    }

    /// From now on nothing arrives, and neither end hears of it; after it is mended, new connections go through.
    pub fn cut(&self, is_cut: bool) {
        self.cut.send_replace(is_cut);
    }
}

async fn connect(target: &str) -> Option<TcpStream> {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(SOCKET).unwrap();
    let stream = socket.connect(target.parse().unwrap()).await.ok()?;
    stream.set_nodelay(true).unwrap();
    Some(stream)
}

async fn pump(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    speed: Speed,
    first: Instant,
    mut is_cut: watch::Receiver<bool>,
    counter: Option<Arc<AtomicU64>>,
) {
    // As many as are under way: what the reader lets in at its rate is out again after the delay.
    let (sent, mut under_way) = mpsc::unbounded_channel::<(Instant, Vec<u8>)>();
    let read = async move {
        sleep_until(first).await;
        let mut free_at = Instant::now();
        let mut packet = [0; PACKET];
        while let Ok(length @ 1..) = from.read(&mut packet).await {
            let takes = Duration::from_secs_f64(length as f64 / f64::from(speed.rate));
            free_at = free_at.max(Instant::now()) + takes;
            sleep_until(free_at).await;
            let bytes = packet.get(..length).unwrap_or_default().to_vec();
            if sent.send((free_at + speed.delay, bytes)).is_err() {
                return;
            }
        }
    };
    let write = async {
        while let Some((due, bytes)) = under_way.recv().await {
            sleep_until(due).await;
            if *is_cut.borrow_and_update() {
                // Both ends stay open, and hear nothing any more.
                std::future::pending::<()>().await;
            }
            if let Some(counter) = &counter {
                counter.fetch_add(bytes.len() as u64, Ordering::Relaxed);
            }
            if to.write_all(&bytes).await.is_err() {
                return;
            }
        }
        let _ = to.shutdown().await;
    };
    tokio::join!(read, write);
}
