//! A console's link to a hub that answers by the test's word: snapshots, resuming, lost links, acts, late answers.

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::DuplexStream;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::Server;
use tonic::{Request, Response, Status};

use watchfloor::console::act::{Act, ActEnd, Targets, Verb, new_action_id};
use watchfloor::console::acts::{Acts, Reading, Report, Row};
use watchfloor::console::ask::{Answer, Ask, Detail, Topic};
use watchfloor::console::link_task::{FromLink, LinkConfig, LinkHandle, News, Reach, spawn};
use watchfloor::console::replica::{FleetIndex, LinkState, Replica, Replicas};
use watchfloor::fleet::derived::first_look::Look;
use watchfloor::fleet::hosts::{self, HostState};
use watchfloor::fleet::identity::{Audience, Role};
use watchfloor::fleet::state::{Actor, Entry, Event, Fleet};
use watchfloor::fleet::words::{
    AlertId, CheckState, ClientId, HostClass, HostId, IdentityId, Revision, SafeText, SiteId, Timestamp,
};
use watchfloor::link::{Address, Pipe};
use watchfloor::trust::{Authority, Credential, Kind};
use watchfloor::wire::pb::console_server::{Console, ConsoleServer};
use watchfloor::wire::pb::frame::Body;
use watchfloor::wire::{EncodedEntry, pb, rows_of};

const FLEET: FleetIndex = FleetIndex(0);
/// Virtual time: the clock of these tests runs on only while all wait.
const PATIENCE: Duration = Duration::from_secs(600);
const HUB_TIME: i64 = 1_700_000_000_000;

type Stream<T> = ReceiverStream<Result<T, Status>>;
type Reply<T> = oneshot::Sender<Result<T, Status>>;

/// Calls of the console, for the test to answer.
#[derive(Clone)]
struct Fake {
    watches: mpsc::Sender<(pb::WatchRequest, mpsc::Sender<Result<pb::Frame, Status>>)>,
    acts: mpsc::Sender<(pb::ActRequest, Reply<pb::ActReply>)>,
    queries: mpsc::Sender<(pb::QueryRequest, Reply<pb::QueryReply>)>,
    role: Arc<Mutex<Option<pb::Role>>>,
}

#[tonic::async_trait]
impl Console for Fake {
    async fn hello(&self, _: Request<pb::HelloRequest>) -> Result<Response<pb::HelloReply>, Status> {
        let role = *self.role.lock().unwrap();
        let role = role.ok_or_else(|| Status::permission_denied("your certificate was revoked: enrol again"))?;
        let identity_name = "anna".into();
        let hello =
            pb::HelloReply { role: role.into(), identity_name, hub_time: HUB_TIME, ..pb::HelloReply::default() };
        Ok(Response::new(hello))
    }

    type WatchStream = Stream<pb::Frame>;
    async fn watch(&self, request: Request<pb::WatchRequest>) -> Result<Response<Self::WatchStream>, Status> {
        let role = *self.role.lock().unwrap();
        role.ok_or_else(|| Status::permission_denied("your certificate was revoked: enrol again"))?;
        let (out, stream) = mpsc::channel(64);
        self.watches.send((request.into_inner(), out)).await.unwrap();
        Ok(Response::new(ReceiverStream::new(stream)))
    }

    async fn act(&self, request: Request<pb::ActRequest>) -> Result<Response<pb::ActReply>, Status> {
        let (reply, answer) = oneshot::channel();
        self.acts.send((request.into_inner(), reply)).await.unwrap();
        match answer.await {
            Ok(answer) => answer.map(Response::new),
            Err(_) => std::future::pending().await,
        }
    }

    type QueryStream = Stream<pb::QueryReply>;
    async fn query(&self, request: Request<pb::QueryRequest>) -> Result<Response<Self::QueryStream>, Status> {
        let (reply, answer) = oneshot::channel();
        self.queries.send((request.into_inner(), reply)).await.unwrap();
        let (out, stream) = mpsc::channel(1);
        tokio::spawn(async move {
            if let Ok(answer) = answer.await {
                let _ = out.send(answer).await;
            }
        });
        Ok(Response::new(ReceiverStream::new(stream)))
    }

