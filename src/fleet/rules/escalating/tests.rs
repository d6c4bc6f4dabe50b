//! Stories about who is told, when, and who is not.

use std::sync::Arc;
use std::time::Duration;

use crate::fleet::alerts::{Hold, Lane, NextNotice, Plan, Until, ValueLimit};
use crate::fleet::configuration::{Configuration, ContactChannel, OnCallConfiguration, Receiver};
use crate::fleet::notices::{Kind, Notice, State};
use crate::fleet::rules::escalating::bounds::RECHECK;
use crate::fleet::rules::fixture::{World, ack, filter, ids, min, operator, person, policy, s, text};
use crate::fleet::rules::input::{Input, NoticeReport, Verb};
use crate::fleet::rules::live::Reading;
use crate::fleet::state::Event;
use crate::fleet::words::{AlertId, CheckState, HostId, NoticeId, SafeText};
use CheckState::{Critical, Ok, Warning};

const FIRST: AlertId = AlertId(1);
const GATHER: Duration = s(30);

/// anna at once, anna and bert after a quarter of an hour; again after half an hour, three rounds.
fn oncall() -> OnCallConfiguration {
    let steps = [(s(0), vec!["anna"]), (min(15), vec!["anna", "bert"])];
    let mut oncall = OnCallConfiguration { gather: GATHER, ..OnCallConfiguration::default() };
    oncall.people = vec![person("anna", &["sms", "mail"]), person("bert", &["mail"])];
    oncall.policies = vec![policy("default", &steps, min(30), 3)];
    oncall
}

fn world_of(oncall: OnCallConfiguration) -> (World, HostId) {
    let mut world = World::new();
    world.live.configuration = Arc::new(Configuration { oncall, ..Configuration::default() });
    let web = world.server("web");
    (world, web)
}

fn world() -> (World, HostId) {
    world_of(oncall())
}

/// All notices in order: kind, to whom, how many alerts.
fn said(world: &World) -> Vec<(Kind, String, u32)> {
    world.fleet.notices.notices.values().map(|notice| (notice.kind, notice.to.to_string(), notice.count)).collect()
}

fn problems(world: &World) -> Vec<(String, u32)> {
    said(world).into_iter().filter(|(kind, ..)| *kind == Kind::Problem).map(|(_, to, count)| (to, count)).collect()
}

fn plan(world: &World, alert: AlertId) -> Plan {
    world.alert(alert).plan.as_deref().cloned().unwrap()
}

fn next(world: &World, alert: AlertId) -> NextNotice {
    plan(world, alert).next.unwrap()
}

fn report(world: &mut World, notice: u64, channel: u32, report: NoticeReport) {
    world.feed(Input::NoticeReported { notice: NoticeId(notice), channel, report }).unwrap();
}

fn notice(world: &World, id: u64) -> &Notice {
    &world.fleet.notices.notices[&NoticeId(id)]
}

#[test]
fn without_a_policy_nobody_is_told_and_nothing_is_written_about_it() {
    let (mut world, web) = world_of(OnCallConfiguration::default());
    world.hard(web, "disk", Critical);
    world.pass_beating(min(60), &[web]);
    assert_eq!((said(&world), &world.alert(FIRST).plan), (vec![], &None));
    world.check();
}

#[test]
fn the_first_step_is_said_at_once_and_the_row_says_what_comes_next() {
    let (mut world, web) = world();
    world.hard(web, "disk", Critical);
    assert_eq!(next(&world, FIRST), NextNotice { at: world.now.wall, step: 1, round: 1, to: vec![text("anna")] });
    let opened = world.now.wall;
    world.settle();
    assert_eq!(problems(&world), [("anna".to_owned(), 1)]);
    assert_eq!(notice(&world, 1).channels, [text("sms"), text("mail")]);
    let coming = NextNotice { at: opened + min(15), step: 2, round: 1, to: vec![text("anna"), text("bert")] };
    assert_eq!(next(&world, FIRST), coming);
    assert_eq!(world.alert(FIRST).told.iter().map(|told| told.to.as_str()).collect::<Vec<_>>(), ["anna"]);
    world.check();
}

