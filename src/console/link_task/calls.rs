//! Acts and questions under way on one link.

use std::collections::BTreeMap;
use std::error::Error as _;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::{AbortHandle, JoinSet};
use tokio::time::timeout;
use tonic::Status;

use crate::console::act::{Act, ActAnswer, ActEnd, ActTag};
use crate::console::ask::{AlertFigures, Answer, Detail, HostDetail, Series, Topic};
use crate::console::mask::{Mask, Unmasked, masked};
use crate::console::replica::Glance;
use crate::fleet::words::{HostId, SafeText, Timestamp, WindowId};
use crate::link::Connection;
use crate::wire::pb::query_request::Kind;
use crate::wire::reports::decode_figures;
use crate::wire::{decode_entry, pb};

/// How long the hub may take to answer an act.
const ACT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long it may take to answer a question.
const DETAIL_TIMEOUT: Duration = Duration::from_secs(15);
/// Entries taken of one answer at most.
const ENTRIES: usize = 5_000;
/// Series taken of one answer at most.
const SERIES: usize = 512;
/// Points taken of one series at most.
const POINTS: usize = 4_000;
/// Results of checks taken of one answer at most.
const READINGS: usize = 1_000;
/// Pages taken of one library at most, and bytes of each.
const PAGES: usize = 10;
const PAGE: usize = 256 << 10;
/// Days that an alert's history is asked for.
const DAYS: usize = 7;
/// Figures taken of one report at most.
const FIGURES: usize = 50_000;
/// Windows taken of one answer at most.
const WINDOWS: usize = 20_000;
/// Bytes taken of one blob at most.
const BLOB: usize = 1 << 20;

/// What came of a call.
#[derive(Debug)]
pub(super) enum Done {
    /// The hub ended an act.
    Act(ActTag, ActEnd),
    /// No answer to an act came, and why.
    Lost(ActTag, String),
    /// A question was answered.
    Answer(Box<Answer>),
}

/// Calls under way on one link; dropping it ends them.
pub(super) struct Calls {
    connection: Connection,
    mask: Option<Arc<Mask>>,
    running: JoinSet<Done>,
    /// The question of each kind that is under way.
    details: BTreeMap<&'static str, AbortHandle>,
}

impl Calls {
    pub fn new(connection: Connection, mask: Option<Arc<Mask>>) -> Self {
        Self { connection, mask, running: JoinSet::new(), details: BTreeMap::new() }
    }

    pub fn is_empty(&self) -> bool {
        self.running.is_empty()
    }

    /// Sends an act.
    pub fn act(&mut self, tag: ActTag, act: &Act) {
        let connection = self.connection.clone();
        let request = act.to_message();
        self.running.spawn(async move {
            match timeout(ACT_TIMEOUT, connection.console().act(request)).await {
                Ok(Ok(reply)) => Done::Act(tag, ActEnd::Answered(ActAnswer::decode(reply.into_inner()))),
                // A status with a cause was made here: the connection broke, and the hub may have done it.
                Ok(Err(status)) if status.source().is_some() => Done::Lost(tag, connection.error(&status).to_string()),
                Ok(Err(status)) => {
                    Done::Act(tag, ActEnd::Refused(SafeText::line(&connection.error(&status).to_string())))
                }
                Err(_) => Done::Lost(tag, format!("within {} s", ACT_TIMEOUT.as_secs())),
            }
        });
    }

    /// Asks a question; an older one of its kind is dropped.
    pub fn detail(&mut self, generation: u64, about: Topic) {
        if let Some(older) = self.details.remove(about.kind()) {
            older.abort();
        }
        let kind = about.kind();
        let (connection, mask) = (self.connection.clone(), self.mask.clone());
        let running = self.running.spawn(async move {
            let result = match timeout(DETAIL_TIMEOUT, look_up(&connection, mask.as_ref(), &about)).await {
                Ok(Ok(detail)) => Ok(detail),
                Ok(Err(status)) => Err(SafeText::line(&connection.error(&status).to_string())),
                Err(_) => Err(SafeText::line(&format!("no answer within {} s", DETAIL_TIMEOUT.as_secs()))),
            };
            Done::Answer(Box::new(Answer { generation, about, result }))
        });
        self.details.insert(kind, running);
    }

