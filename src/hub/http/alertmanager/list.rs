//! Reading alerts: a stream written from a cut of the fleet, so that neither its length nor its reader matters to others.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use bytes::Bytes;
use regex_lite::Regex;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use crate::fleet::alerts::Alert;
use crate::fleet::identity::Role;
use crate::fleet::state::Fleet;
use crate::fleet::words::{AlertId, ClientId};
use crate::hub::http::alertmanager::matchers::{self, Matcher, anchored};
use crate::hub::http::alertmanager::view::{RECEIVER, View};
use crate::hub::http::answer;
use crate::hub::http::bearer::Grant;
use crate::hub::http::parameters::Parameters;
use crate::hub::http::served::Served;

/// Pieces of an answer have this many bytes, about.
const PIECE: usize = 128 << 10;
/// Pieces written before the reader has taken them.
const AHEAD: usize = 4;
/// A reader that takes nothing for so long has gone.
const PATIENCE: Duration = Duration::from_secs(30);

/// What is asked for.
struct Asked {
    scope: Option<ClientId>,
    matchers: Vec<Matcher>,
    receiver: Option<Regex>,
    active: bool,
    silenced: bool,
    inhibited: bool,
}

impl Asked {
    fn read(grant: Grant, query: Option<&str>) -> Result<Self, String> {
        let parameters = Parameters::read(query);
        let receiver = parameters.all("receiver").last().filter(|text| !text.is_empty()).map(anchored).transpose()?;
        // What is not processed yet is not there yet.
        parameters.switch("unprocessed")?;
        Ok(Self {
            scope: grant.scope,
            matchers: matchers::read(parameters.all("filter"))?,
            receiver,
            active: parameters.switch("active")?,
            silenced: parameters.switch("silenced")?,
            inhibited: parameters.switch("inhibited")?,
        })
    }

    fn wants(&self, alert: &Alert, view: &View<'_>) -> bool {
        self.scope.as_ref().is_none_or(|scope| *scope == alert.client)
            && self.receiver.as_ref().is_none_or(|receiver| receiver.is_match(RECEIVER))
            && (self.active || view.is_suppressed())
            && (self.silenced || !view.is_silenced())
            && (self.inhibited || !view.is_inhibited())
            && self.matchers.iter().all(|matcher| matcher.matches(&view.label(&matcher.name)))
    }
}

/// `GET /api/v2/alerts`
pub async fn alerts(State(served): State<Arc<Served>>, RawQuery(query): RawQuery, headers: HeaderMap) -> Response {
    let asked = match asked(&served, query.as_deref(), &headers).await {
        Ok(asked) => asked,
        Err(refused) => return refused,
    };
    stream(served, async move |fleet, mut writer| {
        writer.text("[");
        writer.alerts(&fleet, &asked, fleet.alerts.open()).await?;
        writer.text("]\n");
        writer.end().await
    })
    .await
}

/// `GET /api/v2/alerts/groups`: a group a client.
pub async fn groups(State(served): State<Arc<Served>>, RawQuery(query): RawQuery, headers: HeaderMap) -> Response {
    let asked = match asked(&served, query.as_deref(), &headers).await {
        Ok(asked) => asked,
        Err(refused) => return refused,
    };
    stream(served, async move |fleet, mut writer| {
        let mut clients: BTreeMap<&ClientId, Vec<AlertId>> = BTreeMap::new();
        for alert in fleet.alerts.open() {
            if asked.wants(alert, &View::of(&fleet, &writer.served.shared.fleet, alert)) {
                clients.entry(&alert.client).or_default().push(alert.id);
            }
        }
        writer.text("[");
        for (at, (client, ids)) in clients.into_iter().enumerate() {
            writer.text(if at > 0 { ",{\"alerts\":[" } else { "{\"alerts\":[" });
            let alerts = ids.iter().filter_map(|id| fleet.alerts.alerts.get(id));
            writer.alerts(&fleet, &asked, alerts).await?;
            writer.text("],\"labels\":{\"client\":\"");
            writer.text(client.as_str());
            writer.text("\"},\"receiver\":{\"name\":\"watchfloor\"}}");
        }
        writer.text("]\n");
        writer.end().await
    })
    .await
}

async fn asked(served: &Served, query: Option<&str>, headers: &HeaderMap) -> Result<Asked, Response> {
    let grant = served.bearer(headers, Role::Reader, "alerts").await?;
    Asked::read(grant, query).map_err(|why| answer::text(StatusCode::BAD_REQUEST, &why))
}

/// Answers with what `write` makes of the fleet.
async fn stream<W, F>(served: Arc<Served>, write: W) -> Response
where
    W: FnOnce(Arc<Fleet>, Writer) -> F + Send + 'static,
    F: Future<Output = Result<(), Gone>> + Send,
{
    let Ok(place) = Arc::clone(&served.readers).try_acquire_owned() else {
        return answer::text(StatusCode::SERVICE_UNAVAILABLE, "too many read at once; try again");
    };
    let fleet = match served.shared.core.cut().await {
        Ok(cut) => cut.fleet,
        Err(error) => return answer::refused(&error),
    };
    let (out, pieces) = mpsc::channel::<Result<Bytes, Infallible>>(AHEAD);
    tokio::spawn(async move {
        let writer = Writer { served, buffer: Vec::with_capacity(PIECE + 4096), out };
        // Who hung up needs no more.
        let _ = write(fleet, writer).await;
        drop(place);
    });
    answer::json(StatusCode::OK, Body::from_stream(ReceiverStream::new(pieces)))
}

/// The reader has hung up, or takes nothing any more.
struct Gone;

struct Writer {
    served: Arc<Served>,
    buffer: Vec<u8>,
    out: mpsc::Sender<Result<Bytes, Infallible>>,
}

impl Writer {
    fn text(&mut self, text: &str) {
        self.buffer.extend_from_slice(text.as_bytes());
    }

    /// Writes those that are asked for, with commas between.
    async fn alerts<'a>(
        &mut self,
        fleet: &'a Fleet,
        asked: &Asked,
        mut alerts: impl Iterator<Item = &'a Arc<Alert>>,
    ) -> Result<(), Gone> {
        let mut first = true;
        loop {
            let more = self.fill(fleet, asked, &mut alerts, &mut first);
            if !more {
                return Ok(());
            }
            self.flush().await?;
        }
    }

    /// Fills a piece; `false` when there are no more.
    fn fill<'a>(
        &mut self,
        fleet: &'a Fleet,
        asked: &Asked,
        alerts: &mut impl Iterator<Item = &'a Arc<Alert>>,
        first: &mut bool,
    ) -> bool {
        let now = self.served.shared.clock.now();
        let live = self.served.shared.live();
        for alert in alerts {
            let view = View::of(fleet, &self.served.shared.fleet, alert);
            if !asked.wants(alert, &view) {
                continue;
            }
            if !std::mem::take(first) {
                self.buffer.push(b',');
            }
            view.write(&mut self.buffer, &live, now);
            if self.buffer.len() >= PIECE {
                return true;
            }
        }
        false
    }

    async fn flush(&mut self) -> Result<(), Gone> {
        let piece = std::mem::replace(&mut self.buffer, Vec::with_capacity(PIECE + 4096));
        match tokio::time::timeout(PATIENCE, self.out.send(Ok(Bytes::from(piece)))).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(Gone),
        }
    }

    async fn end(mut self) -> Result<(), Gone> {
        self.flush().await
    }
}
