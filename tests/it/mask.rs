//! `--mask`: no screen shows what could tell a client.

use std::time::{Duration, Instant};

use prost::Message as _;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use watchfloor::console::app::{App, Seat};
use watchfloor::console::mask::{MASKED, Mask};
use watchfloor::console::plain::Plain;
use watchfloor::console::replica::{Body, FleetIndex, Frame, Replica, Snapshot, Update};
use watchfloor::console::screens::world::Place;
use watchfloor::console::theme::Theme;
use watchfloor::console::widgets::dump;
use watchfloor::fleet::backups::{self, Cell, Days};
use watchfloor::fleet::identity::Role;
use watchfloor::fleet::state::{Actor, Event, Fleet};
use watchfloor::fleet::words::{
    AlertId, BackupTool, CheckState, ClientId, CommandId, Epoch, HostId, JobId, SafeText, SiteId,
};
use watchfloor::wire::{EncodedEntry, decode_entry, pb, restore_row, rows_of};

use crate::command_screens::commanded;
use crate::sample_fleet::{NOW, Story, press, seat, seated, story};

/// What must not be on any screen: names of clients, sites, hosts and people, and words of summaries and notes.
const TELLING: [&str; 26] = [
    "acme",
    "delta",
    "bay",
    "echo",
    "fox",
    "hansa",
    "dental",
    "plant",
    "logistics",
    "legal",
    "exch01",
    "dc01",
    "dc02",
    "srv1",
    "scada",
    "sql01",
    "front-pc",
    "web-7f",
    "cluster",
    "okafor",
    "ruiz",
    "osei",
    "voss",
    "lind",
    "norlink",
    "rolled",
];

/// The fleet as it arrives at a console that masks.
fn masked(mask: &Mask, tale: &Story) -> Story {
    let mut fleet = Fleet { revision: tale.fleet.revision, ..Fleet::default() };
    for row in rows_of(&tale.fleet) {
        restore_row(&mut fleet, mask.message("Row", &row).unwrap()).unwrap();
    }
    let entries = tale.entries.iter().map(|entry| {
        let message = EncodedEntry::new(entry).unwrap().to_message();
        decode_entry(mask.message("Entry", &message).unwrap()).unwrap()
    });
    let entries = entries.collect();
    let mut masked = story();
    (masked.entries, masked.fleet) = (entries, fleet);
    masked
}

fn telling_story() -> Story {
    let mut tale = commanded(story());
    let job = backups::Description {
        id: JobId(7),
        name: "acme-mail".into(),
        client: Some(ClientId::from("acme")),
        site: Some(SiteId::from("hq")),
        host: Some(HostId(3)),
        host_name: SafeText::new("EXCH01"),
        tool: BackupTool::Restic,
        repository: SafeText::new("sftp:acme@store.acme.example:/mail"),
        paths: vec![SafeText::new("/srv/acme")],
        every: Duration::from_secs(86_400),
        grace: Duration::from_secs(3_600),
    };
    let found = backups::Found {
        at: NOW,
        trouble: None,
        words: SafeText::new("acme's oldest is gone"),
        restorable: 31,
        newest: Some(NOW),
        freshest: Some(NOW),
        oldest: Some(NOW),
        missing: Some(SafeText::new("/srv/acme/old")),
        size: Some(4 << 30),
        added: Some(12 << 20),
    };
    let judged = backups::Event::Judged {
        job: JobId(7),
        state: backups::State::Partial,
        why: SafeText::new("lacks /srv/acme/old"),
        alarm: None,
        spared_until: None,
    };
    let days = Days::new(19_300, vec![Cell::Whole, Cell::Partial]);
    let read = backups::Event::Read { job: JobId(7), found: Box::new(found), days, output: None };
    let events = [
        backups::Event::Described(Box::new(job)),
        read,
        judged,
        backups::Event::Reviewed { job: JobId(7), by: SafeText::new("osei") },
    ];
    tale.tell(30, Actor::rule("backups"), events.map(Event::Backups).to_vec());
    tale.alert(9001, 3, Some("disk:/srv/acme"), CheckState::Warning, "full of acme's mail", 3);
    tale.alert(9002, 4, Some("acme-website"), CheckState::Critical, "acme.example answers 500", 2);
    tale
}

