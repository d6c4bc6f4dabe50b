//! Which jobs there are, and on which host each is: what the configuration promises, met with the hosts there are.

use std::collections::{BTreeMap, HashMap};

use crate::fleet::alerts::Subject;
use crate::fleet::backups::{Description, Event, Job};
use crate::fleet::configuration::{BackupDefinition, Configuration};
use crate::fleet::hosts::Host;
use crate::fleet::identity::Audience;
use crate::fleet::rules::alerting;
use crate::fleet::rules::backups::about;
use crate::fleet::rules::ledger::Counters;
use crate::fleet::state::{self, Fleet};
use crate::fleet::words::{JobId, JobName, SafeText};

/// The events that make the fleet's jobs those of the configuration, at most `most` jobs at a time.
#[must_use]
pub fn place(
    fleet: &Fleet,
    counters: &mut Counters,
    configuration: &Configuration,
    most: usize,
) -> Vec<(Audience, state::Event)> {
    if configuration.backups.is_empty() && fleet.backups.jobs.is_empty() {
        return Vec::new();
    }
    let hosts = hosts_by_name(fleet, configuration);
    let mut promised: BTreeMap<&JobName, &BackupDefinition> =
        configuration.backups.iter().map(|job| (&job.name, job)).collect();
    let (mut events, mut changed) = (Vec::new(), 0);
    for job in fleet.backups.jobs.values() {
        if changed >= most {
            return events;
        }
        let Some(definition) = promised.remove(&job.description.name) else {
            changed += 1;
            events.extend(removed(fleet, job));
            continue;
        };
        let wanted = description(job.id(), definition, &hosts);
        if wanted == job.description {
            continue;
        }
        changed += 1;
        if wanted.client == job.description.client {
            events.push(about(job, Event::Described(Box::new(wanted))));
        } else {
            // Another client's people must not learn what it was before, nor this one's what becomes of it.
            events.extend(removed(fleet, job));
            events.push(described(Description { id: counters.next_job(), ..wanted }));
        }
    }
    for definition in promised.into_values().take(most.saturating_sub(changed)) {
        events.push(described(description(counters.next_job(), definition, &hosts)));
    }
    events
}

/// The event that makes a promised job known which is not yet: its host may have read it before the next look at what is
/// promised.
#[must_use]
pub fn place_named(
    fleet: &Fleet,
    counters: &mut Counters,
    configuration: &Configuration,
    name: &JobName,
) -> Option<(Audience, state::Event)> {
    let unknown = fleet.backups.named(name).is_none();
    let definition = configuration.backups.iter().find(|job| unknown && job.name == *name)?;
    let hosts = hosts_by_name(fleet, configuration);
    Some(described(description(counters.next_job(), definition, &hosts)))
}

type Hosts<'f> = HashMap<String, Vec<&'f Host>>;

/// The hosts that jobs name, by their names in small letters.
fn hosts_by_name<'f>(fleet: &'f Fleet, configuration: &Configuration) -> Hosts<'f> {
    let mut hosts: Hosts<'f> =
        configuration.backups.iter().map(|job| (job.host.to_ascii_lowercase(), Vec::new())).collect();
    if hosts.is_empty() {
        return hosts;
    }
    for host in fleet.hosts.present() {
        if let Some(named) = hosts.get_mut(&host.name.as_str().to_ascii_lowercase()) {
            named.push(host);
        }
    }
    hosts
}

fn description(id: JobId, definition: &BackupDefinition, hosts: &Hosts<'_>) -> Description {
    let named = hosts.get(&definition.host.to_ascii_lowercase()).map(Vec::as_slice).unwrap_or_default();
    let mut of_client =
        named.iter().filter(|host| definition.client.as_ref().is_none_or(|client| *client == host.client));
    let host = match (of_client.next(), of_client.next()) {
        (Some(host), None) => Some(*host),
        _ => None,
    };
    Description {
        id,
        name: definition.name.clone(),
        client: host.map(|host| host.client.clone()).or(definition.client.clone()),
        site: host.map(|host| host.site.clone()),
        host: host.map(|host| host.id),
        host_name: host.map_or_else(|| SafeText::new(&definition.host), |host| host.name.clone()),
        tool: definition.tool,
        repository: definition.shown_repository(),
        paths: definition.paths.iter().map(|path| SafeText::new(path)).collect(),
        every: definition.every,
        grace: definition.grace,
    }
}

fn described(description: Description) -> (Audience, state::Event) {
    let audience = Audience::of(description.client.as_ref());
    (audience, state::Event::Backups(Event::Described(Box::new(description))))
}

/// The events that take a job out of the fleet, with its alert.
fn removed(fleet: &Fleet, job: &Job) -> Vec<(Audience, state::Event)> {
    let mut events = vec![about(job, Event::Removed { job: job.id() })];
    if let Some(client) = &job.description.client {
        let subject = Subject::Backup(SafeText::new(job.description.name.as_str()));
        events.extend(alerting::for_client(client, alerting::recover(fleet, client, &subject)));
    }
    events
}
