//! A whole agent against a hub that a test plays: facts exactly once, whatever ends when.

use std::collections::BTreeMap;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use futures_util::Stream;
use tokio::io::{DuplexStream, duplex};
use tokio::net::UnixListener;
use tokio::sync::mpsc;
use tokio_stream::wrappers::{ReceiverStream, UnboundedReceiverStream, UnixListenerStream};
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status, Streaming};

use watchfloor::agent::dialler::Dialler;
use watchfloor::agent::{Agent, AgentConfig};
use watchfloor::fleet::checks::{Attempts, Transition};
use watchfloor::fleet::configuration::{AssignedCheck, Assignment, CheckKind, Provenance};
use watchfloor::fleet::fact::{Fact, FactBody};
use watchfloor::fleet::identity::Hands;
use watchfloor::fleet::words::{CheckName, CheckState};
use watchfloor::link::{Address, Pipe};
use watchfloor::settings::agent::AgentSettings;
use watchfloor::wire::pb::agent_message::Body;
use watchfloor::wire::pb::agent_server::{Agent as AgentService, AgentServer};
use watchfloor::wire::pb::hub_message::Body as Word;
use watchfloor::wire::pb::{self, AgentMessage, HubMessage};
use watchfloor::wire::{assignment_hash, decode_fact, encode_assignment};

/// What the played hub holds, and how it behaves.
#[derive(Default)]
struct Held {
    /// Facts by stream and number, as a journal would hold them.
    facts: BTreeMap<(u64, u64), Fact>,
    marks: BTreeMap<u64, u64>,
    lost: Vec<(u64, u64)>,
    openings: Vec<pb::Opening>,
    reports: Vec<pb::Report>,
    held_assignments: Vec<Vec<u8>>,
    goodbyes: u32,
    assignment: Option<Assignment>,
    /// Break the stream after this many more messages with facts, once before and once after they are durable.
    breaks: Vec<(u32, bool)>,
    words: Option<mpsc::Sender<Result<HubMessage, Status>>>,
    down: bool,
}

#[derive(Clone)]
struct Hub {
    held: Arc<Mutex<Held>>,
    doors: mpsc::UnboundedSender<io::Result<DuplexStream>>,
}

impl Hub {
    fn open() -> Self {
        let (doors, incoming) = mpsc::unbounded_channel();
        let hub = Self { held: Arc::default(), doors };
        let server = tonic::transport::Server::builder().add_service(AgentServer::new(hub.clone()));
        tokio::spawn(server.serve_with_incoming(UnboundedReceiverStream::new(incoming)));
        hub
    }

    /// The same hub behind a socket, for an agent in a process of its own.
    fn at_socket(&self, path: &Path) {
        let incoming = UnixListenerStream::new(UnixListener::bind(path).unwrap());
        let server = tonic::transport::Server::builder().add_service(AgentServer::new(self.clone()));
        tokio::spawn(server.serve_with_incoming(incoming));
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap()
    }

    fn dialler(&self) -> Dialler {
        let hub = self.clone();
        Dialler::local(vec![Address::Pipe(Pipe::new(move || {
            if hub.held().down {
                return Err(io::ErrorKind::ConnectionRefused.into());
            }
            let (near, far) = duplex(64 * 1024);
            hub.doors.send(Ok(far)).map_err(|_| io::ErrorKind::BrokenPipe)?;
            Ok(near)
        }))])
    }

