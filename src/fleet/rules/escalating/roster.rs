//! Whom a step reaches right now, and by which channels.

use crate::fleet::alerts::Alert;
use crate::fleet::configuration::{OnCallConfiguration, Policy, Receiver, RouteTarget, Step};
use crate::fleet::rules::live::Live;
use crate::fleet::rules::presence::target_of;
use crate::fleet::state::Fleet;
use crate::fleet::words::{Now, SafeText};

/// Somebody to tell.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ring {
    /// The person, or `channel:NAME`.
    pub to: SafeText,
    /// The channels to try, in this order.
    pub channels: Vec<SafeText>,
}

/// The policy that speaks of an alert now.
pub fn policy_of<'l>(fleet: &Fleet, live: &'l Live, alert: &Alert, now: Now) -> Option<&'l Policy> {
    let oncall = &live.configuration.oncall;
    if oncall.policies.is_empty() {
        return None;
    }
    let host = alert.host.and_then(|host| fleet.hosts.hosts.get(&host));
    let target = RouteTarget {
        client: &alert.client,
        site: alert.site.as_ref(),
        host: host.map(|host| target_of(host)),
        check: alert.subject.check().map_or(alert.subject.kind(), |check| check.as_str()),
        severity: alert.severity(),
    };
    oncall.policy_for(&target, now.wall)
}

/// Those whom a step reaches, each once, and why others are not reached.
pub fn reached(fleet: &Fleet, oncall: &OnCallConfiguration, step: &Step) -> (Vec<Ring>, Vec<String>) {
    let mut rings: Vec<Ring> = Vec::new();
    let mut misses = Vec::new();
    for receiver in &step.to {
        let people = match receiver {
            Receiver::Channel(channel) => {
                rings.push(Ring { to: receiver.text(), channels: vec![channel.clone()] });
                continue;
            }
            Receiver::Person(name) => vec![name.clone()],
            Receiver::Schedule(_) => fleet.oncall.resolve(receiver.text().as_str()),
        };
        if people.is_empty() {
            misses.push(format!("nobody is on duty at {receiver}"));
        }
        for name in people {
            match channels_of(oncall, &name) {
                Some(channels) if channels.is_empty() => misses.push(format!("{} has no channel", name.as_str())),
                Some(channels) => rings.push(Ring { to: name, channels }),
                None => misses.push(format!("{} is not in the configuration", name.as_str())),
            }
        }
    }
    rings.sort_unstable();
    rings.dedup();
    misses.dedup();
    (rings, misses)
}

/// The channels of somebody who was told before: a person's, or the one named.
pub fn channels_of(oncall: &OnCallConfiguration, to: &SafeText) -> Option<Vec<SafeText>> {
    if let Receiver::Channel(channel) = Receiver::from_text(to.as_str()) {
        return Some(vec![channel]);
    }
    let person = oncall.person(to.as_str())?;
    Some(person.channels.iter().map(|one| one.channel.clone()).collect())
}

/// The person whom an action's name belongs to.
pub fn person_named(oncall: &OnCallConfiguration, name: &SafeText) -> Option<SafeText> {
    oncall.person_of(name.as_str()).map(|person| person.name.clone())
}
