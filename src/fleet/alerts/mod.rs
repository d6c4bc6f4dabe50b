//! Alerts: what a hard problem opens, who has it, and how it ended.

mod alert;
mod alike;
mod event;
pub mod external;
mod hold;
mod plan;
mod subject;

pub use alert::{
    Acknowledgement, Alert, Escalation, KEPT_AFTER_RESOLUTION, Lane, Snooze, Suppression, Until, ValueLimit,
};
pub use event::Event;
pub use external::External;
pub use hold::Hold;
pub use plan::{MOST_TOLD, NextNotice, Plan, Reminder, Told};
pub use subject::Subject;

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;

use self::alike::Models;
use crate::fleet::words::{AlertId, ClientId, HostId, Revision, SiteId, Timestamp, WindowId};

/// The fleet's alerts: all open ones, and resolved ones until they are archived.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Alerts {
    /// By number.
    pub alerts: BTreeMap<AlertId, Arc<Alert>>,
    /// The alerts by the hash of client and subject, oldest first: at most one of each is open. All are kept, so that
    /// the newest is known whatever the order in which they are archived.
    by_subject: BTreeSet<(u64, AlertId)>,
    /// What the texts of other systems' alerts are kept as differences from.
    models: Models,
    /// When an alert next changes by time alone: a snooze or acknowledgement ends, a resolved one is archived.
    timers: BTreeSet<(Timestamp, AlertId)>,
    /// Open alerts by what holds them back.
    held: BTreeSet<(Hold, AlertId)>,
    /// Open alerts about a host or a site: what hangs on them is held back.
    roots: BTreeSet<AlertId>,
    /// Open alerts by the host they are on.
    on_host: BTreeSet<(HostId, AlertId)>,
    /// Open alerts by the place they are at.
    at_site: BTreeSet<(ClientId, SiteId, AlertId)>,
    /// Resolved alerts of which people were told who do not know yet that they ended.
    recovered: BTreeSet<AlertId>,
    /// Open alerts that end their acknowledgement at a measured value.
    limited: BTreeSet<AlertId>,
    /// Open alerts in nobody's hands without a plan.
    unplanned: BTreeSet<AlertId>,
    /// Open alerts of each lane.
    lanes: [usize; 3],
    /// Open alerts that each kind of reason holds back.
    reasons: [usize; Suppression::KINDS],
}

impl Alerts {
    /// The newest alert about a subject, open or resolved.
    #[must_use]
    pub fn about(&self, client: &ClientId, subject: &Subject) -> Option<&Arc<Alert>> {
        let hash = hash_of(client, subject);
        let same = self.by_subject.range((hash, AlertId(u64::MIN))..=(hash, AlertId(u64::MAX)));
        let mut alerts = same.rev().filter_map(|(_, id)| self.alerts.get(id));
        alerts.find(|alert| alert.client == *client && alert.subject == *subject)
    }

    /// Open alerts, oldest number first.
    pub fn open(&self) -> impl Iterator<Item = &Arc<Alert>> {
        self.alerts.values().filter(|alert| alert.is_open())
    }

    /// Alerts whose time has come at `at`, earliest first.
    pub fn due(&self, at: Timestamp) -> impl Iterator<Item = &Arc<Alert>> {
        self.timers.iter().take_while(move |(when, _)| *when <= at).filter_map(|(_, id)| self.alerts.get(id))
    }

    /// The next time at which an alert changes by time alone.
    #[must_use]
    pub fn next_due(&self) -> Option<Timestamp> {
        self.timers.first().map(|(when, _)| *when)
    }

    /// Open alerts that are held back for this reason, oldest number first.
    pub fn held_by(&self, hold: Hold) -> impl Iterator<Item = &Arc<Alert>> {
        let all = (hold, AlertId(u64::MIN))..=(hold, AlertId(u64::MAX));
        self.held.range(all).filter_map(|(_, id)| self.alerts.get(id))
    }

    /// Open alerts about a host or a site, oldest number first.
    pub fn roots(&self) -> impl Iterator<Item = &Arc<Alert>> {
        self.roots.iter().filter_map(|id| self.alerts.get(id))
    }

