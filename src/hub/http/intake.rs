//! `POST /intake`: problems and their ends in plain JSON, one object or an array, for whatever can send a line of it.
//! What is told as a problem stays one until it is told to be ok.

use std::borrow::Cow;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::Deserialize;

use crate::fleet::rules::reported::{FOREVER, LABELS_MAX, Reported, Sent, fingerprint};
use crate::fleet::words::{Now, SafeText};
use crate::hub::http::served::Served;
use crate::hub::http::{answer, posted};

/// The source of what comes this way.
const SOURCE: &str = "intake";
/// How many faults are told of one request.
const TOLD: usize = 10;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Told<'a> {
    /// What it is about, stable: the same key is the same alert.
    #[serde(borrow, alias = "subject")]
    key: Cow<'a, str>,
    #[serde(borrow, default)]
    client: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    site: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    host: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    severity: Option<Cow<'a, str>>,
    #[serde(default)]
    state: Standing,
    #[serde(borrow, default)]
    summary: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    details: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    url: Option<Cow<'a, str>>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Standing {
    #[default]
    Problem,
    Ok,
}

/// `POST /intake`
pub async fn intake(State(served): State<Arc<Served>>, headers: HeaderMap, body: Body) -> Response {
    match posted::take_in(&served, &headers, body, "intake", read).await {
        Ok((taken, faults)) if faults.is_empty() => answer::json(StatusCode::OK, format!("{{\"taken\":{taken}}}\n")),
        Ok((taken, faults)) => {
            answer::text(StatusCode::BAD_REQUEST, &format!("{taken} taken in; {}", faults.join("; ")))
        }
        Err(refused) => refused,
    }
}

fn read(bytes: &[u8], now: Now) -> Result<(Vec<Reported>, Vec<String>), String> {
    let wrong = |error: serde_json::Error| {
        format!(
            "this is no JSON object with key, state (problem or ok), summary and the like, and no array of them: {error}"
        )
    };
    let is_list = bytes.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[');
    let all: Vec<Told<'_>> = if is_list {
        serde_json::from_slice(bytes).map_err(wrong)?
    } else {
        vec![serde_json::from_slice(bytes).map_err(wrong)?]
    };
    let source = SafeText::new(SOURCE);
    let mut alerts = Vec::with_capacity(all.len());
    let mut faults = Vec::new();
    for (at, told) in all.iter().enumerate() {
        match reported(&source, told, now) {
            Ok(alert) => alerts.push(alert),
            Err(why) if faults.len() < TOLD => faults.push(format!("item {at}: {why}")),
            Err(_) => {}
        }
    }
    Ok((alerts, faults))
}

fn reported(source: &SafeText, told: &Told<'_>, now: Now) -> Result<Reported, String> {
    let host = told.host.as_deref().unwrap_or_default();
    if told.key.trim().is_empty() {
        return Err("key (or subject) is empty; it says what the problem is about and stays the same".to_owned());
    }
    let labels: Vec<(&str, &str)> = [
        ("alertname", Some(told.key.as_ref())),
        ("client", told.client.as_deref()),
        ("host", Some(host)),
        ("severity", told.severity.as_deref()),
        ("site", told.site.as_deref()),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((name, value.filter(|value| !value.is_empty())?)))
    .collect();
    let size: usize = labels.iter().map(|(_, value)| value.len()).sum();
    if size > LABELS_MAX {
        return Err(format!("key, client, host, severity and site have {size} bytes, more than {LABELS_MAX}"));
    }
    let annotations = [("summary", &told.summary), ("details", &told.details)];
    let annotations = annotations.into_iter().filter_map(|(name, value)| Some((name, value.as_deref()?))).collect();
    let sent = Sent {
        labels,
        annotations,
        generator_url: told.url.as_deref().unwrap_or_default(),
        starts_at: None,
        ends_at: Some(if told.state == Standing::Ok { now.wall } else { FOREVER }),
    };
    // Neither its severity nor its words are what it is about.
    let identity = format!("{:016x}", fingerprint(&[("host", host), ("key", &told.key)]));
    Ok(Reported::of(source.clone(), SafeText::new(&identity), sent, now))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::words::{CheckState, Instant, Timestamp};

    const NOW: Now = Now { wall: Timestamp(1_795_341_600_000), mono: Instant(1) };

    #[test]
    fn one_and_many_are_read_and_the_key_is_what_it_is_about() {
        let one = r#"{"key":"backup","client":"acme","host":"nas","severity":"critical","summary":"failed","url":"http://x"}"#;
        let many =
            r#" [{"subject":"backup","client":"acme","host":"nas","state":"ok"},{"key":"other","state":"problem"}]"#;
        let (first, faults) = read(one.as_bytes(), NOW).unwrap();
        assert_eq!((first.len(), faults.len(), first[0].level), (1, 0, CheckState::Critical));
        let (all, _) = read(many.as_bytes(), NOW).unwrap();
        assert_eq!(all[0].fingerprint, first[0].fingerprint);
        assert_ne!(all[1].fingerprint, first[0].fingerprint);
        assert_eq!((all[0].ends_at, all[1].ends_at), (Some(NOW.wall), Some(FOREVER)));
    }

    #[test]
    fn what_is_wrong_is_said() {
        for text in
            ["", "1", "{}", "{\"key\":\"a\",\"state\":\"bad\"}", "{\"key\":\"a\",\"colour\":\"red\"}", "[{\"key\":1}]"]
        {
            assert!(read(text.as_bytes(), NOW).is_err(), "{text}");
        }
        let (alerts, faults) = read(b"[{\"key\":\" \"},{\"key\":\"a\"}]", NOW).unwrap();
        assert_eq!((alerts.len(), faults.len()), (1, 1));
    }
}
