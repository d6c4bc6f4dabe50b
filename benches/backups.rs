//! The grid of backups: 1,000 jobs of 90 days each, 5 % of them not ok, at 200x60. `cargo bench --bench backups`
//!
//! The real `App` and `Terminal` (writing to a counter instead of a terminal) on a snapshot read in as rows. A time runs
//! from the key until the frame that shows it was written whole: key taken in, rows brought up to date, painted, compared
//! with what the terminal shows, encoded, handed to the writing thread. Bytes are those of the frame. The days are as they
//! are in the field: nearly all whole, here and there one that is missing, partial or pruned; the worst 50 jobs, which
//! differ most, fill the first screen. `4` is pressed on the Floor. Steps down go through all states and scroll.

#![allow(clippy::unwrap_used, reason = "a bench fails by panicking")]

#[path = "tools/fleet.rs"]
mod fleet;
#[path = "tools/seat.rs"]
mod seat;
mod tools;

use std::time::{Duration, Instant};

use fleet::{Size, encoded_rows};
use prost::Message as _;
use seat::seat;
use tools::{Outcome, machine, quantile, spread, verdict};
use watchfloor::console::app::App;
use watchfloor::console::input::{Input, Key};
use watchfloor::console::replica::{Body, FleetIndex, Frame, Glance, LinkState, Replica, Snapshot, Update};
use watchfloor::console::screens::world::Place;
use watchfloor::console::terminal::{Cause, Drawn, Terminal};
use watchfloor::fleet::backups::{Cell, Days, Description, Event as BackupEvent, Found, State};
use watchfloor::fleet::identity::{Audience, Role};
use watchfloor::fleet::state::{Actor, Entry, Event, Fleet};
use watchfloor::fleet::words::{BackupTool, Epoch, HostId, JobId, JobName, Revision, SafeText, Timestamp};
use watchfloor::wire::{pb, restore_row};

const JOBS: u64 = 1_000;
const HOSTS: u64 = 500;
const NOW: Timestamp = Timestamp(1_700_000_000_000);
const DAY: Duration = Duration::from_secs(86_400);
const RUNS: usize = 30;
const FIRST_PAINT: (Duration, usize) = (Duration::from_millis(20), 30_000);
const ROW_DOWN: usize = 15_000;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Outcome {
    println!("{}", machine());
    let fleet = fleet()?;
    let not_ok = fleet.backups.jobs.values().filter(|job| job.state != State::Ok).count();
    println!("{JOBS} jobs on {HOSTS} hosts, 90 days each, {not_ok} not ok, 200x60");
    let (mut begun, mut turned_to) = (Shown::default(), Shown::default());
    for _ in 0..RUNS {
        let mut desk = Desk::new(&fleet, Place::Backups)?;
        begun.add(desk.frame(None).await?);
        let mut desk = Desk::new(&fleet, Place::Floor)?;
        desk.frame(None).await?;
        turned_to.add(desk.frame(Some("4")).await?);
    }
    begun.report("first paint, the program begins on it", FIRST_PAINT.0, FIRST_PAINT.1);
    turned_to.report("first paint, `4` on the Floor", FIRST_PAINT.0, FIRST_PAINT.1);
    let mut desk = Desk::new(&fleet, Place::Backups)?;
    desk.frame(None).await?;
    for (what, key, count) in [("one row down", "j", 300), ("one row up", "k", 100)] {
        let mut shown = Shown::default();
        for _ in 0..count {
            shown.add(desk.frame(Some(key)).await?);
        }
        shown.report(what, FIRST_PAINT.0, ROW_DOWN);
    }
    Ok(())
}

/// What frames took, and how many bytes they had.
#[derive(Default)]
struct Shown {
    times: Vec<Duration>,
    bytes: Vec<usize>,
}

impl Shown {
    fn add(&mut self, (time, bytes): (Duration, usize)) {
        self.times.push(time);
        self.bytes.push(bytes);
    }

    fn report(mut self, what: &str, within: Duration, most: usize) {
        spread(what, &mut self.times);
        self.bytes.sort_unstable();
        let (p50, max) = (self.bytes.get(self.bytes.len() / 2), self.bytes.last());
        let (p50, max) = (p50.copied().unwrap_or(0), max.copied().unwrap_or(0));
        let p99 = quantile(&mut self.times, 0.99);
        println!("  p99 <= {} ms {}", within.as_millis(), verdict(p99 <= within));
        println!("  bytes: p50 {p50}, max {max}: <= {} kB {}", most / 1_000, verdict(max <= most));
    }
}

/// A console at its desk.
struct Desk {
    app: App,
    terminal: Terminal,
}

impl Desk {
    fn new(fleet: &Fleet, start: Place) -> Outcome<Self> {
        let now = Instant::now();
        let mut app = App::new(vec![Replica::new("bench", now)], seat()?, start);
        let frame = |body| Update::Frame(Frame { received: now, hub_time: NOW, body });
        app.update(FleetIndex(0), Update::Link(LinkState::Live { since: now }), now);
        let snapshot = Snapshot::new(Epoch(1), Role::Operator, None, fleet.clone(), false);
        app.update(FleetIndex(0), frame(Body::Snapshot(Box::new(snapshot))), now);
        let read = |host| {
            let jobs =
                fleet.backups.of_host(host).map(|job| (job.description.name.clone(), before(job.id().0 * 7 % 3_600)));
            Glance { backups_read: jobs.collect(), ..fleet::glance(host.0) }
        };
        let glances = (1..=HOSTS).map(|host| (HostId(host), read(HostId(host)))).collect();
        app.update(FleetIndex(0), frame(Body::Glances(glances)), now);
        while app.is_busy() {
            app.turn(now);
        }
        Ok(Self { app, terminal: Terminal::writing_to(std::io::sink(), 200, 60)? })
    }

