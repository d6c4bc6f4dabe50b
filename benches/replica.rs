//! What a console's replica of a large fleet costs: memory, the swap of a snapshot, entries and glances as they arrive.
//!
//! `cargo bench --bench replica` prints the figures with how they were taken. No hub and no link take part: rows and
//! entries are encoded first and decoded as a link task does.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a bench fails by panicking and prints")]

use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Write};
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use prost::Message as _;
use watchfloor::console::replica::{Body, Frame, Glance, Replica, Snapshot, Update};
use watchfloor::fleet::alerts::{self, Subject};
use watchfloor::fleet::checks;
use watchfloor::fleet::hosts::vitals::OsFacts;
use watchfloor::fleet::hosts::{self, Client, HostState};
use watchfloor::fleet::identity::{Audience, Role};
use watchfloor::fleet::state::{Actor, Entry, Event, Fleet};
use watchfloor::fleet::words::{
    AlertId, CheckName, CheckState, ClientId, Epoch, HostClass, HostId, IdentityId, Revision, SafeText, SiteId,
    Timestamp,
};
use watchfloor::wire::{EncodedEntry, decode_entry_bytes, pb, restore_row, rows_of};

const HOSTS: u64 = 10_000;
const CHECKS: [&str; 5] = ["cpu", "memory", "disk-root", "load", "process-sshd"];
const ALERTS: u64 = 100_000;
const ENTRIES: u64 = 20_000;

/// Names the file of rows in the process that measures: it has never held the fleet in another form, so its memory is
/// a console's.
const ROWS: &str = "WATCHFLOOR_BENCH_ROWS";

fn main() {
    if let Some(path) = std::env::var_os(ROWS) {
        return measure(Path::new(&path));
    }
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("replica.rows");
    let rows = encoded_rows();
    let (count, bytes) = (rows.len(), rows.iter().map(Vec::len).sum::<usize>());
    println!("{HOSTS} hosts, {} checks, {ALERTS} open alerts: {count} rows, {} KiB encoded", HOSTS * 5, bytes >> 10);
    let mut file = BufWriter::new(File::create(&path).unwrap());
    for row in rows {
        file.write_all(&u32::try_from(row.len()).unwrap().to_le_bytes()).unwrap();
        file.write_all(&row).unwrap();
    }
    drop(file);
    let status = Command::new(std::env::current_exe().unwrap()).env(ROWS, &path).status().unwrap();
    assert!(status.success());
    std::fs::remove_file(path).unwrap();
}

fn decoded(path: &Path) -> Fleet {
    let mut fleet = Fleet { revision: Revision(1), ..Fleet::default() };
    let mut file = BufReader::new(File::open(path).unwrap());
    let (mut size, mut row) = ([0; 4], Vec::new());
    while file.read_exact(&mut size).is_ok() {
        row.resize(u32::from_le_bytes(size) as usize, 0);
        file.read_exact(&mut row).unwrap();
        restore_row(&mut fleet, pb::Row::decode(row.as_slice()).unwrap()).unwrap();
    }
    fleet
}

fn measure(path: &Path) {
    let before = resident();
    let start = Instant::now();
    let fleet = decoded(path);
    let decoded_in = start.elapsed();
    let snapshot = Snapshot::new(Epoch(1), Role::Admin, None, fleet, false);
    println!("decoded in {decoded_in:?}, counted in {:?} (off the screens' loop)", start.elapsed() - decoded_in);
    let mut replica = Replica::new("bench", Instant::now());
    let swap = Instant::now();
    replica.apply(frame(Body::Snapshot(Box::new(snapshot))));
    println!("swapped in within {:?}; resident memory grew by {} MiB", swap.elapsed(), (resident() - before) >> 20);

    let glances: Vec<_> = (1..=HOSTS).map(|host| (HostId(host), glance(host))).collect();
    let start = Instant::now();
    replica.apply(frame(Body::Glances(glances)));
    println!("{HOSTS} glances taken in {:?} (ten seconds' worth)", start.elapsed());

    let entries: Vec<Vec<u8>> =
        (0..ENTRIES).map(|n| EncodedEntry::new(&entry(n)).unwrap().to_bytes().to_vec()).collect();
    let start = Instant::now();
    let decoded: Vec<Entry> = entries.iter().map(|bytes| decode_entry_bytes(bytes.as_slice()).unwrap()).collect();
    let decoding = start.elapsed();
    let mut decoded = decoded.into_iter();
    let start = Instant::now();
    let mut through = 1;
    while through < ENTRIES {
        through += 500;
        let entries: Vec<Entry> = decoded.by_ref().take(500).collect();
        replica.apply(frame(Body::Entries { through: Revision(through), entries }));
    }
    let applying = start.elapsed();
    let share = |time: std::time::Duration| time.as_secs_f64() / (ENTRIES as f64 / 2_000.0) * 100.0;
    println!(
        "{ENTRIES} entries: decoded in {decoding:?} (off the loop), applied in {applying:?}; at 2,000 a second that is \
         {:.2} % and {:.2} % of a core",
        share(decoding),
        share(applying)
    );
    println!("resident memory after the entries: {} MiB more than before", (resident() - before) >> 20);
    let again = Snapshot::new(Epoch(2), Role::Admin, None, self::decoded(path), false);
    let both = resident();
    let changed = replica.apply(frame(Body::Snapshot(Box::new(again))));
    let start = Instant::now();
    drop(changed);
    let freed = start.elapsed();
    println!(
        "another epoch: {} MiB while both fleets are held, {} MiB after; the old one is freed in {freed:?}",
        (both - before) >> 20,
        (resident() - before) >> 20
    );
}

