//! The thread that writes frames, so that a slow terminal never holds up keys, links or signals. It has room for one
//! frame: who wants to paint the next waits until this one is out.

use std::io::{self, Write};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

/// A frame that reached the terminal.
#[derive(Debug)]
struct Written {
    buffer: Vec<u8>,
    took: Duration,
    result: io::Result<()>,
}

#[derive(Debug)]
pub(super) struct Output {
    frames: SyncSender<Vec<u8>>,
    written: mpsc::Receiver<Written>,
    busy: bool,
    spare: Vec<u8>,
}

impl Output {
    /// Starts the thread. It ends when the output is dropped.
    pub(super) fn start(mut to: impl Write + Send + 'static) -> io::Result<Self> {
        let (frames, queue) = sync_channel::<Vec<u8>>(1);
        let (done, written) = mpsc::channel(1);
        std::thread::Builder::new().name("terminal output".into()).spawn(move || {
            while let Ok(buffer) = queue.recv() {
                let start = Instant::now();
                let result = to.write_all(&buffer).and_then(|()| to.flush());
                if done.blocking_send(Written { buffer, took: start.elapsed(), result }).is_err() {
                    break;
                }
            }
        })?;
        Ok(Self { frames, written, busy: false, spare: Vec::new() })
    }

    /// Whether a frame is under way.
    pub(super) const fn is_busy(&self) -> bool {
        self.busy
    }

    /// An empty buffer for the next frame, with the room of an earlier one.
    pub(super) fn buffer(&mut self) -> Vec<u8> {
        let mut buffer = std::mem::take(&mut self.spare);
        buffer.clear();
        buffer
    }

    /// Takes back a buffer that was not needed.
    pub(super) fn keep(&mut self, buffer: Vec<u8>) {
        self.spare = buffer;
    }

    /// Hands a frame over. Only when not busy.
    pub(super) fn send(&mut self, frame: Vec<u8>) -> io::Result<()> {
        self.frames.try_send(frame).map_err(|_| io::Error::other("the terminal's writer has ended"))?;
        self.busy = true;
        Ok(())
    }

    /// Waits until the frame under way is out, and says its bytes and how long they took. Pending for ever when none is.
    ///
    /// Cancelling the wait loses nothing.
    pub(super) async fn written(&mut self) -> io::Result<(usize, Duration)> {
        if !self.busy {
            return std::future::pending().await;
        }
        let Some(written) = self.written.recv().await else {
            self.busy = false;
            return Err(io::Error::other("the terminal's writer has ended"));
        };
        self.busy = false;
        let bytes = written.buffer.len();
        self.spare = written.buffer;
        written.result.map(|()| (bytes, written.took))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    #[derive(Clone, Default)]
    struct Recorder(Arc<Mutex<Vec<Vec<u8>>>>);

    impl Write for Recorder {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().push(bytes.to_vec());
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[tokio::test]
    async fn a_frame_is_one_write() {
        let recorder = Recorder::default();
        let mut output = Output::start(recorder.clone()).unwrap();
        for _ in 0..3 {
            let mut frame = output.buffer();
            frame.extend_from_slice(&[b'x'; 20_000]);
            output.send(frame).unwrap();
            assert!(output.is_busy());
            output.written().await.unwrap();
        }
        let writes: Vec<usize> = recorder.0.lock().unwrap().iter().map(Vec::len).collect();
        assert_eq!(writes, [20_000, 20_000, 20_000]);
    }

    #[tokio::test]
    async fn a_terminal_that_fails_is_an_error_not_a_wait() {
        struct Gone;
        impl Write for Gone {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let mut output = Output::start(Gone).unwrap();
        output.send(vec![b'x']).unwrap();
        assert_eq!(output.written().await.unwrap_err().kind(), io::ErrorKind::BrokenPipe);
    }
}
