//! A program sent to hosts.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use super::argv::Argv;
use super::outcome::{Outcome, OutcomeState};
use super::tally::Tally;
use crate::fleet::words::{ActionId, ClientId, CommandId, HostId, SafeText, Timestamp};

/// A program sent to one or many hosts, with how it stands on each. To someone limited to one client it consists of
/// that client's hosts, so that what they count always adds up.
#[derive(Clone, Debug, PartialEq)]
pub struct Command {
    /// Its number.
    pub id: CommandId,
    /// What agents know it by: the id of the action that asked for it. A number can be given twice when a hub is restored
    /// from a backup; this can't.
    pub key: ActionId,
    /// What is started.
    pub argv: Argv,
    /// Whether the host's shell reads it as a line.
    pub shell: bool,
    /// Who asked.
    pub by: SafeText,
    /// When.
    pub asked_at: Timestamp,
    /// On how many hosts it runs at once.
    pub window: u32,
    /// How long it may run on a host.
    pub timeout: Duration,
    outcomes: BTreeMap<HostId, Arc<Outcome>>,
    tally: Tally,
    /// Those whose turn has not come.
    queued: BTreeSet<HostId>,
    /// Those it was sent to.
    running: BTreeSet<HostId>,
}

/// Whether a command is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CommandState {
    /// It has not started anywhere.
    Queued,
    /// Some host has not ended.
    Running,
    /// All hosts have ended, well or not.
    Ended,
}

impl CommandState {
    /// What these counts say.
    #[must_use]
    pub fn of(tally: &Tally) -> Self {
        if tally.ended() == tally.targets() {
            Self::Ended
        } else if tally.count(OutcomeState::Queued) == tally.targets() {
            Self::Queued
        } else {
            Self::Running
        }
    }

    /// `queued`, `running` or `ended`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Ended => "ended",
        }
    }
}

/// What is the same on all hosts of a command, as it is asked for.
#[derive(Clone, Debug)]
pub struct Asked {
    /// What agents know it by.
    pub key: ActionId,
    /// What is started.
    pub argv: Argv,
    /// Whether the host's shell reads it as a line.
    pub shell: bool,
    /// Who asked.
    pub by: SafeText,
    /// When.
    pub asked_at: Timestamp,
    /// On how many hosts it runs at once.
    pub window: u32,
    /// How long it may run on a host.
    pub timeout: Duration,
}

impl Command {
    /// A command without hosts yet.
    #[must_use]
    pub fn new(id: CommandId, asked: Asked) -> Self {
        let Asked { key, argv, shell, by, asked_at, window, timeout } = asked;
        Self {
            id,
            key,
            argv,
            shell,
            by,
            asked_at,
            window,
            timeout,
            outcomes: BTreeMap::new(),
            tally: Tally::default(),
            queued: BTreeSet::new(),
            running: BTreeSet::new(),
        }
    }

    /// The hosts with how it stands on each, by number.
    pub fn outcomes(&self) -> impl DoubleEndedIterator<Item = (HostId, &Arc<Outcome>)> {
        self.outcomes.iter().map(|(host, outcome)| (*host, outcome))
    }

    /// How it stands on one host.
    #[must_use]
    pub fn outcome(&self, host: HostId) -> Option<&Arc<Outcome>> {
        self.outcomes.get(&host)
    }

    /// Hosts that have ended and are not among those known to have, by number.
    pub fn ended_since(&self, known: &BTreeSet<HostId>) -> impl Iterator<Item = (HostId, &Arc<Outcome>)> {
        self.outcomes().filter(|(host, outcome)| outcome.state.is_end() && !known.contains(host))
    }

    /// Hosts whose turn has not come, by number.
    pub fn queued(&self) -> impl Iterator<Item = HostId> {
        self.queued.iter().copied()
    }

    /// Hosts it was sent to and that have not ended, by number.
    pub fn running(&self) -> impl Iterator<Item = HostId> {
        self.running.iter().copied()
    }

    /// How many hosts it is for.
    #[must_use]
    pub fn targets(&self) -> usize {
        self.outcomes.len()
    }

    /// How many stand where.
    #[must_use]
    pub const fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Whether all hosts have ended.
    #[must_use]
    pub fn is_ended(&self) -> bool {
        self.tally.ended() == self.tally.targets()
    }

    /// Whether it is over.
    #[must_use]
    pub fn state(&self) -> CommandState {
        CommandState::of(&self.tally)
    }

    /// When the last host ended (hub time); `None` while one has not. Looks at all hosts.
    #[must_use]
    pub fn ended_at(&self) -> Option<Timestamp> {
        if self.is_ended() { self.outcomes.values().filter_map(|outcome| outcome.ended_at).max() } else { None }
    }

    /// What someone limited to this client sees of it; all of it for `None`.
    #[must_use]
    pub fn of_client(self: &Arc<Self>, client: Option<&ClientId>) -> Arc<Self> {
        let mut seen = Arc::clone(self);
        if let Some(client) = client {
            Arc::make_mut(&mut seen).retain_client(client);
        }
        seen
    }

    pub(super) fn set(&mut self, host: HostId, outcome: Outcome) {
        self.forget(host);
        self.index(host, outcome.state);
        self.outcomes.insert(host, Arc::new(outcome));
    }

    pub(super) fn change(&mut self, host: HostId, change: impl FnOnce(&mut Outcome)) {
        self.forget(host);
        if let Some(outcome) = self.outcomes.get_mut(&host) {
            let outcome = Arc::make_mut(outcome);
            change(outcome);
            let state = outcome.state;
            self.index(host, state);
        }
    }

    pub(super) fn take_outcomes(&mut self, other: &Self) {
        self.outcomes.clone_from(&other.outcomes);
        self.tally = other.tally;
        self.queued.clone_from(&other.queued);
        self.running.clone_from(&other.running);
    }

    pub(super) fn retain_client(&mut self, client: &ClientId) {
        let others = self.outcomes.iter().filter(|(_, outcome)| outcome.client != *client);
        let others: Vec<HostId> = others.map(|(host, _)| *host).collect();
        for host in others {
            self.forget(host);
            self.outcomes.remove(&host);
        }
    }

    fn index(&mut self, host: HostId, state: OutcomeState) {
        self.tally.add(state);
        match state {
            OutcomeState::Queued => _ = self.queued.insert(host),
            OutcomeState::Running => _ = self.running.insert(host),
            _ => {}
        }
    }

    /// Takes an outcome out of the indexes, before it changes.
    fn forget(&mut self, host: HostId) {
        if let Some(outcome) = self.outcomes.get(&host) {
            self.tally.remove(outcome.state);
            self.queued.remove(&host);
            self.running.remove(&host);
        }
    }
}
