//! The hub killed at random moments under load: nothing that was answered is lost, nothing is there twice.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use bytes::Bytes;
use watchfloor::fleet::words::FleetId;
use watchfloor::hub::journal::{Journal, SqliteJournal};
use watchfloor::link::socket_path::find_socket;
use watchfloor::link::{Address, Connection, dial};
use watchfloor::wire::pb;
use watchfloor::wire::pb::act_request::Verb;
use watchfloor::wire::pb::query_request::Kind;

/// Kills; each comes at another moment of the commits that are under way.
const KILLS: u64 = 200;
/// Actions under way at once.
const ACTORS: u64 = 8;

fn start(data: &Path) -> Child {
    Command::new(env!("CARGO_BIN_EXE_watchfloor"))
        .args(["hub", "--listen", "127.0.0.1:0", "--enrol-listen", "127.0.0.1:0", "--name", "main", "--data"])
        .arg(data)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

async fn connect(data: &Path) -> Connection {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let address = Address::Unix(find_socket(data));
        if let Ok(link) = dial(&[address], None).await
            && link.console().hello(pb::HelloRequest::default()).await.is_ok()
        {
            return link;
        }
        assert!(Instant::now() < deadline, "the hub does not come back after a kill");
        tokio::task::yield_now().await;
    }
}

/// Makes tokens until the hub is gone; returns the names of those that were answered.
async fn act(link: Connection, actor: u64, round: u64) -> Vec<String> {
    let mut answered = Vec::new();
    for turn in 0_u64.. {
        let name = format!("t-{round}-{actor}-{turn}");
        let token = pb::CreateToken { role: pb::Role::Viewer.into(), name: name.clone(), ..pb::CreateToken::default() };
        let mut id = [0; 16];
        for (place, part) in id.chunks_exact_mut(4).zip([round, actor, turn, 7]) {
            place.copy_from_slice(&(part as u32).to_le_bytes());
        }
        let request = pb::ActRequest {
            id: Bytes::copy_from_slice(&id),
            verb: Some(Verb::CreateToken(token)),
            ..pb::ActRequest::default()
        };
        match link.console().act(request).await {
            Ok(_) => answered.push(name),
            Err(_) => break,
        }
    }
    answered
}

async fn tokens(link: &Connection) -> BTreeMap<String, usize> {
    let request = pb::QueryRequest { kind: Kind::Tokens.into(), ..pb::QueryRequest::default() };
    let mut pages = link.console().query(request).await.unwrap().into_inner();
    let mut names = BTreeMap::new();
    while let Some(page) = pages.message().await.unwrap() {
        for row in page.rows {
            if let Some(pb::row::Entity::Token(token)) = row.entity {
                *names.entry(token.name.unwrap_or_default()).or_default() += 1;
            }
        }
    }
    names
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_any_moment_the_hub_loses_and_doubles_nothing() {
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("hub");
    let mut answered = Vec::new();
    for round in 0..KILLS {
        let mut hub = start(&data);
        let link = connect(&data).await;
        let actors: Vec<_> = (0..ACTORS).map(|actor| tokio::spawn(act(link.clone(), actor, round))).collect();
        // The moment of the kill wanders over some milliseconds of commits.
        tokio::time::sleep(Duration::from_micros(1_000 + round * 7_919 % 30_000)).await;
        hub.kill().unwrap();
        hub.wait().unwrap();
        for actor in actors {
            answered.extend(actor.await.unwrap());
        }
    }
    assert!(answered.len() as u64 > KILLS, "the load was real: {} answers", answered.len());
    let mut hub = start(&data);
    let link = connect(&data).await;
    let kept = tokens(&link).await;
    for name in &answered {
        assert_eq!(kept.get(name), Some(&1), "{name} was answered");
    }
    assert!(kept.values().all(|count| *count == 1), "nothing is there twice");
    let fleet = link.console().hello(pb::HelloRequest::default()).await.unwrap().into_inner().fleet;
    hub.kill().unwrap();
    hub.wait().unwrap();
    let journal = SqliteJournal::open(&data.join("journal.db"), &FleetId::new(fleet)).unwrap();
    let verified = journal.reader().verify().unwrap();
    assert!(verified.entries as usize >= answered.len(), "the chain holds over {} entries", verified.entries);
}
