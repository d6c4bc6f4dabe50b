//! A notice as an HTTP request, signed where the channel has a secret.

use axum::http::{HeaderName, HeaderValue, Request, header};
use bytes::Bytes;
use http_body_util::Full;

use crate::fleet::configuration::channels::{Channel, Webhook};
use crate::fleet::configuration::template::Escaping;
use crate::fleet::words::Timestamp;
use crate::hub::notices::attempt::{DeliveryError, Receipt};
use crate::hub::notices::message::Message;
use crate::hub::notices::sender::{Sender, Used};
use crate::hub::notices::signature;

/// The header by which a receiver knows a repeat.
const KEY_HEADER: HeaderName = HeaderName::from_static("idempotency-key");
const SIGNATURE_HEADER: HeaderName = HeaderName::from_static("watchfloor-signature");

pub(super) async fn send(
    sender: &Sender,
    channel: &Channel,
    webhook: &Webhook,
    message: &Message,
    used: &Used,
) -> Result<Receipt, DeliveryError> {
    let body = match &webhook.body {
        _ if webhook.method == "GET" => String::new(),
        Some(template) => template.fill(webhook.escaping(), |name| message.value(name)),
        None => message.json().to_string(),
    };
    let url = webhook.url.fill(Escaping::Form, |name| message.value(name));
    let mut request = Request::builder()
        .method(webhook.method.as_str())
        .uri(url)
        .header(header::USER_AGENT, concat!("watchfloor/", env!("CARGO_PKG_VERSION")))
        .header(KEY_HEADER, message.key.as_str());
    if webhook.method != "GET" {
        request = request.header(header::CONTENT_TYPE, webhook.content_type.as_str());
    }
    for (name, value) in &webhook.headers {
        let mut value = HeaderValue::from_str(&filled(sender, value, used).await?)
            .map_err(|_| DeliveryError::lasting(&format!("header {name} holds what no header may: mend its secret")))?;
        value.set_sensitive(true);
        request = request.header(name, value);
    }
    if let Some(name) = &channel.secret {
        let secret = sender.secret(name, used).await?;
        request = request.header(SIGNATURE_HEADER, signature::sign(secret.reveal(), now(), body.as_bytes()));
    }
    let request = request
        .body(Full::new(Bytes::from(body)))
        .map_err(|error| DeliveryError::lasting(&format!("the request can't be made: {error}")))?;
    let (_, words) = sender.http.send(webhook.ca.as_deref(), request).await?.judged()?;
    Ok(Receipt::new(&words))
}

/// A header's value with its secrets.
async fn filled(sender: &Sender, value: &str, used: &Used) -> Result<String, DeliveryError> {
    let mut words = Vec::new();
    for word in value.split(' ') {
        match word.strip_prefix('@') {
            Some(name) if !name.is_empty() => words.push(sender.secret(name, used).await?.reveal().to_owned()),
            _ => words.push(word.to_owned()),
        }
    }
    Ok(words.join(" "))
}

/// What the receiver compares its clock with: the wall clock of the moment, whatever a test's fleet thinks.
fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
