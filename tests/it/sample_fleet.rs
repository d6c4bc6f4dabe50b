//! A fleet of a small provider, made up, the same every time: for pictures and for tests of screens.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use watchfloor::console::app::{App, Seat};
use watchfloor::console::ask::{Answer, Detail, HostDetail, Series, Topic};
use watchfloor::console::input::{FrameStamp, Input, Key};
use watchfloor::console::keymap::Keymap;
use watchfloor::console::replica::{Body, FleetIndex, Frame, Glance, Greeting, LinkState, Replica, Snapshot, Update};
use watchfloor::console::screens::world::Place;
use watchfloor::console::theme::{Glyphs, Theme};
use watchfloor::fleet::alerts::{Acknowledgement, Event as AlertEvent, Snooze, Subject, Until};
use watchfloor::fleet::checks::Event as CheckEvent;
use watchfloor::fleet::derived::first_look::{self, Look, Screen};
use watchfloor::fleet::hosts::vitals::{FileSystem, Load, Vitals};
use watchfloor::fleet::hosts::{Client, Event as HostEvent, HostState, Site};
use watchfloor::fleet::identity::{Audience, Role};
use watchfloor::fleet::state::{Actor, Cause, Entry, Event, Fleet};
use watchfloor::fleet::words::{
    AlertId, CheckName, CheckState, ClientId, Epoch, HostClass, HostId, IdentityId, SafeText, SiteId, Timestamp,
};
use watchfloor::wire::{restore_row, row_of};

use crate::sample_backups::{backups, read_at};

/// Tuesday, 22 November 2022, 09:41:07 UTC.
pub const NOW: Timestamp = Timestamp(1_669_110_067_000);

/// The local user.
pub fn me() -> SafeText {
    SafeText::new("okafor")
}

/// A fleet being made, entry by entry.
pub struct Story {
    /// What it has come to.
    pub fleet: Fleet,
    /// How it came to it.
    pub entries: Vec<Entry>,
    at: Timestamp,
    /// How many minutes ago what is well became so.
    settled: u64,
}

impl Story {
    /// An empty fleet, in which what is well became so so many minutes ago.
    fn new(settled: u64) -> Self {
        let mut fleet = Fleet::default();
        fleet.profile.name = SafeText::new("main");
        Self { fleet, entries: Vec::new(), at: NOW, settled }
    }

    /// The same story, told in the order of its times.
    fn in_order(mut self) -> Self {
        self.entries.sort_by_key(|entry| entry.at);
        let mut story = Self::new(self.settled);
        for mut entry in self.entries {
            entry.revision = story.fleet.revision.next();
            story.fleet.apply(&entry);
            story.entries.push(entry);
        }
        story
    }

    fn client(&mut self, id: &str, name: &str, contact: &str, line: &str, contract: &str) {
        let client = Client {
            id: ClientId::from(id),
            name: SafeText::new(name),
            contact: SafeText::new(contact),
            line: SafeText::new(line),
            contract: SafeText::new(contract),
            configured: true,
        };
        let site = Site::unconfigured(ClientId::from(id), SiteId::from("hq"));
        self.tell(
            50_000,
            Actor::rule("configuration"),
            vec![Event::Hosts(HostEvent::ClientDescribed(client)), Event::Hosts(HostEvent::SiteDescribed(site))],
        );
    }

    pub fn own(&mut self, alert: u64, by: &str, minutes: u64, note: &str) {
        let acknowledgement = Acknowledgement {
            by: SafeText::new(by),
            at: NOW - Duration::from_secs(60 * minutes),
            until: Until::Worse,
            level: CheckState::Warning,
            note: SafeText::new(note),
            expires: None,
            limit: None,
        };
        let actor = Actor { cause: Cause::Identity(IdentityId(901)), name: SafeText::new(by) };
        let event = AlertEvent::Acknowledged { alert: AlertId(alert), acknowledgement };
        self.tell(minutes, actor, vec![Event::Alerts(event)]);
    }
    pub fn tell(&mut self, minutes_ago: u64, actor: Actor, events: Vec<Event>) {
        self.at = NOW - Duration::from_secs(minutes_ago * 60);
        let events = events.into_iter().map(|event| (Audience::EVERYONE, event)).collect();
        let entry = Entry { revision: self.fleet.revision.next(), at: self.at, actor, events };
        self.fleet.apply(&entry);
        self.entries.push(entry);
    }