#[test]
fn it_repeats_until_the_rounds_are_through_and_then_says_so() {
    let (mut world, web) = world();
    world.hard(web, "disk", Critical);
    world.settle();
    report(&mut world, 1, 0, NoticeReport::Sent(text("ok")));
    for _ in 0..40 {
        world.pass_beating(min(5), &[web]);
        let waiting: Vec<u64> = world.fleet.notices.waiting().map(|notice| notice.id.0).collect();
        waiting.into_iter().for_each(|id| report(&mut world, id, 0, NoticeReport::Sent(text("ok"))));
    }
    // Three rounds of anna, then anna and bert.
    let told = problems(&world);
    assert_eq!(told.iter().filter(|(to, _)| to == "anna").count(), 6, "{told:?}");
    assert_eq!(told.iter().filter(|(to, _)| to == "bert").count(), 3, "{told:?}");
    let plan = plan(&world, FIRST);
    assert_eq!((plan.next, plan.why.as_str()), (None, "policy default is through: 3 rounds"));
    assert_eq!(world.alert(FIRST).lane(), Lane::New, "it is still nobody's");
    world.check();
}

#[test]
fn nobody_is_told_of_what_somebody_has_or_holds_back() {
    let (mut world, web) = world();
    world.hard(web, "disk", Critical);
    world.on(FIRST, ack(Until::Resolved));
    world.pass_beating(min(60), &[web]);
    assert_eq!(said(&world), []);
    assert_eq!(world.alert(FIRST).next_notice(), None);
    world.on(FIRST, Verb::Release { to: None, note: text("") });
    world.settle();
    assert_eq!(problems(&world), [("anna".to_owned(), 1)], "given back, it rings at once");

    let until = world.now.wall + min(60);
    world.on(FIRST, Verb::Snooze { until, note: text("") });
    world.pass_beating(min(59), &[web]);
    assert_eq!(problems(&world).len(), 1);
    world.check();
}

#[test]
fn after_a_hold_its_check_is_asked_first_and_what_is_well_by_then_rings_nobody() {
    for recovers in [true, false] {
        let (mut world, web) = world();
        world.hard(web, "disk", Critical);
        world.on(FIRST, Verb::Snooze { until: world.now.wall + min(60), note: text("") });
        world.pass_beating(min(60), &[web]);
        let asked = |event: &&Event| matches!(event, Event::Checks(crate::fleet::checks::Event::Asked { .. }));
        assert_eq!(world.events_since(0).iter().filter(|event| asked(event)).count(), 1);
        assert_eq!(next(&world, FIRST).at, world.now.wall + RECHECK);
        if recovers {
            world.hard(web, "disk", Ok);
        }
        world.pass_beating(RECHECK, &[web]);
        assert_eq!(problems(&world).len(), usize::from(!recovers), "never a replay of what is over");
        world.check();
    }
}

#[test]
fn what_opens_while_it_is_held_is_told_only_if_it_still_fails_afterwards() {
    let (mut world, web) = world();
    world.hard(web, "disk", Critical);
    let hold = Hold::Healing;
    world.event(crate::fleet::alerts::Event::Held { alert: FIRST, hold });
    world.pass_beating(min(60), &[web]);
    assert_eq!((said(&world), world.alert(FIRST).lane()), (vec![], Lane::Muted));
    world.hard(web, "disk", Ok);
    assert!(!world.alert(FIRST).is_open(), "an end is never held back");
}

