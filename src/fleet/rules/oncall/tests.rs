use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::fleet::alerts::{Lane, Until};
use crate::fleet::configuration::{
    self, AcknowledgementTimeouts, OnCallConfiguration, Policy, Provenance, Receiver, Rotation, Step, Turn,
};
use crate::fleet::identity::Role;
use crate::fleet::rules::fixture::{World, ack, asker, ids, min, s, scoped, text};
use crate::fleet::rules::input::{DutyRequest, Input, Targets, Verb};
use crate::fleet::state::Event as StateEvent;
use crate::fleet::words::{AlertId, CheckState};

const HOUR: Duration = Duration::from_secs(3_600);
const FIRST: AlertId = AlertId(1);

fn person(name: &str) -> configuration::Person {
    configuration::Person {
        name: text(name),
        full_name: text(name),
        identities: vec![text(name), text(&format!("local:{name}"))],
        zone: jiff::tz::TimeZone::UTC,
        channels: vec![configuration::ContactChannel { channel: text("sms"), address: text("+49 30 1") }],
        source: Provenance::built_in(),
    }
}

/// anna and ben take turns of a day at noon; it is Monday, ten o'clock, anna's turn. carl is on no schedule.
fn configured() -> Configuration {
    let rotation = Rotation {
        members: vec![text("anna"), text("ben")],
        turn: Turn::Daily,
        handoff: jiff::civil::time(12, 0, 0, 0),
        weekday: None,
        from: jiff::civil::date(2026, 5, 31),
        hours: None,
    };
    let schedule = OnCallSchedule {
        name: text("night"),
        zone: jiff::tz::TimeZone::UTC,
        layers: vec![rotation],
        source: Provenance::built_in(),
    };
    let policy = Policy {
        name: text("default"),
        steps: vec![Step { after: Duration::ZERO, to: vec![Receiver::Schedule(text("night"))] }],
        repeat: HOUR,
        rounds: 2,
        source: Provenance::built_in(),
    };
    let oncall = OnCallConfiguration {
        people: ["anna", "ben", "carl"].map(person).to_vec(),
        schedules: vec![schedule],
        policies: vec![policy],
        // What ends with a shift is what these tests are about.
        acknowledgement_timeouts: AcknowledgementTimeouts { critical: None, warning: None },
        ..OnCallConfiguration::default()
    };
    Configuration { oncall, ..Configuration::default() }
}

fn world() -> World {
    let mut world = World::new();
    configure(&mut world, configured());
    world
}

fn configure(world: &mut World, configuration: Configuration) {
    world.live.configuration = Arc::new(configuration);
    world.settle();
}

fn on_duty(world: &World) -> Vec<String> {
    world.fleet.oncall.resolve("schedule:night").iter().map(ToString::to_string).collect()
}

fn nothing() -> Targets {
    Targets::Ids(Vec::new())
}

fn request(person: Option<&str>, from: Option<Duration>, until: Option<Duration>, world: &World) -> Verb {
    let at = |span: Option<Duration>| span.map(|span| world.now.wall + span);
    Verb::OverrideDuty(DutyRequest {
        schedule: text("night"),
        person: person.map(text),
        from: at(from),
        until: at(until),
        note: text("swap"),
    })
}

fn broken(world: &mut World) -> crate::fleet::words::HostId {
    let web = world.server("web");
    world.hard(web, "disk", CheckState::Critical);
    web
}

#[test]
fn what_the_files_say_stands_in_the_fleet_without_addresses_and_follows_them() {
    let mut world = world();
    let oncall = &world.fleet.oncall;
    assert_eq!(oncall.people[&text("anna")].channels, [text("sms")]);
    assert_eq!(oncall.policies[&text("default")].steps[0].to, [text("schedule:night")]);
    let roster = &oncall.duties[&text("night")].roster;
    assert_eq!((on_duty(&world), roster.next.clone()), (vec!["anna".to_owned()], vec![text("ben")]));
    assert_eq!(roster.changes_at, Some(world.now.wall + (HOUR * 2 - s(20))));
    assert_eq!(roster.since, Timestamp(world.now.wall.0 + 2 * 3_600_000 - 20_000 - 86_400_000), "since noon yesterday");
    let before = world.entries.len();
    world.settle();
    assert_eq!(world.entries.len(), before, "placed once");
    let mut fewer = configured();
    fewer.oncall.people.retain(|person| person.name.as_str() != "carl");
    fewer.oncall.policies.clear();
    configure(&mut world, fewer);
    assert!(!world.fleet.oncall.people.contains_key("carl") && world.fleet.oncall.policies.is_empty());
    configure(&mut world, Configuration::default());
    assert_eq!(world.fleet.oncall, crate::fleet::oncall::OnCall::default());
    world.check();
}

