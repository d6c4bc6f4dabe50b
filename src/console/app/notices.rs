//! Notices on the person's desktop: of what opens or worsens and nobody has, a storm as one. They are for eyes that look
//! elsewhere, never count as telling anybody, and nothing of them goes to a hub.

use std::time::{Duration, Instant};

use crate::console::replica::{Changed, FleetIndex, Replica};
use crate::console::screens::alerts::{host_name, what};
use crate::console::screens::world::World;
use crate::fleet::alerts::{Alert, Event as AlertEvent, Lane};
use crate::fleet::state::Event;
use crate::fleet::words::{AlertId, Revision, Severity};

/// What opens within this is told together.
const GATHER: Duration = Duration::from_secs(1);
/// One notice at most in this time.
const EVERY: Duration = Duration::from_secs(15);
/// Alerts that are remembered; in a storm only their number is told.
const MOST: usize = 1_000;
/// Alerts that a notice names.
const NAMED: usize = 3;

/// A notice for the desktop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Its first line.
    pub title: String,
    /// What stands below.
    pub body: String,
    /// Whether a critical alert is among it.
    pub critical: bool,
}

/// What is to be told on the desktop.
#[derive(Debug, Default)]
pub struct Notices {
    /// Only of alerts as grave as this; none at all without.
    pub from: Option<Severity>,
    /// Each with the revision that made it news.
    waiting: Vec<(FleetIndex, AlertId, Revision)>,
    since: Option<Instant>,
    sent: Option<Instant>,
}

impl Notices {
    /// Notes what opened, reopened or got worse.
    pub fn gather(&mut self, fleet: FleetIndex, changed: &Changed, now: Instant) {
        if self.from.is_none() {
            return;
        }
        let events = changed.entries.iter().flat_map(|entry| entry.events.iter().map(|event| (entry.revision, event)));
        for (revision, (_, event)) in events {
            let Event::Alerts(event) = event else { continue };
            let is_news = matches!(
                event,
                AlertEvent::Opened { .. } | AlertEvent::Reopened { .. } | AlertEvent::LevelChanged { .. }
            );
            if is_news && self.waiting.len() < MOST {
                self.waiting.push((fleet, event.alert(), revision));
                self.since.get_or_insert(now);
            }
        }
    }

    /// The notice that is due. What was taken or resolved meanwhile is not in it.
    pub fn due(&mut self, world: World<'_>) -> Option<Notice> {
        let waits = |from: Option<Instant>, span| from.is_some_and(|at| world.now.saturating_duration_since(at) < span);
        if self.since.is_none() || waits(self.since, GATHER) || waits(self.sent, EVERY) {
            return None;
        }
        self.since = None;
        let from = self.from?;
        let waiting = std::mem::take(&mut self.waiting);
        let mut alerts: Vec<_> = waiting
            .into_iter()
            .filter_map(|(fleet, id, revision)| {
                let replica = world.replicas.get(fleet)?;
                let alert = replica.fleet().alerts.alerts.get(&id)?;
                // A level that changed for the better is no news; what got worse twice is told of once.
                (alert.worsened == revision).then_some((replica, alert))
            })
            .filter(|(_, alert)| alert.is_open() && alert.lane() == Lane::New && alert.severity() >= from)
            .collect();
        alerts.sort_by_key(|(_, alert)| std::cmp::Reverse(alert.severity()));
        let line = |replica: &Replica, alert: &Alert| {
            format!("{} {} on {}", alert.level.word(), what(alert), host_name(replica, alert))
        };
        let (replica, first) = alerts.first()?;
        self.sent = Some(world.now);
        let critical = alerts.iter().filter(|(_, alert)| alert.severity() == Severity::Critical).count();
        if alerts.len() == 1 {
            let title = line(replica, first);
            return Some(Notice {
                title,
                body: format!("{}: {}", first.client, first.summary),
                critical: critical > 0,
            });
        }
        let mut body: Vec<String> = alerts.iter().take(NAMED).map(|(replica, alert)| line(replica, alert)).collect();
        if alerts.len() > NAMED {
            body.push(format!("and {} more", alerts.len() - NAMED));
        }
        let title = format!("{} new alerts, {critical} critical", alerts.len());
        Some(Notice { title, body: body.join("\n"), critical: critical > 0 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::acts::Acts;
    use crate::console::replica::Replicas;

    #[test]
    fn nothing_is_told_where_nothing_is_wanted_or_nothing_is_left() {
        let (replicas, acts, now) = (Replicas::new(Vec::new()), Acts::default(), Instant::now());
        let mut notices = Notices { from: Some(Severity::Critical), ..Notices::default() };
        notices.waiting.push((FleetIndex(0), AlertId(1), Revision(1)));
        notices.since = Some(now);
        let at = |now| World { replicas: &replicas, acts: &acts, now };
        assert_eq!(notices.due(at(now)), None, "it gathers first");
        assert_eq!(notices.due(at(now + GATHER)), None, "the alert is not there any more");
        assert!(notices.waiting.is_empty() && notices.sent.is_none());
    }
}
