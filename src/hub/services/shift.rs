//! The log of a shift, from the journal: what opened and closed, what is owned, what was said.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tonic::Status;

use crate::fleet::alerts::{Alert, Event as AlertEvent};
use crate::fleet::rules::input::Asker;
use crate::fleet::state::{EntityKey, Entry, Event, Fleet};
use crate::fleet::words::{AlertId, SafeText, Timestamp};
use crate::hub::services::pages::Pages;
use crate::hub::shared::Shared;
use crate::wire::{EncodedEntry, decode_entry, pb, row_of};

/// How far back the log goes for who is not on duty.
const USUAL: Duration = Duration::from_secs(12 * 60 * 60);
/// Entries read from the journal at once, and at most.
const ENTRIES_AT_ONCE: usize = 500;
const MOST_ENTRIES: usize = 1_000_000;
/// The notes and alerts of each kind that a log has at most: the newest notes, the oldest alerts.
const MOST_NOTES: usize = 500;
const MOST_ALERTS: usize = 5_000;

/// Answers what happened since `since` (milliseconds; 0: since the asker's shift began, else for twelve hours).
///
/// # Errors
/// The journal can't be read.
pub async fn log(
    shared: &Shared,
    asker: &Asker,
    fleet: &Fleet,
    now: Timestamp,
    since: u64,
    pages: &mut Pages<'_>,
) -> Result<(), Status> {
    let person = fleet.oncall.person_of(asker.name.as_str());
    let since = match i64::try_from(since).unwrap_or(i64::MAX) {
        0 => person.and_then(|person| fleet.oncall.on_duty_since(&person.name)).unwrap_or(now - USUAL),
        since => Timestamp(since),
    };
    let mut found = Found::default();
    let mut before = fleet.revision.next();
    let mut read = 0;
    'journal: while read < MOST_ENTRIES {
        let journal = Arc::clone(&shared.journal);
        let stored = tokio::task::spawn_blocking(move || journal.latest(Some(before), ENTRIES_AT_ONCE))
            .await
            .map_err(|error| Status::internal(error.to_string()))?
            .map_err(|error| Status::internal(error.to_string()))?;
        let Some(oldest) = stored.last() else { break };
        before = oldest.revision;
        read += stored.len();
        for entry in stored {
            let encoded = EncodedEntry::from_bytes(entry.bytes).map_err(|error| Status::internal(error.to_string()))?;
            if encoded.at < since {
                break 'journal;
            }
            let visible = encoded.project(asker.role, asker.scope.as_ref());
            if let Some(Ok(entry)) = visible.map(decode_entry) {
                found.take(&entry);
            }
        }
    }
    let mine = |owner: &SafeText| match person {
        Some(person) => person.is(owner.as_str()),
        None => *owner == asker.name,
    };
    let seen = |alert: &&Arc<Alert>| asker.scope.as_ref().is_none_or(|scope| *scope == alert.client);
    let open: Vec<&Arc<Alert>> = fleet.alerts.open().filter(seen).collect();
    let of = |fits: &dyn Fn(&Alert) -> bool| {
        open.iter().filter(|alert| fits(alert)).map(|alert| alert.id.0).take(MOST_ALERTS).collect::<Vec<u64>>()
    };
    let mut snoozed: Vec<_> =
        open.iter().filter_map(|alert| alert.snooze.as_ref().map(|snooze| (snooze.until, alert.id.0))).collect();
    snoozed.sort_unstable();
    let log = pb::ShiftLog {
        since: since.0,
        person: person.map_or_else(String::new, |person| person.name.to_string()),
        opened: found.opened.into_iter().take(MOST_ALERTS).collect(),
        closed: found.closed.into_iter().take(MOST_ALERTS).collect(),
        owned: of(&|alert| alert.owner().is_some_and(mine)),
        owned_by_others: of(&|alert| alert.owner().is_some_and(|owner| !mine(owner))),
        snoozed: snoozed.into_iter().map(|(_, alert)| alert).take(MOST_ALERTS).collect(),
        unowned: of(&|alert| alert.owner().is_none()),
        notes: found.notes.into_iter().rev().collect(),
    };
    let mut named: BTreeSet<u64> = log.notes.iter().map(|note| note.alert).collect();
    for list in [&log.opened, &log.closed, &log.owned, &log.owned_by_others, &log.snoozed, &log.unowned] {
        named.extend(list);
    }
    pages.page.shift = Some(log);
    let alerts: Vec<&Arc<Alert>> = named.iter().filter_map(|id| fleet.alerts.alerts.get(&AlertId(*id))).collect();
    let hosts: BTreeSet<_> = alerts.iter().filter_map(|alert| alert.host).collect();
    for host in hosts {
        pages.row(row_of(fleet, &EntityKey::Host(host))).await?;
    }
    for alert in alerts {
        pages.row(row_of(fleet, &EntityKey::Alert(alert.id))).await?;
    }
    Ok(())
}

/// What the journal tells, read from its newest entry backwards.
#[derive(Default)]
struct Found {
    opened: BTreeSet<u64>,
    closed: BTreeSet<u64>,
    /// The newest first.
    notes: Vec<pb::ShiftNote>,
}

impl Found {
    fn take(&mut self, entry: &Entry) {
        for (_, event) in &entry.events {
            let Event::Alerts(event) = event else { continue };
            let said = match event {
                AlertEvent::Opened { alert, .. } | AlertEvent::Reopened { alert, .. } => {
                    self.opened.insert(alert.0);
                    None
                }
                AlertEvent::Resolved { alert, note, .. } => {
                    self.closed.insert(alert.0);
                    note.as_ref()
                }
                AlertEvent::Noted { note, .. } => Some(note),
                AlertEvent::Acknowledged { acknowledgement, .. } => Some(&acknowledgement.note),
                AlertEvent::Snoozed { snooze, .. } => Some(&snooze.note),
                AlertEvent::Escalated { note, .. } | AlertEvent::Released { note, .. } => note.as_ref(),
                _ => None,
            };
            if let Some(note) = said.filter(|note| !note.as_str().trim().is_empty())
                && self.notes.len() < MOST_NOTES
            {
                self.notes.push(pb::ShiftNote {
                    at: entry.at.0,
                    by: entry.actor.name.to_string(),
                    alert: event.alert().0,
                    note: note.to_string(),
                });
            }
        }
    }
}
