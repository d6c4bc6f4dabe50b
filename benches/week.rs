//! A week of a fleet through the rules: 1,000 hosts, 10 checks each, a result of every check every 5 minutes, which are
//! 20,160,000 results, with faults drawn from a seed. `cargo bench --bench week`
//!
//! Pure code, as the core calls it. What the agent does is done, too: each result goes through its count of attempts; what
//! changed is told as a fact, decided and applied, and anything else is a reading. Deadlines are looked at with every round
//! of results and whenever the rules say that something is due. Faults: single checks that fail for a while, hosts that
//! fall silent, checks that flap; an operator takes what is new once in ten minutes. At the end nothing may be open that
//! the last results do not say, and whoever was told must have been told of the end.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a bench fails by panicking and prints")]

use std::sync::Arc;
use std::time::{Duration, Instant as StdInstant};

use watchfloor::fleet::alerts::{self, Until};
use watchfloor::fleet::checks::{Attempts, Transition};
use watchfloor::fleet::configuration::Configuration;
use watchfloor::fleet::fact::{Fact, FactBody};
use watchfloor::fleet::identity::Role;
use watchfloor::fleet::rules::decide::decide;
use watchfloor::fleet::rules::input::{Action, Admission, Asker, Input, Targets, Verb};
use watchfloor::fleet::rules::ledger::Ledger;
use watchfloor::fleet::rules::live::{Live, Reading};
use watchfloor::fleet::rules::timers;
use watchfloor::fleet::state::{Cause, Entry, Event, Fleet};
use watchfloor::fleet::words::filter::Filter;
use watchfloor::fleet::words::{ActionId, CheckName, CheckState, HostId, Instant, Now, SafeText, StreamId, Timestamp};
use watchfloor::settings;

const HOSTS: usize = 1_000;
const CHECKS: usize = 10;
const EVERY: Duration = Duration::from_secs(300);
const ROUNDS: usize = 7 * 24 * 12;
const POLICIES: &str = r#"
[channels.pager]
kind = "command"
argv = ["page"]
[people.anna]
channels = ["pager:1"]
[people.bert]
channels = ["pager:2"]
[policies.default]
repeat = "30m"
rounds = 4
[[policies.default.step]]
to = ["anna"]
[[policies.default.step]]
after = "15m"
to = ["bert"]
"#;

fn main() {
    let began = StdInstant::now();
    let mut week = Week::new();
    let mut slowest = Duration::ZERO;
    for round in 0..ROUNDS {
        let one = StdInstant::now();
        week.round(round);
        slowest = slowest.max(one.elapsed());
    }
    let took = began.elapsed();
    let results = HOSTS * CHECKS * ROUNDS;
    println!(
        "a week of {HOSTS} hosts x {CHECKS} checks every {} min: {results} results, {} facts, {} entries, {} alerts opened, {} notices",
        EVERY.as_secs() / 60,
        week.facts,
        week.entries,
        week.opened,
        week.notices,
    );
    println!(
        "took {took:?} ({:.1} million results/s), the slowest round {slowest:?}",
        results as f64 / 1e6 / took.as_secs_f64()
    );
    println!("  <= 10 s: {}", if took <= Duration::from_secs(10) { "reached" } else { "MISSED" });
    week.check();
}

struct Week {
    fleet: Fleet,
    ledger: Ledger,
    live: Live,
    now: Now,
    hosts: Vec<HostId>,
    names: Vec<CheckName>,
    agents: Vec<Attempts>,
    /// Until which round each check fails.
    failing: Vec<usize>,
    /// Until which round each host is silent.
    silent: Vec<usize>,
    seed: u64,
    facts: u64,
    entries: u64,
    opened: u64,
    notices: u64,
    acts: u128,
}

impl Week {
    fn new() -> Self {
        let now = Now { wall: Timestamp(1_780_308_000_000), mono: Instant(3_600_000) };
        let texts = vec![("policies.toml".to_owned(), POLICIES.to_owned())];
        let loaded = settings::hub::parse(texts, jiff::tz::TimeZone::UTC).unwrap();
        // Heartbeats come with the results, so that a round is one moment.
        let configuration = Configuration { heartbeat: EVERY, ..loaded.configuration };
        let mut week = Self {
            fleet: Fleet::default(),
            ledger: Ledger::default(),
            live: Live::new(now, Arc::new(configuration)),
            now,
            hosts: Vec::new(),
            names: (0..CHECKS).map(|check| CheckName::new(format!("check-{check}"))).collect(),
            agents: vec![Attempts::default(); HOSTS * CHECKS],
            failing: vec![0; HOSTS * CHECKS],
            silent: vec![0; HOSTS],
            seed: 7,
            facts: 0,
            entries: 0,
            opened: 0,
            notices: 0,
            acts: 0,
        };
        week.feed(&Input::Started { version: SafeText::new("1"), name: SafeText::new("week") });
        let agents = (0..HOSTS).map(|_| Admission { key_hash: [1; 32], name: None }).collect();
        let input = Input::Admit { asker: asker(), agents };
        let answer = decide(&week.fleet, &week.ledger, &week.live, &input, week.now).unwrap();
        week.hosts = answer.answer.recorded.iter().filter_map(|one| one.host).collect();
        week.feed(&input);
        week
    }

