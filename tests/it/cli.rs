//! The command line as scripts see it: the real program against real hubs, with an agent that a test plays.

use std::io::{BufRead, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Streaming;

use watchfloor::fleet::fact::{Fact, FactBody};
use watchfloor::fleet::words::spoken_id::spoken_id;
use watchfloor::fleet::words::{AlertId, CheckState, Timestamp};
use watchfloor::link::socket_path::{find_socket, near_path};
use watchfloor::link::{Address, Tls, dial};
use watchfloor::settings::agent;
use watchfloor::trust::Credential;
use watchfloor::trust::tls_client::{hub_server_name, link_client};
use watchfloor::wire::encode_fact;
use watchfloor::wire::pb::agent_message::Body;
use watchfloor::wire::pb::hub_message::Body as Word;
use watchfloor::wire::pb::{AgentMessage, Facts, HubMessage, Opening};

const PROGRAM: &str = env!("CARGO_BIN_EXE_watchfloor");
/// Longer than anything here takes; only a failing test waits for it.
const PATIENCE: Duration = Duration::from_secs(20);
/// What a hostile plugin prints: clear the screen, turn the text round, end the line.
const HOSTILE: &str = "full \x1b[2J\u{202e}llufton\u{9b}31m\r\nsecond";

/// A home of its own for one user or machine.
struct Home {
    directory: tempfile::TempDir,
}

/// How a run of the program ended.
#[derive(Debug)]
struct Ended {
    code: i32,
    out: String,
    err: String,
}

impl Home {
    fn new() -> Self {
        Self { directory: tempfile::tempdir().unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn command(&self, line: &str) -> Command {
        let mut command = Command::new(PROGRAM);
        command.args(words(line)).env("WATCHFLOOR_HOME", self.directory.path()).env("TZ", "UTC").env_remove("NO_COLOR");
        command
    }

    /// Runs the program to its end; `'…'` keeps words together.
    fn run(&self, line: &str) -> Ended {
        let output = self.command(line).stdin(Stdio::null()).output().unwrap();
        Ended {
            code: output.status.code().unwrap(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// What a run that must succeed printed.
    fn done(&self, line: &str) -> String {
        let ended = self.run(line);
        assert_eq!(ended.code, 0, "{line}: {ended:?}");
        ended.out
    }

    fn json(&self, line: &str) -> Value {
        serde_json::from_str(&self.done(&format!("{line} --json"))).unwrap()
    }

    /// A hub in this home, ready.
    fn hub(&self, name: &str) -> Hub {
        let line = format!("hub --listen 127.0.0.1:0 --enrol-listen 127.0.0.1:0 --advertise 127.0.0.1 --name {name}");
        let mut process = self.command(&line).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut ready = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut ready).unwrap();
        assert!(ready.starts_with("ready link=127.0.0.1:"), "{ready:?}");
        Hub(process)
    }

    /// Enrols this home with a token of `hub`.
    fn enrol(&self, hub: &Self, token: &str, more: &str) -> String {
        let data = hub.path("hub");
        let token = hub.done(&format!("token create --data {} {token}", data.display()));
        let mut process =
            self.command(&format!("enrol - {more}")).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        process.stdin.take().unwrap().write_all(token.as_bytes()).unwrap();
        let output = process.wait_with_output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    }
}

fn words(line: &str) -> Vec<String> {
    let quoted = line.split('\'').enumerate();
    quoted
        .flat_map(|(place, part)| match place % 2 {
            0 => part.split_whitespace().map(str::to_owned).collect(),
            _ => vec![part.to_owned()],
        })
        .collect()
}

/// A running hub.
struct Hub(Child);

impl Drop for Hub {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// An agent that says what a test wants.
struct Agent {
    sender: mpsc::Sender<AgentMessage>,
    words: Streaming<HubMessage>,
    next: u64,
}

impl Agent {
    async fn link(home: &Home) -> Self {
        let directory = home.path("agent");
        let credential = Credential::load(&directory).unwrap().unwrap();
        let settings = agent::load(&directory.join("agent.toml")).unwrap().unwrap();
        let tls = Tls {
            config: Arc::new(link_client(&credential).unwrap()),
            name: hub_server_name(&credential.principal().fleet).unwrap(),
        };
        let addresses: Vec<Address> = settings.hubs.into_iter().map(Address::Tcp).collect();
        let connection = dial(&addresses, Some(&tls)).await.unwrap();
        let (sender, messages) = mpsc::channel(8);
        let opening = Opening { stream: 7, next: 1, oldest: 1, ..Opening::default() };
        sender.send(AgentMessage { body: Some(Body::Opening(opening)) }).await.unwrap();
        let words = connection.agent().link(ReceiverStream::new(messages)).await.unwrap().into_inner();
        Self { sender, words, next: 1 }
    }

    /// Tells a hard result and waits until it is durable.
    async fn tell(&mut self, check: &str, state: CheckState, summary: &str) {
        let body = FactBody::Check {
            name: check.into(),
            state,
            hard: true,
            attempt: 1,
            max_attempts: 1,
            summary: summary.into(),
            long_text: "".into(),
            perfdata: "used=97%;80;90".into(),
            interval_ms: 60_000,
        };
        let fact = encode_fact(&Fact { at: Timestamp(1_795_341_600_000), body });
        let facts = Facts { stream: 7, first: self.next, facts: vec![fact] };
        self.sender.send(AgentMessage { body: Some(Body::Facts(facts)) }).await.unwrap();
        let told = self.next;
        self.next += 1;
        let confirmed = async {
            loop {
                let word = self.words.message().await.unwrap().unwrap();
                if matches!(word.body, Some(Word::Confirmed(confirmed)) if confirmed.through >= told) {
                    return;
                }
            }
        };
        timeout(PATIENCE, confirmed).await.unwrap();
    }
}

/// A hub called `main`, a host `web-1` of acme with its agent linked.
async fn fleet() -> (Home, Hub, Home, Agent) {
    let (home, host) = (Home::new(), Home::new());
    let hub = home.hub("main");
    host.enrol(&home, "--role agent --client acme --site hq --class server --tag db", "--as web-1");
    let agent = Agent::link(&host).await;
    (home, hub, host, agent)
}

#[test]
fn without_a_hub_it_says_so_and_ends_with_3() {
    let home = Home::new();
    for line in ["status", "alerts --json", "ack 1", "token create --role agent", "check web-1"] {
        let ended = home.run(line);
        assert_eq!((ended.code, ended.out.as_str()), (3, ""), "{line}: {ended:?}");
        assert!(ended.err.contains("watchfloor hub"), "{line}: {ended:?}");
    }
    let ended = home.run("status --data nowhere");
    assert_eq!(ended.code, 3, "{ended:?}");
    assert!(ended.err.contains("nowhere"), "{ended:?}");
    for line in
        ["alerts 'hots:web'", "ack --where ''", "ack --where 'sev:bad'", "status --fleet nobody", "ack nobody/3"]
    {
        let ended = home.run(line);
        assert_eq!((ended.code, ended.out.as_str()), (2, ""), "{line}: {ended:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_alert_is_taken_and_ended_from_the_command_line() {
    let (home, _hub, _host, mut agent) = fleet().await;
    agent.tell("disk", CheckState::Critical, "root is full").await;
    agent.tell("load", CheckState::Warning, "load 9").await;
    agent.tell("cpu", CheckState::Ok, "idle").await;

    let alerts = home.json("alerts");
    let [first, second] = alerts.as_array().unwrap().as_slice() else { panic!("{alerts}") };
    assert_eq!((&first["check"], &second["check"]), (&"disk".into(), &"load".into()), "worst first");
    for (key, value) in [
        ("id", "main/1"),
        ("fleet", "main"),
        ("client", "acme"),
        ("site", "hq"),
        ("host", "web-1"),
        ("severity", "critical"),
        ("state", "open"),
        ("lane", "new"),
        ("summary", "root is full"),
    ] {
        assert_eq!(first[key], value, "{key}");
    }
    assert_eq!((&first["acknowledged"], &first["next_notice"]), (&Value::Null, &Value::Null));

    let ended = home.run(&format!("ack {} 99 -m 'calling them'", spoken_id(AlertId(1))));
    assert_eq!(ended.code, 1, "{ended:?}");
    assert!(ended.out.contains("acknowledged 1 alert: main/1") && ended.err.contains("main/99: "), "{ended:?}");
    let alert = home.json("alert 1");
    assert_eq!((&alert["lane"], &alert["acknowledged"]["until"]), (&"owned".into(), &"worse".into()));
    assert_eq!(alert["acknowledged"]["note"], "calling them");
    assert!(alert["acknowledged"]["by"].as_str().unwrap().starts_with("local:"));

    home.done("escalate main/1 -m 'no answer'");
    home.done("snooze --for 2h 2");
    home.done("note 1 2 -m 'both since noon'");
    let alert = home.json("alert 2");
    assert_eq!((&alert["lane"], &alert["suppressed_by"]), (&"muted".into(), &serde_json::json!(["snoozed"])));
    home.done("release 1 --to lee");
    let last = home.json("journal --limit 1");
    assert_eq!(last[0]["events"][0]["to"], "lee", "{last}");
    let released: Value = serde_json::from_str(&home.done("release 2 --json")).unwrap();
    assert_eq!((&released[0]["fleet"], &released[0]["done"]), (&"main".into(), &serde_json::json!(["main/2"])));
    assert_eq!(released[0]["revision"], home.json("journal --limit 1")[0]["revision"]);
    home.done("ack --until 2h 1");
    let ended = home.run("close --where 'client:acme' --expect 3 -m 'replaced'");
    assert_eq!((ended.code, ended.out.as_str()), (1, ""), "{ended:?}");
    let trial: Value = serde_json::from_str(&home.done("close --where 'client:acme' --dry-run --json")).unwrap();
    assert_eq!((&trial[0]["dry_run"], &trial[0]["revision"]), (&true.into(), &Value::Null), "{trial}");
    let trial = home.done("close --where 'client:acme' --dry-run");
    assert!(trial.starts_with("would have closed 2 alerts"), "{trial}");
    assert_eq!(home.json("alerts").as_array().unwrap().len(), 2, "a dry run does nothing");
    home.done("close --where 'client:acme fleet:main' --expect 2 -m 'replaced'");
    assert_eq!(home.json("alerts"), serde_json::json!([]));
    assert_eq!(home.json("alerts --all sev:critical").as_array().unwrap().len(), 1);

    let alert = home.json("alert main/1");
    let kinds = alert["timeline"].as_array().unwrap().iter().flat_map(|entry| entry["events"].as_array().unwrap());
    let kinds: Vec<&str> =
        kinds.filter(|event| event["alert"] == "main/1").map(|event| event["kind"].as_str().unwrap()).collect();
    assert_eq!(
        kinds,
        [
            "alert_opened",
            "alert_acknowledged",
            "alert_escalated",
            "alert_noted",
            "alert_released",
            "alert_acknowledged",
            "alert_resolved"
        ]
    );
    assert_eq!((&alert["state"], &alert["lane"]), (&"resolved".into(), &Value::Null));
    assert_eq!(home.run("ack 1").code, 1, "what is resolved can't be taken");
    let ended = home.run("ack 1 --json");
    let told: Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!(
        (ended.code, &told[0]["failed"][0]["id"], &told[0]["done"]),
        (1, &"main/1".into(), &serde_json::json!([]))
    );
    let asked: Value = serde_json::from_str(&home.done("check web-1 disk --json")).unwrap();
    assert_eq!((&asked["host_id"], &asked["check"]), (&"main/1".into(), &"disk".into()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lists_hold_what_the_contract_says() {
    let (home, _hub, _host, mut agent) = fleet().await;
    agent.tell("disk", CheckState::Critical, HOSTILE).await;

    let checks = home.json("checks host:web-1 check:disk");
    let check = &checks[0];
    assert_eq!(
        (&check["fleet"], &check["host"], &check["state"]),
        (&"main".into(), &"web-1".into(), &"critical".into())
    );
    assert_eq!((&check["stale"], &check["perfdata"]), (&false.into(), &"used=97%;80;90".into()));
    let hosts = home.json("hosts tag:db");
    assert_eq!((&hosts[0]["id"], &hosts[0]["name"]), (&"main/1".into(), &"web-1".into()));
    assert_eq!((&hosts[0]["class"], &hosts[0]["agent_version"]), (&"server".into(), &env!("CARGO_PKG_VERSION").into()));
    let status = home.json("status");
    assert_eq!((&status[0]["fleet"], &status[0]["alerts"]["new"]), (&"main".into(), &1.into()));
    assert_eq!((&status[0]["hosts"]["total"], &status[0]["agents_linked"]), (&1.into(), &1.into()));

    for line in ["alerts", "alert 1", "checks", "hosts", "journal", "status", "config show web-1", "identity list"] {
        let text = home.done(line);
        let is_shown = |character: char| !character.is_control() && !('\u{202a}'..='\u{202e}').contains(&character);
        assert!(text.lines().all(|line| line.chars().all(is_shown)), "{line}: {text:?}");
        assert!(text.lines().all(|line| line.chars().count() <= 120), "{line}: {text}");
    }

    let journal = home.json("journal --limit 0");
    let revisions: Vec<u64> =
        journal.as_array().unwrap().iter().map(|entry| entry["revision"].as_u64().unwrap()).collect();
    assert!(revisions.is_sorted() && revisions[0] == 1, "{revisions:?}");
    let newest = home.json("journal --limit 1");
    assert_eq!(newest[0]["revision"], *revisions.last().unwrap());
    let about = home.json("journal --limit 0 'client:acme check:disk'");
    assert!((1..revisions.len()).contains(&about.as_array().unwrap().len()), "{about}");

    let asked = home.done("check web-1 disk");
    assert!(asked.contains("web-1 (main/1)"), "{asked}");
    assert_eq!(home.run("check web-1 nothing").code, 1);
    assert_eq!(home.run("check web-2").code, 1);
    home.done("host retire web-1");
    assert_eq!(home.json("hosts"), serde_json::json!([]));
    assert_eq!(home.json("alerts"), serde_json::json!([]), "its alerts are closed with it");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_viewer_reads_and_may_do_nothing_else() {
    let (home, _hub, _host, mut agent) = fleet().await;
    agent.tell("disk", CheckState::Critical, "full").await;
    let viewer = Home::new();
    let joined = viewer.enrol(&home, "--role viewer --name okafor", "--as noc");
    assert!(joined.contains("joined fleet noc as okafor (viewer"), "{joined}");
    assert_eq!(viewer.json("alerts")[0]["id"], "noc/1", "by its local name");
    for line in [
        "ack 1",
        "check 1",
        "token list",
        "token create --role admin",
        "identity list",
        "host retire 1",
        "config reload",
    ] {
        let ended = viewer.run(line);
        assert_eq!((ended.code, ended.out.as_str()), (4, ""), "{line}: {ended:?}");
        assert!(ended.err.starts_with("watchfloor: noc"), "{line}: {ended:?}");
    }

    let identities = home.json("identity list");
    let identity = identities.as_array().unwrap().iter().find(|identity| identity["name"] == "okafor").unwrap();
    assert_eq!((&identity["role"], &identity["client"]), (&"viewer".into(), &Value::Null));
    let id = identity["id"].as_str().unwrap();
    home.done(&format!("identity role {id} operator"));
    viewer.done("ack 1");
    home.done(&format!("identity revoke {id}"));
    let ended = viewer.run("alerts");
    assert_eq!(ended.code, 4, "{ended:?}");
    assert!(ended.err.contains("revoked"), "{ended:?}");

    let token = home.json("token list").as_array().unwrap().len();
    home.done("token create --role reader --name wall");
    let tokens = home.json("token list");
    assert_eq!((tokens.as_array().unwrap().len(), &tokens[0]["status"]), (token + 1, &"open".into()));
    home.done(&format!("token revoke {}", tokens[0]["id"].as_str().unwrap()));
    assert_eq!(home.json("token list")[0]["status"], "revoked");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_fleets_are_read_as_one_and_acted_on_one_by_one() {
    let (east, _hub, _host, mut agent) = fleet().await;
    let (west, west_hub, _west_host, mut west_agent) = fleet().await;
    agent.tell("disk", CheckState::Critical, "full").await;
    west_agent.tell("disk", CheckState::Critical, "full").await;
    let noc = Home::new();
    assert!(noc.enrol(&east, "--role operator", "").contains("joined fleet main as"));
    assert!(noc.enrol(&west, "--role operator", "").contains("joined fleet main-2 as"));
    noc.done("fleet rename main east");
    noc.done("fleet rename main-2 west");

    let alerts = noc.json("alerts");
    let ids: Vec<&str> = alerts.as_array().unwrap().iter().map(|alert| alert["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["east/1", "west/1"]);
    assert_eq!(noc.json("alerts fleet:west").as_array().unwrap().len(), 1);
    let ended = noc.run("ack 1");
    assert_eq!(ended.code, 2, "{ended:?}");
    assert!(ended.err.contains("east, west"), "{ended:?}");
    noc.done("ack west/1");
    assert_eq!(noc.json("alerts lane:owned")[0]["id"], "west/1");
    assert_eq!(noc.run("close --where '*' --expect 3").code, 1);
    assert_eq!(noc.run("token list").code, 2, "one fleet at a time");
    let ended = noc.run("check web-1");
    assert_eq!(ended.code, 1, "{ended:?}");
    assert!(ended.err.contains("east/1 at acme") && ended.err.contains("west/1 at acme"), "{ended:?}");
    noc.done("note --where '*' --expect 2 -m 'seen in both'");

    drop(west_hub);
    let ended = noc.run("alerts --json");
    assert_eq!(ended.code, 3, "{ended:?}");
    assert_eq!(serde_json::from_str::<Value>(&ended.out).unwrap()[0]["id"], "east/1", "what is there is shown");
    assert!(ended.err.starts_with("watchfloor: west: no hub reached"), "{ended:?}");
    let ended = noc.run("close east/1 west/1");
    assert_eq!(ended.code, 3, "{ended:?}");
    assert!(ended.out.contains("closed 1 alert: east/1") && ended.err.contains("west/1: "), "{ended:?}");
    noc.done("alerts --fleet east");
}

/// Stands before a hub's socket and loses the first answer that follows `mark`.
async fn losing_proxy(data: &Path, hub: PathBuf, mark: &'static [u8]) -> Arc<AtomicBool> {
    let path = near_path(data);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let listener = UnixListener::bind(&path).unwrap();
    let has_lost = Arc::new(AtomicBool::new(false));
    let lost = Arc::clone(&has_lost);
    tokio::spawn(async move {
        loop {
            let (client, _) = listener.accept().await.unwrap();
            let server = UnixStream::connect(&hub).await.unwrap();
            let lost = Arc::clone(&lost);
            tokio::spawn(async move {
                let (mut from_client, mut to_client) = client.into_split();
                let (mut from_server, mut to_server) = server.into_split();
                let asked = Arc::new(AtomicBool::new(false));
                let is_asked = Arc::clone(&asked);
                let lose = !lost.load(Ordering::SeqCst);
                let up = tokio::spawn(async move {
                    let mut bytes = vec![0; 64 * 1024];
                    loop {
                        let read = from_client.read(&mut bytes).await.unwrap_or(0);
                        if read == 0 {
                            return;
                        }
                        if bytes[..read].windows(mark.len()).any(|window| window == mark) {
                            is_asked.store(true, Ordering::SeqCst);
                        }
                        to_server.write_all(&bytes[..read]).await.unwrap();
                    }
                });
                let mut bytes = vec![0; 64 * 1024];
                loop {
                    let read = from_server.read(&mut bytes).await.unwrap_or(0);
                    let loses = lose && asked.load(Ordering::SeqCst) && holds_answer(&bytes[..read]);
                    if loses {
                        lost.store(true, Ordering::SeqCst);
                    }
                    if loses || read == 0 {
                        up.abort();
                        return;
                    }
                    to_client.write_all(&bytes[..read]).await.unwrap();
                }
            });
        }
    });
    has_lost
}

/// Whether HTTP/2 frames from a server hold part of an answer (DATA or HEADERS) and not only settings and pings.
fn holds_answer(mut frames: &[u8]) -> bool {
    while let [a, b, c, kind, ..] = frames {
        if *kind <= 1 {
            return true;
        }
        let length = usize::from(*a) << 16 | usize::from(*b) << 8 | usize::from(*c);
        frames = frames.get(9 + length..).unwrap_or_default();
    }
    false
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_act_whose_answer_is_lost_is_done_once() {
    let (home, _hub, _host, mut agent) = fleet().await;
    agent.tell("disk", CheckState::Critical, "full").await;
    let data = home.path("proxied");
    let has_lost = losing_proxy(&data, find_socket(&home.path("hub")), b"only-once-please").await;
    let line = format!("note 1 --data {} -m only-once-please", data.display());
    let told = tokio::task::spawn_blocking(move || (home.done(&line), home)).await.unwrap();
    assert!(told.0.contains("noted on 1 alert: main/1"), "{}", told.0);
    assert!(has_lost.load(Ordering::SeqCst), "the first answer was lost");
    let notes = told.1.json("journal --limit 0 only-once-please");
    assert_eq!(notes.as_array().unwrap().len(), 1, "{notes}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_window_is_previewed_opened_listed_made_longer_and_ended() {
    let (home, _hub, _host, mut agent) = fleet().await;
    agent.tell("disk", CheckState::Critical, "root is full").await;

    let preview = home.done("window add --where 'client:acme check:disk' --for 2h -m 'switch swap' --dry-run");
    assert!(preview.starts_with("would hold back 1 open alert of client:acme check:disk"), "{preview}");
    assert!(preview.contains("acme 1: main/1") && preview.contains("(2h)"), "{preview}");
    let line = preview.lines().last().unwrap();
    assert!(
        line.starts_with("watchfloor window add --where 'client:acme check:disk' --for 2h -m 'switch swap' --expect 1"),
        "{preview}"
    );
    assert_eq!(home.json("window list"), serde_json::json!([]), "a dry run opens nothing");
    let refused = home.run("window add --where client:acme --for 2h --expect 3");
    assert!(refused.code == 1 && refused.err.contains("--expect 1"), "{refused:?}");

    // What the preview printed does what it said.
    let line = line.strip_prefix("watchfloor ").unwrap();
    let opened = home.done(line);
    assert!(
        opened.starts_with("window main/1 opened: client:acme check:disk, holds back 1 open alert now"),
        "{opened}"
    );
    let alert = home.json("alert 1");
    assert_eq!((&alert["lane"], &alert["suppressed_by"]), (&"muted".into(), &serde_json::json!(["maintenance"])));
    agent.tell("load", CheckState::Warning, "load 9").await;
    assert_eq!(home.json("alert 2")["lane"], "new", "it is not spoken of");

    home.done("window add --where 'host:web-1 check:cpu' --every 'Tue,Thu 22:00 for 4h Europe/Berlin'");
    home.done("window add --matcher 'alertname=~\"lo.*\"' --for 1h --json");
    let list = home.json("window list");
    let states: Vec<&str> = list.as_array().unwrap().iter().map(|window| window["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["active", "active", "waiting"], "{list}");
    let recurring = &list[2];
    let plain = recurring["plain"].as_str().unwrap();
    assert!(plain.starts_with("every Tue,Thu 22:00 for 4h Europe/Berlin"), "{plain}");
    assert_eq!((&recurring["marks"], &recurring["matches"]), (&serde_json::json!(["matches nothing"]), &0.into()));
    assert!(!recurring["next"].is_null(), "{recurring}");
    assert_eq!(list[0]["marks"], serde_json::json!(["ends in 59m"]), "{list}");
    assert_eq!(home.json("alert 2")["lane"], "muted");
    let text = home.done("window list state:active");
    assert!(text.contains("switch swap") && text.contains("client:acme check:disk"), "{text}");

    home.done("window extend 1 --for 1h");
    let shown = home.json("window show main/1");
    assert_eq!((&shown["held"]["count"], &shown["alerts"][0]["id"]), (&1.into(), &"main/1".into()));
    let kinds: Vec<&str> = shown["timeline"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|entry| entry["events"].as_array().unwrap())
        .map(|event| event["kind"].as_str().unwrap())
        .collect();
    assert!(kinds.starts_with(&["window_created", "window_began"]) && kinds.contains(&"window_changed"), "{kinds:?}");
    let text = home.done("window show 1");
    assert!(text.contains("switch swap") && text.contains("web-1 disk"), "{text}");
    let ended = home.done("window end 1 -m 'done early'");
    assert!(ended.contains("window main/1 ended: 1 alert is not held back"), "{ended}");
    assert_eq!(home.json("alert 1")["lane"], "new");
    assert_eq!(home.json("window list --all").as_array().unwrap().len(), 3);
    assert_eq!(home.json("window list").as_array().unwrap().len(), 2);

    for (line, code, words) in [
        ("window add --where check:disk --for 2h", 1, "write * for the whole fleet"),
        ("window add --where client:acme", 2, "--for"),
        ("window add --where client:acme --every 'Toe 22:00 for 1h'", 2, "is no day"),
        ("window add --where client:acme --every 'Tue 22:00 for 1h' --for 2h", 2, "--every"),
        ("window add --where hots:web --for 2h", 2, "hots"),
        ("window end 1", 1, "is over already"),
        ("window show 99", 1, "no window 99"),
    ] {
        let ended = home.run(line);
        assert!(ended.code == code && ended.err.contains(words), "{line}: {ended:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn duty_is_read_swapped_and_handed_over_from_the_command_line() {
    let (home, _hub, _host, mut agent) = fleet().await;
    agent.tell("disk", CheckState::Critical, "root is full").await;
    agent.tell("load", CheckState::Warning, "load 9").await;
    assert!(home.done("oncall").contains("policies.toml"), "it says where schedules are written");
    let refused = home.run("handover to ben");
    assert_eq!(refused.code, 1, "{refused:?}");
    assert!(refused.err.contains("identities"), "{refused:?}");

    home.done("ack 1 -m 'calling them'");
    let me = home.json("alert 1")["acknowledged"]["by"].as_str().unwrap().to_owned();
    let policies = format!(
        "[channels.mail]\nkind = \"smtp\"\nhost = \"mail.example.org\"\nfrom = \"noc@example.org\"\n[people.anna]\nname = \"Anna Adler\"\nidentities = [\"anna\", {me:?}]\n\
         channels = [\"mail:anna@example.org\"]\n[people.ben]\nchannels = [\"mail:ben@example.org\"]\n\
         [schedules.night]\ntimezone = \"Europe/Berlin\"\n[[schedules.night.rotation]]\nmembers = [\"ben\"]\n\
         from = \"2020-01-06\"\n[policies.default]\n[[policies.default.step]]\nto = [\"schedule:night\"]\n"
    );
    let config = home.path("hub/config");
    std::fs::create_dir_all(&config).unwrap();
    std::fs::write(config.join("policies.toml"), policies).unwrap();
    let told = home.done("config reload");
    assert!(told.contains("person anna added") && !told.contains("anna@example.org"), "{told}");

    let oncall = &home.json("oncall")[0];
    let night = &oncall["schedules"][0];
    assert_eq!((&night["now"], &night["changes_at"]), (&serde_json::json!(["ben"]), &Value::Null), "{oncall}");
    assert_eq!(oncall["people"][0]["channels"], serde_json::json!(["mail"]), "names of channels, no addresses");
    let taken = home.done("oncall take night --for 8h -m 'ben is ill'");
    assert!(taken.contains("main/1"), "{taken}");
    let shown = home.done("oncall");
    assert!(shown.contains("anna (Anna Adler)") && shown.contains("ben is ill") && shown.contains("CE"), "{shown}");
    let refused = home.run("oncall give night carl");
    assert_eq!(refused.code, 1, "{refused:?}");
    home.done("oncall end 1");
    assert_eq!(home.json("oncall")[0]["schedules"][0]["now"], serde_json::json!(["ben"]));

    home.done("note 2 -m 'since noon'");
    let shift = &home.json("shift --since 1h")[0];
    assert_eq!((&shift["person"], &shift["owned"]), (&"anna".into(), &serde_json::json!(["main/1"])), "{shift}");
    assert_eq!(
        (&shift["unowned"], &shift["opened"]),
        (&serde_json::json!(["main/2"]), &serde_json::json!(["main/1", "main/2"]))
    );
    home.done("close 2 -m 'gone'");
    let text = home.done("shift --since 1h");
    for part in ["2 opened, 1 closed", "Owned by anna", "root is full", "Closed:", "since noon", "calling them"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(home.done("handover to ben -m 'mind the disk'").contains("offered 1 alert to ben"));
    let refused = home.run("handover accept");
    assert_eq!(refused.code, 1, "it was offered to ben: {refused:?}");
}
