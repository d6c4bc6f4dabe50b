//! Running one command's program to its end, whatever it does: it gets a process group, a fixed environment, a deadline,
//! and ears that never let it stall. When its end is told, nothing it started is left.

use std::ffi::OsString;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use nix::sys::signal::Signal;
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep, sleep_until, timeout, timeout_at};
use tokio_util::sync::CancellationToken;

use crate::agent::hands::ear::{Ear, Heard};
use crate::agent::hands::family::{Family, MARK};

/// Between asking a command to end and ending it.
const TERM_GRACE: Duration = Duration::from_secs(2);
/// How long outputs may stay open behind the program's own end before what holds them is ended.
const LINGER: Duration = Duration::from_millis(250);
/// Where programs without a whole path are looked for.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// What a program inherits of the agent's environment: the agent's may hold secrets.
const INHERITED: [&str; 5] = ["HOME", "USER", "LOGNAME", "TZ", "TMPDIR"];
/// The shell that reads a line.
const SHELL: &str = "/bin/sh";

/// What to run.
#[derive(Clone, Debug)]
pub struct Program {
    /// The program and its arguments, or one line for the shell.
    pub argv: Vec<String>,
    /// Whether the shell reads it.
    pub shell: bool,
    /// After this it is ended with all it started.
    pub timeout: Duration,
    /// Its command's key, which marks what it starts.
    pub key: String,
}

/// How it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// By itself, with this code.
    Exited(i32),
    /// By this signal, not sent by us.
    Signalled(i32),
    /// It did not end in time and was killed.
    TimedOut,
    /// It was cancelled and was killed.
    Cancelled,
    /// It could not be started: the code a shell would give, and why.
    NotStarted(i32, String),
}

/// What became of it.
#[derive(Debug)]
pub struct Done {
    /// How it ended.
    pub end: End,
    /// Standard output.
    pub stdout: Heard,
    /// Standard error.
    pub stderr: Heard,
    /// How long it ran.
    pub took: Duration,
    /// What people should know of its end; empty where there is nothing.
    pub note: String,
}

/// Runs the program to its end. `alone` says whether no other command runs in this process.
pub async fn run(program: &Program, cancelled: &CancellationToken, alone: impl Fn() -> bool) -> Done {
    let began = Instant::now();
    let deadline = began + program.timeout;
    let (mut stdout, mut stderr) = (Ear::default(), Ear::default());
    let mut note = String::new();
    let end = match command(program).and_then(|mut command| command.spawn()) {
        Err(error) => not_started(program, &error),
        Ok(child) => {
            let mut run = Run { family: Family::new(&program.key, child.id()), child, deadline };
            run.attend(cancelled, &alone, (&mut stdout, &mut stderr), &mut note).await
        }
    };
    Done { end, stdout: stdout.heard(), stderr: stderr.heard(), took: began.elapsed(), note }
}

struct Run {
    family: Family,
    child: Child,
    deadline: Instant,
}

impl Run {
    async fn attend(
        &mut self,
        cancelled: &CancellationToken,
        alone: &impl Fn() -> bool,
        (stdout, stderr): (&mut Ear, &mut Ear),
        note: &mut String,
    ) -> End {
        let (out, err) = (self.child.stdout.take(), self.child.stderr.take());
        let listening = async { tokio::join!(stdout.listen(out), stderr.listen(err)) };
        tokio::pin!(listening);
        let mut silent = false;
        let end = loop {
            tokio::select! {
                biased;
                status = self.child.wait() => break status.map_or(End::Signalled(0), ended),
                _ = &mut listening, if !silent => silent = true,
                () = cancelled.cancelled() => break End::Cancelled,
                () = sleep_until(self.deadline) => break End::TimedOut,
            }
        };
        if matches!(end, End::Cancelled | End::TimedOut) {
            let ending = self.end(alone());
            tokio::pin!(ending);
            // what prints while it ends must not stall on a full pipe
            *note = loop {
                tokio::select! {
                    biased;
                    note = &mut ending => break note,
                    _ = &mut listening, if !silent => silent = true,
                }
            };
        }
        // what it printed last may still be in the pipes; children it left behind may hold them open
        if !silent {
            silent = timeout(LINGER, &mut listening).await.is_ok();
        }
        if !silent || !self.family.is_surely_gone() {
            let (family, alone) = (self.family.clone(), alone());
            let left = tokio::task::spawn_blocking(move || {
                let some = family.lives(alone);
                (some, family.kill(alone))
            });
            let (some, unkilled) = left.await.unwrap_or_default();
            if note.is_empty() && (some || !unkilled.is_empty()) {
                *note = told(&unkilled, "what it left running was ended with it");
            }
            if !silent {
                let _ = timeout(LINGER, &mut listening).await;
            }
        }
        end
    }

