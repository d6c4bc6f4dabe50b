//! What windows hold back: with the opening of an alert, and when it becomes another.

use crate::fleet::alerts::{Alert, Alerts, Event as AlertEvent, Hold};
use crate::fleet::derived::muting::speaks_of;
use crate::fleet::identity::Audience;
use crate::fleet::rules::alerting::for_client;
use crate::fleet::state::{Event, Fleet};
use crate::fleet::windows::Window;
use crate::fleet::words::{AlertId, Now, WindowId};

/// The windows that hold back an alert as it is now, oldest first.
#[must_use]
pub fn holds_for(fleet: &Fleet, alert: &Alert) -> Vec<Hold> {
    let speaking = fleet.windows.active().filter(|window| speaks_of(fleet, window, alert));
    speaking.map(|window| Hold::Maintenance(window.id)).collect()
}

/// Adds to events what windows make of them, in the same entry: an alert that opens, comes back or changes is held back
/// by the windows that speak of it then, and by no other.
pub fn follow(fleet: &Fleet, events: &mut Vec<(Audience, Event)>, now: Now) {
    if !events.iter().any(|(_, event)| concerned(event).is_some()) {
        return;
    }
    let mut told = Vec::with_capacity(events.len());
    for (audience, event) in events.drain(..) {
        let holds = concerned(&event).map_or_else(Vec::new, |event| changed(fleet, event, now));
        let holds: Vec<_> = holds.into_iter().map(|event| (audience.clone(), Event::Alerts(event))).collect();
        told.push((audience, event));
        told.extend(holds);
    }
    *events = told;
}

/// What may change which windows speak of an alert.
const fn concerned(event: &Event) -> Option<&AlertEvent> {
    match event {
        Event::Alerts(
            event @ (AlertEvent::Opened { .. } | AlertEvent::Reopened { .. } | AlertEvent::LevelChanged { .. }),
        ) => Some(event),
        _ => None,
    }
}

fn changed(fleet: &Fleet, event: &AlertEvent, now: Now) -> Vec<AlertEvent> {
    let id = event.alert();
    let known = fleet.alerts.alerts.get(&id);
    // Most of the time there is no window, and alerts come by the thousand.
    let is_free = known.is_none_or(|known| known.holds.is_empty());
    if is_free && fleet.windows.active().next().is_none() {
        return Vec::new();
    }
    let mut alone = Alerts::default();
    if let Some(known) = known {
        alone.restore(Alert::clone(known));
    }
    alone.apply(event, fleet.revision, now.wall);
    let Some(alert) = alone.alerts.get(&id) else { return Vec::new() };
    let wanted = holds_for(fleet, alert);
    let present = alert.holds.iter().filter(|hold| matches!(hold, Hold::Maintenance(_)));
    let ended = present.clone().filter(|hold| !wanted.contains(hold));
    let ended = ended.map(|hold| AlertEvent::HoldEnded { alert: id, hold: *hold });
    let new = wanted.iter().filter(|hold| !alert.holds.contains(hold));
    ended.chain(new.map(|hold| AlertEvent::Held { alert: id, hold: *hold })).collect()
}

/// The open alerts behind `after` that a window holds back from now on, at most `most`; and the last alert that was
/// looked at, `None` when all were.
#[must_use]
pub fn look(fleet: &Fleet, window: &Window, after: AlertId, most: usize) -> (Vec<(Audience, Event)>, Option<AlertId>) {
    let hold = Hold::Maintenance(window.id);
    let mut told = Vec::new();
    for (id, alert) in fleet.alerts.alerts.range(AlertId(after.0.saturating_add(1))..) {
        if !alert.is_open() || alert.holds.contains(&hold) || !speaks_of(fleet, window, alert) {
            continue;
        }
        if told.len() >= most {
            return (told, Some(AlertId(id.0.saturating_sub(1))));
        }
        told.extend(for_client(&alert.client, vec![AlertEvent::Held { alert: *id, hold }]));
    }
    (told, None)
}

/// The open alerts that a window lets go, at most `most`.
#[must_use]
pub fn let_go(fleet: &Fleet, window: WindowId, most: usize) -> Vec<(Audience, Event)> {
    let hold = Hold::Maintenance(window);
    let held = fleet.alerts.held_by(hold).take(most);
    held.flat_map(|alert| for_client(&alert.client, vec![AlertEvent::HoldEnded { alert: alert.id, hold }])).collect()
}
