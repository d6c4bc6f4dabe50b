//! A stream that remembers why TLS failed.
//!
//! A hub refuses a client's certificate after the client believes the handshake done, and HTTP/2 keeps of the reason
//! but its text. So the stream itself keeps it.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::trust::explain::{Diagnosis, diagnose};

/// Any byte stream.
pub trait Bytes: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Bytes for T {}

/// What a [`Witness`] saw.
#[derive(Clone, Debug, Default)]
pub struct Testimony(Arc<OnceLock<Diagnosis>>);

impl Testimony {
    /// Why TLS failed, if it did.
    #[must_use]
    pub fn diagnosis(&self) -> Option<&Diagnosis> {
        self.0.get()
    }
}

/// A byte stream whose first TLS failure is remembered.
pub struct Witness {
    inner: Box<dyn Bytes>,
    testimony: Testimony,
}

impl Witness {
    /// Watches a stream.
    pub fn new(inner: impl Bytes + 'static) -> Self {
        Self { inner: Box::new(inner), testimony: Testimony::default() }
    }

    /// Where the failure will be found.
    #[must_use]
    pub fn testimony(&self) -> Testimony {
        self.testimony.clone()
    }

    fn see<T>(&self, result: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if let Poll::Ready(Err(error)) = &result
            && let Some(diagnosis) = diagnose(error)
        {
            let _ = self.testimony.0.set(diagnosis);
        }
        result
    }
}

impl AsyncRead for Witness {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.inner).poll_read(cx, buffer);
        self.see(read)
    }
}

impl AsyncWrite for Witness {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write(cx, bytes);
        self.see(written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.inner).poll_flush(cx);
        self.see(flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write_vectored(cx, slices);
        self.see(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }
}
