//! Peers that vanish without a word: the cable is cut where neither end sees it, and both sockets stay open.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncWrite, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::sync::watch;
use watchfloor::console::link_task::Reach;
use watchfloor::console::replica::{FleetIndex, LinkState};
use watchfloor::fleet::hosts::HostState;
use watchfloor::fleet::words::HostId;
use watchfloor::link::Address;
use watchfloor::link::socket_path::find_socket;

use crate::hubs_and_console::Console;
use crate::processes::{agent, enrol, hub};

const FLEET: FleetIndex = FleetIndex(0);
const HOST: HostId = HostId(1);

/// A cable that can be cut. What is connected through it then never hears of the other end again; after it is mended,
/// new connections go through.
struct Cable {
    cut: watch::Sender<bool>,
    ended: Arc<Ended>,
}

/// Ends of cut connections that were let go of by those who hold them.
#[derive(Default)]
struct Ended {
    diallers: AtomicUsize,
    hubs: AtomicUsize,
}

impl Cable {
    fn new() -> (Self, watch::Receiver<bool>) {
        let (cut, is_cut) = watch::channel(false);
        (Self { cut, ended: Arc::default() }, is_cut)
    }

    async fn tcp(to: String) -> (Self, String) {
        let (cable, is_cut) = Self::new();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let ended = Arc::clone(&cable.ended);
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let far = TcpStream::connect(&to).await.unwrap();
                tokio::spawn(carry(near, far, is_cut.clone(), Arc::clone(&ended)));
            }
        });
        (cable, address)
    }

    fn unix(at: &Path, to: PathBuf) -> Self {
        let (cable, is_cut) = Self::new();
        let listener = UnixListener::bind(at).unwrap();
        let ended = Arc::clone(&cable.ended);
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let far = UnixStream::connect(&to).await.unwrap();
                tokio::spawn(carry(near, far, is_cut.clone(), Arc::clone(&ended)));
            }
        });
        cable
    }

    fn both_let_go(&self) -> bool {
        self.ended.diallers.load(Ordering::Relaxed) > 0 && self.ended.hubs.load(Ordering::Relaxed) > 0
    }
}

async fn carry<S>(mut near: S, mut far: S, mut is_cut: watch::Receiver<bool>, ended: Arc<Ended>)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    tokio::select! {
        _ = copy_bidirectional(&mut near, &mut far) => return,
        _ = is_cut.wait_for(|cut| *cut) => {}
    }
    // Both ends stay open, their bytes go nowhere.
    let (mut nowhere, mut neither) = (tokio::io::sink(), tokio::io::sink());
    let near_ends = async {
        let _ = tokio::io::copy(&mut near, &mut nowhere).await;
        ended.diallers.fetch_add(1, Ordering::Relaxed);
    };
    let far_ends = async {
        let _ = tokio::io::copy(&mut far, &mut neither).await;
        ended.hubs.fetch_add(1, Ordering::Relaxed);
    };
    tokio::join!(near_ends, far_ends);
}

fn console(socket: PathBuf) -> Console {
    Console::reaching(vec![("main", Reach::fixed(vec![Address::Unix(socket)], None))])
}

fn state(console: &Console) -> Option<HostState> {
    console.replica(FLEET).fleet().hosts.hosts.get(&HOST).map(|host| host.state)
}

/// How long it took since `from`, which must be less than `most` seconds.
#[track_caller]
fn within(from: Instant, most: u64, what: &str) {
    let took = from.elapsed();
    assert!(took < Duration::from_secs(most), "{what} took {took:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cable_cut_in_silence_is_noticed_by_everyone_in_time() {
    let home = tempfile::tempdir().unwrap();
    let (home, data) = (home.path(), home.path().join("hub"));
    let (_hub, ports) = hub(home, &data);
    let (agents, address) = Cable::tcp(ports.link.clone()).await;
    let consoles = Cable::unix(&home.join("cable.sock"), find_socket(&data));
    enrol(home, &data, "--role agent --name web-1");
    let file = home.join("agent/agent.toml");
    let settings = std::fs::read_to_string(&file).unwrap();
    assert!(settings.contains(&ports.link), "{settings}");
    std::fs::write(&file, settings.replace(&ports.link, &address)).unwrap();
    let _agent = agent(home);
    let mut near = console(find_socket(&data));
    let mut far = console(home.join("cable.sock"));
    near.until("the host is up", |console| state(console) == Some(HostState::Up)).await;
    far.until("the host is up there too", |console| state(console) == Some(HostState::Up)).await;

    let cut = Instant::now();
    agents.cut.send_replace(true);
    consoles.cut.send_replace(true);
    far.until("the console is stale", |console| matches!(console.replica(FLEET).link(), LinkState::Lost { .. })).await;
    within(cut, 12, "noticing a silent hub");
    let reason = far.replica(FLEET).link().reason().unwrap().to_string();
    assert!(reason.contains("nothing was heard for 10 s") && far.replica(FLEET).is_stale(), "{reason}");
    assert_eq!(state(&far), Some(HostState::Up), "what was known stays, stale");
    near.until("the hub judges the silence", |console| state(console) == Some(HostState::Silent)).await;
    near.until("the host is down", |console| state(console) == Some(HostState::Down)).await;
    within(cut, 26, "judging a host down");
    let let_go = async {
        while !(agents.both_let_go() && consoles.both_let_go()) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), let_go).await.expect("both ends let go of what is dead");
    within(cut, 28, "letting go of dead connections");

    agents.cut.send_replace(false);
    consoles.cut.send_replace(false);
    near.until("the agent dialled again", |console| state(console) == Some(HostState::Up)).await;
    far.live(FLEET).await;
    far.until("the console is up to date", |console| state(console) == Some(HostState::Up)).await;
    assert_eq!(far.replica(FLEET).position().epoch, near.replica(FLEET).position().epoch);
}