    async fn history(&self, request: Request<pb::HistoryRequest>) -> Result<Response<pb::HistoryReply>, Status> {
        let name = request.into_inner().series.concat();
        let series = vec![pb::Series { name, at: vec![1, 2, 3], values: vec![0.5, f64::NAN, 0.7] }];
        Ok(Response::new(pb::HistoryReply { hub_time: 4, series }))
    }

    type BlobStream = Stream<pb::BlobChunk>;
    async fn blob(&self, _: Request<pb::BlobRequest>) -> Result<Response<Self::BlobStream>, Status> {
        let (out, stream) = mpsc::channel(1);
        tokio::spawn(async move {
            let chunk = pb::BlobChunk { bytes: vec![b'\x1b'; 64 << 10].into() };
            while out.send(Ok(chunk.clone())).await.is_ok() {}
        });
        Ok(Response::new(ReceiverStream::new(stream)))
    }

    async fn sign(&self, _: Request<pb::SignRequest>) -> Result<Response<pb::SignReply>, Status> {
        Err(Status::unimplemented("no"))
    }

    async fn renew(&self, _: Request<pb::RenewRequest>) -> Result<Response<pb::RenewReply>, Status> {
        Err(Status::unimplemented("no"))
    }
}

/// The hub's side of the test.
struct Hub {
    watches: mpsc::Receiver<(pb::WatchRequest, mpsc::Sender<Result<pb::Frame, Status>>)>,
    acts: mpsc::Receiver<(pb::ActRequest, Reply<pb::ActReply>)>,
    queries: mpsc::Receiver<(pb::QueryRequest, Reply<pb::QueryReply>)>,
    role: Arc<Mutex<Option<pb::Role>>>,
    /// Each runs between a console's end of a pipe and the server's; empty while no hub is there.
    wires: Arc<Mutex<Option<Vec<JoinHandle<()>>>>>,
    out: Option<mpsc::Sender<Result<pb::Frame, Status>>>,
}

/// The console's side: what a loop of screens holds.
struct Screens {
    link: LinkHandle,
    news: mpsc::Receiver<FromLink>,
    replicas: Replicas,
    acts: Acts,
    reports: Vec<Report>,
    answers: Vec<Answer>,
    troubles: Vec<String>,
    states: Vec<&'static str>,
}

fn start() -> (Hub, Screens) {
    start_with(|reach| reach)
}

fn start_with(more: impl FnOnce(Reach) -> Reach) -> (Hub, Screens) {
    let (watches, watched) = mpsc::channel(8);
    let (acts, acted) = mpsc::channel(64);
    let (queries, queried) = mpsc::channel(8);
    let role = Arc::new(Mutex::new(Some(pb::Role::Operator)));
    let (ends, incoming) = mpsc::channel::<io::Result<DuplexStream>>(8);
    let service = Fake { watches, acts, queries, role: Arc::clone(&role) };
    tokio::spawn(
        Server::builder().add_service(ConsoleServer::new(service)).serve_with_incoming(ReceiverStream::new(incoming)),
    );
    let wires = Arc::new(Mutex::new(Some(Vec::new())));
    let laid = Arc::clone(&wires);
    let pipe = Pipe::new(move || {
        let mut laid = laid.lock().unwrap();
        let laid = laid.as_mut().ok_or(io::ErrorKind::ConnectionRefused)?;
        let (near, mut middle) = tokio::io::duplex(16 << 10);
        let (mut behind, far) = tokio::io::duplex(16 << 10);
        laid.push(tokio::spawn(async move {
            let _ = tokio::io::copy_bidirectional(&mut middle, &mut behind).await;
        }));
        ends.try_send(Ok(far)).map_err(|_| io::ErrorKind::ConnectionRefused)?;
        Ok(near)
    });
    let (out, news) = mpsc::channel(4);
    let reach = Reach::fixed(vec![Address::Pipe(pipe)], None);
    let link = spawn(LinkConfig { fleet: FLEET, reach: more(reach), look: watch::channel(Look::default()).1 }, out);
    let replicas = Replicas::new(vec![Replica::new("main", now())]);
    let hub = Hub { watches: watched, acts: acted, queries: queried, role, wires, out: None };
    let (acts, reports, answers, troubles) = (Acts::default(), Vec::new(), Vec::new(), Vec::new());
    (hub, Screens { link, news, replicas, acts, reports, answers, troubles, states: Vec::new() })
}

