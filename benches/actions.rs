//! Durable actions: how many a second a hub takes when 64 are in flight, against one at a time, in the same run, with
//! the disk's own fsync time beside it. `cargo bench --bench actions`
//!
//! A hub runs in this process on a data directory below the target folder, with 5,000 open alerts. Each action
//! acknowledges an alert, writes a note on it or releases it; it counts when its answer came, which is when it is
//! durable. First straight at the core; then over the hub's socket, as the command line and the console ask.

mod tools;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tools::{Outcome, folder, fsync, machine, ms, quantile, spread, verdict};
use watchfloor::console::act::{Act, Targets as AskedTargets, Verb as AskedVerb};
use watchfloor::fleet::alerts::Until;
use watchfloor::fleet::fact::{Fact, FactBody};
use watchfloor::fleet::rules::input::{Action, Admission, Input, Targets, Verb};
use watchfloor::fleet::words::{ActionId, AlertId, CheckName, CheckState, Revision, SafeText, StreamId, Timestamp};
use watchfloor::hub::core::Cut;
use watchfloor::hub::serve::{Hub, Options};
use watchfloor::hub::shared::Shared;
use watchfloor::link::socket_path::find_socket;
use watchfloor::link::{Address, Connection, dial};

const HOSTS: u64 = 50;
const CHECKS: u64 = 100;
const IN_FLIGHT: u64 = 64;
const SPAN: Duration = Duration::from_secs(6);

fn main() -> Outcome {
    let folder = folder()?;
    println!("{}", machine());
    spread("the disk's fdatasync of 4 KiB, before", &mut fsync(folder.path())?);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(measure(folder.path()))?;
    spread("the disk's fdatasync of 4 KiB, after", &mut fsync(folder.path())?);
    Ok(())
}

async fn measure(folder: &std::path::Path) -> Outcome {
    let data = folder.join("hub");
    let hub = Hub::start(Options { data: data.clone(), ..Options::default() }).await?;
    let shared = Arc::clone(hub.shared());
    let alerts = open_alerts(&shared).await?;
    println!("{} open alerts; each action is one decision, one entry, on one of them", alerts.len());
    let ids = Arc::new(AtomicU64::new(1));

    let core = |worker: u64| Lane { worker, alerts: Arc::clone(&alerts), ids: Arc::clone(&ids) };
    let direct = |workers: u64, shared: Arc<Shared>| {
        let lanes: Vec<_> = (0..workers).map(core).collect();
        async move {
            let tasks = lanes.into_iter().map(|lane| {
                let shared = Arc::clone(&shared);
                tokio::spawn(async move {
                    let end = Instant::now() + SPAN;
                    let (mut lane, mut times) = (lane, Vec::new());
                    while Instant::now() < end {
                        let action = lane.next(&shared);
                        let begin = Instant::now();
                        let answer = shared.core.decide(Input::Action(action)).await;
                        times.push(begin.elapsed());
                        if answer.is_err() || answer.is_ok_and(|answer| answer.done.len() != 1) {
                            return Err("an action was not done");
                        }
                    }
                    Ok(times)
                })
            });
            gathered(tasks.collect()).await
        }
    };
    let (single, mut times) = direct(1, Arc::clone(&shared)).await?;
    spread("one at a time, at the core", &mut times);
    let (many, mut times) = direct(IN_FLIGHT, Arc::clone(&shared)).await?;
    spread("64 in flight, at the core", &mut times);
    let p99 = quantile(&mut times, 0.99);
    println!("one at a time {single:.0}/s; 64 in flight {many:.0}/s, {:.1} times as many", many / single);
    println!("  >= 10,000/s: {}", verdict(many >= 10_000.0));
    println!("  >= 2.5 x single commits: {}", verdict(many >= 2.5 * single));
    println!("  p99 <= 15 ms: {} ({} ms)", verdict(p99 <= Duration::from_millis(15)), ms(p99));

    let connection = dial(&[Address::Unix(find_socket(&data))], None).await?;
    let tasks = (0..IN_FLIGHT).map(core).map(|lane| tokio::spawn(over_socket(lane, connection.clone())));
    let (socket, mut times) = gathered(tasks.collect()).await?;
    println!("over the socket (gRPC, client in the same process), 64 in flight: {socket:.0}/s");
    spread("  each", &mut times);
    drop(connection);
    hub.end().await?;
    Ok(())
}

