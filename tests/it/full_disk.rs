//! A full disk stops deciding, not reading. The real hub on a file system of its own that is really full; and one that
//! may write no larger files, which is what remains to be shown where no file system can be mounted.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use nix::sys::statvfs::statvfs;
use tokio::time::timeout;
use tonic::{Code, Status};
use watchfloor::fleet::words::FleetId;
use watchfloor::hub::journal::{Journal, SqliteJournal};
use watchfloor::link::socket_path::find_socket;
use watchfloor::link::{Address, Connection, dial};
use watchfloor::wire::pb;
use watchfloor::wire::pb::act_request::Verb;
use watchfloor::wire::pb::frame::Body;
use watchfloor::wire::pb::query_request::Kind;

use crate::processes::{self, PATIENCE, agent, done, enrol, hub, hub_at, json, run, sleeper, until};

/// Names the home of a test that this binary is to run within a mount namespace, when it was started there.
const INSIDE: &str = "WATCHFLOOR_TEST_FULL_DISK";
/// Room for the hub's reserve (64 MiB), its floor and its slack (16 MiB each), and some more.
const DISK: &str = "size=128m,mode=700";
const MIB: u64 = 1 << 20;

/// `unshare` makes the caller root of a namespace in which it may mount, without being root.
fn in_namespace(program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-root-user", "--mount"]).arg(program);
    command
}

#[test]
fn a_full_disk_stops_deciding_not_reading() {
    let home = tempfile::tempdir().unwrap();
    let disk = home.path().join("disk");
    std::fs::create_dir(&disk).unwrap();
    let tried = in_namespace("mount").args(["-t", "tmpfs", "-o", DISK, "tmpfs"]).arg(&disk).output();
    if !tried.is_ok_and(|tried| tried.status.success()) {
        // A container without user namespaces: no disk to fill, but files that may not grow.
        return a_hub_whose_files_may_not_grow();
    }
    let status = in_namespace(std::env::current_exe().unwrap())
        .args(["full_disk::on_a_small_file_system", "--exact", "--nocapture"])
        .env(INSIDE, home.path())
        .status()
        .unwrap();
    let log = std::fs::read_to_string(home.path().join("hub.log")).unwrap_or_default();
    assert!(status.success(), "the hub said:\n{log}");
}

/// Not a test of its own: what the test above runs in its namespace. Without its variable it does nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_a_small_file_system() {
    let Some(home) = std::env::var_os(INSIDE).map(PathBuf::from) else { return };
    let disk = home.join("disk");
    let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", DISK, "tmpfs"]).arg(&disk).status().unwrap();
    assert!(mounted.success());
    tokio::task::spawn_blocking(move || fill_and_free(&home, &disk)).await.unwrap();
}