#[test]
fn a_taken_and_forgotten_alert_comes_back_and_rings() {
    let (mut world, web) = world();
    world.hard(web, "disk", Critical);
    world.on(FIRST, ack(Until::Worse));
    let timeout =
        world.live.configuration.oncall.acknowledgement_timeouts.of(crate::fleet::words::Severity::Critical).unwrap();
    assert_eq!(world.alert(FIRST).acknowledgement.as_ref().unwrap().ends_at(), Some(world.now.wall + timeout));
    world.pass_beating(timeout - s(1), &[web]);
    assert_eq!((world.alert(FIRST).lane(), said(&world)), (Lane::Owned, vec![]));
    world.pass_beating(s(2), &[web]);
    assert_eq!((world.alert(FIRST).lane(), problems(&world)), (Lane::New, vec![("anna".to_owned(), 1)]));
    world.check();
}

#[test]
fn a_value_past_its_limit_ends_an_acknowledgement() {
    let (mut world, web) = world();
    world.hard(web, "disk", Critical);
    let limit = Some(ValueLimit { label: text("used"), thousandths: 98_000, below: false });
    world.on(FIRST, Verb::Acknowledge { until: Until::Resolved, limit, note: text("") });
    for (perfdata, lane) in [("used=97.9%", Lane::Owned), ("free=99", Lane::Owned), ("used=98.1%", Lane::New)] {
        let reading = Reading { state: Critical, summary: text(""), perfdata: text(perfdata), at: world.now };
        world.live.hosts.get_mut(&web).unwrap().readings.insert("disk".into(), reading);
        world.settle();
        assert_eq!(world.alert(FIRST).lane(), lane, "{perfdata}");
    }
    world.check();
}

#[test]
fn the_graver_rings_again_at_once_and_the_less_grave_does_not() {
    let (mut world, web) = world();
    world.hard(web, "disk", Warning);
    world.settle();
    report(&mut world, 1, 0, NoticeReport::Sent(text("ok")));
    world.pass_beating(min(1), &[web]);
    world.hard(web, "disk", Critical);
    world.settle();
    report(&mut world, 2, 0, NoticeReport::Sent(text("ok")));
    assert_eq!(problems(&world).len(), 2, "critical after warning");
    assert_eq!(next(&world, FIRST).step, 2);
    world.hard(web, "disk", Warning);
    world.pass_beating(min(1), &[web]);
    assert_eq!(problems(&world).len(), 2);
    world.check();
}

#[test]
fn a_storm_is_a_handful_of_notices() {
    let (mut world, web) = world();
    let hosts: Vec<HostId> = (0..50).map(|n| world.server(&format!("h{n}"))).collect();
    for host in &hosts {
        (0..50).for_each(|check| world.hard(*host, &format!("c{check}"), Critical));
    }
    world.settle();
    assert_eq!(problems(&world), [("anna".to_owned(), 2_500)]);
    assert_eq!(notice(&world, 1).alerts.len(), crate::fleet::notices::MOST_NAMED);
    let mut all = hosts.clone();
    all.push(web);
    for n in 0..100 {
        world.hard(web, &format!("late{n}"), Critical);
        world.pass(Duration::from_millis(100));
    }
    assert_eq!(problems(&world).len(), 1, "who was told a moment ago is told the rest in one message");
    assert_eq!(plan(&world, AlertId(2_501)).why.as_str(), "told with others, to spare the receiver");
    world.pass_beating(GATHER, &all);
    assert_eq!(problems(&world).last(), Some(&("anna".to_owned(), 100)));
    world.check();
}

#[test]
fn what_comes_of_many_clients_at_once_is_one_notice_and_of_a_few_one_each() {
    for (clients, notices) in [(3, 3), (12, 1)] {
        let (mut world, _) = world();
        for n in 0..clients {
            let host = world.host_of("srv", &format!("client{n}"), crate::fleet::words::HostClass::Server);
            world.hard(host, "disk", Critical);
        }
        world.settle();
        let told = problems(&world);
        assert_eq!(told.len(), notices);
        assert_eq!(told.iter().map(|(_, count)| count).sum::<u32>(), clients);
        world.check();
    }
}

