//! Synthetic agents over the real protocol, each its own identity: the load of every measurement.
//!
//! Keys are made here, certificates come from the hub over an admin's link, and are used again at the next start.

mod identities;
mod load;
mod synthetic;

pub use identities::{SwarmError, admit, forget, retire};

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::agent::hands::Hands;
use crate::agent::swarm::identities::Identity;
use crate::agent::swarm::synthetic::Synthetic;
use crate::agent::wall_now;
use crate::fleet::identity::Hands as Mode;
use crate::link::Address;
use crate::settings::agent::HandsRule;

/// Handshakes at once: more would only queue at the hub.
const HANDSHAKES: usize = 64;

/// Programs of commands that run at once, on all synthetic hosts together: they share one machine.
const PROGRAMS: usize = 64;

/// How a swarm behaves.
#[derive(Clone, Copy, Debug)]
pub struct Behaviour {
    /// Heartbeat, sampling, check and retry interval.
    pub interval: Duration,
    /// How many agents report a check that is hard critical.
    pub fail: usize,
}

/// Runs the agents until `stop`; `linked` counts those whose stream stands. What hosts are asked to run is run here, as
/// this user; which commands were begun is kept in `dir`.
pub async fn run(
    agents: Vec<Identity>,
    addresses: &[String],
    dir: &Path,
    behaviour: Behaviour,
    linked: Arc<AtomicUsize>,
    stop: CancellationToken,
) {
    let addresses: Arc<[Address]> = addresses.iter().cloned().map(Address::Tcp).collect();
    let handshakes = Arc::new(Semaphore::new(HANDSHAKES));
    let rule = HandsRule { mode: Mode::Any, allow: Vec::new() };
    let hands = match Hands::open(dir, rule, PROGRAMS, wall_now) {
        Ok(hands) => Some(hands),
        Err(error) => {
            tracing::error!(%error, "the record of commands can't be used: synthetic hosts run none");
            None
        }
    };
    let many = agents.len().max(1);
    let mut running = JoinSet::new();
    for (number, identity) in agents.into_iter().enumerate() {
        let synthetic = Synthetic {
            identity,
            addresses: Arc::clone(&addresses),
            handshakes: Arc::clone(&handshakes),
            linked: Arc::clone(&linked),
            interval: behaviour.interval,
            hands: hands.clone(),
            fails: number < behaviour.fail,
            // Spread over the interval, as real hosts are.
            offset: behaviour.interval.mul_f64(number as f64 / many as f64),
        };
        running.spawn(synthetic.run(stop.clone()));
    }
    while running.join_next().await.is_some() {}
    if let Some(hands) = hands {
        hands.end_all().await;
    }
}

/// Waits until so many agents are linked.
pub async fn all_linked(linked: &AtomicUsize, agents: usize) {
    while linked.load(Ordering::Relaxed) < agents {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
