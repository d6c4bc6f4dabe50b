//! The link to the hub: dials, opens a stream, dials again. All else goes on without it.

mod report;
mod sending;
mod session;
mod ties;

use std::time::Duration;

use ring::rand::{SecureRandom as _, SystemRandom};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::agent::uplink::session::{End, Opened, Session, SessionError};
use crate::link::Backoff;
use crate::link::backoff::system_random;

pub use crate::agent::uplink::ties::Uplink;

/// Before a stream that is to be opened anew at once.
const REOPEN: Duration = Duration::from_millis(50);

/// Draws the number of an agent's process; 0, which says nothing, where the system gives no random numbers.
pub fn draw_run() -> u64 {
    let mut bytes = [0; 8];
    SystemRandom::new().fill(&mut bytes).map_or(0, |()| u64::from_le_bytes(bytes))
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
}
