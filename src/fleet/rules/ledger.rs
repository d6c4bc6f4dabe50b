//! What only the hub remembers beside the Fleet: counters, the answers given to actions, how far facts have come.
//! It is stored in the same commit as the entries and never leaves the hub.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use crate::fleet::rules::decision::Answer;
use crate::fleet::state::{Entry, Event};
use crate::fleet::words::{
    ActionId, AlertId, CommandId, HostId, IdentityId, JobId, NoticeId, StreamId, Timestamp, TokenId, WindowId,
};
use crate::fleet::{alerts, backups, commands, hosts, identity, notices, oncall, windows};

/// How long the answer of an action is remembered.
pub const ACTIONS_REMEMBERED: Duration = Duration::from_secs(24 * 60 * 60);

/// How many actions are remembered at most; at more than this many a day the oldest are forgotten early.
const MOST_ACTIONS: usize = 50_000;
/// How many ids, of all remembered answers together; at more the oldest are forgotten early.
const MOST_IDS: usize = 1_000_000;
/// Outbox streams of one host whose marks are kept: an outbox is made anew when it is damaged or lost, and rarely twice.
const MOST_STREAMS: usize = 8;

/// Counters, answers and marks.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ledger {
    /// The last numbers drawn.
    pub counters: Counters,
    marks: BTreeMap<(HostId, StreamId), Mark>,
    answers: BTreeMap<ActionId, Answer>,
    order: VecDeque<(Timestamp, ActionId)>,
    /// Ids in all answers.
    ids: usize,
}

