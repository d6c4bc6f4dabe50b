//! One alert in depth: what, who has it, and everything that happened to it.

use jiff::tz::TimeZone;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::console::act::Verb;
use crate::console::ask::{Answer, Detail, Topic};
use crate::console::keymap::Action;
use crate::console::replica::{Changed, FleetIndex, Replica};
use crate::console::screens::alerts::{host_name, ticket_text, what};
use crate::console::screens::journal::clock;
use crate::console::screens::journal_words::words;
use crate::console::screens::look::{check_glyph, check_role, lane_role};
use crate::console::screens::world::{About, Effect, Place, World};
use crate::console::text::{Ellipsis, put, put_cut, wrap};
use crate::console::theme::{Role, Theme};
use crate::console::widgets::divider;
use crate::fleet::alerts::{Alert, Until};
use crate::fleet::state::{Entry, Event};
use crate::fleet::words::spoken_id::spoken_id;
use crate::fleet::words::{AlertId, Timestamp, duration};

/// The screen's state.
#[derive(Clone, Debug)]
pub struct AlertScreen {
    fleet: FleetIndex,
    id: AlertId,
    /// Newest first.
    entries: Vec<Entry>,
    asked: bool,
    refused: Option<String>,
    scroll: usize,
}

impl AlertScreen {
    /// The screen of an alert.
    #[must_use]
    pub const fn new(fleet: FleetIndex, id: AlertId) -> Self {
        Self { fleet, id, entries: Vec::new(), asked: false, refused: None, scroll: 0 }
    }

    /// What is to be asked now: the timeline, once.
    pub fn ask(&mut self, world: World<'_>) -> Vec<Effect> {
        let live = world.replicas.get(self.fleet).is_some_and(|replica| replica.link().is_live());
        if self.asked || !live {
            return Vec::new();
        }
        self.asked = true;
        vec![Effect::Ask(self.fleet, Topic::Timeline(self.id))]
    }

    /// Takes over an answer; whether the screen changed.
    pub fn answer(&mut self, fleet: FleetIndex, answer: Answer) -> bool {
        if fleet != self.fleet || answer.about != Topic::Timeline(self.id) {
            return false;
        }
        match answer.result {
            Ok(Detail::Entries(entries)) => {
                self.refused = None;
                for entry in entries {
                    self.add(entry);
                }
            }
            Ok(_) => return false,
            Err(why) => self.refused = Some(why.to_string()),
        }
        true
    }

    /// Takes over entries that arrived.
    pub fn absorb(&mut self, fleet: FleetIndex, changed: &Changed) {
        if fleet != self.fleet {
            return;
        }
        if changed.everything {
            self.asked = false;
        }
        for entry in &changed.entries {
            if entry.events.iter().any(|(_, event)| self.is_mine(event)) {
                self.add(entry.clone());
            }
        }
    }

    fn is_mine(&self, event: &Event) -> bool {
        matches!(event, Event::Alerts(event) if event.alert() == self.id)
    }

    fn add(&mut self, entry: Entry) {
        let at = self.entries.partition_point(|known| known.revision > entry.revision);
        if self.entries.get(at).is_none_or(|known| known.revision != entry.revision) {
            self.entries.insert(at, entry);
        }
    }

    /// Does an action.
    pub fn update(&mut self, action: Action, count: u16, world: World<'_>) -> Vec<Effect> {
        let about = || About::Alerts(vec![(self.fleet, self.id)]);
        let step = usize::from(count.max(1));
        match action {
            Action::Down => self.scroll = (self.scroll + step).min(self.entries.len().saturating_sub(1)),
            Action::Up => self.scroll = self.scroll.saturating_sub(step),
            Action::Top => self.scroll = 0,
            Action::Acknowledge => {
                return vec![Effect::Act(Verb::Acknowledge { until: Until::Worse, note: String::new() }, about())];
            }
            Action::CheckNow => return vec![Effect::Act(Verb::CheckNow { host: None, check: None }, about())],
            Action::AcknowledgeWith
            | Action::Escalate
            | Action::Release
            | Action::Snooze
            | Action::Note
            | Action::Close => {
                return vec![Effect::Begin(action, about())];
            }
            Action::Open => {
                let host = world
                    .replicas
                    .get(self.fleet)
                    .and_then(|replica| replica.fleet().alerts.alerts.get(&self.id)?.host);
                return host.map(|host| Effect::Go(Place::Host(self.fleet, host))).into_iter().collect();
            }
            Action::Copy => return ticket_text((self.fleet, self.id), world).map(Effect::Copy).into_iter().collect(),
            _ => {}
        }
        Vec::new()
    }

