//! Acts on their way to the hub: each is answered, or ends as not sent; none is lost and none is done twice.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use crate::console::act::{Act, ActEnd, ActTag};
use crate::console::acts::NOT_SENT_AFTER;
use crate::fleet::words::SafeText;

/// Acts that may wait for a link.
const WAITING: usize = 64;
/// Acts that may be under way at once.
const IN_FLIGHT: usize = 8;
/// An act whose reply was lost is asked again only within this time: later, nobody expects it any more.
const ASKED_AGAIN_WITHIN: Duration = Duration::from_secs(60);

/// An act that ended.
pub(super) type Ended = (ActTag, ActEnd);

#[derive(Debug)]
struct Queued {
    tag: ActTag,
    act: Box<Act>,
    asked_at: Instant,
    /// Why its first reply did not come; it may be asked once more, under the same id.
    lost: Option<String>,
}

impl Queued {
    fn ends_at(&self) -> Instant {
        self.asked_at + if self.lost.is_some() { ASKED_AGAIN_WITHIN } else { NOT_SENT_AFTER }
    }

    fn not_sent(self, why: &str) -> Ended {
        let perhaps_done = self.lost.is_some();
        let reason = SafeText::line(&match self.lost {
            Some(lost) => format!("no answer came ({lost}); it may have been done: look at the timeline"),
            None => why.to_owned(),
        });
        (self.tag, ActEnd::NotSent { reason, perhaps_done })
    }
}

/// Acts on their way to the hub.
#[derive(Debug, Default)]
pub(super) struct ActQueue {
    waiting: VecDeque<Queued>,
    in_flight: BTreeMap<ActTag, Queued>,
}

impl ActQueue {
    /// Takes an act; its end at once when too many wait.
    pub fn push(&mut self, tag: ActTag, act: Box<Act>, now: Instant) -> Option<Ended> {
        let queued = Queued { tag, act, asked_at: now, lost: None };
        if self.waiting.len() >= WAITING {
            return Some(queued.not_sent("too many acts wait for the hub"));
        }
        self.waiting.push_back(queued);
        None
    }

    /// The next act to send, which is under way from now on.
    pub fn next(&mut self) -> Option<(ActTag, Act)> {
        if self.in_flight.len() >= IN_FLIGHT {
            return None;
        }
        let queued = self.waiting.pop_front()?;
        let next = (queued.tag, Act::clone(&queued.act));
        self.in_flight.insert(queued.tag, queued);
        Some(next)
    }

    /// The hub answered.
    pub fn answered(&mut self, tag: ActTag) {
        self.in_flight.remove(&tag);
    }

    /// No answer came: it waits to be asked once more, or has ended.
    pub fn lost(&mut self, tag: ActTag, why: &str) -> Option<Ended> {
        let mut queued = self.in_flight.remove(&tag)?;
        if queued.lost.is_some() {
            return Some(queued.not_sent(why));
        }
        queued.lost = Some(why.to_owned());
        self.waiting.push_front(queued);
        None
    }

    /// The link is gone, and with it all replies.
    pub fn all_lost(&mut self, why: &str) -> Vec<Ended> {
        // The newest first, so that the oldest is asked again first.
        let tags: Vec<ActTag> = self.in_flight.keys().rev().copied().collect();
        tags.into_iter().filter_map(|tag| self.lost(tag, why)).collect()
    }

    /// When the next waiting act ends without having been sent.
    pub fn next_expiry(&self) -> Option<Instant> {
        self.waiting.iter().map(Queued::ends_at).min()
    }

    /// Ends the acts that have waited too long; `why` no link stands.
    pub fn expire(&mut self, now: Instant, why: &str) -> Vec<Ended> {
        let all = std::mem::take(&mut self.waiting);
        let (over, waiting): (VecDeque<_>, VecDeque<_>) = all.into_iter().partition(|queued| queued.ends_at() <= now);
        self.waiting = waiting;
        over.into_iter().map(|queued| queued.not_sent(why)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::act::{Targets, Verb};
    use crate::fleet::words::{ActionId, Revision};

    fn act(id: u128) -> Box<Act> {
        let verb = Verb::Note { note: String::new() };
        Box::new(Act { id: ActionId(id), seen: Revision(1), targets: Targets::None, dry_run: false, verb })
    }

    #[test]
    fn a_lost_reply_is_asked_for_once_more_under_the_same_id() {
        let (mut queue, now) = (ActQueue::default(), Instant::now());
        assert_eq!(queue.push(ActTag(1), act(77), now), None);
        assert_eq!(queue.next().map(|(tag, act)| (tag, act.id)), Some((ActTag(1), ActionId(77))));
        assert_eq!(queue.next(), None, "it is under way");
        assert_eq!(queue.all_lost("the link broke"), []);
        assert_eq!(
            queue.expire(now + Duration::from_secs(20), "no link"),
            [],
            "it may have been done: not given up yet"
        );
        assert_eq!(queue.next().map(|(_, act)| act.id), Some(ActionId(77)));
        let ended = queue.lost(ActTag(1), "no answer within 5 s").expect("not asked a third time");
        let (ActTag(1), ActEnd::NotSent { reason, perhaps_done: true }) = ended else { panic!("{ended:?}") };
        assert!(reason.as_str().contains("the link broke") && reason.as_str().contains("timeline"), "{reason:?}");
        assert_eq!(queue.next(), None);
    }

    #[test]
    fn what_never_left_is_not_sent_after_five_seconds() {
        let (mut queue, now) = (ActQueue::default(), Instant::now());
        queue.push(ActTag(1), act(1), now);
        assert_eq!(queue.next_expiry(), Some(now + NOT_SENT_AFTER));
        let ended = queue.expire(now + NOT_SENT_AFTER, "no hub reached");
        assert!(matches!(&ended[..], [(ActTag(1), ActEnd::NotSent { perhaps_done: false, .. })]), "{ended:?}");
        assert_eq!((queue.next(), queue.next_expiry()), (None, None));
    }

    #[test]
    fn the_queue_is_bounded() {
        let (mut queue, now) = (ActQueue::default(), Instant::now());
        for tag in 0..WAITING as u64 {
            assert_eq!(queue.push(ActTag(tag), act(1), now), None);
        }
        assert!(queue.push(ActTag(999), act(1), now).is_some());
        let under_way = std::iter::from_fn(|| queue.next()).count();
        assert_eq!(under_way, IN_FLIGHT);
        queue.answered(ActTag(0));
        assert!(queue.next().is_some());
    }
}