    /// Open alerts on a host, oldest number first.
    pub fn on_host(&self, host: HostId) -> impl Iterator<Item = &Arc<Alert>> {
        let all = (host, AlertId(u64::MIN))..=(host, AlertId(u64::MAX));
        self.on_host.range(all).filter_map(|(_, id)| self.alerts.get(id))
    }

    /// Open alerts at a site, oldest number first.
    pub fn at_site(&self, client: &ClientId, site: &SiteId) -> impl Iterator<Item = &Arc<Alert>> {
        let place = |id| (client.clone(), site.clone(), AlertId(id));
        self.at_site.range(place(u64::MIN)..=place(u64::MAX)).filter_map(|(_, _, id)| self.alerts.get(id))
    }

    /// The alerts behind which open ones are held back, each once.
    pub fn parents(&self) -> impl Iterator<Item = AlertId> {
        let from = |id: u64| {
            let all =
                (Hold::Parent(AlertId(id)), AlertId(u64::MIN))..=(Hold::Parent(AlertId(u64::MAX)), AlertId(u64::MAX));
            self.held.range(all).find_map(|(hold, _)| match hold {
                Hold::Parent(parent) => Some(*parent),
                _ => None,
            })
        };
        std::iter::successors(from(0), move |last| from(last.0.checked_add(1)?))
    }

    /// Every reason that holds back an open alert, with the alert; in the order of the reasons.
    pub fn holds(&self) -> impl Iterator<Item = (Hold, AlertId)> {
        self.held.iter().copied()
    }

    /// The windows that hold back an open alert, oldest first.
    pub fn windows_holding(&self) -> impl Iterator<Item = WindowId> {
        let mut from = Some(WindowId(u64::MIN));
        std::iter::from_fn(move || {
            let (hold, _) = self.held.range((Hold::Maintenance(from?), AlertId(u64::MIN))..).next()?;
            let Hold::Maintenance(window) = hold else { return None };
            from = window.0.checked_add(1).map(WindowId);
            Some(*window)
        })
    }

    /// Resolved alerts whose end is still to be told to those who were told of them.
    pub fn recovered(&self) -> impl Iterator<Item = &Arc<Alert>> {
        self.recovered.iter().filter_map(|id| self.alerts.get(id))
    }

    /// Open alerts whose acknowledgement ends at a measured value.
    pub fn limited(&self) -> impl Iterator<Item = &Arc<Alert>> {
        self.limited.iter().filter_map(|id| self.alerts.get(id))
    }

    /// Open alerts in nobody's hands for which nobody is to be told, oldest number first.
    pub fn unplanned(&self) -> impl Iterator<Item = &Arc<Alert>> {
        self.unplanned.iter().filter_map(|id| self.alerts.get(id))
    }

    /// How many alerts are [`unplanned`](Self::unplanned).
    #[must_use]
    pub fn unplanned_count(&self) -> usize {
        self.unplanned.len()
    }

    /// How many open alerts stand in a lane.
    #[must_use]
    pub const fn count(&self, lane: Lane) -> usize {
        self.lanes[lane as usize]
    }

    /// How many open alerts each kind of reason holds back, by [`Suppression::kind`]; one held back twice is in both.
    #[must_use]
    pub const fn reasons(&self) -> &[usize; Suppression::KINDS] {
        &self.reasons
    }

    /// Puts an alert in place, as a snapshot's row does.
    pub fn restore(&mut self, mut alert: Alert) {
        self.remove(alert.id);
        pack(&mut self.models, &mut alert);
        self.index(&alert);
        self.by_subject.insert((hash_of(&alert.client, &alert.subject), alert.id));
        self.alerts.insert(alert.id, Arc::new(alert));
    }

    /// Keeps only the alerts a viewer may see.
    pub fn retain(&mut self, keep: impl Fn(&Alert) -> bool) {
        let hidden: Vec<_> = self.alerts.values().filter(|alert| !keep(alert)).map(|alert| alert.id).collect();
        for id in hidden {
            self.remove(id);
        }
    }

    fn remove(&mut self, id: AlertId) {
        self.forget(id);
        if let Some(gone) = self.alerts.remove(&id) {
            self.by_subject.remove(&(hash_of(&gone.client, &gone.subject), id));
        }
    }