    /// Paints the alert.
    pub fn render(&self, area: Rect, buf: &mut Buffer, theme: &Theme, world: World<'_>, zone: &TimeZone) {
        let Some(replica) = world.replicas.get(self.fleet) else { return };
        let now = replica.hub_now(world.now);
        let mut y = area.y;
        match replica.fleet().alerts.alerts.get(&self.id) {
            Some(alert) => {
                for (role, text) in facts(alert, replica, theme, now, zone) {
                    for line in wrap(&text, area.width.saturating_sub(2)) {
                        if y >= area.bottom() {
                            return;
                        }
                        put(buf, area.x + 1, y, area.width.saturating_sub(1), line, theme.style(role));
                        y += 1;
                    }
                }
            }
            None => {
                let text = format!("alert {} has left the fleet's state; the timeline below is all there is", self.id);
                put(buf, area.x + 1, y, area.width.saturating_sub(1), &text, theme.style(Role::Muted));
                y += 1;
            }
        }
        self.timeline(
            Rect { y: y + 1, height: area.bottom().saturating_sub(y + 1), ..area },
            buf,
            theme,
            replica,
            now,
            zone,
        );
    }

    fn timeline(
        &self,
        area: Rect,
        buf: &mut Buffer,
        theme: &Theme,
        replica: &Replica,
        now: Timestamp,
        zone: &TimeZone,
    ) {
        if area.height < 2 {
            return;
        }
        divider(area, buf, theme, "timeline, newest first");
        let mine = self.entries.iter().skip(self.scroll).flat_map(|entry| {
            entry.events.iter().filter(|(_, event)| self.is_mine(event)).map(move |(_, event)| (entry, event))
        });
        let mut y = area.y + 1;
        for (entry, event) in mine {
            if y >= area.bottom() {
                return;
            }
            let used = put(buf, area.x + 1, y, 13, &clock(entry.at, now, zone), theme.style(Role::Muted));
            let (role, text) = words(event, replica.fleet());
            let x = area.x + 2 + used.max(8);
            let cut = (Ellipsis::End, theme.glyphs.ellipsis);
            put_cut(buf, x, y, area.right().saturating_sub(x), &text, theme.style(role), cut);
            y += 1;
        }
        if self.entries.is_empty() {
            let text = self.refused.clone().unwrap_or_else(|| "asking the hub for the timeline".to_owned());
            put(buf, area.x + 1, y, area.width.saturating_sub(1), &text, theme.style(Role::Muted));
        }
    }
}

fn facts(alert: &Alert, replica: &Replica, theme: &Theme, now: Timestamp, zone: &TimeZone) -> Vec<(Role, String)> {
    let level = check_role(alert.level, false);
    let glyph = check_glyph(&theme.glyphs, alert.level, false);
    let open = if alert.is_open() { alert.lane().word() } else { "resolved" };
    let mut facts = vec![
        (
            level,
            format!(
                "{glyph} {} {}  {} on {}",
                spoken_id(alert.id),
                alert.level,
                what(alert),
                host_name(replica, alert)
            ),
        ),
        (Role::Title, alert.summary.to_string()),
        (
            Role::Text,
            format!(
                "client {}   site {}   opened {} ({} ago)   came {} times",
                alert.client,
                alert.site.as_ref().map_or("-", |site| site.as_str()),
                clock(alert.opened_at, now, zone),
                duration::short(now.since(alert.opened_at)),
                alert.count
            ),
        ),
    ];
    let client = replica.fleet().hosts.clients.get(&alert.client);
    if let Some(contact) = client.map(|client| client.contact.as_str()).filter(|contact| !contact.is_empty()) {
        facts.push((Role::Text, format!("contact {contact}")));
    }
    match &alert.acknowledgement {
        Some(held) => {
            let until = match held.until {
                Until::Worse => "until it gets worse".to_owned(),
                Until::Resolved => "until it is resolved".to_owned(),
                Until::Time(end) => format!("until {}", clock(end, now, zone)),
            };
            let note = if held.note.as_str().is_empty() { String::new() } else { format!(": {}", held.note.as_str()) };
            facts.push((
                Role::Owned,
                format!("owned by {} since {}, {until}{note}", held.by.as_str(), clock(held.at, now, zone)),
            ));
        }
        None if alert.is_open() && alert.snooze.is_none() => {
            facts.push((Role::New, "nobody has it: a takes it".to_owned()))
        }
        None => {}
    }
    if let Some(snooze) = &alert.snooze {
        facts.push((
            Role::LaneMuted,
            format!("snoozed by {} until {}", snooze.by.as_str(), clock(snooze.until, now, zone)),
        ));
    }
    if let Some(escalation) = &alert.escalation {
        let by = escalation.by.as_str();
        facts.push((
            Role::Danger,
            format!("escalated to step {} by {by} at {}", escalation.step, clock(escalation.at, now, zone)),
        ));
    }
    if let Some(note) = &alert.last_note {
        facts.push((Role::Text, format!("last note: {}", note.as_str())));
    }
    facts.push((lane_role(alert.lane()), open.to_owned()));
    facts
}
