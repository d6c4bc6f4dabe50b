//! Answers to notices over the HTTP port: one-time links of people, signed callbacks of gateways, PagerDuty's webhooks.
//! Each carries a proof of its own, so none asks for a token of the fleet. Showing a link never answers it: scanners of
//! mail follow links, only people press buttons.

use std::fmt::Write as _;
use std::sync::{Arc, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::Deserialize;

use crate::fleet::alerts::{Alert, Until};
use crate::fleet::configuration::{Channel, ChannelKind};
use crate::fleet::identity::Role;
use crate::fleet::notices::{Kind, Notice, State as NoticeState};
use crate::fleet::rules::input::{Action, Asker, Input, NoticeReport, Targets, Verb};
use crate::fleet::state::{Cause, Fleet};
use crate::fleet::words::spoken_id::spoken_id;
use crate::fleet::words::{ActionId, AlertId, NoticeId, SafeText, Timestamp};
use crate::hub::notices::composing;
use crate::hub::notices::one_time::{GOOD_FOR, OneTime};
use crate::hub::notices::signature::{self, SignatureError, TOLERANCE};
use crate::hub::shared::Shared;

/// The largest body of a callback.
const BODY_MAX: usize = 64 * 1024;
/// Tags of callbacks that are remembered, so that none counts twice; more in five minutes are refused.
const MOST_REMEMBERED: usize = 10_000;
/// Alerts that a page lists.
const MOST_SHOWN: usize = 20;

type Context = State<Arc<Shared>>;

/// The routes.
pub fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/a/{token}", get(show).post(press))
        .route("/callback/{channel}", post(callback))
        .layer(DefaultBodyLimit::max(BODY_MAX))
}

/// Why something does not count.
struct Refused {
    status: StatusCode,
    why: String,
}

impl Refused {
    fn new(status: StatusCode, why: impl Into<String>) -> Self {
        Self { status, why: why.into() }
    }
}

async fn show(State(shared): Context, Path(token): Path<String>) -> Response {
    match asked(&shared, &token).await {
        Ok((fleet, notice)) => page(StatusCode::OK, &question(&fleet, &notice)),
        Err(refused) => turn_away(&shared, "link", refused).await,
    }
}

async fn press(State(shared): Context, Path(token): Path<String>) -> Response {
    let _alone = shared.answers.one_by_one.lock().await;
    let answered = async {
        let (fleet, notice) = asked(&shared, &token).await?;
        let by = notice.to.clone();
        answer(&shared, &fleet, &notice, by, "link").await
    };
    match answered.await {
        Ok(words) => page(StatusCode::OK, &format!("<h1>{}</h1>", escaped(&words))),
        Err(refused) => turn_away(&shared, "link", refused).await,
    }
}

/// The notice of a genuine token that can still be answered.
async fn asked(shared: &Shared, token: &str) -> Result<(Arc<Fleet>, Arc<Notice>), Refused> {
    let unknown = || Refused::new(StatusCode::NOT_FOUND, "this link is not known here; it may be a day old");
    let id = OneTime::names(token).ok_or_else(unknown)?;
    let fleet = head(shared).await?;
    let notice = fleet.notices.notices.get(&id).cloned().ok_or_else(unknown)?;
    if !shared.deliverer.one_time.is_genuine(token, &shared.fleet, &notice) {
        return Err(unknown());
    }
    refuse_over(shared, &fleet, &notice)?;
    Ok((fleet, notice))
}

async fn head(shared: &Shared) -> Result<Arc<Fleet>, Refused> {
    let cut = shared.core.cut().await;
    Ok(cut.map_err(|error| Refused::new(StatusCode::SERVICE_UNAVAILABLE, error.to_string()))?.fleet)
}

/// One answer a notice, for a day, while there is something to answer.
fn refuse_over(shared: &Shared, fleet: &Fleet, notice: &Notice) -> Result<(), Refused> {
    let gone = |why: &str| Err(Refused::new(StatusCode::GONE, why));
    if notice.state == NoticeState::Answered {
        return gone("this was answered already");
    }
    if shared.clock.now().wall.since(notice.queued_at) >= GOOD_FOR {
        return gone("this link has expired");
    }
    match notice.kind {
        Kind::Test => Ok(()),
        Kind::Problem if named(fleet, notice).any(|alert| alert.is_open()) => Ok(()),
        Kind::Problem => gone("all of it is resolved already; nothing is left to acknowledge"),
        Kind::Recovery | Kind::Reminder | Kind::Watchdog => gone("nothing of this can be acknowledged"),
    }
}

