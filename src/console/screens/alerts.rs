//! The alert queue: what nobody has comes first, the worst first, the newest first.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use jiff::tz::TimeZone;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::console::acts::{Reading, Row as ActRow};
use crate::console::keymap::Action;
use crate::console::replica::{Changed, FleetIndex, Replica};
use crate::console::screens::empty::say_why_empty;
use crate::console::screens::grouping::{Group, Sums};
use crate::console::screens::listing::{Arrangement, Listing};
use crate::console::screens::look::{check_glyph, check_role, lane_role};
use crate::console::screens::muting::{hold_words, mute, of_alert};
use crate::console::screens::next_step::in_short;
use crate::console::screens::world::{About, Effect, Place, World};
use crate::console::theme::{Role, Theme};
use crate::console::widgets::{Column, Row};
use crate::fleet::alerts::{Alert, Hold, Lane, Subject, Suppression};
use crate::fleet::derived::behind::{alerts_behind, behind};
use crate::fleet::derived::select::AlertRow;
use crate::fleet::state::{EntityKey, Fleet};
use crate::fleet::words::filter::Filter;
use crate::fleet::words::spoken_id::spoken_id;
use crate::fleet::words::{AlertId, CheckState, Timestamp, duration};

/// An alert of a fleet.
pub type Key = (FleetIndex, AlertId);

/// What the queue is ordered by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Order {
    #[default]
    Queue,
    Client,
    Host,
    Age,
    Next,
}

/// All open alerts, in an order.
#[derive(Clone, Copy, Debug, Default)]
pub struct Queue {
    order: Order,
    reversed: bool,
}

impl Arrangement for Queue {
    type Id = AlertId;
    type Entity = Alert;
    /// Lane and gravity, or words; then time.
    type Sort = (u8, u8, Option<Arc<str>>, i64);

    fn table(fleet: &Fleet) -> &BTreeMap<AlertId, Arc<Alert>> {
        &fleet.alerts.alerts
    }

    fn place(&self, alert: &Alert, replica: &Replica, filter: &Filter, now: Instant) -> Option<Self::Sort> {
        if !alert.is_open() || !(filter.is_everything() || filter.matches(&row(replica, alert, now))) {
            return None;
        }
        let gravity = 3 - alert.level.gravity().min(3);
        let newest_first = -alert.level_since.0;
        let words = |words: &str| Some(Arc::from(words));
        let (lane, gravity, words, time) = match self.order {
            Order::Queue => (alert.lane() as u8, gravity, None, newest_first),
            Order::Client => (0, 0, words(alert.client.as_str()), newest_first),
            Order::Host => (0, 0, words(host_name(replica, alert)), newest_first),
            Order::Age => (0, 0, None, alert.opened_at.0),
            // What happens soonest comes first, then what nothing happens to.
            Order::Next => (0, 0, None, alert.timer().map_or(i64::MAX, |at| at.0)),
        };
        // Lanes and words keep their order; the newest come last instead of first.
        Some((lane, gravity, words, if self.reversed { time.saturating_neg() } else { time }))
    }

    fn columns() -> &'static [Column] {
        &COLUMNS
    }

    fn orders() -> &'static [&'static str] {
        &["queue", "client", "host", "age", "next"]
    }

    fn order(&self) -> (usize, bool) {
        (self.order as usize, self.reversed)
    }

    fn set_order(&mut self, order: usize, reversed: bool) {
        let order =
            [Order::Queue, Order::Client, Order::Host, Order::Age, Order::Next].get(order).copied().unwrap_or_default();
        *self = Self { order, reversed };
    }

    fn groupings() -> &'static [&'static str] {
        &["client", "site", "host", "check", "severity"]
    }

    fn group(by: usize, alert: &Alert, replica: &Replica) -> Group {
        match by {
            0 => Group::named(alert.client.as_str()),
            1 => match &alert.site {
                Some(site) => Group::named(&format!("{}/{site}", alert.client)),
                None => Group::none(),
            },
            2 => Group::named(&format!("{}  {}", host_name(replica, alert), alert.client)),
            3 => Group::named(what(alert)),
            _ => Group::ranked(3 - alert.level.gravity().min(3), alert.level.word()),
        }
    }

    fn kind(alert: &Alert) -> u8 {
        match alert.lane() {
            Lane::New => 3 - alert.level.gravity().min(3),
            Lane::Owned => 4,
            Lane::Muted => 5,
        }
    }

    fn head(sums: &Sums) -> Vec<(Role, String)> {
        let kinds = [
            (Role::Critical, "new critical"),
            (Role::Warning, "new warning"),
            (Role::Unknown, "new unknown"),
            (Role::New, "new"),
            (Role::Owned, "owned"),
            (Role::LaneMuted, "muted"),
        ];
        let sums = sums.iter().zip(kinds).filter(|(sum, _)| **sum > 0);
        sums.map(|(sum, (role, word))| (role, format!("{sum} {word}  "))).collect()
    }
}

