//! Commands: a program sent to hosts, and how it ended on each of them.

mod argv;
mod blur;
mod command;
mod event;
mod fold;
mod grouping;
mod outcome;
mod tally;

pub use argv::{ARGUMENTS_MAX, Argv, ArgvError, BYTES_MAX};
pub use blur::blurred;
pub use command::{Asked, Command, CommandState};
pub use event::Event;
pub use fold::fold_names;
pub use grouping::{Alike, Grouping};
pub use outcome::{Kept, Outcome, OutcomeState, Report};
pub use tally::Tally;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use crate::fleet::words::{ClientId, CommandId, HostId, Timestamp};

/// The most hosts one command goes to.
pub const MOST_HOSTS: usize = 10_000;
/// How many hosts run it at once where nothing else is said.
pub const DEFAULT_WINDOW: u32 = 128;
/// How long it may run where nothing else is said.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);
/// The most hosts one event names, so that its body stays within 16 KiB beside the largest arguments.
pub const HOSTS_PER_EVENT: usize = 500;

/// The fleet's commands: all that run, and ended ones until they are archived.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Commands {
    commands: BTreeMap<CommandId, Arc<Command>>,
    /// Those in which some host has not ended: what time and hosts can change.
    open: BTreeSet<CommandId>,
}

impl Commands {
    /// One command.
    #[must_use]
    pub fn get(&self, id: CommandId) -> Option<&Arc<Command>> {
        self.commands.get(&id)
    }

    /// All commands by number.
    #[must_use]
    pub const fn by_number(&self) -> &BTreeMap<CommandId, Arc<Command>> {
        &self.commands
    }

    /// All commands, oldest first.
    pub fn all(&self) -> impl DoubleEndedIterator<Item = &Arc<Command>> {
        self.commands.values()
    }

    /// Those in which some host has not ended, oldest first.
    pub fn open(&self) -> impl Iterator<Item = &Arc<Command>> {
        self.open.iter().filter_map(|id| self.commands.get(id))
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.commands.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.commands.is_empty()
    }

    /// Puts a command in place without its outcomes, as a snapshot's row does; outcomes that are here stay.
    pub fn restore(&mut self, mut command: Command) {
        let id = command.id;
        if let Some(before) = self.commands.get(&id) {
            command.take_outcomes(before);
        }
        self.place(id, Arc::new(command));
    }

    /// Puts the outcome of one host in place, as a snapshot's row does; `false` when there is no such command.
    pub fn restore_outcome(&mut self, command: CommandId, host: HostId, outcome: Outcome) -> bool {
        self.change(command, |command| command.set(host, outcome))
    }

    /// Keeps only what someone limited to one client may see: the outcomes on that client's hosts.
    pub fn retain_client(&mut self, client: &ClientId) {
        let ids: Vec<CommandId> = self.commands.keys().copied().collect();
        for id in ids {
            self.change(id, |command| command.retain_client(client));
            if self.commands.get(&id).is_some_and(|command| command.targets() == 0) {
                self.commands.remove(&id);
                self.open.remove(&id);
            }
        }
    }

    /// Stores what the event says, and says the outcomes of which hosts it touched.
    pub fn apply(&mut self, event: &Event, at: Timestamp) -> Vec<HostId> {
        match event {
            Event::Asked { command, client, hosts } => {
                if !self.commands.contains_key(&command.id) {
                    self.place(command.id, Arc::new(command.clone()));
                }
                self.change(command.id, |command| {
                    for host in hosts {
                        command.set(*host, Outcome::queued(client.clone()));
                    }
                });
                hosts.clone()
            }
            Event::Changed { command, state, hosts, why } => {
                self.change(*command, |command| {
                    for host in hosts {
                        command.change(*host, |outcome| outcome.become_state(*state, why, at));
                    }
                });
                hosts.clone()
            }
            Event::Reported { command, host, report } => {
                self.change(*command, |command| command.change(*host, |outcome| outcome.take(report, at)));
                vec![*host]
            }
            Event::CancelAsked { command, hosts, by: _ } => {
                self.change(*command, |command| {
                    for host in hosts {
                        command.change(*host, |outcome| outcome.cancelling = true);
                    }
                });
                hosts.clone()
            }
            Event::Archived { command } => {
                self.open.remove(command);
                self.commands
                    .remove(command)
                    .map(|gone| gone.outcomes().map(|(host, _)| host).collect())
                    .unwrap_or_default()
            }
        }
    }

    fn place(&mut self, id: CommandId, command: Arc<Command>) {
        if command.is_ended() {
            self.open.remove(&id);
        } else {
            self.open.insert(id);
        }
        self.commands.insert(id, command);
    }

    fn change(&mut self, id: CommandId, change: impl FnOnce(&mut Command)) -> bool {
        let Some(command) = self.commands.get_mut(&id) else { return false };
        let command = Arc::make_mut(command);
        change(command);
        if command.is_ended() {
            self.open.remove(&id);
        } else {
            self.open.insert(id);
        }
        true
    }
}