    #[allow(clippy::too_many_arguments, reason = "a row of a table")]
    pub fn host(
        &mut self,
        id: u64,
        name: &str,
        client: &str,
        site: &str,
        class: HostClass,
        state: HostState,
        reason: &str,
    ) {
        let host = HostId(id);
        let enrolled = HostEvent::Enrolled {
            host,
            name: SafeText::new(name),
            client: ClientId::from(client),
            site: SiteId::from(site),
            class,
            tags: Vec::new(),
            identity: IdentityId(id),
            synthetic: false,
        };
        self.tell(40_000, Actor::rule("start"), vec![Event::Hosts(enrolled)]);
        let seen = NOW - Duration::from_secs(if state == HostState::Up { 3 } else { 660 });
        let changed = HostEvent::StateChanged { host, state, reason: reason.to_owned(), last_seen: Some(seen) };
        let since = if state == HostState::Up { self.settled } else { 11 };
        self.tell(since, Actor::rule("presence"), vec![Event::Hosts(changed)]);
        for (check, summary) in [
            ("cpu", "12% busy"),
            ("memory", "61% used, 6.2 GiB of 16 GiB available"),
            ("disk", "/ 48% used, 52 GiB left"),
        ] {
            self.check(id, check, CheckState::Ok, summary);
        }
    }

    pub fn check(&mut self, host: u64, check: &str, state: CheckState, summary: &str) {
        let event = CheckEvent::Changed {
            host: HostId(host),
            check: CheckName::from(check),
            state,
            hard: true,
            attempt: 1,
            max_attempts: 3,
            summary: SafeText::new(summary),
            perfdata: SafeText::default(),
            interval_ms: 60_000,
            output: None,
            measured_at: NOW,
            ring: 0,
        };
        let actor = Actor { cause: Cause::Host(HostId(host)), name: SafeText::new("agent") };
        let since = if state == CheckState::Ok { self.settled } else { 12 };
        self.tell(since, actor, vec![Event::Checks(event)]);
    }

    /// An alert that nobody has yet, opened so many minutes ago.
    #[allow(clippy::too_many_arguments, reason = "a row of a table")]
    pub fn alert(&mut self, id: u64, host: u64, check: Option<&str>, level: CheckState, summary: &str, minutes: u64) {
        let known = self.fleet.hosts.hosts.get(&HostId(host)).cloned().expect("a host of the story");
        let subject = match check {
            Some(check) => Subject::Check { host: HostId(host), check: CheckName::from(check) },
            None => Subject::Host(HostId(host)),
        };
        if let Some(check) = check {
            self.check(host, check, level, summary);
        }
        let opened = AlertEvent::Opened {
            alert: AlertId(id),
            client: known.client.clone(),
            site: Some(known.site.clone()),
            host: Some(known.id),
            subject,
            level,
            summary: SafeText::new(summary),
        };
        self.tell(minutes, Actor::rule("presence"), vec![Event::Alerts(opened)]);
    }

    pub fn act(&mut self, minutes: u64, event: AlertEvent) {
        let actor = Actor { cause: Cause::Identity(IdentityId(900)), name: me() };
        self.tell(minutes, actor, vec![Event::Alerts(event)]);
    }
}

/// The fleet.
pub fn story() -> Story {
    let mut story = Story::new(12);
    hosts(&mut story);
    alerts(&mut story);
    story
}

