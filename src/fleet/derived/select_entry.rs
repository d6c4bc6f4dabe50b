//! What a filter can be asked about an entry of the journal: it matches where one of its events speaks of what is asked.

use std::time::Duration;

use crate::fleet::alerts::Event as AlertEvent;
use crate::fleet::backups::Event as BackupEvent;
use crate::fleet::checks::Event as CheckEvent;
use crate::fleet::commands::Event as CommandEvent;
use crate::fleet::derived::select::{client_texts, host_texts, id_texts, site_texts};
use crate::fleet::hosts::Event as HostEvent;
use crate::fleet::identity::Event as IdentityEvent;
use crate::fleet::notices::Event as NoticeEvent;
use crate::fleet::oncall::Event as OnCallEvent;
use crate::fleet::pings::Event as PingEvent;
use crate::fleet::profile::Event as ProfileEvent;
use crate::fleet::state::{Entry, Event, Fleet};
use crate::fleet::windows::Event as WindowEvent;
use crate::fleet::words::filter::{AgeKind, Key, Subject};
use crate::fleet::words::spoken_id::spoken_id;
use crate::fleet::words::{AlertId, CheckState, ClientId, CommandId, HostId, JobId, SafeText, SiteId, Timestamp};

/// An entry beside the state of its fleet, which names hosts, clients and alerts.
#[derive(Clone, Copy, Debug)]
pub struct EntryRow<'a> {
    /// The fleet as it is now.
    pub fleet: &'a Fleet,
    /// The fleet's local name.
    pub fleet_name: &'a str,
    /// The entry, as far as who asks may see it.
    pub entry: &'a Entry,
    /// The hub's time.
    pub now: Timestamp,
}

/// What one event speaks of.
#[derive(Default)]
struct Spoken<'e> {
    host: Option<HostId>,
    client: Option<&'e ClientId>,
    site: Option<&'e SiteId>,
    check: Option<&'e str>,
    alert: Option<AlertId>,
    command: Option<CommandId>,
    job: Option<JobId>,
    level: Option<CheckState>,
    state: Option<&'static str>,
    owner: Option<&'e SafeText>,
    texts: Vec<&'e str>,
}

type Matches<'m> = &'m mut dyn FnMut(&str) -> bool;

impl Subject for EntryRow<'_> {
    fn any_text(&self, key: Key, matches: Matches<'_>) -> bool {
        if key == Key::Fleet {
            return matches(self.fleet_name);
        }
        (key == Key::Text && matches(self.entry.actor.name.as_str()))
            || self.entry.events.iter().any(|(_, event)| self.event_text(&spoken(event), key, matches))
    }

    /// The gravest of its events.
    fn severity_rank(&self) -> Option<u8> {
        self.entry.events.iter().filter_map(|(_, event)| spoken(event).level).map(CheckState::gravity).max()
    }

    /// Its own age, whichever is asked for.
    fn age(&self, kind: AgeKind) -> Option<Duration> {
        (!matches!(kind, AgeKind::Rpo | AgeKind::Ack)).then(|| self.now.since(self.entry.at))
    }
}

