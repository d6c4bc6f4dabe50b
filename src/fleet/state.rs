//! The fleet and how an entry changes it.
//!
//! [`apply`](Fleet::apply) stores what the events say and derives nothing: every consequence is an event, so that hub,
//! replicas and a replay of the journal hold the same state.

use crate::fleet::alerts::{self, Alerts, Hold};
use crate::fleet::backups::{self, Backups};
use crate::fleet::checks::{self, Checks};
use crate::fleet::commands::{self, Commands};
use crate::fleet::hosts::{self, Hosts};
use crate::fleet::identity::{self, Audience, Registry, Role};
use crate::fleet::notices::{self, Notices};
use crate::fleet::oncall::{self, OnCall};
use crate::fleet::pings::{self, Pings};
use crate::fleet::profile::{self, Profile};
use crate::fleet::windows::{self, Windows};
use crate::fleet::words::{
    AlertId, CheckName, ClientId, CommandId, HostId, IdentityId, JobId, NoticeId, PingName, Revision, SafeText, SiteId,
    Timestamp, TokenId, WindowId,
};

/// All that a hub watches, at one revision.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fleet {
    /// The revision of the last entry applied.
    pub revision: Revision,
    /// The fleet itself.
    pub profile: Profile,
    /// Clients, sites, hosts.
    pub hosts: Hosts,
    /// The states of all checks.
    pub checks: Checks,
    /// Alerts.
    pub alerts: Alerts,
    /// Commands with their outcomes.
    pub commands: Commands,
    /// Backup jobs.
    pub backups: Backups,
    /// What was said to whom.
    pub notices: Notices,
    /// Maintenance windows and silences.
    pub windows: Windows,
    /// Who is told of alerts: people, duty, policies.
    pub oncall: OnCall,
    /// Jobs that ping.
    pub pings: Pings,
    /// Identities and tokens.
    pub registry: Registry,
}

/// One fact of a decision.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// About the fleet itself.
    Profile(profile::Event),
    /// About clients, sites and hosts.
    Hosts(hosts::Event),
    /// About checks.
    Checks(checks::Event),
    /// About alerts.
    Alerts(alerts::Event),
    /// About commands.
    Commands(commands::Event),
    /// About backup jobs.
    Backups(backups::Event),
    /// About notices.
    Notices(notices::Event),
    /// About maintenance windows and silences.
    Windows(windows::Event),
    /// About people, who is on duty, and policies.
    OnCall(oncall::Event),
    /// About jobs that ping.
    Pings(pings::Event),
    /// About identities and tokens.
    Identity(identity::Event),
    /// Of a kind this program does not know: the hub is newer, the view is partial.
    Unknown,
}

/// Who caused an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// An identity of the registry.
    Identity(IdentityId),
    /// The operating-system user on the hub's socket.
    Local,
    /// A rule of the hub.
    Rule,
    /// A host, speaking of itself.
    Host(HostId),
    /// The receiver of a notice, by an answer bound to it.
    Receiver(NoticeId),
}

/// Who caused an entry, with the name people know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// Who.
    pub cause: Cause,
    /// The name people know: of the identity, `local:NAME`, of the rule, of the host.
    pub name: SafeText,
}

/// One decision: applied whole.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Its place in the journal.
    pub revision: Revision,
    /// The hub's wall time.
    pub at: Timestamp,
    /// Who caused it.
    pub actor: Actor,
    /// What it says, each with who may see it.
    pub events: Vec<(Audience, Event)>,
}

