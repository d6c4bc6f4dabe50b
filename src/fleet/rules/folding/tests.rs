use crate::fleet::alerts::{Hold, Lane, Subject};
use crate::fleet::checks::flapping::percent;
use crate::fleet::rules::fixture::{NONE, World, min, s};
use crate::fleet::rules::input::Input;
use crate::fleet::words::{AlertId, CheckState, HostClass, HostId};
use CheckState::{Critical, Ok, Warning};
use HostClass::Server;

const DAY_MS: i64 = 86_400_000;

fn holds(world: &World, alert: u64) -> &[Hold] {
    &world.alert(AlertId(alert)).holds
}

/// Alerts that ring although what they hang on rings.
fn doubled(world: &World) -> Vec<u64> {
    let alerts = &world.fleet.alerts;
    let below = alerts.roots().flat_map(|root| super::holds::children(&world.fleet, root));
    below.filter(|alert| alert.holds.is_empty()).map(|alert| alert.id.0).collect()
}

#[test]
fn checks_of_a_dead_host_ring_behind_it_and_by_themselves_when_it_is_back() {
    let mut world = World::new();
    let (web, db) = (world.host_at("web", "hq", Server), world.host_at("db", "depot", Server));
    world.hard(web, "disk", Critical);
    world.hard(db, "disk", Critical);
    world.pass_beating(s(30), &[db]);
    assert_eq!(holds(&world, 1), [Hold::Parent(AlertId(3))]);
    assert_eq!((world.alert(AlertId(1)).lane(), world.ringing()), (Lane::Muted, vec![2, 3]));

    // What comes late from its outbox opens under it, in the same entry.
    world.tell(web, "load", Warning, true).unwrap();
    assert_eq!(holds(&world, 4), [Hold::Parent(AlertId(3))]);
    world.hard(web, "disk", Ok);
    assert!(!world.alert(AlertId(1)).is_open(), "the end is never held back");
    world.hard(web, "disk", Critical);
    assert_eq!(holds(&world, 1), [Hold::Parent(AlertId(3))], "nor is it free when it comes again");

    world.beat(web);
    world.settle();
    assert_eq!(world.ringing(), [1, 2, 4]);
    world.check();
}

#[test]
fn everything_at_a_dead_line_is_behind_it_a_host_that_was_down_before_too() {
    let mut world = World::new();
    let hosts = ["dead", "a", "b"].map(|name| world.host_at(name, "hq", Server));
    world.hard(hosts[0], "disk", Critical);
    world.hard(hosts[1], "disk", Warning);
    world.pass_beating(s(40), &hosts[1..]);
    assert_eq!(world.ringing(), [2, 3], "the host, and the check of another one");
    world.pass(s(40));
    let line = world.about_site("hq").unwrap().id;
    assert_eq!(world.ringing(), [line.0]);
    assert_eq!(holds(&world, 1), [Hold::Parent(AlertId(3)), Hold::Parent(line)]);
    assert_eq!(doubled(&world), NONE);
    world.beat(hosts[1]);
    world.settle();
    assert_eq!((holds(&world, 1), holds(&world, 3)), (&[Hold::Parent(AlertId(3))][..], &[][..]));
    world.check();
}

#[test]
fn thousands_of_alerts_behind_one_line_are_held_and_freed_in_bounded_entries() {
    let mut world = World::new();
    let hosts: Vec<HostId> = (0..200).map(|number| world.host_at(&format!("h{number}"), "hq", Server)).collect();
    for host in &hosts {
        (0..20).for_each(|check| world.hard(*host, &format!("c{check}"), Critical));
    }
    let before = world.entries.len();
    world.pass(s(40));
    assert_eq!(world.ringing().len(), 1);
    world.pass_beating(s(10), &hosts);
    assert_eq!(world.ringing().len(), 4_000);
    assert!(world.entries[before..].iter().all(|entry| entry.events.len() <= 3_001));
    world.check();
}

#[test]
fn an_alert_about_a_copied_certificate_is_not_behind_its_host() {
    let mut world = World::new();
    let web = world.host_at("web", "hq", Server);
    world.live.hosts.get_mut(&web).unwrap().contested = Some(world.now);
    world.pass(s(30));
    assert_eq!(world.ringing().len(), 2);
    let own = |alert: &&u64| matches!(world.alert(AlertId(**alert)).subject, Subject::External { .. });
    assert_eq!(world.ringing().iter().filter(own).count(), 1);
}

