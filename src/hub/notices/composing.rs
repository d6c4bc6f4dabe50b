//! A notice made a message, at the moment it is sent: what it says of its alerts is what they are now.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::tz::TimeZone;

use crate::fleet::alerts::Alert;
use crate::fleet::configuration::{Channel, Configuration};
use crate::fleet::notices::{Kind, Notice};
use crate::fleet::state::Fleet;
use crate::fleet::words::duration::short;
use crate::fleet::words::spoken_id::spoken_id;
use crate::fleet::words::{AlertId, FleetId, NoticeId, SafeText, Severity, Timestamp};
use crate::hub::notices::message::{Listed, Message, rfc3339};

/// Alerts listed one by one; the others are counted by client and check.
const MOST_LISTED: usize = 20;
/// Groups that are counted apart.
const MOST_GROUPS: usize = 20;
/// Incidents that one recovery ends in a service of events.
const MOST_INCIDENTS: usize = 100;
const SUBJECT_MAX: usize = 180;
const SHORT_MAX: usize = 300;

/// By which a receiver knows a repeat of a notice.
#[must_use]
pub fn key(fleet: &FleetId, notice: NoticeId) -> String {
    format!("{fleet}-{notice}")
}

/// The key of a problem in a service of events: the number of its first alert, so that a later step about the same
/// alerts is the same incident.
#[must_use]
pub fn incident(fleet: &FleetId, alert: AlertId) -> String {
    format!("{fleet}-alert-{alert}")
}

/// The alert of an incident's key; `None` for keys of other fleets and other things.
#[must_use]
pub fn alert_of_incident(fleet: &FleetId, key: &str) -> Option<AlertId> {
    key.strip_prefix(fleet.as_str())?.strip_prefix("-alert-")?.parse().ok().map(AlertId)
}

/// Where a receiver is reached on a channel: a person's own address there, else the channel's.
#[must_use]
pub fn address(configuration: &Configuration, to: &SafeText, channel: &Channel) -> Option<String> {
    let person = configuration.oncall.person(to.as_str());
    let own = person.and_then(|person| person.channels.iter().find(|one| one.channel.as_str() == channel.name));
    own.map(|own| own.address.as_str().to_owned()).filter(|own| !own.is_empty()).or_else(|| channel.to.clone())
}

/// Makes the message. `now` is the time its ages count to, `zone` the one its times are written in.
#[must_use]
pub fn compose(fleet: &Fleet, notice: &Notice, zone: &TimeZone, now: Timestamp, link: Option<String>) -> Message {
    let known: Vec<&Arc<Alert>> = notice.alerts.iter().filter_map(|id| fleet.alerts.alerts.get(id)).collect();
    let writer = Writer { fleet, notice, zone, now };
    let first = known.first().copied();
    let subject = within(&writer.subject(first), SUBJECT_MAX);
    let text = writer.text(&subject, &known, link.as_deref());
    let brief = first.map_or_else(|| subject.clone(), |first| format!("{subject} ({})", spoken_id(first.id)));
    let room = SHORT_MAX.saturating_sub(link.as_ref().map_or(0, |link| link.chars().count() + 1));
    let brief = within(&brief, room.max(60));
    Message {
        key: key(&fleet.profile.id, notice.id),
        fleet_id: fleet.profile.id.to_string(),
        fleet: fleet.profile.name.as_str().to_owned(),
        kind: notice.kind,
        severity: notice.severity,
        to: notice.to.as_str().to_owned(),
        address: None,
        subject,
        text,
        short: link.as_ref().map_or_else(|| brief.clone(), |link| format!("{brief} {link}")),
        client: notice.client.as_ref().map(ToString::to_string).unwrap_or_default(),
        host: first.and_then(|first| writer.host(first)).unwrap_or_default(),
        check: first.map(|first| what(first)).unwrap_or_default(),
        alert: first.map(|first| spoken_id(first.id)).unwrap_or_default(),
        count: notice.count.to_string(),
        link,
        alerts: known.iter().map(|alert| writer.listed(alert)).collect(),
        thread: notice.alerts.iter().min().map(|first| incident(&fleet.profile.id, *first)),
        incidents: incidents(fleet, notice),
        queued_at: rfc3339(notice.queued_at),
    }
}

/// A sign of life for a dead-man switch; no notice of the journal stands behind it.
#[must_use]
pub fn beat(fleet: &Fleet, channel: &str, now: Timestamp) -> Message {
    let id = &fleet.profile.id;
    let name = fleet.profile.name.as_str().to_owned();
    let subject = format!("[WATCHDOG] {name} is watching");
    Message {
        key: format!("{id}-watchdog-{}", now.0.div_euclid(1000)),
        fleet_id: id.to_string(),
        kind: Kind::Watchdog,
        severity: Severity::Warning,
        to: format!("channel:{channel}"),
        address: None,
        text: format!("{subject}\n\nWhen these stop, the hub of {name} or its way out is dead.\n"),
        short: subject.clone(),
        subject,
        fleet: name,
        client: String::new(),
        host: String::new(),
        check: String::new(),
        alert: String::new(),
        count: "0".to_owned(),
        link: None,
        alerts: Vec::new(),
        thread: None,
        incidents: vec![format!("{id}-watchdog")],
        queued_at: rfc3339(now),
    }
}

