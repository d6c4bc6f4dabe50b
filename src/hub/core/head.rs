//! The head: the Fleet and the Ledger as of the last decision, and their disk form, one row an entity.

use std::ops::ControlFlow;

use bytes::Bytes;
use prost::Message;

use crate::fleet::rules::decision::Answer;
use crate::fleet::rules::ledger::{Ledger, Mark};
use crate::fleet::state::{EntityKey, Entry, Event, Fleet};
use crate::fleet::words::{ActionId, CommandId, HostId, Revision, StreamId, Timestamp, TokenId};
use crate::fleet::{alerts, hosts};
use crate::hub::core::batch::RowKey;
use crate::hub::journal::{JournalReader, ReadError};
use crate::wire::row::{restore_row, row_key, row_of};
use crate::wire::{WireError, pb};

/// Tables of the Ledger's rows; the entities' tables are numbered by the wire, below these.
const COUNTERS: u8 = 200;
const ANSWERS: u8 = 201;
const MARKS: u8 = 202;

/// The state as of the last decision.
#[derive(Debug, Default)]
pub struct Head {
    /// What every replica holds a view of.
    pub fleet: Fleet,
    /// What only the hub remembers.
    pub ledger: Ledger,
}

/// Why the state could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum HeadError {
    /// The journal could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A row is not what this program writes.
    #[error(
        "a row of the hub's state can't be read: {0}; the data may be of a newer watchfloor, or damaged: restore a backup"
    )]
    Row(#[from] WireError),
    /// The writer's thread could not be started.
    #[error("the journal's thread could not be started: {0}; raise the limit on processes")]
    Thread(std::io::Error),
}

impl Head {
    /// Loads the state from its rows.
    ///
    /// # Errors
    /// The journal can't be read, or a row is not what this program writes.
    pub fn load(reader: &dyn JournalReader) -> Result<Self, HeadError> {
        let mut head = Self::default();
        let mut answers = Vec::new();
        let mut fault = None;
        let revision = reader.rows(&mut |table, key, value| {
            let loaded = match table {
                COUNTERS => head.load_counters(value),
                ANSWERS => load_answer(key, value).map(|answer| answers.push(answer)),
                MARKS => head.load_mark(key, value),
                _ => pb::Row::decode(value)
                    .map_err(|source| WireError::Undecodable { message: "Row", source })
                    .and_then(|row| restore_row(&mut head.fleet, row).map(|_| ())),
            };
            match loaded {
                Ok(()) => ControlFlow::Continue(()),
                Err(error) => {
                    fault = Some(error);
                    ControlFlow::Break(())
                }
            }
        })?;
        if let Some(error) = fault {
            return Err(error.into());
        }
        head.fleet.revision = revision;
        answers.sort_by_key(|(at, _, _): &(Timestamp, ActionId, Answer)| *at);
        for (at, action, answer) in answers {
            head.ledger.remember(action, answer, at);
        }
        Ok(head)
    }

    /// Applies an entry and returns the rows it changed.
    pub fn apply(&mut self, entry: &Entry) -> Vec<(RowKey, Option<Bytes>)> {
        let before = self.ledger.counters;
        let mut touched = self.fleet.apply(entry);
        touched.sort_unstable();
        touched.dedup();
        self.ledger.counters.follow(entry);
        let mut rows: Vec<_> = touched.iter().map(|key| (row_key(key), self.row(key))).collect();
        for (_, event) in &entry.events {
            if let Event::Hosts(hosts::Event::Retired { host }) = event {
                rows.extend(self.ledger.forget_marks(*host).into_iter().map(|stream| (mark_key(*host, stream), None)));
            }
        }
        if self.ledger.counters != before {
            rows.push(((COUNTERS, Vec::new()), Some(self.counters())));
        }
        rows
    }

    /// Remembers how far an outbox has come; returns the rows that say so.
    pub fn mark(&mut self, host: HostId, stream: StreamId, mark: Mark) -> Vec<(RowKey, Option<Bytes>)> {
        let forgotten = self.ledger.set_mark(host, stream, mark);
        let value = [mark.through.to_be_bytes(), mark.at.0.to_be_bytes()].concat();
        let gone = forgotten.map(|stream| (mark_key(host, stream), None));
        gone.into_iter().chain([(mark_key(host, stream), Some(Bytes::from(value)))]).collect()
    }

    /// Remembers the answer of an action; returns the rows that say so.
    pub fn remember(&mut self, action: ActionId, answer: &Answer, at: Timestamp) -> Vec<(RowKey, Option<Bytes>)> {
        let forgotten = self.ledger.remember(action, answer.clone(), at);
        let gone = forgotten.into_iter().map(|action| ((ANSWERS, action.0.to_be_bytes().to_vec()), None));
        let mut value = at.0.to_be_bytes().to_vec();
        value.extend(store_answer(answer).encode_to_vec());
        gone.chain([((ANSWERS, action.0.to_be_bytes().to_vec()), Some(Bytes::from(value)))]).collect()
    }

    fn row(&self, key: &EntityKey) -> Option<Bytes> {
        row_of(&self.fleet, key).map(|row| Bytes::from(row.encode_to_vec()))
    }