fn named<'f>(fleet: &'f Fleet, notice: &'f Notice) -> impl Iterator<Item = &'f Arc<Alert>> {
    notice.alerts.iter().filter_map(|id| fleet.alerts.alerts.get(id))
}

/// Counts an answer: what nobody has becomes the receiver's, then the notice is answered. What happened, in words.
async fn answer(shared: &Shared, fleet: &Fleet, notice: &Notice, by: SafeText, how: &str) -> Result<String, Refused> {
    let free: Vec<AlertId> =
        named(fleet, notice).filter(|alert| alert.is_open() && alert.owner().is_none()).map(|alert| alert.id).collect();
    let count = free.len();
    if notice.kind == Kind::Problem && count > 0 {
        let note = SafeText::line(&format!("answered notice {} by {how}", notice.id));
        let verb = Verb::Acknowledge { until: Until::Worse, limit: None, note };
        act(shared, fleet, notice, by.clone(), free, verb).await?;
    }
    let report = NoticeReport::Answered { by: by.clone(), how: SafeText::line(how) };
    report_to_core(shared, notice, notice.channel, report).await?;
    let by = by.as_str();
    Ok(match (notice.kind, count) {
        (Kind::Test, _) => format!("Thank you, {by}: the test page is answered."),
        (_, 0) => "Somebody has all of it already.".to_owned(),
        (_, 1) => format!("{by} has it now."),
        (_, count) => format!("{by} has {count} alerts now."),
    })
}

/// An act of somebody who proved to be a notice's receiver, on that notice's alerts.
async fn act(
    shared: &Shared,
    fleet: &Fleet,
    notice: &Notice,
    by: SafeText,
    alerts: Vec<AlertId>,
    verb: Verb,
) -> Result<(), Refused> {
    let asker =
        Asker { cause: Cause::Receiver(notice.id), name: by, role: Role::Operator, scope: notice.client.clone() };
    let id = shared.deliverer.one_time.action(&shared.fleet, notice, verb.word());
    let targets = Targets::Ids(alerts);
    let action = Action { id: ActionId(id), asker, seen: fleet.revision, targets, dry_run: false, verb };
    decide(shared, Input::Action(action)).await
}

async fn report_to_core(shared: &Shared, notice: &Notice, channel: u32, report: NoticeReport) -> Result<(), Refused> {
    decide(shared, Input::NoticeReported { notice: notice.id, channel, report }).await
}

async fn decide(shared: &Shared, input: Input) -> Result<(), Refused> {
    let decided = shared.core.decide(input).await;
    decided.map(drop).map_err(|error| Refused::new(StatusCode::SERVICE_UNAVAILABLE, error.to_string()))
}

/// What a gateway tells.
#[derive(Deserialize)]
struct Told {
    /// The key of the message it is about.
    key: String,
    /// `delivered`, `failed` or `acknowledged`.
    event: String,
    /// In its words.
    #[serde(default)]
    detail: String,
}

async fn callback(State(shared): Context, Path(channel): Path<String>, headers: HeaderMap, body: Bytes) -> Response {
    let what = format!("callback of {}", SafeText::line_within(&channel, 64).as_str());
    match take(&shared, &channel, &headers, &body).await {
        Ok(words) => (StatusCode::OK, format!("{words}\n")).into_response(),
        Err(refused) => {
            note(&shared, &what, &refused).await;
            (refused.status, format!("{}\n", refused.why)).into_response()
        }
    }
}

