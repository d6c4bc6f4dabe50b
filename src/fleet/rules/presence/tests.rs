use std::sync::Arc;

use super::*;
use crate::fleet::rules::fixture::{BEAT, MONDAY_TEN, NONE, World, min, s, text};
use crate::fleet::rules::input::Input;
use crate::fleet::words::{AlertId, HostClass};
use HostState::{Down, Left, Off, Silent, Unknown, Up};

const DAY_MS: i64 = 86_400_000;
/// Monday, 20:00 UTC: nobody works.
const MONDAY_EIGHT_PM: Timestamp = Timestamp(MONDAY_TEN.0 + 10 * 3_600_000);

fn at(wall: Timestamp) -> World {
    let mut world = World::started(wall);
    world.pass(BEAT * 2);
    world
}

fn goodbye(world: &mut World, host: HostId) {
    world.feed(Input::Goodbye { host, reason: text("shutting down") }).unwrap();
}

#[test]
fn a_host_whose_heartbeat_stops_is_silent_and_down_within_25_seconds() {
    let mut world = World::new();
    let web = world.server("web");
    world.pass_beating(min(2), &[web]);
    world.pass(s(14));
    assert_eq!(world.host(web).state, Up);
    world.pass(s(2));
    assert_eq!((world.host(web).state, world.open()), (Silent, NONE.to_vec()), "silence alone rings nobody");
    world.pass(s(9));
    assert_eq!((world.host(web).state, world.open()), (Down, vec![1]));
    let alert = world.about_host(web).unwrap();
    assert_eq!((alert.level, alert.host), (CheckState::Critical, Some(web)));
    let seen = world.host(web).last_seen.unwrap();
    assert_eq!(world.now.wall.since(seen), s(25), "the last heartbeat, not the moment it was judged");

    world.pass(min(60));
    assert_eq!(world.open(), [1]);
    world.beat(web);
    assert_eq!((world.host(web).state, world.open()), (Up, NONE.to_vec()));
    world.check();
}

#[test]
fn a_heartbeat_between_silence_and_judgement_ends_the_silence() {
    let mut world = World::new();
    let web = world.server("web");
    world.pass(s(20));
    assert_eq!(world.host(web).state, Silent);
    world.beat(web);
    world.pass(s(14));
    assert_eq!((world.host(web).state, world.open()), (Up, NONE.to_vec()));
}

#[test]
fn a_goodbye_is_told_apart() {
    let mut world = World::new();
    let web = world.server("web");
    goodbye(&mut world, web);
    assert_eq!(world.host(web).state, Left);
    assert!(world.host(web).state_reason.contains("goodbye") && !world.host(web).is_retired());
    world.pass(min(60));
    assert_eq!((world.host(web).state, world.open()), (Left, NONE.to_vec()));
    world.beat(web);
    assert_eq!(world.host(web).state, Up);
}

#[test]
fn a_goodbye_ends_the_alert_about_silence() {
    let mut world = World::new();
    let web = world.server("web");
    world.pass(s(30));
    assert_eq!(world.open(), [1]);
    goodbye(&mut world, web);
    assert_eq!((world.host(web).state, world.open()), (Left, NONE.to_vec()));
}

#[test]
fn a_pc_outside_its_hours_is_off_and_opens_nothing() {
    let mut world = at(MONDAY_EIGHT_PM);
    let (pc, laptop) =
        (world.host_of("pc", "acme", HostClass::Workstation), world.host_of("lap", "acme", HostClass::Laptop));
    world.pass(s(16));
    assert_eq!((world.host(pc).state, world.host(laptop).state), (Off, Off));
    world.pass(min(60 * 4));
    assert_eq!((world.host(pc).state, world.open()), (Off, NONE.to_vec()));
    world.beat(pc);
    assert_eq!(world.host(pc).state, Up, "switched on at night");
    goodbye(&mut world, pc);
    assert_eq!(world.host(pc).state, Off);
    world.check();
}

#[test]
fn a_pc_that_dies_within_its_hours_is_down() {
    let mut world = World::new();
    let pc = world.host_of("pc", "acme", HostClass::Workstation);
    world.pass(s(25));
    assert_eq!((world.host(pc).state, world.open()), (Down, vec![1]));
}

