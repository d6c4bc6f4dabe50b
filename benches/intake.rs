//! Alerts of other systems: how fast they are taken in, what they weigh, how fast they are read.
//! `cargo bench --bench intake [SECONDS]` (6 unless told)
//!
//! Debian's prometheus-alertmanager runs on the same machine in the same run, by itself while it is measured. Both get
//! the same bytes over HTTP/1.1 on the loopback, connections kept: alerts that differ in one label, with seven labels,
//! two annotations, startsAt and an endsAt an hour ahead. Alertmanager answers when it has an alert in memory; the hub
//! answers when it is on the disk. This process is the client of both.

#[path = "tools/alertmanager.rs"]
mod alertmanager;
#[path = "tools/http.rs"]
mod http;
mod tools;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, UNIX_EPOCH};

use http::Client;
use tools::{Outcome, Program, Running, folder, fsync, machine, mib, ms, quantile, resident, verdict};

/// Alerts that are held when memory is measured.
const HELD: u64 = 200_000;
/// Alerts that are read.
const READ: u64 = 100_000;
/// Alerts of a large request.
const MANY: u64 = 100;
/// Times the whole list is read.
const READS: usize = 5;

fn main() -> Outcome {
    let seconds = std::env::args().skip(1).find_map(|word| word.parse().ok()).unwrap_or(6);
    println!("{}", machine());
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(measure(Duration::from_secs(seconds)))
}

/// What was measured of one of the two.
#[derive(Debug, Default)]
struct Figures {
    /// Alerts a second: one a request from 32 connections, from one connection, many a request.
    rates: [f64; 3],
    /// The medians of those requests.
    p50: [Duration; 3],
    memory: u64,
    read: Duration,
    bytes: usize,
}

async fn measure(span: Duration) -> Outcome {
    let disk = folder()?;
    let fsync = quantile(&mut fsync(disk.path())?, 0.5);
    println!("fdatasync of 4 KiB appended: p50 {} ms", ms(fsync));
    let ours = figures(span, async || Hub::start()).await?;
    print("hub", &ours);
    if !alertmanager::is_installed() {
        println!("no peer beside it: install it (on Debian: apt-get install prometheus-alertmanager)");
        return Ok(());
    }
    let peer = figures(span, async || alertmanager::start().await).await?;
    print("alertmanager", &peer);
    let line = |what: &str, words: String, reached: bool| println!("{what}: {words} {}", verdict(reached));
    let times = |one: f64, other: f64| format!("{:.2} times", one / other);
    let [ours_32, _, ours_many] = ours.rates;
    let [peer_32, _, peer_many] = peer.rates;
    line("32 connections, rate beside it: >= 1 times", times(ours_32, peer_32), ours_32 >= peer_32);
    let most = peer.p50[1] + 2 * fsync;
    let words = format!("{} ms <= {} ms", ms(ours.p50[1]), ms(most));
    line("one connection, p50: <= its p50 + 2 fsync", words, ours.p50[1] <= most);
    line("100 a request, rate: >= 1.5 times", times(ours_many, peer_many), ours_many >= 1.5 * peer_many);
    let share = ours.memory as f64 / peer.memory as f64;
    line("memory at 200,000: <= 1/3", format!("{share:.2} of its"), share <= 1.0 / 3.0);
    let faster = peer.read.as_secs_f64() / ours.read.as_secs_f64();
    line("reading 100,000: >= 5 times faster", format!("{faster:.1} times"), faster >= 5.0);
    Ok(())
}

fn print(name: &str, figures: &Figures) {
    let [all, one, many] = figures.rates;
    let [p50_all, p50_one, p50_many] = figures.p50.map(ms);
    println!("{name}: one alert a request, 32 connections: {all:.0} alerts/s, p50 {p50_all} ms");
    println!("{name}: one alert a request, one connection: {one:.0} alerts/s, p50 {p50_one} ms");
    println!("{name}: 100 alerts a request, 4 connections: {many:.0} alerts/s, p50 {p50_many} ms");
    println!("{name}: {} MiB resident with {HELD} alerts", mib(figures.memory));
    println!("{name}: all of {READ} alerts read in {} ms ({} MiB)", ms(figures.read), mib(figures.bytes as u64));
}

/// One of the two, running.
trait Taker {
    fn pid(&self) -> u32;
    fn address(&self) -> &str;
    /// Headers of requests that send, and of those that read.
    fn headers(&self) -> [&str; 2];
}