impl EntryRow<'_> {
    fn event_text(&self, spoken: &Spoken<'_>, key: Key, matches: Matches<'_>) -> bool {
        // An event after the first of an alert says no more than its number.
        let alert = spoken.alert.and_then(|alert| self.fleet.alerts.alerts.get(&alert));
        let job = spoken.job.and_then(|job| self.fleet.backups.jobs.get(&job)).map(|job| &job.description);
        let host = spoken.host.or_else(|| alert.and_then(|alert| alert.host)).or_else(|| job.and_then(|job| job.host));
        let host = host.and_then(|host| self.fleet.hosts.hosts.get(&host));
        let client = spoken.client.or(alert.map(|alert| &alert.client)).or(host.map(|host| &host.client));
        match key {
            Key::Client => client.is_some_and(|client| client_texts(self.fleet, client, matches)),
            Key::Site => {
                let site = spoken.site.or(alert.and_then(|alert| alert.site.as_ref())).or(host.map(|host| &host.site));
                client.zip(site).is_some_and(|(client, site)| site_texts(self.fleet, client, site, matches))
            }
            Key::Host | Key::Class | Key::Tag | Key::Agent => host.is_some_and(|host| host_texts(host, key, matches)),
            Key::Check => {
                let check = alert.and_then(|alert| alert.subject.check()).map(|check| check.as_str());
                spoken.check.or(check).is_some_and(matches)
            }
            Key::Id => {
                let number = spoken.alert.map(|alert| alert.0).or(spoken.command.map(|command| command.0));
                let number = number.or(spoken.host.map(|host| host.0));
                number.is_some_and(|number| id_texts(self.fleet_name, number, matches))
                    || spoken.alert.is_some_and(|alert| matches(&spoken_id(alert)))
            }
            Key::State => {
                spoken.state.is_some_and(&mut *matches) || spoken.level.is_some_and(|level| matches(level.word()))
            }
            Key::Owner => spoken.owner.is_some_and(|owner| matches(owner.as_str())),
            Key::Text => {
                spoken.texts.iter().any(|text| matches(text)) || job.is_some_and(|job| matches(job.name.as_str()))
            }
            Key::Lane | Key::Held | Key::Fleet | Key::Sev | Key::Open | Key::Ack | Key::Seen | Key::Rpo => false,
        }
    }
}

fn spoken(event: &Event) -> Spoken<'_> {
    match event {
        Event::Profile(event) => of_profile(event),
        Event::Hosts(event) => of_host(event),
        Event::Checks(event) => of_check(event),
        Event::Alerts(event) => of_alert(event),
        Event::Commands(event) => of_command(event),
        Event::Backups(event) => of_backup(event),
        Event::Notices(event) => of_notice(event),
        Event::Windows(event) => of_window(event),
        Event::OnCall(event) => of_oncall(event),
        Event::Pings(event) => of_ping(event),
        Event::Identity(event) => of_identity(event),
        Event::Unknown => Spoken::default(),
    }
}

fn of_ping(event: &PingEvent) -> Spoken<'_> {
    let texts = vec!["ping", event.ping().as_str()];
    match event {
        PingEvent::Described(description) => {
            Spoken { client: Some(&description.client), site: description.site.as_ref(), texts, ..Spoken::default() }
        }
        PingEvent::Removed { .. } => Spoken { texts, ..Spoken::default() },
        PingEvent::Heard { state, .. } | PingEvent::Judged { state, .. } => {
            Spoken { state: Some(state.word()), texts, ..Spoken::default() }
        }
    }
}

fn of_profile(event: &ProfileEvent) -> Spoken<'_> {
    let texts = match event {
        ProfileEvent::HubStarted { version, .. } => vec![version.as_str(), "started"],
        ProfileEvent::JudgingBegan => vec!["judging"],
        ProfileEvent::ClockJumped { .. } => vec!["clock"],
        ProfileEvent::Refused { who, what, why, .. } => vec!["refused", who.as_str(), what.as_str(), why.as_str()],
        ProfileEvent::ConfigurationApplied { changes, .. } => {
            std::iter::once("configuration").chain(changes.iter().map(SafeText::as_str)).collect()
        }
        ProfileEvent::Renamed { name } => vec![name.as_str()],
    };
    Spoken { texts, ..Spoken::default() }
}

