//! The API of Alertmanager, version 2: Prometheus sends its alerts to it, amtool, Grafana and karma read alerts from it.
//! All alerts of the fleet are shown, those of the fleet's own checks as well.

mod clock;
mod list;
mod matchers;
mod post;
mod silence;
mod silences;
mod status;
mod view;

use std::sync::Arc;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;

use crate::hub::http::served::Served;

/// The API's paths.
pub fn routes() -> Router<Arc<Served>> {
    Router::new()
        .route("/api/v2/alerts", get(list::alerts).post(post::alerts))
        .route("/api/v2/alerts/groups", get(list::groups))
        .route("/api/v2/status", get(status::status))
        .route("/api/v2/receivers", get(status::receivers))
        .route("/api/v2/silences", get(silences::list).post(silences::post))
        .route("/api/v2/silence/{id}", get(silences::get).delete(silences::delete))
        .route("/-/healthy", get(async || (StatusCode::OK, "OK")))
        .route("/-/ready", get(async || (StatusCode::OK, "OK")))
}
