use std::sync::Arc;
use std::time::Duration;

use crate::fleet::alerts::{Event as AlertEvent, Hold, Lane};
use crate::fleet::configuration::{Configuration, OnCallConfiguration};
use crate::fleet::identity::Role;
use crate::fleet::rules::decision::{Answer, Refusal};
use crate::fleet::rules::fixture::{World, ack, admin, ids, min, operator, person, policy, s, scoped, text};
use crate::fleet::rules::input::{Asker, Input, TimesAsked, Verb, WindowRequest};
use crate::fleet::state::Event;
use crate::fleet::windows::{Event as WindowEvent, Matcher, Scope, State, Window};
use crate::fleet::words::filter::Filter;
use crate::fleet::words::{AlertId, CheckState, HostClass, HostId, Timestamp, WindowId};

const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(86_400);
const FIRST: WindowId = WindowId(1);
const MAINTENANCE: Hold = Hold::Maintenance(FIRST);

fn once(length: Duration) -> TimesAsked {
    TimesAsked::Once { from: None, until: None, length: Some(length) }
}

fn later(from: Timestamp, length: Duration) -> TimesAsked {
    TimesAsked::Once { from: Some(from), until: None, length: Some(length) }
}

fn every(words: &str) -> TimesAsked {
    TimesAsked::Recurring { words: words.to_owned(), zone: "UTC".to_owned() }
}

fn request(filter: &str, times: TimesAsked) -> WindowRequest {
    let scope = Scope::Filter(Filter::parse(filter).unwrap());
    WindowRequest { name: text("switch swap"), scope, times, expected: None }
}

fn open_as(world: &mut World, asker: &Asker, request: WindowRequest) -> Result<Answer, Refusal> {
    world.act(asker, ids(&[]), Verb::OpenWindow(Box::new(request)))
}

/// What an operator opens; it must succeed.
fn open(world: &mut World, filter: &str, times: TimesAsked) -> WindowId {
    open_as(world, &operator(), request(filter, times)).unwrap().window.unwrap().id
}

fn end(window: WindowId) -> Verb {
    Verb::CloseWindow { window, note: text("done early") }
}

fn window(world: &World, id: WindowId) -> &Window {
    world.fleet.windows.get(id).unwrap()
}

fn holds(world: &World, alert: u64) -> Vec<Hold> {
    world.alert(AlertId(alert)).holds.clone()
}

fn said(refusal: Result<Answer, Refusal>) -> String {
    refusal.unwrap_err().to_string()
}

/// How many times each alert was held and let go since.
fn count(world: &World, since: usize) -> (usize, usize) {
    let events = world.events_since(since);
    let is = |event: &&&Event, wanted: fn(&AlertEvent) -> bool| matches!(event, Event::Alerts(event) if wanted(event));
    let held = events.iter().filter(|event| is(event, |event| matches!(event, AlertEvent::Held { .. }))).count();
    let ended = events.iter().filter(|event| is(event, |event| matches!(event, AlertEvent::HoldEnded { .. }))).count();
    (held, ended)
}

/// web of acme, a server, and shop of other, a laptop: nobody misses it while it is off.
fn world() -> (World, HostId, HostId) {
    let mut world = World::new();
    let (web, shop) = (world.server("web"), world.host_of("shop", "other", HostClass::Laptop));
    (world, web, shop)
}

#[test]
fn what_opens_within_a_window_is_held_in_the_same_entry_and_let_go_once() {
    let (mut world, web, shop) = world();
    let id = open(&mut world, "client:acme", once(HOUR));
    assert_eq!(
        (id, window(&world, id).state(), window(&world, id).client.as_ref().unwrap().as_str()),
        (FIRST, State::Active, "acme")
    );
    let before = world.entries.len();
    world.hard(web, "disk", CheckState::Critical);
    world.hard(shop, "disk", CheckState::Critical);
    assert_eq!(world.entries.len() - before, 2, "no entry of its own");
    assert_eq!((holds(&world, 1), holds(&world, 2)), (vec![MAINTENANCE], vec![]));
    assert_eq!((world.alert(AlertId(1)).lane(), world.alert(AlertId(2)).lane()), (Lane::Muted, Lane::New));
    assert!(world.fleet.checks.get(web, &"disk".into()).unwrap().hard, "facts are never held");

    let since = world.entries.len();
    world.pass_beating(HOUR - s(1), &[web, shop]);
    assert_eq!(world.alert(AlertId(1)).lane(), Lane::Muted);
    world.pass_beating(min(10), &[web, shop]);
    assert_eq!((world.alert(AlertId(1)).lane(), count(&world, since)), (Lane::New, (0, 1)), "once, and no replay");
    let over = window(&world, id);
    assert_eq!((over.state(), over.held(), over.caught()), (State::Over, 1, vec![AlertId(1)]), "the ledger stays");
    world.check();
}