fn of_host(event: &HostEvent) -> Spoken<'_> {
    let spoken = Spoken { host: event.host(), ..Spoken::default() };
    match event {
        HostEvent::ClientDescribed(client) => {
            Spoken { client: Some(&client.id), texts: vec![client.name.as_str()], ..spoken }
        }
        HostEvent::SiteDescribed(site) => {
            Spoken { client: Some(&site.client), site: Some(&site.id), texts: vec![site.name.as_str()], ..spoken }
        }
        HostEvent::Enrolled { name, client, site, .. } => {
            Spoken { client: Some(client), site: Some(site), texts: vec!["enrolled", name.as_str()], ..spoken }
        }
        HostEvent::Described { os, .. } => Spoken { texts: vec![os.os_name.as_str(), os.hostname.as_str()], ..spoken },
        HostEvent::StateChanged { state, reason, .. } => {
            Spoken { state: Some(state.word()), texts: vec![reason], ..spoken }
        }
        HostEvent::Retired { .. } => Spoken { texts: vec!["retired"], ..spoken },
        HostEvent::Archived { .. } => Spoken { texts: vec!["archived"], ..spoken },
        HostEvent::FactsLost { .. } => Spoken { texts: vec!["facts lost"], ..spoken },
    }
}

fn of_check(event: &CheckEvent) -> Spoken<'_> {
    let spoken = Spoken { host: Some(event.host()), ..Spoken::default() };
    match event {
        CheckEvent::Changed { check, state, summary, .. } => {
            Spoken { check: Some(check.as_str()), level: Some(*state), texts: vec![summary.as_str()], ..spoken }
        }
        CheckEvent::Stale { check, stale, .. } => {
            Spoken { check: Some(check.as_str()), state: stale.then_some("stale"), ..spoken }
        }
        CheckEvent::Flapping { check, flapping, .. } => {
            Spoken { check: Some(check.as_str()), state: flapping.then_some("flapping"), ..spoken }
        }
        CheckEvent::Removed { check, .. } => Spoken { check: Some(check.as_str()), texts: vec!["removed"], ..spoken },
        CheckEvent::Asked { check, .. } => {
            Spoken { check: check.as_ref().map(|check| check.as_str()), texts: vec!["asked"], ..spoken }
        }
    }
}

fn of_command(event: &CommandEvent) -> Spoken<'_> {
    let spoken = Spoken { command: Some(event.command()), ..Spoken::default() };
    match event {
        CommandEvent::Asked { command, client, .. } => Spoken {
            client: Some(client),
            owner: Some(&command.by),
            texts: std::iter::once("command").chain(command.argv.exact().iter().map(String::as_str)).collect(),
            ..spoken
        },
        CommandEvent::Changed { state, why, .. } => {
            Spoken { state: Some(state.word()), texts: vec!["command", why.as_str()], ..spoken }
        }
        CommandEvent::Reported { host, report, .. } => Spoken {
            host: Some(*host),
            state: Some(report.state.word()),
            texts: vec!["command", report.why.as_str()],
            ..spoken
        },
        CommandEvent::CancelAsked { by, .. } => Spoken { owner: Some(by), texts: vec!["command", "cancel"], ..spoken },
        CommandEvent::Archived { .. } => Spoken { texts: vec!["command", "archived"], ..spoken },
    }
}

fn of_backup(event: &BackupEvent) -> Spoken<'_> {
    let spoken = Spoken { job: Some(event.job()), ..Spoken::default() };
    match event {
        BackupEvent::Described(job) => Spoken {
            host: job.host,
            client: job.client.as_ref(),
            site: job.site.as_ref(),
            texts: vec!["backup", job.name.as_str(), job.repository.as_str()],
            ..spoken
        },
        BackupEvent::Removed { .. } => Spoken { texts: vec!["backup", "removed"], ..spoken },
        BackupEvent::Read { found, .. } => Spoken { texts: vec!["backup", found.words.as_str()], ..spoken },
        BackupEvent::Judged { state, why, .. } => {
            Spoken { state: Some(state.word()), texts: vec!["backup", why.as_str()], ..spoken }
        }
        BackupEvent::Reviewed { by, .. } => Spoken { texts: vec!["backup", "reviewed", by.as_str()], ..spoken },
        BackupEvent::Asked { .. } => Spoken { texts: vec!["backup", "asked"], ..spoken },
    }
}

