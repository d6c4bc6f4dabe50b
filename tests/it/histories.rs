//! Histories as a hub would decide them: any events, made to refer to what is there, with the audiences of the rules.

use proptest::collection::vec;
use proptest::prelude::*;

use watchfloor::fleet::alerts::{self, Hold, Subject};
use watchfloor::fleet::commands::{Asked, Command};
use watchfloor::fleet::identity::{self, Audience};
use watchfloor::fleet::rules::backups::audience;
use watchfloor::fleet::state::{Actor, Entry, Event, Fleet};
use watchfloor::fleet::words::{
    AlertId, CommandId, HostId, IdentityId, JobId, NoticeId, Revision, Timestamp, TokenId, WindowId,
};
use watchfloor::fleet::{backups, checks, commands, hosts, notices, oncall, pings, profile, windows};

use crate::strategies;

/// Entries that follow each other from revision 1.
pub fn history() -> impl Strategy<Value = Vec<Entry>> {
    let entry = (0..100_000_i64, strategies::actor(), vec((strategies::event(), any::<prop::sample::Index>()), 1..5));
    vec(entry, 1..40).prop_map(|drafts| {
        let mut writer = Writer::default();
        drafts.into_iter().filter_map(|(at, actor, events)| writer.entry(at, actor, events)).collect()
    })
}

/// The fleet after these entries.
pub fn replay<'e>(entries: impl IntoIterator<Item = &'e Entry>) -> Fleet {
    let mut fleet = Fleet::default();
    for entry in entries {
        fleet.apply(entry);
    }
    fleet
}

/// The state after each event and the counters of a hub.
#[derive(Default)]
struct Writer {
    fleet: Fleet,
    hosts: u64,
    alerts: u64,
    identities: u64,
    tokens: u64,
    commands: u64,
    jobs: u64,
    notices: u64,
    windows: u64,
}

impl Writer {
    fn entry(&mut self, at: i64, actor: Actor, drafts: Vec<(Event, prop::sample::Index)>) -> Option<Entry> {
        let mut entry = Entry { revision: self.fleet.revision.next(), at: Timestamp(at), actor, events: Vec::new() };
        for (event, which) in drafts {
            let Some((audience, event)) = self.fitted(event, which) else { continue };
            let one = Entry { events: vec![(audience.clone(), event.clone())], ..entry.clone() };
            self.fleet.apply(&one);
            entry.events.push((audience, event));
        }
        if entry.events.is_empty() {
            return None;
        }
        self.fleet.revision = entry.revision;
        Some(entry)
    }

    /// The event about something that is there, and who may see it; `None` when there is nothing it could be about.
    fn fitted(&mut self, event: Event, which: prop::sample::Index) -> Option<(Audience, Event)> {
        Some(match event {
            Event::Profile(event) => {
                let refused = matches!(event, profile::Event::Refused { .. });
                (if refused { Audience::ADMINS } else { Audience::EVERYONE }, Event::Profile(event))
            }
            Event::Hosts(event) => self.host_event(event, which)?,
            Event::Checks(mut event) => {
                let at = self.a_host(which)?;
                match &mut event {
                    checks::Event::Changed { host, .. }
                    | checks::Event::Stale { host, .. }
                    | checks::Event::Removed { host, .. }
                    | checks::Event::Flapping { host, .. }
                    | checks::Event::Asked { host, .. } => *host = at,
                }
                (self.fleet.audience_of_host(at), Event::Checks(event))
            }
            Event::Alerts(event) => self.alert_event(event, which)?,
            Event::Commands(event) => self.command_event(event, which)?,
            Event::Backups(event) => self.backup_event(event, which)?,
            Event::Notices(event) => self.notice_event(event, which)?,
            Event::Windows(event) => self.window_event(event, which)?,
            Event::OnCall(event) => (Audience::EVERYONE, Event::OnCall(self.oncall_event(event, which))),
            Event::Pings(event) => self.ping_event(event)?,
            Event::Identity(event) => (Audience::ADMINS, Event::Identity(self.identity_event(event, which)?)),
            Event::Unknown => (Audience::EVERYONE, Event::Unknown),
        })
    }

