//! The core's task: requests in, batches to the writer, replies out in order.

use std::sync::mpsc as std_mpsc;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant as StdInstant};

use tokio::sync::{mpsc, oneshot};

use crate::fleet::rules::decide::decide;
use crate::fleet::rules::decision::{Answer, Decision, Refusal};
use crate::fleet::rules::input::Input;
use crate::fleet::rules::ledger::Mark;
use crate::fleet::rules::live::Live;
use crate::fleet::rules::timers;
use crate::fleet::state::{Entry, Fleet};
use crate::fleet::words::{Epoch, FleetId, HostId, Now, Revision, StreamId};
use crate::hub::core::batch::{Batch, Parked};
use crate::hub::core::clock::Clock;
use crate::hub::core::head::{Head, subjects_of};
use crate::hub::core::request::{CoreError, CoreHandle, Cut, FactRead, FactsReply, Request, Standing};
use crate::hub::core::writer::{Done, Job};
use crate::hub::core::{head::HeadError, writer};
use crate::hub::feed::{Committed, Feed};
use crate::hub::journal::{BlobRecord, CommitError, Journal};

/// Requests that may wait.
const QUEUE: usize = 4_096;
/// Requests taken in before the writer and the deadlines are looked at again.
const AT_ONCE: usize = 512;
/// Deadlines are looked at no sooner than this after the last look,
const LEAST_TICK: Duration = Duration::from_millis(200);
/// and no later than this: what was decided since may have set a nearer one, and the wall clock may have been set.
const LONGEST_TICK: Duration = Duration::from_secs(1);

/// Where durable decisions go. The core knows only this.
pub trait Outlet: Send {
    /// Entries that just became durable, in order.
    fn committed(&mut self, entries: &[Arc<Committed>]);

    /// Whether there is space to decide; the reason if not.
    fn space(&mut self) -> Result<(), String>;
}

/// What a core is made of.
pub struct Parts {
    /// The writing end of the journal.
    pub journal: Box<dyn Journal>,
    /// Live knowledge, shared with the intake.
    pub live: Arc<RwLock<Live>>,
    /// Where durable entries go.
    pub feed: Arc<Feed>,
    /// Effects of durable entries.
    pub outlet: Box<dyn Outlet>,
    /// The process's clocks.
    pub clock: Clock,
    /// The state as loaded.
    pub head: Head,
}

/// The core, ready to run.
pub struct Core {
    head: Head,
    epoch: Epoch,
    live: Arc<RwLock<Live>>,
    feed: Arc<Feed>,
    outlet: Box<dyn Outlet>,
    clock: Clock,
    requests: mpsc::Receiver<Request>,
    jobs: std_mpsc::Sender<Job>,
    done: mpsc::UnboundedReceiver<Done>,
    open: Batch,
    /// The batch at the writer: its entries and the replies that wait for it.
    writing: Option<(Vec<Arc<Committed>>, Vec<Parked>)>,
    restoring: Vec<oneshot::Sender<Epoch>>,
    ending: Option<oneshot::Sender<()>>,
    cut: Option<Arc<Fleet>>,
    /// When deadlines are looked at next. Finding it walks all hosts, so it is found once a look, not once a request.
    due: StdInstant,
}

impl Core {
    /// Starts the writer's thread and makes the core and its handle.
    ///
    /// # Errors
    /// The thread could not be started.
    pub fn new(parts: Parts, id: FleetId) -> Result<(Self, CoreHandle), HeadError> {
        let Parts { journal, live, feed, outlet, clock, mut head } = parts;
        let epoch = journal.meta().epoch;
        head.fleet.profile.id = id;
        let (jobs, done) = writer::start(journal).map_err(HeadError::Thread)?;
        let (sender, requests) = mpsc::channel(QUEUE);
        let core = Self {
            head,
            epoch,
            live,
            feed,
            outlet,
            clock,
            requests,
            jobs,
            done,
            open: Batch::default(),
            writing: None,
            restoring: Vec::new(),
            ending: None,
            cut: None,
            due: StdInstant::now(),
        };
        Ok((core, CoreHandle { requests: sender }))
    }

    /// Runs until it is told to end.
    ///
    /// # Errors
    /// A commit failed: nothing of it was answered, and the process must end.
    pub async fn run(mut self) -> Result<(), CommitError> {
        loop {
            self.start_writing()?;
            if self.ending.is_some() && self.writing.is_none() && self.open.is_clean() {
                self.release_clean();
                if let Some(done) = self.ending.take() {
                    let _ = done.send(());
                }
                return Ok(());
            }
            let takes_in = !self.open.is_full() && self.ending.is_none();
            tokio::select! {
                biased;
                done = self.done.recv() => self.wrote(done.ok_or(CommitError::NoWriter)?)?,
                () = tokio::time::sleep_until(self.due.into()), if self.ending.is_none() => self.tick(),
                request = self.requests.recv(), if takes_in => match request {
                    Some(request) => self.take_in(request),
                    None => {
                        let (done, _) = oneshot::channel();
                        self.ending = Some(done);
                    }
                },
            }
        }
    }

