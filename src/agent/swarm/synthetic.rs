//! One synthetic agent: greeting, opening, facts, reports; it dials again as a real one does.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use ring::rand::SecureRandom;
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::time::{MissedTickBehavior, interval_at};
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic::Status;

use crate::agent::hands::{Hands, Teller};
use crate::agent::hub_clock::HubClock;
use crate::agent::swarm::identities::Identity;
use crate::agent::swarm::load;
use crate::agent::wall_now;
use crate::fleet::fact::{Fact, FactBody};
use crate::fleet::hosts::vitals::OsFacts;
use crate::fleet::words::{CheckName, CheckState, HostId, SafeText};
use crate::link::backoff::system_random;
use crate::link::{Address, Backoff, Connection, LinkError, Tls, dial, hello};
use crate::trust::tls_client::{hub_server_name, link_client};
use crate::wire::pb::agent_message::Body;
use crate::wire::pb::hub_message::Body as Word;
use crate::wire::{encode_fact, pb};

/// The check of a synthetic host.
const CHECK: &str = "synthetic";
/// Messages that may wait for the stream.
const QUEUE: usize = 4;

/// One synthetic agent.
pub struct Synthetic {
    pub identity: Identity,
    pub addresses: Arc<[Address]>,
    pub handshakes: Arc<Semaphore>,
    pub linked: Arc<AtomicUsize>,
    pub interval: Duration,
    /// What runs commands; none where their record can't be kept.
    pub hands: Option<Hands>,
    pub fails: bool,
    pub offset: Duration,
}

/// Facts of this process, under a stream of their own.
struct Facts {
    stream: u64,
    /// Number of the first one held: those before it are confirmed.
    first: u64,
    facts: VecDeque<Bytes>,
}

impl Facts {
    fn next(&self) -> u64 {
        self.first + self.facts.len() as u64
    }

    fn confirm(&mut self, through: u64) {
        while self.first <= through && self.facts.pop_front().is_some() {
            self.first += 1;
        }
    }
}

