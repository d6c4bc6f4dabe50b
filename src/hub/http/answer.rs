//! What is answered: JSON, a bare string where something went wrong, as Alertmanager does.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::fleet::rules::decision::Refusal;
use crate::hub::core::CoreError;

/// A JSON string.
pub fn text(status: StatusCode, text: &str) -> Response {
    json(status, serde_json::Value::from(text).to_string())
}

/// A word for programs that look at nothing but the status.
pub fn plain(text: &'static str) -> Response {
    (StatusCode::OK, text).into_response()
}

/// JSON that is written already.
pub fn json(status: StatusCode, body: impl Into<axum::body::Body>) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], body.into()).into_response()
}

/// What the core refused; a sender tries again where that helps.
pub fn refused(error: &CoreError) -> Response {
    let status = match error {
        CoreError::Refused(Refusal::NotFound(_)) => StatusCode::NOT_FOUND,
        CoreError::Refused(_) => StatusCode::BAD_REQUEST,
        CoreError::Busy | CoreError::Ending => StatusCode::SERVICE_UNAVAILABLE,
        CoreError::NoSpace(_) => StatusCode::INSUFFICIENT_STORAGE,
    };
    let mut answer = text(status, &error.to_string());
    if status == StatusCode::SERVICE_UNAVAILABLE {
        answer.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from_static("1"));
    }
    answer
}
