//! What a filter can be asked about: alerts, hosts and checks as they stand in a fleet.

use std::time::Duration;

use crate::fleet::alerts::Alert;
use crate::fleet::backups::Job;
use crate::fleet::checks::CheckStatus;
use crate::fleet::commands::{Command, OutcomeState};
use crate::fleet::hosts::Host;
use crate::fleet::state::Fleet;
use crate::fleet::windows::Window;
use crate::fleet::words::filter::{AgeKind, Key, Subject};
use crate::fleet::words::spoken_id::spoken_id;
use crate::fleet::words::{ClientId, SiteId, Timestamp};

/// An alert in its fleet.
#[derive(Clone, Copy, Debug)]
pub struct AlertRow<'a> {
    /// The fleet.
    pub fleet: &'a Fleet,
    /// The fleet's local name.
    pub fleet_name: &'a str,
    /// The alert.
    pub alert: &'a Alert,
    /// When its host was last heard from.
    pub last_seen: Option<Timestamp>,
    /// The hub's time.
    pub now: Timestamp,
}

/// A host in its fleet.
#[derive(Clone, Copy, Debug)]
pub struct HostRow<'a> {
    /// The fleet.
    pub fleet: &'a Fleet,
    /// The fleet's local name.
    pub fleet_name: &'a str,
    /// The host.
    pub host: &'a Host,
    /// When it was last heard from.
    pub last_seen: Option<Timestamp>,
    /// The hub's time.
    pub now: Timestamp,
}

/// A check in its fleet.
#[derive(Clone, Copy, Debug)]
pub struct CheckRow<'a> {
    /// The fleet.
    pub fleet: &'a Fleet,
    /// The fleet's local name.
    pub fleet_name: &'a str,
    /// The check.
    pub check: &'a CheckStatus,
    /// When its last result came.
    pub last_seen: Option<Timestamp>,
    /// The hub's time.
    pub now: Timestamp,
}

/// A command in its fleet.
#[derive(Clone, Copy, Debug)]
pub struct CommandRow<'a> {
    /// The fleet.
    pub fleet: &'a Fleet,
    /// The fleet's local name.
    pub fleet_name: &'a str,
    /// The command, as far as who asks may see it.
    pub command: &'a Command,
    /// The hub's time.
    pub now: Timestamp,
}

/// A backup job in its fleet.
#[derive(Clone, Copy, Debug)]
pub struct BackupRow<'a> {
    /// The fleet.
    pub fleet: &'a Fleet,
    /// The fleet's local name.
    pub fleet_name: &'a str,
    /// The job.
    pub job: &'a Job,
    /// When its repository was read last.
    pub last_read: Option<Timestamp>,
    /// The hub's time.
    pub now: Timestamp,
}

/// A maintenance window in its fleet.
#[derive(Clone, Copy, Debug)]
pub struct WindowRow<'a> {
    /// The fleet.
    pub fleet: &'a Fleet,
    /// The fleet's local name.
    pub fleet_name: &'a str,
    /// The window.
    pub window: &'a Window,
    /// The hub's time.
    pub now: Timestamp,
}

type Matches<'m> = &'m mut dyn FnMut(&str) -> bool;

impl Subject for AlertRow<'_> {
    fn any_text(&self, key: Key, matches: Matches<'_>) -> bool {
        let alert = self.alert;
        let host = alert.host.and_then(|id| self.fleet.hosts.hosts.get(&id));
        match key {
            Key::Client => client_texts(self.fleet, &alert.client, matches),
            Key::Site => alert.site.as_ref().is_some_and(|site| site_texts(self.fleet, &alert.client, site, matches)),
            Key::Host | Key::Class | Key::Tag | Key::Agent => host.is_some_and(|host| host_texts(host, key, matches)),
            Key::Lane => alert.is_open() && matches(alert.lane().word()),
            Key::State => matches(if alert.is_open() { "open" } else { "resolved" }) || matches(alert.level.word()),
            Key::Check => alert.subject.check().is_some_and(|check| matches(check.as_str())),
            Key::Id => id_texts(self.fleet_name, alert.id.0, matches) || matches(&spoken_id(alert.id)),
            Key::Owner => alert.owner().is_some_and(|owner| matches(owner.as_str())),
            Key::Held => alert.is_open() && alert.suppressions().any(|why| matches(why.word())),
            Key::Fleet => matches(self.fleet_name),
            Key::Text => {
                matches(alert.summary.as_str())
                    || alert.last_note.as_ref().is_some_and(|note| matches(note.as_str()))
                    || matches(alert.subject.kind())
            }
            Key::Sev | Key::Open | Key::Ack | Key::Seen | Key::Rpo => false,
        }
    }

    fn severity_rank(&self) -> Option<u8> {
        Some(self.alert.level.gravity())
    }

    fn age(&self, kind: AgeKind) -> Option<Duration> {
        match kind {
            AgeKind::Open => Some(self.now.since(self.alert.opened_at)),
            AgeKind::Ack => self.alert.acknowledgement.as_ref().map(|held| self.now.since(held.at)),
            AgeKind::Seen => self.alert.host.map(|_| age_of(self.last_seen, self.now)),
            AgeKind::Rpo => None,
        }
    }
}