/// The screen's state.
#[derive(Clone, Debug, Default)]
pub struct Alerts {
    /// The rows.
    pub rows: Listing<Queue>,
    /// The next act applies to everything the filter shows.
    whole: bool,
}

const COLUMNS: [Column; 10] = [
    Column::new("SEV", 6, 6),
    Column::new("ID", 4, 4).rank(3),
    Column::new("CLIENT", 6, 12).rank(2),
    Column::new("HOST", 8, 20).middle(),
    Column::new("WHAT", 6, 14).rank(1),
    Column::new("LANE", 8, 8),
    Column::new("AGE", 4, 4).right().bare(),
    Column::new("OWNER", 10, 14).rank(4),
    Column::new("NEXT", 11, 17),
    Column::new("SUMMARY", 15, 44).grows(),
];

/// Alerts that are copied as text for a ticket at once.
const TICKETS: usize = 50;

impl Alerts {
    /// Takes over what changed in a fleet.
    pub fn absorb(&mut self, fleet: FleetIndex, changed: &Changed, world: World<'_>) {
        if changed.everything {
            self.rows.rescan(world);
            return;
        }
        for entity in &changed.entities {
            if let EntityKey::Alert(id) = entity {
                self.rows.set((fleet, *id), world);
            }
        }
    }

    /// Does an action.
    pub fn update(&mut self, action: Action, count: u16, world: World<'_>) -> Vec<Effect> {
        let done = self.rows.steer(action, count) || self.rows.arrange(action, world);
        let effects = if done { Vec::new() } else { self.act_on(action, world) };
        self.rows.unpin(world);
        effects
    }

    fn act_on(&mut self, action: Action, world: World<'_>) -> Vec<Effect> {
        let cursor = self.rows.cursor();
        match action {
            Action::WholeFilter if world.replicas.iter().any(|(_, replica)| replica.is_first_look()) => {
                let text = "not all alerts are here yet: mark rows, or wait for the rest".to_owned();
                vec![Effect::Say(Role::Failed, text)]
            }
            Action::WholeFilter => {
                self.whole = !self.whole;
                let text = if self.whole {
                    format!("the next act applies to all {} alerts shown; Esc takes that back", self.rows.shown())
                } else {
                    "the next act applies to the cursor's row or the marks again".to_owned()
                };
                vec![Effect::Say(Role::Danger, text)]
            }
            Action::Open => cursor.map(|(fleet, id)| Effect::Go(Place::Alert(fleet, id))).into_iter().collect(),
            Action::Runbook => cursor.map(|(fleet, id)| Effect::Go(Place::Runbook(fleet, id))).into_iter().collect(),
            Action::Copy => cursor.and_then(|key| ticket_text(key, world)).map(Effect::Copy).into_iter().collect(),
            Action::CopyTicket => {
                let keys = self.rows.list().targets().into_iter().filter_map(|line| line.row()).take(TICKETS);
                let tickets: Vec<String> = keys.filter_map(|key| ticket(key, world)).collect();
                if tickets.is_empty() { Vec::new() } else { vec![Effect::Copy(tickets.join("\n\n"))] }
            }
            Action::Command => {
                let whole = std::mem::take(&mut self.whole);
                let alerts = if whole { self.rows.all() } else { Ok(self.rows.take_targets()) };
                let alerts = match alerts {
                    Ok(alerts) => alerts,
                    Err(why) => return vec![Effect::Say(Role::Failed, why)],
                };
                let host = |(fleet, id): (FleetIndex, AlertId)| {
                    let alert = world.replicas.get(fleet)?.fleet().alerts.alerts.get(&id)?;
                    Some((fleet, alert.host?))
                };
                vec![Effect::Run { hosts: alerts.into_iter().filter_map(host).collect(), line: String::new() }]
            }
            Action::Maintain => mute(cursor.and_then(|key| of_alert(key, world))),
            action if action.is_on_alerts() || action == Action::CheckNow => {
                vec![self.about().map_or_else(|effect| effect, |about| Effect::on_alerts(action, about))]
            }
            _ => Vec::new(),
        }
    }

    /// Drops the innermost thing that holds: a whole-filter act, the marks, the filter. Whether there was one.
    pub fn cancel(&mut self, world: World<'_>) -> bool {
        if std::mem::take(&mut self.whole) {
            return true;
        }
        self.rows.cancel(world)
    }

