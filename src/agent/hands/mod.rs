//! Hands: what the hub may start on a host. The host's own file decides; a command is started once by its key, whatever
//! happens to the link, the agent or the machine; and when its end is told, nothing it started is left.

mod beginning;
mod ear;
mod family;
mod output;
mod program;
mod record;
#[cfg(test)]
mod tests;

pub use family::MARK;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, mpsc, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::agent::facts::Facts;
use crate::agent::hands::beginning::Beginning;
use crate::agent::hands::ear::Heard;
use crate::agent::hands::family::Family;
use crate::agent::hands::output::Spool;
use crate::agent::hands::program::{Done, End, Program};
use crate::agent::hands::record::{Key, Record};
use crate::fleet::commands::{Argv, Kept, OutcomeState, Report};
use crate::fleet::fact::{Fact, FactBody};
use crate::fleet::identity::Hands as Mode;
use crate::fleet::words::{ActionId, CommandId, HostId, SafeText, Timestamp};
use crate::link::Connection;
use crate::settings::agent::HandsRule;
use crate::trust::files::make_private_dir;
use crate::wire::checked::checked_action_key;
use crate::wire::{decode_fact, encode_fact, limits, pb};

/// How an agent's own host stands in its record: the hub knows its number, the agent need not.
pub const THIS_HOST: HostId = HostId(0);
/// Programs that run at once on one host; more wait for their turn.
pub const AT_ONCE: usize = 16;
/// How long a program counts as beginning, unless it ends sooner.
const BEGINNING: Duration = Duration::from_millis(50);
/// Commands that may wait for their turn on one host; more are denied.
const WAITING: usize = 256;
/// Between two attempts to tell what the disk or the hub did not take.
const RETRY: Duration = Duration::from_secs(5);
/// Between two looks for adopted processes that ended.
const REAP_EVERY: Duration = Duration::from_secs(60);

/// Where outcomes are told.
#[derive(Clone, Debug)]
pub enum Teller {
    /// Into the outbox, on disk.
    Outbox(Facts),
    /// Of a synthetic host, into memory.
    Memory(mpsc::Sender<Fact>),
}

/// One host's way to its hub.
#[derive(Debug)]
struct Host {
    teller: Teller,
    link: watch::Receiver<Option<Connection>>,
    /// Commands accepted and not ended.
    open: Arc<Semaphore>,
}

/// The hands of an agent, or of all agents of a swarm. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Hands(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    rule: HandsRule,
    wall: fn() -> Timestamp,
    record: Record,
    spool: Spool,
    hosts: Mutex<BTreeMap<HostId, Arc<Host>>>,
    /// Commands that wait or run, each with what cancels it.
    open: Mutex<HashMap<Key, CancellationToken>>,
    /// What this machine calls itself.
    names: Vec<String>,
    slots: Semaphore,
    beginning: Beginning,
    tasks: TaskTracker,
    ending: CancellationToken,
}

/// A command as the hub sends it.
#[derive(Clone, Debug)]
struct Asked {
    key: Key,
    command: CommandId,
    argv: Argv,
    shell: bool,
    timeout: Duration,
}

impl Hands {
    /// Opens the hands whose record lies in `dir`; what ran when the last process ended is ended now. At most `at_once`
    /// programs run at a time.
    ///
    /// # Errors
    /// What the disk says: without its record nothing may be started.
    pub fn open(dir: &Path, rule: HandsRule, at_once: usize, wall: fn() -> Timestamp) -> io::Result<Self> {
        let dir: PathBuf = dir.join("hands");
        make_private_dir(&dir).map_err(io::Error::other)?;
        family::adopt_orphans();
        let hands = Self(Arc::new(Inner {
            rule,
            wall,
            record: Record::open(&dir, wall())?,
            spool: Spool::open(&dir.join("output"))?,
            hosts: Mutex::default(),
            open: Mutex::default(),
            names: output::own_names(),
            slots: Semaphore::new(at_once),
            beginning: Beginning::new(),
            tasks: TaskTracker::new(),
            ending: CancellationToken::new(),
        }));
        for (key, known) in hands.0.record.unfinished() {
            if known.ended.is_none() {
                let _ = Family::new(&marked(key), None).kill(false);
            }
        }
        Ok(hands)
    }