    /// The next call that is done; never, while there is none. Safe to be dropped.
    pub async fn next(&mut self) -> Done {
        loop {
            match self.running.join_next().await {
                Some(Ok(done)) => return done,
                // Dropped for a newer one.
                Some(Err(_)) => {}
                None => std::future::pending().await,
            }
        }
    }
}

async fn look_up(connection: &Connection, mask: Option<&Arc<Mask>>, about: &Topic) -> Result<Detail, Status> {
    match about {
        Topic::Host(host) => {
            let request = pb::QueryRequest { kind: Kind::Host.into(), id: host.0, ..pb::QueryRequest::default() };
            host_detail(connection, mask, request).await
        }
        Topic::QuietHosts => {
            let request = pb::QueryRequest { kind: Kind::QuietHosts.into(), ..pb::QueryRequest::default() };
            let page = connection.console().query(request).await?.into_inner().message().await?;
            let quiet = page.and_then(|page| page.quiet);
            let quiet = quiet.ok_or_else(|| Status::unimplemented("the hub is older and does not tell"))?;
            Ok(Detail::QuietHosts(quiet.hosts.into_iter().map(HostId).collect()))
        }
        Topic::Runbook(alert) => {
            let page = page(connection, mask, (Kind::Runbook, alert.0, 0)).await?;
            let pages = page.runbook.into_iter().take(PAGES);
            let read = pages.map(|page| (SafeText::line(&page.file), SafeText::block_within(&page.text, PAGE)));
            Ok(Detail::Pages(read.collect()))
        }
        Topic::AlertDays(alert) => {
            let page = page(connection, mask, (Kind::AlertDays, alert.0, DAYS as u64)).await?;
            Ok(Detail::Days(page.alert_report.unwrap_or_default().days.into_iter().take(DAYS).collect()))
        }
        Topic::AlertReport { days } => {
            let page = page(connection, mask, (Kind::AlertReport, 0, *days)).await?;
            let report =
                page.alert_report.ok_or_else(|| Status::unimplemented("the hub is older and does not tell"))?;
            Ok(Detail::AlertReport(AlertFigures {
                from: Timestamp(report.from),
                to: Timestamp(report.to),
                cut: report.cut,
                figures: report.figures.iter().take(FIGURES).map(decode_figures).collect(),
            }))
        }
        Topic::WindowMatches => {
            let request = pb::QueryRequest { kind: Kind::Windows.into(), ..pb::QueryRequest::default() };
            let mut pages = connection.console().query(request).await?.into_inner();
            let mut matches = BTreeMap::new();
            while matches.len() < WINDOWS
                && let Some(page) = pages.message().await?
            {
                matches.extend(page.windows.into_iter().map(|window| (WindowId(window.window), window.matches)));
            }
            Ok(Detail::WindowMatches(matches))
        }
        Topic::Timeline(alert) => {
            let request = pb::QueryRequest { kind: Kind::Alert.into(), id: alert.0, ..pb::QueryRequest::default() };
            entries(connection, mask, request, ENTRIES).await
        }
        Topic::Journal { before, limit } => {
            let most = usize::try_from(*limit).unwrap_or(ENTRIES).clamp(1, ENTRIES);
            let request = pb::QueryRequest {
                kind: Kind::Journal.into(),
                before: before.map_or(0, |before| before.0),
                limit: most as u64,
                ..pb::QueryRequest::default()
            };
            entries(connection, mask, request, most).await
        }
        Topic::History { host, series, from, to, points } => {
            let request =
                pb::HistoryRequest { host: host.0, series: series.clone(), from: from.0, to: to.0, points: *points };
            let reply = connection.console().history(request).await?.into_inner();
            let reply = masked(mask, "HistoryReply", reply).map_err(unmasked)?;
            Ok(Detail::History(reply.series.into_iter().take(SERIES).map(decode_series).collect()))
        }
        Topic::Blob(blob) => {
            let mut chunks =
                connection.console().blob(pb::BlobRequest { id: blob.0.to_vec().into() }).await?.into_inner();
            let mut bytes = Vec::new();
            while bytes.len() <= BLOB
                && let Some(chunk) = chunks.message().await?
            {
                let chunk = masked(mask, "BlobChunk", chunk).map_err(unmasked)?;
                bytes.extend_from_slice(&chunk.bytes);
            }
            let cut = bytes.len() > BLOB;
            bytes.truncate(BLOB);
            // Control bytes take more room once they are shown.
            Ok(Detail::Blob { text: SafeText::block_from_bytes_lossy(&bytes, 2 * BLOB), cut })
        }
    }
}

