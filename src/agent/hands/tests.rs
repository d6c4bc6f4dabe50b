//! Commands as the hub sends them, with programs that behave as badly as they can.

use std::time::Instant;

use tempfile::TempDir;
use tokio::time::{sleep, timeout};

use super::*;

const HOST: HostId = HostId(7);
const NOW: Timestamp = Timestamp(1_800_000_000_000);
/// Longer than anything here takes; only a failing test waits for it.
const PATIENCE: Duration = Duration::from_secs(60);

fn wall() -> Timestamp {
    NOW
}

/// Hands over a folder, and the outcomes they tell.
struct Bench {
    hands: Hands,
    told: mpsc::Receiver<Fact>,
    folder: TempDir,
    next: u128,
}

fn any() -> HandsRule {
    HandsRule { mode: Mode::Any, allow: Vec::new() }
}

impl Bench {
    fn new(rule: HandsRule) -> Self {
        Self::in_folder(tempfile::tempdir().unwrap(), rule)
    }

    fn in_folder(folder: TempDir, rule: HandsRule) -> Self {
        let hands = Hands::open(folder.path(), rule, AT_ONCE, wall).unwrap();
        let (tell, told) = mpsc::channel(64);
        let (_, linked) = watch::channel(None);
        hands.join(HOST, Teller::Memory(tell), linked);
        // of no other test's: processes are found by their command's key, whoever started them
        Self { hands, told, folder, next: u128::from(std::process::id()) << 64 }
    }

    fn ask(&mut self, argv: &[&str], timeout_ms: u64) -> pb::RunCommand {
        self.next += 1;
        pb::RunCommand {
            command: self.next as u64,
            key: self.next.to_be_bytes().to_vec().into(),
            argv: argv.iter().map(ToString::to_string).collect(),
            shell: false,
            timeout: timeout_ms,
            start_by: 0,
        }
    }

    async fn told(&mut self) -> (Report, Vec<u8>, Vec<u8>) {
        let fact = timeout(PATIENCE, self.told.recv()).await.expect("an outcome is told").unwrap();
        let FactBody::Command { report, stdout, stderr, .. } = fact.body else { panic!("{fact:?}") };
        (report, stdout, stderr)
    }

    /// Nothing more is told once what runs has ended.
    async fn nothing_more(mut self) {
        self.hands.end_all().await;
        drop(self.hands);
        assert_eq!(timeout(PATIENCE, self.told.recv()).await.expect("all has ended"), None);
    }

    async fn outcome(&mut self, argv: &[&str], timeout_ms: u64) -> (Report, Vec<u8>, Vec<u8>) {
        let run = self.ask(argv, timeout_ms);
        self.hands.run(HOST, run, NOW);
        self.told().await
    }

    async fn shell(&mut self, script: &str, timeout_ms: u64) -> (Report, Vec<u8>, Vec<u8>) {
        self.outcome(&["sh", "-c", script], timeout_ms).await
    }
}

/// Whether a process is there and not merely waiting to be taken leave of.
fn lives(pid: &str) -> bool {
    std::fs::read_to_string(format!("/proc/{}/stat", pid.trim())).is_ok_and(|stat| !stat.contains(") Z "))
}

