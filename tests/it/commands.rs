//! Commands over real hubs and agents: exactly once through every kind of death, what the command line says of them, and
//! who may send them.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::Duration;

use watchfloor::console::ask::{Detail, Topic};
use watchfloor::console::link_task::Reach;
use watchfloor::console::replica::FleetIndex;
use watchfloor::link::Address;
use watchfloor::link::socket_path::find_socket;

use crate::hubs_and_console::Console;
use crate::processes::{Ended, Ports, Running, agent, command, done, enrol, hub, hub_at, json, until};

/// A hub and one agent with its host's word on what may run.
struct Scene {
    folder: tempfile::TempDir,
    hub: Running,
    ports: Ports,
    agent: Option<Running>,
}

impl Scene {
    fn new(hands: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (home, data) = (folder.path().join("home"), folder.path().join("data"));
        std::fs::create_dir_all(&home).unwrap();
        let (hub, ports) = hub(&home, &data);
        let mut scene = Self { folder, hub, ports, agent: None };
        enrol(&scene.agent_home(), &data, &format!("--role agent --client acme --site hq --name web --hands {hands}"));
        scene.start_agent();
        scene
    }

    fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn agent_home(&self) -> PathBuf {
        let home = self.folder.path().join("agent");
        std::fs::create_dir_all(&home).unwrap();
        home
    }

    fn start_agent(&mut self) {
        self.agent = Some(agent(&self.agent_home()));
        until("the host is up", || self.read("hosts")[0]["state"] == "up");
    }

    fn kill_agent(&mut self) {
        self.agent.take().unwrap().kill();
    }

    fn kill_hub(&mut self) {
        self.hub.kill();
    }

    fn start_hub(&mut self) {
        (self.hub, self.ports) = hub_at(&self.home(), &self.data(), Some(&self.ports.link.clone()));
    }

    fn read(&self, line: &str) -> serde_json::Value {
        json(&self.home(), &format!("{line} --data {}", self.data().display()))
    }

    fn run_line(&self, options: &str, argv: &[&str]) -> std::process::Command {
        let mut run = command(&self.home(), &format!("run --where * {options} --data {} --", self.data().display()));
        run.args(argv);
        run
    }

    fn run(&self, options: &str, argv: &[&str]) -> Ended {
        ended(self.run_line(options, argv).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap())
    }

