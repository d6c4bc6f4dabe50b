//! Silences. They are not served here yet, and who asks for them is told so: an empty list would be taken for the truth.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::Response;

use crate::fleet::identity::Role;
use crate::hub::http::answer;
use crate::hub::http::served::Served;

/// `/api/v2/silences` and `/api/v2/silence/{id}`, whatever is asked of them.
pub async fn not_yet(State(served): State<Arc<Served>>, method: Method, headers: HeaderMap) -> Response {
    let role = if method == Method::GET { Role::Reader } else { Role::Intake };
    match served.bearer(&headers, role, "silences").await {
        Ok(_) => answer::text(StatusCode::NOT_IMPLEMENTED, "this hub does not serve silences over HTTP yet"),
        Err(refused) => refused,
    }
}
