//! The real program as processes of its own: verbs, hubs and agents that go away with their test.

use std::fs::File;
use std::io::{BufRead, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// Longer than anything here takes; only a failing test waits for it.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// How a run of the program ended.
#[derive(Debug)]
pub struct Ended {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

/// A process that is killed when its test ends.
#[derive(Debug)]
pub struct Running(Child);

impl Running {
    pub fn pid(&self) -> u32 {
        self.0.id()
    }

    /// Kills it as `kill -9` does, and waits until it is gone.
    pub fn kill(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }

    /// Waits until it has ended by itself.
    #[track_caller]
    pub fn wait_exit(&mut self) -> ExitStatus {
        let mut left = None;
        until("the process ends", || {
            left = self.0.try_wait().unwrap();
            left.is_some()
        });
        left.unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A hub's ports, as it prints them.
#[derive(Debug)]
pub struct Ports {
    pub link: String,
    pub http: String,
}

/// The program with all that it keeps below `home`; words are parted by spaces.
pub fn command(home: &Path, line: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_watchfloor"));
    command.args(line.split_whitespace()).env("WATCHFLOOR_HOME", home).env("TZ", "UTC").stdin(Stdio::null());
    command
}

/// Runs the program to its end.
pub fn run(home: &Path, line: &str) -> Ended {
    let output = command(home, line).output().unwrap();
    Ended {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// What a run that must succeed printed.
#[track_caller]
pub fn done(home: &Path, line: &str) -> String {
    let ended = run(home, line);
    assert_eq!(ended.code, Some(0), "{line}: {ended:?}");
    ended.out
}

/// What a reading verb says.
#[track_caller]
pub fn json(home: &Path, line: &str) -> serde_json::Value {
    serde_json::from_str(&done(home, &format!("{line} --json"))).unwrap()
}

/// A hub on a link port of its own or on this one, ready; `Err` is what it wrote where it ended instead.
pub fn try_hub(mut command: Command, link: Option<&str>, log: &Path) -> Result<(Running, Ports), String> {
    command.args([
        "--listen",
        link.unwrap_or("127.0.0.1:0"),
        "--enrol-listen",
        "127.0.0.1:0",
        "--http-listen",
        "127.0.0.1:0",
    ]);
    command.args(["--advertise", "127.0.0.1"]).stdout(Stdio::piped()).stderr(File::create(log).unwrap());
    let mut process = Running(command.spawn().unwrap());
    let mut ready = String::new();
    BufReader::new(process.0.stdout.take().unwrap()).read_line(&mut ready).unwrap();
    let part = |name: &str| ready.split_whitespace().find_map(|part| part.strip_prefix(name)).map(str::to_owned);
    match (part("link="), part("http=")) {
        (Some(link), Some(http)) => Ok((process, Ports { link, http })),
        _ => Err(std::fs::read_to_string(log).unwrap()),
    }
}

/// A hub that must become ready, its data in `data`.
#[track_caller]
pub fn hub(home: &Path, data: &Path) -> (Running, Ports) {
    hub_at(home, data, None)
}

/// The same, on a link port that its agents know.
#[track_caller]
pub fn hub_at(home: &Path, data: &Path, link: Option<&str>) -> (Running, Ports) {
    let mut command = command(home, "hub --name main --data");
    command.arg(data);
    try_hub(command, link, &home.join("hub.log")).unwrap_or_else(|error| panic!("the hub did not start: {error}"))
}

/// Enrols `home` with a token that the hub of `data` makes for it.
#[track_caller]
pub fn enrol(home: &Path, data: &Path, token: &str) {
    let token = done(home, &format!("token create --data {} {token}", data.display()));
    let mut process = command(home, "enrol -").stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    process.stdin.take().unwrap().write_all(token.as_bytes()).unwrap();
    assert!(process.wait().unwrap().success());
}

/// The agent of an enrolled home.
pub fn agent(home: &Path) -> Running {
    let log = File::create(home.join("agent.log")).unwrap();
    Running(command(home, "agent").stdout(Stdio::null()).stderr(log).spawn().unwrap())
}

/// Waits until `holds` does.
#[track_caller]
pub fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < deadline, "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A program of this name in a folder, which sleeps: what a check of processes looks for.
pub fn sleeper(folder: &Path, name: &str) -> Running {
    let program = folder.join(name);
    if !program.exists() {
        std::fs::copy("/bin/sleep", &program).unwrap();
    }
    Running(Command::new(program).arg("600").stdin(Stdio::null()).spawn().unwrap())
}