    fn host_event(&mut self, mut event: hosts::Event, which: prop::sample::Index) -> Option<(Audience, Event)> {
        let audience = match &mut event {
            hosts::Event::ClientDescribed(client) => Audience::of_client(client.id.clone()),
            hosts::Event::SiteDescribed(site) => Audience::of_client(site.client.clone()),
            hosts::Event::Enrolled { host, client, .. } => {
                self.hosts += 1;
                *host = HostId(self.hosts);
                Audience::of_client(client.clone())
            }
            hosts::Event::Archived { host } => {
                // Only what was retired is, and that has no checks any more.
                *host = self.a_host(which).filter(|host| self.fleet.checks.count(*host) == 0)?;
                self.fleet.audience_of_host(*host)
            }
            hosts::Event::Described { host, .. }
            | hosts::Event::StateChanged { host, .. }
            | hosts::Event::Retired { host }
            | hosts::Event::FactsLost { host, .. } => {
                *host = self.a_host(which)?;
                self.fleet.audience_of_host(*host)
            }
        };
        Some((audience, Event::Hosts(event)))
    }

    fn alert_event(&mut self, mut event: alerts::Event, which: prop::sample::Index) -> Option<(Audience, Event)> {
        if let alerts::Event::Opened { alert, client, host, site, subject, .. } = &mut event {
            if let Subject::Check { host: about, .. } | Subject::Host(about) = subject {
                let there = self.fleet.hosts.hosts.get(&self.a_host(which)?)?;
                *about = there.id;
                (*client, *host, *site) = (there.client.clone(), Some(there.id), Some(there.site.clone()));
            }
            if self.fleet.alerts.about(client, subject).is_some_and(|alert| alert.is_open()) {
                return None;
            }
            self.alerts += 1;
            *alert = AlertId(self.alerts);
            return Some((Audience::of_client(client.clone()), Event::Alerts(event)));
        }
        let there = self.fleet.alerts.alerts.values();
        let there = there.clone().nth(which.index(there.len().max(1)))?;
        match &mut event {
            alerts::Event::Opened { alert, .. }
            | alerts::Event::Reopened { alert, .. }
            | alerts::Event::LevelChanged { alert, .. }
            | alerts::Event::Resolved { alert, .. }
            | alerts::Event::Acknowledged { alert, .. }
            | alerts::Event::AcknowledgementEnded { alert, .. }
            | alerts::Event::Snoozed { alert, .. }
            | alerts::Event::SnoozeEnded { alert }
            | alerts::Event::Escalated { alert, .. }
            | alerts::Event::Released { alert, .. }
            | alerts::Event::Noted { alert, .. }
            | alerts::Event::Held { alert, .. }
            | alerts::Event::HoldEnded { alert, .. }
            | alerts::Event::Planned { alert, .. }
            | alerts::Event::Notified { alert, .. }
            | alerts::Event::RecoveryTold { alert, .. }
            | alerts::Event::ReminderSet { alert, .. }
            | alerts::Event::ReminderEnded { alert, .. }
            | alerts::Event::Archived { alert }
            | alerts::Event::Described { alert, .. } => *alert = there.id,
        }
        // What holds it back is a window that is there, if any is.
        if let alerts::Event::Held { hold: Hold::Maintenance(window), .. } = &mut event
            && let Some(known) = self.a_window(which)
        {
            *window = known;
        }
        Some((Audience::of_client(there.client.clone()), Event::Alerts(event)))
    }

