//! A command on 1,000 hosts with 10 kB of output each, on the screen. `cargo bench --bench outcomes`
//!
//! The real `App` and `Terminal` (writing to a counter instead of a terminal), at 200x60. The outcomes arrive as decoded
//! entries, 20 a frame, each host with another output, so that there are 1,000 groups: the worst there is. Questions for
//! output are answered with 10 kB of text at the next turn. A frame's time is what the loop is held up by it: taking in
//! what arrived or the key, bringing the rows up to date, painting, comparing and handing over.

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
use tools::{Outcome, machine, mib, quantile, resident, spread, verdict};
use watchfloor::console::app::{App, Order};
use watchfloor::console::ask::{Answer, Ask, Detail, Topic};
use watchfloor::console::input::{FrameStamp, Input, Key};
use watchfloor::console::replica::{Body, FleetIndex, Frame, LinkState, Replica, Snapshot, Update};
use watchfloor::console::screens::world::Place;
use watchfloor::console::terminal::{Cause, Terminal};
use watchfloor::fleet::commands::{Argv, Asked, Command, Event as CommandEvent, Kept, OutcomeState, Report};
use watchfloor::fleet::identity::{Audience, Role};
use watchfloor::fleet::state::{Actor, Entry, Event, Fleet};
use watchfloor::fleet::words::{ActionId, BlobId, CommandId, Epoch, HostId, Revision, SafeText, Timestamp};
use watchfloor::wire::{pb, restore_row};

const HOSTS: u64 = 1_000;
const COMMAND: CommandId = CommandId(1);
const FRAME_MAX: Duration = Duration::from_millis(50);

fn main() -> Outcome {
    println!("{}", machine());
    println!("{HOSTS} hosts, 10 kB of output each, no two alike, 200x60");
    let mut desk = Desk::new()?;
    let mut times = Vec::new();
    for first in (1..=HOSTS).step_by(20) {
        times.push(desk.frame(|desk| desk.tell((first..first + 20).map(reported).collect()))?);
    }
    report("outcomes arrive, 20 a frame", &mut times);
    let keys = |key: &'static str, count: usize| std::iter::repeat_n(key, count);
    let walk: Vec<&str> = keys("j", 200).chain(keys("PageDown", 30)).chain(keys("PageUp", 30)).collect();
    desk.keys("groups: down, pages", &walk)?;
    desk.keys("groups to hosts and back", &["o"; 20])?;
    let open: Vec<&str> = ["Enter", "PageDown", "G", "g", "q", "j"].into_iter().cycle().take(240).collect();
    desk.keys("an output opened, read, closed", &open)?;
    desk.keys("searched in it, letter by letter", &["Enter", "/", "l", "i", "n", "e", "Enter", ".", ".", ",", "q"])?;
    let (now, most) = resident(std::process::id())?;
    println!("console: {} MiB resident, {} MiB at most, the fleet of {HOSTS} hosts among it", mib(now), mib(most));
    Ok(())
}

fn report(what: &str, times: &mut [Duration]) {
    spread(what, times);
    println!("  no frame over 50 ms {}", verdict(quantile(times, 1.0) <= FRAME_MAX));
}

/// A console at its desk.
struct Desk {
    app: App,
    terminal: Terminal,
    fleet: Fleet,
    frames: u64,
}

impl Desk {
    fn new() -> Outcome<Self> {
        let now = Instant::now();
        let mut fleet = Fleet::default();
        for row in encoded_rows(Size { hosts: HOSTS, alerts: 100 }) {
            restore_row(&mut fleet, pb::Row::decode(row.as_slice())?)?;
        }
        fleet.revision = Revision(1_000_000);
        let snapshot = Snapshot::new(Epoch(1), Role::Operator, None, fleet.clone(), false);
        let mut app = App::new(vec![Replica::new("bench", now)], seat()?, Place::Commands);
        app.update(FleetIndex(0), Update::Link(LinkState::Live { since: now }), now);
        let mut desk = Self { app, terminal: Terminal::writing_to(std::io::sink(), 200, 60)?, fleet, frames: 0 };
        desk.arrive(Body::Snapshot(Box::new(snapshot)));
        let asked = asked(&desk.fleet);
        desk.tell(asked);
        desk.frame(|_| {})?;
        desk.press("Enter");
        desk.frame(|_| {})?;
        Ok(desk)
    }

