//! The alert queue: what nobody has comes first, the worst first, the newest first.

use std::time::Instant;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::console::act::Verb;
use crate::console::acts::{Reading, Row as ActRow};
use crate::console::keymap::Action;
use crate::console::list::ListState;
use crate::console::replica::{Changed, FleetIndex, Replica};
use crate::console::screens::filter_line::FilterLine;
use crate::console::screens::index::Index;
use crate::console::screens::look::{check_glyph, check_role, lane_role};
use crate::console::screens::world::{About, Effect, Place, World};
use crate::console::theme::{Role, Theme};
use crate::console::widgets::Column;
use crate::console::widgets::{Row, Table};
use crate::fleet::alerts::{Alert, Lane, Subject, Suppression, Until};
use crate::fleet::rules::select::AlertRow;
use crate::fleet::state::EntityKey;
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
}

/// Where a row stands: lane and gravity, or words, then time.
type Sort = (u8, u8, String, i64);

/// The screen's state.
#[derive(Clone, Debug, Default)]
pub struct Alerts {
    list: ListState<Key>,
    index: Index<Key, Sort>,
    /// The rows that come next were asked for by the person.
    asked: bool,
    /// The filter.
    pub filter: FilterLine,
    order: Order,
    reversed: bool,
    /// The next act applies to everything the filter shows.
    whole: bool,
    /// The row that was acted on under the cursor keeps its place until the cursor leaves it.
    pinned: Option<(Key, Sort)>,
}

const COLUMNS: [Column; 9] = [
    Column::new("SEV", 6, 6),
    Column::new("ID", 4, 4).rank(3),
    Column::new("CLIENT", 7, 12).rank(2),
    Column::new("HOST", 12, 20).middle(),
    Column::new("WHAT", 6, 14).rank(1),
    Column::new("LANE", 8, 8),
    Column::new("AGE", 4, 4).right(),
    Column::new("OWNER", 6, 14).rank(2),
    Column::new("SUMMARY", 16, 60).grows(),
];

impl Alerts {
    /// Takes over what changed in a fleet.
    pub fn absorb(&mut self, fleet: FleetIndex, changed: &Changed, world: World<'_>) {
        if changed.everything {
            self.rescan(world);
            return;
        }
        for entity in &changed.entities {
            if let EntityKey::Alert(id) = entity {
                let key = (fleet, *id);
                self.index.set(key, self.place(key, world));
            }
        }
    }

    /// Looks at every alert again: after the filter or the order changed.
    pub fn rescan(&mut self, world: World<'_>) {
        let all = world.replicas.iter().flat_map(|(fleet, replica)| {
            // Whether one is open is asked when its slice comes: over many, even that is too much for one key.
            replica.fleet().alerts.alerts.keys().map(move |id| (fleet, *id)).collect::<Vec<_>>()
        });
        self.index.begin(all.collect());
        self.step(world);
    }

    /// Another filter or order was asked for.
    pub fn ask(&mut self, world: World<'_>) {
        self.asked = true;
        self.rescan(world);
    }

    /// Works a slice of a scan off; whether more is left.
    pub fn step(&mut self, world: World<'_>) -> bool {
        let mut index = std::mem::take(&mut self.index);
        let done = index.step(|key| self.place(key, world));
        self.index = index;
        !done
    }

    /// How many rows the filter shows.
    #[must_use]
    pub fn shown(&self) -> usize {
        self.index.len()
    }

    /// Whether a scan is under way.
    #[must_use]
    pub const fn is_scanning(&self) -> bool {
        self.index.is_scanning()
    }

    /// Brings the list up to date, before a frame.
    pub fn refresh(&mut self, height: u16, now: Instant) {
        self.list.set_height(usize::from(height.saturating_sub(1)));
        if let Some(rows) = self.index.take_rows(now) {
            // What the person asked for shows at once; what merely arrives waits while marks hold the order.
            if !self.index.is_scanning() && std::mem::take(&mut self.asked) {
                self.list.replace(&rows);
            } else {
                self.list.sync(&rows);
            }
        }
    }

    fn place(&self, (fleet, id): Key, world: World<'_>) -> Option<Sort> {
        let replica = world.replicas.get(fleet)?;
        let alert = replica.fleet().alerts.alerts.get(&id).filter(|alert| alert.is_open())?;
        if !self.filter.filter().is_everything() && !self.filter.filter().matches(&row(replica, alert, world)) {
            return None;
        }
        if let Some((pinned, sort)) = &self.pinned
            && *pinned == (fleet, id)
        {
            return Some(sort.clone());
        }
        let gravity = 3 - alert.level.gravity().min(3);
        let newest_first = -alert.level_since.0;
        let host = || host_name(replica, alert).to_owned();
        let mut sort = match self.order {
            Order::Queue => (alert.lane() as u8, gravity, String::new(), newest_first),
            Order::Client => (0, 0, alert.client.to_string(), newest_first),
            Order::Host => (0, 0, host(), newest_first),
            Order::Age => (0, 0, String::new(), alert.opened_at.0),
        };
        if self.reversed {
            // Lanes and words keep their order; the newest come last instead of first.
            sort.3 = -sort.3;
        }
        Some(sort)
    }