    fn index(&mut self, alert: &Alert) {
        if alert.is_open() {
            self.lanes[alert.lane() as usize] += 1;
            alert.suppressions().for_each(|reason| self.reasons[reason.kind()] += 1);
            self.held.extend(alert.holds.iter().map(|hold| (*hold, alert.id)));
            if matches!(alert.subject, Subject::Host(_) | Subject::Site(_)) {
                self.roots.insert(alert.id);
            }
            self.on_host.extend(alert.host.map(|host| (host, alert.id)));
            self.at_site.extend(alert.site.clone().map(|site| (alert.client.clone(), site, alert.id)));
            if alert.acknowledgement.as_ref().is_some_and(|ack| ack.limit.is_some()) {
                self.limited.insert(alert.id);
            }
        }
        if alert.is_open() && alert.lane() == Lane::New && alert.plan.is_none() {
            self.unplanned.insert(alert.id);
        }
        if alert.owes_recovery() {
            self.recovered.insert(alert.id);
        }
        if let Some(when) = alert.timer() {
            self.timers.insert((when, alert.id));
        }
    }

    /// Takes an alert out of the indexes, before it changes.
    fn forget(&mut self, id: AlertId) {
        if let Some(alert) = self.alerts.get(&id) {
            if alert.is_open() {
                self.lanes[alert.lane() as usize] -= 1;
                alert.suppressions().for_each(|reason| self.reasons[reason.kind()] -= 1);
                for hold in &alert.holds {
                    self.held.remove(&(*hold, id));
                }
                self.roots.remove(&id);
                if let Some(host) = alert.host {
                    self.on_host.remove(&(host, id));
                }
                if let Some(site) = &alert.site {
                    self.at_site.remove(&(alert.client.clone(), site.clone(), id));
                }
            }
            self.unplanned.remove(&id);
            self.limited.remove(&id);
            self.recovered.remove(&id);
            if let Some(when) = alert.timer() {
                self.timers.remove(&(when, id));
            }
        }
    }

    /// Stores what the event says.
    pub fn apply(&mut self, event: &Event, revision: Revision, at: Timestamp) {
        match event {
            Event::Opened { alert, client, site, host, subject, level, summary } => self.restore(Alert {
                id: *alert,
                client: client.clone(),
                site: site.clone(),
                host: *host,
                subject: subject.clone(),
                level: *level,
                summary: summary.clone(),
                opened_at: at,
                level_since: at,
                resolved_at: None,
                closed_by_hand: false,
                acknowledgement: None,
                snooze: None,
                escalation: None,
                count: 1,
                last_note: None,
                holds: Vec::new(),
                plan: None,
                told: Vec::new(),
                reminders: Vec::new(),
                changed: revision,
                worsened: revision,
                external: None,
            }),
            Event::Reopened { alert, level, summary } => self.change(*alert, revision, |alert| {
                alert.level = *level;
                alert.level_since = at;
                alert.summary = summary.clone();
                alert.resolved_at = None;
                alert.closed_by_hand = false;
                alert.count = alert.count.saturating_add(1);
                alert.worsened = revision;
            }),
            Event::LevelChanged { alert, level, summary, worse } => self.change(*alert, revision, |alert| {
                if alert.level != *level {
                    alert.level_since = at;
                }
                alert.level = *level;
                alert.summary = summary.clone();
                if *worse {
                    alert.worsened = revision;
                }
            }),
            Event::Resolved { alert, by_hand, note } => self.change(*alert, revision, |alert| {
                alert.resolved_at = Some(at);
                alert.closed_by_hand = *by_hand;
                if note.is_some() {
                    alert.last_note.clone_from(note);
                }
            }),
            Event::Acknowledged { alert, acknowledgement } => self.change(*alert, revision, |alert| {
                alert.snooze = None;
                alert.acknowledgement = Some(acknowledgement.clone());
            }),
            Event::AcknowledgementEnded { alert, .. } => {
                self.change(*alert, revision, |alert| alert.acknowledgement = None);
            }
            Event::Snoozed { alert, snooze } => self.change(*alert, revision, |alert| {
                alert.snooze = Some(snooze.clone());
            }),
            Event::SnoozeEnded { alert } => self.change(*alert, revision, |alert| alert.snooze = None),
            Event::Escalated { alert, escalation, note } => self.change(*alert, revision, |alert| {
                alert.escalation = Some(Escalation { revision, ..escalation.clone() });
                if note.is_some() {
                    alert.last_note.clone_from(note);
                }
            }),
            Event::Released { alert, note, .. } => self.change(*alert, revision, |alert| {
                alert.acknowledgement = None;
                alert.snooze = None;
                if note.is_some() {
                    alert.last_note.clone_from(note);
                }
            }),
            Event::Noted { alert, note, .. } => self.change(*alert, revision, |alert| {
                alert.last_note = Some(note.clone());
            }),
            Event::Archived { alert } => self.remove(*alert),
            Event::Held { alert, hold } => self.change(*alert, revision, |alert| {
                if let Err(place) = alert.holds.binary_search(hold) {
                    alert.holds.insert(place, *hold);
                }
            }),
            Event::HoldEnded { alert, hold } => {
                self.change(*alert, revision, |alert| alert.holds.retain(|held| held != hold));
            }
            Event::Planned { alert, plan } => self.change(*alert, revision, |alert| alert.plan = Some(plan.clone())),
            Event::Notified { alert, step, notices: _, to, plan } => self.change(*alert, revision, |alert| {
                for receiver in to {
                    alert.note_told(Told { to: receiver.clone(), at, step: *step });
                }
                alert.plan = Some(plan.clone());
            }),
            Event::RecoveryTold { alert, .. } => self.change(*alert, revision, |alert| alert.told = Vec::new()),
            Event::ReminderSet { alert, reminder } => self.change(*alert, revision, |alert| {
                let place = alert.reminders.partition_point(|other| other.at <= reminder.at);
                alert.reminders.insert(place, (**reminder).clone());
            }),
            Event::ReminderEnded { alert, at, by, came: _ } => self.change(*alert, revision, |alert| {
                alert.reminders.retain(|reminder| reminder.at != *at || reminder.by != *by);
            }),
            Event::Described { alert, external } => {
                let mut models = std::mem::take(&mut self.models);
                self.change(*alert, revision, |alert| {
                    alert.external = Some(Arc::clone(external));
                    pack(&mut models, alert);
                });
                self.models = models;
            }
        }
    }

