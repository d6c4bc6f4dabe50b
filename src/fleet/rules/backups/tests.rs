use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::fleet::alerts::{Alert, Subject};
use crate::fleet::backups::{Days, Found, State, Trouble};
use crate::fleet::configuration::{BackupDefinition, Configuration, Provenance};
use crate::fleet::derived::behind;
use crate::fleet::fact::{Fact, FactBody};
use crate::fleet::rules::fixture::{NONE, World, ids, min, operator, s};
use crate::fleet::rules::input::{Input, Verb};
use crate::fleet::rules::live::BackupReading;
use crate::fleet::words::{AlertId, BackupTool, CheckState, HostClass, HostId, JobName, SafeText, StreamId, Timestamp};

const DAY: Duration = Duration::from_secs(86_400);
const HOUR: Duration = Duration::from_secs(3_600);

fn promise(name: &str, host: &str, repository: &str) -> BackupDefinition {
    BackupDefinition {
        name: name.into(),
        host: host.to_owned(),
        client: None,
        tool: BackupTool::Restic,
        repository: repository.to_owned(),
        password: Some("PW".to_owned()),
        paths: vec!["/srv".to_owned()],
        every: DAY,
        grace: HOUR,
        source: Provenance::built_in(),
    }
}

fn configured(world: &mut World, backups: Vec<BackupDefinition>) {
    world.live.configuration = Arc::new(Configuration { backups, ..Configuration::default() });
    world.settle();
}

/// A host reads a repository: as a fact, and as the newest reading.
fn read(world: &mut World, host: HostId, job: &str, found: Found) {
    reads_again(world, host, job);
    let found = Box::new(Found { at: world.now.wall, ..found });
    let body =
        FactBody::Backup { job: job.into(), found, days: Days::default(), today: 0, long_text: SafeText::default() };
    let sequence = world.entries.len() as u64 + 1_000;
    let fact = Fact { at: world.now.wall, body };
    world.feed(Input::Fact { host, stream: StreamId(9), sequence, fact, output: None }).unwrap();
    world.settle();
}

fn reads_again(world: &mut World, host: HostId, job: &str) {
    let reading = BackupReading { at: Some(world.now), trouble: None, interval: HOUR };
    world.live.hosts.entry(host).or_default().learn_backup(job.into(), reading);
}

fn whole(newest: Timestamp) -> Found {
    Found { restorable: 3, newest: Some(newest), freshest: Some(newest), oldest: Some(newest), ..Found::default() }
}

fn lost(trouble: Trouble) -> Found {
    Found { trouble: Some(trouble), ..Found::default() }
}

fn job<'w>(world: &'w World, name: &str) -> &'w Job {
    world.fleet.backups.named(&JobName::from(name)).unwrap()
}

fn about<'w>(world: &'w World, name: &str) -> Option<&'w Alert> {
    let client = job(world, name).description.client.clone().unwrap();
    let subject = Subject::Backup(SafeText::new(name));
    world.fleet.alerts.about(&client, &subject).map(AsRef::as_ref).filter(|alert| alert.is_open())
}

/// Time passes while the host lives and reads.
fn pass(world: &mut World, span: Duration, hosts: &[(HostId, &str)]) {
    let beating: Vec<HostId> = hosts.iter().map(|(host, _)| *host).collect();
    let mut left = span;
    while left > Duration::ZERO {
        let step = left.min(min(30));
        world.pass_beating(step, &beating);
        hosts.iter().for_each(|(host, job)| reads_again(world, *host, job));
        world.settle();
        left -= step;
    }
}

