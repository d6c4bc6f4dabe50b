//! What is told, and when: a summary at the start, then one line for each thing that changes.

use std::time::Instant;

use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::flood::{Flood, Kind, LINES, Line, grouped};
use crate::console::replica::{Body, Changed, FleetIndex, LinkState, Position, Replica, Replicas, Update};
use crate::console::screens::alerts::{host_name, what};
use crate::console::screens::journal_words::words;
use crate::fleet::alerts::{Alert, Event as AlertEvent, Lane};
use crate::fleet::commands::Event as CommandEvent;
use crate::fleet::hosts::{Event as HostEvent, HostState};
use crate::fleet::state::{Entry, Event};
use crate::fleet::words::spoken_id::spoken_id;
use crate::fleet::words::{AlertId, Revision, Timestamp, duration};

/// How the hubs were reached, at the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// One of them was heard.
    Heard,
    /// None was heard, and one does not permit this console: why.
    NotPermitted(String),
    /// None was heard, and one refuses this console: why.
    Refused(String),
    /// None was heard.
    NoHub(String),
}

#[derive(Clone, Copy, Debug, Default)]
struct Told {
    /// Where the last line about the fleet's state left it.
    held: Position,
    /// Since when its link is told to be down, and whether the hub refuses.
    down: Option<(Instant, bool)>,
}

/// The state of a console of lines.
#[derive(Debug)]
pub struct Plain {
    replicas: Replicas,
    told: Vec<Told>,
    flood: Flood,
    zone: TimeZone,
    /// The day of the last line.
    day: Option<Date>,
    began: (Instant, Timestamp),
}

impl Plain {
    /// A console of these fleets that was started at a time.
    #[must_use]
    pub fn new(replicas: Vec<Replica>, zone: TimeZone, began: (Instant, Timestamp)) -> Self {
        let told = vec![Told::default(); replicas.len()];
        Self { replicas: Replicas::new(replicas), told, flood: Flood::default(), zone, day: None, began }
    }

    /// Takes over an update of a fleet.
    pub fn update(&mut self, fleet: FleetIndex, update: Update, now: Instant) -> Changed {
        let snapshot = matches!(&update, Update::Frame(frame) if matches!(frame.body, Body::Snapshot(_)));
        let changed = self.replicas.apply(fleet, update);
        let clock = self.clock(fleet, now);
        let (Some(replica), Some(told)) = (self.replicas.get(fleet), self.told.get_mut(fleet.0)) else {
            return changed;
        };
        let name = replica.name().as_str();
        if changed.link {
            link(&mut self.flood, told, replica, now, clock);
        }
        if snapshot && replica.is_loaded() {
            let known = if told.held.epoch == replica.position().epoch { told.held.revision } else { Revision(0) };
            self.flood.add(4, Kind::Links, clock, || format!("{name}: {}", summary(replica)));
            open(&mut self.flood, replica, known, clock);
        }
        for entry in &changed.entries {
            entry_lines(&mut self.flood, replica, entry);
        }
        if replica.is_loaded() {
            told.held = replica.position();
        }
        changed
    }

    /// Something that a person should know of a fleet although its link goes on.
    pub fn trouble(&mut self, fleet: FleetIndex, what: &str, now: Instant) {
        let clock = self.clock(fleet, now);
        let name = self.replicas.get(fleet).map_or("", |replica| replica.name().as_str());
        self.flood.add(3, Kind::Links, clock, || format!("{name}: {what}"));
    }

    /// All fleets.
    #[must_use]
    pub const fn replicas(&self) -> &Replicas {
        &self.replicas
    }

    /// Whether lines wait.
    #[must_use]
    pub fn has_lines(&self) -> bool {
        !self.flood.is_empty()
    }

