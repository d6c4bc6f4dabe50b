//! Which facts of the outbox go out next, and which are on their way.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

/// Messages with facts that may be on their way at once.
const WINDOW: usize = 8;
/// A hub that confirms nothing for so long is given up.
const PATIENCE: Duration = Duration::from_secs(60);

/// The sending end of one stream of facts.
#[derive(Debug)]
pub struct Sending {
    /// The next fact to send.
    next: u64,
    /// The last fact of each message on its way, and when it left.
    on_their_way: VecDeque<(u64, Instant)>,
}

impl Sending {
    /// Begins behind the last fact the hub has.
    #[must_use]
    pub fn behind(confirmed: u64) -> Self {
        Self { next: confirmed + 1, on_their_way: VecDeque::new() }
    }

    /// The next fact to send, where the outbox has it and the window allows it.
    #[must_use]
    pub fn due(&self, outbox_next: u64) -> Option<u64> {
        (self.next < outbox_next && self.on_their_way.len() < WINDOW).then_some(self.next)
    }

    /// Facts up to `last` left.
    pub fn sent(&mut self, last: u64, now: Instant) {
        self.next = last + 1;
        self.on_their_way.push_back((last, now));
    }

    /// The hub has facts up to `through`.
    pub fn confirmed(&mut self, through: u64) {
        self.on_their_way.retain(|(last, _)| *last > through);
        self.next = self.next.max(through + 1);
    }

    /// The hub wants them from here.
    pub fn rewind(&mut self, from: u64) {
        self.on_their_way.clear();
        self.next = from.max(1);
    }

    /// Whether all that was sent is confirmed.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        self.on_their_way.is_empty()
    }

    /// When the hub is given up, unless it confirms.
    #[must_use]
    pub fn gives_up_at(&self) -> Option<Instant> {
        self.on_their_way.front().map(|(_, sent)| *sent + PATIENCE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_window_opens_with_confirmations_and_rewinds_on_demand() {
        let (mut sending, now) = (Sending::behind(4), Instant::now());
        assert_eq!((sending.due(5), sending.due(6), sending.gives_up_at()), (None, Some(5), None));
        for message in 1..=8 {
            assert_eq!(sending.due(1000), Some(4 + 10 * (message - 1) + 1));
            sending.sent(4 + 10 * message, now);
        }
        assert_eq!((sending.due(1000), sending.gives_up_at()), (None, Some(now + PATIENCE)));
        sending.confirmed(14);
        assert_eq!(sending.due(1000), Some(85));
        sending.rewind(20);
        assert!(sending.is_quiet());
        assert_eq!(sending.due(1000), Some(20));
        sending.confirmed(300);
        assert_eq!(sending.due(1000), Some(301), "never again what the hub has");
    }
}