#[test]
fn a_job_is_what_can_be_restored_against_what_is_promised() {
    let mut world = World::new();
    let web = world.server("web");
    configured(&mut world, vec![promise("files", "WEB", "/r")]);
    assert_eq!((job(&world, "files").state, job(&world, "files").description.host), (State::Unknown, Some(web)));
    assert_eq!(world.open(), NONE, "not read yet is no alarm yet");

    let newest = world.now.wall;
    read(&mut world, web, "files", whole(newest));
    assert_eq!(job(&world, "files").state, State::Ok);
    pass(&mut world, DAY, &[(web, "files")]);
    assert_eq!(job(&world, "files").state, State::Ok, "a day to the millisecond");
    pass(&mut world, s(10), &[(web, "files")]);
    assert_eq!((job(&world, "files").state, world.open()), (State::Late, NONE.to_vec()));
    pass(&mut world, HOUR, &[(web, "files")]);
    assert_eq!(job(&world, "files").state, State::Overdue);
    assert_eq!(about(&world, "files").unwrap().level, CheckState::Critical);
    let newest = world.now.wall;
    read(&mut world, web, "files", whole(newest));
    assert_eq!((job(&world, "files").state, about(&world, "files")), (State::Ok, None));
    world.check();
}

#[test]
fn what_a_host_found_before_its_job_was_known_is_not_lost() {
    let mut world = World::new();
    let web = world.server("web");
    let backups = vec![promise("files", "web", "/r"), promise("mail", "db", "/m")];
    world.live.configuration = Arc::new(Configuration { backups, ..Configuration::default() });
    assert!(world.fleet.backups.named(&JobName::from("files")).is_none());
    let now = world.now.wall;
    read(&mut world, web, "files", whole(now));
    let (files, mail) = (job(&world, "files"), job(&world, "mail"));
    assert_eq!((files.state, files.found.as_ref().map(|found| found.restorable)), (State::Ok, Some(3)));
    assert_eq!((mail.state, mail.description.host), (State::Unknown, None));
    world.check();
}

#[test]
fn what_lacks_a_path_is_partial_and_what_is_empty_or_gone_is_no_backup() {
    let mut world = World::new();
    let web = world.server("web");
    configured(&mut world, vec![promise("files", "web", "/r")]);
    let now = world.now.wall;
    read(&mut world, web, "files", Found::default());
    assert_eq!(job(&world, "files").state, State::Never);
    let partial = Found { newest: None, missing: Some(SafeText::new("/srv")), ..whole(now) };
    read(&mut world, web, "files", partial);
    assert_eq!(job(&world, "files").state, State::Partial);
    assert_eq!(about(&world, "files").unwrap().level, CheckState::Warning);
    read(&mut world, web, "files", whole(now));
    read(&mut world, web, "files", Found::default());
    assert_eq!(job(&world, "files").state, State::Failed, "it held something once");
    for (trouble, state) in [
        (Trouble::NoRepository, State::Failed),
        (Trouble::WrongPassword, State::Failed),
        (Trouble::Garbage, State::Unknown),
        (Trouble::NoTool, State::Unknown),
        (Trouble::NoSecret, State::Unknown),
    ] {
        read(&mut world, web, "files", lost(trouble));
        assert_eq!((job(&world, "files").state, about(&world, "files").is_some()), (state, true), "{trouble:?}");
    }
    read(&mut world, web, "files", whole(now + DAY));
    assert_eq!(job(&world, "files").state, State::Unknown, "a backup of tomorrow is none of today");
    world.check();
}

#[test]
fn a_reading_that_is_old_is_unknown_and_never_ok() {
    let mut world = World::new();
    let web = world.server("web");
    configured(&mut world, vec![promise("files", "web", "/r")]);
    let now = world.now.wall;
    read(&mut world, web, "files", whole(now));
    world.pass_beating(HOUR * 2, &[web]);
    assert_eq!(job(&world, "files").state, State::Ok);
    world.pass_beating(min(11), &[web]);
    assert_eq!(job(&world, "files").state, State::Unknown);
    assert_eq!(about(&world, "files").unwrap().level, CheckState::Unknown);
    reads_again(&mut world, web, "files");
    world.settle();
    assert_eq!((job(&world, "files").state, world.open()), (State::Ok, NONE.to_vec()));
}

