//! How many programs begin at once: few while none has ended yet, so that the first result comes soon instead of all of
//! them late, and more with each that ends, so that a busy machine is not left waiting for one slow start.

use std::num::NonZero;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::{Semaphore, SemaphorePermit};

/// Programs that begin at once at most: more would only take turns on the processors, and all would end late.
const MOST: usize = 8;

/// Turns to begin.
#[derive(Debug)]
pub struct Beginning {
    turns: Semaphore,
    few: usize,
    /// Turns there are now beside the few.
    more: Mutex<usize>,
}

impl Beginning {
    /// As many turns as there are processors.
    #[must_use]
    pub fn new() -> Self {
        Self::of(std::thread::available_parallelism().map_or(1, NonZero::get))
    }

    fn of(processors: usize) -> Self {
        let few = processors.clamp(1, MOST);
        Self { turns: Semaphore::new(few), few, more: Mutex::new(0) }
    }

    /// A turn, in the order in which it was asked for; held while a program begins.
    pub async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        self.turns.acquire().await.ok()
    }

    /// A program has ended: one more may begin beside the others.
    pub fn widen(&self) {
        let mut more = self.more();
        if self.few + *more < MOST {
            *more += 1;
            self.turns.add_permits(1);
        }
    }

    /// Nothing runs any more: the next ones begin as the first did.
    pub fn narrow(&self) {
        let mut more = self.more();
        *more -= self.turns.forget_permits(*more);
    }

    fn more(&self) -> MutexGuard<'_, usize> {
        self.more.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn turns_grow_with_each_end_up_to_the_most_and_begin_anew_when_nothing_runs() {
        let beginning = Beginning::of(2);
        for round in 0..3 {
            for end in 0..20 {
                assert_eq!(beginning.turns.available_permits(), (2 + end).min(MOST), "round {round}");
                beginning.widen();
            }
            let held = beginning.turn().await;
            beginning.narrow();
            drop(held);
            beginning.narrow();
            assert_eq!(beginning.turns.available_permits(), 2, "a turn that is held is taken back when it is free");
        }
        assert_eq!(Beginning::of(64).turns.available_permits(), MOST);
    }
}
