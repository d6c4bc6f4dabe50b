//! All processes that a command started, also those that forked away, made a session of their own or closed their
//! output: found by their group, by the mark in their environment, and by who started them.
//!
//! The agent is the subreaper of all it starts: what loses its parent becomes the agent's child, where it is seen and
//! taken leave of. A process that clears its environment, begins a session and loses its parent all at once carries no
//! sign any more; it is taken for the command's where no other command runs that it could belong to.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill, killpg};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{Pid, getpid, getsid};

/// The variable that marks what a command started. What is to outlive its command is started without it:
/// `env -u WATCHFLOOR_COMMAND setsid PROGRAM`.
pub const MARK: &str = "WATCHFLOOR_COMMAND";
/// How long processes may take to be gone after SIGKILL.
const PATIENCE: Duration = Duration::from_secs(5);
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(10);

/// The programs of commands that have not been waited for: children of ours that are no orphans.
static LEADERS: Mutex<BTreeSet<i32>> = Mutex::new(BTreeSet::new());

/// What one command started. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Family(Arc<Kin>);

#[derive(Debug)]
struct Kin {
    /// The program's process, which leads its own group.
    leader: Option<Pid>,
    /// When it was started, in ticks of the system.
    since: u64,
    /// `MARK=KEY`.
    mark: String,
}

impl Drop for Kin {
    fn drop(&mut self) {
        if let Some(leader) = self.leader {
            leaders().remove(&leader.as_raw());
        }
    }
}

/// One process as the system tells.
#[derive(Clone, Copy, Debug)]
struct Process {
    parent: i32,
    group: i32,
    session: i32,
    zombie: bool,
    /// Ticks since the system started.
    since: u64,
}

/// From now on what loses its parent becomes this process's child.
pub fn adopt_orphans() {
    if let Err(error) = nix::sys::prctl::set_child_subreaper(true) {
        tracing::warn!(%error, "processes that fork away from a command are found by their marks only");
    }
}

impl Family {
    /// The family of the command with this key; `leader` is the process that was started.
    #[must_use]
    pub fn new(key: &str, leader: Option<u32>) -> Self {
        // 0 and 1 would mean ourselves and everyone
        let leader = leader.and_then(|id| i32::try_from(id).ok()).filter(|id| *id > 1).map(Pid::from_raw);
        let since = leader.and_then(|leader| process(leader.as_raw())).map_or(u64::MAX, |process| process.since);
        leaders().extend(leader.map(Pid::as_raw));
        Self(Arc::new(Kin { leader, since, mark: format!("{MARK}={key}") }))
    }

    /// Whether it is known, at little cost, that nothing is left but perhaps what carries no sign: no process of the
    /// group, and no child of ours that is marked. Right after the program's end orphans are our children already.
    #[must_use]
    pub fn is_surely_gone(&self) -> bool {
        let group_is_empty = self.0.leader.is_none_or(|leader| killpg(leader, None) == Err(Errno::ESRCH));
        let Some(mut orphans) = children_of_self() else { return false };
        let known = leaders().clone();
        orphans.retain(|child| !known.contains(child));
        group_is_empty && !orphans.into_iter().any(|orphan| self.is_marked(orphan) || self.is_later_and_apart(orphan))
    }

    /// Sends a signal to the group.
    pub fn signal(&self, signal: Signal) {
        if let Some(leader) = self.0.leader {
            // an error means that nobody is left in it
            let _ = killpg(leader, signal);
        }
    }

    /// Sends a signal to every member.
    pub fn signal_all(&self, signal: Signal, alone: bool) {
        self.signal(signal);
        for member in self.members(alone) {
            let _ = kill(Pid::from_raw(member), signal);
        }
    }

    /// Whether a member lives. `alone`: no other command runs.
    #[must_use]
    pub fn lives(&self, alone: bool) -> bool {
        !self.members(alone).is_empty()
    }

