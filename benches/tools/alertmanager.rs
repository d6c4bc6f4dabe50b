//! Debian's prometheus-alertmanager as the hub's peer.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tokio::net::{TcpListener, TcpStream};

use crate::tools::{Outcome, folder};

const PROGRAM: &str = "/usr/bin/prometheus-alertmanager";
/// It groups by name, and nobody is told.
const CONFIGURATION: &str = "route:\n  receiver: nobody\n  group_by: [alertname]\nreceivers:\n- name: nobody\n";

/// A running Alertmanager, killed when dropped.
#[derive(Debug)]
pub struct Peer {
    child: Child,
    address: String,
    _folder: tempfile::TempDir,
}

/// Whether it can be run.
pub fn is_installed() -> bool {
    Path::new(PROGRAM).exists()
}

/// Starts it on a free port, by itself without a cluster, and waits until it answers.
pub async fn start() -> Outcome<Peer> {
    let folder = folder()?;
    let configuration = folder.path().join("alertmanager.yml");
    std::fs::write(&configuration, CONFIGURATION)?;
    let address = TcpListener::bind("127.0.0.1:0").await?.local_addr()?.to_string();
    let child = Command::new(PROGRAM)
        .arg(format!("--config.file={}", configuration.display()))
        .arg(format!("--storage.path={}", folder.path().join("data").display()))
        .arg(format!("--web.listen-address={address}"))
        .args(["--cluster.listen-address=", "--log.level=error"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let peer = Peer { child, address, _folder: folder };
    let begin = Instant::now();
    while TcpStream::connect(&peer.address).await.is_err() {
        if begin.elapsed() > Duration::from_secs(20) {
            return Err("prometheus-alertmanager did not begin to listen".into());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(peer)
}

impl Peer {
    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Where it listens.
    pub fn address(&self) -> &str {
        &self.address
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
