//! One window.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::occurrence::Occurrence;
use super::scope::Scope;
use super::times::Times;
use crate::fleet::words::{AlertId, ClientId, SafeText, Timestamp, WindowId};

/// How long a window that is over is listed; after that the journal has it.
pub const KEPT_AFTER_END: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// The most alerts of one client that are listed as held back; the count goes on.
pub const MOST_LISTED: usize = 1_000;

/// A time in which notices are held back, never facts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    /// Its number.
    pub id: WindowId,
    /// What it is for, in the words of who made it.
    pub name: SafeText,
    /// Which alerts.
    pub scope: Scope,
    /// The one client it is about, where it is about one: only that client's alerts are held.
    pub client: Option<ClientId>,
    /// When.
    pub times: Times,
    /// Who made it.
    pub by: SafeText,
    /// When it was made.
    pub created_at: Timestamp,
    /// The occurrence under way.
    pub active: Option<Occurrence>,
    /// The occurrence to come, as it was planned at `planned_at`; `None` while one is under way, and once it is over.
    pub next: Option<Occurrence>,
    /// The hub's wall time when that was said: a clock set back behind it makes the plan void.
    pub planned_at: Timestamp,
    /// Open alerts up to this number have been looked at since it began; `None` when all have.
    pub looked_through: Option<AlertId>,
    /// How it ended for good; `None` before.
    pub over: Option<Over>,
    /// How many times it has begun.
    pub begun: u32,
    /// What was held back in the occurrence under way, or else in the last.
    pub ledger: BTreeMap<ClientId, Caught>,
}

/// How a window ended for good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Over {
    /// When.
    pub at: Timestamp,
    /// Who ended it; nobody: its time was up.
    pub by: Option<SafeText>,
    /// What they said.
    pub note: Option<SafeText>,
}

/// What a window held back of one client.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Caught {
    /// The first of them, each once.
    pub alerts: BTreeSet<AlertId>,
    /// How many times an alert was held back.
    pub count: u64,
}

/// How a window stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// It holds back now.
    Active,
    /// Its time is to come.
    Waiting,
    /// It is over for good.
    Over,
}

impl Window {
    /// How it stands.
    #[must_use]
    pub const fn state(&self) -> State {
        match (&self.over, &self.active) {
            (Some(_), _) => State::Over,
            (None, Some(_)) => State::Active,
            (None, None) => State::Waiting,
        }
    }

    /// When time changes it: it begins, or ends.
    #[must_use]
    pub fn timer(&self) -> Option<Timestamp> {
        if self.over.is_some() {
            return None;
        }
        self.active.map(|one| one.until).or(self.next.map(|next| next.from))
    }

    /// How many times an alert was held back in the occurrence under way, or else in the last.
    #[must_use]
    pub fn held(&self) -> u64 {
        self.ledger.values().map(|caught| caught.count).sum()
    }

    /// The alerts that were held back, as far as they are listed, oldest first.
    #[must_use]
    pub fn caught(&self) -> Vec<AlertId> {
        let mut alerts: Vec<AlertId> = self.ledger.values().flat_map(|caught| caught.alerts.iter().copied()).collect();
        alerts.sort_unstable();
        alerts
    }

    /// What people call it: its name, else its number.
    #[must_use]
    pub fn title(&self) -> SafeText {
        if self.name.is_empty() { SafeText::line(&format!("window {}", self.id)) } else { self.name.clone() }
    }

    /// When, in plain words for people who read them at `now`; one time has no words, only its two moments.
    #[must_use]
    pub fn plain(&self, now: Timestamp) -> String {
        match &self.times {
            Times::Once(_) => "once".to_owned(),
            Times::Recurring(recurrence) => recurrence.plain(now),
        }
    }

    /// The occurrence under way, else the next.
    #[must_use]
    pub fn occurrence(&self) -> Option<Occurrence> {
        self.active.or(self.next)
    }

    pub(super) fn catch(&mut self, client: &ClientId, alert: AlertId) {
        let caught = self.ledger.entry(client.clone()).or_default();
        caught.count += 1;
        if caught.alerts.len() < MOST_LISTED {
            caught.alerts.insert(alert);
        }
    }
}

impl State {
    /// All states, in the order of a list.
    pub const ALL: [Self; 3] = [Self::Active, Self::Waiting, Self::Over];

    /// `active`, `waiting` or `over`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Waiting => "waiting",
            Self::Over => "over",
        }
    }
}