#[test]
fn resolution_flows_during_a_window_and_what_comes_back_is_held_again() {
    let (mut world, web, _) = world();
    open(&mut world, "client:acme", once(HOUR));
    world.hard(web, "disk", CheckState::Critical);
    world.hard(web, "disk", CheckState::Ok);
    assert!(!world.alert(AlertId(1)).is_open(), "resolution is never held");
    world.hard(web, "disk", CheckState::Critical);
    assert_eq!((world.open(), holds(&world, 1)), (vec![1], vec![MAINTENANCE]));
    world.hard(web, "disk", CheckState::Ok);
    world.pass_beating(HOUR, &[web]);
    world.hard(web, "disk", CheckState::Critical);
    let newest = world.about(web, "disk").unwrap();
    assert_eq!(
        (newest.is_open(), newest.lane(), newest.holds.clone()),
        (true, Lane::New, vec![]),
        "the window is over"
    );
    world.check();
}

#[test]
fn what_resolved_in_a_window_and_comes_back_behind_it_is_not_held() {
    let (mut world, web, _) = world();
    open(&mut world, "client:acme", once(min(10)));
    world.hard(web, "disk", CheckState::Critical);
    world.pass_beating(min(5), &[web]);
    world.hard(web, "disk", CheckState::Ok);
    world.pass_beating(min(6), &[web]);
    world.hard(web, "disk", CheckState::Critical);
    assert_eq!(
        (world.open(), world.alert(AlertId(1)).lane()),
        (vec![1], Lane::New),
        "the same alert, without the hold"
    );
    world.check();
}

#[test]
fn a_window_catches_what_is_open_when_it_begins_and_its_preview_said_so() {
    let (mut world, web, shop) = world();
    for host in [web, shop] {
        world.hard(host, "disk", CheckState::Critical);
        world.hard(host, "load", CheckState::Warning);
    }
    let mut trial =
        world.action(&operator(), ids(&[]), Verb::OpenWindow(Box::new(request("* check:disk", once(HOUR)))));
    trial.dry_run = true;
    let preview = world.feed(Input::Action(trial)).unwrap();
    assert_eq!((preview.done.clone(), preview.revision), (vec![1, 3], None));
    let counts: Vec<_> = preview
        .window
        .as_ref()
        .unwrap()
        .ledger
        .iter()
        .map(|(client, caught)| (client.as_str(), caught.count))
        .collect();
    assert_eq!(counts, [("acme", 1), ("other", 1)]);
    assert!(world.fleet.windows.is_empty(), "a rehearsal opens nothing");

    let expected = |count| WindowRequest { expected: Some(count), ..request("* check:disk", once(HOUR)) };
    assert!(said(open_as(&mut world, &operator(), expected(3))).contains("--expect 2"));
    let before = world.entries.len();
    open_as(&mut world, &operator(), expected(2)).unwrap();
    assert_eq!((world.entries.len() - before, count(&world, before)), (1, (2, 0)), "one entry");
    assert_eq!((holds(&world, 1), holds(&world, 2), holds(&world, 3)), (vec![MAINTENANCE], vec![], vec![MAINTENANCE]));
    assert_eq!(window(&world, FIRST).held(), 2);
    world.check();
}

#[test]
fn an_alert_that_no_longer_matches_loses_the_hold_and_one_that_comes_to_match_gets_it() {
    let (mut world, web, _) = world();
    open(&mut world, "host:web sev:warning", once(HOUR));
    world.hard(web, "disk", CheckState::Warning);
    assert_eq!(world.alert(AlertId(1)).lane(), Lane::Muted);
    world.hard(web, "disk", CheckState::Critical);
    assert_eq!(
        (world.alert(AlertId(1)).lane(), holds(&world, 1)),
        (Lane::New, vec![]),
        "critical is not what was foreseen"
    );
    world.hard(web, "disk", CheckState::Warning);
    assert_eq!(holds(&world, 1), [MAINTENANCE]);
    world.on(AlertId(1), ack(crate::fleet::alerts::Until::Worse));
    world.tell_words(web, "disk", CheckState::Warning, true, "other words").unwrap();
    assert_eq!(holds(&world, 1), [MAINTENANCE], "whoever has it, and whatever it says");
    world.check();
}

