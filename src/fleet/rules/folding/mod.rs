//! One problem rings once: what hangs on a host or a site about which an alert is open is held back behind that alert, for
//! as long as it is open. It is never hidden, its own end is never held back, and what fails on afterwards is on its own
//! again.

pub mod flapping;
pub mod holds;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use crate::fleet::alerts::{Alert, Event, Hold, Subject};
use crate::fleet::checks;
use crate::fleet::identity::Audience;
use crate::fleet::rules::alerting::for_client;
use crate::fleet::rules::folding::holds::{children, parents_of};
use crate::fleet::state::{self, Fleet};
use crate::fleet::words::{AlertId, CheckName, HostId};

/// Checks that begin or end to flap with a decision.
type Turned = BTreeMap<(HostId, CheckName), bool>;

/// Adds to events what folding makes of them, in the same entry: what opens under another alert or while its check flaps
/// is held back at once, and what ends is held back by neither any more.
pub fn follow(fleet: &Fleet, events: &mut Vec<(Audience, state::Event)>) {
    let mut turned = Turned::new();
    let mut is_concerned = false;
    for (_, event) in events.iter() {
        match event {
            state::Event::Checks(checks::Event::Flapping { host, check, flapping }) => {
                turned.insert((*host, check.clone()), *flapping);
            }
            state::Event::Alerts(Event::Opened { .. } | Event::Reopened { .. } | Event::Resolved { .. }) => {
                is_concerned = true;
            }
            _ => {}
        }
    }
    if !is_concerned && turned.is_empty() {
        return;
    }
    let mut told = Vec::with_capacity(events.len());
    for (audience, event) in events.drain(..) {
        let follows = match &event {
            state::Event::Alerts(event) => of_alert(fleet, event, &mut turned),
            _ => Vec::new(),
        };
        let follows: Vec<_> =
            follows.into_iter().map(|event| (audience.clone(), state::Event::Alerts(event))).collect();
        told.push((audience, event));
        told.extend(follows);
    }
    // What is left flaps, or does not any more, with an alert that is open as it was.
    for ((host, check), flapping) in turned {
        let Some(client) = fleet.hosts.hosts.get(&host).map(|host| &host.client) else { continue };
        let known = fleet.alerts.about(client, &Subject::Check { host, check }).filter(|alert| alert.is_open());
        let Some(alert) = known.filter(|alert| alert.holds.contains(&Hold::Flapping) != flapping) else { continue };
        let (alert, hold) = (alert.id, Hold::Flapping);
        let event = if flapping { Event::Held { alert, hold } } else { Event::HoldEnded { alert, hold } };
        told.extend(for_client(client, vec![event]));
    }
    *events = told;
}

/// What follows from the beginning or the end of one alert.
fn of_alert(fleet: &Fleet, event: &Event, turned: &mut Turned) -> Vec<Event> {
    let known = |alert: &AlertId| fleet.alerts.alerts.get(alert);
    match event {
        Event::Opened { alert, client, site, host, subject, .. } => {
            let parents = parents_of(fleet, client, site.as_ref(), *host, subject);
            held(*alert, parents, is_flapping(fleet, subject, turned))
        }
        Event::Reopened { alert, .. } => known(alert).map_or_else(Vec::new, |known| {
            let parents = parents_of(fleet, &known.client, known.site.as_ref(), known.host, &known.subject);
            held(*alert, parents, is_flapping(fleet, &known.subject, turned))
        }),
        Event::Resolved { alert, .. } => known(alert).map_or_else(Vec::new, |known| freed(known, turned)),
        _ => Vec::new(),
    }
}

fn held(alert: AlertId, parents: Vec<Hold>, flaps: bool) -> Vec<Event> {
    let holds = parents.into_iter().chain(flaps.then_some(Hold::Flapping));
    holds.map(|hold| Event::Held { alert, hold }).collect()
}

fn freed(alert: &Alert, turned: &mut Turned) -> Vec<Event> {
    if let Subject::Check { host, check } = &alert.subject {
        turned.remove(&(*host, check.clone()));
    }
    let holds = alert.holds.iter().filter(|hold| matches!(hold, Hold::Parent(_) | Hold::Flapping));
    holds.map(|hold| Event::HoldEnded { alert: alert.id, hold: *hold }).collect()
}

/// Whether what an alert is about flaps, as the decision leaves it.
fn is_flapping(fleet: &Fleet, subject: &Subject, turned: &mut Turned) -> bool {
    let Subject::Check { host, check } = subject else { return false };
    let now = turned.remove(&(*host, check.clone()));
    now.unwrap_or_else(|| fleet.checks.get(*host, check).is_some_and(|check| check.flapping))
}

/// What begins and ends to be behind another alert now, at most `most` alerts at a time.
#[must_use]
pub fn judge(fleet: &Fleet, most: usize) -> Vec<(Audience, state::Event)> {
    let over = fleet.alerts.parents().filter(|parent| !is_open(fleet, *parent)).flat_map(|parent| {
        let hold = Hold::Parent(parent);
        fleet.alerts.held_by(hold).map(move |alert| (alert, Event::HoldEnded { alert: alert.id, hold }))
    });
    let begun = fleet.alerts.roots().flat_map(|parent| {
        let hold = Hold::Parent(parent.id);
        let free = children(fleet, parent).filter(move |alert| !alert.holds.contains(&hold));
        free.map(move |alert| (alert, Event::Held { alert: alert.id, hold }))
    });
    over.chain(begun).take(most).flat_map(|(alert, event)| for_client(&alert.client, vec![event])).collect()
}

fn is_open(fleet: &Fleet, alert: AlertId) -> bool {
    fleet.alerts.alerts.get(&alert).is_some_and(|alert| alert.is_open())
}
