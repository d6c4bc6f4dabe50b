use super::*;
use crate::fleet::alerts::Lane;
use crate::fleet::identity::Role;
use crate::fleet::rules::fixture::{NONE, World, ack, asker, filter, grant, ids, min, operator, s, scoped, seen, text};
use crate::fleet::rules::input::Input;
use crate::fleet::words::{CheckState, HostClass, IdentityId, TokenId};

const FIRST: AlertId = AlertId(1);

/// Critical alerts 1 (web, disk) and 2 (db, disk) of acme, 3 (shop, disk) of other, warning 4 (web, load).
fn world() -> World {
    let mut world = World::new();
    let (web, db) = (world.server("web"), world.server("db"));
    let shop = world.host_of("shop", "other", HostClass::Server);
    for host in [web, db, shop] {
        world.hard(host, "disk", CheckState::Critical);
    }
    world.hard(web, "load", CheckState::Warning);
    world
}

fn snooze(until: Timestamp) -> Verb {
    Verb::Snooze { until, note: SafeText::default() }
}

fn escalate() -> Verb {
    Verb::Escalate { note: text("ring them") }
}

fn release() -> Verb {
    Verb::Release { to: None, note: SafeText::default() }
}

fn close() -> Verb {
    Verb::Close { note: text("false alarm") }
}

fn check_now() -> Verb {
    Verb::CheckNow { host: None, check: None }
}

#[test]
fn an_acknowledgement_says_who_when_and_why() {
    let mut world = world();
    world.on(FIRST, ack(Until::Worse));
    let alert = world.alert(FIRST);
    let held = alert.acknowledgement.as_ref().unwrap();
    assert_eq!((held.by.as_str(), held.note.as_str(), held.at), ("mara", "on it", world.now.wall));
    assert_eq!((alert.lane(), alert.owner().unwrap().as_str()), (Lane::Owned, "mara"));
    assert_eq!(world.entries.last().unwrap().actor.name.as_str(), "mara");
    world.check();
}

#[test]
fn a_snooze_owns_and_an_acknowledgement_takes_over() {
    let mut world = world();
    world.on(FIRST, snooze(world.now.wall + min(30)));
    let alert = world.alert(FIRST);
    assert_eq!((alert.lane(), alert.owner().unwrap().as_str()), (Lane::Muted, "mara"));
    assert_eq!(alert.suppressions().map(|why| why.word()).collect::<Vec<_>>(), ["snoozed"]);
    world.on(FIRST, ack(Until::Worse));
    assert_eq!(world.alert(FIRST).lane(), Lane::Owned);
}

#[test]
fn a_release_gives_back_both_and_what_nobody_has_cannot_be_released() {
    let mut world = world();
    world.on(FIRST, ack(Until::Worse));
    world.on(FIRST, snooze(world.now.wall + min(30)));
    world.on(FIRST, Verb::Release { to: Some(text("lee")), note: text("yours") });
    let alert = world.alert(FIRST);
    assert_eq!((alert.lane(), alert.last_note.as_ref().unwrap().as_str()), (Lane::New, "yours"));
    let answer = world.act(&operator(), ids(&[FIRST]), release()).unwrap();
    assert!(answer.failed[0].1.contains("nobody has it"), "{answer:?}");
    assert_eq!((answer.done, answer.revision), (Vec::new(), None));
    world.check();
}

#[test]
fn of_two_operators_who_escalate_the_same_sight_one_is_refused() {
    let mut world = world();
    let first = world.action(&operator(), ids(&[FIRST]), escalate());
    let second = world.action(&asker("lee", Role::Operator), ids(&[FIRST]), escalate());
    let sight = world.fleet.revision;
    world.feed(seen(first, sight)).unwrap();
    let answer = world.feed(seen(second.clone(), sight)).unwrap();
    assert_eq!(answer.failed, [(1, answer.failed[0].1.clone())]);
    assert!(answer.failed[0].1.contains("mara has escalated it to step 1"), "{answer:?}");
    assert_eq!(world.alert(FIRST).step(), 1);

    let now = world.fleet.revision;
    world.feed(seen(second.clone(), now)).unwrap();
    assert_eq!(world.alert(FIRST).step(), 2, "having looked again, it is the next step");
    world.feed(seen(second, Revision(0))).unwrap();
    assert_eq!(world.alert(FIRST).step(), 3, "a script that has not looked means the alert as it is");
    assert_eq!(world.alert(FIRST).lane(), Lane::New, "whoever is rung has not taken it yet");
    world.check();
}

