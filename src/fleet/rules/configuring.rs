//! What a valid configuration changes in the fleet: it counts as one entry, whole.

use crate::fleet::configuration::Configuration;
use crate::fleet::hosts::{self, Client, Site};
use crate::fleet::identity::{Audience, Role};
use crate::fleet::profile;
use crate::fleet::rules::decision::{Answer, Decision, Refusal};
use crate::fleet::rules::input::Asker;
use crate::fleet::state::{Event, Fleet};
use crate::fleet::words::SafeText;

/// The most lines of "what changed" an entry carries.
const MOST_CHANGES: usize = 100;

/// Applies a configuration that was found valid. One that counts already changes nothing.
///
/// # Errors
/// The asker is not an admin of the fleet.
pub fn configure(
    fleet: &Fleet,
    asker: &Asker,
    hash: [u8; 32],
    configuration: &Configuration,
    changes: &[String],
    default_name: &SafeText,
) -> Result<Decision, Refusal> {
    if !asker.role.includes(Role::Admin) || asker.scope.is_some() {
        return Err(Refusal::NotPermitted(format!(
            "{} may not reload the configuration; this asks for an admin of the whole fleet",
            asker.name.as_str()
        )));
    }
    let mut events = Vec::new();
    if fleet.profile.configuration != Some(hash) {
        let changes = changes.iter().take(MOST_CHANGES).map(|line| SafeText::new(line)).collect();
        events.push((Audience::EVERYONE, Event::Profile(profile::Event::ConfigurationApplied { hash, changes })));
    }
    let name = configuration.name.as_ref().unwrap_or(default_name);
    if fleet.profile.name != *name {
        events.push((Audience::EVERYONE, Event::Profile(profile::Event::Renamed { name: name.clone() })));
    }
    events.extend(places(fleet, configuration));
    let answer = Answer { changes: changes.to_vec(), ..Answer::default() };
    Ok(Decision { actor: asker.actor(), events, answer })
}

/// Clients and sites whose description differs. What a file no longer names stays, unconfigured, as long as it has
/// come into being.
fn places(fleet: &Fleet, configuration: &Configuration) -> Vec<(Audience, Event)> {
    let text = |text: &Option<SafeText>| text.clone().unwrap_or_default();
    let mut events = Vec::new();
    for (id, client) in &configuration.clients {
        let described = Client {
            id: id.clone(),
            name: client.name.clone(),
            contact: text(&client.contact),
            line: text(&client.line),
            contract: text(&client.contract),
            configured: true,
        };
        if fleet.hosts.clients.get(id).is_none_or(|known| **known != described) {
            events.push((Audience::of_client(id.clone()), hosts::Event::ClientDescribed(described)));
        }
        for (site_id, site) in &client.sites {
            let described = Site {
                client: id.clone(),
                id: site_id.clone(),
                name: site.name.clone(),
                line: text(&site.line),
                configured: true,
            };
            if fleet.hosts.sites.get(&(id.clone(), site_id.clone())).is_none_or(|known| **known != described) {
                events.push((Audience::of_client(id.clone()), hosts::Event::SiteDescribed(described)));
            }
        }
    }
    for (id, known) in fleet.hosts.clients.iter().filter(|(_, known)| known.configured) {
        if !configuration.clients.contains_key(id) {
            let gone = Client { configured: false, ..Client::clone(known) };
            events.push((Audience::of_client(id.clone()), hosts::Event::ClientDescribed(gone)));
        }
    }
    for ((client, id), known) in fleet.hosts.sites.iter().filter(|(_, known)| known.configured) {
        let named = configuration.clients.get(client).is_some_and(|client| client.sites.contains_key(id));
        if !named {
            let gone = Site { configured: false, ..Site::clone(known) };
            events.push((Audience::of_client(client.clone()), hosts::Event::SiteDescribed(gone)));
        }
    }
    events.into_iter().map(|(audience, event)| (audience, Event::Hosts(event))).collect()
}
