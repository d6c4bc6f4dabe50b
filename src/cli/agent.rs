//! `watchfloor agent`: measures and checks this host, and tells its fleet's hub.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::agent::dialler::Dialler;
use crate::agent::{Agent, AgentConfig};
use crate::cli::enrolled_agent;
use crate::cli::exit::Failure;
use crate::cli::log;
use crate::link::Address;
use crate::settings::agent;
use crate::settings::directories::Directories;
use crate::trust::Credential;

/// Runs the agent; returns when it has said goodbye.
pub fn run(directories: &Directories) -> Result<(), Failure> {
    log::start();
    // One thread is enough for one host, and keeps the agent small.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Failure::failed)?;
    runtime.block_on(serve(&directories.agent, &directories.agent_settings()))
}

async fn serve(dir: &Path, settings_file: &Path) -> Result<(), Failure> {
    let credential = Credential::load(dir).map_err(Failure::failed)?.ok_or_else(not_enrolled)?;
    let settings = agent::load(settings_file)?.ok_or_else(not_enrolled)?;
    let host = enrolled_agent::host_of(dir)?;
    let addresses = settings.hubs.iter().cloned().map(Address::Tcp).collect();
    let dialler = Dialler::enrolled(addresses, credential, dir.to_owned()).map_err(Failure::failed)?;
    let config = AgentConfig { dir: dir.to_owned(), root: PathBuf::from("/"), settings, dialler };
    let agent = Agent::start(config).await.map_err(Failure::failed)?;
    let _ = writeln!(std::io::stdout().lock(), "ready host={host}");
    let stop = CancellationToken::new();
    let mut ended = signal(SignalKind::terminate()).map_err(Failure::failed)?;
    let mut interrupted = signal(SignalKind::interrupt()).map_err(Failure::failed)?;
    let running = agent.run(stop.clone());
    tokio::pin!(running);
    tokio::select! {
        () = &mut running => return Ok(()),
        _ = ended.recv() => {}
        _ = interrupted.recv() => {}
    }
    stop.cancel();
    running.await;
    Ok(())
}

fn not_enrolled() -> Failure {
    Failure::failed(
        "this machine is no host of a fleet yet: ask for a token (`watchfloor token create --role agent` at the hub) \
         and spend it here with `watchfloor enrol TOKEN`",
    )
}