    fn take_in(&mut self, first: Request) {
        self.serve(first);
        for _ in 0..AT_ONCE {
            if self.open.is_full() || self.ending.is_some() {
                break;
            }
            match self.requests.try_recv() {
                Ok(request) => self.serve(request),
                Err(_) => break,
            }
        }
    }

    fn serve(&mut self, request: Request) {
        let now = self.clock.now();
        match request {
            Request::Decide { input, blobs, reply } => {
                let answer = self.decide(&input, blobs, now);
                if let Some(reply) = reply {
                    self.open.park(reply, answer);
                }
            }
            Request::Facts { host, stream, first, facts, reply } => {
                let answer = self.facts(host, stream, first, facts, now);
                self.open.park(reply, answer);
            }
            Request::Lost { host, stream, from, to, reply } => {
                let answer = self.lost(host, stream, from, to, now);
                self.open.park(reply, answer);
            }
            Request::Store { blobs, reply } => {
                let answer = self.outlet.space().map_err(CoreError::NoSpace);
                if answer.is_ok() {
                    self.open.store(blobs);
                }
                self.open.park(reply, answer);
            }
            Request::Mark { host, stream, reply } => {
                let mark = self.head.ledger.mark(host, stream);
                self.open.park(reply, mark);
            }
            Request::Host(host, reply) => {
                let known = self.head.fleet.hosts.hosts.get(&host).cloned();
                self.open.park(reply, known);
            }
            Request::Standing(reply) => {
                let (revision, profile) = (self.head.fleet.revision, self.head.fleet.profile.clone());
                self.open.parked.push(Box::new(move |epoch| drop(reply.send(Standing { epoch, revision, profile }))));
            }
            Request::Cut(reply) => {
                let fleet = Arc::clone(self.cut.get_or_insert_with(|| Arc::new(self.head.fleet.clone())));
                self.open.parked.push(Box::new(move |epoch| drop(reply.send(Cut { epoch, fleet }))));
            }
            Request::Restored { epoch, seen, reply } => {
                if epoch == self.epoch && seen > self.head.fleet.revision {
                    self.restoring.push(reply);
                } else {
                    // An epoch that was drawn is durable.
                    let _ = reply.send(self.epoch);
                }
            }
            Request::End(reply) => self.ending = Some(reply),
        }
    }

    /// Decides one input and applies it to the head; the answer is for after the commit.
    fn decide(&mut self, input: &Input, blobs: Vec<BlobRecord>, now: Now) -> Result<Answer, CoreError> {
        if let Input::Action(action) = input
            && let Some(answer) = self.head.ledger.answer(action.id)
        {
            return Ok(answer.clone());
        }
        if let Err(why) = self.outlet.space() {
            if matches!(input, Input::External { .. }) {
                // What the sender said is not held against it.
                self.live.write().unwrap_or_else(PoisonError::into_inner).externals.spare(now);
            }
            return Err(CoreError::NoSpace(why));
        }
        let decision = {
            let live = self.live.read().unwrap_or_else(PoisonError::into_inner);
            decide(&self.head.fleet, &self.head.ledger, &live, input, now)?
        };
        let answer = self.commit(decision, blobs, now)?;
        if !answer.heard.is_empty() {
            let mut live = self.live.write().unwrap_or_else(PoisonError::into_inner);
            answer.heard.iter().for_each(|heard| live.externals.hear(heard));
        }
        if let Input::Action(action) = input
            && !action.dry_run
        {
            let rows = self.head.remember(action.id, &answer, now.wall);
            self.open.rows.extend(rows);
        }
        Ok(answer)
    }

    /// Gives a decision its revision and puts it into the open batch.
    fn commit(&mut self, decision: Decision, blobs: Vec<BlobRecord>, now: Now) -> Result<Answer, CoreError> {
        let mut answer = decision.answer;
        if decision.events.is_empty() {
            return Ok(answer);
        }
        let revision = self.head.fleet.revision.next();
        let entry = Entry { revision, at: now.wall, actor: decision.actor, events: decision.events };
        let subjects = subjects_of(&entry);
        // What can't be encoded is refused before it changes anything.
        let committed = Committed::new(entry).map_err(|error| {
            Refusal::Invalid(format!("this can't be written as one entry: {error}; ask for less at once"))
        })?;
        let rows = self.head.apply(&committed.entry);
        self.cut = None;
        self.open.rows.extend(rows);
        self.open.push(Arc::new(committed), subjects, blobs);
        // Somebody is to be told now: not only at the next look.
        if self.head.fleet.alerts.next_due().is_some_and(|when| when <= now.wall) {
            self.due = self.due.min(StdInstant::now() + LEAST_TICK);
        }
        answer.revision = Some(revision);
        Ok(answer)
    }

