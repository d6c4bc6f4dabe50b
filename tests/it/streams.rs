//! Agents' streams at a real hub, spoken by the test itself: what a console is told of a host first heard from, and two
//! machines that share one certificate.

use std::time::{Duration, Instant};

use tokio::io::duplex;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Status, Streaming};

use watchfloor::fleet::alerts::{Alert, Subject};
use watchfloor::fleet::words::HostId;
use watchfloor::hub::doors::Peer;
use watchfloor::hub::serve::{Door, Hub, Options};
use watchfloor::link::{Address, Connection, Pipe, dial};
use watchfloor::wire::pb::agent_message::Body;
use watchfloor::wire::pb::frame::Body as Seen;
use watchfloor::wire::pb::{self, AgentMessage, Frame, HubMessage};

const PATIENCE: Duration = Duration::from_secs(30);

async fn hub(data: &std::path::Path) -> Hub {
    let options = Options { data: data.to_owned(), name: Some("noc".to_owned()), ..Options::default() };
    timeout(PATIENCE, Hub::start(options)).await.unwrap().unwrap()
}

async fn connect(door: Door, peer: Peer) -> Connection {
    let pipe = Pipe::new(move || {
        let (ours, theirs) = duplex(256 * 1024);
        door.accept(theirs, peer.clone())?;
        Ok::<_, std::io::Error>(ours)
    });
    timeout(PATIENCE, dial(&[Address::Pipe(pipe)], None)).await.unwrap().unwrap()
}

/// One machine that speaks for a host.
struct Machine {
    out: mpsc::Sender<AgentMessage>,
    words: Streaming<HubMessage>,
    _connection: Connection,
}

impl Machine {
    /// Opens a stream as the agent process `run`; the hub's first word is its welcome, or why not.
    async fn open(hub: &Hub, host: HostId, run: u64) -> Result<Self, Status> {
        let connection = connect(hub.door(), Peer::Host(host)).await;
        let (out, messages) = mpsc::channel(64);
        let opening = pb::Opening { stream: 5, next: 1, oldest: 1, run, ..pb::Opening::default() };
        out.send(AgentMessage { body: Some(Body::Opening(opening)) }).await.unwrap();
        let answer = timeout(PATIENCE, connection.agent().link(ReceiverStream::new(messages))).await.unwrap();
        let mut words = answer?.into_inner();
        timeout(PATIENCE, words.message()).await.unwrap()?;
        Ok(Self { out, words, _connection: connection })
    }

    async fn report(&self, turn: u64, vitals: Option<pb::Vitals>) {
        let report = pb::Report { turn, vitals, interval: 10_000, ..pb::Report::default() };
        self.out.send(AgentMessage { body: Some(Body::Report(report)) }).await.unwrap();
    }

    /// Waits for the hub to end the stream, and says why it did.
    async fn ended(mut self) -> Option<Status> {
        loop {
            match timeout(PATIENCE, self.words.message()).await.unwrap() {
                Ok(Some(_)) => {}
                Ok(None) => return None,
                Err(status) => return Some(status),
            }
        }
    }
}

async fn alerts_of(hub: &Hub, host: HostId) -> Vec<Alert> {
    let cut = hub.shared().core.cut().await.unwrap();
    cut.fleet.alerts.open().filter(|alert| alert.host == Some(host)).map(|alert| Alert::clone(alert)).collect()
}

async fn next_glance(frames: &mut Streaming<Frame>) -> Vec<pb::Glance> {
    loop {
        let frame = timeout(PATIENCE, frames.message()).await.unwrap().unwrap().unwrap();
        if let Some(Seen::Glances(glances)) = frame.body {
            return glances.hosts;
        }
    }
}

