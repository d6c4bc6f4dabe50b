//! When what is measured and judged: samples, built-in checks and plugins, each at its own interval.
//!
//! One task. A run that takes longer than its interval is not queued twice: what was left out is counted. Few programs
//! run at once; the others wait for their turn. It needs no hub.

mod slot;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::{JoinError, JoinSet};
use tokio::time::{Instant, sleep_until};

use crate::agent::board::Board;
use crate::agent::checks::cpu::BusyTime;
use crate::agent::checks::plugin::{self, PluginRules};
use crate::agent::checks::{self, Measured};
use crate::agent::collectors::VitalsSource;
use crate::agent::scheduler::slot::{Run, Slot};
use crate::fleet::checks::{Attempts, CheckResult, Transition, perfdata};
use crate::fleet::configuration::{AssignedCheck, Assignment, CheckKind};
use crate::fleet::fact::{Fact, FactBody};
use crate::fleet::hosts::vitals::Vitals;
use crate::fleet::words::ids::is_plain_name;
use crate::fleet::words::{CheckName, SafeText, Timestamp};
use crate::wire::checks::CheckReading;
use crate::wire::limits::PERFDATA_MAX;

/// Programs that run at once.
const PROGRAMS_MAX: usize = 4;
/// Between the first sample and the second, which has rates.
const FIRST_RATES: Duration = Duration::from_millis(500);
/// A sample younger than this is fresh enough for somebody who asks for a check now.
const FRESH: Duration = Duration::from_secs(1);

/// The most numbers of one plugin's result that are kept as history.
const SERIES_A_CHECK: usize = 16;
/// A check that can't run here gives no results; the hub should not call it stale for that.
const REFUSED_INTERVAL: Duration = Duration::from_secs(31 * 86_400);

/// What a scheduler is made with.
#[derive(Debug)]
pub struct Setup<S> {
    /// The host's name: the spread of runs is made from it.
    pub host: String,
    /// Measures the host.
    pub source: S,
    /// What plugins may run.
    pub rules: PluginRules,
    /// Checks of the host's own file; they win over assigned ones of the same name.
    pub local: Vec<AssignedCheck>,
    /// Where checks stood when the agent ended.
    pub standing: BTreeMap<CheckName, Attempts>,
    /// Where the newest goes.
    pub board: Arc<Board>,
    /// The wall clock.
    pub wall: fn() -> Timestamp,
}

/// What a scheduler is asked.
#[derive(Clone, Debug)]
pub enum Request {
    /// This is what to run from now on.
    Assign {
        /// The checks.
        assignment: Arc<Assignment>,
        /// Checks this version can't run, each with the reason.
        left_out: Vec<(String, String)>,
    },
    /// Run one check now, or all.
    CheckNow(Option<CheckName>),
}

/// Runs checks at their intervals.
#[derive(Debug)]
pub struct Scheduler<S> {
    setup: Setup<S>,
    cores: u32,
    slots: BTreeMap<CheckName, Slot>,
    sampling_interval: Duration,
    heartbeat: Duration,
    next_sample: Instant,
    next_beat: Instant,
    sample_early: bool,
    beat_early: bool,
    sampled_at: Option<Instant>,
    samples: u64,
    vitals: Vitals,
    busy: BusyTime,
    waiting: VecDeque<CheckName>,
    programs: JoinSet<Finished>,
    runs: u64,
    /// Checks somebody waits for.
    asked: BTreeSet<CheckName>,
    /// Facts found in this turn.
    found: Vec<Fact>,
}

#[derive(Debug)]
struct Finished {
    check: CheckName,
    number: u64,
    result: CheckResult,
}

impl<S: VitalsSource> Scheduler<S> {
    /// A scheduler that runs the host's own checks until it is assigned more.
    pub fn new(mut setup: Setup<S>) -> Self {
        let now = Instant::now();
        let cores = setup.source.cores();
        let assignment = Assignment::default();
        let mut scheduler = Self {
            setup,
            cores,
            slots: BTreeMap::new(),
            sampling_interval: assignment.sampling_interval,
            heartbeat: assignment.heartbeat,
            next_sample: now,
            next_beat: now,
            sample_early: false,
            beat_early: false,
            sampled_at: None,
            samples: 0,
            vitals: Vitals::default(),
            busy: BusyTime::default(),
            waiting: VecDeque::new(),
            programs: JoinSet::new(),
            runs: 0,
            asked: BTreeSet::new(),
            found: Vec::new(),
        };
        let local = scheduler.setup.local.clone();
        scheduler.fill_slots(local, now);
        scheduler
    }