    async fn until(&self, what: &str, holds: impl Fn(&Held) -> bool) {
        let waiting = async {
            while !holds(&self.held()) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        assert!(tokio::time::timeout(Duration::from_secs(60), waiting).await.is_ok(), "{what}");
    }

    /// The states of one check in the order they were told, over all streams.
    fn states(&self, check: &str) -> Vec<CheckState> {
        let held = self.held();
        let states = held.facts.values().filter_map(|fact| match &fact.body {
            FactBody::Check { name, state, .. } if name.as_str() == check => Some(*state),
            _ => None,
        });
        states.collect()
    }

    async fn listen(self, mut inbound: Streaming<AgentMessage>, words: mpsc::Sender<Result<HubMessage, Status>>) {
        let Ok(Some(AgentMessage { body: Some(Body::Opening(opening)) })) = inbound.message().await else { return };
        let say = |word: Word| words.try_send(Ok(HubMessage { body: Some(word) })).is_ok();
        let (stream, assignment) = {
            let mut held = self.held();
            held.words = Some(words.clone());
            let mark = held.marks.entry(opening.stream).or_insert(0);
            if opening.oldest > *mark + 1 {
                let gone = (*mark + 1, opening.oldest - 1);
                *mark = gone.1;
                held.lost.push(gone);
            }
            let confirmed = held.marks[&opening.stream];
            say(Word::Welcome(pb::Welcome { hub_time: 1, epoch: 1, confirmed }));
            let assignment = held.assignment.clone().filter(|a| assignment_hash(a)[..] != opening.assignment[..]);
            let stream = opening.stream;
            held.openings.push(opening);
            (stream, assignment)
        };
        if let Some(assignment) = assignment {
            say(Word::Assignment(encode_assignment(&assignment)));
        }
        while let Ok(Some(message)) = inbound.message().await {
            let mut held = self.held();
            match message.body.unwrap() {
                Body::Facts(facts) => {
                    assert_eq!(facts.stream, stream);
                    let breaks = held.breaks.first_mut().and_then(|(after, durable)| {
                        *after = after.saturating_sub(1);
                        (*after == 0).then_some(*durable)
                    });
                    if breaks.is_some() {
                        held.breaks.remove(0);
                    }
                    if breaks == Some(false) {
                        return;
                    }
                    let mark = held.marks[&stream];
                    if facts.first > mark + 1 {
                        say(Word::SendFrom(pb::SendFrom { stream, from: mark + 1 }));
                        continue;
                    }
                    let mut through = mark;
                    for (number, bytes) in (facts.first..).zip(facts.facts) {
                        if number > mark {
                            let before = held.facts.insert((stream, number), decode_fact(bytes).unwrap());
                            assert!(before.is_none(), "fact {number} twice");
                            through = number;
                        }
                    }
                    held.marks.insert(stream, through);
                    if breaks == Some(true) {
                        return;
                    }
                    say(Word::Confirmed(pb::FactsConfirmed { stream, through }));
                }
                Body::Report(report) => held.reports.push(report),
                Body::Assignment(assignment) => held.held_assignments.push(assignment.hash.to_vec()),
                Body::Goodbye(_) => held.goodbyes += 1,
                Body::Opening(_) => panic!("an opening in the middle"),
            }
        }
    }
}

#[tonic::async_trait]
impl AgentService for Hub {
    type LinkStream = Pin<Box<dyn Stream<Item = Result<HubMessage, Status>> + Send>>;

    async fn hello(&self, _: Request<pb::HelloRequest>) -> Result<Response<pb::HelloReply>, Status> {
        Ok(Response::new(pb::HelloReply { host: 1, ..pb::HelloReply::default() }))
    }

    async fn link(&self, request: Request<Streaming<AgentMessage>>) -> Result<Response<Self::LinkStream>, Status> {
        let (words, stream) = mpsc::channel(1000);
        let hub = self.clone();
        tokio::spawn(async move {
            hub.clone().listen(request.into_inner(), words).await;
            hub.held().words = None;
        });
        Ok(Response::new(Box::pin(ReceiverStream::new(stream))))
    }

    async fn renew(&self, _: Request<pb::RenewRequest>) -> Result<Response<pb::RenewReply>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn output(&self, _: Request<Streaming<pb::OutputChunk>>) -> Result<Response<pb::OutputStored>, Status> {
        Err(Status::unimplemented(""))
    }
}

/// A place for an agent, with a plugin whose result the test decides.
struct Place {
    home: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let place = Self { home: tempfile::tempdir().unwrap() };
        std::fs::create_dir(place.plugins()).unwrap();
        let plugin = place.plugins().join("check_it");
        std::fs::write(&plugin, "#!/bin/sh\necho said\nexit $(cat \"$1\")\n").unwrap();
        std::fs::set_permissions(plugin, std::fs::Permissions::from_mode(0o755)).unwrap();
        place.say(0);
        place
    }

    fn dir(&self) -> PathBuf {
        self.home.path().join("agent")
    }

    fn plugins(&self) -> PathBuf {
        self.home.path().join("plugins")
    }

    fn code(&self) -> PathBuf {
        self.home.path().join("code")
    }

    fn say(&self, code: i32) {
        let new = self.home.path().join("code.new");
        std::fs::write(&new, code.to_string()).unwrap();
        std::fs::rename(new, self.code()).unwrap();
    }