    fn counters(&self) -> Bytes {
        let counters = &self.ledger.counters;
        let numbers = [
            counters.host,
            counters.alert,
            counters.identity,
            counters.token,
            counters.command,
            counters.job,
            counters.notice,
            counters.window,
            counters.duty_override,
        ];
        Bytes::from(numbers.into_iter().flat_map(u64::to_be_bytes).collect::<Vec<_>>())
    }

    fn load_counters(&mut self, value: &[u8]) -> Result<(), WireError> {
        let mut numbers = value.chunks_exact(8).filter_map(|chunk| chunk.try_into().ok().map(u64::from_be_bytes));
        let mut next = || numbers.next().ok_or_else(|| WireError::damaged("counters row"));
        self.ledger.counters.host = next()?;
        self.ledger.counters.alert = next()?;
        self.ledger.counters.identity = next()?;
        self.ledger.counters.token = next()?;
        self.ledger.counters.command = next()?;
        self.ledger.counters.job = next()?;
        // A hub before these had no such things.
        self.ledger.counters.notice = next().unwrap_or(0);
        self.ledger.counters.window = next().unwrap_or(0);
        // Journals of earlier releases have none.
        self.ledger.counters.duty_override = next().unwrap_or_default();
        Ok(())
    }

    fn load_mark(&mut self, key: &[u8], value: &[u8]) -> Result<(), WireError> {
        let number = |bytes: Option<&[u8]>| {
            bytes
                .and_then(|bytes| bytes.try_into().ok().map(u64::from_be_bytes))
                .ok_or_else(|| WireError::damaged("mark row"))
        };
        let (host, stream) = (number(key.get(..8))?, number(key.get(8..))?);
        let (through, at) = (number(value.get(..8))?, number(value.get(8..))?);
        let mark = Mark { through, at: Timestamp(at.cast_signed()) };
        self.ledger.set_mark(HostId(host), StreamId(stream), mark);
        Ok(())
    }
}

fn mark_key(host: HostId, stream: StreamId) -> RowKey {
    (MARKS, [host.0.to_be_bytes(), stream.0.to_be_bytes()].concat())
}

/// What an entry is found by later: the hosts, alerts and identities it is about.
pub fn subjects_of(entry: &Entry) -> Vec<String> {
    let mut subjects: Vec<String> = entry.events.iter().flat_map(|(_, event)| subjects(event)).collect();
    subjects.sort_unstable();
    subjects.dedup();
    subjects
}

fn subjects(event: &Event) -> Vec<String> {
    match event {
        Event::Hosts(event) => event.host().map(|host| format!("host/{host}")).into_iter().collect(),
        Event::Checks(event) => vec![format!("host/{}", event.host())],
        Event::Alerts(event) => {
            let mut found = vec![format!("alert/{}", event.alert())];
            if let alerts::Event::Opened { host: Some(host), .. } = event {
                found.push(format!("host/{host}"));
            }
            found
        }
        Event::Commands(event) => vec![format!("command/{}", event.command())],
        Event::Backups(event) => vec![format!("backup/{}", event.job())],
        Event::Windows(event) => vec![format!("window/{}", event.window())],
        Event::Notices(event) => vec![format!("notice/{}", event.notice())],
        Event::Pings(event) => vec![format!("ping/{}", event.ping())],
        Event::Identity(_) => vec!["registry".to_owned()],
        Event::OnCall(_) => vec!["oncall".to_owned()],
        Event::Profile(_) | Event::Unknown => Vec::new(),
    }
}

/// The answer of an action. Only what an action's answer can hold is kept; whom to tell to check now is not: that was
/// done when it was first answered.
fn store_answer(answer: &Answer) -> pb::ActReply {
    let failures = |list: &[(u64, String)]| {
        list.iter().map(|(id, why)| pb::ActFailure { id: *id, why: why.clone() }).collect::<Vec<_>>()
    };
    pb::ActReply {
        revision: answer.revision.map_or(0, |revision| revision.0),
        done: answer.done.clone(),
        failed: failures(&answer.failed),
        left_out: failures(&answer.left_out),
        token: answer.token.map(|token| token.0.to_string()).unwrap_or_default(),
        command: answer.command.map_or(0, |command| command.0),
        window: answer.window.as_deref().map(Into::into),
        ..pb::ActReply::default()
    }
}

fn load_answer(key: &[u8], value: &[u8]) -> Result<(Timestamp, ActionId, Answer), WireError> {
    let damaged = || WireError::damaged("answer row");
    let action = ActionId(u128::from_be_bytes(key.try_into().map_err(|_| damaged())?));
    let at = value.get(..8).and_then(|bytes| bytes.try_into().ok()).map(i64::from_be_bytes).ok_or_else(damaged)?;
    let stored = pb::ActReply::decode(value.get(8..).unwrap_or_default())
        .map_err(|source| WireError::Undecodable { message: "ActReply", source })?;
    let failures = |list: Vec<pb::ActFailure>| list.into_iter().map(|one| (one.id, one.why)).collect();
    let answer = Answer {
        revision: (stored.revision > 0).then_some(Revision(stored.revision)),
        done: stored.done,
        failed: failures(stored.failed),
        left_out: failures(stored.left_out),
        token: stored.token.parse().ok().map(TokenId),
        command: (stored.command > 0).then_some(CommandId(stored.command)),
        window: stored.window.and_then(|window| window.try_into().ok()).map(Box::new),
        ..Answer::default()
    };
    Ok((Timestamp(at), action, answer))
}