/// The name of one entity: what an entry touched, one row of the disk form each.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EntityKey {
    /// The fleet itself.
    Profile,
    /// A client.
    Client(ClientId),
    /// A site.
    Site(ClientId, SiteId),
    /// A host.
    Host(HostId),
    /// A check of a host.
    Check(HostId, CheckName),
    /// An alert.
    Alert(AlertId),
    /// An identity.
    Identity(IdentityId),
    /// A token.
    Token(TokenId),
    /// A command, without its outcomes.
    Command(CommandId),
    /// How a command stands on a host.
    Outcome(CommandId, HostId),
    /// A backup job.
    Backup(JobId),
    /// A notice.
    Notice(NoticeId),
    /// A maintenance window or silence.
    Window(WindowId),
    /// A person who can be told.
    Person(SafeText),
    /// Who is on duty by a schedule.
    Duty(SafeText),
    /// An escalation policy.
    Policy(SafeText),
    /// A job that pings.
    Ping(PingName),
}

/// What an entry touched, in the order of its events; an entity may stand in it twice.
pub type Touched = Vec<EntityKey>;

impl Actor {
    /// A rule of the hub.
    #[must_use]
    pub fn rule(name: &str) -> Self {
        Self { cause: Cause::Rule, name: SafeText::new(name) }
    }
}

impl Event {
    /// The entity it changes, of a command's outcomes the command; `None` for a mere fact.
    #[must_use]
    pub fn entity(&self) -> Option<EntityKey> {
        Some(match self {
            Self::Profile(profile::Event::Refused { .. } | profile::Event::ClockJumped { .. }) | Self::Unknown => {
                return None;
            }
            Self::Profile(_) => EntityKey::Profile,
            Self::Hosts(event) => match event {
                hosts::Event::ClientDescribed(client) => EntityKey::Client(client.id.clone()),
                hosts::Event::SiteDescribed(site) => EntityKey::Site(site.client.clone(), site.id.clone()),
                hosts::Event::FactsLost { .. } => return None,
                hosts::Event::Enrolled { host, .. }
                | hosts::Event::Described { host, .. }
                | hosts::Event::StateChanged { host, .. }
                | hosts::Event::Retired { host }
                | hosts::Event::Archived { host } => EntityKey::Host(*host),
            },
            Self::Checks(event) => match event {
                checks::Event::Changed { host, check, .. }
                | checks::Event::Stale { host, check, .. }
                | checks::Event::Removed { host, check }
                | checks::Event::Flapping { host, check, .. } => EntityKey::Check(*host, check.clone()),
                checks::Event::Asked { .. } => return None,
            },
            Self::Alerts(event) => EntityKey::Alert(event.alert()),
            Self::Commands(event) => EntityKey::Command(event.command()),
            Self::Backups(backups::Event::Asked { .. }) => return None,
            Self::Backups(event) => EntityKey::Backup(event.job()),
            Self::Notices(event) => EntityKey::Notice(event.notice()),
            Self::Windows(event) => EntityKey::Window(event.window()),
            Self::OnCall(event) => oncall_entity(event),
            Self::Pings(event) => EntityKey::Ping(event.ping().clone()),
            Self::Identity(event) => match event {
                identity::Event::TokenCreated(token) => EntityKey::Token(token.id),
                identity::Event::TokenEnded { token, .. } | identity::Event::TokenArchived { token } => {
                    EntityKey::Token(*token)
                }
                identity::Event::Recorded(identity) => EntityKey::Identity(identity.id),
                identity::Event::Revoked { identity }
                | identity::Event::Archived { identity }
                | identity::Event::RoleChanged { identity, .. }
                | identity::Event::Renewed { identity, .. } => EntityKey::Identity(*identity),
            },
        })
    }
}

fn oncall_entity(event: &oncall::Event) -> EntityKey {
    match event {
        oncall::Event::PersonDescribed(person) => EntityKey::Person(person.name.clone()),
        oncall::Event::PersonRemoved { person } => EntityKey::Person(person.clone()),
        oncall::Event::HandOverOffered { from, .. } | oncall::Event::HandOverEnded { from, .. } => {
            EntityKey::Person(from.clone())
        }
        oncall::Event::PolicyDescribed(policy) => EntityKey::Policy(policy.name.clone()),
        oncall::Event::PolicyRemoved { policy } => EntityKey::Policy(policy.clone()),
        oncall::Event::DutyChanged(roster) => EntityKey::Duty(roster.schedule.clone()),
        oncall::Event::ScheduleRemoved { schedule }
        | oncall::Event::Overridden { schedule, .. }
        | oncall::Event::OverrideEnded { schedule, .. } => EntityKey::Duty(schedule.clone()),
    }
}

