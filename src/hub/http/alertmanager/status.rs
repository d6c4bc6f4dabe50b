//! What the API says of the hub itself.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde_json::json;

use crate::fleet::identity::Role;
use crate::fleet::words::Timestamp;
use crate::hub::http::alertmanager::clock;
use crate::hub::http::alertmanager::view::RECEIVER;
use crate::hub::http::answer;
use crate::hub::http::served::Served;

/// Clients choose by it how they speak: the release of Alertmanager whose API this is.
const SPEAKS: &str = "0.25.0";

/// `GET /api/v2/status`
pub async fn status(State(served): State<Arc<Served>>, headers: HeaderMap) -> Response {
    if let Err(refused) = served.bearer(&headers, Role::Reader, "status").await {
        return refused;
    }
    let standing = match served.shared.core.standing().await {
        Ok(standing) => standing,
        Err(error) => return answer::refused(&error),
    };
    let said = json!({
        "cluster": {"name": served.shared.fleet.as_str(), "peers": [], "status": "disabled"},
        "config": {"original": format!("route:\n  receiver: {RECEIVER}\nreceivers:\n- name: {RECEIVER}\n")},
        "uptime": text(standing.profile.started_at),
        "versionInfo": {
            "branch": "",
            "buildDate": "",
            "buildUser": "",
            "goVersion": "",
            "revision": "",
            "version": format!("{SPEAKS}+watchfloor.{}", env!("CARGO_PKG_VERSION")),
        },
    });
    answer::json(StatusCode::OK, said.to_string())
}

/// `GET /api/v2/receivers`
pub async fn receivers(State(served): State<Arc<Served>>, headers: HeaderMap) -> Response {
    if let Err(refused) = served.bearer(&headers, Role::Reader, "receivers").await {
        return refused;
    }
    answer::json(StatusCode::OK, json!([{"name": RECEIVER}]).to_string())
}

fn text(time: Timestamp) -> String {
    let mut out = Vec::new();
    clock::write(&mut out, time);
    String::from_utf8_lossy(&out).into_owned()
}