    /// Asks it to end, then ends it and all it started, and makes sure of it.
    async fn end(&mut self, alone: bool) -> String {
        let family = self.family.clone();
        let _ = tokio::task::spawn_blocking(move || family.signal_all(Signal::SIGTERM, alone)).await;
        let give_up = Instant::now() + TERM_GRACE;
        if timeout_at(give_up, self.child.wait()).await.is_ok() {
            // the program may have ended politely and its children need as long
            while Instant::now() < give_up {
                let family = self.family.clone();
                if !tokio::task::spawn_blocking(move || family.lives(alone)).await.unwrap_or(true) {
                    return String::new();
                }
                sleep(Duration::from_millis(50)).await;
            }
        }
        let family = self.family.clone();
        let unkilled = tokio::task::spawn_blocking(move || family.kill(alone)).await.unwrap_or_default();
        let _ = timeout(TERM_GRACE, self.child.wait()).await;
        told(&unkilled, "")
    }
}

fn told(unkilled: &[i32], otherwise: &str) -> String {
    if unkilled.is_empty() {
        return otherwise.to_owned();
    }
    let ids: Vec<String> = unkilled.iter().take(8).map(ToString::to_string).collect();
    format!("{} processes could not be killed: {}", unkilled.len(), ids.join(", "))
}

fn command(program: &Program) -> io::Result<Command> {
    let mut command = if program.shell {
        let mut command = Command::new(SHELL);
        command.arg("-c").args(&program.argv);
        command
    } else {
        let (name, arguments) = program.argv.split_first().ok_or(io::ErrorKind::InvalidInput)?;
        let mut command = Command::new(find(name)?);
        command.arg0(name).args(arguments);
        command
    };
    command
        .env_clear()
        .envs(INHERITED.iter().filter_map(|name| Some((*name, std::env::var_os(name)?))))
        .env("PATH", PATH)
        .env("LANG", "C.UTF-8")
        .env("TERM", "dumb")
        .env(MARK, OsString::from(&program.key))
        .current_dir(Path::new("/"))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true);
    Ok(command)
}

/// The file to execute; looked for here, so that starting it needs no search in the child.
fn find(name: &str) -> io::Result<PathBuf> {
    if name.contains('/') {
        return Ok(PathBuf::from(name));
    }
    let found = PATH.split(':').map(|folder| Path::new(folder).join(name)).find(|path| path.is_file());
    found.ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, format!("no such program in {PATH}")))
}

fn ended(status: ExitStatus) -> End {
    match (status.code(), status.signal()) {
        (Some(code), _) => End::Exited(code),
        (None, signal) => End::Signalled(signal.unwrap_or(0)),
    }
}

/// With the codes a shell gives: 127 where there is no such program, 126 where it can't be executed.
fn not_started(program: &Program, error: &io::Error) -> End {
    let code = if error.kind() == io::ErrorKind::NotFound { 127 } else { 126 };
    let name = program.argv.first().map_or("", String::as_str);
    End::NotStarted(code, format!("{name} could not be started: {error}"))
}