async fn figures<T: Taker>(span: Duration, start: impl AsyncFn() -> Outcome<T>) -> Outcome<Figures> {
    let mut figures = Figures::default();
    let taker = start().await?;
    for (at, connections) in [(0, 32), (1, 1)] {
        let first = if at == 0 { 0 } else { 10_000_000 };
        let (sent, mut times, took) = send(&taker, connections, 1, first, Until::Time(span)).await?;
        figures.rates[at] = sent as f64 / took.as_secs_f64();
        figures.p50[at] = quantile(&mut times, 0.5);
    }
    drop(taker);
    let taker = start().await?;
    let (sent, mut times, took) = send(&taker, 4, MANY, 0, Until::Count(HELD)).await?;
    figures.rates[2] = sent as f64 / took.as_secs_f64();
    figures.p50[2] = quantile(&mut times, 0.5);
    tokio::time::sleep(Duration::from_secs(5)).await;
    figures.memory = resident(taker.pid())?.0;
    drop(taker);
    let taker = start().await?;
    send(&taker, 4, MANY, 0, Until::Count(READ)).await?;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let mut times = Vec::new();
    let mut client = Client::connect(taker.address(), taker.headers()[1]).await?;
    for _ in 0..READS {
        let begin = Instant::now();
        let body = client.get("/api/v2/alerts").await?;
        times.push(begin.elapsed());
        figures.bytes = body.len();
        let count = body.windows(14).filter(|part| *part == b"\"fingerprint\":").count();
        if count as u64 != READ {
            return Err(format!("{count} alerts were read, not {READ}").into());
        }
    }
    figures.read = quantile(&mut times, 0.5);
    Ok(figures)
}

#[derive(Clone, Copy)]
enum Until {
    Time(Duration),
    Count(u64),
}

/// Sends alerts from so many connections; returns how many, the times of the requests and how long it took.
async fn send(
    taker: &impl Taker,
    connections: u64,
    each: u64,
    first: u64,
    until: Until,
) -> Outcome<(u64, Vec<Duration>, Duration)> {
    let next = Arc::new(AtomicU64::new(first));
    let begin = Instant::now();
    let mut senders = Vec::new();
    for _ in 0..connections {
        let mut client = Client::connect(taker.address(), taker.headers()[0]).await?;
        let next = Arc::clone(&next);
        senders.push(tokio::spawn(async move {
            let mut times = Vec::new();
            loop {
                let from = next.fetch_add(each, Ordering::Relaxed);
                let ended = match until {
                    Until::Time(span) => begin.elapsed() >= span,
                    Until::Count(count) => from >= first + count,
                };
                if ended {
                    return Ok::<_, String>(times);
                }
                let body = alerts(from, each);
                let start = Instant::now();
                client.post("/api/v2/alerts", &body).await.map_err(|error| error.to_string())?;
                times.push(start.elapsed());
            }
        }));
    }
    let mut times = Vec::new();
    for sender in senders {
        times.extend(sender.await??);
    }
    Ok((times.len() as u64 * each, times, begin.elapsed()))
}

fn alerts(from: u64, count: u64) -> String {
    let now = UNIX_EPOCH.elapsed().map_or(0, |since| since.as_secs());
    let time = |seconds: u64| {
        let seconds = i64::try_from(seconds).unwrap_or(0);
        jiff::Timestamp::from_second(seconds).map(|time| time.to_string()).unwrap_or_default()
    };
    let (start, end) = (time(now), time(now + 3_600));
    let one = |n: u64| {
        format!(
            r#"{{"labels":{{"alertname":"NodeFilesystemSpaceFillingUp","client":"client-{}","device":"/dev/sda{}","instance":"web-{n}.example.net:9100","job":"node","mountpoint":"/var/lib/data","severity":"warning"}},"annotations":{{"description":"Filesystem on /dev/sda at web-{n}.example.net has only 12.4% available space left and is filling up.","summary":"Filesystem is predicted to run out of space within the next 24 hours."}},"startsAt":"{start}","endsAt":"{end}","generatorURL":"http://prometheus.example.net:9090/graph?g0.expr=node_filesystem_avail_bytes&g0.tab=1"}}"#,
            n % 40,
            n % 7
        )
    };
    let all: Vec<String> = (from..from + count).map(one).collect();
    format!("[{}]", all.join(","))
}

/// A hub with a home of its own.
struct Hub {
    running: Running,
    address: String,
    intake: String,
    reader: String,
    _home: tempfile::TempDir,
}

impl Hub {
    fn start() -> Outcome<Self> {
        let home = folder()?;
        let program = Program::at(home.path());
        let ports = ["hub", "--listen", "127.0.0.1:0", "--enrol-listen", "127.0.0.1:0", "--http-listen", "127.0.0.1:0"];
        let running = program.start(&ports)?;
        let address = running.said("http").unwrap_or_default().to_owned();
        let token = |role: &str| -> Outcome<String> {
            let token = program.run(&["token", "create", "--role", role])?;
            Ok(format!("Authorization: Bearer {token}\r\n"))
        };
        Ok(Self { intake: token("intake")?, reader: token("reader")?, running, address, _home: home })
    }
}

impl Taker for Hub {
    fn pid(&self) -> u32 {
        self.running.pid()
    }

    fn address(&self) -> &str {
        &self.address
    }

    fn headers(&self) -> [&str; 2] {
        [&self.intake, &self.reader]
    }
}

impl Taker for alertmanager::Peer {
    fn pid(&self) -> u32 {
        self.pid()
    }

    fn address(&self) -> &str {
        self.address()
    }

    fn headers(&self) -> [&str; 2] {
        ["", ""]
    }
}