fn fill_and_free(home: &Path, disk: &Path) {
    let runtime = tokio::runtime::Handle::current();
    let data = disk.join("hub");
    // A check of a program that does not run yet; the test decides when it does.
    let program = format!("wf{}", std::process::id());
    std::fs::create_dir_all(data.join("config")).unwrap();
    let check = format!(
        "[check.needle]\nkind = \"process\"\nprocess = \"{program}\"\ncritical = \"1:\"\nattempts = 1\ninterval = \"1s\"\n"
    );
    std::fs::write(data.join("config/checks.toml"), check).unwrap();
    let (mut process, ports) = hub(home, &data);
    let flag = format!("--data {}", data.display());
    enrol(home, &data, "--role agent --name web-1");
    let _agent = agent(home);
    until("the needle is missed", || json(home, &format!("alerts {flag}"))[0]["check"] == "needle");
    let alert = json(home, &format!("alerts {flag}"))[0]["id"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();

    // It fills up under load.
    let link = runtime.block_on(connect(&data));
    let mut watch = runtime.block_on(watch(&link));
    let count = Arc::new(AtomicUsize::new(0));
    let actors: Vec<_> =
        (0..4).map(|actor| runtime.spawn(make_tokens(link.clone(), actor, Arc::clone(&count)))).collect();
    until("the load is real", || count.load(Ordering::Relaxed) > 100);
    let filler = disk.join("filler");
    fill(&filler, disk, 8 * MIB);
    let mut answered = Vec::new();
    for actor in actors {
        let (names, refusal) = runtime.block_on(async { timeout(PATIENCE, actor).await }).unwrap().unwrap();
        answered.extend(names);
        assert_eq!(refusal.code(), Code::ResourceExhausted, "{refusal}");
        let said = refusal.message();
        assert!(said.starts_with("no space: ") && said.contains(&data.display().to_string()), "{said}");
        assert!(said.contains("free space there") && said.contains("96 MiB are needed"), "{said}");
    }
    // What the hub held back for what it had decided goes too: nothing is left at all.
    assert!(!data.join("reserve").exists(), "the reserve was given up");
    fill(&filler, disk, 0);

    // Reading goes on, for those who watch already and for those who come now.
    let full_at = runtime.block_on(hub_time(&mut watch));
    until("the watch goes on", || runtime.block_on(hub_time(&mut watch)) > full_at + 1_500);
    let (rows, _) = runtime.block_on(async { snapshot(&link).await });
    assert!(rows > answered.len(), "{rows} rows in a snapshot of {} tokens", answered.len());
    assert_eq!(json(home, &format!("alerts {flag}"))[0]["check"], "needle");
    assert_eq!(json(home, &format!("hosts {flag}"))[0]["name"], "web-1");
    assert!(!done(home, &format!("journal --limit 3 {flag}")).is_empty());
    let acked = run(home, &format!("ack {alert} {flag}"));
    assert!(acked.code == Some(1) && acked.err.contains("no space") && acked.err.contains("free space"), "{acked:?}");
    let health = http(&ports.http, "/healthz");
    assert!(health.starts_with("HTTP/1.1 503") && health.contains("no space"), "{health}");

    // What hosts tell meanwhile waits with them, and their readings are seen.
    let _needle = sleeper(home, &program);
    until("the reading says that it is found", || runtime.block_on(reading_is_ok(&link)));
    assert_eq!(json(home, &format!("alerts {flag}"))[0]["check"], "needle", "no fact was decided");
    let refused_at = runtime.block_on(hub_time(&mut watch));
    until("a while has passed", || runtime.block_on(hub_time(&mut watch)) > refused_at + 1_500);
    let log = std::fs::read_to_string(home.join("agent.log")).unwrap();
    assert!(!log.contains("no link to the hub"), "the host's stream goes on: it proves that it lives\n{log}");

    // A hub that starts on the full disk serves readers too.
    process.kill();
    let (again, ports) = hub_at(home, &data, Some(&ports.link));
    let mut process = again;
    assert_eq!(json(home, &format!("alerts {flag}"))[0]["check"], "needle");
    assert!(http(&ports.http, "/healthz").contains("no space"));

    // Space comes back: it decides again by itself.
    std::fs::remove_file(&filler).unwrap();
    until("the hub decides again", || {
        let noted = run(home, &format!("note {alert} {flag} -m space"));
        assert!(noted.code == Some(0) || noted.err.contains("no space") || noted.err.contains("resolved"), "{noted:?}");
        noted.code == Some(0) || noted.err.contains("resolved")
    });
    until("the fact that waited resolves the alert", || {
        json(home, &format!("alerts {flag}")).as_array().is_some_and(Vec::is_empty)
    });
    assert_eq!(json(home, &format!("hosts {flag}"))[0]["state"], "up");
    assert!(http(&ports.http, "/healthz").starts_with("HTTP/1.1 200"));
    let journal = done(home, &format!("journal --limit 0 --json {flag}"));
    assert!(!journal.contains("\"down\""), "a hub that could not decide takes nobody for dead: {journal}");
    let link = runtime.block_on(connect(&data));
    runtime.block_on(nothing_lost(&link, &answered));
    process.kill();
    verify(&data, answered.len());
}

/// Lets a file grow until no more than `left` bytes are free on its file system.
fn fill(file: &Path, disk: &Path, left: u64) {
    let mut file = OpenOptions::new().create(true).append(true).open(file).unwrap();
    let zeros = vec![0_u8; 1 << 20];
    loop {
        let stat = statvfs(disk).unwrap();
        let free = stat.blocks_available() * stat.fragment_size();
        if free <= left {
            return;
        }
        let more = (free - left).min(MIB);
        match file.write(&zeros[..usize::try_from(more).unwrap()]) {
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::StorageFull => {}
            Err(error) => panic!("filling the disk: {error}"),
        }
    }
}

async fn connect(data: &Path) -> Connection {
    timeout(PATIENCE, async {
        loop {
            if let Ok(link) = dial(&[Address::Unix(find_socket(data))], None).await
                && link.console().hello(pb::HelloRequest::default()).await.is_ok()
            {
                return link;
            }
            tokio::task::yield_now().await;
        }
    })
    .await
    .expect("a hub that answers")
}

async fn make_token(link: &Connection, name: &str, id: [u8; 16]) -> Result<(), Status> {
    let token = pb::CreateToken { role: pb::Role::Viewer.into(), name: name.into(), ..pb::CreateToken::default() };
    let request = pb::ActRequest {
        id: Bytes::copy_from_slice(&id),
        verb: Some(Verb::CreateToken(token)),
        ..pb::ActRequest::default()
    };
    link.console().act(request).await.map(drop)
}

/// Makes tokens until that is refused; returns the names of those that were answered, and the refusal.
async fn make_tokens(link: Connection, actor: u32, count: Arc<AtomicUsize>) -> (Vec<String>, Status) {
    let mut answered = Vec::new();
    for turn in 0_u32.. {
        let name = format!("t-{actor}-{turn}");
        let mut id = [7; 16];
        id[..4].copy_from_slice(&actor.to_le_bytes());
        id[4..8].copy_from_slice(&turn.to_le_bytes());
        match make_token(&link, &name, id).await {
            Ok(()) => answered.push(name),
            Err(refusal) => return (answered, refusal),
        }
        count.fetch_add(1, Ordering::Relaxed);
    }
    unreachable!("refused before")
}

async fn watch(link: &Connection) -> tonic::Streaming<pb::Frame> {
    link.console().watch(pb::WatchRequest::default()).await.unwrap().into_inner()
}

async fn hub_time(watch: &mut tonic::Streaming<pb::Frame>) -> i64 {
    timeout(PATIENCE, watch.message()).await.expect("a frame").unwrap().expect("a frame").hub_time
}

/// How many rows a snapshot has, and at which revision it was cut.
async fn snapshot(link: &Connection) -> (usize, u64) {
    let (mut watch, mut rows, mut revision) = (watch(link).await, 0, 0);
    loop {
        match timeout(PATIENCE, watch.message()).await.expect("a frame").unwrap().unwrap().body {
            Some(Body::SnapshotBegin(begin)) => revision = begin.revision,
            Some(Body::SnapshotRows(some)) => rows += some.rows.len(),
            Some(Body::SnapshotEnd(_)) => return (rows, revision),
            _ => {}
        }
    }
}

async fn reading_is_ok(link: &Connection) -> bool {
    let request = pb::QueryRequest { kind: Kind::Host.into(), id: 1, ..pb::QueryRequest::default() };
    let mut pages = link.console().query(request).await.unwrap().into_inner();
    let mut found = false;
    while let Some(page) = pages.message().await.unwrap() {
        let ok = i32::from(pb::CheckState::Ok);
        found |= page.readings.iter().any(|reading| reading.check == "needle" && reading.state == ok);
    }
    found
}

/// Each token that was answered is there, once.
async fn nothing_lost(link: &Connection, answered: &[String]) {
    let request = pb::QueryRequest { kind: Kind::Tokens.into(), ..pb::QueryRequest::default() };
    let mut pages = link.console().query(request).await.unwrap().into_inner();
    let mut kept = Vec::new();
    while let Some(page) = pages.message().await.unwrap() {
        for row in page.rows {
            if let Some(pb::row::Entity::Token(token)) = row.entity {
                kept.extend(token.name);
            }
        }
    }
    for name in answered {
        assert_eq!(kept.iter().filter(|kept| *kept == name).count(), 1, "{name} was answered");
    }
}

/// The chain of a hub that has ended holds from its first entry to its last.
fn verify(data: &Path, least: usize) {
    let runtime = tokio::runtime::Handle::current();
    let home = data.parent().unwrap();
    let (mut process, _) = hub(home, data);
    let hello = runtime.block_on(async {
        connect(data).await.console().hello(pb::HelloRequest::default()).await.unwrap().into_inner()
    });
    process.kill();
    let journal = SqliteJournal::open(&data.join("journal.db"), &FleetId::new(hello.fleet)).unwrap();
    let verified = journal.reader().verify().unwrap();
    assert!(usize::try_from(verified.entries).unwrap() >= least, "{} entries", verified.entries);
}

fn http(address: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_that_fails_is_answered_by_nobody() {
    tokio::task::spawn_blocking(a_hub_whose_files_may_not_grow).await.unwrap();
}

/// A limit on the size of files, as a quota sets it: what is free can't be seen, and a write fails when it comes.
fn a_hub_whose_files_may_not_grow() {
    let home = tempfile::tempdir().unwrap();
    let (home, data) = (home.path(), home.path().join("hub"));
    let flag = format!("--data {}", data.display());
    // Too small for the reserve: the hub decides nothing from the start, and serves readers.
    let mut limited = Command::new("sh");
    let program = env!("CARGO_BIN_EXE_watchfloor");
    let script = format!("trap '' XFSZ; ulimit -S -f 65536; exec {program} hub --name main {flag} \"$@\"");
    limited.args(["-c", &script, "sh"]).env("WATCHFLOOR_HOME", home);
    let log = home.join("hub.log");
    let (mut process, _) = processes::try_hub(limited, None, &log).expect("it serves readers");
    assert_eq!(json(home, &format!("alerts {flag}")).as_array().map(Vec::len), Some(0));
    let refused = run(home, &format!("token create --role viewer --name early {flag}"));
    assert!(refused.code == Some(1) && refused.err.contains("reserve"), "{refused:?}");

    limit(process.pid(), "unlimited");
    until("the hub decides", || run(home, &format!("token create --role viewer --name first {flag}")).code == Some(0));

    // No byte more: the next commit fails, its act gets no answer, and the hub ends instead of going on.
    limit(process.pid(), "4096");
    let lost = run(home, &format!("token create --role viewer --name lost {flag}"));
    assert!(lost.code != Some(0) && lost.out.is_empty(), "{lost:?}");
    let left = process.wait_exit();
    let said = std::fs::read_to_string(&log).unwrap();
    assert!(!left.success() && said.contains("journal.db") && said.contains("nothing of it was confirmed"), "{said}");

    let (mut process, _) = hub(home, &data);
    let tokens = done(home, &format!("token list {flag}"));
    assert!(tokens.contains("first") && !tokens.contains("early"), "{tokens}");
    done(home, &format!("token create --role viewer --name after {flag}"));
    process.kill();
    let again = File::open(data.join("journal.db")).unwrap();
    assert!(again.metadata().unwrap().len() > 0);
}

fn limit(process: u32, size: &str) {
    let set =
        Command::new("prlimit").args(["--pid", &process.to_string(), &format!("--fsize={size}:unlimited")]).status();
    assert!(set.unwrap().success());
}