    fn change(&mut self, id: AlertId, revision: Revision, change: impl FnOnce(&mut Alert)) {
        self.forget(id);
        let Some(alert) = self.alerts.get_mut(&id) else { return };
        let changed = Arc::make_mut(alert);
        changed.changed = revision;
        change(changed);
        let alert = Arc::clone(alert);
        self.index(&alert);
    }
}

fn pack(models: &mut Models, alert: &mut Alert) {
    let Some(external) = &alert.external else { return };
    let (packed, summary) = external.packed(models, &alert.summary);
    if let Some(summary) = summary {
        alert.summary = summary;
    }
    if let Some(packed) = packed {
        alert.external = Some(Arc::new(packed));
    }
}

fn hash_of(client: &ClientId, subject: &Subject) -> u64 {
    let mut hasher = DefaultHasher::new();
    (client, subject).hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::words::{CheckState, HostId, SafeText};

    #[test]
    fn the_newest_alert_of_a_subject_is_known_in_whatever_order_they_are_archived() {
        let (client, subject) = (ClientId::from("acme"), Subject::Host(HostId(1)));
        let opened = |id| Event::Opened {
            alert: AlertId(id),
            client: client.clone(),
            site: None,
            host: None,
            subject: subject.clone(),
            level: CheckState::Critical,
            summary: SafeText::new("down"),
        };
        let resolved = |id| Event::Resolved { alert: AlertId(id), by_hand: false, note: None };
        let archived = |id| Event::Archived { alert: AlertId(id) };
        let mut alerts = Alerts::default();
        for event in [opened(1), resolved(1), opened(2), resolved(2)] {
            alerts.apply(&event, Revision(1), Timestamp(0));
        }
        let newest = |alerts: &Alerts| alerts.about(&client, &subject).map(|alert| alert.id.0);
        assert_eq!(newest(&alerts), Some(2));
        alerts.apply(&archived(2), Revision(2), Timestamp(0));
        assert_eq!(newest(&alerts), Some(1), "as a replica that begins here finds it");
        alerts.apply(&archived(1), Revision(3), Timestamp(0));
        assert_eq!(alerts, Alerts::default(), "no index keeps what is gone");
    }
}
