//! A large fleet to measure with: its rows, the entries of a storm, glances.

#![allow(clippy::unwrap_used, dead_code, reason = "a bench fails by panicking, and takes what it needs")]

use std::path::Path;

use prost::Message as _;
use watchfloor::console::replica::Glance;
use watchfloor::fleet::alerts::{self, Subject};
use watchfloor::fleet::checks;
use watchfloor::fleet::hosts::vitals::OsFacts;
use watchfloor::fleet::hosts::{self, Client, HostState};
use watchfloor::fleet::identity::Audience;
use watchfloor::fleet::state::{Actor, EntityKey, Entry, Event, Fleet};
use watchfloor::fleet::words::{
    AlertId, CheckName, CheckState, ClientId, HostClass, HostId, IdentityId, Revision, SafeText, SiteId, Timestamp,
};
use watchfloor::hub::journal::{Commit, EntryRecord, Journal as _, RowChange, SqliteJournal};
use watchfloor::trust::Authority;
use watchfloor::wire::{EncodedEntry, row_key, row_of, rows_of};

const CHECKS: [&str; 5] = ["cpu", "memory", "disk-root", "load", "process-sshd"];

/// How large it is.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    /// Hosts, of five checks each.
    pub hosts: u64,
    /// Open alerts.
    pub alerts: u64,
}

fn client(host: u64) -> ClientId {
    ClientId::new(format!("client-{:03}", host % 40))
}

/// Its rows as a snapshot carries them.
pub fn encoded_rows(size: Size) -> impl Iterator<Item = Vec<u8>> {
    let mut fleet = Fleet::default();
    grow(size, |entry| drop(fleet.apply(&entry)));
    rows_of(&fleet).map(|row| row.encode_to_vec()).collect::<Vec<_>>().into_iter()
}

/// A hub's data directory that holds it, as if the hub had run for long.
pub fn seed(data: &Path, size: Size) {
    let now = i64::try_from(std::time::UNIX_EPOCH.elapsed().unwrap().as_millis()).unwrap();
    let authority = Authority::create(&data.join("authority"), Timestamp(now)).unwrap();
    let mut journal = SqliteJournal::open(&data.join("journal.db"), authority.fleet_id()).unwrap();
    let mut fleet = Fleet::default();
    let mut commit = Commit::default();
    grow(size, |entry| {
        fleet.apply(&entry);
        let bytes = EncodedEntry::new(&entry).unwrap().to_bytes();
        commit.entries.push(EntryRecord { revision: entry.revision, at: entry.at, bytes, subjects: Vec::new() });
    });
    let hosts = fleet.hosts.hosts.keys().map(|host| EntityKey::Host(*host));
    let clients = fleet.hosts.clients.keys().cloned().map(EntityKey::Client);
    let checks = fleet.checks.all().map(|check| EntityKey::Check(check.host, check.check.clone()));
    let alerts = fleet.alerts.alerts.keys().map(|alert| EntityKey::Alert(*alert));
    for key in hosts.chain(clients).chain(checks).chain(alerts) {
        let (table, row) = row_key(&key);
        let value = row_of(&fleet, &key).map(|row| row.encode_to_vec().into());
        commit.rows.push(RowChange { table, key: row, value });
    }
    journal.commit(&commit).unwrap();
}

fn grow(size: Size, mut told: impl FnMut(Entry)) {
    let Size { hosts, alerts } = size;
    let mut revision = 0;
    let mut tell = |event: Event| {
        revision += 1;
        told(one(revision, event));
    };
    for n in 0..40 {
        tell(Event::Hosts(hosts::Event::ClientDescribed(Client::unconfigured(client(n)))));
    }
    for host in 1..=hosts {
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
    for alert in 1..=alerts {
        tell(opened(alert, hosts));
    }
}

fn up(host: u64) -> Event {
    let (host, reason) = (HostId(host), "its heartbeat arrives".into());
    Event::Hosts(hosts::Event::StateChanged { host, state: HostState::Up, reason, last_seen: Some(Timestamp(1)) })
}

fn checked(host: u64, check: &str, state: CheckState) -> Event {
    // Each says something else, or all of it would be compressed to nothing.
    let noise = (host * 31 + check.len() as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
    let (busy, waiting) = (noise % 100, (noise >> 8) as f64 % 90.0 / 10.0);
    Event::Checks(checks::Event::Changed {
        host: HostId(host),
        check: CheckName::from(check),
        state,
        hard: true,
        attempt: 1,
        max_attempts: 3,
        summary: SafeText::new(&format!("CPU {busy} % busy, {waiting:.1} % waiting for disks")),
        perfdata: SafeText::new(&format!("busy={busy}%;80;95;0;100 waiting={waiting:.1}%")),
        interval_ms: 60_000,
        output: None,
        measured_at: Timestamp(1_700_000_000_000 + (noise % 60_000).cast_signed()),
        ring: 0,
    })
}

fn opened(alert: u64, hosts: u64) -> Event {
    let host = alert % hosts + 1;
    Event::Alerts(alerts::Event::Opened {
        alert: AlertId(alert),
        client: client(host),
        site: Some(SiteId::from("headquarters")),
        host: Some(HostId(host)),
        subject: Subject::Check { host: HostId(host), check: CheckName::new(format!("plugin-{}", alert / hosts)) },
        level: if alert.is_multiple_of(3) { CheckState::Critical } else { CheckState::Warning },
        summary: SafeText::new(&format!("DISK WARNING - free space: /var {alert} MB (12% inode=98%)")),
    })
}

fn one(revision: u64, event: Event) -> Entry {
    let events = vec![(Audience::EVERYONE, event)];
    Entry { revision: Revision(revision), at: Timestamp(1_700_000_000_000), actor: Actor::rule("bench"), events }
}

/// What a storm is made of: a check that changes and the alert's new level, and now and then a host.
pub fn entry(n: u64, size: Size) -> Entry {
    let host = n * 7919 % size.hosts + 1;
    let mut entry = one(n + 2, checked(host, CHECKS[n as usize % 5], CheckState::Critical));
    let level = Event::Alerts(alerts::Event::LevelChanged {
        alert: AlertId(n * 104_729 % size.alerts + 1),
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

/// What a host measured.
pub fn glance(host: u64) -> Glance {
    let last_seen = Some(Timestamp(1_700_000_000_000 + i64::try_from(host * 13 % 10_000).unwrap()));
    Glance {
        last_seen,
        linked: true,
        cpu: Some(0.3),
        memory: Some(0.5),
        load: Some(1.0),
        disk: Some(0.7),
        backups_read: Vec::new(),
    }
}
