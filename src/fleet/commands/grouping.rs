//! Which hosts of a command ended alike: the same end with the same output is one group.

use std::cmp::{Ordering, Reverse};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::command::Command;
use super::outcome::{Kept, Outcome, OutcomeState};
use crate::fleet::words::{BlobId, HostId, SafeText};

/// What hosts of one group have in common. Output is compared by its hash, so that none needs to be fetched for it; where
/// there are shapes, by them, and the output is that of one of those alike.
#[derive(Clone, Debug)]
pub struct Alike {
    /// Where the command stands.
    pub state: OutcomeState,
    /// Somebody wants it cancelled where it still runs.
    pub cancelling: bool,
    /// The program's exit code.
    pub code: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
    /// What it printed: the blob, and how many bytes were printed.
    pub stdout: (Option<BlobId>, u64),
    /// What it printed to standard error.
    pub stderr: (Option<BlobId>, u64),
    /// The rule that denied it, or how it was lost.
    pub why: SafeText,
    /// The shapes of both outputs, where they are what is compared.
    shapes: Option<(u64, u64)>,
}

impl Alike {
    /// What makes two the same.
    fn key(&self) -> impl Ord + '_ {
        let Self { state, cancelling, code, signal, stdout, stderr, why, shapes } = self;
        let exact = shapes.is_none().then_some((stdout, stderr));
        (state, cancelling, code, signal, shapes, exact, why)
    }
}

impl PartialEq for Alike {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Alike {}

impl PartialOrd for Alike {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Alike {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }
}

/// The hosts of a command in groups, kept by what changes: no outcome is looked at again unless it changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grouping {
    of_host: BTreeMap<HostId, Arc<Alike>>,
    groups: BTreeMap<Arc<Alike>, BTreeSet<HostId>>,
    order: BTreeSet<Place>,
}

/// What has ended comes first, the largest group of it at the top.
type Place = (bool, Reverse<usize>, Arc<Alike>);

impl Alike {
    /// What an outcome has in common with those like it.
    #[must_use]
    pub fn of(outcome: &Outcome) -> Self {
        let printed = |kept: &Kept| (kept.blob, kept.printed);
        Self {
            state: outcome.state,
            cancelling: outcome.cancelling && !outcome.state.is_end(),
            code: outcome.code,
            signal: outcome.signal,
            stdout: printed(&outcome.stdout),
            stderr: printed(&outcome.stderr),
            why: outcome.why.clone(),
            shapes: None,
        }
    }

    /// What an outcome has in common with those whose outputs differ in no more than numbers, times and the host's name.
    #[must_use]
    pub fn similar(outcome: &Outcome) -> Self {
        let shape = |kept: &Kept| match (kept.blob, kept.shape) {
            (None, _) if kept.printed == 0 => Some(0),
            // it was lost, or an agent that is older tells none
            (None, _) | (Some(_), 0) => None,
            (Some(_), shape) => Some(shape),
        };
        Self { shapes: shape(&outcome.stdout).zip(shape(&outcome.stderr)), ..Self::of(outcome) }
    }
}

impl Grouping {
    /// All hosts of a command in groups.
    #[must_use]
    pub fn of(command: &Command) -> Self {
        let mut grouping = Self::default();
        for (host, outcome) in command.outcomes() {
            grouping.set(host, Alike::of(outcome));
        }
        grouping
    }

    /// Puts a host where it belongs now; whether it moved.
    pub fn set(&mut self, host: HostId, alike: Alike) -> bool {
        if self.of_host.get(&host).is_some_and(|known| **known == alike) {
            return false;
        }
        self.remove(host);
        let alike = Arc::new(alike);
        // Of equal ones the first is kept, so that a thousand hosts share one.
        let alike = self.groups.get_key_value(&alike).map_or(alike, |(known, _)| Arc::clone(known));
        let hosts = self.groups.entry(Arc::clone(&alike)).or_default();
        self.order.remove(&place(hosts.len(), &alike));
        hosts.insert(host);
        self.order.insert(place(hosts.len(), &alike));
        self.of_host.insert(host, alike);
        true
    }

    /// Takes a host out.
    pub fn remove(&mut self, host: HostId) {
        let Some(alike) = self.of_host.remove(&host) else { return };
        let Some(hosts) = self.groups.get_mut(&alike) else { return };
        self.order.remove(&place(hosts.len(), &alike));
        hosts.remove(&host);
        if hosts.is_empty() {
            self.groups.remove(&alike);
        } else {
            self.order.insert(place(hosts.len(), &alike));
        }
    }

    /// The groups with their hosts by number: what has ended, largest first, then what has not.
    pub fn in_order(&self) -> impl DoubleEndedIterator<Item = (&Arc<Alike>, &BTreeSet<HostId>)> {
        self.order.iter().filter_map(|(.., alike)| Some((alike, self.groups.get(alike)?)))
    }