impl Subject for HostRow<'_> {
    fn any_text(&self, key: Key, matches: Matches<'_>) -> bool {
        match key {
            Key::Client => client_texts(self.fleet, &self.host.client, matches),
            Key::Site => site_texts(self.fleet, &self.host.client, &self.host.site, matches),
            Key::Host | Key::Class | Key::Tag | Key::Agent => host_texts(self.host, key, matches),
            Key::State => matches(self.host.state.word()),
            Key::Id => id_texts(self.fleet_name, self.host.id.0, matches),
            Key::Check => self.fleet.checks.of_host(self.host.id).any(|check| matches(check.check.as_str())),
            Key::Fleet => matches(self.fleet_name),
            Key::Text => {
                matches(&self.host.state_reason) || self.host.os.as_ref().is_some_and(|os| matches(os.os_name.as_str()))
            }
            Key::Lane | Key::Owner | Key::Held | Key::Sev | Key::Open | Key::Ack | Key::Seen | Key::Rpo => false,
        }
    }

    /// The worst of its checks.
    fn severity_rank(&self) -> Option<u8> {
        self.fleet.checks.of_host(self.host.id).map(|check| check.state.gravity()).max()
    }

    /// By backup, that of the job whose backup is the oldest.
    fn age(&self, kind: AgeKind) -> Option<Duration> {
        match kind {
            AgeKind::Seen => Some(age_of(self.last_seen, self.now)),
            AgeKind::Rpo => {
                let jobs = self.fleet.backups.of_host(self.host.id);
                jobs.map(|job| job.age(self.now).unwrap_or(Duration::MAX)).max()
            }
            AgeKind::Open | AgeKind::Ack => None,
        }
    }

    fn any_word(&self, matches: Matches<'_>) -> bool {
        // Check names are asked for with check: only; a bare word looks at what the row shows.
        [Key::Host, Key::Client, Key::Site, Key::Class, Key::Tag, Key::State, Key::Text, Key::Id]
            .into_iter()
            .any(|key| self.any_text(key, matches))
    }
}

impl Subject for CheckRow<'_> {
    fn any_text(&self, key: Key, matches: Matches<'_>) -> bool {
        let host = self.fleet.hosts.hosts.get(&self.check.host);
        match key {
            Key::Client => host.is_some_and(|host| client_texts(self.fleet, &host.client, matches)),
            Key::Site => host.is_some_and(|host| site_texts(self.fleet, &host.client, &host.site, matches)),
            Key::Host | Key::Class | Key::Tag | Key::Agent => host.is_some_and(|host| host_texts(host, key, matches)),
            Key::State => matches(self.check.state.word()) || (self.check.stale && matches("stale")),
            Key::Check => matches(self.check.check.as_str()),
            Key::Fleet => matches(self.fleet_name),
            Key::Text => matches(self.check.summary.as_str()),
            Key::Id | Key::Lane | Key::Owner | Key::Held | Key::Sev | Key::Open | Key::Ack | Key::Seen | Key::Rpo => {
                false
            }
        }
    }

    fn severity_rank(&self) -> Option<u8> {
        Some(self.check.state.gravity())
    }

    fn age(&self, kind: AgeKind) -> Option<Duration> {
        (kind == AgeKind::Seen).then(|| age_of(self.last_seen, self.now))
    }
}

impl Subject for CommandRow<'_> {
    /// Of its hosts it says what any of them says.
    fn any_text(&self, key: Key, matches: Matches<'_>) -> bool {
        let command = self.command;
        let mut hosts = command.outcomes().filter_map(|(host, _)| self.fleet.hosts.hosts.get(&host));
        match key {
            Key::Client => hosts.any(|host| client_texts(self.fleet, &host.client, matches)),
            Key::Site => hosts.any(|host| site_texts(self.fleet, &host.client, &host.site, matches)),
            Key::Host | Key::Class | Key::Tag | Key::Agent => hosts.any(|host| host_texts(host, key, matches)),
            Key::State => {
                let stands = |state: OutcomeState| command.tally().count(state) > 0;
                matches(command.state().word())
                    || OutcomeState::ALL.into_iter().any(|state| stands(state) && matches(state.word()))
            }
            Key::Id => id_texts(self.fleet_name, command.id.0, matches),
            Key::Owner => matches(command.by.as_str()),
            Key::Fleet => matches(self.fleet_name),
            Key::Text => matches(command.argv.shown().as_str()),
            Key::Check | Key::Lane | Key::Held | Key::Sev | Key::Open | Key::Ack | Key::Seen | Key::Rpo => false,
        }
    }

    fn severity_rank(&self) -> Option<u8> {
        None
    }

    fn age(&self, kind: AgeKind) -> Option<Duration> {
        (kind == AgeKind::Open).then(|| self.now.since(self.command.asked_at))
    }

    fn any_word(&self, matches: Matches<'_>) -> bool {
        // Hosts are asked for with host: only; a bare word looks at what the row shows.
        [Key::Text, Key::Owner, Key::State, Key::Id].into_iter().any(|key| self.any_text(key, matches))
    }
}

