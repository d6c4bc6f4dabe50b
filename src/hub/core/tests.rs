//! The core with a real journal, an outlet in memory, and faults made to order.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, RwLock};
use std::time::Duration;

use bytes::Bytes;
use tempfile::TempDir;
use tokio::task::JoinHandle;

use super::*;
use crate::fleet::alerts::Until;
use crate::fleet::checks;
use crate::fleet::configuration::Configuration;
use crate::fleet::fact::{Fact, FactBody};
use crate::fleet::hosts;
use crate::fleet::rules::decision::{Answer, Refusal};
use crate::fleet::rules::fixture::{ack, admin, ids, operator, text};
use crate::fleet::rules::input::{Action, Admission, Input, Targets, Verb};
use crate::fleet::rules::ledger::Counters;
use crate::fleet::rules::live::Live;
use crate::fleet::state::{Event, Fleet};
use crate::fleet::words::{
    ActionId, AlertId, CheckState, Epoch, FleetId, HostId, Revision, SafeText, StreamId, Timestamp,
};
use crate::hub::feed::{Committed, Feed};
use crate::hub::journal::faults::{self, FailingJournal, Real};
use crate::hub::journal::{BlobRecord, Commit, CommitError, Journal, JournalReader, Meta, blob_id};
use crate::wire::entry::decode_entry_bytes;

const HOST: HostId = HostId(1);
const STREAM: StreamId = StreamId(7);

/// An outlet that remembers, and a disk that is as full as the test says.
#[derive(Clone, Default)]
struct Memory {
    durable: Arc<Mutex<Vec<Revision>>>,
    full: Arc<AtomicBool>,
}

impl Outlet for Memory {
    fn committed(&mut self, entries: &[Arc<Committed>]) {
        self.durable.lock().unwrap().extend(entries.iter().map(|entry| entry.revision()));
    }

    fn space(&mut self) -> Result<(), String> {
        if self.full.load(Ordering::Relaxed) { Err("nothing is free".to_owned()) } else { Ok(()) }
    }
}

/// What the gate of a journal lets through, and what came to it.
#[derive(Default)]
struct Gate {
    state: Mutex<Passing>,
    changed: Condvar,
}

#[derive(Default)]
struct Passing {
    permits: usize,
    came: Vec<String>,
}

impl Gate {
    fn open(&self, permits: usize) {
        self.state.lock().unwrap().permits += permits;
        self.changed.notify_all();
    }

    fn came(&self) -> Vec<String> {
        self.state.lock().unwrap().came.clone()
    }

    fn pass(&self, what: String) {
        let mut state = self.state.lock().unwrap();
        state.came.push(what);
        while state.permits == 0 {
            state = self.changed.wait(state).unwrap();
        }
        state.permits -= 1;
    }
}

/// A journal whose writes wait until the test lets them through.
struct Gated(Real, Arc<Gate>);

impl Journal for Gated {
    fn meta(&self) -> &Meta {
        self.0.meta()
    }

    fn commit(&mut self, commit: &Commit) -> Result<(), CommitError> {
        self.1.pass(format!("commit of {}", commit.entries.len()));
        self.0.commit(commit)
    }

    fn draw_new_epoch(&mut self) -> Result<Epoch, CommitError> {
        self.1.pass("epoch".to_owned());
        self.0.draw_new_epoch()
    }

    fn drop_blobs(&mut self, kind: u8, before: Timestamp, limit: usize) -> Result<usize, CommitError> {
        self.0.drop_blobs(kind, before, limit)
    }

    fn bound_blobs(&mut self, kind: u8, most: u64, limit: usize) -> Result<usize, CommitError> {
        self.0.bound_blobs(kind, most, limit)
    }

    fn reader(&self) -> Arc<dyn JournalReader> {
        self.0.reader()
    }
}

/// A journal whose thread dies.
struct Dying(Real);

impl Journal for Dying {
    fn meta(&self) -> &Meta {
        self.0.meta()
    }

    fn commit(&mut self, _: &Commit) -> Result<(), CommitError> {
        panic!("the journal's thread dies, as the test wants it")
    }

