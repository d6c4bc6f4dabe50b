//! Acts that were asked for and whose entries have not arrived: what the screens mark, and what keeps `q` from leaving.
//!
//! An act is *sent* at once, reads WAITING after a second, and NOT SENT after five without an answer. An answer that
//! comes later still counts: the reading says what is known now, never more.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use crate::console::act::{Act, ActEnd, ActTag, Targets, Verb};
use crate::console::replica::{FleetIndex, Position};
use crate::fleet::words::{AlertId, Epoch, HostId, JobId, Revision, SafeText};

/// After this long without an answer an act reads WAITING.
const WAITING_AFTER: Duration = Duration::from_secs(1);
/// After this long without an answer it reads NOT SENT.
pub const NOT_SENT_AFTER: Duration = Duration::from_secs(5);
/// Ends with failures that are kept until a person has dismissed them.
const REPORTS: usize = 20;

/// How a pending act reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reading {
    /// Just sent, or done and its entry is on the way.
    Sent,
    /// No answer for so many whole seconds.
    Waiting(u64),
    /// No answer, and none is to be expected soon.
    NotSent,
}

/// A row that an act is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Row {
    /// An alert's.
    Alert(AlertId),
    /// A host's.
    Host(HostId),
    /// A backup job's.
    Job(JobId),
}

/// An act whose entry has not arrived.
#[derive(Clone, Debug)]
pub struct Pending {
    /// Its number.
    pub tag: ActTag,
    /// In which fleet.
    pub fleet: FleetIndex,
    /// What was asked.
    pub act: Act,
    /// When.
    pub asked_at: Instant,
    state: State,
}

#[derive(Clone, Debug)]
enum State {
    Unanswered,
    /// Done; the entry is on its way to the replica.
    Done {
        epoch: Epoch,
        revision: Revision,
    },
    NotSent {
        reason: SafeText,
        perhaps_done: bool,
    },
}

/// How an act ended, for the person who asked.
#[derive(Clone, Debug)]
pub struct Report {
    /// In which fleet.
    pub fleet: FleetIndex,
    /// What was asked.
    pub act: Act,
    /// How it ended.
    pub end: ActEnd,
}

/// All acts of a console that are under way.
#[derive(Debug, Default)]
pub struct Acts {
    next: u64,
    pending: BTreeMap<ActTag, Pending>,
    /// The newest act about each row that has one; an older one still shows when the newer ends.
    rows: BTreeMap<(FleetIndex, Row), Vec<ActTag>>,
    reports: VecDeque<Report>,
}

impl Pending {
    /// How it reads now.
    #[must_use]
    pub fn reading(&self, now: Instant) -> Reading {
        match self.state {
            State::Done { .. } => Reading::Sent,
            State::NotSent { .. } => Reading::NotSent,
            State::Unanswered => {
                let waited = now.saturating_duration_since(self.asked_at);
                if waited >= NOT_SENT_AFTER {
                    Reading::NotSent
                } else if waited >= WAITING_AFTER {
                    Reading::Waiting(waited.as_secs())
                } else {
                    Reading::Sent
                }
            }
        }
    }

    /// Why it was not sent, once that is known.
    #[must_use]
    pub const fn reason(&self) -> Option<&SafeText> {
        match &self.state {
            State::NotSent { reason, .. } => Some(reason),
            State::Unanswered | State::Done { .. } => None,
        }
    }

    /// Whether the hub may have done it although no answer came.
    #[must_use]
    pub const fn is_perhaps_done(&self) -> bool {
        matches!(self.state, State::NotSent { perhaps_done: true, .. })
    }

    const fn is_unsent(&self) -> bool {
        matches!(self.state, State::Unanswered | State::NotSent { .. })
    }

    fn rows(&self) -> Vec<Row> {
        let mut rows = match &self.act.targets {
            Targets::Alerts(alerts) if !self.act.dry_run => alerts.iter().copied().map(Row::Alert).collect(),
            Targets::Hosts(hosts) if !self.act.dry_run => hosts.iter().copied().map(Row::Host).collect(),
            Targets::Jobs(jobs) if !self.act.dry_run => jobs.iter().copied().map(Row::Job).collect(),
            Targets::Alerts(_) | Targets::Hosts(_) | Targets::Jobs(_) | Targets::None | Targets::Filter { .. } => {
                Vec::new()
            }
        };
        if let Verb::CheckNow { host: Some(host), .. } = self.act.verb {
            rows.push(Row::Host(host));
        }
        rows
    }
}

impl Report {
    /// Whether something did not go as asked, so that a person must know.
    #[must_use]
    pub const fn is_trouble(&self) -> bool {
        match &self.end {
            ActEnd::Answered(answer) => !answer.failed.is_empty() || !answer.left_out.is_empty(),
            ActEnd::Refused(_) | ActEnd::NotSent { .. } => true,
        }
    }
}