    /// Lets a host in: outcomes are told to `teller`, and large output goes over what `link` shows. What was left
    /// untold is told. Must be called within a tokio runtime.
    pub fn join(&self, host: HostId, teller: Teller, link: watch::Receiver<Option<Connection>>) {
        let open = Arc::new(Semaphore::new(AT_ONCE + WAITING));
        let mut hosts = self.hosts();
        let first = hosts.is_empty();
        hosts.insert(host, Arc::new(Host { teller, link, open }));
        drop(hosts);
        if first {
            self.0.tasks.spawn(self.clone().reap());
        }
        for (key, known) in self.0.record.unfinished().into_iter().filter(|((of, _), _)| *of == host) {
            let fact = known.ended.and_then(|fact| decode_fact(fact).ok()).unwrap_or_else(|| {
                self.lost(key, known.command, "the agent ended while it ran; what was left of it was killed")
            });
            self.conclude(key, fact);
        }
    }

    /// Takes a command in; one that is known already is not started again, but told again where it has ended. `hub_now` is
    /// the hub's time as this host knows it: what comes out of a link that stood still for long is not meant any more.
    pub fn run(&self, host: HostId, run: pb::RunCommand, hub_now: Timestamp) {
        let late = run.start_by != 0 && hub_now.0 > run.start_by;
        let asked = match asked(host, run) {
            Ok(asked) => asked,
            Err(error) => return tracing::warn!(%error, "a command of the hub can't be read"),
        };
        if self.is_known(asked.key) {
            return;
        }
        let Some(place) = self.hosts().get(&host).cloned() else { return };
        if late {
            let report = report(OutcomeState::Skipped, "it came too late to be meant any more, so it was not started");
            return self.conclude(asked.key, self.told(&asked, &report, (&[], &[])));
        }
        let denied = self.refusal(&asked);
        let slot = denied.is_none().then(|| Arc::clone(&place.open).try_acquire_owned().ok()).flatten();
        let denied = denied.or_else(|| {
            let why = || format!("denied: {} commands run or wait on this host already", AT_ONCE + WAITING);
            slot.is_none().then(why)
        });
        if let Some(why) = denied {
            return self.conclude(asked.key, self.told(&asked, &report(OutcomeState::Denied, &why), (&[], &[])));
        }
        let cancelled = CancellationToken::new();
        self.running().insert(asked.key, cancelled.clone());
        let hands = self.clone();
        self.0.tasks.spawn(async move {
            let fact = hands.carry_out(&asked, &cancelled).await;
            hands.end(asked.key, &fact);
            hands.over(asked.key);
            drop(slot);
            hands.tell(asked.key, fact).await;
        });
    }

    /// Nothing of a command runs any more.
    fn over(&self, key: Key) {
        let mut running = self.running();
        running.remove(&key);
        if running.is_empty() {
            self.0.beginning.narrow();
        } else {
            self.0.beginning.widen();
        }
    }

    /// Ends a command: one that runs is killed, one that never came never starts.
    pub fn cancel(&self, host: HostId, cancel: &pb::CancelRun) {
        let key = match checked_action_key("CancelRun", &cancel.key) {
            Ok(key) => (host, key),
            Err(error) => return tracing::warn!(%error, "a cancellation of the hub can't be read"),
        };
        if let Some(cancelled) = self.running().get(&key) {
            return cancelled.cancel();
        }
        if !self.is_known(key) {
            let report = report(OutcomeState::Cancelled, "it was never started");
            self.conclude(key, self.fact_of(key.1, CommandId(cancel.command), &report, (&[], &[])));
        }
    }

    /// Ends all that runs and waits until that is done; what could not be told is told after the next start.
    pub async fn end_all(&self) {
        self.0.ending.cancel();
        for cancelled in self.running().values() {
            cancelled.cancel();
        }
        self.0.tasks.close();
        self.0.tasks.wait().await;
        if let Err(error) = self.0.record.flush().await {
            tracing::warn!(%error, "what ended last is told as lost at the next start");
        }
    }

    /// Whether a command is known; how it ended is told again, since the hub seems not to know.
    fn is_known(&self, key: Key) -> bool {
        if self.running().contains_key(&key) {
            return true;
        }
        let Some(known) = self.0.record.get(key) else { return false };
        if known.told
            && let Some(Ok(fact)) = known.ended.map(decode_fact)
        {
            self.0.tasks.spawn(self.clone().tell_again(key, fact));
        }
        true
    }

