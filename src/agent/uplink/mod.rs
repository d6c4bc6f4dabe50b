//! The link to the hub: dials, opens a stream, dials again. All else goes on without it.

mod report;
mod sending;
mod session;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::agent::assigned::AssignmentFile;
use crate::agent::board::Board;
use crate::agent::dialler::Dialler;
use crate::agent::facts::Facts;
use crate::agent::scheduler::Request;
use crate::agent::uplink::session::{End, Opened, Session, SessionError};
use crate::fleet::hosts::vitals::OsFacts;
use crate::fleet::words::Timestamp;
use crate::link::Backoff;
use crate::link::backoff::system_random;
use crate::wire::pb;

/// Before a stream that is to be opened anew at once.
const REOPEN: Duration = Duration::from_millis(50);

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
    /// Facts below this number are known to be gone.
    pub gone_below: u64,
}

impl Uplink {
    /// Keeps the link up until `stop`.
    pub async fn run(mut self, stop: CancellationToken) {
        let (mut backoff, mut last_up) = (Backoff::default(), Instant::now());
        let mut said: Option<String> = None;
        loop {
            let began = Instant::now();
            let wait = match self.once(&stop, &mut said).await {
                Ok(End::Stopped) => return,
                Ok(End::Reopen) => REOPEN,
                Err(error) => {
                    if backoff.ended(began.elapsed()) {
                        last_up = Instant::now();
                    }
                    let text = error.to_string();
                    // the same failure again is no news
                    if said.as_ref() != Some(&text) {
                        tracing::warn!(error = text, "no link to the hub; checks go on, facts are kept");
                        said = Some(text);
                    }
                    backoff.failed(last_up.elapsed(), system_random())
                }
            };
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = sleep(wait) => {}
            }
        }
    }

    async fn once(&mut self, stop: &CancellationToken, said: &mut Option<String>) -> Result<End, SessionError> {
        let opening = async {
            let (connection, hello) = self.dialler.connect().await?;
            Ok::<_, SessionError>((Session::open(self, connection).await?, hello))
        };
        let opened = tokio::select! {
            biased;
            () = stop.cancelled() => return Ok(End::Stopped),
            opened = opening => opened?,
        };
        match opened {
            (Opened::Session(session), hello) => {
                *said = None;
                tracing::info!(host = hello.host, hub = %hello.version, "linked");
                session.talk(stop).await
            }
            (Opened::Ahead, _) => {
                tracing::warn!(
                    "the hub knows facts that this outbox never wrote (restored from an old copy?): new stream"
                );
                self.facts.renew().await?;
                self.gone_below = 0;
                Ok(End::Reopen)
            }
        }
    }

    fn wall(&self) -> Timestamp {
        (self.wall)()
    }

    /// Takes an assignment in; gives the hash to confirm, or `None` where it can't be read.
    async fn assign(&mut self, message: pb::Assignment) -> Option<[u8; 32]> {
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
        let left_out = assigned.left_out.into_iter().map(|(name, why)| (name, why.to_string())).collect();
        let request = Request::Assign { assignment: Arc::new(assigned.assignment), left_out };
        self.requests.send(request).await.is_ok().then_some(assigned.hash)
    }
}
