use std::os::unix::fs::PermissionsExt;
use std::sync::Mutex;

use super::*;
use crate::agent::checks::fixtures::assigned;
use crate::fleet::hosts::vitals::Cpu;
use crate::fleet::identity::Hands;
use crate::fleet::words::CheckState;
use crate::settings::agent::HandsRule;

/// A host of which a test says how busy it is.
#[derive(Clone, Default)]
struct Fake {
    busy: Arc<Mutex<f32>>,
    samples: Arc<Mutex<u32>>,
}

impl VitalsSource for Fake {
    fn sample(&mut self, _now: std::time::Instant) -> Vitals {
        let mut samples = self.samples.lock().unwrap();
        *samples += 1;
        let busy = (*samples > 1).then(|| *self.busy.lock().unwrap());
        Vitals { cpu: Cpu { busy, ..Cpu::default() }, ..Vitals::default() }
    }
    fn cores(&mut self) -> u32 {
        2
    }
    fn watch_processes(&mut self, _names: Vec<String>) {}
    fn running(&self, _name: &str) -> Option<u32> {
        Some(1)
    }
}

struct Bench {
    board: Arc<Board>,
    fake: Fake,
    requests: mpsc::Sender<Request>,
    facts: mpsc::Receiver<Fact>,
    began: Instant,
}

fn bench(rules: PluginRules, local: Vec<AssignedCheck>, standing: &[(&str, Attempts)]) -> Bench {
    let (board, fake) = (Arc::new(Board::default()), Fake::default());
    let standing = standing.iter().map(|(name, attempts)| (CheckName::new(*name), *attempts)).collect();
    let wall = || Timestamp(1_700_000_000_000);
    let setup =
        Setup { host: "h".into(), source: fake.clone(), rules, local, standing, board: Arc::clone(&board), wall };
    let ((requests, asked), (told, facts)) = (mpsc::channel(8), mpsc::channel(8));
    let began = Instant::now();
    tokio::spawn(Scheduler::new(setup).run(asked, told));
    Bench { board, fake, requests, facts, began }
}

impl Bench {
    async fn assign(&self, checks: Vec<AssignedCheck>) {
        let assignment = Assignment { checks, ..Assignment::default() };
        self.requests.send(Request::Assign { assignment: Arc::new(assignment), left_out: vec![] }).await.unwrap();
    }

    /// The next fact as (check, state, hard, attempt), and the seconds since the beginning.
    async fn fact(&mut self) -> ((String, CheckState, bool, u32), u64) {
        let fact = self.facts.recv().await.unwrap();
        let FactBody::Check { name, state, hard, attempt, .. } = fact.body else { panic!("{fact:?}") };
        ((name.as_str().to_owned(), state, hard, attempt), self.began.elapsed().as_secs())
    }

    fn readings(&self) -> Vec<(String, CheckState)> {
        let readings = self.board.news_since(0).readings;
        readings.into_iter().map(|new| (new.reading.check.as_str().to_owned(), new.reading.state)).collect()
    }

    fn set_busy(&self, busy: f32) {
        *self.fake.busy.lock().unwrap() = busy;
    }
}

fn cpu(name: &str) -> AssignedCheck {
    assigned(name, CheckKind::Cpu, "80", "90")
}

fn fact(name: &str, state: CheckState, hard: bool, attempt: u32) -> (String, CheckState, bool, u32) {
    (name.to_owned(), state, hard, attempt)
}

#[tokio::test(start_paused = true)]
async fn a_problem_is_retried_sooner_until_it_is_hard_and_every_step_is_told() {
    let mut bench = bench(PluginRules::default(), vec![], &[]);
    bench.set_busy(1.0);
    bench.assign(vec![cpu("cpu")]).await;
    assert_eq!(bench.fact().await, (fact("cpu", CheckState::Critical, false, 1), 0));
    assert_eq!(bench.fact().await, (fact("cpu", CheckState::Critical, false, 2), 10));
    assert_eq!(bench.fact().await, (fact("cpu", CheckState::Critical, true, 3), 20));
    let wait = tokio::time::timeout(Duration::from_secs(600), bench.facts.recv()).await;
    assert!(wait.is_err(), "the same again is a reading");
    assert_eq!(bench.readings(), [("cpu".to_owned(), CheckState::Critical)]);
    bench.set_busy(0.0);
    let (told, at) = bench.fact().await;
    assert_eq!(told.0, "cpu");
    assert!(at <= 620 + 120, "{at}");
}