impl Synthetic {
    /// Keeps its link up until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        let mut facts = self.facts();
        let (tell, mut told) = mpsc::channel(QUEUE);
        let (link, linked) = watch::channel(None);
        if let Some(hands) = &self.hands {
            hands.join(self.host(), Teller::Memory(tell), linked);
        }
        let mut backoff = Backoff::default();
        let mut lost = Instant::now();
        let mut turn = 0;
        let tls = match self.tls() {
            Ok(tls) => tls,
            Err(error) => {
                tracing::error!(host = self.identity.host, "a synthetic agent can't speak TLS: {error}");
                return;
            }
        };
        loop {
            let began = Instant::now();
            let ended = tokio::select! {
                () = stop.cancelled() => return,
                ended = self.session(&tls, &mut facts, (&mut told, &link), &mut turn, &stop) => ended,
            };
            link.send_replace(None);
            match ended {
                Ok(()) => return,
                Err(error) => tracing::debug!(host = self.identity.host, "link ended: {error}"),
            }
            if backoff.ended(began.elapsed()) {
                lost = Instant::now();
            }
            let wait = backoff.failed(lost.elapsed(), system_random());
            if stop.run_until_cancelled(tokio::time::sleep(wait)).await.is_none() {
                return;
            }
        }
    }

    fn tls(&self) -> Result<Tls, LinkError> {
        let failed = |error: String| LinkError::Refused(error);
        let credential = &self.identity.credential;
        Ok(Tls {
            config: Arc::new(link_client(credential).map_err(|error| failed(error.to_string()))?),
            name: hub_server_name(&credential.principal().fleet).map_err(|error| failed(error.to_string()))?,
        })
    }

    fn facts(&self) -> Facts {
        let mut random = [0; 8];
        let _ = ring::rand::SystemRandom::new().fill(&mut random);
        let at = wall_now();
        let os = OsFacts {
            hostname: SafeText::new(&format!("synthetic-{:04}", self.identity.host)),
            os_name: SafeText::new("Synthetic"),
            os_version: SafeText::new("1"),
            kernel: SafeText::new("none"),
            arch: SafeText::new(std::env::consts::ARCH),
            cores: 4,
            memory: 16 << 30,
            agent_version: SafeText::new(env!("CARGO_PKG_VERSION")),
            ..OsFacts::default()
        };
        let check = FactBody::Check {
            name: CheckName::from(CHECK),
            state: self.state(),
            hard: true,
            attempt: 1,
            max_attempts: 1,
            summary: self.summary(),
            long_text: SafeText::default(),
            perfdata: SafeText::default(),
            interval_ms: u64::try_from(self.interval.as_millis()).unwrap_or(u64::MAX),
        };
        let facts = [FactBody::Described(os), check].map(|body| encode_fact(&Fact { at, body }));
        // A stream of 0 stands for none.
        Facts { stream: u64::from_le_bytes(random).max(1), first: 1, facts: facts.into() }
    }

    fn state(&self) -> CheckState {
        if self.fails { CheckState::Critical } else { CheckState::Ok }
    }

    fn summary(&self) -> SafeText {
        SafeText::new(if self.fails { "fails on purpose" } else { "all is well" })
    }

    /// One link, from dialling to its end; `Ok` when the swarm ends.
    async fn session(
        &self,
        tls: &Tls,
        facts: &mut Facts,
        (told, shown): (&mut mpsc::Receiver<Fact>, &watch::Sender<Option<Connection>>),
        turn: &mut u64,
        stop: &CancellationToken,
    ) -> Result<(), LinkError> {
        let link = {
            let _permit = self.handshakes.acquire().await;
            let link = dial(&self.addresses, Some(tls)).await?;
            hello::as_agent(&link).await?;
            link
        };
        let (out, messages) = mpsc::channel(QUEUE);
        let failed = |status: Status| link.error(&status);
        let gone = |_| LinkError::NoHub("the stream ended".to_owned());
        let say = |body: Body| pb::AgentMessage { body: Some(body) };
        let opening =
            pb::Opening { stream: facts.stream, next: facts.next(), oldest: facts.first, ..pb::Opening::default() };
        out.send(say(Body::Opening(opening))).await.map_err(gone)?;
        let mut words = link.agent().link(ReceiverStream::new(messages)).await.map_err(failed)?.into_inner();
        let mut named = false;
        let mut counted = Counted::default();
        // nothing is said before the welcome
        let mut clock = HubClock::said(0);
        let start = tokio::time::Instant::now() + if *turn == 0 { self.offset } else { Duration::ZERO };
        // The first report goes out at once, so that the host is up as soon as it is linked.
        out.send(say(Body::Report(self.report(*turn, &mut named)))).await.map_err(gone)?;
        *turn += 1;
        let mut beats = interval_at(start + self.interval, self.interval);
        beats.set_missed_tick_behavior(MissedTickBehavior::Skip);
        loop {
            tokio::select! {
                () = stop.cancelled() => {
                    let goodbye = pb::Goodbye { reason: "the swarm ended".to_owned() };
                    let _ = out.send(say(Body::Goodbye(goodbye))).await;
                    drop(out);
                    // The hub closes the stream when it has read the goodbye.
                    let _ = tokio::time::timeout(Duration::from_secs(2), words.message()).await;
                    return Ok(());
                }
                _ = beats.tick() => {
                    let report = self.report(*turn, &mut named);
                    *turn += 1;
                    out.send(say(Body::Report(report))).await.map_err(gone)?;
                }
                Some(fact) = told.recv() => {
                    facts.facts.push_back(encode_fact(&fact));
                    self.send_from(&out, facts, facts.next() - 1).await.map_err(gone)?;
                }
                word = words.message() => match word.map_err(failed)?.and_then(|word| word.body) {
                    Some(Word::Welcome(welcome)) => {
                        clock = HubClock::said(welcome.hub_time);
                        counted.link(&self.linked);
                        shown.send_replace(Some(link.clone()));
                        self.send_from(&out, facts, welcome.confirmed + 1).await.map_err(gone)?;
                    }
                    Some(Word::Confirmed(confirmed)) => facts.confirm(confirmed.through),
                    Some(Word::Run(run)) => {
                        if let Some(hands) = &self.hands {
                            hands.run(self.host(), run, clock.now());
                        }
                    }
                    Some(Word::Cancel(cancel)) => {
                        if let Some(hands) = &self.hands {
                            hands.cancel(self.host(), &cancel);
                        }
                    }
                    Some(Word::SendFrom(asked)) => self.send_from(&out, facts, asked.from).await.map_err(gone)?,
                    Some(_) => {}
                    None => return Err(LinkError::NoHub("the hub closed the stream".to_owned())),
                },
            }
        }
    }

    fn host(&self) -> HostId {
        HostId(self.identity.host)
    }

    async fn send_from(
        &self,
        out: &mpsc::Sender<pb::AgentMessage>,
        facts: &Facts,
        from: u64,
    ) -> Result<(), mpsc::error::SendError<pb::AgentMessage>> {
        let from = from.max(facts.first);
        let skip = usize::try_from(from - facts.first).unwrap_or(usize::MAX);
        let rest: Vec<Bytes> = facts.facts.iter().skip(skip).cloned().collect();
        if rest.is_empty() {
            return Ok(());
        }
        let facts = pb::Facts { stream: facts.stream, first: from, facts: rest };
        out.send(pb::AgentMessage { body: Some(Body::Facts(facts)) }).await
    }

    fn report(&self, turn: u64, named: &mut bool) -> pb::Report {
        let at = wall_now().0;
        let host = self.identity.host;
        let first = !std::mem::replace(named, true);
        let reading = pb::CheckReading {
            check: CHECK.to_owned(),
            state: pb::CheckState::from(self.state()).into(),
            summary: self.summary().to_string(),
            at,
            ..pb::CheckReading::default()
        };
        pb::Report {
            backups: Vec::new(),
            at,
            turn,
            vitals: Some(pb::Vitals::from(&load::vitals(host, turn))),
            checks: vec![reading],
            samples: Some(load::samples(host, turn, at, first)),
            interval: u64::try_from(self.interval.as_millis()).unwrap_or(u64::MAX),
        }
    }
}

/// Counts a link while it stands.
#[derive(Default)]
struct Counted(Option<Arc<AtomicUsize>>);

impl Counted {
    fn link(&mut self, linked: &Arc<AtomicUsize>) {
        if self.0.is_none() {
            linked.fetch_add(1, Ordering::Relaxed);
            self.0 = Some(Arc::clone(linked));
        }
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        if let Some(linked) = &self.0 {
            linked.fetch_sub(1, Ordering::Relaxed);
        }
    }
}
