//! One stream to the hub, from its opening to its end.

use std::pin::Pin;
use std::time::Duration;

use futures_util::future::OptionFuture;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic::Streaming;

use crate::agent::backups;
use crate::agent::hands::THIS_HOST;
use crate::agent::hub_clock::HubClock;
use crate::agent::outbox::{OutboxError, Reading};
use crate::agent::scheduler::Request;
use crate::agent::uplink::report::Reporter;
use crate::agent::uplink::sending::Sending;
use crate::agent::uplink::ties::Uplink;
use crate::fleet::words::CheckName;
use crate::link::{Connection, LinkError};
use crate::trust::Credential;
use crate::wire::limits::{FACTS_PER_MESSAGE, FACTS_TARGET};
use crate::wire::pb::agent_message::Body;
use crate::wire::pb::hub_message::Body as Word;
use crate::wire::pb::{self, AgentMessage, HubMessage};

/// Messages that may wait for the network.
const OUT_MAX: usize = 4;
/// How long the hub may take to welcome a stream.
const WELCOME: Duration = Duration::from_secs(10);
/// How long a goodbye may take.
const GOODBYE: Duration = Duration::from_secs(2);
/// Between two attempts to renew the certificate.
const RENEWAL_PAUSE: Duration = Duration::from_secs(600);

/// How a stream ended.
#[derive(Debug)]
pub enum End {
    /// The agent was asked to end and said goodbye.
    Stopped,
    /// It is to be opened anew at once: the opening says what has to be said.
    Reopen,
}

/// Why a stream failed.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// The link or the hub.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// The outbox.
    #[error(transparent)]
    Outbox(#[from] OutboxError),
}

type Renewal = Pin<Box<dyn Future<Output = Result<Credential, LinkError>> + Send>>;

/// A stream that was welcomed.
pub struct Session<'a> {
    uplink: &'a mut Uplink,
    connection: Connection,
    out: mpsc::Sender<AgentMessage>,
    inbound: Streaming<HubMessage>,
    stream: u64,
    clock: HubClock,
    sending: Sending,
    reporter: Reporter,
    /// Follows the outbox.
    next: watch::Receiver<u64>,
    report_due: bool,
    renewal: Option<Renewal>,
    renew_from: Instant,
}

/// The opening's answer.
pub enum Opened<'a> {
    /// The hub waits for facts and reports.
    Session(Box<Session<'a>>),
    /// The hub knows more facts of this stream than were ever written: the outbox was restored from an old copy.
    Ahead,
}