fn of_window(event: &WindowEvent) -> Spoken<'_> {
    let texts = match event {
        WindowEvent::Created(window) => {
            return Spoken {
                client: window.client.as_ref(),
                texts: vec!["window", "made", window.name.as_str(), window.by.as_str()],
                ..Spoken::default()
            };
        }
        WindowEvent::Began { .. } => vec!["window", "began"],
        WindowEvent::Looked { .. } => vec!["window", "looked"],
        WindowEvent::Ended { .. } => vec!["window", "ended"],
        WindowEvent::Closed { by, note, .. } => {
            vec!["window", "closed", by.as_str(), note.as_ref().map_or("", SafeText::as_str)]
        }
        WindowEvent::Changed { by, .. } => vec!["window", "changed", by.as_str()],
        WindowEvent::Planned { .. } => vec!["window", "planned"],
        WindowEvent::Archived { .. } => vec!["window", "archived"],
    };
    Spoken { texts, ..Spoken::default() }
}

fn of_notice(event: &NoticeEvent) -> Spoken<'_> {
    let texts = match event {
        NoticeEvent::Queued(notice) => {
            return Spoken {
                client: notice.client.as_ref(),
                texts: vec!["notice", "queued", notice.kind.word(), notice.to.as_str(), notice.note.as_str()],
                ..Spoken::default()
            };
        }
        NoticeEvent::Sent { receipt, .. } => vec!["notice", "sent", receipt.as_str()],
        NoticeEvent::Delivered { receipt, .. } => vec!["notice", "delivered", receipt.as_str()],
        NoticeEvent::FellOver { why, .. } => vec!["notice", "fell over", why.as_str()],
        NoticeEvent::Failed { why, .. } => vec!["notice", "failed", why.as_str()],
        NoticeEvent::Answered { by, how, .. } => vec!["notice", "answered", by.as_str(), how.as_str()],
        NoticeEvent::Archived { .. } => vec!["notice", "archived"],
    };
    Spoken { texts, ..Spoken::default() }
}

fn of_oncall(event: &OnCallEvent) -> Spoken<'_> {
    let (owner, texts) = match event {
        OnCallEvent::PersonDescribed(person) => (None, vec!["person", person.name.as_str(), person.full_name.as_str()]),
        OnCallEvent::PersonRemoved { person } => (None, vec!["person", "removed", person.as_str()]),
        OnCallEvent::PolicyDescribed(policy) => (None, vec!["policy", policy.name.as_str()]),
        OnCallEvent::PolicyRemoved { policy } => (None, vec!["policy", "removed", policy.as_str()]),
        OnCallEvent::DutyChanged(roster) => {
            let named = roster.now.iter().chain(&roster.next).map(SafeText::as_str);
            (None, ["duty", roster.schedule.as_str()].into_iter().chain(named).collect())
        }
        OnCallEvent::ScheduleRemoved { schedule } => (None, vec!["duty", "removed", schedule.as_str()]),
        OnCallEvent::Overridden { schedule, over } => {
            (Some(&over.by), vec!["duty", "override", schedule.as_str(), over.person.as_str(), over.note.as_str()])
        }
        OnCallEvent::OverrideEnded { schedule, .. } => (None, vec!["duty", "override", "ended", schedule.as_str()]),
        OnCallEvent::HandOverOffered { from, to, note } => {
            (Some(from), vec!["handover", from.as_str(), to.as_str(), note.as_str()])
        }
        OnCallEvent::HandOverEnded { from, to, accepted } => {
            let end = if *accepted { "accepted" } else { "ended" };
            (Some(to), vec!["handover", end, from.as_str(), to.as_str()])
        }
    };
    Spoken { owner, texts, ..Spoken::default() }
}

