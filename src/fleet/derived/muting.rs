//! Which alerts a maintenance window speaks of.

use std::sync::Arc;

use crate::fleet::alerts::Alert;
use crate::fleet::derived::labels::labels_of;
use crate::fleet::derived::select::AlertRow;
use crate::fleet::state::Fleet;
use crate::fleet::windows::{Scope, Window};
use crate::fleet::words::Timestamp;
use crate::fleet::words::filter::{Key, Subject};

/// Whether a window speaks of an alert, whatever the time is: it holds the alert back while it is active.
#[must_use]
pub fn speaks_of(fleet: &Fleet, window: &Window, alert: &Alert) -> bool {
    if window.client.as_ref().is_some_and(|client| *client != alert.client) {
        return false;
    }
    match &window.scope {
        Scope::Filter(filter) => filter.matches(&Lasting { fleet, alert }),
        Scope::Matchers(matchers) => {
            let labels = labels_of(fleet, alert);
            matchers.iter().all(|matcher| matcher.matches(labels.get(matcher.name()).map_or("", String::as_str)))
        }
    }
}

/// The open alerts a window speaks of now, oldest first.
pub fn matched<'f>(fleet: &'f Fleet, window: &'f Window) -> impl Iterator<Item = &'f Arc<Alert>> {
    fleet.alerts.open().filter(move |alert| speaks_of(fleet, window, alert))
}

/// What of an alert stays as it is while people work on it: an alert must not leave a window because somebody took it.
struct Lasting<'a> {
    fleet: &'a Fleet,
    alert: &'a Alert,
}

impl Subject for Lasting<'_> {
    fn any_text(&self, key: Key, matches: &mut dyn FnMut(&str) -> bool) -> bool {
        let Self { fleet, alert } = *self;
        match key {
            Key::Client | Key::Site | Key::Host | Key::Class | Key::Tag | Key::Check => {
                let row = AlertRow { fleet, fleet_name: "", alert, last_seen: None, now: Timestamp(0) };
                row.any_text(key, matches)
            }
            Key::Text => matches(alert.summary.as_str()) || matches(alert.subject.kind()),
            _ => false,
        }
    }

    fn severity_rank(&self) -> Option<u8> {
        Some(self.alert.level.gravity())
    }
}