fn hosts(story: &mut Story) {
    let clients = [
        ("delta", "Delta Plant", "R. Voss 555-0144 until 17:00", "Norlink circuit C-4471, 555-0100", "gold 08-20"),
        ("acme", "Acme", "J. Lind 555-0101, not before 07:00", "fibre 500/500", "gold 24x7"),
        ("bay", "Bay Dental", "front desk 555-0132", "cable 200/20", "silver"),
        ("echo", "Echo Legal", "M. Sato 555-0171", "fibre 100/100", "gold 08-18"),
        ("fox", "Fox Logistics", "night desk 555-0190", "4G failover", "silver"),
        ("hansa", "Hansa", "", "", "basic"),
    ];
    for (id, name, contact, line, contract) in clients {
        story.client(id, name, contact, line, contract);
    }
    let server = HostClass::Server;
    let pc = HostClass::Workstation;
    let silent = "no heartbeat for 18s";
    story.host(1, "srv1", "delta", "hq", server, HostState::Down, "no heartbeat for 11m");
    story.host(2, "scada2", "delta", "hq", server, HostState::Up, "heartbeat arrives");
    story.host(3, "EXCH01", "acme", "hq", server, HostState::Up, "heartbeat arrives");
    story.host(4, "dc01", "acme", "hq", server, HostState::Up, "heartbeat arrives");
    story.host(5, "dc02", "acme", "hq", server, HostState::Silent, silent);
    story.host(6, "nas1", "echo", "hq", server, HostState::Up, "heartbeat arrives");
    story.host(7, "front-pc1", "bay", "hq", pc, HostState::Up, "heartbeat arrives");
    story.host(8, "front-pc2", "bay", "hq", pc, HostState::Off, "no heartbeat, outside its expected hours");
    story.host(9, "sql01", "fox", "hq", server, HostState::Up, "heartbeat arrives");
    story.host(10, "web-7f9c.cluster.example", "fox", "hq", server, HostState::Up, "heartbeat arrives");
    story.host(11, "files", "hansa", "hq", server, HostState::Up, "heartbeat arrives");
}

fn alerts(story: &mut Story) {
    let (warning, critical) = (CheckState::Warning, CheckState::Critical);
    story.alert(4471, 1, None, critical, "no heartbeat for 23s", 11);
    story.alert(4468, 3, Some("disk"), critical, "D: 98.1% of 400 GB used, 7.6 GB left", 34);
    story.alert(4460, 9, Some("disk"), critical, "D: 97% used, full in 3h", 70);
    story.alert(4455, 6, Some("raid"), warning, "md0 [U_] rebuilding, 41% done", 125);
    story.alert(4452, 7, Some("battery"), warning, "UPS battery is 4 years old", 300);
    story.alert(4449, 4, Some("ntp"), CheckState::Unknown, "check_ntp_time timed out after 10s", 9);
    story.alert(4441, 10, Some("load"), warning, "14.2 a core over 5 min", 42);
    story.act(
        30,
        AlertEvent::Acknowledged {
            alert: AlertId(4460),
            acknowledgement: Acknowledgement {
                by: me(),
                at: NOW - Duration::from_secs(1800),
                until: Until::Worse,
                level: CheckState::Critical,
                note: SafeText::new("growing volume with Fox"),
                expires: None,
                limit: None,
            },
        },
    );
    story.act(
        100,
        AlertEvent::Acknowledged {
            alert: AlertId(4455),
            acknowledgement: Acknowledgement {
                by: SafeText::new("ruiz"),
                at: NOW - Duration::from_secs(6000),
                until: Until::Resolved,
                level: CheckState::Warning,
                note: SafeText::default(),
                expires: None,
                limit: None,
            },
        },
    );
    story.act(
        200,
        AlertEvent::Snoozed {
            alert: AlertId(4452),
            snooze: Snooze {
                by: SafeText::new("osei"),
                at: NOW - Duration::from_secs(12_000),
                until: NOW + Duration::from_secs(3 * 3600),
                level: CheckState::Warning,
                note: SafeText::default(),
            },
        },
    );
    story.act(
        20,
        AlertEvent::Noted {
            alert: AlertId(4468),
            by: me(),
            note: SafeText::new("logs not rolled since Saturday, backup failed 3 nights"),
        },
    );
}

