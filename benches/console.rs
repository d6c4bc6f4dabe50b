//! The console under a large fleet: from a key to the bytes of the frame that shows it, memory, and bytes a second.
//! `cargo bench --bench console`
//!
//! The real `App` and `Terminal` (writing to a counter instead of a terminal) in the loop of `console::run`, with the
//! links' part played by a thread of its own: it sends frames of 20 decoded entries a hundred times a second (2,000
//! entries/s) and 1,000 glances a second, and answers acts. A typist presses a key about every 70 ms; a key's time runs
//! until the frame that shows it was written whole. The snapshot is made by another process and read in as rows, so
//! that this one's memory is the console's.

#![allow(clippy::unwrap_used, reason = "a bench fails by panicking")]

#[path = "tools/fleet.rs"]
mod fleet;
#[path = "tools/seat.rs"]
mod seat;
mod tools;

use std::io::{BufReader, Read, Write};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use fleet::{Size, encoded_rows, entry, glance};
use prost::Message as _;
use seat::seat;
use tokio::sync::mpsc;
use tokio::time::sleep_until;
use tools::{Outcome, machine, mib, ms, quantile, resident, spread, verdict};
use watchfloor::console::act::{ActAnswer, ActEnd};
use watchfloor::console::app::{App, Order};
use watchfloor::console::ask::Ask;
use watchfloor::console::input::{Input, Key, KeyCode};
use watchfloor::console::link_task::News;
use watchfloor::console::replica::{Body, FleetIndex, Frame, Glance, LinkState, Replica, Snapshot, Update};
use watchfloor::console::screens::world::Place;
use watchfloor::console::terminal::{Cause, Drawn, Terminal};
use watchfloor::fleet::identity::Role;
use watchfloor::fleet::state::Fleet;
use watchfloor::fleet::words::{Epoch, HostId, Revision, Timestamp};
use watchfloor::wire::{pb, restore_row};

const LARGE: Size = Size { hosts: 10_000, alerts: 100_000 };
const KEYS_EACH: usize = 150;

fn main() -> Outcome {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, rows, hosts, alerts] = arguments.as_slice()
        && rows == "rows"
    {
        return write_rows(Size { hosts: hosts.parse()?, alerts: alerts.parse()? });
    }
    println!("{}", machine());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        keys().await?;
        idle().await?;
        live().await
    })
}

// ---- what is measured

async fn keys() -> Outcome {
    let mut desk = Desk::new(LARGE, Place::Alerts, (200, 60))?;
    println!(
        "{} hosts, {} open alerts, 2,000 entries/s and 1,000 glances/s arriving, 200x60",
        LARGE.hosts, LARGE.alerts
    );
    let (storm, news) = mpsc::channel(256);
    desk.news = Some(news);
    let feeder = std::thread::spawn(move || feed(&storm));
    desk.run(Duration::from_secs(3), Vec::new()).await?;
    let key = Key::char;
    let page = |code| Key { code, ctrl: false, alt: false };
    let times = |count: usize, keys: &[Key]| keys.iter().copied().cycle().take(count).collect::<Vec<_>>();
    for (screen, name) in [('2', "alerts"), ('3', "hosts")] {
        desk.run(Duration::from_secs(1), vec![key(screen)]).await?;
        let jk = [key('j'), key('j'), key('j'), key('k')];
        desk.keys(&format!("{name}: move"), times(KEYS_EACH, &jk)).await?;
        let pages = [page(KeyCode::PageDown), page(KeyCode::PageDown), page(KeyCode::PageUp)];
        desk.keys(&format!("{name}: page"), times(KEYS_EACH, &pages)).await?;
        desk.keys(&format!("{name}: mark (and move)"), times(KEYS_EACH, &[key(' '), key('j')])).await?;
        desk.run(Duration::from_secs(1), vec![page(KeyCode::Esc)]).await?;
        desk.keys(&format!("{name}: acknowledge (and move)"), times(KEYS_EACH, &[key('a'), key('j')])).await?;
        let mut letters = Vec::new();
        for word in ["host:host-0123", "sev:critical", "client:client-007"] {
            letters.push(key('/'));
            letters.extend(word.chars().map(key));
            letters.push(page(KeyCode::Esc));
        }
        letters.extend(letters.clone());
        desk.keys(&format!("{name}: each letter of a filter"), letters).await?;
    }
    let mut letters = vec![key(':')];
    letters.extend("host-01234".chars().map(key));
    letters.push(page(KeyCode::Esc));
    desk.keys("each letter of the palette", times(5 * letters.len(), &letters)).await?;
    let (now, most) = resident(std::process::id())?;
    println!("console: {} MiB resident, {} MiB at most: <= 250 MiB {}", mib(now), mib(most), verdict(now <= 250 << 20));
    desk.news = None;
    feeder.join().map_err(|_| "the feeder failed".into())
}