    /// A run that goes on while the test does something else.
    fn begin(&self, argv: &[&str]) -> Child {
        self.run_line("--timeout 60s", argv).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    fn shell(&self, script: &str) -> Child {
        self.begin(&["sh", "-c", script])
    }

    /// The newest command.
    fn newest(&self) -> serde_json::Value {
        self.read("commands")[0].clone()
    }
}

fn ended(child: Child) -> Ended {
    let output = child.wait_with_output().unwrap();
    Ended {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

fn lines(file: &Path) -> usize {
    std::fs::read_to_string(file).unwrap_or_default().lines().count()
}

#[test]
fn a_command_runs_once_wherever_the_agent_is_killed() {
    let mut scene = Scene::new("any");
    for round in 0..8_u64 {
        let file = scene.folder.path().join(format!("ran-{round}"));
        let run = scene.shell(&format!("echo $$ >> {}; sleep 0.3; echo done", file.display()));
        // before it begins, while it runs, as it ends, after its end
        std::thread::sleep(Duration::from_millis(round * 60));
        scene.kill_agent();
        scene.start_agent();
        let ended = ended(run);
        let state = scene.newest()["outcomes"].clone();
        assert!(lines(&file) <= 1, "round {round}: {ended:?}");
        let (ok, lost) = (state["ok"] == 1, state["lost"] == 1);
        assert!(ok || lost, "round {round}: {ended:?}");
        assert_eq!(ended.code, Some(i32::from(!ok)), "round {round}: {ended:?}");
        assert!(!ok || lines(&file) == 1, "round {round}: ok means that it ran");
    }
}

#[test]
fn a_command_runs_once_and_is_told_through_deaths_of_the_hub() {
    let mut scene = Scene::new("any");
    for round in 0..4_u64 {
        let file = scene.folder.path().join(format!("ran-{round}"));
        let run = scene.shell(&format!("echo $$ >> {}; sleep 0.4; echo done", file.display()));
        until("it is asked for", || scene.read("commands").as_array().unwrap().len() as u64 > round);
        std::thread::sleep(Duration::from_millis(round * 150));
        scene.kill_hub();
        scene.start_hub();
        let ended = ended(run);
        assert_eq!((ended.code, lines(&file)), (Some(0), 1), "round {round}: {ended:?}");
        assert!(ended.out.contains("done"), "{ended:?}");
    }
}

#[test]
fn what_an_agent_left_running_when_it_was_killed_is_ended_at_its_start() {
    let mut scene = Scene::new("any");
    let file = scene.folder.path().join("pid");
    let run = scene.shell(&format!("echo $$ > {}; exec sleep 600", file.display()));
    until("it runs", || lines(&file) == 1);
    let stat = format!("/proc/{}/stat", std::fs::read_to_string(&file).unwrap().trim());
    scene.kill_agent();
    assert!(Path::new(&stat).exists(), "it outlives its agent");
    scene.start_agent();
    let ended = ended(run);
    assert!(ended.out.contains("1 lost") && ended.code == Some(1), "{ended:?}");
    until("it is gone", || std::fs::read_to_string(&stat).map_or(true, |stat| stat.contains(") Z ")));
}

#[test]
fn the_command_line_says_how_it_ended_and_what_was_printed() {
    let scene = Scene::new("any");
    let ended = scene.run("", &["sh", "-c", "echo out; echo 'e\u{1b}[2Jrr' >&2; exit 3"]);
    assert_eq!(ended.code, Some(1));
    assert!(ended.out.contains("== 1 host failed (code 3): web\nout\n-- standard error:\n"), "{ended:?}");
    assert!(!ended.out.contains('\u{1b}'), "what moves a terminal is shown, not obeyed");
    let told: serde_json::Value = serde_json::from_str(&scene.run("--json", &["printf", "%s", "a;b"]).out).unwrap();
    assert_eq!((&told["hosts"][0]["stdout"]["text"], &told["state"]), (&"a;b".into(), &"ended".into()));
    let sum: u64 = told["outcomes"].as_object().unwrap().values().map(|count| count.as_u64().unwrap()).sum();
    assert_eq!((sum, told["targets"].as_u64(), told["outcomes"].as_object().unwrap().len()), (1, Some(1), 11));

    let ended = scene.run("--timeout 300ms", &["sleep", "600"]);
    assert!(ended.code == Some(1) && ended.out.contains("timed_out"), "{ended:?}");
    let ended = scene.run("--expect 2", &["true"]);
    assert!(ended.code == Some(1) && ended.err.contains("1 hosts now, not the 2 expected"), "{ended:?}");
    assert!(scene.run("--dry-run", &["true"]).out.contains("would start on 1 host: web"));
    let data = scene.data();
    let all = done(&scene.home(), &format!("commands --data {}", data.display()));
    assert_eq!(all.lines().count(), 4, "{all}");
    let one = done(&scene.home(), &format!("command main/1 --data {}", data.display()));
    assert!(one.contains("out") && one.contains("1 failed"), "{one}");
}

#[test]
fn large_output_comes_as_a_blob_with_its_middle_left_out() {
    let scene = Scene::new("any");
    let script = "echo first; head -c 3000000 /dev/zero | tr '\\0' x; echo; echo last";
    let told: serde_json::Value = serde_json::from_str(&scene.run("--json", &["sh", "-c", script]).out).unwrap();
    let stdout = &told["hosts"][0]["stdout"];
    let text = stdout["text"].as_str().unwrap();
    assert!(text.starts_with("first\nxxx") && text.ends_with("xxx\nlast\n") && text.contains("bytes left out]"));
    assert_eq!((&told["hosts"][0]["truncated"], stdout["bytes_printed"].as_u64()), (&true.into(), Some(3_000_012)));
    assert!(text.len() <= 1 << 20);
}

#[test]
fn cancelling_kills_it_on_the_host_and_ctrl_c_leaves_it_running() {
    let scene = Scene::new("any");
    let file = scene.folder.path().join("pid");
    let run = scene.shell(&format!("echo $$ > {}; exec sleep 600", file.display()));
    until("it runs", || lines(&file) == 1);
    let signal = |run: &Child| {
        let pid = nix::unistd::Pid::from_raw(i32::try_from(run.id()).unwrap());
        nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGINT).unwrap();
    };
    signal(&run);
    let left = ended(run);
    assert!(left.code == Some(1) && left.err.contains("was left running"), "{left:?}");
    assert_eq!(scene.newest()["outcomes"]["running"], 1);
    done(&scene.home(), &format!("cancel 1 --data {}", scene.data().display()));
    until("it is cancelled", || scene.newest()["outcomes"]["cancelled"] == 1);
    let stat = format!("/proc/{}/stat", std::fs::read_to_string(&file).unwrap().trim());
    assert!(std::fs::read_to_string(stat).map_or(true, |stat| stat.contains(") Z ")), "confirmed means dead");
}

#[test]
fn a_second_ctrl_c_cancels_it_and_waits_for_its_end() {
    let scene = Scene::new("any");
    let file = scene.folder.path().join("pid");
    let mut run = scene.shell(&format!("echo $$ > {}; exec sleep 600", file.display()));
    until("it runs", || lines(&file) == 1);
    let signal = |run: &Child| {
        let pid = nix::unistd::Pid::from_raw(i32::try_from(run.id()).unwrap());
        nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGINT).unwrap();
    };
    let mut said = BufReader::new(run.stderr.take().unwrap());
    let mut line = String::new();
    signal(&run);
    while !line.contains("Ctrl-C again cancels it") {
        line.clear();
        assert_ne!(said.read_line(&mut line).unwrap(), 0, "it ended before it said what a second one does");
    }
    signal(&run);
    let mut rest = String::new();
    said.read_to_string(&mut rest).unwrap();
    let ended = ended(run);
    assert!(ended.code == Some(1) && ended.out.contains("1 cancelled"), "{ended:?} {rest}");
    assert!(rest.contains("cancelling command main/1"), "{rest}");
    let stat = format!("/proc/{}/stat", std::fs::read_to_string(&file).unwrap().trim());
    assert!(std::fs::read_to_string(stat).map_or(true, |stat| stat.contains(") Z ")), "confirmed means dead");
}

#[test]
fn a_host_without_hands_denies_and_names_the_rule() {
    let scene = Scene::new("none");
    let ended = scene.run("", &["true"]);
    assert_eq!(ended.code, Some(1));
    assert!(ended.out.contains("denied, denied by [hands] mode = \"none\""), "{ended:?}");
}

#[test]
fn viewers_see_commands_and_send_none() {
    let scene = Scene::new("any");
    scene.run("", &["echo", "secret"]);
    let viewer = scene.folder.path().join("viewer");
    std::fs::create_dir_all(&viewer).unwrap();
    enrol(&viewer, &scene.data(), "--role viewer --name eve");
    let mut line = command(&viewer, "run --where * --");
    let refused = ended(line.arg("true").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap());
    assert!(refused.code == Some(4) && refused.err.contains("operator"), "{refused:?}");
    assert_eq!(json(&viewer, "commands")[0]["outcomes"]["ok"], 1);
    let output = crate::processes::run(&viewer, "command 1");
    assert!(output.code == Some(4) && output.err.contains("for operators"), "{output:?}");
    until("the refusal is in the journal", || {
        let journal = scene.read("journal").to_string();
        journal.contains("refused") && journal.contains("eve")
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_console_is_told_which_hosts_are_in_their_quiet_hours() {
    let folder = tempfile::tempdir().unwrap();
    let (home, data) = (folder.path().join("home"), folder.path().join("data"));
    std::fs::create_dir_all(&home).unwrap();
    std::fs::create_dir_all(data.join("config")).unwrap();
    std::fs::write(data.join("config/fleet.toml"), "[class.laptop]\nhours = \"never\"\n").unwrap();
    let (_hub, _) = hub(&home, &data);
    for (name, class) in [("web", "server"), ("slate", "laptop"), ("pad", "laptop")] {
        let home = folder.path().join(name);
        std::fs::create_dir_all(&home).unwrap();
        enrol(&home, &data, &format!("--role agent --client acme --site hq --name {name} --class {class}"));
    }
    let socket = Address::Unix(find_socket(&data));
    let mut console = Console::reaching(vec![("main", Reach::new(move || Ok((vec![socket.clone()], None))))]);
    let fleet = FleetIndex(0);
    console.live(fleet).await;
    let Ok(Detail::QuietHosts(quiet)) = console.detail(fleet, Topic::QuietHosts).await else { panic!("no answer") };
    let hosts = &console.replica(fleet).fleet().hosts.hosts;
    let names: Vec<&str> = quiet.iter().map(|host| hosts[host].name.as_str()).collect();
    assert_eq!(names, ["slate", "pad"]);
}

#[test]
fn synthetic_hosts_really_run_it() {
    let scene = Scene::new("any");
    let swarm = command(&scene.home(), &format!("swarm --agents 12 --interval 5s --data {}", scene.data().display()))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let swarm = Kept(swarm);
    until("all are up", || {
        let hosts = scene.read("hosts");
        hosts.as_array().unwrap().iter().filter(|host| host["state"] == "up").count() == 13
    });
    let file = scene.folder.path().join("ran");
    let ended = scene.run("--window 4", &["sh", "-c", &format!("echo x >> {}; echo same", file.display())]);
    assert_eq!((ended.code, lines(&file)), (Some(0), 13), "{ended:?}");
    assert!(ended.out.contains("== 13 hosts ok: synthetic-[0002-0013],web\nsame\n"), "{ended:?}");
    assert_eq!(ended.out.lines().filter(|line| line.contains(": ok  ")).count(), 13, "each by its name: {ended:?}");
    assert!(!ended.out.contains("host 1"), "none by its number: {ended:?}");
    drop(swarm);
}

struct Kept(Child);

impl Drop for Kept {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
