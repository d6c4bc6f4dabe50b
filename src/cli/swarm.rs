//! `watchfloor swarm`: synthetic agents over the real protocol, to see how a hub bears its fleet.

use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::agent::swarm::{self, Behaviour, SwarmError};
use crate::cli::arguments;
use crate::cli::exit::Failure;
use crate::cli::log;
use crate::cli::reach;
use crate::settings::directories::Directories;

/// Runs, or retires, a swarm.
pub async fn run(asked: arguments::Swarm, directories: &Directories) -> Result<(), Failure> {
    log::start();
    let meant = reach::reach(&asked.fleets, directories, &std::collections::BTreeSet::new()).await?;
    let fleet = meant.only("swarm")?;
    let dir = directories.swarm.join(&fleet.hello.fleet);
    let wanted = asked.agents.map_or(0, |agents| agents as usize);
    let failed = |error: SwarmError| match &error {
        SwarmError::Link(link) => fleet.failure(link),
        _ => Failure::failed(error),
    };
    if asked.retire && wanted == 0 {
        let many = swarm::retire(fleet.connection()).await.map_err(failed)?;
        swarm::forget(&dir).map_err(failed)?;
        let _ = writeln!(std::io::stdout().lock(), "retired {many} synthetic hosts");
        return Ok(());
    }
    let (agents, addresses) = swarm::admit(fleet.connection(), &dir, wanted).await.map_err(failed)?;
    let behaviour = Behaviour { interval: asked.interval, fail: asked.fail as usize };
    let linked = Arc::new(AtomicUsize::new(0));
    let stop = CancellationToken::new();
    let running = swarm::run(agents, &addresses, &dir, behaviour, Arc::clone(&linked), stop.clone());
    tokio::pin!(running);
    let mut ended = signal(SignalKind::terminate()).map_err(Failure::failed)?;
    let mut interrupted = signal(SignalKind::interrupt()).map_err(Failure::failed)?;
    let ready = async {
        swarm::all_linked(&linked, wanted).await;
        let _ = writeln!(std::io::stdout().lock(), "ready agents={wanted}");
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = &mut running => {}
        () = ready => {}
        _ = ended.recv() => {}
        _ = interrupted.recv() => {}
    }
    stop.cancel();
    running.await;
    if asked.retire {
        let many = swarm::retire(fleet.connection()).await.map_err(failed)?;
        swarm::forget(&dir).map_err(failed)?;
        let _ = writeln!(std::io::stdout().lock(), "retired {many} synthetic hosts");
    }
    Ok(())
}