    /// Runs until nobody can ask any more, or nobody takes facts. Programs still running then are ended.
    pub async fn run(mut self, mut requests: mpsc::Receiver<Request>, facts: mpsc::Sender<Fact>) {
        loop {
            let next_turn = self.next_turn();
            tokio::select! {
                biased;
                request = requests.recv() => match request {
                    Some(request) => self.take(request),
                    None => return,
                },
                Some(finished) = self.programs.join_next_with_id(), if !self.programs.is_empty() => {
                    self.finish_program(finished);
                }
                () = sleep_until(next_turn) => {}
            }
            self.turn(Instant::now());
            for fact in self.found.drain(..) {
                if facts.send(fact).await.is_err() {
                    return;
                }
            }
        }
    }

    fn next_turn(&self) -> Instant {
        let idle = self.slots.values().filter(|slot| matches!(slot.run, Run::Idle));
        idle.map(|slot| slot.due).fold(self.next_sample.min(self.next_beat), Instant::min)
    }

    fn take(&mut self, request: Request) {
        let now = Instant::now();
        match request {
            Request::Assign { assignment, left_out } => self.assign(&assignment, &left_out, now),
            Request::CheckNow(asked) => {
                self.sample_early = self.sampled_at.is_none_or(|at| now.saturating_duration_since(at) >= FRESH);
                let asked_for = |slot: &&mut Slot| asked.as_ref().is_none_or(|name| slot.check.name == *name);
                for slot in self.slots.values_mut().filter(asked_for) {
                    slot.due = now;
                    self.asked.insert(slot.check.name.clone());
                }
            }
        }
    }

    fn assign(&mut self, assignment: &Assignment, left_out: &[(String, String)], now: Instant) {
        self.sampling_interval = assignment.sampling_interval.max(Duration::from_millis(100));
        self.heartbeat = assignment.heartbeat.max(Duration::from_millis(100));
        self.next_sample = self.next_sample.min(now + self.sampling_interval);
        self.next_beat = self.next_beat.min(now + self.heartbeat);
        let local = self.setup.local.iter().cloned();
        let assigned =
            assignment.checks.iter().filter(|check| !self.setup.local.iter().any(|own| own.name == check.name));
        let checks: Vec<AssignedCheck> = assigned.cloned().chain(local).collect();
        let gone = |name: &CheckName| {
            !checks.iter().any(|check| check.name == *name) && !left_out.iter().any(|(left, _)| left == name.as_str())
        };
        let known = self.slots.keys().chain(self.setup.standing.keys());
        let removed: BTreeSet<CheckName> = known.filter(|name| gone(name)).cloned().collect();
        for name in removed {
            if let Some(Slot { run: Run::Running { program, .. }, .. }) = self.slots.remove(&name) {
                program.abort();
            }
            self.setup.standing.remove(&name);
            self.asked.remove(&name);
            self.setup.board.remove_reading(&name);
            self.found.push(Fact { at: (self.setup.wall)(), body: FactBody::Gone(name) });
        }
        self.fill_slots(checks, now);
        for (name, why) in left_out.iter().filter(|(name, _)| is_plain_name(name)) {
            self.refuse(name.as_str().into(), why);
        }
    }

    /// Tells that a check can't run here: the hub waits for results of it.
    fn refuse(&mut self, name: CheckName, why: &str) {
        let result = CheckResult::unknown(&format!("this agent cannot run the check ({why}); update the agent"));
        let attempts = Attempts { state: result.state, hard: true, attempt: 1 };
        // remembered where checks without a slot are, so that it goes with the next assignment
        if self.setup.standing.insert(name.clone(), attempts) != Some(attempts) {
            let at = (self.setup.wall)();
            let interval_ms = u64::try_from(REFUSED_INTERVAL.as_millis()).unwrap_or(u64::MAX);
            self.found
                .push(Fact { at, body: check_fact(name, attempts, 1, &result, SafeText::default(), interval_ms) });
        }
    }