    fn assignment(&self, checks: usize) -> Assignment {
        let interval = Duration::from_millis(100);
        let check = |number: usize| AssignedCheck {
            name: format!("p{number}").as_str().into(),
            kind: CheckKind::Plugin { program: "check_it".into(), args: vec![self.code().display().to_string()] },
            interval,
            retry_interval: interval,
            attempts: 2,
            timeout: Duration::from_secs(20),
            warning: None,
            critical: None,
            source: Provenance::built_in(),
        };
        Assignment {
            checks: (0..checks).map(check).collect(),
            heartbeat: interval,
            sampling_interval: interval,
            ..Assignment::default()
        }
    }

    async fn start(&self, hub: &Hub) -> Running {
        let config = config_in(self.home.path(), hub.dialler());
        let agent = Agent::start(config).await.unwrap();
        let stop = CancellationToken::new();
        Running { task: tokio::spawn(agent.run(stop.clone())), stop }
    }
}

fn config_in(home: &Path, dialler: Dialler) -> AgentConfig {
    let mut settings = AgentSettings { plugin_dirs: vec![home.join("plugins")], ..AgentSettings::local() };
    settings.hands.mode = Hands::Any;
    AgentConfig { dir: home.join("agent"), root: "/".into(), settings, dialler }
}

struct Running {
    task: tokio::task::JoinHandle<()>,
    stop: CancellationToken,
}

impl Running {
    async fn end(self) {
        self.stop.cancel();
        self.task.await.unwrap();
    }
}

fn hub_with(assignment: Assignment) -> Hub {
    let hub = Hub::open();
    hub.held().assignment = Some(assignment);
    hub
}

#[tokio::test]
async fn a_host_tells_what_it_is_how_it_is_and_what_changed_and_says_goodbye() {
    let place = Place::new();
    let hub = hub_with(place.assignment(2));
    let agent = place.start(&hub).await;
    hub.until("first results", |held| held.facts.len() >= 3).await;
    hub.until("vitals", |held| {
        held.reports.iter().any(|report| report.vitals.as_ref().is_some_and(|v| v.cpu_busy.is_some()))
    })
    .await;
    hub.until("readings", |held| held.reports.iter().any(|report| !report.checks.is_empty())).await;
    {
        let held = hub.held();
        let described = held.facts.values().any(|fact| matches!(&fact.body, FactBody::Described(os) if os.cores > 0));
        assert!(described);
        assert_eq!(held.held_assignments, [assignment_hash(held.assignment.as_ref().unwrap()).to_vec()]);
        let named = held.reports.iter().filter_map(|report| report.samples.as_ref()).flat_map(|samples| &samples.names);
        assert!(named.into_iter().any(|name| &*name.name == "mem.used"));
    }
    place.say(2);
    hub.until("hard critical", |held| {
        held.facts
            .values()
            .any(|fact| matches!(fact.body, FactBody::Check { state: CheckState::Critical, hard: true, .. }))
    })
    .await;
    agent.end().await;
    assert_eq!(hub.held().goodbyes, 1);
    assert_eq!(hub.states("p0").first(), Some(&CheckState::Ok));
}

#[tokio::test]
async fn what_happens_without_the_hub_is_told_once_when_it_is_back() {
    let place = Place::new();
    let hub = hub_with(place.assignment(1));
    let agent = place.start(&hub).await;
    hub.until("ok", |held| held.facts.len() >= 2).await;
    agent.end().await;

    hub.held().down = true;
    let seen = hub.states("p0").len();
    // the agent starts without a hub and works by its last assignment
    place.say(2);
    let agent = place.start(&hub).await;
    let outbox = place.dir().join("outbox");
    let size = |folder: &Path| -> u64 {
        let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
        files
            .filter(|file| file.path().extension().is_some_and(|e| e == "facts"))
            .map(|f| f.metadata().unwrap().len())
            .sum()
    };
    let before = size(&outbox);
    while size(&outbox) < before + 100 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    agent.end().await;
    place.say(0);
    let agent = place.start(&hub).await;
    hub.held().down = false;
    hub.until("ok again", |held| {
        let last = held.facts.values().last();
        held.facts.len() > seen + 2
            && last.is_some_and(|fact| matches!(fact.body, FactBody::Check { state: CheckState::Ok, .. }))
    })
    .await;
    agent.end().await;
    let states = hub.states("p0");
    assert_eq!(states.iter().filter(|state| **state == CheckState::Ok).count(), 2, "{states:?}");
    assert!(states[1..states.len() - 1].iter().all(|state| *state == CheckState::Critical), "{states:?}");
    assert_eq!(hub.held().lost, []);
    let held = hub.held();
    assert_eq!(held.openings.iter().map(|opening| opening.stream).collect::<std::collections::BTreeSet<_>>().len(), 1);
    let described = held.facts.values().filter(|fact| matches!(fact.body, FactBody::Described(_))).count();
    assert_eq!(described, 1, "what is known is not told again");
}

