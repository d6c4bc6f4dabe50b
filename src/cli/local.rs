//! The local fleet: a hub and an agent for this machine inside the console's process, over pipes and the socket.
//!
//! Whoever holds the lock of the data directory serves; a second console joins over the socket, and takes over when the
//! first leaves.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use tokio::io::duplex;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::agent::dialler::Dialler;
use crate::agent::{Agent, AgentConfig};
use crate::console::link_task::Reach;
use crate::hub::doors::Peer;
use crate::hub::serve::{Door, Hub, HubError, Options};
use crate::link::dial::Pipe;
use crate::link::socket_path::find_socket;
use crate::link::{Address, LinkError};
use crate::settings::agent::{self, AgentSettings};

/// How often a console that joined another's hub looks whether that one has left.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Bytes that may wait in a pipe, either way.
const PIPE: usize = 256 * 1024;

/// What is known of the hub in this process.
#[derive(Clone, Debug, Default)]
struct Standing(watch::Sender<State>);

#[derive(Clone, Debug, Default)]
enum State {
    #[default]
    Starting,
    Serving(Door),
    /// Another process serves; its socket answers.
    Elsewhere,
    Failed(String),
}

/// The local fleet of this process.
#[derive(Debug)]
pub struct Local {
    standing: Standing,
    data: PathBuf,
    stop: CancellationToken,
    serving: JoinHandle<()>,
}

impl Standing {
    fn set(&self, state: State) {
        self.0.send_replace(state);
    }

    /// What it is once it has started, in this process or another.
    async fn started(&self) -> State {
        let mut standing = self.0.subscribe();
        let started = standing.wait_for(|state| !matches!(state, State::Starting)).await;
        started.map(|state| state.clone()).unwrap_or_default()
    }
}

impl Local {
    /// Begins to serve the fleet behind the console, or to wait for the place of whoever serves it.
    #[must_use]
    pub fn start(data: PathBuf) -> Self {
        let standing = Standing::default();
        let stop = CancellationToken::new();
        let serving = tokio::spawn(serve(data.clone(), standing.clone(), stop.clone()));
        Self { standing, data, stop, serving }
    }

    /// How a console reaches it; waits while it starts.
    #[must_use]
    pub fn reach(&self) -> Reach {
        let (standing, data) = (self.standing.clone(), self.data.clone());
        Reach::when(move || {
            let (standing, data) = (standing.clone(), data.clone());
            async move {
                match standing.started().await {
                    State::Serving(door) => Ok((vec![pipe(door, local_user())], None)),
                    State::Elsewhere => Ok((vec![Address::Unix(find_socket(&data))], None)),
                    State::Starting => Err(LinkError::NoHub("the local hub is starting".to_owned())),
                    State::Failed(why) => Err(LinkError::Refused(why)),
                }
            }
        })
    }

    /// Ends it: the agent says goodbye, what is decided is committed.
    pub async fn end(self) {
        self.stop.cancel();
        let _ = self.serving.await;
    }
}

async fn serve(data: PathBuf, standing: Standing, stop: CancellationToken) {
    loop {
        let options = Options { data: data.clone(), ..Options::default() };
        match Hub::start(options).await {
            Ok(hub) => {
                if let Err(error) = run(hub, data, &standing, stop).await {
                    standing.set(State::Failed(error.to_string()));
                }
                return;
            }
            Err(HubError::Lock(_)) if find_socket(&data).exists() => standing.set(State::Elsewhere),
            Err(HubError::Lock(_)) => {}
            Err(error) => standing.set(State::Failed(error.to_string())),
        }
        if stop.run_until_cancelled(tokio::time::sleep(LOOK_EVERY)).await.is_none() {
            return;
        }
    }
}

async fn run(hub: Hub, data: PathBuf, standing: &Standing, stop: CancellationToken) -> Result<(), HubError> {
    let door = hub.door();
    standing.set(State::Serving(door.clone()));
    let name = nix::unistd::gethostname().ok().and_then(|name| name.into_string().ok());
    let host = hub.admit_local(name.as_deref().unwrap_or("this-machine")).await?;
    let agent_stop = CancellationToken::new();
    let dir = data.join("agent");
    let settings = agent::load(&dir.join("agent.toml")).unwrap_or_else(|problems| {
        tracing::error!("{problems}: the local agent goes by its defaults");
        None
    });
    let config = AgentConfig {
        dir,
        root: PathBuf::from("/"),
        settings: settings.unwrap_or_else(AgentSettings::local),
        dialler: Dialler::local(vec![pipe(door, Peer::Host(host))]),
    };
    let agent = match Agent::start(config).await {
        Ok(agent) => Some(tokio::spawn(agent.run(agent_stop.clone()))),
        Err(error) => {
            tracing::error!("the local agent can't start: {error}");
            None
        }
    };
    let ended = async {
        stop.cancelled().await;
        agent_stop.cancel();
        if let Some(agent) = agent {
            let _ = agent.await;
        }
    };
    hub.run_until(ended).await
}

fn pipe(door: Door, peer: Peer) -> Address {
    Address::Pipe(Pipe::new(move || {
        let (ours, theirs) = duplex(PIPE);
        door.accept(theirs, peer.clone())?;
        Ok::<_, io::Error>(ours)
    }))
}

fn local_user() -> Peer {
    Peer::Local { uid: nix::unistd::geteuid().as_raw() }
}
