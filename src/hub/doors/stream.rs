//! A connection that came in through a door.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Sleep, sleep};
use tokio_util::sync::WaitForCancellationFutureOwned;
use tonic::transport::server::Connected;

use crate::hub::doors::connections::{Connections, Place};
use crate::hub::doors::peer::Peer;

/// Any byte stream.
pub trait Bytes: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Bytes for T {}

/// A byte stream with its [`Peer`]. It fails when its identity is revoked, when the hub ends, or when it is too old for
/// its door, and with it all that runs over it.
pub struct DoorStream {
    inner: Box<dyn Bytes>,
    peer: Peer,
    closed: Pin<Box<WaitForCancellationFutureOwned>>,
    too_old: Option<Pin<Box<Sleep>>>,
    _permit: Option<OwnedSemaphorePermit>,
    _place: Place,
}

impl DoorStream {
    /// Takes in any byte stream whose peer is known.
    pub fn new(inner: impl Bytes + 'static, peer: Peer, connections: &Connections) -> Self {
        let place = connections.enter(&peer);
        let closed = Box::pin(place.closed().clone().cancelled_owned());
        Self { inner: Box::new(inner), peer, closed, too_old: None, _permit: None, _place: place }
    }

    /// The same, for at most `age`, holding one of the door's places until it ends.
    pub(in crate::hub::doors) fn limited(self, age: Option<Duration>, permit: OwnedSemaphorePermit) -> Self {
        Self { too_old: age.map(|age| Box::pin(sleep(age))), _permit: Some(permit), ..self }
    }

    fn ended(&mut self, cx: &mut Context<'_>) -> Option<io::Error> {
        if self.closed.as_mut().poll(cx).is_ready() {
            return Some(io::Error::new(io::ErrorKind::ConnectionAborted, "closed by the hub"));
        }
        match self.too_old.as_mut().map(|age| age.as_mut().poll(cx)) {
            Some(Poll::Ready(())) => Some(io::Error::new(io::ErrorKind::TimedOut, "open for too long")),
            Some(Poll::Pending) | None => None,
        }
    }
}

impl Connected for DoorStream {
    type ConnectInfo = Peer;

    fn connect_info(&self) -> Peer {
        self.peer.clone()
    }
}

impl AsyncRead for DoorStream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.ended(cx) {
            Some(error) => Poll::Ready(Err(error)),
            None => Pin::new(&mut self.inner).poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for DoorStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.ended(cx) {
            Some(error) => Poll::Ready(Err(error)),
            None => Pin::new(&mut self.inner).poll_write(cx, bytes),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.ended(cx) {
            Some(error) => Poll::Ready(Err(error)),
            None => Pin::new(&mut self.inner).poll_flush(cx),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.ended(cx) {
            Some(error) => Poll::Ready(Err(error)),
            None => Pin::new(&mut self.inner).poll_write_vectored(cx, slices),
        }
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }
}
