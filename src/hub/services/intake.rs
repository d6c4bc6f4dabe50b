//! One host's stream: facts to the core, readings and samples to live knowledge and history.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::OptionFuture;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout};
use tonic::{Status, Streaming};

use crate::fleet::configuration::Assignment;
use crate::fleet::derived::assign::assign;
use crate::fleet::fact::FactBody;
use crate::fleet::hosts::HostState;
use crate::fleet::hosts::vitals::Vitals;
use crate::fleet::rules::input::Input;
use crate::fleet::rules::live::{self, Reading};
use crate::fleet::rules::presence::target_of;
use crate::fleet::words::{HostId, Now, SafeText, StreamId, Timestamp};
use crate::hub::core::{CoreError, FactRead, FactsReply};
use crate::hub::history::SeriesRef;
use crate::hub::journal::kinds::{COMMAND_OUTPUT, LONG_TEXT};
use crate::hub::journal::{BlobRecord, blob_id};
use crate::hub::services::glance::Shown;
use crate::hub::shared::{Shared, status};
use crate::wire::backups::BackupReading;
use crate::wire::checks::CheckReading;
use crate::wire::pb::agent_message::Body;
use crate::wire::pb::hub_message::Body as Word;
use crate::wire::{assignment_hash, decode_fact, encode_assignment, limits, pb};

/// A stream says who it is within this time.
const OPENING: Duration = Duration::from_secs(10);
/// Facts that found no space are asked for again after this time.
const ASK_AGAIN: Duration = Duration::from_secs(5);
/// Malformed messages a stream may send before it is closed.
const STRIKES: u32 = 3;
/// Series one host may name.
const MOST_SERIES: usize = 512;

/// The reading end of one host's stream.
pub struct Intake {
    shared: Arc<Shared>,
    host: HostId,
    words: mpsc::Sender<Word>,
    series: HashMap<u32, SeriesRef>,
    stream: StreamId,
    heard: bool,
    samples: Vec<(SeriesRef, f64)>,
    /// From where facts are asked for again, and when: there was no space to decide them.
    again: Option<(u64, Instant)>,
}

impl Intake {
    /// The intake of a host that proved who it is.
    #[must_use]
    pub fn new(shared: Arc<Shared>, host: HostId, words: mpsc::Sender<Word>) -> Self {
        Self {
            shared,
            host,
            words,
            series: HashMap::new(),
            stream: StreamId(0),
            heard: false,
            samples: Vec::new(),
            again: None,
        }
    }

    /// Reads until the stream ends, the host dials again, or the hub ends.
    ///
    /// # Errors
    /// The status to close the stream with.
    pub async fn run(mut self, mut inbound: Streaming<pb::AgentMessage>) -> Result<(), Status> {
        let opening = match timeout(OPENING, inbound.message()).await {
            Ok(Ok(Some(pb::AgentMessage { body: Some(Body::Opening(opening)) }))) => opening,
            Ok(Ok(None) | Err(_)) => return Ok(()),
            Ok(Ok(Some(_))) => return Err(Status::invalid_argument("a stream begins with its opening")),
            Err(_) => return Err(Status::deadline_exceeded("no opening came within 10 s")),
        };
        let shared = Arc::clone(&self.shared);
        let place = shared.links.enter(self.host, opening.run, self.lives(), self.words.clone());
        if place.as_ref().map_or(true, |place| place.contested) {
            let now = shared.clock.now();
            shared.live_mut().hosts.entry(self.host).or_default().contested = Some(now);
        }
        let place = place.map_err(|taken| Status::failed_precondition(taken.to_string()))?;
        if place.displaced {
            tracing::info!(host = %self.host, "a second stream of this host; the first is closed");
        }
        self.shared.live_mut().hosts.entry(self.host).or_default().linked = true;
        let ended = tokio::select! {
            ended = self.listen(opening, place.number, &mut inbound) => ended,
            () = place.closed.cancelled() => Err(Status::aborted("another stream of this host took over")),
        };
        if shared.links.leave(self.host, place.number) {
            let mut live = shared.live_mut();
            if let Some(host) = live.hosts.get_mut(&self.host) {
                host.linked = false;
                host.generation += 1;
            }
        }
        ended
    }

    /// Whether the host was heard within two heartbeats.
    fn lives(&self) -> bool {
        let now = self.shared.clock.now();
        let live = self.shared.live();
        let known = live.hosts.get(&self.host);
        let pace = known.and_then(|known| known.promised).unwrap_or(live.configuration.heartbeat);
        known.and_then(|known| known.last_seen).is_some_and(|seen| now.mono.since(seen.mono) <= pace * 2)
    }