fn of_alert(event: &AlertEvent) -> Spoken<'_> {
    let spoken = Spoken { alert: Some(event.alert()), ..Spoken::default() };
    match event {
        AlertEvent::Opened { client, site, host, subject, level, summary, .. } => Spoken {
            host: *host,
            client: Some(client),
            site: site.as_ref(),
            check: subject.check().map(|check| check.as_str()),
            level: Some(*level),
            state: Some("open"),
            texts: vec!["opened", summary.as_str()],
            ..spoken
        },
        AlertEvent::Reopened { level, summary, .. } => {
            Spoken { level: Some(*level), state: Some("open"), texts: vec!["reopened", summary.as_str()], ..spoken }
        }
        AlertEvent::LevelChanged { level, summary, .. } => {
            Spoken { level: Some(*level), texts: vec![summary.as_str()], ..spoken }
        }
        AlertEvent::Resolved { note, by_hand, .. } => {
            let word = if *by_hand { "closed" } else { "resolved" };
            let texts = std::iter::once(word).chain(note.as_ref().map(SafeText::as_str)).collect();
            Spoken { state: Some("resolved"), texts, ..spoken }
        }
        AlertEvent::Acknowledged { acknowledgement, .. } => Spoken {
            owner: Some(&acknowledgement.by),
            texts: vec!["acknowledged", acknowledgement.by.as_str(), acknowledgement.note.as_str()],
            ..spoken
        },
        AlertEvent::AcknowledgementEnded { why, .. } => Spoken { texts: vec![why], ..spoken },
        AlertEvent::Snoozed { snooze, .. } => Spoken {
            owner: Some(&snooze.by),
            texts: vec!["snoozed", snooze.by.as_str(), snooze.note.as_str()],
            ..spoken
        },
        AlertEvent::SnoozeEnded { .. } => Spoken { texts: vec!["snooze ended"], ..spoken },
        AlertEvent::Escalated { escalation, note, .. } => {
            let texts = ["escalated", escalation.by.as_str()].into_iter().chain(note.as_ref().map(SafeText::as_str));
            Spoken { texts: texts.collect(), ..spoken }
        }
        AlertEvent::Released { by, to, note, .. } => {
            let texts =
                ["released", by.as_str()].into_iter().chain([to, note].into_iter().flatten().map(SafeText::as_str));
            Spoken { texts: texts.collect(), ..spoken }
        }
        AlertEvent::Noted { by, note, .. } => Spoken { texts: vec!["noted", by.as_str(), note.as_str()], ..spoken },
        AlertEvent::Archived { .. } => Spoken { texts: vec!["archived"], ..spoken },
        AlertEvent::Held { hold, .. } => Spoken { texts: vec!["held", hold.word()], ..spoken },
        AlertEvent::HoldEnded { hold, .. } => Spoken { texts: vec!["hold ended", hold.word()], ..spoken },
        AlertEvent::Planned { plan, .. } => {
            Spoken { texts: vec!["planned", plan.policy.as_str(), plan.why.as_str()], ..spoken }
        }
        AlertEvent::Notified { to, plan, .. } => {
            let texts = ["notified", plan.policy.as_str()].into_iter().chain(to.iter().map(SafeText::as_str));
            Spoken { texts: texts.collect(), ..spoken }
        }
        AlertEvent::RecoveryTold { .. } => Spoken { texts: vec!["recovery told"], ..spoken },
        AlertEvent::ReminderSet { reminder, .. } => {
            Spoken { texts: vec!["reminder", reminder.by.as_str(), reminder.text.as_str()], ..spoken }
        }
        AlertEvent::ReminderEnded { by, .. } => Spoken { texts: vec!["reminder ended", by.as_str()], ..spoken },
        AlertEvent::Described { external, .. } => Spoken { texts: external.borrowed().into_iter().collect(), ..spoken },
    }
}

