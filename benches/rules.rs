//! What the hub's one task pays for its rules on a large fleet: a tick with nothing due, finding the next deadline, a
//! fleet that falls silent at once, and an act on what a filter matches. `cargo bench --bench rules`
//!
//! Pure code on a fleet in memory, as the core calls it: no journal, link or clock takes part. Each figure is the median
//! of its runs, with the slowest beside it. As a measure of what a tick may cost stands the time the core gives itself
//! between two of them, 200 ms at least.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a bench fails by panicking and prints")]

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant as StdInstant};

use prost::Message as _;
use watchfloor::fleet::configuration::Configuration;
use watchfloor::fleet::identity::Role;
use watchfloor::fleet::rules::decide::decide;
use watchfloor::fleet::rules::input::{Action, Asker, Input, Targets, Verb};
use watchfloor::fleet::rules::ledger::Ledger;
use watchfloor::fleet::rules::live::{HostLive, Live, Reading};
use watchfloor::fleet::rules::timers;
use watchfloor::fleet::state::{Cause, Entry, Fleet};
use watchfloor::fleet::words::filter::Filter;
use watchfloor::fleet::words::{ActionId, HostId, Instant, Now, Revision, SafeText, Timestamp};
use watchfloor::wire::{pb, restore_row};

#[path = "tools/fleet.rs"]
mod tools;

const SIZE: tools::Size = tools::Size { hosts: 10_000, alerts: 100_000 };
const RUNS: usize = 50;
const START: Now = Now { wall: Timestamp(1_700_000_000_000), mono: Instant(3_600_000) };

fn main() {
    // Later than any of its alerts, so that an act sees them all.
    let mut fleet = Fleet { revision: Revision(10_000_000), ..Fleet::default() };
    for row in tools::encoded_rows(SIZE) {
        restore_row(&mut fleet, pb::Row::decode(row.as_slice()).unwrap()).unwrap();
    }
    let checks = SIZE.hosts * 5;
    println!("{} hosts, {checks} checks, {} open alerts; {RUNS} runs each\n", SIZE.hosts, SIZE.alerts);

    let now = START.after(Duration::from_secs(60));
    let mut ledger = Ledger::default();
    ledger.counters.alert = SIZE.alerts;
    let live = heard(&fleet, now);
    let due = times(RUNS, || assert!(timers::due(&fleet, &ledger, &live, black_box(now)).events.is_empty()));
    show("a tick with nothing due", due);
    let next = times(RUNS, || {
        black_box(timers::next_due(&fleet, &live, black_box(now)));
    });
    show("the next deadline", next);

    for filter in ["*", "client:client-007 sev:critical", "host:host-0012* open:1s+", "text that matches nothing"] {
        let parsed = Filter::parse(filter).unwrap();
        let mut matched = 0;
        let took = times(RUNS / 5, || matched = act(&fleet, &ledger, &live, parsed.clone(), now));
        show(&format!("a dry run on `{filter}`: {matched} alerts"), took);
    }

    let later = now.after(Duration::from_secs(20));
    let mut entries = 0;
    let began = StdInstant::now();
    let mut slowest = Duration::ZERO;
    loop {
        let one = StdInstant::now();
        let decision = timers::due(&fleet, &ledger, &live, later);
        if decision.events.is_empty() {
            break;
        }
        let revision = fleet.revision.next();
        fleet.apply(&Entry { revision, at: later.wall, actor: decision.actor, events: decision.events });
        slowest = slowest.max(one.elapsed());
        entries += 1;
    }
    println!(
        "all {} hosts fall silent at once: {entries} entries decided and applied in {:?}, the slowest {slowest:?}",
        SIZE.hosts,
        began.elapsed()
    );
}

/// All hosts were just heard, with a result of each check.
fn heard(fleet: &Fleet, now: Now) -> Live {
    let mut live = Live::new(START, Arc::new(Configuration::default()));
    for host in 1..=SIZE.hosts {
        let host = HostId(host);
        let mut known = HostLive { last_seen: Some(now), linked: true, ..HostLive::default() };
        for check in fleet.checks.of_host(host) {
            let (summary, perfdata) = (check.summary.clone(), check.perfdata.clone());
            known.learn(check.check.clone(), Reading { state: check.state, summary, perfdata, at: now });
        }
        live.hosts.insert(host, known);
    }
    live
}

/// How many alerts an act on what the filter matches would be done on.
fn act(fleet: &Fleet, ledger: &Ledger, live: &Live, filter: Filter, now: Now) -> usize {
    let asker = Asker { cause: Cause::Local, name: SafeText::new("bench"), role: Role::Admin, scope: None };
    let action = Action {
        id: ActionId(1),
        asker,
        seen: fleet.revision,
        targets: Targets::Filter { filter, expected: None },
        dry_run: true,
        verb: Verb::Note { note: SafeText::new("seen") },
    };
    let answer = decide(fleet, ledger, live, &Input::Action(action), now).unwrap().answer;
    answer.done.len()
}

fn times(runs: usize, mut run: impl FnMut()) -> Vec<Duration> {
    let mut took: Vec<Duration> = (0..runs.max(1))
        .map(|_| {
            let began = StdInstant::now();
            run();
            began.elapsed()
        })
        .collect();
    took.sort_unstable();
    took
}

fn show(what: &str, took: Vec<Duration>) {
    let (median, slowest) = (took[took.len() / 2], took[took.len() - 1]);
    println!("{what}: {median:?} (slowest {slowest:?})");
}
