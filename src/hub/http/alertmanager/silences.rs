//! Silences: maintenance windows, as Alertmanager's API makes, shows and ends them. A token of role intake may make them,
//! over labels only: whoever may say that something fails may say that it is known. The window says who asked for it and
//! by which token. Changing anything but the end ends the silence and makes another, as Alertmanager does for matchers.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use ring::rand::{SecureRandom as _, SystemRandom};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::fleet::identity::Role;
use crate::fleet::rules::decision::Answer;
use crate::fleet::rules::input::{Action, Asker, Input, Targets, TimesAsked, Verb, WindowRequest};
use crate::fleet::state::Fleet;
use crate::fleet::windows::{Matcher, Scope, State as Standing, Window};
use crate::fleet::words::{ActionId, SafeText, Timestamp, WindowId};
use crate::hub::http::alertmanager::matchers;
use crate::hub::http::alertmanager::silence::{self, Shown};
use crate::hub::http::bearer::Grant;
use crate::hub::http::parameters::Parameters;
use crate::hub::http::served::Served;
use crate::hub::http::{answer, body};
use crate::wire::limits::WORD_MAX;

/// The largest silence in bytes.
const LARGEST: usize = 64 << 10;
/// The longest name of who made one.
const NAME_MAX: usize = 128;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Posted {
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    comment: String,
    #[serde(default)]
    created_by: String,
    starts_at: jiff::Timestamp,
    ends_at: jiff::Timestamp,
    matchers: Vec<Shown>,
}

/// `GET /api/v2/silences`
pub async fn list(State(served): State<Arc<Served>>, RawQuery(query): RawQuery, headers: HeaderMap) -> Response {
    let grant = match served.bearer_of_silences(&headers).await {
        Ok(grant) => grant,
        Err(refused) => return refused,
    };
    let parameters = Parameters::read(query.as_deref());
    let asked = match matchers::read(parameters.all("filter")) {
        Ok(asked) => asked,
        Err(why) => return answer::text(StatusCode::BAD_REQUEST, &why),
    };
    let fleet = match cut(&served).await {
        Ok(fleet) => fleet,
        Err(refused) => return refused,
    };
    let meets = |window: &Window| {
        let written = silence::matchers(window);
        asked.iter().all(|matcher| {
            let same = written.iter().rev().find(|one| one.name == matcher.name);
            matcher.matches_written(same.map(|one| one.value.as_str()))
        })
    };
    let mut windows: Vec<&Window> =
        fleet.windows.all().map(Arc::as_ref).filter(|window| is_theirs(&grant, window) && meets(window)).collect();
    // As Alertmanager: what ends first, what begins first, what ended last.
    windows.sort_by_key(|window| {
        let (from, until) = silence::span(window);
        let order = match window.state() {
            Standing::Active => until.0,
            Standing::Waiting => from.0,
            Standing::Over => until.0.saturating_neg(),
        };
        (window.state(), order, window.id)
    });
    let shown: Vec<Value> = windows.into_iter().map(|window| silence::shown(&served.shared.fleet, window)).collect();
    answer::json(StatusCode::OK, Value::from(shown).to_string())
}

/// `GET /api/v2/silence/{id}`
pub async fn get(State(served): State<Arc<Served>>, Path(id): Path<String>, headers: HeaderMap) -> Response {
    let grant = match served.bearer_of_silences(&headers).await {
        Ok(grant) => grant,
        Err(refused) => return refused,
    };
    let fleet = match cut(&served).await {
        Ok(fleet) => fleet,
        Err(refused) => return refused,
    };
    match named(&served, &fleet, &grant, &id) {
        Some(window) => answer::json(StatusCode::OK, silence::shown(&served.shared.fleet, window).to_string()),
        None => missing(&id),
    }
}

/// `DELETE /api/v2/silence/{id}`
pub async fn delete(State(served): State<Arc<Served>>, Path(id): Path<String>, headers: HeaderMap) -> Response {
    let grant = match served.bearer(&headers, Role::Intake, "silences").await {
        Ok(grant) => grant,
        Err(refused) => return refused,
    };
    let fleet = match cut(&served).await {
        Ok(fleet) => fleet,
        Err(refused) => return refused,
    };
    let Some(window) = named(&served, &fleet, &grant, &id) else { return missing(&id) };
    // Alertmanager's clients do not say who ends it.
    let by = grant.actor.name.clone();
    let verb = Verb::CloseWindow { window: window.id, note: SafeText::new("") };
    match act(&served, &fleet, &grant, by, verb).await {
        Ok(_) => answer::json(StatusCode::OK, ""),
        Err(refused) => refused,
    }
}

/// `POST /api/v2/silences`
pub async fn post(State(served): State<Arc<Served>>, headers: HeaderMap, body: Body) -> Response {
    let grant = match served.bearer(&headers, Role::Intake, "silences").await {
        Ok(grant) => grant,
        Err(refused) => return refused,
    };
    let whole = match body::read(&served, &headers, body, LARGEST).await {
        Ok(whole) => whole,
        Err(refused) => return refused,
    };
    let posted: Posted = match serde_json::from_slice(&whole.bytes) {
        Ok(posted) => posted,
        Err(error) => {
            let text = format!("parsing silence body from \"\" failed, because {error}");
            return answer::text(StatusCode::BAD_REQUEST, &text);
        }
    };
    drop(whole);
    match made(&served, &grant, posted).await {
        Ok(window) => {
            let said = json!({"silenceID": silence::id(&served.shared.fleet, window)});
            answer::json(StatusCode::OK, said.to_string())
        }
        Err(refused) => refused,
    }
}

