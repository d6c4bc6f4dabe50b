//! Pings: what a job elsewhere says of itself by asking for a URL, and whether it says it in time.

mod event;
mod ping;

pub use event::Event;
pub use ping::{Description, Ping, Run, Signal, State};

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::fleet::words::{PingName, Timestamp};

/// The most runs of one ping that are under way and measured apart.
pub const MOST_RUNS: usize = 16;

/// The fleet's pings.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pings {
    /// By name.
    pub pings: BTreeMap<PingName, Arc<Ping>>,
}

impl Pings {
    /// Puts a ping in place, as a snapshot's row does.
    pub fn restore(&mut self, ping: Ping) {
        self.pings.insert(ping.description.name.clone(), Arc::new(ping));
    }

    /// Stores what the event says.
    pub fn apply(&mut self, event: &Event, at: Timestamp) {
        match event {
            Event::Described(description) => {
                let ping = match self.pings.get(&description.name) {
                    Some(known) => Ping { description: (**description).clone(), ..Ping::clone(known) },
                    None => Ping::new((**description).clone(), at),
                };
                self.restore(ping);
            }
            Event::Removed { ping } => drop(self.pings.remove(ping)),
            Event::Heard { ping, signal, run, state, took, tail } => self.change(ping, |ping| {
                ping.stand(*state, at);
                ping.runs.retain(|known| known.id != *run);
                match signal {
                    Signal::Start => {
                        ping.last_start = Some(at);
                        ping.runs.push(Run { id: run.clone(), started_at: at });
                        if ping.runs.len() > MOST_RUNS {
                            ping.runs.remove(0);
                        }
                    }
                    Signal::Success => ping.last_success = Some(at),
                    Signal::Failure(_) => ping.runs.clear(),
                }
                if took.is_some() {
                    ping.last_took = *took;
                }
                ping.tail = tail.clone();
            }),
            Event::Judged { ping, state } => self.change(ping, |ping| ping.stand(*state, at)),
        }
    }

    fn change(&mut self, name: &PingName, change: impl FnOnce(&mut Ping)) {
        if let Some(ping) = self.pings.get_mut(name) {
            change(Arc::make_mut(ping));
        }
    }
}
