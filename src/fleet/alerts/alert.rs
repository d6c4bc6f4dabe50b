//! One alert.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use super::{External, Hold, MOST_TOLD, NextNotice, Plan, Reminder, Subject, Told};
use crate::fleet::words::{AlertId, CheckState, ClientId, HostId, Revision, SafeText, Severity, SiteId, Timestamp};

/// How long a resolved alert stays in the fleet's state before it is archived; the journal keeps it.
pub const KEPT_AFTER_RESOLUTION: Duration = Duration::from_secs(24 * 60 * 60);

/// The queue an open alert stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lane {
    /// Nobody has it.
    New,
    /// Acknowledged: somebody has it.
    Owned,
    /// Held back for any other reason, a snooze included.
    Muted,
}

/// How long an acknowledgement holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// Until the problem gets worse (the default).
    Worse,
    /// Until it is resolved.
    Resolved,
    /// Until a time.
    Time(Timestamp),
}

/// Somebody has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acknowledgement {
    /// Who.
    pub by: SafeText,
    /// Since when.
    pub at: Timestamp,
    /// How long it holds.
    pub until: Until,
    /// What they said.
    pub note: SafeText,
    /// The problem's level when they took it: only what is graver than this is worse, so that it survives flapping.
    pub level: CheckState,
    /// When it ends although nothing got worse, so that what was taken and forgotten comes back; `None`: never by itself.
    pub expires: Option<Timestamp>,
    /// The value that counts as worse, too.
    pub limit: Option<ValueLimit>,
}

/// A measured value beyond which an acknowledgement ends: 98 % to 100 % full is no graver state, and yet worse.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueLimit {
    /// The label of the performance data.
    pub label: SafeText,
    /// The limit in thousandths of the value's unit.
    pub thousandths: i64,
    /// Whether values below it are worse, as with what is left; else those above.
    pub below: bool,
}

impl FromStr for ValueLimit {
    type Err = String;

    /// Reads `used>98` or `free < 2.5`, as people write it.
    fn from_str(text: &str) -> Result<Self, String> {
        let form = "write a label, > or <, and a number, such as \"used>98\"";
        let (place, sign) = text.char_indices().rfind(|(_, sign)| ['>', '<'].contains(sign)).ok_or(form)?;
        let (label, number) = (text.get(..place).unwrap_or_default().trim(), text.get(place + 1..).unwrap_or_default());
        let number: f64 = number.trim().parse().map_err(|_| format!("{:?} is no number: {form}", number.trim()))?;
        let thousandths = (number * 1_000.0).round();
        if label.is_empty() || !thousandths.is_finite() || thousandths.abs() > 9e15 {
            return Err(form.to_owned());
        }
        Ok(Self { label: SafeText::line(label), thousandths: thousandths as i64, below: sign == '<' })
    }
}

impl fmt::Display for ValueLimit {
    /// `used > 98`, `free < 2.5`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.below { '<' } else { '>' };
        let (whole, part) = (self.thousandths.unsigned_abs() / 1_000, self.thousandths.unsigned_abs() % 1_000);
        let minus = if self.thousandths < 0 { "-" } else { "" };
        write!(f, "{} {sign} {minus}{whole}", self.label.as_str())?;
        let part = format!("{part:03}");
        match part.trim_end_matches('0') {
            "" => Ok(()),
            part => write!(f, ".{part}"),
        }
    }
}

/// Somebody has it and wants to be reminded later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snooze {
    /// Who; a snooze owns.
    pub by: SafeText,
    /// Since when.
    pub at: Timestamp,
    /// When it ends (wall time).
    pub until: Timestamp,
    /// What they said.
    pub note: SafeText,
    /// The problem's level when it was put aside: what is graver than this brings it back at once.
    pub level: CheckState,
}

/// How far it was escalated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Escalation {
    /// The step reached; the first is 1.
    pub step: u32,
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub by: SafeText,
    /// The entry that said so: an operator who has not seen it must not escalate again.
    pub revision: Revision,
}

/// Why an open alert is muted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Suppression {
    /// Snoozed by its owner.
    Snoozed,
    /// Held back by a rule.
    Held(Hold),
}

impl Suppression {
    /// How many kinds of reasons there are.
    pub const KINDS: usize = 5;

    /// Its kind, below [`Self::KINDS`]: the holds in their order, then snoozes.
    #[must_use]
    pub const fn kind(self) -> usize {
        match self {
            Self::Held(Hold::Maintenance(_)) => 0,
            Self::Held(Hold::Parent(_)) => 1,
            Self::Held(Hold::Flapping) => 2,
            Self::Held(Hold::Healing) => 3,
            Self::Snoozed => 4,
        }
    }

    /// `snoozed`, or the word of the [`Hold`].
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Snoozed => "snoozed",
            Self::Held(hold) => hold.word(),
        }
    }
}

