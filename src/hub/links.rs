//! The agents' streams: where a word to a host goes.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::fleet::words::HostId;
use crate::wire::pb::hub_message::Body;

/// Words that may wait for one agent.
pub const QUEUE: usize = 64;

/// The streams of all linked agents.
#[derive(Debug, Default)]
pub struct Links {
    links: Mutex<Table>,
}

#[derive(Debug, Default)]
struct Table {
    next: u64,
    by_host: HashMap<HostId, Link>,
}

#[derive(Debug)]
struct Link {
    number: u64,
    words: mpsc::Sender<Body>,
    close: CancellationToken,
}

/// A stream's place among the links.
#[derive(Debug)]
pub struct Place {
    /// Tells this stream from a later one of the same host.
    pub number: u64,
    /// Cancelled when another stream of the same host took over.
    pub closed: CancellationToken,
    /// Whether this one took over from a stream that still stood.
    pub displaced: bool,
}

impl Links {
    /// Enters a host's stream. A stream of the same host that still stands is closed: the host has dialled again, or
    /// two machines share one certificate.
    pub fn enter(&self, host: HostId, words: mpsc::Sender<Body>) -> Place {
        let mut table = self.table();
        table.next += 1;
        let number = table.next;
        let close = CancellationToken::new();
        let before = table.by_host.insert(host, Link { number, words, close: close.clone() });
        let displaced = before.is_some_and(|before| {
            before.close.cancel();
            !before.words.is_closed()
        });
        Place { number, closed: close, displaced }
    }

    /// Takes a stream out; says whether it was still the host's current one.
    pub fn leave(&self, host: HostId, number: u64) -> bool {
        let mut table = self.table();
        let current = table.by_host.get(&host).is_some_and(|link| link.number == number);
        if current {
            table.by_host.remove(&host);
        }
        current
    }

    /// Says something to a host; whether it is linked and its queue has room.
    pub fn say(&self, host: HostId, word: Body) -> bool {
        self.table().by_host.get(&host).is_some_and(|link| link.words.try_send(word).is_ok())
    }

    /// The hosts that are linked.
    #[must_use]
    pub fn hosts(&self) -> Vec<HostId> {
        self.table().by_host.keys().copied().collect()
    }

    /// How many agents are linked.
    #[must_use]
    pub fn count(&self) -> usize {
        self.table().by_host.len()
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.links.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