#[test]
fn a_pc_gets_a_quarter_of_an_hour_to_be_switched_on_in_the_morning() {
    let eight = Timestamp(MONDAY_TEN.0 + 22 * 3_600_000);
    let mut world = at(Timestamp(eight.0 - 300_000));
    let (late, missing) =
        (world.host_of("a", "acme", HostClass::Workstation), world.host_of("b", "acme", HostClass::Workstation));
    world.pass(eight.since(world.now.wall) - s(1));
    assert_eq!(world.host(late).state, Off);
    world.pass(s(1));
    assert_eq!(world.host(late).state, Silent);
    world.pass(min(14));
    world.restart();
    world.pass(s(59));
    assert_eq!((world.host(missing).state, world.open()), (Silent, NONE.to_vec()), "a restart takes no time away");
    world.beat(late);
    world.pass(s(1));
    assert_eq!((world.host(missing).state, world.host(late).state), (Down, Up));
    world.pass(s(24));
    assert_eq!(world.host(late).state, Down, "one that was switched on is judged as all are");
    assert_eq!(world.open().len(), 2);
}

#[test]
fn a_silent_pc_whose_hours_end_is_off() {
    let six = Timestamp(MONDAY_TEN.0 + 8 * 3_600_000);
    let mut world = at(Timestamp(six.0 - 40_000));
    let pc = world.host_of("pc", "acme", HostClass::Workstation);
    world.pass(s(18));
    assert_eq!(world.host(pc).state, Silent);
    world.pass(s(2));
    assert_eq!((world.host(pc).state, world.open()), (Off, NONE.to_vec()));
}

#[test]
fn a_host_that_was_never_heard_from_stays_unknown() {
    let mut world = World::new();
    let new = world.enrolled("new", "acme", HostClass::Server);
    world.pass(min(24 * 60));
    assert_eq!((world.host(new).state, world.open()), (Unknown, NONE.to_vec()));
    world.restart();
    world.pass(min(10));
    assert_eq!((world.host(new).state, world.open()), (Unknown, NONE.to_vec()));
}

#[test]
fn after_its_start_the_hub_waits_two_heartbeats_says_so_and_then_judges() {
    let mut world = World::new();
    let (back, gone) = (world.server("back"), world.server("gone"));
    world.pass_beating(min(1), &[back, gone]);
    world.now = world.now.after(min(60));
    world.restart();
    let until = world.fleet.profile.waits_until.unwrap();
    assert_eq!(until.since(world.now.wall), BEAT * 2, "a replica can say until when");
    world.pass(s(19));
    assert_eq!((world.host(back).state, world.host(gone).state), (Up, Up), "not judged");
    world.beat(back);
    world.pass(s(1));
    assert_eq!(world.fleet.profile.waits_until, None);
    world.pass(s(5));
    assert_eq!((world.host(back).state, world.host(gone).state), (Up, Down));
    assert_eq!(world.open(), [1]);
    world.check();
}

#[test]
fn a_set_wall_clock_neither_ends_the_wait_nor_changes_what_lives() {
    for by in [DAY_MS, -DAY_MS] {
        let mut world = World::new();
        let (web, dead) = (world.server("web"), world.server("dead"));
        world.pass_beating(s(30), &[web]);
        assert_eq!(world.host(dead).state, Down);
        world.set_clock(by);
        world.pass(s(5));
        assert_eq!((world.host(web).state, world.host(dead).state), (Up, Down));
        world.pass_beating(min(5), &[web]);
        assert_eq!((world.host(web).state, world.open()), (Up, vec![1]));
        world.pass(s(25));
        assert_eq!(world.host(web).state, Down, "and silence is still noticed");

        world.restart();
        world.pass(s(1));
        world.set_clock(by);
        assert!(world.fleet.profile.waits_until.is_some());
        world.pass(s(19));
        assert!(world.fleet.profile.waits_until.is_none());
        world.check();
    }
}

#[test]
fn a_clock_set_by_a_day_in_the_morning_puts_no_pc_down() {
    for by in [DAY_MS, -DAY_MS] {
        // Wednesday before eight, so that a day either way is a workday.
        let mut world = at(Timestamp(MONDAY_TEN.0 + 46 * 3_600_000 - 60_000));
        let pc = world.host_of("pc", "acme", HostClass::Workstation);
        world.pass(min(6));
        assert_eq!(world.host(pc).state, Silent);
        world.set_clock(by);
        world.pass(min(5));
        assert_eq!((world.host(pc).state, world.open()), (Silent, NONE.to_vec()));
        world.beat(pc);
        assert_eq!(world.host(pc).state, Up);
    }
}