#[test]
fn of_overlapping_windows_each_ends_by_itself() {
    let (mut world, web, _) = world();
    let (long, short) = (open(&mut world, "host:web", once(HOUR)), open(&mut world, "client:acme", once(min(10))));
    world.hard(web, "disk", CheckState::Critical);
    assert_eq!(holds(&world, 1), [Hold::Maintenance(long), Hold::Maintenance(short)]);
    world.pass_beating(min(11), &[web]);
    assert_eq!((holds(&world, 1), world.alert(AlertId(1)).lane()), (vec![Hold::Maintenance(long)], Lane::Muted));
    world.act(&operator(), ids(&[]), end(long)).unwrap();
    assert_eq!((holds(&world, 1), world.alert(AlertId(1)).lane()), (vec![], Lane::New));
    world.check();
}

#[test]
fn a_window_over_midnight_comes_again_and_its_ledger_begins_anew() {
    let (mut world, web, _) = world();
    // Monday, 10:00
    let id = open(&mut world, "host:web", every("Mon,Tue 22:00 for 4h UTC"));
    assert_eq!(window(&world, id).state(), State::Waiting);
    world.pass_beating(HOUR * 11 + min(59), &[web]);
    world.hard(web, "early", CheckState::Critical);
    assert_eq!(world.alert(AlertId(1)).lane(), Lane::New);
    world.pass_beating(min(1), &[web]);
    assert_eq!((window(&world, id).state(), world.alert(AlertId(1)).lane()), (State::Active, Lane::Muted));
    world.pass_beating(HOUR * 3, &[web]);
    world.hard(web, "disk", CheckState::Critical);
    assert_eq!((holds(&world, 2), window(&world, id).held()), (vec![MAINTENANCE], 2), "Tuesday, 01:00");
    world.pass_beating(HOUR, &[web]);
    assert_eq!((window(&world, id).state(), world.fleet.alerts.count(Lane::New)), (State::Waiting, 2));
    assert_eq!(window(&world, id).held(), 2, "what the last time held back");
    world.hard(web, "early", CheckState::Ok);
    world.pass_beating(HOUR * 20, &[web]);
    let again = window(&world, id);
    assert_eq!((again.state(), again.begun, again.caught()), (State::Active, 2, vec![AlertId(2)]));
    world.check();
}

#[test]
fn a_clock_that_jumps_a_day_either_way_leaves_no_window_behind() {
    let day_ms = 86_400_000;
    let (mut world, web, _) = world();
    // Monday, 10:00: under way.
    let daily = open(&mut world, "host:web", every("daily 09:00 for 2h UTC"));
    let single = open(&mut world, "client:acme", once(HOUR * 2));
    world.hard(web, "disk", CheckState::Critical);
    assert_eq!(holds(&world, 1).len(), 2);
    world.set_clock(day_ms);
    world.pass(s(10));
    world.beat(web);
    assert_eq!(window(&world, single).state(), State::Over, "its end has passed by the clock on the wall");
    assert_eq!(
        (window(&world, daily).state(), holds(&world, 1)),
        (State::Active, vec![Hold::Maintenance(daily)]),
        "Tuesday, 10:00"
    );
    world.set_clock(-day_ms);
    world.pass(s(10));
    world.beat(web);
    assert_eq!(
        (window(&world, daily).state(), holds(&world, 1)),
        (State::Active, vec![Hold::Maintenance(daily)]),
        "Monday, 10:00"
    );

    // Ahead over a whole occurrence, and back again: it comes when the clock says so.
    world.pass_beating(HOUR * 10, &[web]);
    assert_eq!(window(&world, daily).state(), State::Waiting);
    let next = window(&world, daily).next.unwrap();
    world.set_clock(day_ms);
    world.pass(s(10));
    assert_eq!(window(&world, daily).next.unwrap().from, next.from + DAY, "missed, and not made up for");
    world.set_clock(-day_ms);
    world.pass(s(10));
    assert_eq!(window(&world, daily).next, Some(next));
    world.pass(next.from.since(world.now.wall));
    assert_eq!(window(&world, daily).state(), State::Active);
    world.check();
}

