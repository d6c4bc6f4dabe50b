//! Connections of the port: so many at once, and none that keeps its place without asking for anything.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

/// Connections at once; more are closed at once.
const MOST: usize = 512;
/// The head of a request must be whole after this, and a connection that waits for its next request ends after it.
const HEAD_WITHIN: Duration = Duration::from_secs(30);
/// A pause after the system refused a connection, since that does not pass at once.
const AFTER_FAILURE: Duration = Duration::from_millis(100);

/// Serves connections until `stop`.
pub async fn serve(listener: TcpListener, routes: Router, stop: CancellationToken) {
    let places = Arc::new(Semaphore::new(MOST));
    while let Some(accepted) = stop.run_until_cancelled(listener.accept()).await {
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!("the HTTP port could not take a connection: {error}");
                tokio::time::sleep(AFTER_FAILURE).await;
                continue;
            }
        };
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else { continue };
        let (routes, stop) = (routes.clone(), stop.clone());
        tokio::spawn(async move {
            one(stream, routes, stop).await;
            drop(place);
        });
    }
}

async fn one(stream: TcpStream, routes: Router, stop: CancellationToken) {
    let _ = stream.set_nodelay(true);
    let mut builder = Builder::new(TokioExecutor::new()).http1_only();
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEAD_WITHIN);
    let connection = builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(routes));
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!("a connection of the HTTP port ended: {error}");
    }
}