#[test]
fn a_swarm_is_judged_at_its_own_pace() {
    let mut world = World::new();
    let (slow, fast, liar) = (world.server("slow"), world.server("fast"), world.server("liar"));
    let mut promise = |host, span| world.live.hosts.get_mut(&host).unwrap().promised = Some(span);
    promise(slow, s(30));
    promise(fast, s(2));
    promise(liar, min(60 * 24));
    world.pass(s(5));
    assert_eq!((world.host(fast).state, world.host(slow).state), (Down, Up), "never judged sooner than 5 s");
    world.pass(s(41));
    assert_eq!(world.host(slow).state, Silent);
    world.pass(s(22));
    assert_eq!((world.host(slow).state, world.host(liar).state), (Down, Up));
    world.pass(min(2));
    assert_eq!(world.host(liar).state, Down, "a promise counts up to a minute");
}

#[test]
fn a_limit_set_for_the_configured_pace_does_not_judge_a_slower_one() {
    let mut world = World::new();
    let mut configuration = Configuration::default();
    configuration.silence.silent_after = Some(s(12));
    configuration.silence.down_after = Some(s(90));
    world.live.configuration = Arc::new(configuration);
    let usual = world.host_at("usual", "hq", HostClass::Server);
    let slow = world.host_at("slow", "depot", HostClass::Server);
    world.live.hosts.get_mut(&slow).unwrap().promised = Some(s(30));
    world.pass(s(13));
    assert_eq!((world.host(usual).state, world.host(slow).state), (Silent, Up));
    world.pass(s(70));
    assert_eq!((world.host(usual).state, world.host(slow).state), (Silent, Silent), "the longer limit counts");
    world.pass(s(8));
    assert_eq!((world.host(usual).state, world.host(slow).state), (Down, Down));
}

#[test]
fn a_fleet_that_goes_silent_is_told_in_bounded_entries() {
    let mut world = World::new();
    let alone = |number: u64| format!("site{number}");
    let hosts: Vec<HostId> = (0..1_500).map(|number| world.host_at("h", &alone(number), HostClass::Server)).collect();
    let before = world.entries.len();
    world.pass(s(30));
    assert!(hosts.iter().all(|host| world.host(*host).state == Down));
    assert_eq!(world.open().len(), hosts.len());
    assert!(world.entries[before..].iter().all(|entry| entry.events.len() <= 2_000));
    assert_eq!(world.alert(AlertId(1_500)).host, Some(hosts[1_499]));
}

#[test]
fn after_a_long_outage_of_the_hub_agents_are_given_time_to_dial_again() {
    let mut world = World::new();
    let (web, db, mail) = (world.server("web"), world.server("db"), world.server("mail"));
    world.pass_beating(min(2), &[web, db, mail]);
    world.restart_after(min(2));
    let waits = world.fleet.profile.waits_until.unwrap();
    assert_eq!(waits.since(world.now.wall), s(70), "and it says so");
    world.pass(s(2));
    world.beat(db);
    world.pass(s(26));
    assert_eq!(world.host(db).state, Down, "who dialled in is judged as ever");
    assert_eq!((world.host(web).state, world.host(mail).state), (Up, Up), "they may be waiting");
    world.pass(s(32));
    world.beat(mail);
    world.pass(s(9));
    assert_eq!((world.host(web).state, world.fleet.profile.waits_until.is_some()), (Up, true));
    world.beat(mail);
    world.pass(s(2));
    assert_eq!((world.host(web).state, world.fleet.profile.waits_until), (Silent, None));
    world.pass(s(5));
    assert_eq!((world.host(web).state, world.host(mail).state), (Down, Up));
    let about = world.about_host(web).unwrap();
    assert_eq!(about.summary.as_str(), format!("no heartbeat for {}", duration::short(s(75))));
    world.check();
}

#[test]
fn after_a_short_outage_of_the_hub_silence_is_judged_after_two_heartbeats() {
    let mut world = World::new();
    let web = world.server("web");
    world.pass_beating(min(2), &[web]);
    world.restart_after(min(1));
    assert_eq!(world.fleet.profile.waits_until.unwrap().since(world.now.wall), s(20));
    world.pass(s(26));
    assert_eq!(world.host(web).state, Down);
}
