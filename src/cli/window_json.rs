//! Windows as scripts read them.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};

use crate::cli::id::id;
use crate::cli::json::{rfc3339, rfc3339_or_null, seconds};
use crate::fleet::windows::{Occurrence, Scope, Times, Window};
use crate::fleet::words::{SafeText, Timestamp};

/// A window as `--json` prints it.
#[derive(Debug, PartialEq, Serialize)]
pub struct WindowJson {
    id: String,
    fleet: String,
    name: String,
    state: &'static str,
    client: Option<String>,
    filter: Option<String>,
    matchers: Option<Vec<MatcherJson>>,
    times: Value,
    plain: String,
    active: Value,
    next: Value,
    ends_at: Option<String>,
    by: String,
    created_at: String,
    age_seconds: u64,
    /// Open alerts it speaks of now; null where nobody counted.
    matches: Option<u64>,
    marks: Vec<String>,
    begun: u32,
    held: HeldJson,
    over: Value,
}

#[derive(Debug, PartialEq, Serialize)]
struct MatcherJson {
    name: String,
    value: String,
    is_regex: bool,
    is_equal: bool,
}

/// What it held back in the occurrence under way, or else in the last.
#[derive(Debug, PartialEq, Serialize)]
struct HeldJson {
    count: u64,
    clients: BTreeMap<String, u64>,
    alerts: Vec<String>,
}

/// From when until when.
#[must_use]
pub fn occurrence_json(one: Option<Occurrence>) -> Value {
    one.map_or(Value::Null, |one| json!({"from": rfc3339(one.from), "until": rfc3339(one.until)}))
}

/// When: `{from, until}`, or the words of times that come again.
#[must_use]
pub fn times_json(times: &Times) -> Value {
    match times {
        Times::Once(one) => occurrence_json(Some(*one)),
        Times::Recurring(recurrence) => json!(recurrence.to_string()),
    }
}

/// A window at the hub's time; `matches` is how many open alerts it speaks of.
#[must_use]
pub fn window_json(fleet: &str, window: &Window, matches: Option<u64>, now: Timestamp) -> WindowJson {
    let (filter, matchers) = match &window.scope {
        Scope::Filter(filter) => (Some(filter.to_string()), None),
        Scope::Matchers(matchers) => {
            let one = |matcher: &crate::fleet::windows::Matcher| MatcherJson {
                name: matcher.name().to_owned(),
                value: SafeText::line(matcher.value()).as_str().to_owned(),
                is_regex: matcher.is_regex(),
                is_equal: matcher.is_equal(),
            };
            (None, Some(matchers.iter().map(one).collect()))
        }
    };
    let over = window.over.as_ref().map_or(Value::Null, |over| {
        let text = |text: &Option<SafeText>| text.as_ref().map(|text| text.as_str().to_owned());
        json!({"at": rfc3339(over.at), "by": text(&over.by), "note": text(&over.note)})
    });
    WindowJson {
        id: id(fleet, window.id),
        fleet: fleet.to_owned(),
        name: window.name.as_str().to_owned(),
        state: window.state().word(),
        client: window.client.as_ref().map(ToString::to_string),
        filter,
        matchers,
        times: times_json(&window.times),
        plain: window.plain(now),
        active: occurrence_json(window.active),
        next: occurrence_json(window.next),
        ends_at: rfc3339_or_null(window.times.ends_for_good()),
        by: window.by.as_str().to_owned(),
        created_at: rfc3339(window.created_at),
        age_seconds: seconds(now.since(window.created_at)),
        matches,
        marks: window.marks(matches.unwrap_or(1), now),
        begun: window.begun,
        held: HeldJson {
            count: window.held(),
            clients: window.ledger.iter().map(|(client, caught)| (client.to_string(), caught.count)).collect(),
            alerts: window.caught().iter().map(|alert| id(fleet, alert)).collect(),
        },
        over,
    }
}