    fn about(&mut self) -> Result<About, Effect> {
        if std::mem::take(&mut self.whole) {
            if let Some(fault) = self.rows.filter.fault() {
                return Err(Effect::Say(Role::Failed, fault.to_owned()));
            }
            let text = self.rows.filter.text().trim();
            let filter = if text.is_empty() { "*".to_owned() } else { text.to_owned() };
            let counts = self.rows.shown_by_fleet();
            return Ok(About::Filter { filter, counts });
        }
        let alerts = self.rows.take_targets();
        if alerts.is_empty() {
            return Err(Effect::Say(Role::Muted, self.rows.no_target().to_owned()));
        }
        self.rows.pin();
        Ok(About::Alerts(alerts))
    }

    /// What the header says of the list.
    #[must_use]
    pub fn facts(&self, world: World<'_>) -> Vec<(Role, String)> {
        let mut facts = self.rows.facts();
        facts.extend(reasons(world).map(|(word, count)| (Role::LaneMuted, format!("{count} {word}"))));
        if self.whole {
            facts.insert(0, (Role::Danger, format!("ACT ON ALL {}", self.rows.shown())));
        }
        facts
    }

    /// Paints the queue.
    pub fn render(&self, area: Rect, buf: &mut Buffer, theme: &Theme, world: World<'_>, zone: &TimeZone) {
        let Queue { order, reversed } = self.rows.arrangement;
        let sorted = match order {
            Order::Queue => None,
            Order::Client => Some((2, !reversed)),
            Order::Host => Some((3, !reversed)),
            Order::Age => Some((6, !reversed)),
            Order::Next => Some((8, !reversed)),
        };
        self.rows.render(area, buf, theme, sorted, |key, row| paint(key, row, theme, world, zone));
        say_why_empty(&self.rows, ("open alert", "no open alert"), area, buf, theme, world);
    }
}

/// How many open alerts each reason holds back, in words; an alert held back twice counts in both.
fn reasons(world: World<'_>) -> impl Iterator<Item = (&'static str, usize)> {
    const WORDS: [&str; Suppression::KINDS] = ["in windows", "behind", "flapping", "healing", "snoozed"];
    let mut sums = [0; Suppression::KINDS];
    for (_, replica) in world.replicas.iter() {
        sums.iter_mut().zip(replica.fleet().alerts.reasons()).for_each(|(sum, count)| *sum += count);
    }
    WORDS.into_iter().zip(sums).filter(|(_, count)| *count > 0)
}

fn row<'a>(replica: &'a Replica, alert: &'a Alert, now: Instant) -> AlertRow<'a> {
    let host = alert.host.and_then(|id| replica.fleet().hosts.hosts.get(&id));
    AlertRow {
        fleet: replica.fleet(),
        fleet_name: replica.name().as_str(),
        alert,
        last_seen: host.and_then(|host| replica.last_seen(host)),
        now: replica.hub_now(now),
    }
}

/// The name of the host an alert is on, or what it is about instead.
#[must_use]
pub fn host_name<'a>(replica: &'a Replica, alert: &'a Alert) -> &'a str {
    let host = alert.host.and_then(|id| replica.fleet().hosts.hosts.get(&id));
    host.map_or_else(|| alert.site.as_ref().map_or("-", |site| site.as_str()), |host| host.name.as_str())
}

/// What an alert is about, in a word.
#[must_use]
pub fn what(alert: &Alert) -> &str {
    match &alert.subject {
        Subject::Check { check, .. } => check.as_str(),
        Subject::Host(_) => "host",
        Subject::Site(_) => "site",
        Subject::Backup(job) => job.as_str(),
        Subject::External { source, .. } => source.as_str(),
    }
}

fn paint(key: Key, row: &mut Row<'_>, theme: &Theme, world: World<'_>, zone: &TimeZone) {
    let Some(replica) = world.replicas.get(key.0) else { return };
    let Some(alert) = replica.fleet().alerts.alerts.get(&key.1) else { return };
    let now = replica.hub_now(world.now);
    let stale = replica.is_stale();
    let severity = check_role(alert.level, false);
    let sign = check_glyph(&theme.glyphs, alert.level, false);
    row.parts(&[(severity, sign), (severity, " "), (severity, short_level(alert.level))]);
    row.cell(Role::Muted, &spoken_id(alert.id));
    row.cell(Role::Text, alert.client.as_str());
    row.cell(if stale { Role::AgeStale } else { Role::Text }, host_name(replica, alert));
    row.cell(Role::Text, what(alert));
    match world.acts.about(key.0, ActRow::Alert(key.1)).map(|pending| pending.reading(world.now)) {
        Some(Reading::Sent) => row.parts(&[(Role::Pending, theme.glyphs.waiting), (Role::Pending, " sent")]),
        Some(Reading::Waiting(seconds)) => row.value(Role::Pending, format_args!("WAIT {seconds}s")),
        Some(Reading::NotSent) => row.cell(Role::Failed, "NOT SENT"),
        None => row.cell(lane_role(alert.lane()), lane_word(alert)),
    }
    row.cell(Role::Text, &duration::compact(now.since(alert.opened_at)));
    match (alert.owner(), &alert.acknowledgement) {
        (Some(owner), Some(held)) => {
            let age = duration::compact(now.since(held.at));
            row.value(Role::Owned, format_args!("{} {age}", owner.as_str()));
        }
        (owner, _) => row.cell(Role::Owned, owner.map_or("", |owner| owner.as_str())),
    }
    for parts in [in_short(alert, replica.fleet(), now, zone), summary_parts(alert, replica, now)] {
        row.parts(&parts.iter().map(|(role, text)| (*role, text.as_str())).collect::<Vec<_>>());
    }
}

