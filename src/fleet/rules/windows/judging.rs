//! What time makes of windows. The wall clock counts, and may be set: a plan made by a clock that has been set back since
//! is made anew.

use std::collections::BTreeSet;
use std::time::Duration;

use super::holding::{let_go, look};
use crate::fleet::identity::Audience;
use crate::fleet::state::{Event, Fleet};
use crate::fleet::windows::{Event as WindowEvent, KEPT_AFTER_END, Occurrence, Window};
use crate::fleet::words::{AlertId, Now, Timestamp};

/// How far a clock may be set back without any plan being made anew: clocks are trimmed all the time.
const TRIMMED: Duration = Duration::from_secs(60);

/// Who may see what is told of a window.
#[must_use]
pub fn audience_of(window: &Window) -> Audience {
    window.client.clone().map_or(Audience::EVERYONE, Audience::of_client)
}

/// What begins and ends now, and which alerts that concerns; about `most` changes at a time, the rest comes next.
#[must_use]
pub fn judge(fleet: &Fleet, now: Now, most: usize) -> Vec<(Audience, Event)> {
    let mut told = Vec::new();
    let set_back = fleet.windows.planned_after(now.wall + TRIMMED).map(|window| (window, set_back(window, now.wall)));
    let due = fleet.windows.due(now.wall).map(|window| (window, due(window, now.wall)));
    // One thing a window: what was set back may be due as well, and comes next.
    let mut seen = BTreeSet::new();
    for (window, change) in set_back.chain(due).filter(|(window, _)| seen.insert(window.id)) {
        if told.len() >= most {
            return told;
        }
        let (began, ended) = (matches!(change, WindowEvent::Began { .. }), matches!(change, WindowEvent::Ended { .. }));
        told.push(tell(window, change));
        let left = most.saturating_sub(told.len());
        if began {
            told.extend(first_look(fleet, window, left));
        } else if ended {
            told.extend(let_go(fleet, window.id, left));
        }
    }
    // What has just begun or ended is seen as it is now only once that is applied.
    if !told.is_empty() {
        return told;
    }
    for window in fleet.windows.looking() {
        if told.len() >= most {
            return told;
        }
        let after = window.looked_through.unwrap_or(AlertId(0));
        let (held, through) = look(fleet, window, after, most.saturating_sub(told.len()));
        told.extend(held);
        told.push(tell(window, WindowEvent::Looked { window: window.id, through }));
    }
    for window in fleet.alerts.windows_holding().filter(|window| !fleet.windows.is_active(*window)) {
        told.extend(let_go(fleet, window, most.saturating_sub(told.len())));
        if told.len() >= most {
            return told;
        }
    }
    told
}

/// The first look of a window that begins in the same entry.
#[must_use]
pub fn first_look(fleet: &Fleet, window: &Window, most: usize) -> Vec<(Audience, Event)> {
    let (mut told, through) = look(fleet, window, AlertId(0), most);
    told.push(tell(window, WindowEvent::Looked { window: window.id, through }));
    told
}

/// The windows that leave the state now, at most `most` at a time.
#[must_use]
pub fn archive(fleet: &Fleet, now: Now, most: usize) -> Vec<(Audience, Event)> {
    let over = fleet.windows.over_since(now.wall - KEPT_AFTER_END).take(most);
    over.map(|window| tell(window, WindowEvent::Archived { window: window.id })).collect()
}

/// When [`judge`] next finds something; now, where it has not finished.
#[must_use]
pub fn next_judgement(fleet: &Fleet, now: Now) -> Option<Timestamp> {
    let unfinished = fleet.windows.looking().next().is_some()
        || fleet.alerts.windows_holding().any(|window| !fleet.windows.is_active(window));
    if unfinished { Some(now.wall) } else { fleet.windows.next_due() }
}

fn tell(window: &Window, event: WindowEvent) -> (Audience, Event) {
    (audience_of(window), Event::Windows(event))
}

/// The time of a window has come: it begins or ends; or its time has passed, since the hub was away or the clock was set
/// ahead.
fn due(window: &Window, now: Timestamp) -> WindowEvent {
    let id = window.id;
    if let Some(active) = window.active {
        return match next_behind(window, active.until, now) {
            // The clock was set ahead, from one into another: what is held back stays so.
            Some(occurrence) if occurrence.from <= now => WindowEvent::Began { window: id, occurrence },
            next => WindowEvent::Ended { window: id, next },
        };
    }
    match window.next.filter(|next| next.until > now).or_else(|| window.times.ending_after(now)) {
        Some(occurrence) if occurrence.from <= now => WindowEvent::Began { window: id, occurrence },
        Some(next) => WindowEvent::Planned { window: id, next: Some(next) },
        None => WindowEvent::Ended { window: id, next: None },
    }
}

/// The clock was set back behind the moment at which a window was planned.
fn set_back(window: &Window, now: Timestamp) -> WindowEvent {
    let id = window.id;
    let next = window.times.ending_after(now);
    match (window.active, next) {
        // From one into another: what is held back stays so.
        (Some(active), Some(occurrence)) if now < active.from && occurrence.from <= now => {
            WindowEvent::Began { window: id, occurrence }
        }
        (Some(active), next) if now < active.from => WindowEvent::Ended { window: id, next },
        (Some(_), _) => WindowEvent::Planned { window: id, next: None },
        (None, Some(next)) => WindowEvent::Planned { window: id, next: Some(next) },
        (None, None) => WindowEvent::Ended { window: id, next: None },
    }
}

/// The next occurrence once one has ended, which may have been given another end than it had.
fn next_behind(window: &Window, ended: Timestamp, now: Timestamp) -> Option<Occurrence> {
    let next = window.times.ending_after(now)?;
    if next.from >= ended { Some(next) } else { window.times.beginning_from(ended.max(now)) }
}
