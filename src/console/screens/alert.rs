//! One alert in depth: what, who has it, and everything that happened to it.

use jiff::tz::TimeZone;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::console::ask::{Answer, Detail, Topic};
use crate::console::keymap::Action;
use crate::console::replica::{Changed, FleetIndex, Replica};
use crate::console::screens::alerts::{behind_words, host_name, ticket, ticket_text, what};
use crate::console::screens::hosts::quantized;
use crate::console::screens::journal::clock;
use crate::console::screens::journal_words::words;
use crate::console::screens::look::{check_glyph, check_role, host_role};
use crate::console::screens::muting::{hold_lines, mute, of_alert};
use crate::console::screens::next_step::{in_full, said};
use crate::console::screens::world::{About, Effect, Place, World};
use crate::console::text::{Ellipsis, put, put_cut, wrap};
use crate::console::theme::{Role, Theme};
use crate::console::widgets::{CARDS_BELOW, divider};
use crate::fleet::alerts::{Alert, Told, Until};
use crate::fleet::derived::behind::{self, behind};
use crate::fleet::notices::State;
use crate::fleet::state::{Entry, Event};
use crate::fleet::words::spoken_id::spoken_id;
use crate::fleet::words::{AlertId, HostId, Timestamp, duration};

/// On fewer lines than this, none stays empty.
const SMALL: u16 = 18;
/// Backup jobs behind an alert that are named.
const JOBS: usize = 10;

/// The screen's state.
#[derive(Clone, Debug)]
pub struct AlertScreen {
    fleet: FleetIndex,
    id: AlertId,
    /// Newest first.
    entries: Vec<Entry>,
    asked: bool,
    refused: Option<String>,
    /// How often its subject raised alerts on each of the last days, the last day last.
    days: Vec<u32>,
    scroll: usize,
}

impl AlertScreen {
    /// The screen of an alert.
    #[must_use]
    pub const fn new(fleet: FleetIndex, id: AlertId) -> Self {
        Self { fleet, id, entries: Vec::new(), asked: false, refused: None, days: Vec::new(), scroll: 0 }
    }

    /// What is to be asked now: the timeline, once.
    pub fn ask(&mut self, world: World<'_>) -> Vec<Effect> {
        let live = world.replicas.get(self.fleet).is_some_and(|replica| replica.link().is_live());
        if self.asked || !live {
            return Vec::new();
        }
        self.asked = true;
        let topics = [Topic::Timeline(self.id), Topic::AlertDays(self.id)];
        topics.into_iter().map(|topic| Effect::Ask(self.fleet, topic)).collect()
    }

    /// Takes over an answer; whether the screen changed.
    pub fn answer(&mut self, fleet: FleetIndex, answer: Answer) -> bool {
        if fleet == self.fleet && answer.about == Topic::AlertDays(self.id) {
            // Without it the rest is all there.
            let Ok(Detail::Days(days)) = answer.result else { return false };
            self.days = days;
            return true;
        }
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
        if changed.everything && !changed.more {
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
            Action::Maintain => return mute(of_alert((self.fleet, self.id), world)),
            action if action.is_on_alerts() || action == Action::CheckNow => {
                return vec![Effect::on_alerts(action, about())];
            }
            Action::Open => {
                let host = world
                    .replicas
                    .get(self.fleet)
                    .and_then(|replica| replica.fleet().alerts.alerts.get(&self.id)?.host);
                return host.map(|host| Effect::Go(Place::Host(self.fleet, host))).into_iter().collect();
            }
            Action::Command => {
                let alert = world.replicas.get(self.fleet).and_then(|r| r.fleet().alerts.alerts.get(&self.id));
                let Some(host) = alert.and_then(|alert| alert.host) else {
                    return vec![Effect::Say(Role::Muted, "this alert is about no host".to_owned())];
                };
                return vec![Effect::Run { hosts: vec![(self.fleet, host)], line: String::new() }];
            }
            Action::Runbook => return vec![Effect::Go(Place::Runbook(self.fleet, self.id))],
            Action::Copy => return ticket_text((self.fleet, self.id), world).map(Effect::Copy).into_iter().collect(),
            Action::CopyTicket => return ticket((self.fleet, self.id), world).map(Effect::Copy).into_iter().collect(),
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
                for (role, text) in facts(alert, &self.days, replica, theme, now, zone) {
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
                let text = if replica.is_loaded() {
                    format!("alert {} has left the fleet's state; the timeline below is all there is", self.id)
                } else {
                    format!("alert {} is not here yet", self.id)
                };
                put(buf, area.x + 1, y, area.width.saturating_sub(1), &text, theme.style(Role::Muted));
                y += 1;
            }
        }
        let y = if area.height < SMALL { y } else { y + 1 };
        self.timeline(Rect { y, height: area.bottom().saturating_sub(y), ..area }, buf, theme, replica, now, zone);
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
            let room = area.right().saturating_sub(x);
            // What happened is told whole where a line is too short for it.
            for line in wrap(&text, room).take(if area.width < CARDS_BELOW { 3 } else { 1 }) {
                if y < area.bottom() {
                    let rest = if area.width < CARDS_BELOW { line } else { &text };
                    put_cut(buf, x, y, room, rest, theme.style(role), (Ellipsis::End, theme.glyphs.ellipsis));
                    y += 1;
                }
            }
        }
        if self.entries.is_empty() {
            let text = self.refused.clone().unwrap_or_else(|| "asking the hub for the timeline".to_owned());
            put(buf, area.x + 1, y, area.width.saturating_sub(1), &text, theme.style(Role::Muted));
        }
    }
}