#[test]
fn a_note_is_written_on_resolved_alerts_too_and_nothing_else_is_done_to_them() {
    let mut world = world();
    world.on(FIRST, close());
    let alert = world.alert(FIRST);
    assert!(alert.closed_by_hand && !alert.is_open());
    assert_eq!(alert.last_note.as_ref().unwrap().as_str(), "false alarm");
    world.on(FIRST, Verb::Note { note: text("it was the sensor") });
    assert_eq!(world.alert(FIRST).last_note.as_ref().unwrap().as_str(), "it was the sensor");
    let later = world.now.wall + min(5);
    for verb in [ack(Until::Worse), escalate(), release(), snooze(later), close()] {
        let answer = world.act(&operator(), ids(&[FIRST]), verb).unwrap();
        assert!(answer.failed[0].1.contains("resolved already"), "{answer:?}");
    }
}

#[test]
fn what_makes_no_sense_on_any_alert_is_refused_whole() {
    let mut world = world();
    let now = world.now.wall;
    let far = now + LONGEST_HOLD + s(1);
    for (verb, why) in [
        (ack(Until::Time(now)), "has passed"),
        (ack(Until::Time(far)), "more than a year"),
        (snooze(now), "has passed"),
        (snooze(Timestamp(i64::MIN)), "has passed"),
        (snooze(Timestamp(i64::MAX)), "more than a year"),
        (Verb::Note { note: text("  ") }, "empty"),
    ] {
        let refused = world.act(&operator(), ids(&[FIRST]), verb).unwrap_err();
        assert!(matches!(&refused, Refusal::Invalid(text) if text.contains(why)), "{refused:?}");
    }
}

#[test]
fn failures_come_by_id_and_the_rest_is_done_in_one_entry() {
    let mut world = world();
    world.on(AlertId(2), close());
    let before = world.entries.len();
    let answer = world.act(&operator(), ids(&[AlertId(99), FIRST, AlertId(2), FIRST]), ack(Until::Worse)).unwrap();
    assert_eq!(answer.done, [1], "each once");
    assert_eq!(answer.failed.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [99, 2]);
    assert_eq!((world.entries.len() - before, answer.revision), (1, Some(world.fleet.revision)));
}

#[test]
fn ten_thousand_ids_are_taken_and_one_more_is_refused() {
    let mut world = world();
    let named: Vec<AlertId> = (1..=10_000).map(AlertId).collect();
    let answer = world.act(&operator(), ids(&named), ack(Until::Worse)).unwrap();
    assert_eq!((answer.done.len(), answer.failed.len()), (4, 9_996));
    let refused = world.act(&operator(), ids(&[&named[..], &[AlertId(1)]].concat()), ack(Until::Worse));
    assert!(matches!(&refused, Err(Refusal::Invalid(text)) if text.contains("at most 10000")), "{refused:?}");
    let refused = world.act(&operator(), ids(&[]), ack(Until::Worse));
    assert!(matches!(refused, Err(Refusal::Invalid(_))));
}

#[test]
fn a_filter_acts_on_the_open_alerts_it_matches_and_on_no_other_number_than_expected() {
    let mut world = world();
    world.on(AlertId(2), close());
    let refused = world.act(&operator(), filter("client:acme", Some(3)), ack(Until::Worse)).unwrap_err();
    assert!(matches!(&refused, Refusal::Conflict(text) if text.contains("matches 2") && text.contains("--expect 2")));
    assert_eq!(world.fleet.alerts.count(Lane::Owned), 0);
    let answer = world.act(&operator(), filter("client:acme", Some(2)), ack(Until::Worse)).unwrap();
    assert_eq!(answer.done, [1, 4]);
    let answer = world.act(&operator(), filter("client:nobody", None), ack(Until::Worse)).unwrap();
    assert_eq!((answer.done, answer.revision), (Vec::new(), None));
    world.check();
}

#[test]
fn a_filter_leaves_out_what_opened_or_got_worse_after_the_operator_looked_and_says_so() {
    let mut world = world();
    let action = world.action(&operator(), filter("*", Some(2)), ack(Until::Worse));
    let sight = world.fleet.revision;
    let web = HostId(1);
    world.hard(web, "load", CheckState::Critical);
    world.hard(HostId(2), "disk", CheckState::Ok);
    world.hard(HostId(2), "load", CheckState::Warning);
    let answer = world.feed(seen(action, sight)).unwrap();
    assert_eq!(answer.done, [1, 3]);
    assert_eq!(answer.left_out.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [4, 5]);
    assert!(answer.left_out[0].1.contains("after you looked"));
    let action = world.action(&operator(), filter("*", None), ack(Until::Worse));
    let answer = world.feed(seen(action, Revision(0))).unwrap();
    assert_eq!(answer.done, [1, 3, 4, 5], "a script names what matches now");
}