    /// Makes or changes the slots of these checks.
    fn fill_slots(&mut self, checks: Vec<AssignedCheck>, now: Instant) {
        let first_sample = if self.has_rates() { now } else { self.next_sample };
        for check in checks {
            match self.slots.get_mut(&check.name) {
                Some(slot) if slot.runs(&check) => slot.check.source = check.source,
                Some(slot) => {
                    slot.check = check;
                    slot.due = slot.first_due(now, first_sample);
                    // a program started for the old definition no longer counts
                    if let Run::Running { program, .. } = std::mem::replace(&mut slot.run, Run::Idle) {
                        program.abort();
                    }
                }
                None => {
                    let attempts = self.setup.standing.remove(&check.name).unwrap_or_default();
                    let slot = Slot::new(&self.setup.host, check, attempts, now, first_sample);
                    self.slots.insert(slot.check.name.clone(), slot);
                }
            }
        }
        let waiting = |name: &CheckName| self.slots.get(name).is_some_and(|slot| matches!(slot.run, Run::Waiting));
        self.waiting.retain(waiting);
        let names = self.slots.values().filter_map(|slot| match &slot.check.kind {
            CheckKind::Process { name } => Some(name.clone()),
            _ => None,
        });
        self.setup.source.watch_processes(names.collect());
    }

    /// The first sample has no rates yet.
    fn has_rates(&self) -> bool {
        self.samples > 1
    }

    /// Does what is due.
    fn turn(&mut self, now: Instant) {
        self.setup.board.count_turn();
        // what comes early, because somebody asked, does not move what is planned: samples and heartbeats stay together
        if std::mem::take(&mut self.sample_early) || now >= self.next_sample {
            self.sample(now);
        }
        let due: Vec<CheckName> = self
            .slots
            .values()
            .filter(|slot| slot.due <= now && matches!(slot.run, Run::Idle))
            .map(|slot| slot.check.name.clone())
            .collect();
        for name in due {
            self.run_or_queue(&name, now);
        }
        while self.programs.len() < PROGRAMS_MAX {
            let Some(name) = self.waiting.pop_front() else { break };
            self.start_program(&name);
        }
        let beat_due = now >= self.next_beat;
        if beat_due {
            self.next_beat = now + self.heartbeat;
        }
        if std::mem::take(&mut self.beat_early) || beat_due {
            self.setup.board.beat();
        }
    }

    fn sample(&mut self, now: Instant) {
        self.samples += 1;
        let seconds = self.sampled_at.map_or(0.0, |before| now.saturating_duration_since(before).as_secs_f64());
        self.sampled_at = Some(now);
        self.vitals = self.setup.source.sample(now.into_std());
        self.busy.add(&self.vitals, seconds);
        self.setup.board.put_sample((self.setup.wall)(), self.vitals.clone());
        if now >= self.next_sample {
            // what was missed while the machine slept is not made up for
            self.next_sample = now + self.sampling_interval;
        }
        if !self.has_rates() {
            self.next_sample = now + FIRST_RATES.min(self.sampling_interval);
            self.next_beat = self.next_beat.max(self.next_sample);
            let built_in = self.slots.values_mut().filter(|slot| !matches!(slot.check.kind, CheckKind::Plugin { .. }));
            built_in.for_each(|slot| slot.due = slot.due.max(self.next_sample));
        }
    }

    fn run_or_queue(&mut self, name: &CheckName, now: Instant) {
        let Some(slot) = self.slots.get_mut(name) else { return };
        let running = match &slot.check.kind {
            CheckKind::Process { name } => self.setup.source.running(name),
            _ => None,
        };
        let cpu_busy = self.busy.share_since(slot.busy);
        // asked twice between two samples, it says what the last sample says
        let cpu_busy = cpu_busy.or_else(|| self.vitals.cpu.busy.map(f64::from));
        let measured = Measured { vitals: &self.vitals, cores: self.cores, cpu_busy, running };
        match checks::judge(&slot.check, &measured) {
            Some(result) => {
                slot.busy = self.busy;
                let due = slot.due;
                self.conclude(name, &result, due, now);
            }
            None => {
                slot.run = Run::Waiting;
                self.waiting.push_back(name.clone());
            }
        }
    }