impl Fleet {
    /// Applies one entry whole and says what it touched. The entry must be the next one this viewer sees; a hub that
    /// filters by role leaves out revisions without visible events.
    pub fn apply(&mut self, entry: &Entry) -> Touched {
        let mut touched = Touched::with_capacity(entry.events.len());
        self.revision = entry.revision;
        for (_, event) in &entry.events {
            match event {
                Event::Profile(event) => self.profile.apply(event, entry.at),
                Event::Hosts(event) => self.hosts.apply(event, entry.at),
                Event::Checks(event) => self.checks.apply(event, entry.at),
                Event::Alerts(event) => {
                    self.alerts.apply(event, entry.revision, entry.at);
                    touched.extend(self.note_in_ledger(event).map(EntityKey::Window));
                }
                Event::Commands(event) => {
                    let hosts = self.commands.apply(event, entry.at);
                    touched.extend(hosts.into_iter().map(|host| EntityKey::Outcome(event.command(), host)));
                }
                Event::Backups(event) => self.backups.apply(event, entry.at),
                Event::Notices(event) => self.notices.apply(event, entry.at),
                Event::Windows(event) => self.windows.apply(event, entry.at),
                Event::OnCall(event) => self.oncall.apply(event, entry.at),
                Event::Pings(event) => self.pings.apply(event, entry.at),
                Event::Identity(event) => self.registry.apply(event, entry.at),
                Event::Unknown => {}
            }
            touched.extend(event.entity());
        }
        touched
    }

    /// An alert that a window holds back stands in the window's ledger; the window is returned.
    fn note_in_ledger(&mut self, event: &alerts::Event) -> Option<WindowId> {
        let alerts::Event::Held { alert, hold: Hold::Maintenance(window) } = event else { return None };
        let client = &self.alerts.alerts.get(alert)?.client;
        self.windows.catch(*window, client, *alert).then_some(*window)
    }

    /// Who may see an event about this host.
    #[must_use]
    pub fn audience_of_host(&self, host: HostId) -> Audience {
        self.hosts.hosts.get(&host).map_or(Audience::ADMINS, |host| Audience::of_client(host.client.clone()))
    }

    /// What a person of this role and scope may see of the fleet: the state their replica holds.
    #[must_use]
    pub fn project(&self, role: Role, scope: Option<&ClientId>) -> Self {
        let mut view = self.clone();
        if !role.includes(Role::Admin) {
            view.registry = Registry::default();
        }
        if let Some(scope) = scope {
            view.hosts.clients.retain(|id, _| id == scope);
            view.hosts.sites.retain(|(client, _), _| client == scope);
            view.hosts.hosts.retain(|_, host| host.client == *scope);
            let hosts = &view.hosts.hosts;
            view.checks.retain_hosts(|host| hosts.contains_key(&host));
            view.alerts.retain(|alert| alert.client == *scope);
            view.commands.retain_client(scope);
            view.pings.pings.retain(|_, ping| ping.description.client == *scope);
            view.backups.retain(|job| job.description.client.as_ref() == Some(scope));
            view.windows.retain_client(scope);
            view.notices.retain(|notice| notice.client.as_ref() == Some(scope));
        }
        view
    }
}

impl Entry {
    /// The part of the entry that a person of this role and scope may see; `None` when there is none.
    #[must_use]
    pub fn project(&self, role: Role, scope: Option<&ClientId>) -> Option<Self> {
        let events: Vec<_> = self.events.iter().filter(|(audience, _)| audience.admits(role, scope)).cloned().collect();
        (!events.is_empty()).then(|| Self { revision: self.revision, at: self.at, actor: self.actor.clone(), events })
    }
}