    fn draw_new_epoch(&mut self) -> Result<Epoch, CommitError> {
        self.0.draw_new_epoch()
    }

    fn drop_blobs(&mut self, kind: u8, before: Timestamp, limit: usize) -> Result<usize, CommitError> {
        self.0.drop_blobs(kind, before, limit)
    }

    fn bound_blobs(&mut self, kind: u8, most: u64, limit: usize) -> Result<usize, CommitError> {
        self.0.bound_blobs(kind, most, limit)
    }

    fn reader(&self) -> Arc<dyn JournalReader> {
        self.0.reader()
    }
}

/// A journal that is killed when a commit is durable and nobody has been told.
struct Untold {
    inner: Real,
    good: usize,
}

impl Journal for Untold {
    fn meta(&self) -> &Meta {
        self.inner.meta()
    }

    fn commit(&mut self, commit: &Commit) -> Result<(), CommitError> {
        self.inner.commit(commit)?;
        self.good = self.good.checked_sub(1).ok_or_else(|| CommitError::Poisoned { path: "killed".into() })?;
        Ok(())
    }

    fn draw_new_epoch(&mut self) -> Result<Epoch, CommitError> {
        self.inner.draw_new_epoch()
    }

    fn drop_blobs(&mut self, kind: u8, before: Timestamp, limit: usize) -> Result<usize, CommitError> {
        self.inner.drop_blobs(kind, before, limit)
    }

    fn bound_blobs(&mut self, kind: u8, most: u64, limit: usize) -> Result<usize, CommitError> {
        self.inner.bound_blobs(kind, most, limit)
    }

    fn reader(&self) -> Arc<dyn JournalReader> {
        self.inner.reader()
    }
}

struct Running {
    core: CoreHandle,
    task: JoinHandle<Result<(), CommitError>>,
    outlet: Memory,
    feed: Arc<Feed>,
    reader: Arc<dyn JournalReader>,
}

fn fleet() -> FleetId {
    FleetId::new("abcdefghij")
}

fn sqlite(folder: &Path) -> Real {
    faults::real(&folder.join("journal.db"), &fleet()).unwrap()
}

fn start_on(journal: impl Journal + 'static) -> Running {
    let clock = Clock::new();
    let reader = journal.reader();
    let head = Head::load(reader.as_ref()).unwrap();
    let live = Arc::new(RwLock::new(Live::new(clock.now(), Arc::new(Configuration::default()))));
    let feed = Arc::new(Feed::new(head.fleet.revision));
    let outlet = Memory::default();
    let parts = Parts {
        journal: Box::new(journal),
        live,
        feed: Arc::clone(&feed),
        outlet: Box::new(outlet.clone()),
        clock,
        head,
    };
    let (core, handle) = Core::new(parts, fleet()).unwrap();
    Running { core: handle, task: tokio::spawn(core.run()), outlet, feed, reader }
}

fn start(folder: &Path) -> Running {
    start_on(sqlite(folder))
}

fn start_gated(folder: &Path) -> (Running, Arc<Gate>) {
    let gate = Arc::new(Gate::default());
    (start_on(Gated(sqlite(folder), Arc::clone(&gate))), gate)
}

impl Running {
    async fn end(self) {
        self.core.end().await;
        self.task.await.unwrap().unwrap();
    }

    /// The host of these tests, with one open alert.
    async fn with_alert(&self) {
        let agents = vec![Admission { key_hash: [1; 32], name: Some(text("web")) }];
        self.core.decide(Input::Admit { asker: admin(), agents }).await.unwrap();
        let reply = self.core.facts(HOST, STREAM, 1, vec![fact("disk", CheckState::Critical)]).await;
        assert_eq!(reply, Ok(FactsReply::Confirmed { through: 1, refused: None }));
    }

    fn head(&self) -> Revision {
        self.reader.meta().unwrap().head
    }