    /// Presses a key, if one is named, and shows what came of it: how long that took, and how many bytes it was.
    async fn frame(&mut self, key: Option<&str>) -> Outcome<(Duration, usize)> {
        let begin = Instant::now();
        if let Some(key) = key {
            let key = Key::parse(key).ok_or("no such key")?;
            self.app.input(Input::Key { key, count: 1 }, self.terminal.stamp(), begin);
        }
        self.app.refresh(self.terminal.area(), begin);
        self.terminal.want_frame(Cause::Person);
        let app = &self.app;
        match self.terminal.draw(begin, |area, buf| app.render(area, buf, begin))? {
            Drawn::Sent(bytes) => {
                self.terminal.flushed().await?;
                Ok((begin.elapsed(), bytes))
            }
            Drawn::Unchanged => Ok((begin.elapsed(), 0)),
            Drawn::Busy => Err("the frame before was not flushed".into()),
        }
    }
}

fn before(seconds: u64) -> Timestamp {
    NOW - Duration::from_secs(seconds)
}

/// Hosts with their jobs, as a snapshot brings them.
fn fleet() -> Outcome<Fleet> {
    let mut fleet = Fleet::default();
    for row in encoded_rows(Size { hosts: HOSTS, alerts: 100 }) {
        restore_row(&mut fleet, pb::Row::decode(row.as_slice())?)?;
    }
    fleet.revision = Revision(1_000_000);
    for n in 1..=JOBS {
        for (days_ago, event) in told(&fleet, n) {
            fleet.revision = fleet.revision.next();
            let (revision, at) = (fleet.revision, NOW - DAY * days_ago);
            let events = vec![(Audience::EVERYONE, Event::Backups(event))];
            fleet.apply(&Entry { revision, at, actor: Actor::rule("bench"), events });
        }
    }
    Ok(fleet)
}

/// A number that looks drawn, the same each time.
fn noise(n: u64, salt: u64) -> u64 {
    (n * 1_009 + salt).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40
}

/// What became of a job, and how many days ago.
fn told(fleet: &Fleet, n: u64) -> [(u32, BackupEvent); 3] {
    let (job, host) = (JobId(n), HostId(n % HOSTS + 1));
    let worst = usize::try_from(n / 20 % 6).unwrap();
    let state = if n.is_multiple_of(20) { State::WORST_FIRST[worst] } else { State::Ok };
    let known = fleet.hosts.hosts.get(&host).unwrap();
    let name = ["system", "databases", "mail", "projects"][usize::try_from(noise(n, 1) % 4).unwrap()];
    let description = Description {
        id: job,
        name: JobName::from(format!("{name}-{n:04}").as_str()),
        client: Some(known.client.clone()),
        site: Some(known.site.clone()),
        host: Some(host),
        host_name: known.name.clone(),
        tool: if n.is_multiple_of(3) { BackupTool::Borg } else { BackupTool::Restic },
        repository: SafeText::new(&format!("sftp:vault{}.example.net:/srv/backup/{n:04}", n % 7)),
        paths: vec![SafeText::new("/etc"), SafeText::new("/srv")],
        every: DAY,
        grace: Duration::from_secs(4 * 3_600),
    };
    let late = match state {
        State::Ok | State::Partial | State::Unknown => 0,
        State::Late => 1,
        State::Overdue | State::Failed => 2 + i32::try_from(noise(n, 2) % 6).unwrap(),
        State::Never => 90,
    };
    let today = i32::try_from(NOW.0 / 86_400_000).unwrap();
    let cells = (0..90 - late).map(|day| match noise(n * 97 + u64::try_from(day).unwrap(), 3) % 200 {
        0 => Cell::Nothing,
        1 => Cell::Partial,
        2 => Cell::Pruned,
        3 => Cell::Failed,
        _ => Cell::Whole,
    });
    let days = Days::new(today - 89, cells.collect());
    let newest = before(u64::try_from(late).unwrap() * 86_400 + noise(n, 4) % 80_000);
    let found = Found {
        at: NOW,
        restorable: if state == State::Never { 0 } else { 7 + noise(n, 5) % 60 },
        newest: (state != State::Never).then_some(newest),
        freshest: (state != State::Never).then_some(newest),
        ..Found::default()
    };
    let judged = BackupEvent::Judged {
        job,
        state,
        why: SafeText::new(if state == State::Ok { "" } else { "no backup came in time" }),
        alarm: None,
        spared_until: None,
    };
    [
        (90, BackupEvent::Described(Box::new(description))),
        (0, BackupEvent::Read { job, found: Box::new(found), days, output: None }),
        (u32::try_from(late.clamp(1, 30)).unwrap(), judged),
    ]
}
