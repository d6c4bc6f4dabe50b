//! The program on a host: collectors measure, checks judge, the outbox keeps what must not be lost, the uplink tells the
//! hub. It needs no root, opens no port, and works without its hub by its last assignment.

pub mod assigned;
pub mod backups;
pub mod board;
pub mod checks;
pub mod child;
pub mod collectors;
pub mod dialler;
pub mod facts;
pub mod hands;
mod hub_clock;
pub mod outbox;
pub mod scheduler;
pub mod standing;
pub mod swarm;
pub mod uplink;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::agent::assigned::AssignmentFile;
use crate::agent::backups::Reader;
use crate::agent::board::Board;
use crate::agent::checks::plugin::PluginRules;
use crate::agent::collectors::Collector;
use crate::agent::dialler::Dialler;
use crate::agent::facts::Facts;
use crate::agent::hands::{Hands, THIS_HOST, Teller};
use crate::agent::outbox::OutboxError;
use crate::agent::scheduler::{Request, Scheduler, Setup};
use crate::agent::uplink::Uplink;
use crate::fleet::configuration::Assignment;
use crate::fleet::fact::{Fact, FactBody};
use crate::fleet::words::Timestamp;
use crate::settings::agent::AgentSettings;
use crate::trust::files::{FileError, make_private_dir};

/// Facts on their way from the scheduler to the disk.
const FACTS_MAX: usize = 256;
/// Requests on their way to the scheduler.
const REQUESTS_MAX: usize = 16;

/// What an agent is made with.
#[derive(Debug)]
pub struct AgentConfig {
    /// Where it keeps its outbox and its assignment.
    pub dir: PathBuf,
    /// Where the host's files are: `/` but in tests and containers.
    pub root: PathBuf,
    /// What the host's own file says.
    pub settings: AgentSettings,
    /// How to reach the hub.
    pub dialler: Dialler,
}

/// Why an agent can't start.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    /// Its directory can't be used.
    #[error(transparent)]
    Dir(#[from] FileError),
    /// Its outbox can't be used.
    #[error(transparent)]
    Outbox(#[from] OutboxError),
    /// Its record of commands can't be used.
    #[error(
        "the record of commands below {path} can't be used: {source}; check the disk's space and the folder's owner"
    )]
    Hands {
        /// The agent's directory.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

/// A running agent.
#[derive(Debug)]
pub struct Agent {
    uplink: Uplink,
    facts: Facts,
    hands: Hands,
    tasks: [JoinHandle<()>; 3],
}

impl Agent {
    /// Starts measuring and checking, linked or not. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// When its directory or outbox can't be used.
    pub async fn start(config: AgentConfig) -> Result<Self, AgentError> {
        let AgentConfig { dir, root, settings, dialler } = config;
        make_private_dir(&dir)?;
        let facts = Facts::open(&dir)?;
        let assignment = AssignmentFile::in_dir(&dir);
        let held = assignment.load();
        let mut source = Collector::new(root);
        let (os, booted_at) = (source.os_facts(), source.booted_at());
        let (tell, told) = mpsc::channel(FACTS_MAX);
        let (requests, asked) = mpsc::channel(REQUESTS_MAX);
        if !facts.described_as(standing::checksum(&os)).await {
            // the channel is empty yet, so this neither waits nor fails
            let _ = tell.try_send(Fact { at: wall_now(), body: FactBody::Described(os.clone()) });
        }
        let hands = Hands::open(&dir, settings.hands.clone(), hands::AT_ONCE, wall_now);
        let hands = hands.map_err(|source| AgentError::Hands { path: dir.clone(), source })?;
        let board = Arc::new(Board::default());
        let (backups, backups_asked) = mpsc::channel(REQUESTS_MAX);
        let reader = Reader::new(backups::Setup {
            host: os.hostname.as_str().to_owned(),
            dir: dir.clone(),
            secrets: settings.secrets.clone(),
            told: facts.backups().await,
            board: Arc::clone(&board),
            wall: wall_now,
        });
        let setup = Setup {
            host: os.hostname.as_str().to_owned(),
            source,
            rules: PluginRules { hands: settings.hands, dirs: settings.plugin_dirs, secrets: settings.secrets },
            local: settings.checks,
            standing: facts.checks().await,
            board: Arc::clone(&board),
            wall: wall_now,
        };
        let heartbeat = held.as_ref().map_or(Assignment::default().heartbeat, |held| held.assignment.heartbeat);
        let assignment_held = held.as_ref().map(|held| held.hash);
        if let Some(held) = held {
            let _ = backups.try_send(backups::Request::Assign(held.assignment.backups.clone()));
            let left_out = held.left_out.into_iter().map(|(name, why)| (name, why.to_string())).collect();
            let _ = requests.try_send(Request::Assign { assignment: Arc::new(held.assignment), left_out });
        }
        let (link, linked) = watch::channel(None);
        hands.join(THIS_HOST, Teller::Outbox(facts.clone()), linked);
        let tasks = [
            tokio::spawn(reader.run(backups_asked, tell.clone())),
            tokio::spawn(Scheduler::new(setup).run(asked, tell)),
            tokio::spawn(facts.clone().keep(told)),
        ];
        let uplink = Uplink {
            dialler,
            facts: facts.clone(),
            board,
            requests,
            backups,
            assignment,
            assignment_held,
            heartbeat,
            os,
            booted_at,
            wall: wall_now,
            run: uplink::draw_run(),
            gone_below: 0,
            hands: hands.clone(),
            link,
        };
        Ok(Self { uplink, facts, hands, tasks })
    }

    /// Keeps the link to the hub up until `stop`, then says goodbye, ends what runs and keeps what was found.
    pub async fn run(self, stop: CancellationToken) {
        self.uplink.run(stop).await;
        self.hands.end_all().await;
        // the uplink was the last that could ask the scheduler, the scheduler the last that told facts
        for task in self.tasks {
            let _ = task.await;
        }
        if let Err(error) = self.facts.save().await {
            tracing::warn!(%error, "where checks stand is not written down; the next start reads it from the outbox");
        }
    }
}

/// The wall clock.
#[must_use]
pub fn wall_now() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
