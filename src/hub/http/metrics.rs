//! `/healthz` and `/metrics`.

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::fleet::alerts::Lane;
use crate::fleet::hosts::HostState;
use crate::fleet::identity::Role;
use crate::hub::http::served::Served;

/// Whether the hub decides.
pub async fn health(State(served): State<Arc<Served>>) -> Response {
    let shared = &served.shared;
    let blocked = shared.blocked.read().ok().and_then(|blocked| blocked.clone());
    match (shared.core.standing().await, blocked) {
        (Ok(_), None) => (StatusCode::OK, "ok\n").into_response(),
        (Ok(_), Some(why)) => (StatusCode::SERVICE_UNAVAILABLE, format!("no space: {why}\n")).into_response(),
        (Err(error), _) => (StatusCode::SERVICE_UNAVAILABLE, format!("{error}\n")).into_response(),
    }
}

/// What Prometheus scrapes.
pub async fn metrics(State(served): State<Arc<Served>>, headers: HeaderMap) -> Response {
    if let Err(refused) = served.bearer(&headers, Role::Reader, "metrics").await {
        return refused;
    }
    let shared = &served.shared;
    let Ok(cut) = shared.core.cut().await else {
        return (StatusCode::SERVICE_UNAVAILABLE, "the hub is ending\n").into_response();
    };
    let fleet = &cut.fleet;
    let mut text = String::new();
    let mut gauge = |name: &str, help: &str, values: &[(&str, &str, usize)]| {
        let _ = writeln!(text, "# HELP watchfloor_{name} {help}\n# TYPE watchfloor_{name} gauge");
        for (label, word, value) in values {
            let labels = if label.is_empty() { String::new() } else { format!("{{{label}=\"{word}\"}}") };
            let _ = writeln!(text, "watchfloor_{name}{labels} {value}");
        }
    };
    let hosts = HostState::WORST_FIRST
        .map(|state| ("state", state.word(), fleet.hosts.present().filter(|host| host.state == state).count()));
    gauge("hosts", "Hosts of the fleet by state.", &hosts);
    let alerts = Lane::ALL.map(|lane| ("lane", lane.word(), fleet.alerts.count(lane)));
    gauge("alerts_open", "Open alerts by lane.", &alerts);
    gauge("agents_linked", "Agents whose stream stands.", &[("", "", shared.links.count())]);
    gauge("consoles_linked", "Consoles that watch.", &[("", "", shared.watchers.load(Ordering::Relaxed))]);
    gauge("connections", "Live connections of all doors.", &[("", "", shared.connections.total())]);
    let revision = usize::try_from(fleet.revision.0).unwrap_or(usize::MAX);
    gauge("journal_revision", "The newest durable revision.", &[("", "", revision)]);
    let kind = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    (StatusCode::OK, kind, text).into_response()
}
