//! On call: people, who is on duty, and the policies by which they are told.

mod duty;
mod event;
mod person;
mod policy;

pub use duty::{Duty, Override, Roster};
pub use event::Event;
pub use person::{Offer, Person};
pub use policy::{Policy, Step};

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::fleet::words::{SafeText, Timestamp};

/// The most overrides of one schedule that are kept, running and to come.
pub const MOST_OVERRIDES: usize = 64;
const SCHEDULE: &str = "schedule:";
const CHANNEL: &str = "channel:";

/// Who can be told of what is wrong.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OnCall {
    /// By name.
    pub people: BTreeMap<SafeText, Arc<Person>>,
    /// By the name of the schedule.
    pub duties: BTreeMap<SafeText, Arc<Duty>>,
    /// By name.
    pub policies: BTreeMap<SafeText, Arc<Policy>>,
}

impl OnCall {
    /// The person whose doings this name signs: the name of an action's actor, an alert's owner.
    #[must_use]
    pub fn person_of(&self, actor: &str) -> Option<&Arc<Person>> {
        self.people.values().find(|person| person.is(actor))
    }

    /// Whether a person is on duty by any schedule.
    #[must_use]
    pub fn is_on_duty(&self, person: &SafeText) -> bool {
        self.duties.values().any(|duty| duty.roster.now.contains(person))
    }

    /// Since when a person is on duty without a break, by the schedule they have stood on for longest; `None` while off
    /// duty.
    #[must_use]
    pub fn on_duty_since(&self, person: &SafeText) -> Option<Timestamp> {
        let theirs = self.duties.values().filter(|duty| duty.roster.now.contains(person));
        theirs.map(|duty| duty.roster.since).min()
    }

    /// The people a receiver of a policy means now, by name: of `anna` herself, of `schedule:night` whoever is on duty, of
    /// a channel nobody. Somebody who is no longer among the people is left out, so an empty answer for a person or a
    /// schedule says that nobody would be told.
    #[must_use]
    pub fn resolve(&self, receiver: &str) -> Vec<SafeText> {
        let known = |name: &SafeText| self.people.contains_key(name);
        if receiver.starts_with(CHANNEL) {
            return Vec::new();
        }
        match receiver.strip_prefix(SCHEDULE) {
            Some(schedule) => {
                let duty = self.duties.get(schedule);
                duty.map_or_else(Vec::new, |duty| duty.roster.now.iter().filter(|name| known(name)).cloned().collect())
            }
            None => self.people.get_key_value(receiver).map(|(name, _)| name.clone()).into_iter().collect(),
        }
    }

    /// The next moment at which duty changes or somebody ceases to stand in (wall time).
    #[must_use]
    pub fn next_due(&self) -> Option<Timestamp> {
        let ends = self.duties.values().flat_map(|duty| duty.overrides.iter().map(|over| over.until));
        self.duties.values().filter_map(|duty| duty.roster.changes_at).chain(ends).min()
    }

    /// The override of this number, with its schedule's duty.
    #[must_use]
    pub fn find_override(&self, id: u64) -> Option<(&Arc<Duty>, &Override)> {
        self.duties.values().find_map(|duty| duty.overrides.iter().find(|over| over.id == id).map(|over| (duty, over)))
    }

    /// Everyone on duty now, by name.
    #[must_use]
    pub fn on_duty(&self) -> BTreeSet<&SafeText> {
        self.duties.values().flat_map(|duty| &duty.roster.now).collect()
    }

    /// Stores what the event says.
    pub fn apply(&mut self, event: &Event, at: Timestamp) {
        match event {
            Event::PersonDescribed(person) => {
                let offer = self.people.get(&person.name).and_then(|known| known.offer.clone());
                self.people.insert(person.name.clone(), Arc::new(Person { offer, ..(**person).clone() }));
            }
            Event::PersonRemoved { person } => {
                self.people.remove(person);
            }
            Event::PolicyDescribed(policy) => {
                self.policies.insert(policy.name.clone(), Arc::new((**policy).clone()));
            }
            Event::PolicyRemoved { policy } => {
                self.policies.remove(policy);
            }
            Event::DutyChanged(roster) => {
                let overrides =
                    self.duties.get(&roster.schedule).map_or_else(Vec::new, |known| known.overrides.clone());
                let duty = Duty { roster: (**roster).clone(), overrides };
                self.duties.insert(roster.schedule.clone(), Arc::new(duty));
            }
            Event::ScheduleRemoved { schedule } => {
                self.duties.remove(schedule);
            }
            Event::Overridden { schedule, over } => self.change_duty(schedule, |duty| {
                duty.overrides.retain(|known| known.id != over.id);
                duty.overrides.push(over.clone());
            }),
            Event::OverrideEnded { schedule, id } => {
                self.change_duty(schedule, |duty| duty.overrides.retain(|over| over.id != *id));
            }
            Event::HandOverOffered { from, to, note } => {
                self.offer(from, Some(Offer { to: to.clone(), at, note: note.clone() }));
            }
            Event::HandOverEnded { from, .. } => self.offer(from, None),
        }
    }

    fn change_duty(&mut self, schedule: &SafeText, change: impl FnOnce(&mut Duty)) {
        if let Some(duty) = self.duties.get_mut(schedule) {
            change(Arc::make_mut(duty));
        }
    }

    fn offer(&mut self, from: &SafeText, offer: Option<Offer>) {
        if let Some(person) = self.people.get_mut(from) {
            Arc::make_mut(person).offer = offer;
        }
    }
}