type Tasks = Vec<tokio::task::JoinHandle<Result<Vec<Duration>, &'static str>>>;

async fn gathered(tasks: Tasks) -> Outcome<(f64, Vec<Duration>)> {
    let begin = Instant::now();
    let mut times = Vec::new();
    for task in tasks {
        times.extend(task.await??);
    }
    Ok((times.len() as f64 / begin.elapsed().as_secs_f64(), times))
}

/// What one of those in flight asks for, one after the other.
struct Lane {
    worker: u64,
    alerts: Arc<Vec<AlertId>>,
    ids: Arc<AtomicU64>,
}

impl Lane {
    /// Number, verb and alert: each alert is acknowledged, noted on and released in turn; no two lanes share one.
    fn turn(&mut self) -> (ActionId, u64, AlertId) {
        let id = self.ids.fetch_add(1, Ordering::Relaxed);
        let own = self.alerts.len() as u64 / IN_FLIGHT;
        let turn = self.worker;
        self.worker += IN_FLIGHT;
        let (lane, step) = (turn % IN_FLIGHT, turn / IN_FLIGHT);
        let at = lane + IN_FLIGHT * (step / 3 % own);
        let alert = self.alerts.get(usize::try_from(at).unwrap_or(0)).copied().unwrap_or(AlertId(1));
        (ActionId(u128::from(id) << 64 | u128::from(std::process::id())), step % 3, alert)
    }

    fn next(&mut self, shared: &Shared) -> Action {
        let (id, verb, alert) = self.turn();
        let note = SafeText::new("seen, I look at it");
        let verb = match verb {
            0 => Verb::Acknowledge { until: Until::Worse, limit: None, note },
            1 => Verb::Note { note },
            _ => Verb::Release { to: None, note },
        };
        let (asker, seen, targets) = (shared.access.local(), Revision(0), Targets::Ids(vec![alert]));
        Action { id, asker, seen, targets, dry_run: false, verb }
    }
}

async fn over_socket(mut lane: Lane, connection: Connection) -> Result<Vec<Duration>, &'static str> {
    let mut console = connection.console();
    let end = Instant::now() + SPAN;
    let mut times = Vec::new();
    while Instant::now() < end {
        let (id, verb, alert) = lane.turn();
        let note = "seen, I look at it".to_owned();
        let verb = match verb {
            0 => AskedVerb::Acknowledge { until: Until::Worse, note, limit: None },
            1 => AskedVerb::Note { note },
            _ => AskedVerb::Release { to: String::new(), note },
        };
        let act = Act { id, seen: Revision(0), targets: AskedTargets::Alerts(vec![alert]), dry_run: false, verb };
        let request = act.to_message();
        let begin = Instant::now();
        let reply = console.act(request).await.map_err(|_| "the hub refused")?;
        times.push(begin.elapsed());
        if reply.into_inner().done.len() != 1 {
            return Err("an action was not done");
        }
    }
    Ok(times)
}

/// Hosts, each with checks that are critical and hard.
async fn open_alerts(shared: &Shared) -> Outcome<Arc<Vec<AlertId>>> {
    let agents = (0..HOSTS)
        .map(|host| Admission {
            key_hash: [u8::try_from(host + 1).unwrap_or(1); 32],
            name: Some(SafeText::new(&format!("bench-{host}"))),
        })
        .collect();
    let answer = shared.core.decide(Input::Admit { asker: shared.access.local(), agents }).await?;
    for host in answer.recorded.iter().filter_map(|recorded| recorded.host) {
        let facts = (0..CHECKS).map(|check| {
            let body = FactBody::Check {
                name: CheckName::new(format!("check-{check}")),
                state: CheckState::Critical,
                hard: true,
                attempt: 3,
                max_attempts: 3,
                summary: SafeText::new("DISK CRITICAL - free space: /var 120 MB (1% inode=98%)"),
                long_text: SafeText::new(""),
                perfdata: SafeText::new("/var=11880MB;9600;11400;0;12000"),
                interval_ms: 3_600_000,
            };
            Ok((Fact { at: Timestamp(1), body }, Vec::new()))
        });
        shared.core.facts(host, StreamId(7), 1, facts.collect()).await?;
    }
    let Cut { fleet, .. } = shared.core.cut().await?;
    Ok(Arc::new(fleet.alerts.open().map(|alert| alert.id).collect()))
}