fn frame(body: Body) -> Update {
    Update::Frame(Frame { received: Instant::now(), hub_time: Timestamp(1), body })
}

/// Resident memory of this process in bytes.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() << 10
}

fn client(host: u64) -> ClientId {
    ClientId::new(format!("client-{:03}", host % 40))
}

fn encoded_rows() -> Vec<Vec<u8>> {
    let mut fleet = Fleet::default();
    let mut revision = 0;
    let mut tell = |event: Event| {
        revision += 1;
        fleet.apply(&one(revision, event));
    };
    for n in 0..40 {
        tell(Event::Hosts(hosts::Event::ClientDescribed(Client::unconfigured(client(n)))));
    }
    for host in 1..=HOSTS {
        tell(Event::Hosts(hosts::Event::Enrolled {
            host: HostId(host),
            name: SafeText::new(&format!("host-{host:05}.example.net")),
            client: client(host),
            site: SiteId::from("headquarters"),
            class: HostClass::ALL[host as usize % 3],
            tags: vec!["linux".into()],
            identity: IdentityId(host),
            synthetic: false,
        }));
        let os = OsFacts {
            hostname: SafeText::new(&format!("host-{host:05}")),
            os_name: SafeText::new("Debian GNU/Linux"),
            os_version: SafeText::new("12 (bookworm)"),
            kernel: SafeText::new("6.1.0-28-amd64"),
            arch: SafeText::new("x86_64"),
            cpu_model: SafeText::new("Intel(R) Xeon(R) Silver 4314 CPU @ 2.40GHz"),
            agent_version: SafeText::new("0.1.0"),
            ..OsFacts::default()
        };
        tell(Event::Hosts(hosts::Event::Described { host: HostId(host), os }));
        tell(up(host));
        for check in CHECKS {
            tell(checked(host, check, CheckState::Ok));
        }
    }
    for alert in 1..=ALERTS {
        tell(opened(alert));
    }
    rows_of(&fleet).map(|row| row.encode_to_vec()).collect()
}

fn up(host: u64) -> Event {
    let (host, reason) = (HostId(host), "its heartbeat arrives".into());
    Event::Hosts(hosts::Event::StateChanged { host, state: HostState::Up, reason, last_seen: Some(Timestamp(1)) })
}

fn checked(host: u64, check: &str, state: CheckState) -> Event {
    Event::Checks(checks::Event::Changed {
        host: HostId(host),
        check: CheckName::from(check),
        state,
        hard: true,
        attempt: 1,
        max_attempts: 3,
        summary: SafeText::new("CPU 12 % busy, 0.3 % waiting for disks"),
        perfdata: SafeText::new("busy=12%;80;95;0;100 waiting=0.3%"),
        interval_ms: 60_000,
        output: None,
        measured_at: Timestamp(1),
    })
}

fn opened(alert: u64) -> Event {
    let host = alert % HOSTS + 1;
    Event::Alerts(alerts::Event::Opened {
        alert: AlertId(alert),
        client: client(host),
        site: Some(SiteId::from("headquarters")),
        host: Some(HostId(host)),
        subject: Subject::Check { host: HostId(host), check: CheckName::new(format!("plugin-{}", alert / HOSTS)) },
        level: if alert.is_multiple_of(3) { CheckState::Critical } else { CheckState::Warning },
        summary: SafeText::new(&format!("DISK WARNING - free space: /var {alert} MB (12% inode=98%)")),
    })
}

fn one(revision: u64, event: Event) -> Entry {
    let events = vec![(Audience::EVERYONE, event)];
    Entry { revision: Revision(revision), at: Timestamp(1_700_000_000_000), actor: Actor::rule("bench"), events }
}

/// What a storm is made of: a check that changes and the alert's new level, and now and then a host.
fn entry(n: u64) -> Entry {
    let host = n * 7919 % HOSTS + 1;
    let mut entry = one(n + 2, checked(host, CHECKS[n as usize % 5], CheckState::Critical));
    let level = Event::Alerts(alerts::Event::LevelChanged {
        alert: AlertId(n * 104_729 % ALERTS + 1),
        level: if n.is_multiple_of(2) { CheckState::Critical } else { CheckState::Warning },
        summary: SafeText::new("CPU CRITICAL - 99 % busy for 5 min"),
        worse: n.is_multiple_of(2),
    });
    entry.events.push((Audience::EVERYONE, level));
    if n.is_multiple_of(10) {
        entry.events.push((Audience::EVERYONE, up(host)));
    }
    entry
}

fn glance(host: u64) -> Glance {
    let last_seen = Some(Timestamp(1_700_000_000_000 + i64::try_from(host * 13 % 10_000).unwrap()));
    Glance { last_seen, linked: true, cpu: Some(0.3), memory: Some(0.5), load: Some(1.0), disk: Some(0.7) }
}
