//! A hub under its fleet: memory and processor time with a swarm attached, and how soon all are live after a crash.
//! `cargo bench --bench hub [AGENTS [SECONDS]]` (2,000 and 60 unless told)
//!
//! Hub and swarm are processes of the real program; every synthetic agent has its own certificate and its own mTLS
//! connection over the loopback, and sends a heartbeat, vitals and 60 samples every 10 s. This process is the console:
//! a link task on the hub's socket that follows everything into a replica. Then the hub is killed (-9), stays away for
//! ten seconds, and starts again on the same ports; a host is live when its heartbeat came after that start. Last, with
//! hub and swarm gone, Debian's Prometheus takes as many values from as many hosts as often, in plain text over HTTP.

#[path = "tools/prometheus.rs"]
mod prometheus;
mod tools;

use std::path::Path;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, watch};
use tools::{Outcome, Program, folder, machine, mib, ms, processor, resident, verdict};
use watchfloor::console::link_task::{FromLink, LinkConfig, LinkHandle, News, Reach, spawn};
use watchfloor::console::replica::{FleetIndex, Replica};
use watchfloor::fleet::alerts::Subject;
use watchfloor::fleet::derived::first_look::Look;
use watchfloor::fleet::hosts::HostState;
use watchfloor::fleet::words::Timestamp;
use watchfloor::link::Address;
use watchfloor::link::socket_path::find_socket;

const PATIENCE: Duration = Duration::from_secs(180);
const AWAY: Duration = Duration::from_secs(10);
/// A hub that starts waits two heartbeats before it judges, and a host is down 25 s after its last sign of life.
const JUDGED: Duration = Duration::from_secs(60);

fn main() -> Outcome {
    let mut numbers = std::env::args().skip(1).filter_map(|word| word.parse().ok());
    let (agents, seconds) = (numbers.next().unwrap_or(2_000), numbers.next().unwrap_or(60));
    println!("{}", machine());
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(measure(agents, seconds))
}

async fn measure(agents: u64, seconds: u64) -> Outcome {
    let home = folder()?;
    let program = Program::at(home.path());
    let hub = program.start(&["hub", "--listen", "127.0.0.1:0", "--enrol-listen", "127.0.0.1:0"])?;
    let (link, enrol) = (hub.said("link").unwrap_or("").to_owned(), hub.said("enrol").unwrap_or("").to_owned());
    let count = agents.to_string();
    let begin = Instant::now();
    let swarm = program.start(&["swarm", "--agents", &count, "--interval", "10s"])?;
    println!("{agents} agents signed, admitted and linked in {} ms", ms(begin.elapsed()));
    let data = home.path().join("hub");
    let mut console = Console::attach(&data);
    let begin = Instant::now();
    console.until(|console| console.up() >= agents).await?;
    println!("console attached; all {agents} up on it after {} ms", ms(begin.elapsed()));
    console.follow(Duration::from_secs(15)).await;

    let (before, swarm_before) = (processor(hub.pid())?, processor(swarm.pid())?);
    let (begin, received) = (Instant::now(), console.glances);
    let mut most = 0;
    while begin.elapsed() < Duration::from_secs(seconds) {
        console.follow(Duration::from_secs(1)).await;
        most = most.max(resident(hub.pid())?.0);
    }
    let spent = begin.elapsed().as_secs_f64();
    let share = |time: Duration| time.as_secs_f64() / spent * 100.0;
    let cpu = share(processor(hub.pid())?.saturating_sub(before));
    println!("{spent:.0} s with one console attached ({} glances came)", console.glances - received);
    println!("hub: {} MiB resident at most: <= 200 MiB {}", mib(most), verdict(most <= 200 << 20));
    println!("hub: {cpu:.1} % of a core: <= 10 % {}", verdict(cpu <= 10.0));
    println!("(swarm beside it: {:.1} % of a core)", share(processor(swarm.pid())?.saturating_sub(swarm_before)));

    let alerts = console.alerts();
    drop(console);
    hub.kill()?;
    tokio::time::sleep(AWAY).await;
    let hub = program.start(&["hub", "--listen", &link, "--enrol-listen", &enrol])?;
    let ready = Instant::now();
    let restarted = Timestamp(i64::try_from(std::time::UNIX_EPOCH.elapsed()?.as_millis())?);
    let mut console = Console::attach(&data);
    let half = {
        console.until(|console| console.live_since(restarted) >= agents / 2).await?;
        ready.elapsed()
    };
    console.until(|console| console.live_since(restarted) >= agents).await?;
    let all = ready.elapsed();
    println!(
        "killed, {} s away, started: half live after {} ms, all after {} ms (heartbeats come every 10 s): <= 10 s {}",
        AWAY.as_secs(),
        ms(half),
        ms(all),
        verdict(all <= Duration::from_secs(10))
    );
    console.follow(JUDGED).await;
    let false_alerts = console.alerts() - alerts;
    println!("alerts in {} s after that: {false_alerts}: none {}", JUDGED.as_secs(), verdict(false_alerts == 0));
    println!("hosts up: {} of {agents}; hub {} MiB", console.up(), mib(resident(hub.pid())?.0));
    drop(console);
    swarm.kill()?;
    hub.kill()?;
    let load = prometheus::Load { hosts: agents, values: 60 };
    if prometheus::measure(home.path(), load, Duration::from_secs(seconds)).await?.is_none() {
        println!("no peer beside it: Prometheus is not installed (on Debian: apt-get install prometheus)");
    }
    Ok(())
}