    /// Does an action.
    pub fn update(&mut self, action: Action, count: u16, world: World<'_>) -> Vec<Effect> {
        let effects = self.act_on(action, count, world);
        self.unpin(world);
        effects
    }

    /// Keeps the cursor's row where it is while it changes.
    fn pin(&mut self) {
        if let Some(key) = self.list.cursor().copied()
            && let Some(sort) = self.index.place_of(key)
        {
            self.pinned = Some((key, sort.clone()));
        }
    }

    /// Lets a row go where it belongs once the cursor has left it.
    fn unpin(&mut self, world: World<'_>) {
        if let Some((key, _)) = &self.pinned
            && self.list.cursor() != Some(key)
        {
            let key = *key;
            self.pinned = None;
            self.index.set(key, self.place(key, world));
        }
    }

    fn act_on(&mut self, action: Action, count: u16, world: World<'_>) -> Vec<Effect> {
        let rows = isize::try_from(count.max(1)).unwrap_or(1);
        match action {
            Action::Down => self.list.move_by(rows),
            Action::Up => self.list.move_by(-rows),
            Action::HalfDown => self.list.move_by_half_pages(rows),
            Action::HalfUp => self.list.move_by_half_pages(-rows),
            Action::PageDown => self.list.move_by_pages(rows),
            Action::PageUp => self.list.move_by_pages(-rows),
            Action::Top => self.list.move_to_top(),
            Action::Bottom => self.list.move_to_bottom(),
            Action::Mark => drop(self.list.toggle_mark()),
            Action::Filter => self.filter.begin(),
            Action::Order => {
                self.order = match self.order {
                    Order::Queue => Order::Client,
                    Order::Client => Order::Host,
                    Order::Host => Order::Age,
                    Order::Age => Order::Queue,
                };
                self.ask(world);
            }
            Action::OrderReverse => {
                self.reversed = !self.reversed;
                self.ask(world);
            }
            Action::WholeFilter => {
                self.whole = !self.whole;
                let text = if self.whole {
                    format!("the next act applies to all {} alerts shown; Esc takes that back", self.index.len())
                } else {
                    "the next act applies to the cursor's row or the marks again".to_owned()
                };
                return vec![Effect::Say(Role::Danger, text)];
            }
            Action::Open => {
                return self
                    .list
                    .cursor()
                    .map(|(fleet, id)| Effect::Go(Place::Alert(*fleet, *id)))
                    .into_iter()
                    .collect();
            }
            Action::Copy => {
                let text = self.list.cursor().and_then(|key| ticket_text(*key, world));
                return text.map(Effect::Copy).into_iter().collect();
            }
            Action::Acknowledge => {
                return self.act(Verb::Acknowledge { until: Until::Worse, note: String::new() });
            }
            Action::CheckNow => return self.act(Verb::CheckNow { host: None, check: None }),
            Action::AcknowledgeWith
            | Action::Escalate
            | Action::Release
            | Action::Snooze
            | Action::Note
            | Action::Close => {
                return match self.about() {
                    Ok(about) => vec![Effect::Begin(action, about)],
                    Err(effect) => vec![effect],
                };
            }
            _ => {}
        }
        Vec::new()
    }

    /// Drops the innermost thing that holds: a whole-filter act, the marks, the filter. Whether there was one.
    pub fn cancel(&mut self, world: World<'_>) -> bool {
        if std::mem::take(&mut self.whole) {
            return true;
        }
        if self.list.is_held() {
            self.list.clear_marks();
            return true;
        }
        if !self.filter.is_empty() {
            self.filter.set("");
            self.ask(world);
            return true;
        }
        false
    }

    fn act(&mut self, verb: Verb) -> Vec<Effect> {
        match self.about() {
            // Many at once are confirmed, with their count.
            Ok(about @ About::Filter { .. }) => vec![Effect::Begin(action_of(&verb), about)],
            Ok(about) => vec![Effect::Act(verb, about)],
            Err(effect) => vec![effect],
        }
    }

