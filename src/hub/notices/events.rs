//! Notices as events in the shape of PagerDuty's Events API v2.
//! <https://developer.pagerduty.com/docs/events-api-v2/trigger-events/>

use axum::http::{Request, header};
use bytes::Bytes;
use http_body_util::Full;
use serde_json::{Value, json};

use crate::fleet::configuration::channels::Events;
use crate::fleet::notices::Kind;
use crate::fleet::words::Severity;
use crate::hub::notices::attempt::{DeliveryError, Receipt};
use crate::hub::notices::message::Message;
use crate::hub::notices::sender::{Sender, Used};

/// The API takes a summary of so many characters.
const SUMMARY_MAX: usize = 1024;

pub(super) async fn send(
    sender: &Sender,
    events: &Events,
    message: &Message,
    used: &Used,
) -> Result<Receipt, DeliveryError> {
    let routing_key = sender.secret(&events.routing_key, used).await?;
    let mut last = Receipt::new("nothing of it is open there");
    for key in &message.incidents {
        let body = event(message, key, routing_key.reveal()).to_string();
        let request = Request::post(events.url.as_str())
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::USER_AGENT, concat!("watchfloor/", env!("CARGO_PKG_VERSION")))
            .body(Full::new(Bytes::from(body)))
            .map_err(|error| DeliveryError::lasting(&format!("the request can't be made: {error}")))?;
        let (_, words) = sender.http.send(events.ca.as_deref(), request).await?.judged()?;
        last = Receipt::new(&words);
    }
    Ok(last)
}

fn event(message: &Message, key: &str, routing_key: &str) -> Value {
    if message.kind == Kind::Recovery {
        return json!({"routing_key": routing_key, "event_action": "resolve", "dedup_key": key});
    }
    let severity = match message.severity {
        Severity::Critical => "critical",
        Severity::Warning => "warning",
    };
    let source = if message.host.is_empty() { &message.fleet } else { &message.host };
    let mut event = json!({
        "routing_key": routing_key,
        "event_action": "trigger",
        "dedup_key": key,
        "client": "watchfloor",
        "payload": {
            "summary": message.subject.chars().take(SUMMARY_MAX).collect::<String>(),
            "source": source,
            "severity": severity,
            "timestamp": message.queued_at,
            "group": message.client,
            "class": message.kind.word(),
            "custom_details": {"text": message.text, "notice": message.key, "count": message.count},
        },
    });
    if let (Some(link), Some(event)) = (&message.link, event.as_object_mut()) {
        event.insert("links".to_owned(), json!([{"href": link, "text": "acknowledge"}]));
    }
    event
}
