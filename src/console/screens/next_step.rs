//! What happens next to an alert: who is told and when, when its owner's time is up, why it is held back and until when.

use jiff::tz::TimeZone;

use crate::console::theme::Role;
use crate::fleet::alerts::{Acknowledgement, Alert, Hold, Lane, NextNotice, Suppression};
use crate::fleet::state::Fleet;
use crate::fleet::words::spoken_id::spoken_id;
use crate::fleet::words::{SafeText, Timestamp, duration};

/// Somebody who is told when an alert is brought to its next step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ring {
    /// The person; a schedule or channel as the policy names it, where it is not known who that is.
    pub person: SafeText,
    /// By which channel; empty where that is not known.
    pub channel: SafeText,
    /// What time it is for them; empty where that is not known.
    pub local_time: String,
}

/// Whom the next step of an alert's policy tells now: by its first channel, as late as it is there. Where the policy is
/// through, that is its first step again.
#[must_use]
pub fn whom(fleet: &Fleet, alert: &Alert, now: Timestamp) -> Vec<Ring> {
    let Some(plan) = &alert.plan else { return Vec::new() };
    let first = || fleet.oncall.policies.get(&plan.policy).and_then(|policy| policy.steps.first());
    let receivers = match &plan.next {
        Some(next) => next.to.as_slice(),
        None => first().map(|step| step.to.as_slice()).unwrap_or_default(),
    };
    let mut rings: Vec<Ring> = Vec::new();
    for to in receivers {
        let people = fleet.oncall.resolve(to.as_str());
        let known = people.iter().map(|person| {
            let known = fleet.oncall.people.get(person);
            let channel = known.and_then(|person| person.channels.first()).cloned().unwrap_or_default();
            let local_time = known.map_or_else(String::new, |person| local_time(person.zone.as_str(), now));
            Ring { person: person.clone(), channel, local_time }
        });
        // Nobody stands on it, or nothing is known of them: the policy's own word is all there is.
        let unknown = people.is_empty().then(|| Ring {
            person: to.clone(),
            channel: SafeText::default(),
            local_time: String::new(),
        });
        for ring in known.chain(unknown) {
            if !rings.contains(&ring) {
                rings.push(ring);
            }
        }
    }
    rings
}

/// What time it is in a zone; empty where the zone is not known here.
fn local_time(zone: &str, now: Timestamp) -> String {
    let local = TimeZone::get(zone).ok().zip(jiff::Timestamp::from_millisecond(now.0).ok());
    local.map_or_else(String::new, |(zone, now)| zone.to_datetime(now).strftime("%a %H:%M").to_string())
}

/// A receiver as people say it: `lee`, `schedule first line`, `channel ops-mail`.
#[must_use]
pub fn said(to: &SafeText) -> String {
    let to = to.as_str();
    let kinds = ["schedule", "channel"].into_iter();
    let kind = kinds.filter_map(|kind| Some((kind, to.strip_prefix(kind)?.strip_prefix(':')?))).next();
    kind.map_or_else(|| to.to_owned(), |(kind, name)| format!("{kind} {name}"))
}

/// What happens next, the moment first, so that what is cut off is the least: for a cell.
#[must_use]
pub fn in_short(alert: &Alert, fleet: &Fleet, now: Timestamp, zone: &TimeZone) -> Vec<(Role, String)> {
    if !alert.is_open() {
        return vec![(Role::Muted, "-".to_owned())];
    }
    match alert.lane() {
        Lane::New => match (&alert.plan, alert.next_notice()) {
            (_, Some(next)) => {
                let name = |to: &SafeText| to.as_str().rsplit(':').next().unwrap_or_default().to_owned();
                let first = next.to.first().map(name).unwrap_or_default();
                let more = if next.to.len() > 1 { format!("+{}", next.to.len() - 1) } else { String::new() };
                let when = (Role::New, format!("{} ", moment(next.at, now, zone)));
                vec![when, (Role::Text, format!("{first}{more} s{}", next.step))]
            }
            (Some(plan), None) => vec![(Role::Failed, "nobody".to_owned()), (Role::Muted, why(plan.why.as_str()))],
            (None, None) => vec![(Role::Muted, "no policy".to_owned())],
        },
        Lane::Owned => {
            let ends = alert.acknowledgement.as_ref().and_then(Acknowledgement::ends_at);
            match ends {
                Some(end) => vec![(Role::Owned, format!("back in {}", left(end, now)))],
                None => vec![(Role::Muted, "no end".to_owned())],
            }
        }
        Lane::Muted => {
            let mut reasons = alert.suppressions().map(|reason| reason_in_short(reason, alert, fleet, now));
            let first = reasons.next().unwrap_or_default();
            let more = reasons.count();
            let more = if more > 0 { format!(" +{more}") } else { String::new() };
            vec![(Role::LaneMuted, format!("{first}{more}"))]
        }
    }
}

