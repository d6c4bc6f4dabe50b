//! Maintenance windows and silences: times in which notices are held back, never facts.

mod day_words;
mod event;
mod matcher;
mod occurrence;
mod plain_words;
mod recurrence;
mod rrule;
mod scope;
mod telling;
#[cfg(test)]
mod tests;
mod times;
mod window;
mod zone;

pub use event::Event;
pub use matcher::{LONGEST as LONGEST_MATCHER, Matcher, MatcherError};
pub use occurrence::Occurrence;
pub use recurrence::{MonthDay, Recurrence, Rule, SHORTEST, TimesError};
pub use scope::{MOST_MATCHERS, Scope, ScopeError};
pub use telling::{command_line, from_until, moment};
pub use times::Times;
pub use window::{Caught, KEPT_AFTER_END, MOST_LISTED, Over, State, Window};
pub use zone::Zone;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::fleet::words::{AlertId, ClientId, Timestamp, WindowId};

/// The fleet's windows: all that are to come or under way, and ended ones until they are archived.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Windows {
    windows: BTreeMap<WindowId, Arc<Window>>,
    /// When each changes by time alone.
    timers: BTreeSet<(Timestamp, WindowId)>,
    /// When what is to come of each was planned: a clock that is set back makes the latest void.
    planned: BTreeSet<(Timestamp, WindowId)>,
    /// Those that hold back now.
    active: BTreeSet<WindowId>,
    /// Active ones that have not looked at all open alerts yet.
    looking: BTreeSet<WindowId>,
    /// Those that are over, by their end.
    over: BTreeSet<(Timestamp, WindowId)>,
}

impl Windows {
    /// One window.
    #[must_use]
    pub fn get(&self, id: WindowId) -> Option<&Arc<Window>> {
        self.windows.get(&id)
    }

    /// All windows by number.
    #[must_use]
    pub const fn by_number(&self) -> &BTreeMap<WindowId, Arc<Window>> {
        &self.windows
    }

    /// All windows, oldest first.
    pub fn all(&self) -> impl DoubleEndedIterator<Item = &Arc<Window>> {
        self.windows.values()
    }

    /// Those that hold back now, oldest first.
    pub fn active(&self) -> impl Iterator<Item = &Arc<Window>> {
        self.active.iter().filter_map(|id| self.windows.get(id))
    }

    /// Active ones that have not looked at all open alerts yet.
    pub fn looking(&self) -> impl Iterator<Item = &Arc<Window>> {
        self.looking.iter().filter_map(|id| self.windows.get(id))
    }

    /// Whether this one holds back now.
    #[must_use]
    pub fn is_active(&self, id: WindowId) -> bool {
        self.active.contains(&id)
    }

    /// Those whose time has come at `at`, earliest first.
    pub fn due(&self, at: Timestamp) -> impl Iterator<Item = &Arc<Window>> {
        self.timers.iter().take_while(move |(when, _)| *when <= at).filter_map(|(_, id)| self.windows.get(id))
    }

    /// Those whose plan was made later than `at`: the clock was set back since.
    pub fn planned_after(&self, at: Timestamp) -> impl Iterator<Item = &Arc<Window>> {
        self.planned.iter().rev().take_while(move |(when, _)| *when > at).filter_map(|(_, id)| self.windows.get(id))
    }

    /// Those that were over at `at`, longest over first.
    pub fn over_since(&self, at: Timestamp) -> impl Iterator<Item = &Arc<Window>> {
        self.over.iter().take_while(move |(when, _)| *when <= at).filter_map(|(_, id)| self.windows.get(id))
    }

    /// The next time at which one changes by time alone.
    #[must_use]
    pub fn next_due(&self) -> Option<Timestamp> {
        self.timers.first().map(|(when, _)| *when)
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.windows.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.windows.is_empty()
    }

    /// Puts a window in place, as a snapshot's row does.
    pub fn restore(&mut self, window: Window) {
        self.remove(window.id);
        self.index(&window);
        self.windows.insert(window.id, Arc::new(window));
    }

    /// Keeps only what someone limited to one client may see: that client's windows and those of the fleet, with what
    /// they held back of this client.
    pub fn retain_client(&mut self, client: &ClientId) {
        let ids: Vec<WindowId> = self.windows.keys().copied().collect();
        for id in ids {
            if self.windows.get(&id).is_some_and(|window| window.client.as_ref().is_some_and(|of| of != client)) {
                self.remove(id);
            } else {
                self.change(id, |window| window.ledger.retain(|of, _| of == client));
            }
        }
    }

    /// Notes that a window holds back an alert of a client; `false` when there is no such window.
    pub fn catch(&mut self, id: WindowId, client: &ClientId, alert: AlertId) -> bool {
        // What is indexed does not change.
        let Some(window) = self.windows.get_mut(&id) else { return false };
        Arc::make_mut(window).catch(client, alert);
        true
    }

    /// Stores what the event says.
    pub fn apply(&mut self, event: &Event, at: Timestamp) {
        match event {
            Event::Created(window) => self.restore((**window).clone()),
            Event::Began { window, occurrence } => self.change(*window, |window| {
                window.active = Some(*occurrence);
                window.next = None;
                window.planned_at = at;
                window.looked_through = Some(AlertId(0));
                window.begun = window.begun.saturating_add(1);
                window.ledger.clear();
            }),
            Event::Looked { window, through } => self.change(*window, |window| window.looked_through = *through),
            Event::Ended { window, next } => self.change(*window, |window| {
                window.active = None;
                window.looked_through = None;
                window.next = *next;
                window.planned_at = at;
                if next.is_none() {
                    window.over = Some(Over { at, by: None, note: None });
                }
            }),
            Event::Closed { window, by, note } => self.change(*window, |window| {
                window.active = None;
                window.looked_through = None;
                window.next = None;
                window.over = Some(Over { at, by: Some(by.clone()), note: note.clone() });
            }),
            Event::Changed { window, occurrence, by: _ } => self.change(*window, |window| {
                if let Times::Once(once) = &mut window.times {
                    *once = *occurrence;
                }
                if window.active.is_some() {
                    window.active = Some(*occurrence);
                } else {
                    window.next = Some(*occurrence);
                }
            }),
            Event::Planned { window, next } => self.change(*window, |window| {
                window.next = *next;
                window.planned_at = at;
            }),
            Event::Archived { window } => self.remove(*window),
        }
    }

    fn remove(&mut self, id: WindowId) {
        if let Some(window) = self.windows.remove(&id) {
            self.forget(&window);
        }
    }

    fn change(&mut self, id: WindowId, change: impl FnOnce(&mut Window)) {
        let Some(mut window) = self.windows.remove(&id) else { return };
        self.forget(&window);
        change(Arc::make_mut(&mut window));
        self.index(&window);
        self.windows.insert(id, window);
    }

    fn index(&mut self, window: &Window) {
        let id = window.id;
        if let Some(when) = window.timer() {
            self.timers.insert((when, id));
        }
        match &window.over {
            Some(over) => drop(self.over.insert((over.at, id))),
            None => drop(self.planned.insert((window.planned_at, id))),
        }
        if window.state() == State::Active {
            self.active.insert(id);
            if window.looked_through.is_some() {
                self.looking.insert(id);
            }
        }
    }

    fn forget(&mut self, window: &Window) {
        let id = window.id;
        if let Some(when) = window.timer() {
            self.timers.remove(&(when, id));
        }
        if let Some(over) = &window.over {
            self.over.remove(&(over.at, id));
        }
        self.planned.remove(&(window.planned_at, id));
        self.active.remove(&id);
        self.looking.remove(&id);
    }
}