#[test]
fn a_single_window_that_has_begun_waits_when_the_clock_is_set_back_before_it() {
    let (mut world, web, _) = world();
    let from = world.now.wall + HOUR;
    let id = open(&mut world, "host:web", later(from, HOUR));
    world.pass_beating(HOUR + min(10), &[web]);
    world.hard(web, "disk", CheckState::Critical);
    assert_eq!(world.alert(AlertId(1)).lane(), Lane::Muted);
    world.set_clock(-(HOUR.as_millis() as i64));
    world.pass(s(10));
    assert_eq!((window(&world, id).state(), world.alert(AlertId(1)).lane()), (State::Waiting, Lane::New));
    world.beat(web);
    world.pass_beating(HOUR, &[web]);
    assert_eq!((window(&world, id).state(), world.alert(AlertId(1)).lane()), (State::Active, Lane::Muted));
    world.check();
}

#[test]
fn a_hub_that_was_away_begins_and_ends_windows_at_its_start() {
    let (mut world, web, _) = world();
    world.hard(web, "disk", CheckState::Critical);
    let from = world.now.wall + min(10);
    let id = open(&mut world, "host:web", later(from, HOUR));
    world.restart_after(min(20));
    world.settle();
    assert_eq!(
        (window(&world, id).state(), world.alert(AlertId(1)).lane()),
        (State::Active, Lane::Muted),
        "before silence is judged"
    );
    world.restart_after(HOUR);
    world.settle();
    assert_eq!((window(&world, id).state(), world.alert(AlertId(1)).lane()), (State::Over, Lane::New));
    world.check();
}

#[test]
fn thousands_of_alerts_are_held_and_let_go_in_bounded_entries() {
    let mut world = World::new();
    for host in 0..26 {
        let host = world.server(&format!("h{host}"));
        (0..100).for_each(|check| world.hard(host, &format!("c{check}"), CheckState::Warning));
    }
    let before = world.entries.len();
    let answer = open_as(&mut world, &operator(), request("client:acme", once(min(1)))).unwrap();
    assert_eq!(answer.done.len(), 2_600);
    world.settle();
    assert_eq!((world.entries.len() - before, world.fleet.alerts.count(Lane::Muted)), (3, 2_600));
    assert!(world.entries.iter().skip(before).all(|entry| entry.events.len() <= 1_003));
    assert_eq!((window(&world, FIRST).held(), window(&world, FIRST).caught().len()), (2_600, 1_000));
    let before = world.entries.len();
    let hosts: Vec<HostId> = world.fleet.hosts.present().map(|host| host.id).collect();
    world.pass_beating(min(1), &hosts);
    assert_eq!((count(&world, before), world.fleet.alerts.count(Lane::New)), ((0, 2_600), 2_600));
    world.check();
}

#[test]
fn a_window_is_ended_made_longer_and_shorter_by_hand() {
    let (mut world, web, _) = world();
    let id = open(&mut world, "host:web", once(HOUR));
    world.hard(web, "disk", CheckState::Critical);
    let longer = |longer| Verb::ChangeWindow { window: id, until: None, longer: Some(longer) };
    let changed = world.act(&operator(), ids(&[]), longer(HOUR)).unwrap().window.unwrap();
    assert_eq!(changed.active.unwrap().until, world.now.wall + HOUR * 2);
    world.pass_beating(HOUR + min(30), &[web]);
    assert_eq!(world.alert(AlertId(1)).lane(), Lane::Muted);
    let until = world.now.wall + min(5);
    world.act(&operator(), ids(&[]), Verb::ChangeWindow { window: id, until: Some(until), longer: None }).unwrap();
    world.pass_beating(min(5), &[web]);
    assert_eq!((window(&world, id).state(), world.alert(AlertId(1)).lane()), (State::Over, Lane::New));
    assert!(said(world.act(&operator(), ids(&[]), longer(HOUR))).contains("is over already"));
    assert!(said(world.act(&operator(), ids(&[]), end(id))).contains("is over already"));
    assert!(said(world.act(&operator(), ids(&[]), end(WindowId(9)))).contains("no window 9"));

    let id = open(&mut world, "host:web", once(HOUR));
    let answer = world.act(&operator(), ids(&[]), end(id)).unwrap();
    let over = window(&world, id).over.clone().unwrap();
    assert_eq!((answer.done, over.by.unwrap().as_str(), over.note.unwrap().as_str()), (vec![1], "mara", "done early"));
    assert_eq!(world.alert(AlertId(1)).lane(), Lane::New);
    world.check();
}