/// What happens next, whole: a line for each thing.
#[must_use]
pub fn in_full(alert: &Alert, now: Timestamp, zone: &TimeZone) -> Vec<(Role, String)> {
    let mut lines = Vec::new();
    if !alert.is_open() {
        return lines;
    }
    match (alert.next_notice(), &alert.plan) {
        (Some(next), Some(plan)) => lines.push((Role::New, notice_in_full(next, plan.policy.as_str(), now, zone))),
        (None, None) if alert.lane() == Lane::New => {
            lines.push((Role::Muted, "next: nobody is told: no policy".to_owned()));
        }
        (None, Some(plan)) if alert.lane() == Lane::New => {
            lines.push((Role::Failed, format!("next: nobody is told{}", why(plan.why.as_str()))));
        }
        _ => {}
    }
    if let Some(held) = alert.acknowledgement.as_ref().filter(|_| alert.lane() == Lane::Owned) {
        let limit = held.limit.as_ref().map(|limit| format!(", or at {limit}")).unwrap_or_default();
        lines.push(match held.ends_at() {
            Some(end) => {
                let (at, left) = (moment(end, now, zone), left(end, now));
                (Role::Owned, format!("next: comes back at {at} unless it ends first (in {left}){limit}"))
            }
            None => (Role::Muted, format!("next: nothing by itself, while it gets no worse{limit}")),
        });
    }
    // Windows are told of with their titles, by who knows them.
    let is_told = |reason: &Suppression| !matches!(reason, Suppression::Held(Hold::Maintenance(_)));
    let reasons = alert.suppressions().filter(is_told);
    lines.extend(reasons.map(|reason| (Role::LaneMuted, reason_in_full(reason, alert, now, zone))));
    for reminder in &alert.reminders {
        let (at, by, text) = (moment(reminder.at, now, zone), reminder.by.as_str(), reminder.text.as_str());
        lines.push((Role::Text, format!("reminder at {at} for {by}: {text}")));
    }
    lines
}

fn notice_in_full(next: &NextNotice, policy: &str, now: Timestamp, zone: &TimeZone) -> String {
    let to = next.to.iter().map(said).collect::<Vec<_>>().join(", ");
    let (at, step) = (moment(next.at, now, zone), next.step);
    let round = if next.round > 1 { format!(", round {}", next.round) } else { String::new() };
    format!("next: {at} {to}, step {step} of policy {policy}{round}, unless somebody takes it first")
}

fn why(reason: &str) -> String {
    if reason.is_empty() { String::new() } else { format!(": {reason}") }
}

fn reason_in_short(reason: Suppression, alert: &Alert, fleet: &Fleet, now: Timestamp) -> String {
    match reason {
        Suppression::Snoozed => {
            let end = alert.snooze.as_ref().map_or(now, |snooze| snooze.until);
            format!("back in {}", left(end, now))
        }
        Suppression::Held(Hold::Maintenance(id)) => {
            let active = fleet.windows.get(id).and_then(|window| window.active.as_ref());
            active.map_or_else(|| format!("window {id}"), |active| format!("window {}", left(active.until, now)))
        }
        Suppression::Held(Hold::Parent(parent)) => format!("behind {}", spoken_id(parent)),
        Suppression::Held(Hold::Flapping) => "until calm".to_owned(),
        Suppression::Held(Hold::Healing) => "mending".to_owned(),
    }
}

fn reason_in_full(reason: Suppression, alert: &Alert, now: Timestamp, zone: &TimeZone) -> String {
    match reason {
        Suppression::Snoozed => match &alert.snooze {
            Some(snooze) => {
                let (by, until) = (snooze.by.as_str(), moment(snooze.until, now, zone));
                let note = why(snooze.note.as_str());
                format!("held: snoozed by {by} until {until}, back in {}{note}", left(snooze.until, now))
            }
            None => "held: snoozed".to_owned(),
        },
        Suppression::Held(hold @ (Hold::Maintenance(_) | Hold::Parent(_))) => format!("held: {hold}, until that ends"),
        Suppression::Held(Hold::Flapping) => "held: it flaps; told of when it stands still".to_owned(),
        Suppression::Held(Hold::Healing) => "held: the hub mends it by itself, and tells people if it can't".to_owned(),
    }
}

/// How long until then, in one unit; minutes where it is long, so that it changes a minute apart.
fn left(end: Timestamp, now: Timestamp) -> String {
    duration::compact(end.since(now))
}

/// A moment to come, as short as it is plain: `now`, `14:32`, `Tue 08:00`, `05 Dec 08:00`.
#[must_use]
pub fn moment(at: Timestamp, now: Timestamp, zone: &TimeZone) -> String {
    if at <= now {
        return "now".to_owned();
    }
    let local = |at: Timestamp| jiff::Timestamp::from_millisecond(at.0).ok().map(|at| zone.to_datetime(at));
    let Some((then, today)) = local(at).zip(local(now)) else { return "-".to_owned() };
    let near = at.since(now) < std::time::Duration::from_secs(6 * 24 * 3600);
    let format = match () {
        () if then.date() == today.date() => "%H:%M",
        () if near => "%a %H:%M",
        () => "%d %b %H:%M",
    };
    then.strftime(format).to_string()
}