/// The numbers that a script wrote into a file, when it has.
async fn pids(file: &Path, many: usize) -> Vec<String> {
    let begin = Instant::now();
    loop {
        let text = std::fs::read_to_string(file).unwrap_or_default();
        if text.lines().count() >= many {
            return text.lines().map(str::to_owned).collect();
        }
        assert!(begin.elapsed() < PATIENCE, "{text}");
        sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn outputs_stay_apart_and_codes_and_signals_are_told() {
    let mut bench = Bench::new(any());
    let (report, out, err) = bench.shell("echo out; echo err >&2; exit 3", 20_000).await;
    assert_eq!((report.state, report.code, report.signal), (OutcomeState::Failed, Some(3), None));
    assert_eq!((&*out, &*err), (&b"out\n"[..], &b"err\n"[..]));
    let (report, ..) = bench.shell("kill -9 $$", 20_000).await;
    assert_eq!((report.state, report.code, report.signal), (OutcomeState::Signalled, None, Some(9)));
    let (report, ..) = bench.outcome(&["no-such-program"], 20_000).await;
    assert_eq!((report.state, report.code), (OutcomeState::Failed, Some(127)));
    assert!(report.why.as_str().contains("no such program"), "{report:?}");
    let (report, ..) = bench.outcome(&["/etc/hostname"], 20_000).await;
    assert_eq!((report.state, report.code), (OutcomeState::Failed, Some(126)));
}

#[tokio::test]
async fn outputs_that_differ_only_in_numbers_times_and_the_hosts_name_have_one_shape() {
    let mut bench = Bench::new(any());
    let script = "echo on $(cat /proc/sys/kernel/hostname) as $$ at $(date +%T.%N); echo load $$ >&2";
    let (one, ..) = bench.shell(script, 20_000).await;
    let (two, ..) = bench.shell(script, 20_000).await;
    assert_ne!(one.stdout.blob, two.stdout.blob);
    assert_eq!((one.stdout.shape, one.stderr.shape), (two.stdout.shape, two.stderr.shape));
    let (elsewhere, ..) = bench.shell("echo on @ as 7 at 8:15", 20_000).await;
    assert_eq!(elsewhere.stdout.shape, one.stdout.shape, "another host's name is taken out like this one's");
    let (other, ..) = bench.shell("echo on nowhere; echo", 20_000).await;
    assert!(one.stdout.shape != 0 && other.stdout.shape != one.stdout.shape, "{other:?}");
    assert_eq!((other.stderr.blob, other.stderr.shape), (None, 0));
}

#[tokio::test]
async fn arguments_reach_the_program_as_they_stand() {
    let mut bench = Bench::new(any());
    let (report, out, _) = bench.outcome(&["printf", "%s|", "$(id)", ";", "a\nb", "-x", "", "*"], 20_000).await;
    assert_eq!(report.state, OutcomeState::Ok);
    assert_eq!(String::from_utf8(out).unwrap(), "$(id)|;|a\nb|-x||*|");
}

#[tokio::test]
async fn the_environment_is_clean_and_fixed() {
    let mut bench = Bench::new(any());
    let (_, out, _) = bench.outcome(&["env"], 20_000).await;
    let text = String::from_utf8(out).unwrap();
    assert!(text.contains("LANG=C.UTF-8") && text.contains("PATH=/usr/local/sbin:"), "{text}");
    assert!(!text.contains("CARGO_"), "{text}");
}

#[tokio::test]
async fn a_program_deaf_to_sigterm_is_killed_with_all_its_children() {
    let mut bench = Bench::new(any());
    let file = bench.folder.path().join("pids");
    let script = format!(
        "trap '' TERM; (trap '' TERM; echo $$ >> {0}; while :; do sleep 1; done) & echo $! >> {0}; while :; do sleep 1; done",
        file.display()
    );
    let (report, ..) = bench.shell(&script, 300).await;
    assert_eq!(report.state, OutcomeState::TimedOut);
    for pid in pids(&file, 2).await {
        assert!(!lives(&pid), "{pid}");
    }
}

#[tokio::test]
async fn what_forked_away_is_ended_with_its_command_however_it_hid() {
    let mut bench = Bench::new(any());
    for (hide, ending) in [
        ("sleep 600 &", "exit 0"),
        ("setsid sleep 600 &", "exit 0"),
        ("setsid sh -c 'exec >/dev/null 2>&1 </dev/null; echo $$ >> FILE; exec sleep 600' &", "exit 0"),
        ("env -i setsid sh -c 'exec >/dev/null 2>&1 </dev/null; echo $$ >> FILE; exec sleep 600' &", "exit 0"),
        ("env -i setsid sleep 600 &", "trap '' TERM; while :; do sleep 1; done"),
    ] {
        let file = bench.folder.path().join(format!("pids-{}", bench.next));
        let file_name = file.display().to_string();
        // it goes on only when who is to be left behind has begun
        let script = format!(
            "{}\necho $! >> {file_name}\nwhile [ $(wc -l < {file_name}) -lt {} ]; do sleep 0.01; done\n{ending}",
            hide.replace("FILE", &file_name),
            1 + usize::from(hide.contains("FILE")),
        );
        let (report, ..) = bench.shell(&script, if ending == "exit 0" { 30_000 } else { 500 }).await;
        let expected = if ending == "exit 0" { OutcomeState::Ok } else { OutcomeState::TimedOut };
        assert_eq!(report.state, expected, "{hide}");
        for pid in pids(&file, 1).await {
            assert!(!lives(&pid), "{hide}: {pid} is left");
        }
    }
}

#[tokio::test]
async fn what_is_to_stay_is_started_without_the_mark() {
    let mut bench = Bench::new(any());
    let file = bench.folder.path().join("pid");
    let script = format!(
        "env -u {MARK} setsid --fork sh -c 'echo $$ > {0}; exec sleep 600' >/dev/null 2>&1 </dev/null; \
         while ! [ -s {0} ]; do sleep 0.01; done",
        file.display()
    );
    // another command runs, so that what carries no mark is nobody's
    let other = bench.ask(&["sleep", "600"], 600_000);
    bench.hands.run(HOST, other, NOW);
    let (report, ..) = bench.shell(&script, 20_000).await;
    assert_eq!(report.state, OutcomeState::Ok);
    let pid = pids(&file, 1).await.remove(0);
    assert!(lives(&pid));
    let _ = nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid.parse().unwrap()), nix::sys::signal::Signal::SIGKILL);
}

