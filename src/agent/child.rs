//! Running a program that may do anything: hang, fork, ignore signals, print without end. It gets its own process
//! group, a deadline, and bounded ears.

use std::ffi::OsStr;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep_until, timeout};

/// What is kept of each output, a byte more than counts, which tells that there was more; what is beyond is read and dropped, so that the program does not stall.
pub const OUTPUT_KEPT: usize = (64 << 10) + 1;
/// A program that prints more than this is killed: reading on would only burn processor time.
pub const OUTPUT_ENDURED: u64 = 16 << 20;
/// Between asking a group to end and ending it.
const GRACE: Duration = Duration::from_secs(2);
/// How long outputs may stay open behind the program's own end, held by children it left.
const LINGER: Duration = Duration::from_millis(250);
/// What a program inherits of the agent's environment: the agent's may hold secrets.
const INHERITED: [&str; 7] = ["PATH", "HOME", "USER", "LOGNAME", "TZ", "LANG", "TMPDIR"];

/// A program to run.
#[derive(Clone, Debug)]
pub struct Program {
    /// The file to execute.
    pub path: PathBuf,
    /// What the program sees as its own name: programs with many names look at it.
    pub called: PathBuf,
    /// Its arguments, one by one.
    pub args: Vec<String>,
    /// After this it is killed with its group.
    pub timeout: Duration,
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// By itself, with this code.
    Exited(i32),
    /// By this signal, not sent by us.
    Signalled(i32),
    /// It did not end in time and was killed.
    TimedOut,
    /// It printed more than [`OUTPUT_ENDURED`] and was killed.
    PrintedTooMuch,
}

/// What a program did.
#[derive(Debug)]
pub struct Done {
    /// How it ended.
    pub end: End,
    /// The first [`OUTPUT_KEPT`] bytes of its standard output.
    pub stdout: Vec<u8>,
    /// The first [`OUTPUT_KEPT`] bytes of its standard error.
    pub stderr: Vec<u8>,
}

/// Runs the program to its end, at the latest a little behind its timeout. When the returned future is dropped, the
/// whole group is killed.
///
/// # Errors
/// Where it can't be started: what the system said.
pub async fn run(program: &Program) -> io::Result<Done> {
    let mut stdout = Ear::default();
    let (end, stderr) = run_into(program, &[], &mut stdout).await?;
    Ok(Done { end, stdout: stdout.kept, stderr })
}

/// As [`run`], with these variables in its environment besides and its standard output given to `stdout`, piece by piece
/// as it comes; gives how it ended and the first of its standard error.
///
/// # Errors
/// Where it can't be started: what the system said.
pub async fn run_into(
    program: &Program,
    environment: &[(String, String)],
    stdout: &mut impl Hear,
) -> io::Result<(End, Vec<u8>)> {
    let deadline = Instant::now() + program.timeout;
    let mut command = Command::new(&program.path);
    command
        .arg0(&program.called)
        .args(&program.args)
        .env_clear()
        .envs(INHERITED.iter().filter_map(|name| Some((*name, std::env::var_os(name)?))))
        // numbers in performance data are written with a point
        .env("LC_NUMERIC", OsStr::new("C"))
        .envs(environment.iter().map(|(name, value)| (name, value)))
        .current_dir(Path::new("/"))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true);
    let mut child = command.spawn()?;
    let mut stderr = Ear::default();
    let end = attend(&mut child, deadline, stdout, &mut stderr).await?;
    Ok((end, stderr.kept))
}

async fn attend(child: &mut Child, deadline: Instant, stdout: &mut impl Hear, stderr: &mut Ear) -> io::Result<End> {
    let mut group = Group::of(child);
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let listening = async { tokio::join!(listen(stdout, out), listen(stderr, err)) };
    tokio::pin!(listening);
    let mut silent = false;
    let end = loop {
        tokio::select! {
            biased;
            status = child.wait() => break ended(status?),
            (out, err) = &mut listening, if !silent => {
                silent = true;
                if out.is_err() || err.is_err() {
                    group.end(child).await;
                    break End::PrintedTooMuch;
                }
            }
            () = sleep_until(deadline) => {
                group.end(child).await;
                break End::TimedOut;
            }
        }
    };
    // what it printed last may still be in the pipes; children it left behind may hold them open, and go
    let last_words = if silent { Ok((Ok(()), Ok(()))) } else { timeout(LINGER, &mut listening).await };
    let too_much = matches!(last_words, Ok((Err(_), _) | (_, Err(_))));
    if last_words.is_err() || too_much {
        group.signal(Signal::SIGKILL);
    }
    group.armed = false;
    Ok(if too_much { End::PrintedTooMuch } else { end })
}

fn ended(status: ExitStatus) -> End {
    match (status.code(), status.signal()) {
        (Some(code), _) => End::Exited(code),
        (None, signal) => End::Signalled(signal.unwrap_or(0)),
    }
}

/// The process group of one child; killed when dropped, unless disarmed.
struct Group {
    id: Option<Pid>,
    armed: bool,
}

impl Group {
    fn of(child: &Child) -> Self {
        // 0 and 1 would mean ourselves and everyone
        let id = child.id().and_then(|id| i32::try_from(id).ok()).filter(|id| *id > 1);
        Self { id: id.map(Pid::from_raw), armed: true }
    }

    fn signal(&self, signal: Signal) {
        if let Some(id) = self.id {
            // an error means that nobody is left in it
            let _ = killpg(id, signal);
        }
    }