#[tokio::test(start_paused = true)]
async fn first_results_come_with_the_first_rates_and_one_beat() {
    let mut bench = bench(PluginRules::default(), vec![cpu("own")], &[]);
    bench.board.beaten().await;
    assert_eq!(bench.began.elapsed().as_millis(), 500);
    assert_eq!(bench.readings(), [("own".to_owned(), CheckState::Ok)]);
    assert!(bench.board.news_since(0).sample.unwrap().vitals.cpu.busy.is_some());
    assert_eq!(bench.fact().await.0, fact("own", CheckState::Ok, true, 1));
    bench.board.beaten().await;
    assert_eq!(bench.began.elapsed().as_millis(), 10_500);
}

#[tokio::test(start_paused = true)]
async fn a_restart_goes_on_where_checks_stood_and_tells_nothing_twice() {
    let hard = Attempts { state: CheckState::Critical, hard: true, attempt: 3 };
    let soft = Attempts { state: CheckState::Critical, hard: false, attempt: 2 };
    let mut bench = bench(PluginRules::default(), vec![], &[("hard", hard), ("soft", soft), ("old", hard)]);
    bench.set_busy(1.0);
    bench.assign(vec![cpu("hard"), cpu("soft")]).await;
    let gone = bench.facts.recv().await.unwrap().body;
    assert_eq!(gone, FactBody::Gone("old".into()));
    assert_eq!(bench.fact().await.0, fact("soft", CheckState::Critical, true, 3));
    assert!(tokio::time::timeout(Duration::from_secs(300), bench.facts.recv()).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn what_is_no_longer_assigned_is_told_and_taken_down_and_own_checks_win() {
    let own = AssignedCheck { attempts: 1, ..cpu("both") };
    let mut bench = bench(PluginRules::default(), vec![own], &[]);
    bench.set_busy(1.0);
    bench.assign(vec![cpu("a"), cpu("both")]).await;
    assert_eq!(bench.fact().await.0, fact("a", CheckState::Critical, false, 1));
    assert_eq!(bench.fact().await.0, fact("both", CheckState::Critical, true, 1));
    bench.assign(vec![]).await;
    assert_eq!(bench.facts.recv().await.unwrap().body, FactBody::Gone("a".into()));
    assert_eq!(bench.readings(), [("both".to_owned(), CheckState::Critical)]);
}

#[tokio::test(start_paused = true)]
async fn a_check_this_version_cannot_run_is_unknown_once_and_says_why() {
    let unknown = Attempts { state: CheckState::Unknown, hard: true, attempt: 1 };
    let mut bench = bench(PluginRules::default(), vec![], &[("told", unknown)]);
    let left_out = [("told", "x"), ("new", "kind quantum"), ("../etc", "x")];
    let left_out = left_out.map(|(name, why)| (name.to_owned(), why.to_owned())).to_vec();
    let assignment = Arc::new(Assignment::default());
    bench.requests.send(Request::Assign { assignment: Arc::clone(&assignment), left_out }).await.unwrap();
    let fact = bench.facts.recv().await.unwrap();
    let FactBody::Check { name, state, hard, summary, .. } = fact.body else { panic!() };
    assert_eq!((name.as_str(), state, hard), ("new", CheckState::Unknown, true));
    assert!(summary.as_str().contains("quantum"));
    bench.requests.send(Request::Assign { assignment, left_out: vec![] }).await.unwrap();
    assert_eq!(bench.facts.recv().await.unwrap().body, FactBody::Gone("new".into()));
    assert_eq!(bench.facts.recv().await.unwrap().body, FactBody::Gone("told".into()));
}

#[tokio::test(start_paused = true)]
async fn check_now_samples_runs_and_beats_at_once() {
    let mut bench = bench(PluginRules::default(), vec![cpu("cpu")], &[]);
    bench.board.beaten().await;
    assert_eq!(bench.fact().await.0, fact("cpu", CheckState::Ok, true, 1));
    tokio::time::sleep(Duration::from_secs(4)).await;
    bench.set_busy(1.0);
    bench.requests.send(Request::CheckNow(Some("cpu".into()))).await.unwrap();
    bench.board.beaten().await;
    let (told, at) = bench.fact().await;
    assert_eq!((told, at), (fact("cpu", CheckState::Critical, false, 1), 4));
    bench.requests.send(Request::CheckNow(None)).await.unwrap();
    assert_eq!(bench.fact().await, (fact("cpu", CheckState::Critical, false, 2), 4));
    bench.board.beaten().await;
    let generation = bench.board.news_since(0).generation;
    bench.board.beaten().await;
    assert_eq!(bench.began.elapsed().as_millis(), 10_500, "the plan is not moved");
    assert!(bench.board.news_since(generation).sample.is_some(), "a heartbeat brings a sample of its moment");
}

fn plugins(folder: &std::path::Path, script: &str) -> PluginRules {
    let path = folder.join("check_x");
    std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    let hands = HandsRule { mode: Hands::Any, allow: vec![] };
    PluginRules { hands, dirs: vec![folder.to_owned()], ..PluginRules::default() }
}

fn plugin(name: &str, folder: &std::path::Path, interval: Duration) -> AssignedCheck {
    let args = vec![folder.join("log").display().to_string()];
    let kind = CheckKind::Plugin { program: "check_x".into(), args };
    AssignedCheck { interval, timeout: Duration::from_secs(20), ..assigned(name, kind, "", "") }
}

#[tokio::test]
async fn few_programs_run_at_once_and_all_get_their_turn() {
    let folder = tempfile::tempdir().unwrap();
    let rules = plugins(folder.path(), "echo + >> $1; sleep 0.05; echo - >> $1; echo OK");
    let checks = (0..12).map(|n| plugin(&format!("p{n}"), folder.path(), Duration::from_millis(100)));
    let mut bench = bench(rules, checks.collect(), &[]);
    let mut seen = std::collections::BTreeSet::new();
    while seen.len() < 12 {
        let ((name, state, ..), _) = bench.fact().await;
        assert_eq!(state, CheckState::Ok);
        seen.insert(name);
    }
    let log = std::fs::read_to_string(folder.path().join("log")).unwrap();
    let mut running: i32 = 0;
    let most = log.lines().map(|line| {
        running += if line == "+" { 1 } else { -1 };
        running
    });
    assert!((2..=4).contains(&most.max().unwrap()), "{log}");
}

#[tokio::test]
async fn a_run_longer_than_its_interval_is_skipped_over_and_counted() {
    let folder = tempfile::tempdir().unwrap();
    let rules = plugins(folder.path(), "echo run >> $1; sleep 0.45; echo OK");
    let mut bench = bench(rules, vec![plugin("slow", folder.path(), Duration::from_millis(100))], &[]);
    bench.fact().await;
    while bench.board.skipped_runs() < 6 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let runs = std::fs::read_to_string(folder.path().join("log")).unwrap().lines().count();
    assert!(runs <= 3, "{runs} runs");
}

#[tokio::test]
async fn a_new_definition_ends_the_run_of_the_old_one() {
    let folder = tempfile::tempdir().unwrap();
    let rules = plugins(folder.path(), "echo run >> $1; [ -z \"$2\" ] && sleep 600; echo OK");
    let old = plugin("p", folder.path(), Duration::from_millis(100));
    let mut bench = bench(rules, vec![], &[]);
    bench.assign(vec![old.clone()]).await;
    while !folder.path().join("log").exists() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let CheckKind::Plugin { program, mut args } = old.kind.clone() else { panic!() };
    args.push("quick".into());
    bench.assign(vec![AssignedCheck { kind: CheckKind::Plugin { program, args }, ..old }]).await;
    assert_eq!(bench.fact().await.0, fact("p", CheckState::Ok, true, 1));
}