/// All pages of an answer as one, as far as what is asked here is told in more than one.
async fn page(
    connection: &Connection,
    mask: Option<&Arc<Mask>>,
    (kind, id, limit): (Kind, u64, u64),
) -> Result<pb::QueryReply, Status> {
    let request = pb::QueryRequest { kind: kind.into(), id, limit, ..pb::QueryRequest::default() };
    let mut pages = connection.console().query(request).await?.into_inner();
    let mut whole = pb::QueryReply::default();
    while let Some(page) = pages.message().await? {
        let page = masked(mask, "QueryReply", page).map_err(unmasked)?;
        whole.runbook.extend(page.runbook);
        match (&mut whole.alert_report, page.alert_report) {
            (Some(report), Some(more)) if report.figures.len() < FIGURES => report.figures.extend(more.figures),
            (known @ None, report) => *known = report,
            (Some(_), _) => {}
        }
    }
    Ok(whole)
}

fn unmasked(error: Unmasked) -> Status {
    Status::internal(error.to_string())
}

async fn host_detail(
    connection: &Connection,
    mask: Option<&Arc<Mask>>,
    request: pb::QueryRequest,
) -> Result<Detail, Status> {
    let mut pages = connection.console().query(request).await?.into_inner();
    let mut detail = HostDetail::default();
    while let Some(page) = pages.message().await? {
        let page = masked(mask, "QueryReply", page).map_err(unmasked)?;
        detail.at = Timestamp(page.hub_time);
        detail.glance = page.glances.first().map(|glance| Glance::decode(glance).1).or(detail.glance);
        detail.vitals = page.vitals.map(Into::into).or(detail.vitals);
        let room = READINGS.saturating_sub(detail.readings.len());
        let readable = page.readings.into_iter().filter_map(|reading| reading.try_into().ok());
        detail.readings.extend(readable.take(room));
    }
    Ok(Detail::Host(Box::new(detail)))
}

async fn entries(
    connection: &Connection,
    mask: Option<&Arc<Mask>>,
    request: pb::QueryRequest,
    most: usize,
) -> Result<Detail, Status> {
    let mut pages = connection.console().query(request).await?.into_inner();
    let mut entries = Vec::new();
    while entries.len() < most
        && let Some(page) = pages.message().await?
    {
        let page = masked(mask, "QueryReply", page).map_err(unmasked)?;
        let room = most - entries.len();
        entries.extend(page.entries.into_iter().filter_map(|entry| decode_entry(entry).ok()).take(room));
    }
    Ok(Detail::Entries(entries))
}

fn decode_series(series: pb::Series) -> Series {
    let points = series.at.into_iter().map(Timestamp).zip(series.values);
    Series {
        name: SafeText::line(&series.name),
        points: points.filter(|(_, value)| value.is_finite()).take(POINTS).collect(),
    }
}
