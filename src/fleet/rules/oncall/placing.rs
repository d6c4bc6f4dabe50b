//! Which people, policies and schedules there are, and who is on duty: what the configuration says, at this moment.

use crate::fleet::configuration::{self, Configuration};
use crate::fleet::identity::Audience;
use crate::fleet::oncall::{Event, OnCall, Override, Person, Policy, Step};
use crate::fleet::rules::oncall::{changed, roster, told, zone_name};
use crate::fleet::state::{self, Fleet};
use crate::fleet::words::Timestamp;

/// The events that make the fleet's people, policies and duty those of the configuration at this moment. Nothing where
/// they are so already.
#[must_use]
pub fn place(fleet: &Fleet, configuration: &Configuration, at: Timestamp) -> Vec<(Audience, state::Event)> {
    let (wanted, known) = (&configuration.oncall, &fleet.oncall);
    if wanted.people.is_empty()
        && wanted.schedules.is_empty()
        && wanted.policies.is_empty()
        && *known == OnCall::default()
    {
        return Vec::new();
    }
    let mut events: Vec<Event> = Vec::new();
    for person in &wanted.people {
        let offer = known.people.get(&person.name).and_then(|known| known.offer.clone());
        let described = Person { offer, ..described_person(person) };
        if known.people.get(&person.name).is_none_or(|known| **known != described) {
            events.push(Event::PersonDescribed(Box::new(Person { offer: None, ..described })));
        }
    }
    for policy in wanted.policies.iter().map(described_policy) {
        if known.policies.get(&policy.name).is_none_or(|known| **known != policy) {
            events.push(Event::PolicyDescribed(Box::new(policy)));
        }
    }
    let gone_policies = known.policies.keys().filter(|name| wanted.policy(name.as_str()).is_none());
    events.extend(gone_policies.map(|policy| Event::PolicyRemoved { policy: policy.clone() }));
    let gone_schedules = known.duties.keys().filter(|name| wanted.schedule(name.as_str()).is_none());
    events.extend(gone_schedules.map(|schedule| Event::ScheduleRemoved { schedule: schedule.clone() }));

    let mut rosters = Vec::new();
    for schedule in &wanted.schedules {
        let duty = known.duties.get(&schedule.name);
        let given = duty.map_or(&[] as &[Override], |duty| &duty.overrides);
        let counts = |over: &&Override| over.until > at && wanted.person(over.person.as_str()).is_some();
        let overrides: Vec<Override> = given.iter().filter(counts).cloned().collect();
        let ended = given.iter().filter(|over| !counts(over));
        events.extend(ended.map(|over| Event::OverrideEnded { schedule: schedule.name.clone(), id: over.id }));
        let now = roster(schedule, &overrides, duty.map(|duty| &duty.roster), at);
        if duty.is_none_or(|duty| duty.roster != now) {
            rosters.push(now);
        }
    }
    for (name, person) in &known.people {
        let is_gone = wanted.person(name.as_str()).is_none();
        if let Some(offer) = &person.offer
            && !is_gone
            && wanted.person(offer.to.as_str()).is_none()
        {
            events.push(Event::HandOverEnded { from: name.clone(), to: offer.to.clone(), accepted: false });
        }
        if is_gone {
            events.push(Event::PersonRemoved { person: name.clone() });
        }
    }
    events.into_iter().map(told).chain(changed(fleet, configuration, rosters)).collect()
}

fn described_person(person: &configuration::Person) -> Person {
    Person {
        name: person.name.clone(),
        full_name: person.full_name.clone(),
        zone: zone_name(&person.zone),
        channels: person.channels.iter().map(|channel| channel.channel.clone()).collect(),
        identities: person.identities.clone(),
        offer: None,
    }
}

fn described_policy(policy: &configuration::Policy) -> Policy {
    let step = |step: &configuration::Step| Step {
        after: step.after,
        to: step.to.iter().map(configuration::Receiver::text).collect(),
    };
    Policy {
        name: policy.name.clone(),
        steps: policy.steps.iter().map(step).collect(),
        repeat: policy.repeat,
        rounds: policy.rounds,
    }
}