/// The same fleet among the rest of its provider's: twelve clients, for pictures.
pub fn provider() -> Story {
    let mut story = Story::new(31_000);
    hosts(&mut story);
    let clients = [
        ("gulf", "Gulf Depot", "yard 555-0118", "Norlink circuit C-4480, 555-0100", "bronze"),
        ("ivory", "Ivory Press", "K. Adeyemi 555-0126", "fibre 300/300", "silver"),
        ("juno", "Juno Clinic", "reception 555-0150, nights 555-0151", "fibre 500/500, 5G failover", "gold 24x7"),
        ("kite", "Kite School", "P. Okoye 555-0162, term time", "fibre 1000/1000", "silver 07-17"),
        ("loft", "Loft Architects", "office 555-0174", "cable 400/40", "basic"),
        ("mira", "Mira Hotels", "duty manager 555-0188", "fibre 500/500, 4G failover", "gold 24x7"),
    ];
    for (id, name, contact, line, contract) in clients {
        story.client(id, name, contact, line, contract);
    }
    let (server, pc, laptop, device) =
        (HostClass::Server, HostClass::Workstation, HostClass::Laptop, HostClass::Appliance);
    let mut next = 12;
    let mut machines = |story: &mut Story, client: &str, class: HostClass, names: &[&str], off: usize| {
        for (at, name) in names.iter().enumerate() {
            let (state, reason) = if at + off < names.len() {
                (HostState::Up, "heartbeat arrives")
            } else {
                (HostState::Off, "no heartbeat, outside its expected hours")
            };
            story.host(next, name, client, "hq", class, state, reason);
            next += 1;
        }
    };
    machines(&mut story, "acme", pc, &["acme-pc01", "acme-pc02", "acme-pc03", "acme-pc04", "acme-pc05"], 1);
    machines(&mut story, "acme", device, &["acme-rt1", "acme-ups1"], 0);
    machines(&mut story, "bay", server, &["bay-srv1"], 0);
    machines(&mut story, "echo", laptop, &["echo-nb1", "echo-nb2", "echo-nb3"], 2);
    machines(&mut story, "fox", pc, &["fox-dock1", "fox-dock2", "fox-scale1"], 0);
    machines(&mut story, "gulf", server, &["gulf-srv1"], 0);
    machines(&mut story, "gulf", pc, &["gate-pc1", "gate-pc2"], 0);
    machines(&mut story, "ivory", server, &["rip01", "rip02", "archive1"], 0);
    machines(&mut story, "ivory", pc, &["prepress1", "prepress2", "prepress3", "front1"], 1);
    machines(&mut story, "juno", server, &["pacs01", "emr01", "emr02", "juno-dc1"], 0);
    machines(&mut story, "juno", pc, &["exam-pc1", "exam-pc2", "exam-pc3", "exam-pc4", "desk-pc1"], 0);
    machines(&mut story, "kite", server, &["kite-dc1", "kite-files"], 0);
    machines(&mut story, "kite", laptop, &["cart-a01", "cart-a02", "cart-a03", "cart-a04"], 4);
    machines(&mut story, "loft", server, &["render1"], 0);
    machines(&mut story, "loft", pc, &["loft-ws1", "loft-ws2"], 0);
    machines(&mut story, "mira", server, &["pms01", "pms02", "locks1"], 0);
    machines(&mut story, "mira", device, &["mira-rt1", "mira-ap3", "mira-ups1"], 0);
    alerts(&mut story);
    let (warning, critical, unknown) = (CheckState::Warning, CheckState::Critical, CheckState::Unknown);
    for (id, host, check, level, summary, minutes) in [
        (4473, "pacs01", "disk", warning, "/studies 91% used, 310 GiB left, full in 6 d", 6),
        (4472, "mira-ups1", "battery", critical, "on battery, 22 min left", 3),
        (4470, "rip02", "memory", warning, "93% used, 1.1 GiB of 16 GiB available", 19),
        (4467, "gulf-srv1", "ping", warning, "loss 12%, 84 ms", 27),
        (4466, "emr02", "certificate", warning, "emr.juno.example expires in 9 d", 55),
        (4464, "kite-files", "smart", warning, "sdb: 8 reallocated sectors", 190),
        (4463, "archive1", "load", unknown, "check_snmp_load: no answer", 95),
        (4459, "pms01", "http", critical, "502 Bad Gateway after 3.1 s", 17),
        (4458, "render1", "temperature", warning, "CPU 88 C", 240),
    ] {
        let host = story.fleet.hosts.hosts.values().find(|known| known.name.as_str() == host).expect("a host").id;
        story.alert(id, host.0, Some(check), level, summary, minutes);
    }
    story.own(4459, "okafor", 14, "restarting the pool, hotel told");
    story.own(4466, "ruiz", 40, "order placed");
    story.own(4464, "osei", 170, "disk ordered, arrives Thursday");
    story.own(4470, "patel", 8, "");
    backups(&mut story);
    story.in_order()
}