    /// The next number, evenly over all there are (splitmix64).
    fn draw(&mut self, below: u64) -> u64 {
        self.seed = self.seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.seed;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % below
    }

    fn feed(&mut self, input: &Input) {
        let decision = decide(&self.fleet, &self.ledger, &self.live, input, self.now).unwrap();
        if decision.events.is_empty() {
            return;
        }
        for (_, event) in &decision.events {
            match event {
                Event::Alerts(alerts::Event::Opened { .. }) => self.opened += 1,
                Event::Notices(watchfloor::fleet::notices::Event::Queued(_)) => self.notices += 1,
                _ => {}
            }
        }
        let revision = self.fleet.revision.next();
        let entry = Entry { revision, at: self.now.wall, actor: decision.actor, events: decision.events };
        self.fleet.apply(&entry);
        self.ledger.counters.follow(&entry);
        self.entries += 1;
    }

    fn settle(&mut self) {
        loop {
            let before = self.fleet.revision;
            self.feed(&Input::Due);
            if self.fleet.revision == before {
                return;
            }
        }
    }

    fn round(&mut self, round: usize) {
        // A dozen faults begin in each round; one host in three rounds falls silent for up to an hour.
        for _ in 0..12 {
            let at = usize::try_from(self.draw((HOSTS * CHECKS) as u64)).unwrap();
            self.failing[at] = round + 1 + usize::try_from(self.draw(24)).unwrap();
        }
        if self.draw(3) == 0 {
            let host = usize::try_from(self.draw(HOSTS as u64)).unwrap();
            self.silent[host] = round + 2 + usize::try_from(self.draw(12)).unwrap();
        }
        for host in 0..HOSTS {
            if self.silent[host] > round {
                continue;
            }
            let id = self.hosts[host];
            self.live.hosts.entry(id).or_default().last_seen = Some(self.now);
            if self.fleet.hosts.hosts[&id].state != watchfloor::fleet::hosts::HostState::Up {
                self.feed(&Input::Heard(id));
            }
            for check in 0..CHECKS {
                self.result(round, host, check);
            }
        }
        self.settle();
        if round.is_multiple_of(2) {
            self.acts += 1;
            self.feed(&Input::Action(Action {
                id: ActionId(self.acts),
                asker: asker(),
                seen: self.fleet.revision,
                targets: Targets::Filter { filter: Filter::parse("lane:new open:10m+").unwrap(), expected: None },
                dry_run: false,
                verb: Verb::Acknowledge { until: Until::Worse, limit: None, note: SafeText::default() },
            }));
        }
        // What is due between two rounds happens when it is due, within half a minute.
        let end = self.now.after(EVERY);
        while self.now.mono < end.mono {
            let next = timers::next_due(&self.fleet, &self.live, self.now).max(self.now.mono + Duration::from_secs(30));
            self.now = self.now.after(next.min(end.mono).since(self.now.mono));
            self.settle();
        }
    }

    fn result(&mut self, round: usize, host: usize, check: usize) {
        let at = host * CHECKS + check;
        // One check of the first ten hosts flaps all week.
        let flaps = check == 0 && host < 10 && round.is_multiple_of(2);
        let state = if self.failing[at] > round || flaps { CheckState::Critical } else { CheckState::Ok };
        let (next, transition) = self.agents[at].observe(state, 2);
        self.agents[at] = next;
        let (id, name) = (self.hosts[host], self.names[check].clone());
        if transition == Transition::None {
            let known = self.live.hosts.entry(id).or_default();
            if let Some(reading) = known.readings.get_mut(&name) {
                reading.at = self.now;
                return;
            }
        }
        let summary = SafeText::new(if state == CheckState::Ok { "fine" } else { "failing" });
        let reading = Reading { state, summary: summary.clone(), perfdata: SafeText::default(), at: self.now };
        self.live.hosts.entry(id).or_default().learn(name.clone(), reading);
        self.facts += 1;
        let body = FactBody::Check {
            name,
            state,
            hard: next.hard,
            attempt: next.attempt,
            max_attempts: 2,
            summary,
            long_text: SafeText::default(),
            perfdata: SafeText::default(),
            interval_ms: u64::try_from(EVERY.as_millis()).unwrap(),
        };
        let fact = Fact { at: self.now.wall, body };
        self.feed(&Input::Fact { host: id, stream: StreamId(1), sequence: self.facts, fact, output: None });
    }

    /// What is open is what the last results say, and nobody who was told of something was left without its end.
    fn check(&self) {
        for alert in self.fleet.alerts.open() {
            if let alerts::Subject::Check { host, check } = &alert.subject {
                let host = self.hosts.iter().position(|id| id == host).unwrap();
                let check = self.names.iter().position(|name| name == check).unwrap();
                assert!(self.agents[host * CHECKS + check].state.is_problem(), "{} is over", alert.subject);
            }
        }
        println!("at the end {} alerts are open, all of them by the last results", self.fleet.alerts.open().count());
    }
}

fn asker() -> Asker {
    Asker { cause: Cause::Local, name: SafeText::new("mara"), role: Role::Admin, scope: None }
}