#[tokio::test]
async fn closing_its_output_ends_no_program_and_hides_none() {
    let mut bench = Bench::new(any());
    let (report, ..) = bench.shell("exec >&- 2>&-; sleep 0.2; exit 2", 20_000).await;
    assert_eq!((report.state, report.code), (OutcomeState::Failed, Some(2)));
    let (report, ..) = bench.shell("exec >&- 2>&-; sleep 600", 200).await;
    assert_eq!(report.state, OutcomeState::TimedOut);
}

#[tokio::test]
async fn of_endless_output_the_ends_are_kept_and_the_memory_is_bounded() {
    let mut bench = Bench::new(any());
    let resident = || {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap().to_owned();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap()
    };
    let before = resident();
    let run = bench.ask(&["head", "-c", "1073741824", "/dev/zero"], 120_000);
    bench.hands.run(HOST, run, NOW);
    // large output waits for a link, so the end is read from the record
    let key = (HOST, ActionId(bench.next));
    let begin = Instant::now();
    let fact = loop {
        if let Some(fact) = bench.hands.0.record.get(key).and_then(|known| known.ended) {
            break decode_fact(fact).unwrap();
        }
        assert!(begin.elapsed() < PATIENCE);
        sleep(Duration::from_millis(20)).await;
    };
    let FactBody::Command { report, stdout, .. } = fact.body else { panic!() };
    assert_eq!((report.state, report.stdout.printed), (OutcomeState::Ok, 1 << 30));
    assert!(report.stdout.is_truncated() && report.stdout.kept < limits::OUTPUT_MAX as u64 && stdout.is_empty());
    let gap = format!("\n[{} bytes left out]\n", report.stdout.printed - report.stdout.kept);
    let spooled = bench.hands.0.spool.get(report.stdout.blob.unwrap()).unwrap();
    assert_eq!(spooled.len() as u64, report.stdout.kept + gap.len() as u64);
    assert!(resident() - before < 16 << 10, "{} KiB more", resident() - before);
}

#[tokio::test]
async fn the_host_decides_and_names_its_rule() {
    for (rule, argv, shell, why) in [
        (HandsRule::default(), "true", false, "mode = \"none\""),
        (HandsRule { mode: Mode::Listed, allow: vec!["uptime".into()] }, "true", false, "add \"true\" to allow"),
        (HandsRule { mode: Mode::Listed, allow: vec!["/bin/sh".into()] }, "true", true, "a shell needs \"any\""),
    ] {
        let mut bench = Bench::new(rule);
        let run = pb::RunCommand { shell, ..bench.ask(&[argv], 20_000) };
        bench.hands.run(HOST, run, NOW);
        let (report, ..) = bench.told().await;
        assert_eq!(report.state, OutcomeState::Denied);
        assert!(report.why.as_str().contains(why), "{report:?}");
    }
    let mut listed = Bench::new(HandsRule { mode: Mode::Listed, allow: vec!["true".into()] });
    assert_eq!(listed.outcome(&["true"], 20_000).await.0.state, OutcomeState::Ok);
    let mut any = Bench::new(any());
    let run = pb::RunCommand { shell: true, ..any.ask(&["echo a | tr a b"], 20_000) };
    any.hands.run(HOST, run, NOW);
    assert_eq!(any.told().await.1, b"b\n");
}