    /// The lines that wait, each with its time; a new day has a line of its own.
    pub fn take(&mut self) -> Vec<String> {
        let mut lines = Vec::with_capacity(LINES + 2);
        for Line { at, text } in self.flood.take() {
            let Ok(at) = jiff::Timestamp::from_millisecond(at.0) else { continue };
            let at = self.zone.to_datetime(at);
            if self.day.is_none_or(|day| day < at.date()) {
                self.day = Some(at.date());
                lines.push(at.strftime("%A %-d %B %Y").to_string());
            }
            lines.push(format!("{} {text}", at.strftime("%H:%M:%S")));
        }
        lines
    }

    /// How the hubs were reached.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        let replicas = || self.replicas.iter().map(|(_, replica)| replica);
        if replicas().any(Replica::is_loaded) {
            return Verdict::Heard;
        }
        let why = |replica: &Replica| {
            let reason = replica.link().reason().map_or("no answer", |reason| reason.as_str());
            format!("{}: {reason}", replica.name().as_str())
        };
        // the gravest of them, as of many failures of a verb
        let forbidden = |replica: &&Replica| matches!(replica.link(), LinkState::Refused { not_permitted: true, .. });
        let refused = |replica: &Replica| matches!(replica.link(), LinkState::Refused { .. });
        let all = || replicas().map(why).collect::<Vec<_>>().join("\n");
        match replicas().find(forbidden) {
            Some(forbidden) => Verdict::NotPermitted(why(forbidden)),
            None if !self.replicas.is_empty() && replicas().all(refused) => Verdict::Refused(all()),
            None => Verdict::NoHub(all()),
        }
    }

    /// The hub's time, or this machine's while the hub was never heard.
    fn clock(&self, fleet: FleetIndex, now: Instant) -> Timestamp {
        let hub = self.replicas.get(fleet).map_or_else(Timestamp::default, |replica| replica.hub_now(now));
        if hub.0 > 0 { hub } else { self.began.1 + now.saturating_duration_since(self.began.0) }
    }
}

fn link(flood: &mut Flood, told: &mut Told, replica: &Replica, now: Instant, clock: Timestamp) {
    let name = replica.name().as_str();
    let refused = matches!(replica.link(), LinkState::Refused { .. });
    match (replica.link(), told.down) {
        (LinkState::Lost { .. } | LinkState::Refused { .. }, before) => {
            if before.is_some_and(|(_, known)| known == refused) {
                return;
            }
            told.down = Some((before.map_or(now, |(since, _)| since), refused));
            let reason = replica.link().reason().map_or("no answer", |reason| reason.as_str());
            let old = replica.data_age(now).map_or_else(
                || "nothing is known of it yet".to_owned(),
                |age| format!("what was told before is stale, last heard {} ago", duration::short(age)),
            );
            flood.add(4, Kind::Links, clock, || format!("{name}: link lost; {old}: {reason}"));
        }
        (LinkState::Live { .. }, Some((since, _))) => {
            told.down = None;
            let away = duration::short(now.saturating_duration_since(since));
            flood.add(4, Kind::Links, clock, || format!("{name}: link is back after {away}"));
        }
        _ => {}
    }
}

/// A fleet in a line: hosts by state and alerts by lane, as sums.
fn summary(replica: &Replica) -> String {
    let tally = replica.counts().total();
    let count = |count: u32| grouped(u64::from(count));
    let states = HostState::WORST_FIRST.into_iter().filter(|state| tally.hosts_in(*state) > 0);
    let states: Vec<String> = states.map(|state| format!("{} {state}", count(tally.hosts_in(state)))).collect();
    let lanes = Lane::ALL.map(|lane| format!("{} {}", count(tally.lane(lane)), lane.word()));
    let judging = if replica.waits_until().is_some() { "; the hub does not judge silence yet" } else { "" };
    let partial = if replica.is_partial() { "; the hub is newer, so this view is partial" } else { "" };
    let clients = replica.counts().clients().len();
    format!(
        "{clients} clients; {} hosts: {}; {} open alerts: {}{judging}{partial}",
        count(tally.hosts()),
        if states.is_empty() { "none".to_owned() } else { states.join(", ") },
        count(tally.alerts()),
        lanes.join(", ")
    )
}

