//! What ties the link to the rest of the agent.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};

use crate::agent::assigned::AssignmentFile;
use crate::agent::backups;
use crate::agent::board::Board;
use crate::agent::dialler::Dialler;
use crate::agent::facts::Facts;
use crate::agent::hands::Hands;
use crate::agent::scheduler::Request;
use crate::fleet::hosts::vitals::OsFacts;
use crate::fleet::words::Timestamp;
use crate::link::Connection;
use crate::wire::pb;

/// Everything the link needs of the agent.
#[derive(Debug)]
pub struct Uplink {
    /// How to reach the hub.
    pub dialler: Dialler,
    /// What must not be lost.
    pub facts: Facts,
    /// The newest of everything.
    pub board: Arc<Board>,
    /// To the scheduler.
    pub requests: mpsc::Sender<Request>,
    /// To who reads repositories.
    pub backups: mpsc::Sender<backups::Request>,
    /// Where the last assignment is kept.
    pub assignment: AssignmentFile,
    /// Its hash; `None` where none is held.
    pub assignment_held: Option<[u8; 32]>,
    /// Between two heartbeats, as assigned.
    pub heartbeat: Duration,
    /// What the machine is.
    pub os: OsFacts,
    /// When it started.
    pub booted_at: Option<Timestamp>,
    /// The wall clock.
    pub wall: fn() -> Timestamp,
    /// Random, of this process: tells it from another machine with the same certificate.
    pub run: u64,
    /// Facts below this number are known to be gone.
    pub gone_below: u64,
    /// What the hub may start here.
    pub hands: Hands,
    /// Shows the hands the link as it stands.
    pub link: watch::Sender<Option<Connection>>,
}

impl Uplink {
    /// The wall clock now.
    pub fn now(&self) -> Timestamp {
        (self.wall)()
    }

    /// Takes an assignment in; gives the hash to confirm, or `None` where it can't be read.
    pub async fn assign(&mut self, message: pb::Assignment) -> Option<[u8; 32]> {
        let assigned = match self.assignment.store(message) {
            Ok((assigned, Ok(()))) => assigned,
            Ok((assigned, Err(error))) => {
                tracing::error!(%error, "the assignment holds until the agent ends: it cannot be kept on disk");
                assigned
            }
            Err(error) => {
                tracing::error!(%error, "the hub's assignment cannot be read; the old one stays");
                return None;
            }
        };
        self.heartbeat = assigned.assignment.heartbeat;
        self.assignment_held = Some(assigned.hash);
        for (job, why) in &assigned.backups_left_out {
            tracing::warn!(job, %why, "this agent cannot read the backup job; update it");
        }
        let jobs = backups::Request::Assign(assigned.assignment.backups.clone());
        self.backups.send(jobs).await.ok()?;
        let left_out = assigned.left_out.into_iter().map(|(name, why)| (name, why.to_string())).collect();
        let request = Request::Assign { assignment: Arc::new(assigned.assignment), left_out };
        self.requests.send(request).await.is_ok().then_some(assigned.hash)
    }
}