#[test]
fn the_age_of_a_hosts_data_is_what_the_hub_hears_now() {
    let mut world = world();
    world.pass_beating(min(30), &[HostId(1)]);
    let answer = world.act(&operator(), filter("host:web seen:5m+", None), ack(Until::Worse)).unwrap();
    assert_eq!(answer.done, NONE.to_vec(), "it was up all the time, and heard a moment ago");
    let answer = world.act(&operator(), filter("check:disk seen:5m+", None), ack(Until::Worse)).unwrap();
    assert_eq!(answer.done, [2, 3]);
}

#[test]
fn a_dry_run_says_what_would_be_done_and_writes_nothing() {
    let mut world = world();
    let before = world.clone();
    for verb in [ack(Until::Worse), close(), escalate(), Verb::RetireHost(HostId(1))] {
        let action = Action { dry_run: true, ..world.action(&asker("root", Role::Admin), filter("*", None), verb) };
        let answer = world.feed(Input::Action(action)).unwrap();
        assert!(!answer.done.is_empty() && answer.revision.is_none());
    }
    assert_eq!((world.entries.len(), &world.fleet), (before.entries.len(), &before.fleet));
}

#[test]
fn a_check_is_asked_for_by_alert_by_host_or_by_name() {
    let mut world = world();
    let (web, before) = (HostId(1), world.entries.len());
    world.act(&operator(), ids(&[FIRST, AlertId(4)]), check_now()).unwrap();
    let mut of_host = |check: Option<&str>| {
        let check = check.map(CheckName::from);
        world.act(&operator(), ids(&[]), Verb::CheckNow { host: Some(web), check })
    };
    assert!(of_host(None).is_ok() && of_host(Some("disk")).is_ok());
    assert!(matches!(of_host(Some("nope")), Err(Refusal::NotFound(_))));
    // The agents are told by what is in the journal.
    let asked = |check: Option<&str>| Event::Checks(checks::Event::Asked { host: web, check: check.map(Into::into) });
    let all = [asked(Some("disk")), asked(Some("load")), asked(None), asked(Some("disk"))];
    assert_eq!(world.events_since(before), all.iter().collect::<Vec<_>>());

    world.act(&asker("root", Role::Admin), ids(&[]), Verb::RetireHost(web)).unwrap();
    let answer = world.act(&operator(), ids(&[FIRST]), check_now()).unwrap();
    assert!(answer.failed[0].1.contains("retired"), "{answer:?}");
    let refused = world.act(&operator(), ids(&[]), Verb::CheckNow { host: Some(web), check: None });
    assert!(matches!(refused, Err(Refusal::NotFound(_))));
}

#[test]
fn each_verb_asks_for_its_role_and_says_which() {
    let mut world = world();
    let now = world.now.wall;
    let of_operators = [
        ack(Until::Worse),
        escalate(),
        release(),
        snooze(now + min(1)),
        close(),
        check_now(),
        Verb::Note { note: text("x") },
    ];
    let of_admins = [
        Verb::RetireHost(HostId(1)),
        Verb::CreateToken(grant([9; 32], Role::Viewer)),
        Verb::RevokeToken(TokenId(1)),
        Verb::RevokeIdentity(IdentityId(1)),
        Verb::SetRole { identity: IdentityId(1), role: Role::Viewer },
    ];
    for (verbs, needed) in [(&of_operators[..], Role::Operator), (&of_admins[..], Role::Admin)] {
        for verb in verbs {
            for role in Role::ALL {
                let answer = world.clone().act(&asker("x", role), filter("*", None), verb.clone());
                let refused = matches!(&answer, Err(Refusal::NotPermitted(text)) if text.contains(needed.word()));
                assert_eq!(refused, !role.includes(needed), "{} by {role}: {answer:?}", verb.word());
            }
        }
    }
    assert_eq!(world.act(&operator(), filter("*", None), ack(Until::Worse)).unwrap().done.len(), 4);
}

#[test]
fn who_is_limited_to_a_client_sees_and_does_nothing_elsewhere() {
    let mut world = world();
    let lee = scoped(Role::Operator, "acme");
    let answer = world.act(&lee, ids(&[FIRST, AlertId(3), AlertId(99)]), ack(Until::Worse)).unwrap();
    assert_eq!(answer.done, [1]);
    let told: Vec<String> = answer.failed.iter().map(|(id, why)| why.replace(&id.to_string(), "N")).collect();
    assert_eq!(told[0], told[1], "another client's alert is as if it were not there");
    assert_eq!(world.act(&lee, filter("*", None), ack(Until::Worse)).unwrap().done, [1, 2, 4]);
    let other = Verb::CheckNow { host: Some(HostId(3)), check: None };
    assert!(matches!(world.act(&lee, ids(&[]), other), Err(Refusal::NotFound(_))));
    let refused = world.act(&scoped(Role::Admin, "acme"), ids(&[]), Verb::RetireHost(HostId(1)));
    assert!(matches!(&refused, Err(Refusal::NotPermitted(text)) if text.contains("limited to one client")));
    world.check();
}