    fn about(&mut self) -> Result<About, Effect> {
        if std::mem::take(&mut self.whole) {
            let mut counts: Vec<(FleetIndex, u64)> = Vec::new();
            for (fleet, _) in self.index.rows() {
                match counts.iter_mut().find(|(known, _)| *known == fleet) {
                    Some((_, count)) => *count += 1,
                    None => counts.push((fleet, 1)),
                }
            }
            let text = self.filter.text().trim();
            let filter = if text.is_empty() { "*".to_owned() } else { text.to_owned() };
            if let Some(fault) = self.filter.fault() {
                return Err(Effect::Say(Role::Failed, fault.to_owned()));
            }
            return Ok(About::Filter { filter, counts });
        }
        let alerts = self.list.targets();
        if alerts.is_empty() {
            return Err(Effect::Say(Role::Muted, "there is nothing under the cursor to act on".to_owned()));
        }
        self.list.clear_marks();
        self.pin();
        Ok(About::Alerts(alerts))
    }

    /// What the header says of the list.
    #[must_use]
    pub fn facts(&self, height: u16) -> Vec<(Role, String)> {
        let mut facts = Vec::new();
        if !self.filter.is_empty() {
            facts.push((Role::Input, format!("/{} ({})", self.filter.text(), self.index.len())));
        }
        if self.whole {
            facts.push((Role::Danger, format!("ACT ON ALL {}", self.index.len())));
        }
        let marks = self.list.marks().len();
        if marks > 0 {
            let hidden = self.list.marks_out_of_view(usize::from(height.saturating_sub(1)));
            let hidden = if hidden > 0 { format!(", {hidden} not in view") } else { String::new() };
            facts.push((Role::Mark, format!("{marks} marked{hidden}")));
        }
        if self.list.arrivals() > 0 {
            facts.push((Role::New, format!("{} new below", self.list.arrivals())));
        }
        facts
    }

    /// Paints the queue.
    pub fn render(&self, area: Rect, buf: &mut Buffer, theme: &Theme, world: World<'_>) {
        let sorted = match self.order {
            Order::Queue => None,
            Order::Client => Some((2, !self.reversed)),
            Order::Host => Some((3, !self.reversed)),
            Order::Age => Some((6, !self.reversed)),
        };
        let table = Table { columns: &COLUMNS, sorted, focused: true };
        table.render(area, buf, theme, &self.list, |key, row| paint(*key, row, theme, world));
        if self.list.rows().is_empty() && area.height > 2 {
            let text = self.empty_words(world);
            crate::console::text::put(
                buf,
                area.x + 2,
                area.y + 2,
                area.width.saturating_sub(2),
                &text,
                theme.style(Role::Muted),
            );
        }
    }

    fn empty_words(&self, world: World<'_>) -> String {
        if self.index.is_scanning() {
            return "looking".to_owned();
        }
        if !self.filter.is_empty() {
            return format!("no open alert matches {:?}; Esc shows all", self.filter.text());
        }
        if world.replicas.iter().any(|(_, replica)| !replica.is_loaded()) {
            return "not every fleet has answered yet".to_owned();
        }
        if world.replicas.iter().any(|(_, replica)| replica.is_stale()) {
            return "no open alert as of the last word; the link is down".to_owned();
        }
        "no open alert".to_owned()
    }
}

const fn action_of(verb: &Verb) -> Action {
    match verb {
        Verb::CheckNow { .. } => Action::CheckNow,
        _ => Action::Acknowledge,
    }
}

fn row<'a>(replica: &'a Replica, alert: &'a Alert, world: World<'_>) -> AlertRow<'a> {
    let host = alert.host.and_then(|id| replica.fleet().hosts.hosts.get(&id));
    AlertRow {
        fleet: replica.fleet(),
        fleet_name: replica.name().as_str(),
        alert,
        last_seen: host.and_then(|host| replica.last_seen(host)),
        now: replica.hub_now(world.now),
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

fn paint(key: Key, row: &mut Row<'_>, theme: &Theme, world: World<'_>) {
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
    row.cell(Role::Owned, alert.owner().map_or("", |owner| owner.as_str()));
    row.parts(&summary_parts(alert, now).iter().map(|(role, text)| (*role, text.as_str())).collect::<Vec<_>>());
}

fn summary_parts(alert: &Alert, now: Timestamp) -> Vec<(Role, String)> {
    let mut parts = Vec::new();
    if let Some(snooze) = &alert.snooze {
        parts.push((Role::LaneMuted, format!("until {} ", duration::compact(snooze.until.since(now)))));
    }
    if alert.step() > 0 {
        parts.push((Role::Danger, format!("step {} ", alert.step())));
    }
    parts.push((Role::Text, alert.summary.to_string()));
    if let Some(note) = &alert.last_note {
        parts.push((Role::Muted, format!("  # {}", note.as_str())));
    }
    parts
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
        (Lane::Muted, None) => "muted",
    }
}

/// An alert as text for a ticket.
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
