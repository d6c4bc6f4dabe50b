//! A notice given to a program of the hub's machine: JSON on its standard input, the main things in its environment.
//! Exit code 0 has sent it; 64 to 78 (`sysexits.h`) without 75 says that trying again is of no use; all else is tried
//! again. The first line of what it prints is the receipt, or the reason.

use std::os::unix::process::ExitStatusExt;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::Child;
use tokio::time::timeout;

use crate::fleet::configuration::channels::Command;
use crate::hub::notices::attempt::{DeliveryError, Receipt};
use crate::hub::notices::message::Message;

/// What is kept of each output; the rest is read and dropped, so that the program does not stall.
const KEPT: usize = 4 * 1024;
/// How long outputs may stay open behind the program's own end, held by what it left behind.
const LINGER: Duration = Duration::from_millis(250);
/// What it inherits of the hub's environment, which may hold secrets.
const INHERITED: [&str; 7] = ["PATH", "HOME", "USER", "LOGNAME", "TZ", "LANG", "TMPDIR"];
const FOR_GOOD: std::ops::RangeInclusive<i32> = 64..=78;
const TEMPORARY: i32 = 75;

pub(super) async fn send(command: &Command, message: &Message) -> Result<Receipt, DeliveryError> {
    let (program, arguments) =
        command.argv.split_first().ok_or_else(|| DeliveryError::lasting("the channel names no program"))?;
    let mut child = tokio::process::Command::new(program)
        .args(arguments)
        .env_clear()
        .envs(INHERITED.iter().filter_map(|name| Some((*name, std::env::var_os(name)?))))
        .envs(environment(message))
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| DeliveryError::lasting(&format!("{program} does not start: {error}")))?;
    let group = Group::of(&child);
    let input = message.json().to_string();
    let ended = timeout(command.timeout, attend(&mut child, &input)).await;
    // Whatever it left behind ends with it, and all of it where it took too long.
    drop(group);
    let Ok(ended) = ended else {
        let words = format!("{program} took longer than {} s and was killed", command.timeout.as_secs());
        return Err(DeliveryError::passing(&words));
    };
    let (status, out, err) =
        ended.map_err(|error| DeliveryError::passing(&format!("{program} can't be waited for: {error}")))?;
    judged(program, status, &out, &err)
}

fn judged(program: &str, status: ExitStatus, out: &[u8], err: &[u8]) -> Result<Receipt, DeliveryError> {
    let first = |bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes).into_owned();
        text.lines().map(str::trim).find(|line| !line.is_empty()).map(str::to_owned)
    };
    if status.success() {
        return Ok(Receipt::new(&first(out).unwrap_or_else(|| "exit code 0".to_owned())));
    }
    let how = match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit code {code}"),
        (None, signal) => format!("ended by signal {}", signal.unwrap_or(0)),
    };
    let words = first(err).or_else(|| first(out)).map_or_else(String::new, |line| format!(": {line}"));
    let words = format!("{program}: {how}{words}");
    let lasting = status.code().is_some_and(|code| FOR_GOOD.contains(&code) && code != TEMPORARY);
    Err(if lasting { DeliveryError::lasting(&words) } else { DeliveryError::passing(&words) })
}

/// The main things of a message, for scripts without a JSON reader.
fn environment(message: &Message) -> Vec<(String, String)> {
    let names = ["subject", "short", "to", "address", "kind", "severity", "client", "host", "alert", "link", "key"];
    let clean = |name: &&str| {
        let value = message.value(name).replace('\0', "");
        (format!("WATCHFLOOR_{}", name.to_uppercase()), value)
    };
    names.iter().map(clean).collect()
}

async fn attend(child: &mut Child, input: &str) -> std::io::Result<(ExitStatus, Vec<u8>, Vec<u8>)> {
    let (stdin, out, err) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let write = async {
        if let Some(mut stdin) = stdin {
            // A program that does not read its input is no reason to fail.
            let _ = stdin.write_all(input.as_bytes()).await;
            let _ = stdin.shutdown().await;
        }
    };
    let (mut kept_out, mut kept_err) = (Vec::new(), Vec::new());
    let status = {
        let talking = async { tokio::join!(write, listen(out, &mut kept_out), listen(err, &mut kept_err)) };
        tokio::pin!(talking);
        let mut silent = false;
        loop {
            tokio::select! {
                status = child.wait() => {
                    if !silent {
                        let _ = timeout(LINGER, &mut talking).await;
                    }
                    break status?;
                }
                _ = &mut talking, if !silent => silent = true,
            }
        }
    };
    Ok((status, kept_out, kept_err))
}

async fn listen(output: Option<impl AsyncRead + Unpin>, kept: &mut Vec<u8>) {
    let Some(mut output) = output else { return };
    let mut piece = [0; 4096];
    loop {
        let count = output.read(&mut piece).await.unwrap_or(0);
        if count == 0 {
            return;
        }
        let room = KEPT.saturating_sub(kept.len()).min(count);
        kept.extend_from_slice(piece.get(..room).unwrap_or_default());
    }
}

/// The program's process group, killed when dropped.
struct Group(Option<Pid>);

impl Group {
    fn of(child: &Child) -> Self {
        // 0 and 1 would mean ourselves and everyone
        Self(child.id().and_then(|id| i32::try_from(id).ok()).filter(|id| *id > 1).map(Pid::from_raw))
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(id) = self.0 {
            // an error means that nobody is left in it
            let _ = killpg(id, Signal::SIGKILL);
        }
    }
}
