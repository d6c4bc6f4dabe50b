//! Notices: what was said to whom about which alerts, and whether it arrived.

mod event;
mod notice;

pub use event::Event;
pub use notice::{FALLS_OVER_AFTER, KEPT_AFTER_END, Kind, MOST_NAMED, Notice, State};

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::fleet::words::{NoticeId, SafeText, Timestamp};

/// The fleet's notices: those under way, and those that are over until they are archived.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Notices {
    /// By number.
    pub notices: BTreeMap<NoticeId, Arc<Notice>>,
    /// When each next changes by time alone.
    timers: BTreeSet<(Timestamp, NoticeId)>,
    /// The notices of each receiver.
    of_receiver: BTreeSet<(SafeText, NoticeId)>,
}

impl Notices {
    /// Notices whose time has come at `at`, earliest first.
    pub fn due(&self, at: Timestamp) -> impl Iterator<Item = &Arc<Notice>> {
        self.timers.iter().take_while(move |(when, _)| *when <= at).filter_map(|(_, id)| self.notices.get(id))
    }

    /// The next time at which a notice changes by time alone.
    #[must_use]
    pub fn next_due(&self) -> Option<Timestamp> {
        self.timers.first().map(|(when, _)| *when)
    }

    /// The notices of a receiver, newest first.
    pub fn of<'n>(&'n self, receiver: &SafeText) -> impl Iterator<Item = &'n Arc<Notice>> {
        let all = (receiver.clone(), NoticeId(u64::MIN))..=(receiver.clone(), NoticeId(u64::MAX));
        self.of_receiver.range(all).rev().filter_map(|(_, id)| self.notices.get(id))
    }

    /// Notices that no channel has taken yet, oldest first.
    pub fn waiting(&self) -> impl Iterator<Item = &Arc<Notice>> {
        self.notices.values().filter(|notice| notice.state == State::Waiting)
    }

    /// Puts a notice in place, as a snapshot's row does.
    pub fn restore(&mut self, notice: Notice) {
        self.forget(notice.id);
        self.index(&notice);
        self.notices.insert(notice.id, Arc::new(notice));
    }

    /// Keeps only the notices a viewer may see.
    pub fn retain(&mut self, keep: impl Fn(&Notice) -> bool) {
        let hidden: Vec<NoticeId> = self.notices.iter().filter(|(_, one)| !keep(one)).map(|(id, _)| *id).collect();
        for id in hidden {
            self.forget(id);
            self.notices.remove(&id);
        }
    }

    fn index(&mut self, notice: &Notice) {
        self.timers.insert((notice.timer(), notice.id));
        self.of_receiver.insert((notice.to.clone(), notice.id));
    }

    /// Takes a notice out of the indexes, before it changes.
    fn forget(&mut self, id: NoticeId) {
        if let Some(notice) = self.notices.get(&id) {
            self.timers.remove(&(notice.timer(), id));
            self.of_receiver.remove(&(notice.to.clone(), id));
        }
    }

    /// Stores what the event says.
    pub fn apply(&mut self, event: &Event, at: Timestamp) {
        let id = event.notice();
        match event {
            Event::Queued(notice) => self.restore(Notice::clone(notice)),
            Event::Sent { receipt, .. } => self.move_on(id, State::Sent, receipt, at),
            Event::Delivered { receipt, .. } => self.move_on(id, State::Delivered, receipt, at),
            Event::Failed { why, .. } => self.move_on(id, State::Failed, why, at),
            Event::Answered { how, .. } => self.move_on(id, State::Answered, how, at),
            Event::FellOver { channel, why, .. } => self.change(id, |notice| {
                notice.channel = *channel;
                notice.state = State::Waiting;
                notice.since = at;
                notice.words = why.clone();
            }),
            Event::Archived { .. } => {
                self.forget(id);
                self.notices.remove(&id);
            }
        }
    }

    fn move_on(&mut self, id: NoticeId, state: State, words: &SafeText, at: Timestamp) {
        self.change(id, |notice| {
            notice.state = state;
            notice.since = at;
            notice.words = words.clone();
        });
    }

    fn change(&mut self, id: NoticeId, change: impl FnOnce(&mut Notice)) {
        self.forget(id);
        let Some(notice) = self.notices.get_mut(&id) else { return };
        change(Arc::make_mut(notice));
        let notice = Arc::clone(notice);
        self.index(&notice);
    }
}