/// How far the facts of one outbox have come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The last fact that is decided.
    pub through: u64,
    /// When that was.
    pub at: Timestamp,
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
    /// Commands.
    pub command: u64,
    /// Backup jobs.
    pub job: u64,
    /// Notices.
    pub notice: u64,
    /// Maintenance windows and silences.
    pub window: u64,
    /// Overrides of on-call schedules.
    pub duty_override: u64,
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

    /// Draws a number for a command.
    pub const fn next_command(&mut self) -> CommandId {
        self.command += 1;
        CommandId(self.command)
    }

    /// Draws a number for a backup job.
    pub const fn next_job(&mut self) -> JobId {
        self.job += 1;
        JobId(self.job)
    }

    /// Draws a number for a notice.
    pub const fn next_notice(&mut self) -> NoticeId {
        self.notice += 1;
        NoticeId(self.notice)
    }

    /// Draws a number for a window.
    pub const fn next_window(&mut self) -> WindowId {
        self.window += 1;
        WindowId(self.window)
    }

    /// Draws a number for an override of an on-call schedule.
    pub const fn next_duty_override(&mut self) -> u64 {
        self.duty_override += 1;
        self.duty_override
    }

    /// Keeps up with an entry, as a replay does.
    pub fn follow(&mut self, entry: &Entry) {
        for (_, event) in &entry.events {
            match event {
                Event::Hosts(hosts::Event::Enrolled { host, .. }) => self.host = self.host.max(host.0),
                Event::Alerts(alerts::Event::Opened { alert, .. }) => self.alert = self.alert.max(alert.0),
                Event::Commands(commands::Event::Asked { command, .. }) => {
                    self.command = self.command.max(command.id.0);
                }
                Event::Identity(identity::Event::Recorded(identity)) => {
                    self.identity = self.identity.max(identity.id.0);
                }
                Event::Backups(backups::Event::Described(job)) => self.job = self.job.max(job.id.0),
                Event::Notices(notices::Event::Queued(notice)) => self.notice = self.notice.max(notice.id.0),
                Event::Windows(windows::Event::Created(window)) => self.window = self.window.max(window.id.0),
                Event::OnCall(oncall::Event::Overridden { over, .. }) => {
                    self.duty_override = self.duty_override.max(over.id);
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
        self.ids += weight(&answer);
        match self.answers.insert(action, answer) {
            Some(before) => self.ids -= weight(&before),
            None => self.order.push_back((at, action)),
        }
        let mut forgotten = Vec::new();
        while let Some((when, oldest)) = self.order.front().copied()
            && oldest != action
            && (at.since(when) > ACTIONS_REMEMBERED || self.order.len() > MOST_ACTIONS || self.ids > MOST_IDS)
        {
            self.order.pop_front();
            if let Some(gone) = self.answers.remove(&oldest) {
                self.ids -= weight(&gone);
            }
            forgotten.push(oldest);
        }
        forgotten
    }

    /// The last fact of an outbox that is decided; 0 for none.
    #[must_use]
    pub fn mark(&self, host: HostId, stream: StreamId) -> u64 {
        self.marks.get(&(host, stream)).map_or(0, |mark| mark.through)
    }

    /// Remembers how far an outbox has come; returns the stream forgotten for it, the one that was silent for longest.
    pub fn set_mark(&mut self, host: HostId, stream: StreamId, mark: Mark) -> Option<StreamId> {
        let new = self.marks.insert((host, stream), mark).is_none();
        let of_host = || self.marks_of(host);
        if !new || of_host().count() <= MOST_STREAMS {
            return None;
        }
        let (oldest, _) = of_host().filter(|(other, _)| *other != stream).min_by_key(|(_, mark)| mark.at)?;
        self.marks.remove(&(host, oldest));
        Some(oldest)
    }

    /// Forgets the outboxes of a host that was retired; returns their streams.
    pub fn forget_marks(&mut self, host: HostId) -> Vec<StreamId> {
        let streams: Vec<StreamId> = self.marks_of(host).map(|(stream, _)| stream).collect();
        for stream in &streams {
            self.marks.remove(&(host, *stream));
        }
        streams
    }

    fn marks_of(&self, host: HostId) -> impl Iterator<Item = (StreamId, Mark)> {
        let all = (host, StreamId(u64::MIN))..=(host, StreamId(u64::MAX));
        self.marks.range(all).map(|((_, stream), mark)| (*stream, *mark))
    }
}

/// What an answer holds, in ids; a failure has a sentence beside its id.
fn weight(answer: &Answer) -> usize {
    1 + answer.done.len() + answer.read_now.len() + 8 * (answer.failed.len() + answer.left_out.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(done: usize) -> Answer {
        Answer { done: vec![7; done], ..Answer::default() }
    }

    #[test]
    fn answers_are_remembered_for_a_day_and_within_bounds() {
        let mut ledger = Ledger::default();
        assert!(ledger.remember(ActionId(1), answer(1), Timestamp(0)).is_empty());
        let day = ACTIONS_REMEMBERED.as_millis() as i64;
        assert!(ledger.remember(ActionId(2), answer(1), Timestamp(day)).is_empty(), "a day to the millisecond");
        assert_eq!(ledger.remember(ActionId(3), answer(1), Timestamp(day + 1)), [ActionId(1)]);
        assert!(ledger.answer(ActionId(1)).is_none() && ledger.answer(ActionId(2)).is_some());

        let large = ledger.remember(ActionId(4), answer(MOST_IDS), Timestamp(day + 2));
        assert_eq!(large, [ActionId(2), ActionId(3)], "an answer of a million ids leaves room for no other");
        assert!(ledger.answer(ActionId(4)).is_some(), "the newest is always remembered");
        assert_eq!(ledger.remember(ActionId(5), answer(1), Timestamp(day + 3)), [ActionId(4)]);
    }

    #[test]
    fn a_host_can_not_fill_the_hub_with_outboxes() {
        let mut ledger = Ledger::default();
        let host = HostId(1);
        ledger.set_mark(HostId(2), StreamId(5), Mark { through: 9, at: Timestamp(0) });
        for stream in 1..=8 {
            let at = Timestamp(100 - stream as i64);
            assert_eq!(ledger.set_mark(host, StreamId(stream), Mark { through: stream, at }), None);
        }
        let late = Mark { through: 1, at: Timestamp(1) };
        assert_eq!(ledger.set_mark(host, StreamId(9), late), Some(StreamId(8)), "silent for longest");
        assert_eq!(ledger.set_mark(host, StreamId(9), Mark { through: 2, ..late }), None);
        assert_eq!((ledger.mark(host, StreamId(8)), ledger.mark(host, StreamId(9))), (0, 2));
        assert_eq!(ledger.forget_marks(host).len(), 8);
        assert_eq!(ledger.mark(HostId(2), StreamId(5)), 9, "another host's");
    }
}