fn now() -> std::time::Instant {
    Instant::now().into_std()
}

/// A fleet with some hosts, each up.
fn fleet(names: &[&str]) -> Fleet {
    let mut fleet = Fleet::default();
    for (index, name) in names.iter().enumerate() {
        let host = HostId(index as u64 + 1);
        fleet.apply(&entry(fleet.revision.0 + 1, enrolled(host, name)));
        fleet.apply(&entry(fleet.revision.0 + 1, state(host, HostState::Up)));
    }
    fleet
}

fn enrolled(host: HostId, name: &str) -> Event {
    Event::Hosts(hosts::Event::Enrolled {
        host,
        name: SafeText::new(name),
        client: ClientId::from("acme"),
        site: SiteId::from("hq"),
        class: HostClass::Server,
        tags: Vec::new(),
        identity: IdentityId(host.0),
        synthetic: false,
    })
}

fn state(host: HostId, state: HostState) -> Event {
    Event::Hosts(hosts::Event::StateChanged { host, state, reason: "heard".into(), last_seen: Some(Timestamp(5)) })
}

fn entry(revision: u64, event: Event) -> Entry {
    let events = vec![(Audience::EVERYONE, event)];
    Entry { revision: Revision(revision), at: Timestamp(1_000), actor: Actor::rule("test"), events }
}

fn message(entry: &Entry) -> pb::Entry {
    EncodedEntry::new(entry).unwrap().to_message()
}

impl Hub {
    /// Waits for a console to watch, and says from where.
    async fn watched(&mut self) -> (u64, u64) {
        let (request, out) = timeout(PATIENCE, self.watches.recv()).await.expect("a watch").unwrap();
        self.out = Some(out);
        (request.epoch, request.revision)
    }

    async fn send(&self, body: Body) {
        let frame = pb::Frame { hub_time: HUB_TIME, body: Some(body) };
        self.out.as_ref().unwrap().send(Ok(frame)).await.expect("a console that listens");
    }

    async fn begin(&self, epoch: u64, fleet: &Fleet) {
        let role = self.role.lock().unwrap().unwrap().into();
        let begin = pb::SnapshotBegin { epoch, revision: fleet.revision.0, role, client: String::new() };
        self.send(Body::SnapshotBegin(begin)).await;
        for row in rows_of(fleet) {
            self.send(Body::SnapshotRows(pb::SnapshotRows { rows: vec![row] })).await;
        }
    }

    async fn snapshot(&self, epoch: u64, fleet: &Fleet) {
        self.begin(epoch, fleet).await;
        self.send(Body::SnapshotEnd(pb::SnapshotEnd {})).await;
    }

    async fn entries(&self, from: u64, through: u64, entries: &[Entry]) {
        let entries = entries.iter().map(message).collect();
        self.send(Body::Entries(pb::Entries { from, through, entries })).await;
    }

    /// The cable is pulled: streams that stand end, and nobody answers a new call while `dead`.
    fn cut(&mut self, dead: bool) {
        let mut wires = self.wires.lock().unwrap();
        wires.take().into_iter().flatten().for_each(|wire| wire.abort());
        *wires = (!dead).then(Vec::new);
        self.out = None;
    }

    fn back(&self) {
        *self.wires.lock().unwrap() = Some(Vec::new());
    }

    async fn acted(&mut self) -> (pb::ActRequest, Reply<pb::ActReply>) {
        timeout(PATIENCE, self.acts.recv()).await.expect("an act").unwrap()
    }