async fn idle() -> Outcome {
    for (place, name) in [(Place::Floor, "floor"), (Place::Alerts, "alerts"), (Place::Hosts, "hosts")] {
        let mut desk = Desk::new(Size { hosts: 20, alerts: 5 }, place, (80, 24))?;
        desk.run(Duration::from_secs(2), Vec::new()).await?;
        let rate = desk.rate(Duration::from_secs(10)).await?;
        println!("only the clock changes, {name}, 80x24: {rate:.0} B/s: <= 60 B/s {}", verdict(rate <= 60.0));
    }
    Ok(())
}

async fn live() -> Outcome {
    let size = Size { hosts: 1_000, alerts: 200 };
    for (place, name) in [(Place::Floor, "floor"), (Place::Hosts, "hosts"), (Place::Alerts, "alerts")] {
        let mut desk = Desk::new(size, place, (200, 60))?;
        let (out, news) = mpsc::channel(256);
        desk.news = Some(news);
        let feeder = std::thread::spawn(move || {
            for turn in 0_u64.. {
                let measured = |host: u64| {
                    let share = |part: u64| ((host * 31 + turn * 7 + part * 13) % 17) as f32 / 100.0;
                    let seen = Glance { cpu: Some(0.2 + share(1)), load: Some(1.0 + share(2)), ..glance(host) };
                    (HostId(host), Glance { last_seen: Some(hub_time()), memory: Some(0.5 + share(3) / 10.0), ..seen })
                };
                let hosts = (1..=size.hosts).filter(|host| host % 10 == turn % 10).map(measured).collect();
                if out.blocking_send(News::Update(told(Body::Glances(hosts)))).is_err() {
                    return;
                }
                std::thread::sleep(Duration::from_secs(1));
            }
        });
        desk.run(Duration::from_secs(12), Vec::new()).await?;
        let rate = desk.rate(Duration::from_secs(20)).await?;
        println!("1,000 hosts live, {name}, 200x60: {rate:.0} B/s: <= 2 kB/s {}", verdict(rate <= 2_000.0));
        desk.news = None;
        feeder.join().map_err(|_| "the feeder failed")?;
    }
    Ok(())
}

// ---- the loop

/// A console at its desk.
struct Desk {
    app: App,
    terminal: Terminal,
    written: Arc<Mutex<Option<Instant>>>,
    news: Option<mpsc::Receiver<News>>,
    second: Instant,
    /// Acts to be answered, each when.
    acts: Vec<(Instant, News)>,
    times: Vec<Duration>,
    /// The key that waits for its frame, and whether the frame is on its way.
    waiting: Option<(Instant, bool)>,
    unseen: usize,
    scans: Vec<Duration>,
    scanning: Option<Instant>,
}

/// Takes the frames and notes when each was whole.
struct Counter(Arc<Mutex<Option<Instant>>>);

impl Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        *self.0.lock().unwrap() = Some(Instant::now());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Desk {
    fn new(size: Size, start: Place, (width, height): (u16, u16)) -> Outcome<Self> {
        let now = Instant::now();
        let mut app = App::new(vec![Replica::new("bench", now)], seat()?, start);
        app.update(FleetIndex(0), Update::Link(LinkState::Live { since: now }), now);
        app.update(FleetIndex(0), told(Body::Snapshot(Box::new(read_snapshot(size)?))), now);
        let written = Arc::new(Mutex::new(None));
        let terminal = Terminal::writing_to(Counter(Arc::clone(&written)), width, height)?;
        Ok(Self {
            app,
            terminal,
            written,
            news: None,
            second: now,
            acts: Vec::new(),
            times: Vec::new(),
            waiting: None,
            unseen: 0,
            scans: Vec::new(),
            scanning: None,
        })
    }

