//! The HTTP port, off unless configured: `/healthz` for whoever asks, `/metrics` for a token of role reader.
//! Loopback only, since it speaks no TLS; a foreign `Host` or `Origin` is refused, so that no web page can reach it.

use std::fmt::Write as _;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::fleet::alerts::Lane;
use crate::fleet::hosts::HostState;
use crate::fleet::identity::Role;
use crate::hub::http_answers;
use crate::hub::shared::Shared;
use crate::trust::Token;

/// Serves the HTTP port until `stop`.
pub async fn serve(shared: Arc<Shared>, listener: TcpListener, stop: CancellationToken) {
    let routes = Router::new()
        .route("/healthz", get(health))
        .route("/metrics", get(metrics))
        .merge(http_answers::routes())
        .fallback(async || (StatusCode::NOT_FOUND, "there is nothing here; try /healthz or /metrics\n"))
        .layer(middleware::from_fn_with_state(Arc::clone(&shared), refuse_foreign))
        .with_state(shared);
    if let Err(error) = axum::serve(listener, routes).with_graceful_shutdown(stop.cancelled_owned()).await {
        tracing::error!("the HTTP port ended: {error}");
    }
}

/// Whether an address may carry the port: HTTP without TLS stays on the machine.
#[must_use]
pub const fn is_local(address: IpAddr) -> bool {
    address.is_loopback()
}

async fn refuse_foreign(State(shared): State<Arc<Shared>>, request: Request<Body>, next: Next) -> Response {
    let headers = request.headers();
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    // A reverse proxy in front of the port hands on what it was asked for.
    let links = shared.configuration().delivery.links.clone();
    let named = links.as_ref().is_some_and(|links| links.authority.eq_ignore_ascii_case(host));
    if !named && !names_this_machine(host) {
        return (StatusCode::MISDIRECTED_REQUEST, "this Host is not served here; ask for localhost\n").into_response();
    }
    let own = |origin: &HeaderValue| links.as_ref().is_some_and(|links| origin.as_bytes() == links.origin.as_bytes());
    if headers.get(header::ORIGIN).is_some_and(|origin| !own(origin)) {
        return (StatusCode::FORBIDDEN, "web pages may not call this port\n").into_response();
    }
    next.run(request).await
}

fn names_this_machine(host: &str) -> bool {
    if let Ok(ip) = host.parse::<IpAddr>() {
        return ip.is_loopback();
    }
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.parse::<u16>().is_ok() => name,
        _ => host,
    };
    let name = name.trim_start_matches('[').trim_end_matches(']');
    name.eq_ignore_ascii_case("localhost") || name.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

async fn health(State(shared): State<Arc<Shared>>) -> Response {
    let blocked = shared.blocked.read().ok().and_then(|blocked| blocked.clone());
    match (shared.core.standing().await, blocked) {
        (Ok(_), None) => (StatusCode::OK, "ok\n").into_response(),
        (Ok(_), Some(why)) => (StatusCode::SERVICE_UNAVAILABLE, format!("no space: {why}\n")).into_response(),
        (Err(error), _) => (StatusCode::SERVICE_UNAVAILABLE, format!("{error}\n")).into_response(),
    }
}

async fn metrics(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    if !may_read(&shared, &headers) {
        shared.refusals.note(&shared.core, "http port", None, "metrics", "no usable token of role reader").await;
        let challenge = [(header::WWW_AUTHENTICATE, "Bearer")];
        let text = "this asks for `Authorization: Bearer TOKEN`, a token of role reader: watchfloor token create --role reader\n";
        return (StatusCode::UNAUTHORIZED, challenge, text).into_response();
    }
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

fn may_read(shared: &Shared, headers: &HeaderMap) -> bool {
    let bearer = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "));
    let Some(token) = bearer.and_then(|text| Token::decode(text.trim()).ok()) else { return false };
    let hash = token.secret.hash();
    let now = shared.clock.now().wall;
    let registry = shared.access.registry();
    registry
        .tokens
        .values()
        .any(|known| known.secret_hash == hash && known.role == Role::Reader && known.is_usable(now))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_machine_are_served() {
        for host in ["localhost", "localhost:8080", "127.0.0.1:80", "[::1]:9", "::1", "LOCALHOST"] {
            assert!(names_this_machine(host), "{host}");
        }
        for host in ["", "evil.example", "127.0.0.1.evil.example", "localhost.evil.example:80", "10.0.0.1"] {
            assert!(!names_this_machine(host), "{host}");
        }
    }
}