    async fn queried(&mut self) -> (pb::QueryRequest, Reply<pb::QueryReply>) {
        timeout(PATIENCE, self.queries.recv()).await.expect("a query").unwrap()
    }
}

impl Screens {
    fn replica(&self) -> &Replica {
        self.replicas.get(FLEET).unwrap()
    }

    fn names(&self) -> Vec<String> {
        self.replica().fleet().hosts.hosts.values().map(|host| host.name.to_string()).collect()
    }

    fn take(&mut self, from: FromLink) {
        assert_eq!(from.fleet, FLEET);
        match from.news {
            News::Update(update) => {
                self.replicas.apply(from.fleet, update);
                let held = self.replica().position();
                self.acts.arrived(FLEET, held);
                let word = self.replica().link().word();
                if self.states.last() != Some(&word) {
                    self.states.push(word);
                }
            }
            News::ActDone { tag, end } => {
                let held = self.replica().position();
                self.reports.extend(self.acts.ended(tag, end, held));
            }
            News::Answer(answer) => self.answers.push(answer),
            News::Trouble(what) => self.troubles.push(what.as_str().to_owned()),
        }
    }

    /// Takes what the link tells until it is as wanted.
    async fn until(&mut self, what: &str, wanted: impl Fn(&Self) -> bool) {
        while !wanted(self) {
            let Ok(news) = timeout(PATIENCE, self.news.recv()).await else {
                panic!("waited for {what}; {:?}, {:?}", self.replica().link(), self.reports);
            };
            self.take(news.expect("the link task runs"));
        }
    }

    /// Takes what the link tells during a time.
    async fn for_a_while(&mut self, time: Duration) {
        let end = Instant::now() + time;
        while let Ok(news) = tokio::time::timeout_at(end, self.news.recv()).await {
            self.take(news.expect("the link task runs"));
        }
    }

    async fn live(&mut self) {
        self.until("a live link", |screens| screens.replica().link().is_live()).await;
    }

    async fn lost(&mut self) {
        self.until("a lost link", |screens| matches!(screens.replica().link(), LinkState::Lost { .. })).await;
    }

    fn note(&mut self, alert: u64) -> u128 {
        let act = Act {
            id: new_action_id().unwrap(),
            seen: self.replica().position().revision,
            targets: Targets::Alerts(vec![AlertId(alert)]),
            dry_run: false,
            verb: Verb::Note { note: "on it".into() },
        };
        let id = act.id.0;
        let tag = self.acts.begin(FLEET, act.clone(), now());
        self.link.ask(Ask::Act { tag, act: Box::new(act) }).expect("room");
        id
    }

    fn ask(&self, generation: u64, about: Topic) {
        self.link.ask(Ask::Detail { generation, about }).expect("room");
    }

    fn last_end(&self) -> &ActEnd {
        &self.reports.last().expect("an act ended").end
    }
}

async fn linked() -> (Hub, Screens, Fleet) {
    linked_as(start()).await
}