    /// Asks the group to end, then ends it; the child is reaped.
    async fn end(&self, child: &mut Child) {
        self.signal(Signal::SIGTERM);
        if timeout(GRACE, child.wait()).await.is_err() {
            self.signal(Signal::SIGKILL);
            let _ = child.wait().await;
        }
        // the child may have ended politely and its children not
        self.signal(Signal::SIGKILL);
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if self.armed {
            self.signal(Signal::SIGKILL);
        }
    }
}

/// Takes one output in, piece by piece.
pub trait Hear {
    /// Takes a piece in.
    ///
    /// # Errors
    /// It was too much: the program is ended.
    fn hear(&mut self, piece: &[u8]) -> Result<(), TooMuch>;
}

/// A program printed more than can be used.
#[derive(Debug)]
pub struct TooMuch;

/// Keeps the beginning, endures the rest up to a bound.
#[derive(Default)]
struct Ear {
    kept: Vec<u8>,
    heard: u64,
}

impl Hear for Ear {
    fn hear(&mut self, piece: &[u8]) -> Result<(), TooMuch> {
        self.heard += piece.len() as u64;
        let room = OUTPUT_KEPT.saturating_sub(self.kept.len()).min(piece.len());
        self.kept.extend_from_slice(piece.get(..room).unwrap_or_default());
        if self.heard > OUTPUT_ENDURED { Err(TooMuch) } else { Ok(()) }
    }
}

async fn listen(ear: &mut impl Hear, output: Option<impl AsyncRead + Unpin>) -> Result<(), TooMuch> {
    let Some(mut output) = output else { return Ok(()) };
    let mut piece = [0; 4096];
    loop {
        // a broken pipe says no more than a closed one
        let count = output.read(&mut piece).await.unwrap_or(0);
        if count == 0 {
            return Ok(());
        }
        ear.hear(piece.get(..count).unwrap_or_default())?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str, timeout: Duration) -> Program {
        let (path, args) = (PathBuf::from("/bin/sh"), vec!["-c".into(), script.into()]);
        Program { called: path.clone(), path, args, timeout }
    }

    async fn done(script: &str, timeout_ms: u64) -> Done {
        run(&shell(script, Duration::from_millis(timeout_ms))).await.unwrap()
    }

    /// Waits until no process of the id is left but a zombie of somebody else.
    async fn gone(pid: &str) {
        let stat = format!("/proc/{}/stat", pid.trim());
        while std::fs::read_to_string(&stat).is_ok_and(|stat| !stat.contains(") Z ")) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    #[tokio::test]
    async fn outputs_are_kept_apart_and_codes_told() {
        let ok = done("echo out; echo err >&2; exit 3", 5000).await;
        assert_eq!((ok.end, &*ok.stdout, &*ok.stderr), (End::Exited(3), &b"out\n"[..], &b"err\n"[..]));
        assert_eq!(done("kill -9 $$", 5000).await.end, End::Signalled(9));
        assert!(run(&shell("", Duration::ZERO)).await.is_ok());
        let none = Program { path: "/nonexistent".into(), ..shell("", Duration::ZERO) };
        assert_eq!(run(&none).await.unwrap_err().kind(), io::ErrorKind::NotFound);
    }

    #[tokio::test]
    async fn a_hanging_program_is_killed_with_all_its_children() {
        let hung = done("sh -c 'trap \"\" TERM; echo $$; while :; do sleep 1; done' & echo $!; wait", 300).await;
        assert_eq!(hung.end, End::TimedOut);
        for pid in String::from_utf8(hung.stdout).unwrap().lines() {
            gone(pid).await;
        }
    }

    #[tokio::test]
    async fn a_program_deaf_to_sigterm_is_killed_too() {
        let deaf = done("trap '' TERM; echo $$; while :; do sleep 0.1; done", 100).await;
        assert_eq!(deaf.end, End::TimedOut);
        gone(&String::from_utf8(deaf.stdout).unwrap()).await;
    }

    #[tokio::test]
    async fn a_child_left_behind_with_the_output_open_does_not_hold_the_result_up() {
        let left = done("sleep 600 & echo $!", 60_000).await;
        assert_eq!(left.end, End::Exited(0));
        gone(&String::from_utf8(left.stdout).unwrap()).await;
    }

    #[tokio::test]
    async fn endless_output_is_bounded_then_ended() {
        let much = done("head -c 1000000 /dev/zero; exit 1", 20_000).await;
        assert_eq!((much.end, much.stdout.len()), (End::Exited(1), OUTPUT_KEPT));
        let endless = done("yes", 60_000).await;
        assert_eq!((endless.end, endless.stdout.len()), (End::PrintedTooMuch, OUTPUT_KEPT));
    }

    #[tokio::test]
    async fn closing_the_outputs_early_does_not_end_the_run() {
        assert_eq!(done("exec >&- 2>&-; sleep 0.2; exit 2", 10_000).await.end, End::Exited(2));
    }

    #[tokio::test]
    async fn a_dropped_run_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pid");
        let script = format!("sleep 600 & echo $! > {0}.new; mv {0}.new {0}; wait", file.display());
        let run = tokio::spawn(async move { done(&script, 600_000).await });
        while !file.exists() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        run.abort();
        gone(&std::fs::read_to_string(file).unwrap()).await;
    }

    #[tokio::test]
    async fn the_agents_environment_stays_with_the_agent() {
        let done = done("env", 5000).await;
        let text = String::from_utf8(done.stdout).unwrap();
        assert!(text.contains("LC_NUMERIC=C"));
        assert!(!text.contains("CARGO_"), "{text}");
    }
}
