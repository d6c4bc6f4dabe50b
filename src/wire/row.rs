//! Entities as rows: of a snapshot, and of the disk form of the state.

use std::sync::Arc;

use crate::fleet::alerts::Alert;
use crate::fleet::backups::Job;
use crate::fleet::checks::CheckStatus;
use crate::fleet::commands::Command;
use crate::fleet::hosts::{Client, Host, Site};
use crate::fleet::identity::{Identity, Token};
use crate::fleet::notices::Notice;
use crate::fleet::oncall::{Duty, Person, Policy};
use crate::fleet::pings::Ping;
use crate::fleet::state::{EntityKey, Fleet};
use crate::fleet::windows::Window;
use crate::wire::commands::{decode_outcome, encode_outcome};
use crate::wire::error::WireError;
use crate::wire::pb;
use crate::wire::pb::row::Entity;

/// The tables of the disk form. The numbers stay the same for ever; 64 and above are free for what a hub keeps beside
/// the Fleet.
mod table {
    pub const PROFILE: u8 = 1;
    pub const CLIENT: u8 = 2;
    pub const SITE: u8 = 3;
    pub const HOST: u8 = 4;
    pub const CHECK: u8 = 5;
    pub const ALERT: u8 = 6;
    pub const IDENTITY: u8 = 7;
    pub const TOKEN: u8 = 8;
    pub const COMMAND: u8 = 10;
    pub const OUTCOME: u8 = 11;
    pub const BACKUP: u8 = 9;
    pub const NOTICE: u8 = 12;
    pub const WINDOW: u8 = 13;
    pub const PERSON: u8 = 14;
    pub const DUTY: u8 = 15;
    pub const POLICY: u8 = 16;
    pub const PING: u8 = 17;
}

/// Where the row of an entity lies on disk: its table, and a key whose byte order is the order of the entities.
#[must_use]
pub fn row_key(key: &EntityKey) -> (u8, Vec<u8>) {
    let number = |number: u64| number.to_be_bytes().to_vec();
    match key {
        EntityKey::Profile => (table::PROFILE, Vec::new()),
        EntityKey::Client(client) => (table::CLIENT, client.as_str().into()),
        EntityKey::Site(client, site) => {
            // No name holds a zero byte: plain names don't, and text made safe doesn't either.
            let mut bytes = client.as_str().as_bytes().to_vec();
            bytes.push(0);
            bytes.extend_from_slice(site.as_str().as_bytes());
            (table::SITE, bytes)
        }
        EntityKey::Host(host) => (table::HOST, number(host.0)),
        EntityKey::Check(host, check) => {
            let mut bytes = number(host.0);
            bytes.extend_from_slice(check.as_str().as_bytes());
            (table::CHECK, bytes)
        }
        EntityKey::Alert(alert) => (table::ALERT, number(alert.0)),
        EntityKey::Identity(identity) => (table::IDENTITY, number(identity.0)),
        EntityKey::Token(token) => (table::TOKEN, number(token.0)),
        EntityKey::Command(command) => (table::COMMAND, number(command.0)),
        EntityKey::Outcome(command, host) => (table::OUTCOME, [command.0.to_be_bytes(), host.0.to_be_bytes()].concat()),
        EntityKey::Backup(job) => (table::BACKUP, number(job.0)),
        EntityKey::Notice(notice) => (table::NOTICE, number(notice.0)),
        EntityKey::Window(window) => (table::WINDOW, number(window.0)),
        EntityKey::Person(name) => (table::PERSON, name.as_str().into()),
        EntityKey::Duty(name) => (table::DUTY, name.as_str().into()),
        EntityKey::Policy(name) => (table::POLICY, name.as_str().into()),
        EntityKey::Ping(ping) => (table::PING, ping.as_str().into()),
    }
}

