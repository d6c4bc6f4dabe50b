use super::*;
use crate::fleet::rules::fixture::{BEAT, MONDAY_TEN, NONE, World, min, s, text};
use crate::fleet::rules::input::{Input, Verb};
use crate::fleet::words::{AlertId, HostClass};
use HostClass::{Server, Workstation};
use HostState::{Down, Off, Silent, Up};

const DAY_MS: i64 = 86_400_000;

/// A world with so many servers at a site, all beating.
fn site(world: &mut World, hosts: usize) -> Vec<HostId> {
    let hosts: Vec<HostId> = (0..hosts).map(|number| world.host_at(&format!("h{number}"), "hq", Server)).collect();
    world.pass_beating(min(1), &hosts);
    hosts
}

fn states(world: &World, hosts: &[HostId]) -> Vec<HostState> {
    hosts.iter().map(|host| world.host(*host).state).collect()
}

/// No alert about a host was ever opened.
fn no_host_rang(world: &World) {
    let hosts = world.fleet.alerts.alerts.values().filter(|alert| matches!(alert.subject, Subject::Host(_)));
    assert_eq!(hosts.map(|alert| alert.summary.to_string()).collect::<Vec<_>>(), Vec::<String>::new());
}

#[test]
fn a_dead_line_is_one_alert_and_not_even_the_first_host_rings() {
    // The first host was heard last so long before the others as two heartbeats can lie apart.
    for earlier in [0, 1, 5, 9, 10] {
        let mut world = World::new();
        let hosts = site(&mut world, 12);
        world.pass(s(earlier));
        hosts[1..].iter().for_each(|host| world.beat(*host));
        world.pass(s(29));
        assert_eq!(world.open(), NONE, "nobody knows yet what it is ({earlier})");
        world.pass(s(2));
        let alert = world.about_site("hq").expect("an alert about the site");
        assert_eq!(alert.summary.as_str(), format!("line of acme/hq is dead: 12 hosts silent since {}", "10:01 UTC"));
        assert_eq!((alert.level, alert.host), (CheckState::Critical, None));
        assert_eq!(world.open().len(), 1);
        assert!(states(&world, &hosts).iter().all(|state| *state == Silent), "the hosts may live");
        assert_eq!(world.host(hosts[0]).state_reason, "behind the dead line of hq");
        world.pass(min(120));
        assert_eq!((world.open().len(), world.about_site("hq").unwrap().count), (1, 1));
        no_host_rang(&world);
        world.check();
    }
}

#[test]
fn part_of_a_site_is_no_line() {
    let mut world = World::new();
    let hosts = site(&mut world, 3);
    world.pass_beating(min(1), &hosts[2..]);
    assert_eq!(states(&world, &hosts), [Down, Down, Up]);
    assert_eq!((world.open().len(), world.about_site("hq")), (2, None));
    world.pass(min(5));
    assert_eq!(states(&world, &hosts), [Down, Down, Down], "one host more is a host more");
    assert_eq!(world.about_site("hq"), None);
    world.check();
}

#[test]
fn one_host_is_no_line_and_hosts_of_two_sites_are_none() {
    let mut world = World::new();
    let (one, other) = (world.host_at("one", "hq", Server), world.host_at("other", "depot", Server));
    world.pass(s(23));
    assert_eq!(states(&world, &[one, other]), [Down, Down], "as soon as ever");
    assert_eq!(world.open().len(), 2);
}

#[test]
fn hosts_that_fall_silent_one_after_another_are_judged_each() {
    let mut world = World::new();
    let hosts = site(&mut world, 2);
    world.pass_beating(s(60), &hosts[1..]);
    world.pass(s(60));
    assert_eq!(states(&world, &hosts), [Down, Down]);
    assert_eq!(world.about_site("hq"), None);
}

#[test]
fn one_host_that_is_heard_ends_it_and_the_others_get_their_own_limit_from_then() {
    let mut world = World::new();
    let hosts = site(&mut world, 3);
    world.pass(s(35));
    assert_eq!(world.open().len(), 1);
    world.beat(hosts[1]);
    assert_eq!(world.open(), NONE, "at once");
    world.pass_beating(s(20), &hosts[1..2]);
    assert_eq!((states(&world, &hosts), world.open()), (vec![Silent, Up, Silent], NONE.to_vec()));
    world.beat(hosts[0]);
    world.pass_beating(s(10), &hosts[..2]);
    assert_eq!(states(&world, &hosts), [Up, Up, Down]);
    assert_eq!(world.ringing().len(), 1, "the one that did not come back");
    world.check();
}

#[test]
fn after_a_long_outage_agents_are_given_time_to_dial_again() {
    let mut world = World::new();
    let hosts = site(&mut world, 40);
    world.pass(min(60));
    world.beat(hosts[0]);
    world.pass_beating(s(70), &hosts[..1]);
    no_host_rang(&world);
    world.pass_beating(s(20), &hosts[..39]);
    assert_eq!((world.host(hosts[39]).state, world.open().len()), (Down, 1));
    world.check();
}

#[test]
fn a_line_that_goes_and_comes_is_one_alert_and_floods_nobody() {
    let mut world = World::new();
    let hosts = site(&mut world, 20);
    for up in [2, 10, 30] {
        world.pass(min(5));
        world.pass_beating(s(up), &hosts[..1]);
        world.pass(min(2));
        let alert = world.about_site("hq").unwrap();
        assert!(alert.is_open(), "after {up} s: {:?}", states(&world, &hosts));
        assert_eq!(world.open().len(), 1);
    }
    assert_eq!(world.about_site("hq").unwrap().count, 4, "one alert that came again");
    no_host_rang(&world);
    world.check();
}