/// A console on the fleet, at a place; nothing in it moves.
pub fn console(theme: &str, start: Place, moment: Instant) -> App {
    let theme = Theme::built_in(theme).expect("a theme that comes with the program");
    console_of(story(), theme, start, moment)
}

/// A console on a fleet.
pub fn console_of(story: Story, theme: Theme, start: Place, moment: Instant) -> App {
    seated(story, seat(theme), start, moment)
}

/// How a person sits who may act.
pub fn seat(theme: Theme) -> Seat {
    let keymap = Keymap::built_in().expect("keys");
    Seat { theme, keymap, read_only: false, wall: false, zone: jiff::tz::TimeZone::UTC }
}

/// A wall on a fleet.
pub fn wall_of(story: Story, theme: Theme, moment: Instant) -> App {
    seated(story, Seat { wall: true, read_only: true, ..seat(theme) }, Place::Floor, moment)
}

/// A console on a fleet, in a seat.
pub fn seated(story: Story, seat: Seat, start: Place, moment: Instant) -> App {
    let mut app = App::new(vec![Replica::new("main", moment)], seat, start);
    let fleet = FleetIndex(0);
    let hosts: Vec<HostId> = story.fleet.hosts.hosts.keys().copied().collect();
    let up: Vec<bool> = story.fleet.hosts.hosts.values().map(|host| host.state == HostState::Up).collect();
    let greeting = Greeting {
        role: Role::Operator,
        identity: me(),
        fleet: SafeText::new("main"),
        hub_version: SafeText::new("0.1.0"),
        not_after: None,
    };
    let entries = story.entries.clone();
    let jobs = story.fleet.backups.clone();
    let snapshot = Snapshot::new(Epoch(7), Role::Operator, None, story.fleet, false);
    let reads = |host| jobs.of_host(host).map(|job| (job.description.name.clone(), read_at(job.id()))).collect();
    let glances = hosts.iter().zip(&up).filter(|(_, up)| **up).map(|(host, _)| {
        let wave = (host.0 as f32 * 0.37).sin().abs();
        let disk = if *host == HostId(3) { 0.98 } else { 0.3 + wave * 0.5 };
        let glance = Glance {
            last_seen: Some(NOW - Duration::from_secs(host.0 % 9)),
            linked: true,
            cpu: Some(0.05 + wave * 0.4),
            memory: Some(0.2 + wave * 0.5),
            load: Some(wave * 3.0),
            disk: Some(disk),
            backups_read: reads(*host),
        };
        (*host, glance)
    });
    let glances: Vec<_> = glances.collect();
    let frame = |body| Update::Frame(Frame { received: moment, hub_time: NOW, body });
    app.update(fleet, Update::Link(LinkState::Live { since: moment }), moment);
    app.update(fleet, Update::Greeted(greeting), moment);
    app.update(fleet, frame(Body::Snapshot(Box::new(snapshot))), moment);
    app.update(fleet, frame(Body::Glances(glances)), moment);
    let newest: Vec<Entry> = entries.iter().rev().take(60).cloned().collect();
    app.answer(
        fleet,
        Answer {
            generation: 0,
            about: Topic::Journal { before: None, limit: 200 },
            result: Ok(Detail::Entries(newest)),
        },
    );
    while app.is_busy() {
        app.turn(moment);
    }
    app
}

/// Presses a key.
pub fn press(app: &mut App, key: &str, moment: Instant) {
    let key = Key::parse(key).expect("a key");
    // A frame was painted since the last key.
    static FRAMES: AtomicU64 = AtomicU64::new(9);
    let frames = FRAMES.fetch_add(1, Ordering::Relaxed);
    let stamp = FrameStamp { submitted: frames, flushed: frames };
    app.input(Input::Key { key, count: 1 }, stamp, moment);
    while app.is_busy() {
        app.turn(moment);
    }
}

