//! Reports over the last days, counted from the journal: nothing is kept for them beside it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tonic::Status;

use crate::fleet::alerts::{Alert, Event as AlertEvent};
use crate::fleet::derived::alert_report::{FiguresRow, Report, Turn, kind, turn};
use crate::fleet::rules::input::Asker;
use crate::fleet::state::{Entry, Event, Fleet};
use crate::fleet::words::filter::Filter;
use crate::fleet::words::{AlertId, Revision, Timestamp};
use crate::hub::journal::{JournalReader, StoredEntry};
use crate::hub::services::pages::Pages;
use crate::hub::shared::Shared;
use crate::wire::reports::encode_figures;
use crate::wire::{EncodedEntry, decode_entry, pb};

/// Entries read from the journal at once.
const AT_ONCE: usize = 2_000;
/// Turns of alerts that one report counts at most: what is older is left out, and said so.
const MOST_TURNS: usize = 500_000;
/// Entries about a host that are looked through for one alert's days.
const MOST_OF_HOST: usize = 10_000;
/// The longest time that is reported on, in days.
const MOST_DAYS: u64 = 366;
/// The time that is reported on where none was said.
const USUAL_DAYS: u64 = 7;
/// Figures of one reply.
const FIGURES_A_PAGE: usize = 1_000;

/// Which time is asked about, by whom.
#[derive(Clone, Debug)]
pub struct Span {
    /// Who asks: they are told what they may see.
    pub asker: Asker,
    /// The last so many days; 0 for a week.
    pub days: u64,
    /// Until now.
    pub now: Timestamp,
    /// The journal's entries before this one.
    pub before: Revision,
}

impl Span {
    fn days(&self) -> u64 {
        if self.days == 0 { USUAL_DAYS } else { self.days.min(MOST_DAYS) }
    }

    fn from(&self) -> Timestamp {
        Timestamp(self.now.0.saturating_sub(millis(days(self.days()))))
    }
}

const fn days(days: u64) -> Duration {
    Duration::from_secs(days * 24 * 60 * 60)
}

fn millis(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}

/// What happened to alerts, newest first, and whether there is more than is counted.
#[derive(Debug, Default)]
struct Turns {
    told: Vec<(AlertId, Timestamp, Turn)>,
    cut: bool,
}

/// Sends how alerts went, by client and check.
///
/// # Errors
/// The journal can't be read, or nobody waits for the answer any more.
pub async fn report(
    shared: &Shared,
    fleet: &Fleet,
    filter: &Filter,
    span: Span,
    pages: &mut Pages<'_>,
) -> Result<(), Status> {
    let (from, to) = (span.from(), span.now);
    let journal = Arc::clone(&shared.journal);
    let turns = read(move || turns(journal.as_ref(), &span, from)).await?;
    let begins = if turns.cut { turns.told.last().map_or(from, |(_, at, _)| *at) } else { from };
    let mut report = Report::default();
    for (alert, at, turn) in turns.told.into_iter().rev() {
        report.tell(alert, at, turn, |alert| fleet.alerts.alerts.get(&alert).map(|alert| kind(alert)));
    }
    let name = fleet.profile.name.as_str();
    let head = pb::AlertReport { from: begins.0, to: to.0, cut: turns.cut, ..pb::AlertReport::default() };
    let mut page = head.clone();
    for (kind, figures) in report.finish() {
        if !filter.matches(&FiguresRow { fleet, fleet_name: name, kind: &kind }) {
            continue;
        }
        page.figures.push(encode_figures(&kind, &figures));
        if page.figures.len() == FIGURES_A_PAGE {
            pages.page.alert_report = Some(std::mem::replace(&mut page, head.clone()));
            pages.send().await?;
        }
    }
    pages.page.alert_report = Some(page);
    Ok(())
}