    /// About hosts of one client, who may see it.
    fn command_event(&mut self, mut event: commands::Event, which: prop::sample::Index) -> Option<(Audience, Event)> {
        if let commands::Event::Asked { command, client, hosts } = &mut event {
            *client = self.fleet.hosts.hosts.get(&self.a_host(which)?)?.client.clone();
            let known = self.fleet.commands.all().nth_back(0).filter(|_| which.index(3) == 0);
            match known {
                // A further client of the newest command.
                Some(newest) => *command = bare(newest),
                None => {
                    self.commands += 1;
                    command.id = CommandId(self.commands);
                }
            }
            let of_client = self.fleet.hosts.hosts.values().filter(|host| host.client == *client);
            *hosts = of_client.map(|host| host.id).collect();
            return Some((Audience::of_client(client.clone()), Event::Commands(event)));
        }
        let known = self.fleet.commands.all().nth(which.index(self.fleet.commands.len().max(1)))?;
        let (_, outcome) = known.outcomes().nth(which.index(known.targets().max(1)))?;
        let client = outcome.client.clone();
        let of_client = known.outcomes().filter(|(_, outcome)| outcome.client == client);
        let mut of_client: Vec<HostId> = of_client.map(|(host, _)| host).collect();
        match &mut event {
            commands::Event::Asked { .. } => {}
            commands::Event::Changed { command, hosts, .. } | commands::Event::CancelAsked { command, hosts, .. } => {
                of_client.truncate(1 + which.index(of_client.len().max(1)));
                (*command, *hosts) = (known.id, of_client);
            }
            commands::Event::Reported { command, host, .. } => (*command, *host) = (known.id, of_client[0]),
            // Told to all at once here, since those who don't see it don't mind.
            commands::Event::Archived { command } => {
                *command = known.id;
                return Some((Audience::EVERYONE, Event::Commands(event)));
            }
        }
        Some((Audience::of_client(client), Event::Commands(event)))
    }

    /// A job keeps its client as long as it keeps its number, and no two have one name.
    fn backup_event(&mut self, mut event: backups::Event, which: prop::sample::Index) -> Option<(Audience, Event)> {
        let jobs = &self.fleet.backups.jobs;
        let known = jobs.values().nth(which.index(jobs.len().max(1))).cloned();
        if let backups::Event::Described(described) = &mut event {
            match known.filter(|_| which.index(2) == 0) {
                Some(job) => {
                    described.id = job.id();
                    described.name = job.description.name.clone();
                    described.client = job.description.client.clone();
                }
                None if self.fleet.backups.named(&described.name).is_some() => return None,
                None => {
                    self.jobs += 1;
                    described.id = JobId(self.jobs);
                }
            }
            let audience = Audience::of(described.client.as_ref());
            return Some((audience, Event::Backups(event)));
        }
        let known = known?;
        match &mut event {
            backups::Event::Described(_) => {}
            backups::Event::Removed { job }
            | backups::Event::Read { job, .. }
            | backups::Event::Judged { job, .. }
            | backups::Event::Reviewed { job, .. }
            | backups::Event::Asked { job } => *job = known.id(),
        }
        Some((audience(&known), Event::Backups(event)))
    }

    /// A window keeps its client, and is made with nothing in its ledger.
    fn window_event(&mut self, mut event: windows::Event, which: prop::sample::Index) -> Option<(Audience, Event)> {
        let audience = |window: &windows::Window| window.client.clone().map_or(Audience::EVERYONE, Audience::of_client);
        if let windows::Event::Created(window) = &mut event {
            self.windows += 1;
            window.id = WindowId(self.windows);
            window.ledger.clear();
            return Some((audience(window), Event::Windows(event)));
        }
        let known = self.a_window(which)?;
        let audience = audience(self.fleet.windows.get(known)?);
        match &mut event {
            windows::Event::Created(_) => {}
            windows::Event::Began { window, .. }
            | windows::Event::Looked { window, .. }
            | windows::Event::Ended { window, .. }
            | windows::Event::Closed { window, .. }
            | windows::Event::Changed { window, .. }
            | windows::Event::Planned { window, .. }
            | windows::Event::Archived { window } => *window = known,
        }
        Some((audience, Event::Windows(event)))
    }

    fn a_window(&self, which: prop::sample::Index) -> Option<WindowId> {
        let windows = self.fleet.windows.by_number();
        windows.keys().nth(which.index(windows.len().max(1))).copied()
    }