/// A console without a screen.
struct Console {
    replica: Replica,
    news: mpsc::Receiver<FromLink>,
    glances: usize,
    _link: LinkHandle,
}

impl Console {
    fn attach(data: &Path) -> Self {
        let (out, news) = mpsc::channel(256);
        let reach = Reach::fixed(vec![Address::Unix(find_socket(data))], None);
        let link = spawn(LinkConfig { fleet: FleetIndex(0), reach, look: watch::channel(Look::default()).1 }, out);
        Self { replica: Replica::new("bench", Instant::now()), news, glances: 0, _link: link }
    }

    /// Follows the hub for a while.
    async fn follow(&mut self, span: Duration) {
        let end = tokio::time::Instant::now() + span;
        while let Ok(Some(told)) = tokio::time::timeout_at(end, self.news.recv()).await {
            if let News::Update(update) = told.news {
                self.glances += self.replica.apply(update).glances.len();
            }
        }
    }

    async fn until(&mut self, reached: impl Fn(&Self) -> bool) -> Outcome {
        let begin = Instant::now();
        while !reached(self) {
            if begin.elapsed() > PATIENCE {
                return Err(format!("only {} hosts were up within {PATIENCE:?}", self.up()).into());
            }
            self.follow(Duration::from_millis(20)).await;
        }
        Ok(())
    }

    fn up(&self) -> u64 {
        self.replica.fleet().hosts.present().filter(|host| host.state == HostState::Up).count() as u64
    }

    /// Hosts whose heartbeat came after a moment and that are up.
    fn live_since(&self, moment: Timestamp) -> u64 {
        let live = |host: &&std::sync::Arc<watchfloor::fleet::hosts::Host>| {
            let glance = self.replica.glance(host.id);
            host.state == HostState::Up
                && glance.is_some_and(|glance| glance.linked && glance.last_seen.is_some_and(|seen| seen >= moment))
        };
        self.replica.fleet().hosts.present().filter(live).count() as u64
    }

    /// Alerts about hosts, open or resolved.
    fn alerts(&self) -> usize {
        let about_host = |subject: &Subject| matches!(subject, Subject::Host(_) | Subject::Check { .. });
        self.replica.fleet().alerts.alerts.values().filter(|alert| about_host(&alert.subject)).count()
    }
}
