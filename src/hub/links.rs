//! The agents' streams: where a word to a host goes.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::fleet::rules::contest::OVER_AFTER;
use crate::fleet::words::HostId;
use crate::wire::pb::hub_message::Body;

/// Agent processes of one host that are remembered.
const MOST_RUNS: usize = 8;
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
    runs: HashMap<HostId, Runs>,
}

/// The agent processes that were linked as one host, in the order in which they were first seen.
#[derive(Debug, Default)]
struct Runs {
    seen: Vec<u64>,
    last: u64,
    contested: Option<Instant>,
}

#[derive(Debug)]
struct Link {
    number: u64,
    run: u64,
    words: mpsc::Sender<Body>,
    close: CancellationToken,
    /// Whether it was welcomed: nothing is said to an agent before that.
    open: bool,
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
    /// Whether two machines share the host's certificate.
    pub contested: bool,
}

/// Another machine is linked as this host, and was before this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "another machine is linked with this host's certificate; if this one is its copy, enrol it anew: `watchfloor enrol TOKEN --replace`"
)]
pub struct Taken;

impl Runs {
    /// Notes that a process wants to link; whether that proves that two machines share the certificate: an agent that
    /// was started anew never comes back as the one before.
    fn meet(&mut self, run: u64) -> bool {
        let known = self.seen.contains(&run);
        let contested = known && self.last != run;
        if contested {
            self.contested = Some(Instant::now());
        }
        if !known {
            if self.seen.len() == MOST_RUNS {
                self.seen.remove(0);
            }
            self.seen.push(run);
        }
        self.last = run;
        contested
    }

    fn is_contested(&self) -> bool {
        self.contested.is_some_and(|at| at.elapsed() < OVER_AFTER)
    }

    fn rank(&self, run: u64) -> Option<usize> {
        self.seen.iter().position(|seen| *seen == run)
    }
}

impl Links {
    /// Enters a host's stream, opened by the agent process `run` (0: not said). A stream of the same host that still
    /// stands is closed: the host has dialled again. Where two machines are known to share the certificate, the one that
    /// was first stays as long as `lives` says that it is heard.
    ///
    /// # Errors
    /// The other machine stays.
    pub fn enter(&self, host: HostId, run: u64, lives: bool, words: mpsc::Sender<Body>) -> Result<Place, Taken> {
        let mut table = self.table();
        let table = &mut *table;
        let mut contested = false;
        if run != 0 {
            let runs = table.runs.entry(host).or_default();
            contested = runs.meet(run);
            let is_earlier = |standing: &Link| runs.rank(standing.run).is_some_and(|rank| Some(rank) < runs.rank(run));
            if let Some(standing) = table.by_host.get(&host)
                && lives
                && runs.is_contested()
                && !standing.words.is_closed()
                && is_earlier(standing)
            {
                return Err(Taken);
            }
        }
        table.next += 1;
        let number = table.next;
        let close = CancellationToken::new();
        let before = table.by_host.insert(host, Link { number, run, words, close: close.clone(), open: false });
        let displaced = before.is_some_and(|before| {
            before.close.cancel();
            !before.words.is_closed()
        });
        Ok(Place { number, closed: close, displaced, contested })
    }

    /// The stream was welcomed: from now on its host can be told something.
    pub fn open(&self, host: HostId, number: u64) {
        if let Some(link) = self.table().by_host.get_mut(&host).filter(|link| link.number == number) {
            link.open = true;
        }
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

    /// Says something to a host; whether it is linked and welcomed, and its queue has room.
    pub fn say(&self, host: HostId, word: Body) -> bool {
        self.table().by_host.get(&host).is_some_and(|link| link.open && link.words.try_send(word).is_ok())
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