/// What must be known first comes first: on a phone the keyboard hides the lower half.
fn facts(
    alert: &Alert,
    days: &[u32],
    replica: &Replica,
    theme: &Theme,
    now: Timestamp,
    zone: &TimeZone,
) -> Vec<(Role, String)> {
    let glyph = check_glyph(&theme.glyphs, alert.level, false);
    let open = if alert.is_open() { alert.lane().word() } else { "resolved" };
    let age = duration::short(now.since(alert.opened_at));
    let head = format!(
        "{glyph} {} {}  {} on {}  {open} {age}",
        spoken_id(alert.id),
        alert.level,
        what(alert),
        host_name(replica, alert)
    );
    let mut facts = vec![(check_role(alert.level, false), head), (Role::Title, alert.summary.to_string())];
    facts.extend(owner(alert, now, zone));
    facts.extend(hold_lines(alert, replica.fleet(), now, zone).into_iter().map(|line| (Role::LaneMuted, line)));
    facts.extend(in_full(alert, now, zone));
    facts.extend(told(alert, replica, now, zone));
    if let Some(note) = &alert.last_note {
        facts.push((Role::Text, format!("last note: {}", note.as_str())));
    }
    let place = alert.site.as_ref().map_or_else(|| alert.client.to_string(), |site| format!("{}/{site}", alert.client));
    let times = if alert.count == 1 { String::new() } else { format!(", came {} times", alert.count) };
    let times = format!("{times}{}", history(days, theme));
    facts.push((Role::Text, format!("{place}   opened {}{times}", clock(alert.opened_at, now, zone))));
    facts.extend(alert.host.and_then(|host| host_fact(host, replica, now)));
    facts.extend(alert.host.and_then(|host| beside(host, alert, replica, theme)));
    facts.extend(hosts_behind(alert, replica));
    facts.extend(alerts_behind(alert, replica, theme));
    facts.extend(backups_behind(alert, replica));
    facts.extend(client_fact(alert, replica));
    facts
}

/// How often it came in the last days, with a bar a day.
fn history(days: &[u32], theme: &Theme) -> String {
    let (sum, most) = (days.iter().sum::<u32>(), days.iter().copied().max().unwrap_or(0));
    if sum < 2 {
        return String::new();
    }
    let last = theme.glyphs.levels.len().saturating_sub(1);
    let bar = |count: u32| match usize::try_from(count * u32::try_from(last).unwrap_or(0) / most.max(1)) {
        Ok(level) if count > 0 => theme.glyphs.levels.get(level).copied().unwrap_or(" "),
        _ => "-",
    };
    let bars: String = days.iter().map(|count| bar(*count)).collect();
    format!("   seen {sum} times in {} days {bars}", days.len())
}

/// Who was told of it, when, by what channel, and whether it arrived.
fn told(alert: &Alert, replica: &Replica, now: Timestamp, zone: &TimeZone) -> Option<(Role, String)> {
    let mut worst = Role::Text;
    let mut one = |told: &Told| {
        let notices = &replica.fleet().notices;
        let notice = notices.of(&told.to).find(|notice| notice.alerts.contains(&alert.id));
        let arrived = notice.map_or_else(String::new, |notice| {
            if notice.state == State::Failed {
                worst = Role::Failed;
            }
            let channel = notice.in_use().map_or_else(String::new, |channel| format!(" by {}", channel.as_str()));
            let words = match notice.state {
                State::Failed => format!(": {}", notice.words.as_str()),
                _ => String::new(),
            };
            format!("{channel}, {}{words}", notice.state.word())
        });
        format!("{} {}{arrived}", said(&told.to), clock(told.at, now, zone))
    };
    let all: Vec<String> = alert.told.iter().map(&mut one).collect();
    (!all.is_empty()).then(|| (worst, format!("told: {}", all.join("; "))))
}