    /// Why the host does not let it be started, naming the rule; `None` where it does.
    fn refusal(&self, asked: &Asked) -> Option<String> {
        let rule = &self.0.rule;
        if asked.shell && rule.mode != Mode::Any {
            let mode = rule.mode.word();
            return Some(format!(
                "denied by [hands] mode = \"{mode}\" in this host's agent.toml: a shell needs \"any\""
            ));
        }
        let program = if asked.shell { "/bin/sh" } else { asked.argv.program() };
        rule.permit(program).err().map(|denied| denied.to_string())
    }

    async fn carry_out(&self, asked: &Asked, cancelled: &CancellationToken) -> Fact {
        let inner = &self.0;
        let slot = cancelled.run_until_cancelled(inner.slots.acquire()).await;
        if !matches!(slot, Some(Ok(_))) {
            return self.told(asked, &self.stopped(OutcomeState::Cancelled, "it was not started yet"), (&[], &[]));
        }
        if let Err(error) = inner.record.begin(asked.key, asked.command, (self.0.wall)()).await {
            let why = format!("it was not started, since this host can't write down that it is: {error}");
            return self.told(asked, &report(OutcomeState::Failed, &why), (&[], &[]));
        }
        let program = Program {
            argv: asked.argv.exact().to_vec(),
            shell: asked.shell,
            timeout: asked.timeout,
            key: marked(asked.key),
        };
        let beginning = inner.beginning.turn().await;
        let running = program::run(&program, cancelled, || self.running().len() == 1);
        tokio::pin!(running);
        let done = tokio::time::timeout(BEGINNING, &mut running).await;
        drop(beginning);
        let done = match done {
            Ok(done) => done,
            Err(_) => running.await,
        };
        self.told_of(asked, done)
    }

    /// The fact of an end, its output in it or beside it.
    fn told_of(&self, asked: &Asked, done: Done) -> Fact {
        let Done { end, stdout, stderr, took, note } = done;
        // as the fact carries it
        let took = Duration::from_millis(u64::try_from(took.as_millis()).unwrap_or(u64::MAX));
        let (state, code, signal, why) = match end {
            End::Exited(0) => (OutcomeState::Ok, Some(0), None, note),
            End::Exited(code) => (OutcomeState::Failed, Some(code), None, note),
            End::Signalled(signal) => (OutcomeState::Signalled, None, Some(signal), note),
            End::TimedOut => (OutcomeState::TimedOut, None, None, note),
            End::Cancelled => (OutcomeState::Cancelled, None, None, note),
            End::NotStarted(code, why) => (OutcomeState::Failed, Some(code), None, why),
        };
        let ended = self.stopped(state, &why);
        let (out, err) = (output::kept(&stdout, &self.0.names), output::kept(&stderr, &self.0.names));
        let mut report = Report { code, signal, stdout: out, stderr: err, took: Some(took), ..ended };
        let inline = (self.place(&stdout, &mut report.stdout), self.place(&stderr, &mut report.stderr));
        self.told(asked, &report, inline)
    }

