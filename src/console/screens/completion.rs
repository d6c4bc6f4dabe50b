//! What the last word of a filter may become: keys, and values that the fleets have, which are looked through in slices
//! between keys.

use std::cell::Cell;
use std::collections::BTreeSet;

use crate::console::replica::Replica;
use crate::console::screens::walk::{Walk, rest};
use crate::console::screens::world::World;
use crate::fleet::words::filter::{Key, Pattern};

/// Rows looked at in one slice: a fraction of a millisecond.
const SLICE: usize = 512;
/// Words that are offered; who needs more types more.
const MOST: usize = 100;

/// What the last word of a filter may become.
#[derive(Clone, Debug, Default)]
pub struct Completion {
    /// The filter up to the last value.
    before: String,
    typed: String,
    key: Option<Key>,
    found: BTreeSet<String>,
    /// How far the fleets were looked through; `None` when there is no more to look at.
    walk: Option<Walk>,
    /// The words in the order in which they are gone through, and the one that stands in the filter.
    cycle: Option<(Vec<String>, usize)>,
}

impl Completion {
    /// Begins to look for what the last word may become.
    #[must_use]
    pub fn of(text: &str, world: World<'_>) -> Self {
        let start = text.rfind(char::is_whitespace).map_or(0, |at| at + 1);
        let word = text.get(start..).unwrap_or_default();
        let bare = word.trim_start_matches('!');
        let bare = bare.strip_prefix("not:").unwrap_or(bare);
        let (key, typed) = match bare.split_once(':') {
            Some((key, values)) => (Key::from_word(key), values.rsplit(',').next().unwrap_or_default()),
            None => (None, bare),
        };
        let before = text.get(..text.len() - typed.len()).unwrap_or_default().to_owned();
        let mut completion =
            Self { before, typed: typed.trim_start_matches('"').to_lowercase(), key, ..Self::default() };
        completion.begin(bare.contains(':'), world);
        completion
    }

    fn begin(&mut self, has_key: bool, world: World<'_>) {
        match self.key {
            None if has_key => {}
            None => Key::ALL.into_iter().for_each(|key| self.offer(&format!("{key}:"))),
            Some(Key::Client | Key::Site | Key::Host | Key::Tag | Key::Check | Key::Owner) => {
                // A slice at once: a Tab that comes with the letter finds something.
                self.walk = Some(Walk::default());
                self.step(world);
            }
            Some(Key::Fleet) => world.replicas.iter().for_each(|(_, replica)| self.value(replica.name().as_str())),
            Some(Key::Sev) => {
                ["critical", "warning", "warning+", "unknown", "unknown+", "ok"]
                    .iter()
                    .for_each(|word| self.offer(word));
            }
            Some(key) if key.age().is_some() => {
                ["5m+", "30m+", "1h+", "4h+", "1d+", "30m-"].iter().for_each(|age| self.offer(age));
            }
            Some(key) => key.values().unwrap_or_default().iter().for_each(|word| self.offer(word)),
        }
    }

    /// Whether rows are still to be looked at.
    #[must_use]
    pub const fn is_looking(&self) -> bool {
        self.walk.is_some()
    }

    /// Looks at a slice of the rows that are left; whether those were the last.
    pub fn step(&mut self, world: World<'_>) -> bool {
        let Some(mut walk) = self.walk.take() else { return false };
        let left = Cell::new(SLICE);
        for (fleet, replica) in world.replicas.iter().skip(walk.fleet) {
            if walk.fleet != fleet.0 {
                walk = Walk { fleet: fleet.0, ..Walk::default() };
            }
            self.look_through(replica, &mut walk, &left);
            if left.get() == 0 && !self.is_full() {
                self.walk = Some(walk);
                return false;
            }
        }
        true
    }

    fn look_through(&mut self, replica: &Replica, walk: &mut Walk, left: &Cell<usize>) {
        let (fleet, clients) = (replica.fleet(), replica.counts().by_client());
        match self.key {
            Some(Key::Client) => rest(clients, &mut walk.client, left).for_each(|(id, _)| self.value(id.as_str())),
            Some(Key::Site) => {
                rest(&fleet.hosts.sites, &mut walk.site, left).for_each(|((_, site), _)| self.value(site.as_str()));
            }
            Some(Key::Owner) => {
                let owners = rest(&fleet.alerts.alerts, &mut walk.alert, left).filter_map(|(_, alert)| alert.owner());
                owners.for_each(|owner| self.value(owner.as_str()));
            }
            _ => {
                for (id, host) in rest(&fleet.hosts.hosts, &mut walk.host, left) {
                    match self.key {
                        Some(Key::Host) => self.value(host.name.as_str()),
                        Some(Key::Tag) => host.tags.iter().for_each(|tag| self.value(tag)),
                        _ => {
                            // Each check is a row of the slice too.
                            left.set(left.get().saturating_sub(fleet.checks.count(*id)));
                            fleet.checks.of_host(*id).for_each(|check| self.value(check.check.as_str()));
                        }
                    }
                }
            }
        }
    }

    fn is_full(&self) -> bool {
        self.found.len() >= MOST
    }

    fn value(&mut self, value: &str) {
        if !self.is_full() && begins(value, &self.typed) {
            self.offer(&Pattern::whole(value, true).to_string());
        }
    }

    fn offer(&mut self, word: &str) {
        if !self.is_full() && begins(word.trim_start_matches('"'), &self.typed) && word.to_lowercase() != self.typed {
            self.found.insert(word.to_owned());
        }
    }

    /// The words that may stand there, in order, and which of them does.
    pub fn words(&self) -> impl Iterator<Item = (&str, bool)> {
        let at = self.cycle.as_ref().map(|(_, at)| *at);
        let cycle = self.cycle.as_ref().map(|(words, _)| words.iter().map(String::as_str));
        let found = self.cycle.is_none().then(|| self.found.iter().map(String::as_str));
        let words = cycle.into_iter().flatten().chain(found.into_iter().flatten());
        words.enumerate().map(move |(place, word)| (word, at == Some(place)))
    }

    /// The filter with the next word in its place, or the one before; after the last it is as it was typed.
    pub fn next(&mut self, back: bool) -> Option<String> {
        let found = &self.found;
        let (words, at) = self.cycle.get_or_insert_with(|| (found.iter().cloned().collect(), usize::MAX));
        let places = words.len() + 1;
        if places == 1 {
            return None;
        }
        let now = if *at == usize::MAX { words.len() } else { *at };
        *at = if back { (now + places - 1) % places } else { (now + 1) % places };
        let word = words.get(*at).map_or(self.typed.as_str(), String::as_str);
        Some(format!("{}{word}", self.before))
    }
}

fn begins(word: &str, typed: &str) -> bool {
    let mut letters = word.chars().flat_map(char::to_lowercase);
    typed.chars().all(|letter| letters.next() == Some(letter))
}
