//! What maintenance holds back, where alerts are shown; and what a window that is opened from a row may be about.

use jiff::tz::TimeZone;

use crate::console::keymap::Action;
use crate::console::replica::FleetIndex;
use crate::console::screens::world::{About, Effect, World};
use crate::console::theme::Role;
use crate::fleet::alerts::{Alert, Hold};
use crate::fleet::state::Fleet;
use crate::fleet::windows::{Window, moment};
use crate::fleet::words::filter::Pattern;
use crate::fleet::words::{AlertId, ClientId, HostId, Timestamp, duration};

/// The question what a window is to be about, or why there is none.
#[must_use]
pub fn mute(about: Option<About>) -> Vec<Effect> {
    vec![match about {
        Some(about) => Effect::Begin(Action::Maintain, about),
        None => Effect::Say(Role::Muted, "there is nothing under the cursor to hold back".to_owned()),
    }]
}

/// What a window may be about that is opened at an alert, the narrowest first.
#[must_use]
pub fn of_alert((fleet, id): (FleetIndex, AlertId), world: World<'_>) -> Option<About> {
    let here = world.replicas.get(fleet)?.fleet();
    let alert = here.alerts.alerts.get(&id)?;
    let client = client_term(&alert.client);
    let mut scopes = Vec::new();
    if let Some(host) = alert.host.and_then(|host| here.hosts.hosts.get(&host)) {
        let host_term = format!("{client} {}", term("host", host.name.as_str()));
        if let Some(check) = alert.subject.check() {
            let filter = format!("{host_term} {}", term("check", check.as_str()));
            scopes.push((filter, count(here, |other| other.subject == alert.subject)));
        }
        scopes.push((host_term, count(here, |other| named_as(here, other, host.id))));
    }
    if let Some(site) = &alert.site {
        let filter = format!("{client} {}", term("site", site.as_str()));
        scopes.push((filter, count(here, |other| other.client == alert.client && other.site.as_ref() == Some(site))));
    }
    scopes.push((client, count(here, |other| other.client == alert.client)));
    Some(About::Mute(fleet, scopes))
}

/// What a window may be about that is opened at a host.
#[must_use]
pub fn of_host((fleet, id): (FleetIndex, HostId), world: World<'_>) -> Option<About> {
    let here = world.replicas.get(fleet)?.fleet();
    let host = here.hosts.hosts.get(&id)?;
    let client = client_term(&host.client);
    let scopes = vec![
        (format!("{client} {}", term("host", host.name.as_str())), count(here, |alert| named_as(here, alert, id))),
        (
            format!("{client} {}", term("site", host.site.as_str())),
            count(here, |alert| alert.client == host.client && alert.site.as_ref() == Some(&host.site)),
        ),
        (client, count(here, |alert| alert.client == host.client)),
    ];
    Some(About::Mute(fleet, scopes))
}

/// What a window may be about that is opened at a client.
#[must_use]
pub fn of_client(fleet: FleetIndex, client: &ClientId, world: World<'_>) -> Option<About> {
    let here = world.replicas.get(fleet)?.fleet();
    Some(About::Mute(fleet, vec![(client_term(client), count(here, |alert| alert.client == *client))]))
}

fn client_term(client: &ClientId) -> String {
    term("client", client.as_str())
}

fn term(key: &str, value: &str) -> String {
    format!("{key}:{}", Pattern::whole(value, true))
}

fn count(fleet: &Fleet, speaks_of: impl Fn(&Alert) -> bool) -> u64 {
    fleet.alerts.open().filter(|alert| speaks_of(alert)).count() as u64
}

/// Whether an alert is on a host, or on another of its client that has the same name: a filter tells them not apart.
fn named_as(fleet: &Fleet, alert: &Alert, host: HostId) -> bool {
    let known = |id: HostId| fleet.hosts.hosts.get(&id);
    let (Some(here), Some(there)) = (known(host), alert.host.and_then(known)) else { return false };
    here.client == there.client && here.name.as_str().eq_ignore_ascii_case(there.name.as_str())
}

/// The windows that hold an alert back, oldest first.
fn holding<'f>(alert: &'f Alert, fleet: &'f Fleet) -> impl Iterator<Item = &'f Window> {
    alert.holds.iter().filter_map(|hold| match hold {
        Hold::Maintenance(window) => fleet.windows.get(*window).map(AsRef::as_ref),
        Hold::Parent(_) | Hold::Flapping | Hold::Healing => None,
    })
}

/// What maintenance holds an alert back, in a list: `maintenance: switch swap, 40m left`. Of several the one that lasts
/// longest counts.
#[must_use]
pub fn hold_words(alert: &Alert, fleet: &Fleet, now: Timestamp) -> Option<String> {
    let until = |window: &Window| window.active.map(|active| active.until);
    let window = holding(alert, fleet).max_by_key(|window| until(window))?;
    let left =
        until(window).map_or_else(String::new, |until| format!(", {} left", duration::compact(until.since(now))));
    Some(format!("maintenance: {}{left}", window.title()))
}

/// What maintenance holds an alert back, a line a window: `maintenance: switch swap until 16:00 (window 3)`.
#[must_use]
pub fn hold_lines(alert: &Alert, fleet: &Fleet, now: Timestamp, zone: &TimeZone) -> Vec<String> {
    let line = |window: &Window| {
        let until =
            window.active.map_or_else(String::new, |active| format!(" until {}", moment(active.until, now, zone)));
        format!("maintenance: {}{until} (window {}, by {})", window.title(), window.id, window.by)
    };
    holding(alert, fleet).map(line).collect()
}