    async fn listen(
        &mut self,
        opening: pb::Opening,
        place: u64,
        inbound: &mut Streaming<pb::AgentMessage>,
    ) -> Result<(), Status> {
        self.open(opening).await?;
        self.shared.links.open(self.host, place);
        self.shared.dispatch.tell_again(self.host);
        if self.shared.dispatch.is_queued(self.host) {
            self.shared.core.tell(Input::Due).await;
        }
        let mut strikes = 0;
        let mut reconfigured = self.shared.reconfigured();
        loop {
            let again = self.again.map(|(from, at)| async move {
                sleep_until(at).await;
                from
            });
            let message = tokio::select! {
                message = inbound.message() => message,
                changed = reconfigured.changed() => {
                    if changed.is_ok() {
                        self.assign(&[]).await?;
                    }
                    continue;
                }
                Some(from) = OptionFuture::from(again) => {
                    self.again = None;
                    self.say(Word::SendFrom(pb::SendFrom { stream: self.stream.0, from })).await?;
                    continue;
                }
            };
            // A broken stream is how most agents leave: their cable, their lid.
            let Ok(Some(message)) = message else { return Ok(()) };
            let sound = match message.body {
                Some(Body::Facts(facts)) => self.facts(facts).await?,
                Some(Body::Report(report)) => self.report(report).await,
                Some(Body::Assignment(_)) => true,
                Some(Body::Goodbye(goodbye)) => {
                    let reason = SafeText::line(&goodbye.reason);
                    let goodbye = Input::Goodbye { host: self.host, reason };
                    self.shared.core.decide(goodbye).await.map_err(status)?;
                    self.heard = false;
                    true
                }
                Some(Body::Opening(_)) | None => false,
            };
            strikes += u32::from(!sound);
            if strikes >= STRIKES {
                return Err(Status::invalid_argument("too many messages that can't be read; update the agent"));
            }
        }
    }

    async fn open(&mut self, opening: pb::Opening) -> Result<(), Status> {
        self.stream = StreamId(opening.stream);
        let mut mark = self.shared.core.mark(self.host, self.stream).await.map_err(status)?;
        // What the outbox no longer holds and the hub never got is lost, and said so.
        if opening.oldest > mark.saturating_add(1) {
            let lost = self.shared.core.facts_lost(self.host, self.stream, mark + 1, opening.oldest - 1).await;
            if let FactsReply::Confirmed { through, .. } = lost.map_err(status)? {
                mark = through;
            }
        }
        let epoch = self.shared.core.standing().await.map_err(status)?.epoch;
        let welcome = pb::Welcome { hub_time: self.shared.clock.now().wall.0, epoch: epoch.0, confirmed: mark };
        self.say(Word::Welcome(welcome)).await?;
        self.assign(&opening.assignment).await
    }

    /// Sends the assignment unless the agent holds it already.
    async fn assign(&self, held: &[u8]) -> Result<(), Status> {
        let Some(assignment) = self.assignment().await? else { return Ok(()) };
        if assignment_hash(&assignment) == *held {
            return Ok(());
        }
        self.say(Word::Assignment(encode_assignment(&assignment))).await
    }

    async fn assignment(&self) -> Result<Option<Assignment>, Status> {
        let host = self.shared.core.host(self.host).await.map_err(status)?.filter(|host| !host.is_retired());
        let configuration = self.shared.configuration();
        // A synthetic host brings its own checks, made to order.
        Ok(host.filter(|host| !host.synthetic).map(|host| assign(&configuration, &target_of(&host))))
    }

    async fn facts(&mut self, facts: pb::Facts) -> Result<bool, Status> {
        if facts.stream != self.stream.0 || facts.facts.len() > limits::FACTS_PER_MESSAGE || facts.first == 0 {
            return Ok(false);
        }
        let now = self.shared.clock.now();
        let read: Vec<FactRead> = facts.facts.iter().map(|fact| read(fact, now.wall)).collect();
        self.remember_readings(&read, now);
        let reply = match self.shared.core.facts(self.host, self.stream, facts.first, read).await {
            // The facts stay with their host. Its stream goes on: it proves that the host lives.
            Err(CoreError::NoSpace(_)) => {
                let from = self.again.map_or(facts.first, |(from, _)| from.min(facts.first));
                self.again = Some((from, Instant::now() + ASK_AGAIN));
                return Ok(true);
            }
            reply => reply.map_err(status)?,
        };
        let word = match reply {
            FactsReply::Confirmed { through, refused } => {
                if let Some(why) = refused {
                    self.note_refused(&why).await;
                }
                Word::Confirmed(pb::FactsConfirmed { stream: self.stream.0, through })
            }
            FactsReply::SendFrom(from) => Word::SendFrom(pb::SendFrom { stream: self.stream.0, from }),
        };
        self.say(word).await?;
        Ok(true)
    }