/// Makes what was posted, or changes what it names; which window it is then.
async fn made(served: &Served, grant: &Grant, mut posted: Posted) -> Result<WindowId, Response> {
    let fleet = cut(served).await?;
    let before = match posted.id.as_deref().filter(|id| !id.is_empty()) {
        Some(id) => Some(named(served, &fleet, grant, id).ok_or_else(|| missing(id))?),
        None => None,
    };
    // What was read here and is sent back names its token already.
    let token = grant.actor.name.as_str();
    let suffix = format!(" (via {token})");
    let person = posted.created_by.strip_suffix(suffix.as_str()).unwrap_or(&posted.created_by);
    let person = SafeText::line_within(person, NAME_MAX);
    let by = if person.is_empty() { grant.actor.name.clone() } else { SafeText::line(&format!("{person}{suffix}")) };
    let name = SafeText::line_within(&posted.comment, WORD_MAX);
    let (from, until) = (at(posted.starts_at), at(posted.ends_at));
    posted.matchers.sort();
    let open = before.filter(|window| window.over.is_none());
    if let Some(window) = open {
        let (began, ends) = silence::span(window);
        let begun = window.state() == Standing::Active;
        let same = silence::matchers(window) == posted.matchers && window.name == name && window.by == by;
        if same && (from == began || begun && from <= served.shared.clock.now().wall) {
            if until != ends {
                let verb = Verb::ChangeWindow { window: window.id, until: Some(until), longer: None };
                act(served, &fleet, grant, by, verb).await?;
            }
            return Ok(window.id);
        }
        if !matches!(window.scope, Scope::Matchers(_)) {
            let text = "it was made in Watchfloor, as a filter, and is changed there: `watchfloor window list`";
            return Err(answer::text(StatusCode::BAD_REQUEST, text));
        }
    }
    let matchers = posted.matchers.iter();
    let matchers = matchers
        .map(|one| Matcher::new(&one.name, &one.value, one.is_regex, one.is_equal))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| answer::text(StatusCode::BAD_REQUEST, &error.to_string()))?;
    // As Alertmanager: it does not begin before it was made.
    let from = (from > served.shared.clock.now().wall).then_some(from);
    let times = TimesAsked::Once { from, until: Some(until), length: None };
    let request = WindowRequest { name, scope: Scope::Matchers(matchers), times, expected: None };
    let answer = act(served, &fleet, grant, by.clone(), Verb::OpenWindow(Box::new(request))).await?;
    let window = answer.window.map(|window| window.id);
    let window = window.ok_or_else(|| answer::text(StatusCode::INTERNAL_SERVER_ERROR, "the hub made no window"))?;
    // The other first, so that what both speak of is held all the while.
    if let Some(before) = open {
        let note = SafeText::line(&format!("changed: window {window} takes its place"));
        act(served, &fleet, grant, by, Verb::CloseWindow { window: before.id, note }).await?;
    }
    Ok(window)
}

fn at(time: jiff::Timestamp) -> Timestamp {
    Timestamp(time.as_millisecond())
}

async fn cut(served: &Served) -> Result<Arc<Fleet>, Response> {
    served.shared.core.cut().await.map(|cut| cut.fleet).map_err(|error| answer::refused(&error))
}

async fn act(served: &Served, fleet: &Fleet, grant: &Grant, by: SafeText, verb: Verb) -> Result<Answer, Response> {
    let mut id = [0; 16];
    SystemRandom::new()
        .fill(&mut id)
        .map_err(|_| answer::text(StatusCode::SERVICE_UNAVAILABLE, "the system gives no random numbers"))?;
    let asker = Asker { cause: grant.actor.cause.clone(), name: by, role: Role::Intake, scope: grant.scope.clone() };
    let (id, targets) = (ActionId(u128::from_be_bytes(id)), Targets::Ids(Vec::new()));
    let action = Action { id, asker, seen: fleet.revision, targets, dry_run: false, verb };
    served.shared.core.decide(Input::Action(action)).await.map_err(|error| answer::refused(&error))
}

/// Whoever is limited to a client sees its windows and those of the whole fleet.
fn is_theirs(grant: &Grant, window: &Window) -> bool {
    match (&grant.scope, &window.client) {
        (Some(scope), Some(client)) => scope == client,
        _ => true,
    }
}

fn named<'f>(served: &Served, fleet: &'f Fleet, grant: &Grant, id: &str) -> Option<&'f Window> {
    let window = fleet.windows.get(silence::window(&served.shared.fleet, id)?)?;
    is_theirs(grant, window).then_some(window)
}

fn missing(id: &str) -> Response {
    let id: String = id.chars().take(64).collect();
    answer::text(StatusCode::NOT_FOUND, &format!("silence {id} not found"))
}