/// On which of the last days what an alert is about raised alerts; the last day ends now.
///
/// # Errors
/// The journal can't be read.
pub async fn days_of(shared: &Shared, alert: &Alert, span: Span) -> Result<pb::AlertReport, Status> {
    let (from, to) = (span.from(), span.now);
    let journal = Arc::clone(&shared.journal);
    let alert = alert.clone();
    let count = usize::try_from(span.days()).unwrap_or(1);
    let came = read(move || came(journal.as_ref(), &alert, &span, from)).await?;
    let mut sums = vec![0_u32; count];
    for at in came {
        let ago = usize::try_from(to.since(at).as_secs() / days(1).as_secs()).unwrap_or(usize::MAX);
        if let Some(sum) = count.checked_sub(1 + ago.min(count)).and_then(|day| sums.get_mut(day)) {
            *sum = sum.saturating_add(1);
        }
    }
    Ok(pb::AlertReport { from: from.0, to: to.0, days: sums, ..pb::AlertReport::default() })
}

/// The journal is read beside the loop that answers everybody.
async fn read<T: Send + 'static>(work: impl FnOnce() -> Result<T, Status> + Send + 'static) -> Result<T, Status> {
    tokio::task::spawn_blocking(work).await.map_err(|error| Status::internal(error.to_string()))?
}

fn turns(journal: &dyn JournalReader, span: &Span, from: Timestamp) -> Result<Turns, Status> {
    let mut turns = Turns::default();
    let mut before = span.before;
    loop {
        let stored = journal.latest(Some(before), AT_ONCE).map_err(|error| Status::internal(error.to_string()))?;
        let Some(oldest) = stored.last() else { return Ok(turns) };
        before = oldest.revision;
        for entry in stored {
            // Times of entries never go back by more than a clock is set back.
            if entry.at < from {
                return Ok(turns);
            }
            let Some(entry) = visible(entry, &span.asker)? else { continue };
            // Newest first, within an entry too.
            for (_, event) in entry.events.iter().rev() {
                if let Event::Alerts(event) = event
                    && let Some(turn) = turn(event)
                {
                    turns.told.push((event.alert(), entry.at, turn));
                }
            }
            if turns.told.len() >= MOST_TURNS {
                turns.cut = true;
                return Ok(turns);
            }
        }
    }
}

/// When what an alert is about raised alerts since a moment.
fn came(journal: &dyn JournalReader, alert: &Alert, span: &Span, from: Timestamp) -> Result<Vec<Timestamp>, Status> {
    let mut alerts = BTreeSet::from([alert.id]);
    if let Some(host) = alert.host {
        for_each(journal, &format!("host/{host}"), span, from, |entry| {
            for (_, event) in &entry.events {
                if let Event::Alerts(AlertEvent::Opened { alert: id, subject, .. }) = event
                    && *subject == alert.subject
                {
                    alerts.insert(*id);
                }
            }
        })?;
    }
    let mut came = Vec::new();
    for id in alerts {
        for_each(journal, &format!("alert/{id}"), span, from, |entry| {
            let mine = |event: &Event| match event {
                Event::Alerts(event @ (AlertEvent::Opened { .. } | AlertEvent::Reopened { .. })) => event.alert() == id,
                _ => false,
            };
            came.extend(entry.events.iter().filter(|(_, event)| mine(event)).map(|_| entry.at));
        })?;
    }
    Ok(came)
}

/// Looks through the entries of a subject since a moment, newest first.
fn for_each(
    journal: &dyn JournalReader,
    subject: &str,
    span: &Span,
    from: Timestamp,
    mut look: impl FnMut(&Entry),
) -> Result<(), Status> {
    let (mut before, mut looked_at) = (span.before, 0);
    while looked_at < MOST_OF_HOST {
        let stored = journal.by_subject(subject, Some(before), AT_ONCE);
        let stored = stored.map_err(|error| Status::internal(error.to_string()))?;
        let Some(oldest) = stored.last() else { return Ok(()) };
        (before, looked_at) = (oldest.revision, looked_at + stored.len());
        for entry in stored {
            if entry.at < from {
                return Ok(());
            }
            if let Some(entry) = visible(entry, &span.asker)? {
                look(&entry);
            }
        }
    }
    Ok(())
}

/// An entry as far as who asks may see it. One that this version can't read counts for nothing.
fn visible(stored: StoredEntry, asker: &Asker) -> Result<Option<Entry>, Status> {
    let encoded = EncodedEntry::from_bytes(stored.bytes).map_err(|error| Status::internal(error.to_string()))?;
    let visible = encoded.project(asker.role, asker.scope.as_ref());
    Ok(visible.and_then(|visible| decode_entry(visible).ok()))
}
