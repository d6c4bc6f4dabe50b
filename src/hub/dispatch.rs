//! Commands on their way to hosts: what a durable entry starts or cancels is said to the host at once, and said again
//! when it links anew. A host starts a command once by its key, so saying it twice does no harm.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::fleet::commands::{Command, Commands, Event, OutcomeState};
use crate::fleet::rules::commanding::WAIT_FOR_LINK;
use crate::fleet::words::{CommandId, HostId, Timestamp};
use crate::hub::links::Links;
use crate::wire::pb;
use crate::wire::pb::hub_message::Body;

/// What of the commands concerns hosts that have not ended, as it is durable.
#[derive(Debug)]
pub struct Dispatch {
    links: Arc<Links>,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    commands: BTreeMap<CommandId, OpenCommand>,
    /// Hosts that could not be told something: they are linked, but their queue was full.
    untold: HashSet<HostId>,
}

#[derive(Debug)]
struct OpenCommand {
    run: pb::RunCommand,
    queued: HashSet<HostId>,
    /// Those it was sent to, and when it was.
    running: HashMap<HostId, Running>,
}

#[derive(Clone, Copy, Debug)]
struct Running {
    since: Timestamp,
    cancelling: bool,
}

impl Dispatch {
    /// What is open in these commands.
    #[must_use]
    pub fn new(commands: &Commands, links: Arc<Links>) -> Self {
        let mut open = Open::default();
        for command in commands.open() {
            let mut one = OpenCommand::new(command);
            one.queued.extend(command.queued());
            for host in command.running() {
                let Some(outcome) = command.outcome(host) else { continue };
                let since = outcome.started_at.unwrap_or(command.asked_at);
                one.running.insert(host, Running { since, cancelling: outcome.cancelling });
            }
            open.commands.insert(command.id, one);
        }
        Self { links, open: Mutex::new(open) }
    }

    /// Has a host run a check or read a backup job now, all of them where the name is empty; one that is not linked checks when it comes back anyway.
    pub fn check_now(&self, host: HostId, check: &str) {
        let check = check.to_owned();
        if !self.links.say(host, Body::CheckNow(pb::CheckNow { check })) {
            tracing::debug!(%host, "asked to check now, but not linked");
        }
    }

    /// Follows an event that became durable, and tells hosts what it means for them.
    pub fn committed(&self, event: &Event, at: Timestamp) {
        let mut open = self.open();
        let open = &mut *open;
        if let Event::Asked { command, hosts, .. } = event {
            let one = open.commands.entry(command.id).or_insert_with(|| OpenCommand::new(command));
            return one.queued.extend(hosts);
        }
        let id = event.command();
        let Some(one) = open.commands.get_mut(&id) else { return };
        match event {
            Event::Asked { .. } => {}
            Event::Changed { state, hosts, .. } => {
                for host in hosts {
                    one.queued.remove(host);
                    if *state == OutcomeState::Running {
                        let running = Running { since: at, cancelling: false };
                        one.running.insert(*host, running);
                        say(&self.links, *host, one.word(running), &mut open.untold);
                    } else {
                        one.running.remove(host);
                    }
                }
            }
            Event::Reported { host, .. } => {
                one.queued.remove(host);
                one.running.remove(host);
            }
            Event::CancelAsked { hosts, .. } => {
                for host in hosts {
                    let Some(running) = one.running.get_mut(host) else { continue };
                    running.cancelling = true;
                    let running = *running;
                    say(&self.links, *host, one.word(running), &mut open.untold);
                }
            }
            Event::Archived { .. } => drop(open.commands.remove(&id)),
        }
        if open.commands.get(&id).is_some_and(|one| one.queued.is_empty() && one.running.is_empty()) {
            open.commands.remove(&id);
        }
    }

    /// Tells a host that has just linked, or could not be told before, what runs on it or is to be cancelled there.
    pub fn tell_again(&self, host: HostId) {
        let mut open = self.open();
        let open = &mut *open;
        open.untold.remove(&host);
        for one in open.commands.values() {
            if let Some(running) = one.running.get(&host) {
                say(&self.links, host, one.word(*running), &mut open.untold);
            }
        }
    }

    /// Whether a linked host is still to be told something.
    #[must_use]
    pub fn is_untold(&self, host: HostId) -> bool {
        self.open().untold.contains(&host)
    }

    /// Whether a command waits for this host's turn.
    #[must_use]
    pub fn is_queued(&self, host: HostId) -> bool {
        self.open().commands.values().any(|one| one.queued.contains(&host))
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl OpenCommand {
    fn new(command: &Command) -> Self {
        let run = pb::RunCommand {
            command: command.id.0,
            key: command.key.0.to_be_bytes().to_vec().into(),
            argv: command.argv.exact().to_vec(),
            shell: command.shell,
            timeout: u64::try_from(command.timeout.as_millis()).unwrap_or(u64::MAX),
            start_by: 0,
        };
        Self { run, queued: HashSet::new(), running: HashMap::new() }
    }

    fn word(&self, running: Running) -> Body {
        if running.cancelling {
            return Body::Cancel(pb::CancelRun { command: self.run.command, key: self.run.key.clone() });
        }
        let start_by = (running.since + WAIT_FOR_LINK).0.saturating_add_unsigned(self.run.timeout);
        Body::Run(pb::RunCommand { start_by, ..self.run.clone() })
    }
}

fn say(links: &Links, host: HostId, word: Body, untold: &mut HashSet<HostId>) {
    if !links.say(host, word) {
        untold.insert(host);
    }
}