/// The entity as a row; `None` when it is not (or no longer) in the fleet, so that its row is to be removed.
#[must_use]
pub fn row_of(fleet: &Fleet, key: &EntityKey) -> Option<pb::Row> {
    let entity = match key {
        EntityKey::Profile => Entity::Fleet((&fleet.profile).into()),
        EntityKey::Client(client) => Entity::Client(fleet.hosts.clients.get(client)?.as_ref().into()),
        EntityKey::Site(client, site) => {
            Entity::Site(fleet.hosts.sites.get(&(client.clone(), site.clone()))?.as_ref().into())
        }
        EntityKey::Host(host) => Entity::Host(fleet.hosts.hosts.get(host)?.as_ref().into()),
        EntityKey::Check(host, check) => Entity::Check(fleet.checks.get(*host, check)?.as_ref().into()),
        EntityKey::Alert(alert) => Entity::Alert(fleet.alerts.alerts.get(alert)?.as_ref().into()),
        EntityKey::Identity(identity) => Entity::Identity(fleet.registry.identities.get(identity)?.as_ref().into()),
        EntityKey::Token(token) => Entity::Token(fleet.registry.tokens.get(token)?.as_ref().into()),
        EntityKey::Command(command) => Entity::Command(fleet.commands.get(*command)?.as_ref().into()),
        EntityKey::Outcome(command, host) => {
            Entity::Outcome(encode_outcome(*command, *host, fleet.commands.get(*command)?.outcome(*host)?))
        }
        EntityKey::Backup(job) => Entity::Backup(fleet.backups.jobs.get(job)?.as_ref().into()),
        EntityKey::Notice(notice) => Entity::Notice(fleet.notices.notices.get(notice)?.as_ref().into()),
        EntityKey::Window(window) => Entity::Window(fleet.windows.get(*window)?.as_ref().into()),
        EntityKey::Person(name) => Entity::Person(fleet.oncall.people.get(name)?.as_ref().into()),
        EntityKey::Duty(name) => Entity::Duty(fleet.oncall.duties.get(name)?.as_ref().into()),
        EntityKey::Policy(name) => Entity::Policy(fleet.oncall.policies.get(name)?.as_ref().into()),
        EntityKey::Ping(ping) => Entity::Ping(fleet.pings.pings.get(ping)?.as_ref().into()),
    };
    Some(pb::Row { entity: Some(entity) })
}

/// All rows of a fleet, in the order of [`row_key`]; made one by one, so that a snapshot need not be held whole.
pub fn rows_of(fleet: &Fleet) -> impl Iterator<Item = pb::Row> {
    let profile = std::iter::once(Entity::Fleet((&fleet.profile).into()));
    let clients = fleet.hosts.clients.values().map(|client| Entity::Client(client.as_ref().into()));
    let sites = fleet.hosts.sites.values().map(|site| Entity::Site(site.as_ref().into()));
    let hosts = fleet.hosts.hosts.values().map(|host| Entity::Host(host.as_ref().into()));
    let checks = fleet.checks.all().map(|check| Entity::Check(check.as_ref().into()));
    let alerts = fleet.alerts.alerts.values().map(|alert| Entity::Alert(alert.as_ref().into()));
    let identities = fleet.registry.identities.values().map(|identity| Entity::Identity(identity.as_ref().into()));
    let tokens = fleet.registry.tokens.values().map(|token| Entity::Token(token.as_ref().into()));
    let backups = fleet.backups.jobs.values().map(|job| Entity::Backup(job.as_ref().into()));
    let commands = fleet.commands.all().map(|command| Entity::Command(command.as_ref().into()));
    let outcomes = fleet.commands.all().flat_map(|command| {
        command.outcomes().map(|(host, outcome)| Entity::Outcome(encode_outcome(command.id, host, outcome)))
    });
    let notices = fleet.notices.notices.values().map(|notice| Entity::Notice(notice.as_ref().into()));
    let windows = fleet.windows.all().map(|window| Entity::Window(window.as_ref().into()));
    let people = fleet.oncall.people.values().map(|person| Entity::Person(person.as_ref().into()));
    let duties = fleet.oncall.duties.values().map(|duty| Entity::Duty(duty.as_ref().into()));
    let policies = fleet.oncall.policies.values().map(|policy| Entity::Policy(policy.as_ref().into()));
    let pings = fleet.pings.pings.values().map(|ping| Entity::Ping(ping.as_ref().into()));
    let entities = profile.chain(clients).chain(sites).chain(hosts).chain(checks).chain(alerts);
    entities
        .chain(identities)
        .chain(tokens)
        .chain(backups)
        .chain(commands)
        .chain(outcomes)
        .chain(notices)
        .chain(windows)
        .chain(people)
        .chain(duties)
        .chain(policies)
        .chain(pings)
        .map(|entity| pb::Row { entity: Some(entity) })
}

/// Puts a row's entity in place; the fleet's revision is the caller's to set. `None` says that the row is of a kind, or
/// holds a value, that only a newer program knows: the view is partial.
///
/// # Errors
/// The row is malformed; nothing was changed.
pub fn restore_row(fleet: &mut Fleet, row: pb::Row) -> Result<Option<EntityKey>, WireError> {
    let Some(entity) = row.entity else { return Ok(None) };
    match restore(fleet, entity) {
        Ok(key) => Ok(Some(key)),
        Err(error) if error.is_newer() => Ok(None),
        Err(error) => Err(error),
    }
}

