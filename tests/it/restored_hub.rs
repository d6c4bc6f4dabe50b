//! A hub restored from an older backup, with its agent and its console still there: both know more than it does.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use tokio_util::sync::CancellationToken;
use watchfloor::agent::dialler::Dialler;
use watchfloor::agent::{Agent, AgentConfig};
use watchfloor::console::link_task::Reach;
use watchfloor::console::replica::{FleetIndex, LinkState};
use watchfloor::fleet::checks;
use watchfloor::fleet::identity::Role;
use watchfloor::fleet::state::Event;
use watchfloor::fleet::words::{AlertId, CheckState, HostId, Revision};
use watchfloor::hub::doors::Peer;
use watchfloor::hub::serve::{Door, Hub};
use watchfloor::link::socket_path::find_socket;
use watchfloor::link::{Address, LinkError, Pipe};
use watchfloor::settings::agent::AgentSettings;
use watchfloor::wire::entry::decode_entry_bytes;

use crate::hubs_and_console::{Console, hub};
use crate::processes::{Running, sleeper};

const FLEET: FleetIndex = FleetIndex(0);

/// A hub's directory, an agent that reaches whatever hub serves it, and a check the test decides.
struct Place {
    home: tempfile::TempDir,
    door: Arc<Mutex<Option<(Door, HostId)>>>,
    reachable: Arc<AtomicBool>,
}

impl Place {
    fn new() -> Self {
        let place = Self {
            home: tempfile::tempdir().unwrap(),
            door: Arc::default(),
            reachable: Arc::new(AtomicBool::new(true)),
        };
        let config = place.data().join("config");
        std::fs::create_dir_all(&config).unwrap();
        let check = format!(
            "[check.needle]\nkind = \"process\"\nprocess = \"{}\"\ncritical = \"1:\"\nattempts = 1\ninterval = \"1s\"\n",
            needle_name()
        );
        std::fs::write(config.join("checks.toml"), check).unwrap();
        std::fs::write(config.join("fleet.toml"), "heartbeat = \"1s\"\nsampling = \"1s\"\n").unwrap();
        place
    }

    fn data(&self) -> PathBuf {
        self.home.path().join("hub")
    }

    /// The check recovers while this runs.
    fn needle(&self) -> Running {
        sleeper(self.home.path(), &needle_name())
    }

    async fn serve(&self) -> Hub {
        let hub = hub(&self.data(), "main").await;
        let host = hub.admit_local("web-1").await.unwrap();
        *self.door.lock().unwrap() = Some((hub.door(), host));
        hub
    }

    async fn end(&self, hub: Hub) {
        self.door.lock().unwrap().take();
        hub.end().await.unwrap();
    }

    async fn agent(&self) -> CancellationToken {
        let door = Arc::clone(&self.door);
        let pipe = Pipe::new(move || {
            let door = door.lock().unwrap().clone();
            let (door, host) = door.ok_or(std::io::ErrorKind::ConnectionRefused)?;
            let (near, far) = tokio::io::duplex(64 << 10);
            door.accept(far, Peer::Host(host))?;
            Ok(near)
        });
        let config = AgentConfig {
            dir: self.home.path().join("agent"),
            root: "/".into(),
            settings: AgentSettings::local(),
            dialler: Dialler::local(vec![Address::Pipe(pipe)]),
        };
        let (agent, stop) = (Agent::start(config).await.unwrap(), CancellationToken::new());
        tokio::spawn(agent.run(stop.clone()));
        stop
    }

    fn console(&self) -> Console {
        let (data, reachable) = (self.data(), Arc::clone(&self.reachable));
        let reach = Reach::new(move || match reachable.load(Ordering::Relaxed) {
            true => Ok((vec![Address::Unix(find_socket(&data))], None)),
            false => Err(LinkError::NoHub("its cable is out".to_owned())),
        });
        Console::reaching(vec![("main", reach)])
    }
}

fn needle_name() -> String {
    format!("wf{}", std::process::id())
}

/// Copies files and folders; sockets are made anew by who listens.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let (kind, to) = (entry.file_type().unwrap(), to.join(entry.file_name()));
        if kind.is_dir() {
            copy(&entry.path(), &to);
        } else if kind.is_file() {
            std::fs::copy(entry.path(), to).unwrap();
        }
    }
}

fn open_alerts(console: &Console) -> Vec<AlertId> {
    let alerts = &console.replica(FLEET).fleet().alerts.alerts;
    alerts.values().filter(|alert| alert.is_open()).map(|alert| alert.id).collect()
}