    /// The events of the journal, oldest first.
    fn events(&self) -> Vec<Event> {
        let entries = self.reader.entries(Revision(1), usize::MAX, usize::MAX).unwrap();
        let decoded = entries.into_iter().map(|entry| decode_entry_bytes(entry.bytes).unwrap());
        decoded.flat_map(|entry| entry.events).map(|(_, event)| event).collect()
    }
}

/// Waits until it is so; a minute is for ever.
async fn until(what: &str, mut so: impl FnMut() -> bool) {
    let end = tokio::time::Instant::now() + Duration::from_secs(60);
    while !so() {
        assert!(tokio::time::Instant::now() < end, "waited in vain until {what}");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// Something small that is always decided.
fn something() -> Input {
    let (who, what, why) = (text("nobody"), text("x"), text("y"));
    Input::Refused { who, identity: None, what, why, count: 1 }
}

fn fact(check: &str, state: CheckState) -> FactRead {
    let body = FactBody::Check {
        name: check.into(),
        state,
        hard: true,
        attempt: 1,
        max_attempts: 1,
        summary: text("words"),
        long_text: SafeText::default(),
        perfdata: SafeText::default(),
        interval_ms: 60_000,
    };
    Ok((Fact { at: Timestamp(5), body }, Vec::new()))
}

fn action(id: u128, verb: Verb) -> Action {
    let targets = Targets::Ids(vec![AlertId(1), AlertId(99)]);
    Action { id: ActionId(id), asker: operator(), seen: Revision(0), targets, dry_run: false, verb }
}

fn confirmed(through: u64) -> Result<FactsReply, CoreError> {
    Ok(FactsReply::Confirmed { through, refused: None })
}

/// The state as its rows say it is that of a replay of all entries.
fn assert_rows_are_a_replay(reader: &dyn JournalReader) -> Head {
    let head = Head::load(reader).unwrap();
    let mut replayed = Fleet::default();
    let mut counters = Counters::default();
    for stored in reader.entries(Revision(1), usize::MAX, usize::MAX).unwrap() {
        let entry = decode_entry_bytes(stored.bytes).unwrap();
        replayed.apply(&entry);
        counters.follow(&entry);
    }
    // The fleet's id stands in its certificates, not in an entry.
    replayed.profile.id = head.fleet.profile.id.clone();
    assert_eq!(head.fleet, replayed);
    assert_eq!(head.ledger.counters, counters);
    head
}

#[tokio::test]
async fn nothing_leaves_before_it_is_durable_and_then_all_in_order() {
    let folder = TempDir::new().unwrap();
    let (running, gate) = start_gated(folder.path());
    let order = Arc::new(Mutex::new(Vec::new()));
    let mut waiting = Vec::new();
    for _ in 0..50 {
        let (core, order, reader) = (running.core.clone(), Arc::clone(&order), Arc::clone(&running.reader));
        waiting.push(tokio::spawn(async move {
            let revision = core.decide(something()).await.unwrap().revision.unwrap();
            assert!(reader.meta().unwrap().head >= revision, "answered before it was durable");
            order.lock().unwrap().push(revision.0);
        }));
    }
    let core = running.core.clone();
    waiting.push(tokio::spawn(async move {
        let cut = core.cut().await.unwrap();
        assert_eq!((cut.fleet.revision, core.mark(HOST, STREAM).await), (Revision(50), Ok(0)));
    }));
    let core = running.core.clone();
    waiting.push(tokio::spawn(async move { assert_eq!(core.standing().await.unwrap().revision, Revision(50)) }));
    until("a commit is under way", || !gate.came().is_empty()).await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(waiting.iter().all(|one| !one.is_finished()), "even what is only read shows what is not durable yet");
    assert_eq!((running.outlet.durable.lock().unwrap().len(), *running.feed.head().borrow()), (0, Revision(0)));

    gate.open(usize::MAX);
    for one in waiting {
        one.await.unwrap();
    }
    assert_eq!(*order.lock().unwrap(), (1..=50).collect::<Vec<u64>>());
    assert_eq!(*running.outlet.durable.lock().unwrap(), (1..=50).map(Revision).collect::<Vec<_>>());
    assert_eq!(running.feed.after(Revision(0), 100).unwrap().len(), 50);
    assert!(gate.came().len() < 10, "what waits for the disk goes to it together: {:?}", gate.came());
    running.end().await;
}

#[tokio::test]
async fn a_failed_commit_ends_the_core_with_no_reply() {
    for good in 0..3_u64 {
        let folder = TempDir::new().unwrap();
        let running = start_on(FailingJournal::after(usize::try_from(good).unwrap(), sqlite(folder.path())));
        for _ in 0..good {
            running.core.decide(something()).await.unwrap();
        }
        let (decided, cut) = tokio::join!(running.core.decide(something()), running.core.cut());
        assert_eq!((decided, cut.err()), (Err(CoreError::Ending), Some(CoreError::Ending)));
        assert!(matches!(running.task.await.unwrap(), Err(CommitError::Storage { .. })));
        assert_eq!(running.core.decide(something()).await, Err(CoreError::Ending));
        assert_eq!(running.outlet.durable.lock().unwrap().len() as u64, good);
        assert_eq!(running.reader.meta().unwrap().head, Revision(good));
    }
}

#[tokio::test]
async fn a_journal_thread_that_dies_ends_the_core() {
    let folder = TempDir::new().unwrap();
    let running = start_on(Dying(sqlite(folder.path())));
    assert_eq!(running.core.decide(something()).await, Err(CoreError::Ending));
    assert!(matches!(running.task.await.unwrap(), Err(CommitError::NoWriter)));
}

#[tokio::test]
async fn a_repeat_gets_the_first_answer_also_after_a_restart() {
    let folder = TempDir::new().unwrap();
    let running = start(folder.path());
    running.with_alert().await;
    let ask = |id| Input::Action(action(id, ack(Until::Worse)));
    let dry = Action { dry_run: true, ..action(1, ack(Until::Worse)) };
    let tried = running.core.decide(Input::Action(dry)).await.unwrap();
    assert_eq!((tried.done, tried.revision), (vec![1], None));
    let first = running.core.decide(ask(1)).await.unwrap();
    assert_eq!((&first.done, first.failed.len()), (&vec![1], 1), "a dry run is not remembered");
    let (again, twice) = tokio::join!(running.core.decide(ask(1)), running.core.decide(ask(1)));
    assert_eq!((again.as_ref(), twice.as_ref()), (Ok(&first), Ok(&first)));
    let head = running.head();
    assert_eq!(first.revision, Some(head), "one entry");
    running.end().await;

    let running = start(folder.path());
    let close = Input::Action(action(1, Verb::Close { note: text("another verb, the same id") }));
    assert_eq!(running.core.decide(close).await, Ok(first));
    let nothing = Input::Action(Action { targets: ids(&[AlertId(99)]), ..action(2, ack(Until::Worse)) });
    let failed = running.core.decide(nothing.clone()).await.unwrap();
    assert_eq!((failed.failed.len(), failed.revision, running.head()), (1, None, head));
    running.end().await;
    let running = start(folder.path());
    assert_eq!(running.core.decide(nothing).await, Ok(failed), "an answer that changed nothing is remembered too");
    running.end().await;
}

#[tokio::test]
async fn facts_are_taken_in_exactly_once() {
    let folder = TempDir::new().unwrap();
    let running = start(folder.path());
    running.with_alert().await;
    let of = |count: usize| (0..count).map(|n| fact(&format!("c{n}"), CheckState::Ok)).collect::<Vec<_>>();
    assert_eq!(running.core.facts(HOST, STREAM, 2, of(3)).await, confirmed(4));
    let head = running.head();
    assert_eq!(running.core.facts(HOST, STREAM, 1, of(4)).await, confirmed(4), "known already");
    assert_eq!(running.head(), head);
    assert_eq!(running.core.facts(HOST, STREAM, 3, of(4)).await, confirmed(6), "two of them are new");
    assert_eq!(running.head(), Revision(head.0 + 2));
    assert_eq!(running.core.facts(HOST, STREAM, 8, of(1)).await, Ok(FactsReply::SendFrom(7)));
    assert_eq!(running.core.facts_lost(HOST, STREAM, 9, 12).await, Ok(FactsReply::SendFrom(7)));
    assert_eq!(running.core.facts_lost(HOST, STREAM, 5, 8).await, confirmed(8));
    assert_eq!(running.core.facts_lost(HOST, STREAM, 5, 8).await, confirmed(8), "said once");
    assert_eq!(running.core.facts(HOST, STREAM, 9, of(1)).await, confirmed(9));
    assert_eq!(running.core.facts(HOST, STREAM, 9, Vec::new()).await, confirmed(9));
    let lost = Event::Hosts(hosts::Event::FactsLost { host: HOST, stream: STREAM, from: 7, to: 8 });
    assert_eq!(
        running
            .events()
            .iter()
            .filter(|event| matches!(event, Event::Hosts(hosts::Event::FactsLost { .. })))
            .collect::<Vec<_>>(),
        [&lost]
    );
    running.end().await;

    let running = start(folder.path());
    assert_eq!(running.core.mark(HOST, STREAM).await, Ok(9));
    assert_eq!(running.core.facts(HOST, STREAM, 8, of(2)).await, confirmed(9));
    assert_eq!(running.core.mark(HOST, StreamId(8)).await, Ok(0), "another outbox begins anew");
    assert_eq!(running.core.facts(HOST, StreamId(8), 1, of(1)).await, confirmed(1));
    running.end().await;
}

#[tokio::test]
async fn a_fact_that_can_not_be_taken_in_holds_up_nothing() {
    let folder = TempDir::new().unwrap();
    let running = start(folder.path());
    running.with_alert().await;
    let facts = vec![Err("of another kind".to_owned()), fact("disk", CheckState::Ok)];
    let reply = running.core.facts(HOST, STREAM, 2, facts).await.unwrap();
    assert_eq!(reply, FactsReply::Confirmed { through: 3, refused: Some("of another kind".to_owned()) });
    let lost = Event::Hosts(hosts::Event::FactsLost { host: HOST, stream: STREAM, from: 2, to: 2 });
    assert!(running.events().contains(&lost), "the journal says so");
    assert_eq!(running.core.cut().await.unwrap().fleet.alerts.open().count(), 0, "the next one counts");

    // A host that makes up names.
    let mut next = 4;
    for from in (0..600).step_by(200) {
        let facts = (from..from + 200).map(|n| fact(&format!("c{n}"), CheckState::Ok)).collect();
        let reply = running.core.facts(HOST, STREAM, next, facts).await.unwrap();
        next += 200;
        let FactsReply::Confirmed { through, refused } = reply else { panic!("{reply:?}") };
        assert_eq!((through, refused.is_some()), (next - 1, from == 400));
    }
    assert_eq!(running.core.cut().await.unwrap().fleet.checks.count(HOST), 500);
    running.end().await;
}

#[tokio::test]
async fn hostile_numbers_break_nothing() {
    let folder = TempDir::new().unwrap();
    let running = start(folder.path());
    running.with_alert().await;
    let one = || vec![fact("disk", CheckState::Ok)];
    assert_eq!(running.core.facts(HOST, STREAM, u64::MAX, one()).await, Ok(FactsReply::SendFrom(2)));
    assert_eq!(running.core.facts_lost(HOST, STREAM, 2, u64::MAX).await, confirmed(u64::MAX));
    assert_eq!(running.core.facts(HOST, STREAM, u64::MAX, [one(), one()].concat()).await, confirmed(u64::MAX));
    assert_eq!(running.core.facts_lost(HOST, STREAM, u64::MAX, 0).await, confirmed(u64::MAX));
    for stream in 100..200 {
        assert_eq!(running.core.facts(HOST, StreamId(stream), 1, one()).await, confirmed(1));
    }
    running.end().await;
    let running = start(folder.path());
    let mut kept = 0;
    for stream in 100..200 {
        kept += running.core.mark(HOST, StreamId(stream)).await.unwrap();
    }
    assert_eq!(kept, 8, "the rows of forgotten outboxes are gone");
    running.core.decide(Input::Action(Action { asker: admin(), ..action(1, Verb::RetireHost(HOST)) })).await.unwrap();
    let refused = running.core.facts(HOST, StreamId(199), 1, one()).await;
    assert!(matches!(refused, Err(CoreError::Refused(Refusal::NotPermitted(_)))), "{refused:?}");
    running.end().await;
    let head = Head::load(sqlite(folder.path()).reader().as_ref()).unwrap();
    assert_eq!(head.ledger.mark(HOST, StreamId(199)), 0, "of a retired host nothing is kept");
}

#[tokio::test]
async fn long_text_is_durable_with_the_entry_that_names_it() {
    let folder = TempDir::new().unwrap();
    let running = start(folder.path());
    running.with_alert().await;
    let bytes = Bytes::from_static(b"many lines");
    let blob = BlobRecord { id: blob_id(&bytes), kind: 20, at: Timestamp(5), bytes: bytes.clone() };
    let told = fact("disk", CheckState::Warning).map(|(fact, _)| (fact, vec![blob.clone()]));
    assert_eq!(running.core.facts(HOST, STREAM, 2, vec![told]).await, confirmed(2));
    assert_eq!(running.reader.blob(blob.id).unwrap(), Some(bytes));
    let cut = running.core.cut().await.unwrap();
    assert_eq!(cut.fleet.checks.get(HOST, &"disk".into()).unwrap().output, Some(blob.id));
    running.end().await;
}

#[tokio::test]
async fn when_too_much_waits_actions_are_refused_and_facts_wait() {
    let folder = TempDir::new().unwrap();
    let (running, gate) = start_gated(folder.path());
    let mut waiting = Vec::new();
    let mut accepted = 0_u64;
    // One batch at the writer, one full and open, a full queue.
    loop {
        let core = running.core.clone();
        waiting.push(tokio::spawn(async move { core.decide(something()).await }));
        tokio::task::yield_now().await;
        if let Some(last) = waiting.pop_if(|last| last.is_finished()) {
            assert_eq!(last.await.unwrap(), Err(CoreError::Busy));
            break;
        }
        accepted += 1;
        assert!(accepted < 50_000, "the core takes in without end");
    }
    let core = running.core.clone();
    let facts = tokio::spawn(async move { core.facts(HOST, STREAM, 1, Vec::new()).await });
    let core = running.core.clone();
    let told = tokio::spawn(async move { core.tell(something()).await });
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert!(!facts.is_finished() && !told.is_finished());
    assert!(accepted >= 8_000, "{accepted}");

    gate.open(usize::MAX);
    for one in waiting {
        assert!(one.await.unwrap().is_ok(), "what was taken in is decided");
    }
    assert_eq!(facts.await.unwrap(), confirmed(0));
    told.await.unwrap();
    let largest = gate.came().iter().filter_map(|came| came.strip_prefix("commit of ")?.parse::<u64>().ok()).max();
    assert!(largest <= Some(4_096), "{largest:?}");
    running.core.cut().await.unwrap();
    assert_eq!(running.head(), Revision(accepted + 1));
    running.end().await;
}

#[tokio::test]
async fn without_space_nothing_is_decided_and_everything_is_read() {
    let folder = TempDir::new().unwrap();
    let running = start(folder.path());
    running.with_alert().await;
    let first = running.core.decide(Input::Action(action(1, ack(Until::Worse)))).await.unwrap();
    running.outlet.full.store(true, Ordering::Relaxed);
    let no_space = CoreError::NoSpace("nothing is free".to_owned());
    let close = |id| Input::Action(action(id, Verb::Close { note: text("") }));
    assert_eq!(running.core.decide(close(2)).await, Err(no_space.clone()));
    assert_eq!(running.core.facts(HOST, STREAM, 2, vec![fact("disk", CheckState::Ok)]).await, Err(no_space.clone()));
    assert_eq!(running.core.facts_lost(HOST, STREAM, 2, 3).await, Err(no_space));
    assert_eq!(running.core.decide(close(1)).await, Ok(first), "what was answered before is answered again");
    let cut = running.core.cut().await.unwrap();
    assert_eq!((cut.fleet.alerts.open().count(), running.core.mark(HOST, STREAM).await), (1, Ok(1)));
    assert_eq!(running.core.host(HOST).await.unwrap().unwrap().name.as_str(), "web");

    running.outlet.full.store(false, Ordering::Relaxed);
    assert_eq!(running.core.facts(HOST, STREAM, 2, vec![fact("disk", CheckState::Ok)]).await, confirmed(2));
    assert_eq!(running.core.decide(close(2)).await.unwrap().failed.len(), 2, "resolved by then");
    running.end().await;
}

#[tokio::test]
async fn a_later_revision_proves_a_restore_and_draws_one_new_epoch() {
    let folder = TempDir::new().unwrap();
    let running = start(folder.path());
    running.core.decide(something()).await.unwrap();
    let epoch = running.core.standing().await.unwrap().epoch;
    assert_eq!(running.core.restored(epoch, Revision(1)).await, Ok(epoch), "it has seen what is here");
    let (one, other) =
        tokio::join!(running.core.restored(epoch, Revision(2)), running.core.restored(epoch, Revision(9)));
    let new = one.clone().unwrap();
    assert_ne!(new, epoch);
    assert_eq!(one, other, "however many notice it");
    assert_eq!(running.core.restored(epoch, Revision(9)).await, Ok(new), "nor late");
    assert_eq!(running.core.cut().await.unwrap().epoch, new);
    running.end().await;
    let running = start(folder.path());
    assert_eq!(running.core.standing().await.unwrap().epoch, new, "it is durable");
    running.end().await;
}

#[tokio::test]
async fn a_new_epoch_does_not_wait_for_the_load_to_end() {
    let folder = TempDir::new().unwrap();
    let (running, gate) = start_gated(folder.path());
    let epoch = running.reader.meta().unwrap().epoch;
    let decide = || {
        let core = running.core.clone();
        tokio::spawn(async move { core.decide(something()).await })
    };
    let first = decide();
    until("the first commit is under way", || gate.came().len() == 1).await;
    let second = decide();
    let core = running.core.clone();
    let cut = tokio::spawn(async move { core.cut().await.unwrap() });
    let core = running.core.clone();
    let restored = tokio::spawn(async move { core.restored(epoch, Revision(1_000)).await.unwrap() });
    // All three are taken in while the first commit waits.
    let core = running.core.clone();
    let last = tokio::spawn(async move { core.mark(HOST, STREAM).await });
    until("they are taken in", || running.core.requests.capacity() == running.core.requests.max_capacity()).await;
    gate.open(usize::MAX);
    let new = restored.await.unwrap();
    assert_ne!(new, epoch);
    let cut = cut.await.unwrap();
    assert_eq!((cut.epoch, cut.fleet.revision), (new, Revision(2)), "what waits is told the epoch that counts");
    assert!(first.await.unwrap().is_ok() && second.await.unwrap().is_ok() && last.await.unwrap().is_ok());
    assert_eq!(gate.came(), ["commit of 1", "epoch", "commit of 1"]);
    running.end().await;
}

#[tokio::test]
async fn what_is_too_large_for_one_entry_is_refused_and_changes_nothing() {
    let folder = TempDir::new().unwrap();
    let running = start(folder.path());
    running.with_alert().await;
    let mut next = 2;
    for from in (0..400).step_by(100) {
        let facts = (from..from + 100).map(|n| fact(&format!("c{n}"), CheckState::Critical)).collect();
        running.core.facts(HOST, STREAM, next, facts).await.unwrap();
        next += 100;
    }
    let before = running.core.cut().await.unwrap().fleet;
    // 16 KiB hold no event with a note of 64 KiB, which the wire would have refused.
    let note = SafeText::block(&"long ".repeat(12_000));
    let refused = running.core.decide(Input::Action(action(3, Verb::Note { note }))).await;
    assert!(
        matches!(&refused, Err(CoreError::Refused(Refusal::Invalid(why))) if why.contains("one entry")),
        "{refused:?}"
    );
    assert_eq!(running.core.cut().await.unwrap().fleet, before);
    running.end().await;
}

/// What an agent and an operator do until it is confirmed: facts are sent again from where the hub stands, actions with
/// the same id.
struct Persistent {
    facts: u64,
    answered: Vec<(u128, Answer)>,
}

impl Persistent {
    const FACTS: u64 = 40;
    const ACTIONS: u128 = 12;

    async fn go_on(&mut self, core: &CoreHandle) -> Result<(), CoreError> {
        if core.host(HOST).await?.is_none() {
            let agents = vec![Admission { key_hash: [1; 32], name: Some(text("web")) }];
            core.decide(Input::Admit { asker: admin(), agents }).await?;
        }
        let mut next = core.mark(HOST, STREAM).await? + 1;
        assert!(next > self.facts, "what was confirmed was lost");
        while next <= Self::FACTS || (self.answered.len() as u128) < Self::ACTIONS {
            let run = (next..=Self::FACTS.min(next + 2)).map(|n| {
                let state = if n % 3 == 0 { CheckState::Ok } else { CheckState::Critical };
                fact(&format!("c{}", n % 4), state)
            });
            let run: Vec<_> = run.collect();
            let id = self.answered.len() as u128 + 1;
            let note = text(&format!("note {id}"));
            let verb = if id.is_multiple_of(2) {
                Verb::Note { note }
            } else {
                Verb::Snooze { until: Timestamp(i64::MAX / 2_000_000), note }
            };
            let act = Action { targets: ids(&[AlertId(1), AlertId(2)]), ..action(id, verb) };
            let (told, done) = tokio::join!(core.facts(HOST, STREAM, next, run), core.decide(Input::Action(act)));
            if let FactsReply::Confirmed { through, .. } = told? {
                self.facts = through;
                next = through + 1;
            }
            match done {
                Ok(answer) => self.answered.push((id, answer)),
                Err(CoreError::Refused(_)) => self.answered.push((id, Answer::default())),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

#[tokio::test]
async fn killed_between_any_two_commits_nothing_confirmed_is_lost_and_nothing_is_doubled() {
    let folder = TempDir::new().unwrap();
    let mut persistent = Persistent { facts: 0, answered: Vec::new() };
    let mut lives = 0;
    loop {
        lives += 1;
        let (journal, good) = (sqlite(folder.path()), lives % 3);
        // Killed before a commit is durable, or when it is and nobody has been told.
        let running = match lives % 2 {
            0 => start_on(FailingJournal::after(good, journal)),
            _ => start_on(Untold { inner: journal, good }),
        };
        let ended = persistent.go_on(&running.core).await;
        running.core.end().await;
        let died = running.task.await.unwrap().is_err();
        assert_eq!(ended.is_err(), died);
        let head = assert_rows_are_a_replay(running.reader.as_ref());
        assert!(head.ledger.mark(HOST, STREAM) >= persistent.facts);
        for (id, answer) in &persistent.answered {
            assert!(answer.revision.is_none_or(|revision| revision <= head.fleet.revision));
            let remembered = head.ledger.answer(ActionId(*id));
            assert!(remembered.is_none_or(|remembered| remembered == answer), "the first answer is the answer");
        }
        if !died {
            break;
        }
        assert!(lives < 500, "it never gets done");
    }
    assert!(lives > 10, "it died {lives} times only");
    let journal = sqlite(folder.path());
    let reader = journal.reader();
    let running = start_on(journal);
    let is_result = |event: &&Event| matches!(event, Event::Checks(checks::Event::Changed { .. }));
    let results = running.events().iter().filter(is_result).count() as u64;
    assert_eq!(results, Persistent::FACTS, "each fact once");
    let mut revisions: Vec<_> = persistent.answered.iter().filter_map(|(_, answer)| answer.revision).collect();
    let answered = revisions.len();
    revisions.dedup();
    assert_eq!(revisions.len(), answered, "each action is one entry");
    assert!(reader.verify().is_ok());
    running.end().await;
}