impl Subject for BackupRow<'_> {
    fn any_text(&self, key: Key, matches: Matches<'_>) -> bool {
        let description = &self.job.description;
        let host = description.host.and_then(|id| self.fleet.hosts.hosts.get(&id));
        match key {
            Key::Client => description.client.as_ref().is_some_and(|client| client_texts(self.fleet, client, matches)),
            Key::Site => {
                let place = description.client.as_ref().zip(description.site.as_ref());
                place.is_some_and(|(client, site)| site_texts(self.fleet, client, site, matches))
            }
            Key::Host => matches(description.host_name.as_str()),
            Key::Class | Key::Tag | Key::Agent => host.is_some_and(|host| host_texts(host, key, matches)),
            Key::State => matches(self.job.state.word()),
            Key::Id => id_texts(self.fleet_name, self.job.id().0, matches),
            Key::Fleet => matches(self.fleet_name),
            Key::Text => {
                matches(description.name.as_str())
                    || matches(description.repository.as_str())
                    || matches(description.tool.word())
                    || matches(self.job.why.as_str())
            }
            Key::Check
            | Key::Lane
            | Key::Owner
            | Key::Held
            | Key::Sev
            | Key::Open
            | Key::Ack
            | Key::Seen
            | Key::Rpo => false,
        }
    }

    fn severity_rank(&self) -> Option<u8> {
        Some(self.job.state.gravity())
    }

    /// What can't be restored is older than any age.
    fn age(&self, kind: AgeKind) -> Option<Duration> {
        match kind {
            AgeKind::Rpo => Some(self.job.age(self.now).unwrap_or(Duration::MAX)),
            AgeKind::Seen => Some(age_of(self.last_read, self.now)),
            AgeKind::Open | AgeKind::Ack => None,
        }
    }
}

impl Subject for WindowRow<'_> {
    fn any_text(&self, key: Key, matches: Matches<'_>) -> bool {
        let window = self.window;
        match key {
            Key::Client => window.client.as_ref().is_some_and(|client| client_texts(self.fleet, client, matches)),
            Key::State => matches(window.state().word()),
            Key::Id => id_texts(self.fleet_name, window.id.0, matches),
            Key::Owner => matches(window.by.as_str()),
            Key::Fleet => matches(self.fleet_name),
            Key::Text => matches(window.name.as_str()) || matches(&window.scope.to_string()),
            _ => false,
        }
    }

    /// Since it was made.
    fn age(&self, kind: AgeKind) -> Option<Duration> {
        (kind == AgeKind::Open).then(|| self.now.since(self.window.created_at))
    }
}

pub(super) fn client_texts(fleet: &Fleet, client: &ClientId, matches: Matches<'_>) -> bool {
    matches(client.as_str())
        || fleet
            .hosts
            .clients
            .get(client)
            .is_some_and(|known| known.name.as_str() != client.as_str() && matches(known.name.as_str()))
}

pub(super) fn site_texts(fleet: &Fleet, client: &ClientId, site: &SiteId, matches: Matches<'_>) -> bool {
    if matches(site.as_str()) {
        return true;
    }
    let known = fleet.hosts.sites.get(&(client.clone(), site.clone()));
    known.is_some_and(|known| known.name.as_str() != site.as_str() && matches(known.name.as_str()))
}

pub(super) fn host_texts(host: &Host, key: Key, matches: Matches<'_>) -> bool {
    match key {
        Key::Host => matches(host.name.as_str()),
        Key::Class => matches(host.class.word()),
        Key::Tag => host.tags.iter().any(|tag| matches(tag)),
        Key::Agent => host.os.as_ref().is_some_and(|os| matches(os.agent_version.as_str())),
        _ => false,
    }
}

pub(super) fn id_texts(fleet_name: &str, number: u64, matches: Matches<'_>) -> bool {
    matches(&number.to_string()) || matches(&format!("{fleet_name}/{number}"))
}

fn age_of(last_seen: Option<Timestamp>, now: Timestamp) -> Duration {
    last_seen.map_or(Duration::MAX, |seen| now.since(seen))
}