    async fn note_refused(&self, why: &str) {
        let host = self.shared.core.host(self.host).await.ok().flatten();
        let (who, identity) = host.map_or_else(
            || (format!("host {}", self.host), None),
            |host| (format!("{} (host {})", host.name, host.id), Some(host.identity)),
        );
        self.shared.refusals.note(&self.shared.core, &who, identity, "facts", why).await;
    }

    /// A fact is the newest result too, until a reading follows.
    fn remember_readings(&self, facts: &[FactRead], at: Now) {
        let mut live = self.shared.live_mut();
        let host = live.hosts.entry(self.host).or_default();
        for (fact, _) in facts.iter().flatten() {
            match &fact.body {
                FactBody::Check { name, state, summary, perfdata, .. } => {
                    let reading = Reading { state: *state, summary: summary.clone(), perfdata: perfdata.clone(), at };
                    host.learn(name.clone(), reading);
                }
                FactBody::Gone(name) => drop(host.readings.remove(name)),
                // When a repository was read its reading says: a fact may be old.
                FactBody::Backup { .. } | FactBody::Described(_) | FactBody::Command { .. } => {}
            }
        }
    }

    async fn report(&mut self, report: pb::Report) -> bool {
        let now = self.shared.clock.now();
        let sound = self.hear(&report, now);
        if let Some(samples) = report.samples {
            self.record(samples, now);
        }
        if self.shared.dispatch.is_untold(self.host) {
            self.shared.dispatch.tell_again(self.host);
        }
        let state = self.shared.state_of(self.host);
        if state == Some(HostState::Up) {
            self.heard = true;
        } else if !self.heard || state.is_some_and(|state| state != HostState::Up) {
            self.shared.core.tell(Input::Heard(self.host)).await;
        }
        sound
    }

    fn hear(&self, report: &pb::Report, now: Now) -> bool {
        let vitals = report.vitals.clone().map(|vitals| Arc::new(Vitals::from(vitals)));
        let readings: Result<Vec<_>, _> = report.checks.iter().cloned().map(CheckReading::try_from).collect();
        let mut live = self.shared.live_mut();
        let host = live.hosts.entry(self.host).or_default();
        let before = Shown::of(host);
        host.hear(now, (report.interval > 0).then(|| Duration::from_millis(report.interval)));
        host.turn = report.turn;
        host.generation += 1;
        if vitals.is_some() {
            host.vitals = vitals;
        }
        if Shown::of(host).exceeds(before) {
            self.shared.learned.send_modify(|count| *count += 1);
        }
        let backups: Result<Vec<_>, _> = report.backups.iter().cloned().map(BackupReading::try_from).collect();
        let (Ok(readings), Ok(backups)) = (readings, backups) else { return false };
        for BackupReading { job, at, trouble, interval } in backups {
            // Its age by the host's clock, which may be wrong, is its age.
            let at = at.map(|at| now.before(Timestamp(report.at).since(at)));
            host.learn_backup(job, live::BackupReading { at, trouble, interval });
        }
        for reading in readings {
            let CheckReading { check, state, summary, perfdata, .. } = reading;
            host.learn(check, Reading { state, summary, perfdata, at: now });
        }
        true
    }

    fn record(&mut self, samples: pb::Samples, now: Now) {
        for name in samples.names {
            if self.series.len() < MOST_SERIES
                && let Some(series) = self.shared.history.series(&name.name)
            {
                self.series.insert(name.number, series);
            }
        }
        self.samples.clear();
        let named = samples.series.iter().zip(&samples.values);
        self.samples
            .extend(named.filter_map(|(number, value)| self.series.get(number).map(|series| (*series, *value))));
        self.shared.history.record(self.host, Timestamp(now.wall.0), &self.samples);
    }

    async fn say(&self, word: Word) -> Result<(), Status> {
        self.words.send(word).await.map_err(|_| Status::cancelled("the stream ended"))
    }
}

/// A fact as it came, its long texts made blobs beside the entry that names them.
fn read(bytes: &[u8], at: Timestamp) -> FactRead {
    let fact = decode_fact(bytes).map_err(|error| error.to_string())?;
    let blob = |kind, bytes: &[u8]| BlobRecord { id: blob_id(bytes), kind, at, bytes: Bytes::copy_from_slice(bytes) };
    let blobs = match &fact.body {
        FactBody::Check { long_text, .. } | FactBody::Backup { long_text, .. } if !long_text.as_str().is_empty() => {
            vec![blob(LONG_TEXT, long_text.as_str().as_bytes())]
        }
        FactBody::Command { stdout, stderr, .. } => {
            let printed = [stdout, stderr].into_iter().filter(|bytes| !bytes.is_empty());
            printed.map(|bytes| blob(COMMAND_OUTPUT, bytes)).collect()
        }
        _ => Vec::new(),
    };
    Ok((fact, blobs))
}
