//! What a valid configuration changes in the fleet: it counts as one entry, whole.

use crate::fleet::configuration::Configuration;
use crate::fleet::hosts::{self, Client, Site};
use crate::fleet::identity::{Audience, Role};
use crate::fleet::profile;
use crate::fleet::rules::decision::{Answer, Decision, Refusal};
use crate::fleet::rules::input::Asker;
use crate::fleet::state::{Event, Fleet};
use crate::fleet::words::SafeText;

/// The most lines of "what changed" an entry carries, and the most bytes of one: together they fit an event.
const MOST_CHANGES: usize = 60;
const LONGEST_CHANGE: usize = 200;

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
    permit(asker)?;
    let mut events = Vec::new();
    if fleet.profile.configuration != Some(hash) {
        // Who is limited to one client learns that another configuration counts, not what it says of others.
        let applied = |changes| Event::Profile(profile::Event::ConfigurationApplied { hash, changes });
        events.push((Audience::EVERYONE, applied(Vec::new())));
        if !changes.is_empty() {
            events.push((Audience::of_all_clients(), applied(shortened(changes))));
        }
    }
    let name = configuration.name.as_ref().unwrap_or(default_name);
    if fleet.profile.name != *name {
        events.push((Audience::EVERYONE, Event::Profile(profile::Event::Renamed { name: name.clone() })));
    }
    events.extend(places(fleet, configuration));
    let answer = Answer { changes: changes.to_vec(), ..Answer::default() };
    Ok(Decision { actor: asker.actor(), events, answer })
}

/// Whether this asker may read and change what is configured.
///
/// # Errors
/// Only admins of the whole fleet may.
pub fn permit(asker: &Asker) -> Result<(), Refusal> {
    if asker.role.includes(Role::Admin) && asker.scope.is_none() {
        return Ok(());
    }
    Err(Refusal::NotPermitted(format!(
        "{} may not reload the configuration; this asks for an admin of the whole fleet",
        asker.name.as_str()
    )))
}

fn shortened(changes: &[String]) -> Vec<SafeText> {
    let mut lines: Vec<SafeText> =
        changes.iter().take(MOST_CHANGES).map(|line| SafeText::line_within(line, LONGEST_CHANGE)).collect();
    if changes.len() > MOST_CHANGES {
        lines.push(SafeText::new(&format!("and {} more", changes.len() - MOST_CHANGES)));
    }
    lines
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::fleet::configuration::{self, Provenance};
    use crate::fleet::rules::fixture::{World, admin, operator, scoped, text};
    use crate::fleet::rules::input::Input;
    use crate::fleet::words::{ClientId, HostClass};

    fn acme(name: &str) -> Configuration {
        let client = configuration::Client {
            name: text(name),
            contact: Some(text("+49 30 1234")),
            line: None,
            contract: None,
            hours: None,
            zone: None,
            sites: [("hq".into(), site())].into(),
            source: Provenance::built_in(),
        };
        Configuration { clients: [("acme".into(), client)].into(), ..Configuration::default() }
    }

    fn site() -> configuration::Site {
        let source = Provenance::built_in();
        configuration::Site { name: text("HQ"), contact: None, line: None, hours: None, zone: None, source }
    }

    fn apply(world: &mut World, asker: &Asker, hash: u8, configuration: Configuration) -> Result<Answer, Refusal> {
        world.feed(Input::Configure {
            asker: asker.clone(),
            hash: [hash; 32],
            configuration: Arc::new(configuration),
            changes: vec!["client acme is new".to_owned()],
            default_name: text("noc"),
        })
    }

    #[test]
    fn a_configuration_counts_as_one_entry_and_once() {
        let mut world = World::new();
        let before = world.entries.len();
        let named = Configuration { name: Some(text("berlin")), ..acme("Acme Ltd") };
        apply(&mut world, &admin(), 1, named.clone()).unwrap();
        assert_eq!(world.entries.len() - before, 1);
        assert_eq!(world.fleet.profile.name.as_str(), "berlin");
        let client = &world.fleet.hosts.clients[&ClientId::from("acme")];
        assert_eq!(
            (client.name.as_str(), client.contact.as_str(), client.configured),
            ("Acme Ltd", "+49 30 1234", true)
        );
        assert_eq!(
            apply(&mut world, &admin(), 1, named).unwrap().revision,
            None,
            "what counts already changes nothing"
        );
        apply(&mut world, &admin(), 2, Configuration::default()).unwrap();
        assert_eq!(world.fleet.profile.name.as_str(), "noc", "a name no file gives is the default one");
        world.check();
    }

    #[test]
    fn what_came_into_being_stays_when_no_file_names_it() {
        let mut world = World::new();
        let web = world.host_of("web", "acme", HostClass::Server);
        apply(&mut world, &admin(), 1, acme("Acme Ltd")).unwrap();
        apply(&mut world, &admin(), 2, Configuration::default()).unwrap();
        let client = &world.fleet.hosts.clients[&ClientId::from("acme")];
        assert_eq!((client.name.as_str(), client.configured), ("Acme Ltd", false), "with what is known of it");
        assert!(world.fleet.hosts.sites.values().all(|site| !site.configured));
        assert_eq!(world.host(web).client.as_str(), "acme");
        world.check();
    }

    #[test]
    fn only_admins_of_the_fleet_configure() {
        let mut world = World::new();
        for nobody in [operator(), scoped(Role::Admin, "acme")] {
            assert!(matches!(apply(&mut world, &nobody, 1, acme("x")), Err(Refusal::NotPermitted(_))));
        }
    }

    #[test]
    fn what_changed_is_bounded_and_says_what_it_leaves_out() {
        let changes: Vec<String> = (0..1_000).map(|number| format!("{number} {}", "x".repeat(9_000))).collect();
        let lines = shortened(&changes);
        assert_eq!(lines.last().unwrap().as_str(), "and 940 more");
        assert!(lines.iter().map(|line| line.as_str().len()).sum::<usize>() < 13 << 10, "it fits one event");
        assert_eq!(shortened(&["one".to_owned()]).len(), 1);
    }

    #[test]
    fn who_sees_one_client_does_not_learn_what_changed_for_others() {
        let mut world = World::new();
        let changes = vec!["client globex: line 5, was 4".to_owned()];
        let configure = Input::Configure {
            asker: admin(),
            hash: [7; 32],
            configuration: Arc::new(Configuration::default()),
            changes: changes.clone(),
            default_name: text("noc"),
        };
        world.feed(configure).unwrap();
        let entry = world.entries.last().unwrap();
        let told = |role, scope: Option<&str>| {
            let view = entry.project(role, scope.map(ClientId::from).as_ref()).unwrap();
            let applied = view.events.into_iter().filter_map(|(_, event)| match event {
                Event::Profile(profile::Event::ConfigurationApplied { hash: [7, ..], changes, .. }) => Some(changes),
                _ => None,
            });
            applied.flatten().map(|line| line.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(told(Role::Viewer, None), changes);
        assert!(told(Role::Viewer, Some("acme")).is_empty() && told(Role::Admin, Some("acme")).is_empty());
        assert_eq!(world.fleet.profile.configuration, Some([7; 32]));
    }
}