fn vitals() -> pb::Vitals {
    let memory = pb::Memory { total: 100, used: 40, ..pb::Memory::default() };
    pb::Vitals { memory: Some(memory), ..pb::Vitals::default() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_new_of_a_host_is_told_at_once_and_newer_values_once_a_second() {
    let dir = tempfile::tempdir().unwrap();
    let hub = hub(dir.path()).await;
    let mut hosts = Vec::new();
    for number in 0..5 {
        hosts.push(hub.admit_local(&format!("web-{number}")).await.unwrap());
    }
    let uid = nix::unistd::geteuid().as_raw();
    let console = connect(hub.door(), Peer::Local { uid }).await;
    let mut frames = console.console().watch(pb::WatchRequest::default()).await.unwrap().into_inner();
    // Each host is heard right after the one before it was told: in step with a tick of a second, all would take one.
    let mut waits = Vec::new();
    let mut machines = Vec::new();
    for host in &hosts {
        let machine = Machine::open(&hub, *host, 1).await.unwrap();
        let began = Instant::now();
        machine.report(1, Some(vitals())).await;
        while !next_glance(&mut frames).await.iter().any(|glance| glance.host == host.0 && glance.memory.is_some()) {}
        waits.push(began.elapsed());
        machines.push(machine);
    }
    let soonest = waits.iter().min().unwrap();
    assert!(*soonest < Duration::from_millis(700), "{waits:?}");

    let (began, mut told) = (Instant::now(), 0_u32);
    let mut turn = 1;
    while began.elapsed() < Duration::from_millis(2_500) {
        turn += 1;
        machines[0].report(turn, Some(vitals())).await;
        if let Ok(glances) = timeout(Duration::from_millis(10), next_glance(&mut frames)).await {
            told += u32::from(glances.iter().any(|glance| glance.host == hosts[0].0));
        }
    }
    let seconds = u32::try_from(began.elapsed().as_secs()).unwrap();
    assert!((1..=seconds + 2).contains(&told), "{told} times in {seconds} s and {turn} reports");
    hub.end().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_machines_with_one_certificate_are_one_alert_and_the_first_stays() {
    let dir = tempfile::tempdir().unwrap();
    let hub = hub(dir.path()).await;
    let host = hub.admit_local("web").await.unwrap();

    // An agent that is started anew, and one that dials again, are no second machine.
    let before = Machine::open(&hub, host, 7).await.unwrap();
    let first = Machine::open(&hub, host, 1).await.unwrap();
    assert!(before.ended().await.is_some());
    let again = Machine::open(&hub, host, 1).await.unwrap();
    assert!(first.ended().await.is_some());
    again.report(1, None).await;

    // The copy takes over; when the first comes back, both are known to live.
    let copy = Machine::open(&hub, host, 2).await.unwrap();
    assert!(again.ended().await.is_some());
    assert!(alerts_of(&hub, host).await.is_empty(), "as long as nobody came back, an agent was started anew");
    let first = Machine::open(&hub, host, 1).await.unwrap();
    assert!(copy.ended().await.is_some());
    first.report(1, None).await;
    let began = Instant::now();
    let alert = loop {
        if let [alert] = alerts_of(&hub, host).await.as_slice() {
            break alert.clone();
        }
        assert!(began.elapsed() < PATIENCE, "no alert");
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    assert!(matches!(alert.subject, Subject::External { .. }), "{alert:?}");
    assert!(alert.summary.as_str().contains("two machines"), "{alert:?}");

    // However often the copy knocks, the first keeps its place and the journal stays quiet.
    let before = hub.shared().core.standing().await.unwrap().revision;
    for turn in 0..200 {
        first.report(2 + turn, None).await;
        let refused = Machine::open(&hub, host, 2).await.err().expect("the first lives");
        assert!(refused.message().contains("enrol it anew"), "{refused:?}");
    }
    assert_eq!(alerts_of(&hub, host).await.len(), 1);
    let entries = hub.shared().core.standing().await.unwrap().revision.0 - before.0;
    assert!(entries <= 3, "{entries} entries of 200 attempts");
    assert!(!first.out.is_closed(), "the first is linked");

    // Where the first is gone, its copy is better than nobody; the alert tells.
    drop(first);
    let began = Instant::now();
    while Machine::open(&hub, host, 2).await.is_err() {
        assert!(began.elapsed() < PATIENCE, "the place is never given back");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    hub.end().await.unwrap();
}