#[test]
fn what_comes_again_is_made_longer_only_while_it_lasts_and_not_into_the_next() {
    let (mut world, _, _) = world();
    let id = open(&mut world, "host:web", every("daily 09:00 for 2h UTC"));
    let longer = |longer| Verb::ChangeWindow { window: id, until: None, longer: Some(longer) };
    assert!(said(world.act(&operator(), ids(&[]), longer(HOUR * 23))).contains("into its next time"));
    world.act(&operator(), ids(&[]), longer(HOUR * 3)).unwrap();
    world.pass(HOUR * 4 - s(30));
    assert_eq!(window(&world, id).state(), State::Active);
    world.pass(s(30));
    assert_eq!(window(&world, id).state(), State::Waiting);
    assert_eq!(
        window(&world, id).next.unwrap().until.since(window(&world, id).next.unwrap().from),
        HOUR * 2,
        "this once"
    );
    assert!(said(world.act(&operator(), ids(&[]), longer(HOUR))).contains("waits for its next time"));
    world.check();
}

#[test]
fn a_request_that_can_not_be_is_refused_with_what_to_do() {
    let (mut world, _, _) = world();
    let now = world.now.wall;
    for (filter, times, word) in [
        ("check:disk", once(HOUR), "write * for the whole fleet"),
        ("host:web lane:new", once(HOUR), "does not follow lane:"),
        ("host:web", once(DAY * 400), "more than a year"),
        ("host:web", later(now + DAY * 400, HOUR), "more than a year"),
        ("host:web", TimesAsked::Once { from: None, until: None, length: None }, "--for 2h"),
        ("host:web", TimesAsked::Once { from: None, until: Some(now - HOUR), length: None }, "has passed"),
        (
            "host:web",
            TimesAsked::Once { from: Some(now + HOUR), until: Some(now + min(5)), length: None },
            "before it begins",
        ),
        ("host:web", every("Toe 22:00 for 4h"), "\"Toe\" is no day"),
        ("host:web", every("daily 22:00 for 1h from 2026-01-01 until 2026-02-01"), "has passed"),
    ] {
        let refused = said(open_as(&mut world, &operator(), request(filter, times)));
        assert!(refused.contains(word), "{filter}: {refused}");
    }
    let zone = TimesAsked::Recurring { words: "daily 02:00 for 1h".to_owned(), zone: "Mars/Base".to_owned() };
    assert!(said(open_as(&mut world, &operator(), request("host:web", zone))).contains("Mars/Base"));
    let viewer = crate::fleet::rules::fixture::asker("vera", Role::Viewer);
    assert!(matches!(open_as(&mut world, &viewer, request("host:web", once(HOUR))), Err(Refusal::NotPermitted(_))));
    assert!(world.fleet.windows.is_empty());
}

#[test]
fn who_is_limited_to_a_client_holds_back_and_ends_no_more_than_theirs() {
    let (mut world, web, shop) = world();
    world.hard(web, "disk", CheckState::Critical);
    world.hard(shop, "disk", CheckState::Critical);
    let lee = scoped(Role::Operator, "other");
    let answer = open_as(&mut world, &lee, request("check:disk", once(HOUR))).unwrap();
    assert_eq!((answer.done, holds(&world, 1)), (vec![2], vec![]));
    open(&mut world, "client:acme", once(HOUR));
    open(&mut world, "*", once(HOUR));
    assert!(matches!(world.act(&lee, ids(&[]), end(WindowId(2))), Err(Refusal::NotFound(_))), "not theirs to see");
    assert!(matches!(world.act(&lee, ids(&[]), end(WindowId(3))), Err(Refusal::NotPermitted(_))));
    world.act(&lee, ids(&[]), end(WindowId(1))).unwrap();
    world.act(&admin(), ids(&[]), end(WindowId(3))).unwrap();
    world.check();
}

#[test]
fn a_client_is_known_by_its_name_too() {
    let (mut world, _, _) = world();
    let id = open(&mut world, "client:ACME host:web", once(HOUR));
    assert_eq!(window(&world, id).client.as_ref().map(|client| client.as_str()), Some("acme"));
    let id = open(&mut world, "client:acme,other", once(HOUR));
    assert_eq!(window(&world, id).client, None);
}