/// The open alerts that changed after a revision, worst first: what nobody has, then the gravest, then the oldest.
fn open(flood: &mut Flood, replica: &Replica, known: Revision, clock: Timestamp) {
    let mut alerts: Vec<&Alert> =
        replica.fleet().alerts.open().map(AsRef::as_ref).filter(|alert| alert.changed > known).collect();
    alerts.sort_by_key(|alert| (alert.lane(), std::cmp::Reverse(alert.severity()), alert.opened_at));
    for alert in alerts {
        flood.add(3, Kind::Alerts, clock, || {
            let owner = match (alert.lane(), alert.owner()) {
                (Lane::New, _) | (_, None) => "nobody has it".to_owned(),
                (Lane::Owned, Some(owner)) => format!("{owner} has it"),
                (Lane::Muted, Some(owner)) => format!("snoozed by {owner}"),
            };
            let age = duration::short(clock.since(alert.opened_at));
            format!(
                "{}: open alert, {}, {owner}, for {age}: {}: {}",
                replica.name().as_str(),
                alert.level,
                about(replica, alert),
                alert.summary.as_str()
            )
        });
    }
}

fn about(replica: &Replica, alert: &Alert) -> String {
    let (id, what, host) = (spoken_id(alert.id), what(alert), host_name(replica, alert));
    format!("{id}, {what} on {host} of {}", alert.client)
}

fn entry_lines(flood: &mut Flood, replica: &Replica, entry: &Entry) {
    for (_, event) in &entry.events {
        let Some(kind) = kind(event) else { continue };
        // Looked at before any words are made: of a flood most are never told.
        let gravity = gravity(event);
        flood.add(gravity, kind, entry.at, || {
            let (_, words) = words(event, replica.fleet());
            let alert = alert_of(event).and_then(|id| replica.fleet().alerts.alerts.get(&id));
            let about = alert.map_or_else(String::new, |alert| format!(" ({})", about(replica, alert)));
            format!("{}: {words}{about}", replica.name().as_str())
        });
    }
}

const fn alert_of(event: &Event) -> Option<AlertId> {
    match event {
        Event::Alerts(event) => Some(event.alert()),
        _ => None,
    }
}

/// What an event is told as; `None` where it is no transition that a listener waits for.
const fn kind(event: &Event) -> Option<Kind> {
    match event {
        Event::Alerts(event) => match event {
            AlertEvent::Opened { .. } | AlertEvent::Reopened { .. } | AlertEvent::LevelChanged { .. } => {
                Some(Kind::Worse)
            }
            AlertEvent::Resolved { .. } => Some(Kind::Ended),
            AlertEvent::Archived { .. } | AlertEvent::Planned { .. } => None,
            _ => Some(Kind::Alerts),
        },
        Event::Hosts(
            HostEvent::StateChanged { .. }
            | HostEvent::Enrolled { .. }
            | HostEvent::Retired { .. }
            | HostEvent::FactsLost { .. },
        ) => Some(Kind::Hosts),
        Event::Commands(CommandEvent::Archived { .. }) => None,
        Event::Commands(_) => Some(Kind::Commands),
        Event::Profile(_) => Some(Kind::Other),
        _ => None,
    }
}

fn gravity(event: &Event) -> u8 {
    match event {
        Event::Alerts(
            AlertEvent::Opened { level, .. }
            | AlertEvent::Reopened { level, .. }
            | AlertEvent::LevelChanged { level, worse: true, .. },
        ) if level.severity() == Some(crate::fleet::words::Severity::Critical) => 3,
        Event::Hosts(HostEvent::StateChanged { state: HostState::Down, .. }) => 3,
        Event::Alerts(AlertEvent::Opened { .. } | AlertEvent::Reopened { .. } | AlertEvent::Escalated { .. }) => 2,
        Event::Hosts(HostEvent::StateChanged { state: HostState::Silent | HostState::Unknown, .. }) => 2,
        _ => 1,
    }
}