    /// Kills every member until none is left; returns those that could not be killed. Blocks, for a few milliseconds
    /// where all is well.
    #[must_use]
    pub fn kill(&self, alone: bool) -> Vec<i32> {
        let until = Instant::now() + PATIENCE;
        let mut killed = BTreeSet::new();
        loop {
            self.signal(Signal::SIGKILL);
            let members = self.members(alone);
            for member in &members {
                let _ = kill(Pid::from_raw(*member), Signal::SIGKILL);
            }
            killed.extend(members.iter().copied());
            // those that became our children are ours to take leave of
            killed.retain(|one| waitpid(Pid::from_raw(*one), Some(WaitPidFlag::WNOHANG)) == Ok(WaitStatus::StillAlive));
            if members.is_empty() || Instant::now() >= until {
                return members.into_iter().collect();
            }
            std::thread::sleep(PAUSE);
        }
    }

    /// The members that live, the leader left out: its end is waited for by who started it.
    fn members(&self, alone: bool) -> BTreeSet<i32> {
        let processes = processes();
        let me = getpid().as_raw();
        let leader = self.0.leader.map(Pid::as_raw);
        let in_group =
            |process: &Process| leader.is_some_and(|leader| process.group == leader || process.session == leader);
        let mut members: BTreeSet<i32> = processes
            .iter()
            .filter(|(id, process)| {
                **id != me
                    && (in_group(process)
                        || self.is_marked(**id)
                        || (alone && process.parent == me && self.is_later_and_apart(**id)))
            })
            .map(|(id, _)| *id)
            .collect();
        members.extend(leader);
        // whom they started, and whom those started
        loop {
            let more: Vec<i32> = processes
                .iter()
                .filter(|(id, process)| members.contains(&process.parent) && !members.contains(id) && **id != me)
                .map(|(id, _)| *id)
                .collect();
            if more.is_empty() {
                break;
            }
            members.extend(more);
        }
        members.retain(|id| Some(*id) != leader && processes.get(id).is_some_and(|process| !process.zombie));
        members
    }

    /// Whether it began after the program and has a session of its own: of a child of ours, that it forked away.
    fn is_later_and_apart(&self, id: i32) -> bool {
        let own = getsid(None).map_or(0, Pid::as_raw);
        process(id).is_some_and(|process| process.since >= self.0.since && process.session != own && !process.zombie)
    }

    fn is_marked(&self, id: i32) -> bool {
        std::fs::read(format!("/proc/{id}/environ"))
            .is_ok_and(|environment| environment.split(|byte| *byte == 0).any(|entry| entry == self.0.mark.as_bytes()))
    }
}

/// Takes leave of adopted processes that ended by themselves: those that are dead since the last call. What other parts
/// of the program started is waited for by them, at once; what stays dead for longer nobody waits for.
pub fn reap(dead_before: &mut BTreeSet<i32>) {
    let children = children_of_self().unwrap_or_default();
    let dead: BTreeSet<i32> =
        children.into_iter().filter(|child| process(*child).is_some_and(|process| process.zombie)).collect();
    for child in dead.intersection(dead_before) {
        let _ = waitpid(Pid::from_raw(*child), Some(WaitPidFlag::WNOHANG));
    }
    *dead_before = dead;
}

fn leaders() -> MutexGuard<'static, BTreeSet<i32>> {
    LEADERS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Our children, of all our threads; `None` where the kernel does not tell.
fn children_of_self() -> Option<Vec<i32>> {
    let mut children = Vec::new();
    for thread in std::fs::read_dir("/proc/self/task").ok()?.flatten() {
        let list = match std::fs::read_to_string(thread.path().join("children")) {
            Ok(list) => list,
            // a thread that just ended
            Err(_) if !thread.path().exists() => continue,
            Err(_) => return None,
        };
        children.extend(list.split_whitespace().filter_map(|id| id.parse::<i32>().ok()));
    }
    Some(children)
}

fn processes() -> BTreeMap<i32, Process> {
    let Ok(entries) = std::fs::read_dir("/proc") else { return BTreeMap::new() };
    let ids = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    ids.filter_map(|id| Some((id, process(id)?))).collect()
}

fn process(id: i32) -> Option<Process> {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    // a program's name may hold anything, parentheses too
    let (_, rest) = stat.rsplit_once(") ")?;
    let mut fields = rest.split(' ');
    let state = fields.next()?;
    let mut number = || fields.next().and_then(|field| field.parse().ok());
    let (parent, group, session) = (number()?, number()?, number()?);
    // field 22 of the whole line
    let since = fields.nth(15)?.parse().ok()?;
    Some(Process { parent, group, session, zombie: matches!(state, "Z" | "X"), since })
}