#[test]
fn those_who_were_told_hear_of_the_end_and_nobody_else_does() {
    let (mut world, web) = world();
    world.hard(web, "disk", Critical);
    world.settle();
    world.hard(web, "load", Critical);
    world.on(AlertId(2), ack(Until::Worse));
    world.hard(web, "disk", Ok);
    world.hard(web, "load", Ok);
    world.settle();
    let ends: Vec<_> = said(&world).into_iter().filter(|(kind, ..)| *kind == Kind::Recovery).collect();
    assert_eq!(ends, [(Kind::Recovery, "anna".to_owned(), 1)]);
    assert!(world.alert(FIRST).told.is_empty(), "once");
    world.pass_beating(min(5), &[web]);
    assert_eq!(said(&world).len(), 2);
    world.check();
}

#[test]
fn the_next_channel_takes_over_after_a_minute_or_a_refusal_and_then_the_next_step() {
    let (mut world, web) = world();
    world.hard(web, "disk", Critical);
    world.settle();
    world.pass_beating(s(59), &[web]);
    assert_eq!(notice(&world, 1).channel, 0);
    world.pass_beating(s(2), &[web]);
    assert_eq!((notice(&world, 1).channel, notice(&world, 1).state), (1, State::Waiting));
    report(&mut world, 1, 0, NoticeReport::Refused(text("late word of the first")));
    assert_eq!(notice(&world, 1).state, State::Waiting, "of a channel that had its turn");
    report(&mut world, 1, 1, NoticeReport::Refused(text("no such mailbox")));
    assert_eq!(notice(&world, 1).state, State::Failed);
    assert!(plan(&world, FIRST).why.as_str().contains("anna was not reached"), "{:?}", plan(&world, FIRST));
    world.pass_beating(GATHER + s(2), &[web]);
    let told = problems(&world);
    assert!(told.iter().any(|(to, _)| to == "bert"), "the next step comes now: {told:?}");
    report(&mut world, 1, 1, NoticeReport::Sent(text("after all")));
    assert_eq!(notice(&world, 1).state, State::Sent);
    world.check();
}

#[test]
fn a_step_that_reaches_nobody_is_passed_over_and_a_policy_that_does_says_why() {
    let mut config = oncall();
    let nobody = [(s(0), vec!["schedule:night"]), (min(15), vec!["ghost"])];
    config.policies = vec![policy("default", &nobody, min(10), 1)];
    let (mut world, web) = world_of(config);
    world.hard(web, "disk", Critical);
    world.settle();
    assert_eq!(said(&world), []);
    let plan_now = plan(&world, FIRST);
    assert_eq!(plan_now.why.as_str(), "nobody is on duty at schedule:night; ghost is not in the configuration");
    assert_eq!(plan_now.next.map(|next| next.at), Some(world.now.wall + min(10)), "and it is tried again");

    let mut config = oncall();
    let second = [(s(0), vec!["schedule:night"]), (min(15), vec!["bert"])];
    config.policies = vec![policy("default", &second, min(10), 1)];
    let (mut world, web) = world_of(config);
    world.hard(web, "disk", Critical);
    world.settle();
    assert_eq!(problems(&world), [("bert".to_owned(), 1)]);
    assert!(plan(&world, FIRST).why.as_str().contains("nobody is on duty"));
    world.check();
}

#[test]
fn an_escalation_by_hand_rings_the_next_step_and_the_owner_keeps_the_alert() {
    let (mut world, web) = world();
    world.hard(web, "disk", Critical);
    world.settle();
    world.on(FIRST, ack(Until::Resolved));
    world.on(FIRST, Verb::Escalate { note: text("customer waits") });
    assert_eq!(problems(&world), [("anna".to_owned(), 1), ("anna".to_owned(), 1), ("bert".to_owned(), 1)]);
    assert_eq!(notice(&world, 3).note.as_str(), "customer waits");
    let alert = world.alert(FIRST);
    assert_eq!((alert.lane(), alert.step()), (Lane::Owned, 2));
    assert_eq!(alert.owner().map(SafeText::as_str), Some("mara"));

    // Many by a filter are one message each.
    (0..20).for_each(|n| world.hard(web, &format!("c{n}"), Critical));
    world.settle();
    let before = problems(&world).len();
    let answer = world.act(&operator(), filter("check:c*", Some(20)), Verb::Escalate { note: text("") }).unwrap();
    assert_eq!(answer.done.len(), 20);
    assert_eq!(problems(&world).len() - before, 1, "{:?}", problems(&world));
    world.check();
}