/// The states that the journal holds of the check, oldest first.
fn told(hub: &Hub) -> Vec<CheckState> {
    let entries = hub.shared().journal.entries(Revision(1), 100_000, 64 << 20).unwrap();
    let events = entries.into_iter().flat_map(|entry| decode_entry_bytes(entry.bytes).unwrap().events);
    let states = events.filter_map(|(_, event)| match event {
        Event::Checks(checks::Event::Changed { check, state, .. }) if check.as_str() == "needle" => Some(state),
        _ => None,
    });
    states.collect()
}

/// A place whose hub was saved when its check was well, and has gone on since: the check failed, a host came.
async fn saved_and_gone_on() -> (Place, Console, Hub, HostId, CancellationToken) {
    let place = Place::new();
    let first = place.serve().await;
    let agent = place.agent().await;
    let mut console = place.console();
    console.until("the check fails", |console| !open_alerts(console).is_empty()).await;
    let needle = place.needle();
    console.until("the check is well", |console| open_alerts(console).is_empty()).await;
    place.end(first).await;
    copy(&place.data(), &place.home.path().join("backup"));

    let hub = place.serve().await;
    let second = hub.admit_local("db-1").await.unwrap();
    console.until("another host", |console| console.replica(FLEET).fleet().hosts.hosts.contains_key(&second)).await;
    drop(needle);
    console.until("the check fails again", |console| !open_alerts(console).is_empty()).await;
    for _ in 0..10 {
        console.check_now(FLEET, second).await;
    }
    assert_eq!(told(&hub), [CheckState::Critical, CheckState::Ok, CheckState::Critical]);
    (place, console, hub, second, agent)
}

async fn restore(place: &Place, console: &mut Console, hub: Hub) {
    place.end(hub).await;
    console.until("the hub is gone", |console| matches!(console.replica(FLEET).link(), LinkState::Lost { .. })).await;
    std::fs::remove_dir_all(place.data()).unwrap();
    copy(&place.home.path().join("backup"), &place.data());
}

/// The console shows what the hub has, all of it and nothing else.
async fn console_is_as(console: &mut Console, hub: &Hub) {
    console.live(FLEET).await;
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(30);
    loop {
        let cut = hub.shared().core.cut().await.unwrap();
        let wanted = cut.fleet.project(Role::Admin, None);
        console
            .until("what the hub had", |console| console.replica(FLEET).position().revision >= wanted.revision)
            .await;
        let held = console.replica(FLEET);
        if held.position().revision == wanted.revision {
            assert_eq!((held.position().epoch, held.fleet()), (cut.epoch, &wanted));
            return;
        }
        assert!(tokio::time::Instant::now() < deadline, "the fleet never stands still");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restored_hub_is_noticed_and_what_agents_hold_is_told_again_once() {
    let (place, mut console, hub, second, agent) = saved_and_gone_on().await;
    let before = console.replica(FLEET).position();
    restore(&place, &mut console, hub).await;

    let restored = place.serve().await;
    console.live(FLEET).await;
    let now = console.replica(FLEET).position();
    assert_ne!(now.epoch, before.epoch, "a restored hub is another history");
    assert!(!console.replica(FLEET).fleet().hosts.hosts.contains_key(&second), "no row of what never was");
    console.until("the fact that the backup lacks", |console| !open_alerts(console).is_empty()).await;
    assert_eq!(told(&restored), [CheckState::Critical, CheckState::Ok, CheckState::Critical], "told again, once");
    console_is_as(&mut console, &restored).await;
    agent.cancel();
    restored.end().await.unwrap();
}

/// The restored hub goes on before anyone who knows more dials, and is then further than they were.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restored_hub_that_has_overtaken_its_console_is_noticed_too() {
    let (place, mut console, hub, second, agent) = saved_and_gone_on().await;
    let before = console.replica(FLEET).position();
    place.reachable.store(false, Ordering::Relaxed);
    restore(&place, &mut console, hub).await;

    let restored = place.serve().await;
    while restored.shared().core.standing().await.unwrap().revision <= before.revision {
        restored
            .admit_local(&format!("new-{}", restored.shared().core.standing().await.unwrap().revision.0))
            .await
            .unwrap();
    }
    place.reachable.store(true, Ordering::Relaxed);
    console.live(FLEET).await;
    assert_ne!(console.replica(FLEET).position().epoch, before.epoch, "a restored hub is another history");
    let name =
        |console: &Console| console.replica(FLEET).fleet().hosts.hosts.get(&second).map(|host| host.name.to_string());
    assert_ne!(name(&console).as_deref(), Some("db-1"), "no row of what never was");
    console_is_as(&mut console, &restored).await;
    agent.cancel();
    restored.end().await.unwrap();
}
