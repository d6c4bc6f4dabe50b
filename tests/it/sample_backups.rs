//! Backup jobs of the made-up provider, in every state there is.

use std::time::Duration;

use watchfloor::console::app::App;
use watchfloor::console::ask::{Answer, Detail, Topic};
use watchfloor::console::replica::FleetIndex;
use watchfloor::fleet::alerts::{Event as AlertEvent, Subject};
use watchfloor::fleet::backups::{Cell, Days, Description, Event as BackupEvent, Found, State};
use watchfloor::fleet::hosts::HostState;
use watchfloor::fleet::state::{Actor, Event};
use watchfloor::fleet::words::{AlertId, BackupTool, BlobId, CheckState, JobId, JobName, SafeText, Timestamp};

use crate::sample_fleet::{NOW, Story, me};

const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);
/// Promised for so long.
const PROMISED: u64 = 72 * 24 * 60;
/// The job that is partial, and the path its backups lack.
const PARTIAL: &str = "juno-emr2";
const LACKS: &str = "/srv/emr/attachments";

/// A row of the table below.
struct Sample {
    host: &'static str,
    job: &'static str,
    tool: BackupTool,
    /// Promised every so many days.
    every: u32,
    state: State,
    /// Hours since the newest backup.
    age: u32,
    why: &'static str,
    /// Since how many hours it is not ok.
    since: u64,
    reviewed: bool,
}

const fn ok(host: &'static str, job: &'static str, tool: BackupTool, age: u32) -> Sample {
    Sample { host, job, tool, every: 1, state: State::Ok, age, why: "", since: 0, reviewed: true }
}

const fn bad(host: &'static str, job: &'static str, state: State, age: u32, since: u64, why: &'static str) -> Sample {
    Sample { host, job, tool: BackupTool::Restic, every: 1, state, age, why, since, reviewed: false }
}

fn samples() -> Vec<Sample> {
    let (restic, borg) = (BackupTool::Restic, BackupTool::Borg);
    vec![
        bad("EXCH01", "exch01-mail", State::Failed, 81, 57, "the repository is empty: what it held is gone"),
        bad("sql01", "fox-sql", State::Overdue, 43, 15, "no backup came in time"),
        bad("rip02", "rip02-jobs", State::Never, 0, 400, "no backup was ever made"),
        bad("emr02", PARTIAL, State::Partial, 9, 200, "the newest backups lack /srv/emr/attachments"),
        bad("srv1", "delta-srv1", State::Unknown, 7, 0, "its host is down"),
        bad("srv1", "delta-plc", State::Unknown, 7, 0, "its host is down"),
        bad("archive1", "ivory-archive", State::Unknown, 30, 5, "not read for long: the repository is locked"),
        bad("gulf-srv1", "gulf-files", State::Late, 27, 3, "a backup is due; its grace runs"),
        bad("render1", "loft-renders", State::Late, 26, 2, "a backup is due; its grace runs"),
        ok("dc01", "acme-dc", restic, 8),
        ok("nas1", "echo-cases", borg, 6),
        ok("nas1", "echo-mail", borg, 6),
        ok("files", "hansa-files", restic, 11),
        ok("web-7f9c.cluster.example", "fox-web", restic, 3),
        ok("bay-srv1", "bay-practice", restic, 9),
        ok("pacs01", "juno-pacs", borg, 5),
        ok("emr01", "juno-emr1", restic, 9),
        ok("juno-dc1", "juno-dc", restic, 10),
        Sample { every: 7, ..ok("kite-files", "kite-files", borg, 58) },
        ok("kite-dc1", "kite-dc", restic, 12),
        ok("rip01", "rip01-jobs", restic, 7),
        Sample { reviewed: false, ..ok("pms01", "mira-pms1", restic, 4) },
        Sample { reviewed: false, ..ok("pms02", "mira-pms2", restic, 4) },
        ok("locks1", "mira-locks", restic, 13),
    ]
}

/// Tells what became of each job.
pub fn backups(story: &mut Story) {
    for (number, sample) in (1..).zip(samples()) {
        told(story, number, &sample);
    }
    for (id, job, level, minutes) in [
        (4476, "exch01-mail", CheckState::Critical, 57 * 60),
        (4469, "fox-sql", CheckState::Critical, 15 * 60),
        (4448, "rip02-jobs", CheckState::Critical, 400 * 60),
        (4461, "juno-emr2", CheckState::Warning, 200 * 60),
        (4474, "ivory-archive", CheckState::Unknown, 5 * 60),
    ] {
        alert(story, id, job, level, minutes);
    }
    story.own(4448, "osei", 390, "new machine: job set up, first run tonight");
    story.own(4461, "patel", 100, "mount missing since the move");
}