async fn take(shared: &Shared, name: &str, headers: &HeaderMap, body: &Bytes) -> Result<String, Refused> {
    let configuration = shared.configuration();
    let unknown = || Refused::new(StatusCode::NOT_FOUND, "no channel of this name takes callbacks");
    let channel = configuration.delivery.channels.get(name).ok_or_else(unknown)?;
    let secret = channel.secret.as_deref().ok_or_else(unknown)?;
    let secret = shared.deliverer.sender.resolve(secret).await;
    let secret = secret.map_err(|why| {
        tracing::error!("a callback of channel {name} can't be checked: {why}");
        Refused::new(StatusCode::SERVICE_UNAVAILABLE, "the channel's secret can't be had; the hub's log says why")
    })?;
    let text = |header: &str| headers.get(header).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if matches!(channel.kind, ChannelKind::Events(_)) {
        if !signature::verify_pagerduty(text(signature::PAGERDUTY_HEADER), secret.reveal(), body) {
            let why = format!("no {} that fits the body and the channel's secret", signature::PAGERDUTY_HEADER);
            return Err(Refused::new(StatusCode::UNAUTHORIZED, why));
        }
        return incident(shared, channel, body).await;
    }
    let now = shared.clock.now().wall;
    let tag = signature::verify(text(signature::HEADER), secret.reveal(), now, body).map_err(|error| {
        let status = match error {
            SignatureError::Missing | SignatureError::Wrong => StatusCode::UNAUTHORIZED,
            SignatureError::Stale => StatusCode::FORBIDDEN,
        };
        Refused::new(status, error.to_string())
    })?;
    refuse_replay(shared, tag, now)?;
    let told: Told = serde_json::from_slice(body).map_err(|error| {
        let form = "{\"key\": …, \"event\": \"delivered\", \"failed\" or \"acknowledged\", \"detail\": …}";
        Refused::new(StatusCode::BAD_REQUEST, format!("the body is not {form}: {error}"))
    })?;
    receipt(shared, channel, &told).await
}

async fn receipt(shared: &Shared, channel: &Channel, told: &Told) -> Result<String, Refused> {
    let _alone = shared.answers.one_by_one.lock().await;
    let fleet = head(shared).await?;
    let unknown = || Refused::new(StatusCode::NOT_FOUND, "no notice of this key went out by this channel");
    let number = told.key.strip_prefix(shared.fleet.as_str()).and_then(|rest| rest.strip_prefix('-'));
    let id = number.and_then(|number| number.parse().ok()).map(NoticeId).ok_or_else(unknown)?;
    let notice = fleet.notices.notices.get(&id).cloned().ok_or_else(unknown)?;
    let index = notice.channels.iter().position(|one| one.as_str() == channel.name).ok_or_else(unknown)?;
    let index = u32::try_from(index).map_err(|_| unknown())?;
    let words = if told.detail.is_empty() { &told.event } else { &told.detail };
    let words = SafeText::line_within(&format!("{}: {words}", channel.name), 300);
    match told.event.as_str() {
        "delivered" => report_to_core(shared, &notice, index, NoticeReport::Delivered(words)).await?,
        "failed" => report_to_core(shared, &notice, index, NoticeReport::Refused(words)).await?,
        "acknowledged" => {
            refuse_over(shared, &fleet, &notice)?;
            return answer(shared, &fleet, &notice, notice.to.clone(), &channel.name).await;
        }
        other => {
            let other = SafeText::line_within(other, 64);
            let why = format!("{:?} is no event: say delivered, failed or acknowledged", other.as_str());
            return Err(Refused::new(StatusCode::BAD_REQUEST, why));
        }
    }
    Ok("noted".to_owned())
}

/// Refuses what was taken before.
fn refuse_replay(shared: &Shared, proof: Vec<u8>, now: Timestamp) -> Result<(), Refused> {
    let mut seen = shared.answers.seen.lock().unwrap_or_else(PoisonError::into_inner);
    // A signature is good from five minutes before its time to five minutes behind it.
    seen.retain(|_, at| now.since(*at) <= TOLERANCE * 2);
    if seen.contains_key(&proof) {
        return Err(Refused::new(StatusCode::CONFLICT, "this callback was taken already"));
    }
    if seen.len() >= MOST_REMEMBERED {
        return Err(Refused::new(StatusCode::TOO_MANY_REQUESTS, "too many callbacks in a few minutes"));
    }
    seen.insert(proof, now);
    Ok(())
}

/// A webhook of PagerDuty, version 3. <https://developer.pagerduty.com/docs/webhooks-overview>
#[derive(Deserialize)]
struct Webhook {
    event: Incident,
}

#[derive(Deserialize)]
struct Incident {
    id: String,
    event_type: String,
    #[serde(default)]
    agent: Option<Agent>,
    #[serde(default)]
    data: Data,
}

#[derive(Deserialize)]
struct Agent {
    #[serde(default, rename = "type")]
    kind: String,
    #[serde(default)]
    summary: String,
}

#[derive(Default, Deserialize)]
struct Data {
    #[serde(default)]
    incident_key: Option<String>,
}