    fn start_program(&mut self, name: &CheckName) {
        let Some(slot) = self.slots.get_mut(name) else { return };
        let CheckKind::Plugin { program, args } = &slot.check.kind else { return };
        self.runs += 1;
        let (rules, program, args) = (self.setup.rules.clone(), program.clone(), args.clone());
        let (check, number, timeout) = (name.clone(), self.runs, slot.check.timeout);
        let program = self.programs.spawn(async move {
            let result = plugin::run(&rules, &program, &args, timeout).await;
            Finished { check, number, result }
        });
        slot.run = Run::Running { number, due: slot.due, program };
    }

    fn finish_program(&mut self, finished: Result<(tokio::task::Id, Finished), JoinError>) {
        let now = Instant::now();
        match finished {
            Ok((_, Finished { check, number, result })) => {
                let slot = self.slots.get_mut(&check);
                let Some(slot) =
                    slot.filter(|slot| matches!(slot.run, Run::Running { number: of, .. } if of == number))
                else {
                    return;
                };
                if let Run::Running { due, .. } = std::mem::replace(&mut slot.run, Run::Idle) {
                    self.conclude(&check, &result, due, now);
                }
            }
            // aborted by us, or a fault of ours: then the check must not stand still for ever
            Err(error) => {
                let lost = self.slots.values_mut().find_map(|slot| match &slot.run {
                    Run::Running { due, program, .. } if program.id() == error.id() => {
                        Some((slot.check.name.clone(), *due))
                    }
                    _ => None,
                });
                let Some((check, due)) = lost else { return };
                if let Some(slot) = self.slots.get_mut(&check) {
                    slot.run = Run::Idle;
                }
                let result = CheckResult::unknown("the agent failed while it ran this check");
                self.conclude(&check, &result, due, now);
            }
        }
    }

    /// Takes in a result: counts the attempt, puts up the reading, tells a transition, and plans the next run.
    fn conclude(&mut self, name: &CheckName, result: &CheckResult, due: Instant, now: Instant) {
        let Some(slot) = self.slots.get_mut(name) else { return };
        if self.asked.remove(name) {
            // the answer does not wait for the heartbeat
            self.beat_early = true;
        }
        let at = (self.setup.wall)();
        let (attempts, transition) = slot.attempts.observe(result.state, slot.check.attempts);
        slot.attempts = attempts;
        let skipped = slot.plan(due, now, u64::try_from(at.0).unwrap_or(0));
        let perfdata = perfdata::print(&result.perfdata, PERFDATA_MAX);
        if transition != Transition::None {
            let interval_ms = u64::try_from(slot.longest_interval().as_millis()).unwrap_or(u64::MAX);
            let (name, max_attempts) = (name.clone(), slot.check.attempts.max(1));
            let body = check_fact(name, attempts, max_attempts, result, perfdata.clone(), interval_ms);
            self.found.push(Fact { at, body });
        }
        let is_plugin = matches!(slot.check.kind, CheckKind::Plugin { .. });
        let values = result.perfdata.iter().filter(|_| is_plugin).take(SERIES_A_CHECK);
        let values = values.filter_map(|data| Some((data.label.clone(), data.value?))).collect();
        let board = &self.setup.board;
        board.count_skipped(skipped);
        let (check, state, summary) = (name.clone(), result.state, result.summary.clone());
        board.put_reading(CheckReading { check, state, summary, perfdata, at }, values);
    }
}

fn check_fact(
    name: CheckName,
    attempts: Attempts,
    max_attempts: u32,
    result: &CheckResult,
    perfdata: SafeText,
    interval_ms: u64,
) -> FactBody {
    FactBody::Check {
        name,
        state: attempts.state,
        hard: attempts.hard,
        attempt: attempts.attempt,
        max_attempts,
        summary: result.summary.clone(),
        long_text: result.long_text.clone(),
        perfdata,
        interval_ms,
    }
}

#[cfg(test)]
mod tests;
