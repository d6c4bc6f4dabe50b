//! Rows under heads: which group a row belongs to, what a head says of its rows, and which groups are folded.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// How many kinds of rows a head tells apart.
pub const KINDS: usize = 8;

/// A group of rows: its place among the groups, and its name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Group {
    /// Earlier groups have lower numbers; equal ones stand by name.
    pub rank: u8,
    /// What its rows have in common.
    pub name: Arc<str>,
}

impl Group {
    /// A group that stands by its name.
    #[must_use]
    pub fn named(name: &str) -> Self {
        Self { rank: 0, name: Arc::from(name) }
    }

    /// A group with a place of its own.
    #[must_use]
    pub fn ranked(rank: u8, name: &str) -> Self {
        Self { rank, name: Arc::from(name) }
    }

    /// The group of what has no such thing; it comes last.
    #[must_use]
    pub fn none() -> Self {
        Self::ranked(u8::MAX, "-")
    }
}

/// A line of a list: a row, or the head over a group of rows.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Line<K> {
    /// The head of a group.
    Head(Group),
    /// A row.
    Row(K),
}

impl<K: Copy> Line<K> {
    /// The row, where it is one.
    #[must_use]
    pub const fn row(&self) -> Option<K> {
        match self {
            Self::Row(key) => Some(*key),
            Self::Head(_) => None,
        }
    }
}

/// How many rows of each kind a group has.
pub type Sums = [usize; KINDS];

/// The groups as they were handed out last, and which of them show only their head.
#[derive(Clone, Debug, Default)]
pub struct Groups {
    sums: BTreeMap<Group, Sums>,
    folded: BTreeSet<Group>,
}

impl Groups {
    /// Lines of rows that come group by group, each with its kind: a head before each group, no rows of folded ones.
    pub fn lines<K>(&mut self, rows: impl Iterator<Item = (Group, u8, K)>) -> Vec<Line<K>> {
        self.sums.clear();
        let mut lines = Vec::new();
        let mut open: Option<(Group, Sums, bool)> = None;
        for (group, kind, key) in rows {
            if open.as_ref().is_none_or(|(last, ..)| *last != group) {
                self.sums.extend(open.take().map(|(last, sums, _)| (last, sums)));
                lines.push(Line::Head(group.clone()));
                let folded = self.folded.contains(&group);
                open = Some((group, [0; KINDS], folded));
            }
            if let Some((_, sums, folded)) = &mut open {
                if let Some(sum) = sums.get_mut(usize::from(kind).min(KINDS - 1)) {
                    *sum += 1;
                }
                if !*folded {
                    lines.push(Line::Row(key));
                }
            }
        }
        self.sums.extend(open.map(|(last, sums, _)| (last, sums)));
        lines
    }

    /// How many groups there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.sums.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sums.is_empty()
    }

    /// The groups, in order.
    pub fn all(&self) -> impl Iterator<Item = &Group> {
        self.sums.keys()
    }

    /// How many rows of each kind a group has.
    #[must_use]
    pub fn sums(&self, group: &Group) -> Sums {
        self.sums.get(group).copied().unwrap_or_default()
    }

    /// Whether only the group's head shows.
    #[must_use]
    pub fn is_folded(&self, group: &Group) -> bool {
        self.folded.contains(group)
    }

    /// Folds a group, or unfolds it.
    pub fn toggle(&mut self, group: &Group) {
        if !self.folded.remove(group) {
            self.folded.insert(group.clone());
        }
    }

    /// Folds all groups, or unfolds all where all are folded.
    pub fn toggle_all(&mut self) {
        let all = self.sums.keys().all(|group| self.folded.contains(group));
        self.folded = if all { BTreeSet::new() } else { self.sums.keys().cloned().collect() };
    }

    /// Forgets what is folded, as when rows are grouped by something else.
    pub fn unfold(&mut self) {
        self.folded.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> impl Iterator<Item = (Group, u8, u32)> {
        [("acme", 0, 1), ("acme", 2, 5), ("bay", 0, 2), ("echo", 9, 3)]
            .into_iter()
            .map(|(name, kind, key)| (Group::named(name), kind, key))
    }

    fn head(name: &str) -> Line<u32> {
        Line::Head(Group::named(name))
    }

    #[test]
    fn each_group_has_a_head_with_its_sums_and_a_folded_one_nothing_else() {
        let mut groups = Groups::default();
        let all = groups.lines(rows());
        let expected =
            [head("acme"), Line::Row(1), Line::Row(5), head("bay"), Line::Row(2), head("echo"), Line::Row(3)];
        assert_eq!(all, expected);
        assert_eq!(groups.sums(&Group::named("acme")), [1, 0, 1, 0, 0, 0, 0, 0]);
        groups.toggle(&Group::named("acme"));
        assert_eq!(groups.lines(rows()), [head("acme"), head("bay"), Line::Row(2), head("echo"), Line::Row(3)]);
        assert_eq!(groups.sums(&Group::named("acme")).iter().sum::<usize>(), 2, "folded rows are counted");
        assert_eq!(groups.sums(&Group::named("echo")), [0, 0, 0, 0, 0, 0, 0, 1], "an unknown kind is counted too");
        groups.toggle_all();
        assert_eq!(groups.lines(rows()), [head("acme"), head("bay"), head("echo")]);
        groups.toggle_all();
        assert_eq!(groups.lines(rows()).len(), 7);
    }

    #[test]
    fn what_has_no_group_comes_last() {
        assert!(Group::none() > Group::named("zulu") && Group::ranked(0, "z") < Group::ranked(1, "a"));
    }
}