impl Acts {
    /// Notes that an act is being sent and gives it its number.
    pub fn begin(&mut self, fleet: FleetIndex, act: Act, now: Instant) -> ActTag {
        let tag = ActTag(self.next);
        self.next += 1;
        let pending = Pending { tag, fleet, act, asked_at: now, state: State::Unanswered };
        for row in pending.rows() {
            self.rows.entry((fleet, row)).or_default().push(tag);
        }
        self.pending.insert(tag, pending);
        tag
    }

    /// Takes an act's end over and gives the report of it; `None` for an act that was discarded meanwhile. `held` is
    /// where the fleet's replica stands.
    pub fn ended(&mut self, tag: ActTag, end: ActEnd, held: Position) -> Option<Report> {
        let pending = self.pending.get_mut(&tag)?;
        let report = Report { fleet: pending.fleet, act: pending.act.clone(), end };
        match &report.end {
            ActEnd::Answered(answer) if answer.epoch == held.epoch && answer.revision > held.revision => {
                pending.state = State::Done { epoch: answer.epoch, revision: answer.revision };
            }
            ActEnd::Answered(_) | ActEnd::Refused(_) => self.remove(tag),
            ActEnd::NotSent { reason, perhaps_done } => {
                pending.state = State::NotSent { reason: reason.clone(), perhaps_done: *perhaps_done };
            }
        }
        let kept = matches!(report.end, ActEnd::Answered(_) | ActEnd::Refused(_)) && report.is_trouble();
        if kept && !report.act.dry_run {
            self.reports.truncate(REPORTS - 1);
            self.reports.push_front(report.clone());
        }
        Some(report)
    }

    /// A replica stands at a new position: acts whose entry it holds are over. Whether any was.
    pub fn arrived(&mut self, fleet: FleetIndex, held: Position) -> bool {
        let over: Vec<ActTag> = self
            .pending
            .values()
            .filter(|pending| pending.fleet == fleet)
            .filter_map(|pending| match pending.state {
                State::Done { epoch, revision } if epoch != held.epoch || revision <= held.revision => {
                    Some(pending.tag)
                }
                _ => None,
            })
            .collect();
        for tag in &over {
            self.remove(*tag);
        }
        !over.is_empty()
    }

    /// Gives an act up that was not sent.
    pub fn discard(&mut self, tag: ActTag) {
        self.remove(tag);
    }

    /// Gives all acts up that were not sent, and forgets the reports: the person has seen them.
    pub fn dismiss(&mut self) {
        let unsent: Vec<ActTag> =
            self.pending.values().filter(|pending| pending.is_unsent()).map(|pending| pending.tag).collect();
        for tag in unsent {
            self.remove(tag);
        }
        self.reports.clear();
    }

    /// Whether an act has no answer: `q` must not leave.
    #[must_use]
    pub fn has_unsent(&self) -> bool {
        self.pending.values().any(Pending::is_unsent)
    }

    /// All pending acts, oldest first.
    pub fn pending(&self) -> impl ExactSizeIterator<Item = &Pending> {
        self.pending.values()
    }

    /// The newest pending act about a row, for its mark.
    #[must_use]
    pub fn about(&self, fleet: FleetIndex, row: Row) -> Option<&Pending> {
        self.rows.get(&(fleet, row))?.last().and_then(|tag| self.pending.get(tag))
    }

    /// Ends with failures, newest first, until they are dismissed.
    pub fn reports(&self) -> impl ExactSizeIterator<Item = &Report> {
        self.reports.iter()
    }

    /// Why the newest act about a row failed, while its report is kept.
    #[must_use]
    pub fn failure(&self, fleet: FleetIndex, alert: AlertId) -> Option<&SafeText> {
        let of_fleet = self.reports.iter().filter(|report| report.fleet == fleet);
        of_fleet
            .filter_map(|report| match &report.end {
                ActEnd::Answered(answer) => {
                    let failures = answer.failed.iter().chain(&answer.left_out);
                    failures.filter(|(id, _)| *id == alert.0).map(|(_, why)| why).next()
                }
                ActEnd::Refused(_) | ActEnd::NotSent { .. } => None,
            })
            .next()
    }

    /// When a reading changes by time alone, after `now`.
    #[must_use]
    pub fn next_change(&self, now: Instant) -> Option<Instant> {
        let unanswered = self.pending.values().filter(|pending| matches!(pending.state, State::Unanswered));
        unanswered
            .filter_map(|pending| {
                let waited = now.saturating_duration_since(pending.asked_at);
                let next = Duration::from_secs(waited.as_secs() + 1);
                (next <= NOT_SENT_AFTER).then(|| pending.asked_at + next)
            })
            .min()
    }