fn restore(fleet: &mut Fleet, entity: Entity) -> Result<EntityKey, WireError> {
    Ok(match entity {
        Entity::Fleet(facts) => {
            fleet.profile = facts.try_into()?;
            EntityKey::Profile
        }
        Entity::Client(client) => {
            let client = Client::from(client);
            let id = client.id.clone();
            fleet.hosts.clients.insert(id.clone(), Arc::new(client));
            EntityKey::Client(id)
        }
        Entity::Site(site) => {
            let site = Site::from(site);
            let (client, id) = (site.client.clone(), site.id.clone());
            fleet.hosts.sites.insert((client.clone(), id.clone()), Arc::new(site));
            EntityKey::Site(client, id)
        }
        Entity::Host(host) => {
            let host = Host::from(host);
            let id = host.id;
            fleet.hosts.hosts.insert(id, Arc::new(host));
            EntityKey::Host(id)
        }
        Entity::Check(status) => {
            let status = CheckStatus::try_from(status)?;
            let key = EntityKey::Check(status.host, status.check.clone());
            fleet.checks.restore(status);
            key
        }
        Entity::Alert(alert) => {
            let alert = Alert::try_from(alert)?;
            let key = EntityKey::Alert(alert.id);
            fleet.alerts.restore(alert);
            key
        }
        Entity::Identity(identity) => {
            let identity = Identity::try_from(identity)?;
            let id = identity.id;
            fleet.registry.identities.insert(id, Arc::new(identity));
            EntityKey::Identity(id)
        }
        Entity::Token(token) => {
            let token = Token::try_from(token)?;
            let id = token.id;
            fleet.registry.tokens.insert(id, Arc::new(token));
            EntityKey::Token(id)
        }
        Entity::Command(command) => {
            let command = Command::try_from(command)?;
            let key = EntityKey::Command(command.id);
            fleet.commands.restore(command);
            key
        }
        Entity::Outcome(outcome) => {
            let (command, host, outcome) = decode_outcome(outcome)?;
            if !fleet.commands.restore_outcome(command, host, outcome) {
                return Err(WireError::damaged("outcome without its command"));
            }
            EntityKey::Outcome(command, host)
        }
        Entity::Backup(job) => {
            let job = Job::try_from(job)?;
            let id = job.id();
            fleet.backups.restore(job);
            EntityKey::Backup(id)
        }
        Entity::Notice(notice) => {
            let notice = Notice::try_from(notice)?;
            let id = notice.id;
            fleet.notices.restore(notice);
            EntityKey::Notice(id)
        }
        Entity::Window(window) => {
            let window = Window::try_from(window)?;
            let id = window.id;
            fleet.windows.restore(window);
            EntityKey::Window(id)
        }

        Entity::Person(person) => {
            let person = Person::from(person);
            let name = person.name.clone();
            fleet.oncall.people.insert(name.clone(), Arc::new(person));
            EntityKey::Person(name)
        }
        Entity::Duty(duty) => {
            let duty = Duty::try_from(duty)?;
            let name = duty.roster.schedule.clone();
            fleet.oncall.duties.insert(name.clone(), Arc::new(duty));
            EntityKey::Duty(name)
        }
        Entity::Policy(policy) => {
            let policy = Policy::from(policy);
            let name = policy.name.clone();
            fleet.oncall.policies.insert(name.clone(), Arc::new(policy));
            EntityKey::Policy(name)
        }

        Entity::Ping(ping) => {
            let ping = Ping::try_from(ping)?;
            let name = ping.description.name.clone();
            fleet.pings.restore(ping);
            EntityKey::Ping(name)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::words::HostId;

    #[test]
    fn keys_sort_as_the_entities_do() {
        let sites = [("a", "z"), ("a-b", "a"), ("a.b", "a"), ("ab", "a"), ("b", "")];
        let mut keys: Vec<EntityKey> =
            sites.iter().map(|(client, site)| EntityKey::Site((*client).into(), (*site).into())).collect();
        for host in [0, 1, 255, 256, u64::MAX] {
            keys.extend(["", "a", "b"].map(|check| EntityKey::Check(HostId(host), check.into())));
        }
        assert!(keys.is_sorted());
        assert!(keys.iter().map(row_key).is_sorted(), "{keys:?}");
    }

    #[test]
    fn a_row_of_a_newer_program_is_left_out() {
        let mut fleet = Fleet::default();
        assert_eq!(restore_row(&mut fleet, pb::Row { entity: None }), Ok(None));
        let token = pb::Token { role: 4000, secret_hash: vec![0; 32].into(), ..Default::default() };
        assert_eq!(restore_row(&mut fleet, pb::Row { entity: Some(Entity::Token(token)) }), Ok(None));
        assert_eq!(fleet, Fleet::default());
    }
}
