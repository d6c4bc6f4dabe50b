//! On-call schedules: who is on duty at a moment, by turns that are handed over at a time on the wall of a place.
//!
//! All turns are counted in civil time: a handoff at 09:00 is at 09:00 on both sides of a change of the clock, and the
//! turn over the change is an hour shorter or longer. A handoff at a time the clock skips comes as much later as the
//! clock skips; one at a time the clock shows twice comes at the first of the two.

use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span};

use crate::fleet::configuration::assignment::Provenance;
use crate::fleet::configuration::hours::{ExpectedHours, Schedule};
use crate::fleet::words::{SafeText, Timestamp};

/// How far back the beginning of a duty is looked for.
const LOOK_BACK_DAYS: i64 = 62;
/// A bound on the moments looked at; a real schedule needs a few.
const MOST_MOMENTS: usize = 10_000;
/// A bound on how far civil time can be from the time that passed, counted in turns of an hour.
const MOST_ADJUSTMENTS: usize = 64;
const DAY_MS: i64 = 86_400_000;

/// Who is on duty when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnCallSchedule {
    /// Its name.
    pub name: SafeText,
    /// The place by whose clock duty is handed over.
    pub zone: TimeZone,
    /// The rotations. Where a later one is active it counts instead of an earlier one.
    pub layers: Vec<Rotation>,
    /// Where it is written.
    pub source: Provenance,
}

impl OnCallSchedule {
    /// Whether nobody is ever on duty by it, as long as nobody stands in.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.layers.iter().all(|layer| layer.members.is_empty())
    }
}

/// People who take turns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rotation {
    /// The people, in the order of their turns; without any it is never active.
    pub members: Vec<SafeText>,
    /// How long a turn is.
    pub turn: Turn,
    /// The time of day at which a turn ends and the next begins.
    pub handoff: Time,
    /// The day of the week at which weekly turns are handed over; the one of `from` where none is given.
    pub weekday: Option<Weekday>,
    /// It begins on this day at the time of handoff, with the first of its members.
    pub from: Date,
    /// It is only active at these times, by the clock of the schedule.
    pub hours: Option<Schedule>,
}

/// How long a turn is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Turn {
    /// A day.
    Daily,
    /// A week.
    Weekly,
    /// So many hours by the clock on the wall, at least one.
    Hours(u32),
    /// So many days, at least one.
    Days(u32),
}

/// Somebody stands in for whoever a schedule has on duty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cover {
    /// Who stands in.
    pub person: SafeText,
    /// From when.
    pub from: Timestamp,
    /// Until when, not included.
    pub until: Timestamp,
}

impl Cover {
    fn is_active(&self, at: Timestamp) -> bool {
        self.from <= at && at < self.until
    }
}

impl Turn {
    fn hours(self) -> i64 {
        match self {
            Self::Daily => 24,
            Self::Weekly => 7 * 24,
            Self::Hours(hours) => i64::from(hours.max(1)),
            Self::Days(days) => i64::from(days.max(1)) * 24,
        }
    }
}

impl std::fmt::Display for Turn {
    /// As written in a file: `daily`, `weekly`, `12h`, `3d`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Daily => f.write_str("daily"),
            Self::Weekly => f.write_str("weekly"),
            Self::Hours(hours) => write!(f, "{hours}h"),
            Self::Days(days) => write!(f, "{days}d"),
        }
    }
}

/// A rotation with all that its moments are counted from.
struct Wheel<'s> {
    rotation: &'s Rotation,
    zone: &'s TimeZone,
    /// Where turn 0 begins, by the clock there; weekly turns may have begun before the rotation did.
    anchor: DateTime,
    begins: Timestamp,
    hours: Option<ExpectedHours>,
    /// Whether a handoff can change who it is.
    turns: bool,
}

impl<'s> Wheel<'s> {
    fn of(rotation: &'s Rotation, zone: &'s TimeZone) -> Option<Self> {
        let first = rotation.members.first()?;
        let back = match (rotation.turn, rotation.weekday) {
            (Turn::Weekly, Some(weekday)) => rotation.from.weekday().since(weekday),
            _ => 0,
        };
        let day = rotation.from.checked_sub(Span::new().days(back)).ok()?;
        Some(Self {
            rotation,
            zone,
            anchor: day.to_datetime(rotation.handoff),
            begins: moment(zone, rotation.from.to_datetime(rotation.handoff))?,
            hours: rotation.hours.clone().map(|schedule| ExpectedHours { schedule, zone: zone.clone() }),
            turns: rotation.members.iter().any(|member| member != first),
        })
    }

    fn is_active(&self, at: Timestamp) -> bool {
        self.begins <= at && self.hours.as_ref().is_none_or(|hours| hours.is_expected(at))
    }

    /// When a turn begins.
    fn boundary(&self, turn: i64) -> Option<Timestamp> {
        let hours = turn.checked_mul(self.rotation.turn.hours())?;
        let civil = self.anchor.checked_add(SignedDuration::from_secs(hours.checked_mul(3_600)?)).ok()?;
        moment(self.zone, civil)
    }

