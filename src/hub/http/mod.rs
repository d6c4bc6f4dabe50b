//! The HTTP port, off unless configured: `/healthz` for whoever asks, `/metrics` and Alertmanager's API to read for a
//! token of role reader, alerts of other systems for a token of role intake, pings for who knows their secret.
//! Loopback only, since it speaks no TLS; a foreign `Host` or `Origin` is refused, so that no web page can reach it.

mod alertmanager;
mod answer;
pub mod answers;
mod bearer;
mod body;
mod connections;
mod gather;
mod intake;
mod metrics;
mod parameters;
mod ping;
mod posted;
mod served;

use std::net::IpAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::hub::http::served::Served;
use crate::hub::shared::Shared;

/// Serves the HTTP port until `stop`.
pub async fn serve(shared: Arc<Shared>, listener: TcpListener, stop: CancellationToken) {
    let served = Arc::new(Served::new(Arc::clone(&shared)));
    let nothing = "there is nothing here; try /healthz, /metrics or /api/v2/alerts\n";
    let routes = Router::new()
        .route("/healthz", get(metrics::health))
        .route("/metrics", get(metrics::metrics))
        .route("/intake", post(intake::intake))
        .merge(alertmanager::routes())
        .merge(ping::routes())
        .merge(answers::routes().with_state(Arc::clone(&shared)))
        .fallback(async move || (StatusCode::NOT_FOUND, nothing))
        .layer(middleware::from_fn_with_state(shared, refuse_foreign))
        .with_state(served);
    connections::serve(listener, routes, stop).await;
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