#[track_caller]
fn assert_tells_nothing(what: &str, screen: &str) {
    let lower = screen.to_lowercase();
    for word in TELLING {
        assert!(!lower.contains(word), "{word:?} stands on {what}:\n{screen}");
    }
}

#[test]
fn no_screen_of_a_masked_console_tells_a_client() {
    let moment = Instant::now();
    let mask = Mask::new(b"a secret of this machine");
    let tale = telling_story();
    for wall in [false, true] {
        for place in [
            Place::Floor,
            Place::Alerts,
            Place::Hosts,
            Place::Journal,
            Place::Host(FleetIndex(0), HostId(3)),
            Place::Alert(FleetIndex(0), AlertId(4468)),
            Place::Backups,
            Place::Backup(FleetIndex(0), JobId(7)),
            Place::Commands,
            Place::Command(FleetIndex(0), CommandId(12)),
            Place::Output(FleetIndex(0), CommandId(12), HostId(3)),
        ] {
            let seat = Seat { wall, read_only: true, ..seat(Theme::built_in("dark").unwrap()) };
            let mut app = seated(masked(&mask, &tale), seat, place.clone(), moment);
            for (width, height) in [(40, 24), (80, 24), (200, 60)] {
                let area = Rect::new(0, 0, width, height);
                let mut buf = Buffer::empty(area);
                app.refresh(area, moment);
                app.render(area, &mut buf, moment);
                let screen = dump::text(&buf);
                assert_tells_nothing(&format!("{place:?} at {width}x{height}, wall: {wall}"), &screen);
                assert!(screen.contains("main"), "a screen is painted\n{screen}");
            }
            press(&mut app, "?", moment);
        }
    }
}

/// What is painted over a screen: the palette over actions, hosts and alerts, the views, the completion of a filter, the
/// hosts of a command one by one, and groups.
#[test]
fn nothing_that_a_masked_console_opens_over_a_screen_tells_a_client() {
    let moment = Instant::now();
    let mask = Mask::new(b"a secret of this machine");
    let tale = telling_story();
    for (place, keys, stands) in [
        (Place::Alerts, ": h o s t -", "host-"),
        (Place::Alerts, ": m a s k e d", "masked"),
        (Place::Alerts, "v", "Save what is shown"),
        (Place::Alerts, "v s", ""),
        (Place::Alerts, "b b b b", "cl-"),
        (Place::Hosts, "/ c l i e n t : Tab", "cl-"),
        (Place::Hosts, "/ h o s t : Tab Tab", "host-"),
        (Place::Hosts, "b", ""),
        (Place::Hosts, "x", ""),
        (Place::Commands, "Enter o", "host-"),
        (Place::Commands, "Enter b", "similar"),
        (Place::Commands, "Enter Enter", "host-"),
        (Place::Backups, "Enter", "job-"),
        (Place::Backups, "M", ""),
    ] {
        let seat = Seat { read_only: true, ..seat(Theme::built_in("dark").unwrap()) };
        let mut app = seated(masked(&mask, &tale), seat, place.clone(), moment);
        for (width, height) in [(80, 24), (200, 60)] {
            let area = Rect::new(0, 0, width, height);
            let mut buf = Buffer::empty(area);
            let mut shown = |app: &mut App| {
                buf.reset();
                app.refresh(area, moment);
                app.render(area, &mut buf, moment);
                dump::text(&buf)
            };
            if width == 80 {
                shown(&mut app);
                for key in keys.split(' ') {
                    press(&mut app, key, moment);
                    while app.is_busy() {
                        app.turn(moment);
                    }
                    shown(&mut app);
                }
            }
            let screen = shown(&mut app);
            assert_tells_nothing(&format!("{keys:?} on {place:?} at {width}x{height}"), &screen);
            assert!(screen.contains(stands), "{stands:?} after {keys:?} on {place:?}\n{screen}");
        }
    }
}

