//! `/ping/SECRET`: a job says that it ran. `/start`, `/fail` or an exit code behind it say more, `?rid=` which run. GET,
//! HEAD and POST all do; the end of what is posted is kept.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use axum::routing::get;

use crate::fleet::pings::Signal;
use crate::fleet::rules::input::Input;
use crate::fleet::rules::pings::Said;
use crate::fleet::words::{PingName, SafeText};
use crate::hub::http::parameters::Parameters;
use crate::hub::http::served::Served;
use crate::hub::http::{answer, body};
use crate::wire::limits::TAIL_MAX;

/// The longest name of a run.
const RUN_MAX: usize = 128;

/// The paths of pings.
pub fn routes() -> Router<Arc<Served>> {
    Router::new()
        .route("/ping/{secret}", get(success).post(success))
        .route("/ping/{secret}/{signal}", get(signal).post(signal))
}

async fn success(
    State(served): State<Arc<Served>>,
    Path(secret): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Body,
) -> Response {
    take_in(&served, &secret, Signal::Success, query.as_deref(), &headers, body).await
}

async fn signal(
    State(served): State<Arc<Served>>,
    Path((secret, word)): Path<(String, String)>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let signal = match word.as_str() {
        "start" => Signal::Start,
        "fail" => Signal::Failure(None),
        code => match code.parse::<u8>() {
            Ok(0) => Signal::Success,
            Ok(code) => Signal::Failure(Some(code)),
            Err(_) => {
                let text = "behind the secret stands nothing, start, fail or an exit code of 0 to 255";
                return answer::text(StatusCode::NOT_FOUND, text);
            }
        },
    };
    take_in(&served, &secret, signal, query.as_deref(), &headers, body).await
}

async fn take_in(
    served: &Served,
    secret: &str,
    signal: Signal,
    query: Option<&str>,
    headers: &HeaderMap,
    body: Body,
) -> Response {
    let Some(ping) = named(served, secret) else {
        let why = "no ping has this secret";
        served.shared.refusals.note(&served.shared.core, "http port", None, "ping", why).await;
        return answer::text(StatusCode::NOT_FOUND, "no ping has this secret: `watchfloor ping list` shows the URLs");
    };
    let whole = match body::read(served, headers, body, body::LARGEST).await {
        Ok(whole) => whole,
        Err(refused) => return refused,
    };
    let from = whole.bytes.len().saturating_sub(TAIL_MAX);
    let tail = SafeText::block_from_bytes_lossy(whole.bytes.get(from..).unwrap_or_default(), TAIL_MAX);
    drop(whole);
    let parameters = Parameters::read(query);
    let run = SafeText::line_within(parameters.all("rid").last().unwrap_or_default(), RUN_MAX);
    match served.shared.core.decide(Input::Ping(Said { ping, signal, run, tail })).await {
        Ok(_) => answer::plain("OK"),
        Err(error) => answer::refused(&error),
    }
}

fn named(served: &Served, secret: &str) -> Option<PingName> {
    let key = served.ping_key()?;
    let configuration = served.shared.configuration();
    configuration.pings.iter().find(|ping| key.secret(&ping.name) == secret).map(|ping| ping.name.clone())
}