/// Answers what the screen of a host asks for.
pub fn answer_host(app: &mut App, host: HostId) {
    const GIB: u64 = 1 << 30;
    let fs = |mount: &str, total: u64, used: u64| FileSystem {
        mount: SafeText::new(mount),
        fs_type: SafeText::new("ext4"),
        total: total * GIB,
        used: used * GIB,
        available: (total - used) * GIB,
        inodes_total: 1_000_000,
        inodes_used: 120_000,
        read_only: false,
    };
    let mut vitals = Vitals { uptime_seconds: 262_000, process_count: 212, ..Vitals::default() };
    vitals.cpu.busy = Some(0.34);
    vitals.memory.total = 16 * GIB;
    vitals.memory.used = 11 * GIB;
    vitals.memory.available = 5 * GIB;
    vitals.load = Some(Load { one: 1.42, five: 1.1, fifteen: 0.9 });
    vitals.file_systems = vec![fs("/", 100, 61), fs("/var/lib/mail", 400, 392)];
    let detail = HostDetail { at: NOW, glance: None, vitals: Some(vitals), readings: Vec::new() };
    let answer = |about, detail| Answer { generation: 0, about, result: Ok(detail) };
    app.answer(FleetIndex(0), answer(Topic::Host(host), Detail::Host(Box::new(detail))));
    let wave = |scale: f64, speed: f64| {
        (0..60_u32)
            .map(|minute| {
                (
                    NOW - Duration::from_secs(u64::from(59 - minute) * 60),
                    scale * (0.4 + 0.3 * (f64::from(minute) * speed).sin()),
                )
            })
            .collect()
    };
    let series = vec![
        Series { name: SafeText::new("cpu.busy"), points: wave(1.0, 0.3) },
        Series { name: SafeText::new("mem.used"), points: wave(16.0 * GIB as f64, 0.05) },
        Series { name: SafeText::new("load.1"), points: wave(3.0, 0.2) },
    ];
    let about = Topic::History { host, series: Vec::new(), from: NOW, to: NOW, points: 60 };
    app.answer(FleetIndex(0), answer(about, Detail::History(series)));
}

/// Answers what the screen of an alert asks for: the entries that are about it.
pub fn answer_timeline(app: &mut App, story: &Story, alert: AlertId) {
    let about =
        |entry: &&Entry| entry.events.iter().any(|(_, event)| format!("{event:?}").contains(&format!("{alert:?}")));
    let entries: Vec<Entry> = story.entries.iter().filter(about).cloned().collect();
    let answer = Answer { generation: 0, about: Topic::Timeline(alert), result: Ok(Detail::Entries(entries)) };
    app.answer(FleetIndex(0), answer);
}

/// What a hub tells first: the fleet's sums and its two worst alerts.
pub fn first_told(moment: Instant) -> Update {
    let fleet = story().fleet;
    let look = Look { screen: Screen::Alerts, rows: 2 };
    let mut some = Fleet { revision: fleet.revision, ..Fleet::default() };
    for key in first_look::rows(&fleet, look) {
        restore_row(&mut some, row_of(&fleet, &key).expect("a row")).expect("a row that can be read");
    }
    let sums = first_look::sums(&fleet, |_| None);
    let snapshot = Snapshot::new(Epoch(7), Role::Operator, None, some, false).first_look(sums);
    let body = Body::FirstLook(Box::new(snapshot), Vec::new());
    Update::Frame(Frame { received: moment, hub_time: NOW, body })
}

/// A console that has the fleet's sums and its two worst alerts, while the rest is on its way.
pub fn first_look(start: Place, moment: Instant) -> App {
    let mut app = console_of(
        Story { fleet: Fleet::default(), entries: Vec::new(), ..story() },
        Theme::of_roles(Glyphs::ASCII),
        start,
        moment,
    );
    app.update(FleetIndex(0), first_told(moment), moment);
    while app.is_busy() {
        app.turn(moment);
    }
    app
}