async fn linked_as((mut hub, mut screens): (Hub, Screens)) -> (Hub, Screens, Fleet) {
    let fleet = fleet(&["web-1", "db-1"]);
    assert_eq!(hub.watched().await, (0, 0));
    hub.snapshot(9, &fleet).await;
    screens.live().await;
    (hub, screens, fleet)
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_and_entries_make_the_hubs_state() {
    let (hub, mut screens, mut fleet) = linked().await;
    assert_eq!(screens.replica().fleet(), &fleet);
    assert_eq!((screens.replica().role(), screens.replica().scope()), (Some(Role::Operator), None));
    assert_eq!(screens.replica().greeting().map(|greeting| greeting.identity.as_str()), Some("anna"));
    assert_eq!(screens.replica().counts().total().servers().up, 2);
    let down = entry(6, state(HostId(1), HostState::Down));
    hub.entries(4, 8, std::slice::from_ref(&down)).await;
    let glance = pb::Glance { host: 2, last_seen: Some(77), cpu: Some(f32::NAN), ..pb::Glance::default() };
    hub.send(Body::Glances(pb::Glances { hosts: vec![glance] })).await;
    screens.until("a glance", |screens| screens.replica().glance(HostId(2)).is_some()).await;
    fleet.apply(&down);
    fleet.revision = Revision(8);
    assert_eq!(screens.replica().fleet(), &fleet);
    let acme = screens.replica().counts().client(&ClientId::from("acme")).unwrap();
    assert_eq!((acme.tally.servers().up, acme.tally.servers().should), (1, 2));
    assert_eq!(acme.oldest_seen(), Some(Timestamp(5)));
    assert_eq!(screens.replica().glance(HostId(2)).unwrap().cpu, None, "NaN is no number");
    assert_eq!(screens.states, ["connecting", "live"]);
}

#[tokio::test(start_paused = true)]
async fn after_a_cut_the_rows_go_stale_and_the_stream_goes_on_where_it_was() {
    let (mut hub, mut screens, _) = linked().await;
    hub.entries(4, 5, &[entry(5, state(HostId(1), HostState::Silent))]).await;
    screens.until("the entry", |screens| screens.replica().position().revision == Revision(5)).await;
    hub.cut(true);
    screens.lost().await;
    screens.for_a_while(Duration::from_secs(90)).await;
    assert_eq!(screens.names(), ["web-1", "db-1"], "a dead hub blanks nothing");
    assert!(screens.replica().is_stale());
    assert!(screens.replica().data_age(now()).unwrap() >= Duration::from_secs(90));
    hub.back();
    assert_eq!(hub.watched().await, (9, 5));
    hub.entries(5, 5, &[]).await;
    screens.live().await;
    hub.entries(5, 6, &[entry(6, state(HostId(1), HostState::Up))]).await;
    screens.until("the next entry", |screens| screens.replica().position().revision == Revision(6)).await;
    assert_eq!(screens.replica().counts().total().servers().up, 2);
}

#[tokio::test(start_paused = true)]
async fn another_epoch_is_swapped_in_whole() {
    let (mut hub, mut screens, _) = linked().await;
    hub.cut(false);
    assert_eq!(hub.watched().await, (9, 4));
    let other = fleet(&["mail-1"]);
    hub.begin(10, &other).await;
    screens.for_a_while(Duration::from_secs(3)).await;
    assert_eq!(screens.names(), ["web-1", "db-1"], "the old rows stay until the new ones are all here");
    assert!(screens.replica().is_stale());
    hub.send(Body::SnapshotEnd(pb::SnapshotEnd {})).await;
    screens.live().await;
    assert_eq!(screens.replica().fleet(), &other);
    assert_eq!(screens.replica().position().epoch.0, 10);
}

#[tokio::test(start_paused = true)]
async fn a_hub_that_says_nothing_is_lost_although_its_connection_stands() {
    let (mut hub, mut screens, _) = linked().await;
    for _ in 0..10 {
        hub.send(Body::Alive(pb::Alive {})).await;
        screens.for_a_while(Duration::from_secs(6)).await;
    }
    assert_eq!(screens.states, ["connecting", "live"], "proofs of life keep it up");
    screens.lost().await;
    let reason = screens.replica().link().reason().unwrap().to_string();
    assert!(reason.contains("nothing was heard for 10 s"), "{reason}");
    assert_eq!(hub.watched().await, (9, 4));
    hub.entries(4, 4, &[]).await;
    screens.live().await;
}

#[tokio::test(start_paused = true)]
async fn missing_entries_are_never_glossed_over() {
    let (mut hub, mut screens, _) = linked().await;
    hub.entries(7, 8, &[entry(8, state(HostId(1), HostState::Down))]).await;
    screens.lost().await;
    assert_eq!(screens.replica().position().revision, Revision(4));
    assert_eq!(hub.watched().await, (0, 0), "the fleet is fetched anew");
}

#[tokio::test(start_paused = true)]
async fn a_changed_role_gets_a_view_of_its_own() {
    let (mut hub, mut screens, fleet) = linked().await;
    *hub.role.lock().unwrap() = Some(pb::Role::Viewer);
    hub.cut(false);
    screens.lost().await;
    assert_eq!(hub.watched().await, (0, 0));
    hub.snapshot(9, &fleet).await;
    screens.live().await;
    assert!(!screens.replica().may(Role::Operator));
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_told_with_its_reason_and_tried_again() {
    let (mut hub, mut screens) = start();
    *hub.role.lock().unwrap() = None;
    screens.until("a refusal", |screens| matches!(screens.replica().link(), LinkState::Refused { .. })).await;
    let reason = screens.replica().link().reason().unwrap().to_string();
    assert!(reason.contains("enrol again"), "{reason}");
    *hub.role.lock().unwrap() = Some(pb::Role::Admin);
    screens.link.ask(Ask::Retry).unwrap();
    hub.watched().await;
    hub.snapshot(1, &fleet(&[])).await;
    screens.live().await;
}

#[tokio::test(start_paused = true)]
async fn an_event_of_a_newer_hub_makes_the_view_partial() {
    let (hub, mut screens, _) = linked().await;
    let newer = pb::EventRecord { audience: None, event: vec![0xfa, 0x7f, 0x02, 0x08, 0x01].into() };
    let entry = pb::Entry { revision: 5, events: vec![newer], ..pb::Entry::default() };
    hub.send(Body::Entries(pb::Entries { from: 4, through: 5, entries: vec![entry] })).await;
    screens.until("the entry", |screens| screens.replica().position().revision == Revision(5)).await;
    assert!(screens.replica().is_partial() && !screens.replica().is_stale());
}

#[tokio::test(start_paused = true)]
async fn an_act_is_marked_until_its_entry_arrives() {
    let (mut hub, mut screens, _) = linked().await;
    let id = screens.note(3);
    let (request, reply) = hub.acted().await;
    assert_eq!((&*request.id, request.seen), (&id.to_be_bytes()[..], 4));
    let failed = vec![pb::ActFailure { id: 3, why: "it is \u{1b}resolved".into() }];
    reply.send(Ok(pb::ActReply { epoch: 9, revision: 5, failed, ..pb::ActReply::default() })).unwrap();
    screens.until("the answer", |screens| !screens.reports.is_empty()).await;
    assert!(screens.acts.about(FLEET, Row::Alert(AlertId(3))).is_some());
    assert_eq!(screens.acts.failure(FLEET, AlertId(3)).map(SafeText::as_str), Some("it is ␛resolved"));
    hub.entries(4, 5, &[]).await;
    screens.until("the entry", |screens| screens.replica().position().revision == Revision(5)).await;
    assert!(screens.acts.about(FLEET, Row::Alert(AlertId(3))).is_none());
    screens.note(4);
    hub.acted().await.1.send(Err(Status::permission_denied("ask an admin"))).unwrap();
    screens.until("the refusal", |screens| screens.reports.len() == 2).await;
    assert!(matches!(screens.last_end(), ActEnd::Refused(why) if why.as_str().contains("ask an admin")));
}

#[tokio::test(start_paused = true)]
async fn a_lost_reply_is_asked_for_again_under_the_same_id() {
    let (mut hub, mut screens, _) = linked().await;
    let id = screens.note(3);
    let (_, _lost) = hub.acted().await;
    hub.cut(false);
    hub.watched().await;
    hub.entries(4, 4, &[]).await;
    let (request, reply) = hub.acted().await;
    assert_eq!(&*request.id, &id.to_be_bytes()[..], "the hub gives a repeat its first answer");
    reply.send(Ok(pb::ActReply { epoch: 9, revision: 4, done: vec![3], ..pb::ActReply::default() })).unwrap();
    screens.until("the answer", |screens| !screens.reports.is_empty()).await;
    assert!(matches!(screens.last_end(), ActEnd::Answered(answer) if answer.done == [3]));
    assert!(!screens.acts.has_unsent());
}

#[tokio::test(start_paused = true)]
async fn a_hub_that_never_answers_leaves_the_act_not_sent() {
    let (mut hub, mut screens, _) = linked().await;
    screens.note(3);
    let alive = {
        let out = hub.out.clone().unwrap();
        tokio::spawn(async move {
            let frame = pb::Frame { hub_time: 1, body: Some(Body::Alive(pb::Alive {})) };
            while out.send(Ok(frame.clone())).await.is_ok() {
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        })
    };
    screens.until("the end", |screens| !screens.reports.is_empty()).await;
    assert!(matches!(screens.last_end(), ActEnd::NotSent { perhaps_done: true, .. }), "{:?}", screens.last_end());
    let (first, again) = (hub.acted().await.0, hub.acted().await.0);
    assert_eq!((first.id, hub.acts.len()), (again.id, 0), "asked twice, no more");
    assert!(screens.acts.has_unsent(), "q must not leave");
    assert!(screens.replica().link().is_live());
    alive.abort();
}

#[tokio::test(start_paused = true)]
async fn without_a_hub_an_act_is_not_sent_after_five_seconds_and_never_later() {
    let (mut hub, mut screens, _) = linked().await;
    hub.cut(true);
    screens.lost().await;
    let asked = now();
    screens.note(3);
    screens.until("the end", |screens| !screens.reports.is_empty()).await;
    assert!(matches!(screens.last_end(), ActEnd::NotSent { perhaps_done: false, .. }), "{:?}", screens.last_end());
    let waited = now() - asked;
    assert!((5.0..5.1).contains(&waited.as_secs_f64()), "{waited:?}");
    assert_eq!(screens.acts.pending().next().map(|act| act.reading(now())), Some(Reading::NotSent));
    hub.back();
    hub.watched().await;
    hub.entries(4, 4, &[]).await;
    screens.live().await;
    screens.for_a_while(Duration::from_secs(5)).await;
    assert!(hub.acts.is_empty(), "what read NOT SENT is not done behind the person's back");
}

#[tokio::test(start_paused = true)]
async fn a_newer_question_drops_the_older_one() {
    let (mut hub, mut screens, _) = linked().await;
    screens.ask(1, Topic::Host(HostId(1)));
    let (first, late) = hub.queried().await;
    screens.ask(2, Topic::Host(HostId(2)));
    let (second, reply) = hub.queried().await;
    assert_eq!((first.id, second.id), (1, 2));
    let reading = pb::CheckReading { check: "cpu".into(), ..pb::CheckReading::default() };
    let page = pb::QueryReply { hub_time: 8, readings: vec![reading], ..pb::QueryReply::default() };
    reply.send(Ok(page)).unwrap();
    let _ = late.send(Ok(pb::QueryReply::default()));
    screens.until("the answer", |screens| !screens.answers.is_empty()).await;
    hub.send(Body::Alive(pb::Alive {})).await;
    screens.for_a_while(Duration::from_secs(5)).await;
    let [answer] = &screens.answers[..] else { panic!("{:?}", screens.answers) };
    let Ok(Detail::Host(detail)) = &answer.result else { panic!("{answer:?}") };
    assert_eq!((answer.generation, detail.at, detail.readings[0].state), (2, Timestamp(8), CheckState::Pending));
}

#[tokio::test(start_paused = true)]
async fn questions_of_different_kinds_are_answered_and_bounded() {
    let (mut hub, mut screens, _) = linked().await;
    let series = vec!["cpu.busy".to_owned()];
    let (from, to) = (Timestamp(0), Timestamp(9));
    screens.ask(1, Topic::History { host: HostId(1), series, from, to, points: 60 });
    screens.ask(1, Topic::Blob(watchfloor::fleet::words::BlobId([7; 32])));
    screens.ask(1, Topic::Journal { before: Some(Revision(4)), limit: 2 });
    let (request, reply) = hub.queried().await;
    assert_eq!((request.before, request.limit), (4, 2));
    let entries = [3, 2, 1].map(|revision| message(&entry(revision, state(HostId(1), HostState::Up)))).to_vec();
    reply.send(Ok(pb::QueryReply { entries, ..pb::QueryReply::default() })).unwrap();
    screens.until("three answers", |screens| screens.answers.len() == 3).await;
    for answer in &screens.answers {
        match answer.result.as_ref().expect("an answer") {
            Detail::History(series) => {
                assert_eq!(series[0].points, [(Timestamp(1), 0.5), (Timestamp(3), 0.7)], "NaN is no point");
            }
            Detail::Blob { text, cut } => {
                assert!(*cut, "a blob without end is cut");
                assert!(text.as_str().len() <= 2 << 20 && !text.as_str().contains('\u{1b}'));
            }
            Detail::Entries(entries) => {
                let revisions: Vec<u64> = entries.iter().map(|entry| entry.revision.0).collect();
                assert_eq!(revisions, [3, 2], "no more than were asked for");
            }
            other => panic!("nobody asked for {other:?}"),
        }
    }
    hub.cut(true);
    screens.lost().await;
    screens.ask(2, Topic::Timeline(AlertId(1)));
    screens.until("an answer without a hub", |screens| screens.answers.len() == 4).await;
    assert!(screens.answers[3].result.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_slow_screen_slows_the_link_and_loses_nothing() {
    let (hub, mut screens, _) = linked().await;
    let sender = hub.out.clone().unwrap();
    let flood = tokio::spawn(async move {
        for revision in 5..=2_004 {
            let entries = vec![message(&entry(revision, state(HostId(1), HostState::Up)))];
            let body = Body::Entries(pb::Entries { from: revision - 1, through: revision, entries });
            sender.send(Ok(pb::Frame { hub_time: 1, body: Some(body) })).await.unwrap();
        }
        sender
    });
    tokio::time::sleep(Duration::from_secs(30)).await;
    assert!(screens.news.len() <= 4, "what waits for the screens is bounded");
    screens.until("all entries", |screens| screens.replica().position().revision == Revision(2_004)).await;
    assert_eq!(screens.states, ["connecting", "live"], "what the screens need is no silence of the hub");
    drop(flood.await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn a_certificate_that_cannot_be_renewed_is_told_tried_again_after_a_pause_and_holds_up_nothing() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().to_owned();
    let life = Duration::from_secs(30 * 86_400);
    let issued = Timestamp(HUB_TIME) - life * 2 / 3;
    let authority = Authority::ephemeral(issued).unwrap();
    let old = authority.issue_credential(Kind::Operator, IdentityId(7), issued).unwrap();
    old.save(&dir).unwrap();
    let (mut hub, mut screens, _) = linked_as(start_with(|reach| reach.renewed_in(dir.clone()))).await;
    let beats = hub.out.clone().unwrap();
    tokio::spawn(async move {
        let alive = || pb::Frame { hub_time: HUB_TIME, body: Some(Body::Alive(pb::Alive {})) };
        while beats.send(Ok(alive())).await.is_ok() {
            tokio::time::sleep(Duration::from_secs(2)).await;
        }
    });
    screens.until("why", |screens| screens.troubles.len() == 1).await;
    assert!(screens.troubles[0].contains("not renewed") && screens.troubles[0].contains("10 min"));
    let first = Instant::now();
    screens.note(1);
    let (_, reply) = hub.acted().await;
    reply.send(Ok(pb::ActReply { epoch: 9, revision: 4, done: vec![1], ..pb::ActReply::default() })).unwrap();
    screens.until("an answer", |screens| !screens.reports.is_empty()).await;
    while screens.troubles.len() < 2 {
        screens.for_a_while(Duration::from_secs(5)).await;
    }
    assert!(first.elapsed() >= Duration::from_secs(600) && first.elapsed() < Duration::from_secs(660));
    assert_eq!(screens.states, ["connecting", "live"]);
    assert_eq!(Credential::load(&dir).unwrap().unwrap().key(), old.key(), "the old one stands");
}
