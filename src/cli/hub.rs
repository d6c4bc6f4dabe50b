//! `watchfloor hub`: serves a fleet until it is told to end.

use std::io::Write as _;
use std::net::SocketAddr;

use tokio::signal::unix::{SignalKind, signal};

use crate::cli::arguments;
use crate::cli::exit::Failure;
use crate::cli::log;
use crate::hub::http;
use crate::hub::serve::{Hub, Options};
use crate::settings::directories::Directories;

/// Runs the hub; returns when it has ended in good order.
pub fn run(arguments: arguments::Hub, directories: &Directories) -> Result<(), Failure> {
    if let Some(address) = arguments.http_listen.filter(|address| !http::is_local(address.ip())) {
        return Err(Failure::usage(format!(
            "--http-listen {address}: this port speaks no TLS, so it serves this machine only; use 127.0.0.1:{} and put a proxy before it",
            address.port()
        )));
    }
    log::start();
    let options = Options {
        data: arguments.data.unwrap_or_else(|| directories.hub.clone()),
        listen: Some(arguments.listen.to_string()),
        enrol_listen: Some(arguments.enrol_listen.to_string()),
        http_listen: arguments.http_listen.map(|address| address.to_string()),
        name: arguments.name,
        advertise: arguments.advertise,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(Failure::failed)?;
    runtime.block_on(serve(options))
}

async fn serve(options: Options) -> Result<(), Failure> {
    let mut ended = signal(SignalKind::terminate()).map_err(Failure::failed)?;
    let mut interrupted = signal(SignalKind::interrupt()).map_err(Failure::failed)?;
    let hub = Hub::start(options).await.map_err(Failure::failed)?;
    let listening = hub.listening();
    let shown = |address: Option<SocketAddr>| address.map_or_else(|| "-".to_owned(), |address| address.to_string());
    let ready =
        format!("ready link={} enrol={} http={}", shown(listening.link), shown(listening.enrol), shown(listening.http));
    // A closed standard output is no reason not to serve.
    let _ = writeln!(std::io::stdout().lock(), "{ready}");
    let stop = async {
        tokio::select! {
            _ = ended.recv() => {}
            _ = interrupted.recv() => {}
        }
    };
    hub.run_until(stop).await.map_err(Failure::failed)
}
