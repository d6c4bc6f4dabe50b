//! What must hold whatever happens, in whatever order, over simulated hours.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;

use crate::fleet::alerts::{self, Hold, Lane, Subject, Until};
use crate::fleet::checks::Attempts;
use crate::fleet::configuration::{Configuration, OnCallConfiguration};
use crate::fleet::identity::Role;
use crate::fleet::rules::fixture::{
    World, admin, asker, filter, grant, ids, min, operator, person, policy, s, scoped, text,
};
use crate::fleet::rules::input::{Action, Admission, Input, NoticeReport, TimesAsked, Verb, WindowRequest};
use crate::fleet::rules::windows::holding::holds_for;
use crate::fleet::rules::{folding, timers};
use crate::fleet::state::{Cause, Entry, Event, Fleet};
use crate::fleet::windows::Scope;
use crate::fleet::words::filter::Filter;
use crate::fleet::words::{AlertId, CheckState, HostClass, HostId, NoticeId, Revision, WindowId};
use crate::fleet::{checks, hosts, identity, notices};

const CHECKS: [&str; 3] = ["cpu", "disk", "load"];
const MAX_ATTEMPTS: u32 = 2;

/// One thing that happens.
#[derive(Clone, Debug)]
enum Step {
    Enrol(HostClass),
    Admit(usize),
    /// A check of a host runs and finds this; its agent counts attempts.
    Result(usize, usize, CheckState),
    Gone(usize, usize),
    Beat(usize),
    Goodbye(usize),
    Retire(usize),
    /// A second machine with a host's certificate is noticed.
    Contest(usize),
    Act(u64, Word, bool),
    ActOnAll(&'static str, Word),
    /// A window on what a filter matches, from so many minutes ahead, for so many.
    Window(&'static str, u64, u64),
    /// One that comes again.
    Every(&'static str),
    EndWindow(u64),
    Pass(u64),
    PassBeating(u64),
    SetClock(i64),
    Restart,
    /// What became of a notice.
    Report(u64, u32, u8),
    /// A rule holds an alert back, or lets it go.
    Hold(u64, bool),
}

#[derive(Clone, Copy, Debug)]
enum Word {
    Acknowledge(Option<bool>),
    Escalate,
    Release,
    Snooze,
    Note,
    Close,
    Check,
    Remind,
}

fn step() -> impl Strategy<Value = Step> {
    let (host, check) = (0..6_usize, 0..CHECKS.len());
    let state = proptest::sample::select(&CheckState::ALL[..]);
    let word = prop_oneof![
        proptest::option::of(any::<bool>()).prop_map(Word::Acknowledge),
        Just(Word::Escalate),
        Just(Word::Release),
        Just(Word::Snooze),
        Just(Word::Note),
        Just(Word::Close),
        Just(Word::Check),
        Just(Word::Remind),
    ];
    let filters =
        proptest::sample::select(&["*", "sev:critical", "lane:new", "open:2m+", "seen:1m+", "state:down"][..]);
    let scopes = proptest::sample::select(&["*", "* sev:warning", "host:h", "client:synthetic", "* check:disk"][..]);
    let every =
        proptest::sample::select(&["daily 10:01 for 1m UTC", "Mon 09:00 for 2h UTC", "daily 22:00 for 23h UTC"][..]);
    prop_oneof![
        2 => (scopes, 0..5_u64, 1..15_u64).prop_map(|(filter, from, length)| Step::Window(filter, from, length)),
        1 => every.prop_map(Step::Every),
        1 => (1..6_u64).prop_map(Step::EndWindow),
        2 => proptest::sample::select(&HostClass::ALL[..]).prop_map(Step::Enrol),
        1 => (1..3_usize).prop_map(Step::Admit),
        16 => (host.clone(), check.clone(), state).prop_map(|(host, check, state)| Step::Result(host, check, state)),
        1 => (host.clone(), check).prop_map(|(host, check)| Step::Gone(host, check)),
        6 => host.clone().prop_map(Step::Beat),
        1 => host.clone().prop_map(Step::Goodbye),
        1 => host.clone().prop_map(Step::Contest),
        1 => host.prop_map(Step::Retire),
        8 => (0..12_u64, word.clone(), any::<bool>()).prop_map(|(alert, word, old)| Step::Act(alert, word, old)),
        2 => (filters, word).prop_map(|(filter, word)| Step::ActOnAll(filter, word)),
        6 => (1..120_u64).prop_map(Step::Pass),
        3 => (1..900_u64).prop_map(Step::PassBeating),
        1 => (-90_000_000..90_000_000_i64).prop_map(Step::SetClock),
        1 => Just(Step::Restart),
        4 => (1..40_u64, 0..2_u32, 0..4_u8).prop_map(|(notice, channel, how)| Step::Report(notice, channel, how)),
        3 => (0..12_u64, any::<bool>()).prop_map(|(alert, held)| Step::Hold(alert, held)),
    ]
}

/// A world and what an observer notes about it.
struct Story {
    world: World,
    agents: BTreeMap<(HostId, &'static str), Attempts>,
    /// What the newest confirmed result of each check was.
    confirmed: BTreeMap<(HostId, &'static str), CheckState>,
    /// The fleet up to the entries looked at.
    shadow: Fleet,
    looked_at: usize,
}

impl Story {
    /// A fleet in which anna is told first, then both; bert has no channel.
    fn new() -> Self {
        let mut world = World::new();
        let steps = [(s(0), vec!["anna"]), (min(2), vec!["bert", "channel:ops"]), (min(1), vec!["schedule:none"])];
        let oncall = OnCallConfiguration {
            people: vec![person("anna", &["sms", "mail"]), person("bert", &[])],
            policies: vec![policy("default", &steps, min(5), 2)],
            ..OnCallConfiguration::default()
        };
        world.live.configuration = Arc::new(Configuration { oncall, ..Configuration::default() });
        Self { world, agents: BTreeMap::new(), confirmed: BTreeMap::new(), shadow: Fleet::default(), looked_at: 0 }
    }

    /// Whatever is open is in somebody's hands, counts down to a notice, or says why not.
    fn nothing_is_forgotten(&self) {
        for alert in self.world.fleet.alerts.open().filter(|alert| alert.lane() == Lane::New) {
            let plan = alert.plan.as_deref();
            let cared_for = plan.is_some_and(|plan| plan.next.is_some() || !plan.why.is_empty());
            assert!(cared_for, "alert {} of {:?} is nobody's: {plan:?}", alert.id, alert.subject);
        }
    }

    /// Nobody is told of what somebody has or something holds back, unless a person asks for it; who hears of an end was
    /// told of the beginning.
    fn nobody_is_told_in_vain(&mut self) {
        for entry in &self.world.entries[self.looked_at..] {
            for told in &entry.events {
                if let Event::Alerts(event) = &told.1
                    && let Some(before) = self.shadow.alerts.alerts.get(&event.alert())
                {
                    let by_rule = entry.actor.cause == Cause::Rule;
                    match event {
                        alerts::Event::Notified { to, .. } => {
                            assert!(before.is_open() && !to.is_empty());
                            assert!(
                                !by_rule || before.lane() == Lane::New,
                                "alert {} is {:?}",
                                before.id,
                                before.lane()
                            );
                        }
                        alerts::Event::RecoveryTold { .. } => assert!(before.owes_recovery()),
                        alerts::Event::Planned { .. } => assert!(before.is_open()),
                        _ => {}
                    }
                }
                self.shadow.apply(&Entry { events: vec![told.clone()], ..entry.clone() });
            }
        }
        self.looked_at = self.world.entries.len();
    }

    fn host(&self, number: usize) -> Option<HostId> {
        let present: Vec<HostId> = self.world.fleet.hosts.present().map(|host| host.id).collect();
        (!present.is_empty()).then(|| present[number % present.len()])
    }

    fn verb(&self, word: Word) -> Verb {
        let later = self.world.now.wall + min(3);
        match word {
            Word::Acknowledge(None) => Verb::Acknowledge { until: Until::Time(later), limit: None, note: text("") },
            Word::Acknowledge(Some(worse)) => {
                let until = if worse { Until::Worse } else { Until::Resolved };
                Verb::Acknowledge { until, limit: None, note: text("mine") }
            }
            Word::Escalate => Verb::Escalate { note: text("") },
            Word::Release => Verb::Release { to: None, note: text("") },
            Word::Snooze => Verb::Snooze { until: later, note: text("") },
            Word::Note => Verb::Note { note: text("seen") },
            Word::Close => Verb::Close { note: text("") },
            Word::Check => Verb::CheckNow { host: None, check: None },
            Word::Remind => Verb::Remind { at: later, text: text("call them") },
        }
    }

    fn take(&mut self, step: &Step) {
        let host = |number: &usize| self.host(*number);
        match step {
            Step::Enrol(class) => {
                let secret = self.world.drawn_hash();
                self.world
                    .grant(crate::fleet::rules::input::TokenGrant { class: *class, ..grant(secret, Role::Agent) })
                    .unwrap();
                self.world.enrol(secret, "h").unwrap();
            }
            Step::Admit(count) => {
                let agents = vec![Admission { key_hash: [1; 32], name: None }; *count];
                self.world.feed(Input::Admit { asker: admin(), agents }).unwrap();
            }
            Step::Result(number, check, state) => {
                let Some(host) = host(number) else { return };
                let check = CHECKS[*check];
                let attempts = self.agents.entry((host, check)).or_default();
                let (next, transition) = attempts.observe(*state, MAX_ATTEMPTS);
                *attempts = next;
                if transition != checks::Transition::None {
                    self.world.tell(host, check, next.state, next.hard).unwrap();
                    if next.hard {
                        self.confirmed.insert((host, check), next.state);
                    }
                }
            }
            Step::Gone(number, check) => {
                let Some(host) = host(number) else { return };
                let check = CHECKS[*check];
                self.world.gone(host, check);
                self.agents.remove(&(host, check));
                self.confirmed.remove(&(host, check));
            }
            Step::Beat(number) => {
                if let Some(host) = host(number) {
                    self.world.beat(host);
                }
            }
            Step::Goodbye(number) => {
                if let Some(host) = host(number) {
                    self.world.feed(Input::Goodbye { host, reason: text("bye") }).unwrap();
                }
            }
            Step::Retire(number) => {
                if let Some(host) = host(number) {
                    self.world.act(&admin(), ids(&[]), Verb::RetireHost(host)).unwrap();
                    self.confirmed.retain(|(of, _), _| *of != host);
                }
            }
            Step::Contest(number) => {
                if let Some(host) = host(number) {
                    self.world.live.hosts.entry(host).or_default().contested = Some(self.world.now);
                }
            }
            Step::Act(alert, word, old) => {
                let verb = self.verb(*word);
                let lee = scoped(Role::Operator, "synthetic");
                let asker = if *old { lee } else { operator() };
                let mut action = self.world.action(&asker, ids(&[AlertId(*alert)]), verb);
                if *old {
                    action.seen = Revision(action.seen.0 / 2);
                }
                let answer = self.world.feed(Input::Action(action)).unwrap();
                for done in answer.done.iter().filter(|_| *old) {
                    let client = &self.world.alert(AlertId(*done)).client;
                    assert_eq!(client.as_str(), "synthetic", "alert {done} is not theirs");
                }
            }
            Step::ActOnAll(all, word) => {
                let verb = self.verb(*word);
                let action: Action = self.world.action(&asker("kim", Role::Admin), filter(all, None), verb);
                self.world.feed(Input::Action(action)).unwrap();
            }
            Step::Window(filter, from, length) => {
                let (from, length) = (Some(self.world.now.wall + min(*from)), Some(min(*length)));
                self.open(filter, TimesAsked::Once { from, until: None, length });
            }
            Step::Every(words) => {
                let (words, zone) = ((*words).to_owned(), String::new());
                self.open("*", TimesAsked::Recurring { words, zone });
            }
            Step::EndWindow(number) => {
                let verb = Verb::CloseWindow { window: WindowId(*number), note: text("") };
                // There may be none, or it is over.
                let _ = self.world.act(&operator(), ids(&[]), verb);
            }
            Step::Pass(seconds) => self.pass(s(*seconds)),
            Step::PassBeating(seconds) => {
                let hosts: Vec<HostId> = self.world.fleet.hosts.present().map(|host| host.id).collect();
                self.world.pass_beating(s(*seconds), &hosts);
            }
            Step::Report(notice, channel, how) => {
                let report = match how {
                    0 => NoticeReport::Sent(text("ok")),
                    1 => NoticeReport::Delivered(text("there")),
                    2 => NoticeReport::Refused(text("no such address")),
                    _ => NoticeReport::Answered { by: text("anna"), how: text("link") },
                };
                let known = self.world.fleet.notices.notices.contains_key(&NoticeId(*notice));
                let input = Input::NoticeReported { notice: NoticeId(*notice), channel: *channel, report };
                assert_eq!(self.world.feed(input).is_ok(), known);
            }
            Step::Hold(alert, held) => {
                let alert = AlertId(*alert);
                let known = self.world.fleet.alerts.alerts.get(&alert);
                if known.is_some_and(|alert| alert.is_open()) {
                    let hold = alerts::Hold::Healing;
                    let event = if *held {
                        alerts::Event::Held { alert, hold }
                    } else {
                        alerts::Event::HoldEnded { alert, hold }
                    };
                    self.world.event(event);
                }
            }
            Step::SetClock(by) => self.world.set_clock(*by),
            Step::Restart => self.world.restart(),
        }
    }

    /// Time passes to the moment at which something is promised, and at no moment before it is anything due.
    fn pass(&mut self, span: Duration) {
        let world = &mut self.world;
        let end = world.now.after(span);
        world.settle();
        while world.now.mono < end.mono {
            let next = timers::next_due(&world.fleet, &world.live, world.now);
            let wait = next.min(end.mono).since(world.now.mono).max(Duration::from_millis(1));
            for part in [3, 2, 1] {
                let between = world.now.after((wait / part).saturating_sub(Duration::from_millis(1)));
                if between.mono < next && between.mono > world.now.mono {
                    let early = timers::due(&world.fleet, &world.ledger, &world.live, between);
                    assert_eq!(early.events, Vec::new(), "promised for {next:?}, due at {:?}", between.mono);
                }
            }
            world.now = world.now.after(wait);
            world.settle();
        }
    }

    fn open(&mut self, filter: &str, times: TimesAsked) {
        let scope = Scope::Filter(Filter::parse(filter).unwrap());
        let request = WindowRequest { name: text("work"), scope, times, expected: None };
        self.world.act(&operator(), ids(&[]), Verb::OpenWindow(Box::new(request))).unwrap();
    }

    /// What an alert says of a check is what its agent confirmed, and it is held back by the windows that speak of it
    /// while they last, and by no other.
    fn agrees(&self) {
        let world = &self.world;
        for window in world.fleet.windows.active() {
            // A clock that is set back by seconds ends nothing.
            let lasts = |now| now < window.active.unwrap().until && window.active.unwrap().from <= now + s(60);
            assert!(lasts(world.now.wall), "{window:?} lasts");
        }
        for alert in world.fleet.alerts.open() {
            let held: Vec<Hold> =
                alert.holds.iter().copied().filter(|hold| matches!(hold, Hold::Maintenance(_))).collect();
            assert_eq!(held, holds_for(&world.fleet, alert), "{}", alert.subject);
        }
        for alert in world.fleet.alerts.alerts.values().filter(|alert| !alert.is_open()) {
            assert_eq!(alert.snooze, None, "{} is over", alert.subject);
        }
        for alert in world.fleet.alerts.open() {
            match &alert.subject {
                Subject::Check { host, check } => {
                    let confirmed = self.confirmed.get(&(*host, check_name(check.as_str()))).copied();
                    assert!(confirmed.is_some_and(CheckState::is_problem), "{}: {confirmed:?}", alert.subject);
                    assert_eq!(Some(alert.level), confirmed, "{}", alert.subject);
                }
                Subject::Host(host) => assert_eq!(world.host(*host).state, hosts::HostState::Down),
                Subject::Site(site) => {
                    let of_site =
                        |host: &&std::sync::Arc<hosts::Host>| host.client == alert.client && host.site == *site;
                    let up =
                        world.fleet.hosts.present().filter(of_site).find(|host| host.state == hosts::HostState::Up);
                    assert_eq!(up, None, "whoever is up proves that the line lives");
                }
                Subject::External { .. } => {
                    let host = alert.host.expect("it is about a host");
                    assert!(world.live.hosts.get(&host).is_some_and(|known| known.contested.is_some()));
                }
                other => panic!("an alert about {other}"),
            }
        }
        for ((host, check), state) in &self.confirmed {
            let about = world.about(*host, check);
            if state.is_problem() {
                let closed = about.is_none_or(|alert| alert.closed_by_hand);
                assert!(about.is_some_and(alerts::Alert::is_open) || closed, "{check} of {host} is {state}");
            } else {
                assert!(about.is_none_or(|alert| !alert.is_open()), "{check} of {host} is {state}");
            }
        }
    }

    /// Once all that is due is done, nothing rings that hangs on what rings, and nothing is held back behind what is over.
    fn rings_once(&mut self) {
        self.world.settle();
        let fleet = &self.world.fleet;
        for root in fleet.alerts.roots() {
            for alert in folding::holds::children(fleet, root) {
                assert!(alert.holds.contains(&Hold::Parent(root.id)), "{} under {}", alert.subject, root.subject);
            }
        }
        for (hold, id) in fleet.alerts.holds() {
            match hold {
                Hold::Parent(parent) => assert!(self.world.alert(parent).is_open(), "{id} behind {parent}"),
                Hold::Flapping => {
                    let about = &self.world.alert(id).subject;
                    let Subject::Check { host, check } = about else { panic!("{about} flaps") };
                    assert!(fleet.checks.get(*host, check).is_some_and(|check| check.flapping), "{about}");
                }
                Hold::Maintenance(_) | Hold::Healing => {}
            }
        }
        for check in fleet.checks.flapping() {
            let about = self.world.about(check.host, check.check.as_str()).filter(|alert| alert.is_open());
            assert!(about.is_none_or(|alert| alert.holds.contains(&Hold::Flapping)), "{} flaps", check.check);
        }
    }

    /// Numbers of each kind are drawn once.
    fn numbers_are_new(&self) {
        let mut drawn = BTreeSet::new();
        for event in self.world.events_since(0) {
            let number = match event {
                Event::Hosts(hosts::Event::Enrolled { host, .. }) => ("host", host.0),
                Event::Alerts(alerts::Event::Opened { alert, .. }) => ("alert", alert.0),
                Event::Identity(identity::Event::Recorded(identity)) => ("identity", identity.id.0),
                Event::Identity(identity::Event::TokenCreated(token)) => ("token", token.id.0),
                Event::Notices(notices::Event::Queued(notice)) => ("notice", notice.id.0),
                _ => continue,
            };
            assert!(drawn.insert(number), "{number:?} was drawn twice");
        }
    }
}

fn check_name(name: &str) -> &'static str {
    CHECKS.into_iter().find(|check| *check == name).unwrap_or("none")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn the_rules_keep_their_promises(steps in vec(step(), 1..120)) {
        let mut story = Story::new();
        for step in &steps {
            story.take(step);
            story.agrees();
            story.rings_once();
            story.nothing_is_forgotten();
            story.nobody_is_told_in_vain();
        }
        story.world.check();
        story.numbers_are_new();
        story.world.settle();
    }
}