#[test]
fn duty_changes_at_the_moment_it_is_due_and_once() {
    let mut world = world();
    let before = world.entries.len();
    world.pass(HOUR * 2 - s(21));
    assert_eq!((on_duty(&world), world.entries.len()), (vec!["anna".to_owned()], before));
    world.pass(s(1));
    assert_eq!(on_duty(&world), ["ben"]);
    let changes = world.events_since(before);
    assert_eq!(changes.iter().filter(|event| matches!(event, StateEvent::OnCall(Event::DutyChanged(_)))).count(), 1);
    assert_eq!(world.entries.last().unwrap().actor.name.as_str(), "on call");
    world.check();
}

#[test]
fn a_hub_that_was_away_finds_who_is_on_duty_and_since_when() {
    let mut world = world();
    let noon = world.now.wall + (HOUR * 2 - s(20));
    world.restart_after(HOUR * 10);
    world.settle();
    assert_eq!(on_duty(&world), ["ben"]);
    assert_eq!(world.fleet.oncall.duties[&text("night")].roster.since, noon);
    world.set_clock(-12 * 3_600_000);
    assert_eq!(on_duty(&world), ["anna"], "as the wall clock says");
    world.check();
}

#[test]
fn an_empty_schedule_names_nobody_and_stops_nothing() {
    let mut empty = configured();
    empty.oncall.schedules[0].layers.clear();
    let mut world = World::new();
    configure(&mut world, empty);
    assert!(on_duty(&world).is_empty() && world.fleet.oncall.duties.contains_key("night"));
    assert!(world.fleet.oncall.resolve("schedule:gone").is_empty());
    assert_eq!(world.fleet.oncall.resolve("carl"), [text("carl")]);
    world.act(&asker("carl", Role::Operator), nothing(), request(None, None, None, &world.clone())).unwrap();
    assert_eq!(on_duty(&world), ["carl"], "who takes an empty schedule is on duty");
    let until = world.fleet.oncall.duties[&text("night")].overrides[0].until;
    assert_eq!(until, world.now.wall + HOUR * 8);
    world.pass(HOUR * 8);
    assert!(on_duty(&world).is_empty());
    world.check();
}

#[test]
fn duty_is_swapped_and_comes_back() {
    let mut world = world();
    let ben = asker("ben", Role::Operator);
    let verb = request(Some("carl"), Some(HOUR), Some(HOUR * 3), &world);
    let answer = world.act(&ben, nothing(), verb).unwrap();
    let roster = &world.fleet.oncall.duties[&text("night")].roster;
    assert_eq!((roster.next.clone(), on_duty(&world)), (vec![text("carl")], vec!["anna".to_owned()]));
    world.pass(HOUR + s(1));
    assert_eq!(on_duty(&world), ["carl"]);
    world.pass(HOUR);
    assert_eq!(on_duty(&world), ["carl"], "over the handoff at noon");
    world.pass(HOUR);
    assert_eq!(on_duty(&world), ["ben"]);
    assert!(world.fleet.oncall.duties[&text("night")].overrides.is_empty(), "an override that is over is gone");
    let verb = request(None, None, None, &world);
    let second = world.act(&asker("anna", Role::Operator), nothing(), verb).unwrap();
    assert_ne!(answer.done, second.done, "numbers are never used again");
    assert_eq!(on_duty(&world), ["anna"]);
    world.act(&ben, nothing(), Verb::EndOverride(second.done[0])).unwrap();
    assert_eq!(on_duty(&world), ["ben"]);
    assert!(matches!(world.act(&ben, nothing(), Verb::EndOverride(99)), Err(Refusal::NotFound(_))));
    world.check();
}

#[test]
fn a_swap_that_can_not_be_is_refused_with_what_to_do() {
    let mut world = world();
    let anna = asker("anna", Role::Operator);
    let copy = world.clone();
    let mut refused = |asker: &Asker, verb: Verb| world.act(asker, nothing(), verb).unwrap_err().to_string();
    let elsewhere = Verb::OverrideDuty(DutyRequest {
        schedule: text("nihgt"),
        person: None,
        from: None,
        until: None,
        note: SafeText::default(),
    });
    assert!(refused(&anna, elsewhere).contains("did you mean night?"));
    assert!(refused(&anna, request(Some("carla"), None, None, &copy)).contains("did you mean carl?"));
    assert!(refused(&asker("mara", Role::Operator), request(None, None, None, &copy)).contains("identities"));
    assert!(refused(&anna, request(None, Some(HOUR), Some(min(30)), &copy)).contains("before it begins"));
    assert!(refused(&anna, request(None, None, Some(HOUR * 24 * 100), &copy)).contains("three months"));
    assert!(refused(&anna, request(None, None, Some(Duration::ZERO), &copy)).contains("has passed"));
    assert!(refused(&asker("anna", Role::Viewer), request(None, None, None, &copy)).contains("operator"));
    let limited = Asker { name: text("anna"), ..scoped(Role::Operator, "acme") };
    assert!(refused(&limited, request(None, None, None, &copy)).contains("limited to one client"));
}