#[test]
fn jobs_of_a_dead_host_fold_under_it_and_nothing_is_replayed() {
    let mut world = World::new();
    let web = world.server("web");
    configured(&mut world, (0..9).map(|n| promise(&format!("j{n}"), "web", &format!("/r{n}"))).collect());
    let now = world.now.wall;
    (0..9).for_each(|n| read(&mut world, web, &format!("j{n}"), whole(now)));
    world.pass(min(5));
    assert_eq!(world.open().len(), 1, "the host's");
    assert_eq!(job(&world, "j3").state, State::Unknown);
    let host = world.fleet.alerts.open().next().unwrap();
    assert_eq!(behind::behind(&world.fleet, host).len(), 9, "and the alert is known to stand for them");
    world.pass(DAY + HOUR * 3);
    world.beat(web);
    (0..9).for_each(|n| reads_again(&mut world, web, &format!("j{n}")));
    world.settle();
    assert_eq!(job(&world, "j3").state, State::Overdue, "the truth is shown");
    assert_eq!(world.open(), NONE, "and what was missed meanwhile rings nobody");
    let jobs: Vec<(HostId, String)> = (0..9).map(|n| (web, format!("j{n}"))).collect();
    let jobs: Vec<(HostId, &str)> = jobs.iter().map(|(host, job)| (*host, job.as_str())).collect();
    pass(&mut world, HOUR + s(10), &jobs);
    assert_eq!(world.open().len(), 9, "unless it is not made up for");
    world.check();
}

#[test]
fn each_job_is_behind_one_alert_or_has_its_own() {
    let mut world = World::new();
    let (web, db) = (world.server("web"), world.server("db"));
    let jobs = [("a", "web"), ("b", "web"), ("c", "web"), ("d", "db")];
    configured(&mut world, jobs.map(|(name, host)| promise(name, host, &format!("/{name}"))).to_vec());
    let now = world.now.wall;
    for (name, host) in [("b", web), ("c", web), ("d", db)] {
        read(&mut world, host, name, whole(now));
    }
    read(&mut world, web, "a", lost(Trouble::NoRepository));
    let of_a = about(&world, "a").unwrap().clone();
    world.pass_beating(min(5), &[db]);
    let of_web = world.about_host(web).unwrap();
    let behind = behind::behind(&world.fleet, of_web);
    assert_eq!(behind.iter().map(|job| job.description.name.as_str()).collect::<Vec<_>>(), ["b", "c"]);
    assert!(about(&world, "a").is_some_and(|alert| alert.id == of_a.id), "what was lost before stays an alert");
    assert!(behind::behind(&world.fleet, &of_a).is_empty());
    world.beat(web);
    world.settle();
    assert!(behind::behind(&world.fleet, &of_a).is_empty());
    world.check();
}

#[test]
fn jobs_of_a_dead_repository_are_one_alert() {
    let mut world = World::new();
    let hosts: Vec<HostId> = (0..12).map(|n| world.server(&format!("h{n}"))).collect();
    let name = |n: usize| format!("j{n}");
    configured(&mut world, (0..12).map(|n| promise(&name(n), &format!("h{n}"), "/shared")).collect());
    let now = world.now.wall;
    (0..12).for_each(|n| read(&mut world, hosts[n], &name(n), whole(now)));
    (0..12).for_each(|n| read(&mut world, hosts[n], &name(n), lost(Trouble::NoRepository)));
    assert_eq!(world.open().len(), 1);
    let alert = world.fleet.alerts.open().next().unwrap().clone();
    assert!(alert.summary.as_str().contains("12 backup jobs"), "{}", alert.summary);
    assert!((0..12).all(|n| job(&world, &name(n)).state == State::Failed));
    assert_eq!(behind::behind(&world.fleet, &alert).len(), 11, "all but the one whose alert it is");
    // It comes back: each host sees that when it looks next, and nobody is told anew meanwhile.
    for n in 0..12 {
        world.pass_beating(s(20), &hosts);
        read(&mut world, hosts[n], &name(n), whole(now));
        assert!(world.open().iter().all(|open| *open == alert.id.0), "{n}: {:?}", world.open());
    }
    assert_eq!(world.open(), NONE);
    world.check();
}

