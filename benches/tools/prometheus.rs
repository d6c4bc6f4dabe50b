//! Debian's Prometheus as the hub's peer: it scrapes as many hosts with as many values as often, in plain text.

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use axum::Router;
use axum::extract::Path as Part;
use axum::routing::get;
use tokio::net::TcpListener;

use crate::tools::{Outcome, mib, processor, resident};

/// Until its first samples are in and its targets are spread over the interval.
const SETTLES: Duration = Duration::from_secs(30);

/// What every host of the peer's fleet offers.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// Hosts scraped every 10 s.
    pub hosts: u64,
    /// Values of each host.
    pub values: u64,
}

/// Runs Prometheus under the load and prints its memory and processor time over `span`; `None` when it isn't installed.
pub async fn measure(folder: &Path, load: Load, span: Duration) -> Outcome<Option<()>> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let port = listener.local_addr()?.port();
    let page = move |Part(host): Part<u64>| async move { metrics(host, load.values) };
    let hosts = Router::new().route("/host/{host}", get(page));
    tokio::spawn(async move { axum::serve(listener, hosts).await });

    let mut config =
        String::from("global: {scrape_interval: 10s}\nscrape_configs:\n- job_name: hosts\n  static_configs:\n");
    for host in 0..load.hosts {
        writeln!(
            config,
            "  - {{targets: ['127.0.0.1:{port}'], labels: {{instance: host-{host:04}, __metrics_path__: /host/{host}}}}}"
        )?;
    }
    let file = folder.join("prometheus.yml");
    std::fs::write(&file, config)?;
    let started = Command::new("prometheus")
        .arg(format!("--config.file={}", file.display()))
        .arg(format!("--storage.tsdb.path={}", folder.join("prometheus").display()))
        .arg("--web.listen-address=127.0.0.1:0")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let Ok(child) = started else { return Ok(None) };
    let peer = Peer(child);
    tokio::time::sleep(SETTLES).await;
    let before = processor(peer.0.id())?;
    let mut most = 0;
    for _ in 0..span.as_secs() {
        tokio::time::sleep(Duration::from_secs(1)).await;
        most = most.max(resident(peer.0.id())?.0);
    }
    let share = processor(peer.0.id())?.saturating_sub(before).as_secs_f64() / span.as_secs_f64() * 100.0;
    println!(
        "Prometheus, {} hosts of {} values in plain text every 10 s, {} s after {} s: {} MiB resident at most, {share:.1} % of a core",
        load.hosts,
        load.values,
        span.as_secs(),
        SETTLES.as_secs(),
        mib(most)
    );
    Ok(Some(()))
}

/// A host's page: values that change with each scrape, named as exporters name them.
fn metrics(host: u64, values: u64) -> String {
    let now = std::time::UNIX_EPOCH.elapsed().map_or(0, |since| since.as_secs() / 10);
    let mut page = String::new();
    for value in 0..values {
        let measured = (host * 31 + value * 7 + now * 13) % 1_000;
        // A string takes what is written to it.
        let _ = writeln!(page, "node_value_{value}{{device=\"d{}\"}} {}.{}", value % 4, measured / 10, measured % 10);
    }
    page
}

/// Ends the process with the measurement.
struct Peer(Child);

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