/// The incidents a notice opens or ends. A recovery ends those of which nothing is open any more.
fn incidents(fleet: &Fleet, notice: &Notice) -> Vec<String> {
    let id = &fleet.profile.id;
    let of = |notice: &Notice| notice.alerts.iter().min().copied();
    if notice.kind != Kind::Recovery {
        let own = of(notice).filter(|_| notice.kind == Kind::Problem);
        return vec![own.map_or_else(|| key(id, notice.id), |first| incident(id, first))];
    }
    let open = |alert: &AlertId| fleet.alerts.alerts.get(alert).is_some_and(|alert| alert.is_open());
    let ended: BTreeSet<AlertId> = notice.alerts.iter().copied().filter(|alert| !open(alert)).collect();
    // Incidents this receiver got, with whether anything of them is open.
    let mut known: BTreeMap<AlertId, bool> = BTreeMap::new();
    let mut covered: BTreeSet<AlertId> = BTreeSet::new();
    for problem in fleet.notices.of(&notice.to).filter(|one| one.kind == Kind::Problem) {
        let Some(first) = of(problem) else { continue };
        *known.entry(first).or_default() |= problem.alerts.iter().any(open);
        if problem.alerts.iter().any(|alert| ended.contains(alert)) {
            covered.extend(problem.alerts.iter().copied());
            covered.insert(first);
        }
    }
    let over = known.iter().filter(|(first, open)| covered.contains(first) && !**open).map(|(first, _)| *first);
    // What nothing is known of any more ends under its own number.
    let alone = ended.iter().copied().filter(|alert| !covered.contains(alert) && !known.contains_key(alert));
    let all: BTreeSet<AlertId> = over.chain(alone).collect();
    all.into_iter().take(MOST_INCIDENTS).map(|first| incident(id, first)).collect()
}

struct Writer<'a> {
    fleet: &'a Fleet,
    notice: &'a Notice,
    zone: &'a TimeZone,
    now: Timestamp,
}