    fn arrive(&mut self, body: Body) {
        let now = Instant::now();
        let frame = Frame { received: now, hub_time: Timestamp(1_700_000_000_000), body };
        self.app.update(FleetIndex(0), Update::Frame(frame), now);
    }

    fn tell(&mut self, events: Vec<CommandEvent>) {
        let entries: Vec<Entry> = events.into_iter().map(|event| self.entry(event)).collect();
        self.arrive(Body::Entries { through: self.fleet.revision, entries });
    }

    fn entry(&mut self, event: CommandEvent) -> Entry {
        self.fleet.revision = self.fleet.revision.next();
        Entry {
            revision: self.fleet.revision,
            at: Timestamp(1_700_000_000_000),
            actor: Actor::rule("bench"),
            events: vec![(Audience::EVERYONE, Event::Commands(event))],
        }
    }

    /// How long the loop is held up by something and the frame that shows it; answers are taken in beside it.
    fn frame(&mut self, change: impl FnOnce(&mut Self)) -> Outcome<Duration> {
        let start = Instant::now();
        change(self);
        let now = Instant::now();
        self.app.refresh(self.terminal.area(), now);
        self.terminal.want_frame(Cause::Person);
        let app = &self.app;
        self.terminal.draw(now, |area, buf| app.render(area, buf, now))?;
        let time = start.elapsed();
        self.frames += 1;
        self.answer();
        Ok(time)
    }

    fn press(&mut self, key: &str) {
        let stamp = FrameStamp { submitted: self.frames, flushed: self.frames };
        self.app.input(Input::Key { key: Key::parse(key).unwrap(), count: 1 }, stamp, Instant::now());
    }

    fn keys(&mut self, what: &str, keys: &[&str]) -> Outcome {
        let mut times = Vec::new();
        for key in keys {
            times.push(self.frame(|desk| desk.press(key))?);
            // What it fetched shows in a frame of its own.
            times.push(self.frame(|_| {})?);
        }
        report(what, &mut times);
        Ok(())
    }

    /// Answers what is asked for, at most a hundred questions.
    fn answer(&mut self) {
        for _ in 0..100 {
            let (_, orders) = self.app.turn(Instant::now());
            let mut any = false;
            for order in orders {
                let Order::Ask(fleet, Ask::Detail { generation, about: Topic::Blob(blob) }) = order else { continue };
                let text = SafeText::block_from_bytes_lossy(output(blob).as_bytes(), 2 << 20);
                let result = Ok(Detail::Blob { text, cut: false });
                any |= self.app.answer(fleet, Answer { generation, about: Topic::Blob(blob), result });
            }
            if !any {
                return;
            }
        }
    }
}

fn asked(fleet: &Fleet) -> Vec<CommandEvent> {
    let asked = Asked {
        key: ActionId(1),
        argv: Argv::new(vec!["dmesg".to_owned()]).unwrap(),
        shell: false,
        by: SafeText::new("bench"),
        asked_at: Timestamp(1_700_000_000_000),
        window: 128,
        timeout: Duration::from_secs(30),
    };
    let command = Command::new(COMMAND, asked);
    let hosts = fleet.hosts.hosts.values();
    hosts
        .map(|host| CommandEvent::Asked { command: command.clone(), client: host.client.clone(), hosts: vec![host.id] })
        .collect()
}

fn reported(host: u64) -> CommandEvent {
    let mut id = [0; 32];
    id[..8].copy_from_slice(&host.to_be_bytes());
    let report = Report {
        state: OutcomeState::Ok,
        code: Some(0),
        signal: None,
        stdout: Kept { blob: Some(BlobId(id)), printed: 10_240, kept: 10_240, shape: 0 },
        stderr: Kept::default(),
        why: SafeText::default(),
        took: Some(Duration::from_millis(40)),
    };
    CommandEvent::Reported { command: COMMAND, host: HostId(host), report }
}

fn output(blob: BlobId) -> String {
    let mut text = String::new();
    for line in 0.. {
        if text.len() >= 10_240 {
            break;
        }
        text.push_str(&format!(
            "[{:>8}.{:06}] host {:?}: line {line} of what it printed\n",
            line * 7,
            line,
            &blob.0[6..8]
        ));
    }
    text
}