fn of_identity(event: &IdentityEvent) -> Spoken<'_> {
    match event {
        IdentityEvent::TokenCreated(token) => Spoken {
            client: token.client.as_ref(),
            texts: vec!["token", token.role.word(), token.created_by.as_str()],
            ..Spoken::default()
        },
        IdentityEvent::TokenEnded { status, .. } => Spoken { texts: vec!["token", status.word()], ..Spoken::default() },
        IdentityEvent::Recorded(identity) => Spoken {
            host: identity.host,
            client: identity.client.as_ref(),
            texts: vec!["identity", identity.role.word(), identity.name.as_str()],
            ..Spoken::default()
        },
        IdentityEvent::Revoked { .. } => Spoken { texts: vec!["identity revoked"], ..Spoken::default() },
        IdentityEvent::RoleChanged { role, .. } => {
            Spoken { texts: vec!["identity role", role.word()], ..Spoken::default() }
        }
        IdentityEvent::TokenArchived { .. } => Spoken { texts: vec!["token archived"], ..Spoken::default() },
        IdentityEvent::Archived { .. } => Spoken { texts: vec!["identity archived"], ..Spoken::default() },
        IdentityEvent::Renewed { .. } => Spoken { texts: vec!["identity renewed"], ..Spoken::default() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::alerts::{Acknowledgement, Subject as About, Until};
    use crate::fleet::identity::Audience;
    use crate::fleet::state::Actor;
    use crate::fleet::words::filter::Filter;
    use crate::fleet::words::{HostClass, IdentityId, Revision};

    fn entry(revision: u64, by: &str, event: Event) -> Entry {
        Entry {
            revision: Revision(revision),
            at: Timestamp(1_000),
            actor: Actor::rule(by),
            events: vec![(Audience::EVERYONE, event)],
        }
    }

    /// A host of acme enrolled, an alert about its disk opened, and okafor took it.
    fn story() -> Vec<Entry> {
        let host = HostId(3);
        let enrolled = HostEvent::Enrolled {
            host,
            name: "web-1".into(),
            client: "acme".into(),
            site: "hq".into(),
            class: HostClass::Server,
            tags: vec!["db".into()],
            identity: IdentityId(1),
            synthetic: false,
        };
        let opened = AlertEvent::Opened {
            alert: AlertId(12),
            client: "acme".into(),
            site: Some("hq".into()),
            host: Some(host),
            subject: About::Check { host, check: "disk".into() },
            level: CheckState::Critical,
            summary: "root is full".into(),
        };
        let acknowledgement = Acknowledgement {
            by: "okafor".into(),
            at: Timestamp(0),
            until: Until::Worse,
            note: "calling them".into(),
            level: CheckState::Critical,
            expires: None,
            limit: None,
        };
        let taken = AlertEvent::Acknowledged { alert: AlertId(12), acknowledgement };
        vec![
            entry(1, "start", Event::Profile(ProfileEvent::JudgingBegan)),
            entry(2, "enrol", Event::Hosts(enrolled)),
            entry(3, "alerting", Event::Alerts(opened)),
            entry(4, "okafor", Event::Alerts(taken)),
        ]
    }

    fn matching(filter: &str) -> Vec<u64> {
        let story = story();
        let mut fleet = Fleet::default();
        story.iter().for_each(|entry| drop(fleet.apply(entry)));
        let filter = Filter::parse(filter).unwrap();
        let row = |entry| EntryRow { fleet: &fleet, fleet_name: "main", entry, now: Timestamp(61_000) };
        story.iter().filter(|entry| filter.matches(&row(*entry))).map(|entry| entry.revision.0).collect()
    }

    #[test]
    fn an_entry_is_found_by_what_its_events_speak_of() {
        for (filter, revisions) in [
            ("", vec![1, 2, 3, 4]),
            ("client:acme", vec![2, 3, 4]),
            ("host:web-1 check:disk", vec![3, 4]),
            ("tag:db not:check:disk", vec![2]),
            ("id:12", vec![3, 4]),
            ("sev:critical", vec![3]),
            ("state:open", vec![3]),
            ("owner:okafor", vec![4]),
            ("calling", vec![4]),
            ("okafor", vec![4]),
            ("seen:2m+", vec![]),
            ("fleet:main enrolled", vec![2]),
        ] {
            assert_eq!(matching(filter), revisions, "{filter}");
        }
    }
}