#[tokio::test]
async fn a_link_that_breaks_between_any_two_messages_loses_and_doubles_nothing() {
    let place = Place::new();
    let hub = hub_with(place.assignment(6));
    hub.held().breaks = vec![(1, false), (1, true), (2, true), (1, false), (3, true), (2, false)];
    let agent = place.start(&hub).await;
    let mut code = 0;
    while !hub.held().breaks.is_empty() {
        code = if code == 0 { 2 } else { 0 };
        place.say(code);
        let seen = hub.held().facts.len();
        let broken = hub.held().breaks.len();
        hub.until("something moves", |held| held.facts.len() > seen || held.breaks.len() < broken).await;
    }
    place.say(1);
    hub.until("all warn", |held| all_are(held, 6, CheckState::Warning)).await;
    agent.end().await;
    let held = hub.held();
    // insert() above caught doubles; numbers without holes prove that nothing is lost
    let numbers: Vec<u64> = held.facts.keys().map(|(_, number)| *number).collect();
    assert_eq!(numbers, (1..=numbers.len() as u64).collect::<Vec<_>>());
    assert_eq!(held.lost, []);
}

/// Names the home of an agent that this binary is to be, when it was started as one by the test below.
const AGENT_HOME: &str = "WATCHFLOOR_TEST_AGENT_HOME";

#[test]
fn a_process_to_kill() {
    let Some(home) = std::env::var_os(AGENT_HOME).map(PathBuf::from) else { return };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let dialler = Dialler::local(vec![Address::Unix(home.join("hub.sock"))]);
        Agent::start(config_in(&home, dialler)).await.unwrap().run(CancellationToken::new()).await;
    });
}