    /// Takes in a run of facts exactly once: what is known already is confirmed again, a gap is asked for. A fact that
    /// can't be taken in is lost, and said so: asked for again and again, it would hold up all that follow.
    fn facts(
        &mut self,
        host: HostId,
        stream: StreamId,
        first: u64,
        facts: Vec<FactRead>,
        now: Now,
    ) -> Result<FactsReply, CoreError> {
        self.outlet.space().map_err(CoreError::NoSpace)?;
        let mut through = self.head.ledger.mark(host, stream);
        if first > through.saturating_add(1) {
            return Ok(FactsReply::SendFrom(through + 1));
        }
        let known = through;
        let mut refused = None;
        for (sequence, read) in (first..=u64::MAX).zip(facts).skip_while(|(sequence, _)| *sequence <= known) {
            match self.fact(host, stream, sequence, read, now) {
                Ok(_) => {}
                Err(CoreError::Refused(why)) if !matches!(why, Refusal::NotPermitted(_)) => {
                    refused = Some(why.to_string());
                    let lost = Input::FactsLost { host, stream, from: sequence, to: sequence };
                    self.decide(&lost, Vec::new(), now)?;
                }
                Err(error) => return Err(error),
            }
            through = sequence;
            self.mark(host, stream, through, now);
        }
        Ok(FactsReply::Confirmed { through, refused })
    }

    fn fact(
        &mut self,
        host: HostId,
        stream: StreamId,
        sequence: u64,
        read: FactRead,
        now: Now,
    ) -> Result<Answer, CoreError> {
        let (fact, blobs) = read.map_err(Refusal::Invalid)?;
        let output = blobs.first().map(|blob| blob.id);
        let input = Input::Fact { host, stream, sequence, fact, output };
        self.decide(&input, blobs, now)
    }

    /// Goes on after facts that an outbox no longer holds.
    fn lost(&mut self, host: HostId, stream: StreamId, from: u64, to: u64, now: Now) -> Result<FactsReply, CoreError> {
        let last = self.head.ledger.mark(host, stream);
        if from > last.saturating_add(1) {
            return Ok(FactsReply::SendFrom(last + 1));
        }
        if to > last {
            let input = Input::FactsLost { host, stream, from: last + 1, to };
            self.decide(&input, Vec::new(), now)?;
            self.mark(host, stream, to, now);
        }
        Ok(FactsReply::Confirmed { through: to.max(last), refused: None })
    }

    fn mark(&mut self, host: HostId, stream: StreamId, through: u64, now: Now) {
        let rows = self.head.mark(host, stream, Mark { through, at: now.wall });
        self.open.rows.extend(rows);
    }

    /// Hands the open batch to the writer if it is free. A batch that writes nothing is released at once.
    fn start_writing(&mut self) -> Result<(), CommitError> {
        if self.writing.is_some() {
            return Ok(());
        }
        // A new epoch goes first: under load there is always an open batch.
        let (job, batch) = if !self.restoring.is_empty() {
            (Job::NewEpoch, (Vec::new(), Vec::new()))
        } else if self.open.is_clean() {
            self.release_clean();
            return Ok(());
        } else {
            let (commit, entries, parked) = self.open.take();
            (Job::Commit(commit), (entries, parked))
        };
        self.jobs.send(job).map_err(|_| CommitError::NoWriter)?;
        self.writing = Some(batch);
        Ok(())
    }

    /// Nothing is open and nothing is being written: what waits shows only durable state.
    fn release_clean(&mut self) {
        for release in std::mem::take(&mut self.open.parked) {
            release(self.epoch);
        }
    }

    fn wrote(&mut self, done: Done) -> Result<(), CommitError> {
        let Some((entries, parked)) = self.writing.take() else { return Ok(()) };
        match done {
            Done::Committed(result) => {
                result?;
                self.feed.publish(&entries);
                self.outlet.committed(&entries);
                for release in parked {
                    release(self.epoch);
                }
            }
            Done::NewEpoch(result) => {
                self.epoch = result?;
                for reply in std::mem::take(&mut self.restoring) {
                    let _ = reply.send(self.epoch);
                }
            }
        }
        Ok(())
    }

    fn tick(&mut self) {
        let now = self.clock.now();
        if let Some(by) = self.clock.jump(now) {
            let _ = self.decide(&Input::ClockJumped(by), Vec::new(), now);
        }
        self.live.write().unwrap_or_else(PoisonError::into_inner).externals.settle(&self.head.fleet, now);
        // One rule at a time; what is left over comes with the next tick.
        for _ in 0..8 {
            let before = self.head.fleet.revision;
            let decided = self.decide(&Input::Due, Vec::new(), now);
            if let Err(error @ CoreError::Refused(_)) = &decided {
                tracing::error!("what is due could not be decided: {error}");
            }
            if decided.is_err() || self.head.fleet.revision == before || self.open.is_full() {
                break;
            }
        }
        self.due = self.next_due(now);
    }

    fn next_due(&self, now: Now) -> StdInstant {
        let live = self.live.read().unwrap_or_else(PoisonError::into_inner);
        let next = self.clock.moment(timers::next_due(&self.head.fleet, &live, now));
        let moment = StdInstant::now();
        next.clamp(moment + LEAST_TICK, moment + LONGEST_TICK)
    }

    /// The newest revision decided, durable or not.
    #[must_use]
    pub fn revision(&self) -> Revision {
        self.head.fleet.revision
    }
}
