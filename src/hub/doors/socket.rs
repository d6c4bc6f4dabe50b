//! The hub's socket: for the user it runs as, on this machine.

use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::net::UnixListener;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::hub::doors::connections::Connections;
use crate::hub::doors::peer::Peer;
use crate::hub::doors::stream::DoorStream;
use crate::link::socket_path::{near_path, place_of_socket};
use crate::trust::files::{self, FileError};

/// Why the socket could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum SocketError {
    /// A directory could not be made.
    #[error(transparent)]
    Directory(#[from] FileError),
    /// The directory of the socket belongs to somebody else or is open to others.
    #[error("{dir} is not a directory for this user alone: remove it, or set XDG_RUNTIME_DIR to a directory of yours", dir = .0.display())]
    NotOurs(PathBuf),
    /// The system refused.
    #[error("cannot listen on {path}: {source}", path = .path.display())]
    Io {
        /// The socket.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// An open socket. The files are removed when it is dropped.
#[derive(Debug)]
pub struct Socket {
    listener: UnixListener,
    path: PathBuf,
    link: Option<PathBuf>,
}

impl Socket {
    /// Opens the socket of a data directory. Call it only while holding the directory's lock: what an earlier hub left
    /// is replaced.
    ///
    /// # Errors
    /// When the directory of the socket cannot be made or is not ours alone.
    pub fn open(data: &Path) -> Result<Self, SocketError> {
        let near = near_path(data);
        let near_dir = near.parent().unwrap_or(data);
        files::make_private_dir(near_dir)?;
        let path = place_of_socket(data);
        let dir = path.parent().unwrap_or(near_dir);
        files::make_private_dir(dir)?;
        check_ours(dir)?;
        let failed = |source| SocketError::Io { path: path.clone(), source };
        remove(&path).map_err(failed)?;
        remove(&near).map_err(failed)?;
        let listener = UnixListener::bind(&path).map_err(failed)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).map_err(failed)?;
        let link = if near.exists() { None } else { Some(near) };
        if let Some(link) = &link {
            std::os::unix::fs::symlink(&path, link).map_err(failed)?;
        }
        Ok(Self { listener, path, link })
    }

    /// Where the socket lies.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Takes connections in until `stop`. A peer of another user is dropped without an answer.
    pub async fn serve(
        self,
        connections: Connections,
        out: mpsc::Sender<io::Result<DoorStream>>,
        stop: CancellationToken,
    ) {
        let owner = nix::unistd::geteuid().as_raw();
        loop {
            let accepted = tokio::select! {
                () = stop.cancelled() => return,
                () = out.closed() => return,
                accepted = self.listener.accept() => accepted,
            };
            let stream = match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    tracing::warn!(%error, "the hub's socket cannot take a connection in");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
            };
            match stream.peer_cred() {
                Ok(peer) if peer.uid() == owner => {
                    let stream = DoorStream::new(stream, Peer::Local { uid: owner }, &connections);
                    if out.send(Ok(stream)).await.is_err() {
                        return;
                    }
                }
                Ok(peer) => tracing::warn!(uid = peer.uid(), "the hub's socket refused another user"),
                Err(error) => tracing::warn!(%error, "the hub's socket cannot tell whose a connection is"),
            }
        }
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
        if let Some(link) = &self.link {
            let _ = fs::remove_file(link);
        }
    }
}

/// In a directory that all can write, somebody else could have made ours before.
fn check_ours(dir: &Path) -> Result<(), SocketError> {
    let refuse = || SocketError::NotOurs(dir.to_owned());
    let metadata = fs::symlink_metadata(dir).map_err(|_| refuse())?;
    if !metadata.is_dir() || metadata.uid() != nix::unistd::geteuid().as_raw() {
        return Err(refuse());
    }
    if metadata.mode() & 0o077 != 0 {
        fs::set_permissions(dir, fs::Permissions::from_mode(0o700)).map_err(|_| refuse())?;
    }
    Ok(())
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::UnixStream;

    use super::*;
    use crate::link::socket_path::find_socket;

    #[tokio::test]
    async fn the_owner_is_let_in_wherever_the_socket_had_to_go() {
        for name in ["short".to_owned(), "l".repeat(120)] {
            let home = tempfile::tempdir().unwrap();
            let data = home.path().join(name);
            drop(Socket::open(&data).unwrap()); // and again, over what was left
            let socket = Socket::open(&data).unwrap();
            let path = find_socket(&data);
            assert_eq!(path, socket.path());
            assert_eq!(fs::metadata(path.parent().unwrap()).unwrap().mode() & 0o777, 0o700);
            let (out, mut accepted) = mpsc::channel(1);
            let stop = CancellationToken::new();
            let serving = tokio::spawn(socket.serve(Connections::default(), out, stop.clone()));
            let mut client = UnixStream::connect(&path).await.unwrap();
            let mut hub = accepted.recv().await.unwrap().unwrap();
            let uid = nix::unistd::geteuid().as_raw();
            assert_eq!(tonic::transport::server::Connected::connect_info(&hub), Peer::Local { uid });
            client.write_all(b"hello").await.unwrap();
            let mut read = [0; 5];
            hub.read_exact(&mut read).await.unwrap();
            assert_eq!(&read, b"hello");
            stop.cancel();
            serving.await.unwrap();
            assert!(!path.exists() && fs::symlink_metadata(near_path(&data)).is_err(), "nothing is left behind");
        }
    }

    #[test]
    fn a_directory_open_to_others_is_closed_and_a_link_is_refused() {
        let home = tempfile::tempdir().unwrap();
        let dir = home.path().join("run");
        fs::create_dir(&dir).unwrap();
        fs::set_permissions(&dir, fs::Permissions::from_mode(0o777)).unwrap();
        check_ours(&dir).unwrap();
        assert_eq!(fs::metadata(&dir).unwrap().mode() & 0o777, 0o700);
        let link = home.path().join("link");
        std::os::unix::fs::symlink(&dir, &link).unwrap();
        assert!(matches!(check_ours(&link), Err(SocketError::NotOurs(_))));
    }
}