    async fn keys(&mut self, what: &str, keys: Vec<Key>) -> Outcome {
        self.times.clear();
        self.scans.clear();
        self.unseen = 0;
        self.run(Duration::ZERO, keys).await?;
        spread(what, &mut self.times);
        let p99 = quantile(&mut self.times, 0.99);
        let unseen = if self.unseen > 0 { format!("; {} keys changed no cell", self.unseen) } else { String::new() };
        println!("  p99 <= 10 ms {}{unseen}", verdict(p99 <= Duration::from_millis(10)));
        if !self.scans.is_empty() {
            let (p50, most) = (quantile(&mut self.scans, 0.5), quantile(&mut self.scans, 1.0));
            println!("  all rows filtered: p50 {}, max {} ms after the key", ms(p50), ms(most));
        }
        Ok(())
    }

    /// Bytes a second to the terminal.
    async fn rate(&mut self, span: Duration) -> Outcome<f64> {
        let (before, begin) = (self.terminal.rate().total(), Instant::now());
        self.run(span, Vec::new()).await?;
        Ok((self.terminal.rate().total() - before) as f64 / begin.elapsed().as_secs_f64())
    }

    /// As `console::run`: input, then links (32 a turn), then the frame that is due; ends after `span` when all keys
    /// were pressed and shown.
    async fn run(&mut self, span: Duration, keys: Vec<Key>) -> Outcome {
        let end = Instant::now() + span;
        let (press, mut pressed) = mpsc::channel(8);
        let typist = std::thread::spawn(move || {
            for (turn, key) in (0_u64..).zip(keys) {
                std::thread::sleep(Duration::from_millis(55 + turn * 37 % 31));
                if press.blocking_send((Instant::now(), key)).is_err() {
                    return;
                }
            }
        });
        let mut typing = true;
        loop {
            let now = Instant::now();
            if now >= end && !typing && self.waiting.is_none() {
                break;
            }
            if now >= self.second {
                self.second = now + Duration::from_secs(1);
                self.terminal.want_frame(Cause::Passive);
            }
            let (scanned, orders) = self.app.turn(now);
            if scanned {
                self.terminal.want_frame(Cause::Outcome);
            }
            self.take_orders(orders);
            if let Some(since) = self.scanning.filter(|_| !self.app.is_busy()) {
                self.scans.push(since.elapsed());
                self.scanning = None;
            }
            if self.terminal.next_frame_at(now).is_some_and(|due| due <= now) {
                self.paint(now)?;
            }
            let due = self.terminal.next_frame_at(now).map_or(self.second, |due| due.min(self.second));
            let due = if self.app.is_busy() { now } else { due };
            let due = if now < end { due.min(end) } else { due };
            let due = self.acts.iter().map(|(at, _)| *at).min().map_or(due, |at| due.min(at));
            tokio::select! {
                biased;
                key = pressed.recv(), if typing => match key {
                    Some((at, key)) => self.press(key, at),
                    None => typing = false,
                },
                told = next(&mut self.news) => self.take_news(told),
                flushed = self.terminal.flushed() => {
                    flushed?;
                    if let Some((at, true)) = self.waiting {
                        let written = *self.written.lock().unwrap();
                        self.times.push(written.unwrap_or_else(Instant::now).saturating_duration_since(at));
                        self.waiting = None;
                    }
                }
                () = sleep_until(due.into()) => self.answer_acts(),
            }
        }
        typist.join().map_err(|_| "the typist failed".into())
    }

    fn press(&mut self, key: Key, at: Instant) {
        let stamp = self.terminal.stamp();
        let Some(orders) = self.app.input(Input::Key { key, count: 1 }, stamp, Instant::now()) else {
            self.unseen += 1;
            return;
        };
        self.terminal.want_frame(Cause::Person);
        self.waiting.get_or_insert((at, false));
        if self.app.is_busy() {
            self.scanning = Some(at);
        }
        self.take_orders(orders);
    }

    fn paint(&mut self, now: Instant) -> Outcome {
        self.app.refresh(self.terminal.area(), now);
        let drawn = self.terminal.draw(now, |area, buf| self.app.render(area, buf, now))?;
        match (&mut self.waiting, drawn) {
            (Some((_, sent)), Drawn::Sent(_)) => *sent = true,
            (Some((_, false)), Drawn::Unchanged) => {
                self.unseen += 1;
                self.waiting = None;
            }
            _ => {}
        }
        Ok(())
    }