#[test]
fn a_policy_that_comes_later_takes_up_what_stands_open() {
    let (mut world, web) = world_of(OnCallConfiguration::default());
    world.hard(web, "disk", Critical);
    world.hard(web, "load", Critical);
    world.on(AlertId(2), ack(Until::Resolved));
    world.live.configuration = Arc::new(Configuration { oncall: oncall(), ..Configuration::default() });
    world.settle();
    assert_eq!(problems(&world), [("anna".to_owned(), 1)]);
    let mut gone = oncall();
    gone.policies = vec![policy("other", &[(s(0), vec!["bert"])], min(1), 1)];
    world.live.configuration = Arc::new(Configuration { oncall: gone, ..Configuration::default() });
    world.pass_beating(min(15), &[web]);
    assert_eq!(plan(&world, FIRST).why.as_str(), "no policy speaks of it any more");
    world.check();
}

#[test]
fn a_reminder_comes_at_its_time_even_when_the_alert_is_over() {
    let (mut world, web) = world();
    world.hard(web, "disk", Critical);
    let at = world.now.wall + min(60 * 30);
    let verb = Verb::Remind { at, text: text("tell Acme") };
    let anna = crate::fleet::rules::fixture::asker("anna", crate::fleet::identity::Role::Operator);
    assert_eq!(world.act(&anna, ids(&[FIRST]), verb.clone()).unwrap().done, [1]);
    assert_eq!(world.act(&anna, ids(&[FIRST]), verb).unwrap().failed.len(), 1, "once");
    world.on(FIRST, Verb::Remind { at, text: text("mine") });
    world.on(FIRST, Verb::Unremind);
    world.on(FIRST, Verb::Close { note: text("") });
    world.pass_beating(min(60 * 30) - s(20), &[web]);
    assert!(said(&world).is_empty());
    world.pass_beating(s(30), &[web]);
    assert_eq!(said(&world), [(Kind::Reminder, "anna".to_owned(), 1)]);
    assert_eq!(notice(&world, 1).note.as_str(), "tell Acme");
    assert!(world.fleet.alerts.alerts.is_empty(), "what was kept for it goes now");
    world.check();
}

#[test]
fn a_clock_that_jumps_a_day_loses_no_notice() {
    for day in [86_400_000, -86_400_000] {
        let (mut world, web) = world();
        world.hard(web, "disk", Critical);
        world.settle();
        world.set_clock(day);
        world.hard(web, "load", Critical);
        world.settle();
        assert!(problems(&world).len() >= 2, "by {day}: {:?}", problems(&world));
        assert_eq!(next(&world, FIRST).at, world.now.wall + min(15), "by {day}: neither a day late nor at once");
        assert_eq!(notice(&world, 1).since, world.now.wall, "by {day}: its channel has its minute");
        let waiting: Vec<u64> = world.fleet.notices.waiting().map(|notice| notice.id.0).collect();
        waiting.into_iter().for_each(|id| report(&mut world, id, 0, NoticeReport::Sent(text("ok"))));
        world.pass_beating(min(15), &[web]);
        assert!(problems(&world).iter().any(|(to, _)| to == "bert"), "by {day}: the second step");
        world.check();
    }
}

#[test]
fn receivers_are_named_as_the_file_names_them() {
    for (receiver, name) in [
        (Receiver::Person(text("anna")), "anna"),
        (Receiver::Schedule(text("night")), "schedule:night"),
        (Receiver::Channel(text("ops")), "channel:ops"),
    ] {
        assert_eq!(receiver.to_string(), name);
    }
    let _ = ContactChannel { channel: text("sms"), address: text("+1") };
}