    /// A notice keeps its client.
    fn notice_event(&mut self, mut event: notices::Event, which: prop::sample::Index) -> Option<(Audience, Event)> {
        if let notices::Event::Queued(notice) = &mut event {
            self.notices += 1;
            notice.id = NoticeId(self.notices);
            let audience = Audience::of(notice.client.as_ref());
            return Some((audience, Event::Notices(event)));
        }
        let notices = &self.fleet.notices.notices;
        let known = notices.values().nth(which.index(notices.len().max(1)))?;
        let audience = Audience::of(known.client.as_ref());
        match &mut event {
            notices::Event::Queued(_) => {}
            notices::Event::Sent { notice, .. }
            | notices::Event::Delivered { notice, .. }
            | notices::Event::FellOver { notice, .. }
            | notices::Event::Failed { notice, .. }
            | notices::Event::Answered { notice, .. }
            | notices::Event::Archived { notice } => *notice = known.id,
        }
        Some((audience, Event::Notices(event)))
    }

    /// About somebody, or a schedule, that is there, where there is any.
    fn oncall_event(&self, mut event: oncall::Event, which: prop::sample::Index) -> oncall::Event {
        let oncall = &self.fleet.oncall;
        let person = oncall.people.keys().nth(which.index(oncall.people.len().max(1)));
        let schedule = oncall.duties.keys().nth(which.index(oncall.duties.len().max(1)));
        match &mut event {
            oncall::Event::PersonRemoved { person: name }
            | oncall::Event::HandOverOffered { from: name, .. }
            | oncall::Event::HandOverEnded { from: name, .. } => {
                if let Some(person) = person {
                    name.clone_from(person);
                }
            }
            oncall::Event::ScheduleRemoved { schedule: name }
            | oncall::Event::Overridden { schedule: name, .. }
            | oncall::Event::OverrideEnded { schedule: name, .. } => {
                if let Some(schedule) = schedule {
                    name.clone_from(schedule);
                }
            }
            _ => {}
        }
        event
    }

    /// One that there is stays its client's.
    fn ping_event(&self, mut event: pings::Event) -> Option<(Audience, Event)> {
        let known = self.fleet.pings.pings.get(event.ping()).map(|known| known.description.client.clone());
        let client = match &mut event {
            pings::Event::Described(description) => {
                description.client = known.unwrap_or_else(|| description.client.clone());
                description.client.clone()
            }
            _ => known?,
        };
        Some((Audience::of_client(client), Event::Pings(event)))
    }

    fn identity_event(&mut self, mut event: identity::Event, which: prop::sample::Index) -> Option<identity::Event> {
        let one_of = |count: u64| (count > 0).then(|| 1 + which.index(usize::try_from(count).unwrap_or(1)) as u64);
        match &mut event {
            identity::Event::TokenCreated(token) => {
                self.tokens += 1;
                token.id = TokenId(self.tokens);
            }
            identity::Event::TokenEnded { token, .. } | identity::Event::TokenArchived { token } => {
                *token = TokenId(one_of(self.tokens)?);
            }
            identity::Event::Recorded(identity) => {
                self.identities += 1;
                identity.id = IdentityId(self.identities);
            }
            identity::Event::Revoked { identity }
            | identity::Event::Archived { identity }
            | identity::Event::RoleChanged { identity, .. }
            | identity::Event::Renewed { identity, .. } => *identity = IdentityId(one_of(self.identities)?),
        }
        Some(event)
    }

    fn a_host(&self, which: prop::sample::Index) -> Option<HostId> {
        let drawn = (self.hosts > 0).then(|| HostId(1 + which.index(usize::try_from(self.hosts).unwrap_or(1)) as u64));
        drawn.filter(|host| self.fleet.hosts.hosts.contains_key(host))
    }
}

/// A command as an event tells it.
fn bare(command: &Command) -> Command {
    let Command { id, key, argv, shell, by, asked_at, window, timeout, .. } = command.clone();
    Command::new(id, Asked { key, argv, shell, by, asked_at, window, timeout })
}

/// The revision of the newest entry.
pub fn head(entries: &[Entry]) -> Revision {
    entries.last().map_or(Revision(0), |entry| entry.revision)
}