    /// The turn at a moment.
    fn turn(&self, at: Timestamp) -> Option<i64> {
        let local = self.zone.to_datetime(jiff::Timestamp::from_millisecond(at.0).ok()?);
        let passed = local.duration_since(self.anchor).as_secs();
        let mut turn = passed.div_euclid(self.rotation.turn.hours() * 3_600);
        // Where the clock changed, the civil guess may be a turn or more off.
        for _ in 0..MOST_ADJUSTMENTS {
            if self.boundary(turn)? > at {
                turn -= 1;
            } else if self.boundary(turn + 1).is_some_and(|next| next <= at) {
                turn += 1;
            } else {
                break;
            }
        }
        Some(turn)
    }

    fn member(&self, at: Timestamp) -> Option<&'s SafeText> {
        let count = i64::try_from(self.rotation.members.len()).ok()?;
        let place = usize::try_from(self.turn(at)?.rem_euclid(count)).ok()?;
        self.rotation.members.get(place)
    }

    /// The next moment at which it may become active, or stop being so.
    fn next_activity(&self, at: Timestamp) -> Option<Timestamp> {
        let begins = (self.begins > at).then_some(self.begins);
        let hours = self.hours.as_ref().and_then(|hours| hours.next_change_after(at));
        earlier(begins, hours)
    }

    /// The next handoff, where one can change who it is.
    fn next_handoff(&self, at: Timestamp) -> Option<Timestamp> {
        if !self.turns {
            return None;
        }
        let turn = self.turn(at)?;
        (1..=MOST_ADJUSTMENTS as i64).filter_map(|more| self.boundary(turn.checked_add(more)?)).find(|next| *next > at)
    }
}

fn moment(zone: &TimeZone, civil: DateTime) -> Option<Timestamp> {
    zone.to_timestamp(civil).ok().map(|moment| Timestamp(moment.as_millisecond()))
}

fn earlier(a: Option<Timestamp>, b: Option<Timestamp>) -> Option<Timestamp> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

/// A schedule made ready to be asked.
struct Wheels<'s> {
    /// Later ones win.
    wheels: Vec<Wheel<'s>>,
    covers: &'s [Cover],
}

impl<'s> Wheels<'s> {
    fn of(schedule: &'s OnCallSchedule, covers: &'s [Cover]) -> Self {
        let wheels = schedule.layers.iter().filter_map(|layer| Wheel::of(layer, &schedule.zone)).collect();
        Self { wheels, covers }
    }

    fn on_duty(&self, at: Timestamp) -> Option<&'s SafeText> {
        let cover = self.covers.iter().rev().find(|cover| cover.is_active(at));
        let layer = || self.wheels.iter().rev().find(|wheel| wheel.is_active(at)).and_then(|wheel| wheel.member(at));
        cover.map(|cover| &cover.person).or_else(layer)
    }

    /// The next moment at which who is on duty may change: of what counts now, and of what would count instead.
    fn next_moment(&self, at: Timestamp) -> Option<Timestamp> {
        let of_covers =
            self.covers.iter().flat_map(|cover| [cover.from, cover.until]).filter(|moment| *moment > at).min();
        let mut next = of_covers;
        // What counts less than what counts now says nothing until that ends.
        if !self.covers.iter().any(|cover| cover.is_active(at)) {
            for wheel in self.wheels.iter().rev() {
                next = earlier(next, wheel.next_activity(at));
                if wheel.is_active(at) {
                    next = earlier(next, wheel.next_handoff(at));
                    break;
                }
            }
        }
        next
    }

    fn next_change(&self, from: Timestamp) -> Option<Timestamp> {
        let now = self.on_duty(from);
        let mut at = from;
        for _ in 0..MOST_MOMENTS {
            at = self.next_moment(at)?;
            if self.on_duty(at) != now {
                return Some(at);
            }
        }
        None
    }
}

/// Who is on duty; `None` where nobody is. Covers count before all rotations, of several the last one given.
#[must_use]
pub fn on_duty(schedule: &OnCallSchedule, covers: &[Cover], at: Timestamp) -> Option<SafeText> {
    Wheels::of(schedule, covers).on_duty(at).cloned()
}

/// The next moment after `at` at which somebody else is on duty, or nobody, or somebody again; `None` where that can't be
/// foreseen.
#[must_use]
pub fn next_change(schedule: &OnCallSchedule, covers: &[Cover], at: Timestamp) -> Option<Timestamp> {
    Wheels::of(schedule, covers).next_change(at)
}

/// When the next change comes and who is on duty from then; `None` for nobody.
#[must_use]
pub fn next_on_duty(
    schedule: &OnCallSchedule,
    covers: &[Cover],
    at: Timestamp,
) -> Option<(Timestamp, Option<SafeText>)> {
    let wheels = Wheels::of(schedule, covers);
    let change = wheels.next_change(at)?;
    Some((change, wheels.on_duty(change).cloned()))
}

/// Since when who is on duty at `at` has been so without a break; `None` where that is more than two months ago.
#[must_use]
pub fn since(schedule: &OnCallSchedule, covers: &[Cover], at: Timestamp) -> Option<Timestamp> {
    let wheels = Wheels::of(schedule, covers);
    let mut moment = Timestamp(at.0.saturating_sub(LOOK_BACK_DAYS * DAY_MS));
    let mut last = None;
    for _ in 0..MOST_MOMENTS {
        match wheels.next_change(moment).filter(|change| *change <= at) {
            Some(change) => (moment, last) = (change, Some(change)),
            None => break,
        }
    }
    last
}

#[cfg(test)]
mod tests;
