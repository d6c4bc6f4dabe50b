//! Alerts sent by Prometheus, amtool and whatever speaks their tongue.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};

use crate::fleet::rules::reported::{Reported, Sent};
use crate::fleet::words::{Now, SafeText, Timestamp};
use crate::hub::http::served::Served;
use crate::hub::http::{answer, posted};

/// The source of what comes this way.
pub const SOURCE: &str = "alertmanager";
/// How many faults are told of one request.
const TOLD: usize = 10;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Posted<'a> {
    #[serde(borrow, default)]
    labels: Labels<'a>,
    #[serde(borrow, default)]
    annotations: Labels<'a>,
    #[serde(borrow, default)]
    starts_at: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    ends_at: Option<Cow<'a, str>>,
    #[serde(borrow, default, rename = "generatorURL")]
    generator_url: Option<Cow<'a, str>>,
}

/// A JSON object of strings, in its order.
#[derive(Debug, Default)]
pub struct Labels<'a>(Vec<(Cow<'a, str>, Cow<'a, str>)>);

/// A string that is borrowed from the body where it holds no escapes.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

impl Labels<'_> {
    /// Names and values.
    pub fn pairs(&self) -> Vec<(&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_ref(), value.as_ref())).collect()
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Labels<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs;
        impl<'de> Visitor<'de> for Pairs {
            type Value = Labels<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of strings")
            }

            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(Labels::default())
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut pairs = Vec::with_capacity(8);
                while let Some((Text(name), Text(value))) = map.next_entry()? {
                    pairs.push((name, value));
                }
                Ok(Labels(pairs))
            }
        }
        deserializer.deserialize_any(Pairs)
    }
}

/// `POST /api/v2/alerts`
pub async fn alerts(State(served): State<Arc<Served>>, headers: HeaderMap, body: Body) -> Response {
    match posted::take_in(&served, &headers, body, "alerts", read).await {
        Ok((_, faults)) if faults.is_empty() => answer::json(StatusCode::OK, ""),
        Ok((_, faults)) => answer::text(StatusCode::BAD_REQUEST, &faults.join("; ")),
        Err(refused) => refused,
    }
}

/// The alerts of a body that can be taken in, and what is wrong with the rest.
fn read(bytes: &[u8], now: Now) -> Result<(Vec<Reported>, Vec<String>), String> {
    let posted: Vec<Posted<'_>> = serde_json::from_slice(bytes)
        .map_err(|error| format!("parsing alerts body from \"\" failed, because {error}"))?;
    let source = SafeText::new(SOURCE);
    let mut alerts = Vec::with_capacity(posted.len());
    let mut faults = Vec::new();
    for (at, alert) in posted.iter().enumerate() {
        match reported(&source, alert, now) {
            Ok(alert) => alerts.push(alert),
            Err(why) if faults.len() < TOLD => faults.push(format!("alert {at}: {why}")),
            Err(_) => {}
        }
    }
    Ok((alerts, faults))
}

fn reported(source: &SafeText, alert: &Posted<'_>, now: Now) -> Result<Reported, String> {
    let sent = Sent {
        labels: alert.labels.pairs(),
        annotations: alert.annotations.pairs(),
        generator_url: alert.generator_url.as_deref().unwrap_or_default(),
        starts_at: time("startsAt", alert.starts_at.as_deref())?,
        ends_at: time("endsAt", alert.ends_at.as_deref())?,
    };
    Reported::read(source, sent, now)
}

/// A time; the one that Go has for none is none.
fn time(name: &str, text: Option<&str>) -> Result<Option<Timestamp>, String> {
    let Some(text) = text.filter(|text| !text.is_empty() && !text.starts_with("0001-01-01T00:00:00")) else {
        return Ok(None);
    };
    match text.parse::<jiff::Timestamp>() {
        Ok(time) => Ok(Some(Timestamp(time.as_millisecond()))),
        Err(error) => Err(format!("{name} is no time such as 2026-11-27T10:00:00Z: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::words::{CheckState, Instant};

    const NOW: Now = Now { wall: Timestamp(1_795_341_600_000), mono: Instant(1) };

    #[test]
    fn an_alert_of_prometheus_is_read() {
        let body = r#"[{"labels":{"alertname":"Disk \"x\"","severity":"page","instance":"web-1:9100","client":"Acme"},
            "annotations":{"summary":"full\nnow"},"startsAt":"2026-11-22T10:00:00.5Z","endsAt":"2026-11-22T12:04:00+02:00",
            "generatorURL":"http://p/graph?g0.expr=up"}]"#;
        let (alerts, faults) = read(body.as_bytes(), NOW).unwrap();
        assert_eq!((alerts.len(), faults.len()), (1, 0));
        let alert = &alerts[0];
        assert_eq!((alert.level, alert.summary.as_str()), (CheckState::Critical, "full⏎now"));
        assert_eq!(alert.client.as_ref().map(|client| client.as_str()), Some("Acme"));
        assert_eq!(alert.hosts[0].as_str(), "web-1");
        assert_eq!(alert.starts_at, Some(Timestamp(1_795_341_600_500)));
        assert_eq!(alert.ends_at, Some(Timestamp(1_795_341_840_000)));
        assert_eq!(alert.external.ends_at, None, "it is sent again and again");
    }

    #[test]
    fn what_is_wrong_is_said_and_the_rest_is_taken_in() {
        let body = r#"[{"labels":{}},{"labels":{"1":"a"}},{"labels":{"a":""}},{"labels":{"a":"b"},"startsAt":"soon"},
            {"labels":{"a":"b","a":"c"}},{"labels":{"a":"b"},"startsAt":"2026-11-22T10:00:00Z","endsAt":"2026-11-22T09:00:00Z"},
            {"labels":{"a":"b"},"annotations":null,"endsAt":"0001-01-01T00:00:00Z"}]"#;
        let (alerts, faults) = read(body.as_bytes(), NOW).unwrap();
        assert_eq!((alerts.len(), faults.len()), (1, 6), "{faults:?}");
        for body in ["", "{}", "[1]", "[{\"labels\":{\"a\":1}}]", "[{\"labels\":[]}]", "[{", "\u{0}"] {
            assert!(read(body.as_bytes(), NOW).is_err(), "{body}");
        }
        assert!(read(b"[{\"labels\":{\"a\":\"\xff\"}}]", NOW).is_err());
    }
}