impl<'a> Session<'a> {
    /// Opens a stream and waits for the hub's welcome.
    ///
    /// # Errors
    /// What the link, the hub or the outbox says.
    pub async fn open(uplink: &'a mut Uplink, connection: Connection) -> Result<Opened<'a>, SessionError> {
        let position = uplink.facts.position().await;
        let next = uplink.facts.follow();
        let (out, messages) = mpsc::channel(OUT_MAX);
        let oldest = position.held_from.max(uplink.gone_below).min(position.next);
        let opening = pb::Opening {
            stream: position.stream.0,
            next: position.next,
            oldest,
            assignment: uplink.assignment_held.map(|hash| hash.to_vec()).unwrap_or_default().into(),
            os: Some((&uplink.os).into()),
            run: uplink.run,
            boot_time: uplink.booted_at.and_then(|at| u64::try_from(at.0).ok()).unwrap_or(0),
        };
        let no_hub = |why: &str| LinkError::NoHub(why.to_owned()).at(connection.to());
        let opening = AgentMessage { body: Some(Body::Opening(opening)) };
        out.send(opening).await.map_err(|_| no_hub("the stream ended before it began"))?;
        let mut client = connection.agent();
        let answered = timeout(WELCOME, async {
            let mut inbound = client.link(ReceiverStream::new(messages)).await?.into_inner();
            let first = inbound.message().await?;
            Ok((inbound, first))
        });
        let (inbound, first) = match answered.await {
            Ok(Ok(answer)) => answer,
            Ok(Err(status)) => return Err(connection.error(&status).into()),
            Err(_) => return Err(no_hub("connected, but the hub did not welcome this host within 10 s").into()),
        };
        let Some(HubMessage { body: Some(Word::Welcome(welcome)) }) = first else {
            return Err(LinkError::Refused("the hub began without a welcome; its version may not fit".into()).into());
        };
        if !uplink.facts.confirm(welcome.confirmed).await? {
            return Ok(Opened::Ahead);
        }
        if welcome.confirmed + 1 < oldest {
            let why = format!("the hub waits for fact {}, but facts before {oldest} are lost", welcome.confirmed + 1);
            return Err(LinkError::Refused(why).into());
        }
        Ok(Opened::Session(Box::new(Session {
            clock: HubClock::said(welcome.hub_time),
            uplink,
            connection,
            out,
            inbound,
            stream: position.stream.0,
            sending: Sending::behind(welcome.confirmed),
            reporter: Reporter::default(),
            next,
            report_due: true,
            renewal: None,
            renew_from: Instant::now(),
        })))
    }

    /// Talks until the stream ends.
    ///
    /// # Errors
    /// What the link, the hub or the outbox says.
    pub async fn talk(self, stop: &CancellationToken) -> Result<End, SessionError> {
        let link = self.uplink.link.clone();
        link.send_replace(Some(self.connection.clone()));
        let ended = self.converse(stop).await;
        link.send_replace(None);
        ended
    }

    async fn converse(mut self, stop: &CancellationToken) -> Result<End, SessionError> {
        loop {
            let facts_due = match self.sending.due(*self.next.borrow_and_update()) {
                // only an opening tells what is gone, and it may only once all before is confirmed
                Some(from) if from < self.uplink.gone_below && self.sending.is_quiet() => return Ok(End::Reopen),
                due => due.filter(|from| *from >= self.uplink.gone_below),
            };
            let gives_up_at = self.sending.gives_up_at();
            let board = std::sync::Arc::clone(&self.uplink.board);
            tokio::select! {
                biased;
                () = stop.cancelled() => return self.say_goodbye().await,
                message = self.inbound.message() => match message {
                    Ok(Some(message)) => self.hear(message).await?,
                    Ok(None) => return Err(LinkError::NoHub("the hub ended the link".into()).at(self.connection.to()).into()),
                    Err(status) => return Err(self.connection.error(&status).into()),
                },
                permit = self.out.clone().reserve_owned(), if self.report_due || facts_due.is_some() => {
                    let Ok(permit) = permit else { continue };
                    let body = match facts_due {
                        // a report is what proves that the host lives: facts do not hold it up
                        _ if self.report_due => Some(self.report()),
                        Some(from) => self.facts_from(from).await?,
                        None => None,
                    };
                    if let Some(body) = body {
                        permit.send(AgentMessage { body: Some(body) });
                    }
                }
                () = board.beaten(), if !self.report_due => self.report_due = true,
                changed = self.next.changed() => if changed.is_err() {
                    return Ok(End::Stopped);
                },
                Some(renewed) = OptionFuture::from(self.renewal.as_mut()) => self.renewed(renewed),
                Some(()) = OptionFuture::from(gives_up_at.map(sleep_until)) => {
                    let why = "the hub confirms no facts; dialling again";
                    return Err(LinkError::NoHub(why.to_owned()).at(self.connection.to()).into());
                }
            }
        }
    }

    async fn hear(&mut self, message: HubMessage) -> Result<(), SessionError> {
        match message.body {
            Some(Word::Confirmed(confirmed)) if confirmed.stream == self.stream => {
                self.sending.confirmed(confirmed.through);
                self.uplink.facts.confirm(confirmed.through).await?;
            }
            Some(Word::SendFrom(send)) if send.stream == self.stream => self.sending.rewind(send.from),
            Some(Word::Assignment(assignment)) => {
                if let Some(hash) = self.uplink.assign(assignment).await {
                    let held = AgentMessage {
                        body: Some(Body::Assignment(pb::AssignmentHeld { hash: hash.to_vec().into() })),
                    };
                    // a full queue means that the network stands; the hub asks the opening of the next stream
                    let _ = self.out.try_send(held);
                }
            }
            Some(Word::CheckNow(asked)) => {
                let check = (!asked.check.is_empty()).then(|| CheckName::new(&*asked.check));
                let job = check.as_ref().map(ToString::to_string);
                let _ = self.uplink.backups.try_send(backups::Request::ReadNow(job));
                // a scheduler with so much to do will come by anyway
                let _ = self.uplink.requests.try_send(Request::CheckNow(check));
            }
            Some(Word::Run(run)) => self.uplink.hands.run(THIS_HOST, run, self.clock.now()),
            Some(Word::Cancel(cancel)) => self.uplink.hands.cancel(THIS_HOST, &cancel),
            // of another stream, or of a newer hub
            Some(_) | None => {}
        }
        Ok(())
    }

    fn report(&mut self) -> Body {
        let now = self.uplink.now();
        let (report, more) = self.reporter.report(&self.uplink.board, now, self.uplink.heartbeat);
        self.report_due = more;
        let pause_over = Instant::now() >= self.renew_from;
        if self.renewal.is_none() && pause_over && self.uplink.dialler.renewal_due(now) {
            self.renewal = self.uplink.dialler.renewal(&self.connection).map(|renewal| Box::pin(renewal) as Renewal);
        }
        Body::Report(report)
    }

    fn renewed(&mut self, renewed: Result<Credential, LinkError>) {
        self.renewal = None;
        self.renew_from = Instant::now() + RENEWAL_PAUSE;
        match renewed.and_then(|credential| self.uplink.dialler.take(credential)) {
            Ok(()) => tracing::info!("the certificate is renewed"),
            Err(error) => tracing::warn!(%error, "the certificate is not renewed; trying again later"),
        }
    }

    /// The next message of facts; `None` where there is none to send now.
    async fn facts_from(&mut self, from: u64) -> Result<Option<Body>, SessionError> {
        match self.uplink.facts.read_from(from, FACTS_TARGET).await? {
            Reading::Facts(mut facts) => {
                facts.truncate(FACTS_PER_MESSAGE);
                let (first, last) = match (facts.first(), facts.last()) {
                    (Some((first, _)), Some((last, _))) => (*first, *last),
                    _ => return Ok(None),
                };
                self.sending.sent(last, Instant::now());
                let facts = facts.into_iter().map(|(_, fact)| fact).collect();
                Ok(Some(Body::Facts(pb::Facts { stream: self.stream, first, facts })))
            }
            Reading::Gap { from, through } => {
                self.uplink.gone_below = through + 1;
                tracing::error!(from, through, "facts are lost: the outbox no longer holds them");
                Ok(None)
            }
            Reading::Empty => Ok(None),
        }
    }

    async fn say_goodbye(mut self) -> Result<End, SessionError> {
        let goodbye = AgentMessage { body: Some(Body::Goodbye(pb::Goodbye { reason: "the agent was ended".into() })) };
        let said = timeout(GOODBYE, async {
            if self.out.send(goodbye).await.is_ok() {
                drop(self.out);
                // the hub ends its side when it has read all
                while let Ok(Some(_)) = self.inbound.message().await {}
            }
        });
        if said.await.is_err() {
            tracing::warn!("the hub did not hear the goodbye in time");
        }
        Ok(End::Stopped)
    }
}