fn told(story: &mut Story, number: u64, sample: &Sample) {
    let hosts = &story.fleet.hosts.hosts;
    let host = hosts.values().find(|host| host.name.as_str() == sample.host).expect("a host").clone();
    let job = JobId(number);
    let every = DAY * sample.every;
    let description = Description {
        id: job,
        name: JobName::from(sample.job),
        client: Some(host.client.clone()),
        site: Some(host.site.clone()),
        host: Some(host.id),
        host_name: host.name.clone(),
        tool: sample.tool,
        repository: SafeText::new(&match sample.tool {
            BackupTool::Restic => format!("rest:https://vault.example.net/{}/{}", host.client, sample.job),
            BackupTool::Borg => format!("ssh://borg@vault2.example.net/./{}", sample.job),
        }),
        paths: match sample.job {
            PARTIAL => vec![SafeText::new("/etc"), SafeText::new("/srv/emr/data"), SafeText::new(LACKS)],
            _ => vec![SafeText::new("/etc"), SafeText::new("/srv")],
        },
        every,
        grace: HOUR * 4,
    };
    let rule = || Actor::rule("backups");
    let backup = |event| vec![Event::Backups(event)];
    story.tell(PROMISED, rule(), backup(BackupEvent::Described(Box::new(description))));
    let judged =
        |state, why: &str| BackupEvent::Judged { job, state, why: SafeText::new(why), alarm: None, spared_until: None };
    story.tell(30_900, rule(), backup(judged(State::Ok, "")));
    if sample.state != State::Ok {
        // What folds under a host that is down began with it.
        let since = if host.state == HostState::Down { 11 } else { sample.since * 60 };
        story.tell(since.min(30_000), rule(), backup(judged(sample.state, sample.why)));
    }
    let newest = (sample.state != State::Never).then(|| NOW - HOUR * sample.age);
    let restorable = match sample.state {
        State::Never | State::Failed => 0,
        _ => 14 + number * 7 % 40,
    };
    let found = Found {
        at: NOW - HOUR,
        restorable,
        newest: newest.filter(|_| restorable > 0 && sample.state != State::Partial),
        freshest: newest.filter(|_| restorable > 0),
        oldest: (restorable > 0).then(|| NOW - DAY * 68),
        missing: (sample.state == State::Partial).then(|| SafeText::new(LACKS)),
        size: (restorable > 0).then_some((number * 37 % 400 + 12) << 30),
        added: (restorable > 0).then_some((number * 53 % 900 + 20) << 20),
        ..Found::default()
    };
    let read = BackupEvent::Read { job, found: Box::new(found), days: days(number, sample), output: Some(blob(job)) };
    story.tell(60, rule(), backup(read));
    if sample.reviewed {
        story.tell(35, Actor::rule("review"), backup(BackupEvent::Reviewed { job, by: me() }));
    }
}

/// The days of a job: whole since it was promised, now and then one that is not.
fn days(number: u64, sample: &Sample) -> Days {
    let today = i32::try_from(NOW.0 / 86_400_000).expect("a day");
    let last = today - i32::try_from(sample.age / 24).expect("days");
    let cells = (today - 72..=last).map(|day| {
        let noise = (number * 131 + u64::from(day.unsigned_abs())).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
        match (sample.state, noise % 60) {
            (State::Never, _) => Cell::Nothing,
            (State::Failed, _) => Cell::Pruned,
            (State::Partial, _) if day > today - 9 => Cell::Partial,
            _ if (last - day) % i32::try_from(sample.every).expect("days") != 0 => Cell::Nothing,
            (_, 0) => Cell::Nothing,
            (_, 1) if sample.tool == BackupTool::Restic => Cell::Partial,
            _ => Cell::Whole,
        }
    });
    Days::new(today - 72, cells.collect())
}

fn alert(story: &mut Story, id: u64, job: &str, level: CheckState, minutes: u64) {
    let known = story.fleet.backups.named(&JobName::from(job)).expect("a job").clone();
    let description = &known.description;
    let opened = AlertEvent::Opened {
        alert: AlertId(id),
        client: description.client.clone().expect("a client"),
        site: description.site.clone(),
        host: description.host,
        subject: Subject::Backup(SafeText::new(job)),
        level,
        summary: SafeText::new(&format!("backup {job} is {}: {}", known.state, known.why)),
    };
    story.tell(minutes, Actor::rule("backups"), vec![Event::Alerts(opened)]);
}

/// When each job was read last: within the hour, but for the one that is locked.
pub fn read_at(job: JobId) -> Timestamp {
    let minutes = if job == JobId(7) { 5 * 60 } else { job.0 * 17 % 60 };
    NOW - Duration::from_secs(60 * minutes)
}

fn blob(job: JobId) -> BlobId {
    let mut id = [0; 32];
    id[..8].copy_from_slice(&job.0.to_be_bytes());
    BlobId(id)
}

/// Answers what the screen of a job asks for: its snapshots, as an agent lists them.
pub fn answer_backup(app: &mut App, job: JobId) {
    let mut text = String::new();
    for day in 0..20_u32 {
        let at = NOW - DAY * day - HOUR * 9 - Duration::from_secs(u64::from(day * 37 % 50));
        let at = jiff::Timestamp::from_millisecond(at.0).expect("a time").to_zoned(jiff::tz::TimeZone::UTC);
        let paths = if day < 9 { "/etc /srv/emr/data" } else { "/etc /srv/emr/data /srv/emr/attachments" };
        let name = (day + 3).wrapping_mul(0x9e37_79b9);
        let (size, added) = (148.2 - f64::from(day) * 0.3, 212 - day * 67 % 90);
        text.push_str(&format!(
            "{}  {name:08x}              {size:>5.1} GiB  {added:>5}.0 MiB  {paths}\n",
            at.strftime("%Y-%m-%d %H:%M:%S")
        ));
    }
    text.push_str("and 22 older ones\n");
    let result = Ok(Detail::Blob { text: SafeText::block_within(&text, 1 << 20), cut: false });
    app.answer(FleetIndex(0), Answer { generation: 0, about: Topic::Blob(blob(job)), result });
}