#[tokio::test]
async fn a_command_said_again_is_started_once() {
    let mut bench = Bench::new(any());
    let file = bench.folder.path().join("ran");
    let run = bench.ask(&["sh", "-c", &format!("echo x >> {}", file.display())], 20_000);
    for _ in 0..5 {
        bench.hands.run(HOST, run.clone(), NOW);
    }
    let first = bench.told().await;
    bench.hands.run(HOST, run.clone(), NOW);
    assert_eq!(bench.told().await, first, "it is told again, not run again");
    let folder = std::mem::replace(&mut bench.folder, tempfile::tempdir().unwrap());
    bench.hands.end_all().await;
    let mut again = Bench::in_folder(folder, any());
    again.hands.run(HOST, run, NOW);
    assert_eq!(again.told().await, first, "after a start, too");
    assert_eq!(std::fs::read_to_string(file).unwrap(), "x\n");
}

#[tokio::test]
async fn what_ran_when_the_agent_died_is_lost_and_never_runs_again() {
    let mut bench = Bench::new(any());
    let run = bench.ask(&["true"], 20_000);
    let key = (HOST, ActionId(bench.next));
    bench.hands.0.record.begin(key, CommandId(run.command), NOW).await.unwrap();
    let folder = std::mem::replace(&mut bench.folder, tempfile::tempdir().unwrap());
    // what it had started goes on: nobody ended it
    let mut left = std::process::Command::new("sleep").arg("600").env(MARK, marked(key)).spawn().unwrap();
    drop(bench);
    let mut again = Bench::in_folder(folder, any());
    assert_eq!(again.told().await.0.state, OutcomeState::Lost);
    assert!(!lives(&left.id().to_string()), "what was left of it is ended");
    // the hands took leave of it already: it is a child of this process
    let _ = left.wait();
    again.hands.run(HOST, run, NOW);
    assert_eq!(again.told().await.0.state, OutcomeState::Lost);
}

#[tokio::test]
async fn a_cancelled_command_is_killed_or_never_starts() {
    let mut bench = Bench::new(any());
    let run = bench.ask(&["sleep", "600"], 600_000);
    let cancel = pb::CancelRun { command: run.command, key: run.key.clone() };
    bench.hands.run(HOST, run.clone(), NOW);
    bench.hands.cancel(HOST, &cancel);
    assert_eq!(bench.told().await.0.state, OutcomeState::Cancelled);
    let never = bench.ask(&["true"], 20_000);
    let cancel = pb::CancelRun { command: never.command, key: never.key.clone() };
    bench.hands.cancel(HOST, &cancel);
    assert_eq!(bench.told().await.0.state, OutcomeState::Cancelled);
    bench.hands.run(HOST, never, NOW);
    assert_eq!(bench.told().await.0.state, OutcomeState::Cancelled, "it came after its cancellation");
    bench.nothing_more().await;
}

#[tokio::test]
async fn what_comes_out_of_a_link_that_stood_still_is_not_started() {
    let mut bench = Bench::new(any());
    let run = pb::RunCommand { start_by: NOW.0 - 1, ..bench.ask(&["true"], 20_000) };
    bench.hands.run(HOST, run, NOW);
    assert_eq!(bench.told().await.0.state, OutcomeState::Skipped);
}

#[tokio::test]
async fn an_agent_that_ends_takes_its_commands_along_and_says_so() {
    let mut bench = Bench::new(any());
    let run = bench.ask(&["sleep", "600"], 600_000);
    bench.hands.run(HOST, run, NOW);
    bench.hands.end_all().await;
    let (report, ..) = bench.told().await;
    assert_eq!(report.state, OutcomeState::Lost);
    assert!(report.why.as_str().contains("the agent was ended"), "{report:?}");
}

#[tokio::test]
async fn a_host_runs_so_many_at_once_and_the_others_wait() {
    let mut bench = Bench::new(any());
    let file = bench.folder.path().join("now");
    std::fs::create_dir(&file).unwrap();
    // each notes itself, counts, and goes
    let script = format!("mkdir {0}/$$; ls {0} | wc -l; sleep 0.05; rmdir {0}/$$", file.display());
    for _ in 0..2 * AT_ONCE {
        let run = bench.ask(&["sh", "-c", &script], 60_000);
        bench.hands.run(HOST, run, NOW);
    }
    for _ in 0..2 * AT_ONCE {
        let (report, out, _) = bench.told().await;
        assert_eq!(report.state, OutcomeState::Ok);
        let many: usize = String::from_utf8(out).unwrap().trim().parse().unwrap();
        assert!(many <= AT_ONCE, "{many} at once");
    }
}
