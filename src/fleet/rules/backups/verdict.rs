//! What is known of a job means: ok, partial, late, overdue, failed, never or unknown. It comes of what can be restored
//! and of its age against the promise, never of whether a program ran.

use std::borrow::Cow;
use std::time::Duration;

use crate::fleet::backups::{Found, Job, State, Trouble};
use crate::fleet::hosts::HostState;
use crate::fleet::rules::live::{BackupReading, Live};
use crate::fleet::state::Fleet;
use crate::fleet::words::{CheckState, Instant, Now, SafeText, Timestamp};

/// Besides twice its interval, a reading may be late by this: the time of a slow repository, of a reconnect.
const LATE: Duration = Duration::from_secs(10 * 60);
/// Clocks differ by so much without anybody noticing.
const SKEW: Duration = Duration::from_secs(10 * 60);
/// How often a repository is read where nothing says it.
const READ_EVERY: Duration = Duration::from_secs(60 * 60);

/// What is made of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// How it stands.
    pub state: State,
    /// Why, in words; no word of it changes by time alone.
    pub why: Cow<'static, str>,
    /// What its alert should be.
    pub alarm: Alarm,
    /// What keeps the repository from being read, where that concerns all who share it.
    pub shared_trouble: Option<Trouble>,
    /// Whether it comes of time alone: what was missed while its host was away is no fault of the host's.
    pub by_time: bool,
}

/// What a job's alert should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alarm {
    /// As it is: who knows nothing changes nothing.
    Keep,
    /// None.
    Clear,
    /// This level.
    Raise(CheckState),
}

impl Verdict {
    fn new(state: State, why: impl Into<Cow<'static, str>>, alarm: Alarm) -> Self {
        Self { state, why: why.into(), alarm, shared_trouble: None, by_time: false }
    }
}

/// What a job is now.
#[must_use]
pub fn verdict(fleet: &Fleet, live: &Live, job: &Job, now: Now) -> Verdict {
    let description = &job.description;
    let Some(host) = description.host.and_then(|id| fleet.hosts.hosts.get(&id)) else {
        let name = description.host_name.as_str();
        let why = format!("there is no one host called {name}: enrol it, or name its client in backups.toml");
        return Verdict::new(State::Unknown, why, Alarm::Raise(CheckState::Unknown));
    };
    let away = match host.state {
        HostState::Up => None,
        HostState::Off => Some("its host is off"),
        HostState::Silent => Some("its host is silent"),
        HostState::Down => Some("its host is down"),
        HostState::Left => Some("its host has left"),
        HostState::Unknown => Some("its host was not heard from yet"),
    };
    if let Some(why) = away {
        // The host has its own alert, and its jobs fold under that.
        return Verdict::new(State::Unknown, why, Alarm::Keep);
    }
    let reading = live.backup(host.id, &description.name);
    let old_from = old_from(live, reading, host.state_since, now);
    if now.mono >= old_from {
        return unread(job, reading);
    }
    let Some(found) = &job.found else {
        let why = match reading.and_then(|reading| reading.trouble.as_ref()) {
            Some((trouble, words)) => with_words("not read yet: ", trouble.words(), words),
            None if reading.is_some_and(|reading| reading.at.is_some()) => {
                "read, but its host has not said yet what it found: check now asks for it".into()
            }
            None => "not read yet".into(),
        };
        return Verdict::new(State::Unknown, why, Alarm::Clear);
    };
    match found.trouble {
        Some(trouble) => troubled(found, trouble),
        None => {
            let verdict = by_age(job, found, now.wall);
            Verdict { by_time: verdict.state == State::Overdue, ..verdict }
        }
    }
}

/// From when what is known of a job is old unless it is read again: counted from the newest reading, the start of this
/// hub process or the host's return, whichever came last.
fn old_from(live: &Live, reading: Option<&BackupReading>, host_up: Timestamp, now: Now) -> Instant {
    let interval = reading.map_or(READ_EVERY, |reading| reading.interval);
    let newest = reading.and_then(|reading| reading.at).map(|at| at.mono);
    let started = live.started.mono + live.redial;
    let returned = Instant(now.mono.0.saturating_sub(millis(now.wall.since(host_up))));
    let from = newest.unwrap_or_default().max(started).max(returned);
    from + interval * 2 + LATE
}

fn unread(job: &Job, reading: Option<&BackupReading>) -> Verdict {
    let trouble = reading.and_then(|reading| reading.trouble.as_ref());
    let why = match trouble {
        Some((trouble, words)) => with_words("not read for long: ", trouble.words(), words),
        None if job.found.is_none() => "never read since it was configured: is the agent new enough?".into(),
        None => "not read for long".into(),
    };
    let shared_trouble = trouble.map(|(trouble, _)| *trouble).filter(|trouble| trouble.is_of_repository());
    Verdict { shared_trouble, ..Verdict::new(State::Unknown, why, Alarm::Raise(CheckState::Unknown)) }
}

fn troubled(found: &Found, trouble: Trouble) -> Verdict {
    let why = with_words("", trouble.words(), &found.words);
    let (state, level) = match trouble.is_loss() {
        true => (State::Failed, CheckState::Critical),
        false => (State::Unknown, CheckState::Unknown),
    };
    let shared_trouble = Some(trouble).filter(|trouble| trouble.is_of_repository());
    Verdict { shared_trouble, ..Verdict::new(state, why, Alarm::Raise(level)) }
}

fn by_age(job: &Job, found: &Found, now: Timestamp) -> Verdict {
    let description = &job.description;
    let odd = |why: &'static str| with_words(why, "", &found.words);
    if found.restorable == 0 {
        return match job.last_success {
            Some(_) => Verdict::new(State::Failed, odd("the repository is empty: what it held is gone"), critical()),
            None => Verdict::new(State::Never, odd("no backup was ever made"), critical()),
        };
    }
    if found.newest.max(found.freshest).is_some_and(|newest| newest > now + SKEW) {
        let why = "the newest backup is dated in the future: set the clock of its host";
        return Verdict::new(State::Unknown, why, Alarm::Raise(CheckState::Unknown));
    }
    let (every, limit) = (description.every, description.every + description.grace);
    let lacks = || {
        let path = found.missing.as_ref().map_or("a promised path", SafeText::as_str);
        format!("the newest backups lack {path}")
    };
    let within = |at: Timestamp, span: Duration| now.since(at) <= span;
    match (found.newest, found.freshest) {
        (Some(newest), _) if within(newest, every) => Verdict::new(State::Ok, odd(""), Alarm::Clear),
        (Some(newest), _) if within(newest, limit) => {
            Verdict::new(State::Late, odd("a backup is due; its grace runs"), Alarm::Clear)
        }
        (_, Some(freshest)) if within(freshest, limit) => {
            Verdict::new(State::Partial, lacks(), Alarm::Raise(CheckState::Warning))
        }
        (None, _) => Verdict::new(State::Overdue, format!("no backup came in time, and {}", lacks()), critical()),
        _ => Verdict::new(State::Overdue, odd("no backup came in time"), critical()),
    }
}

const fn critical() -> Alarm {
    Alarm::Raise(CheckState::Critical)
}

fn with_words(before: &'static str, meaning: &'static str, words: &SafeText) -> Cow<'static, str> {
    // Most have nothing odd about them, and all are looked at every second.
    match (before, meaning, words.as_str()) {
        (before, "", "") => before.into(),
        ("", meaning, "") => meaning.into(),
        ("", "", words) => words.to_owned().into(),
        (before, meaning, "") => format!("{before}{meaning}").into(),
        (before, meaning, words) => format!("{before}{meaning}: {words}").into(),
    }
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}