    fn remove(&mut self, tag: ActTag) {
        let Some(pending) = self.pending.remove(&tag) else { return };
        for row in pending.rows() {
            let key = (pending.fleet, row);
            if let Some(tags) = self.rows.get_mut(&key) {
                tags.retain(|other| *other != tag);
                if tags.is_empty() {
                    self.rows.remove(&key);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::act::{ActAnswer, new_action_id};

    const FLEET: FleetIndex = FleetIndex(1);

    fn held(revision: u64) -> Position {
        Position { epoch: Epoch(7), revision: Revision(revision) }
    }

    fn note_on(alerts: &[u64]) -> Act {
        Act {
            id: new_action_id().expect("a random source"),
            seen: Revision(10),
            targets: Targets::Alerts(alerts.iter().copied().map(AlertId).collect()),
            dry_run: false,
            verb: Verb::Note { note: "on it".into() },
        }
    }

    fn answered(revision: u64) -> ActAnswer {
        ActAnswer { epoch: Epoch(7), revision: Revision(revision), done: vec![1], ..ActAnswer::default() }
    }

    #[test]
    fn a_mark_stays_until_the_entry_arrives() {
        let (mut acts, now) = (Acts::default(), Instant::now());
        let tag = acts.begin(FLEET, note_on(&[1, 2]), now);
        let row = Row::Alert(AlertId(2));
        assert!(acts.has_unsent());
        assert_eq!(acts.about(FLEET, row).map(|pending| pending.reading(now)), Some(Reading::Sent));
        assert!(acts.about(FleetIndex(0), row).is_none(), "another fleet's alert of that number");
        acts.ended(tag, ActEnd::Answered(answered(12)), held(11));
        assert!(!acts.has_unsent(), "the hub has it");
        assert!(acts.about(FLEET, row).is_some(), "but the entry is not here yet");
        assert!(!acts.arrived(FLEET, held(11)));
        assert!(acts.arrived(FLEET, held(12)));
        assert!(acts.about(FLEET, row).is_none() && acts.rows.is_empty());
    }

    #[test]
    fn an_answer_after_its_entry_ends_the_act_at_once() {
        let (mut acts, now) = (Acts::default(), Instant::now());
        for end in [answered(12), ActAnswer { epoch: Epoch(8), ..answered(99) }] {
            let tag = acts.begin(FLEET, note_on(&[1]), now);
            acts.ended(tag, ActEnd::Answered(end), held(12));
            assert_eq!(acts.pending().len(), 0);
        }
    }

    #[test]
    fn without_an_answer_it_reads_waiting_then_not_sent_and_keeps_q() {
        let (mut acts, now) = (Acts::default(), Instant::now());
        let after = |ms: u64| now + Duration::from_millis(ms);
        let tag = acts.begin(FLEET, note_on(&[1]), now);
        let reading = |acts: &Acts, ms| acts.pending().next().map(|pending| pending.reading(after(ms)));
        assert_eq!(reading(&acts, 999), Some(Reading::Sent));
        assert_eq!(reading(&acts, 3_400), Some(Reading::Waiting(3)));
        assert_eq!(acts.next_change(after(3_400)), Some(after(4_000)));
        assert_eq!(reading(&acts, 5_000), Some(Reading::NotSent));
        assert_eq!(acts.next_change(after(5_000)), None);
        let reason = SafeText::new("no hub");
        acts.ended(tag, ActEnd::NotSent { reason: reason.clone(), perhaps_done: true }, held(1));
        assert!(acts.has_unsent());
        assert_eq!(acts.pending().next().and_then(Pending::reason), Some(&reason));
        acts.dismiss();
        assert!(!acts.has_unsent() && acts.rows.is_empty());
        assert!(acts.ended(tag, ActEnd::Answered(answered(1)), held(1)).is_none(), "nobody waits any more");
    }

    #[test]
    fn failures_are_told_by_id_until_dismissed() {
        let (mut acts, now) = (Acts::default(), Instant::now());
        for _ in 0..30 {
            let tag = acts.begin(FLEET, note_on(&[1, 2]), now);
            let failed = vec![(2, SafeText::new("it is resolved"))];
            let end = ActEnd::Answered(ActAnswer { failed, ..answered(1) });
            assert!(acts.ended(tag, end, held(1)).is_some_and(|report| report.is_trouble()));
        }
        assert_eq!(acts.reports().len(), REPORTS);
        assert_eq!(acts.failure(FLEET, AlertId(2)).map(SafeText::as_str), Some("it is resolved"));
        assert_eq!(acts.failure(FLEET, AlertId(1)), None);
        acts.dismiss();
        assert_eq!(acts.reports().len(), 0);
    }

    #[test]
    fn ids_are_not_repeated() {
        let ids: std::collections::BTreeSet<_> = (0..100).map(|_| new_action_id()).collect();
        assert_eq!(ids.len(), 100);
    }
}