/// Who has it, and until when.
fn owner(alert: &Alert, now: Timestamp, zone: &TimeZone) -> Vec<(Role, String)> {
    let mut facts = Vec::new();
    match &alert.acknowledgement {
        Some(held) => {
            let until = match held.until {
                Until::Worse => "until it gets worse".to_owned(),
                Until::Resolved => "until it is resolved".to_owned(),
                Until::Time(end) => format!("until {}", clock(end, now, zone)),
            };
            let note = if held.note.as_str().is_empty() { String::new() } else { format!(": {}", held.note.as_str()) };
            let since = clock(held.at, now, zone);
            facts.push((Role::Owned, format!("owned by {} since {since}, {until}{note}", held.by.as_str())));
        }
        None if alert.is_open() && alert.snooze.is_none() => {
            facts.push((Role::New, "nobody has it: a takes it".to_owned()))
        }
        None => {}
    }
    if let Some(escalation) = &alert.escalation {
        let (step, by, at) = (escalation.step, escalation.by.as_str(), clock(escalation.at, now, zone));
        facts.push((Role::Danger, format!("escalated to step {step} by {by} at {at}")));
    }
    facts
}

/// How its host is, by its newest reading.
fn host_fact(id: HostId, replica: &Replica, now: Timestamp) -> Option<(Role, String)> {
    let host = replica.fleet().hosts.hosts.get(&id)?;
    let role = if replica.is_stale() { Role::Stale } else { host_role(host.state) };
    let mut words = vec![format!("{} {}", host.name.as_str(), host.state)];
    if let Some(seen) = replica.last_seen(host) {
        words.push(format!("seen {} ago", duration::compact(quantized(now.since(seen)))));
    }
    if let Some(glance) = replica.glance(id) {
        for (name, share) in [("cpu", glance.cpu), ("mem", glance.memory), ("disk", glance.disk)] {
            words.extend(share.map(|share| format!("{name} {:.0}%", share * 100.0)));
        }
    }
    Some((role, words.join("  ")))
}

/// What else is wrong on its host: the cause is often among it.
fn beside(host: HostId, alert: &Alert, replica: &Replica, theme: &Theme) -> Option<(Role, String)> {
    let mut others: Vec<&Alert> = replica
        .alerts_of_host(host)
        .map(AsRef::as_ref)
        .filter(|other| other.is_open() && other.id != alert.id)
        .collect();
    others.sort_by_key(|other| (std::cmp::Reverse(other.level.gravity()), other.id));
    let named = others.iter().take(4).map(|other| {
        let glyph = check_glyph(&theme.glyphs, other.level, false);
        format!("{glyph} {} {} {}", spoken_id(other.id), what(other), other.lane().word())
    });
    let named = named.collect::<Vec<_>>().join("   ");
    let more = others.len().saturating_sub(4);
    let more = if more > 0 { format!("   and {more} more") } else { String::new() };
    (!others.is_empty()).then(|| (Role::Text, format!("also there: {named}{more}")))
}

/// The hosts behind the dead line that this one is about.
fn hosts_behind(alert: &Alert, replica: &Replica) -> Option<(Role, String)> {
    let hosts = behind::hosts_behind(replica.fleet(), alert);
    let names = hosts.iter().take(JOBS).map(|host| host.name.to_string()).collect();
    behind_fact(hosts.len(), ["host", "hosts"], names)
}

/// The alerts that are held back because of what this one is about.
fn alerts_behind(alert: &Alert, replica: &Replica, theme: &Theme) -> Option<(Role, String)> {
    let all = || behind::alerts_behind(replica.fleet(), alert);
    let named = all().take(JOBS).map(|other| {
        let glyph = check_glyph(&theme.glyphs, other.level, false);
        format!("{glyph} {} {} on {}", spoken_id(other.id), what(other), host_name(replica, other))
    });
    behind_fact(all().count(), ["alert", "alerts"], named.collect())
}

fn behind_fact(count: usize, [one, many]: [&str; 2], names: Vec<String>) -> Option<(Role, String)> {
    let more = count.saturating_sub(names.len());
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let word = if count == 1 { one } else { many };
    (count > 0).then(|| (Role::Unknown, format!("+{count} {word} behind: {}{more}", names.join(", "))))
}

/// The backup jobs that raise no alert of their own because of what this one is about.
fn backups_behind(alert: &Alert, replica: &Replica) -> Option<(Role, String)> {
    let jobs = behind(replica.fleet(), alert);
    let named: Vec<&str> = jobs.iter().take(JOBS).map(|job| job.description.name.as_str()).collect();
    let more = jobs.len().saturating_sub(JOBS);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let words = || format!("{}: {}{more}", behind_words(jobs.len()), named.join(", "));
    (!jobs.is_empty()).then(|| (Role::Unknown, words()))
}

/// Whom to call at the client's, and what was promised.
fn client_fact(alert: &Alert, replica: &Replica) -> Option<(Role, String)> {
    let client = replica.fleet().hosts.clients.get(&alert.client)?;
    let known = [("contact", &client.contact), ("contract", &client.contract)];
    let known = known.iter().filter(|(_, text)| !text.as_str().is_empty());
    let words: Vec<String> = known.map(|(name, text)| format!("{name} {}", text.as_str())).collect();
    (!words.is_empty()).then(|| (Role::Text, words.join("   ")))
}