fn agent_process(home: &Path) -> std::process::Child {
    std::process::Command::new(std::env::current_exe().unwrap())
        .args(["agent::a_process_to_kill", "--exact"])
        .env(AGENT_HOME, home)
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_any_moment_an_agent_loses_and_doubles_nothing() {
    let place = Place::new();
    let hub = hub_with(place.assignment(6));
    hub.at_socket(&place.home.path().join("hub.sock"));
    let mut seed = std::process::id();
    for round in 0..200 {
        let mut agent = agent_process(place.home.path());
        place.say(if round % 2 == 0 { 2 } else { 0 });
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        tokio::time::sleep(Duration::from_millis(u64::from(seed >> 16) % 200)).await;
        agent.kill().unwrap();
        agent.wait().unwrap();
    }
    place.say(1);
    let mut agent = agent_process(place.home.path());
    hub.until("all warn", |held| all_are(held, 6, CheckState::Warning)).await;
    agent.kill().unwrap();
    agent.wait().unwrap();
    let held = hub.held();
    // insert() caught doubles; numbers without holes prove that nothing is lost
    let numbers: Vec<u64> = held.facts.keys().map(|(_, number)| *number).collect();
    assert_eq!(numbers, (1..=numbers.len() as u64).collect::<Vec<_>>());
    assert!(numbers.len() > 100, "{} facts under load", numbers.len());
    assert_eq!(held.lost, []);
    // each fact follows from the one before it, over all restarts: no transition is told twice or left out
    let mut stands: BTreeMap<&CheckName, Attempts> = BTreeMap::new();
    for (number, fact) in held.facts.iter().map(|((_, number), fact)| (number, fact)) {
        if let FactBody::Check { name, state, hard, attempt, .. } = &fact.body {
            let (next, change) = stands.get(name).copied().unwrap_or_default().observe(*state, 2);
            assert_ne!(change, Transition::None, "fact {number} tells what was known");
            assert_eq!(next, Attempts { state: *state, hard: *hard, attempt: *attempt }, "fact {number}");
            stands.insert(name, next);
        }
    }
    assert_eq!(held.facts.values().filter(|fact| matches!(fact.body, FactBody::Described(_))).count(), 1);
}

/// Whether the last fact of each check is this state, hard.
fn all_are(held: &Held, checks: usize, wanted: CheckState) -> bool {
    (0..checks).all(|number| {
        let name = format!("p{number}");
        let last = held.facts.values().rev().find_map(|fact| match &fact.body {
            FactBody::Check { name: of, state, hard, .. } if of.as_str() == name => Some((*state, *hard)),
            _ => None,
        });
        last == Some((wanted, true))
    })
}

#[tokio::test]
async fn a_hub_restored_from_a_backup_gets_what_is_still_held() {
    let place = Place::new();
    let hub = hub_with(place.assignment(3));
    let agent = place.start(&hub).await;
    hub.until("all ok", |held| held.facts.len() >= 4).await;
    agent.end().await;
    {
        let mut held = hub.held();
        let stream = held.openings[0].stream;
        held.facts.retain(|(_, number), _| *number <= 1);
        held.marks.insert(stream, 1);
    }
    let agent = place.start(&hub).await;
    hub.until("told again", |held| held.facts.len() >= 4).await;
    agent.end().await;
    assert_eq!(hub.held().lost, []);
}

#[tokio::test]
async fn an_agent_restored_from_a_backup_begins_a_new_stream() {
    let place = Place::new();
    let hub = hub_with(place.assignment(1));
    let agent = place.start(&hub).await;
    hub.until("ok", |held| held.facts.len() >= 2).await;
    agent.end().await;
    let stream = hub.held().openings[0].stream;
    hub.held().marks.insert(stream, 500);
    place.say(2);
    let agent = place.start(&hub).await;
    hub.until("a new stream", |held| held.facts.keys().any(|(of, _)| *of != stream)).await;
    hub.until("critical in it", |held| {
        held.facts.iter().any(|((of, _), fact)| {
            *of != stream && matches!(fact.body, FactBody::Check { state: CheckState::Critical, hard: true, .. })
        })
    })
    .await;
    agent.end().await;
}

#[tokio::test]
async fn facts_damaged_on_disk_are_named_lost_and_the_rest_arrives() {
    let place = Place::new();
    let hub = hub_with(place.assignment(3));
    let agent = place.start(&hub).await;
    hub.until("all ok", |held| held.facts.len() >= 4).await;
    agent.end().await;
    {
        // as if none had arrived yet
        let mut held = hub.held();
        held.facts.clear();
        held.marks.clear();
    }
    let outbox = place.dir().join("outbox");
    let mut files = std::fs::read_dir(&outbox).unwrap().map(|entry| entry.unwrap().path());
    let segment = files.find(|path| path.extension().is_some_and(|e| e == "facts")).unwrap();
    let mut bytes = std::fs::read(&segment).unwrap();
    let first = u32::from_le_bytes(bytes[..4].try_into().unwrap()) as usize + 20;
    bytes[first + 25] ^= 1;
    std::fs::write(&segment, bytes).unwrap();
    let agent = place.start(&hub).await;
    hub.until("the rest", |held| held.facts.len() >= 3).await;
    agent.end().await;
    let held = hub.held();
    assert_eq!(held.lost, [(2, 2)]);
    assert!(held.facts.keys().all(|(_, number)| *number != 2));
}

#[tokio::test]
async fn check_now_is_answered_at_once() {
    let place = Place::new();
    let mut assignment = place.assignment(1);
    let long = Duration::from_secs(3600);
    assignment.checks[0].interval = long;
    (assignment.heartbeat, assignment.sampling_interval) = (long, long);
    // the first run comes within seconds of the assignment, which this test would not wait for
    let hub = hub_with(assignment);
    let agent = place.start(&hub).await;
    hub.until("the assignment is held", |held| !held.held_assignments.is_empty()).await;
    let before = hub.held().reports.len();
    let words = hub.held().words.clone().unwrap();
    let asked = HubMessage { body: Some(Word::CheckNow(pb::CheckNow { check: "p0".into() })) };
    words.send(Ok(asked)).await.unwrap();
    drop(words);
    hub.until("a reading at once", |held| held.reports[before..].iter().any(|report| !report.checks.is_empty())).await;
    agent.end().await;
}
