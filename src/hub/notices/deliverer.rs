//! What the one that sends keeps: which notices are under way, the last sign of life, and what sending needs.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::Notify;

use crate::fleet::rules::input::NoticeReport;
use crate::fleet::words::{NoticeId, SafeText, Timestamp};
use crate::hub::notices::delivery::Sender;
use crate::hub::notices::one_time::OneTime;

/// A notice on one of its channels.
pub(in crate::hub) type Key = (NoticeId, u32);
/// The handle of the one that sends.
#[derive(Debug)]
pub struct Deliverer {
    /// Rung when something may be there to send.
    pub(in crate::hub) wake: Notify,
    under_way: Mutex<HashMap<Key, UnderWay>>,
    pub(in crate::hub) beat: Mutex<Option<Beat>>,
    /// Sends, and knows the hub's secrets.
    pub sender: Sender,
    /// Makes and checks one-time links.
    pub one_time: OneTime,
}

#[derive(Clone, Debug)]
pub(in crate::hub) enum UnderWay {
    /// In a queue, or being tried.
    Queued,
    /// Tried so many times; not again before.
    Resting(u32, Instant),
    /// The core does not take the report yet.
    Unreported(NoticeReport),
    /// Over, as far as this channel goes.
    Done,
}

/// The last sign of life that was taken.
#[derive(Clone, Debug)]
pub struct Beat {
    /// When one was taken last.
    pub taken: Option<Timestamp>,
    /// Why the last one was not.
    pub failed: Option<SafeText>,
}

impl Deliverer {
    /// One that sends nothing before it is run.
    #[must_use]
    pub fn new(sender: Sender, one_time: OneTime) -> Self {
        Self { wake: Notify::new(), under_way: Mutex::default(), beat: Mutex::default(), sender, one_time }
    }

    /// Something may be there to send.
    pub fn wake(&self) {
        self.wake.notify_one();
    }

    /// The last sign of life to the dead-man switch; `None` before the first.
    #[must_use]
    pub fn beat(&self) -> Option<Beat> {
        self.beat.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(in crate::hub) fn under_way(&self) -> MutexGuard<'_, HashMap<Key, UnderWay>> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(in crate::hub) fn set(&self, key: Key, to: UnderWay) {
        // What the fleet no longer waits for was taken out; it does not come back.
        if let Some(one) = self.under_way().get_mut(&key) {
            *one = to;
        }
    }
}