fn summary_parts(alert: &Alert, replica: &Replica, now: Timestamp) -> Vec<(Role, String)> {
    let mut parts = Vec::new();
    // The summary of a repository's alert names its jobs itself.
    if matches!(alert.subject, Subject::Host(_) | Subject::Site(_)) {
        let held = alerts_behind(replica.fleet(), alert).count();
        parts.extend((held > 0).then(|| (Role::Unknown, format!("+{held} behind  "))));
        let jobs = behind(replica.fleet(), alert).len();
        parts.extend((jobs > 0).then(|| (Role::Unknown, format!("{}  ", behind_words(jobs)))));
    }
    parts.extend(hold_words(alert, replica.fleet(), now).map(|words| (Role::LaneMuted, format!("{words}  "))));
    if alert.step() > 0 {
        parts.push((Role::Danger, format!("step {} ", alert.step())));
    }
    parts.push((Role::Text, alert.summary.to_string()));
    if let Some(note) = &alert.last_note {
        parts.push((Role::Muted, format!("  # {}", note.as_str())));
    }
    parts
}

/// How many backup jobs stand behind an alert.
#[must_use]
pub fn behind_words(jobs: usize) -> String {
    format!("+{jobs} {} behind", if jobs == 1 { "backup" } else { "backups" })
}

const fn short_level(level: CheckState) -> &'static str {
    match level {
        CheckState::Critical => "CRIT",
        CheckState::Warning => "WARN",
        CheckState::Unknown => "UNKN",
        CheckState::Ok | CheckState::Pending => "-",
    }
}

fn lane_word(alert: &Alert) -> &'static str {
    match (alert.lane(), alert.suppressions().next()) {
        (Lane::New, _) => "NEW",
        (Lane::Owned, _) => "owned",
        (Lane::Muted, Some(Suppression::Snoozed)) => "snoozed",
        (Lane::Muted, Some(Suppression::Held(Hold::Maintenance(_)))) => "maint.",
        (Lane::Muted, Some(Suppression::Held(Hold::Parent(_)))) => "behind",
        (Lane::Muted, Some(Suppression::Held(Hold::Flapping))) => "flapping",
        (Lane::Muted, Some(Suppression::Held(Hold::Healing))) => "healing",
        (Lane::Muted, None) => "muted",
    }
}

/// An alert as text for a ticket, in lines: what, where, since when, who has it.
#[must_use]
pub fn ticket((fleet, id): Key, world: World<'_>) -> Option<String> {
    let replica = world.replicas.get(fleet)?;
    let alert = replica.fleet().alerts.alerts.get(&id)?;
    let utc = |at: Timestamp| {
        jiff::Timestamp::from_millisecond(at.0).map_or_else(|_| "-".to_owned(), |at| format!("{at:.0}"))
    };
    let site = alert.site.as_ref().map_or_else(String::new, |site| format!(" / {site}"));
    let mut lines = vec![
        ticket_text((fleet, id), world)?,
        format!("Client: {}{site}", alert.client),
        format!(
            "Opened: {}, {} since {}, {} times",
            utc(alert.opened_at),
            alert.level,
            utc(alert.level_since),
            alert.count
        ),
        format!("Lane: {}, owner: {}", alert.lane().word(), alert.owner().map_or("nobody", |owner| owner.as_str())),
    ];
    lines.extend(alert.last_note.as_ref().map(|note| format!("Note: {note}")));
    Some(lines.join("\n"))
}

/// An alert as a line of text.
#[must_use]
pub fn ticket_text((fleet, id): Key, world: World<'_>) -> Option<String> {
    let replica = world.replicas.get(fleet)?;
    let alert = replica.fleet().alerts.alerts.get(&id)?;
    Some(format!(
        "{} {} {}/{} {} on {}: {}",
        spoken_id(alert.id),
        alert.level,
        replica.name().as_str(),
        alert.id,
        what(alert),
        host_name(replica, alert),
        alert.summary.as_str()
    ))
}