/// Which of two alerts, web's disk (critical, acme) and shop's load (warning, other), a scope speaks of.
#[test]
fn scopes_match_what_they_name() {
    let (mut world, web, shop) = world();
    world.hard(web, "disk", CheckState::Critical);
    world.hard(shop, "load", CheckState::Warning);
    for (filter, matched) in [
        ("client:acme", &[1][..]),
        ("host:web,shop", &[1, 2]),
        ("host:w*", &[1]),
        ("* check:disk", &[1]),
        ("* sev:warning", &[2]),
        ("* sev>=warning", &[1, 2]),
        ("* class:server", &[1]),
        ("* class:server,laptop", &[1, 2]),
        ("* class:appliance", &[]),
        ("* not:check:disk", &[2]),
        ("* disk", &[1]),
        ("* open", &[]),
        ("* new", &[]),
        ("* text:host", &[]),
        ("site:here", &[1, 2]),
    ] {
        let mut action = world.action(&operator(), ids(&[]), Verb::OpenWindow(Box::new(request(filter, once(HOUR)))));
        action.dry_run = true;
        assert_eq!(world.feed(Input::Action(action)).unwrap().done, matched, "{filter}");
    }
    let is = |name: &str, value: &str| Matcher::new(name, value, false, true).unwrap();
    let like = |name: &str, value: &str| Matcher::new(name, value, true, true).unwrap();
    let not = |name: &str, value: &str| Matcher::new(name, value, false, false).unwrap();
    for (matchers, matched) in [
        (vec![is("alertname", "disk")], &[1][..]),
        (vec![like("alertname", "disk|load")], &[1, 2]),
        (vec![like("alertname", "dis")], &[]),
        (vec![is("severity", "critical"), is("client", "acme")], &[1]),
        (vec![is("severity", "critical"), not("client", "acme")], &[]),
        (vec![is("instance", "shop"), not("nothing", "x")], &[2]),
        (vec![is("host", "web"), is("nothing", "")], &[1]),
        (vec![is("subject", &format!("check:{web}/disk"))], &[1]),
    ] {
        let request = WindowRequest { scope: Scope::Matchers(matchers.clone()), ..request("*", once(HOUR)) };
        let mut action = world.action(&operator(), ids(&[]), Verb::OpenWindow(Box::new(request)));
        action.dry_run = true;
        assert_eq!(world.feed(Input::Action(action)).unwrap().done, matched, "{matchers:?}");
    }
    world.check();
}

#[test]
fn what_is_over_leaves_the_state_after_a_week() {
    let (mut world, _, _) = world();
    open(&mut world, "host:web", once(HOUR));
    world.pass(HOUR);
    assert_eq!(window(&world, FIRST).state(), State::Over);
    world.now = world.now.after(DAY * 7);
    world.settle();
    world.pass(min(1));
    assert!(world.fleet.windows.is_empty());
    let archived = world.entries.iter().flat_map(|entry| &entry.events);
    let archived = archived.filter(|(_, event)| matches!(event, Event::Windows(WindowEvent::Archived { .. })));
    assert_eq!(archived.count(), 1);
    assert_eq!(open(&mut world, "host:web", once(HOUR)), WindowId(2), "numbers are never used again");
    world.check();
}

#[test]
fn nobody_is_told_of_what_is_held_and_afterwards_only_of_what_still_fails() {
    let (mut world, web, _) = world();
    let oncall = OnCallConfiguration {
        people: vec![person("anna", &["mail"])],
        policies: vec![policy("default", &[(Duration::ZERO, vec!["anna"])], HOUR, 2)],
        ..OnCallConfiguration::default()
    };
    world.live.configuration = Arc::new(Configuration { oncall, ..Configuration::default() });
    let told = |world: &World, alert: u64| {
        let notices = world.fleet.notices.notices.values();
        notices.filter(|notice| notice.alerts.contains(&AlertId(alert))).count()
    };
    open(&mut world, "host:web", once(HOUR));
    for check in ["disk", "load"] {
        world.hard(web, check, CheckState::Critical);
    }
    world.pass_beating(min(59), &[web]);
    assert_eq!((told(&world, 1), told(&world, 2), world.alert(AlertId(1)).lane()), (0, 0, Lane::Muted));
    world.pass_beating(min(1), &[web]);
    assert_eq!((told(&world, 1), told(&world, 2)), (0, 0), "first it is asked how it is now");
    assert_eq!(world.alert(AlertId(2)).lane(), Lane::New);
    world.hard(web, "load", CheckState::Ok);
    // Less than a channel has to take a notice: nobody takes it here.
    world.pass_beating(s(50), &[web]);
    assert_eq!((told(&world, 1), told(&world, 2)), (1, 0), "of what still fails, once, and of nothing else");
    world.check();
}
