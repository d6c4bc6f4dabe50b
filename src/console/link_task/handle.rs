//! The screens' end of a link task.

use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;

use super::news::FromLink;
use super::task::{LinkConfig, Task};
use crate::console::ask::Ask;

/// Questions that may wait for a link task; beyond, the screens are told at once.
const ASKS: usize = 64;

/// A running link task; it ends when this is dropped.
#[derive(Debug)]
pub struct LinkHandle {
    asks: mpsc::Sender<Ask>,
    _task: AbortOnDropHandle<()>,
}

impl LinkHandle {
    /// Hands a question over without waiting.
    ///
    /// # Errors
    /// The question itself, when too many wait already or the task has ended.
    pub fn ask(&self, ask: Ask) -> Result<(), Ask> {
        self.asks.try_send(ask).map_err(|error| match error {
            mpsc::error::TrySendError::Full(ask) | mpsc::error::TrySendError::Closed(ask) => ask,
        })
    }
}

/// Starts a link task on the current runtime. `out` is shared by the tasks of all fleets and must be bounded; a task
/// waits where it is full.
#[must_use]
pub fn spawn(config: LinkConfig, out: mpsc::Sender<FromLink>) -> LinkHandle {
    let (asks, incoming) = mpsc::channel(ASKS);
    let task = tokio::spawn(Task::new(config, incoming, out).run());
    LinkHandle { asks, _task: AbortOnDropHandle::new(task) }
}