/// What a hard problem opens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// Its number; its spoken id is made from it.
    pub id: AlertId,
    /// Whose problem it is.
    pub client: ClientId,
    /// Where.
    pub site: Option<SiteId>,
    /// On which host, if on one.
    pub host: Option<HostId>,
    /// What it is about.
    pub subject: Subject,
    /// The problem's state now: unknown, warning or critical (the last one, once resolved).
    pub level: CheckState,
    /// The newest words about it.
    pub summary: SafeText,
    /// When it opened first.
    pub opened_at: Timestamp,
    /// Since when it is at this level.
    pub level_since: Timestamp,
    /// When it was resolved; `None` while open.
    pub resolved_at: Option<Timestamp>,
    /// Whether a person closed it.
    pub closed_by_hand: bool,
    /// Who has it.
    pub acknowledgement: Option<Acknowledgement>,
    /// Until when its owner put it aside.
    pub snooze: Option<Snooze>,
    /// How far it was escalated.
    pub escalation: Option<Escalation>,
    /// How many times the problem came, reopenings included.
    pub count: u32,
    /// The newest note.
    pub last_note: Option<SafeText>,
    /// Why it is held back by rules; in order, each once.
    pub holds: Vec<Hold>,
    /// Who is told next; `None` before any rule has looked.
    pub plan: Option<Box<Plan>>,
    /// Who was told since it opened, in the order of the first time.
    pub told: Vec<Told>,
    /// What is to be said about it later, the earliest first.
    pub reminders: Vec<Reminder>,
    /// Revision of its last change.
    pub changed: Revision,
    /// Revision at which it opened, reopened or got worse last.
    pub worsened: Revision,
    /// What the other system says that it came from.
    pub external: Option<Arc<External>>,
}

impl Alert {
    /// Whether it is open.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.resolved_at.is_none()
    }

    /// When it next changes by time alone: a snooze or an acknowledgement ends, or it is archived.
    #[must_use]
    pub fn timer(&self) -> Option<Timestamp> {
        if let Some(resolved_at) = self.resolved_at {
            // What somebody wants to say about it later keeps it here until then.
            let reminder = self.reminders.first().map(|reminder| reminder.at);
            return reminder.or(Some(resolved_at + KEPT_AFTER_RESOLUTION));
        }
        let acknowledged = self.acknowledgement.as_ref().and_then(Acknowledgement::ends_at);
        let snoozed = self.snooze.as_ref().map(|snooze| snooze.until);
        let notice = self.next_notice().map(|next| next.at);
        let reminder = self.reminders.first().map(|reminder| reminder.at);
        [acknowledged, snoozed, notice, reminder].into_iter().flatten().min()
    }

    /// The notice that goes out next unless something happens; `None` while it is resolved, owned or held back.
    #[must_use]
    pub fn next_notice(&self) -> Option<&NextNotice> {
        let waits = self.is_open() && self.lane() == Lane::New;
        self.plan.as_ref().filter(|_| waits).and_then(|plan| plan.next.as_ref())
    }

    /// Whether people who were told of it are still to hear of its end.
    #[must_use]
    pub const fn owes_recovery(&self) -> bool {
        !self.is_open() && !self.told.is_empty()
    }

    /// Notes that somebody was told; of one told before only the newest time counts.
    pub(super) fn note_told(&mut self, told: Told) {
        if let Some(known) = self.told.iter_mut().find(|known| known.to == told.to) {
            *known = told;
        } else if self.told.len() < MOST_TOLD {
            self.told.push(told);
        }
    }

    /// Its severity: critical for a critical problem, else warning.
    #[must_use]
    pub fn severity(&self) -> Severity {
        self.level.severity().unwrap_or(Severity::Warning)
    }

    /// Its lane; muted wins over owned, since a snoozed alert has an owner too.
    #[must_use]
    pub const fn lane(&self) -> Lane {
        if self.snooze.is_some() || !self.holds.is_empty() {
            Lane::Muted
        } else if self.acknowledgement.is_some() {
            Lane::Owned
        } else {
            Lane::New
        }
    }

    /// Why it is held back, other than by an acknowledgement.
    pub fn suppressions(&self) -> impl Iterator<Item = Suppression> {
        let snoozed = self.snooze.iter().map(|_| Suppression::Snoozed);
        snoozed.chain(self.holds.iter().map(|hold| Suppression::Held(*hold)))
    }

    /// Who has it: by acknowledgement or snooze.
    #[must_use]
    pub fn owner(&self) -> Option<&SafeText> {
        self.snooze.as_ref().map(|snooze| &snooze.by).or(self.acknowledgement.as_ref().map(|ack| &ack.by))
    }

    /// The step reached by escalation, 0 for none.
    #[must_use]
    pub fn step(&self) -> u32 {
        self.escalation.as_ref().map_or(0, |escalation| escalation.step)
    }
}

impl Acknowledgement {
    /// When it ends by time alone.
    #[must_use]
    pub fn ends_at(&self) -> Option<Timestamp> {
        match self.until {
            Until::Time(end) => Some(end),
            Until::Worse | Until::Resolved => self.expires,
        }
    }
}

impl Lane {
    /// All lanes in the order of the queue.
    pub const ALL: [Self; 3] = [Self::New, Self::Owned, Self::Muted];

    /// `new`, `owned` or `muted`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Owned => "owned",
            Self::Muted => "muted",
        }
    }
}
