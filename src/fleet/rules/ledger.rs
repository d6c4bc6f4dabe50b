//! What only the hub remembers beside the Fleet: counters, the answers given to actions, how far facts have come.
//! It is stored in the same commit as the entries and never leaves the hub.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use crate::fleet::rules::decision::Answer;
use crate::fleet::state::{Entry, Event};
use crate::fleet::words::{ActionId, AlertId, HostId, IdentityId, StreamId, Timestamp, TokenId};
use crate::fleet::{alerts, hosts, identity};

/// How long the answer of an action is remembered.
pub const ACTIONS_REMEMBERED: Duration = Duration::from_secs(24 * 60 * 60);

/// How many actions are remembered at most; at more than this many a day the oldest are forgotten early.
const MOST_ACTIONS: usize = 50_000;

/// Counters, answers and marks.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ledger {
    /// The last numbers drawn.
    pub counters: Counters,
    /// The last fact of each (host, outbox stream) that is decided.
    pub marks: BTreeMap<(HostId, StreamId), u64>,
    answers: BTreeMap<ActionId, Answer>,
    order: VecDeque<(Timestamp, ActionId)>,
}

/// The last number drawn of each kind; numbers are never reused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Hosts.
    pub host: u64,
    /// Alerts.
    pub alert: u64,
    /// Identities.
    pub identity: u64,
    /// Tokens.
    pub token: u64,
}

impl Counters {
    /// Draws a number for a host.
    pub const fn next_host(&mut self) -> HostId {
        self.host += 1;
        HostId(self.host)
    }

    /// Draws a number for an alert.
    pub const fn next_alert(&mut self) -> AlertId {
        self.alert += 1;
        AlertId(self.alert)
    }

    /// Draws a number for an identity.
    pub const fn next_identity(&mut self) -> IdentityId {
        self.identity += 1;
        IdentityId(self.identity)
    }

    /// Draws a number for a token.
    pub const fn next_token(&mut self) -> TokenId {
        self.token += 1;
        TokenId(self.token)
    }

    /// Keeps up with an entry, as a replay does.
    pub fn follow(&mut self, entry: &Entry) {
        for (_, event) in &entry.events {
            match event {
                Event::Hosts(hosts::Event::Enrolled { host, .. }) => self.host = self.host.max(host.0),
                Event::Alerts(alerts::Event::Opened { alert, .. }) => self.alert = self.alert.max(alert.0),
                Event::Identity(identity::Event::Recorded(identity)) => {
                    self.identity = self.identity.max(identity.id.0);
                }
                Event::Identity(identity::Event::TokenCreated(token)) => self.token = self.token.max(token.id.0),
                _ => {}
            }
        }
    }
}

impl Ledger {
    /// The answer an action got before.
    #[must_use]
    pub fn answer(&self, action: ActionId) -> Option<&Answer> {
        self.answers.get(&action)
    }

    /// Remembers the answer of an action; returns the actions forgotten for it.
    pub fn remember(&mut self, action: ActionId, answer: Answer, at: Timestamp) -> Vec<ActionId> {
        if self.answers.insert(action, answer).is_none() {
            self.order.push_back((at, action));
        }
        let mut forgotten = Vec::new();
        while let Some((when, oldest)) = self.order.front().copied()
            && (at.since(when) > ACTIONS_REMEMBERED || self.order.len() > MOST_ACTIONS)
        {
            self.order.pop_front();
            self.answers.remove(&oldest);
            forgotten.push(oldest);
        }
        forgotten
    }
}