    fn take_news(&mut self, first: News) {
        let mut more = Vec::new();
        if let Some(news) = &mut self.news {
            more.extend(std::iter::from_fn(|| news.try_recv().ok()).take(31));
        }
        for news in std::iter::once(first).chain(more) {
            if let News::Update(update) = news
                && self.app.update(FleetIndex(0), update, Instant::now()).0
            {
                self.terminal.want_frame(Cause::Passive);
            }
        }
    }

    /// The hub answers after 5 ms.
    fn take_orders(&mut self, orders: Vec<Order>) {
        for order in orders {
            if let Order::Ask(_, Ask::Act { tag, .. }) = order {
                let answer =
                    ActAnswer { epoch: Epoch(1), revision: Revision(1), done: vec![1], ..ActAnswer::default() };
                let news = News::ActDone { tag, end: ActEnd::Answered(answer) };
                self.acts.push((Instant::now() + Duration::from_millis(5), news));
            }
        }
    }

    fn answer_acts(&mut self) {
        let now = Instant::now();
        let (due, later) = std::mem::take(&mut self.acts).into_iter().partition::<Vec<_>, _>(|(at, _)| *at <= now);
        self.acts = later;
        for (_, news) in due {
            if let News::ActDone { tag, end } = news {
                self.app.act_ended(FleetIndex(0), tag, end);
                self.terminal.want_frame(Cause::Person);
            }
        }
    }
}

async fn next(news: &mut Option<mpsc::Receiver<News>>) -> News {
    if let Some(receiver) = news
        && let Some(told) = receiver.recv().await
    {
        return told;
    }
    std::future::pending().await
}

/// 2,000 entries and 1,000 glances a second until nobody listens.
fn feed(out: &mpsc::Sender<News>) {
    let begin = Instant::now();
    for tick in 0_u64.. {
        let entries = (tick * 20..tick * 20 + 20).map(|n| entry(n, LARGE)).collect();
        let through = Revision(tick * 20 + 22);
        let mut news = vec![News::Update(told(Body::Entries { through, entries }))];
        if tick % 100 == 50 {
            let hosts = (0..1_000).map(|n| (tick / 100 * 1_000 + n) % LARGE.hosts + 1);
            let seen = |host| (HostId(host), Glance { last_seen: Some(hub_time()), ..glance(host) });
            news.push(News::Update(told(Body::Glances(hosts.map(seen).collect()))));
        }
        if news.into_iter().any(|news| out.blocking_send(news).is_err()) {
            return;
        }
        let next = begin + Duration::from_millis(10 * (tick + 1));
        std::thread::sleep(next.saturating_duration_since(Instant::now()));
    }
}

fn hub_time() -> Timestamp {
    let since = std::time::UNIX_EPOCH.elapsed().unwrap_or_default();
    Timestamp(i64::try_from(since.as_millis()).unwrap_or(0))
}

fn told(body: Body) -> Update {
    Update::Frame(Frame { received: Instant::now(), hub_time: hub_time(), body })
}

// ---- the snapshot

fn write_rows(size: Size) -> Outcome {
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for row in encoded_rows(size) {
        out.write_all(&u32::try_from(row.len())?.to_be_bytes())?;
        out.write_all(&row)?;
    }
    Ok(out.flush()?)
}

fn read_snapshot(size: Size) -> Outcome<Snapshot> {
    let mut child = Command::new(std::env::current_exe()?)
        .args(["rows", &size.hosts.to_string(), &size.alerts.to_string()])
        .stdout(Stdio::piped())
        .spawn()?;
    let mut rows = BufReader::new(child.stdout.take().ok_or("no rows")?);
    let mut fleet = Fleet { revision: Revision(1), ..Fleet::default() };
    let (mut length, mut row) = ([0; 4], Vec::new());
    while rows.read_exact(&mut length).is_ok() {
        row.resize(usize::try_from(u32::from_be_bytes(length))?, 0);
        rows.read_exact(&mut row)?;
        restore_row(&mut fleet, pb::Row::decode(row.as_slice())?)?;
    }
    child.wait()?;
    Ok(Snapshot::new(Epoch(1), Role::Admin, None, fleet, false))
}