    /// The hosts of a group.
    #[must_use]
    pub fn hosts(&self, alike: &Alike) -> Option<&BTreeSet<HostId>> {
        self.groups.get(alike)
    }

    /// The group of a host.
    #[must_use]
    pub fn of_host(&self, host: HostId) -> Option<&Arc<Alike>> {
        self.of_host.get(&host)
    }

    /// How many groups there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.groups.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }
}

fn place(hosts: usize, alike: &Arc<Alike>) -> Place {
    (!alike.state.is_end(), Reverse(hosts), Arc::clone(alike))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::words::ClientId;
    use proptest::prelude::*;

    fn outcome(state: usize, code: i32, output: u8) -> Outcome {
        let blob = (output > 0).then_some(BlobId([output; 32]));
        let state = OutcomeState::ALL[state % OutcomeState::ALL.len()];
        let printed = Kept { blob, printed: output.into(), kept: output.into(), shape: u64::from(output % 2) };
        Outcome { state, code: Some(code), stdout: printed, ..Outcome::queued(ClientId::from("acme")) }
    }

    #[test]
    fn the_same_output_with_another_code_is_another_group() {
        let mut grouping = Grouping::default();
        for host in 1..=5 {
            grouping.set(HostId(host), Alike::of(&outcome(3, 0, 7)));
        }
        grouping.set(HostId(6), Alike::of(&outcome(3, 1, 7)));
        grouping.set(HostId(7), Alike::of(&outcome(3, 0, 8)));
        let sizes: Vec<usize> = grouping.in_order().map(|(_, hosts)| hosts.len()).collect();
        assert_eq!(sizes, [5, 1, 1]);
    }

    #[test]
    fn similar_outputs_are_one_group_and_what_has_no_shape_stays_apart() {
        let mut grouping = Grouping::default();
        for output in 1..=9 {
            grouping.set(HostId(output.into()), Alike::similar(&outcome(3, 0, output)));
        }
        // of shape 1 are 1, 3, 5, 7 and 9; the others come of an agent that tells no shape
        let sizes: Vec<usize> = grouping.in_order().map(|(_, hosts)| hosts.len()).collect();
        assert_eq!(sizes, [5, 1, 1, 1, 1]);
        assert!(grouping.in_order().next().is_some_and(|(alike, _)| alike.stdout.0.is_some()), "one is shown for all");
        grouping.set(HostId(10), Alike::similar(&outcome(3, 1, 1)));
        assert_eq!(grouping.len(), 6, "another code is another end");
        grouping.set(HostId(11), Alike::similar(&outcome(3, 0, 0)));
        assert_eq!(grouping.len(), 7, "no output is like none that is");
        let mut lost = outcome(3, 0, 0);
        lost.stdout.printed = 40;
        grouping.set(HostId(12), Alike::similar(&lost));
        assert_eq!(grouping.len(), 8, "what was printed and is lost is not nothing printed");
    }

    #[test]
    fn what_has_not_ended_comes_last() {
        let mut grouping = Grouping::default();
        for host in 1..=9 {
            grouping.set(HostId(host), Alike::of(&outcome(0, 0, 0)));
        }
        grouping.set(HostId(4), Alike::of(&outcome(4, 2, 1)));
        let states: Vec<OutcomeState> = grouping.in_order().map(|(alike, _)| alike.state).collect();
        assert_eq!(states, [OutcomeState::Failed, OutcomeState::Queued]);
    }

    proptest! {
        #[test]
        fn groups_kept_by_change_are_the_groups_made_anew_and_sum_to_the_hosts(
            steps in prop::collection::vec((1u64..30, prop::option::weighted(0.9, (0usize..11, 0i32..3, 0u8..3))), 0..200),
        ) {
            let mut grouping = Grouping::default();
            let mut known = BTreeMap::new();
            for (host, step) in steps {
                match step {
                    Some((state, code, output)) => {
                        grouping.set(HostId(host), Alike::of(&outcome(state, code, output)));
                        known.insert(HostId(host), outcome(state, code, output));
                    }
                    None => {
                        grouping.remove(HostId(host));
                        known.remove(&HostId(host));
                    }
                }
            }
            let mut anew = Grouping::default();
            for (host, outcome) in &known {
                anew.set(*host, Alike::of(outcome));
            }
            prop_assert_eq!(&grouping, &anew);
            prop_assert_eq!(grouping.in_order().map(|(_, hosts)| hosts.len()).sum::<usize>(), known.len());
            let sizes: Vec<_> = grouping.in_order().map(|(alike, hosts)| (!alike.state.is_end(), Reverse(hosts.len()))).collect();
            prop_assert!(sizes.is_sorted());
        }
    }
}