    /// Where an output goes: it is given back where it is small, and lies in the spool otherwise.
    fn place<'h>(&self, heard: &'h Heard, kept: &mut Kept) -> &'h [u8] {
        let Some(blob) = kept.blob else { return &[] };
        if heard.text.len() <= limits::OUTPUT_INLINE {
            return &heard.text;
        }
        if let Err(error) = self.0.spool.put(blob, &heard.text) {
            tracing::error!(%error, "the output of a command is lost: it can't be kept on disk");
            (kept.blob, kept.kept) = (None, 0);
        }
        &[]
    }

    /// An end by cancellation, as what it is: an agent that ends takes what runs along, which nobody asked for.
    fn stopped(&self, state: OutcomeState, why: &str) -> Report {
        if state == OutcomeState::Cancelled && self.0.ending.is_cancelled() {
            return report(OutcomeState::Lost, "the agent was ended while it ran; it was killed");
        }
        report(state, why)
    }

    /// Writes an end down and tells it.
    fn conclude(&self, key: Key, fact: Fact) {
        self.end(key, &fact);
        let hands = self.clone();
        self.0.tasks.spawn(async move { hands.tell(key, fact).await });
    }

    fn end(&self, key: Key, fact: &Fact) {
        if let FactBody::Command { command, .. } = fact.body {
            self.0.record.end(key, command, fact.at, &encode_fact(fact));
        }
    }

    /// Brings an end to the hub: large output first, then the fact; tries until it is done or the agent ends.
    async fn tell(self, key: Key, fact: Fact) {
        let Some(host) = self.hosts().get(&key.0).cloned() else { return };
        if !self.deliver(&host, &fact).await {
            return;
        }
        loop {
            let taken = match &host.teller {
                Teller::Outbox(facts) => facts.add(fact.clone()).await,
                Teller::Memory(facts) => facts.send(fact.clone()).await.is_ok(),
            };
            if taken {
                return self.0.record.told(key);
            }
            if self.0.ending.run_until_cancelled(tokio::time::sleep(RETRY)).await.is_none() {
                return;
            }
        }
    }

    async fn tell_again(self, key: Key, fact: Fact) {
        self.tell(key, fact).await;
    }

    /// Sends what lies in the spool; `false` when the agent ends before that is done.
    async fn deliver(&self, host: &Host, fact: &Fact) -> bool {
        let FactBody::Command { report, .. } = &fact.body else { return true };
        for blob in [report.stdout.blob, report.stderr.blob].into_iter().flatten() {
            let mut link = host.link.clone();
            while let Some(bytes) = self.0.spool.get(blob) {
                let sent = async {
                    // a link that broke is dialled again by who owns it
                    let connection = link.wait_for(Option::is_some).await.ok()?.clone()?;
                    Some(output::send(&connection, blob, bytes).await)
                };
                match self.0.ending.run_until_cancelled(sent).await {
                    Some(Some(Ok(()))) => self.0.spool.remove(blob),
                    Some(Some(Err(error))) => {
                        tracing::debug!(%error, "the output of a command did not reach the hub; trying again");
                        if self.0.ending.run_until_cancelled(tokio::time::sleep(RETRY)).await.is_none() {
                            return false;
                        }
                    }
                    Some(None) | None => return false,
                }
            }
        }
        true
    }

    fn lost(&self, key: Key, command: CommandId, why: &str) -> Fact {
        self.fact_of(key.1, command, &report(OutcomeState::Lost, why), (&[], &[]))
    }

    fn told(&self, asked: &Asked, report: &Report, inline: (&[u8], &[u8])) -> Fact {
        self.fact_of(asked.key.1, asked.command, report, inline)
    }

    fn fact_of(&self, key: ActionId, command: CommandId, report: &Report, (out, err): (&[u8], &[u8])) -> Fact {
        let (stdout, stderr) = (out.to_vec(), err.to_vec());
        Fact { at: (self.0.wall)(), body: FactBody::Command { command, key, report: report.clone(), stdout, stderr } }
    }

    async fn reap(self) {
        let mut dead = BTreeSet::new();
        while self.0.ending.run_until_cancelled(tokio::time::sleep(REAP_EVERY)).await.is_some() {
            family::reap(&mut dead);
        }
    }

    fn hosts(&self) -> MutexGuard<'_, BTreeMap<HostId, Arc<Host>>> {
        self.0.hosts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn running(&self) -> MutexGuard<'_, HashMap<Key, CancellationToken>> {
        self.0.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What marks the processes of a command; of a swarm's hosts each its own.
fn marked((host, key): Key) -> String {
    format!("{host}-{:032x}", key.0)
}

fn asked(host: HostId, run: pb::RunCommand) -> Result<Asked, String> {
    let key = checked_action_key("RunCommand", &run.key).map_err(|error| error.to_string())?;
    let argv = Argv::new(run.argv).map_err(|error| error.to_string())?;
    let timeout = Duration::from_millis(run.timeout);
    Ok(Asked { key: (host, key), command: CommandId(run.command), argv, shell: run.shell, timeout })
}

fn report(state: OutcomeState, why: &str) -> Report {
    Report {
        state,
        code: None,
        signal: None,
        stdout: Default::default(),
        stderr: Default::default(),
        why: SafeText::line(why),
        took: None,
    }
}