#[test]
fn what_needs_a_second_look_is_not_reviewed_in_bulk() {
    let mut world = World::new();
    let web = world.server("web");
    configured(&mut world, vec![promise("a", "web", "/a"), promise("b", "web", "/b"), promise("c", "web", "/c")]);
    let now = world.now.wall;
    read(&mut world, web, "a", whole(now));
    read(&mut world, web, "b", Found::default());
    let [a, b, c] = ["a", "b", "c"].map(|name| AlertId(job(&world, name).id().0));
    let answer = world.act(&operator(), ids(&[a, b, c, AlertId(99)]), Verb::ReviewBackups).unwrap();
    assert_eq!(answer.done, [a.0]);
    let failed: Vec<u64> = answer.failed.iter().map(|(id, _)| *id).collect();
    assert_eq!(failed, [b.0, c.0, 99]);
    assert!(answer.failed[0].1.contains("never") && answer.failed[1].1.contains("unknown"), "{:?}", answer.failed);
    assert_eq!(world.act(&operator(), ids(&[b]), Verb::ReviewBackups).unwrap().done, [b.0]);
    let mara = operator().name;
    assert!(!job(&world, "a").is_news_to(&mara) && job(&world, "c").is_news_to(&mara));
    world.pass_beating(min(5), &[web]);
    let newest = world.now.wall;
    read(&mut world, web, "a", whole(newest));
    assert!(job(&world, "a").is_news_to(&mara), "another backup is news");
    world.check();
}

#[test]
fn a_job_that_changes_its_client_knows_again_what_is_told_again() {
    let mut world = World::new();
    let web = world.server("web");
    configured(&mut world, vec![promise("files", "web", "/r")]);
    let newest = world.now.wall;
    read(&mut world, web, "files", whole(newest));
    let before = job(&world, "files").id();
    // Another client has a host of that name: whose job it is must be said, and meanwhile it is nobody's.
    world.host_of("web", "bay", HostClass::Server);
    world.settle();
    assert_eq!((job(&world, "files").description.client.as_ref(), job(&world, "files").found.as_ref()), (None, None));
    configured(&mut world, vec![BackupDefinition { client: Some("acme".into()), ..promise("files", "web", "/r") }]);
    let known = job(&world, "files");
    assert_eq!((known.description.host, known.id() == before, known.state), (Some(web), false, State::Unknown));
    assert!(known.why.as_str().contains("check now asks for it"), "{}", known.why);
    read(&mut world, web, "files", whole(newest));
    assert_eq!(job(&world, "files").state, State::Ok);
    let entries = world.entries.len();
    read(&mut world, web, "files", whole(newest));
    assert_eq!(world.entries.len(), entries, "what is known is no entry");
    world.check();
}

#[test]
fn a_job_follows_its_host_and_its_promise() {
    let mut world = World::new();
    configured(&mut world, vec![promise("files", "web", "/r")]);
    assert_eq!((job(&world, "files").description.host, job(&world, "files").state), (None, State::Unknown));
    assert!(job(&world, "files").why.as_str().contains("no one host called web"));
    let web = world.server("web");
    world.settle();
    assert_eq!(job(&world, "files").description.host, Some(web));
    read(&mut world, web, "files", lost(Trouble::NoRepository));
    assert_eq!(world.open().len(), 1);
    configured(&mut world, vec![]);
    assert!(world.fleet.backups.jobs.is_empty());
    assert_eq!(world.open(), NONE);
    world.check();
}