/// A check that finds this in turns, one result each so often.
fn flap(world: &mut World, host: HostId, every: std::time::Duration, results: usize) {
    for number in 0..results {
        world.hard(host, "disk", if number % 2 == 0 { Critical } else { Ok });
        world.pass_beating(every, &[host]);
    }
}

fn flaps(world: &World, host: HostId) -> bool {
    world.fleet.checks.get(host, &"disk".into()).unwrap().flapping
}

#[test]
fn a_check_that_flaps_is_held_back_until_it_has_come_to_rest() {
    let mut world = World::new();
    let web = world.host_at("web", "hq", Server);
    world.hard(web, "disk", Ok);
    flap(&mut world, web, min(1), 4);
    assert!(!flaps(&world, web), "{} %", percent(world.fleet.checks.get(web, &"disk".into()).unwrap().ring));
    flap(&mut world, web, min(1), 2);
    assert!(flaps(&world, web));
    world.hard(web, "disk", Critical);
    assert_eq!(holds(&world, 1), [Hold::Flapping]);
    world.pass_beating(min(4), &[web]);
    assert!(flaps(&world, web), "not so soon");
    world.pass_beating(min(20), &[web]);
    assert!(!flaps(&world, web));
    assert_eq!((world.ringing(), world.alert(AlertId(1)).level), (vec![1], Critical), "it failed on");
    world.check();
}

#[test]
fn a_check_that_flaps_each_second_for_an_hour_rings_at_most_before_it_is_known() {
    let mut world = World::new();
    let web = world.host_at("web", "hq", Server);
    world.hard(web, "disk", Ok);
    flap(&mut world, web, s(1), 12);
    let before = world.entries.len();
    for number in 0..3_600 {
        world.hard(web, "disk", if number % 2 == 0 { Critical } else { Ok });
        assert_eq!(world.ringing(), NONE);
        if number % 10 == 0 {
            world.beat(web);
        }
        world.pass(s(1));
    }
    let entries = world.entries.len() - before;
    assert!(entries <= 3_700, "an entry a result and hardly one more: {entries}");
    world.pass_beating(min(25), &[web]);
    assert_eq!((flaps(&world, web), world.open()), (false, NONE.to_vec()));
    assert_eq!(world.ledger.counters.alert, 1, "one alert");
    world.check();
}

#[test]
fn what_comes_late_all_at_once_did_not_happen_at_once() {
    let mut world = World::new();
    let web = world.host_at("web", "hq", Server);
    let wall = world.now.wall;
    // An outbox of ten hours, one change each.
    for hour in 0..10 {
        world.tell_at(web, "disk", if hour % 2 == 0 { Critical } else { Ok }, wall + min(60 * hour));
    }
    assert!(!flaps(&world, web));
}

#[test]
fn a_clock_that_is_set_neither_freezes_a_check_nor_leaves_it_flapping_for_ever() {
    for by in [DAY_MS, -DAY_MS] {
        let mut world = World::new();
        let web = world.host_at("web", "hq", Server);
        world.hard(web, "disk", Ok);
        flap(&mut world, web, min(1), 10);
        assert!(flaps(&world, web));
        world.set_clock(by);
        world.beat(web);
        assert!(!flaps(&world, web), "nobody knows how long it is at rest");
        // The host's clock is a day behind what it said before.
        let past = crate::fleet::words::Timestamp(world.now.wall.0 - DAY_MS);
        world.tell_at(web, "disk", Critical, past);
        assert_eq!(world.about(web, "disk").unwrap().level, Critical);
        world.tell_at(web, "disk", Ok, past);
        assert!(!world.about(web, "disk").unwrap().is_open(), "what is told last counts");
        world.check();
    }
}

#[test]
fn a_check_that_is_gone_flaps_no_more() {
    let mut world = World::new();
    let web = world.host_at("web", "hq", Server);
    world.hard(web, "disk", Ok);
    flap(&mut world, web, min(1), 9);
    assert!(flaps(&world, web));
    world.gone(web, "disk");
    assert_eq!((world.fleet.checks.flapping().count(), world.open()), (0, NONE.to_vec()));
    world.feed(Input::Due).unwrap();
    world.check();
}