impl Writer<'_> {
    fn host(&self, alert: &Alert) -> Option<String> {
        let host = alert.host?;
        let name = self.fleet.hosts.hosts.get(&host).map(|host| host.name.as_str().to_owned());
        Some(name.unwrap_or_else(|| format!("host {host}")))
    }

    fn place(&self, alert: &Alert) -> String {
        let place = self.host(alert).or_else(|| alert.site.as_ref().map(ToString::to_string));
        place.map_or_else(|| alert.client.to_string(), |place| format!("{} / {place}", alert.client))
    }

    fn mark(&self) -> &'static str {
        match (self.notice.kind, self.notice.severity) {
            (Kind::Problem, Severity::Critical) => "[CRITICAL]",
            (Kind::Problem, Severity::Warning) => "[WARNING]",
            (Kind::Recovery, _) => "[RESOLVED]",
            (Kind::Reminder, _) => "[REMINDER]",
            (Kind::Test, _) => "[TEST]",
            (Kind::Watchdog, _) => "[WATCHDOG]",
        }
    }

    fn subject(&self, first: Option<&Arc<Alert>>) -> String {
        let notice = self.notice;
        let mark = self.mark();
        if notice.kind == Kind::Test {
            return format!("{mark} test page for {}: please answer", notice.to.as_str());
        }
        let Some(first) = first else {
            return format!("{mark} {} {}", notice.count, if notice.count == 1 { "alert" } else { "alerts" });
        };
        let what = if notice.kind == Kind::Reminder && !notice.note.is_empty() {
            notice.note.as_str()
        } else {
            first.summary.as_str()
        };
        let more = notice.count.saturating_sub(1);
        let more = if more > 0 { format!(" (+{more} more)") } else { String::new() };
        let head = format!("{mark} {}: ", self.place(first));
        let room = SUBJECT_MAX.saturating_sub(head.chars().count() + more.chars().count());
        format!("{head}{}{more}", within(what, room.max(40)))
    }

    fn at(&self, at: Timestamp) -> String {
        let Ok(time) = jiff::Timestamp::from_millisecond(at.0) else { return "?".to_owned() };
        let time = time.to_zoned(self.zone.clone());
        let far = self.now.since(at).max(at.since(self.now)).as_secs() > 12 * 3600;
        time.strftime(if far { "%a %d %b %H:%M %Z" } else { "%H:%M %Z" }).to_string()
    }

    fn text(&self, subject: &str, known: &[&Arc<Alert>], link: Option<&str>) -> String {
        let notice = self.notice;
        let mut lines = vec![subject.to_owned(), String::new()];
        match notice.kind {
            Kind::Test => {
                lines.push(format!("This is a test of how {} is reached. Please answer it.", notice.to.as_str()));
                lines.push(String::new());
            }
            Kind::Reminder => {
                lines.push(format!("You wanted to be reminded: {}", notice.note.as_str()));
                lines.push(String::new());
            }
            _ if !notice.note.is_empty() => lines.extend([notice.note.as_str().to_owned(), String::new()]),
            _ => {}
        }
        for alert in known.iter().take(MOST_LISTED) {
            lines.push(format!("{}  {}  {}  {}", spoken_id(alert.id), word(alert), self.place(alert), what(alert)));
            lines.push(format!("      {}", alert.summary.as_str()));
            lines.push(format!("      {}", self.since(alert)));
            if notice.kind == Kind::Problem {
                lines.extend(self.others(alert).map(|others| format!("      also told: {others}")));
                lines.extend(self.next(alert).map(|next| format!("      next: {next}")));
            }
        }
        self.counts(known, &mut lines);
        if notice.kind == Kind::Problem || notice.kind == Kind::Test {
            lines.push(String::new());
            if let Some(link) = link {
                lines.push(format!("Acknowledge (once, for 24 hours): {link}"));
            }
            let first = known.first().filter(|_| notice.kind == Kind::Problem);
            lines.extend(first.map(|first| format!("Or: watchfloor ack {}", spoken_id(first.id))));
        }
        let step =
            if notice.step > 0 { format!(", step {}, round {}", notice.step, notice.round) } else { String::new() };
        lines.push(String::new());
        lines.push(format!(
            "{} to {}{step}, fleet {}, notice {}",
            notice.kind.word(),
            notice.to.as_str(),
            self.fleet.profile.name.as_str(),
            notice.id
        ));
        lines.push(String::new());
        lines.join("\n")
    }

    fn since(&self, alert: &Alert) -> String {
        match alert.resolved_at {
            Some(end) => {
                let how = if alert.closed_by_hand { "closed by hand" } else { "resolved" };
                format!("{how} {}, after {}", self.at(end), short(end.since(alert.opened_at)))
            }
            None => format!("since {} ({})", self.at(alert.opened_at), short(self.now.since(alert.opened_at))),
        }
    }

    fn others(&self, alert: &Alert) -> Option<String> {
        let others = alert.told.iter().filter(|told| told.to != self.notice.to).map(|told| told.to.as_str());
        let others = others.take(10).collect::<Vec<_>>().join(", ");
        (!others.is_empty()).then_some(others)
    }

    fn next(&self, alert: &Alert) -> Option<String> {
        if let Some(owner) = alert.owner() {
            return Some(format!("{} has it", owner.as_str()));
        }
        let next = alert.next_notice()?;
        let to = next.to.iter().map(SafeText::as_str).collect::<Vec<_>>().join(", ");
        Some(format!(
            "{} at {} (step {})",
            if to.is_empty() { "the next step" } else { &to },
            self.at(next.at),
            next.step
        ))
    }

    /// What is not listed, by client and check.
    fn counts(&self, known: &[&Arc<Alert>], lines: &mut Vec<String>) {
        let rest =
            usize::try_from(self.notice.count).unwrap_or(usize::MAX).saturating_sub(known.len().min(MOST_LISTED));
        if rest == 0 {
            return;
        }
        let mut groups: BTreeMap<(String, String), usize> = BTreeMap::new();
        for alert in known.iter().skip(MOST_LISTED) {
            *groups.entry((alert.client.to_string(), what(alert))).or_default() += 1;
        }
        let mut groups: Vec<_> = groups.into_iter().collect();
        groups.sort_by(|(a, many), (b, more)| more.cmp(many).then_with(|| a.cmp(b)));
        lines.push(String::new());
        lines.push(format!("And {rest} more:"));
        let mut told = 0;
        for ((client, what), count) in groups.iter().take(MOST_GROUPS) {
            told += count;
            lines.push(format!("  {count:>5}  {client}: {what}"));
        }
        if rest > told && told > 0 {
            lines.push(format!("  {:>5}  others", rest - told));
        }
    }

    fn listed(&self, alert: &Alert) -> Listed {
        Listed {
            id: alert.id.0,
            spoken_id: spoken_id(alert.id),
            client: alert.client.to_string(),
            site: alert.site.as_ref().map(ToString::to_string),
            host: self.host(alert),
            subject: alert.subject.to_string(),
            severity: alert.severity(),
            open: alert.is_open(),
            summary: alert.summary.as_str().to_owned(),
            opened_at: alert.opened_at,
        }
    }
}

fn word(alert: &Alert) -> &'static str {
    match (alert.is_open(), alert.severity()) {
        (false, _) => "RESOLVED",
        (true, Severity::Critical) => "CRITICAL",
        (true, Severity::Warning) => "WARNING",
    }
}

/// What an alert is about, for people: the check's name, else the kind of subject.
fn what(alert: &Alert) -> String {
    alert.subject.check().map_or_else(|| alert.subject.kind().to_owned(), ToString::to_string)
}

/// At most so many characters, with `…` where something was left out.
fn within(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most.saturating_sub(1)).chain(['…']).collect()
}