async fn incident(shared: &Shared, channel: &Channel, body: &Bytes) -> Result<String, Refused> {
    let malformed = |error| Refused::new(StatusCode::BAD_REQUEST, format!("this is no webhook of version 3: {error}"));
    let Webhook { event } = serde_json::from_slice(body).map_err(malformed)?;
    // Only what a person did there counts: an incident that the service ends by itself is still a problem here.
    let person = event.agent.as_ref().filter(|agent| agent.kind.starts_with("user"));
    let acknowledged = event.event_type == "incident.acknowledged";
    if !(acknowledged || event.event_type == "incident.resolved") || person.is_none() {
        return Ok("not for a notice".to_owned());
    }
    let _alone = shared.answers.one_by_one.lock().await;
    let proof = [b"event ", event.id.as_bytes()].concat();
    refuse_replay(shared, proof, shared.clock.now().wall)?;
    let fleet = head(shared).await?;
    let first = event.data.incident_key.as_deref().and_then(|key| composing::alert_of_incident(&shared.fleet, key));
    let Some(first) = first else { return Ok("not of this fleet".to_owned()) };
    let by_channel = |notice: &&Arc<Notice>| {
        notice.kind == Kind::Problem
            && notice.in_use().is_some_and(|name| name.as_str() == channel.name)
            && notice.alerts.iter().min() == Some(&first)
    };
    let Some(notice) = fleet.notices.notices.values().rev().find(by_channel).cloned() else {
        return Ok("nothing of it is known any more".to_owned());
    };
    let name = person.map_or("", |person| person.summary.as_str());
    let by = SafeText::line_within(&format!("{name} ({})", channel.name), 128);
    if acknowledged {
        if notice.state == NoticeState::Answered {
            return Ok("answered already".to_owned());
        }
        return answer(shared, &fleet, &notice, by, &channel.name).await;
    }
    let open: Vec<AlertId> = named(&fleet, &notice).filter(|alert| alert.is_open()).map(|alert| alert.id).collect();
    if !open.is_empty() {
        let note = SafeText::line(&format!("resolved in {}", channel.name));
        act(shared, &fleet, &notice, by, open, Verb::Close { note }).await?;
    }
    Ok("closed".to_owned())
}

fn question(fleet: &Fleet, notice: &Notice) -> String {
    let mut html = String::new();
    let name = escaped(fleet.profile.name.as_str());
    let what = match notice.kind {
        Kind::Test => "a test page".to_owned(),
        _ if notice.count == 1 => "one alert".to_owned(),
        _ => format!("{} alerts", notice.count),
    };
    let _ = write!(html, "<h1>{name}: {what} for {}</h1><ul>", escaped(notice.to.as_str()));
    for alert in named(fleet, notice).take(MOST_SHOWN) {
        let state = if alert.is_open() { alert.severity().word() } else { "resolved" };
        let client = escaped(alert.client.as_str());
        let summary = escaped(alert.summary.as_str());
        let owner = alert.owner().map_or_else(String::new, |by| format!(" ({} has it)", escaped(by.as_str())));
        let _ = write!(html, "<li><b>{}</b> {state}, {client}: {summary}{owner}</li>", spoken_id(alert.id));
    }
    html.push_str("</ul><form method=\"post\"><button>");
    html.push_str(if notice.kind == Kind::Test { "I am here" } else { "I take it" });
    html.push_str("</button></form>");
    html
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// A page without a script, that is not kept, framed, indexed or told to others.
fn page(status: StatusCode, body: &str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "same-origin"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'",
        ),
    ];
    let html = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"robots\" content=\"noindex\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>Watchfloor</title>\
         <style>body{{font:1.1em sans-serif;margin:2em auto;max-width:40em;padding:0 1em}}\
         button{{font-size:1.4em;padding:.6em 1.2em}}</style>{body}</html>\n"
    );
    (status, headers, html).into_response()
}

async fn turn_away(shared: &Shared, what: &str, refused: Refused) -> Response {
    note(shared, what, &refused).await;
    page(refused.status, &format!("<h1>{}</h1>", escaped(&refused.why)))
}

async fn note(shared: &Shared, what: &str, refused: &Refused) {
    // That a hub is ending or out of space is no refusal of anybody.
    if refused.status != StatusCode::SERVICE_UNAVAILABLE {
        shared.refusals.note(&shared.core, "http port", None, what, &refused.why).await;
    }
}