#[test]
fn a_set_clock_in_the_hold_or_behind_the_line_changes_nothing() {
    for by in [DAY_MS, -DAY_MS] {
        for after in [16, 24, 40] {
            let mut world = World::new();
            let hosts = site(&mut world, 4);
            world.pass(s(after));
            world.set_clock(by);
            world.pass(s(60));
            assert_eq!(world.ringing().len(), 1, "{by} after {after}: {:?}", states(&world, &hosts));
            assert!(world.about_site("hq").unwrap().is_open());
            world.beat(hosts[0]);
            world.set_clock(by);
            world.pass(s(10));
            assert_eq!((world.open(), world.host(hosts[1]).state), (NONE.to_vec(), Silent));
            no_host_rang(&world);
            world.check();
        }
    }
}

#[test]
fn a_restart_of_the_hub_in_the_hold_rings_nobody_before_the_line_is_judged_anew() {
    let mut world = World::new();
    let hosts = site(&mut world, 4);
    world.pass(s(20));
    world.restart();
    world.pass(s(29));
    assert_eq!(world.open(), NONE);
    world.pass(s(2));
    assert_eq!(world.open().len(), 1);
    world.restart();
    world.pass(min(5));
    assert_eq!((world.open().len(), world.about_site("hq").unwrap().count), (1, 1), "what is known stays known");
    world.restart();
    hosts.iter().for_each(|host| world.beat(*host));
    world.pass_beating(min(2), &hosts);
    assert_eq!(world.open(), NONE);
    no_host_rang(&world);
    world.check();
}

#[test]
fn pcs_that_go_off_in_the_evening_and_stay_off_in_the_morning_are_no_dead_line() {
    let mut world = World::started(Timestamp(MONDAY_TEN.0 + 8 * 3_600_000 - 120_000));
    world.pass(BEAT * 2);
    let pcs: Vec<HostId> = (0..5).map(|number| world.host_at(&format!("pc{number}"), "hq", Workstation)).collect();
    let server = world.host_at("server", "hq", Server);
    let all: Vec<HostId> = pcs.iter().copied().chain([server]).collect();
    world.pass_beating(s(80), &all);
    // Somebody pulls the plug of the room just before six: within their hours still.
    world.pass_beating(min(60 * 14 + 10), &[server]);
    assert_eq!(world.about_site("hq"), None);
    assert_eq!(states(&world, &pcs), [Silent; 5], "their hours have begun");
    world.pass(s(30));
    assert_eq!((world.host(server).state, world.about_site("hq")), (Down, None), "it is alone");
    world.check();

    let mut world = World::started(Timestamp(MONDAY_TEN.0 + 8 * 3_600_000 - 40_000));
    world.pass(BEAT * 2);
    let pcs: Vec<HostId> = (0..5).map(|number| world.host_at(&format!("pc{number}"), "hq", Workstation)).collect();
    world.pass(min(60 * 13));
    assert_eq!((states(&world, &pcs), world.open()), (vec![Off; 5], NONE.to_vec()));
}

#[test]
fn a_line_that_a_person_closed_is_told_anew_only_when_it_dies_anew() {
    let mut world = World::new();
    let hosts = site(&mut world, 3);
    world.pass(s(40));
    let first = world.about_site("hq").unwrap().id;
    world.on(first, Verb::Close { note: text("the excavator again") });
    world.pass(min(30));
    assert_eq!((world.open(), world.host(hosts[0]).is_behind_line()), (NONE.to_vec(), true));
    world.pass_beating(min(1), &hosts);
    world.pass(s(40));
    assert!(world.about_site("hq").is_some_and(|alert| alert.is_open() && alert.id != first));
    world.check();
}

#[test]
fn a_site_whose_hosts_were_all_retired_has_no_line() {
    let mut world = World::new();
    let hosts = site(&mut world, 2);
    world.pass(s(40));
    for host in hosts {
        assert_eq!(world.open().len(), 1);
        world
            .act(&crate::fleet::rules::fixture::admin(), crate::fleet::rules::fixture::ids(&[]), Verb::RetireHost(host))
            .unwrap();
        world.settle();
    }
    assert_eq!(world.open(), NONE);
    world.check();
}

#[test]
fn a_goodbye_is_a_sign_of_life() {
    let mut world = World::new();
    let hosts = site(&mut world, 3);
    world.pass(s(40));
    world.feed(Input::Goodbye { host: hosts[0], reason: text("maintenance") }).unwrap();
    assert_eq!(world.open(), NONE);
    world.check();
}

#[test]
fn two_thousand_hosts_behind_one_line_are_told_in_bounded_entries() {
    let mut world = World::new();
    let hosts = site(&mut world, 2_000);
    let before = world.entries.len();
    world.pass(s(40));
    assert_eq!(world.open().len(), 1);
    assert!(hosts.iter().all(|host| world.host(*host).is_behind_line()));
    assert!(world.entries[before..].iter().all(|entry| entry.events.len() <= 1_010));
    assert!(world.alert(AlertId(1)).summary.as_str().contains("2000 hosts"));
}
