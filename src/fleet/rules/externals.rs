//! Until when alerts of other systems hold: a sender has to send what still fails again and again. Live, like all signs
//! of life, so a repeat writes nothing; counted by the monotonic clock, so that setting the wall clock ends nothing.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use crate::fleet::state::Fleet;
use crate::fleet::words::{AlertId, Instant, Now, Timestamp};

/// What is sent without an end holds for so long after it was sent last; Alertmanager's `resolve_timeout`.
pub const RESOLVE_TIMEOUT: Duration = Duration::from_secs(5 * 60);

/// An alert that was just heard of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heard {
    /// Which.
    pub alert: AlertId,
    /// Until when it holds; `None`: it has ended.
    pub until: Option<Instant>,
    /// When it was heard of.
    pub at: Timestamp,
}

/// The deadlines of all that hold.
#[derive(Clone, Debug)]
pub struct Externals {
    by_alert: HashMap<AlertId, (Instant, Timestamp)>,
    order: BTreeSet<(Instant, AlertId)>,
    /// Nothing ends before this: senders could not be heard until now.
    spared_until: Instant,
}

impl Default for Externals {
    fn default() -> Self {
        Self::new()
    }
}

impl Externals {
    /// Nothing is known.
    #[must_use]
    pub fn new() -> Self {
        Self { by_alert: HashMap::new(), order: BTreeSet::new(), spared_until: Instant(0) }
    }

    /// What a hub that starts knows: senders get as long as ever to say that it still fails.
    #[must_use]
    pub fn resume(fleet: &Fleet, now: Now) -> Self {
        let mut known = Self::new();
        for alert in fleet.alerts.open() {
            let Some(external) = &alert.external else { continue };
            let promised = external.ends_at.map(|end| now.mono + end.since(now.wall));
            known.hear(&Heard { alert: alert.id, until: Some(promised.unwrap_or(now.mono)), at: alert.level_since });
        }
        known.spare(now);
        known
    }

    /// Senders can't be heard now: nothing ends before they had the time to send again.
    pub fn spare(&mut self, now: Now) {
        self.spared_until = self.spared_until.max(now.mono + RESOLVE_TIMEOUT);
    }

    /// Notes what was heard.
    pub fn hear(&mut self, heard: &Heard) {
        let before = match heard.until {
            Some(until) => self.by_alert.insert(heard.alert, (until, heard.at)),
            None => self.by_alert.remove(&heard.alert),
        };
        if let Some((until, _)) = before {
            self.order.remove(&(until, heard.alert));
        }
        if let Some(until) = heard.until {
            self.order.insert((until, heard.alert));
        }
    }

    /// Forgets what is due and is not open any more, so that the rest comes to the front.
    pub fn settle(&mut self, fleet: &Fleet, now: Now) {
        while let Some((until, alert)) = self.order.first().copied()
            && until <= now.mono
            && fleet.alerts.alerts.get(&alert).is_none_or(|alert| !alert.is_open())
        {
            self.order.pop_first();
            self.by_alert.remove(&alert);
        }
    }

    /// Alerts that nobody vouches for any more, the longest first.
    pub fn due(&self, now: Now) -> impl Iterator<Item = AlertId> {
        let spared = now.mono < self.spared_until;
        self.order.iter().take_while(move |(until, _)| !spared && *until <= now.mono).map(|(_, alert)| *alert)
    }

    /// When the next one is due.
    #[must_use]
    pub fn next_due(&self) -> Option<Instant> {
        self.order.first().map(|(until, _)| (*until).max(self.spared_until))
    }

    /// Until when an alert holds, and when it was heard of last.
    #[must_use]
    pub fn of(&self, alert: AlertId) -> Option<(Instant, Timestamp)> {
        let (until, at) = self.by_alert.get(&alert).copied()?;
        Some((until.max(self.spared_until), at))
    }
}