#[test]
fn ten_thousand_names_have_ten_thousand_codes() {
    let mask = Mask::new(b"a secret of this machine");
    let code = |name: &str| {
        let host = pb::Host { name: name.to_owned(), ..pb::Host::default() };
        mask.message("Host", &host).unwrap().name
    };
    let names: Vec<String> = (0..10_000).map(|number| format!("host-{number}.example")).collect();
    let codes: Vec<String> = names.iter().map(|name| code(name)).collect();
    let distinct: std::collections::BTreeSet<&String> = codes.iter().collect();
    assert_eq!(distinct.len(), names.len());
    let short = codes.iter().filter(|code| code.len() == "host-ABCD".len()).count();
    assert!(short > 9_000 && short < names.len(), "{short} are short; of so many some must be longer");
    assert!(names.iter().zip(&codes).all(|(name, known)| code(name) == *known), "a name keeps its code");
}

#[test]
fn no_line_of_a_masked_console_tells_a_client_and_the_rest_stays_readable() {
    let moment = Instant::now();
    let mask = Mask::new(b"a secret of this machine");
    let tale = masked(&mask, &telling_story());
    let clients: Vec<String> = tale.fleet.hosts.clients.values().map(|client| client.name.to_string()).collect();
    let mut plain = Plain::new(vec![Replica::new("main", moment)], jiff::tz::TimeZone::UTC, (moment, NOW));
    let snapshot = Snapshot::new(Epoch(7), Role::Viewer, None, tale.fleet, false);
    let frame = |body| Update::Frame(Frame { received: moment, hub_time: NOW, body });
    plain.update(FleetIndex(0), frame(Body::Snapshot(Box::new(snapshot))), moment);
    let text = plain.take().join("\n");
    assert_tells_nothing("the lines", &text);
    assert!(text.contains("critical, nobody has it, for 34m: "), "{text}");
    assert!(text.contains(" disk on host-") && text.contains(&format!(": {MASKED}")), "{text}");
    assert!(clients.iter().all(|client| client.starts_with("cl-") && client.len() == 7), "{clients:?}");
    assert!(clients.iter().any(|client| text.contains(client)), "a client has one code everywhere\n{text}");
}

#[test]
fn a_code_is_the_same_each_time_and_another_machine_has_others() {
    let client = |secret: &[u8]| {
        let client = pb::Client { id: "acme".to_owned(), name: "Acme".to_owned(), ..pb::Client::default() };
        Mask::new(secret).message("Client", &client).unwrap()
    };
    assert_eq!(client(b"one"), client(b"one"));
    assert_eq!(client(b"one").id, client(b"one").name, "name and id are one code");
    assert_ne!(client(b"one").id, client(b"two").id);
}

#[test]
fn every_answer_about_a_host_is_masked_and_numbers_stay() {
    let mask = Mask::new(b"secret");
    let vitals = pb::Vitals {
        process_count: 212,
        file_systems: vec![pb::FileSystem { mount: "/srv/acme".to_owned(), total: 9, ..pb::FileSystem::default() }],
        top_by_cpu: vec![pb::Process { name: "acme-erp".to_owned(), pid: 7, ..pb::Process::default() }],
        ..pb::Vitals::default()
    };
    let reading =
        pb::CheckReading { check: "disk".to_owned(), summary: "acme".to_owned(), ..pb::CheckReading::default() };
    let reply = pb::QueryReply { vitals: Some(vitals), readings: vec![reading], ..pb::QueryReply::default() };
    let hidden = mask.message("QueryReply", &reply).unwrap();
    assert!(!String::from_utf8_lossy(&hidden.encode_to_vec()).contains("acme"), "{hidden:?}");
    let vitals = hidden.vitals.unwrap();
    assert_eq!((vitals.process_count, vitals.file_systems[0].total, vitals.top_by_cpu[0].pid), (212, 9, 7));
    assert_eq!((hidden.readings[0].check.as_str(), hidden.readings[0].summary.as_str()), ("disk", MASKED));
    let blob = pb::BlobChunk { bytes: b"acme".to_vec().into() };
    assert!(mask.message("BlobChunk", &blob).unwrap().bytes.is_empty());
}