#[test]
fn what_someone_off_shift_still_owns_is_not_owned() {
    let mut world = world();
    let web = broken(&mut world);
    world.hard(web, "load", CheckState::Warning);
    let (anna, carl) = (asker("local:anna", Role::Operator), asker("carl", Role::Operator));
    world.act(&anna, ids(&[FIRST]), ack(Until::Resolved)).unwrap();
    world.act(&carl, ids(&[AlertId(2)]), ack(Until::Resolved)).unwrap();
    world.pass_beating(HOUR * 2, &[web]);
    assert_eq!(on_duty(&world), ["ben"]);
    assert_eq!(world.alert(FIRST).lane(), Lane::New, "anna's shift ended");
    assert_eq!(world.alert(AlertId(2)).lane(), Lane::Owned, "carl is on no rotation, so no shift of his ends");
    let ended = world.entries.iter().flat_map(|entry| &entry.events).any(|(_, event)| {
        matches!(event, StateEvent::Alerts(AlertEvent::AcknowledgementEnded { why, .. }) if why == "shift ended")
    });
    assert!(ended);
    // Who was not on duty owns on, and who stays on another schedule does too.
    let mut two = configured();
    let mut day = two.oncall.schedules[0].clone();
    day.name = text("day");
    day.layers[0].members = vec![text("ben")];
    two.oncall.schedules.push(day);
    configure(&mut world, two);
    world.act(&asker("ben", Role::Operator), ids(&[FIRST]), ack(Until::Resolved)).unwrap();
    world.pass_beating(HOUR * 24, &[web]);
    assert_eq!(on_duty(&world), ["anna"]);
    assert_eq!(world.alert(FIRST).lane(), Lane::Owned, "ben is still on duty by day");
    world.check();
}

#[test]
fn what_is_handed_over_is_owned_by_who_accepts_it() {
    let mut world = world();
    let web = broken(&mut world);
    for check in ["a", "b", "c"] {
        world.hard(web, check, CheckState::Warning);
    }
    let (anna, ben) = (asker("anna", Role::Operator), asker("ben", Role::Operator));
    let (second, third, fourth) = (AlertId(2), AlertId(3), AlertId(4));
    let until = world.now.wall + HOUR * 20;
    let snooze = Verb::Snooze { until, note: text("spare part comes") };
    world.act(&anna, ids(&[FIRST, second]), ack(Until::Worse)).unwrap();
    world.act(&anna, ids(&[second, third]), snooze).unwrap();
    world.act(&asker("carl", Role::Operator), ids(&[fourth]), ack(Until::Worse)).unwrap();
    let offer = |to: &str| Verb::HandOver { to: text(to), note: text("mind the disk") };
    let accept = || Verb::AcceptHandOver { from: None };
    assert!(world.act(&anna, nothing(), offer("anna")).is_err());
    assert!(matches!(world.act(&ben, nothing(), accept()), Err(Refusal::NotFound(_))), "nobody offered yet");
    assert_eq!(world.act(&anna, nothing(), offer("ben")).unwrap().done, [1, 2, 3]);
    let carl = asker("carl", Role::Operator);
    assert!(matches!(world.act(&carl, nothing(), accept()), Err(Refusal::NotFound(_))), "it was offered to ben");
    assert_eq!(world.act(&ben, nothing(), accept()).unwrap().done, [1, 2, 3]);
    for id in [FIRST, second, third] {
        assert_eq!(world.alert(id).owner().unwrap().as_str(), "ben");
    }
    let moved = world.alert(second);
    assert_eq!(moved.snooze.as_ref().unwrap().until, until);
    assert_eq!(moved.snooze.as_ref().unwrap().note.as_str(), "spare part comes");
    assert_eq!(moved.acknowledgement.as_ref().unwrap().until, Until::Worse);
    assert_eq!(world.alert(fourth).owner().unwrap().as_str(), "carl");
    assert!(world.fleet.oncall.people[&text("anna")].offer.is_none());
    assert!(matches!(world.act(&ben, nothing(), accept()), Err(Refusal::NotFound(_))), "once");
    world.pass_beating(HOUR * 2, &[web]);
    assert_eq!(world.alert(FIRST).lane(), Lane::Owned, "what was accepted does not end with anna's shift");
    world.check();
}

#[test]
fn an_offer_to_someone_who_is_no_more_ends() {
    let mut world = world();
    let offer = Verb::HandOver { to: text("carl"), note: SafeText::default() };
    world.act(&asker("anna", Role::Operator), nothing(), offer).unwrap();
    let verb = request(Some("carl"), None, None, &world);
    world.act(&asker("anna", Role::Operator), nothing(), verb).unwrap();
    assert_eq!(on_duty(&world), ["carl"]);
    let mut fewer = configured();
    fewer.oncall.people.retain(|person| person.name.as_str() != "carl");
    configure(&mut world, fewer);
    assert!(world.fleet.oncall.people[&text("anna")].offer.is_none());
    assert_eq!(on_duty(&world), ["anna"], "who left stands in no more");
    world.feed(Input::Due).unwrap();
    world.check();
}
